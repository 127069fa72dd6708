package mysql

import (
	"context"
	"fmt"
)

// addTag gives a contact a tag. One that the contact has keeps its time and
// reason.
func (t *tx) addTag(ctx context.Context, contactID int64, tag, reason string) error {
	const query = `
		INSERT IGNORE INTO {contact_tags} (contact_id, tag, reason, created_at)
		VALUES (?, ?, ?, ?)`

	if _, err := t.exec(ctx, query, contactID, tag, reason, t.now().UTC()); err != nil {
		return fmt.Errorf("tag contact %d: %w", contactID, err)
	}
	return nil
}

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
