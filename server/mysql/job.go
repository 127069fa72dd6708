package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tillside/tillside/server/job"
)

// JobStore keeps jobs.
type JobStore struct{ db *DB }

// NewJobStore returns a JobStore.
func NewJobStore(db *DB) *JobStore { return &JobStore{db} }

type jobRow struct {
	ID        int64     `db:"id"`
	Kind      string    `db:"kind"`
	Payload   string    `db:"payload"`
	Attempts  int       `db:"attempts"`
	CreatedAt time.Time `db:"created_at"`
}

func (r jobRow) job() job.Job {
	return job.Job{ID: r.ID, Kind: r.Kind, Payload: json.RawMessage(r.Payload), Attempts: r.Attempts, CreatedAt: r.CreatedAt}
}

// Enqueue writes a job in the caller's transaction; the worker is woken when
// that commits. A job whose unique key is taken is not written.
func (t *tx) Enqueue(ctx context.Context, j job.New) error {
	const insert = `
		INSERT INTO {jobs} (kind, payload, unique_key, priority, run_at, state, lane_id, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

	payload, err := json.Marshal(j.Payload)
	if err != nil {
		return fmt.Errorf("payload of job %s: %w", j.Kind, err)
	}
	priority, state, laneID := orNormal(j.Priority), "ready", int64(0)
	if j.Destination != "" {
		state = "laned"
		if laneID, err = t.enterLane(ctx, j, priority); err != nil {
			return err
		}
	}
	_, err = t.exec(ctx, insert, j.Kind, string(payload), textOrNull(j.UniqueKey), priority, j.RunAt.UTC(), state, orNull(laneID), t.now().UTC())
	if isDuplicate(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("enqueue %s: %w", j.Kind, err)
	}
	t.enqueued = true
	if j.Destination != "" && !slices.Contains(t.destinations, j.Destination) {
		t.destinations = append(t.destinations, j.Destination)
	}
	return nil
}

// Claim implements job.Store.
func (s *JobStore) Claim(ctx context.Context, lease string, until time.Time, limit int) ([]job.Job, error) {
	const due = `
		SELECT id, kind, payload, attempts, created_at
		FROM {jobs}
		WHERE state = 'ready' AND run_at <= ?
		ORDER BY priority, run_at
		LIMIT ?
		FOR UPDATE SKIP LOCKED`
	const lost = `
		SELECT id, kind, payload, attempts, created_at
		FROM {jobs}
		WHERE state = 'running' AND leased_until < ?
		LIMIT ?
		FOR UPDATE SKIP LOCKED`
	const take = `
		UPDATE {jobs}
		SET state = 'running', lease = ?, leased_until = ?
		WHERE id IN (?)`

	var rows []jobRow
	now := s.db.now().UTC()
	err := s.db.inTx(ctx, func(tx *tx) error {
		rows = nil
		if err := tx.all(ctx, &rows, due, now, limit); err != nil {
			return err
		}
		if len(rows) < limit {
			var more []jobRow
			if err := tx.all(ctx, &more, lost, now, limit-len(rows)); err != nil {
				return err
			}
			rows = append(rows, more...)
		}
		if len(rows) == 0 {
			return nil
		}
		ids := make([]int64, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
		}
		query, args, err := sqlx.In(take, lease, until.UTC(), ids)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, query, args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim jobs: %w", err)
	}
	jobs := make([]job.Job, len(rows))
	for i, r := range rows {
		jobs[i] = r.job()
	}
	return jobs, nil
}

// Extend implements job.Store.
func (s *JobStore) Extend(ctx context.Context, id int64, lease string, until time.Time) (bool, error) {
	const query = `
		UPDATE {jobs}
		SET leased_until = ?
		WHERE id = ? AND lease = ?`

	n, err := s.db.exec(ctx, query, until.UTC(), id, lease)
	return n == 1, err
}

// Done implements job.Store.
func (s *JobStore) Done(ctx context.Context, id int64, lease string) error {
	const query = `
		DELETE FROM {jobs}
		WHERE id = ? AND lease = ?`

	_, err := s.db.exec(ctx, query, id, lease)
	return err
}

// Retry implements job.Store.
func (s *JobStore) Retry(ctx context.Context, id int64, lease string, runAt time.Time, reason string) error {
	const query = `
		UPDATE {jobs}
		SET state = 'ready', run_at = ?, attempts = attempts + 1, last_error = ?, lease = NULL, leased_until = NULL
		WHERE id = ? AND lease = ?`

	_, err := s.db.exec(ctx, query, runAt.UTC(), reason, id, lease)
	return err
}

// Bury implements job.Store. The unique key is freed for a new job.
func (s *JobStore) Bury(ctx context.Context, id int64, lease string, reason string) error {
	const query = `
		UPDATE {jobs}
		SET state = 'dead', unique_key = NULL, attempts = attempts + 1, last_error = ?, lease = NULL, leased_until = NULL
		WHERE id = ? AND lease = ?`

	_, err := s.db.exec(ctx, query, reason, id, lease)
	return err
}

// Tick implements job.Store: the process whose UPDATE moves the schedule on
// writes the job. One that failed and waits for its repetition is due now:
// otherwise polling a provider that was away would go on an hour after it is back.
func (s *JobStore) Tick(ctx context.Context, schedule job.Schedule) error {
	const peek = `
		SELECT COUNT(*)
		FROM {schedules}
		WHERE name = ? AND next_run_at > ?`
	const add = `
		INSERT IGNORE INTO {schedules} (name, next_run_at)
		VALUES (?, ?)`
	const move = `
		UPDATE {schedules}
		SET next_run_at = ?
		WHERE name = ? AND next_run_at <= ?`

	const hurry = `
		UPDATE {jobs}
		SET run_at = ?
		WHERE unique_key = ? AND state = 'ready' AND run_at > ?`

	now := s.db.now().UTC()
	var waiting int
	if err := s.db.get(ctx, &waiting, peek, schedule.Name, now); err != nil || waiting == 1 {
		return err
	}
	return s.db.inTx(ctx, func(tx *tx) error {
		if _, err := tx.exec(ctx, add, schedule.Name, now); err != nil {
			return err
		}
		moved, err := tx.exec(ctx, move, now.Add(schedule.Every), schedule.Name, now)
		if err != nil || moved == 0 {
			return err
		}
		key := "schedule:" + schedule.Name
		if _, err := tx.exec(ctx, hurry, now, key, now); err != nil {
			return err
		}
		return tx.Enqueue(ctx, job.New{Kind: schedule.Kind, UniqueKey: key, RunAt: now, Payload: struct{}{}})
	})
}

// Counts returns how many jobs wait, and how many were given up.
func (s *JobStore) Counts(ctx context.Context) (waiting, dead int, err error) {
	const query = `
		SELECT COALESCE(SUM(state <> 'dead'), 0) AS waiting, COALESCE(SUM(state = 'dead'), 0) AS dead
		FROM {jobs}`

	var row struct {
		Waiting int `db:"waiting"`
		Dead    int `db:"dead"`
	}
	err = s.db.get(ctx, &row, query)
	return row.Waiting, row.Dead, err
}
