package order

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/failpoint"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
)

// The jobs that follow an order.
const (
	JobUser         = "wordpress.user"     // finds or makes the account
	JobAnnounce     = "wordpress.announce" // tells WordPress about it
	JobReceipt      = "mail.receipt"
	JobWelcome      = "mail.welcome"
	JobExisting     = "mail.existing"
	JobSale         = "mail.sale"
	JobEvent        = "wordpress.event"
	JobSendRefund   = "refund.send"
	JobSyncRefunds  = "refund.sync"
	mailPriority    = job.PriorityNormal
	credentialsLife = time.Hour
)

// OrderJob is the payload of a job about one order.
type OrderJob struct {
	OrderID int64 `json:"order_id"`
}

// EventJob is the payload of JobEvent: an action that WordPress fires.
type EventJob struct {
	Type    string `json:"type"` // "order.paid", "order.refunded"
	OrderID int64  `json:"order_id,omitempty"`
	// RefundID is set for order.refunded.
	RefundID int64 `json:"refund_id,omitempty"`
}

// Service settles, fulfils and refunds orders.
type Service struct {
	store    Store
	gateways payment.Lookup
	users    Users
	mailer   Mailer
	cards    Cards
	log      *slog.Logger
	now      func() time.Time
}

// Options sets a Service up.
type Options struct {
	Store    Store
	Gateways payment.Lookup
	Users    Users
	Mailer   Mailer
	Cards    Cards
	Log      *slog.Logger
	Now      func() time.Time
}

// NewService returns a Service.
func NewService(o Options) *Service {
	return &Service{store: o.Store, gateways: o.Gateways, users: o.Users, mailer: o.Mailer, cards: o.Cards, log: o.Log, now: o.Now}
}

// Paid is money that the gateway says has come in.
type Paid struct {
	Account  payment.Account
	IntentID string
	Received money.Amount
	Tender   payment.Tender
}

// Settlement asks Settle for an order. A nil Paid is an order that costs nothing.
type Settlement struct {
	CheckoutID int64
	Paid       *Paid
}

// Settle makes a payment into a paid order, with its number, items and payment
// and the jobs that follow, in one transaction. Webhook, browser and reconciler
// all call it, as often as they like: the second time it returns the order that
// is there. Money that does not match what was agreed, or that comes for a
// checkout that is paid already, goes into quarantine, and the error is
// errs.Conflict.
func (s *Service) Settle(ctx context.Context, r Settlement) (*Order, error) {
	var settled *Order
	var refused error
	err := s.store.InTx(ctx, func(tx Tx) error {
		settled, refused = nil, nil
		intentID := ""
		if r.Paid != nil {
			intentID = r.Paid.IntentID
		}
		p, err := tx.LockPurchase(ctx, r.CheckoutID, intentID)
		if err != nil {
			return err
		}
		existing, err := tx.OrderOfCheckout(ctx, r.CheckoutID)
		switch {
		case errs.Is(err, errs.NotFound):
		case err != nil:
			return err
		case r.Paid == nil || existing.hasPayment(*r.Paid):
			settled = existing
			return nil
		default:
			refused = errs.New(errs.Conflict, "This order was paid already. Please write to us about the second payment.")
			return s.quarantine(ctx, tx, p, *r.Paid, ReasonSecondPayment, "order "+existing.NumberText()+" was paid before")
		}
		if reason, details := mismatch(p, r.Paid); reason != "" {
			refused = errs.New(errs.Conflict, "This payment does not match the order. Please contact us.")
			return s.quarantine(ctx, tx, p, *r.Paid, reason, details)
		}
		settled, err = s.write(ctx, tx, p, r.Paid)
		if err == nil {
			failpoint.Hit(failpoint.SettleBefore)
		}
		return err
	})
	if errors.Is(err, errNothingLeft) {
		err = s.nothingLeft(ctx, r)
	}
	if err != nil {
		return nil, fmt.Errorf("settle checkout %d: %w", r.CheckoutID, err)
	}
	if refused != nil {
		s.log.ErrorContext(ctx, "payment in quarantine", "checkout", r.CheckoutID, "intent", r.Paid.IntentID)
		return nil, fmt.Errorf("settle checkout %d: %w", r.CheckoutID, refused)
	}
	failpoint.Hit(failpoint.SettleAfter)
	return settled, nil
}

