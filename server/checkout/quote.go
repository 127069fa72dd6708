package checkout

import (
	"context"
	"fmt"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/order"
)

// Coupons is what a checkout needs of coupons.
type Coupons interface {
	// Quote computes what an offer costs with the best of some codes.
	Quote(ctx context.Context, r coupon.QuoteRequest) (*coupon.Quoted, error)
}

// Guard is what a checkout needs against the guessing of codes.
type Guard interface {
	Allow(ctx context.Context, s coupon.Seeker) error
	Refused(ctx context.Context, s coupon.Seeker, n int) error
	Accepted()
}

// refused are codes whose reservation was refused a moment ago, and why.
type refused map[int64]coupon.Reason

// quoteOf returns what a checkout costs now; errs.Gone when its offer, or the
// one that a coupon led to, is not open.
func (s *Service) quoteOf(ctx context.Context, c *Checkout, without refused) (*coupon.Quoted, error) {
	offer, err := s.Offers.OfferByID(ctx, c.OfferID)
	if err != nil {
		return nil, fmt.Errorf("offer of checkout %d: %w", c.ID, err)
	}
	if c.Gift != nil {
		if offer, err = offer.WithGiftAmount(c.Gift.Amount); err != nil {
			return nil, err
		}
	}
	quoted, err := s.quote(ctx, coupon.QuoteRequest{
		Offer: offer, Wishes: c.Codes, Person: c.person(), CheckoutID: c.ID, Refused: without,
	})
	if err != nil || len(c.Cards) == 0 {
		return quoted, err
	}
	cards, err := s.Store.GiftCards(ctx, c.Cards, c.ID)
	if err != nil {
		return nil, err
	}
	quoted.Quote, err = giftcard.Pay(quoted.Offer, quoted.Quote, cards, s.Minimum(quoted.Quote.Currency), s.Now())
	return quoted, err
}

func (s *Service) quote(ctx context.Context, r coupon.QuoteRequest) (*coupon.Quoted, error) {
	if len(r.Offer.Items) == 0 {
		return nil, errs.New(errs.Conflict, "This offer has nothing to sell yet.")
	}
	quoted, err := s.Coupons.Quote(ctx, r)
	if err != nil {
		return nil, err
	}
	switch quoted.Offer.State(s.Now()) {
	case catalog.StateOpen:
		return quoted, nil
	case catalog.StateNotYet:
		return nil, errs.New(errs.Gone, "This offer is not open yet.")
	}
	return nil, errs.New(errs.Gone, "This offer has closed.")
}

// person is who buys, as coupons see it.
func (c *Checkout) person() coupon.Person {
	return coupon.Person{Email: c.Buyer.Email, ContactID: c.ContactID, UserID: c.UserID, LinkContactID: c.LinkContactID}
}

// uses lists what a quote takes from limits, in the order in which every
// transaction takes them.
func (c *Checkout) uses(q *coupon.Quoted) []coupon.Use {
	uses := make([]coupon.Use, len(q.Quote.Coupons))
	for i, applied := range q.Quote.Coupons {
		uses[i] = coupon.UseOf(applied)
		uses[i].CheckoutID, uses[i].ContactID, uses[i].OfferID = c.ID, c.ContactID, q.Offer.ID
		uses[i].UserID, uses[i].Email = c.UserID, c.Buyer.Email
	}
	coupon.SortUses(uses)
	return uses
}

// reserve takes what a quote needs from limits, for a checkout that is locked:
// a seat of the offer, a use of each coupon, and what gift cards pay. What an earlier quote reserved
// and this one does not need is given back, unless somebody could still pay for
// it. Nothing is left of a limit: *coupon.RefusedError, *giftcard.RefusedError, or
// errs.Gone for seats.
func (s *Service) reserve(ctx context.Context, tx Tx, c *Checkout, a *Attempt, q *coupon.Quoted) error {
	if c.Intent.ID == "" || c.fits(a) {
		if err := s.releaseOthers(ctx, tx, c.ID, a); err != nil {
			return err
		}
	}
	if q.Offer.Seats > 0 {
		taken, err := tx.ReserveSeat(ctx, q.Offer.ID, q.Offer.Seats, c.ID)
		if err != nil {
			return err
		}
		if !taken {
			return errSoldOut()
		}
	}
	for _, use := range c.uses(q) {
		if err := tx.ReserveCoupon(ctx, use); err != nil {
			return err
		}
	}
	for _, use := range order.UsesOf(a.Terms.GiftCards, c.ID) {
		if err := tx.HoldGiftCard(ctx, use); err != nil {
			return err
		}
	}
	return nil
}

// fits reports whether the checkout's intent may be used for an attempt.
func (c *Checkout) fits(a *Attempt) bool {
	return c.Intent.Amount == a.Amount && c.Intent.Account == a.Account
}

// releaseOthers gives back what a checkout holds and an attempt does not need.
func (s *Service) releaseOthers(ctx context.Context, tx Tx, checkoutID int64, a *Attempt) error {
	keep := make([]int64, len(a.Terms.Coupons))
	for i, applied := range a.Terms.Coupons {
		keep[i] = applied.CodeID
	}
	if err := tx.ReleaseCoupons(ctx, checkoutID, keep); err != nil {
		return err
	}
	if err := tx.ReleaseGiftCards(ctx, checkoutID, order.UsesOf(a.Terms.GiftCards, checkoutID)); err != nil {
		return err
	}
	if a.Terms.Seats == 0 {
		return tx.ReleaseSeat(ctx, checkoutID)
	}
	return nil
}

// releaseAll gives back all that a checkout holds: its intent has ended.
func (s *Service) releaseAll(ctx context.Context, tx Tx, checkoutID int64) error {
	return s.releaseOthers(ctx, tx, checkoutID, &Attempt{})
}
