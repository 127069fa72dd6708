package mysql

import (
	"context"
	"fmt"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/job"
)

// AddCode implements checkout.Tx.
func (t checkoutTx) AddCode(ctx context.Context, checkoutID, codeID int64, source coupon.Source) error {
	const query = `
		INSERT IGNORE INTO {checkout_coupons} (checkout_id, code_id, source, created_at)
		VALUES (?, ?, ?, ?)`

	if _, err := t.exec(ctx, query, checkoutID, codeID, source, t.now().UTC()); err != nil {
		return fmt.Errorf("add code %d to checkout %d: %w", codeID, checkoutID, err)
	}
	return nil
}

// RemoveCode implements checkout.Tx.
func (t checkoutTx) RemoveCode(ctx context.Context, checkoutID, codeID int64) error {
	const query = `
		DELETE FROM {checkout_coupons}
		WHERE checkout_id = ? AND code_id = ?`

	if _, err := t.exec(ctx, query, checkoutID, codeID); err != nil {
		return fmt.Errorf("remove code %d of checkout %d: %w", codeID, checkoutID, err)
	}
	return nil
}

// ReserveCoupon implements checkout.Tx.
func (t checkoutTx) ReserveCoupon(ctx context.Context, use coupon.Use) error {
	return t.reserveCoupon(ctx, use)
}

// ReleaseCoupons implements checkout.Tx.
func (t checkoutTx) ReleaseCoupons(ctx context.Context, checkoutID int64, keep []int64) error {
	return t.releaseCoupons(ctx, checkoutID, keep)
}

// ReserveSeat implements checkout.Tx.
func (t checkoutTx) ReserveSeat(ctx context.Context, offerID int64, seats int, checkoutID int64) (bool, error) {
	return t.reserveSeat(ctx, offerID, seats, checkoutID)
}

// ReleaseSeat implements checkout.Tx.
func (t checkoutTx) ReleaseSeat(ctx context.Context, checkoutID int64) error {
	return t.releaseSeat(ctx, checkoutID)
}

// HasHolds implements checkout.Store.
func (s *CheckoutStore) HasHolds(ctx context.Context, checkoutID int64) (bool, error) {
	const query = `
		SELECT EXISTS (SELECT 1 FROM {redemptions} WHERE checkout_id = ? AND state = 'reserved')
			OR EXISTS (SELECT 1 FROM {seat_holds} WHERE checkout_id = ? AND state = 'reserved')
			OR EXISTS (SELECT 1 FROM {gift_card_holds} WHERE checkout_id = ? AND state = 'reserved')`

	var holds bool
	if err := s.db.get(ctx, &holds, query, checkoutID, checkoutID, checkoutID); err != nil {
		return false, fmt.Errorf("holds of checkout %d: %w", checkoutID, err)
	}
	return holds, nil
}

// CommitCoupon implements order.Tx.
func (t orderTx) CommitCoupon(ctx context.Context, use coupon.Use, orderID int64) error {
	return t.commitCoupon(ctx, use, orderID)
}

// ReleaseCoupons implements order.Tx.
func (t orderTx) ReleaseCoupons(ctx context.Context, checkoutID int64, keep []int64) error {
	return t.releaseCoupons(ctx, checkoutID, keep)
}

// ReturnCoupons implements order.Tx.
func (t orderTx) ReturnCoupons(ctx context.Context, orderID int64, codes []int64) error {
	return t.returnCoupons(ctx, orderID, codes)
}

// CommitSeat implements order.Tx.
func (t orderTx) CommitSeat(ctx context.Context, offerID int64, seats int, checkoutID, orderID int64) (bool, error) {
	return t.commitSeat(ctx, offerID, seats, checkoutID, orderID)
}

// ReleaseSeat implements order.Tx.
func (t orderTx) ReleaseSeat(ctx context.Context, checkoutID int64) error {
	return t.releaseSeat(ctx, checkoutID)
}

// AddTag implements order.Tx.
func (t orderTx) AddTag(ctx context.Context, contactID int64, tag, reason string) error {
	_, err := contact.Apply(ctx, t.tx, contact.Change{
		ContactID: contactID, Add: []string{tag}, Source: contact.SourceOrder, Reason: reason, Urgency: job.PriorityPurchase,
	}, t.now())
	return err
}
