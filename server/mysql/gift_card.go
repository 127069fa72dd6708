package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/money"
)

// GiftCardStore keeps gift cards. It implements giftcard.Store.
type GiftCardStore struct{ db *DB }

// NewGiftCardStore returns a GiftCardStore.
func NewGiftCardStore(db *DB) *GiftCardStore { return &GiftCardStore{db} }

type giftCardRow struct {
	ID             int64      `db:"id"`
	PublicID       string     `db:"public_id"`
	CodeHash       []byte     `db:"code_hash"`
	Mask           string     `db:"mask"`
	Sealed         *string    `db:"sealed_code"`
	Currency       string     `db:"currency"`
	Status         string     `db:"status"`
	Source         string     `db:"source"`
	SourceKey      *string    `db:"source_key"`
	OrderID        *int64     `db:"order_id"`
	ContactID      *int64     `db:"contact_id"`
	Paid           int64      `db:"paid"`
	Sender         string     `db:"sender"`
	RecipientName  string     `db:"recipient_name"`
	RecipientEmail string     `db:"recipient_email"`
	Message        string     `db:"message"`
	DeliverAt      *time.Time `db:"deliver_at"`
	DeliveredAt    *time.Time `db:"delivered_at"`
	ExpiresAt      *time.Time `db:"expires_at"`
	CreatedAt      time.Time  `db:"created_at"`
	Issued         int64      `db:"issued"`
	Balance        int64      `db:"balance"`
	Held           int64      `db:"held"`
	Taken          int64      `db:"taken"`
}

// selectGiftCard asks for the checkout whose own holds do not count, 0 for none.
// The last line of the ledger has the balance.
const selectGiftCard = `
	SELECT g.id, g.public_id, g.code_hash, g.mask, g.sealed_code, g.currency, g.status, g.source, g.source_key, g.order_id,
		g.contact_id, g.paid, g.sender, g.recipient_name, g.recipient_email, g.message, g.deliver_at, g.delivered_at, g.expires_at,
		g.created_at,
		COALESCE((SELECT e.amount FROM {gift_card_entries} e WHERE e.card_id = g.id AND e.kind = 'issue'), 0) AS issued,
		COALESCE((SELECT e.balance FROM {gift_card_entries} e WHERE e.card_id = g.id ORDER BY e.id DESC LIMIT 1), 0) AS balance,
		COALESCE((SELECT SUM(h.amount) FROM {gift_card_holds} h
			WHERE h.card_id = g.id AND h.state = 'reserved' AND h.checkout_id <> ?), 0) AS held,
		COALESCE((SELECT -SUM(e.amount) FROM {gift_card_entries} e WHERE e.card_id = g.id AND e.kind = 'take_back'), 0) AS taken
	FROM {gift_cards} g`

const maskDots = "•••• " // stored without

func (r *giftCardRow) card() giftcard.Card {
	currency := money.Currency(r.Currency)
	c := giftcard.Card{
		ID: r.ID, PublicID: r.PublicID, Mask: maskDots + r.Mask, Sealed: textOrEmpty(r.Sealed), Currency: currency,
		Status: giftcard.Status(r.Status), Source: giftcard.Source(r.Source), SourceKey: textOrEmpty(r.SourceKey),
		OrderID: orZero(r.OrderID), ContactID: orZero(r.ContactID), Paid: money.New(r.Paid, currency),
		Gift: giftcard.Gift{
			Amount: r.Issued, RecipientName: r.RecipientName, RecipientEmail: r.RecipientEmail, Sender: r.Sender, Message: r.Message,
		},
		DeliverAt: r.DeliverAt, DeliveredAt: r.DeliveredAt, ExpiresAt: r.ExpiresAt, CreatedAt: r.CreatedAt,
		Issued: money.New(r.Issued, currency), Balance: money.New(r.Balance, currency), Held: money.New(r.Held, currency),
		Taken: money.New(r.Taken, currency),
	}
	copy(c.CodeHash[:], r.CodeHash)
	return c
}

func (q querier) giftCard(ctx context.Context, query string, args ...any) (*giftcard.Card, error) {
	var row giftCardRow
	err := q.get(ctx, &row, query, args...)
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no such gift card.")
	}
	if err != nil {
		return nil, fmt.Errorf("select gift card: %w", err)
	}
	c := row.card()
	return &c, nil
}

func (q querier) giftCards(ctx context.Context, query string, args ...any) ([]giftcard.Card, error) {
	var rows []giftCardRow
	if err := q.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("select gift cards: %w", err)
	}
	cards := make([]giftcard.Card, len(rows))
	for i := range rows {
		cards[i] = rows[i].card()
	}
	return cards, nil
}

// Card implements giftcard.Store.
func (s *GiftCardStore) Card(ctx context.Context, id int64) (*giftcard.Card, error) {
	const query = selectGiftCard + `
		WHERE g.id = ?`
	return s.db.giftCard(ctx, query, 0, id)
}

// CardByPublicID implements giftcard.Store.
func (s *GiftCardStore) CardByPublicID(ctx context.Context, publicID string) (*giftcard.Card, error) {
	const query = selectGiftCard + `
		WHERE g.public_id = ?`
	return s.db.giftCard(ctx, query, 0, publicID)
}

