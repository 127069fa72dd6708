package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/server/payment"
)

// OrderStore keeps orders.
type OrderStore struct{ db *DB }

// NewOrderStore returns an OrderStore.
func NewOrderStore(db *DB) *OrderStore { return &OrderStore{db} }

type orderRow struct {
	ID              int64     `db:"id"`
	PublicID        string    `db:"public_id"`
	Number          int64     `db:"number"`
	CheckoutID      int64     `db:"checkout_id"`
	ContactID       int64     `db:"contact_id"`
	OfferID         int64     `db:"offer_id"`
	OfferSlug       string    `db:"offer_slug"`
	OfferName       string    `db:"offer_name"`
	Status          string    `db:"status"`
	Currency        string    `db:"currency"`
	Subtotal        int64     `db:"subtotal"`
	Discount        int64     `db:"discount"`
	Tax             int64     `db:"tax"`
	Total           int64     `db:"total"`
	GiftCard        int64     `db:"gift_card"`
	Coupons         *string   `db:"coupons"`
	GiftCards       *string   `db:"gift_cards"`
	Gift            *string   `db:"gift"`
	Refunded        int64     `db:"refunded"`
	TaxLines        string    `db:"tax_lines"`
	Email           string    `db:"email"`
	FirstName       string    `db:"first_name"`
	LastName        string    `db:"last_name"`
	Country         string    `db:"country"`
	PostalCode      string    `db:"postal_code"`
	Locale          string    `db:"locale"`
	PageURL         string    `db:"page_url"`
	Referrer        string    `db:"referrer"`
	UTM             string    `db:"utm"`
	Partner         string    `db:"partner"`
	StartPage       string    `db:"start_page"`
	ThankYouURL     string    `db:"thank_you_url"`
	Help            string    `db:"help"`
	UserID          *int64    `db:"user_id"`
	Access          string    `db:"access"`
	PassFingerprint string    `db:"pass_fingerprint"`
	Credentials     string    `db:"credentials"`
	CreatedAt       time.Time `db:"created_at"`
}

const selectOrder = `
	SELECT id, public_id, number, checkout_id, contact_id, offer_id, offer_slug, offer_name, status, currency, subtotal, discount,
		tax, total, gift_card, coupons, gift_cards, gift, refunded, tax_lines, email, first_name, last_name, country, postal_code, locale, page_url, referrer, utm,
		partner, start_page, thank_you_url, help, user_id, access, pass_fingerprint, credentials, created_at
	FROM {orders}`

