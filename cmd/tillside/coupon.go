package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tillside/tillside/server"
)

type couponCmd struct {
	Create   couponCreateCmd   `cmd:"" help:"Make a coupon."`
	List     couponListCmd     `cmd:"" help:"List coupons, newest first."`
	Show     couponShowCmd     `cmd:"" help:"Show a coupon by its slug or one of its codes: rules, codes, and what became of them."`
	Update   couponUpdateCmd   `cmd:"" help:"Replace a coupon's rules."`
	Add      couponAddCmd      `cmd:"" help:"Give a coupon more codes of your own."`
	Disable  couponSwitchCmd   `cmd:"" help:"Switch a coupon off, or one of its codes. Undo it with enable."`
	Enable   couponEnableCmd   `cmd:"" help:"Switch it on again."`
	Generate couponGenerateCmd `cmd:"" help:"Make a one-time code for one contact, or a campaign of up to a million."`
	Export   couponExportCmd   `cmd:"" help:"Write codes as CSV."`
	Import   couponImportCmd   `cmd:"" help:"Read codes from CSV."`

	ImportFrom couponImportFromCmd `cmd:"" help:"Make coupons of those of WooCommerce or Easy Digital Downloads on this site."`

	Campaigns couponCampaignsCmd `cmd:"" help:"List campaigns."`
	Report    couponReportCmd    `cmd:"" help:"What became of a campaign: made, sent, redeemed, revenue, discount."`
	Revoke    couponRevokeCmd    `cmd:"" help:"Take all codes of a campaign back for good."`
	Link      couponLinkCmd      `cmd:"" help:"Magic links: a page with the code applied."`
	Simulate  couponSimulateCmd  `cmd:"" help:"Explain rule by rule why a code does or does not apply."`
}

// ruleFlags are a coupon's rules as flags, or a file with them.
type ruleFlags struct {
	Rules          string   `type:"existingfile" help:"A file with all rules as YAML or JSON, instead of the flags below."`
	Percent        string   `help:"Takes so many percent off: 20, 12.5." xor:"kind"`
	Amount         []string `help:"Takes an amount off: '10.00 EUR'; once for each currency." xor:"kind"`
	Price          []string `help:"What is in scope costs this, all of it together." xor:"kind"`
	TrialDays      int      `help:"Recurring prices begin with so many days for nothing." xor:"kind"`
	Switch         string   `help:"The form sells this offer instead (its slug)." xor:"kind"`
	ExtendTrial    bool     `help:"The trial days come on top of the price's own."`
	Cap            []string `help:"The most that a percentage takes off: '50.00 EUR'."`
	Charges        int      `help:"Recurring prices: so many charges are lowered; 0 is all."`
	Offer          []string `help:"Only for these offers."`
	Product        []string `help:"Only for these products."`
	OnlyPrice      []string `help:"Only for these prices (their slugs)."`
	ExceptOffer    []string `help:"Not for these offers."`
	ExceptProduct  []string `help:"Not for these products."`
	ExceptPrice    []string `help:"Not for these prices."`
	Minimum        []string `help:"Only when the order comes to at least this: '30.00 EUR'."`
	Maximum        []string `help:"Only when it comes to at most this."`
	Part           string   `help:"Only one_time or recurring prices."`
	Currency       []string `help:"Only for orders in these currencies."`
	GiftCards      bool     `help:"May also lower the price of gift cards."`
	FirstPurchase  bool     `help:"Only for a first purchase, of somebody who is logged in or came by a personal link."`
	Email          []string `help:"Only for these addresses; @example.com for a domain, * for any characters."`
	Tag            []string `help:"Only for people with one of these tags."`
	NotTag         []string `help:"Only for people with none of these tags."`
	Role           []string `help:"Only for people with one of these WordPress roles."`
	Starts         string   `help:"From this time on: '2026-05-01 00:00'."`
	Ends           string   `help:"From this time on it cannot be used any more."`
	Timezone       string   `help:"On which clock: Europe/Berlin; UTC without it."`
	AfterHours     int      `help:"From so many hours after the contact's checkout began."`
	WithinHours    int      `help:"Until so many hours after it."`
	Uses           int      `help:"So many uses in all."`
	PerOffer       int      `help:"So many uses for each offer."`
	PerPerson      int      `help:"So many uses by each person."`
	PerCode        int      `help:"So many uses of each code."`
	OneMailbox     bool     `help:"a.b+c@gmail.com and ab@gmail.com are one person."`
	Combinable     bool     `help:"May lower a quote together with others that are combinable."`
	With           []string `help:"Combines with these coupons only."`
	Priority       int      `help:"Of coupons that combine the higher goes first."`
	Auto           bool     `help:"Applies by itself, without a code."`
	BuyerTag       string   `help:"A tag for whoever bought with it."`
	ReturnOnRefund bool     `help:"A refund of the whole order gives the use back."`
}

