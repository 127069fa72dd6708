// Package operation runs custom operations: ordered actions for a contact,
// started by a purchase, a tag, a CRM's hook, a button, a schedule or a person.
// A run is a durable job; what it did is recorded step by step.
package operation

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
)

// Status says whether an operation may run.
type Status string

// The states. Runs of an operation that is switched off stop at their next step.
const (
	StatusActive   Status = "active"
	StatusDisabled Status = "disabled"
)

// Operation is an ordered list of actions, and what starts it.
type Operation struct {
	ID       int64
	PublicID string
	Slug     string
	Name     string
	Status   Status
	Actions  []Action
	Settings Settings
	// Revision grows with each change of the actions or settings; a run goes on
	// with the actions that it began with.
	Revision  int64
	HookHash  [32]byte // of the hook's secret; zero while there is none
	OldHash   [32]byte // of the one before, good until OldUntil
	OldUntil  time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Settings are the rest of an operation.
type Settings struct {
	Triggers []Trigger `json:"triggers,omitempty"`
	// HookWindow is for how many minutes repeated calls of the hook for one
	// contact are one run; 0 is DefaultHookWindow for operations that generate
	// coupons and none for others, -1 is none.
	HookWindow int `json:"hook_window,omitempty"`
	// Button lets members run the operation from a page.
	Button bool `json:"button,omitempty"`
	// Done is what the page says when the button's run is accepted.
	Done string `json:"done,omitempty"`
}

// DefaultHookWindow is for how long a repeated call of a hook that generates a
// coupon is no new run.
const DefaultHookWindow = 10 * time.Minute

// Window returns for how long repeated calls of the hook are one run; 0 for none.
func (o *Operation) Window() time.Duration {
	generates := slices.ContainsFunc(o.Actions, func(a Action) bool { return a.Kind == ActionGenerateCoupon })
	switch {
	case o.Settings.HookWindow > 0:
		return time.Duration(o.Settings.HookWindow) * time.Minute
	case o.Settings.HookWindow == 0 && generates:
		return DefaultHookWindow
	}
	return 0
}

// TriggerKind is what starts an operation by itself.
type TriggerKind string

// The kinds of triggers. Hook URLs, buttons, automations of offers, commands and
// other operations start one without a trigger of its own.
const (
	TriggerPurchase  TriggerKind = "purchase"           // of an offer; every one without
	TriggerStarted   TriggerKind = "checkout_started"   // of an offer
	TriggerAbandoned TriggerKind = "checkout_abandoned" // of an offer
	TriggerTag       TriggerKind = "tag_added"
	TriggerUntag     TriggerKind = "tag_removed"
	TriggerLogin     TriggerKind = "login"
)

// Trigger starts an operation: its kind, and for which tag or offer.
type Trigger struct {
	Kind TriggerKind `json:"kind"`
	// Arg is the tag's name or the offer's slug; "" is every one.
	Arg string `json:"arg,omitempty"`
	// TakeOff removes the tag that started the run when the run is done, so that
	// it can start the next.
	TakeOff bool `json:"take_off,omitempty"`
}

// HasHook reports whether a hook URL was handed out.
func (o *Operation) HasHook() bool { return o.HookHash != [32]byte{} }

// Draft is an operation as its owner writes it.
type Draft struct {
	Slug     string   `json:"slug"`
	Name     string   `json:"name"`
	Actions  []Action `json:"actions"`
	Settings Settings `json:"settings,omitzero"`
}

const (
	maxActions  = 50
	maxTriggers = 20
)

// Create makes an operation. Its slug and every action are checked; what cannot
// work is errs.Invalid.
func (s *Service) Create(ctx context.Context, d Draft) (*Operation, error) {
	if fault := catalog.CheckSlug(d.Slug); fault != "" {
		return nil, errs.Field("slug", "The operation's %s.", fault)
	}
	o := &Operation{PublicID: newPublicID(), Slug: d.Slug, Status: StatusActive, Revision: 1, CreatedAt: s.Now()}
	if err := s.fill(ctx, o, d); err != nil {
		return nil, err
	}
	return o, s.Store.AddOperation(ctx, o)
}

// Change stores a draft over the operation with its slug. revision is the one that
// the owner saw; another one is errs.Conflict, so that no change is lost. Runs
// under way go on as they began.
func (s *Service) Change(ctx context.Context, d Draft, revision int64) (*Operation, error) {
	o, err := s.Store.Operation(ctx, d.Slug)
	if err != nil {
		return nil, err
	}
	if o.Revision != revision {
		return nil, errs.New(errs.Conflict, "The operation %s was changed meanwhile. Load it again.", d.Slug)
	}
	if err := s.fill(ctx, o, d); err != nil {
		return nil, err
	}
	o.Revision++
	return o, s.Store.UpdateOperation(ctx, o)
}

// fill checks a draft and takes it over.
func (s *Service) fill(ctx context.Context, o *Operation, d Draft) error {
	name := strings.TrimSpace(d.Name)
	if name == "" {
		name = d.Slug
	}
	if utf8.RuneCountInString(name) > 200 || strings.ContainsAny(name, "\r\n") {
		return errs.Field("name", "The name may have at most 200 characters, in one line.")
	}
	if len(d.Actions) == 0 || len(d.Actions) > maxActions {
		return errs.Field("actions", "An operation has 1 to %d actions.", maxActions)
	}
	for i := range d.Actions {
		if err := s.check(ctx, d.Slug, &d.Actions[i]); err != nil {
			return fmt.Errorf("action %d: %w", i+1, err)
		}
	}
	if err := d.Settings.check(); err != nil {
		return err
	}
	o.Name, o.Actions, o.Settings, o.UpdatedAt = name, d.Actions, d.Settings, s.Now()
	return nil
}

func (g *Settings) check() error {
	if len(g.Triggers) > maxTriggers {
		return errs.Field("triggers", "An operation has at most %d triggers.", maxTriggers)
	}
	if g.HookWindow < -1 || g.HookWindow > 24*60 {
		return errs.Field("hook_window", "The window of the hook is up to 1440 minutes, 0 for what is usual, or -1 for none.")
	}
	if utf8.RuneCountInString(g.Done) > 500 {
		return errs.Field("done", "The text may have at most 500 characters.")
	}
	for _, t := range g.Triggers {
		switch t.Kind {
		case TriggerTag, TriggerUntag:
			if err := contact.CheckTag(t.Arg); err != nil {
				return err
			}
		case TriggerPurchase, TriggerStarted, TriggerAbandoned:
			if t.Arg != "" && catalog.CheckSlug(t.Arg) != "" {
				return errs.Field("triggers", "%q is not the slug of an offer.", t.Arg)
			}
		case TriggerLogin:
			if t.Arg != "" {
				return errs.Field("triggers", "The trigger login takes no name.")
			}
		default:
			return errs.Field("triggers", "There is no trigger %q.", string(t.Kind))
		}
		if t.TakeOff && t.Kind != TriggerTag {
			return errs.Field("triggers", "Only a tag that starts an operation can be taken off.")
		}
	}
	return nil
}

// newPublicID returns 128 random bits in hexadecimal.
func newPublicID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails; see crypto/rand
	return hex.EncodeToString(b[:])
}

