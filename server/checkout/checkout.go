// Package checkout is one buyer's way through an order form: the steps, the
// quote, and paying. It never calls a gateway inside a transaction, and what
// it asks of a gateway is stored before it is asked.
package checkout

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"time"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/server/payment"
)

// Status is how far a checkout is.
type Status string

// The states of a checkout. Only StatusPaid is final for money; an abandoned
// one goes on when its buyer comes back.
const (
	StatusOpen       Status = "open"
	StatusPaying     Status = "paying"     // an attempt is under way
	StatusProcessing Status = "processing" // a bank takes its time
	StatusPaid       Status = "paid"
	StatusAbandoned  Status = "abandoned" // nothing happened for a while
	StatusExpired    Status = "expired"
)

// Checkout is one buyer's way through an order form.
type Checkout struct {
	ID         int64
	PublicID   string
	TokenHash  Hash
	StatusHash Hash // of the status-only token; zero when there is none
	OfferID    int64
	ContactID  int64
	Status     Status
	Version    int64 // grows with each change by the buyer
	Step       int
	Buyer      order.Buyer
	UserID     int64 // the WordPress user who was logged in; 0 for a visitor
	// LinkID is the magic link that the buyer came by, LinkContactID whom it
	// was made for; 0 without one.
	LinkID        int64
	LinkContactID int64
	Codes         []coupon.Wish  // that the checkout carries, by id, oldest first
	Cards         []int64        // ids of the gift cards that it carries, oldest first
	Gift          *giftcard.Gift // what the buyer says of the gift cards that are bought; nil for nothing
	Locale        string
	Origin        order.Origin
	Intent        Intent
	OrderID       string // public id; empty before it is paid
	OrderNumber   int64
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Intent is the one live intent of a checkout at the provider. Its ID is empty
// while there is none; Number counts those that there were.
type Intent struct {
	Account payment.Account
	ID      string
	Number  int
	Amount  money.Amount
}

// Hash is the SHA-256 of a token. Only hashes of tokens are stored.
type Hash [32]byte

// HashOf returns the hash of a token.
func HashOf(token string) Hash { return sha256.Sum256([]byte(token)) }

func (h Hash) matches(token string) bool {
	got := HashOf(token)
	return token != "" && subtle.ConstantTimeCompare(h[:], got[:]) == 1
}

// errNotYours is the answer to a wrong id and to a wrong token alike.
func errNotYours() error {
	return errs.New(errs.NotFound, "This checkout is not there any more. Please start again.")
}

// AttemptStatus is how far an attempt is.
type AttemptStatus string

// The states of an attempt. The first three are open: only the provider's word
// closes them.
const (
	AttemptStarted    AttemptStatus = "started"    // the provider is being asked
	AttemptAction     AttemptStatus = "action"     // the buyer must act, 3-D Secure
	AttemptProcessing AttemptStatus = "processing" // a bank takes its time
	AttemptSucceeded  AttemptStatus = "succeeded"
	AttemptDeclined   AttemptStatus = "declined"
	AttemptCanceled   AttemptStatus = "canceled"
)

// Attempt is one try to pay, with all that is needed to ask again.
type Attempt struct {
	ID         int64
	CheckoutID int64
	Number     int
	// ClientKey is the browser's idempotency key, one for each click.
	ClientKey   string
	RequestHash Hash
	Status      AttemptStatus
	Account     payment.Account
	Amount      money.Amount
	Token       string // the browser's token for the means of payment
	Terms       order.Terms
	IntentID    string
	// Origin stands for the address that the click came from, as far as it
	// tells people apart; zero when it is not known.
	Origin    OriginKey
	Decline   payment.Decline
	CreatedAt time.Time
	UpdatedAt time.Time
}

// IsOpen reports whether the provider has not had the last word yet.
func (a *Attempt) IsOpen() bool {
	return a.Status == AttemptStarted || a.Status == AttemptAction || a.Status == AttemptProcessing
}

// newToken returns 128 random bits in hexadecimal.
func newToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails; see crypto/rand
	return hex.EncodeToString(b[:])
}

// isPublicID reports whether a text has the shape of newToken. Others are not
// looked up: MariaDB refuses to compare what is not ASCII with such a column.
func isPublicID(text string) bool {
	if len(text) != 32 {
		return false
	}
	for _, r := range text {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') {
			return false
		}
	}
	return true
}

// isASCII reports whether a text has printable ASCII characters only.
func isASCII(text string) bool {
	for _, r := range text {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return true
}
