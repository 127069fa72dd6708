package stripe_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
)

var euros49 = money.New(4900, "EUR")

// openIntent is what testdata/intent_open.json says.
func openIntent() *payment.Intent {
	return &payment.Intent{
		ID: "pi_1", Status: payment.IntentOpen, Mode: payment.ModeTest, CustomerID: "cus_1",
		Amount: euros49, Received: money.New(0, "EUR"), Refunded: money.New(0, "EUR"),
		ClientSecret: "pi_1_secret_WbeuIUmyNJ9bGBZr3U8Yh7Jvm",
		Metadata:     map[string]string{"checkout": "5f2a"},
		Created:      time.Unix(1760000000, 0).UTC(),
	}
}

var confirmA1 = payment.ConfirmRequest{IdempotencyKey: "a1", IntentID: "pi_1", Token: "ctoken_1", ReturnURL: "https://shop.example.com/order/"}

func TestPurchase_CreatesThenConfirms(t *testing.T) {
	g := play(t,
		exchange{
			request: "POST /v1/customers", key: "a1:customer",
			form:   url.Values{"email": {"ada@example.com"}, "name": {"Ada Lovelace"}, "metadata[contact_id]": {"c0ffee"}},
			answer: recorded(t, "customer.json", nil),
		},
		exchange{
			request: "POST /v1/payment_intents", key: "a1:intent",
			form: url.Values{
				"amount": {"4900"}, "currency": {"eur"}, "customer": {"cus_1"}, "description": {"Watercolour"},
				"automatic_payment_methods[enabled]": {"true"}, "metadata[checkout]": {"5f2a"},
			},
			answer: recorded(t, "intent_open.json", nil),
		},
		exchange{
			request: "POST /v1/payment_intents/pi_1/confirm", key: "a1",
			form: url.Values{
				"confirmation_token": {"ctoken_1"}, "use_stripe_sdk": {"true"},
				"return_url": {"https://shop.example.com/order/"}, "expand[0]": {"latest_charge"},
			},
			answer: recorded(t, "intent_succeeded.json", nil),
		},
	)
	customer, err := g.CreateCustomer(t.Context(), payment.CustomerRequest{
		IdempotencyKey: "a1:customer", ContactID: "c0ffee", Email: "ada@example.com", Name: "Ada Lovelace",
	})
	if err != nil {
		t.Fatal(err)
	}
	created, err := g.CreateIntent(t.Context(), payment.IntentRequest{
		IdempotencyKey: "a1:intent", Amount: euros49, CustomerID: customer, Description: "Watercolour",
		Metadata: map[string]string{"checkout": "5f2a"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(openIntent(), created); diff != "" {
		t.Errorf("created intent (-want +got):\n%s", diff)
	}
	paid, err := g.ConfirmIntent(t.Context(), confirmA1)
	if err != nil {
		t.Fatal(err)
	}
	want := openIntent()
	want.Status, want.Received = payment.IntentSucceeded, euros49
	want.Tender = payment.Tender{Kind: "card", Brand: "visa", Last4: "4242"}
	if diff := cmp.Diff(want, paid); diff != "" {
		t.Errorf("paid intent (-want +got):\n%s", diff)
	}
}

// An address that Stripe finds impossible keeps nobody from paying.
func TestCreateCustomer_LeavesOutAnEmailThatStripeRefuses(t *testing.T) {
	const refused = `{"error":{"code":"email_invalid","message":"Invalid email address: ada@example.com","param":"email","type":"invalid_request_error"}}`
	g := play(t,
		exchange{request: "POST /v1/customers", key: "k", status: http.StatusBadRequest, answer: refused},
		exchange{
			request: "POST /v1/customers", key: "k:no-email",
			form:   url.Values{"name": {"Ada Lovelace"}, "metadata[contact_id]": {"c0ffee"}},
			answer: recorded(t, "customer.json", set{"email": nil}),
		},
	)
	id, err := g.CreateCustomer(t.Context(), payment.CustomerRequest{
		IdempotencyKey: "k", ContactID: "c0ffee", Email: "ada@example.com", Name: "Ada Lovelace",
	})
	if id != "cus_1" || err != nil {
		t.Errorf("customer = %q, %v, want cus_1", id, err)
	}
}

func TestIntent_AmountsAreInStripesUnits(t *testing.T) {
	tests := []struct {
		name     string
		amount   money.Amount
		units    string
		currency string
		answered int
	}{
		{name: "two decimals", amount: money.New(4999, "USD"), units: "4999", currency: "usd", answered: 4999},
		{name: "yen has none", amount: money.New(5000, "JPY"), units: "5000", currency: "jpy", answered: 5000},
		{name: "króna has none, Stripe wants two", amount: money.New(1500, "ISK"), units: "150000", currency: "isk", answered: 150000},
		{name: "three decimals", amount: money.New(12340, "KWD"), units: "12340", currency: "kwd", answered: 12340},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := play(t, exchange{
				request: "POST /v1/payment_intents",
				form:    url.Values{"amount": {tt.units}, "currency": {tt.currency}, "automatic_payment_methods[enabled]": {"true"}},
				answer:  recorded(t, "intent_open.json", set{"amount": tt.answered, "currency": tt.currency}),
			})
			intent, err := g.CreateIntent(t.Context(), payment.IntentRequest{IdempotencyKey: "k", Amount: tt.amount})
			if err != nil {
				t.Fatal(err)
			}
			if intent.Amount != tt.amount {
				t.Errorf("amount = %+v, want %+v", intent.Amount, tt.amount)
			}
		})
	}
}

func TestCreateIntent_RefusesAmountsThatStripeCannotHold(t *testing.T) {
	g := play(t)
	if _, err := g.CreateIntent(t.Context(), payment.IntentRequest{IdempotencyKey: "k", Amount: money.New(12345, "KWD")}); err == nil {
		t.Error("1.2345 KWD was sent")
	}
}

func TestCreateIntent_TooSmallIsConflict(t *testing.T) {
	const refused = `{"error":{"code":"amount_too_small","message":"Amount must be at least €0.50 eur","param":"amount","type":"invalid_request_error"}}`
	g := play(t, exchange{request: "POST /v1/payment_intents", status: http.StatusBadRequest, answer: refused})
	_, err := g.CreateIntent(t.Context(), payment.IntentRequest{IdempotencyKey: "k", Amount: money.New(10, "EUR")})
	if !errs.Is(err, errs.Conflict) {
		t.Errorf("error = %v, want a conflict", err)
	}
}

func TestIntent_UnknownIsNotFound(t *testing.T) {
	g := play(t, exchange{request: "GET /v1/payment_intents/pi_none", status: http.StatusNotFound, answer: recorded(t, "error_resource_missing.json", nil)})
	if _, err := g.Intent(t.Context(), "pi_none"); !errs.Is(err, errs.NotFound) {
		t.Errorf("error = %v, want not found", err)
	}
}

// 3-D Secure: the buyer must act; afterwards the intent is read.
func TestConfirmIntent_ActionRequiredThenPassedOrFailed(t *testing.T) {
	const failure = `{"code":"payment_intent_authentication_failure","message":"The provided PaymentMethod has failed authentication.","type":"invalid_request_error"}`
	failed := recorded(t, "intent_open.json", set{"last_payment_error": jsonRaw(failure)})
	tests := []struct {
		name, after string
		want        payment.IntentStatus
		declined    bool
	}{
		{name: "passed", after: recorded(t, "intent_succeeded.json", nil), want: payment.IntentSucceeded},
		{name: "failed", after: failed, want: payment.IntentOpen, declined: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := play(t,
				exchange{request: "POST /v1/payment_intents/pi_1/confirm", answer: recorded(t, "intent_requires_action.json", nil)},
				exchange{request: "GET /v1/payment_intents/pi_1", form: url.Values{"expand[0]": {"latest_charge"}}, answer: tt.after},
			)
			waiting, err := g.ConfirmIntent(t.Context(), confirmA1)
			if err != nil {
				t.Fatal(err)
			}
			if waiting.Status != payment.IntentActionRequired || waiting.ClientSecret == "" || waiting.Decline != nil {
				t.Errorf("intent = %+v, want one to act on", waiting)
			}
			after, err := g.Intent(t.Context(), "pi_1")
			if err != nil {
				t.Fatal(err)
			}
			if after.Status != tt.want || (after.Decline != nil) != tt.declined {
				t.Errorf("status = %s, decline = %+v, want %s", after.Status, after.Decline, tt.want)
			}
			if tt.declined && after.Decline.Text != "The bank could not confirm that it is you. Please try again or use another way to pay." {
				t.Errorf("text = %q", after.Decline.Text)
			}
		})
	}
}

