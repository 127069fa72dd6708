package checkout

import (
	"context"
	"time"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/payment"
)

// Store is what Service needs from storage. Package mysql implements it.
// Whatever does not exist is errs.NotFound.
type Store interface {
	// InTx runs fn in a transaction that commits if fn returns nil.
	InTx(ctx context.Context, fn func(Tx) error) error
	// Checkout returns a checkout by its public id.
	Checkout(ctx context.Context, publicID string) (*Checkout, error)
	// CheckoutByID returns a checkout.
	CheckoutByID(ctx context.Context, id int64) (*Checkout, error)
	// Attempt returns an attempt; LastAttempt a checkout's newest;
	// AttemptOfIntent the newest that was made with an intent.
	Attempt(ctx context.Context, id int64) (*Attempt, error)
	LastAttempt(ctx context.Context, checkoutID int64) (*Attempt, error)
	AttemptOfIntent(ctx context.Context, gateway, intentID string) (*Attempt, error)
	// Declines counts the attempts that were declined since a time, of an
	// origin and of a contact; a zero origin has none.
	Declines(ctx context.Context, origin OriginKey, contactID int64, since time.Time) (ofOrigin, ofContact int, err error)
	// SeatsFull reports whether all seats of an offer are sold or held.
	SeatsFull(ctx context.Context, offerID int64, seats int) (bool, error)
	// HasHolds reports whether a checkout holds anything of a limit.
	HasHolds(ctx context.Context, checkoutID int64) (bool, error)
	// Customer returns the provider's customer of a contact.
	Customer(ctx context.Context, contactID int64, a payment.Account) (string, error)
	// AddCustomer stores it; the first one stays, and is returned.
	AddCustomer(ctx context.Context, contactID int64, a payment.Account, customerID string, now time.Time) (string, error)
	// ForgetCustomer removes it again.
	ForgetCustomer(ctx context.Context, contactID int64, a payment.Account, customerID string) error
	// LeaseAttempt makes the caller the only one to drive an open attempt
	// until a time; false when somebody else is, or when it is closed. The
	// holder may call it again.
	LeaseAttempt(ctx context.Context, id int64, lease string, now, until time.Time) (bool, error)
	// ReleaseAttempt gives a lease back; nothing happens when it is lost.
	ReleaseAttempt(ctx context.Context, id int64, lease string) error
	// StaleAttempts lists open attempts in a state that did not change since a
	// time, oldest first.
	StaleAttempts(ctx context.Context, s AttemptStatus, since time.Time, limit int) ([]Attempt, error)
	// OldAttempts lists open attempts in a state that were made before a time,
	// oldest first.
	OldAttempts(ctx context.Context, s AttemptStatus, before time.Time, limit int) ([]Attempt, error)
	// IdleCheckouts lists checkouts in a state that did not change since a
	// time, oldest first.
	IdleCheckouts(ctx context.Context, s Status, since time.Time, limit int) ([]Checkout, error)
	// GiftCards returns cards in the order of their ids here; what a checkout
	// holds itself does not count as held.
	GiftCards(ctx context.Context, ids []int64, checkoutID int64) ([]giftcard.Card, error)
	// GiftCardByHash returns the card of a code likewise.
	GiftCardByHash(ctx context.Context, h giftcard.Hash, checkoutID int64) (*giftcard.Card, error)
	// AddEvent writes a provider's event into the inbox, with a job, in one
	// transaction; false when it was there already.
	AddEvent(ctx context.Context, gateway string, e payment.Event, j *job.New, now time.Time) (bool, error)
	// EventsReadUntil returns the time up to which a gateway's list of events
	// has been read.
	EventsReadUntil(ctx context.Context, gateway string) (time.Time, error)
	// SetEventsReadUntil stores it.
	SetEventsReadUntil(ctx context.Context, gateway string, until time.Time) error
}

// Tx is a Store inside one transaction.
type Tx interface {
	// LockCheckout locks a checkout and returns it.
	LockCheckout(ctx context.Context, publicID string) (*Checkout, error)
	// LockCheckoutByID does so by our own id.
	LockCheckoutByID(ctx context.Context, id int64) (*Checkout, error)
	// UpsertContact returns the contact of an e-mail address, made if it is
	// new; an existing one keeps its names.
	UpsertContact(ctx context.Context, c contact.Contact) (*contact.Contact, error)
	// AddCheckout writes a checkout and sets its id.
	AddCheckout(ctx context.Context, c *Checkout) error
	// UpdateCheckout stores all that may change in a checkout.
	UpdateCheckout(ctx context.Context, c *Checkout) error
	// MarkAbandoned notes when a checkout was left; the first time stays.
	MarkAbandoned(ctx context.Context, id int64, at time.Time) error
	// OpenAttempt returns the checkout's open attempt.
	OpenAttempt(ctx context.Context, checkoutID int64) (*Attempt, error)
	// LockAttempt locks an attempt and returns it.
	LockAttempt(ctx context.Context, id int64) (*Attempt, error)
	// AttemptByKey returns the attempt of a click.
	AttemptByKey(ctx context.Context, checkoutID int64, clientKey string) (*Attempt, error)
	// AddAttempt writes an open attempt with the next number and sets its id.
	// A second open one for the checkout is errs.Paying.
	AddAttempt(ctx context.Context, a *Attempt) error
	// UpdateAttempt stores an attempt's status, intent and decline; a closed
	// status makes room for the next attempt.
	UpdateAttempt(ctx context.Context, a *Attempt) error
	// AddCode makes a checkout carry a code; one that it carries stays.
	AddCode(ctx context.Context, checkoutID, codeID int64, source coupon.Source) error
	// RemoveCode takes it off again.
	RemoveCode(ctx context.Context, checkoutID, codeID int64) error
	// ReserveCoupon reserves a use for a checkout that is locked; the same
	// checkout enters its own reservation again. It writes the limits' rows
	// first, and they stay locked. When nothing is left, or the coupon changed
	// since its quote, it is a *coupon.RefusedError: the transaction must not
	// commit.
	ReserveCoupon(ctx context.Context, use coupon.Use) error
	// ReleaseCoupons gives back a checkout's reservations but those of some codes.
	ReleaseCoupons(ctx context.Context, checkoutID int64, keep []int64) error
	// ReserveSeat takes one of an offer's seats; false when none is left.
	ReserveSeat(ctx context.Context, offerID int64, seats int, checkoutID int64) (bool, error)
	// AddGiftCard makes a checkout carry a card; one that it carries stays.
	AddGiftCard(ctx context.Context, checkoutID, cardID int64) error
	// RemoveGiftCard takes it off again.
	RemoveGiftCard(ctx context.Context, checkoutID, cardID int64) error
	// HoldGiftCard holds an amount of a card for a checkout that is locked; the
	// same checkout enters its own hold again, and one that is larger stays. It
	// writes the card's row first, which stays locked. When there is not
	// enough, it is a *giftcard.RefusedError: the transaction must not commit.
	HoldGiftCard(ctx context.Context, use giftcard.Use) error
	// ReleaseGiftCards ends a checkout's holds but those of some uses, which
	// are lowered to what the use needs.
	ReleaseGiftCards(ctx context.Context, checkoutID int64, keep []giftcard.Use) error
	// AddWaiting puts a contact on an offer's wait list, once.
	AddWaiting(ctx context.Context, offerID, contactID int64) error
	// ReleaseSeat gives a reserved seat back.
	ReleaseSeat(ctx context.Context, checkoutID int64) error
	// Enqueue writes a job.
	Enqueue(ctx context.Context, j job.New) error
}
