package wpdb

import (
	"context"
	"fmt"
	"html"

	"github.com/jmoiron/sqlx"
)

// Names returns a user's first and last name as people read them, entities decoded;
// "" for what the user has not.
func Names(ctx context.Context, q sqlx.ExtContext, prefix string, userID int64) (first, last string, err error) {
	const query = `
		SELECT meta_key, COALESCE(meta_value, '') AS meta_value
		FROM {p}usermeta
		WHERE user_id = ? AND meta_key IN ('first_name', 'last_name')
		ORDER BY umeta_id DESC`

	var rows []struct {
		Key   string `db:"meta_key"`
		Value string `db:"meta_value"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, in(prefix, query), userID); err != nil {
		return "", "", fmt.Errorf("select names: %w", err)
	}
	// The oldest row counts, as in get_user_meta( …, true ): it comes last.
	for _, r := range rows {
		switch r.Key {
		case "first_name":
			first = html.UnescapeString(metaText(r.Value))
		case "last_name":
			last = html.UnescapeString(metaText(r.Value))
		}
	}
	return first, last, nil
}

// metaText returns the string that WordPress reads from a meta value, and "" when
// it would read something else.
func metaText(value string) string {
	if !looksSerialized(value) {
		return value
	}
	v, err := unserialize(value)
	if err != nil {
		return value // is_serialized is stricter on reading: a mere look-alike
	}
	text, _ := v.(string)
	return text
}