// mismatch compares what came in with what was agreed.
func mismatch(p *Purchase, paid *Paid) (Reason, string) {
	switch {
	case paid == nil && p.Attempt.ID != 0 && p.Attempt.Amount.IsZero():
		return "", ""
	case paid == nil:
		return ReasonAmount, "settled without money, but something was due"
	case p.Attempt.ID == 0:
		return ReasonUnknown, "no attempt of this checkout asked for it"
	case paid.Received != p.Attempt.Amount:
		return ReasonAmount, fmt.Sprintf("agreed %s %s, received %s %s", p.Attempt.Amount.Major(), p.Attempt.Amount.Currency,
			paid.Received.Major(), paid.Received.Currency)
	case paid.Account != p.Attempt.Account:
		return ReasonAccount, fmt.Sprintf("agreed %s %s, received at %s %s", p.Attempt.Account.ID, p.Attempt.Account.Mode,
			paid.Account.ID, paid.Account.Mode)
	}
	return "", ""
}

// write stores the order and what follows it.
func (s *Service) write(ctx context.Context, tx Tx, p *Purchase, paid *Paid) (*Order, error) {
	now := s.now()
	number, err := tx.NextNumber(ctx)
	if err != nil {
		return nil, err
	}
	o := &Order{
		PublicID: newPublicID(), Number: number, CheckoutID: p.CheckoutID, ContactID: p.ContactID,
		Status: StatusPaid, Refunded: money.New(0, p.Attempt.Terms.Total.Currency),
		Buyer: p.Buyer, Locale: p.Locale, Origin: p.Origin, Terms: p.Attempt.Terms,
		Access: AccessPending, Credentials: CredentialsNone, CreatedAt: now,
	}
	o.ThankYouURL = thankYouURL(o)
	if paid != nil {
		o.Payments = []Payment{{
			Account: paid.Account, GatewayID: paid.IntentID, Amount: paid.Received, Tender: paid.Tender, CreatedAt: now,
		}}
	}
	if err := tx.AddOrder(ctx, o); err != nil {
		return nil, err
	}
	if err := s.commit(ctx, tx, p, o); err != nil {
		return nil, err
	}
	if err := s.makeCards(ctx, tx, o); err != nil {
		return nil, err
	}
	if err := tx.MarkPaid(ctx, p.CheckoutID, p.Attempt.ID, now); err != nil {
		return nil, err
	}
	follow := []job.New{
		o.happened(catalog.OnPurchased, now),
		{Kind: JobUser, Priority: job.PriorityPurchase, Payload: OrderJob{o.ID}, RunAt: now},
		{Kind: JobReceipt, Priority: mailPriority, Payload: OrderJob{o.ID}, RunAt: now},
		{Kind: JobSale, Priority: mailPriority, Payload: OrderJob{o.ID}, RunAt: now},
		{Kind: JobEvent, Priority: mailPriority, Payload: EventJob{Type: "order.paid", OrderID: o.ID}, RunAt: now},
	}
	for _, j := range follow {
		if err := tx.Enqueue(ctx, j); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// happened raises a moment of an order for its contact.
func (o *Order) happened(m catalog.Moment, at time.Time) job.New {
	products := make([]string, len(o.Terms.Items))
	for i, item := range o.Terms.Items {
		products[i] = item.ProductSlug
	}
	return job.New{
		Kind: catalog.JobHappened, Priority: job.PriorityPurchase, RunAt: at, Destination: contact.Destination, Lane: fmt.Sprint(o.ContactID),
		Payload: catalog.Happening{
			Moment: m, ContactID: o.ContactID, OfferID: o.Terms.OfferID, Products: products, CheckoutID: o.CheckoutID, OrderID: o.ID,
			Cause: "order " + o.NumberText(), Key: fmt.Sprintf("order:%d:%s:%d", o.ID, m, o.Refunded.Minor),
		},
	}
}

func (s *Service) quarantine(ctx context.Context, tx Tx, p *Purchase, paid Paid, reason Reason, details string) error {
	return tx.AddQuarantine(ctx, Quarantine{
		Account: paid.Account, GatewayID: paid.IntentID, CheckoutID: p.CheckoutID,
		Reason: reason, Details: details, Amount: paid.Received, CreatedAt: s.now(),
	})
}

// hasPayment reports whether the payment is one of the order's own.
func (o *Order) hasPayment(paid Paid) bool {
	for _, p := range o.Payments {
		if p.Account.Gateway == paid.Account.Gateway && p.GatewayID == paid.IntentID {
			return true
		}
	}
	return false
}

// thankYouURL returns where the buyer goes after paying.
func thankYouURL(o *Order) string {
	offer := catalog.Offer{ID: o.Terms.OfferID, ThankYouURL: o.Terms.ThankYouURL, AppendOrderInfo: o.Terms.AppendInfo}
	return offer.ThankYou(o.NumberText(), o.Terms.Due())
}

// newPublicID returns 128 random bits in hexadecimal.
func newPublicID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails; see crypto/rand
	return hex.EncodeToString(b[:])
}
