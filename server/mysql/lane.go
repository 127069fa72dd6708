package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tillside/tillside/server/job"
)

// lanedLimit is how many jobs of one lane are handed over at once.
const lanedLimit = 500

// enterLane returns the lane of a job that is written into it, made or moved up
// when the job is more urgent or due earlier. It stays locked.
func (t *tx) enterLane(ctx context.Context, j job.New, priority job.Priority) (int64, error) {
	// A lane that failed before keeps the time of its next try.
	const query = `
		INSERT INTO {lanes} (destination, name, state, urgency, run_at, created_at)
		VALUES (?, ?, 'ready', ?, ?, ?)
		ON DUPLICATE KEY UPDATE
			id = LAST_INSERT_ID(id),
			urgency = LEAST(urgency, VALUES(urgency)),
			run_at = IF(attempts = 0, LEAST(run_at, VALUES(run_at)), run_at)`

	id, err := t.insert(ctx, query, j.Destination, j.Lane, priority, j.RunAt.UTC(), t.now().UTC())
	if err != nil {
		return 0, fmt.Errorf("lane %s of %s: %w", j.Lane, j.Destination, err)
	}
	return id, nil
}

// TakeJobs removes the jobs of a claim in the caller's transaction, so that what
// it does for them is done once. errs.Conflict when the lease is lost.
func (t *tx) TakeJobs(ctx context.Context, c job.Claim) error {
	const lock = `
		UPDATE {lanes}
		SET lease = lease
		WHERE id = ? AND lease = ?`

	n, err := t.exec(ctx, lock, c.LaneID, c.Lease)
	if err == nil && n == 0 {
		return errLeaseLost
	}
	if err != nil {
		return fmt.Errorf("take jobs of lane %d: %w", c.LaneID, err)
	}
	return t.deleteJobs(ctx, c.JobIDs)
}

func (t *tx) deleteJobs(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	query, args, err := sqlx.In(`DELETE FROM {jobs} WHERE id IN (?)`, ids)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, query, args...)
	return err
}

// OpenDestinations implements job.LaneStore.
func (s *JobStore) OpenDestinations(ctx context.Context) ([]string, error) {
	const query = `
		SELECT name
		FROM {destinations}
		WHERE state = 'on' AND (held_until IS NULL OR held_until <= ?)`

	var names []string
	if err := s.db.all(ctx, &names, query, s.db.now().UTC()); err != nil {
		return nil, fmt.Errorf("open destinations: %w", err)
	}
	return names, nil
}

type laneRow struct {
	ID           int64      `db:"id"`
	Name         string     `db:"name"`
	Urgency      int8       `db:"urgency"`
	Attempts     int        `db:"attempts"`
	FailingSince *time.Time `db:"failing_since"`
}

