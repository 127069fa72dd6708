package operation

import (
	"context"
	"fmt"
	"slices"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// holds reports whether all conditions are true of a run's contact.
func (s *Service) holds(ctx context.Context, r *Run, conditions []Condition) (bool, error) {
	for _, c := range conditions {
		var is bool
		switch c.Kind {
		case IfHasTag:
			tags, err := s.People.TagNames(ctx, r.ContactID)
			if err != nil {
				return false, err
			}
			is = slices.Contains(tags, c.Name)
		case IfField:
			fields, err := s.People.Fields(ctx, r.ContactID)
			if err != nil {
				return false, err
			}
			is = fields[c.Name] == c.Value
		case IfOwns:
			owns, err := s.People.Owns(ctx, r.ContactID, c.Name)
			if err != nil {
				return false, err
			}
			is = owns
		}
		if is == c.Not {
			return false, nil
		}
	}
	return true, nil
}

// act does one action. Those that only change our own tables are done in the
// transaction that records them; the others carry a key, so that doing them again
// after a crash is doing them once.
func (s *Service) act(ctx context.Context, o *Operation, r *Run, a *Action, urgency job.Priority) error {
	switch a.Kind {
	case ActionAddTags, ActionRemoveTags, ActionSetField, ActionSplit, ActionGrant, ActionRevoke:
		c, step, err := s.change(ctx, o, r, a, urgency)
		if err != nil {
			return err
		}
		return s.record(ctx, r, step, func(tx Tx, _ *Step) error { return apply(ctx, tx, c, s) })
	case ActionChangeField:
		return s.record(ctx, r, Step{Kind: a.Kind}, func(tx Tx, step *Step) error { return s.count(ctx, tx, o, r, a, step) })
	case ActionRun:
		return s.nest(ctx, o, r, a, urgency)
	}
	step, err := s.outside(ctx, o, r, a)
	if err != nil {
		return err
	}
	return s.record(ctx, r, step, nil)
}

func apply(ctx context.Context, tx Tx, c contact.Change, s *Service) error {
	_, err := contact.Apply(ctx, tx, c, s.Now())
	return err
}

// reason is what the timeline says of a change by a run. A checkout that it is
// about stands in it, so that the change can be moved when its buyer corrects the
// address.
func (r *Run) reason(o *Operation) string {
	if r.CheckoutID != 0 {
		return fmt.Sprintf("operation %s, %s", o.Slug, catalog.OfCheckout(r.CheckoutID))
	}
	return "operation " + o.Slug
}

// change returns what an action does to the contact's tags and fields.
func (s *Service) change(ctx context.Context, o *Operation, r *Run, a *Action, urgency job.Priority) (contact.Change, Step, error) {
	c := contact.Change{ContactID: r.ContactID, Source: contact.SourceOperation, Reason: r.reason(o), Urgency: urgency, Depth: r.Depth}
	step := Step{Kind: a.Kind}
	switch a.Kind {
	case ActionAddTags:
		c.Add = a.Tags
	case ActionRemoveTags:
		c.Remove = a.Tags
	case ActionSetField:
		c.Fields = map[string]string{a.Field: a.Value}
	case ActionSplit:
		chosen := choose(a.Split, o.PublicID, r.ContactID)
		step.Made = map[string]string{"tag": chosen.Tag}
		c.Add = []string{chosen.Tag}
		for _, v := range a.Split {
			if v.Tag != chosen.Tag {
				c.Remove = append(c.Remove, v.Tag)
			}
		}
	case ActionGrant, ActionRevoke:
		for _, slug := range a.Products {
			p, err := s.Products.Product(ctx, slug)
			if err != nil {
				return c, step, err
			}
			if a.Kind == ActionGrant { // revoke beats access: what revoked it must go
				c.Add, c.Remove = append(c.Add, p.AccessTags...), append(c.Remove, p.RevokeTags...)
			} else {
				c.Add = append(c.Add, p.RevokeTags...)
			}
		}
	}
	return c, step, nil
}

// count changes a number in a field; the contact is locked meanwhile.
func (s *Service) count(ctx context.Context, tx Tx, o *Operation, r *Run, a *Action, step *Step) error {
	if _, err := tx.LockContact(ctx, r.ContactID); err != nil {
		return err
	}
	fields, err := tx.Fields(ctx, r.ContactID)
	if err != nil {
		return err
	}
	sum, err := add(a.Field, fields[a.Field], a.By)
	if err != nil {
		return err
	}
	step.Note = sum
	return apply(ctx, tx, contact.Change{
		ContactID: r.ContactID, Fields: map[string]string{a.Field: sum}, Source: contact.SourceOperation, Reason: r.reason(o), Depth: r.Depth,
	}, s)
}

// nest starts another operation for the same contact.
func (s *Service) nest(ctx context.Context, o *Operation, r *Run, a *Action, urgency job.Priority) error {
	target, err := s.Store.Operation(ctx, a.Run)
	if err != nil {
		return err
	}
	return s.record(ctx, r, Step{Kind: a.Kind}, func(tx Tx, step *Step) error {
		child, _, err := s.Enter(ctx, tx, Start{
			Operation: target, ContactID: r.ContactID, Source: SourceOperation, Key: fmt.Sprintf("run:%s:%d", r.PublicID, r.Next),
			Cause: "operation " + o.Slug, Urgency: urgency, CheckoutID: r.CheckoutID, OrderID: r.OrderID, ParentID: r.ID, Depth: r.Depth + 1,
		})
		if err == nil {
			step.Made = map[string]string{"run": child.PublicID}
		}
		return err
	})
}

// outside does an action that asks others.
func (s *Service) outside(ctx context.Context, o *Operation, r *Run, a *Action) (Step, error) {
	step, key := Step{Kind: a.Kind}, fmt.Sprintf("run-%s-%d", r.PublicID, r.Next)
	switch a.Kind {
	case ActionGenerateCoupon:
		return s.generate(ctx, o, a.GenerateCoupon, r)
	case ActionIssueGiftCard:
		return s.issue(ctx, r, o, a)
	case ActionSubscription:
		step.Note = "The contact has no subscription."
		return step, nil
	}
	person, err := s.People.ContactByID(ctx, r.ContactID)
	if err != nil {
		return step, err
	}
	switch a.Kind {
	case ActionCreateUser:
		userID, err := s.Users.Invite(ctx, person, key)
		step.Made = map[string]string{"user_id": fmt.Sprint(userID)}
		return step, err
	case ActionAddRoles, ActionRemoveRoles:
		if person.UserID == 0 {
			return step, errs.New(errs.Conflict, "The contact has no WordPress user. Put \"create user\" before this step.")
		}
		if a.Kind == ActionAddRoles {
			return step, s.Users.ChangeRoles(ctx, person.UserID, a.Roles, nil)
		}
		return step, s.Users.ChangeRoles(ctx, person.UserID, nil, a.Roles)
	}
	fields, err := s.People.Fields(ctx, r.ContactID)
	if err != nil {
		return step, err
	}
	if a.Kind == ActionSendMail {
		return step, s.Sender.Mail(ctx, key, person, a.Mail.merge(person, fields))
	}
	tags, err := s.People.TagNames(ctx, r.ContactID)
	if err != nil {
		return step, err
	}
	return step, s.Sender.Call(ctx, key, a.URL, CallBody{
		Operation: o.Slug, Run: r.PublicID, ContactID: person.PublicID, Email: person.Email, FirstName: person.FirstName, LastName: person.LastName,
		Tags: tags, Fields: fields,
	})
}

// end closes a run. A tag that started it and is to be taken off goes with it.
func (s *Service) end(ctx context.Context, o *Operation, r *Run, status RunStatus, problem string) error {
	return s.Store.InTx(ctx, func(tx Tx) error {
		now, err := tx.LockRun(ctx, r.ID)
		if err != nil || now.IsOver() {
			return err
		}
		now.Status, now.Problem, now.Steps, now.WakeAt = status, problem, r.Steps, nil
		if err := tx.SaveRun(ctx, now); err != nil || status != RunDone {
			return err
		}
		for _, t := range o.Settings.Triggers {
			if t.TakeOff && r.Cause == causeOfTag(t.Arg) {
				return apply(ctx, tx, contact.Change{
					ContactID: r.ContactID, Remove: []string{t.Arg}, Source: contact.SourceOperation, Reason: r.reason(o),
				}, s)
			}
		}
		return nil
	})
}

func causeOfTag(tag string) string { return "tag " + tag }
