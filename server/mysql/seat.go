package mysql

import (
	"context"
	"fmt"
	"time"
)

// reserveSeat takes one of an offer's seats for a checkout that is locked; false
// when none is left. The same checkout enters its own reservation again.
func (t *tx) reserveSeat(ctx context.Context, offerID int64, seats int, checkoutID int64) (bool, error) {
	const (
		find = `
		SELECT id, offer_id, state
		FROM {seat_holds}
		WHERE checkout_id = ?
		FOR UPDATE`
		insert = `
		INSERT INTO {seat_holds} (offer_id, checkout_id, state, created_at, updated_at)
		VALUES (?, ?, 'reserved', ?, ?)`
		update = `
		UPDATE {seat_holds}
		SET offer_id = ?, state = 'reserved', updated_at = ?
		WHERE id = ?`
	)
	now := t.now().UTC()
	var row struct {
		ID      int64  `db:"id"`
		OfferID int64  `db:"offer_id"`
		State   string `db:"state"`
	}
	err := t.get(ctx, &row, find, checkoutID)
	switch {
	case isNoRows(err):
		if row.ID, err = t.insert(ctx, insert, offerID, checkoutID, now, now); err != nil {
			return false, fmt.Errorf("insert seat: %w", err)
		}
	case err != nil:
		return false, fmt.Errorf("select seat of checkout %d: %w", checkoutID, err)
	case row.State == "reserved" && row.OfferID == offerID:
		return true, nil
	default:
		if err := t.freeSlots(ctx, true, row.ID); err != nil {
			return false, err
		}
		if _, err := t.exec(ctx, update, offerID, now, row.ID); err != nil {
			return false, fmt.Errorf("update seat %d: %w", row.ID, err)
		}
	}
	return t.takeSlot(ctx, limitKey{limitSeats, offerID, 0}, seats, row.ID)
}

// releaseSeat gives the seat of a checkout back, if it holds one.
func (t *tx) releaseSeat(ctx context.Context, checkoutID int64) error {
	const (
		find = `
		SELECT id
		FROM {seat_holds}
		WHERE checkout_id = ? AND state = 'reserved'
		FOR UPDATE`
		release = `
		UPDATE {seat_holds}
		SET state = 'released', updated_at = ?
		WHERE id = ?`
	)
	var id int64
	err := t.get(ctx, &id, find, checkoutID)
	if isNoRows(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("select seat of checkout %d: %w", checkoutID, err)
	}
	if _, err := t.exec(ctx, release, t.now().UTC(), id); err != nil {
		return fmt.Errorf("release seat %d: %w", id, err)
	}
	return t.freeSlots(ctx, true, id)
}

// commitSeat makes a reserved seat a sold one. One that was released meanwhile
// is taken again; false when none is left.
func (t *tx) commitSeat(ctx context.Context, offerID int64, seats int, checkoutID, orderID int64) (bool, error) {
	const commit = `
		UPDATE {seat_holds}
		SET state = 'committed', order_id = ?, updated_at = ?
		WHERE checkout_id = ? AND state = 'reserved'`

	taken, err := t.reserveSeat(ctx, offerID, seats, checkoutID)
	if err != nil || !taken {
		return false, err
	}
	if _, err := t.exec(ctx, commit, orderID, t.now().UTC(), checkoutID); err != nil {
		return false, fmt.Errorf("commit seat of checkout %d: %w", checkoutID, err)
	}
	return true, nil
}

// SeatsFull implements checkout.Store.
func (s *CheckoutStore) SeatsFull(ctx context.Context, offerID int64, seats int) (bool, error) {
	return s.db.isFull(ctx, limitKey{limitSeats, offerID, 0}, seats)
}

// AddWaiting implements checkout.Tx.
func (t checkoutTx) AddWaiting(ctx context.Context, offerID, contactID int64) error {
	const query = `
		INSERT INTO {wait_list} (offer_id, contact_id, created_at)
		VALUES (?, ?, ?)
		ON DUPLICATE KEY UPDATE told_at = NULL`

	if _, err := t.exec(ctx, query, offerID, contactID, t.now().UTC()); err != nil {
		return fmt.Errorf("add to wait list of offer %d: %w", offerID, err)
	}
	return nil
}

// Waiting is a contact who waits for a seat of an offer.
type Waiting struct {
	ID        int64     `db:"id"`
	OfferID   int64     `db:"offer_id"`
	Email     string    `db:"email"`
	FirstName string    `db:"first_name"`
	CreatedAt time.Time `db:"created_at"`
}

// Waiting lists who waits and was not told yet, the longest first; of one
// offer, or with 0 of all.
func (db *DB) Waiting(ctx context.Context, offerID int64, limit int) ([]Waiting, error) {
	const query = `
		SELECT w.id, w.offer_id, c.email, c.first_name, w.created_at
		FROM {wait_list} w
		JOIN {contacts} c ON c.id = w.contact_id
		WHERE w.told_at IS NULL AND (? = 0 OR w.offer_id = ?)
		ORDER BY w.id
		LIMIT ?`

	list := []Waiting{}
	if err := db.all(ctx, &list, query, offerID, offerID, limit); err != nil {
		return nil, fmt.Errorf("wait list: %w", err)
	}
	return list, nil
}

// ToldWaiting notes that somebody was told.
func (db *DB) ToldWaiting(ctx context.Context, id int64) error {
	const query = `
		UPDATE {wait_list}
		SET told_at = ?
		WHERE id = ?`

	if _, err := db.exec(ctx, query, db.now().UTC(), id); err != nil {
		return fmt.Errorf("wait list entry %d: %w", id, err)
	}
	return nil
}

// SeatsTaken counts the seats of an offer that are held or sold.
func (db *DB) SeatsTaken(ctx context.Context, offerID int64) (int, error) {
	const query = `
		SELECT COUNT(*)
		FROM {limit_slots}
		WHERE kind = 'seats' AND subject_id = ? AND scope_id = 0 AND holder_id IS NOT NULL`

	var n int
	if err := db.get(ctx, &n, query, offerID); err != nil {
		return 0, fmt.Errorf("seats of offer %d: %w", offerID, err)
	}
	return n, nil
}
