package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load lets so many workers repeat op for a time and returns how many
// repetitions a second there were. The first error ends it.
func load(workers int, lasts time.Duration, op func(worker int) error) (float64, error) {
	var (
		wg     sync.WaitGroup
		done   atomic.Int64
		failed atomic.Pointer[error]
	)
	began := time.Now()
	for i := range workers {
		wg.Go(func() {
			for time.Since(began) < lasts && failed.Load() == nil {
				if err := op(i); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / time.Since(began).Seconds(), nil
}

// contest is what is measured beside its floor.
type contest struct {
	workers        int
	lasts          time.Duration // of one round
	floor, subject func(worker int) error
}

// outcome is the medians of a contest's rounds, and between what the ratio was.
type outcome struct{ floor, subject, ratio, least, most float64 }

// turns is how often both sides take turns in a round.
const turns = 5

// run warms both sides up, then takes turns with them, so that whatever else
// the machine does meets both. The ratio is the median of the rounds' ratios.
func (c contest) run(rounds int) (outcome, error) {
	var floors, subjects, ratios []float64
	for round := range rounds + 1 {
		var floor, subject float64
		for range turns {
			f, err := load(c.workers, c.lasts/turns, c.floor)
			if err != nil {
				return outcome{}, fmt.Errorf("floor: %w", err)
			}
			s, err := load(c.workers, c.lasts/turns, c.subject)
			if err != nil {
				return outcome{}, fmt.Errorf("tillside: %w", err)
			}
			floor, subject = floor+f/turns, subject+s/turns
		}
		if round == 0 {
			continue // the warm-up
		}
		floors, subjects, ratios = append(floors, floor), append(subjects, subject), append(ratios, subject/floor)
	}
	return outcome{median(floors), median(subjects), median(ratios), slices.Min(ratios), slices.Max(ratios)}, nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
