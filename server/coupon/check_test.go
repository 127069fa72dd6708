package coupon

import (
	"testing"
	"time"

	"github.com/tillside/tillside/server/money"
)

func hours(n int) time.Duration { return time.Duration(n) * time.Hour }

func ptr(t time.Time) *time.Time { return &t }

func TestChecks_EachRuleHoldsAndFails(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	known := Person{Email: "ada@example.com", ContactID: 7, UserID: 3, Facts: &PersonFacts{Tags: []string{"vip"}, Roles: []string{"member"}, HasBought: true}}
	tests := []struct {
		name   string
		rules  Rules
		code   Code
		person Person
		full   Full
		start  time.Time
		failed string // the rule; "" when all hold
	}{
		{name: "nothing set"},
		{name: "not yet", rules: Rules{When: When{StartsAt: "2026-05-01 12:01"}}, failed: "when.starts_at"},
		{name: "from this minute on", rules: Rules{When: When{StartsAt: "2026-05-01 12:00"}}},
		{name: "over at this minute", rules: Rules{When: When{EndsAt: "2026-05-01 12:00"}}, failed: "when.ends_at"},
		{name: "on the owner's clock", rules: Rules{When: When{EndsAt: "2026-05-01 13:00", TimeZone: "Europe/Berlin"}}, failed: "when.ends_at"},
		{name: "the code's own date", code: Code{ExpiresAt: ptr(noon)}, failed: "when.ends_at"},
		{name: "the code's own start", code: Code{StartsAt: ptr(noon.Add(1))}, failed: "when.starts_at"},
		{name: "too soon after the checkout began", rules: Rules{When: When{AfterHours: 2}}, start: noon.Add(-hours(1)), failed: "when.after_hours"},
		{name: "late enough", rules: Rules{When: When{AfterHours: 2}}, start: noon.Add(-hours(2))},
		{name: "no checkout began", rules: Rules{When: When{AfterHours: 2}}, failed: "when.after_hours"},
		{name: "within so many hours", rules: Rules{When: When{WithinHours: 2}}, start: noon.Add(-hours(1))},
		{name: "beyond them", rules: Rules{When: When{WithinHours: 2}}, start: noon.Add(-hours(2)), failed: "when.ends_at"},
		{name: "minimum", rules: Rules{Scope: Scope{Minimum: Amounts{euros(1001)}}}, failed: "scope.minimum"},
		{name: "minimum reached", rules: Rules{Scope: Scope{Minimum: Amounts{euros(1000)}}}},
		{name: "minimum in another currency", rules: Rules{Scope: Scope{Minimum: Amounts{money.New(1, "USD")}}}, failed: "scope.minimum"},
		{name: "maximum", rules: Rules{Scope: Scope{Maximum: Amounts{euros(999)}}}, failed: "scope.maximum"},
		{name: "currency", rules: Rules{Scope: Scope{Currencies: []money.Currency{"USD"}}}, failed: "scope.currencies"},
		{name: "another offer", rules: Rules{Scope: Scope{Offers: []string{"other"}}}, failed: "scope"},
		{name: "not this offer", rules: Rules{Scope: Scope{NotOffers: []string{"offer"}}}, failed: "scope"},
		{name: "only recurring prices", rules: Rules{Scope: Scope{Part: PartRecurring}}, failed: "scope"},
		{name: "only one-time prices", rules: Rules{Scope: Scope{Part: PartOneTime}}},
		{name: "amount in another currency", rules: Rules{Discount: Discount{Kind: DiscountAmount, Amounts: Amounts{money.New(5, "USD")}}}, failed: "discount.amounts"},
		{name: "a price that is not lower", rules: Rules{Discount: Discount{Kind: DiscountPrice, Amounts: Amounts{euros(1000)}}}, failed: "discount"},
		{name: "address", rules: Rules{Who: Who{Emails: []string{"ada@example.com"}}}, person: Person{Email: "ADA@example.com"}},
		{name: "domain", rules: Rules{Who: Who{Emails: []string{"@example.com"}}}, person: Person{Email: "ada@example.com"}},
		{name: "domain's end only", rules: Rules{Who: Who{Emails: []string{"@example.com"}}}, person: Person{Email: "ada@example.com.evil"}, failed: "who.emails"},
		{name: "wildcard", rules: Rules{Who: Who{Emails: []string{"*@*.example.com"}}}, person: Person{Email: "ada@eu.example.com"}},
		{name: "no address yet", rules: Rules{Who: Who{Emails: []string{"@example.com"}}}, failed: "who.emails"},
		{name: "first purchase of a member", rules: Rules{Who: Who{FirstPurchase: true}}, person: known, failed: "who.first_purchase"},
		{name: "first purchase of somebody who typed an address", rules: Rules{Who: Who{FirstPurchase: true}}, person: Person{Email: "ada@example.com", ContactID: 7}, failed: "who"},
		{name: "tag", rules: Rules{Who: Who{Tags: []string{"vip", "other"}}}, person: known},
		{name: "tag missing", rules: Rules{Who: Who{Tags: []string{"other"}}}, person: known, failed: "who.tags"},
		{name: "tag that must not be", rules: Rules{Who: Who{NotTags: []string{"vip"}}}, person: known, failed: "who.not_tags"},
		{name: "role", rules: Rules{Who: Who{Roles: []string{"member"}}}, person: known},
		{name: "role missing", rules: Rules{Who: Who{Roles: []string{"author"}}}, person: known, failed: "who.roles"},
		{name: "bound to its contact", code: Code{ContactID: 7, Bound: true}, person: Person{ContactID: 7}},
		{name: "bound to another", code: Code{ContactID: 8, Bound: true}, person: Person{ContactID: 7}, failed: "contact"},
		{name: "bound, before an address was typed", code: Code{ContactID: 8, Bound: true}, failed: "contact"},
		{name: "bound, come by its link", code: Code{ContactID: 8, Bound: true}, person: Person{LinkContactID: 8}},
		{name: "used up", rules: Rules{Limits: Limits{Uses: 5}}, full: Full{Coupon: true}, failed: "limits.uses"},
		{name: "used up for the offer", rules: Rules{Limits: Limits{PerOffer: 5}}, full: Full{Offer: true}, failed: "limits.per_offer"},
		{name: "the code is used", code: Code{MaxUses: 1}, full: Full{Code: true}, failed: "limits.per_code"},
		{name: "the person has used it", rules: Rules{Limits: Limits{PerPerson: 1}}, full: Full{Person: true}, failed: "limits.per_person"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.rules.Discount.Kind == "" {
				tt.rules.Discount = percent(1000)
			}
			f := couponOf(1, tt.rules).found
			tt.code.Status = StatusActive
			f.Code = tt.code
			cart := cartOf(t, offerOf(1000))
			cart.Person, cart.StartedAt = tt.person, tt.start
			got := ""
			if failed := firstFailed(f.Checks(cart, tt.full)); failed != nil {
				got = failed.Rule
			}
			if got != tt.failed {
				t.Errorf("%q fails, want %q", got, tt.failed)
			}
		})
	}
}

