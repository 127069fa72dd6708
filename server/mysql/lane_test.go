package mysql_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/server/mysql/mysqltest"
)

func laned(lane, kind string, p job.Priority) job.New {
	return job.New{Destination: "crm:1", Lane: lane, Kind: kind, Priority: p}
}

func claimLanes(t *testing.T, s *mysql.JobStore, lease string, limit int) []job.Batch {
	t.Helper()
	batches, err := s.ClaimLanes(t.Context(), "crm:1", lease, time.Now().Add(30*time.Second), limit)
	if err != nil {
		t.Fatal(err)
	}
	return batches
}

func kindsOf(b job.Batch) string {
	var kinds []string
	for _, j := range b.Jobs {
		kinds = append(kinds, j.Kind)
	}
	return fmt.Sprint(kinds)
}

func TestLanes_WhatWaitsInOneLaneComesTogetherInOrder(t *testing.T) {
	db := mysqltest.Open(t)
	s := mysql.NewJobStore(db)
	enqueue(t, db, laned("7", "early", job.PriorityEarly), laned("8", "other", job.PriorityNormal))
	enqueue(t, db, laned("7", "bought", job.PriorityPurchase))
	if plain := claim(t, s, "x", 10); len(plain) != 0 {
		t.Errorf("jobs in lanes were claimed as plain ones: %v", plain)
	}
	batches := claimLanes(t, s, "a", 10)
	if len(batches) != 2 || batches[0].Lane != "7" || kindsOf(batches[0]) != "[early bought]" {
		t.Fatalf("claimed %+v; want lane 7 first, for the purchase in it", batches)
	}
	enqueue(t, db, laned("7", "late", job.PriorityBulk))
	if again := claimLanes(t, s, "b", 10); len(again) != 0 {
		t.Errorf("a running lane was claimed again: %+v", again)
	}
	for _, b := range batches {
		if err := s.FinishLane(t.Context(), b.Claim); err != nil {
			t.Fatal(err)
		}
	}
	batches = claimLanes(t, s, "c", 10)
	if len(batches) != 1 || kindsOf(batches[0]) != "[late]" || batches[0].Urgency != job.PriorityBulk {
		t.Fatalf("after that %+v, want what came meanwhile", batches)
	}
	if err := s.FinishLane(t.Context(), batches[0].Claim); err != nil {
		t.Fatal(err)
	}
	wantCount(t, db, 0, "SELECT COUNT(*) FROM {lanes}")
	wantCount(t, db, 0, "SELECT COUNT(*) FROM {jobs}")
}

func TestLanes_AJobForLaterDoesNotHoldUpWhatFollows(t *testing.T) {
	db := mysqltest.Open(t)
	s := mysql.NewJobStore(db)
	later := laned("7", "later", job.PriorityNormal)
	later.RunAt = time.Now().Add(time.Hour)
	enqueue(t, db, later)
	enqueue(t, db, laned("7", "now", job.PriorityNormal))
	batches := claimLanes(t, s, "a", 10)
	if len(batches) != 1 || kindsOf(batches[0]) != "[now]" {
		t.Fatalf("claimed %+v", batches)
	}
	if err := s.FinishLane(t.Context(), batches[0].Claim); err != nil {
		t.Fatal(err)
	}
	if again := claimLanes(t, s, "b", 10); len(again) != 0 {
		t.Errorf("claimed before its time: %+v", again)
	}
	wantCount(t, db, 1, "SELECT COUNT(*) FROM {lanes} WHERE run_at > UTC_TIMESTAMP(6)")
}

func TestLanes_AFailedLaneKeepsItsPauseAndItsJobs(t *testing.T) {
	db := mysqltest.Open(t)
	s := mysql.NewJobStore(db)
	enqueue(t, db, laned("7", "first", job.PriorityNormal))
	b := claimLanes(t, s, "a", 1)[0]
	if err := s.RetryLane(t.Context(), b.Claim, time.Now().Add(time.Hour), "503", true); err != nil {
		t.Fatal(err)
	}
	enqueue(t, db, laned("7", "second", job.PriorityPurchase))
	if again := claimLanes(t, s, "b", 1); len(again) != 0 {
		t.Errorf("a new job cut the pause short: %+v", again)
	}
	if err := db.Exec(t.Context(), "UPDATE {lanes} SET run_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND"); err != nil {
		t.Fatal(err)
	}
	b = claimLanes(t, s, "c", 1)[0]
	if b.Attempts != 1 || b.Since.IsZero() || kindsOf(b) != "[first second]" {
		t.Errorf("claimed %+v", b)
	}
}

