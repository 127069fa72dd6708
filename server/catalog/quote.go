package catalog

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
)

// Quote is the totals of what a buyer is about to buy. An order keeps the quote
// that it was made from, never one computed anew.
//
// Always: Subtotal, Discount and Tax are the sums over Lines, Tax also the sum
// over TaxLines, and Total = Subtotal - Discount + exclusive tax = the sum of
// the lines' totals. Discounts are written as positive amounts; Discount is the
// sum over Coupons, GiftCard the sum over GiftCards, and DueToday = Total -
// GiftCard: a gift card pays, it lowers no price.
type Quote struct {
	Currency money.Currency `json:"currency"`
	Lines    []QuoteLine    `json:"lines"`
	Subtotal money.Amount   `json:"subtotal"`
	Discount money.Amount   `json:"discount"`
	Tax      money.Amount   `json:"tax"`
	TaxLines []TaxLine      `json:"tax_lines"`
	Total    money.Amount   `json:"total"`
	GiftCard money.Amount   `json:"gift_card"`
	DueToday money.Amount   `json:"due_today"`

	Coupons   []QuoteCoupon   `json:"coupons"`
	GiftCards []QuoteGiftCard `json:"gift_cards"`
}

// QuoteCoupon is a coupon that a quote was made with.
type QuoteCoupon struct {
	CouponID   int64        `json:"coupon_id"`
	Revision   int64        `json:"revision"` // of the rules
	CodeID     int64        `json:"code_id"`
	CampaignID int64        `json:"campaign_id,omitempty"`
	Code       string       `json:"code"`
	Name       string       `json:"name"`
	Amount     money.Amount `json:"amount"`               // what it takes off today
	TrialDays  int          `json:"trial_days,omitempty"` // that it adds to recurring prices
	Auto       bool         `json:"auto,omitempty"`       // applied by itself: cannot be taken off
	Tag        string       `json:"tag,omitempty"`        // for its buyer
	ExpiresAt  *time.Time   `json:"expires_at,omitempty"`
	// ReturnOnRefund gives the use back when the order is refunded whole.
	ReturnOnRefund bool `json:"return_on_refund,omitempty"`
}

// QuoteGiftCard is a gift card that pays for a part of a quote.
type QuoteGiftCard struct {
	CardID   int64        `json:"card_id"`
	PublicID string       `json:"public_id"`
	Mask     string       `json:"mask"` // its code's last characters
	Amount   money.Amount `json:"amount"`
	Left     money.Amount `json:"left"` // on the card afterwards
	// Problem is why it pays nothing; empty when it pays.
	Problem string `json:"problem,omitempty"`
}

// QuoteLine is one item of a quote.
type QuoteLine struct {
	ProductID int64        `json:"product_id"`
	Product   string       `json:"product"` // slug
	PriceID   int64        `json:"price_id"`
	Price     string       `json:"price"` // slug
	Name      string       `json:"name"`
	Quantity  int64        `json:"quantity"`
	Unit      money.Amount `json:"unit"`
	Subtotal  money.Amount `json:"subtotal"` // Unit × Quantity
	Discount  money.Amount `json:"discount"`
	Tax       money.Amount `json:"tax"`
	Total     money.Amount `json:"total"`
}

// TaxLine is the tax of one rate over all lines.
type TaxLine struct {
	Name      string       `json:"name"`
	Rate      string       `json:"rate"` // percent, a decimal such as "19" or "7.7"
	Amount    money.Amount `json:"amount"`
	Inclusive bool         `json:"inclusive"` // the prices contain it
}

// Item is a wish for a number of one of an offer's prices.
type Item struct {
	Price    string // slug
	Quantity int64
}

// NewQuote computes what the items of an offer cost. It is pure. Without items
// it takes the offer's own quantities. An offer is sold whole: items, when
// given, must name each of its prices once, and may differ from it only in a
// quantity that the owner lets the buyer choose.
func NewQuote(o *Offer, items []Item) (Quote, error) {
	if len(o.Items) == 0 {
		return Quote{}, errs.New(errs.Conflict, "This offer has nothing to sell yet.")
	}
	quantities, err := o.quantities(items)
	if err != nil {
		return Quote{}, err
	}
	q := Quote{Currency: o.Currency, Lines: make([]QuoteLine, len(o.Items)), TaxLines: []TaxLine{}, Coupons: []QuoteCoupon{}, GiftCards: []QuoteGiftCard{}}
	for i, item := range o.Items {
		if q.Lines[i], err = newLine(item, quantities[i]); err != nil {
			return Quote{}, outOfRange(err)
		}
	}
	if err := q.sum(); err != nil {
		return Quote{}, outOfRange(err)
	}
	return q, nil
}

