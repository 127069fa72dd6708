package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/payment"
	"github.com/tillside/tillside/server/payment/stripe"
)

// wantedEvents are the parameters of a list of our events since a time.
func wantedEvents(since time.Time) url.Values {
	form := url.Values{"limit": {"100"}, "created[gte]": {fmt.Sprint(since.Unix())}}
	for i, name := range stripe.EventTypes() {
		form.Set(fmt.Sprintf("types[%d]", i), name)
	}
	return form
}

func TestEvents_OldestFirstOverPages(t *testing.T) {
	since := testNow.Add(-time.Hour)
	first, second := wantedEvents(since), wantedEvents(since)
	second.Set("starting_after", "evt_2")
	g := play(t,
		exchange{request: "GET /v1/events", form: first, answer: list(true, recorded(t, "event.json", set{"id": "evt_3"}), recorded(t, "event.json", set{"id": "evt_2"}))},
		exchange{request: "GET /v1/events", form: second, answer: list(false, recorded(t, "event.json", nil))},
	)
	var got []payment.Event
	err := g.Events(t.Context(), since, func(e payment.Event) error {
		got = append(got, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	event := payment.Event{Type: "payment_intent.succeeded", IntentID: "pi_1", Mode: payment.ModeTest, Created: time.Unix(1760000010, 0).UTC()}
	var want []payment.Event
	for _, id := range []string{"evt_1", "evt_2", "evt_3"} {
		event.ID = id
		want = append(want, event)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestEvents_StopAtTheFirstError(t *testing.T) {
	g := play(t, exchange{request: "GET /v1/events", answer: list(false, recorded(t, "event.json", set{"id": "evt_2"}), recorded(t, "event.json", nil))})
	stop := errors.New("stop")
	calls := 0
	err := g.Events(t.Context(), testNow, func(payment.Event) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%d calls, error = %v, want one and its error", calls, err)
	}
}

// Handing out a first page whose successors failed would leave a hole behind
// the cursor.
func TestEvents_HandsOutNothingWhenAPageFails(t *testing.T) {
	steps := []exchange{{request: "GET /v1/events", answer: list(true, recorded(t, "event.json", nil))}}
	for range 3 {
		steps = append(steps, exchange{request: "GET /v1/events", status: http.StatusServiceUnavailable, answer: `{"error":{"type":"api_error","message":"x"}}`})
	}
	err := play(t, steps...).Events(t.Context(), testNow, func(e payment.Event) error {
		t.Errorf("%s was handed out", e.ID)
		return nil
	})
	if !errs.Is(err, errs.Unavailable) {
		t.Errorf("error = %v, want unavailable", err)
	}
}

func TestEvents_AsksNoFurtherBackThanStripeKeeps(t *testing.T) {
	g := play(t, exchange{request: "GET /v1/events", form: wantedEvents(testNow.Add(-30 * 24 * time.Hour)), answer: list(false)})
	if err := g.Events(t.Context(), time.Time{}, nil); err != nil {
		t.Error(err)
	}
}
