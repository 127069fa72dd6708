// Package hook is the inbox of what CRMs send to our addresses: each delivery is
// stored as it came, answered at once, done by a job, and can be done again.
package hook

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// Class is the class of the destinations of deliveries; each target has one of its
// own, so that a flood for one holds up no other.
const Class = "hooks"

// JobDeliver does a delivery.
const JobDeliver = "hook.deliver"

// DeliverJob is the payload of JobDeliver.
type DeliverJob struct {
	DeliveryID int64 `json:"delivery_id"`
}

// Target is what a delivery is for: "operation:7", "crm:3" or "legacy:genpass".
type Target string

// OfOperation and OfConnection are the targets of those ids; OfLegacy that of one
// of the commands of the system that people move in from.
func OfOperation(id int64) Target    { return Target("operation:" + strconv.FormatInt(id, 10)) }
func OfConnection(id int64) Target   { return Target("crm:" + strconv.FormatInt(id, 10)) }
func OfLegacy(command string) Target { return Target("legacy:" + command) }

// Destination returns the name under which a target's deliveries wait. It must be
// registered before the first comes.
func (t Target) Destination() string { return Class + ":" + string(t) }

// Split returns the kind of a target and its id; 0 for a legacy command, whose name
// is the last.
func (t Target) Split() (kind string, id int64, name string) {
	kind, name, _ = strings.Cut(string(t), ":")
	id, _ = strconv.ParseInt(name, 10, 64) // a name is no number: 0
	return kind, id, name
}

// State is how far a delivery is.
type State string

// The states of a delivery.
const (
	StateReceived State = "received"
	StateDone     State = "done"
	StateIgnored  State = "ignored" // there was nothing to do
	StateFailed   State = "failed"
)

// Delivery is one call of an address of ours.
type Delivery struct {
	ID          int64
	PublicID    string
	Target      Target
	ContentType string
	Query       string
	Body        []byte
	State       State
	Result      string // for people: what became of it
	Replays     int    // how often a person had it done again
	ReceivedAt  time.Time
	DoneAt      *time.Time // nil: not yet
}

// Outcome is what became of a delivery.
type Outcome struct {
	State  State
	Result string
}

// Store keeps deliveries. Package mysql implements it. Whatever does not exist is
// errs.NotFound.
type Store interface {
	// AddDelivery writes a delivery with its job in one transaction and sets its id.
	AddDelivery(ctx context.Context, d *Delivery, j job.New) error
	// Waiting counts the deliveries of a target that are not done, up to a limit.
	Waiting(ctx context.Context, t Target, limit int) (int, error)
	Delivery(ctx context.Context, id int64) (*Delivery, error)
	DeliveryByPublicID(ctx context.Context, publicID string) (*Delivery, error)
	// EndDelivery stores what became of a delivery.
	EndDelivery(ctx context.Context, id int64, o Outcome) error
	// Reopen makes a delivery wait again, with its job, and counts that.
	Reopen(ctx context.Context, id int64, j job.New) error
	// FindDeliveries lists deliveries of a target, newest first; "" is all.
	FindDeliveries(ctx context.Context, t Target, limit int) ([]Delivery, error)
}

// Options sets an Inbox up.
type Options struct {
	Store Store
	// Do does a delivery. An error is one that may pass.
	Do  func(ctx context.Context, d *Delivery) (Outcome, error)
	Now func() time.Time
}

// Inbox takes deliveries and does them.
type Inbox struct{ Options }

// NewInbox returns an Inbox.
func NewInbox(o Options) *Inbox { return &Inbox{o} }

const (
	maxKind   = 200
	maxQuery  = 10_000
	maxResult = 2000
	// maxWaiting is how many deliveries may wait for one target: more is a loop
	// in the CRM, not a campaign.
	maxWaiting = 20_000
)

// Receive stores a delivery with the job that does it. It takes a millisecond or
// two, whatever the delivery asks for. Too many that wait for one target are
// errs.RateLimited, and the CRM is to call again.
func (i *Inbox) Receive(ctx context.Context, t Target, contentType, query string, body []byte) (*Delivery, error) {
	if len(query) > maxQuery {
		return nil, errs.New(errs.Invalid, "The address is too long.")
	}
	n, err := i.Store.Waiting(ctx, t, maxWaiting)
	if err != nil {
		return nil, err
	}
	if n >= maxWaiting {
		return nil, errs.New(errs.RateLimited, "Too many calls wait here. Please call again later.")
	}
	d := &Delivery{
		PublicID: newPublicID(), Target: t, ContentType: clip(contentType, maxKind), Query: strings.ToValidUTF8(query, ""), Body: body,
		State: StateReceived, ReceivedAt: i.Now(),
	}
	if err := i.Store.AddDelivery(ctx, d, d.job(i.Now())); err != nil {
		return nil, fmt.Errorf("receive delivery for %s: %w", t, err)
	}
	return d, nil
}

// job is filled in by the store, which knows the id.
func (d *Delivery) job(now time.Time) job.New {
	return job.New{Kind: JobDeliver, Priority: job.PriorityCode, RunAt: now, Destination: d.Target.Destination(), Lane: d.PublicID, Payload: DeliverJob{d.ID}}
}

// patience is for how long a delivery is tried.
const patience = 72 * time.Hour

// Work does the deliveries of a lane.
func (i *Inbox) Work(ctx context.Context, b job.Batch) error {
	for _, j := range b.Jobs {
		var p DeliverJob
		if err := j.Decode(&p); err != nil {
			return err
		}
		d, err := i.Store.Delivery(ctx, p.DeliveryID)
		if errs.Is(err, errs.NotFound) {
			continue // purged
		}
		if err != nil {
			return err
		}
		outcome, err := i.Do(ctx, d)
		if err != nil && !b.Since.IsZero() && i.Now().Sub(b.Since) > patience {
			outcome, err = Outcome{StateFailed, errs.From(err).Message()}, nil
		}
		if err != nil {
			return fmt.Errorf("delivery %d: %w", d.ID, err)
		}
		outcome.Result = clip(outcome.Result, maxResult)
		if err := i.Store.EndDelivery(ctx, d.ID, outcome); err != nil {
			return err
		}
	}
	return nil
}

// Replay does a delivery again, as it came. What it started before is started once
// more only where the operation's window is over.
func (i *Inbox) Replay(ctx context.Context, publicID string) (*Delivery, error) {
	d, err := i.Store.DeliveryByPublicID(ctx, publicID)
	if err != nil {
		return nil, err
	}
	d.State = StateReceived
	return d, i.Store.Reopen(ctx, d.ID, d.job(i.Now()))
}

func newPublicID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails; see crypto/rand
	return hex.EncodeToString(b[:])
}

func clip(text string, runes int) string {
	text = strings.ToValidUTF8(text, "")
	if utf8.RuneCountInString(text) > runes {
		return string([]rune(text)[:runes])
	}
	return text
}