func (r *orderRow) order() (*order.Order, error) {
	currency := money.Currency(r.Currency)
	o := &order.Order{
		ID: r.ID, PublicID: r.PublicID, Number: r.Number, CheckoutID: r.CheckoutID, ContactID: r.ContactID,
		Status: order.Status(r.Status), Refunded: money.New(r.Refunded, currency),
		Buyer: order.Buyer{
			Email: r.Email, FirstName: r.FirstName, LastName: r.LastName, Country: r.Country, PostalCode: r.PostalCode,
		},
		Locale: r.Locale, Origin: order.Origin{PageURL: r.PageURL, Referrer: r.Referrer, Partner: r.Partner},
		Terms: order.Terms{
			OfferID: r.OfferID, OfferSlug: r.OfferSlug, OfferName: r.OfferName, StartPage: r.StartPage, Help: r.Help,
			Subtotal: money.New(r.Subtotal, currency), Discount: money.New(r.Discount, currency),
			Tax: money.New(r.Tax, currency), Total: money.New(r.Total, currency),
			GiftCard: money.New(r.GiftCard, currency),
		},
		ThankYouURL: r.ThankYouURL, UserID: orZero(r.UserID), Access: order.Access(r.Access),
		PassFingerprint: r.PassFingerprint, Credentials: order.CredentialsState(r.Credentials), CreatedAt: r.CreatedAt,
	}
	if err := json.Unmarshal([]byte(r.UTM), &o.Origin.UTM); err != nil {
		return nil, fmt.Errorf("utm of order %d: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.TaxLines), &o.Terms.TaxLines); err != nil {
		return nil, fmt.Errorf("tax lines of order %d: %w", r.ID, err)
	}
	for _, part := range []struct {
		text *string
		to   any
	}{{r.Coupons, &o.Terms.Coupons}, {r.GiftCards, &o.Terms.GiftCards}, {r.Gift, &o.Terms.Gift}} {
		if part.text == nil {
			continue
		}
		if err := json.Unmarshal([]byte(*part.text), part.to); err != nil {
			return nil, fmt.Errorf("terms of order %d: %w", r.ID, err)
		}
	}
	return o, nil
}

type orderItemRow struct {
	ProductID   int64  `db:"product_id"`
	PriceID     int64  `db:"price_id"`
	ProductSlug string `db:"product_slug"`
	Name        string `db:"name"`
	Quantity    int64  `db:"quantity"`
	UnitAmount  int64  `db:"unit_amount"`
	Subtotal    int64  `db:"subtotal"`
	Discount    int64  `db:"discount"`
	Tax         int64  `db:"tax"`
	Total       int64  `db:"total"`
	Roles       string `db:"roles"`
	AccessTags  string `db:"access_tags"`
	RevokeTags  string `db:"revoke_tags"`
}

func (r orderItemRow) item(c money.Currency) (order.Item, error) {
	item := order.Item{
		ProductID: r.ProductID, PriceID: r.PriceID, ProductSlug: r.ProductSlug, Name: r.Name, Quantity: r.Quantity,
		Unit: money.New(r.UnitAmount, c), Subtotal: money.New(r.Subtotal, c), Discount: money.New(r.Discount, c),
		Tax: money.New(r.Tax, c), Total: money.New(r.Total, c),
	}
	for _, list := range []struct {
		text string
		to   *[]string
	}{{r.Roles, &item.Roles}, {r.AccessTags, &item.AccessTags}, {r.RevokeTags, &item.RevokeTags}} {
		if err := json.Unmarshal([]byte(list.text), list.to); err != nil {
			return item, fmt.Errorf("lists of item %s: %w", r.ProductSlug, err)
		}
	}
	return item, nil
}

type paymentRow struct {
	ID          int64     `db:"id"`
	Gateway     string    `db:"gateway"`
	Account     string    `db:"account"`
	Mode        string    `db:"mode"`
	GatewayID   string    `db:"gateway_id"`
	Amount      int64     `db:"amount"`
	Currency    string    `db:"currency"`
	TenderKind  string    `db:"tender_kind"`
	TenderBrand string    `db:"tender_brand"`
	TenderLast4 string    `db:"tender_last4"`
	CreatedAt   time.Time `db:"created_at"`
}

func (r paymentRow) payment() order.Payment {
	return order.Payment{
		ID: r.ID, Account: payment.Account{Gateway: r.Gateway, ID: r.Account, Mode: payment.Mode(r.Mode)},
		GatewayID: r.GatewayID, Amount: money.New(r.Amount, money.Currency(r.Currency)),
		Tender: payment.Tender{Kind: r.TenderKind, Brand: r.TenderBrand, Last4: r.TenderLast4}, CreatedAt: r.CreatedAt,
	}
}

// order reads one order with its items and payments.
func (q querier) order(ctx context.Context, query string, args ...any) (*order.Order, error) {
	const items = `
		SELECT product_id, price_id, product_slug, name, quantity, unit_amount, subtotal, discount, tax, total, roles, access_tags,
			revoke_tags
		FROM {order_items}
		WHERE order_id = ?
		ORDER BY position`
	const payments = `
		SELECT id, gateway, account, mode, gateway_id, amount, currency, tender_kind, tender_brand, tender_last4, created_at
		FROM {payments}
		WHERE order_id = ?
		ORDER BY id`

	var row orderRow
	err := q.get(ctx, &row, query, args...)
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no such order.")
	}
	if err != nil {
		return nil, fmt.Errorf("select order: %w", err)
	}
	o, err := row.order()
	if err != nil {
		return nil, err
	}
	var itemRows []orderItemRow
	if err := q.all(ctx, &itemRows, items, o.ID); err != nil {
		return nil, fmt.Errorf("items of order %d: %w", o.ID, err)
	}
	for _, r := range itemRows {
		item, err := r.item(money.Currency(row.Currency))
		if err != nil {
			return nil, err
		}
		o.Terms.Items = append(o.Terms.Items, item)
	}
	var paymentRows []paymentRow
	if err := q.all(ctx, &paymentRows, payments, o.ID); err != nil {
		return nil, fmt.Errorf("payments of order %d: %w", o.ID, err)
	}
	for _, r := range paymentRows {
		o.Payments = append(o.Payments, r.payment())
	}
	return o, nil
}

