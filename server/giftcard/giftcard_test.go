package giftcard_test

import (
	"testing"
	"testing/quick"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/money"
)

func eur(minor int64) money.Amount { return money.New(minor, "EUR") }

func card(id, balance int64) giftcard.Card {
	return giftcard.Card{ID: id, Currency: "EUR", Status: giftcard.StatusActive, Balance: eur(balance), Held: eur(0)}
}

// order is an offer of a course and a gift card, and what it costs.
func order(course, gift int64) (*catalog.Offer, catalog.Quote) {
	amounts := []money.Amount{eur(course), eur(gift)}
	o := &catalog.Offer{Currency: "EUR", Items: []catalog.OfferItem{
		{Quantity: 1, UnitAmount: &amounts[0]},
		{Quantity: 1, UnitAmount: &amounts[1], Product: catalog.Product{GiftCard: &catalog.GiftCard{}}},
	}}
	q, err := catalog.NewQuote(o, nil)
	if err != nil {
		panic(err)
	}
	return o, q
}

func TestPay_NeverMoreThanThereIsAndNeverTooLittleToCharge(t *testing.T) {
	t.Parallel()
	minimum := eur(50)
	check := func(course, gift uint16, balances [4]uint16) bool {
		o, q := order(int64(course), int64(gift))
		cards := make([]giftcard.Card, len(balances))
		for i, balance := range balances {
			cards[i] = card(int64(i+1), int64(balance))
		}
		paid, err := giftcard.Pay(o, q, cards, minimum, time.Unix(0, 0))
		if err != nil {
			return false
		}
		sum := int64(0)
		for i, use := range paid.GiftCards {
			if use.Amount.Minor < 0 || use.Amount.Minor > int64(balances[i]) || use.Left.Minor != int64(balances[i])-use.Amount.Minor {
				return false
			}
			sum += use.Amount.Minor
		}
		due := paid.DueToday.Minor
		chargeable := due == 0 || due >= minimum.Minor || sum == 0
		return paid.GiftCard.Minor == sum && due == q.Total.Minor-sum && sum <= int64(course) && paid.Total == q.Total && chargeable
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 20_000}); err != nil {
		t.Error(err)
	}
}

func TestPay_SaysWhyACardPaysNothing(t *testing.T) {
	t.Parallel()
	past := time.Unix(1000, 0)
	tests := map[string]giftcard.Card{
		giftcard.ProblemEmpty:    card(1, 0),
		giftcard.ProblemBlocked:  {ID: 1, Currency: "EUR", Status: giftcard.StatusBlocked, Balance: eur(100)},
		giftcard.ProblemExpired:  {ID: 1, Currency: "EUR", Status: giftcard.StatusActive, Balance: eur(100), ExpiresAt: &past},
		giftcard.ProblemCurrency: {ID: 1, Currency: "USD", Status: giftcard.StatusActive, Balance: money.New(100, "USD")},
	}
	for want, c := range tests {
		o, q := order(60, 0)
		paid, err := giftcard.Pay(o, q, []giftcard.Card{c}, eur(50), past)
		if err != nil || paid.GiftCards[0].Problem != want || !paid.GiftCard.IsZero() {
			t.Errorf("%+v, %v; want %s", paid.GiftCards, err, want)
		}
	}
	o, q := order(45, 0)
	paid, err := giftcard.Pay(o, q, []giftcard.Card{card(1, 20)}, eur(50), past)
	if err != nil || paid.GiftCards[0].Problem != giftcard.ProblemTooSmall {
		t.Errorf("%+v, %v; want %s", paid.GiftCards, err, giftcard.ProblemTooSmall)
	}
	o, q = order(0, 5000)
	paid, err = giftcard.Pay(o, q, []giftcard.Card{card(1, 5000)}, eur(50), past)
	if err != nil || paid.GiftCards[0].Problem != giftcard.ProblemNotHere {
		t.Errorf("%+v, %v; want %s", paid.GiftCards, err, giftcard.ProblemNotHere)
	}
	o.Items[1].Product.GiftCard.GiftCards = true
	if paid, err = giftcard.Pay(o, q, []giftcard.Card{card(1, 5000)}, eur(50), past); err != nil || !paid.DueToday.IsZero() {
		t.Errorf("%+v, %v; want it paid, since the owner allows it", paid.GiftCards, err)
	}
}

func maker(now time.Time) giftcard.Maker {
	return giftcard.Maker{
		Seal: func(plain []byte, place string) (string, error) {
			return "sealed " + string(plain) + " for " + place, nil
		},
		Zone: func() *time.Location { return time.UTC }, Now: func() time.Time { return now },
	}
}

func TestMake_EndsWhenTheLawLetsIt(t *testing.T) {
	t.Parallel()
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 15, 4, 5, 0, time.UTC) }
	tests := []struct {
		name     string
		made     time.Time
		settings giftcard.Settings
		want     string
	}{
		{"off", day(2026, 1, 31), giftcard.Settings{}, ""},
		{"DE, end of the third year after", day(2026, 1, 31), giftcard.Settings{ExpiryCountry: "DE", ExpiryMonths: 36}, "2030-01-01"},
		{"DE, on New Year's Eve", day(2026, 12, 31), giftcard.Settings{ExpiryCountry: "DE", ExpiryMonths: 36}, "2030-01-01"},
		{"US, five years", day(2024, 2, 29), giftcard.Settings{ExpiryCountry: "US", ExpiryMonths: 60}, "2029-03-01"},
		{"AU, longer than the law", day(2026, 6, 15), giftcard.Settings{ExpiryCountry: "AU", ExpiryMonths: 48}, "2030-06-16"},
		{"a setting below the law, from before it changed", day(2026, 6, 15), giftcard.Settings{ExpiryCountry: "IE", ExpiryMonths: 1}, "2031-06-16"},
		{"a country that forbids it", day(2026, 6, 15), giftcard.Settings{ExpiryCountry: "CA", ExpiryMonths: 60}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, code, err := maker(tt.made).Make(giftcard.Draft{Amount: eur(5000), Settings: tt.settings})
			if err != nil || code == "" || c.Sealed != "" || giftcard.HashOf(code) != c.CodeHash {
				t.Fatalf("%+v, %q, %v", c, code, err)
			}
			got := ""
			if c.ExpiresAt != nil {
				got = c.ExpiresAt.Format(time.DateOnly)
			}
			if got != tt.want {
				t.Errorf("ends %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSettings_Check(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]giftcard.Settings{
		"too soon":        {ExpiryCountry: "AT", ExpiryMonths: 36},
		"forbidden":       {ExpiryCountry: "CA"},
		"unknown country": {ExpiryCountry: "XX", ExpiryMonths: 24},
		"no country":      {ExpiryMonths: 36},
		"refund":          {Refund: "to me"},
		"for ever":        {ExpiryCountry: "DE", ExpiryMonths: 100_000},
	} {
		if _, err := s.Check(); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
	s, err := giftcard.Settings{ExpiryCountry: "NZ"}.Check()
	if err != nil || s.ExpiryMonths != 36 || s.Refund != giftcard.RefundCardFirst {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestHashOf_ForgivesHowACodeIsTyped(t *testing.T) {
	t.Parallel()
	_, code, err := maker(time.Unix(0, 0)).Make(giftcard.Draft{Amount: eur(5000)})
	if err != nil {
		t.Fatal(err)
	}
	key := giftcard.HashOf(code)
	for _, typed := range []string{" " + code + " ", "​" + code, string([]byte(code))} {
		if giftcard.HashOf(typed) != key {
			t.Errorf("%q is another code", typed)
		}
	}
}
