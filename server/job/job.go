// Package job runs durable jobs: work that must follow a commit. A job is
// written in the transaction that makes it necessary, and runs until it
// succeeds or is given up for a person to look at.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Priority orders jobs that are due at the same time; the lower one goes first.
type Priority int8

// The priorities.
const (
	PriorityPurchase Priority = 1 // a buyer waits for it
	PriorityCode     Priority = 3 // a CRM's campaign waits for it
	PriorityNormal   Priority = 5
	PriorityEarly    Priority = 7 // somebody began to order
	PriorityBulk     Priority = 9
)

// New is a job to be written.
type New struct {
	Kind    string
	Payload any // encoded as JSON
	// UniqueKey, when not empty, keeps a second job with that key from being
	// written while the first is not done.
	UniqueKey string
	Priority  Priority // 0 means PriorityNormal
	RunAt     time.Time
	// Destination, when not empty, is whom the job calls, and Lane what keeps its
	// order there: jobs of one lane are done one after the other, and those that
	// wait are done together. They are no business of Handlers.
	Destination string
	Lane        string
}

// Job is a job that a worker holds.
type Job struct {
	ID        int64
	Kind      string
	Payload   json.RawMessage
	Attempts  int // how often it ran before
	CreatedAt time.Time
}

// Decode reads the payload into dest.
func (j Job) Decode(dest any) error {
	if err := json.Unmarshal(j.Payload, dest); err != nil {
		return GiveUp(fmt.Errorf("payload of job %d: %w", j.ID, err))
	}
	return nil
}

// Handler does a job. It may run more than once for one job, also at the same
// time when a lease was lost, and must allow for it.
type Handler func(ctx context.Context, j Job) error

// GiveUp marks an error that no repetition can mend: the job goes straight to
// the dead letters.
func GiveUp(err error) error { return hopeless{err} }

type hopeless struct{ error }

// Unwrap returns the marked error.
func (h hopeless) Unwrap() error { return h.error }

func isHopeless(err error) bool {
	_, ok := errors.AsType[hopeless](err)
	return ok
}

// Store keeps jobs. Package mysql implements it.
type Store interface {
	LaneStore
	// Claim takes up to limit jobs that are due, under a lease until a time.
	// Jobs whose lease has run out count as due.
	Claim(ctx context.Context, lease string, until time.Time, limit int) ([]Job, error)
	// Extend moves the end of a lease. It returns false when the lease is lost.
	Extend(ctx context.Context, id int64, lease string, until time.Time) (bool, error)
	// Done removes a job; nothing happens when the lease is lost.
	Done(ctx context.Context, id int64, lease string) error
	// Retry puts a job back for later, with the reason.
	Retry(ctx context.Context, id int64, lease string, runAt time.Time, reason string) error
	// Bury makes a job a dead letter, with the reason.
	Bury(ctx context.Context, id int64, lease string, reason string) error
	// Tick writes a schedule's job if its time has come and sets the next
	// time; of several processes one does it.
	Tick(ctx context.Context, s Schedule) error
}

// Schedule writes a job again and again.
type Schedule struct {
	Name  string // also the unique key of its job: no second one while one waits
	Kind  string
	Every time.Duration
}

const (
	firstDelay = 2 * time.Second
	maxDelay   = time.Hour
	// keepTrying is how long a job is repeated: three days and a half, longer
	// than a long weekend.
	keepTrying = 84 * time.Hour
)

// delay returns how long to wait before the next run after n runs: doubling
// from two seconds to an hour, give or take a fifth.
func delay(n int) time.Duration {
	d := maxDelay
	if n < 11 {
		d = min(maxDelay, firstDelay<<n)
	}
	return d*4/5 + rand.N(d*2/5)
}
