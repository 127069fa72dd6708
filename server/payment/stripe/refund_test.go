package stripe_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
)

func TestRefund_FullAndPartial(t *testing.T) {
	for name, amount := range map[string]money.Amount{"full": euros49, "partial": money.New(1200, "EUR")} {
		t.Run(name, func(t *testing.T) {
			units, err := json.Marshal(amount.Minor)
			if err != nil {
				t.Fatal(err)
			}
			g := play(t, exchange{
				request: "POST /v1/refunds", key: "r1",
				form: url.Values{
					"payment_intent": {"pi_1"}, "amount": {string(units)}, "reason": {"requested_by_customer"}, "metadata[refund_id]": {"r1"},
				},
				answer: recorded(t, "refund.json", set{"amount": amount.Minor}),
			})
			refund, err := g.Refund(t.Context(), payment.RefundRequest{IdempotencyKey: "r1", IntentID: "pi_1", Amount: amount, RefundID: "r1"})
			if err != nil {
				t.Fatal(err)
			}
			want := &payment.Refund{
				ID: "re_1", IntentID: "pi_1", RefundID: "r1", Amount: amount,
				Status: payment.RefundSucceeded, Created: time.Unix(1760000100, 0).UTC(),
			}
			if diff := cmp.Diff(want, refund); diff != "" {
				t.Errorf("refund (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefund_Refused(t *testing.T) {
	tests := []struct {
		name, answer string
		status       int
		want         errs.Code
		text         string
	}{
		{
			name: "more than was paid", status: 400, answer: recorded(t, "error_refund_too_large.json", nil), want: errs.Conflict,
			text: "Stripe refused the refund: Refund amount (€60.00) is greater than unrefunded amount on charge (€49.00)",
		},
		{
			name: "refunded before", status: 400, want: errs.Conflict, text: "This payment has already been refunded in full.",
			answer: `{"error":{"code":"charge_already_refunded","message":"Charge ch_1 has already been refunded.","type":"invalid_request_error"}}`,
		},
		{
			name: "disputed", status: 400, want: errs.Conflict, text: "do not refund it as well",
			answer: `{"error":{"code":"charge_disputed","message":"Charge ch_1 has been charged back; cannot issue a refund.","type":"invalid_request_error"}}`,
		},
		{name: "no such intent", status: 404, answer: recorded(t, "error_resource_missing.json", nil), want: errs.NotFound},
		{name: "key used for something else", status: 400, answer: recorded(t, "error_idempotency.json", nil), want: errs.Internal},
		{
			name: "our mistake", status: 400, want: errs.Internal,
			answer: `{"error":{"code":"parameter_unknown","message":"Received unknown parameter: amout","param":"amout","type":"invalid_request_error"}}`,
		},
		{name: "no rights", status: 403, want: errs.Internal, answer: `{"error":{"message":"The provided key does not have the required permissions","type":"invalid_request_error"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := play(t, exchange{request: "POST /v1/refunds", status: tt.status, answer: tt.answer})
			_, err := g.Refund(t.Context(), payment.RefundRequest{IdempotencyKey: "r1", IntentID: "pi_1", Amount: money.New(6000, "EUR"), RefundID: "r1"})
			if err == nil {
				t.Fatal("refunded")
			}
			holdsNoSecret(t, "the error", err.Error())
			if e := errs.From(err); e.Code != tt.want || !strings.Contains(e.Message(), tt.text) {
				t.Errorf("error = %v, want %s with %q", err, tt.want, tt.text)
			}
		})
	}
}

// Refunds made in the dashboard have no id of ours; the list spans pages.
func TestRefunds_ListsAllOldestFirst(t *testing.T) {
	g := play(t,
		exchange{
			request: "GET /v1/refunds", form: url.Values{"payment_intent": {"pi_1"}, "limit": {"100"}},
			answer: list(true, recorded(t, "refund_dashboard.json", set{"id": "re_3", "status": "canceled"}), recorded(t, "refund_dashboard.json", nil)),
		},
		exchange{
			request: "GET /v1/refunds", form: url.Values{"payment_intent": {"pi_1"}, "limit": {"100"}, "starting_after": {"re_2"}},
			answer: list(false, recorded(t, "refund.json", set{"amount": 1200})),
		},
	)
	refunds, err := g.Refunds(t.Context(), "pi_1")
	if err != nil {
		t.Fatal(err)
	}
	want := []payment.Refund{
		{ID: "re_1", IntentID: "pi_1", RefundID: "r1", Amount: money.New(1200, "EUR"), Status: payment.RefundSucceeded, Created: time.Unix(1760000100, 0).UTC()},
		{ID: "re_2", IntentID: "pi_1", Amount: money.New(900, "EUR"), Status: payment.RefundPending, Created: time.Unix(1760000200, 0).UTC()},
		{ID: "re_3", IntentID: "pi_1", Amount: money.New(900, "EUR"), Status: payment.RefundFailed, Created: time.Unix(1760000200, 0).UTC()},
	}
	if diff := cmp.Diff(want, refunds); diff != "" {
		t.Errorf("refunds (-want +got):\n%s", diff)
	}
}

func TestRefunds_FailureOnALaterPageIsAnError(t *testing.T) {
	steps := []exchange{{request: "GET /v1/refunds", answer: list(true, recorded(t, "refund.json", nil))}}
	for range 3 {
		steps = append(steps, exchange{request: "GET /v1/refunds", status: http.StatusInternalServerError, answer: `{"error":{"type":"api_error","message":"x"}}`})
	}
	if refunds, err := play(t, steps...).Refunds(t.Context(), "pi_1"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("refunds = %v, error = %v, want unavailable", refunds, err)
	}
}
