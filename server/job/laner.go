package job

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// laner is the part of a Worker that does lanes.
type laner struct {
	w  *Worker
	mu sync.Mutex
	// circuits are the destinations that this process has met; dirty are those
	// where something may be due, all says that every one may.
	circuits map[string]*circuit
	dirty    map[string]bool
	all      bool
}

func newLaner(w *Worker) *laner {
	return &laner{w: w, circuits: map[string]*circuit{}, dirty: map[string]bool{}, all: true}
}

// mark remembers where to look; without names everywhere.
func (l *laner) mark(destinations ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = l.all || len(destinations) == 0
	for _, d := range destinations {
		l.dirty[d] = true
	}
}

// marked returns where to look among the open destinations, and forgets it.
func (l *laner) marked(ctx context.Context) ([]string, error) {
	l.mu.Lock()
	all, dirty := l.all, slices.Sorted(maps.Keys(l.dirty))
	l.all = false
	clear(l.dirty)
	l.mu.Unlock()
	if !all && len(dirty) == 0 {
		return nil, nil
	}
	open, err := l.w.o.Store.OpenDestinations(ctx)
	if err != nil {
		l.mark()
		return nil, err
	}
	if all {
		return open, nil
	}
	return slices.DeleteFunc(open, func(d string) bool { return !slices.Contains(dirty, d) }), nil
}

func (l *laner) circuit(destination string) *circuit {
	if l.circuits[destination] == nil {
		l.circuits[destination] = &circuit{}
	}
	return l.circuits[destination]
}

// reserve takes hands for a destination and returns how many it got.
func (l *laner) reserve(destination string, hands int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.circuit(destination)
	n := c.room(hands)
	c.busy += n
	return n
}

func (l *laner) release(destination string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.circuit(destination).busy -= n
}

// count notes how a lane ended and returns how long the destination is to be
// left alone.
func (l *laner) count(destination string, failed bool) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.circuit(destination)
	if !failed {
		c.failures = 0
		return 0
	}
	c.failures++
	return c.breakFor()
}

// round starts as many due lanes of each destination as it has hands free.
func (l *laner) round(ctx context.Context, team *sync.WaitGroup) {
	destinations, err := l.marked(ctx)
	if err != nil {
		if ctx.Err() == nil {
			l.w.o.Log.WarnContext(ctx, "list destinations", "error", err)
		}
		return
	}
	for _, name := range destinations {
		work, known := l.w.o.Destinations[classOf(name)]
		if !known {
			continue // of a newer version, which does it
		}
		for _, b := range l.claim(ctx, name, work) {
			team.Go(func() {
				l.run(context.WithoutCancel(ctx), b, work)
				l.release(name, 1)
				l.mark(name)
				l.w.poke()
			})
		}
	}
}

// claim takes due lanes for the hands that are free, and keeps those hands.
func (l *laner) claim(ctx context.Context, destination string, work Destination) []Batch {
	hands := l.reserve(destination, work.hands())
	if hands == 0 {
		return nil
	}
	batches, err := l.w.o.Store.ClaimLanes(ctx, destination, rand.Text(), l.w.o.Now().Add(leaseTime), hands)
	if err != nil && ctx.Err() == nil {
		l.w.o.Log.WarnContext(ctx, "claim lanes", "destination", destination, "error", err)
	}
	l.release(destination, hands-len(batches))
	return batches
}

// run does one batch under its lease and writes down how it ended.
func (l *laner) run(ctx context.Context, b Batch, work Destination) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	stop := l.w.keepLease(ctx, cancel, b.LaneID, func(until time.Time) (bool, error) {
		return l.w.o.Store.ExtendLane(ctx, b.Claim, until)
	})
	err := do(ctx, b, work.Do)
	stop()
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
	defer cancel()
	if err := l.end(ctx, b, work, err); err != nil { // the lease runs out, and the lane runs again
		l.w.o.Log.WarnContext(ctx, "lane's end not stored", "destination", b.Destination, "lane", b.Lane, "error", err)
	}
}

func do(ctx context.Context, b Batch, handler LaneHandler) (err error) {
	if len(b.Jobs) == 0 {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return handler(ctx, b)
}

func (l *laner) end(ctx context.Context, b Batch, work Destination, err error) error {
	store, now, log := l.w.o.Store, l.w.o.Now(), l.w.o.Log
	if err == nil {
		l.count(b.Destination, false)
		return store.FinishLane(ctx, b.Claim)
	}
	reason := clip(err.Error())
	wait, told := waitOf(err)
	if turn, ok := laterOf(err); ok {
		return store.RetryLane(ctx, b.Claim, now.Add(turn), reason, false)
	}
	switch {
	case isHalt(err):
		log.ErrorContext(ctx, "destination halted", "destination", b.Destination, "error", err)
		if err := store.SetDestination(ctx, b.Destination, DestinationHalted, reason); err != nil {
			return err
		}
		return store.RetryLane(ctx, b.Claim, now, reason, false)
	case told:
		log.WarnContext(ctx, "destination asks for a pause", "destination", b.Destination, "wait", wait)
		if err := store.Hold(ctx, b.Destination, now.Add(wait), reason); err != nil {
			return err
		}
		return store.RetryLane(ctx, b.Claim, now, reason, false)
	case isHopeless(err), !b.Since.IsZero() && now.Sub(b.Since) > keepTrying:
		log.ErrorContext(ctx, "jobs given up", "destination", b.Destination, "lane", b.Lane, "jobs", len(b.Jobs), "error", err)
		return store.BuryLane(ctx, b.Claim, reason, work.Strict)
	}
	log.WarnContext(ctx, "lane will be repeated", "destination", b.Destination, "lane", b.Lane, "attempts", b.Attempts+1, "error", err)
	if pause := l.count(b.Destination, true); pause > 0 {
		if err := store.Hold(ctx, b.Destination, now.Add(pause), reason); err != nil {
			return err
		}
	}
	return store.RetryLane(ctx, b.Claim, now.Add(delay(b.Attempts)), reason, true)
}

// runDue runs one due lane of each open destination in the caller's goroutine and
// returns how many ran.
func (l *laner) runDue(ctx context.Context) (int, error) {
	destinations, err := l.w.o.Store.OpenDestinations(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, name := range destinations {
		work, known := l.w.o.Destinations[classOf(name)]
		if !known {
			continue
		}
		batches, err := l.w.o.Store.ClaimLanes(ctx, name, rand.Text(), l.w.o.Now().Add(leaseTime), 1)
		if err != nil {
			return n, err
		}
		for _, b := range batches {
			l.run(ctx, b, work)
			n++
		}
	}
	return n, nil
}