func TestConfirmIntent_BankDebitIsProcessing(t *testing.T) {
	g := play(t, exchange{request: "POST /v1/payment_intents/pi_1/confirm", answer: recorded(t, "intent_processing.json", nil)})
	intent, err := g.ConfirmIntent(t.Context(), confirmA1)
	if err != nil {
		t.Fatal(err)
	}
	if intent.Status != payment.IntentProcessing || !intent.Received.IsZero() || intent.Tender != (payment.Tender{}) {
		t.Errorf("intent = %+v, want one at work with nothing received", intent)
	}
}

// Sent again after a crash, a confirm has the same key and the same parameters.
func TestConfirmIntent_ReplaysWithTheSameKey(t *testing.T) {
	step := exchange{
		request: "POST /v1/payment_intents/pi_1/confirm", key: "a1",
		form: url.Values{
			"confirmation_token": {"ctoken_1"}, "use_stripe_sdk": {"true"},
			"return_url": {"https://shop.example.com/order/"}, "expand[0]": {"latest_charge"},
		},
		answer: recorded(t, "intent_succeeded.json", nil),
	}
	g := play(t, step, step)
	first, err := g.ConfirmIntent(t.Context(), confirmA1)
	if err != nil {
		t.Fatal(err)
	}
	second, err := g.ConfirmIntent(t.Context(), confirmA1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the replay differs:\n%s", diff)
	}
}

