package job

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

const (
	pollEvery     = time.Second
	leaseTime     = 30 * time.Second
	heartbeat     = 10 * time.Second
	runTimeout    = 2 * time.Minute
	defaultTeam   = 4
	maxErrorBytes = 2000
)

// Options sets a Worker up.
type Options struct {
	Store    Store
	Handlers map[string]Handler
	// Destinations does what is in lanes, by the first part of a destination's name.
	Destinations map[string]Destination
	Schedules    []Schedule
	Log          *slog.Logger
	Now          func() time.Time
	Team         int // jobs run at once; 0 means 4
	// Paused is asked before each claim; while it returns true nothing runs.
	Paused func(ctx context.Context) bool
}

// Worker runs jobs until it is stopped.
type Worker struct {
	o     Options
	wake  chan struct{}
	lanes *laner
}

// NewWorker returns a worker. It does nothing before Run.
func NewWorker(o Options) *Worker {
	if o.Team <= 0 {
		o.Team = defaultTeam
	}
	w := &Worker{o: o, wake: make(chan struct{}, 1)}
	w.lanes = newLaner(w)
	return w
}

// Wake makes the worker look for jobs at once, also in the lanes of some
// destinations. It never blocks.
func (w *Worker) Wake(destinations ...string) {
	if len(destinations) > 0 {
		w.lanes.mark(destinations...)
	}
	w.poke()
}

func (w *Worker) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run claims and runs jobs until ctx ends, then waits for those under way.
func (w *Worker) Run(ctx context.Context) {
	free := make(chan struct{}, w.o.Team)
	var team sync.WaitGroup
	defer team.Wait()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		w.round(ctx, free, &team)
		if ctx.Err() == nil && !w.isPaused(ctx) {
			w.lanes.round(ctx, &team)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.lanes.mark()
			w.tick(ctx)
		case <-w.wake:
		}
	}
}

// round starts as many due jobs as the team has hands free.
func (w *Worker) round(ctx context.Context, free chan struct{}, team *sync.WaitGroup) {
	for ctx.Err() == nil && !w.isPaused(ctx) {
		hands := cap(free) - len(free)
		if hands == 0 {
			return
		}
		lease := rand.Text()
		jobs, err := w.o.Store.Claim(ctx, lease, w.o.Now().Add(leaseTime), hands)
		if err != nil {
			if ctx.Err() == nil {
				w.o.Log.WarnContext(ctx, "claim jobs", "error", err)
			}
			return
		}
		for _, j := range jobs {
			free <- struct{}{}
			team.Go(func() {
				w.run(context.WithoutCancel(ctx), j, lease)
				<-free
				w.Wake()
			})
		}
		if len(jobs) < hands {
			return
		}
	}
}

func (w *Worker) isPaused(ctx context.Context) bool { return w.o.Paused != nil && w.o.Paused(ctx) }

// RunDue runs what is due now in the caller's goroutine and returns how many
// jobs and lanes ran: for tests and one-off commands.
func (w *Worker) RunDue(ctx context.Context) (int, error) {
	n := 0
	for {
		lease := rand.Text()
		jobs, err := w.o.Store.Claim(ctx, lease, w.o.Now().Add(leaseTime), 1)
		if err != nil {
			return n, err
		}
		if len(jobs) == 1 {
			w.run(ctx, jobs[0], lease)
			n++
			continue
		}
		ran, err := w.lanes.runDue(ctx)
		if err != nil || ran == 0 {
			return n, err
		}
		n += ran
	}
}

func (w *Worker) tick(ctx context.Context) {
	for _, s := range w.o.Schedules {
		if err := w.o.Store.Tick(ctx, s); err != nil && ctx.Err() == nil {
			w.o.Log.WarnContext(ctx, "schedule", "name", s.Name, "error", err)
		}
	}
}

// run does one job under its lease and writes down how it ended.
func (w *Worker) run(ctx context.Context, j Job, lease string) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	stop := w.keepLease(ctx, cancel, j.ID, func(until time.Time) (bool, error) {
		return w.o.Store.Extend(ctx, j.ID, lease, until)
	})
	err := w.call(ctx, j)
	stop()

	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
	defer cancel()
	var storeErr error
	switch {
	case err == nil:
		storeErr = w.o.Store.Done(ctx, j.ID, lease)
	case isHopeless(err), w.o.Now().Sub(j.CreatedAt) > keepTrying:
		w.o.Log.ErrorContext(ctx, "job given up", "job", j.ID, "kind", j.Kind, "error", err)
		storeErr = w.o.Store.Bury(ctx, j.ID, lease, clip(err.Error()))
	default:
		w.o.Log.WarnContext(ctx, "job will be repeated", "job", j.ID, "kind", j.Kind, "attempts", j.Attempts+1, "error", err)
		storeErr = w.o.Store.Retry(ctx, j.ID, lease, w.o.Now().Add(delay(j.Attempts)), clip(err.Error()))
	}
	if storeErr != nil { // the lease runs out, and the job runs again
		w.o.Log.WarnContext(ctx, "job's end not stored", "job", j.ID, "error", storeErr)
	}
}

// call runs the handler; a panic becomes an error, so that one job cannot end
// the process.
func (w *Worker) call(ctx context.Context, j Job) (err error) {
	handler, ok := w.o.Handlers[j.Kind]
	if !ok {
		return fmt.Errorf("no handler for jobs of kind %q; an older version may be running", j.Kind)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return handler(ctx, j)
}

// keepLease extends a lease until the returned func is called, and cancels the
// work when the lease is lost.
func (w *Worker) keepLease(ctx context.Context, cancel context.CancelFunc, id int64, extend func(until time.Time) (bool, error)) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(heartbeat)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-ticker.C:
				ours, err := extend(w.o.Now().Add(leaseTime))
				if err == nil && !ours {
					w.o.Log.WarnContext(ctx, "lease lost", "id", id)
					cancel()
					return
				}
				if err != nil && !errors.Is(err, context.Canceled) {
					w.o.Log.WarnContext(ctx, "extend lease", "id", id, "error", err)
				}
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

func clip(text string) string {
	if len(text) > maxErrorBytes {
		text = text[:maxErrorBytes]
	}
	return string([]rune(text)) // a cut character becomes U+FFFD
}
