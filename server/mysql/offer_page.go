package mysql

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/errs"
)

// OfferPage is a page that shows an offer's form.
type OfferPage struct {
	URL    string    `db:"url"`
	PostID int64     `db:"post_id"`
	Main   bool      `db:"is_main"`
	SeenAt time.Time `db:"seen_at"`
}

// SawOfferPage notes that a page rendered an offer's form. It may be called
// again and again. The owner's main page stays the main one when it comes back
// after a change, under whatever address.
func (db *DB) SawOfferPage(ctx context.Context, offer, url string, postID int64) error {
	const back = `
		UPDATE {offer_pages}
		SET url = ?, url_hash = ?, seen_at = ?, gone_at = NULL
		WHERE offer_slug = ? AND post_id = ? AND is_main = 1 AND gone_at IS NOT NULL`
	const insert = `
		INSERT INTO {offer_pages} (offer_slug, url, url_hash, post_id, seen_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE seen_at = VALUES(seen_at), post_id = VALUES(post_id), gone_at = NULL`

	hash, now := sha256.Sum256([]byte(url)), db.now().UTC()
	n, err := db.exec(ctx, back, url, hash[:], now, offer, postID)
	if err == nil && n > 0 {
		return nil
	}
	if err != nil && !isDuplicate(err) { // another page had the address before: that row is the one
		return fmt.Errorf("note main page of offer %s: %w", offer, err)
	}
	if _, err := db.exec(ctx, insert, offer, url, hash[:], orNull(postID), now, now); err != nil {
		return fmt.Errorf("note page of offer %s: %w", offer, err)
	}
	return nil
}

// ForgetPage forgets a page that has changed or is not public any more. That the
// owner made it a main page is remembered, in case that it comes back.
func (db *DB) ForgetPage(ctx context.Context, postID int64) error {
	const (
		hide = `
		UPDATE {offer_pages}
		SET gone_at = ?
		WHERE post_id = ? AND is_main = 1`
		remove = `
		DELETE FROM {offer_pages}
		WHERE post_id = ? AND is_main = 0`
	)
	return db.inTx(ctx, func(tx *tx) error {
		if _, err := tx.exec(ctx, hide, tx.now().UTC(), postID); err != nil {
			return fmt.Errorf("hide page %d: %w", postID, err)
		}
		if _, err := tx.exec(ctx, remove, postID); err != nil {
			return fmt.Errorf("forget page %d: %w", postID, err)
		}
		return nil
	})
}

// OfferPages lists the pages of an offer: the main one first, then the one that
// was seen last.
func (db *DB) OfferPages(ctx context.Context, offer string) ([]OfferPage, error) {
	const query = `
		SELECT url, COALESCE(post_id, 0) AS post_id, is_main, seen_at
		FROM {offer_pages}
		WHERE offer_slug = ? AND gone_at IS NULL
		ORDER BY is_main DESC, seen_at DESC, id`

	pages := []OfferPage{}
	if err := db.all(ctx, &pages, query, offer); err != nil {
		return nil, fmt.Errorf("pages of offer %s: %w", offer, err)
	}
	return pages, nil
}

// SetMainPage makes one of an offer's pages the one that links lead to, or none
// of them for an empty address. A page that does not show the offer is
// errs.NotFound.
func (db *DB) SetMainPage(ctx context.Context, offer, url string) error {
	const (
		clear = `
		UPDATE {offer_pages}
		SET is_main = 0
		WHERE offer_slug = ?`
		set = `
		UPDATE {offer_pages}
		SET is_main = 1
		WHERE offer_slug = ? AND url_hash = ? AND gone_at IS NULL`
	)
	hash := sha256.Sum256([]byte(url))
	return db.inTx(ctx, func(tx *tx) error {
		if _, err := tx.exec(ctx, clear, offer); err != nil {
			return fmt.Errorf("main page of offer %s: %w", offer, err)
		}
		if url == "" {
			return nil
		}
		n, err := tx.exec(ctx, set, offer, hash[:])
		if err != nil {
			return fmt.Errorf("main page of offer %s: %w", offer, err)
		}
		if n == 0 {
			return errs.New(errs.NotFound, "The page %s has not shown the offer %s yet. Open it once, and try again in a minute.", url, offer)
		}
		return nil
	})
}
