package stripe_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tillside/tillside/server/payment"
	"github.com/tillside/tillside/server/payment/stripe"
)

// jsonRaw puts a piece of JSON into a recorded answer.
func jsonRaw(text string) json.RawMessage { return json.RawMessage(text) }

func TestConfirmIntent_DeclineIsAnAnswer(t *testing.T) {
	g := play(t, exchange{request: "POST /v1/payment_intents/pi_1/confirm", status: http.StatusPaymentRequired, answer: recorded(t, "error_card_declined.json", nil)})
	intent, err := g.ConfirmIntent(t.Context(), confirmA1)
	if err != nil {
		t.Fatal(err)
	}
	want := payment.Decline{
		Code: "insufficient_funds",
		Text: "There is not enough money on the card or account. Please try another card or another way to pay.",
	}
	if intent.Status != payment.IntentOpen || intent.Decline == nil || *intent.Decline != want {
		t.Errorf("status = %s, decline = %+v, want an open intent with %+v", intent.Status, intent.Decline, want)
	}
}

func TestDecline_TextsAreSafeForTheBuyer(t *testing.T) {
	const general = "The payment was declined. Please try another card or another way to pay."
	tests := []struct {
		name, code, decline string
		wantCode, wantText  string
	}{
		{name: "lost card", code: "card_declined", decline: "lost_card", wantCode: "lost_card", wantText: general},
		{name: "stolen card", code: "card_declined", decline: "stolen_card", wantCode: "stolen_card", wantText: general},
		{name: "fraud, whatever the broader code", code: "incorrect_cvc", decline: "fraudulent", wantCode: "fraudulent", wantText: general},
		{name: "no reason", code: "card_declined", decline: "generic_decline", wantCode: "generic_decline", wantText: general},
		{name: "unknown reason", code: "card_declined", decline: "moon_phase", wantCode: "moon_phase", wantText: general},
		{name: "nothing said", wantCode: "declined", wantText: general},
		{name: "expired", code: "expired_card", wantCode: "expired_card", wantText: "The card has expired. Please check the date or try another card."},
		{name: "wrong cvc", code: "incorrect_cvc", wantCode: "incorrect_cvc", wantText: "The security code of the card is wrong. Please check it and try again."},
		{name: "wrong cvc, generic reason", code: "incorrect_cvc", decline: "generic_decline", wantCode: "generic_decline", wantText: "The security code of the card is wrong. Please check it and try again."},
		{name: "wrong number", code: "incorrect_number", wantCode: "incorrect_number", wantText: "The card number is wrong. Please check it and try again."},
		{name: "processing error", code: "processing_error", wantCode: "processing_error", wantText: "Something went wrong while the bank processed the payment. Please try again in a moment."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, err := json.Marshal(map[string]any{"error": map[string]any{"type": "card_error", "code": tt.code, "decline_code": tt.decline, "message": "x"}})
			if err != nil {
				t.Fatal(err)
			}
			g := play(t,
				exchange{request: "POST /v1/payment_intents/pi_1/confirm", status: http.StatusPaymentRequired, answer: string(body)},
				exchange{request: "GET /v1/payment_intents/pi_1", answer: recorded(t, "intent_open.json", nil)},
			)
			intent, err := g.ConfirmIntent(t.Context(), confirmA1)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := *intent.Decline, (payment.Decline{Code: tt.wantCode, Text: tt.wantText}); got != want {
				t.Errorf("decline = %+v, want %+v", got, want)
			}
			if !slices.Contains(stripe.DeclineTexts(), intent.Decline.Text) {
				t.Errorf("%q is not in the catalogue", intent.Decline.Text)
			}
		})
	}
}

func TestDeclineTexts_NameNoCrime(t *testing.T) {
	seen := map[string]bool{}
	for _, text := range stripe.DeclineTexts() {
		if seen[text] {
			t.Errorf("%q is listed twice", text)
		}
		seen[text] = true
		for _, word := range []string{"lost", "stolen", "fraud", "suspect", "block", "pick"} {
			if strings.Contains(strings.ToLower(text), word) {
				t.Errorf("%q tells a thief %q", text, word)
			}
		}
	}
}

// What the buyer's browser sent may be used up, expired or made up: the buyer
// enters the card again.
func TestConfirmIntent_BadTokenIsADecline(t *testing.T) {
	tests := []struct {
		name   string
		status int
		fault  string
	}{
		{name: "made up", status: 404, fault: `{"code":"resource_missing","message":"No such confirmationtoken: 'ctoken_1'","param":"confirmation_token","type":"invalid_request_error"}`},
		{name: "used", status: 400, fault: `{"message":"The ConfirmationToken ctoken_1 was already used.","param":"confirmation_token","type":"invalid_request_error"}`},
		{name: "used, by code", status: 400, fault: `{"code":"token_already_used","message":"x","type":"invalid_request_error"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := play(t,
				exchange{request: "POST /v1/payment_intents/pi_1/confirm", status: tt.status, answer: `{"error":` + tt.fault + `}`},
				exchange{request: "GET /v1/payment_intents/pi_1", answer: recorded(t, "intent_open.json", nil)},
			)
			intent, err := g.ConfirmIntent(t.Context(), confirmA1)
			if err != nil {
				t.Fatal(err)
			}
			if intent.Decline == nil || intent.Decline.Text != "Please enter your payment details again." {
				t.Errorf("decline = %+v, want to be asked again", intent.Decline)
			}
		})
	}
}

// Two tabs: the card of one was declined after the other had paid.
func TestConfirmIntent_DeclineOfAPaidIntentIsThePayment(t *testing.T) {
	const declined = `{"error":{"type":"card_error","code":"card_declined","message":"x"}}`
	g := play(t,
		exchange{request: "POST /v1/payment_intents/pi_1/confirm", status: http.StatusPaymentRequired, answer: declined},
		exchange{request: "GET /v1/payment_intents/pi_1", answer: recorded(t, "intent_succeeded.json", nil)},
	)
	intent, err := g.ConfirmIntent(t.Context(), confirmA1)
	if err != nil {
		t.Fatal(err)
	}
	if intent.Status != payment.IntentSucceeded || intent.Decline != nil {
		t.Errorf("intent = %+v, want the paid one", intent)
	}
}
