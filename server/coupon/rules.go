package coupon

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tillside/tillside/server/money"
)

// Rules are what a coupon does and when it may be used. The same JSON is
// stored, written by owners, and shown to them. An empty part sets no condition.
type Rules struct {
	Discount Discount `json:"discount"`
	Scope    Scope    `json:"scope,omitzero"`
	Who      Who      `json:"who,omitzero"`
	When     When     `json:"when,omitzero"`
	Limits   Limits   `json:"limits,omitzero"`
	Stacking Stacking `json:"stacking,omitzero"`
	// AutoApply uses the coupon without a code wherever it holds.
	AutoApply bool `json:"auto_apply,omitempty"`
	// BuyerTag is given to whoever bought with it.
	BuyerTag string `json:"buyer_tag,omitempty"`
	// ReturnOnRefund gives the use back when the order is refunded whole.
	ReturnOnRefund bool `json:"return_on_refund,omitempty"`
}

// DiscountKind is what a coupon does.
type DiscountKind string

// The kinds of discounts.
const (
	DiscountPercent DiscountKind = "percent" // Percent of what is in scope, at most Amounts
	DiscountAmount  DiscountKind = "amount"  // Amounts off what is in scope
	DiscountPrice   DiscountKind = "price"   // what is in scope costs Amounts, all of it together
	DiscountTrial   DiscountKind = "trial"   // recurring prices begin with TrialDays for nothing, or with so many more
	DiscountSwitch  DiscountKind = "switch"  // the form sells Offer instead
)

// Discount is what a coupon does to a quote.
type Discount struct {
	Kind    DiscountKind `json:"kind"`
	Percent Percent      `json:"percent,omitzero"`
	// Amounts has one amount for each currency: of the discount, of the price,
	// or the most that a percentage takes off.
	Amounts Amounts `json:"amounts,omitempty"`
	// TrialDays is the length of a free trial; with Extend it comes on top of
	// the trial that the price has.
	TrialDays int    `json:"trial_days,omitempty"`
	Extend    bool   `json:"extend,omitempty"`
	Offer     string `json:"offer,omitempty"` // slug
	// Charges is how many charges of a recurring price are lowered: 0 all of
	// them, 1 the first, N the first N.
	Charges int `json:"charges,omitempty"`
}

// Part is one-time or recurring.
type Part string

// The parts of a quote that a coupon may lower; "" is both.
const (
	PartBoth      Part = ""
	PartOneTime   Part = "one_time"
	PartRecurring Part = "recurring"
)

// Scope says what a coupon lowers. A line is in scope when the lists of offers,
// products and prices that are not empty all name it, and no list of exceptions
// does.
type Scope struct {
	Offers      []string         `json:"offers,omitempty"` // slugs, like all of these
	Products    []string         `json:"products,omitempty"`
	Prices      []string         `json:"prices,omitempty"`
	NotOffers   []string         `json:"not_offers,omitempty"`
	NotProducts []string         `json:"not_products,omitempty"`
	NotPrices   []string         `json:"not_prices,omitempty"`
	Minimum     Amounts          `json:"minimum,omitempty"` // of the whole quote's subtotal
	Maximum     Amounts          `json:"maximum,omitempty"`
	Part        Part             `json:"part,omitempty"`
	Currencies  []money.Currency `json:"currencies,omitempty"`
	// GiftCards lets the coupon lower the price of gift cards, too.
	GiftCards bool `json:"gift_cards,omitempty"`
}

// Who says who may use a coupon. Tags, roles and the first purchase are looked
// up only for a person who is known: by a session, or by a link that is bound
// to the e-mail address; never for an address that was typed.
type Who struct {
	FirstPurchase bool     `json:"first_purchase,omitempty"`
	Emails        []string `json:"emails,omitempty"` // addresses; @example.com for a domain, * for any characters
	Tags          []string `json:"tags,omitempty"`   // has one of them
	NotTags       []string `json:"not_tags,omitempty"`
	Roles         []string `json:"roles,omitempty"` // has one of them
}

