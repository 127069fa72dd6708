package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/server/shoptest"
)

func TestExpire_3DSNeverCompletedIsCancelledAndFreed(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	pay3DS(t, s, b)
	first := s.Stripe.Intents()[0].ID
	for range 7 { // looked at every ten minutes meanwhile, by the reconciler and by the browser
		s.Age(10 * time.Minute)
		if s.Count("SELECT COUNT(*) FROM {attempts} WHERE created_at > UTC_TIMESTAMP(6) - INTERVAL 59 MINUTE") == 1 {
			if err := p.Shop.Checkout.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := s.Stripe.Intents()[0].Status; got != "requires_action" {
				t.Fatalf("the intent is %s within the hour", got)
			}
		}
		if err := p.Shop.Checkout.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, b.Sync(), "requires_action")
	}
	if err := p.Shop.Checkout.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.Stripe.Intents()[0].Status; got != "canceled" {
		t.Errorf("the intent is %s after an hour, want canceled", got)
	}
	wantStatus(t, b.Sync(), "declined")
	if a := b.Pay(cardGood); a.String("status") != "succeeded" {
		t.Errorf("pay again: %d %s", a.Code, a.Raw)
	}
	wantBooks(t, s, 1, 1, 1)
	if n := s.Count("SELECT COUNT(*) FROM {payments} WHERE gateway_id = ?", first); n != 0 {
		t.Error("the cancelled intent was paid")
	}
}

func TestExpire_PaidMeanwhileIsSettled(t *testing.T) {
	s := shoptest.New(t)
	p := s.Start(shoptest.Options{Idle: true})
	p.Import(t, shoptest.Catalogue)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	pay3DS(t, s, b)
	s.Age(2 * time.Hour)
	if err := s.Stripe.Complete3DS(s.Stripe.Intents()[0].ID, true); err != nil {
		t.Fatal(err)
	}
	if err := p.Shop.Checkout.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.Count("SELECT COUNT(*) FROM {orders}"); n != 1 {
		t.Errorf("%d orders, want one", n)
	}
	wantStatus(t, b.Sync(), "succeeded")
}

func TestExpire_IdleCheckoutsAreAbandonedThenExpired(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantStatus(t, b.Pay(cardDeclined), "declined") // leaves a live intent
	expire := func(after time.Duration) string {
		s.Age(after)
		if err := p.Shop.Checkout.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		return b.Do(http.MethodGet, "/v1/checkouts/"+b.ID, nil).String("status")
	}
	if got := expire(2 * time.Hour); got != "abandoned" {
		t.Errorf("after two hours: %s, want abandoned", got)
	}
	if a := b.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, map[string]any{"version": b.Version}); a.String("status") != "open" {
		t.Errorf("the buyer came back: %d %s, want open", a.Code, a.Raw)
	}
	if got := expire(2 * time.Hour); got != "abandoned" {
		t.Errorf("after two more hours: %s, want abandoned", got)
	}
	if got := expire(8 * 24 * time.Hour); got != "expired" {
		t.Errorf("after a week: %s, want expired", got)
	}
	if got := s.Stripe.Intents()[0].Status; got != "canceled" {
		t.Errorf("its intent is %s, want canceled", got)
	}
	if a := b.Pay(cardGood); a.Code != http.StatusGone {
		t.Errorf("pay: %d %s, want gone", a.Code, a.Raw)
	}
	wantBooks(t, s, 0, 0, 0)
}

// dearer sells the course for more.
func dearer(p *shoptest.Process, t *testing.T) {
	t.Helper()
	p.Import(t, strings.Replace(shoptest.Catalogue, "amount: 49.00 EUR", "amount: 59.00 EUR", 1))
}

func TestPay_ChangedTotalCancelsTheOldIntentFirst(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantStatus(t, b.Pay(cardDeclined), "declined")
	dearer(p, t)
	wantStatus(t, b.Pay(cardGood), "totals_changed")
	b.Total = 5900
	wantStatus(t, b.Pay(cardGood), "succeeded")
	wantBooks(t, s, 1, 1, 1)
	intents := s.Stripe.Intents()
	if len(intents) != 2 || intents[0].Status != "canceled" || intents[1].Status != "succeeded" || intents[1].Amount != 5900 {
		t.Errorf("intents: %d, first %s, want the first canceled and the second paid", len(intents), intents[0].Status)
	}
}

// Whoever holds the old intent's secret pays it while the total changes: that
// is the order, at the price that was agreed then.
func TestPay_OldIntentPaidMeanwhileIsTheOrder(t *testing.T) {
	s := shoptest.New(t)
	p := s.Start(shoptest.Options{Idle: true})
	p.Import(t, shoptest.Catalogue)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	pay3DS(t, s, b)
	s.Exec("UPDATE shop_tillside_attempts SET status = 'declined', open_checkout_id = NULL") // as if the bank had said no
	s.Exec("UPDATE shop_tillside_checkouts SET status = 'open'")
	if err := s.Stripe.Complete3DS(s.Stripe.Intents()[0].ID, true); err != nil {
		t.Fatal(err)
	}
	dearer(p, t)
	b.Total = 5900
	wantStatus(t, b.Pay(cardGood), "succeeded")
	if n := s.Count("SELECT COUNT(*) FROM {orders} WHERE total = 4900"); n != 1 {
		t.Errorf("%d orders at the old price, want one", n)
	}
	if n := len(s.Stripe.Charges()); n != 1 {
		t.Errorf("%d charges, want one", n)
	}
}

