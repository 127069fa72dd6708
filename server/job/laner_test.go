package job_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillside/tillside/server/job"
)

// fakeLanes keeps lanes in memory, one job each.
type fakeLanes struct {
	mu     sync.Mutex
	lanes  []*fakeLane
	closed map[string]string    // destination → why nothing is sent
	holds  map[string]time.Time // until when
}

type fakeLane struct {
	job.Batch
	state string // ready, running, stopped, done, dead
	runAt time.Time
}

func (f *fakeLanes) add(destination string, lanes ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, lane := range lanes {
		id := int64(len(f.lanes) + 1)
		f.lanes = append(f.lanes, &fakeLane{state: "ready", runAt: time.Now(), Batch: job.Batch{
			Claim: job.Claim{LaneID: id, JobIDs: []int64{id}}, Destination: destination, Lane: lane, Jobs: []job.Job{{ID: id}},
		}})
	}
}

func (f *fakeLanes) states(state string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var lanes []string
	for _, l := range f.lanes {
		if l.state == state {
			lanes = append(lanes, l.Lane)
		}
	}
	return lanes
}

func (f *fakeLanes) OpenDestinations(context.Context) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var open []string
	for _, l := range f.lanes {
		if f.closed[l.Destination] == "" && !f.holds[l.Destination].After(time.Now()) && !slices.Contains(open, l.Destination) {
			open = append(open, l.Destination)
		}
	}
	return open, nil
}

func (f *fakeLanes) ClaimLanes(_ context.Context, destination, lease string, _ time.Time, limit int) ([]job.Batch, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var claimed []job.Batch
	for _, l := range f.lanes {
		if l.Destination == destination && l.state == "ready" && !l.runAt.After(time.Now()) && len(claimed) < limit {
			l.state, l.Lease = "running", lease
			claimed = append(claimed, l.Batch)
		}
	}
	return claimed, nil
}

func (f *fakeLanes) ExtendLane(context.Context, job.Claim, time.Time) (bool, error) { return true, nil }

func (f *fakeLanes) end(c job.Claim, state string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lanes[c.LaneID-1].state = state
	return nil
}

func (f *fakeLanes) FinishLane(_ context.Context, c job.Claim) error { return f.end(c, "done") }

func (f *fakeLanes) RetryLane(_ context.Context, c job.Claim, runAt time.Time, _ string, counted bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.lanes[c.LaneID-1]
	l.state, l.runAt = "ready", runAt
	if counted {
		l.Attempts++
		if l.Since.IsZero() {
			l.Since = time.Now()
		}
	}
	return nil
}

func (f *fakeLanes) BuryLane(_ context.Context, c job.Claim, _ string, strict bool) error {
	if strict {
		return f.end(c, "stopped")
	}
	return f.end(c, "dead")
}

func (f *fakeLanes) Hold(_ context.Context, destination string, until time.Time, _ string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.holds == nil {
		f.holds = map[string]time.Time{}
	}
	f.holds[destination] = until
	return nil
}

func (f *fakeLanes) SetDestination(_ context.Context, destination string, s job.DestinationState, reason string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed == nil {
		f.closed = map[string]string{}
	}
	f.closed[destination] = ""
	if s != job.DestinationOn {
		f.closed[destination] = string(s) + ": " + reason
	}
	return nil
}

// workLanes runs a worker for a while of the test's own clock.
func workLanes(t *testing.T, s *fakeStore, d time.Duration, destinations map[string]job.Destination) {
	t.Helper()
	w := job.NewWorker(job.Options{Store: s, Destinations: destinations, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	w.Run(ctx)
}

func TestLanes_ADeadDestinationHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		for i := range 50 {
			s.add("crm:1", fmt.Sprint("slow", i))
			s.add("crm:2", fmt.Sprint("fast", i))
		}
		workLanes(t, s, 10*time.Second, map[string]job.Destination{"crm": {Do: func(ctx context.Context, b job.Batch) error {
			if b.Destination == "crm:1" {
				<-ctx.Done() // never answers
				return ctx.Err()
			}
			return nil
		}}})
		if done := s.states("done"); len(done) != 50 {
			t.Errorf("%d lanes of the other destination are done, want 50", len(done))
		}
	})
}