func TestLanes_ALostLeaseEndsNothing(t *testing.T) {
	db := mysqltest.Open(t)
	s := mysql.NewJobStore(db)
	enqueue(t, db, laned("7", "k", job.PriorityNormal))
	old := claimLanes(t, s, "old", 1)[0]
	if err := db.Exec(t.Context(), "UPDATE {lanes} SET leased_until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND"); err != nil {
		t.Fatal(err)
	}
	taken := claimLanes(t, s, "new", 1)
	if len(taken) != 1 {
		t.Fatal("the lane was not taken over")
	}
	if ours, err := s.ExtendLane(t.Context(), old.Claim, time.Now().Add(time.Minute)); ours || err != nil {
		t.Errorf("the old lease was extended: %v, %v", ours, err)
	}
	if err := errors.Join(s.FinishLane(t.Context(), old.Claim), s.BuryLane(t.Context(), old.Claim, "x", true)); err != nil {
		t.Fatal(err)
	}
	err := db.InTx(t.Context(), func(tx *mysql.Tx) error { return tx.TakeJobs(t.Context(), old.Claim) })
	if !errs.Is(err, errs.Conflict) {
		t.Errorf("jobs of a lost lease were taken: %v", err)
	}
	wantCount(t, db, 1, "SELECT COUNT(*) FROM {jobs} WHERE state = 'laned'")
}

func TestLanes_TakenJobsAreDoneWithTheTransaction(t *testing.T) {
	db := mysqltest.Open(t)
	s := mysql.NewJobStore(db)
	enqueue(t, db, laned("7", "k", job.PriorityNormal))
	b := claimLanes(t, s, "a", 1)[0]
	err := db.InTx(t.Context(), func(tx *mysql.Tx) error { return tx.TakeJobs(t.Context(), b.Claim) })
	if err != nil {
		t.Fatal(err)
	}
	wantCount(t, db, 0, "SELECT COUNT(*) FROM {jobs}")
	if err := s.FinishLane(t.Context(), b.Claim); err != nil {
		t.Fatal(err)
	}
	wantCount(t, db, 0, "SELECT COUNT(*) FROM {lanes}")
}

func TestLanes_ADeadLetterStopsItsLaneUntilItIsReplaced(t *testing.T) {
	db := mysqltest.Open(t)
	s := mysql.NewJobStore(db)
	enqueue(t, db, laned("7", "bad", job.PriorityNormal), laned("8", "good", job.PriorityNormal))
	for _, b := range claimLanes(t, s, "a", 2) {
		if b.Lane == "8" {
			continue
		}
		if err := s.BuryLane(t.Context(), b.Claim, "422", true); err != nil {
			t.Fatal(err)
		}
	}
	enqueue(t, db, laned("7", "next", job.PriorityPurchase))
	if again := claimLanes(t, s, "b", 5); len(again) != 0 {
		t.Fatalf("a stopped lane was claimed: %+v", again)
	}
	err := db.InTx(t.Context(), func(tx *mysql.Tx) error {
		j := laned("7", "resync", job.PriorityNormal)
		j.RunAt = time.Now().Add(-time.Second)
		return tx.Replace(t.Context(), j)
	})
	if err != nil {
		t.Fatal(err)
	}
	batches := claimLanes(t, s, "c", 5)
	if len(batches) != 1 || kindsOf(batches[0]) != "[resync]" {
		t.Fatalf("claimed %+v, want the one job that does all anew", batches)
	}
	wantCount(t, db, 0, "SELECT COUNT(*) FROM {jobs} WHERE state = 'dead'")
}