// CardByHash implements giftcard.Store.
func (s *GiftCardStore) CardByHash(ctx context.Context, h giftcard.Hash) (*giftcard.Card, error) {
	return s.db.giftCardByHash(ctx, h, 0)
}

func (q querier) giftCardByHash(ctx context.Context, h giftcard.Hash, checkoutID int64) (*giftcard.Card, error) {
	const query = selectGiftCard + `
		WHERE g.code_hash = ?`
	return q.giftCard(ctx, query, checkoutID, h[:])
}

// CardBySourceKey implements giftcard.Store.
func (s *GiftCardStore) CardBySourceKey(ctx context.Context, key string) (*giftcard.Card, error) {
	const query = selectGiftCard + `
		WHERE g.source_key = ?`
	return s.db.giftCard(ctx, query, 0, key)
}

// CardsAfter implements giftcard.Store.
func (s *GiftCardStore) CardsAfter(ctx context.Context, id int64, limit int) ([]giftcard.Card, error) {
	const query = selectGiftCard + `
		WHERE g.id > ?
		ORDER BY g.id
		LIMIT ?`
	return s.db.giftCards(ctx, query, 0, id, limit)
}

// FindCards implements giftcard.Store.
func (s *GiftCardStore) FindCards(ctx context.Context, f giftcard.Filter) ([]giftcard.Card, error) {
	query, args := selectGiftCard, []any{0}
	var where []string
	if f.Email != "" {
		where, args = append(where, "g.recipient_email = ?"), append(args, f.Email)
	}
	if f.Before > 0 {
		where, args = append(where, "g.id < ?"), append(args, f.Before)
	}
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	return s.db.giftCards(ctx, query+" ORDER BY g.id DESC LIMIT ?", append(args, limit)...)
}

// Expired implements giftcard.Store.
func (s *GiftCardStore) Expired(ctx context.Context, now time.Time, limit int) ([]int64, error) {
	const query = `
		SELECT g.id
		FROM {gift_cards} g
		WHERE g.expires_at <= ?
			AND (SELECT e.balance FROM {gift_card_entries} e WHERE e.card_id = g.id ORDER BY e.id DESC LIMIT 1)
				> COALESCE((SELECT SUM(h.amount) FROM {gift_card_holds} h WHERE h.card_id = g.id AND h.state = 'reserved'), 0)
		ORDER BY g.expires_at
		LIMIT ?`

	var ids []int64
	if err := s.db.all(ctx, &ids, query, now.UTC(), limit); err != nil {
		return nil, fmt.Errorf("expired gift cards: %w", err)
	}
	return ids, nil
}

// Entries implements giftcard.Store.
func (s *GiftCardStore) Entries(ctx context.Context, cardID int64) ([]giftcard.Entry, error) {
	const query = `
		SELECT e.id, e.card_id, e.kind, e.amount, e.balance, e.order_id, e.dedupe_key, e.note, e.created_at, g.currency
		FROM {gift_card_entries} e
		JOIN {gift_cards} g ON g.id = e.card_id
		WHERE e.card_id = ?
		ORDER BY e.id`

	var rows []struct {
		ID        int64     `db:"id"`
		CardID    int64     `db:"card_id"`
		Kind      string    `db:"kind"`
		Amount    int64     `db:"amount"`
		Balance   int64     `db:"balance"`
		OrderID   *int64    `db:"order_id"`
		Key       *string   `db:"dedupe_key"`
		Note      string    `db:"note"`
		CreatedAt time.Time `db:"created_at"`
		Currency  string    `db:"currency"`
	}
	if err := s.db.all(ctx, &rows, query, cardID); err != nil {
		return nil, fmt.Errorf("entries of gift card %d: %w", cardID, err)
	}
	entries := make([]giftcard.Entry, len(rows))
	for i, r := range rows {
		currency := money.Currency(r.Currency)
		entries[i] = giftcard.Entry{
			ID: r.ID, CardID: r.CardID, Kind: giftcard.EntryKind(r.Kind), Amount: money.New(r.Amount, currency),
			Balance: money.New(r.Balance, currency), OrderID: orZero(r.OrderID), Key: textOrEmpty(r.Key), Note: r.Note, CreatedAt: r.CreatedAt,
		}
	}
	return entries, nil
}

const giftCardSettings = "gift_cards"

// Settings implements giftcard.Store.
func (s *GiftCardStore) Settings(ctx context.Context) (giftcard.Settings, error) {
	return s.db.giftCardSettings(ctx)
}

func (q querier) giftCardSettings(ctx context.Context) (giftcard.Settings, error) {
	var settings giftcard.Settings
	text, err := q.setting(ctx, giftCardSettings)
	if errs.Is(err, errs.NotFound) {
		return settings, nil
	}
	if err != nil {
		return settings, err
	}
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		return settings, fmt.Errorf("settings of gift cards: %w", err)
	}
	return settings, nil
}

// SetSettings implements giftcard.Store.
func (s *GiftCardStore) SetSettings(ctx context.Context, settings giftcard.Settings) error {
	text, err := json.Marshal(settings)
	if err != nil {
		return fmt.Errorf("settings of gift cards: %w", err)
	}
	return s.db.SetSetting(ctx, giftCardSettings, string(text))
}
