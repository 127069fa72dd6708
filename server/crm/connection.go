package crm

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// Status says whether a connection is used.
type Status string

// The states of a connection. Whether its CRM lets us in stands with its
// destination, not here.
const (
	StatusActive Status = "active"
	StatusOff    Status = "off" // nothing is sent, nothing is taken
)

// Connection is one account of a CRM that mirrors this site's contacts.
type Connection struct {
	ID          int64
	Slug        string
	Kind        string // a Kind's name
	Name        string
	Status      Status
	Account     string // whose it is, as the CRM says
	Credentials string // sealed
	Settings    Settings
	HookHash    [32]byte // of the secret in its webhook's address; zero while there is none
	HookSecret  string   // sealed, for hooks that are made later; empty while there is none
	OldHash     [32]byte // of the one before, good until OldUntil
	OldUntil    time.Time
	Lists       Lists
	ListsAt     *time.Time // when they were read; nil: never
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Destination returns the name under which jobs for a connection are kept.
func Destination(connectionID int64) string { return fmt.Sprintf("crm:%d", connectionID) }

// Settings say how names of ours and of the CRM go together. What is in no map has
// the same name on both sides.
type Settings struct {
	Tags   map[string]string `json:"tags,omitempty"`   // ours → theirs
	Fields map[string]string `json:"fields,omitempty"` // ours → theirs, by name
	// NoCreate leaves out tags and fields that the CRM does not have, instead of
	// making them.
	NoCreate bool `json:"no_create,omitempty"`
}

// Lists are the tags and fields that a CRM has.
type Lists struct {
	Tags   []Tag   `json:"tags"`
	Fields []Field `json:"fields"`
}

// Remote is what a connection knows of one contact.
type Remote struct {
	ID     string // empty while the CRM does not know the contact
	State  string
	Muted  bool
	ToldAt *time.Time // when it was last brought up to date
	ReadAt *time.Time // when it was last read
	Tags   map[string]RemoteTag
}

// RemoteTag is a tag as it last stood in the CRM, by our name.
type RemoteTag struct {
	Presence  Presence
	ChangedAt time.Time
}

// Presence is whether a contact has a tag in the CRM.
type Presence int8

// What is known of a tag. Tried is one that we have sent and got no good answer
// for: it may be there.
const (
	Absent  Presence = 0
	Present Presence = 1
	Tried   Presence = 2
)

// JobMirror tells a CRM of a change. It waits in the contact's lane at the
// connection's destination. Its payload is a Mirror.
const JobMirror = "crm.mirror"

// Mirror is the payload of JobMirror.
type Mirror struct {
	contact.Changed
	// Resync tells everything anew, whatever the CRM was told before.
	Resync bool `json:"resync,omitempty"`
}

// MirrorJob returns the job that tells a connection of a change.
func MirrorJob(connectionID int64, m Mirror, now time.Time) job.New {
	return job.New{
		Kind: JobMirror, Payload: m, Priority: m.Urgent, RunAt: now, Destination: Destination(connectionID), Lane: fmt.Sprint(m.ContactID),
	}
}

// Store keeps connections and what they know. Package mysql implements it.
// Whatever does not exist is errs.NotFound.
type Store interface {
	// AddConnection writes a connection and sets its id; a slug that is taken is
	// errs.Conflict. UpdateConnection stores all that may change but the lists.
	AddConnection(ctx context.Context, c *Connection) error
	UpdateConnection(ctx context.Context, c *Connection) error
	// DeleteConnection removes a connection with all that it knows.
	DeleteConnection(ctx context.Context, id int64) error
	Connection(ctx context.Context, slug string) (*Connection, error)
	ConnectionByID(ctx context.Context, id int64) (*Connection, error)
	// FindConnections lists all, by slug.
	FindConnections(ctx context.Context) ([]Connection, error)
	// SaveLists stores what tags and fields the CRM has.
	SaveLists(ctx context.Context, connectionID int64, l Lists) error
	// Remote returns what a connection knows of a contact; zero for nothing.
	Remote(ctx context.Context, connectionID, contactID int64) (*Remote, error)
	// ContactOf returns the contact whom a CRM knows by an id.
	ContactOf(ctx context.Context, connectionID int64, remoteID string) (int64, error)
	// SaveRemote stores what a connection knows of a contact: tags has those
	// that changed.
	SaveRemote(ctx context.Context, connectionID, contactID int64, r *Remote, tags map[string]Presence) error
	// Change applies a change to a contact of ours, together with what a read
	// of the CRM showed, in one transaction.
	Change(ctx context.Context, connectionID int64, c contact.Change, r *Remote, tags map[string]Presence) (*contact.Changed, error)
	// Resync replaces what waits for a contact at a connection by one job that
	// tells everything anew.
	Resync(ctx context.Context, connectionID, contactID int64, urgency job.Priority) error
}

// People are this site's contacts.
type People interface {
	ContactByID(ctx context.Context, id int64) (*contact.Contact, error)
	EnsureContact(ctx context.Context, c contact.Contact) (*contact.Contact, error)
	TagNames(ctx context.Context, contactID int64) ([]string, error)
	Fields(ctx context.Context, contactID int64) (map[string]string, error)
}

// Calls grants calls to destinations, for all processes together.
type Calls interface {
	// Call asks for some of the calls that a destination allows in a period. It
	// returns 0 when they are granted, else how long to wait before asking again.
	Call(ctx context.Context, destination string, n, calls int, per time.Duration) (time.Duration, error)
}

const maxCredential = 4000

// CheckCredentials returns the credentials that a kind asks for, trimmed, or
// errs.Invalid for the first that is missing or cannot be one.
func (k *Kind) CheckCredentials(given map[string]string) (map[string]string, error) {
	checked := map[string]string{}
	for _, ask := range k.Asks {
		value := strings.TrimSpace(given[ask.Name])
		switch {
		case value == "" && !ask.Optional:
			return nil, errs.Field(ask.Name, "%s needs: %s. %s", k.Label, ask.Label, ask.Help)
		case len(value) > maxCredential, !utf8.ValidString(value), strings.ContainsAny(value, "\r\n\x00"):
			return nil, errs.Field(ask.Name, "%s does not look right.", ask.Label)
		}
		if value != "" {
			checked[ask.Name] = value
		}
	}
	for name := range given {
		if _, known := checked[name]; !known && given[name] != "" {
			return nil, errs.Field(name, "%s has no credential %q.", k.Label, name)
		}
	}
	return checked, nil
}
