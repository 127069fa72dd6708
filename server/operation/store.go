package operation

import (
	"context"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/giftcard"
)

// Store keeps operations and their runs. Package mysql implements it. Whatever
// does not exist is errs.NotFound.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	// AddOperation writes an operation and sets its id; a slug that is taken is
	// errs.Conflict.
	AddOperation(ctx context.Context, o *Operation) error
	// UpdateOperation stores all that may change of an operation.
	UpdateOperation(ctx context.Context, o *Operation) error
	Operation(ctx context.Context, slug string) (*Operation, error)
	OperationByID(ctx context.Context, id int64) (*Operation, error)
	OperationByPublicID(ctx context.Context, publicID string) (*Operation, error)
	// FindOperations lists all, by slug.
	FindOperations(ctx context.Context) ([]Operation, error)
	// OpenOffers lists the offers of which a contact, or its WordPress user, has
	// checkouts that are not paid.
	OpenOffers(ctx context.Context, contactID int64) ([]int64, error)
	Run(ctx context.Context, id int64) (*Run, error)
	RunByPublicID(ctx context.Context, publicID string) (*Run, error)
	// FindRuns lists an operation's runs, newest first.
	FindRuns(ctx context.Context, operationID int64, limit int) ([]Run, error)
	// RunsOf lists a contact's runs, newest first.
	RunsOf(ctx context.Context, contactID int64, limit int) ([]Run, error)
}

// Tx is a Store inside one transaction.
type Tx interface {
	contact.Tx
	// AddRun writes a run and sets its id. When the operation has run for the
	// same key before, that run is read instead, and it is false.
	AddRun(ctx context.Context, r *Run) (bool, error)
	// RecentRun returns the newest run of an operation for a contact since a time,
	// or errs.NotFound. The contact is locked by the caller.
	RecentRun(ctx context.Context, operationID, contactID int64, since time.Time) (*Run, error)
	// LockRun locks a run and returns it.
	LockRun(ctx context.Context, id int64) (*Run, error)
	// SaveRun stores status, steps, next step, time of waking and problem.
	SaveRun(ctx context.Context, r *Run) error
	// Triggered lists the active operations that a trigger starts: those for
	// one of some args, and those for every one.
	Triggered(ctx context.Context, kind TriggerKind, args []string) ([]Operation, error)
	// StopRuns ends the runs of a checkout that wait, and returns how many.
	StopRuns(ctx context.Context, checkoutID int64, why string) (int, error)
}

// Coupons makes codes for single contacts.
type Coupons interface {
	Generate(ctx context.Context, r coupon.Individual) (*coupon.Code, error)
}

// GiftCards makes gift cards.
type GiftCards interface {
	Issue(ctx context.Context, d giftcard.Draft) (*giftcard.Card, string, error)
}

// Offers looks offers up.
type Offers interface {
	Offer(ctx context.Context, slug string) (*catalog.Offer, error)
	OfferByID(ctx context.Context, id int64) (*catalog.Offer, error)
}

// Products looks products up.
type Products interface {
	Product(ctx context.Context, slug string) (*catalog.Product, error)
}

// People knows contacts.
type People interface {
	ContactByID(ctx context.Context, id int64) (*contact.Contact, error)
	TagNames(ctx context.Context, contactID int64) ([]string, error)
	Fields(ctx context.Context, contactID int64) (map[string]string, error)
	// Owns reports whether a contact, or its WordPress user, has bought a
	// product, or was given it.
	Owns(ctx context.Context, contactID int64, product string) (bool, error)
}

// Users is what runs do to WordPress accounts. Every method may be called again.
type Users interface {
	// Invite finds or makes the account of a contact and returns its id; a new
	// one gets a mail with a link that sets the password.
	Invite(ctx context.Context, c *contact.Contact, key string) (int64, error)
	// ChangeRoles adds and removes roles of an account; roles that can run the
	// site are never granted.
	ChangeRoles(ctx context.Context, userID int64, add, remove []string) error
}

// Sender sends what leaves the site. Every method may be called again with the
// same key.
type Sender interface {
	// Mail sends a mail once.
	Mail(ctx context.Context, key string, to *contact.Contact, m Mail) error
	// Call posts what an operation says about a contact to an address.
	Call(ctx context.Context, key, url string, body CallBody) error
}

// CallBody is what the action call_webhook sends, as JSON.
type CallBody struct {
	Operation string            `json:"operation"`
	Run       string            `json:"run"`
	ContactID string            `json:"contact_id"`
	Email     string            `json:"email"`
	FirstName string            `json:"first_name"`
	LastName  string            `json:"last_name"`
	Tags      []string          `json:"tags"`
	Fields    map[string]string `json:"fields"`
}

// Options sets a Service up.
type Options struct {
	Store    Store
	Coupons  Coupons
	Cards    GiftCards
	Offers   Offers
	Products Products
	People   People
	Users    Users
	Sender   Sender
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
