package mysql

import (
	"context"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/contact"
)

type contactRow struct {
	ID        int64     `db:"id"`
	PublicID  string    `db:"public_id"`
	Email     string    `db:"email"`
	FirstName string    `db:"first_name"`
	LastName  string    `db:"last_name"`
	UserID    *int64    `db:"user_id"`
	CreatedAt time.Time `db:"created_at"`
	// MergedInto is set for a contact that became part of another.
	MergedInto *int64 `db:"merged_into"`
}

func (r contactRow) contact() *contact.Contact {
	return &contact.Contact{
		ID: r.ID, PublicID: r.PublicID, Email: r.Email, FirstName: r.FirstName, LastName: r.LastName,
		UserID: orZero(r.UserID), CreatedAt: r.CreatedAt,
	}
}

// upsertContact returns the contact with an e-mail address, made if it is new.
// An existing one keeps its names: whoever types an address proves nothing.
func (t *tx) upsertContact(ctx context.Context, c contact.Contact) (*contact.Contact, error) {
	const find = `
		SELECT id, public_id, email, first_name, last_name, user_id, created_at, merged_into
		FROM {contacts}
		WHERE email_key = ?`
	const insert = `
		INSERT INTO {contacts} (public_id, email, email_key, first_name, last_name, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`

	key := contact.KeyOf(c.Email)
	var row contactRow
	err := t.get(ctx, &row, find, key[:])
	if err == nil {
		return t.merged(ctx, row)
	}
	if !isNoRows(err) {
		return nil, fmt.Errorf("select contact: %w", err)
	}
	at := c.CreatedAt.UTC()
	c.ID, err = t.insert(ctx, insert, c.PublicID, c.Email, key[:], c.FirstName, c.LastName, at, at)
	if isDuplicate(err) { // made by another transaction since
		if err := t.get(ctx, &row, find, key[:]); err != nil {
			return nil, fmt.Errorf("select contact: %w", err)
		}
		return t.merged(ctx, row)
	}
	if err != nil {
		return nil, fmt.Errorf("insert contact: %w", err)
	}
	return &c, nil
}

// ContactByEmail returns the contact with an e-mail address in any letter case,
// or errs.NotFound.
func (db *DB) ContactByEmail(ctx context.Context, email string) (*contact.Contact, error) {
	const query = `
		SELECT id, public_id, email, first_name, last_name, user_id, created_at, merged_into
		FROM {contacts}
		WHERE email_key = ?`

	key := contact.KeyOf(email)
	return db.contact(ctx, query, key[:])
}

// ContactByPublicID returns the contact with a public id, or errs.NotFound.
func (db *DB) ContactByPublicID(ctx context.Context, publicID string) (*contact.Contact, error) {
	const query = `
		SELECT id, public_id, email, first_name, last_name, user_id, created_at, merged_into
		FROM {contacts}
		WHERE public_id = ?`

	return db.contact(ctx, query, publicID)
}

// ContactByID returns a contact, or errs.NotFound.
func (db *DB) ContactByID(ctx context.Context, id int64) (*contact.Contact, error) {
	const query = `
		SELECT id, public_id, email, first_name, last_name, user_id, created_at, merged_into
		FROM {contacts}
		WHERE id = ?`

	return db.contact(ctx, query, id)
}

// EnsureContact returns the contact with an e-mail address, made if it is new.
func (db *DB) EnsureContact(ctx context.Context, c contact.Contact) (*contact.Contact, error) {
	var found *contact.Contact
	err := db.inTx(ctx, func(tx *tx) error {
		var err error
		found, err = tx.upsertContact(ctx, c)
		return err
	})
	return found, err
}

func (q querier) contact(ctx context.Context, query string, args ...any) (*contact.Contact, error) {
	var row contactRow
	err := q.get(ctx, &row, query, args...)
	if isNoRows(err) {
		return nil, errNoContact()
	}
	if err != nil {
		return nil, fmt.Errorf("select contact: %w", err)
	}
	return q.merged(ctx, row)
}

// merged returns the contact of a row, or the one that it became part of.
func (q querier) merged(ctx context.Context, row contactRow) (*contact.Contact, error) {
	const query = `
		SELECT id, public_id, email, first_name, last_name, user_id, created_at, merged_into
		FROM {contacts}
		WHERE id = ?`

	for range maxMerges {
		if row.MergedInto == nil {
			return row.contact(), nil
		}
		id := *row.MergedInto
		row = contactRow{}
		if err := q.get(ctx, &row, query, id); err != nil {
			return nil, fmt.Errorf("contact %d, merged: %w", id, err)
		}
	}
	return nil, errNoContact()
}

func orZero(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

func orNull(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func textOrEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// SetContactUser stores which WordPress user a contact is.
func (db *DB) SetContactUser(ctx context.Context, contactID, userID int64) error {
	const query = `
		UPDATE {contacts}
		SET user_id = ?, updated_at = ?
		WHERE id = ?`

	if _, err := db.exec(ctx, query, orNull(userID), db.now().UTC(), contactID); err != nil {
		return fmt.Errorf("user of contact %d: %w", contactID, err)
	}
	return nil
}
