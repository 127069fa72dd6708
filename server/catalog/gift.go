package catalog

import (
	"slices"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
)

// GiftItem returns the first of the offer's items that is a gift card, or nil.
func (o *Offer) GiftItem() *OfferItem {
	for i := range o.Items {
		if o.Items[i].Product.GiftCard != nil {
			return &o.Items[i]
		}
	}
	return nil
}

// WithGiftAmount returns the offer with the amount that its buyer chose for its
// gift cards, in minor units; 0 leaves them at their price. An amount outside of
// the owner's bounds, or for an offer that lets nobody choose, is errs.Invalid.
func (o *Offer) WithGiftAmount(minor int64) (*Offer, error) {
	const field = "gift.amount"
	if minor == 0 {
		return o, nil
	}
	with, chosen := *o, false
	with.Items = slices.Clone(o.Items)
	for i := range with.Items {
		item := &with.Items[i]
		g := item.Product.GiftCard
		if g == nil || !g.Chosen {
			continue
		}
		switch {
		case g.Minimum.Currency != o.Currency:
			return nil, errs.Field(field, "The amount of this gift card cannot be chosen.")
		case minor < g.Minimum.Minor || minor > g.Maximum.Minor:
			return nil, errs.Field(field, "Choose an amount between %s and %s %s.", g.Minimum.Major(), g.Maximum.Major(), string(o.Currency))
		}
		amount := money.New(minor, o.Currency)
		item.UnitAmount, chosen = &amount, true
	}
	if !chosen {
		return nil, errs.Field(field, "The amount of this gift card cannot be chosen.")
	}
	return &with, nil
}

// MaxGiftCard is the most that a card may be worth, in minor units.
const MaxGiftCard = 10_000_000

// giftItem looks at an item that is a gift card: what it is worth must be right
// before somebody has paid for it.
func (c *checker) giftItem(o *Offer, item *OfferItem) {
	g, unit := item.Product.GiftCard, item.Unit()
	switch {
	case g == nil:
	case unit.Minor <= 0:
		c.add(kindOffer, o.Slug, "items", "a gift card that costs nothing would be worth nothing")
	case unit.Minor > MaxGiftCard, g.Chosen && g.Maximum.Minor > MaxGiftCard:
		c.add(kindOffer, o.Slug, "items", "a gift card may be worth at most %s %s", money.New(MaxGiftCard, unit.Currency).Major(), unit.Currency)
	case g.Chosen && g.Minimum.Currency != unit.Currency:
		c.add(kindOffer, o.Slug, "items", "the price of the gift card %s is in %s, its bounds are in %s", item.Product.Slug, unit.Currency, g.Minimum.Currency)
	case g.Chosen && (unit.Minor < g.Minimum.Minor || unit.Minor > g.Maximum.Minor):
		c.add(kindOffer, o.Slug, "items", "the price of the gift card %s, which the form suggests, is not between its minimum and its maximum", item.Product.Slug)
	}
}
