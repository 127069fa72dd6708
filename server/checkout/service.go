package checkout

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/server/payment"
)

// The jobs of this package.
const (
	JobResume    = "payment.resume"    // drives an attempt that nobody drives
	JobObserve   = "payment.observe"   // reads an intent again that an event pointed at
	JobExpire    = "checkout.expire"   // ends what nobody will finish
	JobReconcile = "payment.reconcile" // asks the provider what we may have missed
	JobEvent     = "checkout.event"    // tells WordPress about a checkout
	JobFailed    = "mail.failed"       // tells a buyer that the bank refused days later
)

// AttemptJob is the payload of JobResume.
type AttemptJob struct {
	AttemptID int64 `json:"attempt_id"`
}

// ObserveJob is the payload of JobObserve.
type ObserveJob struct {
	Gateway  string `json:"gateway"`
	IntentID string `json:"intent_id"`
}

// EventJob is the payload of JobEvent.
type EventJob struct {
	Type       string `json:"type"` // "checkout.started"
	CheckoutID int64  `json:"checkout_id"`
}

// Offers is what a checkout needs of the catalogue.
type Offers interface {
	Offer(ctx context.Context, slug string) (*catalog.Offer, error)
	OfferByID(ctx context.Context, id int64) (*catalog.Offer, error)
}

// Orders is what a checkout needs of orders.
type Orders interface {
	// Settle makes the order, or returns the one that is there.
	Settle(ctx context.Context, s order.Settlement) (*order.Order, error)
	// Quarantine keeps money of this site that no checkout asked for; an
	// intent that brought none is left alone.
	Quarantine(ctx context.Context, gateway string, intent *payment.Intent) error
	// SyncRefunds reads a payment's refunds from the provider.
	SyncRefunds(ctx context.Context, gateway, intentID string) error
}

// Options sets a Service up.
type Options struct {
	Store    Store
	Offers   Offers
	Orders   Orders
	Coupons  Coupons
	Guard    Guard
	Gateways payment.Lookup
	// Minimum returns the least amount that the payment provider charges.
	Minimum func(money.Currency) money.Amount
	// Zone returns the site's time zone.
	Zone func() *time.Location
	// Site returns this site's identity, kept with each intent: intents of
	// another site on the same account are left alone. A copy of a site gets
	// one of its own while we run.
	Site func() string
	// Home returns the site's address, without a slash at its end.
	Home func() string
	// FollowUp returns how the site follows up on people who began to order.
	FollowUp func(ctx context.Context) (FollowUp, error)
	// Selling returns why nothing is sold now, such as that this is a copy of
	// the site, or nil.
	Selling   func() error
	StatusKey []byte // the key from which status-only tokens are derived
	Log       *slog.Logger
	Now       func() time.Time
}

// Service leads buyers through checkouts.
type Service struct {
	Options
	driving sync.WaitGroup // attempts under way in this process
}

// NewService returns a Service.
func NewService(o Options) *Service { return &Service{Options: o} }

