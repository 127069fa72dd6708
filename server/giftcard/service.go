package giftcard

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/money"
)

// Store keeps cards. Package mysql implements it. Whatever does not exist is
// errs.NotFound.
type Store interface {
	// AddCard writes a card with its first entry, and the job that delivers it,
	// and sets its id. A second card with a SourceKey is errs.Conflict.
	AddCard(ctx context.Context, c *Card) error
	Card(ctx context.Context, id int64) (*Card, error)
	CardByPublicID(ctx context.Context, publicID string) (*Card, error)
	CardByHash(ctx context.Context, h Hash) (*Card, error)
	CardBySourceKey(ctx context.Context, key string) (*Card, error)
	// CardsAfter lists cards by id, those above one.
	CardsAfter(ctx context.Context, id int64, limit int) ([]Card, error)
	// FindCards lists cards, newest first.
	FindCards(ctx context.Context, f Filter) ([]Card, error)
	// Expired lists active cards whose time has come and that have something
	// on them that no checkout holds.
	Expired(ctx context.Context, now time.Time, limit int) ([]int64, error)
	// Entries lists a card's ledger, oldest first.
	Entries(ctx context.Context, cardID int64) ([]Entry, error)
	// Change locks a card and hands it to do, then stores what do changed in it
	// (status, code, sealed code, delivery, end) and the entry that do returns,
	// if any, all in one transaction.
	Change(ctx context.Context, id int64, do func(*Card) (*Entry, error)) (*Card, error)
	// Faults compares ledgers, balances and holds.
	Faults(ctx context.Context) ([]Fault, error)
	// Liability sums up the ledger until a moment, a line a currency.
	Liability(ctx context.Context, until time.Time) ([]Liability, error)
	Settings(ctx context.Context) (Settings, error)
	SetSettings(ctx context.Context, s Settings) error
}

// Filter narrows FindCards.
type Filter struct {
	Email  string // of the recipient, exact, in any letter case; empty for all
	Before int64  // only ids below it; 0 for all
	Limit  int    // at most; 0 means 50
}

// Fault is what does not add up.
type Fault struct {
	CardID int64
	Text   string // for the owner, in English
}

// Liability is what the shop owes the holders of its cards in one currency.
type Liability struct {
	Currency  money.Currency
	Cards     int // with something on them
	Issued    money.Amount
	Spent     money.Amount // less what came back by refunds
	Adjusted  money.Amount
	TakenBack money.Amount
	Expired   money.Amount
	Owed      money.Amount
}

// Mailer sends a card. It may be called again; WordPress sends each mail once.
type Mailer interface {
	GiftCard(ctx context.Context, c *Card, code string) error
}

// Options sets a Service up.
type Options struct {
	Store  Store
	Maker  Maker
	Mailer Mailer
	Now    func() time.Time
}

// Service keeps cards for their owner and their holders.
type Service struct{ Options }

// NewService returns a Service.
func NewService(o Options) *Service { return &Service{o} }

// Issue makes a card that nobody paid for and returns it with its code, which
// cannot be shown again. A draft whose key has made a card already returns that
// card and an empty code.
func (s *Service) Issue(ctx context.Context, d Draft) (*Card, string, error) {
	now := s.Now().In(s.Maker.Zone())
	var err error
	if d.Gift, err = d.Gift.Check(now); err != nil {
		return nil, "", err
	}
	if d.Amount.Minor <= 0 || d.Amount.Minor > catalog.MaxGiftCard {
		return nil, "", errs.Field("amount", "The amount must be above zero, and not above %s %s.",
			money.New(catalog.MaxGiftCard, d.Amount.Currency).Major(), string(d.Amount.Currency))
	}
	if d.Deliver && d.Gift.RecipientEmail == "" {
		return nil, "", errs.Field("gift.recipient_email", "Say to whom the card is sent.")
	}
	if d.ExpiresAt != nil && !d.ExpiresAt.After(now) {
		return nil, "", errs.Field("expires_at", "The card must not expire before it is made.")
	}
	if d.Settings, err = s.Store.Settings(ctx); err != nil {
		return nil, "", err
	}
	c, code, err := s.Maker.Make(d)
	if err != nil {
		return nil, "", err
	}
	err = s.Store.AddCard(ctx, c)
	if errs.Is(err, errs.Conflict) && d.Key != "" {
		c, err = s.Store.CardBySourceKey(ctx, d.Key)
		return c, "", err
	}
	return c, code, err
}

// Find returns a card by its number, its public id, or its code.
func (s *Service) Find(ctx context.Context, ref string) (*Card, error) {
	ref = strings.TrimSpace(ref)
	if id, err := strconv.ParseInt(ref, 10, 64); err == nil && len(ref) < 12 {
		return s.Store.Card(ctx, id)
	}
	if len(ref) == 32 && strings.Trim(ref, "0123456789abcdef") == "" {
		return s.Store.CardByPublicID(ctx, ref)
	}
	return s.Store.CardByHash(ctx, HashOf(ref))
}

// Balance returns the card of a code to its holder. An unknown code and a
// blocked card are the same errs.NotFound.
func (s *Service) Balance(ctx context.Context, code string) (*Card, error) {
	c, err := s.Store.CardByHash(ctx, HashOf(code))
	if errs.Is(err, errs.NotFound) || err == nil && c.Status != StatusActive {
		return nil, ErrUnknown()
	}
	return c, err
}

// ErrUnknown is the answer to a code that is no card's, whatever is wrong.
func ErrUnknown() error {
	return errs.New(errs.NotFound, "There is no gift card with this code. Please check it and try again.")
}

