package job_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillside/tillside/server/job"
)

// fakeStore keeps jobs in memory, under leases as the real one.
type fakeStore struct {
	*fakeLanes
	mu     sync.Mutex
	jobs   map[int64]*held
	claims int
	broken error // returned by Claim
}

type held struct {
	job.Job
	state  string // ready, running, dead, done
	lease  string
	until  time.Time
	runAt  time.Time
	reason string
}

func newStore(kinds ...string) *fakeStore {
	s := &fakeStore{jobs: map[int64]*held{}, fakeLanes: &fakeLanes{}}
	for i, kind := range kinds {
		id := int64(i + 1)
		s.jobs[id] = &held{Job: job.Job{ID: id, Kind: kind, Payload: []byte(`{}`), CreatedAt: time.Now()}, state: "ready", runAt: time.Now()}
	}
	return s
}

func (s *fakeStore) get(id int64) held {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.jobs[id]
}

// steal gives a job to another worker, as when the lease ran out.
func (s *fakeStore) steal(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[id].lease, s.jobs[id].until = "another", time.Now().Add(time.Hour)
}

func (s *fakeStore) Claim(_ context.Context, lease string, until time.Time, limit int) ([]job.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claims++
	if s.broken != nil {
		return nil, s.broken
	}
	var claimed []job.Job
	for id := int64(1); id <= int64(len(s.jobs)) && len(claimed) < limit; id++ {
		j := s.jobs[id]
		due := j.state == "ready" && !j.runAt.After(time.Now()) || j.state == "running" && j.until.Before(time.Now())
		if due {
			j.state, j.lease, j.until = "running", lease, until
			claimed = append(claimed, j.Job)
		}
	}
	return claimed, nil
}

func (s *fakeStore) change(id int64, lease string, do func(*held)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[id]
	if j.lease != lease {
		return false
	}
	do(j)
	return true
}

func (s *fakeStore) Extend(_ context.Context, id int64, lease string, until time.Time) (bool, error) {
	return s.change(id, lease, func(j *held) { j.until = until }), nil
}

func (s *fakeStore) Done(_ context.Context, id int64, lease string) error {
	s.change(id, lease, func(j *held) { j.state = "done" })
	return nil
}

func (s *fakeStore) Retry(_ context.Context, id int64, lease string, runAt time.Time, reason string) error {
	s.change(id, lease, func(j *held) { j.state, j.runAt, j.reason, j.Attempts = "ready", runAt, reason, j.Attempts+1 })
	return nil
}

func (s *fakeStore) Bury(_ context.Context, id int64, lease string, reason string) error {
	s.change(id, lease, func(j *held) { j.state, j.reason = "dead", reason })
	return nil
}

func (s *fakeStore) Tick(context.Context, job.Schedule) error { return nil }

// run runs a worker for a time that costs none.
func run(t *testing.T, s *fakeStore, handlers map[string]job.Handler, during func(stop context.CancelFunc)) {
	t.Helper()
	w := job.NewWorker(job.Options{Store: s, Handlers: handlers, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.Run(ctx); close(ended) }()
	during(cancel)
	cancel()
	<-ended
}

func TestWorker_FailedJobsAreRepeatedWithGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore("flaky")
		var runs []time.Time
		run(t, s, map[string]job.Handler{"flaky": func(context.Context, job.Job) error {
			runs = append(runs, time.Now())
			if len(runs) < 5 {
				return fmt.Errorf("no %d", len(runs))
			}
			return nil
		}}, func(context.CancelFunc) { time.Sleep(5 * time.Minute) })
		if got := s.get(1); got.state != "done" || len(runs) != 5 || got.reason != "no 4" {
			t.Fatalf("after %d runs: %+v", len(runs), got)
		}
		for i := 2; i < len(runs); i++ {
			if before, pause := runs[i-1].Sub(runs[i-2]), runs[i].Sub(runs[i-1]); pause <= before {
				t.Errorf("pause %d was %s, the one before %s", i, pause, before)
			}
		}
	})
}

func TestDelay_DoublesFromTwoSecondsToAnHour(t *testing.T) {
	for n, want := range map[int]time.Duration{0: 2 * time.Second, 1: 4 * time.Second, 5: 64 * time.Second, 10: 2048 * time.Second, 11: time.Hour, 1000: time.Hour} {
		for range 100 {
			if got := job.Delay(n); got < want*4/5 || got > want*6/5 {
				t.Fatalf("after %d runs: %s, want %s give or take a fifth", n, got, want)
			}
		}
	}
}

func TestWorker_PanicIsAFailureAndNotTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore("panics", "fine")
		fine := 0
		run(t, s, map[string]job.Handler{
			"panics": func(context.Context, job.Job) error { panic("oh no") },
			"fine":   func(context.Context, job.Job) error { fine++; return nil },
		}, func(context.CancelFunc) { time.Sleep(time.Second) })
		if got := s.get(1); got.state != "ready" || got.Attempts != 1 || !strings.Contains(got.reason, "oh no") || !strings.Contains(got.reason, "worker_test.go") {
			t.Errorf("the job that panics: %s after %d runs: %s", got.state, got.Attempts, got.reason)
		}
		if fine != 1 {
			t.Errorf("the other job ran %d times", fine)
		}
	})
}

