package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/operation"
)

// OperationStore implements operation.Store.
type OperationStore struct{ db *DB }

// NewOperationStore returns an OperationStore that reads and writes db.
func NewOperationStore(db *DB) *OperationStore { return &OperationStore{db} }

type operationRow struct {
	ID        int64      `db:"id"`
	PublicID  string     `db:"public_id"`
	Slug      string     `db:"slug"`
	Name      string     `db:"name"`
	Status    string     `db:"status"`
	Actions   string     `db:"actions"`
	Settings  *string    `db:"settings"`
	Revision  int64      `db:"revision"`
	HookHash  []byte     `db:"hook_hash"`
	OldHash   []byte     `db:"old_hook_hash"`
	OldUntil  *time.Time `db:"old_hook_until"`
	CreatedAt time.Time  `db:"created_at"`
	UpdatedAt time.Time  `db:"updated_at"`
}

const selectOperations = `
	SELECT o.id, o.public_id, o.slug, o.name, o.status, o.actions, o.settings, o.revision, o.hook_hash, o.old_hook_hash, o.old_hook_until,
		o.created_at, o.updated_at
	FROM {operations} o`

func (r *operationRow) operation() (*operation.Operation, error) {
	o := &operation.Operation{
		ID: r.ID, PublicID: r.PublicID, Slug: r.Slug, Name: r.Name, Status: operation.Status(r.Status), Revision: r.Revision,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	copy(o.HookHash[:], r.HookHash)
	copy(o.OldHash[:], r.OldHash)
	if r.OldUntil != nil {
		o.OldUntil = *r.OldUntil
	}
	if r.Settings != nil {
		if err := json.Unmarshal([]byte(*r.Settings), &o.Settings); err != nil {
			return nil, fmt.Errorf("settings of operation %s: %w", r.Slug, err)
		}
	}
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

// InTx implements operation.Store.
func (s *OperationStore) InTx(ctx context.Context, fn func(operation.Tx) error) error {
	return s.db.inTx(ctx, func(tx *tx) error { return fn(tx) })
}

// columns are what AddOperation and UpdateOperation both write, in order.
func operationColumns(o *operation.Operation) ([]any, error) {
	actions, err := jsonList(o.Actions)
	if err != nil {
		return nil, err
	}
	settings, err := jsonOrNull(&o.Settings)
	if err != nil {
		return nil, err
	}
	var until *time.Time
	if !o.OldUntil.IsZero() {
		until = new(o.OldUntil.UTC())
	}
	return []any{
		o.Name, o.Status, actions, settings, o.Revision, hashOrNull(o.HookHash), hashOrNull(o.OldHash), until, o.UpdatedAt.UTC(),
	}, nil
}

// AddOperation implements operation.Store.
func (s *OperationStore) AddOperation(ctx context.Context, o *operation.Operation) error {
	const query = `
		INSERT INTO {operations} (name, status, actions, settings, revision, hook_hash, old_hook_hash, old_hook_until, updated_at,
			public_id, slug, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	values, err := operationColumns(o)
	if err != nil {
		return err
	}
	err = s.db.inTx(ctx, func(tx *tx) error {
		var err error
		if o.ID, err = tx.insert(ctx, query, append(values, o.PublicID, o.Slug, o.CreatedAt.UTC())...); err != nil {
			return err
		}
		return tx.setTriggers(ctx, o)
	})
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
		SET name = ?, status = ?, actions = ?, settings = ?, revision = ?, hook_hash = ?, old_hook_hash = ?, old_hook_until = ?,
			updated_at = ?
		WHERE id = ?`

	values, err := operationColumns(o)
	if err != nil {
		return err
	}
	err = s.db.inTx(ctx, func(tx *tx) error {
		if _, err := tx.exec(ctx, query, append(values, o.ID)...); err != nil {
			return err
		}
		return tx.setTriggers(ctx, o)
	})
	if err != nil {
		return fmt.Errorf("update operation %s: %w", o.Slug, err)
	}
	return nil
}

// setTriggers writes what an operation can be found by.
func (t *tx) setTriggers(ctx context.Context, o *operation.Operation) error {
	const clear = `
		DELETE FROM {operation_triggers}
		WHERE operation_id = ?`
	const add = `
		INSERT IGNORE INTO {operation_triggers} (operation_id, kind, arg)
		VALUES (?, ?, ?)`

	if _, err := t.exec(ctx, clear, o.ID); err != nil {
		return err
	}
	for _, trigger := range o.Settings.Triggers {
		if _, err := t.exec(ctx, add, o.ID, trigger.Kind, trigger.Arg); err != nil {
			return err
		}
	}
	return nil
}

// Operation implements operation.Store.
func (s *OperationStore) Operation(ctx context.Context, slug string) (*operation.Operation, error) {
	const query = selectOperations + `
		WHERE o.slug = ?`

	if catalog.CheckSlug(slug) != "" { // SQL would pad it, or not even compare it
		return nil, errs.New(errs.NotFound, "There is no operation %q.", slug)
	}
	return s.operation(ctx, query, slug)
}

// OperationByPublicID implements operation.Store.
func (s *OperationStore) OperationByPublicID(ctx context.Context, publicID string) (*operation.Operation, error) {
	const query = selectOperations + `
		WHERE o.public_id = ?`
	return s.operation(ctx, query, publicID)
}

// OperationByID implements operation.Store.
func (s *OperationStore) OperationByID(ctx context.Context, id int64) (*operation.Operation, error) {
	const query = selectOperations + `
		WHERE o.id = ?`
	return s.operation(ctx, query, id)
}

func (s *OperationStore) operation(ctx context.Context, query string, key any) (*operation.Operation, error) {
	var row operationRow
	err := s.db.get(ctx, &row, query, key)
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no operation %v.", key)
	}
	if err != nil {
		return nil, fmt.Errorf("select operation: %w", err)
	}
	return row.operation()
}

// FindOperations implements operation.Store.
func (s *OperationStore) FindOperations(ctx context.Context) ([]operation.Operation, error) {
	const query = selectOperations + `
		ORDER BY o.slug`

	var rows []operationRow
	if err := s.db.all(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("select operations: %w", err)
	}
	return operationsOf(rows)
}

func operationsOf(rows []operationRow) ([]operation.Operation, error) {
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

// Triggered implements operation.Tx.
func (t *tx) Triggered(ctx context.Context, kind operation.TriggerKind, args []string) ([]operation.Operation, error) {
	query, values, err := sqlx.In(`
		SELECT DISTINCT operation_id
		FROM {operation_triggers}
		WHERE kind = ? AND arg IN (?)`, kind, append(args, ""))
	if err != nil {
		return nil, err
	}
	var ids []int64
	if err := t.all(ctx, &ids, query, values...); err != nil || len(ids) == 0 {
		return nil, err
	}
	query, values, err = sqlx.In(selectOperations+`
		WHERE o.status = 'active' AND o.id IN (?)
		ORDER BY o.id`, ids)
	if err != nil {
		return nil, err
	}
	var rows []operationRow
	if err := t.all(ctx, &rows, query, values...); err != nil {
		return nil, fmt.Errorf("triggered operations: %w", err)
	}
	return operationsOf(rows)
}
