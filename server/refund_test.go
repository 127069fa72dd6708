package server_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/stripe"
	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/shoptest"
)

// sold returns a site with one paid order, 1001.
func sold(t *testing.T, card string) (*shoptest.Stand, *shoptest.Process, *shoptest.Buyer) {
	t.Helper()
	s, p, _ := openWithWebhooks(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantStatus(t, b.Pay(card), "succeeded")
	wantBooks(t, s, 1, 1, 1)
	shoptest.WaitFor(t, "the account", func() bool { return s.Plugin.Calls("/users/created") == 1 })
	return s, p, b
}

// wantRefunded looks at the order, at the refunds and at the buyer's access.
func wantRefunded(t *testing.T, s *shoptest.Stand, status string, refunded int, refunds ...string) {
	t.Helper()
	if n := s.Count("SELECT COUNT(*) FROM {orders} WHERE status = ? AND refunded = ?", status, refunded); n != 1 {
		var gotStatus string
		var got int
		if err := s.SQL.QueryRow("SELECT status, refunded FROM shop_tillside_orders").Scan(&gotStatus, &got); err != nil {
			t.Fatal(err)
		}
		t.Errorf("the order is %s with %d given back, want %s with %d", gotStatus, got, status, refunded)
	}
	rows, err := s.SQL.Query("SELECT status, source FROM shop_tillside_refunds ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // only read
	var got []string
	for rows.Next() {
		var state, source string
		if err := rows.Scan(&state, &source); err != nil {
			t.Fatal(err)
		}
		got = append(got, state+" by "+source)
	}
	if strings.Join(got, ", ") != strings.Join(refunds, ", ") {
		t.Errorf("refunds: %v, want %v", got, refunds)
	}
	var roles string
	if err := s.SQL.QueryRow("SELECT meta_value FROM shop_usermeta WHERE meta_key = 'shop_capabilities'").Scan(&roles); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(roles, "subscriber") || s.Plugin.Calls("/users/1/roles") != 0 {
		t.Errorf("a refund touched the buyer's roles: %s", roles)
	}
}

func TestRefund_FullAndPartialChangeMoneyOnly(t *testing.T) {
	s, p, b := sold(t, cardGood)
	refund, err := p.Shop.Refund(t.Context(), "1001", "10.00", strings.Repeat("ä", 300))
	if err != nil || refund.Status != "succeeded" || refund.Amount != "10.00 EUR" {
		t.Fatalf("refund: %+v (%v)", refund, err)
	}
	s.Stripe.Flush()
	s.Quiet()
	wantRefunded(t, s, "partially_refunded", 1000, "succeeded by tillside")
	if receipt := b.Receipt(); receipt.String("status") != "partially_refunded" || receipt.Map("refunded")["text"] == nil {
		t.Errorf("receipt: %s", receipt.Raw)
	}
	if _, err := p.Shop.Refund(t.Context(), "1001", "", ""); err != nil {
		t.Fatal(err)
	}
	s.Stripe.Flush()
	s.Quiet()
	wantRefunded(t, s, "refunded", 4900, "succeeded by tillside", "succeeded by tillside")
	if access := b.Receipt().Map("access"); access["state"] != "new" {
		t.Errorf("access after the refund = %v, want it untouched", access)
	}
	var seen []int
	for _, e := range s.Plugin.Events() {
		var order struct {
			Refunded struct{ Amount int }
		}
		if err := json.Unmarshal(e.Data, &order); err != nil {
			t.Fatal(err)
		}
		if e.Type == "order.refunded" {
			seen = append(seen, order.Refunded.Amount)
		}
	}
	if len(seen) != 2 || seen[1] != 4900 {
		t.Errorf("order.refunded was fired with %v, want two, the last with 4900", seen)
	}
}

func TestRefund_RefusesWhatCannotBe(t *testing.T) {
	s, p, _ := sold(t, cardGood)
	free := s.NewBuyer(p, "free")
	free.Start("max@example.com")
	wantStatus(t, free.PayWithKey("", "key-of-a-free-order"), "succeeded")
	for _, tt := range []struct {
		name, number, amount string
		code                 errs.Code
	}{
		{name: "too much", number: "1001", amount: "49.01", code: errs.Conflict},
		{name: "nothing", number: "1001", amount: "0", code: errs.Invalid},
		{name: "less than nothing", number: "1001", amount: "-1", code: errs.Invalid},
		{name: "no amount", number: "1001", amount: "ten", code: errs.Invalid},
		{name: "fractions of cents", number: "1001", amount: "1.001", code: errs.Invalid},
		{name: "more than 64 bits", number: "1001", amount: "99999999999999999999", code: errs.Invalid},
		{name: "a free order", number: "1002", code: errs.Conflict},
		{name: "no such order", number: "7", code: errs.NotFound},
		{name: "no number", number: "x", code: errs.Invalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := p.Shop.Refund(t.Context(), tt.number, tt.amount, ""); errs.From(err).Code != tt.code {
				t.Errorf("refund: %v, want %s", err, tt.code)
			}
		})
	}
	if n := s.Count("SELECT COUNT(*) FROM {refunds}") + len(s.Stripe.Refunds()); n != 0 {
		t.Errorf("%d refunds, want none", n)
	}
}

func TestRefund_AtOnceNeverGivesBackMoreThanCameIn(t *testing.T) {
	s, first, _ := sold(t, cardGood)
	shops := []*server.Shop{first.Shop, s.Start(shoptest.Options{}).Shop}
	errors := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errors {
		wg.Go(func() { _, errors[i] = shops[i%2].Refund(t.Context(), "1001", "20.00", "") })
	}
	wg.Wait()
	done := 0
	for _, err := range errors {
		switch {
		case err == nil:
			done++
		case !errs.Is(err, errs.Conflict):
			t.Errorf("refund: %v, want a conflict", err)
		}
	}
	if done != 2 || len(s.Stripe.Refunds()) != 2 {
		t.Errorf("%d refunds of 20.00 went through, %d at the provider, want two of 49.00", done, len(s.Stripe.Refunds()))
	}
	s.Stripe.Flush()
	s.Quiet()
	wantRefunded(t, s, "partially_refunded", 4000, "succeeded by tillside", "succeeded by tillside")
}

func TestRefund_FromTheDashboardIsSeen(t *testing.T) {
	for _, way := range []string{"webhook", "poll"} {
		t.Run(way, func(t *testing.T) {
			s, p, _ := sold(t, cardGood)
			if way == "poll" {
				if err := s.Stripe.SetEventMode(stripe.Dropped); err != nil {
					t.Fatal(err)
				}
			}
			intent := s.Stripe.Intents()[0].ID
			for _, amount := range []int64{1500, 0} {
				if _, err := s.Stripe.RefundFromDashboard(intent, amount); err != nil {
					t.Fatal(err)
				}
				s.Stripe.Flush()
				if way == "poll" {
					if _, err := p.Shop.Poll(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				s.Quiet()
			}
			wantRefunded(t, s, "refunded", 4900, "succeeded by provider", "succeeded by provider")
			if _, err := p.Shop.Refund(t.Context(), "1001", "", ""); !errs.Is(err, errs.Conflict) {
				t.Errorf("refund: %v, want a conflict: it is refunded already", err)
			}
		})
	}
}

func TestRefund_FailingDaysLaterTakesItBack(t *testing.T) {
	s, p, _ := sold(t, "4000000000005126")
	if _, err := p.Shop.Refund(t.Context(), "1001", "", ""); err != nil {
		t.Fatal(err)
	}
	wantRefunded(t, s, "refunded", 4900, "succeeded by tillside")
	s.Stripe.Advance(threeDays)
	s.Stripe.Flush()
	s.Quiet()
	wantRefunded(t, s, "paid", 0, "failed by tillside")
	shoptest.WaitFor(t, "both events", func() bool {
		n := 0
		for _, e := range s.Plugin.Events() {
			if e.Type == "order.refunded" {
				n++
			}
		}
		return n == 2
	})
}

func TestRefund_PendingCountsAndSucceedsLater(t *testing.T) {
	s, p, _ := sold(t, "4000000000007726")
	refund, err := p.Shop.Refund(t.Context(), "1001", "", "")
	if err != nil || refund.Status != "pending" {
		t.Fatalf("refund: %+v (%v), want pending", refund, err)
	}
	wantRefunded(t, s, "refunded", 4900, "pending by tillside")
	s.Stripe.Advance(threeDays)
	s.Stripe.Flush()
	s.Quiet()
	wantRefunded(t, s, "refunded", 4900, "succeeded by tillside")
}

func TestRefund_RefusedByTheProvider(t *testing.T) {
	s, p, _ := sold(t, "4000000000000259") // disputed at once
	if _, err := p.Shop.Refund(t.Context(), "1001", "", ""); !errs.Is(err, errs.Conflict) {
		t.Fatalf("refund: %v, want a conflict", err)
	}
	s.Quiet()
	wantRefunded(t, s, "paid", 0, "failed by tillside")
}

// The provider gives the money back and its answer is lost: the job asks again
// under the same key.
func TestRefund_LostAnswerIsOneRefund(t *testing.T) {
	s, p, _ := sold(t, cardGood)
	s.StopSchedules() // a poll would find the refund by itself
	s.Stripe.Flush()
	s.Quiet()
	if err := s.Stripe.SetEventMode(stripe.Dropped); err != nil {
		t.Fatal(err)
	}
	if err := s.Stripe.Fail(stripe.Fault{Match: "POST /v1/refunds", Status: stripe.FaultLostAnswer, Times: -1}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Shop.Refund(t.Context(), "1001", "20.00", ""); !errs.Is(err, errs.Unavailable) {
		t.Fatalf("refund: %v, want unavailable", err)
	}
	wantRefunded(t, s, "paid", 0, "requested by tillside")
	if _, err := p.Shop.Refund(t.Context(), "1001", "30.00", ""); !errs.Is(err, errs.Conflict) {
		t.Errorf("a second refund: %v, want a conflict: the first one is on its way", err)
	}
	s.Stripe.ClearFaults()
	shoptest.WaitFor(t, "the job", func() bool {
		s.Age(time.Minute)
		return s.Count("SELECT COUNT(*) FROM {refunds} WHERE status = 'requested'") == 0
	})
	wantRefunded(t, s, "partially_refunded", 2000, "succeeded by tillside")
	if n := len(s.Stripe.Refunds()); n != 1 {
		t.Errorf("%d refunds at the provider, want one", n)
	}
}
