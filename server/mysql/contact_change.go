package mysql

import (
	"context"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/operation"
)

// ChangeContact makes a change in a transaction of its own. A contact that does
// not exist is errs.NotFound.
func (db *DB) ChangeContact(ctx context.Context, c contact.Change) (*contact.Changed, error) {
	var changed *contact.Changed
	err := db.inTx(ctx, func(tx *tx) error {
		var err error
		changed, err = contact.Apply(ctx, tx, c, tx.now())
		return err
	})
	return changed, err
}

// LockContact implements contact.Tx.
func (t *tx) LockContact(ctx context.Context, id int64) (*contact.Contact, error) {
	const query = `
		SELECT id, public_id, email, first_name, last_name, user_id, created_at, merged_into
		FROM {contacts}
		WHERE id = ?
		FOR UPDATE`

	for range maxMerges {
		var row contactRow
		err := t.get(ctx, &row, query, id)
		if isNoRows(err) {
			return nil, errNoContact()
		}
		if err != nil {
			return nil, fmt.Errorf("lock contact %d: %w", id, err)
		}
		if row.MergedInto == nil {
			return row.contact(), nil
		}
		id = *row.MergedInto
	}
	return nil, errNoContact()
}

// maxMerges is how many merges are followed, of one contact into the next.
const maxMerges = 20

func errNoContact() error { return errs.New(errs.NotFound, "There is no such contact.") }

// TagNames implements contact.Tx.
func (q querier) TagNames(ctx context.Context, contactID int64) ([]string, error) {
	const query = `
		SELECT tag
		FROM {contact_tags}
		WHERE contact_id = ?
		ORDER BY tag`

	var tags []string
	if err := q.all(ctx, &tags, query, contactID); err != nil {
		return nil, fmt.Errorf("tags of contact %d: %w", contactID, err)
	}
	return tags, nil
}

// AddTag implements contact.Tx. A tag that is there keeps its time and reason.
func (t *tx) AddTag(ctx context.Context, contactID int64, tag string, source contact.Source, reason string) error {
	const query = `
		INSERT INTO {contact_tags} (contact_id, tag, source, reason, created_at)
		VALUES (?, ?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE tag = VALUES(tag)`

	if _, err := t.exec(ctx, query, contactID, tag, source, reason, t.now().UTC()); err != nil {
		return fmt.Errorf("tag contact %d: %w", contactID, err)
	}
	return nil
}

// RemoveTag implements contact.Tx.
func (t *tx) RemoveTag(ctx context.Context, contactID int64, tag string) error {
	const query = `
		DELETE FROM {contact_tags}
		WHERE contact_id = ? AND tag = ?`

	if _, err := t.exec(ctx, query, contactID, tag); err != nil {
		return fmt.Errorf("untag contact %d: %w", contactID, err)
	}
	return nil
}

// SetField implements contact.Tx.
func (t *tx) SetField(ctx context.Context, contactID int64, field, value string) error {
	const set = `
		INSERT INTO {contact_fields} (contact_id, field, value, updated_at)
		VALUES (?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE value = VALUES(value), updated_at = VALUES(updated_at)`
	const remove = `
		DELETE FROM {contact_fields}
		WHERE contact_id = ? AND field = ?`

	var err error
	if value == "" {
		_, err = t.exec(ctx, remove, contactID, field)
	} else {
		_, err = t.exec(ctx, set, contactID, field, value, t.now().UTC())
	}
	if err != nil {
		return fmt.Errorf("set field %q of contact %d: %w", field, contactID, err)
	}
	return nil
}

// AddEvent implements contact.Tx.
func (t *tx) AddEvent(ctx context.Context, e contact.Event) (int64, error) {
	const query = `
		INSERT INTO {contact_events} (contact_id, type, name, value, source, reason, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`

	id, err := t.insert(ctx, query, e.ContactID, e.Type, e.Name, e.Value, e.Source, e.Reason, e.CreatedAt.UTC())
	if err != nil {
		return 0, fmt.Errorf("event of contact %d: %w", e.ContactID, err)
	}
	return id, nil
}

// Tagged lists a contact's tags with when and why it got them, by name.
func (db *DB) Tagged(ctx context.Context, contactID int64) ([]contact.Tagged, error) {
	const query = `
		SELECT tag, source, reason, created_at
		FROM {contact_tags}
		WHERE contact_id = ?
		ORDER BY tag`

	var rows []struct {
		Tag       string    `db:"tag"`
		Source    string    `db:"source"`
		Reason    string    `db:"reason"`
		CreatedAt time.Time `db:"created_at"`
	}
	if err := db.all(ctx, &rows, query, contactID); err != nil {
		return nil, fmt.Errorf("tags of contact %d: %w", contactID, err)
	}
	tags := make([]contact.Tagged, len(rows))
	for i, row := range rows {
		tags[i] = contact.Tagged{Tag: row.Tag, Source: contact.Source(row.Source), Reason: row.Reason, At: row.CreatedAt}
	}
	return tags, nil
}

// ContactEvents lists a contact's timeline, newest first, from before an event;
// 0 is from the newest on.
func (db *DB) ContactEvents(ctx context.Context, contactID, before int64, limit int) ([]contact.Event, error) {
	const query = `
		SELECT id, contact_id, type, name, value, source, reason, created_at
		FROM {contact_events}
		WHERE contact_id = ? AND (? = 0 OR id < ?)
		ORDER BY id DESC
		LIMIT ?`

	var rows []struct {
		ID        int64     `db:"id"`
		ContactID int64     `db:"contact_id"`
		Type      string    `db:"type"`
		Name      string    `db:"name"`
		Value     string    `db:"value"`
		Source    string    `db:"source"`
		Reason    string    `db:"reason"`
		CreatedAt time.Time `db:"created_at"`
	}
	if err := db.all(ctx, &rows, query, contactID, before, before, limit); err != nil {
		return nil, fmt.Errorf("events of contact %d: %w", contactID, err)
	}
	events := make([]contact.Event, len(rows))
	for i, row := range rows {
		events[i] = contact.Event{
			ID: row.ID, ContactID: row.ContactID, Type: contact.EventType(row.Type), Name: row.Name, Value: row.Value,
			Source: contact.Source(row.Source), Reason: row.Reason, CreatedAt: row.CreatedAt,
		}
	}
	return events, nil
}

// FollowContacts does what a claim's jobs ask for, once: fn runs in the
// transaction that removes them.
func (db *DB) FollowContacts(ctx context.Context, c job.Claim, fn func(tx FollowTx) error) error {
	return db.inTx(ctx, func(tx *tx) error {
		if err := tx.TakeJobs(ctx, c); err != nil {
			return err
		}
		return fn(tx)
	})
}

// FollowTx is what following contacts needs of one transaction.
type FollowTx interface {
	operation.CampaignTx
	// Connections lists the ids of the CRMs that are told of changes.
	Connections(ctx context.Context) ([]int64, error)
	// MoveMarks gives another contact what one has because of a checkout.
	MoveMarks(ctx context.Context, m catalog.Moved) error
}
