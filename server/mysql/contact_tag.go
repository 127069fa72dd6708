package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// TagsOf returns the tags of the contacts of a WordPress user, and of one more
// contact; 0 is nobody.
func (db *DB) TagsOf(ctx context.Context, userID, contactID int64) ([]string, error) {
	const query = `
		SELECT DISTINCT t.tag
		FROM {contacts} c
		JOIN {contact_tags} t ON t.contact_id = c.id
		WHERE c.id = ? OR c.user_id = ?`

	var tags []string
	if err := db.all(ctx, &tags, query, contactID, orNull(userID)); err != nil {
		return nil, fmt.Errorf("tags of user %d: %w", userID, err)
	}
	return tags, nil
}

// HasBought reports whether a WordPress user or one of two contacts has an
// order; 0 is nobody.
func (db *DB) HasBought(ctx context.Context, userID, contactID, otherID int64) (bool, error) {
	const query = `
		SELECT EXISTS (SELECT 1 FROM {orders} WHERE user_id = ? OR contact_id IN (?, ?))`

	var has bool
	if err := db.get(ctx, &has, query, orNull(userID), contactID, otherID); err != nil {
		return false, fmt.Errorf("orders of user %d: %w", userID, err)
	}
	return has, nil
}

// Owns implements operation.People: whether a contact, or another with the same
// WordPress user, has an order of a product that was not refunded in full, or all
// of its access tags.
func (db *DB) Owns(ctx context.Context, contactID int64, product string) (bool, error) {
	const bought = `
		SELECT EXISTS (
			SELECT 1
			FROM {orders} o
			JOIN {order_items} i ON i.order_id = o.id
			WHERE o.contact_id IN (
					SELECT other.id
					FROM {contacts} c
					JOIN {contacts} other ON other.id = c.id OR other.user_id = c.user_id
					WHERE c.id = ?)
				AND i.product_slug = ? AND o.status <> 'refunded')`
	const access = `
		SELECT access_tags
		FROM {products}
		WHERE slug = ?`

	var owns bool
	if err := db.get(ctx, &owns, bought, contactID, product); err != nil || owns {
		return owns, err
	}
	var text string
	if err := db.get(ctx, &text, access, product); isNoRows(err) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("product %s: %w", product, err)
	}
	var tags []string
	if err := json.Unmarshal([]byte(text), &tags); err != nil || len(tags) == 0 {
		return false, err
	}
	has, err := db.TagNames(ctx, contactID)
	for _, tag := range tags {
		if !slices.Contains(has, tag) {
			return false, err
		}
	}
	return true, err
}
