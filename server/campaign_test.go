package server_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/shoptest"
)

func quiet(int) {}

// campaignOf makes a campaign of some codes.
func campaignOf(t *testing.T, p *shoptest.Process, slug string, count int) {
	t.Helper()
	if _, err := p.Shop.StartCampaign(t.Context(), server.CampaignRequest{Coupon: "letter", Campaign: slug, Count: count, Prefix: "SPRING"}, false); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Shop.GenerateCampaign(t.Context(), slug, quiet); err != nil {
		t.Fatal(err)
	}
}

func export(t *testing.T, p *shoptest.Process, what string) [][]string {
	t.Helper()
	var out bytes.Buffer
	if err := p.Shop.ExportCodes(t.Context(), what, &out, quiet); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func TestCampaign_EachCodeWorksOnceAndTheReportSaysSo(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	makeCoupon(t, p, "letter", percentOff(2000))
	campaignOf(t, p, "may", 5000)
	rows := export(t, p, "may")
	if len(rows) != 5000 {
		t.Fatalf("%d codes were exported, want 5000", len(rows))
	}
	code := rows[17][0]
	for i, want := range []int{http.StatusOK, http.StatusBadRequest} {
		b := s.NewBuyer(p, "course")
		b.Start(fmt.Sprintf("buyer%d@example.com", i))
		wantCode(t, b.UseCode(code), want, "")
		wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	}
	r, err := p.Shop.Campaign(t.Context(), "may")
	if err != nil {
		t.Fatal(err)
	}
	if r.Made != 5000 || r.Sent != 5000 || r.Redeemed != 1 || strings.Join(r.Revenue, "") != "39.20 EUR" || strings.Join(r.Discount, "") != "9.80 EUR" {
		t.Errorf("report: %+v", r)
	}
	if _, err := p.Shop.RevokeCampaign(t.Context(), "may"); err != nil {
		t.Fatal(err)
	}
	b := s.NewBuyer(p, "course")
	b.Start("late@example.com")
	wantCode(t, b.UseCode(rows[18][0]), http.StatusBadRequest, "cannot be used")
}

func TestCampaign_GoesOnWhereItWasInterrupted(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	makeCoupon(t, p, "letter", percentOff(2000))
	if _, err := p.Shop.StartCampaign(t.Context(), server.CampaignRequest{Coupon: "letter", Campaign: "may", Count: 20000}, false); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := p.Shop.GenerateCampaign(ctx, "may", func(made int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	if n := s.Count("SELECT COUNT(*) FROM {coupon_codes}"); n == 0 || n >= 20000 {
		t.Fatalf("%d codes after the interruption", n)
	}
	r, err := p.Shop.GenerateCampaign(t.Context(), "may", quiet)
	if err != nil || r.Made != 20000 || r.Status != "active" {
		t.Errorf("%+v, %v, want 20000 codes", r, err)
	}
	if again, err := p.Shop.GenerateCampaign(t.Context(), "may", quiet); err != nil || again.Made != 20000 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestCampaign_FillsUpWhereTextsAreTaken(t *testing.T) {
	t.Parallel()
	_, p := open(t)
	makeCoupon(t, p, "letter", percentOff(2000))
	r := server.CampaignRequest{Coupon: "letter", Campaign: "short", Count: 30000, Length: 4} // of 26^4 texts
	if _, err := p.Shop.StartCampaign(t.Context(), r, false); err != nil {
		t.Fatal(err)
	}
	made, err := p.Shop.GenerateCampaign(t.Context(), "short", quiet)
	if err != nil || made.Made != 30000 {
		t.Errorf("%+v, %v", made, err)
	}
	r.Campaign, r.Count = "too-many", 100000
	if _, err := p.Shop.StartCampaign(t.Context(), r, false); !errs.Is(err, errs.Invalid) {
		t.Errorf("100000 of 456976 texts: %v, want a fault of the length", err)
	}
}

func TestCodesImport_ReportsLinesAndTakesTheRest(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	makeCoupon(t, p, "letter", percentOff(2000))
	makeCoupon(t, p, "other", percentOff(1000), "TAKEN-1")
	file := "\ufeffcode,max_uses,expires_at,email\r\n" +
		"GOOD-1,2,2030-12-31,\r\n" +
		"taken 1,,,\r\n" + // 3: exists
		"good1,,,\r\n" + // 4: twice
		"\"BAD,,,\r\n" + // 5: quotes
		"X\xff\xfe,,,\r\n" + // 6: not UTF-8
		"GOOD-2,many,,\r\n" + // 7: no number
		"'=HYPERLINK(1),,,\r\n" + // 8: was defused by an export
		"\r\n" +
		"GOOD-3,,,Erika@example.com\r\n" +
		"GOOD-4,,,nobody\r\n" + // 11: no address
		"GOOD-5,1,tomorrow,\r\n" + // 12: no date
		strings.Repeat("x", 9000) + "\r\n" + // 13: too long
		"GOOD-6,,,,extra\r\n" // 14: too many cells
	for _, dryRun := range []bool{true, false} {
		report, err := p.Shop.ImportCodes(t.Context(), "letter", strings.NewReader(file), dryRun, quiet)
		if err != nil {
			t.Fatal(err)
		}
		var lines []int
		for _, problem := range report.Problems {
			lines = append(lines, problem.Line)
		}
		if got := fmt.Sprint(lines); got != "[4 5 6 7 11 12 13 14 3]" || report.Imported != 3 {
			t.Errorf("dry run %t: lines %s are left out and %d imported: %+v", dryRun, got, report.Imported, report.Problems)
		}
		want := 1
		if !dryRun {
			want = 4
		}
		if n := s.Count("SELECT COUNT(*) FROM {coupon_codes}"); n != want {
			t.Errorf("dry run %t: %d codes, want %d", dryRun, n, want)
		}
	}
	var found bool
	for _, row := range export(t, p, "letter") {
		if strings.HasPrefix(row[0], "=") {
			t.Errorf("an export has a formula: %q", row[0])
		}
		found = found || row[0] == "'=HYPERLINK(1)"
	}
	if !found {
		t.Error("the code that looks like a formula is not in the export")
	}
	if _, err := p.Shop.ImportCodes(t.Context(), "letter", strings.NewReader("\xff\xfec\x00"), false, quiet); !errs.Is(err, errs.Invalid) {
		t.Errorf("UTF-16: %v", err)
	}
}
