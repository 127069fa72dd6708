package crm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// Maker makes the client of a kind of CRM from credentials. pace is called before
// each request.
type Maker func(credentials map[string]string, pace func(context.Context) error) (Client, error)

// Provider is a kind of CRM and how its clients are made.
type Provider struct {
	Kind Kind
	New  Maker
}

// Options sets a Service up.
type Options struct {
	Store     Store
	People    People
	Calls     Calls
	Providers []Provider
	// Seal and Open encrypt what is stored of credentials and secrets.
	// place names where it is kept, and must be the same for both.
	Seal func(plain []byte, place string) (string, error)
	Open func(sealed, place string) ([]byte, error)
	// Register and Unregister make destinations known; Resume turns one that was
	// halted on again.
	Register   func(ctx context.Context, destination string) error
	Unregister func(ctx context.Context, destination string) error
	Resume     func(ctx context.Context, destination string) error
	Log        *slog.Logger
	Now        func() time.Time
}

// Service keeps connections and mirrors contacts to them and back.
type Service struct{ Options }

// NewService returns a Service.
func NewService(o Options) *Service { return &Service{o} }

// listsLife is how long lists of tags and fields are trusted to be complete.
const listsLife = 10 * time.Minute

func (s *Service) provider(kind string) (*Provider, error) {
	for i := range s.Providers {
		if s.Providers[i].Kind.Name == kind {
			return &s.Providers[i], nil
		}
	}
	var known []string
	for _, p := range s.Providers {
		known = append(known, p.Kind.Name)
	}
	return nil, errs.Field("kind", "There is no CRM %q. Known are: %s.", kind, strings.Join(known, ", "))
}

// client returns the client of a connection for work of an urgency, with calls that
// were granted already.
func (s *Service) client(c *Connection, urgency job.Priority, granted int) (Client, error) {
	p, err := s.provider(c.Kind)
	if err != nil {
		return nil, err
	}
	text, err := s.Open(c.Credentials, placeOf(c.Slug))
	if err != nil {
		return nil, fmt.Errorf("credentials of %s: %w", c.Slug, err)
	}
	credentials, err := decodeCredentials(text)
	if err != nil {
		return nil, fmt.Errorf("credentials of %s: %w", c.Slug, err)
	}
	return p.New(credentials, s.pace(&p.Kind, Destination(c.ID), urgency, granted))
}

// Work tells a CRM what waits for one contact, in the fewest calls.
func (s *Service) Work(ctx context.Context, b job.Batch) error {
	id, err := strconv.ParseInt(strings.TrimPrefix(b.Destination, "crm:"), 10, 64)
	if err != nil {
		return job.GiveUp(fmt.Errorf("destination %q is no connection", b.Destination))
	}
	c, err := s.Store.ConnectionByID(ctx, id)
	if errs.Is(err, errs.NotFound) || err == nil && c.Status != StatusActive {
		return nil // nobody wants to be told any more; turning it on again tells everything
	}
	if err != nil {
		return err
	}
	contactID, changes, err := decode(b)
	if err != nil {
		return err
	}
	p, err := s.provider(c.Kind)
	if err != nil {
		return job.GiveUp(err)
	}
	granted := 0
	if p.Kind.Calls > 0 { // all at once, so that work that was begun is ended
		granted = min(usualCalls, p.Kind.Calls)
		wait, err := s.Calls.Call(ctx, b.Destination, granted, max(granted, share(b.Urgency, p.Kind.Calls)), p.Kind.Per)
		if err != nil {
			return err
		}
		if wait > 0 {
			return job.Later(errBusy, wait)
		}
	}
	client, err := s.client(c, b.Urgency, granted)
	if err != nil {
		return err
	}
	return asJob(s.tell(ctx, c, client, contactID, changes))
}

// usualCalls are what most changes need: the contact, and a tag or a field.
const usualCalls = 2

func decode(b job.Batch) (int64, []Mirror, error) {
	var changes []Mirror
	id := int64(0)
	for _, j := range b.Jobs {
		var m Mirror
		if err := j.Decode(&m); err != nil {
			return 0, nil, err
		}
		id = m.ContactID
		changes = append(changes, m)
	}
	return id, changes, nil
}

// asJob says what a CRM's fault means for the jobs.
func asJob(err error) error {
	fault, ok := errors.AsType[*Fault](err)
	if !ok {
		return err
	}
	switch fault.Kind {
	case FaultLimited:
		wait := fault.RetryAfter
		if wait <= 0 {
			wait = time.Minute
		}
		return job.After(err, wait)
	case FaultAuth, FaultPayment:
		return job.Halt(err)
	case FaultInvalid, FaultNotFound:
		return job.GiveUp(err)
	}
	return err
}

// tell brings a contact of the CRM to where ours is.
func (s *Service) tell(ctx context.Context, c *Connection, client Client, contactID int64, changes []Mirror) error {
	person, err := s.People.ContactByID(ctx, contactID)
	if errs.Is(err, errs.NotFound) {
		return nil // deleted here: the CRM keeps what it has
	}
	if err != nil {
		return err
	}
	remote, err := s.Store.Remote(ctx, c.ID, person.ID)
	if err != nil {
		return err
	}
	f := fold(changes)
	if f.resync || remote.ID == "" {
		if f, err = s.all(ctx, person.ID, f, remote); err != nil {
			return err
		}
	}
	err = s.send(ctx, c, client, person, remote, f)
	if IsFault(err, FaultNotFound, FaultInvalid) { // a tag or field may have been deleted or renamed there
		if err := s.refresh(ctx, c, client); err != nil {
			return err
		}
		err = s.send(ctx, c, client, person, remote, f)
	}
	if !IsFault(err, FaultNotFound) || remote.ID == "" {
		return err
	}
	// Deleted or merged there: it is made or found anew, and told everything.
	s.Log.WarnContext(ctx, "contact is gone in the CRM, made anew", "connection", c.Slug, "contact", person.ID)
	lost := &Remote{Tags: map[string]RemoteTag{}}
	if f, err = s.all(ctx, person.ID, fold(nil), lost); err != nil {
		return err
	}
	return s.send(ctx, c, client, person, lost, f)
}

