package crm

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// Take reads a contact from the CRM, by its id there or by address, and takes over
// what changed there: the CRM is asked, whatever a hook said. It returns the
// contact of ours, made when it is new. One that the CRM does not have is
// errs.NotFound.
func (s *Service) Take(ctx context.Context, c *Connection, remoteID, email string, urgency job.Priority) (*contact.Contact, error) {
	client, err := s.client(c, urgency, 0)
	if err != nil {
		return nil, err
	}
	theirs, err := read(ctx, client, remoteID, email)
	if IsFault(err, FaultNotFound) {
		return nil, errs.New(errs.NotFound, "The CRM has no such contact.")
	}
	if err != nil {
		return nil, asJob(err)
	}
	p, err := s.provider(c.Kind)
	if err != nil {
		return nil, err
	}
	if c.ListsAt == nil || s.Now().Sub(*c.ListsAt) > listsLife && s.unknown(c, theirs) {
		if err := s.refresh(ctx, c, client); err != nil {
			return nil, asJob(err)
		}
	}
	return s.takeOver(ctx, c, theirs, p.Kind.SettleTime, urgency)
}

func read(ctx context.Context, client Client, remoteID, email string) (*Contact, error) {
	if remoteID != "" {
		return client.Read(ctx, remoteID)
	}
	return client.Find(ctx, email)
}

// unknown reports whether a contact has tags that the lists do not name.
func (s *Service) unknown(c *Connection, theirs *Contact) bool {
	return slices.ContainsFunc(theirs.Tags, func(ref string) bool {
		return !slices.ContainsFunc(c.Lists.Tags, func(t Tag) bool { return t.Ref == ref })
	})
}

func (s *Service) takeOver(ctx context.Context, c *Connection, theirs *Contact, settle time.Duration, urgency job.Priority) (*contact.Contact, error) {
	ours, err := s.ours(ctx, c, theirs)
	if err != nil {
		return nil, err
	}
	remote, err := s.Store.Remote(ctx, c.ID, ours.ID)
	if err != nil {
		return nil, err
	}
	has, err := s.People.TagNames(ctx, ours.ID)
	if err != nil {
		return nil, err
	}
	fields, err := s.People.Fields(ctx, ours.ID)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	change := contact.Change{
		ContactID: ours.ID, Source: contact.SourceCRM, Reason: c.Name, Quiet: true, From: c.ID, Urgency: urgency,
		Fields: c.fieldsOf(theirs, fields, remote, now, settle),
	}
	add, remove, seen := compare(c.tagsOf(theirs), remote.Tags, has, now, settle)
	change.Add, change.Remove = add, remove
	remote.ID, remote.State, remote.Muted, remote.ReadAt = theirs.ID, theirs.State, theirs.Muted, &now
	if _, err := s.Store.Change(ctx, c.ID, change, remote, seen); err != nil {
		return nil, fmt.Errorf("take contact %s of %s: %w", theirs.ID, c.Slug, err)
	}
	return ours, nil
}

// ours returns the contact of ours that a contact of the CRM is.
func (s *Service) ours(ctx context.Context, c *Connection, theirs *Contact) (*contact.Contact, error) {
	id, err := s.Store.ContactOf(ctx, c.ID, theirs.ID)
	if err == nil {
		return s.People.ContactByID(ctx, id)
	}
	if !errs.Is(err, errs.NotFound) {
		return nil, err
	}
	email, err := contact.CheckEmail(theirs.Email)
	if err != nil {
		return nil, err
	}
	first, err := contact.CheckName("first_name", theirs.FirstName)
	if err != nil {
		first = ""
	}
	last, err := contact.CheckName("last_name", theirs.LastName)
	if err != nil {
		last = ""
	}
	return s.People.EnsureContact(ctx, contact.Contact{
		PublicID: contact.NewPublicID(), Email: email, FirstName: first, LastName: last, CreatedAt: s.Now(),
	})
}

// tagsOf returns the tags of a contact of the CRM by our names.
func (c *Connection) tagsOf(theirs *Contact) []string {
	var names []string
	for _, ref := range theirs.Tags {
		i := slices.IndexFunc(c.Lists.Tags, func(t Tag) bool { return t.Ref == ref })
		if i < 0 {
			continue
		}
		name := c.Lists.Tags[i].Name
		for mine, other := range c.Settings.Tags {
			if other == name {
				name = mine
			}
		}
		if contact.CheckTag(name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// fieldsOf returns the fields that changed in the CRM by our names: those that the
// owner has mapped, and those that the contact has here. While the CRM may still
// show what stood there before we wrote, none.
func (c *Connection) fieldsOf(theirs *Contact, ours map[string]string, remote *Remote, now time.Time, settle time.Duration) map[string]string {
	if remote.ToldAt != nil && now.Sub(*remote.ToldAt) < settle {
		return nil
	}
	changed := map[string]string{}
	take := func(mine, their string) {
		field, ok := findField(c.Lists.Fields, their)
		if !ok {
			return
		}
		if value := theirs.Fields[field.Ref]; value != ours[mine] {
			changed[mine] = value
		}
	}
	for mine, their := range c.Settings.Fields {
		take(mine, their)
	}
	for mine := range ours {
		if _, mapped := c.Settings.Fields[mine]; !mapped {
			take(mine, mine)
		}
	}
	return changed
}

// compare returns what came and went in the CRM since it was last seen, and what is
// known of its tags now. What we have written and the CRM does
// not show yet has not gone; what we have taken off and it still shows has not come.
func compare(
	theirs []string, known map[string]RemoteTag, has []string, now time.Time, settle time.Duration,
) (add, remove []string, seen map[string]Presence) {
	seen = map[string]Presence{}
	for _, tag := range theirs {
		state, told := known[tag]
		if told && state.Presence == Absent && now.Sub(state.ChangedAt) < settle {
			continue
		}
		if state.Presence != Present {
			seen[tag] = Present
			if !slices.Contains(has, tag) {
				add = append(add, tag)
			}
		}
	}
	for tag, state := range known {
		if state.Presence != Present || slices.Contains(theirs, tag) || now.Sub(state.ChangedAt) < settle {
			continue
		}
		seen[tag] = Absent
		if slices.Contains(has, tag) {
			remove = append(remove, tag)
		}
	}
	return add, remove, seen
}