func TestConfirmIntent_KeyUsedForSomethingElseIsOurFault(t *testing.T) {
	g := play(t, exchange{request: "POST /v1/payment_intents/pi_1/confirm", status: http.StatusBadRequest, answer: recorded(t, "error_idempotency.json", nil)})
	_, err := g.ConfirmIntent(t.Context(), confirmA1)
	if err == nil || errs.From(err).Code != errs.Internal {
		t.Errorf("error = %v, want a plain one", err)
	}
}

func TestConfirmIntent_AlreadyPaidReturnsTheIntent(t *testing.T) {
	g := play(t,
		exchange{request: "POST /v1/payment_intents/pi_1/confirm", status: http.StatusBadRequest, answer: recorded(t, "error_unexpected_state.json", nil)},
		exchange{request: "GET /v1/payment_intents/pi_1", answer: recorded(t, "intent_succeeded.json", nil)},
	)
	intent, err := g.ConfirmIntent(t.Context(), confirmA1)
	if err != nil {
		t.Fatal(err)
	}
	if intent.Status != payment.IntentSucceeded || intent.Tender.Last4 != "4242" {
		t.Errorf("intent = %+v, want the paid one with its card", intent)
	}
}

// An open intent without a decline would look like a declined one to the caller.
func TestConfirmIntent_RefusedYetOpenIsUnavailable(t *testing.T) {
	g := play(t,
		exchange{request: "POST /v1/payment_intents/pi_1/confirm", status: http.StatusBadRequest, answer: recorded(t, "error_unexpected_state.json", nil)},
		exchange{request: "GET /v1/payment_intents/pi_1", answer: recorded(t, "intent_open.json", nil)},
	)
	_, err := g.ConfirmIntent(t.Context(), confirmA1)
	if !errs.Is(err, errs.Unavailable) {
		t.Fatalf("error = %v, want unavailable", err)
	}
	holdsNoSecret(t, "the error", err.Error())
}

func TestIntent_StatusThatIsNotOursIsAnError(t *testing.T) {
	g := play(t, exchange{request: "GET /v1/payment_intents/pi_1", answer: recorded(t, "intent_open.json", set{"status": "requires_capture"})})
	if intent, err := g.Intent(t.Context(), "pi_1"); err == nil {
		t.Errorf("intent = %+v, want an error", intent)
	}
}

func TestCancelIntent(t *testing.T) {
	refused := recorded(t, "error_unexpected_state.json", nil)
	canceled := recorded(t, "intent_open.json", set{"status": "canceled", "cancellation_reason": "abandoned"})
	cancel := func(key string, status int, answer string) exchange {
		return exchange{
			request: "POST /v1/payment_intents/pi_1/cancel", key: key, status: status, answer: answer,
			form: url.Values{"cancellation_reason": {"abandoned"}, "expand[0]": {"latest_charge"}},
		}
	}
	again := func(status int, answer string) exchange {
		e := cancel("", status, answer)
		e.notKey = "x1"
		return e
	}
	read := func(answer string) exchange {
		return exchange{request: "GET /v1/payment_intents/pi_1", answer: answer}
	}
	open := recorded(t, "intent_open.json", nil)
	tests := []struct {
		name  string
		steps []exchange
		want  payment.IntentStatus
		fails errs.Code
	}{
		{name: "canceled", steps: []exchange{cancel("x1", 200, canceled)}, want: payment.IntentCanceled},
		{name: "paid meanwhile", steps: []exchange{cancel("x1", 400, refused), read(recorded(t, "intent_succeeded.json", nil))}, want: payment.IntentSucceeded},
		{name: "bank at work", steps: []exchange{cancel("x1", 400, refused), read(recorded(t, "intent_processing.json", nil))}, want: payment.IntentProcessing},
		{name: "canceled before", steps: []exchange{cancel("x1", 400, refused), read(canceled)}, want: payment.IntentCanceled},
		{
			name:  "an old refusal is repeated for the key",
			steps: []exchange{cancel("x1", 400, refused), read(open), again(200, canceled)},
			want:  payment.IntentCanceled,
		},
		{
			name:  "still payable is never taken for canceled",
			steps: []exchange{cancel("x1", 400, refused), read(open), again(400, refused), read(open)},
			fails: errs.Unavailable,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			intent, err := play(t, tt.steps...).CancelIntent(t.Context(), "pi_1", "x1")
			if tt.fails != "" {
				if !errs.Is(err, tt.fails) {
					t.Errorf("error = %v, want %s", err, tt.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if intent.Status != tt.want {
				t.Errorf("status = %s, want %s", intent.Status, tt.want)
			}
		})
	}
}
