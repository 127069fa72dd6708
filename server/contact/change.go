package contact

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// Destination is the destination of jobs about contacts: each contact is a lane.
const Destination = "contacts"

// JobChanged tells everybody who follows contacts of a change: connections,
// operations, WordPress. Its payload is a Changed.
const JobChanged = "contact.changed"

// Source is what made a change.
type Source string

// The sources.
const (
	SourceCheckout  Source = "checkout"
	SourceOrder     Source = "order"
	SourceOperation Source = "operation"
	SourceCRM       Source = "crm"
	SourceWordPress Source = "wordpress"
	SourceAdmin     Source = "admin"
	SourceImport    Source = "import"
)

// Change is what is to happen to one contact's tags and fields.
type Change struct {
	ContactID int64
	Add       []string
	Remove    []string
	Fields    map[string]string // "" empties a field
	Source    Source
	Reason    string // for the timeline: "order 17", "operation welcome"
	Urgency   job.Priority
	// Quiet leaves tags that the contact has already as they are. Without it
	// adding one raises its event again, and campaigns that it starts start again.
	Quiet bool
	// From is the connection that told of it and is not told back; 0 for none.
	From int64
	// Depth is how many operations led to it, one started by another's tag.
	Depth int
}

// EventType is what happened to a contact.
type EventType string

// The types of events in a contact's timeline.
const (
	EventCreated      EventType = "created"
	EventTagAdded     EventType = "tag_added"
	EventTagRemoved   EventType = "tag_removed"
	EventFieldSet     EventType = "field_set"
	EventEmailChanged EventType = "email_changed"
	EventConsent      EventType = "consent"
	EventMerged       EventType = "merged"
	EventUserDeleted  EventType = "user_deleted"
	EventCheckout     EventType = "checkout"
	EventOrder        EventType = "order"
	EventOperation    EventType = "operation"
)

// Event is one line of a contact's timeline.
type Event struct {
	ID        int64
	ContactID int64
	Type      EventType
	Name      string // the tag, the field, the offer
	Value     string // of a field; "again" for a tag that was there
	Source    Source
	Reason    string
	CreatedAt time.Time
}

// Changed is the payload of JobChanged: what did change.
type Changed struct {
	ContactID int64             `json:"contact_id"`
	Added     []TagEvent        `json:"added,omitempty"`
	Removed   []TagEvent        `json:"removed,omitempty"`
	Fields    map[string]string `json:"fields,omitempty"`
	// Person is true when names or address changed, or the contact is new.
	Person bool         `json:"person,omitempty"`
	Depth  int          `json:"depth,omitempty"`
	From   int64        `json:"from,omitempty"`
	Urgent job.Priority `json:"urgency,omitempty"`
}

// TagEvent is a tag that came or went. Event is its line in the timeline; by it
// an operation that the tag starts runs once.
type TagEvent struct {
	Tag   string `json:"tag"`
	Event int64  `json:"event"`
	Again bool   `json:"again,omitempty"` // it was there before
}

// IsZero reports whether nothing changed.
func (c *Changed) IsZero() bool {
	return len(c.Added) == 0 && len(c.Removed) == 0 && len(c.Fields) == 0 && !c.Person
}

// Job returns the job that tells of a change.
func (c *Changed) Job(now time.Time) job.New {
	return job.New{
		Kind: JobChanged, Payload: c, Priority: c.Urgent, RunAt: now, Destination: Destination, Lane: fmt.Sprint(c.ContactID),
	}
}

// Tx is what changes need of a transaction. Package mysql implements it.
type Tx interface {
	// LockContact locks a contact and returns it, or the one that it was merged
	// into; errs.NotFound when there is none.
	LockContact(ctx context.Context, id int64) (*Contact, error)
	// TagNames returns a contact's tags.
	TagNames(ctx context.Context, contactID int64) ([]string, error)
	// Fields returns a contact's fields.
	Fields(ctx context.Context, contactID int64) (map[string]string, error)
	// AddTag and RemoveTag change one tag, SetField one field; "" removes it.
	AddTag(ctx context.Context, contactID int64, tag string, source Source, reason string) error
	RemoveTag(ctx context.Context, contactID int64, tag string) error
	SetField(ctx context.Context, contactID int64, field, value string) error
	// AddEvent writes a line of the timeline and returns its id.
	AddEvent(ctx context.Context, e Event) (int64, error)
	Enqueue(ctx context.Context, j job.New) error
}

