package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/server/payment"
)

// CheckoutStore keeps checkouts.
type CheckoutStore struct{ db *DB }

// NewCheckoutStore returns a CheckoutStore.
func NewCheckoutStore(db *DB) *CheckoutStore { return &CheckoutStore{db} }

// InTx implements checkout.Store.
func (s *CheckoutStore) InTx(ctx context.Context, fn func(checkout.Tx) error) error {
	return s.db.inTx(ctx, func(tx *tx) error { return fn(checkoutTx{tx}) })
}

type checkoutTx struct{ *tx }

type checkoutRow struct {
	ID             int64     `db:"id"`
	PublicID       string    `db:"public_id"`
	TokenHash      []byte    `db:"token_hash"`
	StatusHash     []byte    `db:"status_token_hash"`
	OfferID        int64     `db:"offer_id"`
	ContactID      int64     `db:"contact_id"`
	Email          string    `db:"email"`
	Status         string    `db:"status"`
	Version        int64     `db:"version"`
	Step           int       `db:"step"`
	FirstName      string    `db:"first_name"`
	LastName       string    `db:"last_name"`
	Country        string    `db:"country"`
	PostalCode     string    `db:"postal_code"`
	UserID         *int64    `db:"user_id"`
	Locale         string    `db:"locale"`
	PageURL        string    `db:"page_url"`
	Referrer       string    `db:"referrer"`
	UTM            string    `db:"utm"`
	Partner        string    `db:"partner"`
	Gateway        string    `db:"gateway"`
	Account        string    `db:"account"`
	Mode           string    `db:"mode"`
	IntentID       *string   `db:"intent_id"`
	IntentNumber   int       `db:"intent_number"`
	IntentAmount   int64     `db:"intent_amount"`
	IntentCurrency string    `db:"intent_currency"`
	CreatedAt      time.Time `db:"created_at"`
	UpdatedAt      time.Time `db:"updated_at"`
	OrderID        *string   `db:"order_public_id"`
	OrderNumber    *int64    `db:"order_number"`
	LinkID         *int64    `db:"link_id"`
	LinkContactID  *int64    `db:"link_contact_id"`
	Codes          *string   `db:"codes"`
	Gift           *string   `db:"gift"`
	Cards          *string   `db:"cards"`
}

func (r *checkoutRow) checkout() (*checkout.Checkout, error) {
	c := &checkout.Checkout{
		ID: r.ID, PublicID: r.PublicID, OfferID: r.OfferID, ContactID: r.ContactID,
		Status: checkout.Status(r.Status), Version: r.Version, Step: r.Step,
		Buyer: order.Buyer{
			Email: r.Email, FirstName: r.FirstName, LastName: r.LastName, Country: r.Country, PostalCode: r.PostalCode,
		},
		UserID: orZero(r.UserID), LinkID: orZero(r.LinkID), LinkContactID: orZero(r.LinkContactID), Locale: r.Locale,
		Origin: order.Origin{PageURL: r.PageURL, Referrer: r.Referrer, Partner: r.Partner},
		Intent: checkout.Intent{
			Account: payment.Account{Gateway: r.Gateway, ID: r.Account, Mode: payment.Mode(r.Mode)},
			ID:      textOrEmpty(r.IntentID), Number: r.IntentNumber,
			Amount: money.New(r.IntentAmount, money.Currency(r.IntentCurrency)),
		},
		OrderID: textOrEmpty(r.OrderID), OrderNumber: orZero(r.OrderNumber),
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	copy(c.TokenHash[:], r.TokenHash)
	copy(c.StatusHash[:], r.StatusHash)
	if err := json.Unmarshal([]byte(r.UTM), &c.Origin.UTM); err != nil {
		return nil, fmt.Errorf("utm of checkout %d: %w", r.ID, err)
	}
	if r.Gift != nil {
		if err := json.Unmarshal([]byte(*r.Gift), &c.Gift); err != nil {
			return nil, fmt.Errorf("gift of checkout %d: %w", r.ID, err)
		}
	}
	var err error
	if c.Cards, err = readIDs(textOrEmpty(r.Cards)); err != nil {
		return nil, err
	}
	c.Codes, err = readCodes(textOrEmpty(r.Codes))
	return c, err
}

// readIDs reads ids as selectCheckout strings them together: "12,15".
func readIDs(text string) ([]int64, error) {
	var ids []int64
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("ids %q: %w", text, err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// readCodes reads the codes of a checkout as selectCheckout strings them
// together: "12 typed,15 link".
func readCodes(text string) ([]coupon.Wish, error) {
	var codes []coupon.Wish
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		id, source, _ := strings.Cut(part, " ")
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("codes %q: %w", text, err)
		}
		codes = append(codes, coupon.Wish{CodeID: n, Source: coupon.Source(source)})
	}
	return codes, nil
}

// selectCheckout joins the contact's e-mail, what the buyer brought, and the
// order once there is one.
const selectCheckout = `
	SELECT c.id, c.public_id, c.token_hash, c.status_token_hash, c.offer_id, c.contact_id, p.email, c.status, c.version, c.step,
		c.first_name, c.last_name, c.country, c.postal_code, c.user_id, c.locale, c.page_url, c.referrer, c.utm, c.partner,
		c.gateway, c.account, c.mode, c.intent_id, c.intent_number, c.intent_amount, c.intent_currency, c.created_at, c.updated_at,
		o.public_id AS order_public_id, o.number AS order_number,
		c.link_id, (SELECT l.contact_id FROM {coupon_links} l WHERE l.id = c.link_id) AS link_contact_id,
		(SELECT GROUP_CONCAT(CONCAT(k.code_id, ' ', k.source) ORDER BY k.created_at, k.code_id)
			FROM {checkout_coupons} k WHERE k.checkout_id = c.id) AS codes,
		c.gift, (SELECT GROUP_CONCAT(g.card_id ORDER BY g.created_at, g.card_id)
			FROM {checkout_gift_cards} g WHERE g.checkout_id = c.id) AS cards
	FROM {checkouts} c
	JOIN {contacts} p ON p.id = c.contact_id
	LEFT JOIN {orders} o ON o.checkout_id = c.id`

func (q querier) checkout(ctx context.Context, query string, args ...any) (*checkout.Checkout, error) {
	var row checkoutRow
	err := q.get(ctx, &row, query, args...)
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no such checkout.")
	}
	if err != nil {
		return nil, fmt.Errorf("select checkout: %w", err)
	}
	return row.checkout()
}

