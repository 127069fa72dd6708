package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/shoptest"
)

// makeCoupon makes a coupon as its owner would.
func makeCoupon(t *testing.T, p *shoptest.Process, slug string, rules coupon.Rules, codes ...string) {
	t.Helper()
	draft := server.CouponDraft{Slug: slug, Rules: rules, Codes: codes}
	if len(codes) == 0 && !rules.AutoApply {
		draft.Kind = coupon.KindTemplate
	}
	if _, err := p.Shop.CreateCoupon(t.Context(), draft); err != nil {
		t.Fatal(err)
	}
}

func percentOff(p coupon.Percent) coupon.Rules {
	return coupon.Rules{Discount: coupon.Discount{Kind: coupon.DiscountPercent, Percent: p}}
}

func TestCouponBook_RefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	_, p := open(t)
	makeCoupon(t, p, "spring", percentOff(2000), "SPRING-20")
	amount := func(texts ...string) coupon.Amounts {
		var list coupon.Amounts
		for _, text := range texts {
			a, err := coupon.ParseAmount(text)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, a)
		}
		return list
	}
	with := func(change func(*server.CouponDraft)) server.CouponDraft {
		d := server.CouponDraft{Slug: "new", Rules: percentOff(1000), Codes: []string{"NEW"}}
		change(&d)
		return d
	}
	tests := []struct {
		name  string
		draft server.CouponDraft
		code  errs.Code
		field string
	}{
		{"slug taken", with(func(d *server.CouponDraft) { d.Slug = "spring" }), errs.Conflict, ""},
		{"code taken in another spelling", with(func(d *server.CouponDraft) { d.Codes = []string{"spring 20"} }), errs.Conflict, ""},
		{"code twice", with(func(d *server.CouponDraft) { d.Codes = []string{"A-BC", "abc"} }), errs.Invalid, "codes"},
		{"code too short", with(func(d *server.CouponDraft) { d.Codes = []string{"- a"} }), errs.Invalid, "codes"},
		{"no code", with(func(d *server.CouponDraft) { d.Codes = nil }), errs.Invalid, "codes"},
		{"template with codes", with(func(d *server.CouponDraft) { d.Kind = coupon.KindTemplate }), errs.Invalid, "codes"},
		{"no kind", with(func(d *server.CouponDraft) { d.Rules.Discount = coupon.Discount{} }), errs.Invalid, "discount.kind"},
		{"no percentage", with(func(d *server.CouponDraft) { d.Rules.Discount.Percent = 0 }), errs.Invalid, "discount.percent"},
		{"no amount", with(func(d *server.CouponDraft) { d.Rules.Discount = coupon.Discount{Kind: coupon.DiscountAmount} }), errs.Invalid, "discount.amounts"},
		{"currency twice", with(func(d *server.CouponDraft) { d.Rules.Discount.Amounts = amount("1.00 EUR", "2.00 EUR") }), errs.Invalid, "discount.amounts"},
		{"huge amount", with(func(d *server.CouponDraft) { d.Rules.Discount.Amounts = amount("99999999999999.00 EUR") }), errs.Invalid, "discount.amounts"},
		{"unknown offer", with(func(d *server.CouponDraft) { d.Rules.Scope.Offers = []string{"nosuch"} }), errs.Invalid, "scope.offers"},
		{"switch to nowhere", with(func(d *server.CouponDraft) {
			d.Rules.Discount = coupon.Discount{Kind: coupon.DiscountSwitch, Offer: "nosuch"}
		}), errs.Invalid, "discount.offer"},
		{"minimum above maximum", with(func(d *server.CouponDraft) {
			d.Rules.Scope.Minimum, d.Rules.Scope.Maximum = amount("9.00 EUR"), amount("8.00 EUR")
		}), errs.Invalid, "scope.maximum"},
		{"an hour that the clock skips", with(func(d *server.CouponDraft) {
			d.Rules.When = coupon.When{StartsAt: "2026-03-29 02:30", TimeZone: "Europe/Berlin"}
		}), errs.Invalid, "when.starts_at"},
		{"ends before it starts", with(func(d *server.CouponDraft) {
			d.Rules.When = coupon.When{StartsAt: "2026-03-02 00:00", EndsAt: "2026-03-01 00:00"}
		}), errs.Invalid, "when.ends_at"},
		{"no zone", with(func(d *server.CouponDraft) { d.Rules.When.TimeZone = "Mars/Olympus" }), errs.Invalid, "when.timezone"},
		{"over before it begins", with(func(d *server.CouponDraft) {
			d.Rules.When = coupon.When{AfterHours: 5, WithinHours: 5}
		}), errs.Invalid, "when.within_hours"},
		{"negative limit", with(func(d *server.CouponDraft) { d.Rules.Limits.Uses = -1 }), errs.Invalid, "limits.uses"},
		{"no address", with(func(d *server.CouponDraft) { d.Rules.Who.Emails = []string{"example.com"} }), errs.Invalid, "who.emails"},
		{"no role", with(func(d *server.CouponDraft) { d.Rules.Who.Roles = []string{"A b"} }), errs.Invalid, "who.roles"},
		{"names others but stands alone", with(func(d *server.CouponDraft) { d.Rules.Stacking.With = []string{"spring"} }), errs.Invalid, "stacking.with"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := p.Shop.CreateCoupon(t.Context(), tt.draft)
			if e := errs.From(err); err == nil || e.Code != tt.code || e.Field != tt.field {
				t.Errorf("%v (field %q), want %s of %q", err, e.Field, tt.code, tt.field)
			}
		})
	}
	all, err := p.Shop.FindCoupons(t.Context())
	if err != nil || len(all) != 1 {
		t.Errorf("%d coupons, %v, want the first alone: a refused one leaves nothing", len(all), err)
	}
}

func TestCouponBook_SwitchesOffAndOnAgain(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	makeCoupon(t, p, "spring", percentOff(2000), "SPRING", "LENZ")
	for _, tt := range []struct {
		what string
		on   bool
		want int
	}{
		{"spring", false, http.StatusBadRequest}, {"spring", true, http.StatusOK},
		{"lenz", false, http.StatusBadRequest}, {"LENZ", true, http.StatusOK},
	} {
		if _, err := p.Shop.SwitchCoupon(t.Context(), tt.what, tt.on); err != nil {
			t.Fatal(err)
		}
		b := s.NewBuyer(p, "course")
		b.Start("erika@example.com")
		wantCode(t, b.UseCode("LENZ"), tt.want, "")
	}
}

func TestCouponBook_SimulateExplainsRuleByRule(t *testing.T) {
	t.Parallel()
	_, p := open(t)
	rules := percentOff(2000)
	rules.Who.FirstPurchase = true
	rules.When = coupon.When{EndsAt: "2030-01-01 00:00"}
	makeCoupon(t, p, "spring", rules, "SPRING")
	r, err := p.Shop.Simulate(t.Context(), server.Simulation{Code: "spring", Offer: "course", Email: "erika@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Applies || r.Total != "49.00 EUR" {
		t.Errorf("applies %t, total %s: nobody has proven who buys", r.Applies, r.Total)
	}
	var lines []string
	for _, rule := range r.Rules {
		if rule.OK {
			lines = append(lines, "✓ "+rule.Rule)
		} else {
			lines = append(lines, "✗ "+rule.Rule)
		}
	}
	if got := strings.Join(lines, " "); got != "✓ status ✓ when.ends_at ✗ who ✓ discount" {
		t.Errorf("rules: %s", got)
	}
}
