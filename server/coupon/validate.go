package coupon

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
)

// Limits of what a rule may say.
const (
	maxName     = 200
	maxTag      = 190
	maxList     = 500
	maxTrial    = 3 * 366
	maxCharges  = 1200
	maxUses     = 100_000_000
	maxHours    = 10 * 366 * 24
	maxPriority = 1000
	maxAmount   = 1 << 53 // minor units; JavaScript counts exactly so far
)

// Known is what rules may name.
type Known struct {
	Offers, Products, Prices []string
}

// KnownOf returns the names of a catalogue.
func KnownOf(c *catalog.Catalogue) Known {
	var k Known
	for _, o := range c.Offers {
		k.Offers = append(k.Offers, o.Slug)
	}
	for _, p := range c.Products {
		k.Products = append(k.Products, p.Slug)
	}
	for _, p := range c.Prices {
		k.Prices = append(k.Prices, p.Slug)
	}
	return k
}

// Check returns what is wrong with the rules as an Invalid error whose field is
// the JSON key at fault, or nil.
func (r *Rules) Check(k Known) error {
	for _, check := range []func(Known) error{r.checkDiscount, r.checkScope, r.checkWho, r.checkWhen, r.checkLimits} {
		if err := check(k); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rules) checkDiscount(k Known) error {
	d := r.Discount
	const field = "discount"
	if err := checkAmounts("discount.amounts", d.Amounts, d.Kind == DiscountPrice); err != nil {
		return err
	}
	switch d.Kind {
	case DiscountPercent:
		if d.Percent == 0 {
			return errs.Field("discount.percent", "Say how many percent the coupon takes off, such as 20.")
		}
	case DiscountAmount, DiscountPrice:
		if len(d.Amounts) == 0 {
			return errs.Field("discount.amounts", "Name at least one amount with its currency, such as 10.00 EUR.")
		}
	case DiscountTrial:
		if d.TrialDays < 1 || d.TrialDays > maxTrial {
			return errs.Field("discount.trial_days", "A trial has 1 to %d days.", maxTrial)
		}
	case DiscountSwitch:
		if !slices.Contains(k.Offers, d.Offer) {
			return errs.Field("discount.offer", "There is no offer %q to switch to.", d.Offer)
		}
	default:
		return errs.Field(field+".kind", "A coupon's kind is percent, amount, price, trial or switch, not %q.", string(d.Kind))
	}
	switch {
	case d.Kind != DiscountPercent && d.Percent != 0:
		return errs.Field("discount.percent", "Only a coupon of the kind percent has a percentage.")
	case d.Kind != DiscountTrial && (d.TrialDays != 0 || d.Extend):
		return errs.Field("discount.trial_days", "Only a coupon of the kind trial has a trial.")
	case d.Kind != DiscountSwitch && d.Offer != "":
		return errs.Field("discount.offer", "Only a coupon of the kind switch leads to an offer.")
	case d.Charges < 0 || d.Charges > maxCharges:
		return errs.Field("discount.charges", "The number of charges must be between 0 (all) and %d.", maxCharges)
	}
	return nil
}

// checkAmounts looks at one amount a currency. A price may be zero.
func checkAmounts(field string, list Amounts, mayBeZero bool) error {
	seen := map[money.Currency]bool{}
	for _, a := range list {
		switch {
		case a.Minor < 0, a.Minor == 0 && !mayBeZero:
			return errs.Field(field, "An amount must be above zero.")
		case a.Minor > maxAmount:
			return errs.Field(field, "%s %s is too large.", a.Major(), string(a.Currency))
		case seen[a.Currency]:
			return errs.Field(field, "%s is there twice.", string(a.Currency))
		}
		seen[a.Currency] = true
	}
	return nil
}

func (r *Rules) checkScope(k Known) error {
	s := r.Scope
	for _, list := range []struct {
		field, kind  string
		names, known []string
	}{
		{"scope.offers", "offer", s.Offers, k.Offers}, {"scope.not_offers", "offer", s.NotOffers, k.Offers},
		{"scope.products", "product", s.Products, k.Products}, {"scope.not_products", "product", s.NotProducts, k.Products},
		{"scope.prices", "price", s.Prices, k.Prices}, {"scope.not_prices", "price", s.NotPrices, k.Prices},
	} {
		for _, name := range list.names {
			if !slices.Contains(list.known, name) {
				return errs.Field(list.field, "There is no %s %q.", list.kind, name)
			}
		}
	}
	if err := checkAmounts("scope.minimum", s.Minimum, false); err != nil {
		return err
	}
	if err := checkAmounts("scope.maximum", s.Maximum, false); err != nil {
		return err
	}
	for _, least := range s.Minimum {
		if most, ok := s.Maximum.In(least.Currency); ok && most.Minor < least.Minor {
			return errs.Field("scope.maximum", "The maximum is below the minimum.")
		}
	}
	if s.Part != PartBoth && s.Part != PartOneTime && s.Part != PartRecurring {
		return errs.Field("scope.part", "The part is one_time or recurring, not %q.", string(s.Part))
	}
	for _, c := range s.Currencies {
		if _, err := money.ParseCurrency(string(c)); err != nil || string(c) != strings.ToUpper(string(c)) {
			return errs.Field("scope.currencies", "%q is not a currency code; write it like EUR or USD.", string(c))
		}
	}
	return nil
}

var rolePattern = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

func (r *Rules) checkWho(Known) error {
	for field, tags := range map[string][]string{"who.tags": r.Who.Tags, "who.not_tags": r.Who.NotTags} {
		for _, tag := range tags {
			if err := checkTag(field, tag); err != nil {
				return err
			}
		}
	}
	for _, role := range r.Who.Roles {
		if !rolePattern.MatchString(role) {
			return errs.Field("who.roles", "%q is not the name of a role.", role)
		}
	}
	for _, pattern := range r.Who.Emails {
		if !strings.Contains(pattern, "@") || len(pattern) > 254 || strings.ContainsAny(pattern, " \t\r\n") {
			return errs.Field("who.emails", "%q is no e-mail address and no domain such as @example.com.", pattern)
		}
	}
	if len(r.Who.Emails) > maxList || len(r.Who.Tags)+len(r.Who.NotTags)+len(r.Who.Roles) > maxList {
		return errs.Field("who", "These are too many conditions: at most %d.", maxList)
	}
	if r.BuyerTag != "" {
		return checkTag("buyer_tag", r.BuyerTag)
	}
	return nil
}

func checkTag(field, tag string) error {
	if tag == "" || tag != strings.TrimSpace(tag) || utf8.RuneCountInString(tag) > maxTag || strings.ContainsAny(tag, "\r\n\t\x00") {
		return errs.Field(field, "%q is no tag.", tag)
	}
	return nil
}

func (r *Rules) checkWhen(Known) error {
	w := r.When
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		return errs.Field("when.timezone", "%q is not a time zone; write it like Europe/Berlin.", w.TimeZone)
	}
	for field, text := range map[string]string{"when.starts_at": w.StartsAt, "when.ends_at": w.EndsAt} {
		if text == "" {
			continue
		}
		at, err := time.ParseInLocation(Minute, text, zone)
		if err != nil || at.Format(Minute) != text {
			return errs.Field(field, "%q is not a time on that clock; write it like 2026-05-01 00:00.", text)
		}
	}
	if starts, ends := w.Bounds(); starts != nil && ends != nil && !ends.After(*starts) {
		return errs.Field("when.ends_at", "The coupon ends before it starts.")
	}
	if w.AfterHours < 0 || w.WithinHours < 0 || w.AfterHours > maxHours || w.WithinHours > maxHours {
		return errs.Field("when.within_hours", "The hours must be between 0 and %d.", maxHours)
	}
	if w.WithinHours > 0 && w.WithinHours <= w.AfterHours {
		return errs.Field("when.within_hours", "The time is over before it begins.")
	}
	return nil
}

func (r *Rules) checkLimits(Known) error {
	l := r.Limits
	for field, n := range map[string]int{
		"limits.uses": l.Uses, "limits.per_offer": l.PerOffer, "limits.per_person": l.PerPerson, "limits.per_code": l.PerCode,
	} {
		if n < 0 || n > maxUses {
			return errs.Field(field, "The limit must be between 0 (none) and %d.", maxUses)
		}
	}
	if p := r.Stacking.Priority; p < -maxPriority || p > maxPriority {
		return errs.Field("stacking.priority", "The priority must be between %d and %d.", -maxPriority, maxPriority)
	}
	if !r.Stacking.Combinable && len(r.Stacking.With) > 0 {
		return errs.Field("stacking.with", "A coupon that names others must be combinable.")
	}
	return nil
}
