package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/operation"
)

// OperationStore implements operation.Store.
type OperationStore struct{ db *DB }

// NewOperationStore returns an OperationStore that reads and writes db.
func NewOperationStore(db *DB) *OperationStore { return &OperationStore{db} }

type operationRow struct {
	ID        int64     `db:"id"`
	PublicID  string    `db:"public_id"`
	Slug      string    `db:"slug"`
	Name      string    `db:"name"`
	Status    string    `db:"status"`
	Actions   string    `db:"actions"`
	HookHash  []byte    `db:"hook_hash"`
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
}

const selectOperations = `
	SELECT id, public_id, slug, name, status, actions, hook_hash, created_at, updated_at
	FROM {operations}`

func (r *operationRow) operation() (*operation.Operation, error) {
	o := &operation.Operation{
		ID: r.ID, PublicID: r.PublicID, Slug: r.Slug, Name: r.Name, Status: operation.Status(r.Status), CreatedAt: r.CreatedAt,
		UpdatedAt: r.UpdatedAt,
	}
	copy(o.HookHash[:], r.HookHash)
	if err := json.Unmarshal([]byte(r.Actions), &o.Actions); err != nil {
		return nil, fmt.Errorf("actions of operation %s: %w", r.Slug, err)
	}
	return o, nil
}

func hashOrNull(hash [32]byte) []byte {
	if hash == [32]byte{} {
		return nil
	}
	return hash[:]
}

// AddOperation implements operation.Store.
func (s *OperationStore) AddOperation(ctx context.Context, o *operation.Operation) error {
	const query = `
		INSERT INTO {operations} (public_id, slug, name, status, actions, hook_hash, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

	actions, err := jsonList(o.Actions)
	if err != nil {
		return err
	}
	o.ID, err = s.db.insert(ctx, query, o.PublicID, o.Slug, o.Name, o.Status, actions, hashOrNull(o.HookHash), o.CreatedAt.UTC(), o.UpdatedAt.UTC())
	if isDuplicate(err) {
		return errs.New(errs.Conflict, "There is already an operation %q.", o.Slug)
	}
	if err != nil {
		return fmt.Errorf("insert operation: %w", err)
	}
	return nil
}

// UpdateOperation implements operation.Store.
func (s *OperationStore) UpdateOperation(ctx context.Context, o *operation.Operation) error {
	const query = `
		UPDATE {operations}
		SET name = ?, status = ?, actions = ?, hook_hash = ?, updated_at = ?
		WHERE id = ?`

	actions, err := jsonList(o.Actions)
	if err != nil {
		return err
	}
	if _, err := s.db.exec(ctx, query, o.Name, o.Status, actions, hashOrNull(o.HookHash), o.UpdatedAt.UTC(), o.ID); err != nil {
		return fmt.Errorf("update operation %s: %w", o.Slug, err)
	}
	return nil
}

// Operation implements operation.Store.
func (s *OperationStore) Operation(ctx context.Context, slug string) (*operation.Operation, error) {
	const query = selectOperations + `
		WHERE slug = ?`

	if catalog.CheckSlug(slug) != "" { // SQL would pad it, or not even compare it
		return nil, errs.New(errs.NotFound, "There is no operation %q.", slug)
	}
	return s.operation(ctx, query, slug)
}

// OperationByPublicID implements operation.Store.
func (s *OperationStore) OperationByPublicID(ctx context.Context, publicID string) (*operation.Operation, error) {
	const query = selectOperations + `
		WHERE public_id = ?`
	return s.operation(ctx, query, publicID)
}

func (s *OperationStore) operation(ctx context.Context, query, key string) (*operation.Operation, error) {
	var row operationRow
	err := s.db.get(ctx, &row, query, key)
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no operation %q.", key)
	}
	if err != nil {
		return nil, fmt.Errorf("select operation: %w", err)
	}
	return row.operation()
}

// FindOperations implements operation.Store.
func (s *OperationStore) FindOperations(ctx context.Context) ([]operation.Operation, error) {
	const query = selectOperations + `
		ORDER BY slug`

	var rows []operationRow
	if err := s.db.all(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("select operations: %w", err)
	}
	found := make([]operation.Operation, len(rows))
	for i := range rows {
		o, err := rows[i].operation()
		if err != nil {
			return nil, err
		}
		found[i] = *o
	}
	return found, nil
}

// AddRun implements operation.Store.
func (s *OperationStore) AddRun(ctx context.Context, r *operation.Run) error {
	const query = `
		INSERT INTO {operation_runs} (public_id, operation_id, contact_id, source, status, steps, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

	steps, err := jsonList(r.Steps)
	if err != nil {
		return err
	}
	r.ID, err = s.db.insert(ctx, query, r.PublicID, r.OperationID, r.ContactID, r.Source, r.Status, steps, r.CreatedAt.UTC(), r.CreatedAt.UTC())
	if err != nil {
		return fmt.Errorf("insert run: %w", err)
	}
	return nil
}

// UpdateRun implements operation.Store.
func (s *OperationStore) UpdateRun(ctx context.Context, r *operation.Run) error {
	const query = `
		UPDATE {operation_runs}
		SET status = ?, steps = ?, updated_at = ?
		WHERE id = ?`

	steps, err := jsonList(r.Steps)
	if err != nil {
		return err
	}
	if _, err := s.db.exec(ctx, query, r.Status, steps, s.db.now().UTC(), r.ID); err != nil {
		return fmt.Errorf("update run %d: %w", r.ID, err)
	}
	return nil
}

// FindRuns implements operation.Store.
func (s *OperationStore) FindRuns(ctx context.Context, operationID int64, limit int) ([]operation.Run, error) {
	const query = `
		SELECT id, public_id, operation_id, contact_id, source, status, steps, created_at
		FROM {operation_runs}
		WHERE operation_id = ?
		ORDER BY id DESC
		LIMIT ?`

	var rows []struct {
		ID          int64     `db:"id"`
		PublicID    string    `db:"public_id"`
		OperationID int64     `db:"operation_id"`
		ContactID   int64     `db:"contact_id"`
		Source      string    `db:"source"`
		Status      string    `db:"status"`
		Steps       string    `db:"steps"`
		CreatedAt   time.Time `db:"created_at"`
	}
	if err := s.db.all(ctx, &rows, query, operationID, limit); err != nil {
		return nil, fmt.Errorf("runs of operation %d: %w", operationID, err)
	}
	found := make([]operation.Run, len(rows))
	for i, row := range rows {
		found[i] = operation.Run{
			ID: row.ID, PublicID: row.PublicID, OperationID: row.OperationID, ContactID: row.ContactID,
			Source: operation.Source(row.Source), Status: operation.RunStatus(row.Status), CreatedAt: row.CreatedAt,
		}
		if err := json.Unmarshal([]byte(row.Steps), &found[i].Steps); err != nil {
			return nil, fmt.Errorf("steps of run %s: %w", row.PublicID, err)
		}
	}
	return found, nil
}
