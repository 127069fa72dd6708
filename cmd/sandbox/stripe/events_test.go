package stripe_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	api "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/tillside/tillside/cmd/sandbox/stripe"
)

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// receiver is the shop's webhook address: it keeps what came with a right
// signature and answers status.
type receiver struct {
	mu     sync.Mutex
	secret string
	status int
	got    []string
	seen   func(api.Event)
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	ev, err := webhook.ConstructEvent(body, req.Header.Get("Stripe-Signature"), r.secret)
	if err != nil {
		r.got = append(r.got, "unverified: "+err.Error())
		return
	}
	r.got = append(r.got, string(ev.Type))
	if r.seen != nil {
		r.seen(ev)
	}
	w.WriteHeader(max(r.status, 200))
}

func (r *receiver) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func (s shop) listen(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	ts := httptest.NewServer(r)
	t.Cleanup(ts.Close)
	hook, err := s.api.WebhookEndpoints.New(&api.WebhookEndpointParams{
		URL: api.String(ts.URL), APIVersion: api.String(api.APIVersion),
		EnabledEvents: api.StringSlice([]string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "refund.failed"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.secret = hook.Secret
	again, err := s.api.WebhookEndpoints.Get(hook.ID, nil)
	if err != nil || again.Secret != "" || hook.Secret == "" {
		t.Errorf("the secret is shown again: %+v, %v", again, err)
	}
	return r
}

func TestWebhooks_Modes(t *testing.T) {
	inOrder := []string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}
	tests := []struct {
		mode stripe.EventMode
		want []string
	}{
		{stripe.InOrder, inOrder},
		{stripe.Shuffled, []string{"payment_intent.created", "payment_intent.succeeded", "charge.succeeded"}},
		{stripe.Doubled, []string{"payment_intent.created", "payment_intent.created", "charge.succeeded", "charge.succeeded", "payment_intent.succeeded", "payment_intent.succeeded"}},
		{stripe.Dropped, nil},
		{stripe.Delayed, nil},
		{stripe.Early, inOrder},
	}
	for _, tt := range tests {
		t.Run(string(tt.mode), func(t *testing.T) {
			s := open(t)
			r := s.listen(t)
			if err := s.SetEventMode(tt.mode); err != nil {
				t.Fatal(err)
			}
			pi := s.intent(t)
			if tt.mode != stripe.Early {
				s.Flush()
			}
			if _, err := s.confirm(pi.ID, s.NewConfirmationToken("4242424242424242")); err != nil {
				t.Fatal(err)
			}
			if tt.mode != stripe.Early {
				s.Flush()
			}
			if got := r.taken(); !slices.Equal(got, tt.want) {
				t.Errorf("received %v, want %v", got, tt.want)
			}
			if got := len(s.Events()); got != 3 {
				t.Errorf("%d events listed, want 3", got)
			}
			s.Advance(2 * time.Hour)
			s.Flush()
			late := r.taken()
			if tt.mode == stripe.Delayed && !slices.Equal(late, inOrder) {
				t.Errorf("received later %v, want %v", late, inOrder)
			}
			undelivered := &api.EventListParams{DeliverySuccess: api.Bool(false)}
			it := s.api.Events.List(undelivered)
			n := 0
			for it.Next() {
				n++
			}
			if want := map[bool]int{true: 3, false: 0}[tt.mode == stripe.Dropped]; n != want || it.Err() != nil {
				t.Errorf("%d undelivered events, want %d: %v", n, want, it.Err())
			}
		})
	}
}

func TestWebhooks_EarlyOneFindsTheObject(t *testing.T) {
	s := open(t)
	r := s.listen(t)
	var status api.PaymentIntentStatus
	r.seen = func(ev api.Event) {
		if ev.Type == "payment_intent.succeeded" {
			status = s.get(t, ev.GetObjectValue("id")).Status
		}
	}
	if err := s.SetEventMode(stripe.Early); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pay(t, "4242424242424242"); err != nil || status != api.PaymentIntentStatusSucceeded {
		t.Errorf("re-read inside the webhook: %q, %v", status, err)
	}
}

func TestWebhooks_AreTriedAgain(t *testing.T) {
	s := open(t)
	r := s.listen(t)
	r.status = 500
	s.intent(t)
	s.Flush()
	s.Advance(30 * time.Minute)
	s.Flush()
	if got := r.taken(); len(got) != 1 {
		t.Errorf("tries before an hour: %v", got)
	}
	r.mu.Lock()
	r.status = 200
	r.mu.Unlock()
	s.Advance(time.Hour)
	s.Flush()
	if got := r.taken(); !slices.Equal(got, []string{"payment_intent.created"}) {
		t.Errorf("tries after an hour: %v", got)
	}
	if ev := s.Events()[0]; ev.PendingWebhooks != 0 {
		t.Errorf("pending webhooks = %d", ev.PendingWebhooks)
	}
}

func TestEvents_PagingOldestFirst(t *testing.T) {
	s := open(t)
	for i := range 25 {
		if _, err := s.api.Customers.New(&api.CustomerParams{Name: api.String(fmt.Sprint(i))}); err != nil {
			t.Fatal(err)
		}
	}
	all := s.Events("customer.created")
	p := &api.EventListParams{Types: api.StringSlice([]string{"customer.created", "payment_intent.succeeded"}), CreatedRange: &api.RangeQueryParams{GreaterThanOrEqual: 1}}
	p.Limit = api.Int64(7)
	p.EndingBefore = api.String(all[4].ID)
	it := s.api.Events.List(p)
	var names []string
	for it.Next() {
		var cu struct{ Name string }
		if err := json.Unmarshal(it.Event().Data.Raw, &cu); err != nil {
			t.Fatal(err)
		}
		names = append(names, cu.Name)
	}
	if it.Err() != nil || len(names) != 20 || names[0] != "5" || names[19] != "24" {
		t.Errorf("names = %v, %v; want 5 to 24", names, it.Err())
	}
	newest := &api.CustomerListParams{}
	newest.Limit = api.Int64(10)
	customers := s.api.Customers.List(newest)
	n := 0
	for customers.Next() {
		n++
	}
	if n != 25 || customers.Err() != nil {
		t.Errorf("paged %d customers, want 25: %v", n, customers.Err())
	}
	future := &api.EventListParams{CreatedRange: &api.RangeQueryParams{GreaterThan: time.Now().Add(time.Hour).Unix()}}
	if it := s.api.Events.List(future); it.Next() {
		t.Error("an event of the future was listed")
	}
}
