package mysql

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// SetFields stores custom fields of a contact; others stay as they are.
func (db *DB) SetFields(ctx context.Context, contactID int64, fields map[string]string) error {
	const query = `
		INSERT INTO {contact_fields} (contact_id, field, value, updated_at)
		VALUES (?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE value = VALUES(value), updated_at = VALUES(updated_at)`

	return db.inTx(ctx, func(tx *tx) error {
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			if _, err := tx.exec(ctx, query, contactID, field, fields[field], tx.now().UTC()); err != nil {
				return fmt.Errorf("set field %q of contact %d: %w", field, contactID, err)
			}
		}
		return nil
	})
}

// Fields returns a contact's custom fields.
func (db *DB) Fields(ctx context.Context, contactID int64) (map[string]string, error) {
	const query = `
		SELECT field, value
		FROM {contact_fields}
		WHERE contact_id = ?`

	var rows []struct {
		Field string `db:"field"`
		Value string `db:"value"`
	}
	if err := db.all(ctx, &rows, query, contactID); err != nil {
		return nil, fmt.Errorf("fields of contact %d: %w", contactID, err)
	}
	fields := make(map[string]string, len(rows))
	for _, row := range rows {
		fields[row.Field] = row.Value
	}
	return fields, nil
}
