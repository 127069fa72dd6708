package mysql

import (
	"context"
	"fmt"
)

// Fields returns a contact's custom fields.
func (q querier) Fields(ctx context.Context, contactID int64) (map[string]string, error) {
	const query = `
		SELECT field, value
		FROM {contact_fields}
		WHERE contact_id = ?`

	var rows []struct {
		Field string `db:"field"`
		Value string `db:"value"`
	}
	if err := q.all(ctx, &rows, query, contactID); err != nil {
		return nil, fmt.Errorf("fields of contact %d: %w", contactID, err)
	}
	fields := make(map[string]string, len(rows))
	for _, row := range rows {
		fields[row.Field] = row.Value
	}
	return fields, nil
}
