package mysql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/money"
)

type productRow struct {
	ID          int64   `db:"id"`
	Slug        string  `db:"slug"`
	Name        string  `db:"name"`
	Description string  `db:"description"`
	StartPage   string  `db:"start_page"`
	Roles       string  `db:"roles"`
	AccessTags  string  `db:"access_tags"`
	RevokeTags  string  `db:"revoke_tags"`
	TaxClass    string  `db:"tax_class"`
	GiftCard    *string `db:"gift_card"`
	Automations *string `db:"automations"`
	Status      string  `db:"status"`
}

func (r productRow) product() (*catalog.Product, error) {
	p := &catalog.Product{
		ID: r.ID, Slug: r.Slug, Name: r.Name, Description: r.Description, StartPage: r.StartPage,
		TaxClass: r.TaxClass, Status: catalog.Status(r.Status),
	}
	for list, text := range map[*[]string]string{&p.Roles: r.Roles, &p.AccessTags: r.AccessTags, &p.RevokeTags: r.RevokeTags} {
		if err := json.Unmarshal([]byte(text), list); err != nil {
			return nil, fmt.Errorf("lists of product %s: %w", r.Slug, err)
		}
	}
	if r.GiftCard != nil {
		if err := json.Unmarshal([]byte(*r.GiftCard), &p.GiftCard); err != nil {
			return nil, fmt.Errorf("gift card of product %s: %w", r.Slug, err)
		}
	}
	var err error
	p.Automations, err = automationsOf("product "+r.Slug, r.Automations)
	return p, err
}

// automationsOf decodes automations; NULL is none.
func automationsOf(what string, text *string) (catalog.Automations, error) {
	if text == nil {
		return nil, nil
	}
	var all catalog.Automations
	if err := json.Unmarshal([]byte(*text), &all); err != nil {
		return nil, fmt.Errorf("automations of %s: %w", what, err)
	}
	return all, nil
}

// automationsOrNull encodes automations; none is NULL.
func automationsOrNull(all catalog.Automations) (*string, error) {
	if len(all) == 0 {
		return nil, nil
	}
	return jsonOrNull(&all)
}

type priceRow struct {
	ID         int64  `db:"id"`
	ProductID  int64  `db:"product_id"`
	Slug       string `db:"slug"`
	Kind       string `db:"kind"`
	UnitAmount int64  `db:"unit_amount"`
	Currency   string `db:"currency"`
	Status     string `db:"status"`
}

func (r priceRow) price() *catalog.Price {
	return &catalog.Price{
		ID: r.ID, ProductID: r.ProductID, Slug: r.Slug, Kind: catalog.PriceKind(r.Kind),
		UnitAmount: amount(r.UnitAmount, r.Currency), Status: catalog.Status(r.Status),
	}
}

// selectOffers reads a row for each item of each offer; one with an empty item
// for an offer without any.
const selectOffers = `
		SELECT o.id, o.slug, o.name, o.description, o.status, o.revision, o.currency, o.seats, o.opens_at, o.closes_at, o.time_zone,
			o.closed_text, o.closed_offer, o.thank_you_url, o.append_order_info, o.help, o.form_tokens_since, o.form, o.automations,
			i.position, i.quantity, i.max_quantity, i.unit_amount AS special_amount,
			r.id AS price_id, r.slug AS price_slug, r.kind, r.unit_amount, r.currency AS price_currency, r.status AS price_status,
			p.id AS product_id, p.slug AS product_slug, p.name AS product_name, p.description AS product_description,
			p.start_page, p.roles, p.access_tags, p.revoke_tags, p.tax_class, p.gift_card, p.automations AS product_automations,
			p.status AS product_status
		FROM {offers} o
		LEFT JOIN {offer_items} i ON i.offer_id = o.id
		LEFT JOIN {prices} r ON r.id = i.price_id
		LEFT JOIN {products} p ON p.id = r.product_id`

type offerRow struct {
	ID              int64        `db:"id"`
	Slug            string       `db:"slug"`
	Name            string       `db:"name"`
	Description     string       `db:"description"`
	Status          string       `db:"status"`
	Revision        int64        `db:"revision"`
	Currency        string       `db:"currency"`
	Seats           *int64       `db:"seats"`
	OpensAt         *time.Time   `db:"opens_at"`
	ClosesAt        *time.Time   `db:"closes_at"`
	TimeZone        string       `db:"time_zone"`
	ClosedText      string       `db:"closed_text"`
	ClosedOffer     string       `db:"closed_offer"`
	ThankYouURL     string       `db:"thank_you_url"`
	AppendOrderInfo bool         `db:"append_order_info"`
	Help            string       `db:"help"`
	FormTokensSince sql.NullTime `db:"form_tokens_since"`
	Form            string       `db:"form"`
	Automations     *string      `db:"automations"`
	itemRow
}

