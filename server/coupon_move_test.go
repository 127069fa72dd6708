package server_test

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/server/shoptest"
)

// The tables of both plugins as they are on a real site.
var (
	//go:embed testdata/woocommerce-11.0.1.sql
	wooTables string
	//go:embed testdata/easy-digital-downloads-3.6.5.sql
	eddTables string
)

const postsTable = "CREATE TABLE {p}posts (ID BIGINT UNSIGNED PRIMARY KEY, post_title TEXT, post_excerpt TEXT, post_status VARCHAR(20), post_date DATETIME, post_type VARCHAR(20), post_name VARCHAR(200))"

// load runs the statements of a dump.
func load(s *shoptest.Stand, dump string) {
	for statement := range strings.SplitSeq(strings.ReplaceAll(dump, "{p}", mysqltest.Prefix), ";\n") {
		if strings.TrimSpace(statement) != "" {
			s.Exec(statement)
		}
	}
}

// checksum tells whether tables were written.
func checksum(t *testing.T, s *shoptest.Stand, tables ...string) string {
	t.Helper()
	sum := sha256.New()
	for _, table := range tables {
		var name, value string
		if err := s.SQL.QueryRow("CHECKSUM TABLE "+mysqltest.Prefix+table).Scan(&name, &value); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(sum, table, value)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// results lists what became of each coupon: "code result slug".
func results(r *server.CouponMoveReport) map[string]string {
	all := map[string]string{}
	for _, m := range r.Coupons {
		all[m.Code] = strings.TrimSpace(m.Result + " " + m.Coupon)
	}
	return all
}

func move(t *testing.T, p *shoptest.Process, m server.CouponMove) *server.CouponMoveReport {
	t.Helper()
	report, err := p.Shop.MoveCoupons(t.Context(), m, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestMoveCoupons_FromWooCommerce(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	if _, err := p.Shop.MoveCoupons(t.Context(), server.CouponMove{From: "woocommerce"}, func(int) {}); err == nil {
		t.Error("coupons were found where there are none")
	}
	load(s, wooTables)
	s.Exec("INSERT INTO " + mysqltest.Prefix + "options (option_name, option_value) VALUES ('woocommerce_currency', 'EUR')")
	before := checksum(t, s, "posts", "postmeta", "options")

	dry := move(t, p, server.CouponMove{From: "woocommerce", DryRun: true})
	if n := s.Count("SELECT COUNT(*) FROM {coupons}"); n != 0 {
		t.Fatalf("a dry run made %d coupons", n)
	}
	real := move(t, p, server.CouponMove{From: "woocommerce"})
	if diff := cmp.Diff(results(dry), results(real)); diff != "" {
		t.Errorf("a dry run says something else (-dry +real):\n%s", diff)
	}
	got := results(real)
	for code, want := range map[string]string{
		"pct10": "imported woocommerce-12", "once1": "imported woocommerce-13", "summer-20": "imported woocommerce-27",
		"flat10":   "imported woocommerce-28",
		"item5":    "disabled woocommerce-29", // off each piece, of a product that is not here
		"vip-only": "imported woocommerce-30", "ship free": "skipped", "expired": "imported woocommerce-32",
		"größe-10": "disabled woocommerce-33", // leaves out a product that is not here
		"used-up":  "disabled woocommerce-34", "draft-code": "disabled woocommerce-35",
	} {
		if got[code] != want {
			t.Errorf("%s: %s, want %s", code, got[code], want)
		}
	}
	again := move(t, p, server.CouponMove{From: "woocommerce"})
	if again.Imported+again.Disabled != 0 || again.There != real.Imported+real.Disabled {
		t.Errorf("the second run: %+v", again)
	}
	if checksum(t, s, "posts", "postmeta", "options") != before {
		t.Error("the other plugin's tables were written")
	}

	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantCode(t, b.UseCode("Summer-20"), http.StatusOK, "summer-20")
	if b.Total != 3920 {
		t.Errorf("total %d, want 3920", b.Total)
	}
	b.DropCode("summer-20")
	for _, refused := range []string{"expired", "used-up", "größe-10", "flat10"} { // flat10 wants 50.00
		wantCode(t, b.UseCode(refused), http.StatusBadRequest, "cannot be used")
	}
	vip := s.NewBuyer(p, "course")
	vip.Start("somebody@example.com") // *@example.com
	wantCode(t, vip.UseCode("VIP-ONLY"), http.StatusOK, "vip-only")
}

func TestMoveCoupons_MapsProducts(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	load(s, wooTables)
	report := move(t, p, server.CouponMove{From: "woocommerce", Map: map[string]string{"11": "course"}, Lossy: "skip"})
	got := results(report)
	if got["größe-10"] != "imported woocommerce-33" || got["item5"] != "skipped" {
		t.Errorf("%v", got)
	}
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantCode(t, b.UseCode("größe 10"), http.StatusBadRequest, "cannot be used") // all but the course
	for _, bad := range []server.CouponMove{
		{From: "shopify"}, {From: "woocommerce", Map: map[string]string{"x": "course"}}, {From: "woocommerce", Map: map[string]string{"11": "nosuch"}},
		{From: "woocommerce", Lossy: "yes"},
	} {
		if _, err := p.Shop.MoveCoupons(t.Context(), bad, func(int) {}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v, want it refused", bad, err)
		}
	}
}

func TestMoveCoupons_FromEasyDigitalDownloads(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	load(s, postsTable)
	if _, err := p.Shop.MoveCoupons(t.Context(), server.CouponMove{From: "edd"}, func(int) {}); !errs.Is(err, errs.NotFound) {
		t.Errorf("%v, want that there is nothing", err)
	}
	load(s, strings.Split(eddTables, "INSERT INTO `{p}posts`")[0])
	settings := `a:2:{s:8:"currency";s:3:"EUR";s:24:"allow_multiple_discounts";s:1:"1";}`
	s.Exec("INSERT INTO "+mysqltest.Prefix+"options (option_name, option_value) VALUES ('edd_settings', ?)", settings)
	before := checksum(t, s, "edd_adjustments", "edd_adjustmentmeta")
	report := move(t, p, server.CouponMove{From: "edd", Map: map[string]string{"11": "course"}})
	got := results(report)
	for code, want := range map[string]string{
		"PCT10": "imported edd-1", "ONCE1": "imported edd-2", "Summer-20": "imported edd-12", "FLAT10": "imported edd-13",
		"only-ebook": "imported edd-14", "allbut": "imported edd-15", "later": "imported edd-16", "old": "imported edd-17",
		"größe-10": "imported edd-18", "used-up": "disabled edd-19",
	} {
		if got[code] != want {
			t.Errorf("%s: %s, want %s", code, got[code], want)
		}
	}
	if checksum(t, s, "edd_adjustments", "edd_adjustmentmeta") != before {
		t.Error("the other plugin's tables were written")
	}
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantCode(t, b.UseCode("ONLY-EBOOK"), http.StatusOK, "only-ebook")
	if b.Total != 3430 {
		t.Errorf("total %d, want 3430", b.Total)
	}
	for _, refused := range []string{"later", "old", "allbut", "used-up"} {
		wantCode(t, b.UseCode(refused), http.StatusBadRequest, "cannot be used")
	}
}

func TestMoveCoupons_HostileRowsAreReportedAndTheOthersMade(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	load(s, wooTables)
	s.Exec("DELETE FROM " + mysqltest.Prefix + "posts")
	coupons := []struct {
		code, kind, amount string
		meta               map[string]string
		want               string
	}{
		{"good", "percent", "20", nil, "imported"},
		{"GO-OD", "percent", "90", nil, "skipped"}, // the same code here
		{"minus", "fixed_cart", "-10", nil, "skipped"},
		{"huge", "fixed_cart", "1000000000000000000000", nil, "skipped"},
		{"over", "percent", "150", nil, "skipped"},
		{"zero", "percent", "0", nil, "skipped"},
		{"words", "percent", "twenty", nil, "skipped"},
		{"exponent", "fixed_cart", "1e3", nil, "skipped"},
		{"cents", "fixed_cart", "1.005", nil, "skipped"},
		{"strange", "recurring_percent", "10", nil, "skipped"},
		{"x", "percent", "10", nil, "skipped"},
		{"", "percent", "10", nil, "skipped"},
		{"😀😀😀", "percent", "10", nil, "imported"},
		{"mails", "percent", "10", map[string]string{"customer_email": `a:1:{i:0;s:99:"cut`}, "disabled"},
		{"object", "percent", "10", map[string]string{"customer_email": `a:1:{i:0;O:8:"stdClass":0:{}}`}, "disabled"},
		{"nomail", "percent", "10", map[string]string{"customer_email": `a:1:{i:0;s:5:"maria";}`}, "disabled"},
		{"edu", "percent", "10", map[string]string{"customer_email": `a:1:{i:0;s:5:"*.edu";}`}, "imported"},
		{"never", "percent", "10", map[string]string{"date_expires": "soon"}, "disabled"},
		{"aeon", "percent", "10", map[string]string{"date_expires": "99999999999999999"}, "disabled"},
		{"dated", "percent", "10", map[string]string{"expiry_date": "2031-02-30"}, "disabled"},
		{"limit", "percent", "10", map[string]string{"usage_limit": "-3"}, "disabled"},
		{"category", "percent", "10", map[string]string{"product_categories": `a:1:{i:0;i:15;}`}, "disabled"},
		{"pieces", "percent", "10", map[string]string{"limit_usage_to_x_items": "2"}, "disabled"},
		{"least", "percent", "10", map[string]string{"minimum_amount": "a lot"}, "disabled"},
	}
	id := 1000
	for _, c := range coupons {
		id++
		s.Exec("INSERT INTO "+mysqltest.Prefix+`posts (ID, post_title, post_excerpt, post_status, post_type, post_content, to_ping, pinged, post_content_filtered)
			VALUES (?, ?, '', 'publish', 'shop_coupon', '', '', '', '')`, id, c.code)
		meta := map[string]string{"discount_type": c.kind, "coupon_amount": c.amount}
		for name, value := range c.meta {
			meta[name] = value
		}
		for name, value := range meta {
			s.Exec("INSERT INTO "+mysqltest.Prefix+"postmeta (post_id, meta_key, meta_value) VALUES (?, ?, ?)", id, name, value)
		}
	}
	report := move(t, p, server.CouponMove{From: "woocommerce"})
	for i, c := range coupons {
		m := report.Coupons[i]
		if m.Result != c.want || m.Result != "imported" && len(m.Why) == 0 {
			t.Errorf("%q: %s (%v), want %s", c.code, m.Result, m.Why, c.want)
		}
	}
	if report.Found != len(coupons) || report.Imported != 3 {
		t.Errorf("%+v", report)
	}
}