// When says from when until when. StartsAt and EndsAt are times on the clock of
// TimeZone, "2026-05-01 00:00"; from the second in which EndsAt begins the
// coupon cannot be used.
type When struct {
	StartsAt string `json:"starts_at,omitempty"`
	EndsAt   string `json:"ends_at,omitempty"`
	TimeZone string `json:"timezone,omitempty"` // IANA; UTC when empty
	// AfterHours and WithinHours count from the contact's first checkout of
	// the offer: usable from so many hours after it, until so many.
	AfterHours  int `json:"after_hours,omitempty"`
	WithinHours int `json:"within_hours,omitempty"`
}

// Limits are how often a coupon may be used; 0 is without limit.
type Limits struct {
	Uses      int `json:"uses,omitempty"`       // in all, over all codes
	PerOffer  int `json:"per_offer,omitempty"`  // for each offer
	PerPerson int `json:"per_person,omitempty"` // by each person: WordPress user, or e-mail address
	PerCode   int `json:"per_code,omitempty"`   // of each code; generated ones: 1 unless it says otherwise
	// OneMailbox counts addresses that the big mail hosts deliver to one
	// mailbox as one: a.b+c@gmail.com is ab@gmail.com.
	OneMailbox bool `json:"one_mailbox,omitempty"`
}

// Stacking says which coupons may lower one quote together. Without it a coupon
// stands alone.
type Stacking struct {
	Combinable bool `json:"combinable,omitempty"`
	// With names the only coupons, by slug, that it combines with; empty: all
	// that are combinable.
	With []string `json:"with,omitempty"`
	// Priority orders coupons that combine: the higher one first. Percentages
	// of later ones are of what is left.
	Priority int `json:"priority,omitempty"`
}

// Percent is a share in hundredths of a percent, 1 to 10,000: 12.5 % is 1250.
// In JSON it is the text "12.5".
type Percent int

// ParsePercent reads "12.5", at most two decimals, above 0 and at most 100.
func ParsePercent(text string) (Percent, error) {
	whole, fraction, hasFraction := strings.Cut(strings.TrimSuffix(strings.TrimSpace(text), "%"), ".")
	whole = strings.TrimSpace(whole)
	fraction = strings.TrimSpace(fraction)
	bad := fmt.Errorf("%q is not a percentage; write it like 20 or 12.5", text)
	if len(fraction) > 2 || hasFraction && fraction == "" || strings.ContainsAny(whole+fraction, "+-") {
		return 0, bad
	}
	n, err := strconv.Atoi(whole + fraction + strings.Repeat("0", 2-len(fraction)))
	if err != nil || n < 1 || n > 10000 {
		return 0, bad
	}
	return Percent(n), nil
}

// String returns "12.5".
func (p Percent) String() string {
	text := strconv.Itoa(int(p)/100) + "." + fmt.Sprintf("%02d", int(p)%100)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// MarshalJSON implements json.Marshaler.
func (p Percent) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// UnmarshalJSON implements json.Unmarshaler. It takes numbers, too.
func (p *Percent) UnmarshalJSON(raw []byte) error {
	var err error
	*p, err = ParsePercent(strings.Trim(string(raw), `"`))
	return err
}

// Amounts is a list of amounts, one for each currency. In JSON they are texts,
// "10.00 EUR".
type Amounts []money.Amount

// In returns the amount in a currency; false when there is none.
func (a Amounts) In(c money.Currency) (money.Amount, bool) {
	for _, amount := range a {
		if amount.Currency == c {
			return amount, true
		}
	}
	return money.Amount{}, false
}

// ParseAmount reads "10.00 EUR".
func ParseAmount(text string) (money.Amount, error) {
	number, code, ok := strings.Cut(strings.TrimSpace(text), " ")
	if !ok {
		return money.Amount{}, fmt.Errorf("%q is not an amount; write it like 10.00 EUR", text)
	}
	currency, err := money.ParseCurrency(code)
	if err != nil {
		return money.Amount{}, err
	}
	return money.ParseMajor(number, currency)
}

// MarshalJSON implements json.Marshaler.
func (a Amounts) MarshalJSON() ([]byte, error) {
	texts := make([]string, len(a))
	for i, amount := range a {
		texts[i] = amount.Major() + " " + string(amount.Currency)
	}
	return json.Marshal(texts)
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Amounts) UnmarshalJSON(raw []byte) error {
	var texts []string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return err
	}
	*a = nil
	for _, text := range texts {
		amount, err := ParseAmount(text)
		if err != nil {
			return err
		}
		*a = append(*a, amount)
	}
	return nil
}
