package coupon

import (
	"strconv"
	"strings"
	"time"
)

// WooCommerce translates a coupon of WooCommerce: a post of type shop_coupon with
// its meta (https://woocommerce.com/document/coupon-management/ says what each
// field does).
func (r *Carrier) WooCommerce(f Foreign) Carried {
	c := r.start(&f, "woocommerce")
	switch kind := f.one("discount_type"); kind {
	case "percent":
		r.percentOff(c, f.one("coupon_amount"))
	case "fixed_cart":
		if f.isSet("free_shipping") && trimZeros(f.one("coupon_amount")) == "0" {
			c.skip("it only makes the shipping free, and nothing is shipped here")
		}
		r.amountOff(c, f.one("coupon_amount"))
	case "fixed_product":
		r.amountOff(c, f.one("coupon_amount"))
		c.lose("it takes the amount off each piece; here it is taken off once")
	default:
		c.skip("coupons of the type %q come from an extension that we do not know", kind)
	}
	r.wooScope(c, &f)
	r.wooWhen(c, &f)
	rules := &c.Draft.Rules
	r.uses(c, f.one("usage_limit"), f.one("usage_count"))
	if n, ok := count(f.one("usage_limit_per_user")); !ok {
		c.lose("its limit for each person is no number")
	} else if n > 0 {
		rules.Limits.PerPerson = int(n)
		if used := len(f.Fields["_used_by"]); used > 0 {
			c.note("%d people used it before; here they may use it again", used)
		}
	}
	for _, pattern := range f.list("customer_email") {
		if !strings.Contains(pattern, "@") && strings.HasPrefix(pattern, "*") {
			pattern = "*@" + pattern // *.edu
		}
		if !strings.Contains(pattern, "@") || strings.ContainsAny(pattern, " \t\r\n") {
			c.lose("%q among its addresses is none", pattern)
			continue
		}
		rules.Who.Emails = append(rules.Who.Emails, pattern)
	}
	rules.Stacking.Combinable = f.one("individual_use") != "yes"
	if f.isSet("limit_usage_to_x_items") {
		c.lose("it lowers at most %s pieces; here it would lower all", f.one("limit_usage_to_x_items"))
	}
	if f.isSet("free_shipping") && c.Skip == "" {
		c.note("it also makes the shipping free, and nothing is shipped here")
	}
	if f.isSet("exclude_sale_items") {
		c.note("it leaves out what is on sale; here nothing has a price that is struck through")
	}
	return r.finish(c)
}

func (r *Carrier) wooScope(c *Carried, f *Foreign) {
	scope := &c.Draft.Rules.Scope
	scope.Products = r.products(f.list("product_ids"), func(id string) {
		c.lose("product %s, for which it is, has no counterpart here: name one with --map %s=SLUG", id, id)
	})
	scope.NotProducts = r.products(f.list("exclude_product_ids"), func(id string) {
		c.lose("product %s, which it leaves out, has no counterpart here: name one with --map %s=SLUG", id, id)
	})
	for name, what := range map[string]string{
		"product_categories": "for some categories only", "exclude_product_categories": "not for some categories",
		"product_brands": "for some brands only", "exclude_product_brands": "not for some brands",
	} {
		if len(f.list(name)) > 0 {
			c.lose("it is %s; there are none here: name products instead", what)
		}
	}
	scope.Minimum = r.bound(c, "minimum", f.one("minimum_amount"))
	scope.Maximum = r.bound(c, "maximum", f.one("maximum_amount"))
}

func (r *Carrier) wooWhen(c *Carried, f *Foreign) {
	when := &c.Draft.Rules.When
	switch f.Status {
	case "publish":
	case "future":
		if at, err := time.ParseInLocation(time.DateTime, f.one("post_date"), r.Zone); err == nil && at.After(r.Now) {
			when.StartsAt = r.moment(at)
		}
	case "trash":
		c.skip("it is in the trash")
	default:
		c.Draft.Disabled = true
		c.note("it is a draft, so it is switched off (%s)", f.Status)
	}
	end := f.one("date_expires")
	switch {
	case end != "":
		seconds, err := strconv.ParseInt(end, 10, 64)
		if err != nil || seconds < 0 || seconds > 1<<35 {
			c.lose("its end, %q, is no moment", end)
			return
		}
		when.EndsAt = r.moment(time.Unix(seconds, 0).Add(time.Minute - 1)) // a coupon ends with a minute here
	case f.one("expiry_date") != "": // before WooCommerce 3
		at, err := time.ParseInLocation(time.DateOnly, f.one("expiry_date"), r.Zone)
		if err != nil {
			c.lose("its end, %q, is no day", f.one("expiry_date"))
			return
		}
		when.EndsAt = r.moment(at)
	default:
		return
	}
	if at, err := time.ParseInLocation(Minute, when.EndsAt, r.Zone); err == nil && !at.After(r.Now) {
		c.note("it ended on %s", when.EndsAt)
	}
}
