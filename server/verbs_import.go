package server

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/wpbridge/wpdb"
)

// CouponMove asks for the coupons of another shop plugin on the same site.
type CouponMove struct {
	From   string            `json:"from"` // "woocommerce" or "edd"
	DryRun bool              `json:"dry_run"`
	Map    map[string]string `json:"map"` // its products' ids to slugs of ours
	// Lossy says what becomes of a coupon that would lose a condition:
	// "disabled" (also ""), or "skip".
	Lossy string `json:"lossy"`
}

// What became of a coupon.
const (
	moveImported = "imported"
	moveDisabled = "disabled" // imported, and switched off
	moveSkipped  = "skipped"
	moveThere    = "there" // an earlier run brought it
)

// CouponMoveReport is what a move did, or would do.
type CouponMoveReport struct {
	From     string        `json:"from"`
	DryRun   bool          `json:"dry_run"`
	Found    int           `json:"found"`
	Imported int           `json:"imported"`
	Disabled int           `json:"disabled"`
	Skipped  int           `json:"skipped"`
	There    int           `json:"there"`
	Coupons  []MovedCoupon `json:"coupons"` // the first ten thousand
}

// MovedCoupon is one coupon of a move.
type MovedCoupon struct {
	ID     int64    `json:"id"` // in the other plugin
	Code   string   `json:"code"`
	Coupon string   `json:"coupon"` // its slug here
	Result string   `json:"result"`
	Why    []string `json:"why"`   // it was skipped, or is switched off
	Notes  []string `json:"notes"` // what else is different
}

const (
	moveBatch    = 500
	maxMoveLines = 10_000
)

// MoveCoupons makes coupons of those of WooCommerce or Easy Digital Downloads in
// the same database. Their tables are read and never written. Each coupon is
// made in a transaction of its own, and one that an earlier run made is left
// alone: after a crash it may be called again.
func (s *Shop) MoveCoupons(ctx context.Context, m CouponMove, progress Progress) (*CouponMoveReport, error) {
	carrier, err := s.carrier(ctx, m)
	if err != nil {
		return nil, err
	}
	translate := carrier.WooCommerce
	if m.From == wpdb.PluginEDD {
		translate = carrier.EDD
	}
	report := &CouponMoveReport{From: m.From, DryRun: m.DryRun, Coupons: []MovedCoupon{}}
	seen := map[string]bool{}
	for after := int64(0); ; {
		found, err := wpdb.PluginCoupons(ctx, s.db.WordPress(), s.db.Prefix(), m.From, after, moveBatch)
		if err != nil || len(found) == 0 {
			return report, err
		}
		if err := s.mapProducts(ctx, carrier, found); err != nil {
			return report, err
		}
		for i := range found {
			moved, err := s.move(ctx, m, translate(coupon.Foreign(found[i])), seen)
			if err != nil {
				return report, fmt.Errorf("coupon %d (%s): %w", found[i].ID, found[i].Code, err)
			}
			moved.ID, moved.Code = found[i].ID, found[i].Code
			report.add(moved)
		}
		after = found[len(found)-1].ID
		progress(report.Found)
	}
}

func (r *CouponMoveReport) add(m MovedCoupon) {
	r.Found++
	switch m.Result {
	case moveImported:
		r.Imported++
	case moveDisabled:
		r.Disabled++
	case moveSkipped:
		r.Skipped++
	default:
		r.There++
	}
	if len(r.Coupons) < maxMoveLines {
		r.Coupons = append(r.Coupons, m)
	}
}

