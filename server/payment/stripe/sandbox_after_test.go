package stripe_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
	"github.com/tillside/tillside/server/payment/stripe"
)

func TestSandbox_Refunds(t *testing.T) {
	s := openShop(t)
	intent := s.intent(t, euros49)
	s.confirm(t, intent, "a1", cardGood)
	refund := func(id string, cents int64) (*payment.Refund, error) {
		return s.Refund(t.Context(), payment.RefundRequest{IdempotencyKey: id, IntentID: intent.ID, Amount: money.New(cents, "EUR"), RefundID: id})
	}
	for range 2 { // the same key again is the same refund
		if r, err := refund("r1", 1200); err != nil || r.Status != payment.RefundSucceeded || r.RefundID != "r1" {
			t.Fatalf("partial refund: %+v, %v", r, err)
		}
	}
	if _, err := refund("r2", 4000); !errs.Is(err, errs.Conflict) {
		t.Errorf("refund of more than is left: %v, want a conflict", err)
	}
	if _, err := s.sandbox.RefundFromDashboard(intent.ID, 700); err != nil {
		t.Fatal(err)
	}
	if _, err := refund("r3", 3000); err != nil {
		t.Errorf("refund of the rest: %v", err)
	}
	if _, err := refund("r4", 1); !errs.Is(err, errs.Conflict) {
		t.Errorf("refund of nothing left: %v, want a conflict", err)
	}
	refunds, err := s.Refunds(t.Context(), intent.ID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range refunds {
		got = append(got, r.RefundID+" "+r.Amount.Major())
	}
	if want := []string{"r1 12.00", " 7.00", "r3 30.00"}; !slices.Equal(got, want) {
		t.Errorf("refunds = %q, want %q", got, want)
	}
	if after := s.read(t, intent); after.Refunded != euros49 {
		t.Errorf("refunded = %+v, want all", after.Refunded)
	}
}

func TestSandbox_CurrenciesWithoutDecimals(t *testing.T) {
	for _, amount := range []money.Amount{money.New(5000, "JPY"), money.New(1500, "ISK")} {
		t.Run(string(amount.Currency), func(t *testing.T) {
			s := openShop(t)
			intent := s.intent(t, amount)
			if paid := s.confirm(t, intent, "a1", cardGood); paid.Received != amount {
				t.Errorf("received %+v, want %+v", paid.Received, amount)
			}
			r, err := s.Refund(t.Context(), payment.RefundRequest{IdempotencyKey: "r1", IntentID: intent.ID, Amount: amount, RefundID: "r1"})
			if err != nil || r.Amount != amount {
				t.Errorf("refund = %+v, %v, want all of it", r, err)
			}
		})
	}
}

func TestSandbox_EventsAreOldestFirst(t *testing.T) {
	s := openShop(t)
	intent := s.intent(t, euros49)
	s.confirm(t, intent, "a1", cardNoMoney)
	s.confirm(t, intent, "a2", cardGood)
	if _, err := s.sandbox.RefundFromDashboard(intent.ID, 700); err != nil {
		t.Fatal(err)
	}
	var types []string
	err := s.Events(t.Context(), testNow, func(e payment.Event) error {
		if e.IntentID != intent.ID || e.Mode != payment.ModeTest || e.ID == "" {
			t.Errorf("event = %+v, want one about %s", e, intent.ID)
		}
		if strings.HasPrefix(e.Type, "payment_intent.") || e.Type == "charge.refunded" {
			types = append(types, e.Type)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"payment_intent.payment_failed", "payment_intent.succeeded", "charge.refunded"}; !slices.Equal(types, want) {
		t.Errorf("events = %q, want %q", types, want)
	}
}

func TestSandbox_WebhooksArriveAndVerify(t *testing.T) {
	s := openShop(t)
	var mu sync.Mutex
	var secrets []string
	var got []payment.Event
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		event, err := stripe.VerifyWebhook(body, r.Header.Get("Stripe-Signature"), secrets, time.Now())
		if err != nil {
			t.Error(err)
		}
		got = append(got, event)
	}))
	t.Cleanup(site.Close)

	hook, created, err := s.EnsureWebhook(t.Context(), site.URL, "")
	if err != nil || !created || hook.Secret == "" {
		t.Fatalf("webhook = %+v, %t, %v", hook, created, err)
	}
	known, created, err := s.EnsureWebhook(t.Context(), site.URL, hook.ID)
	if err != nil || created || known.ID != hook.ID {
		t.Fatalf("again: %+v, %t, %v, want the same", known, created, err)
	}
	renewed, created, err := s.EnsureWebhook(t.Context(), site.URL, "")
	if err != nil || !created || renewed.ID == hook.ID || len(s.sandbox.WebhookEndpoints()) != 1 {
		t.Fatalf("secret lost: %+v, %t, %v, want a new one in place of the old", renewed, created, err)
	}
	mu.Lock()
	secrets = []string{hook.Secret, renewed.Secret}
	mu.Unlock()

	intent := s.intent(t, euros49)
	s.confirm(t, intent, "a1", cardGood)
	s.sandbox.Flush()
	mu.Lock()
	defer mu.Unlock()
	if !slices.ContainsFunc(got, func(e payment.Event) bool {
		return e.Type == "payment_intent.succeeded" && e.IntentID == intent.ID && e.Mode == payment.ModeTest
	}) {
		t.Errorf("webhooks = %+v, want payment_intent.succeeded", got)
	}
	if err := s.DeleteWebhook(t.Context(), renewed.ID); err != nil {
		t.Error(err)
	}
	if err := s.DeleteWebhook(t.Context(), renewed.ID); err != nil {
		t.Errorf("deleted twice: %v", err)
	}
}
