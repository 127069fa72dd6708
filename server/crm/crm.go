// Package crm is what Tillside asks of a customer relationship system, in no
// provider's words: contacts, tags and fields out, hints of changes in. The
// packages below it speak to one provider each.
package crm

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Person is what a CRM is told of a contact besides tags and fields. Empty names
// are left as the CRM has them.
type Person struct {
	Email     string
	FirstName string
	LastName  string
}

// Contact is a person as the CRM has them.
type Contact struct {
	ID        string
	Email     string
	FirstName string
	LastName  string
	Tags      []string          // refs of tags
	Fields    map[string]string // by the ref of the field; fields without a value may be left out
	State     string            // the CRM's own word, such as "active"; empty when it has none
	// Muted is true when the CRM runs no automations for the contact, as for
	// most that are unsubscribed.
	Muted bool
}

// Tag is a tag of the CRM. Ref is how its API names it: an id, or the name itself.
type Tag struct {
	Ref  string
	Name string
}

// Field is a custom field of the CRM. Ref is how its API names it.
type Field struct {
	Ref  string
	Name string
	Kind FieldKind
}

// FieldKind is what a field holds.
type FieldKind string

// The kinds of fields. What a CRM has besides these is FieldOther: it is read,
// and not offered for writing.
const (
	FieldText   FieldKind = "text"
	FieldNumber FieldKind = "number"
	FieldDate   FieldKind = "date"
	FieldChoice FieldKind = "choice"
	FieldOther  FieldKind = "other"
)

// Change is what is to be done to one contact of the CRM: tags are removed, then
// fields set, then tags added, so that an automation that a tag starts finds the
// fields. A tag in both lists is taken off first, and the CRM sees it come again.
type Change struct {
	Remove []Tag
	Fields map[string]string // by the ref of the field; "" empties it
	Add    []Tag
}

// IsZero reports whether there is nothing to do.
func (c Change) IsZero() bool { return len(c.Remove) == 0 && len(c.Fields) == 0 && len(c.Add) == 0 }

// Account says whose account a connection reaches.
type Account struct {
	ID   string
	Name string
}

// Client speaks to one account of a CRM. Its methods may be called again, also
// when an answer was lost, and from several goroutines; but not for one contact
// at once. Errors that the CRM gave are a *Fault.
type Client interface {
	// Verify asks whether the credentials are good and sufficient. What is
	// missing is in the message of a Fault, in words for the owner.
	Verify(ctx context.Context) (Account, error)
	// Upsert makes the contact of an address or brings it up to date, and
	// returns its id. It never subscribes anybody again who left. knownID is
	// what an earlier call returned, or empty.
	Upsert(ctx context.Context, knownID string, p Person) (id string, created bool, err error)
	// Find returns the contact with an address, whatever its state; FaultNotFound
	// when there is none. Some CRMs show new contacts late: use Upsert's id.
	Find(ctx context.Context, email string) (*Contact, error)
	// Read returns a contact with tags and fields; FaultNotFound when it was
	// deleted or merged.
	Read(ctx context.Context, id string) (*Contact, error)
	// Apply does a change in as few calls as the CRM allows. A tag that is there
	// already, or not there any more, is fine; a tag or field that the CRM does
	// not know is FaultInvalid, and the rest may have been done.
	Apply(ctx context.Context, id string, c Change) error
	// Tags and Fields list all that there are, over all pages.
	Tags(ctx context.Context) ([]Tag, error)
	Fields(ctx context.Context) ([]Field, error)
	// EnsureTag returns the tag with a name, made if there is none.
	EnsureTag(ctx context.Context, name string) (Tag, error)
	// EnsureField returns the field with a name, made as text if there is none.
	EnsureField(ctx context.Context, name string) (Field, error)
}

// Event is what a hook tells of.
type Event string

// The events for which hooks can be made.
const (
	EventTagAdded   Event = "tag_added"
	EventTagRemoved Event = "tag_removed"
	EventChanged    Event = "changed" // a contact's names, address or fields
)

// Hook is a hook that is registered in the CRM.
type Hook struct {
	ID    string
	URL   string
	Event Event
	Tag   string // ref; empty when it tells of all tags
}

// HookMaker is a Client whose CRM lets hooks be made through its API.
type HookMaker interface {
	Hooks(ctx context.Context) ([]Hook, error)
	// MakeHook makes a hook, or returns the one that is there with the same
	// address, event and tag. tag is zero for a hook of all tags, where the CRM
	// has those.
	MakeHook(ctx context.Context, url string, event Event, tag Tag) (Hook, error)
	// DropHook removes a hook; one that is gone is fine.
	DropHook(ctx context.Context, id string) error
}

// Reader is a Client that lists contacts page by page: for moving in, and to
// find what no hook told of.
type Reader interface {
	// Contacts returns a page of all contacts, with tags and fields where the CRM
	// gives them in lists, and what to ask the next page with; "" is the first
	// and the end.
	Contacts(ctx context.Context, page string) (found []Contact, next string, err error)
	// WithTag returns a page of the ids of those who have a tag.
	WithTag(ctx context.Context, tag Tag, page string) (ids []string, next string, err error)
}

// FaultKind is what a CRM's refusal means to us.
type FaultKind string

// The kinds of faults. Only FaultLimited and FaultTemporary are worth asking again.
const (
	FaultNotFound  FaultKind = "not_found"
	FaultAuth      FaultKind = "auth"      // the credentials are wrong, or do not suffice
	FaultInvalid   FaultKind = "invalid"   // what was asked cannot be
	FaultPayment   FaultKind = "payment"   // the account is not paid for
	FaultLimited   FaultKind = "limited"   // too many calls
	FaultTemporary FaultKind = "temporary" // its server failed, or nothing answered
)

// Fault is what a CRM answered instead of doing what it was asked, or that
// nothing answered.
type Fault struct {
	Kind       FaultKind
	Status     int           // of HTTP; 0 when nothing answered
	RetryAfter time.Duration // what the CRM asked us to wait; 0 when it did not say
	Message    string        // the CRM's own text, cut short, without secrets
}

func (f *Fault) Error() string {
	if f.Status == 0 {
		return fmt.Sprintf("crm: %s: %s", f.Kind, f.Message)
	}
	return fmt.Sprintf("crm: %s: %d %s", f.Kind, f.Status, f.Message)
}

// IsFault reports whether an error is a CRM's fault of one of some kinds.
func IsFault(err error, kinds ...FaultKind) bool {
	fault, ok := errors.AsType[*Fault](err)
	if !ok {
		return false
	}
	for _, kind := range kinds {
		if fault.Kind == kind {
			return true
		}
	}
	return false
}

// Kind describes a CRM to the owner who connects it.
type Kind struct {
	Name  string // "ontraport"
	Label string // "Ontraport"
	// Asks are the credentials that a connection needs, in order.
	Asks []Ask
	// Calls in Per is the documented limit of one connection.
	Calls int
	Per   time.Duration
	// SettleTime is how long the CRM may go on showing what stood there before a
	// write: for that long a tag that a read does not show is not taken as removed.
	SettleTime time.Duration
	// PostData is what the owner pastes into the CRM's own webhook step, so that
	// it names the contact; empty where the CRM says it by itself.
	PostData string
	// MergeText is how the CRM's e-mails print a field: a text with one %s for
	// the field's ref; empty when the owner picks it from a list.
	MergeText string
}

// Ask is one credential.
type Ask struct {
	Name   string // "api_key"
	Label  string // "API key"
	Secret bool
	// Optional credentials may be left empty.
	Optional bool
	Help     string // where the owner finds it
}
