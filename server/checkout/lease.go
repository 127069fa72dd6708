package checkout

import (
	"context"
	"sync"
	"time"
)

// A process that dies while it drives an attempt keeps others from it for as
// long as its lease lives, so leases are short and kept alive. Two that drive
// one attempt nevertheless do no harm: they ask with the same keys.
const (
	leaseLifetime  = 15 * time.Second
	leaseHeartbeat = 5 * time.Second
)

// lease makes the caller the only one to drive an open attempt until it calls
// release. It reports false when somebody else is, or when the attempt is closed.
func (s *Service) lease(ctx context.Context, attemptID int64) (release func(), ours bool, err error) {
	lease := newToken()
	take := func() (bool, error) {
		return s.Store.LeaseAttempt(ctx, attemptID, lease, s.Now(), s.Now().Add(leaseLifetime))
	}
	if ours, err = take(); err != nil || !ours {
		return nil, false, err
	}
	ended := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		ticker := time.NewTicker(leaseHeartbeat)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ticker.C:
				if still, err := take(); err != nil || !still {
					s.Log.WarnContext(ctx, "lease not kept", "attempt", attemptID, "error", err)
				}
			}
		}
	})
	return func() {
		close(ended)
		beating.Wait()
		if err := s.Store.ReleaseAttempt(context.WithoutCancel(ctx), attemptID, lease); err != nil {
			s.Log.WarnContext(ctx, "lease not given back", "attempt", attemptID, "error", err)
		}
	}, true, nil
}