// quantities returns the quantity of each of the offer's items.
func (o *Offer) quantities(items []Item) ([]int64, error) {
	quantities := make([]int64, len(o.Items))
	if len(items) == 0 {
		for i := range o.Items {
			quantities[i] = o.Items[i].Quantity
		}
		return quantities, nil
	}
	for _, wish := range items {
		i := o.itemOf(wish.Price)
		switch {
		case i < 0:
			return nil, errs.Field("items", "This offer does not contain %q.", wish.Price)
		case quantities[i] != 0:
			return nil, errs.Field("items", "%q is there twice.", wish.Price)
		case wish.Quantity < 1:
			return nil, errs.Field("items", "The quantity must be at least 1.")
		}
		if most := max(o.Items[i].MaxQuantity, o.Items[i].Quantity); wish.Quantity > most {
			return nil, errs.Field("items", "At most %d of %q can be bought at once.", most, o.Items[i].Product.Name)
		}
		if o.Items[i].MaxQuantity == 0 && wish.Quantity != o.Items[i].Quantity {
			return nil, errs.Field("items", "The quantity of %q cannot be chosen.", o.Items[i].Product.Name)
		}
		quantities[i] = wish.Quantity
	}
	for i, n := range quantities {
		if n == 0 {
			return nil, errs.Field("items", "This offer is sold whole: %q is missing.", o.Items[i].Product.Name)
		}
	}
	return quantities, nil
}

func (o *Offer) itemOf(price string) int {
	for i := range o.Items {
		if o.Items[i].Price.Slug == price {
			return i
		}
	}
	return -1
}

func newLine(item OfferItem, quantity int64) (QuoteLine, error) {
	unit := item.Unit()
	subtotal, err := unit.Times(quantity)
	if err != nil {
		return QuoteLine{}, fmt.Errorf("line %s: %w", item.Price.Slug, err)
	}
	nothing := money.New(0, unit.Currency)
	return QuoteLine{
		ProductID: item.Product.ID, Product: item.Product.Slug,
		PriceID: item.Price.ID, Price: item.Price.Slug,
		Name: item.Product.Name, Quantity: quantity, Unit: unit,
		Subtotal: subtotal, Discount: nothing, Tax: nothing, Total: subtotal,
	}, nil
}

// sum fills the totals from the lines.
func (q *Quote) sum() error {
	nothing := money.New(0, q.Currency)
	q.Subtotal, q.Discount, q.Tax, q.Total = nothing, nothing, nothing, nothing
	for _, line := range q.Lines {
		for _, s := range []struct {
			sum  *money.Amount
			part money.Amount
		}{{&q.Subtotal, line.Subtotal}, {&q.Discount, line.Discount}, {&q.Tax, line.Tax}, {&q.Total, line.Total}} {
			sum, err := s.sum.Add(s.part)
			if err != nil {
				return fmt.Errorf("total: %w", err)
			}
			*s.sum = sum
		}
	}
	q.DueToday, q.GiftCard = q.Total, nothing
	return nil
}

// Discounted returns the quote with more taken off its lines, one amount a
// line, by a coupon. It fails when a line would fall below zero.
func (q Quote) Discounted(c QuoteCoupon, offLines []money.Amount) (Quote, error) {
	if len(offLines) != len(q.Lines) {
		return Quote{}, fmt.Errorf("discount %d lines of %d", len(offLines), len(q.Lines))
	}
	q.Lines = slices.Clone(q.Lines)
	for i, off := range offLines {
		line := &q.Lines[i]
		var err error
		if line.Discount, err = line.Discount.Add(off); err != nil {
			return Quote{}, outOfRange(err)
		}
		if line.Total, err = line.Total.Sub(off); err != nil {
			return Quote{}, outOfRange(err)
		}
		if off.Minor < 0 || line.Total.Minor < 0 {
			return Quote{}, fmt.Errorf("discount of %d on line %s", off.Minor, line.Price)
		}
	}
	q.Coupons = append(slices.Clone(q.Coupons), c)
	err := q.sum()
	return q, err
}

// PaidWith returns the quote with gift cards paying for a part of it. It fails
// when they would pay more than it costs.
func (q Quote) PaidWith(cards []QuoteGiftCard) (Quote, error) {
	q.GiftCards, q.GiftCard = cards, money.New(0, q.Currency)
	for _, card := range cards {
		sum, err := q.GiftCard.Add(card.Amount)
		if err != nil {
			return Quote{}, outOfRange(err)
		}
		if card.Amount.Minor < 0 || sum.Minor > q.Total.Minor {
			return Quote{}, fmt.Errorf("gift card %d pays %d of %d", card.CardID, card.Amount.Minor, q.Total.Minor)
		}
		q.GiftCard = sum
	}
	var err error
	q.DueToday, err = q.Total.Sub(q.GiftCard)
	return q, err
}

// outOfRange turns an overflow into an answer for the buyer.
func outOfRange(err error) error {
	if errors.Is(err, money.ErrOverflow) {
		return errs.Field("items", "This amount is too large.")
	}
	return fmt.Errorf("quote: %w", err)
}
