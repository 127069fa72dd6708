package mysql

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tillside/tillside/server/coupon"
)

// hasClaimed reports whether one of a person's identities has used a coupon as
// often as a person may, apart from one checkout's own use. It locks nothing.
func (q querier) hasClaimed(ctx context.Context, couponID int64, keys []coupon.PersonKey, limit int, checkoutID int64) (bool, error) {
	const query = `
		SELECT COUNT(*)
		FROM {coupon_claims} p
		JOIN {redemptions} r ON r.id = p.redemption_id
		WHERE p.coupon_id = ? AND p.person_key = ? AND r.checkout_id <> ?`

	for _, key := range keys {
		var n int
		if err := q.get(ctx, &n, query, couponID, key[:], checkoutID); err != nil {
			return false, fmt.Errorf("claims of coupon %d: %w", couponID, err)
		}
		if n >= limit {
			return true, nil
		}
	}
	return false, nil
}

// redemptionRow is a use as the ledger has it.
type redemptionRow struct {
	ID       int64  `db:"id"`
	CouponID int64  `db:"coupon_id"`
	CodeID   int64  `db:"code_id"`
	State    string `db:"state"`
}

// reserveCoupon reserves a use for a checkout that is locked. The same checkout
// enters its own reservation again. A use that the code, the coupon, or the
// person has no more of is a *coupon.RefusedError, and so is a coupon that was
// changed or ended since the quote: then the transaction must not commit.
func (t *tx) reserveCoupon(ctx context.Context, use coupon.Use) error {
	found, err := t.usable(ctx, use)
	if err != nil {
		return err
	}
	id, isHeld, err := t.addRedemption(ctx, use)
	if err != nil {
		return err
	}
	rules := found.rules
	if !isHeld {
		for _, limit := range []struct {
			key    limitKey
			most   int
			reason coupon.Reason
		}{
			{limitKey{limitCoupon, use.CouponID, 0}, rules.Limits.Uses, coupon.ReasonLimited},
			{limitKey{limitOffer, use.CouponID, use.OfferID}, rules.Limits.PerOffer, coupon.ReasonLimited},
			{limitKey{limitCode, use.CodeID, 0}, int(orZero(found.MaxUses)), coupon.ReasonUsed},
		} {
			if limit.most == 0 {
				continue
			}
			taken, err := t.takeSlot(ctx, limit.key, limit.most, id)
			if err != nil {
				return err
			}
			if !taken {
				return &coupon.RefusedError{CodeID: use.CodeID, Reason: limit.reason}
			}
		}
	}
	if rules.Limits.PerPerson > 0 {
		return t.claim(ctx, use, id, rules.Limits)
	}
	return nil
}

type usableRow struct {
	Revision     int64      `db:"revision"`
	CouponStatus string     `db:"coupon_status"`
	CodeStatus   string     `db:"code_status"`
	Campaign     string     `db:"campaign_status"`
	MaxUses      *int64     `db:"max_uses"`
	ExpiresAt    *time.Time `db:"expires_at"`
	RulesText    string     `db:"rules"`
	rules        coupon.Rules
}

// usable reads the coupon and the code again, inside the transaction.
func (t *tx) usable(ctx context.Context, use coupon.Use) (*usableRow, error) {
	const query = `
		SELECT c.revision, c.status AS coupon_status, k.status AS code_status, k.max_uses, k.expires_at, c.rules,
			COALESCE((SELECT g.status FROM {coupon_campaigns} g WHERE g.id = k.campaign_id), 'active') AS campaign_status
		FROM {coupon_codes} k
		JOIN {coupons} c ON c.id = k.coupon_id
		WHERE k.id = ?`

	var row usableRow
	err := t.get(ctx, &row, query, use.CodeID)
	if isNoRows(err) {
		return nil, &coupon.RefusedError{CodeID: use.CodeID, Reason: coupon.ReasonRefused}
	}
	if err != nil {
		return nil, fmt.Errorf("select code %d: %w", use.CodeID, err)
	}
	active := string(coupon.StatusActive)
	switch {
	case row.CouponStatus != active, row.CodeStatus != active, row.Campaign == string(coupon.StatusRevoked):
		return nil, &coupon.RefusedError{CodeID: use.CodeID, Reason: coupon.ReasonRefused}
	case row.Revision != use.Revision:
		return nil, &coupon.RefusedError{CodeID: use.CodeID, Reason: coupon.ReasonChanged}
	case row.ExpiresAt != nil && !t.now().Before(*row.ExpiresAt):
		return nil, &coupon.RefusedError{CodeID: use.CodeID, Reason: coupon.ReasonExpired}
	}
	row.rules, err = parseRules(use.CouponID, row.RulesText)
	return &row, err
}

