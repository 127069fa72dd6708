package order

import (
	"context"
	"errors"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
)

// errNothingLeft says that what a paid checkout had reserved was given back and
// taken by others since.
var errNothingLeft = errors.New("what was reserved is gone")

// commit makes what the checkout reserved uses of its order: the seat, then the
// coupons, then the gift cards, in the order in which every transaction takes them. Reservations of
// earlier attempts are given back. It is errNothingLeft when one was released
// meanwhile and nothing is left: then the transaction must not commit.
func (s *Service) commit(ctx context.Context, tx Tx, p *Purchase, o *Order) error {
	terms := &p.Attempt.Terms
	if terms.Seats == 0 {
		if err := tx.ReleaseSeat(ctx, p.CheckoutID); err != nil {
			return err
		}
	} else {
		taken, err := tx.CommitSeat(ctx, terms.OfferID, terms.Seats, p.CheckoutID, o.ID)
		if err != nil {
			return err
		}
		if !taken {
			return errNothingLeft
		}
	}
	uses, codes := make([]coupon.Use, len(terms.Coupons)), make([]int64, len(terms.Coupons))
	for i, applied := range terms.Coupons {
		uses[i], codes[i] = coupon.UseOf(applied), applied.CodeID
		uses[i].CheckoutID, uses[i].ContactID, uses[i].OfferID = p.CheckoutID, p.ContactID, terms.OfferID
		uses[i].UserID, uses[i].Email = p.UserID, p.Buyer.Email
	}
	coupon.SortUses(uses)
	for _, use := range uses {
		err := tx.CommitCoupon(ctx, use, o.ID)
		if _, isRefused := errors.AsType[*coupon.RefusedError](err); isRefused {
			return errNothingLeft
		}
		if err != nil {
			return err
		}
	}
	if err := tx.ReleaseCoupons(ctx, p.CheckoutID, codes); err != nil {
		return err
	}
	if err := s.spend(ctx, tx, p, o); err != nil {
		return err
	}
	for _, applied := range terms.Coupons {
		if applied.Tag == "" {
			continue
		}
		if err := tx.AddTag(ctx, p.ContactID, applied.Tag, "coupon "+applied.Code); err != nil {
			return err
		}
	}
	return nil
}

// nothingLeft keeps money in quarantine whose checkout lost what it had
// reserved; without money nothing happens. The error is errs.Conflict.
func (s *Service) nothingLeft(ctx context.Context, r Settlement) error {
	refused := errs.New(errs.Conflict, "This offer, its coupon or its gift card was used up meanwhile. Please contact us.")
	if r.Paid == nil {
		return refused
	}
	err := s.store.InTx(ctx, func(tx Tx) error {
		p, err := tx.LockPurchase(ctx, r.CheckoutID, r.Paid.IntentID)
		if err != nil {
			return err
		}
		return s.quarantine(ctx, tx, p, *r.Paid, ReasonUsedUp, "a seat, a coupon or a gift card of the order went to others meanwhile")
	})
	if err != nil {
		return err
	}
	return refused
}

// returnUses gives back the uses of the coupons that say so, once an order is
// refunded whole.
func (s *Service) returnUses(ctx context.Context, tx Tx, o *Order) error {
	var codes []int64
	for _, applied := range o.Terms.Coupons {
		if applied.ReturnOnRefund {
			codes = append(codes, applied.CodeID)
		}
	}
	if len(codes) == 0 {
		return nil
	}
	return tx.ReturnCoupons(ctx, o.ID, codes)
}