func TestLanes_HandsOfADestinationAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		for i := range 20 {
			s.add("crm:1", fmt.Sprint(i))
		}
		var mu sync.Mutex
		busy, most := 0, 0
		workLanes(t, s, time.Minute, map[string]job.Destination{"crm": {Hands: 3, Do: func(context.Context, job.Batch) error {
			mu.Lock()
			busy++
			most = max(most, busy)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			busy--
			mu.Unlock()
			return nil
		}}})
		if most != 3 || len(s.states("done")) != 20 {
			t.Errorf("%d at once, %d done; want 3 and 20", most, len(s.states("done")))
		}
	})
}

func TestLanes_AFailingDestinationIsLeftAloneThenTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		for i := range 200 {
			s.add("crm:1", fmt.Sprint(i))
		}
		began, calls := time.Now(), 0
		down := true
		var mu sync.Mutex
		go func() { time.Sleep(time.Hour); mu.Lock(); down = false; mu.Unlock() }()
		workLanes(t, s, 3*time.Hour, map[string]job.Destination{"crm": {Do: func(context.Context, job.Batch) error {
			mu.Lock()
			defer mu.Unlock()
			if down {
				calls++
				return errors.New("503")
			}
			return nil
		}}})
		if calls > 30 {
			t.Errorf("%d calls to a destination that was down for an hour", calls)
		}
		if n := len(s.states("done")); n != 200 {
			t.Errorf("%d lanes done %s after it is back, want 200", n, time.Since(began)-time.Hour)
		}
	})
}

func TestLanes_AskedToWaitNothingIsSentAndNothingCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.add("crm:1", "a", "b", "c")
		var times []time.Duration
		began := time.Now()
		var mu sync.Mutex
		workLanes(t, s, time.Minute, map[string]job.Destination{"crm": {Hands: 1, Do: func(context.Context, job.Batch) error {
			mu.Lock()
			defer mu.Unlock()
			times = append(times, time.Since(began))
			if len(times) == 1 {
				return job.After(errors.New("429"), 30*time.Second)
			}
			return nil
		}}})
		if len(times) != 4 || times[1] < 30*time.Second {
			t.Errorf("asked after %v, want one at once and three after 30 s", times)
		}
		for _, l := range s.lanes {
			if l.Attempts != 0 {
				t.Errorf("lane %s counts %d failures", l.Lane, l.Attempts)
			}
		}
	})
}

func TestLanes_RefusedCredentialsHaltTheDestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.add("crm:1", "a", "b", "c")
		calls := 0
		workLanes(t, s, 5*time.Hour, map[string]job.Destination{"crm": {Hands: 1, Do: func(context.Context, job.Batch) error {
			calls++
			return job.Halt(errors.New("401"))
		}}})
		if calls != 1 || s.closed["crm:1"] != "halted: 401" {
			t.Errorf("%d calls, closed %q", calls, s.closed["crm:1"])
		}
		if waiting := s.states("ready"); len(waiting) != 3 {
			t.Errorf("%v wait, want all three, however long it takes", waiting)
		}
	})
}

func TestLanes_AJobGivenUpStopsAStrictLaneOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.add("crm:1", "a")
		s.add("contacts", "b")
		hopeless := func(context.Context, job.Batch) error { return job.GiveUp(errors.New("422")) }
		workLanes(t, s, time.Minute, map[string]job.Destination{"crm": {Do: hopeless, Strict: true}, "contacts": {Do: hopeless}})
		if stopped, dead := s.states("stopped"), s.states("dead"); !slices.Equal(stopped, []string{"a"}) || !slices.Equal(dead, []string{"b"}) {
			t.Errorf("stopped %v, dead %v; want [a] and [b]", stopped, dead)
		}
	})
}

func TestLanes_APanicIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.add("crm:1", "a")
		calls := 0
		workLanes(t, s, time.Minute, map[string]job.Destination{"crm": {Do: func(context.Context, job.Batch) error {
			if calls++; calls == 1 {
				panic("boom")
			}
			return nil
		}}})
		if done := s.states("done"); len(done) != 1 {
			t.Errorf("done: %v", done)
		}
	})
}
