package operation

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// Destination is the destination of runs: those of one contact are one lane.
const Destination = "operations"

// JobRun goes on with a run.
const JobRun = "operation.run"

// RunJob is the payload of JobRun.
type RunJob struct {
	RunID int64 `json:"run_id"`
}

// Source is what started a run.
type Source string

// The sources.
const (
	SourceHook       Source = "hook"
	SourceCommand    Source = "command"
	SourceAdmin      Source = "admin"
	SourceAutomation Source = "automation" // of an offer or product
	SourceTrigger    Source = "trigger"    // of the operation's own
	SourceOperation  Source = "operation"  // another one
	SourceButton     Source = "button"
	SourceBulk       Source = "bulk"
	SourceSchedule   Source = "schedule"
)

// Run is what an operation does for one contact.
type Run struct {
	ID          int64
	PublicID    string
	OperationID int64
	ContactID   int64
	Source      Source
	// Key is what started it, once: two starts with one key are one run. Empty
	// for a run that a person starts.
	Key     string
	Cause   string // for people: "order 17", "tag Buyer"
	Status  RunStatus
	Actions []Action // as they were at the start
	Next    int      // the action that comes next
	Steps   []Step
	WakeAt  *time.Time // set while the run waits
	Problem string     // why the next step failed for the moment

	CheckoutID int64
	OrderID    int64
	ParentID   int64 // the run that started this one
	Depth      int
	CreatedAt  time.Time
}

// RunStatus is how far a run is.
type RunStatus string

// The states of a run.
const (
	RunQueued  RunStatus = "queued"
	RunRunning RunStatus = "running"
	RunWaiting RunStatus = "waiting"
	RunDone    RunStatus = "done"
	RunFailed  RunStatus = "failed"  // its last step says why
	RunStopped RunStatus = "stopped" // what it waited for is over, or it was switched off
)

// IsOver reports whether nothing follows any more.
func (r *Run) IsOver() bool {
	return r.Status == RunDone || r.Status == RunFailed || r.Status == RunStopped
}

// Step is what one action did.
type Step struct {
	Kind    ActionKind        `json:"kind"`
	Skipped bool              `json:"skipped,omitempty"` // its conditions were not met
	Error   string            `json:"error,omitempty"`
	Note    string            `json:"note,omitempty"`
	Made    map[string]string `json:"made,omitempty"` // "code", "expires_at", "link", "gift_card", "tag"
	At      time.Time         `json:"at,omitzero"`
}

// Made returns what the last step of a run that made such a thing made: "code",
// "expires_at" or "link".
func (r *Run) Made(what string) string {
	made := ""
	for _, step := range r.Steps {
		if step.Made[what] != "" {
			made = step.Made[what]
		}
	}
	return made
}

// Start is how a run begins.
type Start struct {
	Operation *Operation
	ContactID int64
	Source    Source
	Key       string
	Cause     string
	Urgency   job.Priority
	// CheckoutID and OrderID are what it is about; a run that waits stops when
	// its checkout is paid.
	CheckoutID int64
	OrderID    int64
	ParentID   int64
	Depth      int
}

// maxDepth is how many operations may run one out of another: what cannot be seen
// when they are saved, tags that start operations that add tags, ends here.
const maxDepth = 8

// Enter starts a run in the caller's transaction, and returns it. A key that the
// operation has run for is that run again, and it is false. An operation that is
// switched off is errs.Conflict.
func (s *Service) Enter(ctx context.Context, tx Tx, st Start) (*Run, bool, error) {
	o := st.Operation
	if o.Status != StatusActive {
		return nil, false, errs.New(errs.Conflict, "The operation %s is switched off.", o.Slug)
	}
	if st.Depth > maxDepth {
		return nil, false, errs.New(errs.Conflict, "The operation %s was started by others in a circle.", o.Slug)
	}
	r := &Run{
		PublicID: newPublicID(), OperationID: o.ID, ContactID: st.ContactID, Source: st.Source, Key: st.Key, Cause: st.Cause, Status: RunQueued,
		Actions: o.Actions, Steps: []Step{}, CheckoutID: st.CheckoutID, OrderID: st.OrderID, ParentID: st.ParentID, Depth: st.Depth,
		CreatedAt: s.Now(),
	}
	added, err := tx.AddRun(ctx, r)
	if err != nil || !added {
		return r, false, err
	}
	return r, true, tx.Enqueue(ctx, r.job(s.Now(), st.Urgency))
}