// all is everything that a contact has. Tags that are to be seen to come again are
// kept so.
func (s *Service) all(ctx context.Context, contactID int64, f *folded, remote *Remote) (*folded, error) {
	tags, err := s.People.TagNames(ctx, contactID)
	if err != nil {
		return nil, err
	}
	fields, err := s.People.Fields(ctx, contactID)
	if err != nil {
		return nil, err
	}
	whole := everything(tags, fields, remote.Tags)
	for tag := range f.remove {
		if f.add[tag] && remote.Tags[tag].Presence != Absent {
			whole.remove[tag] = true
		}
	}
	for field, value := range f.fields {
		if _, has := whole.fields[field]; !has && value == "" {
			whole.fields[field] = ""
		}
	}
	return whole, nil
}

func (s *Service) send(ctx context.Context, c *Connection, client Client, person *contact.Contact, remote *Remote, f *folded) error {
	now, isNew := s.Now(), false
	if remote.ID == "" || f.person {
		id, _, err := client.Upsert(ctx, remote.ID, Person{Email: person.Email, FirstName: person.FirstName, LastName: person.LastName})
		if err != nil {
			return err
		}
		remote.ID = id
		isNew = true
	}
	before, after := f.against(remote.Tags)
	if isNew || len(before) > 0 {
		if err := s.Store.SaveRemote(ctx, c.ID, person.ID, remote, before); err != nil {
			return err
		}
	}
	change, err := s.translate(ctx, c, client, f)
	if err != nil {
		return err
	}
	if !change.IsZero() {
		if err := client.Apply(ctx, remote.ID, change); err != nil {
			return err
		}
	}
	remote.ToldAt = &now
	return s.Store.SaveRemote(ctx, c.ID, person.ID, remote, after)
}

// translate puts our names into the CRM's refs. Tags and fields that it does not
// have are made, unless the owner does not want that; then they are left out.
func (s *Service) translate(ctx context.Context, c *Connection, client Client, f *folded) (Change, error) {
	var change Change
	for _, tag := range slices.Sorted(maps.Keys(f.remove)) {
		// One that the lists do not name may be there all the same: another process
		// has stored lists of a moment before it was made.
		t, ok, err := s.tag(ctx, c, client, c.theirTag(tag))
		if err != nil {
			return change, err
		}
		if ok {
			change.Remove = append(change.Remove, t)
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(f.add)) {
		t, ok, err := s.tag(ctx, c, client, c.theirTag(tag))
		if err != nil {
			return change, err
		}
		if ok {
			change.Add = append(change.Add, t)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.fields)) {
		field, ok, err := s.field(ctx, c, client, c.theirField(name))
		if err != nil {
			return change, err
		}
		if ok && (field.Kind != FieldOther) {
			if change.Fields == nil {
				change.Fields = map[string]string{}
			}
			change.Fields[field.Ref] = f.fields[name]
		}
	}
	return change, nil
}

func (c *Connection) theirTag(tag string) string {
	if theirs := c.Settings.Tags[tag]; theirs != "" {
		return theirs
	}
	return tag
}

func (c *Connection) theirField(field string) string {
	if theirs := c.Settings.Fields[field]; theirs != "" {
		return theirs
	}
	return field
}

func findTag(tags []Tag, name string) (Tag, bool) {
	i := slices.IndexFunc(tags, func(t Tag) bool { return t.Name == name })
	if i < 0 {
		return Tag{}, false
	}
	return tags[i], true
}

// findField looks for a field by name in any letter case, or by its ref.
func findField(fields []Field, name string) (Field, bool) {
	i := slices.IndexFunc(fields, func(f Field) bool { return strings.EqualFold(f.Name, name) || f.Ref == name })
	if i < 0 {
		return Field{}, false
	}
	return fields[i], true
}

func (s *Service) tag(ctx context.Context, c *Connection, client Client, name string) (Tag, bool, error) {
	if t, ok := findTag(c.Lists.Tags, name); ok {
		return t, true, nil
	}
	if c.Settings.NoCreate {
		return Tag{}, false, nil
	}
	t, err := client.EnsureTag(ctx, name)
	if err != nil {
		return t, false, fmt.Errorf("tag %q: %w", name, err)
	}
	c.Lists.Tags = append(c.Lists.Tags, t)
	return t, true, s.Store.SaveLists(ctx, c.ID, c.Lists)
}

func (s *Service) field(ctx context.Context, c *Connection, client Client, name string) (Field, bool, error) {
	if f, ok := findField(c.Lists.Fields, name); ok {
		return f, true, nil
	}
	if c.Settings.NoCreate {
		return Field{}, false, nil
	}
	f, err := client.EnsureField(ctx, name)
	if err != nil {
		return f, false, fmt.Errorf("field %q: %w", name, err)
	}
	c.Lists.Fields = append(c.Lists.Fields, f)
	return f, true, s.Store.SaveLists(ctx, c.ID, c.Lists)
}
