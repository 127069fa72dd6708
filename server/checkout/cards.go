package checkout

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
)

// maxCards is how many gift cards a checkout carries at most.
const maxCards = 10

// ApplyCard makes a checkout pay with the gift card of a code, as far as it
// goes. A code that is no card's, or a card that cannot pay for this, changes
// nothing and is errs.Invalid; whatever is wrong with a code that may be
// guessed, the words are the same. Applying a card again changes nothing. While
// an attempt is under way it is errs.Paying, after too many refusals
// errs.RateLimited.
func (s *Service) ApplyCard(ctx context.Context, publicID, token, code string, from netip.Addr) (*Found, error) {
	c, seeker, err := s.mayEnter(ctx, publicID, token, from)
	if err != nil {
		return nil, err
	}
	card, err := s.Store.GiftCardByHash(ctx, giftcard.HashOf(code), c.ID)
	if errs.Is(err, errs.NotFound) || err == nil && card.Status != giftcard.StatusActive {
		if err := s.Guard.Refused(ctx, seeker, 1); err != nil {
			return nil, err
		}
		return nil, ErrNoCard()
	}
	if err != nil {
		return nil, err
	}
	s.Guard.Accepted()
	if slices.Contains(c.Cards, card.ID) {
		return s.withQuote(ctx, c)
	}
	if len(c.Cards) >= maxCards {
		return nil, errs.Field(fieldCard, "At most %d gift cards can be used for one order.", maxCards)
	}
	with := *c
	with.Cards = append(slices.Clone(c.Cards), card.ID)
	quoted, err := s.quoteOf(ctx, &with, nil)
	if err != nil {
		return nil, err
	}
	if use := quoted.Quote.GiftCards[len(quoted.Quote.GiftCards)-1]; use.Amount.IsZero() {
		return nil, ErrCard(use.Problem)
	}
	return s.changeCodes(ctx, c, func(tx Tx, locked *Checkout) error { return tx.AddGiftCard(ctx, locked.ID, card.ID) })
}

const fieldCard = "gift_card"

// ErrNoCard is the answer to a code that is no card's.
func ErrNoCard() *errs.Error {
	return errs.Field(fieldCard, "There is no gift card with this code. Please check it and try again.")
}

// ErrCard says for its holder why a card pays nothing.
func ErrCard(problem string) *errs.Error {
	switch problem {
	case giftcard.ProblemEmpty:
		return errs.Field(fieldCard, "There is nothing left on this gift card.")
	case giftcard.ProblemExpired:
		return errs.Field(fieldCard, "This gift card has expired.")
	case giftcard.ProblemBlocked:
		return errs.Field(fieldCard, "This gift card cannot be used any more. Please contact us.")
	case giftcard.ProblemCurrency:
		return errs.Field(fieldCard, "This gift card is in another currency.")
	case giftcard.ProblemNotHere:
		return errs.Field(fieldCard, "This cannot be paid with a gift card.")
	case giftcard.ProblemTooSmall:
		return errs.Field(fieldCard, "What this gift card leaves is too little to be charged.")
	}
	return errs.Field(fieldCard, "Nothing is left to pay with this gift card.")
}

// RemoveCard takes a gift card off a checkout, by its public id. One that is not
// there changes nothing.
func (s *Service) RemoveCard(ctx context.Context, publicID, token, card string) (*Found, error) {
	c, err := s.owned(ctx, publicID, token)
	if err != nil {
		return nil, err
	}
	cards, err := s.Store.GiftCards(ctx, c.Cards, c.ID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(cards, func(g giftcard.Card) bool { return g.PublicID == card })
	if i < 0 {
		return s.withQuote(ctx, c)
	}
	return s.changeCodes(ctx, c, func(tx Tx, locked *Checkout) error { return tx.RemoveGiftCard(ctx, locked.ID, cards[i].ID) })
}

// checkGift checks what a buyer says of the gift cards of an offer; nil when it
// sells none.
func (s *Service) checkGift(o *catalog.Offer, g *giftcard.Gift) (*giftcard.Gift, error) {
	if g == nil || o.GiftItem() == nil {
		return nil, nil
	}
	checked, err := g.Check(s.Now().In(s.Zone()))
	if err != nil {
		return nil, fmt.Errorf("gift: %w", err)
	}
	if _, err := o.WithGiftAmount(checked.Amount); err != nil {
		return nil, err
	}
	return &checked, nil
}
