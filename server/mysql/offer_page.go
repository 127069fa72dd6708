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
// again and again.
func (db *DB) SawOfferPage(ctx context.Context, offer, url string, postID int64) error {
	const query = `
		INSERT INTO {offer_pages} (offer_slug, url, url_hash, post_id, seen_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE seen_at = VALUES(seen_at), post_id = VALUES(post_id)`

	hash, now := sha256.Sum256([]byte(url)), db.now().UTC()
	if _, err := db.exec(ctx, query, offer, url, hash[:], orNull(postID), now, now); err != nil {
		return fmt.Errorf("note page of offer %s: %w", offer, err)
	}
	return nil
}

// ForgetPage forgets a page that is not public any more.
func (db *DB) ForgetPage(ctx context.Context, postID int64) error {
	const query = `
		DELETE FROM {offer_pages}
		WHERE post_id = ?`

	if _, err := db.exec(ctx, query, postID); err != nil {
		return fmt.Errorf("forget page %d: %w", postID, err)
	}
	return nil
}

// OfferPages lists the pages of an offer: the main one first, then the one that
// was seen last.
func (db *DB) OfferPages(ctx context.Context, offer string) ([]OfferPage, error) {
	const query = `
		SELECT url, COALESCE(post_id, 0) AS post_id, is_main, seen_at
		FROM {offer_pages}
		WHERE offer_slug = ?
		ORDER BY is_main DESC, seen_at DESC, id`

	pages := []OfferPage{}
	if err := db.all(ctx, &pages, query, offer); err != nil {
		return nil, fmt.Errorf("pages of offer %s: %w", offer, err)
	}
	return pages, nil
}

// SetMainPage makes one of an offer's pages the one that links lead to; a page
// that never showed the offer is errs.NotFound.
func (db *DB) SetMainPage(ctx context.Context, offer, url string) error {
	const (
		clear = `
		UPDATE {offer_pages}
		SET is_main = 0
		WHERE offer_slug = ?`
		set = `
		UPDATE {offer_pages}
		SET is_main = 1
		WHERE offer_slug = ? AND url_hash = ?`
	)
	hash := sha256.Sum256([]byte(url))
	return db.inTx(ctx, func(tx *tx) error {
		if _, err := tx.exec(ctx, clear, offer); err != nil {
			return fmt.Errorf("main page of offer %s: %w", offer, err)
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
