package mysql

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/operation"
)

type runRow struct {
	ID          int64      `db:"id"`
	PublicID    string     `db:"public_id"`
	OperationID int64      `db:"operation_id"`
	ContactID   int64      `db:"contact_id"`
	Source      string     `db:"source"`
	Cause       string     `db:"cause"`
	Status      string     `db:"status"`
	Actions     *string    `db:"actions"`
	Next        int        `db:"next"`
	Steps       string     `db:"steps"`
	WakeAt      *time.Time `db:"wake_at"`
	Problem     *string    `db:"problem"`
	CheckoutID  *int64     `db:"checkout_id"`
	OrderID     *int64     `db:"order_id"`
	ParentID    *int64     `db:"parent_id"`
	Depth       int        `db:"depth"`
	CreatedAt   time.Time  `db:"created_at"`
}

const selectRuns = `
	SELECT id, public_id, operation_id, contact_id, source, cause, status, actions, next, steps, wake_at, problem, checkout_id, order_id,
		parent_id, depth, created_at
	FROM {operation_runs}`

func (r *runRow) run() (*operation.Run, error) {
	run := &operation.Run{
		ID: r.ID, PublicID: r.PublicID, OperationID: r.OperationID, ContactID: r.ContactID, Source: operation.Source(r.Source),
		Cause: r.Cause, Status: operation.RunStatus(r.Status), Next: r.Next, WakeAt: r.WakeAt, Problem: textOrEmpty(r.Problem),
		CheckoutID: orZero(r.CheckoutID), OrderID: orZero(r.OrderID), ParentID: orZero(r.ParentID), Depth: r.Depth, CreatedAt: r.CreatedAt,
	}
	if err := json.Unmarshal([]byte(r.Steps), &run.Steps); err != nil {
		return nil, fmt.Errorf("steps of run %s: %w", r.PublicID, err)
	}
	if r.Actions != nil {
		if err := json.Unmarshal([]byte(*r.Actions), &run.Actions); err != nil {
			return nil, fmt.Errorf("actions of run %s: %w", r.PublicID, err)
		}
	}
	return run, nil
}