// Order implements order.Store.
func (s *OrderStore) Order(ctx context.Context, id int64) (*order.Order, error) {
	const query = selectOrder + `
		WHERE id = ?`
	return s.db.order(ctx, query, id)
}

// OrderByPublicID implements order.Store.
func (s *OrderStore) OrderByPublicID(ctx context.Context, publicID string) (*order.Order, error) {
	const query = selectOrder + `
		WHERE public_id = ?`
	return s.db.order(ctx, query, publicID)
}

// OrderByNumber implements order.Store.
func (s *OrderStore) OrderByNumber(ctx context.Context, number int64) (*order.Order, error) {
	const query = selectOrder + `
		WHERE number = ?`
	return s.db.order(ctx, query, number)
}

// OrderOfPayment implements order.Store.
func (s *OrderStore) OrderOfPayment(ctx context.Context, gateway, gatewayID string) (*order.Order, error) {
	const query = selectOrder + `
		WHERE id = (SELECT order_id FROM {payments} WHERE gateway = ? AND gateway_id = ?)`
	return s.db.order(ctx, query, gateway, gatewayID)
}

const defaultLimit = 50

// FindOrders implements order.Store.
func (s *OrderStore) FindOrders(ctx context.Context, f order.Filter) ([]order.Order, error) {
	query, args := selectOrder, []any{}
	var where []string
	if f.Email != "" {
		where, args = append(where, "email = ?"), append(args, f.Email)
	}
	if f.Before > 0 {
		where, args = append(where, "number < ?"), append(args, f.Before)
	}
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	limit := f.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	var rows []orderRow
	if err := s.db.all(ctx, &rows, query+" ORDER BY number DESC LIMIT ?", append(args, limit)...); err != nil {
		return nil, fmt.Errorf("find orders: %w", err)
	}
	found := make([]order.Order, 0, len(rows))
	for i := range rows {
		o, err := rows[i].order()
		if err != nil {
			return nil, err
		}
		if f.Email == "" || strings.EqualFold(o.Buyer.Email, f.Email) { // the collation folds accents
			found = append(found, *o)
		}
	}
	return found, nil
}

// FindQuarantine implements order.Store.
func (s *OrderStore) FindQuarantine(ctx context.Context) ([]order.Quarantine, error) {
	const query = `
		SELECT id, gateway, gateway_id, checkout_id, reason, details, amount, currency, created_at
		FROM {quarantine}
		WHERE resolved_at IS NULL
		ORDER BY id
		LIMIT 200`

	var rows []struct {
		ID         int64     `db:"id"`
		Gateway    string    `db:"gateway"`
		GatewayID  string    `db:"gateway_id"`
		CheckoutID *int64    `db:"checkout_id"`
		Reason     string    `db:"reason"`
		Details    string    `db:"details"`
		Amount     int64     `db:"amount"`
		Currency   string    `db:"currency"`
		CreatedAt  time.Time `db:"created_at"`
	}
	if err := s.db.all(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("find quarantine: %w", err)
	}
	found := make([]order.Quarantine, len(rows))
	for i, r := range rows {
		found[i] = order.Quarantine{
			ID: r.ID, Account: payment.Account{Gateway: r.Gateway}, GatewayID: r.GatewayID, CheckoutID: orZero(r.CheckoutID),
			Reason: order.Reason(r.Reason), Details: r.Details, Amount: money.New(r.Amount, money.Currency(r.Currency)),
			CreatedAt: r.CreatedAt,
		}
	}
	return found, nil
}

// ResolveQuarantine implements order.Store.
func (s *OrderStore) ResolveQuarantine(ctx context.Context, id int64, now time.Time) error {
	const query = `
		UPDATE {quarantine}
		SET resolved_at = ?
		WHERE id = ?`

	if _, err := s.db.exec(ctx, query, now.UTC(), id); err != nil {
		return fmt.Errorf("resolve quarantine %d: %w", id, err)
	}
	return nil
}
