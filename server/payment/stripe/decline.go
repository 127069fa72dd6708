package stripe

import (
	"net/http"
	"slices"
	"strings"

	stripego "github.com/stripe/stripe-go/v76"

	"github.com/tillside/tillside/server/payment"
)

// reason groups codes of Stripe's under the sentence that a buyer reads.
type reason struct {
	Text  string
	Codes []string
}

// reasons are what a buyer is told. Codes that are not here, those of lost and
// stolen cards and of suspected fraud among them, get the general sentence: the
// one who holds a stolen card must not learn why it failed.
// https://docs.stripe.com/declines/codes
var reasons = []reason{
	{
		Text:  "There is not enough money on the card or account. Please try another card or another way to pay.",
		Codes: []string{"insufficient_funds", "withdrawal_count_limit_exceeded", "card_velocity_exceeded"},
	},
	{
		Text:  "The card has expired. Please check the date or try another card.",
		Codes: []string{"expired_card", "invalid_expiry_month", "invalid_expiry_year"},
	},
	{
		Text:  "The security code of the card is wrong. Please check it and try again.",
		Codes: []string{"incorrect_cvc", "invalid_cvc"},
	},
	{
		Text:  "The card number is wrong. Please check it and try again.",
		Codes: []string{"incorrect_number", "invalid_number"},
	},
	{
		Text:  "The postal code does not match the card. Please check it and try again.",
		Codes: []string{"incorrect_zip", "incorrect_address"},
	},
	{
		Text: "Something went wrong while the bank processed the payment. Please try again in a moment.",
		Codes: []string{
			"processing_error", "try_again_later", "issuer_not_available", "reenter_transaction", "approve_with_id",
			"payment_method_provider_timeout",
		},
	},
	{
		Text: "The bank could not confirm that it is you. Please try again or use another way to pay.",
		Codes: []string{
			"authentication_required", "payment_intent_authentication_failure", "authentication_not_handled",
			"payment_intent_payment_attempt_expired", "payment_method_customer_decline",
		},
	},
	{
		Text: "This card cannot be used for this payment. Please try another card or another way to pay.",
		Codes: []string{
			"card_not_supported", "currency_not_supported", "invalid_card_type", "transaction_not_allowed", "service_not_allowed",
			"payment_intent_incompatible_payment_method", "payment_method_not_available", "payment_method_currency_mismatch",
			"payment_method_unsupported_type", "payment_method_unactivated",
		},
	},
	{
		Text: "The bank did not carry out the debit. Please check the account or use another way to pay.",
		Codes: []string{
			"debit_not_authorized", "bank_account_restricted", "bank_account_unusable", "bank_account_declined", "account_closed",
			"no_account", "sepa_unsupported_account", "payment_method_bank_account_blocked", "payment_intent_payment_attempt_failed",
			"billing_invalid_mandate", "payment_intent_mandate_invalid", "refer_to_customer",
		},
	},
	{
		Text:  "This shop is in test mode: only test cards work.",
		Codes: []string{"testmode_decline", "test_mode_live_card"},
	},
	{
		Text:  "Please enter your payment details again.",
		Codes: []string{"confirmation_token", "token_already_used", "token_in_use", "payment_method_billing_details_address_missing"},
	},
}

// general is told when nothing better may be.
var general = reason{Text: "The payment was declined. Please try another card or another way to pay."}

// DeclineTexts returns every sentence that a Decline of this gateway can carry,
// the keys of their translations.
func DeclineTexts() []string {
	texts := []string{general.Text}
	for _, r := range reasons {
		texts = append(texts, r.Text)
	}
	return texts
}

// declineFor returns the decline for Stripe's codes, the closest first.
func declineFor(codes ...string) *payment.Decline {
	codes = slices.DeleteFunc(codes, func(code string) bool { return code == "" })
	for _, code := range codes {
		for _, r := range reasons {
			if slices.Contains(r.Codes, code) {
				return &payment.Decline{Code: codes[0], Text: r.Text}
			}
		}
		if secretive(code) {
			break
		}
	}
	if len(codes) == 0 {
		codes = []string{"declined"}
	}
	return &payment.Decline{Code: codes[0], Text: general.Text}
}

// secretive tells the decline codes whose broader code must not be looked at
// either.
func secretive(code string) bool {
	return slices.Contains([]string{
		"lost_card", "stolen_card", "fraudulent", "pickup_card", "merchant_blacklist", "restricted_card", "security_violation",
	}, code)
}

// declineOf returns why a payment failed, from an error of Stripe's or from an
// intent's last_payment_error, which has the same shape.
func declineOf(e *stripego.Error) *payment.Decline {
	if aboutToken(e) {
		return declineFor("confirmation_token", string(e.Code))
	}
	return declineFor(string(e.DeclineCode), string(e.Code))
}

// aboutToken tells that the browser's token is used up, expired, unknown or for
// something else: the buyer enters the card again.
func aboutToken(e *stripego.Error) bool {
	return e.HTTPStatusCode < http.StatusInternalServerError && strings.HasPrefix(e.Param, "confirmation_token")
}

// isDecline tells a bank's or a buyer's no, which is an answer, from a failure.
func isDecline(e *stripego.Error) bool {
	switch e.HTTPStatusCode {
	case http.StatusPaymentRequired:
		return true
	case http.StatusBadRequest, http.StatusNotFound:
		return e.Type == stripego.ErrorTypeCard || aboutToken(e) || slices.ContainsFunc(reasons, func(r reason) bool {
			return slices.Contains(r.Codes, string(e.Code)) || slices.Contains(r.Codes, string(e.DeclineCode))
		})
	}
	return false
}
