package mysql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
)

// CatalogStore implements catalog.Store.
type CatalogStore struct{ db *DB }

// NewCatalogStore returns a CatalogStore that reads and writes db.
func NewCatalogStore(db *DB) *CatalogStore { return &CatalogStore{db: db} }

var _ catalog.Store = (*CatalogStore)(nil)

// InTx runs fn with a catalog.Tx that commits if fn returns nil.
func (s *CatalogStore) InTx(ctx context.Context, fn func(catalog.Tx) error) error {
	return s.db.inTx(ctx, func(tx *tx) error { return fn(&catalogTx{tx, s.db.now().UTC()}) })
}

// RevisionBySlug returns which version of an offer is stored.
func (s *CatalogStore) RevisionBySlug(ctx context.Context, slug string) (catalog.Version, error) {
	const query = `SELECT id, revision FROM {offers} WHERE slug = ?`
	return s.revision(ctx, query, slug)
}

// RevisionByID returns which version of an offer is stored.
func (s *CatalogStore) RevisionByID(ctx context.Context, id int64) (catalog.Version, error) {
	const query = `SELECT id, revision FROM {offers} WHERE id = ?`
	return s.revision(ctx, query, id)
}

func (s *CatalogStore) revision(ctx context.Context, query string, key any) (catalog.Version, error) {
	var v catalog.Version
	err := s.db.get(ctx, &v, query, key)
	if isNoRows(err) {
		return catalog.Version{}, noOffer()
	}
	if err != nil {
		return catalog.Version{}, fmt.Errorf("select offer's revision: %w", err)
	}
	return v, nil
}

func noOffer() error { return errs.New(errs.NotFound, "There is no such offer.") }

// OfferBySlug reads an offer and its items in one statement, so that they and
// the revision belong together without a transaction.
func (s *CatalogStore) OfferBySlug(ctx context.Context, slug string) (*catalog.Offer, error) {
	const query = selectOffers + `
		WHERE o.slug = ?
		ORDER BY i.position`
	return s.offer(ctx, query, slug)
}

// OfferByID reads an offer as OfferBySlug does.
func (s *CatalogStore) OfferByID(ctx context.Context, id int64) (*catalog.Offer, error) {
	const query = selectOffers + `
		WHERE o.id = ?
		ORDER BY i.position`
	return s.offer(ctx, query, id)
}

func (s *CatalogStore) offer(ctx context.Context, query string, key any) (*catalog.Offer, error) {
	offers, err := readOffers(ctx, s.db.querier, query, key)
	if err != nil {
		return nil, err
	}
	if len(offers) == 0 {
		return nil, noOffer()
	}
	return offers[0], nil
}

// ProductBySlug implements catalog.Store.
func (s *CatalogStore) ProductBySlug(ctx context.Context, slug string) (*catalog.Product, error) {
	const query = `
		SELECT id, slug, name, description, start_page, roles, access_tags, revoke_tags, tax_class, gift_card, automations, status
		FROM {products}
		WHERE slug = ?`

	var row productRow
	err := s.db.get(ctx, &row, query, slug)
	if isNoRows(err) {
		return nil, errs.New(errs.NotFound, "There is no product %q.", slug)
	}
	if err != nil {
		return nil, fmt.Errorf("select product %s: %w", slug, err)
	}
	return row.product()
}

// Catalogue reads everything in three statements. It is meant for lists and
// exports: what changes between them shows torn at most once.
func (s *CatalogStore) Catalogue(ctx context.Context) (*catalog.Catalogue, error) {
	return readCatalogue(ctx, s.db.querier)
}

