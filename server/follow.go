package server

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/hook"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/server/operation"
)

// The jobs that tell WordPress of a contact.
const (
	jobTags  = "wordpress.tags"  // fires the actions of tags that came and went
	jobRoles = "wordpress.roles" // gives and takes the roles that go with tags
)

// contactWork does what is in a contact's lane: what happened to it, and what
// follows from each change. All of it is written in the transaction that removes
// the jobs, so that it is done once.
func (s *Shop) contactWork(ctx context.Context, b job.Batch) error {
	steps := make([]func(mysql.FollowTx) error, 0, len(b.Jobs))
	for _, j := range b.Jobs {
		step, err := s.contactStep(ctx, j)
		if err != nil {
			return err
		}
		steps = append(steps, step)
	}
	return s.db.FollowContacts(ctx, b.Claim, func(tx mysql.FollowTx) error {
		for _, step := range steps {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// contactStep reads what a job needs before the transaction and returns what to do
// in it. A job that cannot be understood is left out: it must not hold up others.
func (s *Shop) contactStep(ctx context.Context, j job.Job) (func(mysql.FollowTx) error, error) {
	nothing := func(mysql.FollowTx) error { return nil }
	switch j.Kind {
	case catalog.JobHappened:
		var h catalog.Happening
		if err := j.Decode(&h); err != nil {
			break
		}
		plan, err := s.Operations.Plan(ctx, h)
		if err != nil {
			return nil, err
		}
		return func(tx mysql.FollowTx) error { return gone(s.Operations.Carry(ctx, tx, plan)) }, nil
	case catalog.JobMoved:
		var m catalog.Moved
		if err := j.Decode(&m); err != nil {
			break
		}
		return func(tx mysql.FollowTx) error { return gone(tx.MoveMarks(ctx, m)) }, nil
	case contact.JobChanged:
		var c contact.Changed
		if err := j.Decode(&c); err != nil {
			break
		}
		return func(tx mysql.FollowTx) error { return gone(s.follow(ctx, tx, &c)) }, nil
	}
	s.log.ErrorContext(ctx, "job of a contact not understood", "job", j.ID, "kind", j.Kind)
	return nothing, nil
}

// gone turns the error of a contact that was deleted into nothing to do.
func gone(err error) error {
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// follow tells everybody who follows contacts of a change.
func (s *Shop) follow(ctx context.Context, tx mysql.FollowTx, c *contact.Changed) error {
	connections, err := tx.Connections(ctx)
	if err != nil {
		return err
	}
	for _, id := range connections {
		if id == c.From {
			continue
		}
		if err := tx.Enqueue(ctx, mirrorJob(id, c, s.now())); err != nil {
			return err
		}
	}
	if err := s.Operations.Tagged(ctx, tx, c); err != nil {
		return err
	}
	if len(c.Added)+len(c.Removed) == 0 {
		return nil
	}
	for _, kind := range []string{jobTags, jobRoles} {
		err := tx.Enqueue(ctx, job.New{Kind: kind, Payload: c, Priority: c.Urgent, RunAt: s.now()})
		if err != nil {
			return err
		}
	}
	return nil
}

// settingFollowUp is where it stands how the site follows up on checkouts.
const settingFollowUp = "checkout.follow_up"

// FollowUp returns how the site follows up on people who began to order.
func (s *Shop) FollowUp(ctx context.Context) (checkout.FollowUp, error) {
	var c checkout.FollowUp
	text, err := s.db.Setting(ctx, settingFollowUp)
	if errs.Is(err, errs.NotFound) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fmt.Errorf("setting %s: %w", settingFollowUp, err)
	}
	return c, nil
}

// SetFollowUp stores it.
func (s *Shop) SetFollowUp(ctx context.Context, c checkout.FollowUp) error {
	if err := c.Check(); err != nil {
		return err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return s.db.SetSetting(ctx, settingFollowUp, string(text))
}

// destinations say who does what is in lanes.
func (s *Shop) destinations() map[string]job.Destination {
	return map[string]job.Destination{
		contact.Destination:   {Do: s.contactWork, Hands: 4},
		operation.Destination: {Do: s.Operations.Work, Hands: 4},
		hook.Class:            {Do: s.inbox.Work, Hands: 3},
		"crm":                 {Do: s.CRMs.Work, Hands: 3, Strict: true},
	}
}

// registerDestinations makes those known that every site has.
func (s *Shop) registerDestinations(ctx context.Context) error {
	for _, name := range []string{contact.Destination, operation.Destination} {
		if err := s.jobs.Register(ctx, name); err != nil {
			return fmt.Errorf("destination %s: %w", name, err)
		}
	}
	return nil
}
