// Package operation runs custom operations: ordered actions for a contact,
// started by a CRM's hook, a command, or an admin. What an operation did is
// recorded step by step.
package operation

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
)

// Status says whether an operation may run.
type Status string

// The states.
const (
	StatusActive   Status = "active"
	StatusDisabled Status = "disabled"
)

// Operation is an ordered list of actions.
type Operation struct {
	ID        int64
	PublicID  string
	Slug      string
	Name      string
	Status    Status
	Actions   []Action
	HookHash  [32]byte // of the hook's secret; zero while there is none
	CreatedAt time.Time
	UpdatedAt time.Time
}

// HasHook reports whether a hook URL was handed out.
func (o *Operation) HasHook() bool { return o.HookHash != [32]byte{} }

// ActionKind is what an action does.
type ActionKind string

// The kinds of actions.
const (
	ActionGenerateCoupon ActionKind = "generate_coupon"
	ActionIssueGiftCard  ActionKind = "issue_gift_card"
)

// Action is one step of an operation: its kind, and what that kind asks.
type Action struct {
	Kind           ActionKind      `json:"kind"`
	GenerateCoupon *GenerateCoupon `json:"generate_coupon,omitempty"`
	IssueGiftCard  *IssueGiftCard  `json:"issue_gift_card,omitempty"`
}

// IssueGiftCard makes a gift card and mails it to the contact. Its code goes
// nowhere else: whoever has it has the money.
type IssueGiftCard struct {
	Amount  string `json:"amount"` // "25.00 EUR"
	Sender  string `json:"sender,omitempty"`
	Message string `json:"message,omitempty"`
	// EveryRun makes a card each time. Without it a contact gets one card from
	// the operation, however often a CRM calls.
	EveryRun bool `json:"every_run,omitempty"`
}

// GenerateCoupon makes a one-time code of the contact's own and writes it into
// the contact's fields, where the CRM's e-mails find it.
type GenerateCoupon struct {
	Coupon   string          `json:"coupon"` // slug of a template
	Prefix   string          `json:"prefix,omitempty"`
	Length   int             `json:"length,omitempty"` // 0: as many characters as 80 bits need
	Alphabet string          `json:"alphabet,omitempty"`
	Lifetime coupon.Lifetime `json:"lifetime,omitzero"`
	Bearer   bool            `json:"bearer,omitempty"` // whoever has it may use it
	WhenLive coupon.WhenLive `json:"when_live,omitempty"`

	CodeField    string     `json:"code_field,omitempty"`
	ExpiresField string     `json:"expires_field,omitempty"`
	DateFormat   DateFormat `json:"date_format,omitempty"`
	// LinkField takes the whole magic link to LinkOffer's form, with the code
	// applied.
	LinkField string          `json:"link_field,omitempty"`
	LinkOffer string          `json:"link_offer,omitempty"`
	LinkForm  coupon.LinkForm `json:"link_form,omitempty"`
}

// SetFormats sets how the end is written, and whether the link has the code in
// its query.
func (g *GenerateCoupon) SetFormats(date string, query bool) {
	g.DateFormat = DateFormat(date)
	if query {
		g.LinkForm = coupon.LinkQuery
	}
}

// DateFormat is how a moment is written into a field.
type DateFormat string

// The formats; "" is DateLong.
const (
	DateLong     DateFormat = "long"     // as the site's language writes date and time
	DateDay      DateFormat = "date"     // 2026-05-01
	DateTime     DateFormat = "datetime" // 2026-05-01 18:30
	DateRFC3339  DateFormat = "rfc3339"
	DateUnix     DateFormat = "unix" // seconds, as Ontraport's date fields want them
	DateAmerican DateFormat = "us"   // 05/01/2026
)

// Source is what started a run.
type Source string

// The sources.
const (
	SourceHook    Source = "hook"
	SourceCommand Source = "command"
	SourceAdmin   Source = "admin"
)

// Run is what an operation did for one contact.
type Run struct {
	ID          int64
	PublicID    string
	OperationID int64
	ContactID   int64
	Source      Source
	Status      RunStatus
	Steps       []Step
	CreatedAt   time.Time
}

// RunStatus is how far a run is.
type RunStatus string

// The states of a run.
const (
	RunRunning RunStatus = "running"
	RunDone    RunStatus = "done"
	RunFailed  RunStatus = "failed" // its last step says why
)

// Step is what one action did.
type Step struct {
	Kind  ActionKind        `json:"kind"`
	Error string            `json:"error,omitempty"`
	Made  map[string]string `json:"made,omitempty"` // "code", "expires_at", "link"
}