func readCatalogue(ctx context.Context, q querier) (*catalog.Catalogue, error) {
	const (
		products = `
		SELECT id, slug, name, description, start_page, roles, access_tags, revoke_tags, tax_class, gift_card, automations, status
		FROM {products}
		ORDER BY slug`
		prices = `
		SELECT id, product_id, slug, kind, unit_amount, currency, status
		FROM {prices}
		ORDER BY slug`
		offers = selectOffers + `
		ORDER BY o.slug, i.position`
	)
	var c catalog.Catalogue
	var productRows []productRow
	if err := q.all(ctx, &productRows, products); err != nil {
		return nil, fmt.Errorf("select products: %w", err)
	}
	for _, row := range productRows {
		p, err := row.product()
		if err != nil {
			return nil, err
		}
		c.Products = append(c.Products, p)
	}
	var priceRows []priceRow
	if err := q.all(ctx, &priceRows, prices); err != nil {
		return nil, fmt.Errorf("select prices: %w", err)
	}
	for _, row := range priceRows {
		c.Prices = append(c.Prices, row.price())
	}
	var err error
	c.Offers, err = readOffers(ctx, q, offers)
	return &c, err
}

type catalogTx struct {
	*tx
	now time.Time // of this transaction
}

// Catalogue lets one transaction at a time change the catalogue: rows that do
// not exist yet cannot be locked. The lock is written, since a locked read holds
// on one Galera node only.
func (t *catalogTx) Catalogue(ctx context.Context) (*catalog.Catalogue, error) {
	const lock = `UPDATE {locks} SET touched_at = ? WHERE name = 'catalog'`
	n, err := t.exec(ctx, lock, t.now)
	if err != nil {
		return nil, fmt.Errorf("lock catalogue: %w", err)
	}
	if n == 0 {
		return nil, errors.New("lock catalogue: its row is missing; run the migrations")
	}
	return readCatalogue(ctx, t.querier)
}

