package checkout

import (
	"context"
	"fmt"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/order"
)

func errSoldOut() error { return errs.New(errs.Gone, "This offer is sold out.") }

// SoldOut reports whether all seats of an offer are sold, or held by buyers who
// are paying; never for an offer without a number of seats.
func (s *Service) SoldOut(ctx context.Context, o *catalog.Offer) (bool, error) {
	if o.Seats == 0 {
		return false, nil
	}
	return s.Store.SeatsFull(ctx, o.ID, o.Seats)
}

// JoinWaitList puts somebody on the wait list of an offer that has seats. Asking twice
// changes nothing but that they will be told again.
func (s *Service) JoinWaitList(ctx context.Context, o *catalog.Offer, email, firstName string) error {
	if o.Seats == 0 {
		return errs.New(errs.Conflict, "This offer has no wait list.")
	}
	email, err := contact.CheckEmail(email)
	if err != nil {
		return err
	}
	if firstName, err = contact.CheckName("first_name", firstName); err != nil {
		return err
	}
	buyer := order.Buyer{Email: email, FirstName: firstName}
	err = s.Store.InTx(ctx, func(tx Tx) error {
		person, err := tx.UpsertContact(ctx, newContact(buyer, s.Now()))
		if err != nil {
			return err
		}
		return tx.AddWaiting(ctx, o.ID, person.ID)
	})
	if err != nil {
		return fmt.Errorf("wait for offer %s: %w", o.Slug, err)
	}
	return nil
}
