package giftcard

import (
	"fmt"
	"time"

	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/money"
)

// Draft is a card that shall be made.
type Draft struct {
	Amount    money.Amount
	Gift      Gift // checked
	Deliver   bool // by mail, on the gift's day
	Source    Source
	Key       string // what makes it, once; empty for none
	OrderID   int64
	ContactID int64
	Paid      money.Amount
	Settings  Settings
	ExpiresAt *time.Time // instead of the settings' time
}

// Maker makes cards. It asks nobody: a card can be made inside a transaction.
type Maker struct {
	// Seal encrypts a code for storage at a place.
	Seal func(plain []byte, place string) (string, error)
	Open func(sealed, place string) ([]byte, error)
	Zone func() *time.Location
	Now  func() time.Time
}

// Make returns a new card of an amount that was checked, not stored yet, and its code, which is stored as a
// hash alone, and sealed while a mail with it is due.
func (m Maker) Make(d Draft) (*Card, string, error) {
	now := m.Now().In(m.Zone())
	c := &Card{
		PublicID: newPublicID(), Currency: d.Amount.Currency, Status: StatusActive, Source: d.Source, SourceKey: d.Key,
		OrderID: d.OrderID, ContactID: d.ContactID, Gift: d.Gift, Paid: d.Paid, ExpiresAt: d.Settings.expiresAt(now), CreatedAt: now,
		Issued: d.Amount, Balance: d.Amount, Held: money.New(0, d.Amount.Currency), Taken: money.New(0, d.Amount.Currency),
	}
	if d.ExpiresAt != nil {
		c.ExpiresAt = d.ExpiresAt
	}
	if c.Paid.Currency == "" {
		c.Paid = money.New(0, c.Currency)
	}
	if !d.Deliver {
		code, err := m.code(c)
		c.Sealed = ""
		return c, code, err
	}
	at := d.Gift.deliverAt(now)
	c.DeliverAt = &at
	code, err := m.code(c)
	return c, code, err
}

// code gives a card a new code.
func (m Maker) code(c *Card) (string, error) {
	code := shape.Generate()
	sealed, err := m.Seal([]byte(code), place(c.PublicID))
	if err != nil {
		return "", fmt.Errorf("seal the code of a gift card: %w", err)
	}
	c.CodeHash, c.Mask, c.Sealed = HashOf(code), MaskOf(code), sealed
	return code, nil
}

func place(publicID string) string { return "gift_card/" + publicID }

// JobDeliver sends a card by mail.
const JobDeliver = "gift_card.deliver"

// CardJob is the payload of JobDeliver.
type CardJob struct {
	CardID int64 `json:"card_id"`
}

// Delivery returns the job that sends a stored card, or nil when no mail is due.
func (c *Card) Delivery() *job.New {
	if c.DeliverAt == nil || c.Sealed == "" {
		return nil
	}
	return &job.New{Kind: JobDeliver, Priority: job.PriorityNormal, RunAt: *c.DeliverAt, Payload: CardJob{c.ID}}
}