// AddRun implements operation.Tx.
func (t *tx) AddRun(ctx context.Context, r *operation.Run) (bool, error) {
	const query = `
		INSERT INTO {operation_runs} (public_id, operation_id, contact_id, source, dedupe_key, cause, status, actions, next, steps,
			checkout_id, order_id, parent_id, depth, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	const known = selectRuns + `
		WHERE operation_id = ? AND dedupe_key = ?`

	actions, err := jsonList(r.Actions)
	if err != nil {
		return false, err
	}
	steps, err := jsonList(r.Steps)
	if err != nil {
		return false, err
	}
	var key []byte
	if r.Key != "" {
		sum := sha256.Sum256([]byte(r.Key))
		key = sum[:]
		// Read first: a duplicate would cost the transaction its locks' order.
		var row runRow
		err := t.get(ctx, &row, known, r.OperationID, key)
		if err == nil {
			return false, row.into(r)
		}
		if !isNoRows(err) {
			return false, fmt.Errorf("run of operation %d: %w", r.OperationID, err)
		}
	}
	at := r.CreatedAt.UTC()
	r.ID, err = t.insert(ctx, query, r.PublicID, r.OperationID, r.ContactID, r.Source, key, r.Cause, r.Status, actions, r.Next, steps,
		orNull(r.CheckoutID), orNull(r.OrderID), orNull(r.ParentID), r.Depth, at, at)
	if isDuplicate(err) { // written by another transaction since
		var row runRow
		if err := t.get(ctx, &row, known, r.OperationID, key); err != nil {
			return false, fmt.Errorf("run of operation %d: %w", r.OperationID, err)
		}
		return false, row.into(r)
	}
	if err != nil {
		return false, fmt.Errorf("insert run: %w", err)
	}
	return true, nil
}

// into reads a row over a run.
func (r *runRow) into(run *operation.Run) error {
	found, err := r.run()
	if err == nil {
		key := run.Key
		*run = *found
		run.Key = key
	}
	return err
}

// RecentRun implements operation.Tx.
func (t *tx) RecentRun(ctx context.Context, operationID, contactID int64, since time.Time) (*operation.Run, error) {
	const query = selectRuns + `
		WHERE contact_id = ? AND operation_id = ? AND source = 'hook' AND status <> 'failed' AND created_at > ?
		ORDER BY id DESC
		LIMIT 1`

	var row runRow
	err := t.get(ctx, &row, query, contactID, operationID, since.UTC())
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no run.")
	}
	if err != nil {
		return nil, fmt.Errorf("recent run of operation %d: %w", operationID, err)
	}
	return row.run()
}

// LockRun implements operation.Tx.
func (t *tx) LockRun(ctx context.Context, id int64) (*operation.Run, error) {
	const query = selectRuns + `
		WHERE id = ?
		FOR UPDATE`
	return t.run(ctx, query, id)
}

// SaveRun implements operation.Tx.
func (t *tx) SaveRun(ctx context.Context, r *operation.Run) error {
	const query = `
		UPDATE {operation_runs}
		SET contact_id = ?, status = ?, next = ?, steps = ?, wake_at = ?, problem = ?, updated_at = ?
		WHERE id = ?`

	steps, err := jsonList(r.Steps)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, query, r.ContactID, r.Status, r.Next, steps, utc(r.WakeAt), textOrNull(r.Problem), t.now().UTC(), r.ID); err != nil {
		return fmt.Errorf("save run %d: %w", r.ID, err)
	}
	return nil
}

// StopRuns implements operation.Tx.
func (t *tx) StopRuns(ctx context.Context, checkoutID int64, why string) (int, error) {
	const query = `
		UPDATE {operation_runs}
		SET status = 'stopped', problem = ?, wake_at = NULL, updated_at = ?
		WHERE checkout_id = ? AND status IN ('queued', 'running', 'waiting') AND order_id IS NULL`

	n, err := t.exec(ctx, query, why, t.now().UTC(), checkoutID)
	if err != nil {
		return 0, fmt.Errorf("stop runs of checkout %d: %w", checkoutID, err)
	}
	return int(n), nil
}

func (q querier) run(ctx context.Context, query string, key any) (*operation.Run, error) {
	var row runRow
	err := q.get(ctx, &row, query, key)
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no run %v.", key)
	}
	if err != nil {
		return nil, fmt.Errorf("select run: %w", err)
	}
	return row.run()
}

// Run implements operation.Store.
func (s *OperationStore) Run(ctx context.Context, id int64) (*operation.Run, error) {
	const query = selectRuns + `
		WHERE id = ?`
	return s.db.run(ctx, query, id)
}

// RunByPublicID implements operation.Store.
func (s *OperationStore) RunByPublicID(ctx context.Context, publicID string) (*operation.Run, error) {
	const query = selectRuns + `
		WHERE public_id = ?`
	return s.db.run(ctx, query, publicID)
}

// FindRuns implements operation.Store.
func (s *OperationStore) FindRuns(ctx context.Context, operationID int64, limit int) ([]operation.Run, error) {
	const query = selectRuns + `
		WHERE operation_id = ?
		ORDER BY id DESC
		LIMIT ?`
	return s.runs(ctx, query, operationID, limit)
}

// RunsOf implements operation.Store.
func (s *OperationStore) RunsOf(ctx context.Context, contactID int64, limit int) ([]operation.Run, error) {
	const query = selectRuns + `
		WHERE contact_id = ?
		ORDER BY id DESC
		LIMIT ?`
	return s.runs(ctx, query, contactID, limit)
}

func (s *OperationStore) runs(ctx context.Context, query string, args ...any) ([]operation.Run, error) {
	var rows []runRow
	if err := s.db.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("select runs: %w", err)
	}
	found := make([]operation.Run, len(rows))
	for i := range rows {
		r, err := rows[i].run()
		if err != nil {
			return nil, err
		}
		found[i] = *r
	}
	return found, nil
}
