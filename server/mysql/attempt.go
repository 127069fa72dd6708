package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
)

type attemptRow struct {
	ID          int64     `db:"id"`
	CheckoutID  int64     `db:"checkout_id"`
	Number      int       `db:"number"`
	ClientKey   string    `db:"client_key"`
	RequestHash []byte    `db:"request_hash"`
	Status      string    `db:"status"`
	Gateway     string    `db:"gateway"`
	Account     string    `db:"account"`
	Mode        string    `db:"mode"`
	Amount      int64     `db:"amount"`
	Currency    string    `db:"currency"`
	Token       string    `db:"token"`
	Terms       string    `db:"quote"`
	IntentID    *string   `db:"intent_id"`
	DeclineCode string    `db:"decline_code"`
	DeclineText string    `db:"decline_text"`
	CreatedAt   time.Time `db:"created_at"`
	UpdatedAt   time.Time `db:"updated_at"`
}

const attemptColumns = `id, checkout_id, number, client_key, request_hash, status, gateway, account, mode, amount, currency, token, quote,
		intent_id, decline_code, decline_text, created_at, updated_at`

func (r *attemptRow) attempt() (*checkout.Attempt, error) {
	a := &checkout.Attempt{
		ID: r.ID, CheckoutID: r.CheckoutID, Number: r.Number, ClientKey: r.ClientKey, Status: checkout.AttemptStatus(r.Status),
		Account: payment.Account{Gateway: r.Gateway, ID: r.Account, Mode: payment.Mode(r.Mode)},
		Amount:  money.New(r.Amount, money.Currency(r.Currency)), Token: r.Token, IntentID: textOrEmpty(r.IntentID),
		Decline: payment.Decline{Code: r.DeclineCode, Text: r.DeclineText}, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	copy(a.RequestHash[:], r.RequestHash)
	if err := json.Unmarshal([]byte(r.Terms), &a.Terms); err != nil {
		return nil, fmt.Errorf("terms of attempt %d: %w", r.ID, err)
	}
	return a, nil
}

func (q querier) attempt(ctx context.Context, query string, args ...any) (*checkout.Attempt, error) {
	var row attemptRow
	err := q.get(ctx, &row, query, args...)
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no such attempt.")
	}
	if err != nil {
		return nil, fmt.Errorf("select attempt: %w", err)
	}
	return row.attempt()
}

// Attempt implements checkout.Store.
func (s *CheckoutStore) Attempt(ctx context.Context, id int64) (*checkout.Attempt, error) {
	const query = `
		SELECT ` + attemptColumns + `
		FROM {attempts}
		WHERE id = ?`
	return s.db.attempt(ctx, query, id)
}

// LastAttempt implements checkout.Store.
func (s *CheckoutStore) LastAttempt(ctx context.Context, checkoutID int64) (*checkout.Attempt, error) {
	const query = `
		SELECT ` + attemptColumns + `
		FROM {attempts}
		WHERE checkout_id = ?
		ORDER BY number DESC
		LIMIT 1`
	return s.db.attempt(ctx, query, checkoutID)
}

// AttemptOfIntent implements checkout.Store.
func (s *CheckoutStore) AttemptOfIntent(ctx context.Context, gateway, intentID string) (*checkout.Attempt, error) {
	const query = `
		SELECT ` + attemptColumns + `
		FROM {attempts}
		WHERE intent_id = ? AND gateway = ?
		ORDER BY number DESC
		LIMIT 1`
	return s.db.attempt(ctx, query, intentID, gateway)
}

// OpenAttempt implements checkout.Tx.
func (t checkoutTx) OpenAttempt(ctx context.Context, checkoutID int64) (*checkout.Attempt, error) {
	const query = `
		SELECT ` + attemptColumns + `
		FROM {attempts}
		WHERE open_checkout_id = ?`
	return t.attempt(ctx, query, checkoutID)
}

// LockAttempt implements checkout.Tx.
func (t checkoutTx) LockAttempt(ctx context.Context, id int64) (*checkout.Attempt, error) {
	const query = `
		SELECT ` + attemptColumns + `
		FROM {attempts}
		WHERE id = ?
		FOR UPDATE`
	return t.attempt(ctx, query, id)
}

// AttemptByKey implements checkout.Tx.
func (t checkoutTx) AttemptByKey(ctx context.Context, checkoutID int64, clientKey string) (*checkout.Attempt, error) {
	const query = `
		SELECT ` + attemptColumns + `
		FROM {attempts}
		WHERE checkout_id = ? AND client_key = ?`
	return t.attempt(ctx, query, checkoutID, clientKey)
}

