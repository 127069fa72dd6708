package mysql

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tillside/tillside/server/coupon"
)

// RefusalStore implements coupon.RefusalStore.
type RefusalStore struct{ db *DB }

// NewRefusalStore returns a RefusalStore that reads and writes db.
func NewRefusalStore(db *DB) *RefusalStore { return &RefusalStore{db} }

// Refusals implements coupon.RefusalStore.
func (s *RefusalStore) Refusals(ctx context.Context, keys []coupon.SeekerKey, since int64) (map[coupon.SeekerKey]int, error) {
	query := `
		SELECT scope, SUM(refused) AS refused
		FROM {refusals}
		WHERE scope IN (` + marks(len(keys)) + `) AND slice >= ?
		GROUP BY scope`

	args := make([]any, 0, len(keys)+1)
	for i := range keys {
		args = append(args, keys[i][:])
	}
	var rows []struct {
		Scope   []byte `db:"scope"`
		Refused int    `db:"refused"`
	}
	if err := s.db.all(ctx, &rows, query, append(args, since)...); err != nil {
		return nil, fmt.Errorf("select refusals: %w", err)
	}
	counts := make(map[coupon.SeekerKey]int, len(rows))
	for _, row := range rows {
		counts[coupon.SeekerKey(row.Scope)] = row.Refused
	}
	return counts, nil
}

// AddRefusals implements coupon.RefusalStore. The rows are written in one order,
// so that two refusals wait for each other at most.
func (s *RefusalStore) AddRefusals(ctx context.Context, keys []coupon.SeekerKey, slice int64, n int) error {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b coupon.SeekerKey) int { return bytes.Compare(a[:], b[:]) })
	query := `
		INSERT INTO {refusals} (scope, slice, refused)
		VALUES ` + strings.TrimSuffix(strings.Repeat("(?, ?, ?), ", len(keys)), ", ") + `
		ON DUPLICATE KEY UPDATE refused = refused + VALUES(refused)`

	args := make([]any, 0, 3*len(keys))
	for i := range keys {
		args = append(args, keys[i][:], slice, n)
	}
	return s.db.inTx(ctx, func(tx *tx) error {
		_, err := tx.exec(ctx, query, args...)
		return err
	})
}
