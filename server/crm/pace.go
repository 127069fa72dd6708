package crm

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/tillside/tillside/server/job"
)

// share is how much of a connection's calls work of an urgency may use up: what is
// urgent always finds some left.
func share(urgency job.Priority, calls int) int {
	percent := 100
	switch {
	case urgency <= job.PriorityPurchase:
	case urgency <= job.PriorityCode:
		percent = 90
	case urgency <= job.PriorityNormal:
		percent = 75
	case urgency <= job.PriorityEarly:
		percent = 60
	default:
		percent = 40
	}
	return max(1, calls*percent/100)
}

// longestTurn is how long a call waits for its turn before its lane is put back.
const longestTurn = time.Minute

func (s *Service) pace(k *Kind, destination string, urgency job.Priority, granted int) func(context.Context) error {
	if k.Calls == 0 {
		return func(context.Context) error { return nil }
	}
	var left atomic.Int64
	left.Store(int64(granted))
	calls := share(urgency, k.Calls)
	return func(ctx context.Context) error {
		if left.Add(-1) >= 0 {
			return nil
		}
		for deadline := s.Now().Add(longestTurn); ; {
			wait, err := s.Calls.Call(ctx, destination, 1, calls, k.Per)
			if err != nil || wait == 0 {
				return err
			}
			if s.Now().Add(wait).After(deadline) {
				return job.Later(errBusy, wait)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(wait):
			}
		}
	}
}

var errBusy = errors.New("crm: all calls that the CRM allows are used up for now")