func TestLanes_EveryJobIsHandedOutOnceAndInOrder(t *testing.T) {
	dsn := mysqltest.DSN(t)
	db := mysqltest.OpenAt(t, dsn)
	const lanes, each = 10, 20
	var writers, readers sync.WaitGroup
	for lane := range lanes {
		writers.Go(func() {
			for i := range each {
				enqueue(t, db, job.New{Destination: "crm:1", Lane: fmt.Sprint(lane), Kind: fmt.Sprint(i), RunAt: time.Now()})
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	got, done := map[string][]string{}, 0
	for p := range 3 {
		s := mysql.NewJobStore(mysqltest.OpenAt(t, dsn))
		readers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				batches, err := s.ClaimLanes(t.Context(), "crm:1", fmt.Sprint(p, "-", i), time.Now().Add(time.Minute), 2)
				if err != nil {
					t.Error(err)
					return
				}
				for _, b := range batches {
					mu.Lock()
					for _, j := range b.Jobs {
						got[b.Lane] = append(got[b.Lane], j.Kind)
						done++
					}
					mu.Unlock()
					if err := s.FinishLane(t.Context(), b.Claim); err != nil {
						t.Error(err)
					}
				}
				mu.Lock()
				if done >= lanes*each {
					cancel()
				}
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	timer := time.AfterFunc(20*time.Second, cancel)
	readers.Wait()
	timer.Stop()
	for lane := range lanes {
		var want []string
		for i := range each {
			want = append(want, fmt.Sprint(i))
		}
		if !slices.Equal(got[fmt.Sprint(lane)], want) {
			t.Errorf("lane %d: %v", lane, got[fmt.Sprint(lane)])
		}
	}
}

func TestDestinations_CallsAreLimitedOverAllProcesses(t *testing.T) {
	dsn := mysqltest.DSN(t)
	var stores []*mysql.JobStore
	for range 3 {
		stores = append(stores, mysql.NewJobStore(mysqltest.OpenAt(t, dsn)))
	}
	if err := stores[0].Register(t.Context(), "crm:1"); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	granted, waits := 0, []time.Duration{}
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			wait, err := stores[i%3].Call(t.Context(), "crm:1", 1, 10, time.Hour)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if wait == 0 {
				granted++
			} else {
				waits = append(waits, wait)
			}
		})
	}
	wg.Wait()
	if granted != 10 {
		t.Errorf("%d calls were granted, want 10", granted)
	}
	for _, wait := range waits {
		if wait < 50*time.Minute || wait > time.Hour {
			t.Errorf("told to wait %s, want about an hour", wait)
		}
	}
}

func TestDestinations_OnlyOpenOnesAreListed(t *testing.T) {
	db := mysqltest.Open(t)
	s := mysql.NewJobStore(db)
	for _, name := range []string{"contacts", "crm:1", "crm:2", "crm:3"} {
		if err := s.Register(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	err := errors.Join(
		s.SetDestination(t.Context(), "crm:1", job.DestinationHalted, "401"),
		s.Hold(t.Context(), "crm:2", time.Now().Add(time.Hour), "429"),
		s.Hold(t.Context(), "crm:3", time.Now().Add(-time.Second), "429"),
	)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Register(t.Context(), "crm:1"); err != nil { // changes nothing
		t.Fatal(err)
	}
	open, err := s.OpenDestinations(t.Context())
	slices.Sort(open)
	if err != nil || fmt.Sprint(open) != "[contacts crm:3]" {
		t.Errorf("open: %v, %v", open, err)
	}
	enqueue(t, db, laned("7", "k", job.PriorityNormal))
	list, err := s.Destinations(t.Context())
	if err != nil || len(list) != 4 || list[1].Name != "crm:1" || list[1].Waiting != 1 || list[1].Oldest == nil || list[1].Reason != "401" {
		t.Errorf("destinations: %+v, %v", list, err)
	}
	if err := s.Unregister(t.Context(), "crm:1"); err != nil {
		t.Fatal(err)
	}
	wantCount(t, db, 0, "SELECT COUNT(*) FROM {jobs}")
}

func TestLanes_ADeadLetterIsTriedAgain(t *testing.T) {
	for _, strict := range []bool{true, false} {
		db := mysqltest.Open(t)
		s := mysql.NewJobStore(db)
		enqueue(t, db, laned("7", "bad", job.PriorityNormal))
		b := claimLanes(t, s, "a", 1)[0]
		if err := s.BuryLane(t.Context(), b.Claim, "422", strict); err != nil {
			t.Fatal(err)
		}
		if again := claimLanes(t, s, "b", 1); len(again) != 0 {
			t.Errorf("a dead letter was handed out: %+v", again)
		}
		dead, err := s.FindJobs(t.Context(), true, 10)
		if err != nil || len(dead) != 1 || dead[0].Error != "422" || dead[0].Destination != "crm:1" || dead[0].Lane != "7" {
			t.Fatalf("dead letters: %+v, %v", dead, err)
		}
		if err := s.ReplayJob(t.Context(), dead[0].ID); err != nil {
			t.Fatal(err)
		}
		batches := claimLanes(t, s, "c", 1)
		if len(batches) != 1 || kindsOf(batches[0]) != "[bad]" {
			t.Fatalf("strict %t: claimed %+v", strict, batches)
		}
		if err := s.FinishLane(t.Context(), batches[0].Claim); err != nil {
			t.Fatal(err)
		}
		wantCount(t, db, 0, "SELECT COUNT(*) FROM {lanes}")
		if err := s.ReplayJob(t.Context(), dead[0].ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("a job that is done was tried again: %v", err)
		}
	}
}
