package coupon

import (
	"time"
)

// EDD translates a discount of Easy Digital Downloads 3: a row of edd_adjustments
// with its meta. Its times are stored in UTC.
func (r *Carrier) EDD(f Foreign) Carried {
	c := r.start(&f, "edd")
	switch kind := f.one("amount_type"); kind {
	case "percent":
		r.percentOff(c, f.one("amount"))
	case "flat":
		r.amountOff(c, f.one("amount"))
	default:
		c.skip("discounts of the type %q come from an extension that we do not know", kind)
	}
	rules := &c.Draft.Rules
	required := f.list("product_requirement")
	products := r.products(required, func(id string) {
		c.lose("product %s, for which it is, has no counterpart here: name one with --map %s=SLUG", id, id)
	})
	switch {
	case len(required) == 0:
	case f.one("scope") == "global":
		c.lose("it lowers the whole order once certain products are in it; here it would lower every order")
	default:
		rules.Scope.Products = products
		if f.one("product_condition") == "all" && len(required) > 1 {
			c.lose("it wants all of its products in the order; here one of them is enough")
		}
	}
	rules.Scope.NotProducts = r.products(f.list("excluded_product"), func(id string) {
		c.lose("product %s, which it leaves out, has no counterpart here: name one with --map %s=SLUG", id, id)
	})
	if len(f.list("categories")) > 0 {
		c.lose("it is for some categories, or not for them; there are none here: name products instead")
	}
	rules.Scope.Minimum = r.bound(c, "minimum", f.one("min_charge_amount"))
	r.uses(c, f.one("max_uses"), f.one("use_count"))
	if f.isSet("once_per_customer") {
		rules.Limits.PerPerson = 1
		if f.isSet("use_count") {
			c.note("%s people used it before; here they may use it again", f.one("use_count"))
		}
	}
	rules.Stacking.Combinable = r.Several
	r.eddWhen(c, &f)
	return r.finish(c)
}

func (r *Carrier) eddWhen(c *Carried, f *Foreign) {
	when := &c.Draft.Rules.When
	for name, to := range map[string]*string{"start_date": &when.StartsAt, "end_date": &when.EndsAt} {
		text := f.one(name)
		if text == "" {
			continue
		}
		at, err := time.ParseInLocation(time.DateTime, text, time.UTC)
		if err != nil {
			c.lose("its %s, %q, is no moment", name, text)
			continue
		}
		if name == "end_date" {
			at = at.Add(time.Minute - time.Second) // a coupon ends with a minute here
			if !at.After(r.Now) {
				c.note("it ended on %s", r.moment(at))
			}
		}
		*to = r.moment(at)
	}
	switch f.Status {
	case "active", "expired": // the end says so
	case "archived", "inactive":
		c.Draft.Disabled = true
		c.note("it is %s, so it is switched off", f.Status)
	default:
		c.Draft.Disabled = true
		c.note("its status is %q, so it is switched off", f.Status)
	}
}
