package mysql

import (
	"context"
	"fmt"

	"github.com/tillside/tillside/server/giftcard"
)

// AddGiftCard implements checkout.Tx.
func (t checkoutTx) AddGiftCard(ctx context.Context, checkoutID, cardID int64) error {
	const query = `
		INSERT IGNORE INTO {checkout_gift_cards} (checkout_id, card_id, created_at)
		VALUES (?, ?, ?)`

	if _, err := t.exec(ctx, query, checkoutID, cardID, t.now().UTC()); err != nil {
		return fmt.Errorf("add gift card %d to checkout %d: %w", cardID, checkoutID, err)
	}
	return nil
}

// RemoveGiftCard implements checkout.Tx.
func (t checkoutTx) RemoveGiftCard(ctx context.Context, checkoutID, cardID int64) error {
	const query = `
		DELETE FROM {checkout_gift_cards}
		WHERE checkout_id = ? AND card_id = ?`

	if _, err := t.exec(ctx, query, checkoutID, cardID); err != nil {
		return fmt.Errorf("remove gift card %d of checkout %d: %w", cardID, checkoutID, err)
	}
	return nil
}

// HoldGiftCard implements checkout.Tx.
func (t checkoutTx) HoldGiftCard(ctx context.Context, use giftcard.Use) error {
	return t.holdGiftCard(ctx, use)
}

// ReleaseGiftCards implements checkout.Tx.
func (t checkoutTx) ReleaseGiftCards(ctx context.Context, checkoutID int64, keep []giftcard.Use) error {
	return t.releaseGiftCards(ctx, checkoutID, keep)
}

// GiftCards implements checkout.Store.
func (s *CheckoutStore) GiftCards(ctx context.Context, ids []int64, checkoutID int64) ([]giftcard.Card, error) {
	const query = selectGiftCard + `
		WHERE g.id = ?`

	cards := make([]giftcard.Card, 0, len(ids))
	for _, id := range ids {
		c, err := s.db.giftCard(ctx, query, checkoutID, id)
		if err != nil {
			return nil, err
		}
		cards = append(cards, *c)
	}
	return cards, nil
}

// GiftCardByHash implements checkout.Store.
func (s *CheckoutStore) GiftCardByHash(ctx context.Context, h giftcard.Hash, checkoutID int64) (*giftcard.Card, error) {
	return s.db.giftCardByHash(ctx, h, checkoutID)
}

// SpendGiftCard implements order.Tx.
func (t orderTx) SpendGiftCard(ctx context.Context, use giftcard.Use, orderID int64) error {
	return t.spendGiftCard(ctx, use, orderID)
}

// ReleaseGiftCards implements order.Tx.
func (t orderTx) ReleaseGiftCards(ctx context.Context, checkoutID int64, keep []giftcard.Use) error {
	return t.releaseGiftCards(ctx, checkoutID, keep)
}

// AddGiftCard implements order.Tx.
func (t orderTx) AddGiftCard(ctx context.Context, c *giftcard.Card) error {
	return t.addGiftCard(ctx, c)
}

// LockGiftCards implements order.Tx.
func (t orderTx) LockGiftCards(ctx context.Context, orderID int64) ([]giftcard.Card, error) {
	cards, err := t.giftCardsOfOrder(ctx, orderID)
	for i := range cards {
		c, err := t.lockGiftCard(ctx, cards[i].ID, 0)
		if err != nil {
			return nil, err
		}
		cards[i] = *c
	}
	return cards, err
}

// GiftCards implements order.Store.
func (s *OrderStore) GiftCards(ctx context.Context, orderID int64) ([]giftcard.Card, error) {
	return s.db.giftCardsOfOrder(ctx, orderID)
}

func (q querier) giftCardsOfOrder(ctx context.Context, orderID int64) ([]giftcard.Card, error) {
	const query = selectGiftCard + `
		WHERE g.order_id = ?
		ORDER BY g.id`
	return q.giftCards(ctx, query, 0, orderID)
}

// AddGiftCardEntry implements order.Tx. A card that has expired gets time to be
// used when an order that it paid is refunded.
func (t orderTx) AddGiftCardEntry(ctx context.Context, e giftcard.Entry) error {
	const extend = `
		UPDATE {gift_cards}
		SET expires_at = ?
		WHERE id = ? AND expires_at < ?`

	c, err := t.lockGiftCard(ctx, e.CardID, 0)
	if err != nil {
		return err
	}
	if e.Kind == giftcard.EntryRefund {
		until := t.now().Add(giftcard.RefundLife).UTC()
		if _, err := t.exec(ctx, extend, until, e.CardID, until); err != nil {
			return fmt.Errorf("extend gift card %d: %w", e.CardID, err)
		}
	}
	return t.addGiftCardEntry(ctx, &e, c.Balance)
}

// GiftCardSettings implements order.Tx.
func (t orderTx) GiftCardSettings(ctx context.Context) (giftcard.Settings, error) {
	return t.giftCardSettings(ctx)
}
