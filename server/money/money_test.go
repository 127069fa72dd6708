package money_test

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/tillside/tillside/server/money"
)

func eur(minor int64) money.Amount { return money.New(minor, "EUR") }

func TestAmount_AddSubTimes(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func() (money.Amount, error)
		want int64
		err  error
	}{
		{name: "adds", do: func() (money.Amount, error) { return eur(1).Add(eur(2)) }, want: 3},
		{name: "adds nothing", do: func() (money.Amount, error) { return eur(math.MaxInt64).Add(eur(0)) }, want: math.MaxInt64},
		{name: "adds below zero", do: func() (money.Amount, error) { return eur(1).Add(eur(-2)) }, want: -1},
		{name: "sum too large", do: func() (money.Amount, error) { return eur(math.MaxInt64).Add(eur(1)) }, err: money.ErrOverflow},
		{name: "sum too small", do: func() (money.Amount, error) { return eur(math.MinInt64).Add(eur(-1)) }, err: money.ErrOverflow},
		{name: "subtracts", do: func() (money.Amount, error) { return eur(1).Sub(eur(2)) }, want: -1},
		{name: "difference too large", do: func() (money.Amount, error) { return eur(math.MaxInt64).Sub(eur(-1)) }, err: money.ErrOverflow},
		{name: "subtracts the least", do: func() (money.Amount, error) { return eur(0).Sub(eur(math.MinInt64)) }, err: money.ErrOverflow},
		{name: "multiplies", do: func() (money.Amount, error) { return eur(1999).Times(3) }, want: 5997},
		{name: "times nothing", do: func() (money.Amount, error) { return eur(1999).Times(0) }},
		{name: "product too large", do: func() (money.Amount, error) { return eur(math.MaxInt64 / 2).Times(3) }, err: money.ErrOverflow},
		{name: "least times minus one", do: func() (money.Amount, error) { return eur(math.MinInt64).Times(-1) }, err: money.ErrOverflow},
		{name: "minus one times least", do: func() (money.Amount, error) { return eur(-1).Times(math.MinInt64) }, err: money.ErrOverflow},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.do()
			if !errors.Is(err, tt.err) || got.Minor != tt.want {
				t.Errorf("got %v, %v; want %d, %v", got, err, tt.want, tt.err)
			}
			if err == nil && got.Currency != "EUR" {
				t.Errorf("the currency became %q", got.Currency)
			}
		})
	}
	if _, err := eur(1).Add(money.New(1, "USD")); err == nil {
		t.Error("euros and dollars were added")
	}
	if _, err := eur(1).Sub(money.New(1, "USD")); err == nil {
		t.Error("dollars were taken from euros")
	}
}

func TestShare_RoundsHalfUp(t *testing.T) {
	for _, tt := range []struct{ amount, part, whole, want int64 }{
		{100, 19, 100, 19}, {50, 1, 100, 1}, {49, 1, 100, 0}, {-50, 1, 100, -1}, {-49, 1, 100, 0}, {1, 1, 2, 1}, {1, 1, 3, 0}, {2, 1, 3, 1},
		{4900, 19, 119, 782}, {math.MaxInt64, 1, 1, math.MaxInt64}, {math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64}, {0, 5, 7, 0},
	} {
		got, err := eur(tt.amount).Share(tt.part, tt.whole)
		if err != nil || got.Minor != tt.want {
			t.Errorf("%d * %d / %d = %v (%v), want %d", tt.amount, tt.part, tt.whole, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ amount, part, whole int64 }{
		{1, -1, 2}, {1, 1, 0}, {1, 1, -1}, {math.MinInt64, 1, 1}, {math.MaxInt64, 2, 1}, {math.MaxInt64, math.MaxInt64, 1},
	} {
		if got, err := eur(tt.amount).Share(tt.part, tt.whole); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("%d * %d / %d = %v (%v), want an overflow", tt.amount, tt.part, tt.whole, got, err)
		}
	}
}

// random returns numbers of all magnitudes, not below zero.
func random(r *rand.Rand) int64 { return r.Int64() >> r.IntN(63) }

func TestShare_IsExactForAnyNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		amount, part, whole := random(r), random(r), random(r)+1
		twice := new(big.Int).Mul(big.NewInt(amount), big.NewInt(part))
		twice.Add(twice.Lsh(twice, 1), big.NewInt(whole)) // (2ap + w) / 2w is ap/w rounded half up
		want := twice.Div(twice, new(big.Int).Lsh(big.NewInt(whole), 1))
		got, err := eur(amount).Share(part, whole)
		if !want.IsInt64() {
			if !errors.Is(err, money.ErrOverflow) {
				t.Fatalf("%d * %d / %d = %v (%v), want an overflow", amount, part, whole, got, err)
			}
			continue
		}
		if err != nil || got.Minor != want.Int64() {
			t.Fatalf("%d * %d / %d = %v (%v), want %v", amount, part, whole, got, err, want)
		}
	}
}

