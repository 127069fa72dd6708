package main

import (
	"strings"

	"github.com/tillside/tillside/server"
)

type couponImportFromCmd struct {
	Plugin string            `arg:"" enum:"woocommerce,edd" help:"woocommerce, or edd for Easy Digital Downloads."`
	DryRun bool              `help:"Only say what would become of each coupon."`
	Map    map[string]string `help:"A product of the other shop is one of ours: --map 11=course; once for each."`
	Lossy  string            `enum:"disabled,skip" default:"disabled" help:"A coupon that would lose a condition is made but switched off (disabled), or left out (skip)."`
	All    bool              `help:"List the coupons, too, about which there is nothing to say."`
}

// Run moves coupons.
func (c couponImportFromCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		move := server.CouponMove{From: c.Plugin, DryRun: c.DryRun, Map: c.Map, Lossy: c.Lossy}
		report, err := shop.MoveCoupons(a.ctx, move, progressOf("coupons read", 0))
		if err != nil {
			return err
		}
		return a.print.value(report, func(p *printer) { p.move(report, c.All) })
	})
}

// move prints for people what became of each coupon, and then the sums.
func (p *printer) move(r *server.CouponMoveReport, all bool) {
	var rows [][]string
	for _, m := range r.Coupons {
		if words := append(m.Why, m.Notes...); all || len(words) > 0 {
			rows = append(rows, []string{m.Code, m.Result, m.Coupon, strings.Join(words, "; ")})
		}
	}
	if len(rows) > 0 {
		p.table([]string{"CODE", "RESULT", "COUPON", "WHAT IS DIFFERENT"}, rows)
	}
	would := ""
	if r.DryRun {
		would = " (dry run: nothing was written)"
	}
	p.line("%d coupons: %d imported, %d imported and switched off, %d skipped, %d there already%s", r.Found, r.Imported, r.Disabled, r.Skipped, r.There, would)
	if r.Disabled > 0 && !r.DryRun {
		p.line("look at those that are switched off, then: tillside coupon update SLUG … and tillside coupon enable SLUG")
	}
}