// Switch turns an operation on or off. It may be called twice.
func (s *Service) Switch(ctx context.Context, slug string, on bool) (*Operation, error) {
	o, err := s.Store.Operation(ctx, slug)
	if err != nil {
		return nil, err
	}
	o.Status = StatusDisabled
	if on {
		o.Status = StatusActive
	}
	o.UpdatedAt = s.Now()
	return o, s.Store.UpdateOperation(ctx, o)
}

// oldHookLife is for how long the secret before is still good: whoever rotates it
// has to change the CRM, and calls are under way.
const oldHookLife = 7 * 24 * time.Hour

// NewHook gives an operation a new secret for its hook and returns it; the one
// before is good for a week more. Only hashes are stored.
func (s *Service) NewHook(ctx context.Context, slug string) (*Operation, string, error) {
	o, err := s.Store.Operation(ctx, slug)
	if err != nil {
		return nil, "", err
	}
	secret := rand.Text()
	if o.HasHook() {
		o.OldHash, o.OldUntil = o.HookHash, s.Now().Add(oldHookLife)
	}
	o.HookHash, o.UpdatedAt = sha256.Sum256([]byte(secret)), s.Now()
	return o, secret, s.Store.UpdateOperation(ctx, o)
}

// Hooked returns the operation of a hook URL. A wrong id, a wrong secret and an
// operation that is switched off are one errs.NotFound.
func (s *Service) Hooked(ctx context.Context, publicID, secret string) (*Operation, error) {
	gone := errs.New(errs.NotFound, "There is nothing at this address.")
	if !contact.IsPublicID(publicID) {
		return nil, gone
	}
	o, err := s.Store.OperationByPublicID(ctx, publicID)
	if errs.Is(err, errs.NotFound) {
		return nil, gone
	}
	if err != nil {
		return nil, fmt.Errorf("hook: %w", err)
	}
	hash := sha256.Sum256([]byte(secret))
	now := o.HasHook() && subtle.ConstantTimeCompare(hash[:], o.HookHash[:]) == 1
	old := s.Now().Before(o.OldUntil) && subtle.ConstantTimeCompare(hash[:], o.OldHash[:]) == 1
	if !now && !old || o.Status != StatusActive {
		return nil, gone
	}
	return o, nil
}
