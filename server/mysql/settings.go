package mysql

import (
	"context"
	"fmt"

	"github.com/tillside/tillside/server/errs"
)

// Setting returns a stored setting; errs.NotFound when there is none. Secrets
// are stored sealed by their owner.
func (db *DB) Setting(ctx context.Context, name string) (string, error) { return db.setting(ctx, name) }

func (q querier) setting(ctx context.Context, name string) (string, error) {
	const query = `
		SELECT value
		FROM {settings}
		WHERE name = ?`

	var value string
	err := q.get(ctx, &value, query, name)
	if isNoRows(err) {
		return "", errs.New(errs.NotFound, "There is no setting %q.", name)
	}
	if err != nil {
		return "", fmt.Errorf("setting %s: %w", name, err)
	}
	return value, nil
}

// SetSetting stores a setting over what was there.
func (db *DB) SetSetting(ctx context.Context, name, value string) error {
	const query = `
		INSERT INTO {settings} (name, value, updated_at)
		VALUES (?, ?, ?)
		ON DUPLICATE KEY UPDATE value = VALUES(value), updated_at = VALUES(updated_at)`

	if _, err := db.exec(ctx, query, name, value, db.now().UTC()); err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	return nil
}

// DeleteSetting removes a setting; one that is not there is no error.
func (db *DB) DeleteSetting(ctx context.Context, name string) error {
	const query = `
		DELETE FROM {settings}
		WHERE name = ?`

	if _, err := db.exec(ctx, query, name); err != nil {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	return nil
}

// TakeJTI stores the id of a token that may be used once, and reports whether
// it was new. exp is the Unix time at which the token ends.
func (db *DB) TakeJTI(ctx context.Context, jti [16]byte, exp int64) (bool, error) {
	const query = `
		INSERT IGNORE INTO {jtis} (jti, exp)
		VALUES (?, ?)`

	n, err := db.exec(ctx, query, jti[:], exp)
	if err != nil {
		return false, fmt.Errorf("take token id: %w", err)
	}
	return n == 1, nil
}

// Purge removes what is past its use: token ids, sent mails, old provider
// events, what CRMs sent, refused codes of an hour ago. It removes at most a few thousand rows of each at a time.
func (db *DB) Purge(ctx context.Context) error {
	now := db.now().UTC()
	for _, purge := range []struct {
		query string
		arg   any
	}{
		{`DELETE FROM {jtis} WHERE exp < ? LIMIT 5000`, now.Unix() - 120},
		{`DELETE FROM {refusals} WHERE slice < ? LIMIT 5000`, now.Unix()/600 - 6},
		{`DELETE FROM {mails} WHERE state = 'sent' AND updated_at < ? LIMIT 5000`, now.AddDate(0, 0, -30)},
		{`DELETE FROM {hook_deliveries} WHERE received_at < ? LIMIT 5000`, now.AddDate(0, 0, -30)},
		{`DELETE FROM {provider_events} WHERE received_at < ? LIMIT 5000`, now.AddDate(0, 0, -35)},
	} {
		if _, err := db.exec(ctx, purge.query, purge.arg); err != nil {
			return fmt.Errorf("purge: %w", err)
		}
	}
	return nil
}
