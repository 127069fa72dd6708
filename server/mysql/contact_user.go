package mysql

import (
	"context"
	"fmt"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/job"
)

// ContactOfUser returns the newest contact of a WordPress user, or errs.NotFound.
func (db *DB) ContactOfUser(ctx context.Context, userID int64) (*contact.Contact, error) {
	const query = `
		SELECT id, public_id, email, first_name, last_name, user_id, created_at, merged_into
		FROM {contacts}
		WHERE user_id = ? AND merged_into IS NULL
		ORDER BY id DESC
		LIMIT 1`
	return db.contact(ctx, query, userID)
}

// FollowUser brings contacts in line with the address that a WordPress user has now:
// the user's contact gets it, and whoever follows contacts hears of that. Where
// another contact has the address already, that one is the user too. A user without
// contacts changes nothing. It may be called again.
func (db *DB) FollowUser(ctx context.Context, userID int64, email string) error {
	const own = `
		SELECT id, public_id, email, first_name, last_name, user_id, created_at, merged_into
		FROM {contacts}
		WHERE user_id = ? AND merged_into IS NULL
		ORDER BY id DESC
		FOR UPDATE`
	const link = `
		UPDATE {contacts}
		SET user_id = ?, updated_at = ?
		WHERE email_key = ? AND user_id IS NULL`
	const taken = `
		SELECT COUNT(*)
		FROM {contacts}
		WHERE email_key = ?`
	const move = `
		UPDATE {contacts}
		SET email = ?, email_key = ?, updated_at = ?
		WHERE id = ?`

	key := contact.KeyOf(email)
	err := db.inTx(ctx, func(tx *tx) error {
		var rows []contactRow
		if err := tx.all(ctx, &rows, own, userID); err != nil || len(rows) == 0 {
			return err
		}
		now := tx.now()
		linked, err := tx.exec(ctx, link, userID, now.UTC(), key[:])
		if err != nil || linked > 0 {
			return err
		}
		var n int
		if err := tx.get(ctx, &n, taken, key[:]); err != nil || n > 0 {
			return err
		}
		if _, err := tx.exec(ctx, move, email, key[:], now.UTC(), rows[0].ID); err != nil {
			return err
		}
		_, err = tx.AddEvent(ctx, contact.Event{
			ContactID: rows[0].ID, Type: contact.EventEmailChanged, Name: email, Value: rows[0].Email, Source: contact.SourceWordPress,
			Reason: "profile", CreatedAt: now,
		})
		if err != nil {
			return err
		}
		changed := contact.Changed{ContactID: rows[0].ID, Person: true, Urgent: job.PriorityNormal}
		return tx.Enqueue(ctx, changed.Job(now))
	})
	if err != nil {
		return fmt.Errorf("follow user %d: %w", userID, err)
	}
	return nil
}
