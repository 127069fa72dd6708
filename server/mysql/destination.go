package mysql

import (
	"context"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

var errLeaseLost = errs.New(errs.Conflict, "Another process has taken this work over.")

// Hold implements job.LaneStore.
func (s *JobStore) Hold(ctx context.Context, destination string, until time.Time, reason string) error {
	const query = `
		UPDATE {destinations}
		SET held_until = GREATEST(COALESCE(held_until, ?), ?), reason = ?, updated_at = ?
		WHERE name = ?`

	_, err := s.db.exec(ctx, query, until.UTC(), until.UTC(), reason, s.db.now().UTC(), destination)
	return err
}

// SetDestination implements job.LaneStore. What was held is held no longer.
func (s *JobStore) SetDestination(ctx context.Context, destination string, state job.DestinationState, reason string) error {
	const query = `
		INSERT INTO {destinations} (name, state, reason, updated_at)
		VALUES (?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE state = VALUES(state), reason = VALUES(reason), held_until = NULL, updated_at = VALUES(updated_at)`

	_, err := s.db.exec(ctx, query, destination, state, reason, s.db.now().UTC())
	if err == nil && state == job.DestinationOn && s.db.onEnqueue != nil {
		s.db.onEnqueue(destination)
	}
	return err
}

// Register makes a destination known, turned on; one that is known stays as it is.
func (s *JobStore) Register(ctx context.Context, destination string) error {
	const query = `
		INSERT INTO {destinations} (name, state, reason, updated_at)
		VALUES (?, 'on', '', ?)
		ON DUPLICATE KEY UPDATE name = name`

	_, err := s.db.exec(ctx, query, destination, s.db.now().UTC())
	return err
}

// Unregister forgets a destination with all that waits for it.
func (s *JobStore) Unregister(ctx context.Context, destination string) error {
	statements := []string{
		`DELETE j FROM {jobs} j JOIN {lanes} l ON l.id = j.lane_id WHERE l.destination = ?`,
		`DELETE FROM {lanes} WHERE destination = ?`,
		`DELETE FROM {destinations} WHERE name = ?`,
	}
	return s.db.inTx(ctx, func(tx *tx) error {
		for _, statement := range statements {
			if _, err := tx.exec(ctx, statement, destination); err != nil {
				return fmt.Errorf("forget destination %s: %w", destination, err)
			}
		}
		return nil
	})
}

// Destinations lists all destinations by name, with what waits for them.
func (s *JobStore) Destinations(ctx context.Context) ([]job.DestinationStatus, error) {
	const query = `
		SELECT d.name, d.state, d.reason, d.held_until,
			COUNT(l.id) AS lanes, COALESCE(SUM(l.state = 'stopped'), 0) AS stopped, MIN(l.created_at) AS oldest
		FROM {destinations} d
		LEFT JOIN {lanes} l ON l.destination = d.name
		GROUP BY d.name, d.state, d.reason, d.held_until
		ORDER BY d.name`

	var rows []struct {
		Name      string     `db:"name"`
		State     string     `db:"state"`
		Reason    string     `db:"reason"`
		HeldUntil *time.Time `db:"held_until"`
		Lanes     int        `db:"lanes"`
		Stopped   int        `db:"stopped"`
		Oldest    *time.Time `db:"oldest"`
	}
	if err := s.db.all(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("destinations: %w", err)
	}
	list := make([]job.DestinationStatus, len(rows))
	for i, row := range rows {
		list[i] = job.DestinationStatus{
			Name: row.Name, State: job.DestinationState(row.State), Reason: row.Reason, HeldUntil: row.HeldUntil,
			Waiting: row.Lanes - row.Stopped, Stopped: row.Stopped, Oldest: row.Oldest,
		}
	}
	return list, nil
}

// SwitchDestination does as SetDestination for a destination that is known;
// errs.NotFound for another.
func (s *JobStore) SwitchDestination(ctx context.Context, destination string, state job.DestinationState, reason string) error {
	const known = `
		SELECT COUNT(*)
		FROM {destinations}
		WHERE name = ?`

	var n int
	if !isASCII(destination) {
		return errs.New(errs.NotFound, "There is no destination %q.", destination)
	}
	if err := s.db.get(ctx, &n, known, destination); err != nil {
		return fmt.Errorf("destination %s: %w", destination, err)
	}
	if n == 0 {
		return errs.New(errs.NotFound, "There is no destination %q.", destination)
	}
	return s.SetDestination(ctx, destination, state, reason)
}
