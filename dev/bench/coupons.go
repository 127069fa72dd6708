package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/server/shoptest"
)

const (
	fewCodes      = 1000
	campaignCodes = 1_000_000 // at most, in one campaign
	sampleCodes   = 5000      // of which checks ask for one after the other
	floorBatch    = 4000      // codes in one statement of the floor
)

// measureCoupons measures the checks of codes, with few and with many of them,
// and how fast many are made.
func measureCoupons(h *host, o options, r *report) error {
	few, err := couponShop(h, fewCodes)
	if err != nil {
		return err
	}
	result, err := quotes(few.s, few.p, o, few.bodies)
	if err != nil {
		return err
	}
	r.ratio("coupon checks/s", result, 0.6)
	many, err := couponShop(h, o.codes)
	if err != nil {
		return err
	}
	c := contest{workers: o.workers, lasts: 2 * time.Second}
	if c.floor, err = asking(o.workers, few.p.URL, few.bodies); err != nil {
		return err
	}
	if c.subject, err = asking(o.workers, many.p.URL, many.bodies); err != nil {
		return err
	}
	if result, err = c.run(o.rounds); err != nil {
		return err
	}
	r.ratio(fmt.Sprintf("  with %d codes, beside %d", o.codes, fewCodes), result, 1/1.2)
	floor, err := bareCodes(many.s, min(o.codes, campaignCodes))
	if err != nil {
		return err
	}
	made := float64(o.codes) / many.took.Seconds()
	r.add("codes made/s", fmt.Sprintf("%.0f", made), fmt.Sprintf("%.0f", floor), fmt.Sprintf("%.2f", made/floor),
		fmt.Sprintf("≥ 50000 %s", verdict(made >= 50_000)))
	return nil
}

// codeShop is a shop with a campaign.
type codeShop struct {
	s      *shoptest.Stand
	p      *shoptest.Process
	bodies [][]byte      // quotes with codes of the campaign
	took   time.Duration // to make them
}

// couponShop makes a campaign by the product's own hands.
func couponShop(h *host, codes int) (*codeShop, error) {
	s, p := idle(h)
	ctx := context.Background()
	var rules server.CouponRules
	if err := json.Unmarshal([]byte(`{"discount":{"kind":"percent","percent":"20"}}`), &rules); err != nil {
		return nil, err
	}
	if _, err := p.Shop.CreateCoupon(ctx, server.CouponDraft{Slug: "spring", Kind: "template", Rules: rules}); err != nil {
		return nil, err
	}
	shop := &codeShop{s: s, p: p}
	began := time.Now()
	for made := 0; made < codes; made += campaignCodes {
		name := fmt.Sprintf("letter-%d", made/campaignCodes)
		request := server.CampaignRequest{Coupon: "spring", Campaign: name, Count: min(campaignCodes, codes-made)}
		if _, err := p.Shop.StartCampaign(ctx, request, false); err != nil {
			return nil, err
		}
		if _, err := p.Shop.GenerateCampaign(ctx, name, func(int) {}); err != nil {
			return nil, err
		}
	}
	shop.took = time.Since(began)
	return shop, shop.sample(codes)
}

// sample takes codes from all over the table.
func (c *codeShop) sample(codes int) error {
	rows, err := c.s.SQL.Query("SELECT code FROM "+mysqltest.Prefix+"tillside_coupon_codes WHERE id % ? = 0 LIMIT ?", max(1, codes/sampleCodes), sampleCodes)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	form := c.s.NewBuyer(c.p, "course").FormToken()
	for rows.Next() {
		var code string
		if err := rows.Scan(&code); err != nil {
			return err
		}
		body, err := json.Marshal(map[string]any{"form_token": form, "coupons": []string{code}})
		if err != nil {
			return err
		}
		c.bodies = append(c.bodies, body)
	}
	return rows.Err()
}

// bareCodes writes as many rows into a table of the same shape, from texts that
// are there already, with nothing but the driver, and returns rows a second.
func bareCodes(s *shoptest.Stand, n int) (float64, error) {
	const table = mysqltest.Prefix + "tillside_coupon_codes"
	db, err := openFloor(s)
	if err != nil {
		return 0, err
	}
	defer db.Close() //nolint:errcheck // nothing is under way
	if _, err := db.Exec("CREATE TABLE " + table + "_floor LIKE " + table); err != nil {
		return 0, err
	}
	statements, err := codeStatements(db, table, n)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			return 0, err
		}
	}
	took := time.Since(began)
	var made int
	if err := db.QueryRow("SELECT COUNT(*) FROM " + table + "_floor").Scan(&made); err != nil || made != n {
		return 0, fmt.Errorf("the floor made %d codes instead of %d: %w", made, n, err)
	}
	return float64(n) / took.Seconds(), nil
}

// codeStatements returns the statements that write the codes of a table again.
func codeStatements(db *sql.DB, table string, n int) ([]string, error) {
	rows, err := db.Query("SELECT coupon_id, campaign_id, code, bits, max_uses, created_at FROM "+table+" ORDER BY id LIMIT ?", n)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var (
		statements []string
		values     []string
	)
	flush := func() {
		statements = append(statements, "INSERT INTO "+table+"_floor (coupon_id, campaign_id, code, code_key, bits, max_uses, status, created_at) VALUES "+
			strings.Join(values, ", "))
		values = values[:0]
	}
	for rows.Next() {
		var coupon, campaign, bits, uses int64
		var code string
		var at time.Time
		if err := rows.Scan(&coupon, &campaign, &code, &bits, &uses, &at); err != nil {
			return nil, err
		}
		values = append(values, fmt.Sprintf("(%d, %d, '%s', '%s', %d, %d, 'active', '%s')", coupon, campaign, code, strings.ReplaceAll(code, "-", ""),
			bits, uses, at.Format("2006-01-02 15:04:05.000000")))
		if len(values) == floorBatch {
			flush()
		}
	}
	if len(values) > 0 {
		flush()
	}
	return statements, rows.Err()
}
