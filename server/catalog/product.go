// Package catalog holds what is for sale: products, their prices, and the
// offers that order forms sell. It computes quotes, and reads and writes the
// owner's catalogue file.
package catalog

import "github.com/tillside/tillside/server/money"

// Status says whether something is in use.
type Status string

// The states of products, prices and offers. Products and prices are never
// drafts. What is archived is kept for the orders that name it.
const (
	StatusDraft    Status = "draft"
	StatusActive   Status = "active"
	StatusArchived Status = "archived"
)

// Product is what is sold and how it grants access.
type Product struct {
	ID          int64
	Slug        string
	Name        string
	Description string
	StartPage   string   // where the buyer begins: a path from the site's home, or an absolute address on the site
	Roles       []string // WordPress roles that the buyer gets
	AccessTags  []string // tags that the buyer gets
	RevokeTags  []string // tags that take the access away again, whatever the access tags say
	TaxClass    string   // names a kind of goods to the tax tables
	Status      Status
	GiftCard    *GiftCard // set when the product is a gift card
	Automations Automations
}

// GiftCard says what a product that is a gift card is worth: its price, or an
// amount that the buyer chooses between Minimum and Maximum, in the currency of
// the offer. A chosen amount is paid instead of the price.
type GiftCard struct {
	Chosen  bool         `json:"chosen,omitempty"`
	Minimum money.Amount `json:"minimum,omitzero"`
	Maximum money.Amount `json:"maximum,omitzero"`
	// Coupons and GiftCards let it be bought with those.
	Coupons   bool `json:"coupons,omitempty"`
	GiftCards bool `json:"gift_cards,omitempty"`
}

// TaxClassStandard is the tax class of products that name none.
const TaxClassStandard = "standard"

// PriceKind is how a price is charged.
type PriceKind string

// The kinds of prices. Only one-time prices are sold yet; the others are
// reserved and refused.
const (
	PriceOneTime      PriceKind = "one_time"
	PriceSubscription PriceKind = "subscription"
	PricePlan         PriceKind = "plan"
)

// Price is how a product is charged. Its slug is unique over all products,
// since a buyer's browser names a price by it.
type Price struct {
	ID         int64
	ProductID  int64
	Slug       string
	Kind       PriceKind
	UnitAmount money.Amount
	Status     Status
}