// addRedemption writes the use as reserved and reports whether it was so before.
func (t *tx) addRedemption(ctx context.Context, use coupon.Use) (id int64, isHeld bool, err error) {
	const (
		find = `
		SELECT id, coupon_id, code_id, state
		FROM {redemptions}
		WHERE checkout_id = ? AND code_id = ?
		FOR UPDATE`
		insert = `
		INSERT INTO {redemptions} (coupon_id, code_id, campaign_id, checkout_id, contact_id, offer_id, state, amount, currency,
			created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, 'reserved', ?, ?, ?, ?)`
		update = `
		UPDATE {redemptions}
		SET contact_id = ?, offer_id = ?, state = 'reserved', amount = ?, currency = ?, updated_at = ?
		WHERE id = ?`
	)
	now := t.now().UTC()
	var row redemptionRow
	err = t.get(ctx, &row, find, use.CheckoutID, use.CodeID)
	switch {
	case isNoRows(err):
		id, err = t.insert(ctx, insert, use.CouponID, use.CodeID, orNull(use.CampaignID), use.CheckoutID, use.ContactID, use.OfferID,
			use.Amount, use.Currency, now, now)
		if err != nil {
			return 0, false, fmt.Errorf("insert redemption: %w", err)
		}
		return id, false, nil
	case err != nil:
		return 0, false, fmt.Errorf("select redemption: %w", err)
	}
	if _, err := t.exec(ctx, update, use.ContactID, use.OfferID, use.Amount, use.Currency, now, row.ID); err != nil {
		return 0, false, fmt.Errorf("update redemption %d: %w", row.ID, err)
	}
	return row.ID, row.State == string(coupon.StateReserved), nil
}

// claim takes one of a person's uses of a coupon for each identity that is
// known. The unique key decides between two checkouts of one person: the second
// waits for the first to commit. Claims that the redemption had are written
// anew, since the buyer may have corrected the address.
func (t *tx) claim(ctx context.Context, use coupon.Use, redemptionID int64, l coupon.Limits) error {
	const (
		clear = `
		DELETE FROM {coupon_claims}
		WHERE redemption_id = ?`
		used = `
		SELECT slot
		FROM {coupon_claims}
		WHERE coupon_id = ? AND person_key = ?
		ORDER BY slot`
		insert = `
		INSERT INTO {coupon_claims} (coupon_id, person_key, slot, redemption_id)
		VALUES (?, ?, ?, ?)`
	)
	if _, err := t.exec(ctx, clear, redemptionID); err != nil {
		return fmt.Errorf("clear claims of %d: %w", redemptionID, err)
	}
	for _, key := range coupon.PersonKeys(use.UserID, use.Email, l.OneMailbox) {
		var slots []int
		if err := t.all(ctx, &slots, used, use.CouponID, key[:]); err != nil {
			return fmt.Errorf("claims of coupon %d: %w", use.CouponID, err)
		}
		slot := firstFree(slots)
		for {
			if slot > l.PerPerson {
				return &coupon.RefusedError{CodeID: use.CodeID, Reason: coupon.ReasonUsed}
			}
			_, err := t.exec(ctx, insert, use.CouponID, key[:], slot, redemptionID)
			if err == nil {
				break
			}
			if !isDuplicate(err) { // taken by another transaction since
				return fmt.Errorf("claim coupon %d: %w", use.CouponID, err)
			}
			slot++
		}
	}
	return nil
}