func TestWorker_HopelessJobsBecomeDeadLettersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore("hopeless", "garbled")
		s.jobs[2].Payload = []byte(`{"n":"x"}`)
		run(t, s, map[string]job.Handler{
			"hopeless": func(context.Context, job.Job) error {
				return fmt.Errorf("send: %w", job.GiveUp(errors.New("no such order")))
			},
			"garbled": func(_ context.Context, j job.Job) error {
				var p struct{ N int }
				return j.Decode(&p)
			},
		}, func(context.CancelFunc) { time.Sleep(time.Second) })
		for id, reason := range map[int64]string{1: "no such order", 2: "payload of job 2"} {
			if got := s.get(id); got.state != "dead" || !strings.Contains(got.reason, reason) {
				t.Errorf("job %d: %s (%s), want a dead letter that says %q", id, got.state, got.reason, reason)
			}
		}
	})
}

func TestWorker_TriesForThreeDaysAndThenGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore("down")
		handlers := map[string]job.Handler{"down": func(context.Context, job.Job) error { return errors.New(strings.Repeat("ä", 3000)) }}
		run(t, s, handlers, func(context.CancelFunc) {
			time.Sleep(72 * time.Hour)
			if got := s.get(1); got.state != "ready" || got.Attempts < 50 {
				t.Errorf("after three days: %s after %d runs", got.state, got.Attempts)
			}
			time.Sleep(15 * time.Hour)
		})
		if got := s.get(1); got.state != "dead" || len(got.reason) > 2010 {
			t.Errorf("after four days: %s, with a reason of %d bytes", got.state, len(got.reason))
		}
	})
}

func TestWorker_LongJobsKeepTheirLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore("long")
		runs := 0
		run(t, s, map[string]job.Handler{"long": func(ctx context.Context, _ job.Job) error {
			runs++
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Second): // the lease is 30 s
				return nil
			}
		}}, func(context.CancelFunc) { time.Sleep(110 * time.Second) })
		if got := s.get(1); got.state != "done" || runs != 1 {
			t.Errorf("the job is %s after %d runs, want it done by the first", got.state, runs)
		}
	})
}

func TestWorker_LostLeaseEndsTheJobAndChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore("stolen")
		var ended error
		run(t, s, map[string]job.Handler{"stolen": func(ctx context.Context, j job.Job) error {
			s.steal(j.ID)
			<-ctx.Done()
			ended = ctx.Err()
			return ended
		}}, func(context.CancelFunc) { time.Sleep(20 * time.Second) })
		if got := s.get(1); !errors.Is(ended, context.Canceled) || got.state != "running" || got.lease != "another" || got.Attempts != 0 {
			t.Errorf("handler ended with %v, the job is %+v; want it left to its new owner", ended, got)
		}
	})
}

func TestWorker_EndLetsRunningJobsFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore("slow")
		run(t, s, map[string]job.Handler{"slow": func(ctx context.Context, _ job.Job) error {
			time.Sleep(5 * time.Second)
			return ctx.Err()
		}}, func(stop context.CancelFunc) { time.Sleep(time.Second); stop() })
		if got := s.get(1); got.state != "done" {
			t.Errorf("the job is %s", got.state)
		}
	})
}

func TestWorker_RunsAsManyAsItHasHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kinds := make([]string, 20)
		for i := range kinds {
			kinds[i] = "slow"
		}
		s := newStore(kinds...)
		var mu sync.Mutex
		now, most := 0, 0
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			now += by
			most = max(most, now)
		}
		run(t, s, map[string]job.Handler{"slow": func(context.Context, job.Job) error {
			count(1)
			defer count(-1)
			time.Sleep(time.Second)
			return nil
		}}, func(context.CancelFunc) { time.Sleep(6 * time.Second) })
		for id := range int64(20) {
			if got := s.get(id + 1); got.state != "done" {
				t.Errorf("job %d is %s", id+1, got.state)
			}
		}
		if most != 4 {
			t.Errorf("%d jobs ran at once, want four", most)
		}
	})
}

func TestWorker_UnknownKindWaitsForANewerVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore("of.tomorrow")
		run(t, s, nil, func(context.CancelFunc) { time.Sleep(time.Second) })
		if got := s.get(1); got.state != "ready" || !strings.Contains(got.reason, "of.tomorrow") {
			t.Errorf("the job is %s (%s), want it to wait", got.state, got.reason)
		}
	})
}

func TestWorker_SurvivesADatabaseThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore("fine")
		s.broken = errors.New("connection refused")
		run(t, s, map[string]job.Handler{"fine": func(context.Context, job.Job) error { return nil }}, func(context.CancelFunc) {
			time.Sleep(10 * time.Second)
			s.mu.Lock()
			claims := s.claims
			s.broken = nil
			s.mu.Unlock()
			if claims > 15 {
				t.Errorf("%d claims in ten seconds, want one each second", claims)
			}
			time.Sleep(2 * time.Second)
		})
		if got := s.get(1); got.state != "done" {
			t.Errorf("the job is %s", got.state)
		}
	})
}

func TestWorker_PausedClaimsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore("fine")
		w := job.NewWorker(job.Options{
			Store: s, Log: slog.New(slog.DiscardHandler), Now: time.Now, Paused: func(context.Context) bool { return true },
			Handlers: map[string]job.Handler{"fine": func(context.Context, job.Job) error { return nil }},
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		w.Run(ctx)
		if s.claims != 0 {
			t.Errorf("%d claims while paused", s.claims)
		}
	})
}
