package mysql

import (
	"context"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/money"
)

// touchGiftCard writes a card's row before anything of it is read: what a lock
// alone would keep from others on one node, a write keeps from them on all. The
// row stays locked until the transaction ends.
func (t *tx) touchGiftCard(ctx context.Context, id int64) error {
	const query = `
		UPDATE {gift_cards}
		SET touched = touched + 1
		WHERE id = ?`

	n, err := t.exec(ctx, query, id)
	if err != nil {
		return fmt.Errorf("write gift card %d: %w", id, err)
	}
	if n == 0 {
		return errs.New(errs.NotFound, "There is no such gift card.")
	}
	return nil
}

// lockGiftCard locks a card and returns it. What a checkout (0: none) holds
// itself does not count as held.
func (t *tx) lockGiftCard(ctx context.Context, id, checkoutID int64) (*giftcard.Card, error) {
	const query = selectGiftCard + `
		WHERE g.id = ?`

	if err := t.touchGiftCard(ctx, id); err != nil {
		return nil, err
	}
	return t.giftCard(ctx, query, checkoutID, id)
}

// addGiftCard writes a card, the first line of its ledger, and the job that
// delivers it, and sets its id.
func (t *tx) addGiftCard(ctx context.Context, c *giftcard.Card) error {
	const query = `
		INSERT INTO {gift_cards} (public_id, code_hash, mask, sealed_code, currency, status, touched, source, order_id, source_key,
			contact_id, paid, sender, recipient_name, recipient_email, message, deliver_at, expires_at, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	at := c.CreatedAt.UTC()
	id, err := t.insert(ctx, query, c.PublicID, c.CodeHash[:], c.Mask[len(maskDots):], textOrNull(c.Sealed), c.Currency, c.Status, c.Source,
		orNull(c.OrderID), textOrNull(c.SourceKey), orNull(c.ContactID), c.Paid.Minor, c.Gift.Sender, c.Gift.RecipientName,
		c.Gift.RecipientEmail, c.Gift.Message, utc(c.DeliverAt), utc(c.ExpiresAt), at, at)
	if isDuplicate(err) {
		return errs.New(errs.Conflict, "This gift card was made already.")
	}
	if err != nil {
		return fmt.Errorf("insert gift card: %w", err)
	}
	c.ID = id
	first := giftcard.Entry{CardID: id, Kind: giftcard.EntryIssue, Amount: c.Issued, OrderID: c.OrderID}
	if err := t.addGiftCardEntry(ctx, &first, money.New(0, c.Currency)); err != nil {
		return err
	}
	if follow := c.Delivery(); follow != nil {
		return t.Enqueue(ctx, *follow)
	}
	return nil
}

// addGiftCardEntry writes a line of the ledger of a card that is locked, with
// the balance before it. A line whose key is there already is errs.Conflict, and
// so is a balance below zero.
func (t *tx) addGiftCardEntry(ctx context.Context, e *giftcard.Entry, before money.Amount) error {
	const query = `
		INSERT INTO {gift_card_entries} (card_id, kind, amount, balance, order_id, dedupe_key, note, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

	after, err := before.Add(e.Amount)
	if err != nil {
		return fmt.Errorf("entry of gift card %d: %w", e.CardID, err)
	}
	if after.Minor < 0 {
		return errs.New(errs.Conflict, "There is not enough on this gift card.")
	}
	_, err = t.exec(ctx, query, e.CardID, e.Kind, e.Amount.Minor, after.Minor, orNull(e.OrderID), textOrNull(e.Key), e.Note, t.now().UTC())
	if isDuplicate(err) {
		return errs.New(errs.Conflict, "This was entered for the gift card already.")
	}
	if err != nil {
		return fmt.Errorf("insert entry of gift card %d: %w", e.CardID, err)
	}
	e.Balance = after
	return nil
}

// AddCard implements giftcard.Store.
func (s *GiftCardStore) AddCard(ctx context.Context, c *giftcard.Card) error {
	return s.db.inTx(ctx, func(tx *tx) error { return tx.addGiftCard(ctx, c) })
}

// Change implements giftcard.Store.
func (s *GiftCardStore) Change(ctx context.Context, id int64, do func(*giftcard.Card) (*giftcard.Entry, error)) (*giftcard.Card, error) {
	const update = `
		UPDATE {gift_cards}
		SET code_hash = ?, mask = ?, sealed_code = ?, status = ?, recipient_email = ?, deliver_at = ?, delivered_at = ?, expires_at = ?,
			updated_at = ?
		WHERE id = ?`

	var changed *giftcard.Card
	err := s.db.inTx(ctx, func(tx *tx) error {
		c, err := tx.lockGiftCard(ctx, id, 0)
		if err != nil {
			return err
		}
		before := *c
		entry, err := do(c)
		if err != nil {
			return err
		}
		if entry != nil {
			entry.CardID = id
			if err := tx.addGiftCardEntry(ctx, entry, c.Balance); err != nil {
				return err
			}
			c.Balance = entry.Balance
		}
		if _, err := tx.exec(ctx, update, c.CodeHash[:], c.Mask[len(maskDots):], textOrNull(c.Sealed), c.Status, c.Gift.RecipientEmail,
			utc(c.DeliverAt), utc(c.DeliveredAt), utc(c.ExpiresAt), tx.now().UTC(), id); err != nil {
			return fmt.Errorf("update gift card %d: %w", id, err)
		}
		changed = c
		if follow := c.Delivery(); follow != nil && (before.Sealed != c.Sealed || before.Status != c.Status) {
			return tx.Enqueue(ctx, *follow)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// Faults implements giftcard.Store.
func (s *GiftCardStore) Faults(ctx context.Context) ([]giftcard.Fault, error) {
	const query = `
		SELECT card_id, text FROM (
			SELECT g.id AS card_id, 'the lines of its ledger do not add up to its balance' AS text
			FROM {gift_cards} g
			WHERE COALESCE((SELECT SUM(e.amount) FROM {gift_card_entries} e WHERE e.card_id = g.id), 0)
				<> COALESCE((SELECT e.balance FROM {gift_card_entries} e WHERE e.card_id = g.id ORDER BY e.id DESC LIMIT 1), 0)
			UNION ALL
			SELECT e.card_id, 'a line of its ledger has another balance than those before it give'
			FROM (SELECT card_id, balance, SUM(amount) OVER (PARTITION BY card_id ORDER BY id) AS running FROM {gift_card_entries}) e
			WHERE e.balance <> e.running OR e.balance < 0
			UNION ALL
			SELECT h.card_id, 'an order spent another amount than its ledger says'
			FROM {gift_card_holds} h
			WHERE h.state = 'committed' AND h.amount <> COALESCE((SELECT -SUM(e.amount) FROM {gift_card_entries} e
				WHERE e.card_id = h.card_id AND e.order_id = h.order_id AND e.kind = 'spend'), 0)
			UNION ALL
			SELECT g.id, 'checkouts hold more than is on it'
			FROM {gift_cards} g
			WHERE COALESCE((SELECT SUM(h.amount) FROM {gift_card_holds} h WHERE h.card_id = g.id AND h.state = 'reserved'), 0)
				> COALESCE((SELECT e.balance FROM {gift_card_entries} e WHERE e.card_id = g.id ORDER BY e.id DESC LIMIT 1), 0)
		) f
		ORDER BY card_id
		LIMIT 1000`

	var rows []struct {
		CardID int64  `db:"card_id"`
		Text   string `db:"text"`
	}
	if err := s.db.all(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("check gift cards: %w", err)
	}
	faults := make([]giftcard.Fault, len(rows))
	for i, r := range rows {
		faults[i] = giftcard.Fault{CardID: r.CardID, Text: r.Text}
	}
	return faults, nil
}

// Liability implements giftcard.Store.
func (s *GiftCardStore) Liability(ctx context.Context, until time.Time) ([]giftcard.Liability, error) {
	const query = `
		SELECT g.currency,
			SUM(t.owed > 0) AS cards, SUM(t.issued) AS issued, SUM(t.spent) AS spent, SUM(t.adjusted) AS adjusted,
			SUM(t.taken) AS taken, SUM(t.expired) AS expired, SUM(t.owed) AS owed
		FROM {gift_cards} g
		JOIN (
			SELECT card_id, SUM(amount) AS owed,
				SUM(CASE WHEN kind = 'issue' THEN amount ELSE 0 END) AS issued,
				SUM(CASE WHEN kind IN ('spend', 'refund') THEN -amount ELSE 0 END) AS spent,
				SUM(CASE WHEN kind = 'adjust' THEN amount ELSE 0 END) AS adjusted,
				SUM(CASE WHEN kind = 'take_back' THEN -amount ELSE 0 END) AS taken,
				SUM(CASE WHEN kind = 'expire' THEN -amount ELSE 0 END) AS expired
			FROM {gift_card_entries}
			WHERE created_at < ?
			GROUP BY card_id
		) t ON t.card_id = g.id
		GROUP BY g.currency
		ORDER BY g.currency`

	var rows []struct {
		Currency string `db:"currency"`
		Cards    int    `db:"cards"`
		Issued   int64  `db:"issued"`
		Spent    int64  `db:"spent"`
		Adjusted int64  `db:"adjusted"`
		Taken    int64  `db:"taken"`
		Expired  int64  `db:"expired"`
		Owed     int64  `db:"owed"`
	}
	if err := s.db.all(ctx, &rows, query, until.UTC()); err != nil {
		return nil, fmt.Errorf("liability of gift cards: %w", err)
	}
	list := make([]giftcard.Liability, len(rows))
	for i, r := range rows {
		currency := money.Currency(r.Currency)
		list[i] = giftcard.Liability{
			Currency: currency, Cards: r.Cards, Issued: money.New(r.Issued, currency), Spent: money.New(r.Spent, currency),
			Adjusted: money.New(r.Adjusted, currency), TakenBack: money.New(r.Taken, currency), Expired: money.New(r.Expired, currency),
			Owed: money.New(r.Owed, currency),
		}
	}
	return list, nil
}