// rules makes the rules that the flags, or the file, describe. The keys are
// those of the rules' JSON, so that one reader checks both.
func (f *ruleFlags) rules() (server.CouponRules, error) {
	var rules server.CouponRules
	var tree any = f.tree()
	if f.Rules != "" {
		raw, err := os.ReadFile(f.Rules)
		if err != nil {
			return rules, err
		}
		tree = nil
		if err := yaml.Unmarshal(raw, &tree); err != nil { // JSON is YAML
			return rules, fmt.Errorf("%s: %w", f.Rules, err)
		}
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		return rules, fmt.Errorf("%s: %w", f.Rules, err)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&rules); err != nil {
		return rules, fmt.Errorf("the rules cannot be read: %w", err)
	}
	return rules, nil
}

func (f *ruleFlags) tree() map[string]any {
	discount := map[string]any{"charges": f.Charges, "trial_days": f.TrialDays, "extend": f.ExtendTrial, "offer": f.Switch}
	switch {
	case f.Percent != "":
		discount["kind"], discount["percent"] = "percent", f.Percent
		if len(f.Cap) > 0 {
			discount["amounts"] = f.Cap
		}
	case len(f.Amount) > 0:
		discount["kind"], discount["amounts"] = "amount", f.Amount
	case len(f.Price) > 0:
		discount["kind"], discount["amounts"] = "price", f.Price
	case f.TrialDays > 0:
		discount["kind"] = "trial"
	case f.Switch != "":
		discount["kind"] = "switch"
	}
	scope := map[string]any{
		"offers": f.Offer, "products": f.Product, "prices": f.OnlyPrice, "not_offers": f.ExceptOffer, "not_products": f.ExceptProduct,
		"not_prices": f.ExceptPrice, "part": f.Part, "currencies": f.Currency, "gift_cards": f.GiftCards,
	}
	if len(f.Minimum) > 0 {
		scope["minimum"] = f.Minimum
	}
	if len(f.Maximum) > 0 {
		scope["maximum"] = f.Maximum
	}
	return map[string]any{
		"discount": discount, "scope": scope,
		"who": map[string]any{
			"first_purchase": f.FirstPurchase, "emails": f.Email, "tags": f.Tag, "not_tags": f.NotTag, "roles": f.Role,
		},
		"when": map[string]any{
			"starts_at": f.Starts, "ends_at": f.Ends, "timezone": f.Timezone, "after_hours": f.AfterHours, "within_hours": f.WithinHours,
		},
		"limits": map[string]any{
			"uses": f.Uses, "per_offer": f.PerOffer, "per_person": f.PerPerson, "per_code": f.PerCode, "one_mailbox": f.OneMailbox,
		},
		"stacking":   map[string]any{"combinable": f.Combinable, "with": f.With, "priority": f.Priority},
		"auto_apply": f.Auto, "buyer_tag": f.BuyerTag, "return_on_refund": f.ReturnOnRefund,
	}
}

type couponCreateCmd struct {
	Slug     string   `arg:"" help:"How you name it: lower-case letters, digits, hyphens."`
	Codes    []string `arg:"" optional:"" help:"The codes that buyers type; none for a template."`
	Name     string   `help:"What buyers read beside the discount."`
	Template bool     `help:"The rules of codes that are generated: for single people, or many at once."`
	Disabled bool     `help:"Do not switch it on yet."`
	ruleFlags
}

// Run makes a coupon.
func (c couponCreateCmd) Run(a *app) error {
	rules, err := c.rules()
	if err != nil {
		return err
	}
	draft := server.CouponDraft{Slug: c.Slug, Name: c.Name, Rules: rules, Codes: c.Codes, Disabled: c.Disabled}
	if c.Template {
		draft.Kind = "template"
	}
	return withShop(a, func(shop *server.Shop) error {
		made, err := shop.CreateCoupon(a.ctx, draft)
		if err != nil {
			return err
		}
		return a.print.value(made, func(p *printer) {
			p.line("made the coupon %s", made.Slug)
			p.coupon(made)
		})
	})
}

// withShop opens the shop for a verb and closes it afterwards.
func withShop(a *app, do func(*server.Shop) error) error {
	shop, err := a.open()
	if err != nil {
		return err
	}
	defer shop.Close(a.ctx) //nolint:errcheck // the process ends
	return do(shop)
}

type couponListCmd struct{}

// Run lists coupons.
func (couponListCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.FindCoupons(a.ctx)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) {
			if len(list) == 0 {
				p.line("no coupons yet: tillside coupon create --help")
				return
			}
			rows := make([][]string, len(list))
			for i, c := range list {
				rows[i] = []string{c.Slug, string(c.Kind), string(c.Status), string(c.Rules.Discount.Kind), c.CreatedAt.Format("2006-01-02"), c.Name}
			}
			p.table([]string{"SLUG", "KIND", "STATUS", "DISCOUNT", "MADE", "NAME"}, rows)
		})
	})
}

