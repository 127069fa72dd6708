package mysql

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
)

const limitIndividual limitKind = "individual" // a coupon's codes for one contact, the scope

const maxNewCodes = 5 // texts that are tried for one code

// EnsureIndividual implements coupon.IndividualStore. The limit's row is written
// first: the second of two calls sees the code that the first one made.
func (s *CouponStore) EnsureIndividual(ctx context.Context, couponID, contactID int64, live func(*coupon.Code) bool,
	create func() coupon.Code) (*coupon.Code, error) {
	var code *coupon.Code
	err := s.db.inTx(ctx, func(tx *tx) error {
		code = nil
		if err := tx.touchLimit(ctx, limitKey{limitIndividual, couponID, contactID}); err != nil {
			return err
		}
		found, err := tx.liveCode(ctx, couponID, contactID)
		if err != nil {
			return err
		}
		if found != nil && live(found) {
			code = found
			return tx.setExpiry(ctx, found)
		}
		code, err = tx.newCode(ctx, create)
		return err
	})
	return code, err
}

// liveCode returns a contact's newest code of a coupon that could be used now;
// nil when there is none.
func (t *tx) liveCode(ctx context.Context, couponID, contactID int64) (*coupon.Code, error) {
	const query = selectCodes + `
		WHERE k.coupon_id = ? AND k.contact_id = ? AND k.status = 'active' AND (k.expires_at IS NULL OR k.expires_at > ?)
		ORDER BY k.id DESC
		LIMIT 20`

	var rows []codeRow
	if err := t.all(ctx, &rows, query, couponID, contactID, t.now().UTC()); err != nil {
		return nil, fmt.Errorf("codes of contact %d: %w", contactID, err)
	}
	for i := range rows {
		taken := false
		if most := orZero(rows[i].MaxUses); most > 0 && rows[i].Touched {
			var err error
			if taken, err = t.isFull(ctx, limitKey{limitCode, rows[i].ID, 0}, int(most)); err != nil {
				return nil, err
			}
		}
		if !taken {
			found := rows[i].stored(coupon.Rules{})
			return &found.Code, nil
		}
	}
	return nil, nil
}

func (t *tx) setExpiry(ctx context.Context, c *coupon.Code) error {
	const query = `
		UPDATE {coupon_codes}
		SET expires_at = ?
		WHERE id = ?`

	if _, err := t.exec(ctx, query, utc(c.ExpiresAt), c.ID); err != nil {
		return fmt.Errorf("extend code %d: %w", c.ID, err)
	}
	return nil
}

// newCode writes the code that create makes; when its text is taken, the next
// one.
func (t *tx) newCode(ctx context.Context, create func() coupon.Code) (*coupon.Code, error) {
	for range maxNewCodes {
		codes := []coupon.Code{create()}
		err := t.addCodes(ctx, codes)
		if err == nil {
			return &codes[0], nil
		}
		if !errs.Is(err, errs.Conflict) {
			return nil, err
		}
	}
	return nil, errors.New("no code is free: its shape has too few")
}

// CodesOfUser implements coupon.Store.
func (s *CouponStore) CodesOfUser(ctx context.Context, userID int64, limit int) ([]int64, error) {
	const query = `
		SELECT k.id
		FROM {contacts} c
		JOIN {coupon_codes} k ON k.contact_id = c.id
		WHERE c.user_id = ? AND k.status = 'active' AND (k.expires_at IS NULL OR k.expires_at > ?)
		ORDER BY k.id DESC
		LIMIT ?`

	ids := []int64{}
	if err := s.db.all(ctx, &ids, query, userID, s.db.now().UTC(), limit); err != nil {
		return nil, fmt.Errorf("codes of user %d: %w", userID, err)
	}
	return ids, nil
}