// Wait returns when no attempt is under way in this process any more, or when
// ctx ends: before the process ends, so that no answer of a gateway is lost.
func (s *Service) Wait(ctx context.Context) {
	done := make(chan struct{})
	go func() { s.driving.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// StartRequest is step 1.
type StartRequest struct {
	Offer     string // slug
	Email     string
	FirstName string
	LastName  string
	UserID    int64 // of the session; 0 for a visitor
	Locale    string
	Origin    order.Origin
	Codes     []coupon.Wish // that the buyer brings, by text
	Address   netip.Addr    // where the request came from; the zero Addr when unknown
	// LinkID and LinkContactID are of the magic link that was opened.
	LinkID        int64
	LinkContactID int64
	Gift          *giftcard.Gift // nil for nothing
}

// Found is a checkout as its buyer sees it. Quoted is nil when the offer is not
// open any more.
type Found struct {
	Checkout *Checkout
	Quoted   *coupon.Quoted
	// StatusOnly is true for the token that came back from a bank: its bearer
	// may know how the payment went, and nothing else.
	StatusOnly bool
}

// Start is step 1: it makes the contact and the checkout, and returns the
// checkout's token, which is stored nowhere. It makes no WordPress user and
// does not tell whether there is one. An offer that is not open is errs.Gone.
func (s *Service) Start(ctx context.Context, r StartRequest) (*Found, string, error) {
	if err := s.Selling(); err != nil {
		return nil, "", err
	}
	offer, err := s.Offers.Offer(ctx, r.Offer)
	if err != nil {
		return nil, "", err
	}
	buyer, err := checkBuyer(order.Buyer{Email: r.Email, FirstName: r.FirstName, LastName: r.LastName})
	if err != nil {
		return nil, "", err
	}
	if _, err := s.quote(ctx, coupon.QuoteRequest{Offer: offer}); err != nil {
		return nil, "", err
	}
	gift, err := s.checkGift(offer, r.Gift)
	if err != nil {
		return nil, "", err
	}
	full, err := s.SoldOut(ctx, offer)
	if err == nil && full {
		err = errSoldOut()
	}
	if err != nil {
		return nil, "", err
	}
	seeker := coupon.Seeker{Address: r.Address}
	if len(r.Codes) > 0 {
		if err := s.Guard.Allow(ctx, seeker); errs.Is(err, errs.RateLimited) {
			r.Codes = nil // the buyer goes on without them
		} else if err != nil {
			return nil, "", err
		}
	}
	follow, err := s.FollowUp(ctx)
	if err != nil {
		return nil, "", err
	}
	token, now := newToken(), s.Now()
	c := &Checkout{
		PublicID: newToken(), TokenHash: HashOf(token), OfferID: offer.ID, Status: StatusOpen, Version: 1, Step: 2,
		Buyer: buyer, UserID: r.UserID, LinkID: r.LinkID, LinkContactID: r.LinkContactID, Gift: gift, Locale: r.Locale,
		Origin: s.checkOrigin(r.Origin), CreatedAt: now, UpdatedAt: now,
	}
	err = s.Store.InTx(ctx, func(tx Tx) error {
		person, err := tx.UpsertContact(ctx, newContact(buyer, now))
		if err != nil {
			return err
		}
		c.ContactID = person.ID
		if err := tx.AddCheckout(ctx, c); err != nil {
			return err
		}
		if err := s.raise(ctx, tx, c, catalog.OnStarted, now.Add(time.Duration(follow.EarlyMinutes)*time.Minute)); err != nil {
			return err
		}
		return tx.Enqueue(ctx, job.New{
			Kind: JobEvent, Priority: job.PriorityBulk, RunAt: now, Payload: EventJob{Type: "checkout.started", CheckoutID: c.ID},
		})
	})
	if err != nil {
		return nil, "", fmt.Errorf("start checkout of %q: %w", r.Offer, err)
	}
	found, err := s.bring(ctx, c, r.Codes)
	if err != nil {
		return nil, "", err
	}
	if n := coupon.RefusedIn(found.Quoted.Notices); n > 0 {
		err = s.Guard.Refused(ctx, seeker, n)
	}
	return found, token, err
}

// bring gives a new checkout the codes that its buyer brought: those that apply,
// and those that may yet. The answer says what became of the others.
func (s *Service) bring(ctx context.Context, c *Checkout, codes []coupon.Wish) (*Found, error) {
	with := *c
	with.Codes = codes
	quoted, err := s.quoteOf(ctx, &with, nil)
	if err != nil {
		return nil, err
	}
	if c.Codes = keepCodes(quoted, codes); len(c.Codes) == 0 {
		return &Found{Checkout: c, Quoted: quoted}, nil
	}
	err = s.Store.InTx(ctx, func(tx Tx) error { return addCodes(ctx, tx, c.ID, c.Codes) })
	if err != nil {
		return nil, fmt.Errorf("codes of checkout %d: %w", c.ID, err)
	}
	return &Found{Checkout: c, Quoted: quoted}, nil
}

func newContact(b order.Buyer, now time.Time) contact.Contact {
	return contact.Contact{PublicID: contact.NewPublicID(), Email: b.Email, FirstName: b.FirstName, LastName: b.LastName, CreatedAt: now}
}

// Checkout returns a checkout to the bearer of its token. A wrong id and a
// wrong token are the same errs.NotFound. The quote of an offer that is not
// open any more is nil.
func (s *Service) Checkout(ctx context.Context, publicID, token string) (*Found, error) {
	c, statusOnly, err := s.authorized(ctx, publicID, token)
	if err != nil {
		return nil, err
	}
	if statusOnly {
		return &Found{Checkout: c, StatusOnly: true}, nil
	}
	return s.withQuote(ctx, c)
}

func (s *Service) withQuote(ctx context.Context, c *Checkout) (*Found, error) {
	quoted, err := s.quoteOf(ctx, c, nil)
	if err != nil && !errs.Is(err, errs.Gone) {
		return nil, err
	}
	return &Found{Checkout: c, Quoted: quoted}, nil
}

// authorized returns the checkout and whether the token is the status-only one.
func (s *Service) authorized(ctx context.Context, publicID, token string) (*Checkout, bool, error) {
	if !isPublicID(publicID) {
		return nil, false, errNotYours()
	}
	c, err := s.Store.Checkout(ctx, publicID)
	switch {
	case errs.Is(err, errs.NotFound):
		return nil, false, errNotYours()
	case err != nil:
		return nil, false, err
	case c.TokenHash.matches(token):
		return c, false, nil
	case c.StatusHash != Hash{} && c.StatusHash.matches(token):
		return c, true, nil
	}
	return nil, false, errNotYours()
}

// owned returns the checkout to the bearer of its full token only.
func (s *Service) owned(ctx context.Context, publicID, token string) (*Checkout, error) {
	c, statusOnly, err := s.authorized(ctx, publicID, token)
	if err == nil && statusOnly {
		err = errNotYours()
	}
	return c, err
}

// OwnsOrder returns errs.NotFound unless the token is the full token of the
// checkout that led to the order.
func (s *Service) OwnsOrder(ctx context.Context, checkoutID int64, token string) error {
	c, err := s.Store.CheckoutByID(ctx, checkoutID)
	if err == nil && !c.TokenHash.matches(token) {
		err = errNotYours()
	}
	return err
}
