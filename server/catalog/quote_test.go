package catalog_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
)

func offerOf(items ...catalog.OfferItem) *catalog.Offer {
	for i := range items {
		slug := string(rune('a' + i))
		items[i].Price.Slug, items[i].Price.ID = slug, int64(i+1)
		items[i].Product.Name = "Product " + slug
	}
	return &catalog.Offer{ID: 7, Slug: "offer", Currency: "EUR", Items: items}
}

func item(minor, quantity int64) catalog.OfferItem {
	return catalog.OfferItem{Price: catalog.Price{UnitAmount: money.New(minor, "EUR")}, Quantity: quantity}
}

func TestNewQuote_LinesSumToTheTotal(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var items []catalog.OfferItem
		var want int64
		for range 1 + random.IntN(6) {
			it := item(random.Int64N(1_000_000), 1+random.Int64N(50))
			unit := it.Price.UnitAmount.Minor
			if random.IntN(3) == 0 {
				special := money.New(random.Int64N(1_000_000), "EUR")
				it.UnitAmount, unit = &special, special.Minor
			}
			items, want = append(items, it), want+unit*it.Quantity
		}
		q, err := catalog.NewQuote(offerOf(items...), nil)
		if err != nil {
			t.Fatal(err)
		}
		var subtotal, discount, tax, total int64
		for _, l := range q.Lines {
			if l.Subtotal.Minor != l.Unit.Minor*l.Quantity || l.Total.Minor != l.Subtotal.Minor-l.Discount.Minor {
				t.Fatalf("line %+v does not add up", l)
			}
			subtotal, discount, tax, total = subtotal+l.Subtotal.Minor, discount+l.Discount.Minor, tax+l.Tax.Minor, total+l.Total.Minor
		}
		for _, l := range q.TaxLines {
			tax -= l.Amount.Minor
		}
		if q.Total.Minor != want || total != want || q.Subtotal.Minor != subtotal || q.Discount.Minor != discount || tax != q.Tax.Minor ||
			q.DueToday != q.Total || q.Total.Currency != "EUR" {
			t.Fatalf("quote %+v does not add up to %d", q, want)
		}
	}
}

func TestNewQuote_TakesOnlyWhatTheOfferAllows(t *testing.T) {
	fixed, free := item(4900, 1), item(2000, 2)
	free.MaxQuantity = 5
	tests := []struct {
		name  string
		items []catalog.Item
		want  int64
		code  errs.Code
	}{
		{name: "as offered", want: 8900},
		{name: "more of what may be chosen", items: []catalog.Item{{"b", 5}, {"a", 1}}, want: 14900},
		{name: "fewer of what may be chosen", items: []catalog.Item{{"a", 1}, {"b", 1}}, want: 6900},
		{name: "too many", items: []catalog.Item{{"a", 1}, {"b", 6}}, code: errs.Invalid},
		{name: "more of what is fixed", items: []catalog.Item{{"a", 2}, {"b", 1}}, code: errs.Invalid},
		{name: "part of a bundle", items: []catalog.Item{{"b", 1}}, code: errs.Invalid},
		{name: "foreign price", items: []catalog.Item{{"a", 1}, {"b", 1}, {"c", 1}}, code: errs.Invalid},
		{name: "twice", items: []catalog.Item{{"a", 1}, {"b", 1}, {"b", 1}}, code: errs.Invalid},
		{name: "none", items: []catalog.Item{{"a", 1}, {"b", 0}}, code: errs.Invalid},
		{name: "negative", items: []catalog.Item{{"a", 1}, {"b", -1}}, code: errs.Invalid},
		{name: "huge", items: []catalog.Item{{"a", 1}, {"b", math.MaxInt64}}, code: errs.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, err := catalog.NewQuote(offerOf(fixed, free), tt.items)
			if tt.code != "" {
				if !errs.Is(err, tt.code) {
					t.Errorf("error = %v, want %s", err, tt.code)
				}
				return
			}
			if err != nil || q.Total.Minor != tt.want {
				t.Errorf("total = %d, %v; want %d", q.Total.Minor, err, tt.want)
			}
		})
	}
}

func TestNewQuote_RefusesWhatDoesNotFit(t *testing.T) {
	for name, o := range map[string]*catalog.Offer{
		"line":  offerOf(item(math.MaxInt64/2, 3)),
		"total": offerOf(item(math.MaxInt64, 1), item(1, 1)),
	} {
		if _, err := catalog.NewQuote(o, nil); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: error = %v, want invalid", name, err)
		}
	}
	if _, err := catalog.NewQuote(&catalog.Offer{}, nil); !errs.Is(err, errs.Conflict) {
		t.Errorf("empty offer: error = %v, want a conflict", err)
	}
}

func TestNewQuote_FreezesAsJSON(t *testing.T) {
	q, err := catalog.NewQuote(offerOf(item(4900, 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"currency":"EUR","lines":[{"product_id":0,"product":"","price_id":1,"price":"a","name":"Product a","quantity":1,` +
		`"unit":{"amount":4900,"currency":"EUR"},"subtotal":{"amount":4900,"currency":"EUR"},"discount":{"amount":0,"currency":"EUR"},` +
		`"tax":{"amount":0,"currency":"EUR"},"total":{"amount":4900,"currency":"EUR"}}],"subtotal":{"amount":4900,"currency":"EUR"},` +
		`"discount":{"amount":0,"currency":"EUR"},"tax":{"amount":0,"currency":"EUR"},"tax_lines":[],"total":{"amount":4900,"currency":"EUR"},` +
		`"gift_card":{"amount":0,"currency":"EUR"},"due_today":{"amount":4900,"currency":"EUR"},"coupons":[],"gift_cards":[]}`
	if diff := cmp.Diff(want, encode(t, q)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}
