package giftcard

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tillside/tillside/server/errs"
)

// law says how soon the value of a gift card may be forfeited.
type law struct {
	months  int  // after the issue, at least
	yearEnd bool // and then until that year ends
	never   bool // it may not be forfeited
}

// laws are those countries whose law names a least time, or forbids expiry. A
// country that is not here gets cards that do not expire: what its courts allow
// is no number that a shop system should guess.
var laws = map[string]law{
	// ABGB § 1478: thirty years; OGH 7 Ob 22/12d held two years to be unfair.
	"AT": {months: 360},
	// Australian Consumer Law s 99B: three years from the supply.
	"AU": {months: 36},
	// Consumer protection acts of most provinces, such as Ontario Regulation 17/05 s 25.3.
	"CA": {never: true},
	// BGB §§ 195, 199: three years from the end of the year of the purchase.
	"DE": {months: 36, yearEnd: true},
	// Consumer Protection (Gift Vouchers) Act 2019: five years.
	"IE": {months: 60},
	// Fair Trading (Gift Card Expiry) Amendment Act 2024: three years.
	"NZ": {months: 36},
	// 15 U.S.C. § 1693l-1(c): five years. States add to it: California Civil
	// Code § 1749.5 forbids it, so that owners there leave expiry off.
	"US": {months: 60},
}

// RefundOrder says what a refund of an order that was paid with cards and money
// goes back to first.
type RefundOrder string

// The orders.
const (
	RefundCardFirst RefundOrder = "card_first" // the default: no card turns into money
	RefundCardLast  RefundOrder = "card_last"
)

// Settings are the owner's choices. The zero value is how a new shop behaves:
// cards do not expire, and refunds go to the card first.
type Settings struct {
	ExpiryCountry string      `json:"expiry_country,omitempty"` // ISO 3166-1 alpha-2; "": cards do not expire
	ExpiryMonths  int         `json:"expiry_months,omitempty"`  // 0: as soon as the law allows
	Refund        RefundOrder `json:"refund,omitempty"`         // "": RefundCardFirst
}

// SetRefund sets what a refund goes back to first; Check looks at it.
func (s *Settings) SetRefund(order string) { s.Refund = RefundOrder(order) }

const maxExpiryMonths = 600

// Check returns the settings as they are stored, or an Invalid error.
func (s Settings) Check() (Settings, error) {
	s.Refund = cmp.Or(s.Refund, RefundCardFirst)
	if s.Refund != RefundCardFirst && s.Refund != RefundCardLast {
		return s, errs.Field("refund", "Refunds go to the card first or last: card_first or card_last.")
	}
	if s.ExpiryCountry == "" {
		if s.ExpiryMonths != 0 {
			return s, errs.Field("expiry_country", "Say whose law counts: the country from which you sell.")
		}
		return s, nil
	}
	l, known := laws[s.ExpiryCountry]
	switch {
	case known && l.never:
		return s, errs.Field("expiry_country", "The law of %s does not let gift cards expire.", s.ExpiryCountry)
	case !known:
		return s, errs.Field("expiry_country", "We know no least time for %s, so that gift cards do not expire there. Known are %s.",
			s.ExpiryCountry, strings.Join(slices.Sorted(maps.Keys(Laws())), ", "))
	case s.ExpiryMonths == 0:
		s.ExpiryMonths = l.months
	case s.ExpiryMonths < l.months:
		return s, errs.Field("expiry_months", "In %s gift cards must be good for at least %d months.", s.ExpiryCountry, l.months)
	case s.ExpiryMonths > maxExpiryMonths:
		return s, errs.Field("expiry_months", "At most %d months.", maxExpiryMonths)
	}
	return s, nil
}

// expiresAt returns when a card that is made at a moment, on the site's clock,
// ends; nil when it never does.
func (s Settings) expiresAt(now time.Time) *time.Time {
	l, known := laws[s.ExpiryCountry]
	if !known || l.never {
		return nil
	}
	end := endOfMonths(now, max(s.ExpiryMonths, l.months))
	if l.yearEnd {
		end = time.Date(end.Add(-time.Second).Year()+1, 1, 1, 0, 0, 0, 0, now.Location())
	}
	return &end
}

// endOfMonths returns the end of the day so many months later; of a month that
// has no such day, the end of its last one.
func endOfMonths(now time.Time, months int) time.Time {
	first := time.Date(now.Year(), now.Month()+time.Month(months), 1, 0, 0, 0, 0, now.Location())
	last := first.AddDate(0, 1, -1).Day()
	return time.Date(first.Year(), first.Month(), min(now.Day(), last)+1, 0, 0, 0, 0, now.Location())
}

// Laws returns the least months of each country in which a time can be set.
func Laws() map[string]int {
	least := map[string]int{}
	for country, l := range laws {
		if !l.never {
			least[country] = l.months
		}
	}
	return least
}
