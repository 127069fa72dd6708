package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/order"
)

// InTx implements order.Store.
func (s *OrderStore) InTx(ctx context.Context, fn func(order.Tx) error) error {
	return s.db.inTx(ctx, func(tx *tx) error { return fn(orderTx{tx}) })
}

type orderTx struct{ *tx }

// LockPurchase implements order.Tx.
func (t orderTx) LockPurchase(ctx context.Context, checkoutID int64, intentID string) (*order.Purchase, error) {
	const newest = `
		SELECT ` + attemptColumns + `
		FROM {attempts}
		WHERE checkout_id = ?
		ORDER BY number DESC
		LIMIT 1`
	const ofIntent = `
		SELECT ` + attemptColumns + `
		FROM {attempts}
		WHERE checkout_id = ? AND intent_id = ?
		ORDER BY number DESC
		LIMIT 1`

	c, err := checkoutTx{t.tx}.LockCheckoutByID(ctx, checkoutID)
	if err != nil {
		return nil, err
	}
	p := &order.Purchase{
		CheckoutID: c.ID, PublicID: c.PublicID, ContactID: c.ContactID, Paid: c.Status == checkout.StatusPaid,
		UserID: c.UserID, Buyer: c.Buyer, Locale: c.Locale, Origin: c.Origin,
	}
	var a *checkout.Attempt
	if intentID == "" {
		a, err = t.attempt(ctx, newest, checkoutID)
	} else {
		a, err = t.attempt(ctx, ofIntent, checkoutID, intentID)
		if errs.Is(err, errs.NotFound) { // made, but the process died before it was stored
			a, err = t.attempt(ctx, newest, checkoutID)
		}
	}
	if errs.Is(err, errs.NotFound) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.Attempt = order.Attempt{ID: a.ID, Account: a.Account, Amount: a.Amount, Terms: a.Terms}
	return p, nil
}

// OrderOfCheckout implements order.Tx.
func (t orderTx) OrderOfCheckout(ctx context.Context, checkoutID int64) (*order.Order, error) {
	const query = selectOrder + `
		WHERE checkout_id = ?`
	return t.order(ctx, query, checkoutID)
}

// LockOrder implements order.Tx.
func (t orderTx) LockOrder(ctx context.Context, id int64) (*order.Order, error) {
	const query = selectOrder + `
		WHERE id = ?
		FOR UPDATE`
	return t.order(ctx, query, id)
}

// NextNumber implements order.Tx.
func (t orderTx) NextNumber(ctx context.Context) (int64, error) {
	const next = `
		UPDATE {counters}
		SET value = LAST_INSERT_ID(value + 1)
		WHERE name = 'order'`

	number, err := t.insert(ctx, next)
	if err != nil {
		return 0, fmt.Errorf("next order number: %w", err)
	}
	return number, nil
}

// AddOrder implements order.Tx.
func (t orderTx) AddOrder(ctx context.Context, o *order.Order) error {
	const insert = `
		INSERT INTO {orders} (public_id, number, checkout_id, contact_id, offer_id, offer_slug, offer_name, status, currency,
			subtotal, discount, tax, total, gift_card, coupons, gift_cards, gift, tax_lines, email, first_name, last_name, country, postal_code, locale, page_url,
			referrer, utm, partner, start_page, thank_you_url, help, access, credentials, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	taxLines, err := jsonList(o.Terms.TaxLines)
	if err != nil {
		return err
	}
	coupons, err := jsonList(o.Terms.Coupons)
	if err != nil {
		return err
	}
	cards, err := jsonList(o.Terms.GiftCards)
	if err != nil {
		return err
	}
	gift, err := jsonOrNull(o.Terms.Gift)
	if err != nil {
		return fmt.Errorf("gift: %w", err)
	}
	utm, err := json.Marshal(o.Origin.UTM)
	if err != nil {
		return fmt.Errorf("utm: %w", err)
	}
	at := o.CreatedAt.UTC()
	o.ID, err = t.insert(ctx, insert, o.PublicID, o.Number, o.CheckoutID, o.ContactID, o.Terms.OfferID, o.Terms.OfferSlug,
		o.Terms.OfferName, o.Status, o.Terms.Total.Currency, o.Terms.Subtotal.Minor, o.Terms.Discount.Minor, o.Terms.Tax.Minor,
		o.Terms.Total.Minor, o.Terms.GiftCard.Minor, coupons, cards, gift, taxLines, o.Buyer.Email, o.Buyer.FirstName, o.Buyer.LastName,
		o.Buyer.Country, o.Buyer.PostalCode, o.Locale, o.Origin.PageURL, o.Origin.Referrer, string(utm), o.Origin.Partner, o.Terms.StartPage, o.ThankYouURL,
		o.Terms.Help, o.Access, o.Credentials, at, at)
	if err != nil {
		return fmt.Errorf("insert order: %w", err)
	}
	for i := range o.Terms.Items {
		if err := t.addItem(ctx, o.ID, i, &o.Terms.Items[i]); err != nil {
			return err
		}
	}
	for i := range o.Payments {
		if err := t.addPayment(ctx, o.ID, &o.Payments[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t orderTx) addItem(ctx context.Context, orderID int64, position int, item *order.Item) error {
	const insert = `
		INSERT INTO {order_items} (order_id, position, product_id, price_id, product_slug, name, quantity, unit_amount, subtotal,
			discount, tax, total, roles, access_tags, revoke_tags)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	var lists [3]string
	for i, list := range [][]string{item.Roles, item.AccessTags, item.RevokeTags} {
		text, err := jsonList(list)
		if err != nil {
			return err
		}
		lists[i] = text
	}
	_, err := t.exec(ctx, insert, orderID, position, item.ProductID, item.PriceID, item.ProductSlug, item.Name, item.Quantity,
		item.Unit.Minor, item.Subtotal.Minor, item.Discount.Minor, item.Tax.Minor, item.Total.Minor, lists[0], lists[1], lists[2])
	if err != nil {
		return fmt.Errorf("insert order item: %w", err)
	}
	return nil
}

