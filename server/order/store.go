package order

import (
	"context"
	"time"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
)

// Store is what Service needs from storage. Package mysql implements it.
// Whatever does not exist is errs.NotFound.
type Store interface {
	// InTx runs fn in a transaction that commits if fn returns nil.
	InTx(ctx context.Context, fn func(Tx) error) error
	// Order, OrderByPublicID, OrderByNumber and OrderOfPayment return an order
	// with its items and payments.
	Order(ctx context.Context, id int64) (*Order, error)
	OrderByPublicID(ctx context.Context, publicID string) (*Order, error)
	OrderByNumber(ctx context.Context, number int64) (*Order, error)
	OrderOfPayment(ctx context.Context, gateway, gatewayID string) (*Order, error)
	// FindOrders lists orders without items and payments, newest first.
	FindOrders(ctx context.Context, f Filter) ([]Order, error)
	// Refunds lists an order's refunds, oldest first.
	Refunds(ctx context.Context, orderID int64) ([]Refund, error)
	// Refund returns one refund.
	Refund(ctx context.Context, id int64) (*Refund, error)
	// GiftCards lists the cards that an order bought.
	GiftCards(ctx context.Context, orderID int64) ([]giftcard.Card, error)
	// FindQuarantine lists what no person has resolved, oldest first.
	FindQuarantine(ctx context.Context) ([]Quarantine, error)
	// ResolveQuarantine takes a payment off that list.
	ResolveQuarantine(ctx context.Context, id int64, now time.Time) error
}

// Filter narrows FindOrders.
type Filter struct {
	Email  string // exact, in any letter case; empty for all
	Before int64  // only numbers below it; 0 for all
	Limit  int    // at most; 0 means 50
}

// Tx is a Store inside one transaction.
type Tx interface {
	// LockPurchase locks a checkout and returns it with the newest attempt
	// that was made with an intent; with an empty intent id, the newest.
	LockPurchase(ctx context.Context, checkoutID int64, intentID string) (*Purchase, error)
	// OrderOfCheckout returns the checkout's order.
	OrderOfCheckout(ctx context.Context, checkoutID int64) (*Order, error)
	// LockOrder locks an order and returns it.
	LockOrder(ctx context.Context, id int64) (*Order, error)
	// NextNumber takes the next order number. The counter's row stays locked
	// until the transaction ends, so that numbers have no gaps.
	NextNumber(ctx context.Context) (int64, error)
	// AddOrder writes an order with its items and payments and sets their ids.
	AddOrder(ctx context.Context, o *Order) error
	// MarkPaid closes the attempt as succeeded and the checkout as paid.
	MarkPaid(ctx context.Context, checkoutID, attemptID int64, now time.Time) error
	// CommitCoupon makes a checkout's reservation a use of its order. One that
	// was released meanwhile is taken again, if anything is left; else it is a
	// *coupon.RefusedError.
	CommitCoupon(ctx context.Context, use coupon.Use, orderID int64) error
	// ReleaseCoupons gives back a checkout's reservations but those of some codes.
	ReleaseCoupons(ctx context.Context, checkoutID int64, keep []int64) error
	// ReturnCoupons gives back the uses that an order made of some codes.
	ReturnCoupons(ctx context.Context, orderID int64, codes []int64) error
	// CommitSeat makes the checkout's seat a sold one; false when it was
	// released meanwhile and none is left.
	CommitSeat(ctx context.Context, offerID int64, seats int, checkoutID, orderID int64) (bool, error)
	// ReleaseSeat gives a reserved seat back.
	ReleaseSeat(ctx context.Context, checkoutID int64) error
	// SpendGiftCard takes what the checkout holds off a card. A hold that was
	// released meanwhile is taken again, if there is enough; else it is a
	// *giftcard.RefusedError.
	SpendGiftCard(ctx context.Context, use giftcard.Use, orderID int64) error
	// ReleaseGiftCards ends a checkout's holds but those of some uses.
	ReleaseGiftCards(ctx context.Context, checkoutID int64, keep []giftcard.Use) error
	// AddGiftCard writes a card that was bought, and the job that sends it.
	AddGiftCard(ctx context.Context, c *giftcard.Card) error
	// LockGiftCards locks the cards that an order bought and returns them.
	LockGiftCards(ctx context.Context, orderID int64) ([]giftcard.Card, error)
	// AddGiftCardEntry locks a card and adds a line to its ledger. A balance
	// below zero is errs.Conflict.
	AddGiftCardEntry(ctx context.Context, e giftcard.Entry) error
	// GiftCardSettings returns the owner's choices.
	GiftCardSettings(ctx context.Context) (giftcard.Settings, error)
	// AddTag gives a contact a tag; one that it has stays.
	AddTag(ctx context.Context, contactID int64, tag, reason string) error
	// AddQuarantine writes down money without an order; the same payment twice
	// is written once.
	AddQuarantine(ctx context.Context, q Quarantine) error
	// SetAccess stores what the buyer's account is.
	SetAccess(ctx context.Context, orderID int64, a AccessChange) error
	// SetCredentials moves the state from one to another and stores the
	// fingerprint; false when the state was another.
	SetCredentials(ctx context.Context, orderID int64, from, to CredentialsState, fingerprint string) (bool, error)
	// AddRefund writes a refund and sets its id.
	AddRefund(ctx context.Context, r *Refund) error
	// UpdateRefund stores a refund's status and its id at the provider.
	UpdateRefund(ctx context.Context, r *Refund) error
	// Refunds lists an order's refunds, oldest first.
	Refunds(ctx context.Context, orderID int64) ([]Refund, error)
	// SetRefunded stores how much of an order was given back.
	SetRefunded(ctx context.Context, orderID int64, refunded money.Amount, s Status) error
	// Enqueue writes a job.
	Enqueue(ctx context.Context, j job.New) error
}

// AccessChange is what the job wordpress.user found out or did.
type AccessChange struct {
	UserID          int64
	Access          Access
	PassFingerprint string
	Credentials     CredentialsState
}

// Purchase is a checkout as Settle needs it.
type Purchase struct {
	CheckoutID int64
	PublicID   string
	ContactID  int64
	UserID     int64 // who was logged in; 0 for a visitor
	Paid       bool
	Buyer      Buyer
	Locale     string
	Origin     Origin
	Attempt    Attempt
}

// Attempt is the try to pay that a settlement belongs to. Its ID is 0 when
// there is none.
type Attempt struct {
	ID      int64
	Account payment.Account
	Amount  money.Amount
	Terms   Terms
}

// Refund is money given back, or on its way.
type Refund struct {
	ID        int64
	PublicID  string
	OrderID   int64
	PaymentID int64  // 0 when it goes back to a gift card
	CardID    int64  // the gift card that it goes back to; 0 for money
	GatewayID string // the provider's id; empty until it is known
	Amount    money.Amount
	Status    RefundStatus
	Source    RefundSource
	Reason    string // the shop's own note
	CreatedAt time.Time
}

// RefundStatus is how far a refund is.
type RefundStatus string

// The states of a refund. A pending one can still fail weeks later.
const (
	RefundRequested RefundStatus = "requested" // ours, not known to have reached the provider
	RefundPending   RefundStatus = "pending"
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed"
)

// RefundSource is where a refund was made.
type RefundSource string

// The sources.
const (
	RefundByUs         RefundSource = "tillside"
	RefundFromProvider RefundSource = "provider" // the provider's dashboard
)
