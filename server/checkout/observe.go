package checkout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/failpoint"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/payment"
)

const (
	actionLife    = time.Hour          // how long a buyer may take for 3-D Secure
	expireAfter   = 7 * 24 * time.Hour // then an abandoned checkout ends
	startedStale  = 2 * time.Minute
	bankStale     = time.Hour
	eventOverlap  = time.Hour      // events may turn up late in the provider's list
	firstLookBack = 24 * time.Hour // how far to read when no event is known
	batch         = 100
)

// Handlers returns what does the jobs of this package, but for JobEvent.
func (s *Service) Handlers() map[string]job.Handler {
	return map[string]job.Handler{
		JobResume:    s.resume,
		JobObserve:   s.observeJob,
		JobExpire:    func(ctx context.Context, _ job.Job) error { return s.Expire(ctx) },
		JobReconcile: func(ctx context.Context, _ job.Job) error { return s.Reconcile(ctx) },
	}
}

// Receive takes a provider's event, from a webhook or from its list, into the
// inbox. It reports false when the event was there already. What the event
// points at is read again by a job: the event itself is a hint.
func (s *Service) Receive(ctx context.Context, gateway string, e payment.Event) (bool, error) {
	now := s.Now()
	var follow *job.New
	if e.IntentID != "" {
		follow = &job.New{Kind: JobObserve, Priority: job.PriorityPurchase, RunAt: now, Payload: ObserveJob{gateway, e.IntentID}}
	}
	added, err := s.Store.AddEvent(ctx, gateway, e, follow, now)
	if err != nil {
		return false, fmt.Errorf("receive event %s: %w", e.ID, err)
	}
	failpoint.Hit(failpoint.WebhookStored)
	return added, nil
}

func (s *Service) observeJob(ctx context.Context, j job.Job) error {
	var p ObserveJob
	if err := j.Decode(&p); err != nil {
		return err
	}
	return s.observe(ctx, p.Gateway, p.IntentID)
}

// observe reads an intent from the provider and records what it says. An intent
// that is not this site's is left alone.
func (s *Service) observe(ctx context.Context, gateway, intentID string) error {
	g, err := s.Gateways(gateway)
	if err != nil {
		return err
	}
	intent, err := g.Intent(ctx, intentID)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("intent %s: %w", intentID, err)
	}
	a, err := s.attemptOf(ctx, gateway, intent)
	if a == nil || err != nil {
		return err
	}
	if err := s.take(ctx, a, intent); err != nil {
		return err
	}
	if intent.Status == payment.IntentSucceeded {
		return s.Orders.SyncRefunds(ctx, gateway, intentID)
	}
	return nil
}

// take records an intent that was read. While an attempt is being driven, an
// intent that still looks open may show the decline of the attempt before it:
// only the driver knows.
func (s *Service) take(ctx context.Context, a *Attempt, intent *payment.Intent) error {
	undecided := intent.Status == payment.IntentOpen || intent.Status == payment.IntentActionRequired
	if a.Status == AttemptStarted && undecided {
		return nil
	}
	if !a.IsOpen() && intent.Status != payment.IntentSucceeded {
		return nil
	}
	return s.record(ctx, a, intent)
}

// attemptOf returns the attempt that an intent belongs to, also when the
// process died between making the intent and storing it; nil when the intent
// is not of this site. A copy of a site knows the original's attempts, and yet
// their intents are the original's.
func (s *Service) attemptOf(ctx context.Context, gateway string, intent *payment.Intent) (*Attempt, error) {
	if intent.Metadata["site"] != s.Site() || !isPublicID(intent.Metadata["checkout"]) {
		return nil, nil
	}
	a, err := s.Store.AttemptOfIntent(ctx, gateway, intent.ID)
	if err == nil || !errs.Is(err, errs.NotFound) {
		return a, err
	}
	c, err := s.Store.Checkout(ctx, intent.Metadata["checkout"])
	if errs.Is(err, errs.NotFound) { // a backup from before it was restored: the money is real all the same
		return nil, s.Orders.Quarantine(ctx, gateway, intent)
	}
	if err != nil {
		return nil, err
	}
	a, err = s.Store.LastAttempt(ctx, c.ID)
	if errs.Is(err, errs.NotFound) {
		return nil, nil
	}
	return a, err
}

// Expire ends what nobody will finish: it cancels intents at the provider whose
// buyers never came back from 3-D Secure, and frees what they held in the
// transaction that closes the attempt; when the cancel is refused because the
// money came in, it settles. Checkouts without a sign of their buyer become
// abandoned, and in the end expired.
func (s *Service) Expire(ctx context.Context) error {
	now := s.Now()
	waiting, err := s.Store.OldAttempts(ctx, AttemptAction, now.Add(-actionLife), batch)
	if err != nil {
		return fmt.Errorf("expire: %w", err)
	}
	var failed []error
	for i := range waiting {
		failed = append(failed, s.cancel(ctx, &waiting[i]))
	}
	follow, err := s.FollowUp(ctx)
	if err != nil {
		return fmt.Errorf("expire: %w", err)
	}
	idle, err := s.Store.IdleCheckouts(ctx, StatusOpen, now.Add(-follow.Quiet()), batch)
	if err != nil {
		return fmt.Errorf("expire: %w", err)
	}
	for i := range idle {
		failed = append(failed, s.abandon(ctx, &idle[i], follow.Quiet()))
	}
	old, err := s.Store.IdleCheckouts(ctx, StatusAbandoned, now.Add(-expireAfter), batch)
	if err != nil {
		return fmt.Errorf("expire: %w", err)
	}
	for i := range old {
		failed = append(failed, s.expire(ctx, &old[i]))
	}
	return errors.Join(failed...)
}