func (t orderTx) addPayment(ctx context.Context, orderID int64, p *order.Payment) error {
	const insert = `
		INSERT INTO {payments} (order_id, gateway, account, mode, gateway_id, amount, currency, tender_kind, tender_brand,
			tender_last4, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	id, err := t.insert(ctx, insert, orderID, p.Account.Gateway, p.Account.ID, p.Account.Mode, p.GatewayID, p.Amount.Minor,
		p.Amount.Currency, p.Tender.Kind, p.Tender.Brand, p.Tender.Last4, p.CreatedAt.UTC())
	if isDuplicate(err) {
		return errs.New(errs.Conflict, "This payment belongs to another order.")
	}
	if err != nil {
		return fmt.Errorf("insert payment: %w", err)
	}
	p.ID = id
	return nil
}

// MarkPaid implements order.Tx.
func (t orderTx) MarkPaid(ctx context.Context, checkoutID, attemptID int64, now time.Time) error {
	const closeAttempts = `
		UPDATE {attempts}
		SET status = CASE WHEN id = ? THEN 'succeeded' ELSE 'canceled' END, open_checkout_id = NULL, lease = NULL,
			leased_until = NULL, updated_at = ?
		WHERE checkout_id = ? AND (id = ? OR open_checkout_id IS NOT NULL)`
	const markCheckout = `
		UPDATE {checkouts}
		SET status = 'paid', updated_at = ?
		WHERE id = ?`

	if _, err := t.exec(ctx, closeAttempts, attemptID, now.UTC(), checkoutID, attemptID); err != nil {
		return fmt.Errorf("close attempts: %w", err)
	}
	if _, err := t.exec(ctx, markCheckout, now.UTC(), checkoutID); err != nil {
		return fmt.Errorf("mark checkout: %w", err)
	}
	return nil
}

// AddQuarantine implements order.Tx.
func (t orderTx) AddQuarantine(ctx context.Context, q order.Quarantine) error {
	const insert = `
		INSERT IGNORE INTO {quarantine} (gateway, gateway_id, checkout_id, reason, details, amount, currency, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

	_, err := t.exec(ctx, insert, q.Account.Gateway, q.GatewayID, orNull(q.CheckoutID), q.Reason, q.Details, q.Amount.Minor,
		q.Amount.Currency, q.CreatedAt.UTC())
	if err != nil {
		return fmt.Errorf("insert quarantine: %w", err)
	}
	return nil
}

// SetAccess implements order.Tx.
func (t orderTx) SetAccess(ctx context.Context, orderID int64, a order.AccessChange) error {
	const setOrder = `
		UPDATE {orders}
		SET user_id = ?, access = ?, pass_fingerprint = ?, credentials = ?, updated_at = ?
		WHERE id = ? AND access = 'pending'`
	const setContact = `
		UPDATE {contacts}
		SET user_id = ?, updated_at = ?
		WHERE id = (SELECT contact_id FROM {orders} WHERE id = ?)`

	now := t.now().UTC()
	if _, err := t.exec(ctx, setOrder, orNull(a.UserID), a.Access, a.PassFingerprint, a.Credentials, now, orderID); err != nil {
		return fmt.Errorf("set access of order %d: %w", orderID, err)
	}
	if _, err := t.exec(ctx, setContact, orNull(a.UserID), now, orderID); err != nil {
		return fmt.Errorf("set user of contact: %w", err)
	}
	return nil
}

// SetCredentials implements order.Tx.
func (t orderTx) SetCredentials(ctx context.Context, orderID int64, from, to order.CredentialsState, fingerprint string) (bool, error) {
	const query = `
		UPDATE {orders}
		SET credentials = ?, pass_fingerprint = ?, updated_at = ?
		WHERE id = ? AND credentials = ?`

	n, err := t.exec(ctx, query, to, fingerprint, t.now().UTC(), orderID, from)
	if err != nil {
		return false, fmt.Errorf("set credentials of order %d: %w", orderID, err)
	}
	return n == 1, nil
}

// SetRefunded implements order.Tx.
func (t orderTx) SetRefunded(ctx context.Context, orderID int64, refunded money.Amount, status order.Status) error {
	const query = `
		UPDATE {orders}
		SET refunded = ?, status = ?, updated_at = ?
		WHERE id = ?`

	if _, err := t.exec(ctx, query, refunded.Minor, status, t.now().UTC(), orderID); err != nil {
		return fmt.Errorf("set refunded of order %d: %w", orderID, err)
	}
	return nil
}

// jsonList encodes a list; a nil one as [].
func jsonList[T any](list []T) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("encode list: %w", err)
	}
	return string(text), nil
}
