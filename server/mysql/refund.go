package mysql

import (
	"context"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/order"
)

type refundRow struct {
	ID        int64     `db:"id"`
	PublicID  string    `db:"public_id"`
	OrderID   int64     `db:"order_id"`
	PaymentID *int64    `db:"payment_id"`
	CardID    *int64    `db:"gift_card_id"`
	GatewayID *string   `db:"gateway_id"`
	Amount    int64     `db:"amount"`
	Currency  string    `db:"currency"`
	Status    string    `db:"status"`
	Source    string    `db:"source"`
	Reason    string    `db:"reason"`
	CreatedAt time.Time `db:"created_at"`
}

const selectRefund = `
	SELECT id, public_id, order_id, payment_id, gift_card_id, gateway_id, amount, currency, status, source, reason, created_at
	FROM {refunds}`

func (r refundRow) refund() order.Refund {
	return order.Refund{
		ID: r.ID, PublicID: r.PublicID, OrderID: r.OrderID, PaymentID: orZero(r.PaymentID), CardID: orZero(r.CardID), GatewayID: textOrEmpty(r.GatewayID),
		Amount: money.New(r.Amount, money.Currency(r.Currency)), Status: order.RefundStatus(r.Status),
		Source: order.RefundSource(r.Source), Reason: r.Reason, CreatedAt: r.CreatedAt,
	}
}

func (q querier) refunds(ctx context.Context, orderID int64) ([]order.Refund, error) {
	const query = selectRefund + `
		WHERE order_id = ?
		ORDER BY id`

	var rows []refundRow
	if err := q.all(ctx, &rows, query, orderID); err != nil {
		return nil, fmt.Errorf("refunds of order %d: %w", orderID, err)
	}
	found := make([]order.Refund, len(rows))
	for i, r := range rows {
		found[i] = r.refund()
	}
	return found, nil
}

// Refunds implements order.Store.
func (s *OrderStore) Refunds(ctx context.Context, orderID int64) ([]order.Refund, error) {
	return s.db.refunds(ctx, orderID)
}

// Refunds implements order.Tx.
func (t orderTx) Refunds(ctx context.Context, orderID int64) ([]order.Refund, error) {
	return t.refunds(ctx, orderID)
}

// Refund implements order.Store.
func (s *OrderStore) Refund(ctx context.Context, id int64) (*order.Refund, error) {
	const query = selectRefund + `
		WHERE id = ?`

	var row refundRow
	err := s.db.get(ctx, &row, query, id)
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no such refund.")
	}
	if err != nil {
		return nil, fmt.Errorf("select refund %d: %w", id, err)
	}
	r := row.refund()
	return &r, nil
}

// AddRefund implements order.Tx.
func (t orderTx) AddRefund(ctx context.Context, r *order.Refund) error {
	const query = `
		INSERT INTO {refunds} (public_id, order_id, payment_id, gift_card_id, gateway_id, amount, currency, status, source, reason, created_at,
			updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	at := r.CreatedAt.UTC()
	id, err := t.insert(ctx, query, r.PublicID, r.OrderID, orNull(r.PaymentID), orNull(r.CardID), textOrNull(r.GatewayID), r.Amount.Minor,
		r.Amount.Currency, r.Status, r.Source, r.Reason, at, at)
	if err != nil {
		return fmt.Errorf("insert refund: %w", err)
	}
	r.ID = id
	return nil
}

// UpdateRefund implements order.Tx.
func (t orderTx) UpdateRefund(ctx context.Context, r *order.Refund) error {
	const query = `
		UPDATE {refunds}
		SET gateway_id = ?, status = ?, updated_at = ?
		WHERE id = ?`

	if _, err := t.exec(ctx, query, textOrNull(r.GatewayID), r.Status, t.now().UTC(), r.ID); err != nil {
		return fmt.Errorf("update refund %d: %w", r.ID, err)
	}
	return nil
}
