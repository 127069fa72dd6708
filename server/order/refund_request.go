package order

import (
	"context"
	"fmt"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/money"
)

// RefundRequest asks for money to be given back.
type RefundRequest struct {
	OrderID int64
	Amount  *money.Amount // nil: all that is left
	Reason  string        // the shop's own note, cut to 255 characters
}

const maxReason = 255

func clip(note string) string {
	if runes := []rune(note); len(runes) > maxReason {
		return string(runes[:maxReason])
	}
	return note
}

// RequestRefund writes a refund down: what goes back to a gift card is done with
// that, what goes back as money has a job that sends it. An order that was paid
// with both is refunded to the card first or last, as the owner chose, and the
// parts are refunds of their own. It locks the order, so that two refunds at
// once cannot give back more than came in: that is errs.Conflict, and so is an
// order for which nothing was paid, and one that bought a gift card which was
// spent; without an amount what is left of the card is given back.
func (s *Service) RequestRefund(ctx context.Context, r RefundRequest) ([]Refund, error) {
	var parts []Refund
	err := s.store.InTx(ctx, func(tx Tx) error {
		parts = nil
		o, err := tx.LockOrder(ctx, r.OrderID)
		if err != nil {
			return err
		}
		known, err := tx.Refunds(ctx, o.ID)
		if err != nil {
			return err
		}
		tenders, err := s.tenders(ctx, tx, o, known)
		if err != nil {
			return err
		}
		amount, err := s.refundable(ctx, tx, o, known, tenders, r.Amount)
		if err != nil {
			return err
		}
		parts = s.split(o, tenders, amount, clip(r.Reason))
		return s.writeRefunds(ctx, tx, o, known, parts)
	})
	if err != nil && len(parts) > 0 && s.areWritten(ctx, parts) {
		return parts, nil
	}
	if err != nil {
		return nil, fmt.Errorf("refund order %d: %w", r.OrderID, err)
	}
	return parts, nil
}

// tender is what an order was paid with, and what of that can be given back.
type tender struct {
	paymentID int64
	cardID    int64
	left      int64 // minor units
}

// tenders lists what an order was paid with, in the order in which refunds go
// back to it.
func (s *Service) tenders(ctx context.Context, tx Tx, o *Order, known []Refund) ([]tender, error) {
	var all []tender
	for _, card := range o.Terms.GiftCards {
		all = append(all, tender{cardID: card.CardID, left: card.Amount.Minor})
	}
	if len(o.Payments) > 0 {
		paid := tender{paymentID: o.Payments[0].ID, left: o.Payments[0].Amount.Minor}
		settings, err := tx.GiftCardSettings(ctx)
		if err != nil {
			return nil, err
		}
		if settings.Refund == giftcard.RefundCardLast {
			all = append([]tender{paid}, all...)
		} else {
			all = append(all, paid)
		}
	}
	for i := range all {
		for _, r := range known {
			if r.Status != RefundFailed && r.PaymentID == all[i].paymentID && r.CardID == all[i].cardID {
				all[i].left -= r.Amount.Minor
			}
		}
	}
	return all, nil
}

// refundable returns how much is given back: what was asked for, if that can be,
// else all that can.
func (s *Service) refundable(ctx context.Context, tx Tx, o *Order, known []Refund, tenders []tender, asked *money.Amount) (money.Amount, error) {
	left := money.New(0, o.Terms.Total.Currency)
	for _, t := range tenders {
		left.Minor += t.left
	}
	amount := left
	if asked != nil {
		amount = *asked
	}
	switch {
	case len(tenders) == 0:
		return amount, errs.New(errs.Conflict, "Nothing was paid for order %s, so nothing can be refunded.", o.NumberText())
	case amount.Currency != left.Currency:
		return amount, errs.Field("amount", "The order was paid in %s.", string(left.Currency))
	case amount.Minor <= 0 && asked != nil:
		return amount, errs.Field("amount", "The amount must be above zero.")
	case left.Minor <= 0:
		return amount, errs.New(errs.Conflict, "Order %s is refunded already.", o.NumberText())
	case amount.Minor > left.Minor:
		return amount, errs.New(errs.Conflict, "Only %s %s of order %s can still be refunded.", left.Major(), string(left.Currency), o.NumberText())
	}
	cards, err := tx.LockGiftCards(ctx, o.ID)
	if err != nil || len(cards) == 0 {
		return amount, err
	}
	_, spent, err := shares(o, cards, givenBack(known)+amount.Minor)
	if err != nil || spent.IsZero() {
		return amount, err
	}
	amount.Minor -= spent.Minor
	switch {
	case amount.Minor <= 0:
		return amount, errs.New(errs.Conflict, "The gift card of order %s was spent, so nothing can be refunded.", o.NumberText())
	case asked != nil:
		return amount, errs.New(errs.Conflict, "Only %s %s of order %s can be refunded: the rest of its gift card was spent.",
			amount.Major(), string(amount.Currency), o.NumberText())
	}
	return amount, nil
}

// split spreads an amount over what an order was paid with.
func (s *Service) split(o *Order, tenders []tender, amount money.Amount, reason string) []Refund {
	var parts []Refund
	for _, t := range tenders {
		part := min(amount.Minor, t.left)
		if part <= 0 {
			continue
		}
		amount.Minor -= part
		status := RefundRequested
		if t.cardID != 0 {
			status = RefundSucceeded
		}
		parts = append(parts, Refund{
			PublicID: newPublicID(), OrderID: o.ID, PaymentID: t.paymentID, CardID: t.cardID, Amount: money.New(part, amount.Currency),
			Status: status, Source: RefundByUs, Reason: reason, CreatedAt: s.now(),
		})
	}
	return parts
}

// writeRefunds stores the parts of a refund and what follows from them.
func (s *Service) writeRefunds(ctx context.Context, tx Tx, o *Order, known, parts []Refund) error {
	onCards := false
	for i := range parts {
		part := &parts[i]
		if err := tx.AddRefund(ctx, part); err != nil {
			return err
		}
		if part.CardID != 0 {
			onCards = true
			err := tx.AddGiftCardEntry(ctx, giftcard.Entry{
				CardID: part.CardID, Kind: giftcard.EntryRefund, Amount: part.Amount, OrderID: o.ID, Key: "refund:" + part.PublicID,
				Note: part.Reason,
			})
			if err != nil {
				return err
			}
			continue
		}
		err := tx.Enqueue(ctx, job.New{
			Kind: JobSendRefund, Priority: job.PriorityNormal, RunAt: s.now(),
			Payload: RefundJob{part.ID}, UniqueKey: "refund:" + part.PublicID,
		})
		if err != nil {
			return err
		}
	}
	if onCards { // done: the order says so at once
		return s.recount(ctx, tx, o)
	}
	_, err := s.takeBack(ctx, tx, o, append(known, parts...))
	return err
}

// areWritten looks whether refunds are there whose commit got no answer: whoever
// is told that it failed asks for a second one. They are written together.
func (s *Service) areWritten(ctx context.Context, parts []Refund) bool {
	known, err := s.store.Refunds(ctx, parts[0].OrderID)
	if err != nil {
		return false
	}
	written := 0
	for i := range parts {
		for j := range known {
			if known[j].PublicID == parts[i].PublicID {
				parts[i] = known[j]
				written++
			}
		}
	}
	return written == len(parts)
}