type couponShowCmd struct {
	Coupon string `arg:"" help:"Its slug, or one of its codes."`
}

// Run shows a coupon.
func (c couponShowCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		found, err := shop.CouponOf(a.ctx, c.Coupon)
		if err != nil {
			return err
		}
		return a.print.value(found, func(p *printer) { p.coupon(found) })
	})
}

type couponUpdateCmd struct {
	Slug string `arg:"" help:"The coupon's slug."`
	Name string `help:"A new name."`
	ruleFlags
}

// Run replaces a coupon's rules.
func (c couponUpdateCmd) Run(a *app) error {
	rules, err := c.rules()
	if err != nil {
		return err
	}
	return withShop(a, func(shop *server.Shop) error {
		changed, err := shop.UpdateCoupon(a.ctx, c.Slug, c.Name, rules)
		if err != nil {
			return err
		}
		return a.print.value(changed, func(p *printer) { p.coupon(changed) })
	})
}

type couponAddCmd struct {
	Slug  string   `arg:"" help:"The coupon's slug."`
	Codes []string `arg:"" help:"The codes."`
}

// Run adds codes.
func (c couponAddCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		changed, err := shop.AddCouponCodes(a.ctx, c.Slug, c.Codes)
		if err != nil {
			return err
		}
		return a.print.value(changed, func(p *printer) { p.coupon(changed) })
	})
}

type couponSwitchCmd struct {
	Coupon string `arg:"" help:"Its slug, or one of its codes to switch that alone."`
}

// Run switches a coupon off.
func (c couponSwitchCmd) Run(a *app) error { return switchCoupon(a, c.Coupon, false) }

type couponEnableCmd struct {
	Coupon string `arg:"" help:"Its slug, or one of its codes."`
}

// Run switches a coupon on.
func (c couponEnableCmd) Run(a *app) error { return switchCoupon(a, c.Coupon, true) }

func switchCoupon(a *app, coupon string, on bool) error {
	return withShop(a, func(shop *server.Shop) error {
		changed, err := shop.SwitchCoupon(a.ctx, coupon, on)
		if err != nil {
			return err
		}
		return a.print.value(changed, func(p *printer) { p.coupon(changed) })
	})
}

type couponSimulateCmd struct {
	Code   string           `arg:"" help:"The code."`
	Offer  string           `required:"" help:"The offer's slug."`
	Email  string           `help:"The address that a buyer types."`
	User   string           `help:"The WordPress user who is logged in: name or e-mail."`
	Linked bool             `help:"The buyer came by a link that is bound to the address."`
	Items  map[string]int64 `help:"Quantities by price: course=2."`
	At     string           `help:"At which time: '2026-05-01 12:00' (UTC); now without it."`
}

// Run explains why a code does or does not apply.
func (c couponSimulateCmd) Run(a *app) error {
	q := server.Simulation{Code: c.Code, Offer: c.Offer, Email: c.Email, User: c.User, Linked: c.Linked, Items: c.Items}
	if c.At != "" {
		at, err := time.Parse("2006-01-02 15:04", c.At)
		if err != nil {
			return fmt.Errorf("%q is not a time; write it like 2026-05-01 12:00", c.At)
		}
		q.At = &at
	}
	return withShop(a, func(shop *server.Shop) error {
		r, err := shop.Simulate(a.ctx, q)
		if err != nil {
			return err
		}
		return a.print.value(r, func(p *printer) {
			for _, rule := range r.Rules {
				mark := "✓"
				if !rule.OK {
					mark = "✗"
				}
				p.line("%s %-20s %s", mark, rule.Rule, rule.Text)
			}
			if r.Note != "" {
				p.line("%s", r.Note)
			}
			if r.Applies {
				p.line("The code applies: %s instead of %s, offer %s.", r.Total, r.Without, r.Offer)
			} else {
				p.line("The code does not apply: %s.", r.Total)
			}
		})
	})
}

// coupon prints a coupon for people.
func (p *printer) coupon(c *server.CouponDetails) {
	rules, _ := json.MarshalIndent(c.Rules, "  ", "  ") // rules always have a JSON form
	p.line("%s (%s), %s, revision %d", c.Slug, c.Kind, c.Status, c.Revision)
	p.line("  %s", rules)
	p.line("uses: %d committed, %d reserved, %d released, %d returned", c.Totals.Committed, c.Totals.Reserved, c.Totals.Released, c.Totals.Returned)
	if len(c.Totals.Revenue) > 0 {
		p.line("revenue: %s; discount given: %s", strings.Join(c.Totals.Revenue, ", "), strings.Join(c.Totals.Discount, ", "))
	}
	p.line("codes: %d", c.Totals.Codes)
	for _, code := range c.Codes {
		expires := ""
		if code.ExpiresAt != nil {
			expires = ", until " + code.ExpiresAt.Format("2006-01-02 15:04") + " UTC"
		}
		p.line("  %s, %s%s", code.Code, code.Status, expires)
	}
}
