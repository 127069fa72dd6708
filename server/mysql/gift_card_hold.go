package mysql

import (
	"context"
	"fmt"
	"slices"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/money"
)

type giftCardHoldRow struct {
	ID     int64  `db:"id"`
	CardID int64  `db:"card_id"`
	State  string `db:"state"`
	Amount int64  `db:"amount"`
}

func (t *tx) giftCardHold(ctx context.Context, checkoutID, cardID int64) (giftCardHoldRow, error) {
	const query = `
		SELECT id, card_id, state, amount
		FROM {gift_card_holds}
		WHERE checkout_id = ? AND card_id = ?
		FOR UPDATE`

	var row giftCardHoldRow
	err := t.get(ctx, &row, query, checkoutID, cardID)
	if err != nil && !isNoRows(err) {
		return row, fmt.Errorf("hold of gift card %d: %w", cardID, err)
	}
	return row, nil
}

// holdGiftCard holds an amount of a card for a checkout that is locked. The same
// checkout enters its own hold again; one that is larger stays, since an earlier
// intent may still be paid. What the card has no more of, or a card that may not
// pay any more, is a *giftcard.RefusedError: then the transaction must not commit.
func (t *tx) holdGiftCard(ctx context.Context, use giftcard.Use) error {
	const (
		insert = `
		INSERT INTO {gift_card_holds} (public_id, card_id, checkout_id, state, amount, created_at, updated_at)
		VALUES (REPLACE(UUID(), '-', ''), ?, ?, 'reserved', ?, ?, ?)`
		update = `
		UPDATE {gift_card_holds}
		SET state = 'reserved', amount = ?, updated_at = ?
		WHERE id = ? AND state <> 'committed'`
	)
	c, err := t.lockGiftCard(ctx, use.CardID, use.CheckoutID)
	if errs.Is(err, errs.NotFound) {
		return &giftcard.RefusedError{CardID: use.CardID}
	}
	if err != nil {
		return err
	}
	held, err := t.giftCardHold(ctx, use.CheckoutID, use.CardID)
	if err != nil {
		return err
	}
	if held.State == "reserved" && held.Amount >= use.Amount.Minor {
		return nil
	}
	if c.Status != giftcard.StatusActive || c.HasExpired(t.now()) || c.Currency != use.Amount.Currency ||
		c.Available().Minor < use.Amount.Minor {
		return &giftcard.RefusedError{CardID: use.CardID}
	}
	now := t.now().UTC()
	if held.ID == 0 {
		_, err = t.insert(ctx, insert, use.CardID, use.CheckoutID, use.Amount.Minor, now, now)
	} else {
		_, err = t.exec(ctx, update, use.Amount.Minor, now, held.ID)
	}
	if err != nil {
		return fmt.Errorf("hold gift card %d: %w", use.CardID, err)
	}
	return nil
}

// releaseGiftCards ends a checkout's holds but those of some uses, which are
// lowered to what the use needs.
func (t *tx) releaseGiftCards(ctx context.Context, checkoutID int64, keep []giftcard.Use) error {
	const (
		reserved = `
		SELECT id, card_id, state, amount
		FROM {gift_card_holds}
		WHERE checkout_id = ? AND state = 'reserved'
		ORDER BY card_id`
		update = `
		UPDATE {gift_card_holds}
		SET state = ?, amount = ?, updated_at = ?
		WHERE id = ? AND state = 'reserved'`
	)
	var rows []giftCardHoldRow
	if err := t.all(ctx, &rows, reserved, checkoutID); err != nil {
		return fmt.Errorf("holds of checkout %d: %w", checkoutID, err)
	}
	for _, row := range rows {
		state, amount := "released", row.Amount
		if i := slices.IndexFunc(keep, func(u giftcard.Use) bool { return u.CardID == row.CardID }); i >= 0 {
			state, amount = "reserved", min(row.Amount, keep[i].Amount.Minor)
		}
		if state == row.State && amount == row.Amount {
			continue
		}
		if err := t.touchGiftCard(ctx, row.CardID); err != nil {
			return err
		}
		if _, err := t.exec(ctx, update, state, amount, t.now().UTC(), row.ID); err != nil {
			return fmt.Errorf("release hold %d: %w", row.ID, err)
		}
	}
	return nil
}

// spendGiftCard takes what a checkout holds off a card, for its order. A hold
// that was released meanwhile is taken again, if there is enough; else it is a
// *giftcard.RefusedError. A card that has expired or was blocked since the hold
// pays: its holder was told so.
func (t *tx) spendGiftCard(ctx context.Context, use giftcard.Use, orderID int64) error {
	const commit = `
		UPDATE {gift_card_holds}
		SET state = 'committed', order_id = ?, amount = ?, updated_at = ?
		WHERE id = ? AND state = 'reserved'`

	for range 2 {
		c, err := t.lockGiftCard(ctx, use.CardID, use.CheckoutID)
		if err != nil {
			return err
		}
		held, err := t.giftCardHold(ctx, use.CheckoutID, use.CardID)
		if err != nil {
			return err
		}
		if held.State == "reserved" && held.Amount >= use.Amount.Minor {
			if _, err := t.exec(ctx, commit, orderID, use.Amount.Minor, t.now().UTC(), held.ID); err != nil {
				return fmt.Errorf("commit hold %d: %w", held.ID, err)
			}
			return t.addGiftCardEntry(ctx, &giftcard.Entry{
				CardID: use.CardID, Kind: giftcard.EntrySpend, Amount: money.New(-use.Amount.Minor, use.Amount.Currency), OrderID: orderID,
				Key: fmt.Sprintf("spend:%d:%d", orderID, use.CardID),
			}, c.Balance)
		}
		if err := t.holdGiftCard(ctx, use); err != nil {
			return err
		}
	}
	return fmt.Errorf("spend gift card %d: it is neither held nor free", use.CardID)
}