// ClaimLanes implements job.LaneStore.
func (s *JobStore) ClaimLanes(ctx context.Context, destination, lease string, until time.Time, limit int) ([]job.Batch, error) {
	const due = `
		SELECT id, name, urgency, attempts, failing_since
		FROM {lanes}
		WHERE destination = ? AND state = 'ready' AND run_at <= ?
		ORDER BY urgency, run_at
		LIMIT ?
		FOR UPDATE SKIP LOCKED`
	const lost = `
		SELECT id, name, urgency, attempts, failing_since
		FROM {lanes}
		WHERE destination = ? AND state = 'running' AND leased_until < ?
		LIMIT ?
		FOR UPDATE SKIP LOCKED`
	const take = `
		UPDATE {lanes}
		SET state = 'running', lease = ?, leased_until = ?
		WHERE id IN (?)`

	var batches []job.Batch
	now := s.db.now().UTC()
	err := s.db.inTx(ctx, func(tx *tx) error {
		batches = nil
		var rows, more []laneRow
		if err := tx.all(ctx, &rows, due, destination, now, limit); err != nil {
			return err
		}
		if len(rows) < limit {
			if err := tx.all(ctx, &more, lost, destination, now, limit-len(rows)); err != nil {
				return err
			}
			rows = append(rows, more...)
		}
		if len(rows) == 0 {
			return nil
		}
		ids := make([]int64, len(rows))
		for i, row := range rows {
			ids[i] = row.ID
			b := job.Batch{
				Claim: job.Claim{LaneID: row.ID, Lease: lease}, Destination: destination, Lane: row.Name, Urgency: job.Priority(row.Urgency),
				Attempts: row.Attempts,
			}
			if row.FailingSince != nil {
				b.Since = *row.FailingSince
			}
			batches = append(batches, b)
		}
		query, args, err := sqlx.In(take, lease, until.UTC(), ids)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, query, args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim lanes of %s: %w", destination, err)
	}
	for i := range batches {
		if err := s.fill(ctx, &batches[i], now); err != nil {
			return nil, err
		}
	}
	return batches, nil
}

// fill reads the jobs of a claimed lane that are due.
func (s *JobStore) fill(ctx context.Context, b *job.Batch, now time.Time) error {
	const query = `
		SELECT id, kind, payload, attempts, created_at
		FROM {jobs}
		WHERE lane_id = ? AND state = 'laned' AND run_at <= ?
		ORDER BY id
		LIMIT ?`

	var rows []jobRow
	if err := s.db.all(ctx, &rows, query, b.LaneID, now, lanedLimit); err != nil {
		return fmt.Errorf("jobs of lane %d: %w", b.LaneID, err)
	}
	for _, row := range rows {
		b.Jobs = append(b.Jobs, row.job())
		b.JobIDs = append(b.JobIDs, row.ID)
	}
	return nil
}

// ExtendLane implements job.LaneStore.
func (s *JobStore) ExtendLane(ctx context.Context, c job.Claim, until time.Time) (bool, error) {
	const query = `
		UPDATE {lanes}
		SET leased_until = ?
		WHERE id = ? AND lease = ?`

	n, err := s.db.exec(ctx, query, until.UTC(), c.LaneID, c.Lease)
	return n == 1, err
}

// FinishLane implements job.LaneStore.
func (s *JobStore) FinishLane(ctx context.Context, c job.Claim) error {
	return s.leave(ctx, c, func(tx *tx) error { return tx.deleteJobs(ctx, c.JobIDs) })
}

// leave does something with the claimed jobs and frees the lane for what is left
// in it. An empty lane is removed.
func (s *JobStore) leave(ctx context.Context, c job.Claim, do func(*tx) error) error {
	const lock = `
		UPDATE {lanes}
		SET state = 'ready', attempts = 0, failing_since = NULL, lease = NULL, leased_until = NULL
		WHERE id = ? AND lease = ?`
	const left = `
		SELECT MIN(run_at) AS run_at, MIN(priority) AS priority
		FROM {jobs}
		WHERE lane_id = ? AND state = 'laned'`
	// A lane with dead letters stays for their replay.
	const remove = `
		DELETE FROM {lanes}
		WHERE id = ? AND NOT EXISTS (SELECT 1 FROM {jobs} WHERE lane_id = {lanes}.id)`
	const rest = `
		UPDATE {lanes}
		SET run_at = '9999-01-01'
		WHERE id = ?`
	const free = `
		UPDATE {lanes}
		SET run_at = ?, urgency = ?
		WHERE id = ?`

	return s.db.inTx(ctx, func(tx *tx) error {
		n, err := tx.exec(ctx, lock, c.LaneID, c.Lease)
		if err != nil || n == 0 {
			return err
		}
		if err := do(tx); err != nil {
			return err
		}
		var next struct {
			RunAt    *time.Time `db:"run_at"`
			Priority *int8      `db:"priority"`
		}
		if err := tx.get(ctx, &next, left, c.LaneID); err != nil {
			return err
		}
		if next.RunAt == nil {
			if n, err = tx.exec(ctx, remove, c.LaneID); err == nil && n == 0 {
				_, err = tx.exec(ctx, rest, c.LaneID)
			}
			return err
		}
		_, err = tx.exec(ctx, free, next.RunAt.UTC(), *next.Priority, c.LaneID)
		return err
	})
}

// RetryLane implements job.LaneStore.
func (s *JobStore) RetryLane(ctx context.Context, c job.Claim, runAt time.Time, reason string, counted bool) error {
	const query = `
		UPDATE {lanes}
		SET state = 'ready', run_at = ?, last_error = ?, lease = NULL, leased_until = NULL,
			attempts = attempts + ?, failing_since = IF(?, COALESCE(failing_since, ?), failing_since)
		WHERE id = ? AND lease = ?`

	more := 0
	if counted {
		more = 1
	}
	_, err := s.db.exec(ctx, query, runAt.UTC(), reason, more, counted, s.db.now().UTC(), c.LaneID, c.Lease)
	return err
}

// BuryLane implements job.LaneStore.
func (s *JobStore) BuryLane(ctx context.Context, c job.Claim, reason string, strict bool) error {
	if !strict {
		return s.leave(ctx, c, func(tx *tx) error { return tx.bury(ctx, c.JobIDs, reason) })
	}
	const stop = `
		UPDATE {lanes}
		SET state = 'stopped', last_error = ?, lease = NULL, leased_until = NULL
		WHERE id = ? AND lease = ?`

	return s.db.inTx(ctx, func(tx *tx) error {
		n, err := tx.exec(ctx, stop, reason, c.LaneID, c.Lease)
		if err != nil || n == 0 {
			return err
		}
		return tx.bury(ctx, c.JobIDs, reason)
	})
}

func (t *tx) bury(ctx context.Context, ids []int64, reason string) error {
	if len(ids) == 0 {
		return nil
	}
	query, args, err := sqlx.In(`
		UPDATE {jobs}
		SET state = 'dead', unique_key = NULL, attempts = attempts + 1, last_error = ?
		WHERE id IN (?)`, reason, ids)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, query, args...)
	return err
}