// Checkout implements checkout.Store.
func (s *CheckoutStore) Checkout(ctx context.Context, publicID string) (*checkout.Checkout, error) {
	const query = selectCheckout + `
		WHERE c.public_id = ?`
	return s.db.checkout(ctx, query, publicID)
}

// CheckoutByID implements checkout.Store.
func (s *CheckoutStore) CheckoutByID(ctx context.Context, id int64) (*checkout.Checkout, error) {
	const query = selectCheckout + `
		WHERE c.id = ?`
	return s.db.checkout(ctx, query, id)
}

// lock takes the checkout's row before the joined rows are read: the order is
// checkout, order, coupon, gift card, contact everywhere.
func (t checkoutTx) lock(ctx context.Context, query string, key any) error {
	var id int64
	err := t.get(ctx, &id, query, key)
	if isNoRows(err) {
		return errs.New(errs.NotFound, "There is no such checkout.")
	}
	if err != nil {
		return fmt.Errorf("lock checkout: %w", err)
	}
	return nil
}

// LockCheckout implements checkout.Tx.
func (t checkoutTx) LockCheckout(ctx context.Context, publicID string) (*checkout.Checkout, error) {
	const lock = `
		SELECT id
		FROM {checkouts}
		WHERE public_id = ?
		FOR UPDATE`
	const query = selectCheckout + `
		WHERE c.public_id = ?`

	if err := t.lock(ctx, lock, publicID); err != nil {
		return nil, err
	}
	return t.checkout(ctx, query, publicID)
}

// LockCheckoutByID implements checkout.Tx.
func (t checkoutTx) LockCheckoutByID(ctx context.Context, id int64) (*checkout.Checkout, error) {
	const lock = `
		SELECT id
		FROM {checkouts}
		WHERE id = ?
		FOR UPDATE`
	const query = selectCheckout + `
		WHERE c.id = ?`

	if err := t.lock(ctx, lock, id); err != nil {
		return nil, err
	}
	return t.checkout(ctx, query, id)
}

// UpsertContact implements checkout.Tx.
func (t checkoutTx) UpsertContact(ctx context.Context, c contact.Contact) (*contact.Contact, error) {
	return t.upsertContact(ctx, c)
}