// SaveProduct implements catalog.Tx.
func (t *catalogTx) SaveProduct(ctx context.Context, p *catalog.Product) error {
	const (
		insert = `
		INSERT INTO {products} (slug, name, description, start_page, roles, access_tags, revoke_tags, tax_class, gift_card, automations,
			status, updated_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
		update = `
		UPDATE {products}
		SET slug = ?, name = ?, description = ?, start_page = ?, roles = ?, access_tags = ?, revoke_tags = ?, tax_class = ?,
			gift_card = ?, automations = ?, status = ?, updated_at = ?
		WHERE id = ?`
	)
	giftCard, err := jsonOrNull(p.GiftCard)
	if err != nil {
		return fmt.Errorf("gift card of product %s: %w", p.Slug, err)
	}
	automations, err := automationsOrNull(p.Automations)
	if err != nil {
		return fmt.Errorf("automations of product %s: %w", p.Slug, err)
	}
	values := []any{
		p.Slug, p.Name, p.Description, p.StartPage, encodeList(p.Roles), encodeList(p.AccessTags), encodeList(p.RevokeTags),
		p.TaxClass, giftCard, automations, p.Status, t.now,
	}
	return t.save(ctx, &p.ID, "product "+p.Slug, insert, update, values)
}

// SavePrice implements catalog.Tx.
func (t *catalogTx) SavePrice(ctx context.Context, p *catalog.Price) error {
	const (
		insert = `
		INSERT INTO {prices} (product_id, slug, kind, unit_amount, currency, status, updated_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
		update = `
		UPDATE {prices}
		SET product_id = ?, slug = ?, kind = ?, unit_amount = ?, currency = ?, status = ?, updated_at = ?
		WHERE id = ?`
	)
	values := []any{p.ProductID, p.Slug, p.Kind, p.UnitAmount.Minor, p.UnitAmount.Currency, p.Status, t.now}
	return t.save(ctx, &p.ID, "price "+p.Slug, insert, update, values)
}

// SaveOffer implements catalog.Tx.
func (t *catalogTx) SaveOffer(ctx context.Context, o *catalog.Offer) error {
	const (
		insert = `
		INSERT INTO {offers} (slug, name, description, status, revision, currency, seats, opens_at, closes_at, time_zone,
			closed_text, closed_offer, thank_you_url, append_order_info, help, form_tokens_since, form, automations, updated_at,
			created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
		update = `
		UPDATE {offers}
		SET slug = ?, name = ?, description = ?, status = ?, revision = ?, currency = ?, seats = ?, opens_at = ?, closes_at = ?,
			time_zone = ?, closed_text = ?, closed_offer = ?, thank_you_url = ?, append_order_info = ?, help = ?,
			form_tokens_since = ?, form = ?, automations = ?, updated_at = ?
		WHERE id = ?`
	)
	form, err := json.Marshal(o.Form)
	if err != nil {
		return fmt.Errorf("encode form of offer %s: %w", o.Slug, err)
	}
	automations, err := automationsOrNull(o.Automations)
	if err != nil {
		return fmt.Errorf("automations of offer %s: %w", o.Slug, err)
	}
	since := sql.NullTime{Time: o.FormTokensSince.UTC(), Valid: !o.FormTokensSince.IsZero()}
	values := []any{
		o.Slug, o.Name, o.Description, o.Status, o.Revision + 1, o.Currency, orNull(int64(o.Seats)), utc(o.OpensAt), utc(o.ClosesAt), o.TimeZone,
		o.ClosedText, o.ClosedOffer, o.ThankYouURL, o.AppendOrderInfo, o.Help, since, string(form), automations, t.now,
	}
	if err := t.save(ctx, &o.ID, "offer "+o.Slug, insert, update, values); err != nil {
		return err
	}
	o.Revision++
	return t.saveItems(ctx, o)
}

func (t *catalogTx) saveItems(ctx context.Context, o *catalog.Offer) error {
	const clear = `DELETE FROM {offer_items} WHERE offer_id = ?`
	if _, err := t.exec(ctx, clear, o.ID); err != nil {
		return fmt.Errorf("delete items of offer %s: %w", o.Slug, err)
	}
	const insert = `
		INSERT INTO {offer_items} (offer_id, position, price_id, quantity, max_quantity, unit_amount)
		VALUES (?, ?, ?, ?, ?, ?)`
	for _, item := range o.Items {
		var special sql.NullInt64
		if item.UnitAmount != nil {
			special = sql.NullInt64{Int64: item.UnitAmount.Minor, Valid: true}
		}
		_, err := t.exec(ctx, insert, o.ID, item.Position, item.Price.ID, item.Quantity, item.MaxQuantity, special)
		if err != nil {
			return fmt.Errorf("insert item %s of offer %s: %w", item.Price.Slug, o.Slug, err)
		}
	}
	return nil
}

// save inserts a row without an id and sets it, or updates the one with it. The
// values are the columns of update, and of insert but the time of creation.
func (t *catalogTx) save(ctx context.Context, id *int64, what, insert, update string, values []any) error {
	if *id == 0 {
		inserted, err := t.insert(ctx, insert, append(values, t.now)...)
		if isDuplicate(err) {
			return errs.New(errs.Conflict, "There is already a %s.", what)
		}
		if err != nil {
			return fmt.Errorf("insert %s: %w", what, err)
		}
		*id = inserted
		return nil
	}
	n, err := t.exec(ctx, update, append(values, *id)...)
	switch {
	case isDuplicate(err):
		return errs.New(errs.Conflict, "There is already a %s.", what)
	case err != nil:
		return fmt.Errorf("update %s: %w", what, err)
	case n == 0:
		return errs.New(errs.NotFound, "There is no %s any more.", what)
	}
	return nil
}

// RaiseRevision implements catalog.Tx.
func (t *catalogTx) RaiseRevision(ctx context.Context, o *catalog.Offer) error {
	const query = `UPDATE {offers} SET revision = revision + 1, updated_at = ? WHERE id = ?`
	if _, err := t.exec(ctx, query, t.now, o.ID); err != nil {
		return fmt.Errorf("raise revision of offer %s: %w", o.Slug, err)
	}
	o.Revision++
	return nil
}

func utc(moment *time.Time) any {
	if moment == nil {
		return nil
	}
	return moment.UTC()
}

func amount(minor int64, currency string) money.Amount {
	return money.New(minor, money.Currency(currency))
}