// cancel ends an attempt's intent at the provider and records the outcome.
func (s *Service) cancel(ctx context.Context, a *Attempt) error {
	g, err := s.Gateways(a.Account.Gateway)
	if err != nil {
		return err
	}
	intent, err := g.CancelIntent(ctx, a.IntentID, fmt.Sprintf("attempt:%d:cancel", a.ID))
	if err != nil {
		return fmt.Errorf("cancel attempt %d: %w", a.ID, err)
	}
	failpoint.Hit(failpoint.CancelSent)
	if err := s.record(ctx, a, intent); err != nil {
		return err
	}
	failpoint.Hit(failpoint.ReleaseCommitted)
	return nil
}

// abandon marks a checkout whose buyer has left. What it still holds of limits,
// after a decline, must not be kept from others: its intent ends first.
func (s *Service) abandon(ctx context.Context, c *Checkout, quiet time.Duration) error {
	if c.Intent.ID != "" {
		holds, err := s.Store.HasHolds(ctx, c.ID)
		if err != nil {
			return err
		}
		if holds {
			return s.end(ctx, c, StatusOpen, StatusAbandoned, quiet)
		}
	}
	return s.age(ctx, c.ID, StatusOpen, StatusAbandoned, quiet, false)
}

// expire ends a checkout, and its live intent first.
func (s *Service) expire(ctx context.Context, c *Checkout) error {
	return s.end(ctx, c, StatusAbandoned, StatusExpired, expireAfter)
}

// end moves a checkout on once its live intent is canceled at the provider. When
// the cancel is refused because the money came in, it settles.
func (s *Service) end(ctx context.Context, c *Checkout, from, to Status, idle time.Duration) error {
	if c.Intent.ID != "" {
		g, err := s.Gateways(c.Intent.Account.Gateway)
		if err != nil {
			return err
		}
		intent, err := g.CancelIntent(ctx, c.Intent.ID, fmt.Sprintf("%s:cancel:%d", c.PublicID, c.Intent.Number))
		if err != nil {
			return fmt.Errorf("cancel intent of checkout %d: %w", c.ID, err)
		}
		failpoint.Hit(failpoint.CancelSent)
		if intent.Status != payment.IntentCanceled {
			return s.observe(ctx, c.Intent.Account.Gateway, c.Intent.ID)
		}
	}
	return s.age(ctx, c.ID, from, to, idle, true)
}

// age moves a checkout on if its buyer has still shown no sign. Once its intent
// has ended it is forgotten, with all that it held.
func (s *Service) age(ctx context.Context, id int64, from, to Status, idle time.Duration, intentEnded bool) error {
	err := s.Store.InTx(ctx, func(tx Tx) error {
		c, err := tx.LockCheckoutByID(ctx, id)
		if err != nil || c.Status != from || s.Now().Sub(c.UpdatedAt) < idle {
			return err
		}
		c.Status = to
		if intentEnded {
			c.Intent.ID = ""
			if err := s.releaseAll(ctx, tx, c.ID); err != nil {
				return err
			}
		}
		if to == StatusAbandoned {
			if err := tx.MarkAbandoned(ctx, c.ID, s.Now()); err != nil {
				return err
			}
			if err := s.raise(ctx, tx, c, catalog.OnAbandoned, s.Now()); err != nil {
				return err
			}
		}
		return tx.UpdateCheckout(ctx, c)
	})
	if err != nil {
		return fmt.Errorf("age checkout %d: %w", id, err)
	}
	return nil
}

// Reconcile asks the providers what we may have missed: attempts that nobody
// drives, banks that may have decided, and events that never arrived.
func (s *Service) Reconcile(ctx context.Context) error {
	now := s.Now()
	var failed []error
	stale, err := s.Store.StaleAttempts(ctx, AttemptStarted, now.Add(-startedStale), batch)
	if err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	for _, a := range stale {
		failed = append(failed, s.drive(ctx, a.ID))
	}
	for status, since := range map[AttemptStatus]time.Duration{AttemptProcessing: bankStale, AttemptAction: startedStale} {
		waiting, err := s.Store.StaleAttempts(ctx, status, now.Add(-since), batch)
		if err != nil {
			return fmt.Errorf("reconcile: %w", err)
		}
		for _, a := range waiting {
			failed = append(failed, s.observe(ctx, a.Account.Gateway, a.IntentID))
		}
	}
	return errors.Join(failed...)
}

// Poll reads a gateway's events since it was last called, into the inbox: where
// webhooks cannot reach this site, and to find those that were lost. It returns
// how many were new. How far it has read is not told by the events in the inbox:
// one that came by webhook says nothing of those before it.
func (s *Service) Poll(ctx context.Context, gateway string) (int, error) {
	g, err := s.Gateways(gateway)
	if err != nil {
		return 0, err
	}
	until, err := s.Store.EventsReadUntil(ctx, gateway)
	switch {
	case errs.Is(err, errs.NotFound):
		until = s.Now().Add(-firstLookBack)
	case err != nil:
		return 0, err
	}
	added, newest := 0, until
	err = g.Events(ctx, until.Add(-eventOverlap), func(e payment.Event) error {
		isNew, err := s.Receive(ctx, gateway, e)
		if isNew {
			added++
		}
		if e.Created.After(newest) {
			newest = e.Created
		}
		return err
	})
	if err != nil {
		return added, fmt.Errorf("poll %s: %w", strings.ToLower(gateway), err)
	}
	if newest.Equal(until) {
		return added, nil
	}
	return added, s.Store.SetEventsReadUntil(ctx, gateway, newest)
}
