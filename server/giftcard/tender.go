package giftcard

import (
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/money"
)

// The reasons why a card that a checkout carries pays nothing.
const (
	ProblemEmpty    = "empty"
	ProblemExpired  = "expired"
	ProblemBlocked  = "blocked"
	ProblemCurrency = "currency"
	ProblemNotHere  = "not_here" // what is bought cannot be paid with gift cards
	ProblemTooSmall = "too_small"
)

// Pay returns the quote with the cards paying as much of it as they can, each in
// turn, in the order in which the checkout took them on. minimum is the least
// that the payment provider charges: what the cards leave is never between zero
// and that. Cards that pay nothing stay in the quote with the reason. It is
// pure.
func Pay(o *catalog.Offer, q catalog.Quote, cards []Card, minimum money.Amount, now time.Time) (catalog.Quote, error) {
	if len(cards) == 0 {
		return q, nil
	}
	payable := payable(o, q)
	left := payable
	uses := make([]catalog.QuoteGiftCard, len(cards))
	for i := range cards {
		c := &cards[i]
		uses[i] = catalog.QuoteGiftCard{
			CardID: c.ID, PublicID: c.PublicID, Mask: c.Mask, Amount: money.New(0, q.Currency), Left: c.Available(),
			Problem: c.problem(q.Currency, payable, now),
		}
		if uses[i].Problem == "" {
			uses[i].Amount.Minor = min(left, c.Available().Minor)
			left -= uses[i].Amount.Minor
		}
	}
	leaveMinimum(q, uses, minimum)
	for i := range uses {
		uses[i].Left.Minor -= uses[i].Amount.Minor
	}
	return q.PaidWith(uses)
}

// problem says why a card cannot pay; "" when it can.
func (c *Card) problem(currency money.Currency, payable int64, now time.Time) string {
	switch {
	case c.Status != StatusActive:
		return ProblemBlocked
	case c.HasExpired(now):
		return ProblemExpired
	case c.Currency != currency:
		return ProblemCurrency
	case c.Available().IsZero():
		return ProblemEmpty
	case payable == 0:
		return ProblemNotHere
	}
	return ""
}

// payable returns how much of a quote cards may pay, in minor units: a card
// buys no card, unless its product says so.
func payable(o *catalog.Offer, q catalog.Quote) int64 {
	sum := int64(0)
	for i := range q.Lines {
		if g := o.Items[i].Product.GiftCard; g == nil || g.GiftCards {
			sum += q.Lines[i].Total.Minor
		}
	}
	return min(sum, q.Total.Minor)
}

// leaveMinimum lowers what cards pay, the last one first, so that what is left
// to charge can be charged. Where that cannot be, they pay nothing.
func leaveMinimum(q catalog.Quote, uses []catalog.QuoteGiftCard, minimum money.Amount) {
	paid := int64(0)
	for _, use := range uses {
		paid += use.Amount.Minor
	}
	due := q.Total.Minor - paid
	if due <= 0 || due >= minimum.Minor || paid == 0 {
		return
	}
	lack := min(minimum.Minor-due, paid)
	for i := len(uses) - 1; i >= 0 && lack > 0; i-- {
		less := min(lack, uses[i].Amount.Minor)
		uses[i].Amount.Minor -= less
		lack -= less
		if uses[i].Amount.IsZero() && uses[i].Problem == "" {
			uses[i].Problem = ProblemTooSmall
		}
	}
}