func TestSplit_SumsExactlyAndIsFair(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		amount := random(r)
		weights := make([]int64, 1+r.IntN(9))
		sum := new(big.Int)
		for i := range weights {
			weights[i] = random(r) >> 4
			sum.Add(sum, big.NewInt(weights[i]))
		}
		parts, err := eur(amount).Split(weights)
		if !sum.IsInt64() {
			if !errors.Is(err, money.ErrOverflow) {
				t.Fatalf("split over %v: %v, want an overflow", weights, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("split %d over %v: %v", amount, weights, err)
		}
		var total int64
		for i, part := range parts {
			total += part.Minor
			if sum.Sign() == 0 {
				continue
			}
			share := new(big.Int).Mul(big.NewInt(amount), big.NewInt(weights[i]))
			share.Div(share, sum)
			if off := part.Minor - share.Int64(); off < 0 || off > 1 || part.Minor > 0 && weights[i] == 0 {
				t.Fatalf("split %d over %v: part %d is %d, its share is %v", amount, weights, i, part.Minor, share)
			}
		}
		if total != amount {
			t.Fatalf("split %d over %v: the parts sum to %d", amount, weights, total)
		}
	}
}

func TestSplit_EdgeCases(t *testing.T) {
	for _, tt := range []struct {
		name    string
		amount  int64
		weights []int64
		want    []int64
	}{
		{name: "largest remainder first", amount: 100, weights: []int64{1, 1, 1}, want: []int64{34, 33, 33}},
		{name: "ties go to the earlier", amount: 2, weights: []int64{1, 1, 1}, want: []int64{1, 1, 0}},
		{name: "nothing for no weight", amount: 5, weights: []int64{0, 1}, want: []int64{0, 5}},
		{name: "no weight at all", amount: 5, weights: []int64{0, 0}, want: []int64{5, 0}},
		{name: "no parts", amount: 5, weights: nil, want: []int64{}},
		{name: "nothing to split", amount: 0, weights: []int64{3, 4}, want: []int64{0, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parts, err := eur(tt.amount).Split(tt.weights)
			if err != nil || len(parts) != len(tt.want) {
				t.Fatalf("got %v (%v), want %v", parts, err, tt.want)
			}
			for i, part := range parts {
				if part != eur(tt.want[i]) {
					t.Errorf("part %d = %v, want %d", i, part, tt.want[i])
				}
			}
		})
	}
	if _, err := eur(-1).Split([]int64{1}); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("split below zero: %v", err)
	}
	if _, err := eur(1).Split([]int64{1, -1}); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("split over a weight below zero: %v", err)
	}
}

func TestMajor_RoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		currency := []money.Currency{"EUR", "JPY", "KWD", "ISK", "UGX"}[r.IntN(5)]
		want := money.New(random(r), currency)
		got, err := money.ParseMajor(want.Major(), currency)
		if err != nil || got != want {
			t.Fatalf("%v is written %q and read %v (%v)", want, want.Major(), got, err)
		}
	}
	for _, tt := range []struct {
		amount money.Amount
		want   string
	}{
		{eur(4900), "49.00"}, {eur(5), "0.05"}, {eur(0), "0.00"}, {eur(-5), "-0.05"}, {money.New(4900, "JPY"), "4900"},
		{money.New(1, "KWD"), "0.001"}, {money.New(-12345, "KWD"), "-12.345"}, {eur(math.MinInt64), "-92233720368547758.08"},
	} {
		if got := tt.amount.Major(); got != tt.want {
			t.Errorf("%v is written %q, want %q", tt.amount, got, tt.want)
		}
	}
}

