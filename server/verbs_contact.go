package server

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// ContactDetails is a contact as an admin sees it.
type ContactDetails struct {
	ID        string            `json:"id"`
	Email     string            `json:"email"`
	FirstName string            `json:"first_name"`
	LastName  string            `json:"last_name"`
	UserID    int64             `json:"user_id"` // 0 while there is none
	Tags      []TagDetails      `json:"tags"`
	Fields    map[string]string `json:"fields"`
	Access    []AccessDetails   `json:"access"`
	CreatedAt time.Time         `json:"created_at"`
}

// TagDetails is a tag that a contact has.
type TagDetails struct {
	Tag    string         `json:"tag"`
	Source contact.Source `json:"source"`
	Reason string         `json:"reason"`
	At     time.Time      `json:"at"`
}

// AccessDetails says whether a contact has access to a product, and why.
type AccessDetails struct {
	Product string `json:"product"`
	Has     bool   `json:"has"`
	Why     string `json:"why"`
}

// Contact returns the contact with an e-mail address, with what it can see and why.
func (s *Shop) Contact(ctx context.Context, email string) (*ContactDetails, error) {
	c, err := s.contactAt(ctx, email)
	if err != nil {
		return nil, err
	}
	tags, err := s.db.Tagged(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	fields, err := s.db.Fields(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	all, err := s.Catalog.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	v := &ContactDetails{
		ID: c.PublicID, Email: c.Email, FirstName: c.FirstName, LastName: c.LastName, UserID: c.UserID, Tags: make([]TagDetails, len(tags)),
		Fields: fields, Access: accessOfTags(all.Products, tags), CreatedAt: c.CreatedAt,
	}
	for i, t := range tags {
		v.Tags[i] = TagDetails(t)
	}
	return v, nil
}

func (s *Shop) contactAt(ctx context.Context, email string) (*contact.Contact, error) {
	email, err := contact.CheckEmail(email)
	if err != nil {
		return nil, err
	}
	c, err := s.db.ContactByEmail(ctx, email)
	if errs.Is(err, errs.NotFound) {
		return nil, errs.New(errs.NotFound, "There is no contact %s.", email)
	}
	return c, err
}

// accessOfTags says for each product that goes by tags whether the tags give access
// to it: any access tag does, unless a revoke tag takes it away.
func accessOfTags(products []*catalog.Product, tags []contact.Tagged) []AccessDetails {
	find := func(names []string) (contact.Tagged, bool) {
		i := slices.IndexFunc(tags, func(t contact.Tagged) bool { return slices.Contains(names, t.Tag) })
		if i < 0 {
			return contact.Tagged{}, false
		}
		return tags[i], true
	}
	list := []AccessDetails{}
	for _, p := range products {
		if len(p.AccessTags) == 0 {
			continue
		}
		a := AccessDetails{Product: p.Slug, Why: "has none of its access tags"}
		if given, ok := find(p.AccessTags); ok {
			a.Has, a.Why = true, fmt.Sprintf("has %q: %s", given.Tag, given.Reason)
		}
		if taken, ok := find(p.RevokeTags); ok {
			a.Has, a.Why = false, fmt.Sprintf("%q takes it away: %s", taken.Tag, taken.Reason)
		}
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b AccessDetails) int { return cmp.Compare(a.Product, b.Product) })
	return list
}

// TagContact adds and removes tags of the contact with an e-mail address. One that
// it has counts as added again.
func (s *Shop) TagContact(ctx context.Context, email string, add, remove []string) (*ContactDetails, error) {
	c, err := s.contactAt(ctx, email)
	if err != nil {
		return nil, err
	}
	_, err = s.db.ChangeContact(ctx, contact.Change{
		ContactID: c.ID, Add: add, Remove: remove, Source: contact.SourceAdmin, Reason: "by hand", Urgency: job.PriorityPurchase,
	})
	if err != nil {
		return nil, err
	}
	return s.Contact(ctx, email)
}

// EventDetails is a line of a contact's timeline.
type EventDetails struct {
	At     time.Time         `json:"at"`
	Type   contact.EventType `json:"type"`
	Name   string            `json:"name"`
	Value  string            `json:"value"`
	Source contact.Source    `json:"source"`
	Reason string            `json:"reason"`
}

const timelineShown = 200

// Timeline lists what happened to a contact, newest first: tags and fields with
// why, orders, and what operations did.
func (s *Shop) Timeline(ctx context.Context, email string) ([]EventDetails, error) {
	c, err := s.contactAt(ctx, email)
	if err != nil {
		return nil, err
	}
	events, err := s.db.ContactEvents(ctx, c.ID, 0, timelineShown)
	if err != nil {
		return nil, err
	}
	list := make([]EventDetails, 0, len(events))
	for _, e := range events {
		list = append(list, EventDetails{At: e.CreatedAt, Type: e.Type, Name: e.Name, Value: e.Value, Source: e.Source, Reason: e.Reason})
	}
	runs, err := s.Operations.Store.RunsOf(ctx, c.ID, timelineShown)
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		o, err := s.Operations.Store.OperationByID(ctx, r.OperationID)
		if err != nil {
			return nil, err
		}
		list = append(list, EventDetails{
			At: r.CreatedAt, Type: contact.EventOperation, Name: o.Slug, Value: string(r.Status), Source: contact.SourceOperation, Reason: r.Cause,
		})
	}
	slices.SortStableFunc(list, func(a, b EventDetails) int { return b.At.Compare(a.At) })
	return list[:min(len(list), timelineShown)], nil
}
