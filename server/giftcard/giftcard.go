// Package giftcard keeps stored value. A card pays like money, after all
// discounts; what goes on and off it is a ledger to which lines are only added.
// Codes are stored as hashes.
package giftcard

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/money"
)

// Status says whether a card may pay.
type Status string

// The states. An expired card is an active one whose time has come.
const (
	StatusActive  Status = "active"
	StatusBlocked Status = "blocked" // by the owner: lost, stolen, bought with a stolen card
)

// Source is how a card came to be.
type Source string

// The sources.
const (
	SourceSale      Source = "sale"
	SourceCommand   Source = "command"
	SourceAdmin     Source = "admin"
	SourceOperation Source = "operation"
)

// Card is a gift card. Balance and Held are read from the ledger and the holds.
type Card struct {
	ID        int64
	PublicID  string
	CodeHash  Hash
	Mask      string // "•••• 7KQ2"
	Sealed    string // the code, encrypted, until it is delivered; then empty
	Currency  money.Currency
	Status    Status
	Source    Source
	SourceKey string // what made it, once: a second card with the key is refused
	OrderID   int64  // that bought it; 0 for none
	ContactID int64  // whom it was made for by an operation; 0 for nobody
	Gift      Gift
	Paid      money.Amount // what it was bought for, after discounts

	DeliverAt   *time.Time // nil: no mail
	DeliveredAt *time.Time
	ExpiresAt   *time.Time // nil: never
	CreatedAt   time.Time

	Issued  money.Amount // what was first put on it
	Balance money.Amount // what is on it now
	Held    money.Amount // of that, by checkouts that are being paid
	Taken   money.Amount // taken back when its own order was refunded
}

// Available returns what the card can pay now, whoever asks.
func (c *Card) Available() money.Amount {
	return money.New(max(0, c.Balance.Minor-c.Held.Minor), c.Currency)
}

// HasExpired reports whether the card's time has come.
func (c *Card) HasExpired(now time.Time) bool {
	return c.ExpiresAt != nil && !now.Before(*c.ExpiresAt)
}

// Hash is the SHA-256 of a code's key. Codes have at least 80 random bits, so
// that no slower hash is needed.
type Hash [32]byte

// HashOf returns the hash under which a code is stored. Letter case, spaces,
// hyphens and look-alike letters do not count.
func HashOf(code string) Hash { return sha256.Sum256([]byte(coupon.Normalize(code))) }

// shape is what codes of cards look like: 17 characters of 26 carry 79.9 bits,
// so there are 18.
var shape = coupon.Shape{Length: 18, Alphabet: coupon.DefaultAlphabet}

// maskDots stand for the characters of a code that are not shown.
const maskDots = "•••• "

// maskLen is how many of a code's last characters are shown.
const maskLen = 4

// MaskOf returns how a code is shown to whoever need not know it.
func MaskOf(code string) string {
	key := []rune(coupon.Normalize(code))
	return maskDots + string(key[max(0, len(key)-maskLen):])
}

// newPublicID returns 128 random bits in hexadecimal.
func newPublicID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails; see crypto/rand
	return hex.EncodeToString(b[:])
}

// EntryKind is what a line of the ledger is for.
type EntryKind string

// The kinds of entries.
const (
	EntryIssue    EntryKind = "issue"     // + first put on
	EntrySpend    EntryKind = "spend"     // - paid for an order
	EntryRefund   EntryKind = "refund"    // + given back from an order that it paid
	EntryTakeBack EntryKind = "take_back" // - its own order was refunded; + that refund failed
	EntryAdjust   EntryKind = "adjust"    // ± by the owner
	EntryExpire   EntryKind = "expire"    // - its time has come
)

// Entry is a line of a card's ledger. Lines are never changed and never removed.
type Entry struct {
	ID        int64
	CardID    int64
	Kind      EntryKind
	Amount    money.Amount
	Balance   money.Amount // afterwards
	OrderID   int64        // 0 for none
	Key       string       // one line a key; empty for none
	Note      string
	CreatedAt time.Time
}

// RefundLife is how long a card lives at least after a refund onto it.
const RefundLife = 30 * 24 * time.Hour

// Use is what a checkout takes off a card.
type Use struct {
	CardID     int64
	CheckoutID int64
	Amount     money.Amount
}

// RefusedError says that a card cannot pay what a quote said it would: somebody
// else was faster, or it was blocked or has expired since.
type RefusedError struct{ CardID int64 }

// Error implements error.
func (e *RefusedError) Error() string { return "gift card refused" }
