package stripe

import (
	"strings"
)

// decline is why a bank refuses a card.
type decline struct {
	code, declineCode, message string
}

// testCard is how one of Stripe's published test numbers behaves. A number
// that is not in the list is declined, as a real card is in test mode.
type testCard struct {
	number   string
	country  string
	funding  string
	decline  *decline
	auth     authRule
	attaches bool // can be saved although it is declined when charged
	disputed bool // the buyer's bank takes the payment back
	refund   string
}

// authRule is when the bank asks for 3-D Secure.
type authRule int

const (
	authNever      authRule = iota
	authUnlessSet           // always while the buyer is there, and else until set up
	authOffNever            // while the buyer is there only
	authAlways              // even off session
	authThenRefuse          // asks, and declines afterwards
)

var (
	genericDecline = &decline{"card_declined", "generic_decline", "Your card was declined."}
	notATestCard   = &decline{"card_declined", "test_mode_live_card", "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test cards, visit: https://stripe.com/docs/testing."}
	needsAuth      = &decline{"authentication_required", "authentication_required", "Your card was declined. This transaction requires authentication."}
)

// testCards are the numbers of https://docs.stripe.com/testing that the
// sandbox knows.
var testCards = []testCard{
	{number: "4242424242424242"},
	{number: "4000056655665556", funding: "debit"},
	{number: "5555555555554444"},
	{number: "2223003122003222"},
	{number: "5200828282828210", funding: "debit"},
	{number: "5105105105105100", funding: "prepaid"},
	{number: "378282246310005"},
	{number: "371449635398431"},
	{number: "6011111111111117"},
	{number: "3056930009020004"},
	{number: "3566002020360505"},
	{number: "6200000000000005"},
	{number: "4000002760000016", country: "DE"},
	{number: "4000000400000008", country: "AT"},
	{number: "4000007560000009", country: "CH"},
	{number: "4000002500000003", country: "FR"},
	{number: "4000008260000000", country: "GB"},
	{number: "4000005280000002", country: "NL"},

	{number: "4000000000000002", decline: genericDecline},
	{number: "4000000000009995", decline: &decline{"card_declined", "insufficient_funds", "Your card has insufficient funds."}},
	{number: "4000000000009987", decline: &decline{"card_declined", "lost_card", "Your card was declined."}},
	{number: "4000000000009979", decline: &decline{"card_declined", "stolen_card", "Your card was declined."}},
	{number: "4100000000000019", decline: &decline{"card_declined", "fraudulent", "Your card was declined."}},
	{number: "4000000000000069", decline: &decline{"expired_card", "expired_card", "Your card has expired."}},
	{number: "4000000000000127", decline: &decline{"incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."}},
	{number: "4000000000000119", decline: &decline{"processing_error", "processing_error", "An error occurred while processing your card. Try again in a little bit."}},
	{number: "4000000000006975", decline: &decline{"card_declined", "card_velocity_exceeded", "Your card was declined for making repeated attempts too frequently or exceeding its amount limit."}},
	{number: "4000000000000341", decline: genericDecline, attaches: true},

	{number: "4000002500003155", country: "FR", auth: authUnlessSet},
	{number: "4000003800000446", country: "IT", auth: authOffNever},
	{number: "4000002760003184", country: "DE", auth: authAlways},
	{number: "4000000000003220", auth: authAlways},
	{number: "4000000000003063", auth: authAlways},
	{number: "4000008400001629", auth: authThenRefuse, decline: genericDecline},
	{number: "4000008260003178", country: "GB", auth: authUnlessSet, decline: &decline{"card_declined", "insufficient_funds", "Your card has insufficient funds."}},

	{number: "4000000000000259", disputed: true},
	{number: "4000000000007726", refund: refundLater},
	{number: "4000000000005126", refund: refundFails},
}

// namedCards are the payment methods that Stripe has ready in test mode.
var namedCards = map[string]string{
	"pm_card_visa":                          "4242424242424242",
	"pm_card_visa_debit":                    "4000056655665556",
	"pm_card_mastercard":                    "5555555555554444",
	"pm_card_amex":                          "378282246310005",
	"pm_card_de":                            "4000002760000016",
	"pm_card_chargeDeclined":                "4000000000000002",
	"pm_card_visa_chargeDeclined":           "4000000000000002",
	"pm_card_chargeCustomerFail":            "4000000000000341",
	"pm_card_authenticationRequired":        "4000002760003184",
	"pm_card_authenticationRequiredOnSetup": "4000002500003155",
	"pm_card_createDispute":                 "4000000000000259",
}

// cardOf returns how a number behaves.
func cardOf(number string) testCard {
	for _, card := range testCards {
		if card.number == number {
			return card
		}
	}
	return testCard{number: number, decline: notATestCard}
}

// brandOf reads the brand from the first digits.
func brandOf(number string) string {
	brands := []struct{ prefix, brand string }{
		{"4", "visa"}, {"34", "amex"}, {"37", "amex"}, {"5", "mastercard"}, {"2", "mastercard"}, {"6011", "discover"},
		{"65", "discover"}, {"62", "unionpay"}, {"35", "jcb"}, {"30", "diners"}, {"36", "diners"}, {"38", "diners"},
	}
	for _, b := range brands {
		if strings.HasPrefix(number, b.prefix) {
			return b.brand
		}
	}
	return "unknown"
}

// luhn tells whether the check digit of a card number is right.
func luhn(number string) bool {
	if len(number) < 12 || len(number) > 19 || !isDigits(number) {
		return false
	}
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
