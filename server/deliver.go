package server

import (
	"context"
	"fmt"
	"net/url"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/hook"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/operation"
)

// ReceiveHook takes a call of an operation's hook URL: it is stored and answered;
// whom it tells of is read from the CRM, and what it asks for done, by a job. A
// wrong id and a wrong secret are errs.NotFound. A copy of the site takes nothing.
func (s *Shop) ReceiveHook(ctx context.Context, publicID, secret string, d crm.Delivery) (*hook.Delivery, error) {
	o, err := s.Operations.Hooked(ctx, publicID, secret)
	if err != nil {
		return nil, err
	}
	return s.receive(ctx, hook.OfOperation(o.ID), d)
}

// ReceiveCRM takes a call of a connection's webhook likewise.
func (s *Shop) ReceiveCRM(ctx context.Context, slug, secret string, d crm.Delivery) (*hook.Delivery, error) {
	c, err := s.CRMs.Hooked(ctx, slug, secret)
	if err != nil {
		return nil, err
	}
	return s.receive(ctx, hook.OfConnection(c.ID), d)
}

func (s *Shop) receive(ctx context.Context, t hook.Target, d crm.Delivery) (*hook.Delivery, error) {
	if s.fence.Up() {
		return nil, errs.New(errs.Unavailable, "This is a copy of the site. Nothing runs until its admin has decided.")
	}
	return s.inbox.Receive(ctx, t, d.ContentType, d.Query, d.Body)
}

// deliver does a delivery.
func (s *Shop) deliver(ctx context.Context, d *hook.Delivery) (hook.Outcome, error) {
	kind, id, _ := d.Target.Split()
	hints := crm.ParseHints(crm.Delivery{ContentType: d.ContentType, Query: d.Query, Body: d.Body})
	if len(hints) == 0 {
		return hook.Outcome{State: hook.StateFailed, Result: "It names nobody: send contactId or email."}, nil
	}
	if kind == "crm" {
		return s.deliverChanges(ctx, id, hints)
	}
	o, err := s.Operations.Store.OperationByID(ctx, id)
	if errs.Is(err, errs.NotFound) {
		return hook.Outcome{State: hook.StateIgnored, Result: "The operation is not there any more."}, nil
	}
	if err != nil {
		return hook.Outcome{}, err
	}
	return s.deliverRun(ctx, d, o, hints[0])
}

// deliverRun starts an operation for the contact whom a delivery names.
func (s *Shop) deliverRun(ctx context.Context, d *hook.Delivery, o *operation.Operation, h crm.Hint) (hook.Outcome, error) {
	person, err := s.hinted(ctx, h, d.Query)
	if err != nil {
		return asOutcome(err)
	}
	r, added, err := s.Operations.StartOnce(ctx, operation.Start{
		Operation: o, ContactID: person.ID, Source: operation.SourceHook, Key: fmt.Sprintf("delivery:%d:%d", d.ID, d.Replays),
		Cause: "hook", Urgency: job.PriorityCode,
	})
	if err != nil {
		return asOutcome(err)
	}
	if !added {
		return hook.Outcome{State: hook.StateIgnored, Result: "The run " + r.PublicID + " was started by the same contact's call a moment before."}, nil
	}
	return hook.Outcome{State: hook.StateDone, Result: "It started the run " + r.PublicID + "."}, nil
}

// asOutcome makes an end of what trying again would not mend.
func asOutcome(err error) (hook.Outcome, error) {
	if errs.Is(err, errs.Invalid) || errs.Is(err, errs.NotFound) || errs.Is(err, errs.Conflict) {
		return hook.Outcome{State: hook.StateFailed, Result: errs.From(err).Message()}, nil
	}
	return hook.Outcome{}, err
}

// hinted returns the contact whom a hint names. The CRM is asked; without one an
// id is our own public one. An id says nothing without its CRM: where several are
// connected, crm=SLUG in the address says which calls.
func (s *Shop) hinted(ctx context.Context, h crm.Hint, query string) (*contact.Contact, error) {
	connections, err := s.activeConnections(ctx)
	if err != nil {
		return nil, err
	}
	if contact.IsPublicID(h.ContactID) || len(connections) == 0 {
		if h.Email != "" && !contact.IsPublicID(h.ContactID) {
			h.ContactID = ""
		}
		return s.personOf(ctx, h.ContactID, h.Email)
	}
	if connections, err = callers(connections, query); err != nil {
		return nil, err
	}
	if len(connections) > 1 {
		if h.Email == "" {
			return nil, errs.Field("crm", "Several CRMs are connected. Add ?crm=NAME with the connection's name to the address.")
		}
		h.ContactID = ""
	}
	var last error
	for i := range connections {
		person, err := s.CRMs.Take(ctx, &connections[i], h.ContactID, h.Email, job.PriorityCode)
		if err == nil {
			return person, nil
		}
		if last = err; !errs.Is(err, errs.NotFound) {
			return nil, err
		}
	}
	return nil, last
}

// callers returns the connection that the query of an address names, or all.
func callers(connections []crm.Connection, query string) ([]crm.Connection, error) {
	values, err := url.ParseQuery(query)
	name := values.Get("crm")
	if err != nil || name == "" {
		return connections, nil
	}
	for _, c := range connections {
		if c.Slug == name {
			return []crm.Connection{c}, nil
		}
	}
	return nil, errs.Field("crm", "There is no connection %q.", name)
}

func (s *Shop) activeConnections(ctx context.Context) ([]crm.Connection, error) {
	all, err := s.CRMs.Store.FindConnections(ctx)
	if err != nil {
		return nil, err
	}
	var active []crm.Connection
	for _, c := range all {
		if c.Status == crm.StatusActive {
			active = append(active, c)
		}
	}
	return active, nil
}

// deliverChanges reads contacts of whom a CRM says that they changed.
func (s *Shop) deliverChanges(ctx context.Context, connectionID int64, hints []crm.Hint) (hook.Outcome, error) {
	c, err := s.CRMs.Store.ConnectionByID(ctx, connectionID)
	if err != nil {
		return asOutcome(err)
	}
	urgency := job.PriorityNormal
	if len(hints) > 10 {
		urgency = job.PriorityBulk
	}
	missing := 0
	for _, h := range hints {
		_, err := s.CRMs.Take(ctx, c, h.ContactID, h.Email, urgency)
		switch {
		case errs.Is(err, errs.NotFound), errs.Is(err, errs.Invalid):
			missing++
		case err != nil:
			return hook.Outcome{}, err
		}
	}
	if missing == len(hints) {
		return hook.Outcome{State: hook.StateFailed, Result: "The CRM has no such contact."}, nil
	}
	return hook.Outcome{State: hook.StateDone, Result: fmt.Sprintf("%d contacts were read from the CRM.", len(hints)-missing)}, nil
}