// Adjust puts something on a card, or takes it off. What a checkout holds cannot
// be taken off: that is errs.Conflict.
func (s *Service) Adjust(ctx context.Context, ref string, by money.Amount, note string) (*Card, error) {
	found, err := s.Find(ctx, ref)
	if err != nil {
		return nil, err
	}
	if note = clip(note); note == "" {
		return nil, errs.Field("note", "Say why: the note stays in the card's ledger.")
	}
	return s.Store.Change(ctx, found.ID, func(c *Card) (*Entry, error) {
		switch {
		case by.Currency != c.Currency:
			return nil, errs.Field("amount", "The card is in %s.", string(c.Currency))
		case by.IsZero():
			return nil, errs.Field("amount", "The amount must not be zero.")
		case c.Available().Minor+by.Minor < 0:
			return nil, errs.New(errs.Conflict, "Only %s %s can be taken off this card.", c.Available().Major(), string(c.Currency))
		case by.Minor > catalog.MaxGiftCard || c.Balance.Minor+by.Minor > catalog.MaxGiftCard:
			return nil, errs.Field("amount", "A card may hold at most %s %s.", money.New(catalog.MaxGiftCard, c.Currency).Major(), string(c.Currency))
		}
		return &Entry{Kind: EntryAdjust, Amount: by, Note: note}, nil
	})
}

const maxNote = 255

func clip(note string) string {
	note = strings.TrimSpace(strings.ToValidUTF8(note, ""))
	if runes := []rune(note); len(runes) > maxNote {
		return string(runes[:maxNote])
	}
	return note
}

// Switch blocks a card or lets it pay again. It may be called twice. What is on
// it stays.
func (s *Service) Switch(ctx context.Context, ref string, on bool) (*Card, error) {
	found, err := s.Find(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.Store.Change(ctx, found.ID, func(c *Card) (*Entry, error) {
		c.Status = StatusBlocked
		if on {
			c.Status = StatusActive
		}
		return nil, nil
	})
}

// Replace gives a card a new code, since the old one was lost; the old one is
// void at once. With an e-mail address the new one is sent there, else it is
// returned, once.
func (s *Service) Replace(ctx context.Context, ref, email string) (*Card, string, error) {
	found, err := s.Find(ctx, ref)
	if err != nil {
		return nil, "", err
	}
	gift, err := Gift{RecipientEmail: email}.Check(s.Now())
	if err != nil {
		return nil, "", err
	}
	code := ""
	c, err := s.Store.Change(ctx, found.ID, func(c *Card) (*Entry, error) {
		var err error
		if code, err = s.Maker.code(c); err != nil {
			return nil, err
		}
		c.DeliverAt, c.DeliveredAt = nil, nil
		if email == "" {
			c.Sealed = ""
			return nil, nil
		}
		now := s.Now()
		c.DeliverAt, c.Gift.RecipientEmail = &now, gift.RecipientEmail
		return nil, nil
	})
	if err != nil || email == "" {
		return c, code, err
	}
	return c, "", nil
}

// Handlers returns what does the jobs of this package.
func (s *Service) Handlers() map[string]job.Handler {
	return map[string]job.Handler{
		JobDeliver: s.deliver,
		JobExpire:  func(ctx context.Context, _ job.Job) error { return s.Expire(ctx) },
	}
}

// deliver sends a card and wipes its code. After a crash in between it is called
// again, and WordPress knows that the mail was sent. A card with nothing on it
// any more is not sent.
func (s *Service) deliver(ctx context.Context, j job.Job) error {
	var p CardJob
	if err := j.Decode(&p); err != nil {
		return err
	}
	c, err := s.Store.Card(ctx, p.CardID)
	if err != nil {
		return err
	}
	if c.Sealed == "" || c.Status != StatusActive || c.DeliverAt != nil && s.Now().Before(*c.DeliverAt) {
		return nil // sent; or a job of its own follows once it may pay again, or on its day
	}
	sent := c.Balance.Minor > 0
	if sent {
		code, err := s.Maker.Open(c.Sealed, place(c.PublicID))
		if err != nil {
			return job.GiveUp(fmt.Errorf("gift card %d: %w", c.ID, err))
		}
		if err := s.Mailer.GiftCard(ctx, c, string(code)); err != nil {
			return fmt.Errorf("gift card %d: %w", c.ID, err)
		}
	}
	_, err = s.Store.Change(ctx, c.ID, func(now *Card) (*Entry, error) {
		if now.CodeHash != c.CodeHash { // replaced meanwhile
			return nil, nil
		}
		now.Sealed = ""
		if sent {
			at := s.Now()
			now.DeliveredAt = &at
		}
		return nil, nil
	})
	return err
}

// JobExpire takes off what is on cards whose time has come.
const JobExpire = "gift_card.expire"

const expireBatch = 200

// Expire takes off what is on cards whose time has come, but for what checkouts
// hold. It may be called again.
func (s *Service) Expire(ctx context.Context) error {
	ids, err := s.Store.Expired(ctx, s.Now(), expireBatch)
	if err != nil {
		return err
	}
	for _, id := range ids {
		_, err := s.Store.Change(ctx, id, func(c *Card) (*Entry, error) {
			left := c.Available()
			if left.IsZero() || !c.HasExpired(s.Now()) {
				return nil, nil
			}
			return &Entry{Kind: EntryExpire, Amount: money.New(-left.Minor, c.Currency)}, nil
		})
		if err != nil {
			return fmt.Errorf("expire gift card %d: %w", id, err)
		}
	}
	return nil
}
