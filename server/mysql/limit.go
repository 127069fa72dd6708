package mysql

import (
	"context"
	"fmt"
)

// limitKey names a limit. Its row in {limits}, that of a code in {coupon_codes}, is
// written before anything is taken from it: a locked read is local to one node of a cluster, a write is
// certified by all. What was taken are rows in {limit_slots}, one a use, whose
// key holds even if that is forgotten.
type limitKey struct {
	kind    limitKind
	subject int64
	scope   int64
}

type limitKind string

const (
	limitCoupon limitKind = "coupon" // uses of a coupon
	limitOffer  limitKind = "offer"  // uses of a coupon for one offer, the scope
	limitCode   limitKind = "code"   // uses of one code
	limitSeats  limitKind = "seats"  // of an offer
)

// isFull reports whether nothing is left of a limit now. It locks nothing.
func (q querier) isFull(ctx context.Context, key limitKey, limit int) (bool, error) {
	const query = `
		SELECT
			COALESCE((SELECT MAX(slot) FROM {limit_slots} WHERE kind = ? AND subject_id = ? AND scope_id = ?), 0) >= ?
			AND NOT EXISTS (SELECT 1 FROM {limit_slots}
				WHERE kind = ? AND subject_id = ? AND scope_id = ? AND holder_id IS NULL AND slot <= ?)`

	var full bool
	err := q.get(ctx, &full, query, key.kind, key.subject, key.scope, limit, key.kind, key.subject, key.scope, limit)
	if err != nil {
		return false, fmt.Errorf("look at limit %s %d: %w", key.kind, key.subject, err)
	}
	return full, nil
}

// touchLimit writes a limit's row, which stays locked until the transaction
// ends. On a cluster the second of two nodes that write it is sent back.
func (t *tx) touchLimit(ctx context.Context, key limitKey) error {
	const (
		query = `
		INSERT INTO {limits} (kind, subject_id, scope_id, touched)
		VALUES (?, ?, ?, 1)
		ON DUPLICATE KEY UPDATE touched = touched + 1`
		ofCode = `
		UPDATE {coupon_codes}
		SET touched = touched + 1
		WHERE id = ?`
	)
	var err error
	if key.kind == limitCode { // whoever reads the code sees whether a use was ever taken
		_, err = t.exec(ctx, ofCode, key.subject)
	} else {
		_, err = t.exec(ctx, query, key.kind, key.subject, key.scope)
	}
	if err != nil {
		return fmt.Errorf("write limit %s %d: %w", key.kind, key.subject, err)
	}
	return nil
}

// takeSlot takes one of a limit for a holder and reports false when nothing is
// left. It writes the limit's row first, which stays locked until the
// transaction ends. A holder that calls it twice takes two.
func (t *tx) takeSlot(ctx context.Context, key limitKey, limit int, holder int64) (bool, error) {
	const (
		free = `
		SELECT slot
		FROM {limit_slots}
		WHERE kind = ? AND subject_id = ? AND scope_id = ? AND holder_id IS NULL AND slot <= ?
		ORDER BY slot
		LIMIT 1`
		reuse = `
		UPDATE {limit_slots}
		SET holder_id = ?
		WHERE kind = ? AND subject_id = ? AND scope_id = ? AND slot = ? AND holder_id IS NULL`
		last = `
		SELECT COALESCE(MAX(slot), 0)
		FROM {limit_slots}
		WHERE kind = ? AND subject_id = ? AND scope_id = ?`
		add = `
		INSERT INTO {limit_slots} (kind, subject_id, scope_id, slot, holder_id)
		VALUES (?, ?, ?, ?, ?)`
	)
	if err := t.touchLimit(ctx, key); err != nil {
		return false, err
	}
	var slot int64
	err := t.get(ctx, &slot, free, key.kind, key.subject, key.scope, limit)
	if err == nil {
		n, err := t.exec(ctx, reuse, holder, key.kind, key.subject, key.scope, slot)
		if err != nil {
			return false, fmt.Errorf("take slot of %s %d: %w", key.kind, key.subject, err)
		}
		return n == 1, nil
	}
	if !isNoRows(err) {
		return false, fmt.Errorf("free slot of %s %d: %w", key.kind, key.subject, err)
	}
	if err := t.get(ctx, &slot, last, key.kind, key.subject, key.scope); err != nil {
		return false, fmt.Errorf("last slot of %s %d: %w", key.kind, key.subject, err)
	}
	if slot >= int64(limit) {
		return false, nil
	}
	if _, err := t.exec(ctx, add, key.kind, key.subject, key.scope, slot+1, holder); err != nil {
		return false, fmt.Errorf("add slot of %s %d: %w", key.kind, key.subject, err)
	}
	return true, nil
}

// freeSlots gives back all that a holder took from limits of coupons, or of
// seats.
func (t *tx) freeSlots(ctx context.Context, seats bool, holder int64) error {
	const (
		ofCoupon = `
		UPDATE {limit_slots}
		SET holder_id = NULL
		WHERE holder_id = ? AND kind IN ('coupon', 'offer', 'code')`
		ofSeats = `
		UPDATE {limit_slots}
		SET holder_id = NULL
		WHERE holder_id = ? AND kind = 'seats'`
	)
	query := ofCoupon
	if seats {
		query = ofSeats
	}
	if _, err := t.exec(ctx, query, holder); err != nil {
		return fmt.Errorf("free slots of %d: %w", holder, err)
	}
	return nil
}