// Apply makes a change in the caller's transaction, with its lines in the
// timeline and the job that tells of it, and returns what did change. It locks
// the contact. What cannot be a tag or a field is errs.Invalid.
func Apply(ctx context.Context, tx Tx, c Change, now time.Time) (*Changed, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	person, err := tx.LockContact(ctx, c.ContactID)
	if err != nil {
		return nil, fmt.Errorf("change contact %d: %w", c.ContactID, err)
	}
	c.ContactID = person.ID
	changed := &Changed{ContactID: person.ID, From: c.From, Urgent: c.Urgency, Depth: c.Depth}
	if err := c.applyTags(ctx, tx, changed, now); err != nil {
		return nil, fmt.Errorf("tags of contact %d: %w", person.ID, err)
	}
	if err := c.applyFields(ctx, tx, changed, now); err != nil {
		return nil, fmt.Errorf("fields of contact %d: %w", person.ID, err)
	}
	if changed.IsZero() {
		return changed, nil
	}
	return changed, tx.Enqueue(ctx, changed.Job(now))
}

func (c *Change) event(t EventType, name, value string, now time.Time) Event {
	return Event{ContactID: c.ContactID, Type: t, Name: name, Value: value, Source: c.Source, Reason: c.Reason, CreatedAt: now}
}

// applyTags removes before it adds: a tag in both lists is there afterwards.
func (c *Change) applyTags(ctx context.Context, tx Tx, changed *Changed, now time.Time) error {
	if len(c.Add) == 0 && len(c.Remove) == 0 {
		return nil
	}
	has, err := tx.TagNames(ctx, c.ContactID)
	if err != nil {
		return err
	}
	for _, tag := range c.Remove {
		if !slices.Contains(has, tag) || slices.Contains(c.Add, tag) {
			continue
		}
		if err := tx.RemoveTag(ctx, c.ContactID, tag); err != nil {
			return err
		}
		id, err := tx.AddEvent(ctx, c.event(EventTagRemoved, tag, "", now))
		if err != nil {
			return err
		}
		changed.Removed = append(changed.Removed, TagEvent{Tag: tag, Event: id})
	}
	for _, tag := range c.Add {
		again := slices.Contains(has, tag)
		if again && c.Quiet {
			continue
		}
		value := ""
		if again {
			value = "again"
		}
		if err := tx.AddTag(ctx, c.ContactID, tag, c.Source, c.Reason); err != nil {
			return err
		}
		id, err := tx.AddEvent(ctx, c.event(EventTagAdded, tag, value, now))
		if err != nil {
			return err
		}
		has = append(has, tag)
		changed.Added = append(changed.Added, TagEvent{Tag: tag, Event: id, Again: again})
	}
	return nil
}

func (c *Change) applyFields(ctx context.Context, tx Tx, changed *Changed, now time.Time) error {
	if len(c.Fields) == 0 {
		return nil
	}
	has, err := tx.Fields(ctx, c.ContactID)
	if err != nil {
		return err
	}
	for _, field := range slices.Sorted(maps.Keys(c.Fields)) {
		value := c.Fields[field]
		if has[field] == value {
			continue
		}
		if err := tx.SetField(ctx, c.ContactID, field, value); err != nil {
			return err
		}
		if _, err := tx.AddEvent(ctx, c.event(EventFieldSet, field, value, now)); err != nil {
			return err
		}
		if changed.Fields == nil {
			changed.Fields = map[string]string{}
		}
		changed.Fields[field] = value
	}
	return nil
}

const (
	maxTag    = 190
	maxField  = 100
	maxValue  = 20000 // bytes; a TEXT column holds three times as much
	maxReason = 190
)

func (c *Change) check() error {
	for _, tag := range slices.Concat(c.Add, c.Remove) {
		if err := CheckTag(tag); err != nil {
			return err
		}
	}
	for field, value := range c.Fields {
		if err := CheckField(field); err != nil {
			return err
		}
		if len(value) > maxValue || !utf8.ValidString(value) {
			return errs.Field("fields", "The value of %q is too long, or has characters that cannot be read.", field)
		}
	}
	if reason := []rune(c.Reason); len(reason) > maxReason {
		c.Reason = string(reason[:maxReason])
	}
	return nil
}

// CheckTag returns errs.Invalid for what cannot be a tag's name. Names are
// compared exactly, with letter case.
func CheckTag(tag string) error { return checkName("tags", tag, maxTag) }

// CheckField returns errs.Invalid for what cannot be a field's name.
func CheckField(field string) error { return checkName("fields", field, maxField) }

func checkName(at, name string, most int) error {
	switch {
	case name == "", strings.TrimSpace(name) != name, !utf8.ValidString(name), strings.ContainsAny(name, "\r\n\t\x00"):
		return errs.Field(at, "%q cannot be a name: names have no spaces around them and stand in one line.", name)
	case utf8.RuneCountInString(name) > most:
		return errs.Field(at, "A name has at most %d characters here.", most)
	}
	return nil
}