// Store keeps operations and their runs. Package mysql implements it. Whatever
// does not exist is errs.NotFound.
type Store interface {
	// AddOperation writes an operation and sets its id; a slug that is taken is
	// errs.Conflict.
	AddOperation(ctx context.Context, o *Operation) error
	// UpdateOperation stores name, status, actions and the hook's hash.
	UpdateOperation(ctx context.Context, o *Operation) error
	Operation(ctx context.Context, slug string) (*Operation, error)
	OperationByPublicID(ctx context.Context, publicID string) (*Operation, error)
	// FindOperations lists all, by slug.
	FindOperations(ctx context.Context) ([]Operation, error)
	// AddRun writes a run and sets its id; UpdateRun stores status and steps.
	AddRun(ctx context.Context, r *Run) error
	UpdateRun(ctx context.Context, r *Run) error
	// FindRuns lists an operation's runs, newest first.
	FindRuns(ctx context.Context, operationID int64, limit int) ([]Run, error)
}

// Coupons makes codes for single contacts.
type Coupons interface {
	Generate(ctx context.Context, r coupon.Individual) (*coupon.Code, error)
}

// GiftCards makes gift cards.
type GiftCards interface {
	Issue(ctx context.Context, d giftcard.Draft) (*giftcard.Card, string, error)
}

// Fields writes custom fields of a contact; the CRM that is connected mirrors
// them.
type Fields interface {
	SetFields(ctx context.Context, contactID int64, fields map[string]string) error
}

// Offers looks offers up.
type Offers interface {
	Offer(ctx context.Context, slug string) (*catalog.Offer, error)
}

// Options sets a Service up.
type Options struct {
	Store   Store
	Coupons Coupons
	Cards   GiftCards
	Fields  Fields
	Offers  Offers
	// Person returns a contact's e-mail address and name.
	Person func(ctx context.Context, contactID int64) (email, name string, err error)
	// Page returns the address of the page that sells an offer.
	Page func(ctx context.Context, offer string) (string, error)
	// Date writes a moment for people, in the site's language and zone.
	Date func(time.Time) string
	Zone func() *time.Location
	Now  func() time.Time
}

// Service keeps and runs operations.
type Service struct{ Options }

// NewService returns a Service.
func NewService(o Options) *Service { return &Service{o} }

const maxActions = 50

// Create makes an operation. Its slug and every action are checked; what cannot
// work is errs.Invalid.
func (s *Service) Create(ctx context.Context, slug, name string, actions []Action) (*Operation, error) {
	if fault := catalog.CheckSlug(slug); fault != "" {
		return nil, errs.Field("slug", "The operation's %s.", fault)
	}
	if name = strings.TrimSpace(name); name == "" {
		name = slug
	}
	if utf8.RuneCountInString(name) > 200 || strings.ContainsAny(name, "\r\n") {
		return nil, errs.Field("name", "The name may have at most 200 characters, in one line.")
	}
	if len(actions) == 0 || len(actions) > maxActions {
		return nil, errs.Field("actions", "An operation has 1 to %d actions.", maxActions)
	}
	for i := range actions {
		if err := s.check(ctx, &actions[i]); err != nil {
			return nil, err
		}
	}
	o := &Operation{
		PublicID: newPublicID(), Slug: slug, Name: name, Status: StatusActive, Actions: actions, CreatedAt: s.Now(), UpdatedAt: s.Now(),
	}
	return o, s.Store.AddOperation(ctx, o)
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

// NewHook gives an operation a new secret for its hook and returns it; the one
// before is void from then on. Only its hash is stored.
func (s *Service) NewHook(ctx context.Context, slug string) (*Operation, string, error) {
	o, err := s.Store.Operation(ctx, slug)
	if err != nil {
		return nil, "", err
	}
	secret := rand.Text()
	o.HookHash, o.UpdatedAt = sha256.Sum256([]byte(secret)), s.Now()
	return o, secret, s.Store.UpdateOperation(ctx, o)
}

// Hooked returns the operation of a hook URL. A wrong id, a wrong secret and an
// operation that is switched off are one errs.NotFound.
func (s *Service) Hooked(ctx context.Context, publicID, secret string) (*Operation, error) {
	gone := errs.New(errs.NotFound, "There is nothing at this address.")
	if len(publicID) != 32 || strings.Trim(publicID, "0123456789abcdef") != "" {
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
	if !o.HasHook() || subtle.ConstantTimeCompare(hash[:], o.HookHash[:]) != 1 || o.Status != StatusActive {
		return nil, gone
	}
	return o, nil
}
