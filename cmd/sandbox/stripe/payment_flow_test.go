package stripe_test

import (
	"testing"
	"time"

	api "github.com/stripe/stripe-go/v76"

	"github.com/tillside/tillside/cmd/sandbox/stripe"
)

func TestDecline_IsAnErrorThatHoldsTheIntent(t *testing.T) {
	tests := []struct {
		name, card string
		code       api.ErrorCode
		decline    api.DeclineCode
	}{
		{"generic", "4000000000000002", api.ErrorCodeCardDeclined, api.DeclineCodeGenericDecline},
		{"no money", "4000000000009995", api.ErrorCodeCardDeclined, api.DeclineCodeInsufficientFunds},
		{"lost", "4000000000009987", api.ErrorCodeCardDeclined, api.DeclineCodeLostCard},
		{"expired", "4000000000000069", api.ErrorCodeExpiredCard, ""},
		{"cvc", "4000000000000127", api.ErrorCodeIncorrectCVC, ""},
		{"saves, then fails", "4000000000000341", api.ErrorCodeCardDeclined, api.DeclineCodeGenericDecline},
		{"a real card", "4111111111111111", api.ErrorCodeCardDeclined, "test_mode_live_card"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			_, err := s.pay(t, tt.card)
			e := stripeError(err)
			if e.HTTPStatusCode != 402 || e.Type != api.ErrorTypeCard || e.Code != tt.code || e.DeclineCode != tt.decline {
				t.Fatalf("error = %d %s %s %s, want 402 card_error %s %s", e.HTTPStatusCode, e.Type, e.Code, e.DeclineCode, tt.code, tt.decline)
			}
			if e.PaymentIntent == nil || e.ChargeID == "" {
				t.Fatalf("error has intent %v and charge %q", e.PaymentIntent, e.ChargeID)
			}
			pi := s.get(t, e.PaymentIntent.ID)
			if pi.Status != api.PaymentIntentStatusRequiresPaymentMethod || pi.LastPaymentError == nil || pi.LastPaymentError.Code != tt.code || pi.PaymentMethod != nil {
				t.Errorf("intent = %s, last error %+v, method %v", pi.Status, pi.LastPaymentError, pi.PaymentMethod)
			}
			if got := len(s.Events("payment_intent.payment_failed")); got != 1 {
				t.Errorf("%d events payment_failed, want 1", got)
			}
			after, err := s.confirm(pi.ID, s.NewConfirmationToken("5555555555554444"))
			if err != nil || after.Status != api.PaymentIntentStatusSucceeded || after.LastPaymentError != nil {
				t.Errorf("another card: %v, %v", after, err)
			}
		})
	}
}

func TestThreeDSecure_PassedAndFailed(t *testing.T) {
	for _, ok := range []bool{true, false} {
		s := open(t)
		pi, err := s.pay(t, "4000002760003184")
		if err != nil || pi.Status != api.PaymentIntentStatusRequiresAction || pi.NextAction.Type != "use_stripe_sdk" {
			t.Fatalf("confirm = %+v, %v", pi, err)
		}
		if err := s.Complete3DS(pi.ID, ok); err != nil {
			t.Fatal(err)
		}
		pi = s.get(t, pi.ID)
		want := map[bool]api.PaymentIntentStatus{true: api.PaymentIntentStatusSucceeded, false: api.PaymentIntentStatusRequiresPaymentMethod}[ok]
		if pi.Status != want || len(s.Charges()) != map[bool]int{true: 1, false: 0}[ok] {
			t.Errorf("answer %t: status %s, %d charges", ok, pi.Status, len(s.Charges()))
		}
		if !ok && pi.LastPaymentError.Code != api.ErrorCodePaymentIntentAuthenticationFailure {
			t.Errorf("last error = %v", pi.LastPaymentError)
		}
		if err := s.Complete3DS(pi.ID, true); err == nil {
			t.Error("a second answer was taken")
		}
	}
}

func TestThreeDSecure_UnlessSetUp(t *testing.T) {
	s := open(t)
	cu, err := s.api.Customers.New(&api.CustomerParams{})
	if err != nil {
		t.Fatal(err)
	}
	saved := func(p *api.PaymentIntentParams) {
		p.Customer, p.SetupFutureUsage = api.String(cu.ID), api.String("off_session")
	}
	pi := s.intent(t, saved)
	token := s.NewConfirmationToken("4000002500003155", stripe.TokenOptions{SetupFutureUsage: "off_session"})
	if _, err := s.confirm(pi.ID, token); err != nil {
		t.Fatal(err)
	}
	if err := s.Complete3DS(pi.ID, true); err != nil {
		t.Fatal(err)
	}
	method := s.get(t, pi.ID).PaymentMethod.ID
	later := s.intent(t, func(p *api.PaymentIntentParams) {
		p.Customer, p.PaymentMethod, p.Confirm, p.OffSession = api.String(cu.ID), api.String(method), api.Bool(true), api.Bool(true)
	})
	if later.Status != api.PaymentIntentStatusSucceeded {
		t.Errorf("off-session payment = %s", later.Status)
	}
}

func TestOffSession_NeedsNoDialog(t *testing.T) {
	s := open(t)
	_, err := s.api.PaymentIntents.New(&api.PaymentIntentParams{
		Amount: api.Int64(4900), Currency: api.String("eur"), PaymentMethod: api.String("pm_card_authenticationRequired"),
		Confirm: api.Bool(true), OffSession: api.Bool(true),
	})
	if e := stripeError(err); e.Code != api.ErrorCodeAuthenticationRequired || e.PaymentIntent == nil {
		t.Errorf("error = %v, want authentication_required", err)
	}
}