func TestChecks_StatusOfCouponCodeAndCampaign(t *testing.T) {
	for name, change := range map[string]func(*Found){
		"coupon":   func(f *Found) { f.Coupon.Status = StatusDisabled },
		"code":     func(f *Found) { f.Code.Status = StatusRevoked },
		"campaign": func(f *Found) { f.Campaign = StatusRevoked },
	} {
		f := couponOf(1, Rules{Discount: percent(1000)}).found
		change(f)
		if failed := firstFailed(f.Checks(cartOf(t, offerOf(1000)), Full{})); failed == nil || failed.Rule != "status" {
			t.Errorf("%s: %+v, want the status to fail", name, failed)
		}
	}
}

func TestPersonKeys_OneMailboxIsOne(t *testing.T) {
	same := func(a, b string, oneMailbox bool) bool {
		for _, x := range PersonKeys(0, a, oneMailbox) {
			for _, y := range PersonKeys(0, b, oneMailbox) {
				if x == y {
					return true
				}
			}
		}
		return false
	}
	for _, tt := range []struct {
		a, b       string
		oneMailbox bool
		want       bool
	}{
		{"Ada@Example.com", "ada@example.com", false, true},
		{"a.da@gmail.com", "ada@gmail.com", false, false},
		{"a.da@gmail.com", "ada+x@googlemail.com", true, true},
		{"a.da@example.com", "ada@example.com", true, false},
		{"ada+x@outlook.com", "ada@outlook.com", true, true},
		{"a.da@outlook.com", "ada@outlook.com", true, false},
	} {
		if got := same(tt.a, tt.b, tt.oneMailbox); got != tt.want {
			t.Errorf("%s and %s (one mailbox: %t) are one: %t, want %t", tt.a, tt.b, tt.oneMailbox, got, tt.want)
		}
	}
	if keys := PersonKeys(5, "ada@example.com", true); len(keys) != 3 {
		t.Errorf("%d keys, want user, address and mailbox", len(keys))
	}
}