func TestParseMajor_RefusesWhatIsNoAmount(t *testing.T) {
	for _, text := range []string{
		"", ".", "1.", ".5", "-1", "+1", "1,5", "1.234", "1e3", "0x1", " 1", "1 ", "1.5.0", "ten", "١", "99999999999999999999", "NaN", "1_000",
	} {
		if got, err := money.ParseMajor(text, "EUR"); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	if got, err := money.ParseMajor("1.5", "JPY"); err == nil {
		t.Errorf("1.5 yen were read as %v", got)
	}
	if got, err := money.ParseMajor("49.5", "EUR"); err != nil || got != eur(4950) {
		t.Errorf("49.5 was read as %v (%v)", got, err)
	}
}

func FuzzParseMajor(f *testing.F) {
	for _, text := range []string{"49.00", "0", "1.", "-1", "9223372036854775807", "0.001", "1e9"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, currency := range []money.Currency{"EUR", "JPY", "KWD"} {
			got, err := money.ParseMajor(text, currency)
			if err != nil {
				continue
			}
			if again, err := money.ParseMajor(got.Major(), currency); err != nil || again != got || got.Minor < 0 {
				t.Errorf("%q is %v, written %q and read %v (%v)", text, got, got.Major(), again, err)
			}
		}
	})
}

// https://docs.stripe.com/currencies
func TestStripe_CountsInItsOwnUnits(t *testing.T) {
	for _, tt := range []struct {
		amount money.Amount
		units  int64
	}{
		{eur(4900), 4900}, {money.New(4900, "JPY"), 4900}, {money.New(500, "ISK"), 50000}, {money.New(7, "UGX"), 700},
		{money.New(12340, "KWD"), 12340}, {money.New(1000, "MGA"), 10}, {money.New(4900, "HUF"), 4900}, {eur(0), 0},
	} {
		units, err := tt.amount.Stripe()
		if err != nil || units != tt.units {
			t.Errorf("%v = %d of Stripe's units (%v), want %d", tt.amount, units, err, tt.units)
		}
		if back, err := money.FromStripe(units, tt.amount.Currency); err != nil || back != tt.amount {
			t.Errorf("%d of Stripe's units = %v (%v), want %v", units, back, err, tt.amount)
		}
	}
	for _, amount := range []money.Amount{money.New(12345, "KWD"), money.New(1001, "MGA"), money.New(math.MaxInt64, "ISK")} {
		if units, err := amount.Stripe(); err == nil {
			t.Errorf("%v was turned into %d of Stripe's units", amount, units)
		}
	}
	if got, err := money.FromStripe(50001, "ISK"); err == nil {
		t.Errorf("50001 units of ISK were turned into %v", got)
	}
	if got, err := money.FromStripe(math.MaxInt64, "MGA"); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("too many ariary were turned into %v (%v)", got, err)
	}
}

func TestStripe_RoundTripOfEveryCurrency(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 5000 {
		currency := []money.Currency{"EUR", "JPY", "KWD", "ISK", "UGX", "MGA", "TND", "XOF"}[r.IntN(8)]
		amount := money.New(random(r), currency)
		units, err := amount.Stripe()
		if err != nil {
			continue
		}
		if back, err := money.FromStripe(units, currency); err != nil || back != amount {
			t.Fatalf("%v = %d units = %v (%v)", amount, units, back, err)
		}
	}
}

func TestStripeMinimum(t *testing.T) {
	for currency, want := range map[money.Currency]int64{"EUR": 50, "JPY": 50, "HUF": 17500, "ISK": 1} {
		if got := money.StripeMinimum(currency); got != money.New(want, currency) {
			t.Errorf("minimum of %s = %v, want %d", currency, got, want)
		}
	}
}

func TestParseCurrency(t *testing.T) {
	for _, code := range []string{"EUR", "eur", " Eur "} {
		if got, err := money.ParseCurrency(code); err != nil || got != "EUR" {
			t.Errorf("%q = %q (%v), want EUR", code, got, err)
		}
	}
	for _, code := range []string{"", "E", "EURO", "XXX", "EÜR", "€"} {
		if got, err := money.ParseCurrency(code); err == nil {
			t.Errorf("%q = %q, want it refused", code, got)
		}
	}
}
