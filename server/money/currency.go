package money

import (
	"fmt"
	"slices"
	"strings"
)

// Currency is an ISO 4217 code in capitals. The zero value is no currency.
type Currency string

// ParseCurrency reads a code in any case. It fails for codes that are not in
// use for payments.
func ParseCurrency(code string) (Currency, error) {
	c := Currency(strings.ToUpper(strings.TrimSpace(code)))
	if !slices.Contains(known, c) {
		return "", fmt.Errorf("%q is not a currency code; write it like EUR or USD", code)
	}
	return c, nil
}

// Digits returns how many decimal digits ISO 4217 gives the currency; 2 where
// the table says nothing else. Our minor units follow it.
func (c Currency) Digits() int {
	switch c {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

// stripeDigits follows https://docs.stripe.com/currencies: ISK and UGX are sent
// with two decimals for historical reasons, MGA without any, and the
// three-decimal currencies with three.
func (c Currency) stripeDigits() int {
	switch c {
	case "ISK", "UGX":
		return 2
	case "MGA":
		return 0
	}
	return c.Digits()
}

// Stripe returns the amount in the units that Stripe counts in. It fails when
// the amount cannot be expressed there: Stripe wants three-decimal amounts to
// end in zero and two-decimal MGA as whole units.
func (a Amount) Stripe() (int64, error) {
	iso, stripe := a.Currency.Digits(), a.Currency.stripeDigits()
	switch {
	case iso == 3 && a.Minor%10 != 0:
		return 0, fmt.Errorf("%s %s cannot be charged through Stripe: it must end in 0", a.Major(), a.Currency)
	case stripe > iso:
		scaled, err := a.Times(pow10(stripe - iso))
		return scaled.Minor, err
	case stripe < iso:
		if a.Minor%pow10(iso-stripe) != 0 {
			return 0, fmt.Errorf("%s %s cannot be charged through Stripe: only whole units", a.Major(), a.Currency)
		}
		return a.Minor / pow10(iso-stripe), nil
	}
	return a.Minor, nil
}

// StripeUnits returns how many of Stripe's units one minor unit of ours is: 1,
// but 100 for ISK and UGX and 0.01 for MGA.
func StripeUnits(c Currency) float64 {
	return float64(pow10(c.stripeDigits())) / float64(pow10(c.Digits()))
}

// FromStripe returns the amount for a number of Stripe's units. Fractions that
// our minor units cannot hold are an error.
func FromStripe(units int64, currency Currency) (Amount, error) {
	iso, stripe := currency.Digits(), currency.stripeDigits()
	switch {
	case stripe > iso:
		if units%pow10(stripe-iso) != 0 {
			return Amount{}, fmt.Errorf("%d of Stripe's units is no whole amount of %s", units, currency)
		}
		return New(units/pow10(stripe-iso), currency), nil
	case stripe < iso:
		return New(units, currency).Times(pow10(iso - stripe))
	}
	return New(units, currency), nil
}

// StripeMinimum returns the least amount that Stripe charges in a currency, in
// our minor units, after https://docs.stripe.com/currencies. Where that page
// names none it returns the worth of about half a dollar in the loosest case:
// one minor unit, and Stripe decides.
func StripeMinimum(c Currency) Amount {
	minimum, ok := stripeMinimum[c]
	if !ok {
		minimum = 1
	}
	return New(minimum, c)
}

var stripeMinimum = map[Currency]int64{
	"USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50,
	"GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50,
	"PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000,
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// known are the currencies that a price may be in: those that Stripe settles.
var known = []Currency{
	"AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BRL",
	"BSD", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ETB", "EUR",
	"FJD", "FKP", "GBP", "GEL", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "ISK", "JMD", "JOD", "JPY",
	"KES", "KGS", "KHR", "KMF", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP",
	"MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG",
	"QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "STD", "SZL", "THB", "TJS", "TND", "TOP",
	"TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VND", "VUV", "WST", "XAF", "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW",
}