func (r *Run) job(at time.Time, urgency job.Priority) job.New {
	return job.New{
		Kind: JobRun, Payload: RunJob{r.ID}, Priority: urgency, RunAt: at, Destination: Destination, Lane: fmt.Sprint(r.ContactID),
	}
}

// Start starts a run in a transaction of its own.
func (s *Service) Start(ctx context.Context, st Start) (*Run, bool, error) {
	var r *Run
	added := false
	err := s.Store.InTx(ctx, func(tx Tx) error {
		var err error
		r, added, err = s.Enter(ctx, tx, st)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("start %s: %w", st.Operation.Slug, err)
	}
	return r, added, nil
}

// StartOnce starts a run unless the operation has run for the contact within its
// window: then that run is returned, and it is false.
func (s *Service) StartOnce(ctx context.Context, st Start) (*Run, bool, error) {
	window := st.Operation.Window()
	if window == 0 {
		return s.Start(ctx, st)
	}
	var r *Run
	added := false
	err := s.Store.InTx(ctx, func(tx Tx) error {
		person, err := tx.LockContact(ctx, st.ContactID)
		if err != nil {
			return err
		}
		st.ContactID = person.ID
		if r, err = tx.RecentRun(ctx, st.Operation.ID, person.ID, s.Now().Add(-window)); !errs.Is(err, errs.NotFound) {
			added = false
			return err
		}
		r, added, err = s.Enter(ctx, tx, st)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("start %s: %w", st.Operation.Slug, err)
	}
	return r, added, nil
}

// Retry goes on with a failed run at the step that failed.
func (s *Service) Retry(ctx context.Context, publicID string) (*Run, error) {
	found, err := s.Store.RunByPublicID(ctx, publicID)
	if err != nil {
		return nil, err
	}
	var r *Run
	err = s.Store.InTx(ctx, func(tx Tx) error {
		if r, err = tx.LockRun(ctx, found.ID); err != nil {
			return err
		}
		if r.Status != RunFailed && r.Status != RunStopped {
			return errs.New(errs.Conflict, "The run is %s; only one that failed can be run again.", r.Status)
		}
		if n := len(r.Steps); n > 0 && r.Steps[n-1].Error != "" {
			r.Steps = r.Steps[:n-1]
		}
		r.Status, r.Problem = RunQueued, ""
		if err := tx.SaveRun(ctx, r); err != nil {
			return err
		}
		return tx.Enqueue(ctx, r.job(s.Now(), job.PriorityNormal))
	})
	return r, err
}

// patience is for how long a step that fails is tried: less than a job is kept, so
// that the run says itself how it ended.
const patience = 72 * time.Hour

// Work does the jobs of a lane: it goes on with a contact's runs. One that must be
// tried again later holds up no other.
func (s *Service) Work(ctx context.Context, b job.Batch) error {
	var failed error
	for _, j := range b.Jobs {
		var p RunJob
		if err := j.Decode(&p); err != nil {
			return err
		}
		over := !b.Since.IsZero() && s.Now().Sub(b.Since) > patience
		if err := s.drive(ctx, p.RunID, b.Urgency, over); err != nil {
			failed = errors.Join(failed, fmt.Errorf("run %d: %w", p.RunID, err))
		}
	}
	return failed
}

// drive goes on with a run, action by action, until it is over or waits. An error
// is one that may pass; with over it ends the run instead.
func (s *Service) drive(ctx context.Context, id int64, urgency job.Priority, over bool) error {
	for {
		r, err := s.Store.Run(ctx, id)
		if errs.Is(err, errs.NotFound) {
			return nil // deleted with its operation
		}
		if err != nil || r.IsOver() || r.WakeAt != nil && r.WakeAt.After(s.Now()) {
			return err
		}
		o, err := s.Store.OperationByID(ctx, r.OperationID)
		if err != nil {
			return err
		}
		if done, err := s.step(ctx, o, r, urgency, over); done || err != nil {
			return err
		}
	}
}

// step does one action and records it. It returns true when the run is over or
// waits.
func (s *Service) step(ctx context.Context, o *Operation, r *Run, urgency job.Priority, over bool) (bool, error) {
	if o.Status != StatusActive {
		return true, s.end(ctx, o, r, RunStopped, "The operation was switched off.")
	}
	if r.Next >= len(r.Actions) {
		return true, s.end(ctx, o, r, RunDone, "")
	}
	a := &r.Actions[r.Next]
	holds, err := s.holds(ctx, r, a.If)
	if err != nil {
		return false, err
	}
	if !holds {
		return false, s.record(ctx, r, Step{Kind: a.Kind, Skipped: true}, nil)
	}
	if a.Kind == ActionWait {
		return true, s.wait(ctx, r, a, urgency)
	}
	err = s.act(ctx, o, r, a, urgency)
	if err == nil {
		return false, nil
	}
	if !isFinal(err) && !over {
		return false, errors.Join(err, s.note(ctx, r, errs.From(err).Message()))
	}
	r.Steps = append(r.Steps, Step{Kind: a.Kind, Error: errs.From(err).Message(), At: s.Now()})
	return true, s.end(ctx, o, r, RunFailed, "")
}

// isFinal reports whether doing it again would fail again.
func isFinal(err error) bool {
	return errs.Is(err, errs.Invalid) || errs.Is(err, errs.NotFound) || errs.Is(err, errs.Conflict) || errs.Is(err, errs.Gone)
}

// record writes a step and what it does to our own tables in one transaction, so
// that a crash leaves both or neither. When another process has moved the run on,
// nothing is done.
func (s *Service) record(ctx context.Context, r *Run, step Step, do func(Tx, *Step) error) error {
	return s.Store.InTx(ctx, func(tx Tx) error {
		now, err := tx.LockRun(ctx, r.ID)
		if err != nil {
			return err
		}
		if now.Next != r.Next || now.IsOver() {
			return nil // another process did it; the next look finds out
		}
		step.At = s.Now()
		if do != nil {
			if err := do(tx, &step); err != nil {
				return err
			}
		}
		now.Status, now.Problem, now.WakeAt = RunRunning, "", nil
		now.Steps = append(now.Steps, step)
		now.Next++
		return tx.SaveRun(ctx, now)
	})
}

// note remembers why a step is being tried again.
func (s *Service) note(ctx context.Context, r *Run, problem string) error {
	return s.Store.InTx(ctx, func(tx Tx) error {
		now, err := tx.LockRun(ctx, r.ID)
		if err != nil || now.Next != r.Next || now.IsOver() {
			return err
		}
		now.Status, now.Problem = RunRunning, problem
		return tx.SaveRun(ctx, now)
	})
}

// wait puts a run to sleep. The step is recorded now and the rest follows when its
// job is due.
func (s *Service) wait(ctx context.Context, r *Run, a *Action, urgency job.Priority) error {
	at := a.until(s.Now(), s.Zone())
	return s.Store.InTx(ctx, func(tx Tx) error {
		now, err := tx.LockRun(ctx, r.ID)
		if err != nil {
			return err
		}
		if now.Next != r.Next || now.IsOver() {
			return nil
		}
		now.Status, now.WakeAt, now.Problem = RunWaiting, &at, ""
		now.Steps = append(now.Steps, Step{Kind: a.Kind, At: s.Now(), Note: at.UTC().Format(time.RFC3339)})
		now.Next++
		if err := tx.SaveRun(ctx, now); err != nil {
			return err
		}
		return tx.Enqueue(ctx, now.job(at, urgency))
	})
}

// hash is a number that is the same for the same text, here and everywhere.
func hash(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.BigEndian.Uint64(sum[:8])
}