// itemRow is empty, all of it, for an offer without items.
type itemRow struct {
	Position           sql.NullInt64  `db:"position"`
	Quantity           sql.NullInt64  `db:"quantity"`
	MaxQuantity        sql.NullInt64  `db:"max_quantity"`
	SpecialAmount      sql.NullInt64  `db:"special_amount"`
	PriceID            sql.NullInt64  `db:"price_id"`
	PriceSlug          sql.NullString `db:"price_slug"`
	Kind               sql.NullString `db:"kind"`
	UnitAmount         sql.NullInt64  `db:"unit_amount"`
	PriceCurrency      sql.NullString `db:"price_currency"`
	PriceStatus        sql.NullString `db:"price_status"`
	ProductID          sql.NullInt64  `db:"product_id"`
	ProductSlug        sql.NullString `db:"product_slug"`
	ProductName        sql.NullString `db:"product_name"`
	ProductDescription sql.NullString `db:"product_description"`
	StartPage          sql.NullString `db:"start_page"`
	Roles              sql.NullString `db:"roles"`
	AccessTags         sql.NullString `db:"access_tags"`
	RevokeTags         sql.NullString `db:"revoke_tags"`
	TaxClass           sql.NullString `db:"tax_class"`
	GiftCard           *string        `db:"gift_card"`
	ProductAutomations *string        `db:"product_automations"`
	ProductStatus      sql.NullString `db:"product_status"`
}

// readOffers runs a query that begins with selectOffers and keeps the rows of
// an offer together.
func readOffers(ctx context.Context, q querier, query string, args ...any) ([]*catalog.Offer, error) {
	var rows []offerRow
	if err := q.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("select offers: %w", err)
	}
	var offers []*catalog.Offer
	for _, row := range rows {
		if len(offers) == 0 || offers[len(offers)-1].ID != row.ID {
			o, err := row.offer()
			if err != nil {
				return nil, err
			}
			offers = append(offers, o)
		}
		if row.PriceID.Valid {
			item, err := row.item()
			if err != nil {
				return nil, err
			}
			last := offers[len(offers)-1]
			last.Items = append(last.Items, item)
		}
	}
	return offers, nil
}

func (r offerRow) offer() (*catalog.Offer, error) {
	o := &catalog.Offer{
		ID: r.ID, Slug: r.Slug, Name: r.Name, Description: r.Description, Status: catalog.Status(r.Status),
		Revision: r.Revision, Currency: money.Currency(r.Currency), Seats: int(orZero(r.Seats)), OpensAt: r.OpensAt, ClosesAt: r.ClosesAt,
		TimeZone: r.TimeZone, ClosedText: r.ClosedText, ClosedOffer: r.ClosedOffer, ThankYouURL: r.ThankYouURL,
		AppendOrderInfo: r.AppendOrderInfo, Help: r.Help, FormTokensSince: r.FormTokensSince.Time,
	}
	if err := json.Unmarshal([]byte(r.Form), &o.Form); err != nil {
		return nil, fmt.Errorf("form of offer %s: %w", r.Slug, err)
	}
	var err error
	o.Automations, err = automationsOf("offer "+r.Slug, r.Automations)
	return o, err
}

func (r itemRow) item() (catalog.OfferItem, error) {
	product, err := productRow{
		ID: r.ProductID.Int64, Slug: r.ProductSlug.String, Name: r.ProductName.String,
		Description: r.ProductDescription.String, StartPage: r.StartPage.String, Roles: r.Roles.String,
		AccessTags: r.AccessTags.String, RevokeTags: r.RevokeTags.String, TaxClass: r.TaxClass.String,
		GiftCard: r.GiftCard, Automations: r.ProductAutomations, Status: r.ProductStatus.String,
	}.product()
	if err != nil {
		return catalog.OfferItem{}, err
	}
	price := priceRow{
		ID: r.PriceID.Int64, ProductID: r.ProductID.Int64, Slug: r.PriceSlug.String, Kind: r.Kind.String,
		UnitAmount: r.UnitAmount.Int64, Currency: r.PriceCurrency.String, Status: r.PriceStatus.String,
	}.price()
	item := catalog.OfferItem{
		Product: *product, Price: *price,
		Quantity: r.Quantity.Int64, MaxQuantity: r.MaxQuantity.Int64, Position: int(r.Position.Int64),
	}
	if r.SpecialAmount.Valid {
		special := amount(r.SpecialAmount.Int64, r.PriceCurrency.String)
		item.UnitAmount = &special
	}
	return item, nil
}

// encodeList writes a list of strings as JSON; nothing as [].
func encodeList(list []string) string {
	if len(list) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(list) // strings always have a JSON form
	return string(text)
}

// jsonOrNull encodes what a pointer points at; NULL for nil.
func jsonOrNull[T any](v *T) (*string, error) {
	if v == nil {
		return nil, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	text := string(raw)
	return &text, nil
}
