package mysql

import (
	"context"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// FindJobs lists jobs that wait, or that were given up, the oldest first.
func (s *JobStore) FindJobs(ctx context.Context, dead bool, limit int) ([]job.Listed, error) {
	const query = `
		SELECT j.id, j.kind, j.priority, j.run_at, j.attempts, COALESCE(j.last_error, l.last_error, '') AS last_error, j.created_at,
			COALESCE(l.destination, '') AS destination, COALESCE(l.name, '') AS lane
		FROM {jobs} j
		LEFT JOIN {lanes} l ON l.id = j.lane_id
		WHERE (j.state = 'dead') = ?
		ORDER BY j.id
		LIMIT ?`

	var rows []struct {
		ID          int64     `db:"id"`
		Kind        string    `db:"kind"`
		Priority    int8      `db:"priority"`
		RunAt       time.Time `db:"run_at"`
		Attempts    int       `db:"attempts"`
		LastError   string    `db:"last_error"`
		CreatedAt   time.Time `db:"created_at"`
		Destination string    `db:"destination"`
		Lane        string    `db:"lane"`
	}
	if err := s.db.all(ctx, &rows, query, dead, limit); err != nil {
		return nil, fmt.Errorf("select jobs: %w", err)
	}
	list := make([]job.Listed, len(rows))
	for i, row := range rows {
		list[i] = job.Listed{
			ID: row.ID, Kind: row.Kind, Priority: job.Priority(row.Priority), RunAt: row.RunAt, Attempts: row.Attempts, Error: row.LastError,
			CreatedAt: row.CreatedAt, Destination: row.Destination, Lane: row.Lane,
		}
	}
	return list, nil
}

// ReplayJob lets a dead letter be tried again, as if it were new; its lane goes on
// with it. A job that is no dead letter is errs.NotFound.
func (s *JobStore) ReplayJob(ctx context.Context, id int64) error {
	const find = `
		SELECT COALESCE(lane_id, 0)
		FROM {jobs}
		WHERE id = ? AND state = 'dead'
		FOR UPDATE`
	const replay = `
		UPDATE {jobs}
		SET state = IF(lane_id IS NULL, 'ready', 'laned'), run_at = ?, created_at = ?, attempts = 0
		WHERE id = ?`
	const open = `
		UPDATE {lanes}
		SET state = IF(state = 'stopped', 'ready', state), attempts = 0, failing_since = NULL, run_at = ?
		WHERE id = ?`

	err := s.db.inTx(ctx, func(tx *tx) error {
		var laneID int64
		if err := tx.get(ctx, &laneID, find, id); isNoRows(err) {
			return errs.New(errs.NotFound, "There is no dead job %d.", id)
		} else if err != nil {
			return err
		}
		now := tx.now().UTC()
		if _, err := tx.exec(ctx, replay, now, now, id); err != nil || laneID == 0 {
			return err
		}
		_, err := tx.exec(ctx, open, now, laneID)
		return err
	})
	if err != nil {
		return fmt.Errorf("replay job %d: %w", id, err)
	}
	if s.db.onEnqueue != nil {
		s.db.onEnqueue()
	}
	return nil
}