// The process died between making the intent and storing it, the attempt was
// given up, and the price changed since: the checkout can still be paid.
func TestPay_AfterAnIntentThatNobodyStored(t *testing.T) {
	s := shoptest.New(t)
	p := s.Start(shoptest.Options{Idle: true})
	p.Import(t, shoptest.Catalogue)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantStatus(t, b.Pay(cardDeclined), "declined")
	s.Exec("UPDATE shop_tillside_attempts SET intent_id = NULL, status = 'canceled'")
	s.Exec("UPDATE shop_tillside_checkouts SET intent_id = NULL, intent_number = 0")
	s.Exec("DELETE FROM shop_tillside_customers")
	dearer(p, t)
	b.Total = 5900
	b.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, map[string]any{"version": b.Version, "contact": map[string]string{"first_name": "Max"}})
	wantStatus(t, b.Pay(cardGood), "succeeded")
}

func TestSettle_QuarantinesWhatDoesNotMatch(t *testing.T) {
	for _, tt := range []struct {
		name, change string
		reason       order.Reason
	}{
		{name: "amount", change: "UPDATE shop_tillside_attempts SET amount = 4800", reason: order.ReasonAmount},
		{name: "currency", change: "UPDATE shop_tillside_attempts SET currency = 'USD'", reason: order.ReasonAmount},
		{name: "mode", change: "UPDATE shop_tillside_attempts SET mode = 'live'", reason: order.ReasonAccount},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, p := open(t)
			b := s.NewBuyer(p, "course")
			b.Start("erika@example.com")
			pay3DS(t, s, b)
			s.Exec(tt.change)
			if err := s.Stripe.Complete3DS(s.Stripe.Intents()[0].ID, true); err != nil {
				t.Fatal(err)
			}
			if a := b.Sync(); a.String("status") != "declined" || !strings.Contains(a.String("message"), "contact us") {
				t.Errorf("sync: %d %s, want a word that something is wrong", a.Code, a.Raw)
			}
			b.Sync()
			wantBooks(t, s, 1, 0, 0)
			found, err := p.Shop.Quarantine(t.Context())
			if err != nil || len(found) != 1 || found[0].Reason != string(tt.reason) || found[0].Amount != "49.00 EUR" {
				t.Errorf("quarantine: %+v (%v), want one for %s", found, err, tt.reason)
			}
		})
	}
}

func TestSettle_QuarantinesASecondPayment(t *testing.T) {
	s, p, _ := openWithWebhooks(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	pay3DS(t, s, b)
	first := s.Stripe.Intents()[0].ID
	// As if the buyer's first intent had been taken for cancelled, and another one made.
	s.Exec("UPDATE shop_tillside_attempts SET status = 'canceled', open_checkout_id = NULL")
	s.Exec("UPDATE shop_tillside_checkouts SET status = 'open', intent_id = NULL")
	wantStatus(t, b.Pay(cardGood), "succeeded")
	if err := s.Stripe.Complete3DS(first, true); err != nil {
		t.Fatal(err)
	}
	s.Stripe.Flush()
	s.Quiet()
	wantBooks(t, s, 2, 1, 1)
	found, err := p.Shop.Quarantine(t.Context())
	if err != nil || len(found) != 1 || found[0].Reason != string(order.ReasonSecondPayment) || found[0].Payment != first {
		t.Errorf("quarantine: %+v (%v), want the second payment", found, err)
	}
	wantStatus(t, b.Sync(), "succeeded")
	if n := s.Count("SELECT COUNT(*) FROM {jobs} WHERE state = 'dead'"); n != 0 {
		t.Errorf("%d dead jobs, want none", n)
	}
	resolved, err := p.Shop.Resolve(t.Context(), found[0].Payment, true)
	if err != nil {
		t.Fatal(err)
	}
	if refunds := s.Stripe.Refunds(); len(refunds) != 1 || refunds[0].PaymentIntent != resolved.Payment {
		t.Errorf("refunds = %+v, want the second payment given back", refunds)
	}
	if _, err := p.Shop.Resolve(t.Context(), resolved.Payment, true); !errs.Is(err, errs.NotFound) {
		t.Errorf("resolved twice: %v, want not found", err)
	}
}

func TestPay_CustomerDeletedInTheDashboardIsMadeAgain(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantStatus(t, b.Pay(cardDeclined), "declined")
	s.Exec("UPDATE shop_tillside_customers SET customer_id = 'cus_gone'")
	b.Start("erika@example.com") // comes back another day
	wantStatus(t, b.Pay(cardGood), "succeeded")
	wantBooks(t, s, 1, 1, 1)
	customers := s.Stripe.Customers()
	if n := s.Count("SELECT COUNT(*) FROM {customers} WHERE customer_id = ?", customers[len(customers)-1].ID); n != 1 {
		t.Error("the new customer is not remembered")
	}
}