// AddAttempt implements checkout.Tx. The caller has locked the checkout, so the
// next number is nobody else's; the unique key on the open attempt holds even
// if it has not.
func (t checkoutTx) AddAttempt(ctx context.Context, a *checkout.Attempt) error {
	const last = `
		SELECT COALESCE(MAX(number), 0)
		FROM {attempts}
		WHERE checkout_id = ?`
	const insert = `
		INSERT INTO {attempts} (checkout_id, number, open_checkout_id, client_key, request_hash, status, gateway, account, mode,
			amount, currency, token, quote, origin, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	terms, err := json.Marshal(a.Terms)
	if err != nil {
		return fmt.Errorf("terms: %w", err)
	}
	if err := t.get(ctx, &a.Number, last, a.CheckoutID); err != nil {
		return fmt.Errorf("last attempt: %w", err)
	}
	a.Number++
	a.ID, err = t.insert(ctx, insert, a.CheckoutID, a.Number, a.CheckoutID, a.ClientKey, a.RequestHash[:], a.Status,
		a.Account.Gateway, a.Account.ID, a.Account.Mode, a.Amount.Minor, a.Amount.Currency, a.Token, string(terms),
		originOrNull(a.Origin), a.CreatedAt.UTC(), a.UpdatedAt.UTC())
	if isDuplicate(err) {
		return errs.New(errs.Paying, "A payment for this order is under way. Please wait until it has finished.")
	}
	if err != nil {
		return fmt.Errorf("insert attempt: %w", err)
	}
	return nil
}

// UpdateAttempt implements checkout.Tx.
func (t checkoutTx) UpdateAttempt(ctx context.Context, a *checkout.Attempt) error {
	const query = `
		UPDATE {attempts}
		SET status = ?, open_checkout_id = ?, intent_id = ?, decline_code = ?, decline_text = ?, updated_at = ?
		WHERE id = ?`

	open := int64(0)
	if a.IsOpen() {
		open = a.CheckoutID
	}
	_, err := t.exec(ctx, query, a.Status, orNull(open), textOrNull(a.IntentID), a.Decline.Code, a.Decline.Text,
		a.UpdatedAt.UTC(), a.ID)
	if err != nil {
		return fmt.Errorf("update attempt: %w", err)
	}
	return nil
}

// LeaseAttempt implements checkout.Store.
func (s *CheckoutStore) LeaseAttempt(ctx context.Context, id int64, lease string, now, until time.Time) (bool, error) {
	const query = `
		UPDATE {attempts}
		SET lease = ?, leased_until = ?
		WHERE id = ? AND open_checkout_id IS NOT NULL AND (leased_until IS NULL OR leased_until < ? OR lease = ?)`

	n, err := s.db.exec(ctx, query, lease, until.UTC(), id, now.UTC(), lease)
	if err != nil {
		return false, fmt.Errorf("lease attempt %d: %w", id, err)
	}
	return n == 1, nil
}

// ReleaseAttempt implements checkout.Store.
func (s *CheckoutStore) ReleaseAttempt(ctx context.Context, id int64, lease string) error {
	const query = `
		UPDATE {attempts}
		SET lease = NULL, leased_until = NULL
		WHERE id = ? AND lease = ?`

	_, err := s.db.exec(ctx, query, id, lease)
	return err
}

// StaleAttempts implements checkout.Store.
func (s *CheckoutStore) StaleAttempts(ctx context.Context, status checkout.AttemptStatus, since time.Time, limit int) ([]checkout.Attempt, error) {
	const query = `
		SELECT ` + attemptColumns + `
		FROM {attempts}
		WHERE status = ? AND updated_at < ?
		ORDER BY updated_at
		LIMIT ?`
	return s.attempts(ctx, query, status, since.UTC(), limit)
}

// OldAttempts implements checkout.Store.
func (s *CheckoutStore) OldAttempts(ctx context.Context, status checkout.AttemptStatus, before time.Time, limit int) ([]checkout.Attempt, error) {
	const query = `
		SELECT ` + attemptColumns + `
		FROM {attempts}
		WHERE status = ? AND created_at < ?
		ORDER BY updated_at
		LIMIT ?`
	return s.attempts(ctx, query, status, before.UTC(), limit)
}

func (s *CheckoutStore) attempts(ctx context.Context, query string, args ...any) ([]checkout.Attempt, error) {
	var rows []attemptRow
	if err := s.db.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("find attempts: %w", err)
	}
	found := make([]checkout.Attempt, len(rows))
	for i := range rows {
		a, err := rows[i].attempt()
		if err != nil {
			return nil, err
		}
		found[i] = *a
	}
	return found, nil
}

// Declines implements checkout.Store.
func (s *CheckoutStore) Declines(ctx context.Context, origin checkout.OriginKey, contactID int64, since time.Time) (ofOrigin, ofContact int, err error) {
	const query = `
		SELECT
			(SELECT COUNT(*) FROM {attempts} WHERE origin = ? AND updated_at >= ? AND status = 'declined') AS of_origin,
			(SELECT COUNT(*)
				FROM {checkouts} c
				JOIN {attempts} a ON a.checkout_id = c.id
				WHERE c.contact_id = ? AND a.updated_at >= ? AND a.status = 'declined') AS of_contact`

	var row struct {
		OfOrigin  int `db:"of_origin"`
		OfContact int `db:"of_contact"`
	}
	if err := s.db.get(ctx, &row, query, originOrNull(origin), since.UTC(), contactID, since.UTC()); err != nil {
		return 0, 0, fmt.Errorf("count declines: %w", err)
	}
	return row.OfOrigin, row.OfContact, nil
}

func originOrNull(origin checkout.OriginKey) []byte {
	if origin == (checkout.OriginKey{}) {
		return nil
	}
	return origin[:]
}
