package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
)

type linkRow struct {
	ID        int64      `db:"id"`
	ContactID *int64     `db:"contact_id"`
	Offer     string     `db:"offer_slug"`
	Codes     string     `db:"codes"`
	ExpiresAt *time.Time `db:"expires_at"`
	RevokedAt *time.Time `db:"revoked_at"`
	CreatedAt time.Time  `db:"created_at"`
}

const selectLinks = `
	SELECT id, contact_id, offer_slug, codes, expires_at, revoked_at, created_at
	FROM {coupon_links}`

func (r *linkRow) link() (*coupon.Link, error) {
	l := &coupon.Link{
		ID: r.ID, ContactID: orZero(r.ContactID), Offer: r.Offer, ExpiresAt: r.ExpiresAt, RevokedAt: r.RevokedAt, CreatedAt: r.CreatedAt,
	}
	if err := json.Unmarshal([]byte(r.Codes), &l.Codes); err != nil {
		return nil, fmt.Errorf("codes of link %d: %w", r.ID, err)
	}
	return l, nil
}

// AddLink implements coupon.LinkStore.
func (s *CouponStore) AddLink(ctx context.Context, l *coupon.Link, tokenHash [32]byte) error {
	const query = `
		INSERT INTO {coupon_links} (token_hash, contact_id, offer_slug, codes, expires_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?)`

	id, err := s.db.insert(ctx, query, tokenHash[:], orNull(l.ContactID), l.Offer, encodeList(l.Codes), utc(l.ExpiresAt), l.CreatedAt.UTC())
	if err != nil {
		return fmt.Errorf("insert link: %w", err)
	}
	l.ID = id
	return nil
}

// LinkByHash implements coupon.LinkStore.
func (s *CouponStore) LinkByHash(ctx context.Context, tokenHash [32]byte) (*coupon.Link, error) {
	const query = selectLinks + `
		WHERE token_hash = ?`

	var row linkRow
	err := s.db.get(ctx, &row, query, tokenHash[:])
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no such link.")
	}
	if err != nil {
		return nil, fmt.Errorf("select link: %w", err)
	}
	return row.link()
}

// RevokeLink implements coupon.LinkStore.
func (s *CouponStore) RevokeLink(ctx context.Context, id int64, now time.Time) error {
	const query = `
		UPDATE {coupon_links}
		SET revoked_at = COALESCE(revoked_at, ?)
		WHERE id = ?`

	n, err := s.db.exec(ctx, query, now.UTC(), id)
	if err != nil {
		return fmt.Errorf("revoke link %d: %w", id, err)
	}
	if n == 0 {
		return errs.New(errs.NotFound, "There is no link %d.", id)
	}
	return nil
}

// FindLinks implements coupon.LinkStore.
func (s *CouponStore) FindLinks(ctx context.Context, limit int) ([]coupon.Link, error) {
	const query = selectLinks + `
		ORDER BY id DESC
		LIMIT ?`

	var rows []linkRow
	if err := s.db.all(ctx, &rows, query, limit); err != nil {
		return nil, fmt.Errorf("select links: %w", err)
	}
	found := make([]coupon.Link, len(rows))
	for i := range rows {
		l, err := rows[i].link()
		if err != nil {
			return nil, err
		}
		found[i] = *l
	}
	return found, nil
}
