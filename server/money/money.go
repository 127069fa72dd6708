// Package money holds amounts in integer minor units and the arithmetic on
// them. Its rounding rule is: half up for each line, and the largest remainder
// when an amount is spread over lines.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// ErrOverflow is returned when a result does not fit into 64 bits.
var ErrOverflow = errors.New("amount out of range")

// Amount is a number of minor units (cents) of a currency. The zero value is
// nothing in no currency.
type Amount struct {
	Minor    int64    `json:"amount"`
	Currency Currency `json:"currency"`
}

// New returns an amount of minor units.
func New(minor int64, currency Currency) Amount { return Amount{Minor: minor, Currency: currency} }

// IsZero reports whether nothing is due.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// Add returns a + b. It fails when the currencies differ or the sum overflows.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("add %s to %s: currencies differ", b.Currency, a.Currency)
	}
	sum := a.Minor + b.Minor
	if (sum > a.Minor) != (b.Minor > 0) && b.Minor != 0 {
		return Amount{}, ErrOverflow
	}
	return Amount{Minor: sum, Currency: a.Currency}, nil
}

// Sub returns a - b, which may be negative. Errors as Add.
func (a Amount) Sub(b Amount) (Amount, error) {
	if b.Minor == math.MinInt64 {
		return Amount{}, ErrOverflow
	}
	return a.Add(Amount{Minor: -b.Minor, Currency: b.Currency})
}

// Times returns n times a. It fails with ErrOverflow.
func (a Amount) Times(n int64) (Amount, error) {
	if n != 0 && a.Minor != 0 {
		product := a.Minor * n
		if product/n != a.Minor || (a.Minor == math.MinInt64 && n == -1) {
			return Amount{}, ErrOverflow
		}
		return Amount{Minor: product, Currency: a.Currency}, nil
	}
	return Amount{Currency: a.Currency}, nil
}

// Share returns a * part / whole, rounded half up (half away from zero for a
// negative amount). It fails with ErrOverflow; whole and part must not be
// negative and whole not zero.
func (a Amount) Share(part, whole int64) (Amount, error) {
	if part < 0 || whole <= 0 || a.Minor == math.MinInt64 {
		return Amount{}, ErrOverflow
	}
	magnitude, negative := a.Minor, a.Minor < 0
	if negative {
		magnitude = -magnitude
	}
	hi, lo := bits.Mul64(uint64(magnitude), uint64(part))
	if hi >= uint64(whole) {
		return Amount{}, ErrOverflow
	}
	quotient, remainder := bits.Div64(hi, lo, uint64(whole))
	if remainder >= uint64(whole)-remainder {
		quotient++
	}
	if quotient > math.MaxInt64 {
		return Amount{}, ErrOverflow
	}
	minor := int64(quotient)
	if negative {
		minor = -minor
	}
	return Amount{Minor: minor, Currency: a.Currency}, nil
}

// Split spreads a over weights by the largest remainder: the parts sum to a
// exactly, each within one minor unit of its share, and ties go to the earlier
// weight. With no weight above zero everything falls on the first part; without
// weights it returns none. Negative weights and amounts are refused.
func (a Amount) Split(weights []int64) ([]Amount, error) {
	parts := make([]Amount, len(weights))
	var sum uint64
	for i, w := range weights {
		parts[i].Currency = a.Currency
		if w < 0 || a.Minor < 0 {
			return nil, ErrOverflow
		}
		if sum += uint64(w); sum > math.MaxInt64 {
			return nil, ErrOverflow
		}
	}
	if len(weights) == 0 {
		return parts, nil
	}
	if sum == 0 {
		parts[0].Minor = a.Minor
		return parts, nil
	}
	left := a.Minor
	remainders := make([]uint64, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(a.Minor), uint64(w))
		quotient, remainder := bits.Div64(hi, lo, sum)
		parts[i].Minor, remainders[i] = int64(quotient), remainder
		left -= int64(quotient)
	}
	for ; left > 0; left-- {
		best := 0
		for i := range remainders {
			if remainders[i] > remainders[best] {
				best = i
			}
		}
		parts[best].Minor++
		remainders[best] = 0
	}
	return parts, nil
}

// Major returns the amount in major units with a decimal point and the
// currency's ISO 4217 digits, such as "49.00" or "4900" for yen: the form that
// trackers and files expect.
func (a Amount) Major() string {
	digits := a.Currency.Digits()
	text := strconv.FormatInt(a.Minor, 10)
	sign := ""
	if a.Minor < 0 {
		sign, text = "-", text[1:]
	}
	if digits == 0 {
		return sign + text
	}
	if len(text) <= digits {
		text = strings.Repeat("0", digits-len(text)+1) + text
	}
	return sign + text[:len(text)-digits] + "." + text[len(text)-digits:]
}

// ParseMajor reads an amount in major units, "49", "49.5" or "49.00". It
// refuses signs, other separators, and more digits than the currency has.
func ParseMajor(text string, currency Currency) (Amount, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	digits := currency.Digits()
	if whole == "" || len(fraction) > digits || (strings.Contains(text, ".") && fraction == "") {
		return Amount{}, fmt.Errorf("%q is not an amount in %s", text, currency)
	}
	padded := whole + fraction + strings.Repeat("0", digits-len(fraction))
	for _, r := range padded {
		if r < '0' || r > '9' {
			return Amount{}, fmt.Errorf("%q is not an amount in %s", text, currency)
		}
	}
	minor, err := strconv.ParseInt(padded, 10, 64)
	if err != nil {
		return Amount{}, fmt.Errorf("%q is not an amount in %s: %w", text, currency, ErrOverflow)
	}
	return Amount{Minor: minor, Currency: currency}, nil
}
