package mysql_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/server/mysql/mysqltest"
)

// enqueue writes jobs in one transaction.
func enqueue(t *testing.T, db *mysql.DB, jobs ...job.New) {
	t.Helper()
	err := db.InTx(t.Context(), func(tx *mysql.Tx) error {
		for _, j := range jobs {
			if j.RunAt.IsZero() {
				j.RunAt = time.Now().Add(-time.Second)
			}
			if err := tx.Enqueue(t.Context(), j); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func wantCount(t *testing.T, db *mysql.DB, want int64, query string) {
	t.Helper()
	if n, err := db.Int(t.Context(), query); n != want || err != nil {
		t.Errorf("%s = %d (%v), want %d", query, n, err, want)
	}
}

func claim(t *testing.T, s *mysql.JobStore, lease string, limit int) []job.Job {
	t.Helper()
	jobs, err := s.Claim(t.Context(), lease, time.Now().Add(30*time.Second), limit)
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

func TestJobStore_EachJobIsClaimedOnce(t *testing.T) {
	dsn := mysqltest.DSN(t)
	db := mysqltest.OpenAt(t, dsn)
	const jobs = 60
	for i := range jobs {
		enqueue(t, db, job.New{Kind: "k", Payload: i})
	}
	var mu sync.Mutex
	claimed := map[int64]int{}
	var wg sync.WaitGroup
	for p := range 3 {
		s := mysql.NewJobStore(mysqltest.OpenAt(t, dsn))
		for w := range 2 {
			wg.Go(func() {
				for i := range 20 {
					found, err := s.Claim(t.Context(), fmt.Sprintf("%d-%d-%d", p, w, i), time.Now().Add(time.Minute), 4)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, j := range found {
						claimed[j.ID]++
					}
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	if len(claimed) != jobs {
		t.Errorf("%d jobs were claimed, want %d", len(claimed), jobs)
	}
	for id, n := range claimed {
		if n != 1 {
			t.Errorf("job %d was claimed %d times", id, n)
		}
	}
}

func TestJobStore_UrgentAndOldFirst(t *testing.T) {
	db := mysqltest.Open(t)
	now := time.Now()
	enqueue(t, db,
		job.New{Kind: "bulk", Priority: job.PriorityBulk, RunAt: now.Add(-time.Hour)},
		job.New{Kind: "later", Priority: job.PriorityPurchase, RunAt: now.Add(time.Hour)},
		job.New{Kind: "normal, new", RunAt: now.Add(-time.Second)},
		job.New{Kind: "normal, old", RunAt: now.Add(-time.Minute)},
		job.New{Kind: "purchase", Priority: job.PriorityPurchase},
	)
	var kinds []string
	for _, j := range claim(t, mysql.NewJobStore(db), "a", 10) {
		kinds = append(kinds, j.Kind)
	}
	if got, want := fmt.Sprint(kinds), "[purchase normal, old normal, new bulk]"; got != want {
		t.Errorf("claimed %s, want %s", got, want)
	}
}

func TestJobStore_LostLeasesAreTakenOver(t *testing.T) {
	db := mysqltest.Open(t)
	s := mysql.NewJobStore(db)
	enqueue(t, db, job.New{Kind: "k"})
	first := claim(t, s, "dead", 1)
	if again := claim(t, s, "other", 1); len(again) != 0 {
		t.Fatalf("a leased job was claimed again: %v", again)
	}
	if err := db.Exec(t.Context(), `UPDATE {jobs} SET leased_until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND`); err != nil {
		t.Fatal(err)
	}
	if taken := claim(t, s, "other", 1); len(taken) != 1 || taken[0].ID != first[0].ID {
		t.Fatalf("taken over: %v", taken)
	}
	id := first[0].ID
	if ours, err := s.Extend(t.Context(), id, "dead", time.Now().Add(time.Hour)); ours || err != nil {
		t.Errorf("the lost lease was extended (%v)", err)
	}
	for name, end := range map[string]error{
		"done": s.Done(t.Context(), id, "dead"), "retry": s.Retry(t.Context(), id, "dead", time.Now(), "x"), "bury": s.Bury(t.Context(), id, "dead", "x"),
	} {
		if end != nil {
			t.Errorf("%s: %v", name, end)
		}
	}
	wantCount(t, db, 1, `SELECT COUNT(*) FROM {jobs} WHERE state = 'running' AND lease = 'other' AND attempts = 0`)
	if err := s.Done(t.Context(), id, "other"); err != nil {
		t.Fatal(err)
	}
	wantCount(t, db, 0, `SELECT COUNT(*) FROM {jobs}`)
}

func TestJobStore_UniqueKeyHoldsUntilTheEnd(t *testing.T) {
	db := mysqltest.Open(t)
	s := mysql.NewJobStore(db)
	one := job.New{Kind: "k", UniqueKey: "one"}
	enqueue(t, db, one, one)
	enqueue(t, db, one)
	wantCount(t, db, 1, `SELECT COUNT(*) FROM {jobs}`)
	j := claim(t, s, "a", 1)[0]
	enqueue(t, db, one)
	wantCount(t, db, 1, `SELECT COUNT(*) FROM {jobs}`)
	if err := s.Retry(t.Context(), j.ID, "a", time.Now().Add(-time.Second), "not yet"); err != nil {
		t.Fatal(err)
	}
	enqueue(t, db, one)
	wantCount(t, db, 1, `SELECT COUNT(*) FROM {jobs} WHERE state = 'ready' AND attempts = 1 AND last_error = 'not yet'`)
	j = claim(t, s, "b", 1)[0]
	if j.Attempts != 1 {
		t.Errorf("the job says it ran %d times before, want once", j.Attempts)
	}
	if err := s.Bury(t.Context(), j.ID, "b", "never"); err != nil {
		t.Fatal(err)
	}
	enqueue(t, db, one)
	wantCount(t, db, 1, `SELECT COUNT(*) FROM {jobs} WHERE state = 'dead' AND last_error = 'never'`)
	wantCount(t, db, 1, `SELECT COUNT(*) FROM {jobs} WHERE state = 'ready'`)
	if waiting, dead, err := s.Counts(t.Context()); waiting != 1 || dead != 1 || err != nil {
		t.Errorf("counts: %d wait, %d dead (%v)", waiting, dead, err)
	}
}

func TestJobStore_RolledBackJobsDoNotExist(t *testing.T) {
	db := mysqltest.Open(t)
	woken := 0
	db.OnEnqueue(func(...string) { woken++ })
	err := db.InTx(t.Context(), func(tx *mysql.Tx) error {
		if err := tx.Enqueue(t.Context(), job.New{Kind: "k", RunAt: time.Now()}); err != nil {
			return err
		}
		return fmt.Errorf("no")
	})
	if err == nil || woken != 0 {
		t.Errorf("InTx = %v, the worker was woken %d times", err, woken)
	}
	wantCount(t, db, 0, `SELECT COUNT(*) FROM {jobs}`)
	enqueue(t, db, job.New{Kind: "k"}, job.New{Kind: "k"})
	if woken != 1 {
		t.Errorf("the worker was woken %d times by one commit", woken)
	}
}

func TestJobStore_TickWritesOneJobForAllProcesses(t *testing.T) {
	dsn := mysqltest.DSN(t)
	schedule := job.Schedule{Name: "poll", Kind: "payment.poll", Every: time.Hour}
	stores := make([]*mysql.JobStore, 3)
	for i := range stores {
		stores[i] = mysql.NewJobStore(mysqltest.OpenAt(t, dsn))
	}
	db := mysqltest.OpenAt(t, dsn)
	tick := func() {
		var wg sync.WaitGroup
		for _, s := range stores {
			wg.Go(func() {
				if err := s.Tick(t.Context(), schedule); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	tick()
	tick()
	wantCount(t, db, 1, `SELECT COUNT(*) FROM {jobs} WHERE kind = 'payment.poll'`)
	j := claim(t, stores[0], "a", 5)
	if err := stores[0].Done(t.Context(), j[0].ID, "a"); err != nil {
		t.Fatal(err)
	}
	tick()
	wantCount(t, db, 0, `SELECT COUNT(*) FROM {jobs}`)
	if err := db.Exec(t.Context(), `UPDATE {schedules} SET next_run_at = UTC_TIMESTAMP(6)`); err != nil {
		t.Fatal(err)
	}
	tick()
	wantCount(t, db, 1, `SELECT COUNT(*) FROM {jobs}`)
}

// The provider was away for hours: the schedule's job must not wait out the
// long pause that its failures have earned.
func TestJobStore_TickHurriesAJobThatFailed(t *testing.T) {
	db := mysqltest.Open(t)
	s := mysql.NewJobStore(db)
	schedule := job.Schedule{Name: "poll", Kind: "payment.poll", Every: time.Minute}
	if err := s.Tick(t.Context(), schedule); err != nil {
		t.Fatal(err)
	}
	j := claim(t, s, "a", 1)[0]
	if err := s.Retry(t.Context(), j.ID, "a", time.Now().Add(time.Hour), "away"); err != nil {
		t.Fatal(err)
	}
	if err := db.Exec(t.Context(), `UPDATE {schedules} SET next_run_at = UTC_TIMESTAMP(6)`); err != nil {
		t.Fatal(err)
	}
	if err := s.Tick(t.Context(), schedule); err != nil {
		t.Fatal(err)
	}
	if again := claim(t, s, "b", 1); len(again) != 1 || again[0].ID != j.ID {
		t.Errorf("claimed %v, want the job that failed", again)
	}
}
