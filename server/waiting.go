package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

const waitingBatch = 200

// tellWaiting writes to those who wait for a seat, the longest first, as many as
// there are free seats now. A mail that was sent is sent once, so that this may
// run again after a crash.
func (s *Shop) tellWaiting(ctx context.Context, _ job.Job) error {
	waiting, err := s.db.Waiting(ctx, 0, waitingBatch)
	if err != nil || len(waiting) == 0 {
		return err
	}
	free := map[int64]int{}
	offers := map[int64]*catalog.Offer{}
	var failed []error
	for _, w := range waiting {
		if _, known := free[w.OfferID]; !known {
			if offers[w.OfferID], free[w.OfferID], err = s.freeSeats(ctx, w.OfferID); err != nil {
				return err
			}
		}
		if free[w.OfferID] <= 0 {
			continue
		}
		free[w.OfferID]--
		page, err := s.offerPage(ctx, offers[w.OfferID].Slug)
		if err != nil {
			return err
		}
		if err := s.mailer.SeatFree(ctx, w, offers[w.OfferID], page); err != nil {
			failed = append(failed, fmt.Errorf("wait list entry %d: %w", w.ID, err))
			continue
		}
		if err := s.db.ToldWaiting(ctx, w.ID); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

// freeSeats returns an offer and how many of its seats can be bought now.
func (s *Shop) freeSeats(ctx context.Context, offerID int64) (*catalog.Offer, int, error) {
	offer, err := s.Catalog.OfferByID(ctx, offerID)
	if err != nil || offer.State(s.now()) != catalog.StateOpen {
		return offer, 0, err
	}
	taken, err := s.db.SeatsTaken(ctx, offerID)
	return offer, offer.Seats - taken, err
}

// WaitingDetails is somebody on a wait list.
type WaitingDetails struct {
	Email     string    `json:"email"`
	FirstName string    `json:"first_name"`
	Since     time.Time `json:"since"`
}

// FindWaiting lists who waits for a seat of an offer and was not told yet, the
// longest first.
func (s *Shop) FindWaiting(ctx context.Context, slug string) ([]WaitingDetails, error) {
	offer, err := s.Catalog.Offer(ctx, slug)
	if err != nil {
		return nil, errs.New(errs.NotFound, "There is no offer %q.", slug)
	}
	waiting, err := s.db.Waiting(ctx, offer.ID, 10_000)
	if err != nil {
		return nil, err
	}
	list := make([]WaitingDetails, len(waiting))
	for i, w := range waiting {
		list[i] = WaitingDetails{Email: w.Email, FirstName: w.FirstName, Since: w.CreatedAt}
	}
	return list, nil
}
