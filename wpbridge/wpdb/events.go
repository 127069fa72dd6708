package wpdb

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Event is something that WordPress did and Tillside must know: user.updated,
// user.deleted, user.roles, privacy.export, privacy.erase.
type Event struct {
	ID        int64
	Type      string
	Payload   json.RawMessage
	CreatedAt time.Time
}

type eventRow struct {
	ID        int64     `db:"id"`
	Type      string    `db:"type"`
	Payload   []byte    `db:"payload"`
	CreatedAt time.Time `db:"created_at"`
}

// Events returns the oldest events in the order of their ids, at most limit. The
// connection must parse times. Delete those that were handled by their ids and not
// by the greatest: an event with a smaller id may commit later.
func Events(ctx context.Context, q sqlx.ExtContext, prefix string, limit int) ([]Event, error) {
	const query = `
		SELECT id, type, payload, created_at
		FROM {p}tillside_wp_events
		ORDER BY id
		LIMIT ?`

	var rows []eventRow
	if err := sqlx.SelectContext(ctx, q, &rows, in(prefix, query), limit); err != nil {
		return nil, fmt.Errorf("select WordPress's events: %w", err)
	}
	out := make([]Event, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.event())
	}
	return out, nil
}

func (r eventRow) event() Event {
	return Event{ID: r.ID, Type: r.Type, Payload: r.Payload, CreatedAt: r.CreatedAt}
}

// DeleteEvents removes events that were handled. Ids that are gone do no harm.
func DeleteEvents(ctx context.Context, q sqlx.ExtContext, prefix string, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	const query = `
		DELETE FROM {p}tillside_wp_events
		WHERE id IN (?)`

	text, args, err := sqlx.In(in(prefix, query), ids)
	if err != nil {
		return fmt.Errorf("delete WordPress's events: %w", err)
	}
	if _, err := q.ExecContext(ctx, text, args...); err != nil {
		return fmt.Errorf("delete WordPress's events: %w", err)
	}
	return nil
}
