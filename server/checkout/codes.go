package checkout

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tillside/tillside/server/coupon"
)

// ErrCode says that a code does not apply to a checkout, with what the quote
// found. Its text is for the api, which words notices in one place.
type ErrCode struct{ Notice coupon.Notice }

// Error implements error.
func (e *ErrCode) Error() string { return "code not applied: " + string(e.Notice.Reason) }

// ApplyCode adds a code to a checkout. A code that does not apply changes
// nothing and is an *ErrCode; so is one beside which another coupon gives more.
// Applying a code again changes nothing. Codes that cannot stand beside the new
// one are taken off. While an attempt is under way it is errs.Paying.
//
// Too many refusals, from the address, in the checkout, or for its contact, are
// errs.RateLimited.
func (s *Service) ApplyCode(ctx context.Context, publicID, token, text string, from netip.Addr) (*Found, error) {
	c, seeker, err := s.mayEnter(ctx, publicID, token, from)
	if err != nil {
		return nil, err
	}
	with := *c
	with.Codes = append(slices.Clone(c.Codes), coupon.Wish{Text: text, Source: coupon.SourceTyped})
	quoted, err := s.quoteOf(ctx, &with, nil)
	if err != nil {
		return nil, err
	}
	if notice := quoted.NoticeOf(0, text); notice != nil {
		if n := coupon.RefusedIn([]coupon.Notice{*notice}); n > 0 {
			if err := s.Guard.Refused(ctx, seeker, n); err != nil {
				return nil, err
			}
		}
		return nil, &ErrCode{*notice}
	}
	s.Guard.Accepted()
	keep := keepCodes(quoted, with.Codes)
	return s.changeCodes(ctx, c, func(tx Tx, locked *Checkout) error {
		for _, wish := range locked.Codes {
			if !slices.ContainsFunc(keep, func(k coupon.Wish) bool { return k.CodeID == wish.CodeID }) {
				if err := tx.RemoveCode(ctx, locked.ID, wish.CodeID); err != nil {
					return err
				}
			}
		}
		return addCodes(ctx, tx, locked.ID, keep)
	})
}

// mayEnter returns a checkout whose buyer may enter a code of any kind now.
func (s *Service) mayEnter(ctx context.Context, publicID, token string, from netip.Addr) (*Checkout, coupon.Seeker, error) {
	c, err := s.owned(ctx, publicID, token)
	if err != nil {
		return nil, coupon.Seeker{}, err
	}
	seeker := coupon.Seeker{Address: from, Session: c.PublicID, ContactID: c.ContactID}
	if err := c.mayChange(c.Version); err != nil {
		return nil, seeker, err
	}
	return c, seeker, s.Guard.Allow(ctx, seeker)
}

// RemoveCode takes a code off a checkout. One that is not there changes
// nothing. A coupon that applies by itself cannot be taken off.
func (s *Service) RemoveCode(ctx context.Context, publicID, token, text string) (*Found, error) {
	c, err := s.owned(ctx, publicID, token)
	if err != nil {
		return nil, err
	}
	quoted, err := s.quoteOf(ctx, c, nil)
	if err != nil {
		return nil, err
	}
	id := int64(0)
	for _, applied := range quoted.Quote.Coupons {
		if coupon.Normalize(applied.Code) == coupon.Normalize(text) {
			id = applied.CodeID
		}
	}
	if notice := quoted.NoticeOf(0, text); id == 0 && notice != nil {
		id = notice.CodeID
	}
	if !slices.ContainsFunc(c.Codes, func(w coupon.Wish) bool { return w.CodeID == id }) {
		return s.withQuote(ctx, c)
	}
	return s.changeCodes(ctx, c, func(tx Tx, locked *Checkout) error { return tx.RemoveCode(ctx, locked.ID, id) })
}

// changeCodes changes a checkout's codes in a transaction.
func (s *Service) changeCodes(ctx context.Context, c *Checkout, do func(Tx, *Checkout) error) (*Found, error) {
	err := s.Store.InTx(ctx, func(tx Tx) error {
		locked, err := tx.LockCheckout(ctx, c.PublicID)
		if err != nil {
			return err
		}
		if err := locked.mayChange(locked.Version); err != nil {
			return err
		}
		if err := do(tx, locked); err != nil {
			return err
		}
		locked.Version++
		locked.Status, locked.UpdatedAt = StatusOpen, s.Now()
		return tx.UpdateCheckout(ctx, locked)
	})
	if err != nil {
		return nil, fmt.Errorf("codes of checkout %d: %w", c.ID, err)
	}
	changed, err := s.Store.CheckoutByID(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	return s.withQuote(ctx, changed)
}

// keepCodes returns the codes that a checkout keeps of those it was quoted with:
// what applies, and what may yet: once it is known who buys, or later.
func keepCodes(q *coupon.Quoted, wishes []coupon.Wish) []coupon.Wish {
	sources := map[string]coupon.Source{}
	byID := map[int64]coupon.Source{}
	for _, w := range wishes {
		sources[coupon.Normalize(w.Text)] = w.Source
		byID[w.CodeID] = w.Source
	}
	source := func(id int64, code string) coupon.Source {
		if s, ok := byID[id]; ok {
			return s
		}
		return sources[coupon.Normalize(code)]
	}
	var keep []coupon.Wish
	for _, applied := range q.Quote.Coupons {
		if !applied.Auto {
			keep = append(keep, coupon.Wish{CodeID: applied.CodeID, Source: source(applied.CodeID, applied.Code)})
		}
	}
	for _, n := range q.Notices {
		if n.CodeID != 0 && (n.Reason == coupon.ReasonPerson || n.Reason == coupon.ReasonNotYet) {
			keep = append(keep, coupon.Wish{CodeID: n.CodeID, Source: source(n.CodeID, n.Code)})
		}
	}
	return keep
}

func addCodes(ctx context.Context, tx Tx, checkoutID int64, codes []coupon.Wish) error {
	for _, w := range codes {
		if err := tx.AddCode(ctx, checkoutID, w.CodeID, w.Source); err != nil {
			return err
		}
	}
	return nil
}

// asRefused returns the code whose reservation was refused, if that is what err
// says.
func asRefused(err error) (*coupon.RefusedError, bool) {
	e, ok := errors.AsType[*coupon.RefusedError](err)
	return e, ok
}