// AddCheckout implements checkout.Tx.
func (t checkoutTx) AddCheckout(ctx context.Context, c *checkout.Checkout) error {
	const query = `
		INSERT INTO {checkouts} (public_id, token_hash, offer_id, contact_id, status, version, step, first_name, last_name,
			country, postal_code, user_id, link_id, gift, locale, page_url, referrer, utm, partner, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	utm, err := json.Marshal(c.Origin.UTM)
	if err != nil {
		return fmt.Errorf("utm: %w", err)
	}
	gift, err := jsonOrNull(c.Gift)
	if err != nil {
		return fmt.Errorf("gift: %w", err)
	}
	c.ID, err = t.insert(ctx, query, c.PublicID, c.TokenHash[:], c.OfferID, c.ContactID, c.Status, c.Version, c.Step,
		c.Buyer.FirstName, c.Buyer.LastName, c.Buyer.Country, c.Buyer.PostalCode, orNull(c.UserID), orNull(c.LinkID), gift, c.Locale,
		c.Origin.PageURL, c.Origin.Referrer, string(utm), c.Origin.Partner, c.CreatedAt.UTC(), c.UpdatedAt.UTC())
	if err != nil {
		return fmt.Errorf("insert checkout: %w", err)
	}
	return nil
}

// UpdateCheckout implements checkout.Tx.
func (t checkoutTx) UpdateCheckout(ctx context.Context, c *checkout.Checkout) error {
	const query = `
		UPDATE {checkouts}
		SET status_token_hash = ?, contact_id = ?, status = ?, version = ?, step = ?, first_name = ?, last_name = ?, country = ?,
			postal_code = ?, gift = ?, gateway = ?, account = ?, mode = ?, intent_id = ?, intent_number = ?, intent_amount = ?,
			intent_currency = ?, updated_at = ?
		WHERE id = ?`

	var statusHash []byte
	if c.StatusHash != (checkout.Hash{}) {
		statusHash = c.StatusHash[:]
	}
	gift, err := jsonOrNull(c.Gift)
	if err != nil {
		return fmt.Errorf("gift: %w", err)
	}
	_, err = t.exec(ctx, query, statusHash, c.ContactID, c.Status, c.Version, c.Step, c.Buyer.FirstName, c.Buyer.LastName,
		c.Buyer.Country, c.Buyer.PostalCode, gift, c.Intent.Account.Gateway, c.Intent.Account.ID, c.Intent.Account.Mode,
		textOrNull(c.Intent.ID), c.Intent.Number, c.Intent.Amount.Minor, c.Intent.Amount.Currency, c.UpdatedAt.UTC(), c.ID)
	if err != nil {
		return fmt.Errorf("update checkout: %w", err)
	}
	return nil
}

// IdleCheckouts implements checkout.Store.
func (s *CheckoutStore) IdleCheckouts(ctx context.Context, status checkout.Status, since time.Time, limit int) ([]checkout.Checkout, error) {
	const query = selectCheckout + `
		WHERE c.status = ? AND c.updated_at < ?
		ORDER BY c.updated_at
		LIMIT ?`

	var rows []checkoutRow
	if err := s.db.all(ctx, &rows, query, status, since.UTC(), limit); err != nil {
		return nil, fmt.Errorf("idle checkouts: %w", err)
	}
	found := make([]checkout.Checkout, len(rows))
	for i := range rows {
		c, err := rows[i].checkout()
		if err != nil {
			return nil, err
		}
		found[i] = *c
	}
	return found, nil
}

// Customer implements checkout.Store.
func (s *CheckoutStore) Customer(ctx context.Context, contactID int64, a payment.Account) (string, error) {
	const query = `
		SELECT customer_id
		FROM {customers}
		WHERE contact_id = ? AND gateway = ? AND account = ? AND mode = ?`

	var id string
	err := s.db.get(ctx, &id, query, contactID, a.Gateway, a.ID, a.Mode)
	if isNoRows(err) {
		return "", errs.New(errs.NotFound, "There is no such customer.")
	}
	if err != nil {
		return "", fmt.Errorf("select customer: %w", err)
	}
	return id, nil
}

// AddCustomer implements checkout.Store.
func (s *CheckoutStore) AddCustomer(ctx context.Context, contactID int64, a payment.Account, customerID string, now time.Time) (string, error) {
	const query = `
		INSERT IGNORE INTO {customers} (contact_id, gateway, account, mode, customer_id, created_at)
		VALUES (?, ?, ?, ?, ?, ?)`

	n, err := s.db.exec(ctx, query, contactID, a.Gateway, a.ID, a.Mode, customerID, now.UTC())
	if err != nil {
		return "", fmt.Errorf("insert customer: %w", err)
	}
	if n == 1 {
		return customerID, nil
	}
	return s.Customer(ctx, contactID, a)
}

// ForgetCustomer implements checkout.Store.
func (s *CheckoutStore) ForgetCustomer(ctx context.Context, contactID int64, a payment.Account, customerID string) error {
	const query = `
		DELETE FROM {customers}
		WHERE contact_id = ? AND gateway = ? AND account = ? AND mode = ? AND customer_id = ?`

	if _, err := s.db.exec(ctx, query, contactID, a.Gateway, a.ID, a.Mode, customerID); err != nil {
		return fmt.Errorf("forget customer %s: %w", customerID, err)
	}
	return nil
}

// AddEvent implements checkout.Store.
func (s *CheckoutStore) AddEvent(ctx context.Context, gateway string, e payment.Event, follow *job.New, now time.Time) (bool, error) {
	const query = `
		INSERT IGNORE INTO {provider_events} (gateway, event_id, type, intent_id, mode, created_at, received_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`

	added := false
	err := s.db.inTx(ctx, func(tx *tx) error {
		n, err := tx.exec(ctx, query, gateway, e.ID, e.Type, e.IntentID, e.Mode, e.Created.UTC(), now.UTC())
		if err != nil {
			return err
		}
		added = n == 1
		if !added || follow == nil {
			return nil
		}
		return tx.Enqueue(ctx, *follow)
	})
	return added, err
}

// EventsReadUntil implements checkout.Store.
func (s *CheckoutStore) EventsReadUntil(ctx context.Context, gateway string) (time.Time, error) {
	text, err := s.db.Setting(ctx, "events."+gateway)
	if err != nil {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("events of %s were read until: %w", gateway, err)
	}
	return at, nil
}

// SetEventsReadUntil implements checkout.Store.
func (s *CheckoutStore) SetEventsReadUntil(ctx context.Context, gateway string, until time.Time) error {
	return s.db.SetSetting(ctx, "events."+gateway, until.UTC().Format(time.RFC3339))
}
