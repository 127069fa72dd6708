package stripe_test

import (
	"context"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	sandbox "github.com/tillside/tillside/cmd/sandbox/stripe"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
	"github.com/tillside/tillside/server/payment/stripe"
)

// The numbers of https://docs.stripe.com/testing that are used here.
const (
	cardGood       = "4242424242424242"
	cardNoMoney    = "4000000000009995"
	cardStolen     = "4000000000009979"
	cardExpired    = "4000000000000069"
	cardWrongCVC   = "4000000000000127"
	cardProcessing = "4000000000000119"
	card3DS        = "4000002760003184"
	ibanSettles    = "DE89370400440532013000"
	ibanFails      = "DE62370400440532013001"
	sandboxAccount = "51TillsideTillsideTillside" // the account of testKey
)

// shop is a gateway before the sandbox, which has state as Stripe has.
type shop struct {
	*stripe.Gateway
	sandbox *sandbox.Server
}

func openShop(t *testing.T) shop {
	t.Helper()
	s := sandbox.New(sandbox.Options{})
	ts := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); ts.Close() })
	return shop{Gateway: gatewayTo(t, ts.URL), sandbox: s}
}

// intent makes an open intent.
func (s shop) intent(t *testing.T, amount money.Amount) *payment.Intent {
	t.Helper()
	customer, err := s.CreateCustomer(t.Context(), payment.CustomerRequest{IdempotencyKey: "c-" + t.Name(), ContactID: "c1", Email: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	intent, err := s.CreateIntent(t.Context(), payment.IntentRequest{
		IdempotencyKey: "i-" + t.Name(), Amount: amount, CustomerID: customer, Metadata: map[string]string{"checkout": "x"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if intent.Status != payment.IntentOpen || intent.Amount != amount {
		t.Fatalf("new intent = %+v", intent)
	}
	return intent
}

// request is what a browser with a card would have us confirm.
func (s shop) request(intent *payment.Intent, key, number string) payment.ConfirmRequest {
	return payment.ConfirmRequest{
		IdempotencyKey: key, IntentID: intent.ID, ReturnURL: "https://shop.example/return",
		Token: s.sandbox.NewConfirmationToken(number, sandbox.TokenOptions{Account: sandboxAccount, Email: "ada@example.com", Name: "Ada Lovelace"}),
	}
}

func (s shop) confirm(t *testing.T, intent *payment.Intent, key, number string) *payment.Intent {
	t.Helper()
	confirmed, err := s.ConfirmIntent(t.Context(), s.request(intent, key, number))
	if err != nil {
		t.Fatal(err)
	}
	return confirmed
}

func (s shop) read(t *testing.T, intent *payment.Intent) *payment.Intent {
	t.Helper()
	read, err := s.Intent(t.Context(), intent.ID)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestSandbox_DeclineThenSuccessOnOneIntent(t *testing.T) {
	s := openShop(t)
	intent := s.intent(t, euros49)
	for i, number := range []string{cardNoMoney, cardStolen, cardExpired, cardWrongCVC, cardProcessing} {
		declined := s.confirm(t, intent, "a"+string(rune('1'+i)), number)
		if declined.Status != payment.IntentOpen || declined.Decline == nil || !slices.Contains(stripe.DeclineTexts(), declined.Decline.Text) {
			t.Errorf("%s: %+v, want an open intent with a decline", number, declined)
		}
		if again := s.read(t, intent); again.Decline == nil || *again.Decline != *declined.Decline {
			t.Errorf("%s: read again the decline is %+v, want %+v", number, again.Decline, declined.Decline)
		}
	}
	paid := s.confirm(t, intent, "a9", cardGood)
	want := payment.Tender{Kind: "card", Brand: "visa", Last4: "4242"}
	if paid.Status != payment.IntentSucceeded || paid.Received != euros49 || paid.Tender != want || paid.Decline != nil {
		t.Errorf("paid = %+v", paid)
	}
}

func TestSandbox_3DSecure(t *testing.T) {
	for name, passes := range map[string]bool{"complete": true, "fail": false} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			intent := s.intent(t, euros49)
			if waiting := s.confirm(t, intent, "a1", card3DS); waiting.Status != payment.IntentActionRequired {
				t.Fatalf("intent = %+v, want action required", waiting)
			}
			if err := s.sandbox.Complete3DS(intent.ID, passes); err != nil {
				t.Fatal(err)
			}
			after := s.read(t, intent)
			if (after.Status == payment.IntentSucceeded) != passes || (after.Decline == nil) != passes {
				t.Errorf("intent = %s with decline %+v", after.Status, after.Decline)
			}
		})
	}
}

func TestSandbox_BankDebitTakesDays(t *testing.T) {
	for iban, settles := range map[string]bool{ibanSettles: true, ibanFails: false} {
		s := openShop(t)
		intent := s.intent(t, euros49)
		if waiting := s.confirm(t, intent, "a1", iban); waiting.Status != payment.IntentProcessing {
			t.Fatalf("%s: intent = %+v, want processing", iban, waiting)
		}
		held, err := s.CancelIntent(t.Context(), intent.ID, "x1")
		if err != nil || held.Status != payment.IntentProcessing {
			t.Errorf("%s: canceled while the bank works: %+v, %v", iban, held, err)
		}
		s.sandbox.Advance(3 * 24 * time.Hour)
		after := s.read(t, intent)
		if settles && (after.Status != payment.IntentSucceeded || after.Tender != (payment.Tender{Kind: "sepa_debit", Last4: "3000"})) {
			t.Errorf("settled: %+v", after)
		}
		if !settles {
			if after.Status != payment.IntentOpen || after.Decline == nil {
				t.Errorf("failed: %+v", after)
			}
			// The first cancel's refusal is repeated for its key; the intent,
			// open again, must be canceled all the same.
			if gone, err := s.CancelIntent(t.Context(), intent.ID, "x1"); err != nil || gone.Status != payment.IntentCanceled {
				t.Errorf("canceled with the old key: %+v, %v", gone, err)
			}
		}
	}
}

func TestSandbox_CancelRacesWithPayment(t *testing.T) {
	s := openShop(t)
	paid := s.intent(t, euros49)
	s.confirm(t, paid, "a1", cardGood)
	after, err := s.CancelIntent(t.Context(), paid.ID, "x1")
	if err != nil || after.Status != payment.IntentSucceeded || after.Tender.Last4 != "4242" {
		t.Errorf("paid meanwhile: %+v, %v", after, err)
	}

	s2 := openShop(t)
	intent := s2.intent(t, euros49)
	for _, key := range []string{"x1", "x1", "x2"} {
		if gone, err := s2.CancelIntent(t.Context(), intent.ID, key); err != nil || gone.Status != payment.IntentCanceled {
			t.Errorf("cancel with %s: %+v, %v", key, gone, err)
		}
	}
	late, err := s2.ConfirmIntent(t.Context(), s2.request(intent, "a1", cardGood))
	if err != nil || late.Status != payment.IntentCanceled {
		t.Errorf("confirmed after the cancel: %+v, %v", late, err)
	}
	if n := len(s2.sandbox.Charges()); n != 0 {
		t.Errorf("%d charges, want none", n)
	}
}

func TestSandbox_SameKeyChargesOnce(t *testing.T) {
	s := openShop(t)
	intent := s.intent(t, euros49)
	request := s.request(intent, "a1", cardGood)
	for range 3 {
		paid, err := s.ConfirmIntent(t.Context(), request)
		if err != nil || paid.Status != payment.IntentSucceeded {
			t.Errorf("confirm: %+v, %v", paid, err)
		}
	}
	other := s.confirm(t, intent, "a2", cardGood)
	if other.Status != payment.IntentSucceeded {
		t.Errorf("another key: %+v, want the paid intent", other)
	}
	request.Token = "ctoken_other"
	if _, err := s.ConfirmIntent(t.Context(), request); err == nil || errs.From(err).Code != errs.Internal {
		t.Errorf("same key, other token: %v, want a plain error", err)
	}
	if n := len(s.sandbox.Charges()); n != 1 {
		t.Errorf("%d charges, want 1", n)
	}
}

func TestSandbox_UsedAndUnknownTokensAskAgain(t *testing.T) {
	s := openShop(t)
	intent := s.intent(t, euros49)
	used := s.request(intent, "a1", cardNoMoney)
	if _, err := s.ConfirmIntent(t.Context(), used); err != nil {
		t.Fatal(err)
	}
	for key, token := range map[string]string{"a2": used.Token, "a3": "ctoken_madeup"} {
		used.IdempotencyKey, used.Token = key, token
		again, err := s.ConfirmIntent(t.Context(), used)
		if err != nil {
			t.Errorf("%s: %v", token, err)
		} else if again.Decline == nil || again.Decline.Text != "Please enter your payment details again." {
			t.Errorf("%s: decline = %+v", token, again.Decline)
		}
	}
}

// The answer is lost after Stripe has charged: the retry under the same key
// learns of the first charge and makes no second.
func TestSandbox_LostAnswerChargesOnce(t *testing.T) {
	s := openShop(t)
	intent := s.intent(t, euros49)
	if err := s.sandbox.Fail(sandbox.Fault{Match: "POST /v1/payment_intents/*/confirm", Times: 1, Status: sandbox.FaultLostAnswer}); err != nil {
		t.Fatal(err)
	}
	if paid := s.confirm(t, intent, "a1", cardGood); paid.Status != payment.IntentSucceeded {
		t.Errorf("intent = %+v", paid)
	}
	if n := len(s.sandbox.Charges()); n != 1 {
		t.Errorf("%d charges, want 1", n)
	}
}

// A 429 did nothing and is not remembered. Stripe's own failures are, for a day:
// only another key gets past them.
func TestSandbox_OutageThenPaid(t *testing.T) {
	for status, key := range map[string]string{"429": "a1", "500": "a2", "503": "a2"} {
		s := openShop(t)
		intent := s.intent(t, euros49)
		if err := s.sandbox.Fail(sandbox.Fault{Match: "POST /v1/payment_intents/*/confirm", Times: -1, Status: status}); err != nil {
			t.Fatal(err)
		}
		request := s.request(intent, "a1", cardGood)
		if _, err := s.ConfirmIntent(t.Context(), request); !errs.Is(err, errs.Unavailable) {
			t.Errorf("%s: error = %v, want unavailable", status, err)
		}
		s.sandbox.ClearFaults()
		request.IdempotencyKey = key
		if paid, err := s.ConfirmIntent(t.Context(), request); err != nil || paid.Status != payment.IntentSucceeded {
			t.Errorf("%s, then: %+v, %v", status, paid, err)
		}
		if n := len(s.sandbox.Charges()); n != 1 {
			t.Errorf("%s: %d charges, want 1", status, n)
		}
	}
}

func TestSandbox_CallerGivesUpOnSilence(t *testing.T) {
	s := openShop(t)
	intent := s.intent(t, euros49)
	if err := s.sandbox.Fail(sandbox.Fault{Match: "GET /v1/payment_intents/*", Times: -1, Status: sandbox.FaultSlow, HoldMS: 400}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Intent(ctx, intent.ID); !errs.Is(err, errs.Unavailable) {
		t.Errorf("error = %v, want unavailable", err)
	}
}
