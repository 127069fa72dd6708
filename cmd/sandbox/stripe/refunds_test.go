package stripe_test

import (
	"testing"
	"time"

	api "github.com/stripe/stripe-go/v76"
)

func TestRefund_FullPartialAndTooMuch(t *testing.T) {
	s := open(t)
	pi, err := s.pay(t, "4242424242424242")
	if err != nil {
		t.Fatal(err)
	}
	refund := func(amount int64) (*api.Refund, error) {
		return s.api.Refunds.New(&api.RefundParams{PaymentIntent: api.String(pi.ID), Amount: api.Int64(amount)})
	}
	part, err := refund(900)
	if err != nil || part.Status != api.RefundStatusSucceeded || part.Amount != 900 {
		t.Fatalf("partial refund = %+v, %v", part, err)
	}
	if _, err := refund(4001); stripeError(err).Param != "amount" {
		t.Errorf("refund of more than is left: %v", err)
	}
	if _, err := s.RefundFromDashboard(pi.ID, 0); err != nil {
		t.Errorf("refund of the rest: %v", err)
	}
	if _, err := refund(1); stripeError(err).Code != api.ErrorCodeChargeAlreadyRefunded {
		t.Errorf("refund of nothing left: %v", err)
	}
	p := &api.PaymentIntentParams{}
	p.AddExpand("latest_charge.refunds")
	got, err := s.api.PaymentIntents.Get(pi.ID, p)
	if err != nil {
		t.Fatal(err)
	}
	if ch := got.LatestCharge; !ch.Refunded || ch.AmountRefunded != 4900 || len(ch.Refunds.Data) != 2 || ch.Refunds.Data[0].Amount != 4000 {
		t.Errorf("charge = refunded %t, %d, %+v", ch.Refunded, ch.AmountRefunded, ch.Refunds)
	}
	if n := len(s.Events("charge.refunded")); n != 2 {
		t.Errorf("%d events charge.refunded, want 2", n)
	}
	open := s.intent(t)
	if _, err := s.api.Refunds.New(&api.RefundParams{PaymentIntent: api.String(open.ID)}); stripeError(err).Type != api.ErrorTypeInvalidRequest {
		t.Errorf("refund of an unpaid intent: %v", err)
	}
}

func TestRefund_MayEndLater(t *testing.T) {
	tests := []struct {
		name, card    string
		first, last   api.RefundStatus
		refundedAtEnd int64
	}{
		{"pending, then succeeds", "4000000000007726", api.RefundStatusPending, api.RefundStatusSucceeded, 4900},
		{"succeeds, then fails", "4000000000005126", api.RefundStatusSucceeded, api.RefundStatusFailed, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			pi, err := s.pay(t, tt.card)
			if err != nil {
				t.Fatal(err)
			}
			re, err := s.api.Refunds.New(&api.RefundParams{PaymentIntent: api.String(pi.ID)})
			if err != nil || re.Status != tt.first {
				t.Fatalf("refund = %+v, %v", re, err)
			}
			s.Advance(3 * 24 * time.Hour)
			if re, err = s.api.Refunds.Get(re.ID, nil); err != nil || re.Status != tt.last {
				t.Errorf("refund later = %+v, %v", re, err)
			}
			if got := s.Charges()[0].AmountRefunded; got != tt.refundedAtEnd {
				t.Errorf("amount_refunded = %d, want %d", got, tt.refundedAtEnd)
			}
		})
	}
}

func TestDispute_FollowsItsTestCard(t *testing.T) {
	s := open(t)
	pi, err := s.pay(t, "4000000000000259")
	if err != nil || pi.Status != api.PaymentIntentStatusSucceeded {
		t.Fatalf("confirm = %+v, %v", pi, err)
	}
	if !s.Charges()[0].Disputed || len(s.Events("charge.dispute.created")) != 1 {
		t.Error("the charge is not disputed")
	}
	if _, err := s.api.Refunds.New(&api.RefundParams{PaymentIntent: api.String(pi.ID)}); stripeError(err).Code != "charge_disputed" {
		t.Errorf("refund of a disputed charge: %v", err)
	}
}
