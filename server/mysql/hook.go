package mysql

import (
	"context"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/hook"
	"github.com/tillside/tillside/server/job"
)

// HookStore implements hook.Store.
type HookStore struct{ db *DB }

// NewHookStore returns a HookStore that reads and writes db.
func NewHookStore(db *DB) *HookStore { return &HookStore{db} }

type deliveryRow struct {
	ID          int64      `db:"id"`
	PublicID    string     `db:"public_id"`
	Target      string     `db:"target"`
	ContentType string     `db:"content_type"`
	Query       string     `db:"query"`
	Body        []byte     `db:"body"`
	State       string     `db:"state"`
	Result      string     `db:"result"`
	Replays     int        `db:"replays"`
	ReceivedAt  time.Time  `db:"received_at"`
	DoneAt      *time.Time `db:"done_at"`
}

const selectDeliveries = `
	SELECT id, public_id, target, content_type, query, body, state, result, replays, received_at, done_at
	FROM {hook_deliveries}`

func (r *deliveryRow) delivery() *hook.Delivery {
	return &hook.Delivery{
		ID: r.ID, PublicID: r.PublicID, Target: hook.Target(r.Target), ContentType: r.ContentType, Query: r.Query, Body: r.Body,
		State: hook.State(r.State), Result: r.Result, Replays: r.Replays, ReceivedAt: r.ReceivedAt, DoneAt: r.DoneAt,
	}
}

// AddDelivery implements hook.Store.
func (s *HookStore) AddDelivery(ctx context.Context, d *hook.Delivery, j job.New) error {
	const query = `
		INSERT INTO {hook_deliveries} (public_id, target, content_type, query, body, state, result, received_at)
		VALUES (?, ?, ?, ?, ?, ?, '', ?)`

	body := d.Body
	if body == nil {
		body = []byte{}
	}
	return s.db.inTx(ctx, func(tx *tx) error {
		var err error
		d.ID, err = tx.insert(ctx, query, d.PublicID, d.Target, d.ContentType, d.Query, body, d.State, d.ReceivedAt.UTC())
		if err != nil {
			return fmt.Errorf("insert delivery: %w", err)
		}
		j.Payload = hook.DeliverJob{DeliveryID: d.ID}
		return tx.Enqueue(ctx, j)
	})
}

// Waiting implements hook.Store.
func (s *HookStore) Waiting(ctx context.Context, t hook.Target, limit int) (int, error) {
	// The newest that wait stand at the end of the index: what is done before them
	// is not read.
	const query = `
		SELECT COUNT(*)
		FROM (
			SELECT state
			FROM {hook_deliveries}
			WHERE target = ?
			ORDER BY id DESC
			LIMIT 1
			OFFSET ?) AS newest
		WHERE state = 'received'`

	// Deliveries are done in order: when the one that many ago still waits, so
	// do all after it.
	var waits int
	if err := s.db.get(ctx, &waits, query, t, limit-1); err != nil {
		return 0, fmt.Errorf("deliveries for %s: %w", t, err)
	}
	return waits * limit, nil
}

// Delivery implements hook.Store.
func (s *HookStore) Delivery(ctx context.Context, id int64) (*hook.Delivery, error) {
	const query = selectDeliveries + `
		WHERE id = ?`
	return s.delivery(ctx, query, id)
}

// DeliveryByPublicID implements hook.Store.
func (s *HookStore) DeliveryByPublicID(ctx context.Context, publicID string) (*hook.Delivery, error) {
	const query = selectDeliveries + `
		WHERE public_id = ?`

	if !isASCII(publicID) {
		return nil, errs.New(errs.NotFound, "There is no delivery %q.", publicID)
	}
	return s.delivery(ctx, query, publicID)
}

func (s *HookStore) delivery(ctx context.Context, query string, key any) (*hook.Delivery, error) {
	var row deliveryRow
	err := s.db.get(ctx, &row, query, key)
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no delivery %v.", key)
	}
	if err != nil {
		return nil, fmt.Errorf("select delivery: %w", err)
	}
	return row.delivery(), nil
}

// EndDelivery implements hook.Store.
func (s *HookStore) EndDelivery(ctx context.Context, id int64, o hook.Outcome) error {
	const query = `
		UPDATE {hook_deliveries}
		SET state = ?, result = ?, done_at = ?
		WHERE id = ?`

	if _, err := s.db.exec(ctx, query, o.State, o.Result, s.db.now().UTC(), id); err != nil {
		return fmt.Errorf("end delivery %d: %w", id, err)
	}
	return nil
}

// Reopen implements hook.Store.
func (s *HookStore) Reopen(ctx context.Context, id int64, j job.New) error {
	const query = `
		UPDATE {hook_deliveries}
		SET state = 'received', done_at = NULL, replays = replays + 1
		WHERE id = ?`

	return s.db.inTx(ctx, func(tx *tx) error {
		if _, err := tx.exec(ctx, query, id); err != nil {
			return fmt.Errorf("reopen delivery %d: %w", id, err)
		}
		return tx.Enqueue(ctx, j)
	})
}

// FindDeliveries implements hook.Store.
func (s *HookStore) FindDeliveries(ctx context.Context, t hook.Target, limit int) ([]hook.Delivery, error) {
	const all = selectDeliveries + `
		ORDER BY id DESC
		LIMIT ?`
	const ofTarget = selectDeliveries + `
		WHERE target = ?
		ORDER BY id DESC
		LIMIT ?`

	var rows []deliveryRow
	var err error
	if t == "" {
		err = s.db.all(ctx, &rows, all, limit)
	} else {
		err = s.db.all(ctx, &rows, ofTarget, t, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("select deliveries: %w", err)
	}
	list := make([]hook.Delivery, len(rows))
	for i := range rows {
		list[i] = *rows[i].delivery()
	}
	return list, nil
}
