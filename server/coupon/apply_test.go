package coupon

import (
	mathrand "math/rand"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/money"
)

const eur = money.Currency("EUR")

func euros(minor int64) money.Amount { return money.New(minor, eur) }

// offerOf is an offer of one-time prices; product and price of item i are named
// by its letter.
func offerOf(units ...int64) *catalog.Offer {
	o := &catalog.Offer{ID: 1, Slug: "offer", Currency: eur}
	for i, unit := range units {
		name := string(rune('a' + i))
		o.Items = append(o.Items, catalog.OfferItem{
			Product:  catalog.Product{ID: int64(i + 1), Slug: name, Name: name},
			Price:    catalog.Price{ID: int64(i + 1), Slug: name, Kind: catalog.PriceOneTime, UnitAmount: euros(unit)},
			Quantity: 1,
		})
	}
	return o
}

func cartOf(t testing.TB, o *catalog.Offer) *Cart {
	t.Helper()
	q, err := catalog.NewQuote(o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Cart{Offer: o, Quote: q, Now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
}

func couponOf(id int64, rules Rules) candidate {
	return candidate{&Found{
		Coupon: Coupon{ID: id, Slug: string(rune('a' + id)), Status: StatusActive, Rules: rules},
		Code:   Code{ID: id, Status: StatusActive}, Campaign: StatusActive,
	}, SourceTyped}
}

func percent(p Percent) Discount { return Discount{Kind: DiscountPercent, Percent: p} }

func amountOff(minor int64) Discount {
	return Discount{Kind: DiscountAmount, Amounts: Amounts{euros(minor)}}
}

func TestApply_Discounts(t *testing.T) {
	tests := []struct {
		name  string
		units []int64
		rules []Rules
		want  []int64 // what comes off each line
		total int64
	}{
		{"percent, half up a line", []int64{1005, 1005}, []Rules{{Discount: percent(1000)}}, []int64{101, 101}, 1808},
		{"percent with a cap, spread", []int64{3000, 1000, 1000}, []Rules{{Discount: Discount{Kind: DiscountPercent, Percent: 5000, Amounts: Amounts{euros(100)}}}}, []int64{60, 20, 20}, 4900},
		{"amount, largest remainder", []int64{1000, 1000, 1000}, []Rules{{Discount: amountOff(100)}}, []int64{34, 33, 33}, 2900},
		{"amount above the total", []int64{500, 400}, []Rules{{Discount: amountOff(5000)}}, []int64{500, 400}, 0},
		{"price", []int64{3000, 2000}, []Rules{{Discount: Discount{Kind: DiscountPrice, Amounts: Amounts{euros(4000)}}}}, []int64{600, 400}, 4000},
		{"only its product", []int64{3000, 2000}, []Rules{{Discount: percent(5000), Scope: Scope{Products: []string{"b"}}}}, []int64{0, 1000}, 4000},
		{"not that price", []int64{3000, 2000}, []Rules{{Discount: percent(5000), Scope: Scope{NotPrices: []string{"b"}}}}, []int64{1500, 0}, 3500},
		{"what would be too little to charge is nothing", []int64{1000}, []Rules{{Discount: amountOff(970)}}, []int64{1000}, 0},
		{"the least that can be charged", []int64{1000}, []Rules{{Discount: amountOff(950)}}, []int64{950}, 50},
		{
			"two that combine, the second of what is left", []int64{10000},
			[]Rules{{Discount: amountOff(2000), Stacking: Stacking{Combinable: true, Priority: 1}}, {Discount: percent(1000), Stacking: Stacking{Combinable: true}}},
			[]int64{2800}, 7200,
		},
		{
			"two that together go below zero", []int64{1000},
			[]Rules{{Discount: amountOff(800), Stacking: Stacking{Combinable: true}}, {Discount: amountOff(800), Stacking: Stacking{Combinable: true}}},
			[]int64{1000}, 0,
		},
		{"the better of two that stand alone", []int64{1000}, []Rules{{Discount: percent(1000)}, {Discount: percent(2000)}}, []int64{200}, 800},
		{
			"one alone beats two together", []int64{1000},
			[]Rules{
				{Discount: percent(1000), Stacking: Stacking{Combinable: true}}, {Discount: percent(1000), Stacking: Stacking{Combinable: true}},
				{Discount: percent(3000)},
			}, []int64{300}, 700,
		},
		{
			"combines only with those it names", []int64{1000},
			[]Rules{{Discount: percent(1000), Stacking: Stacking{Combinable: true, With: []string{"z"}}}, {Discount: percent(2000), Stacking: Stacking{Combinable: true}}},
			[]int64{200}, 800,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var candidates []candidate
			for i, rules := range tt.rules {
				candidates = append(candidates, couponOf(int64(i+1), rules))
			}
			q, _, err := apply(cartOf(t, offerOf(tt.units...)), candidates, euros(50))
			if err != nil {
				t.Fatal(err)
			}
			got := make([]int64, len(q.Lines))
			for i, line := range q.Lines {
				got[i] = line.Discount.Minor
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || q.Total.Minor != tt.total {
				t.Errorf("total %d, want %d; discounts (-want +got):\n%s", q.Total.Minor, tt.total, diff)
			}
		})
	}
}

// anyCase is an order and some coupons, of every kind and size.
type anyCase struct {
	units   []int64
	rules   []Rules
	minimum int64
}

func (anyCase) Generate(r *mathrand.Rand, _ int) reflect.Value {
	c := anyCase{minimum: []int64{1, 30, 50, 17500}[r.Intn(4)]}
	for range 1 + r.Intn(6) {
		c.units = append(c.units, []int64{0, 1, 99, int64(r.Intn(100000)), 1 << 40}[r.Intn(5)])
	}
	for range 1 + r.Intn(4) {
		d := Discount{Kind: []DiscountKind{DiscountPercent, DiscountAmount, DiscountPrice}[r.Intn(3)], Percent: Percent(1 + r.Intn(10000))}
		if d.Kind != DiscountPercent || r.Intn(2) == 0 {
			d.Amounts = Amounts{euros([]int64{1, int64(r.Intn(100000)), 1 << 50}[r.Intn(3)])}
		}
		rules := Rules{Discount: d, Stacking: Stacking{Combinable: r.Intn(3) > 0, Priority: r.Intn(3)}}
		if r.Intn(3) == 0 {
			rules.Scope.Products = []string{"a", "b"}[:1+r.Intn(2)]
		}
		c.rules = append(c.rules, rules)
	}
	return reflect.ValueOf(c)
}

// TestApply_Holds checks what must hold for every order and every coupon.
func TestApply_Holds(t *testing.T) {
	err := quick.Check(func(c anyCase) bool {
		cart := cartOf(t, offerOf(c.units...))
		var candidates []candidate
		for i, rules := range c.rules {
			candidates = append(candidates, couponOf(int64(i+1), rules))
		}
		q, left, err := apply(cart, candidates, euros(c.minimum))
		if err != nil {
			t.Logf("%+v: %v", c, err)
			return false
		}
		if fault := faultOf(cart, q, c.minimum); fault != "" {
			t.Logf("%+v: %s", c, fault)
			return false
		}
		rand.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
		again, _, err := apply(cart, candidates, euros(c.minimum))
		if err != nil || !reflect.DeepEqual(q, again) {
			t.Logf("%+v: the order of entering changes the result", c)
			return false
		}
		return len(q.Coupons)+len(left) == len(candidates)
	}, &quick.Config{MaxCount: 5000})
	if err != nil {
		t.Error(err)
	}
}

// faultOf says what is wrong with a quote, or nothing.
func faultOf(cart *Cart, q catalog.Quote, minimum int64) string {
	var subtotal, discount, total, ofCoupons int64
	for _, line := range q.Lines {
		if line.Discount.Minor < 0 || line.Discount.Minor > line.Subtotal.Minor || line.Total.Minor != line.Subtotal.Minor-line.Discount.Minor {
			return "a line's discount exceeds its base"
		}
		subtotal, discount, total = subtotal+line.Subtotal.Minor, discount+line.Discount.Minor, total+line.Total.Minor
	}
	for _, c := range q.Coupons {
		ofCoupons += c.Amount.Minor
	}
	switch {
	case subtotal != q.Subtotal.Minor || discount != q.Discount.Minor || total != q.Total.Minor || subtotal-discount != total:
		return "the lines do not sum to the totals"
	case ofCoupons != discount:
		return "the coupons' amounts do not sum to the discount"
	case q.Total.Minor != cart.Quote.Total.Minor && q.Total.Minor > 0 && q.Total.Minor < minimum:
		return "the total is less than the provider charges"
	case q.DueToday != q.Total:
		return "what is due is not the total"
	}
	return ""
}

func TestChargeOff_LowersTheChargesThatItNames(t *testing.T) {
	tests := []struct {
		name     string
		discount Discount
		want     [4]int64 // of charges 1 to 4
	}{
		{"for ever", percent(2500), [4]int64{250, 250, 250, 250}},
		{"the first", Discount{Kind: DiscountPercent, Percent: 2500, Charges: 1}, [4]int64{250}},
		{"the first three", Discount{Kind: DiscountAmount, Amounts: Amounts{euros(5000)}, Charges: 3}, [4]int64{1000, 1000, 1000}},
		{"a price for two", Discount{Kind: DiscountPrice, Amounts: Amounts{euros(100)}, Charges: 2}, [4]int64{900, 900}},
		{"a cap", Discount{Kind: DiscountPercent, Percent: 9000, Amounts: Amounts{euros(300)}}, [4]int64{300, 300, 300, 300}},
		{"another currency", Discount{Kind: DiscountPrice, Amounts: Amounts{money.New(100, "USD")}}, [4]int64{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules := Rules{Discount: tt.discount}
			for i, want := range tt.want {
				got, err := rules.ChargeOff(euros(1000), i+1)
				if err != nil || got != euros(want) {
					t.Errorf("charge %d: %v, %v, want %d off", i+1, got, err, want)
				}
			}
		})
	}
}

func TestTrialOf_FreeOrLonger(t *testing.T) {
	free := Rules{Discount: Discount{Kind: DiscountTrial, TrialDays: 14}}
	longer := Rules{Discount: Discount{Kind: DiscountTrial, TrialDays: 14, Extend: true}}
	for _, tt := range []struct{ got, want int }{
		{free.TrialOf(0), 14}, {free.TrialOf(30), 30}, {longer.TrialOf(7), 21}, {(&Rules{}).TrialOf(7), 7},
	} {
		if tt.got != tt.want {
			t.Errorf("%d days, want %d", tt.got, tt.want)
		}
	}
}

func TestApply_ATrialNeedsARecurringPrice(t *testing.T) {
	trial := couponOf(1, Rules{Discount: Discount{Kind: DiscountTrial, TrialDays: 14}}).found
	once := cartOf(t, offerOf(1000))
	if failed := firstFailed(trial.Checks(once, Full{})); failed == nil || failed.Rule != "scope" {
		t.Errorf("a one-time price: %+v, want its scope to fail", failed)
	}
	monthly := offerOf(1000)
	monthly.Items[0].Price.Kind = catalog.PriceSubscription
	if failed := firstFailed(trial.Checks(cartOf(t, monthly), Full{})); failed != nil {
		t.Errorf("a subscription: %+v, want the coupon to hold", failed)
	}
}