// Replace empties a lane, dead letters and all, and writes one job into it that
// does everything anew; a lane that was stopped goes on with it.
func (t *tx) Replace(ctx context.Context, j job.New) error {
	const empty = `
		DELETE FROM {jobs}
		WHERE lane_id = ? AND state IN ('laned', 'dead')`
	const open = `
		UPDATE {lanes}
		SET state = IF(state = 'stopped', 'ready', state), attempts = 0, failing_since = NULL, run_at = ?, last_error = NULL
		WHERE id = ?`

	id, err := t.enterLane(ctx, j, orNormal(j.Priority))
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, empty, id); err != nil {
		return fmt.Errorf("empty lane %s of %s: %w", j.Lane, j.Destination, err)
	}
	if _, err := t.exec(ctx, open, j.RunAt.UTC(), id); err != nil {
		return fmt.Errorf("open lane %s of %s: %w", j.Lane, j.Destination, err)
	}
	return t.Enqueue(ctx, j)
}

func orNormal(p job.Priority) job.Priority {
	if p == 0 {
		return job.PriorityNormal
	}
	return p
}

// recentCalls are the times of the calls to a destination within a period,
// oldest first, in microseconds.
type recentCalls []int64

// within returns the calls since a time.
func (r recentCalls) within(since time.Time) recentCalls {
	for i, at := range r {
		if at > since.UnixMicro() {
			return r[i:]
		}
	}
	return nil
}

// Call implements crm.Calls: it asks for n of the calls that a destination allows
// in a period, for all processes together, and notes them. Otherwise it returns
// how long to wait before asking again. n may not be above calls.
func (s *JobStore) Call(ctx context.Context, destination string, n, calls int, per time.Duration) (wait time.Duration, err error) {
	// Written before it is read: a lock is local to one node of a cluster.
	const lock = `
		UPDATE {destinations}
		SET updated_at = ?
		WHERE name = ?`
	const read = `
		SELECT COALESCE(recent, '[]')
		FROM {destinations}
		WHERE name = ?`
	const note = `
		UPDATE {destinations}
		SET recent = ?
		WHERE name = ?`

	err = s.db.inTx(ctx, func(tx *tx) error {
		now := tx.now()
		if _, err := tx.exec(ctx, lock, now.UTC(), destination); err != nil {
			return err
		}
		var text string
		if err := tx.get(ctx, &text, read, destination); err != nil {
			return err
		}
		var recent recentCalls
		if err := json.Unmarshal([]byte(text), &recent); err != nil {
			recent = nil // of an older version
		}
		if recent = recent.within(now.Add(-per)); len(recent)+n > calls {
			wait = max(time.UnixMicro(recent[len(recent)+n-calls-1]).Add(per).Sub(now), time.Millisecond)
			return nil
		}
		wait = 0
		for range n {
			recent = append(recent, now.UnixMicro())
		}
		raw, err := json.Marshal(recent)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, note, string(raw), destination)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("pace of %s: %w", destination, err)
	}
	return wait, nil
}
