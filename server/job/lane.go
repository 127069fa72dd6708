package job

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Claim is a worker's hold of a lane with the jobs that wait in it.
type Claim struct {
	LaneID int64
	Lease  string
	JobIDs []int64
}

// Batch is what waits in one lane, oldest first.
type Batch struct {
	Claim
	Destination string // "crm:3"
	Lane        string // a contact's id, for most
	Urgency     Priority
	Attempts    int       // how often the lane was tried in vain before
	Since       time.Time // when it began to fail; zero while it does not
	Jobs        []Job
}

// LaneHandler does all jobs of a batch: nil means that all are done, an error that
// none is, and the batch comes again, perhaps with more jobs in it. It may run
// more than once for one job. A handler that only writes to our database takes
// its jobs in its own transaction (Tx.TakeJobs of the store), which makes it once.
type LaneHandler func(ctx context.Context, b Batch) error

// Destination is how work is done whose destinations have one prefix, such as
// "crm" for "crm:1" and "crm:2".
type Destination struct {
	Do    LaneHandler
	Hands int // lanes at once in this process and for each destination; 0 means 2
	// Strict stops a lane at a job that is given up: what follows would be wrong
	// without it. Otherwise the lane goes on.
	Strict bool
}

const defaultHands = 2

func (d Destination) hands() int {
	if d.Hands <= 0 {
		return defaultHands
	}
	return d.Hands
}

// classOf returns the prefix of a destination's name.
func classOf(destination string) string {
	class, _, _ := strings.Cut(destination, ":")
	return class
}

// After marks an error after which the whole destination is left alone for a
// while: it said that it was asked too often.
func After(err error, wait time.Duration) error { return hold{err, wait} }

type hold struct {
	error
	wait time.Duration
}

// Unwrap returns the marked error.
func (w hold) Unwrap() error { return w.error }

// Later marks an error after which only this lane waits for a while, and which is
// no failure: it is not its turn.
func Later(err error, wait time.Duration) error { return later{err, wait} }

type later struct {
	error
	wait time.Duration
}

// Unwrap returns the marked error.
func (l later) Unwrap() error { return l.error }

// Halt marks an error after which nothing is sent to the destination until a
// person has acted: its credentials are not good any more.
func Halt(err error) error { return halt{err} }

type halt struct{ error }

// Unwrap returns the marked error.
func (h halt) Unwrap() error { return h.error }

func waitOf(err error) (time.Duration, bool) {
	w, ok := errors.AsType[hold](err)
	return w.wait, ok
}

func laterOf(err error) (time.Duration, bool) {
	l, ok := errors.AsType[later](err)
	return l.wait, ok
}

func isHalt(err error) bool {
	_, ok := errors.AsType[halt](err)
	return ok
}

// DestinationState says whether anything is sent to a destination.
type DestinationState string

// The states of a destination.
const (
	DestinationOn     DestinationState = "on"
	DestinationPaused DestinationState = "paused" // by a person
	DestinationHalted DestinationState = "halted" // it must be connected again
)

// DestinationStatus is a destination as an admin sees it.
type DestinationStatus struct {
	Name      string
	State     DestinationState
	Reason    string     // why nothing is sent, or what went wrong last
	HeldUntil *time.Time // nil when it is not held, or may be in the past
	Waiting   int        // lanes in which something waits
	Stopped   int        // lanes that a dead letter stopped
	Oldest    *time.Time // when the oldest lane began to wait; nil when none does
}

// Listed is a job as an admin sees it.
type Listed struct {
	ID          int64
	Kind        string
	Priority    Priority
	RunAt       time.Time
	Attempts    int
	Error       string // why it failed last; empty when it did not
	CreatedAt   time.Time
	Destination string // empty for a job that calls nobody outside
	Lane        string
}

// LaneStore keeps lanes. Package mysql implements it.
type LaneStore interface {
	// OpenDestinations lists the destinations to which something may be sent now.
	OpenDestinations(ctx context.Context) ([]string, error)
	// ClaimLanes takes up to limit lanes of a destination that are due, the most
	// urgent first, under a lease until a time. Lanes whose lease has run out
	// count as due.
	ClaimLanes(ctx context.Context, destination, lease string, until time.Time, limit int) ([]Batch, error)
	// ExtendLane moves the end of a lease; false when it is lost.
	ExtendLane(ctx context.Context, c Claim, until time.Time) (bool, error)
	// FinishLane removes the claimed jobs; the lane is free for those that came
	// meanwhile. Nothing happens when the lease is lost.
	FinishLane(ctx context.Context, c Claim) error
	// RetryLane frees a lane for a later time, with the reason; counted says
	// whether this was a failure of the lane's own.
	RetryLane(ctx context.Context, c Claim, runAt time.Time, reason string, counted bool) error
	// BuryLane makes the claimed jobs dead letters; strict also stops the lane.
	BuryLane(ctx context.Context, c Claim, reason string, strict bool) error
	// Hold leaves a destination alone until a time.
	Hold(ctx context.Context, destination string, until time.Time, reason string) error
	// SetDestination stores a destination's state, with the reason; it is made
	// when it is not there.
	SetDestination(ctx context.Context, destination string, s DestinationState, reason string) error
}

// The circuit breaker of a destination: after so many failures in a row of
// whatever lanes it is left alone for a while that grows, then tried with one.
const (
	breakAfter   = 5
	firstBreak   = 15 * time.Second
	longestBreak = 10 * time.Minute
)

// circuit is what one process knows of a destination.
type circuit struct {
	busy     int // lanes under way
	failures int // in a row
}

// room returns how many lanes may be claimed now.
func (c *circuit) room(hands int) int {
	if c.failures >= breakAfter {
		hands = 1
	}
	return max(0, hands-c.busy)
}

// breakFor returns how long to leave the destination alone after its failures; 0
// while it is not broken.
func (c *circuit) breakFor() time.Duration {
	if c.failures < breakAfter {
		return 0
	}
	return min(longestBreak, firstBreak<<min(c.failures-breakAfter, 10))
}