// carrier reads what matters of the other plugin, and checks what was asked for.
func (s *Shop) carrier(ctx context.Context, m CouponMove) (*coupon.Carrier, error) {
	if m.From != wpdb.PluginWooCommerce && m.From != wpdb.PluginEDD {
		return nil, errs.Field("from", "Coupons can be taken from woocommerce or edd, not from %q.", m.From)
	}
	if m.Lossy != "" && m.Lossy != "disabled" && m.Lossy != "skip" {
		return nil, errs.Field("lossy", "A coupon that would lose a condition is made disabled, or skip.")
	}
	shop, err := wpdb.Shop(ctx, s.db.WordPress(), s.db.Prefix(), m.From)
	if err != nil {
		return nil, err
	}
	currency, err := money.ParseCurrency(shop.Currency)
	if err != nil {
		return nil, errs.New(errs.Invalid, "The other shop sells in %q, which is no currency.", shop.Currency)
	}
	zone := s.site.TimeZone()
	if _, err := time.LoadLocation(zone.String()); err != nil { // WordPress's "UTC+2" has no name
		zone = time.UTC
	}
	c := &coupon.Carrier{Currency: currency, Several: shop.Several, Zone: zone, Now: s.now(), Products: map[int64]string{}}
	known, err := s.productSlugs(ctx)
	if err != nil {
		return nil, err
	}
	for _, text := range slices.Sorted(maps.Keys(m.Map)) {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id < 1 {
			return nil, errs.Field("map", "%q is no id of a product; write it like 11=course.", text)
		}
		if !slices.Contains(known, m.Map[text]) {
			return nil, errs.Field("map", "There is no product %q here.", m.Map[text])
		}
		c.Products[id] = m.Map[text]
	}
	return c, nil
}

func (s *Shop) productSlugs(ctx context.Context) ([]string, error) {
	all, err := s.Catalog.Catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return coupon.KnownOf(all).Products, nil
}

// mapProducts finds products of ours with the slugs of those that coupons name,
// where nobody said which is which.
func (s *Shop) mapProducts(ctx context.Context, c *coupon.Carrier, found []wpdb.PluginCoupon) error {
	var ids []int64
	for i := range found {
		for _, name := range []string{"product_ids", "exclude_product_ids", "product_requirement", "excluded_product"} {
			for _, value := range found[i].Fields[name] {
				for part := range strings.SplitSeq(value, ",") {
					if id, err := strconv.ParseInt(strings.TrimSpace(part), 10, 64); err == nil && c.Products[id] == "" {
						ids = append(ids, id)
					}
				}
			}
		}
	}
	slices.Sort(ids)
	slugs, err := wpdb.PluginProducts(ctx, s.db.WordPress(), s.db.Prefix(), slices.Compact(ids))
	if err != nil || len(slugs) == 0 {
		return err
	}
	known, err := s.productSlugs(ctx)
	if err != nil {
		return err
	}
	for id, slug := range slugs {
		if catalog.CheckSlug(slug) == "" && slices.Contains(known, slug) {
			c.Products[id] = slug
		}
	}
	return nil
}

// move makes one coupon, or says what would become of it.
func (s *Shop) move(ctx context.Context, m CouponMove, c coupon.Carried, seen map[string]bool) (MovedCoupon, error) {
	moved := MovedCoupon{Coupon: c.Draft.Slug, Result: moveImported, Why: append([]string{}, c.Lost...), Notes: append([]string{}, c.Notes...)}
	skip := func(why string) MovedCoupon {
		moved.Result, moved.Coupon, moved.Why = moveSkipped, "", append([]string{why}, c.Lost...)
		return moved
	}
	if c.Draft.Disabled {
		moved.Result = moveDisabled
	}
	if _, err := s.book.Store.Coupon(ctx, c.Draft.Slug); err == nil {
		moved.Result = moveThere
		return moved, nil
	} else if !errs.Is(err, errs.NotFound) {
		return moved, err
	}
	switch {
	case c.Skip != "":
		return skip(c.Skip), nil
	case len(c.Lost) > 0 && m.Lossy == "skip":
		return skip("it would lose a condition"), nil
	}
	key := coupon.Normalize(c.Draft.Codes[0])
	if seen[key] {
		return skip("another coupon of the other shop has this code; letter case, spaces and hyphens do not count"), nil
	}
	seen[key] = true
	err := s.book.Check(ctx, c.Draft)
	if err == nil && !m.DryRun {
		_, err = s.book.Create(ctx, c.Draft)
	}
	if errs.Is(err, errs.Invalid) || errs.Is(err, errs.Conflict) {
		return skip(errs.From(err).Message()), nil
	}
	return moved, err
}