// firstFree returns the lowest number from 1 on that a sorted list lacks.
func firstFree(sorted []int) int {
	free := 1
	for _, n := range sorted {
		if n == free {
			free++
		}
	}
	return free
}

// releaseCoupons ends a checkout's reservations but those of some codes: what
// they held is free for others.
func (t *tx) releaseCoupons(ctx context.Context, checkoutID int64, keep []int64) error {
	const reserved = `
		SELECT id, coupon_id, code_id, state
		FROM {redemptions}
		WHERE checkout_id = ? AND state = 'reserved'
		ORDER BY id`

	var rows []redemptionRow
	if err := t.all(ctx, &rows, reserved, checkoutID); err != nil {
		return fmt.Errorf("reservations of checkout %d: %w", checkoutID, err)
	}
	for _, row := range rows {
		if !slices.Contains(keep, row.CodeID) {
			if err := t.endRedemption(ctx, row.ID, coupon.StateReserved, coupon.StateReleased); err != nil {
				return err
			}
		}
	}
	return nil
}

// endRedemption moves a use on and gives back what it took from the limits.
func (t *tx) endRedemption(ctx context.Context, id int64, from, to coupon.State) error {
	const (
		move = `
		UPDATE {redemptions}
		SET state = ?, updated_at = ?
		WHERE id = ? AND state = ?`
		unclaim = `
		DELETE FROM {coupon_claims}
		WHERE redemption_id = ?`
	)
	n, err := t.exec(ctx, move, to, t.now().UTC(), id, from)
	if err != nil {
		return fmt.Errorf("end redemption %d: %w", id, err)
	}
	if n == 0 {
		return nil
	}
	if _, err := t.exec(ctx, unclaim, id); err != nil {
		return fmt.Errorf("end claims of %d: %w", id, err)
	}
	return t.freeSlots(ctx, false, id)
}

// commitCoupon makes a reservation a use of an order. One that was released
// meanwhile is reserved again, if anything is left; else it is a
// *coupon.RefusedError.
func (t *tx) commitCoupon(ctx context.Context, use coupon.Use, orderID int64) error {
	const commit = `
		UPDATE {redemptions}
		SET state = 'committed', order_id = ?, amount = ?, updated_at = ?
		WHERE checkout_id = ? AND code_id = ? AND state = 'reserved'`

	for range 2 {
		n, err := t.exec(ctx, commit, orderID, use.Amount, t.now().UTC(), use.CheckoutID, use.CodeID)
		if err != nil {
			return fmt.Errorf("commit redemption of code %d: %w", use.CodeID, err)
		}
		if n == 1 {
			return nil
		}
		if err := t.reserveCoupon(ctx, use); err != nil {
			return err
		}
	}
	return fmt.Errorf("commit redemption of code %d: it is neither reserved nor free", use.CodeID)
}

// returnCoupons gives the uses of an order back, of the codes that say so.
func (t *tx) returnCoupons(ctx context.Context, orderID int64, codes []int64) error {
	const committed = `
		SELECT id, coupon_id, code_id, state
		FROM {redemptions}
		WHERE order_id = ? AND state = 'committed'
		ORDER BY id`

	var rows []redemptionRow
	if err := t.all(ctx, &rows, committed, orderID); err != nil {
		return fmt.Errorf("redemptions of order %d: %w", orderID, err)
	}
	for _, row := range rows {
		if slices.Contains(codes, row.CodeID) {
			if err := t.endRedemption(ctx, row.ID, coupon.StateCommitted, coupon.StateReturned); err != nil {
				return err
			}
		}
	}
	return nil
}