func TestDebit_SettlesOrFailsThreeDaysLater(t *testing.T) {
	tests := []struct {
		name, iban string
		status     api.PaymentIntentStatus
		event      string
	}{
		{"settles", "DE89370400440532013000", api.PaymentIntentStatusSucceeded, "payment_intent.succeeded"},
		{"fails", "DE62370400440532013001", api.PaymentIntentStatusRequiresPaymentMethod, "payment_intent.payment_failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			pi, err := s.pay(t, tt.iban)
			if err != nil || pi.Status != api.PaymentIntentStatusProcessing || pi.LatestCharge.PaymentMethodDetails.SEPADebit.Last4 != tt.iban[18:] {
				t.Fatalf("confirm = %+v, %v", pi, err)
			}
			if _, err := s.api.PaymentIntents.Cancel(pi.ID, nil); stripeError(err).Code != api.ErrorCodePaymentIntentUnexpectedState {
				t.Errorf("cancel while processing: %v", err)
			}
			s.Advance(71 * time.Hour)
			if got := s.get(t, pi.ID).Status; got != api.PaymentIntentStatusProcessing {
				t.Errorf("after 71 hours: %s", got)
			}
			before := s.Now()
			s.Advance(240 * time.Hour)
			if got := s.get(t, pi.ID).Status; got != tt.status {
				t.Errorf("after more than 3 days: %s, want %s", got, tt.status)
			}
			events := s.Events(tt.event)
			if len(events) != 1 || events[0].Created > before.Add(2*time.Hour).Unix() {
				t.Errorf("events = %+v, want one dated at the third day", events)
			}
		})
	}
}

func TestCancel_OnlyWhatIsOpen(t *testing.T) {
	s := open(t)
	open := s.intent(t)
	pi, err := s.api.PaymentIntents.Cancel(open.ID, &api.PaymentIntentCancelParams{CancellationReason: api.String("abandoned")})
	if err != nil || pi.Status != api.PaymentIntentStatusCanceled || pi.CancellationReason != "abandoned" {
		t.Errorf("cancel = %+v, %v", pi, err)
	}
	if _, err := s.api.PaymentIntents.Cancel(open.ID, nil); stripeError(err).Code != api.ErrorCodePaymentIntentUnexpectedState {
		t.Errorf("second cancel: %v", err)
	}
	if _, err := s.confirm(open.ID, s.NewConfirmationToken("4242424242424242")); stripeError(err).Code != api.ErrorCodePaymentIntentUnexpectedState {
		t.Errorf("confirm after cancel: %v", err)
	}
	paid, err := s.pay(t, "4242424242424242")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.api.PaymentIntents.Cancel(paid.ID, nil)
	if e := stripeError(err); e.Code != api.ErrorCodePaymentIntentUnexpectedState || e.PaymentIntent.Status != api.PaymentIntentStatusSucceeded {
		t.Errorf("cancel of a paid one: %v", err)
	}
}

func TestConfirmationToken_IsUsedOnce(t *testing.T) {
	s := open(t)
	token := s.NewConfirmationToken("4000000000000002")
	first, second := s.intent(t), s.intent(t)
	if _, err := s.confirm(first.ID, token); err == nil {
		t.Fatal("the card was not declined")
	}
	if _, err := s.confirm(second.ID, token); stripeError(err).Param != "confirmation_token" {
		t.Errorf("second use: %v", err)
	}
	s.Advance(13 * time.Hour)
	old := s.NewConfirmationToken("4242424242424242")
	s.Advance(13 * time.Hour)
	if _, err := s.confirm(second.ID, old); stripeError(err).Param != "confirmation_token" {
		t.Errorf("expired token: %v", err)
	}
	foreign := s.NewConfirmationToken("4242424242424242", stripe.TokenOptions{Account: "other"})
	if _, err := s.confirm(second.ID, foreign); stripeError(err).Code != api.ErrorCodeResourceMissing {
		t.Errorf("another account's token: %v", err)
	}
	reuse := s.NewConfirmationToken("4242424242424242", stripe.TokenOptions{SetupFutureUsage: "off_session"})
	if _, err := s.confirm(second.ID, reuse); stripeError(err).Param != "confirmation_token" {
		t.Errorf("token with another setup_future_usage: %v", err)
	}
}

func TestIntent_AmountChangesOnlyWhileItIsOpen(t *testing.T) {
	s := open(t)
	pi := s.intent(t)
	changed, err := s.api.PaymentIntents.Update(pi.ID, &api.PaymentIntentParams{Amount: api.Int64(5900)})
	if err != nil || changed.Amount != 5900 {
		t.Errorf("update = %+v, %v", changed, err)
	}
	if _, err := s.api.PaymentIntents.Update(pi.ID, &api.PaymentIntentParams{Amount: api.Int64(1)}); stripeError(err).Code != api.ErrorCodeAmountTooSmall {
		t.Errorf("too small: %v", err)
	}
	if _, err := s.confirm(pi.ID, s.NewConfirmationToken("4242424242424242")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.api.PaymentIntents.Update(pi.ID, &api.PaymentIntentParams{Amount: api.Int64(6900)}); stripeError(err).Code != api.ErrorCodePaymentIntentUnexpectedState {
		t.Errorf("update of a paid one: %v", err)
	}
}
