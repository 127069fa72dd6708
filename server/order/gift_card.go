package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/money"
)

// Cards makes gift cards. It asks nobody, so that a card can be made inside the
// transaction that sells it.
type Cards interface {
	Make(d giftcard.Draft) (c *giftcard.Card, code string, err error)
}

// UsesOf lists what cards pay of a quote, for a checkout, in the order in which
// every transaction takes them.
func UsesOf(cards []catalog.QuoteGiftCard, checkoutID int64) []giftcard.Use {
	uses := make([]giftcard.Use, 0, len(cards))
	for _, card := range cards {
		if !card.Amount.IsZero() {
			uses = append(uses, giftcard.Use{CardID: card.CardID, CheckoutID: checkoutID, Amount: card.Amount})
		}
	}
	slices.SortFunc(uses, func(a, b giftcard.Use) int { return cmp.Compare(a.CardID, b.CardID) })
	return uses
}

// spend takes off the cards what the checkout held for its order, and gives back
// what earlier attempts held.
func (s *Service) spend(ctx context.Context, tx Tx, p *Purchase, o *Order) error {
	uses := UsesOf(p.Attempt.Terms.GiftCards, p.CheckoutID)
	for _, use := range uses {
		err := tx.SpendGiftCard(ctx, use, o.ID)
		if _, isRefused := errors.AsType[*giftcard.RefusedError](err); isRefused {
			return errNothingLeft
		}
		if err != nil {
			return err
		}
	}
	return tx.ReleaseGiftCards(ctx, p.CheckoutID, uses)
}

// makeCards makes the gift cards that an order bought, each worth its price
// before discounts.
func (s *Service) makeCards(ctx context.Context, tx Tx, o *Order) error {
	if !slices.ContainsFunc(o.Terms.Items, func(i Item) bool { return i.GiftCard }) {
		return nil
	}
	settings, err := tx.GiftCardSettings(ctx)
	if err != nil {
		return err
	}
	for i := range o.Terms.Items {
		item := &o.Terms.Items[i]
		if !item.GiftCard || item.Unit.IsZero() { // a card of nothing is none
			continue
		}
		paid, err := item.Total.Split(slices.Repeat([]int64{1}, int(item.Quantity)))
		if err != nil {
			return fmt.Errorf("split %s: %w", item.ProductSlug, err)
		}
		for n, each := range paid {
			c, _, err := s.cards.Make(giftcard.Draft{
				Amount: item.Unit, Paid: each, Gift: o.gift(), Deliver: true, Settings: settings, Source: giftcard.SourceSale,
				Key: fmt.Sprintf("order:%d:%d:%d", o.ID, i, n), OrderID: o.ID,
			})
			if err != nil {
				return err
			}
			if err := tx.AddGiftCard(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// gift is what the buyer said of the cards, with the buyer as recipient where
// that names nobody.
func (o *Order) gift() giftcard.Gift {
	var g giftcard.Gift
	if o.Terms.Gift != nil {
		g = *o.Terms.Gift
	}
	if g.RecipientEmail == "" {
		g.RecipientEmail, g.DeliverOn = o.Buyer.Email, ""
	} else if g.Sender == "" {
		g.Sender = o.Buyer.Name()
	}
	return g
}

// takeBack brings what was taken back of the cards that an order bought in line
// with its refunds: money that is given back for a card is taken off it, and put
// on it again when the refund fails. What was spent cannot be taken back: it is
// returned.
func (s *Service) takeBack(ctx context.Context, tx Tx, o *Order, refunds []Refund) (money.Amount, error) {
	cards, err := tx.LockGiftCards(ctx, o.ID)
	if err != nil || len(cards) == 0 {
		return money.New(0, o.Terms.Total.Currency), err
	}
	off, spent, err := shares(o, cards, givenBack(refunds))
	if err != nil {
		return spent, err
	}
	for i := range cards {
		if off[i] == 0 {
			continue
		}
		err := tx.AddGiftCardEntry(ctx, giftcard.Entry{
			CardID: cards[i].ID, Kind: giftcard.EntryTakeBack, Amount: money.New(-off[i], cards[i].Currency), OrderID: o.ID,
		})
		if err != nil {
			return spent, err
		}
	}
	return spent, nil
}

// givenBack adds up all refunds of an order that did not fail, in minor units.
func givenBack(refunds []Refund) int64 {
	sum := int64(0)
	for _, r := range refunds {
		if r.Status != RefundFailed {
			sum += r.Amount.Minor
		}
	}
	return sum
}

// shares returns how much must be taken off each card that an order bought once
// so much of it is given back, and how much of that nothing can make good, since
// it was spent. What else the order bought is given back first. A card that was
// bought with a discount is worth more than it cost.
func shares(o *Order, cards []giftcard.Card, given int64) ([]int64, money.Amount, error) {
	missing := money.New(0, o.Terms.Total.Currency)
	paid := int64(0)
	for i := range cards {
		paid += cards[i].Paid.Minor
	}
	target := max(0, given-(o.Terms.Total.Minor-paid))
	off := make([]int64, len(cards))
	for i := range cards {
		c := &cards[i]
		share := min(target, c.Paid.Minor)
		if c.Paid.IsZero() {
			continue
		}
		worth, err := c.Issued.Share(share, c.Paid.Minor)
		if err != nil {
			return nil, missing, fmt.Errorf("gift card %d: %w", c.ID, err)
		}
		off[i] = worth.Minor - c.Taken.Minor
		spent := max(0, off[i]-c.Available().Minor)
		off[i] -= spent
		lost, err := c.Paid.Share(spent, c.Issued.Minor)
		if err != nil {
			return nil, missing, fmt.Errorf("gift card %d: %w", c.ID, err)
		}
		target -= share - lost.Minor
	}
	missing.Minor = target
	return off, missing, nil
}
