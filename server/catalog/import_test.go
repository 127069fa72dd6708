package catalog_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/catalog"
)

func importYAML(t *testing.T, svc *catalog.Service, yaml string, opts catalog.ImportOptions) (catalog.Report, error) {
	t.Helper()
	return svc.ImportFile(t.Context(), strings.NewReader(yaml), "catalog.yaml", opts)
}

func TestImportFile_SecondTimeChangesNothing(t *testing.T) {
	svc, store := imported(t, small)
	store.changed = nil
	report, err := importYAML(t, svc, small, catalog.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Changed() || len(store.changed) > 0 || len(report.Changes) != 6 {
		t.Errorf("report = %+v, purged %v; want 6 things unchanged", report, store.changed)
	}
}

func TestImportFile_RaisesTheRevisionOfEveryOfferThatShowsTheChange(t *testing.T) {
	tests := []struct {
		name, from, to string
		want           []string
	}{
		{name: "price of both", from: "49.00", to: "59.00", want: []string{"course", "both"}},
		{name: "product of one", from: "name: Book", to: "name: The book", want: []string{"both"}},
		{name: "offer", from: "Over.", to: "Gone.", want: []string{"both"}},
		{name: "special price", from: "40.00", to: "30.00", want: []string{"both"}},
		{name: "time zone", from: "Europe/Berlin", to: "Europe/London", want: []string{"course", "both"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			svc, store := imported(t, small)
			store.changed = nil
			if _, err := importYAML(t, svc, strings.Replace(small, tt.from, tt.to, 1), catalog.ImportOptions{}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, store.changed); diff != "" {
				t.Errorf("changed offers (-want +got):\n%s", diff)
			}
			for _, slug := range tt.want {
				o, err := svc.Offer(t.Context(), slug)
				if err != nil || o.Revision != 2 {
					t.Errorf("offer %s has revision %d, %v; want 2", slug, o.Revision, err)
				}
			}
		})
	}
}

func TestImportFile_DryRunChangesNothing(t *testing.T) {
	store := &memory{}
	svc := catalog.NewService(store, time.Now)
	report, err := importYAML(t, svc, small, catalog.ImportOptions{DryRun: true})
	if err != nil || !report.Changed() || !report.DryRun {
		t.Errorf("report = %+v, %v; want what would be created", report, err)
	}
	if all := len(store.all.Products) + len(store.all.Prices) + len(store.all.Offers); all != 0 {
		t.Errorf("a dry run stored %d things", all)
	}
}

func TestImportFile_LeavesAloneWhatItDoesNotName(t *testing.T) {
	svc, _ := imported(t, small)
	report, err := importYAML(t, svc, "products:\n  - slug: pen\n    name: Pen\n    prices: [{slug: pen, amount: 2 EUR}]\n", catalog.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []catalog.Change{
		{Kind: "product", Slug: "pen", Action: catalog.ActionCreated},
		{Kind: "price", Slug: "pen", Action: catalog.ActionCreated},
	}
	if diff := cmp.Diff(want, report.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	all, err := svc.Catalogue(t.Context())
	if err != nil || len(all.Products) != 3 || len(all.Offers) != 2 {
		t.Errorf("%d products, %d offers, %v; want 3 and 2", len(all.Products), len(all.Offers), err)
	}
}

func TestExport_RoundTrips(t *testing.T) {
	svc, _ := imported(t, small)
	var first, second bytes.Buffer
	if err := svc.Export(t.Context(), &first); err != nil {
		t.Fatal(err)
	}
	report, err := importYAML(t, svc, first.String(), catalog.ImportOptions{})
	if err != nil || report.Changed() {
		t.Fatalf("import of the export: %+v, %v; want no change\n%s", report, err, first.String())
	}
	other, _ := imported(t, first.String())
	if err := other.Export(t.Context(), &second); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.String(), second.String()); diff != "" {
		t.Errorf("export of the import of the export (-first +second):\n%s", diff)
	}
}

func TestImportFile_NamesEveryProblemWithItsLine(t *testing.T) {
	const broken = `product: []
products:
  - slug: Course
    name: ""
    start_page: start
    roles: [administrator]
    prices:
      - slug: once
        ammount: 49 EUR
      - slug: monthly
        kind: subscription
        amount: 49 EUR
      - {slug: euro, amount: 49 Euro}
      - {slug: cents, amount: 49.001 EUR}
      - {slug: dear, amount: 20 USD}
offers:
  - slug: sale
    name: Sale
    status: open
    timezone: Berlin
    items:
      - price: nothing
  - slug: mixed
    name: Mixed
    timezone: Europe/Berlin
    opens_at: 2026-03-29 02:30
    closes_at: 31.12.2026
    closed_offer: mixed
    items:
      - price: dear
        quantity: 0
      - price: monthly
    thank_you:
      append_order_info: yes
    form:
      countries: [UK]
`
	_, err := importYAML(t, catalog.NewService(&memory{}, time.Now), broken, catalog.ImportOptions{})
	problems, ok := errors.AsType[*catalog.ImportError](err)
	if !ok {
		t.Fatalf("error = %v, want an ImportError", err)
	}
	want := []string{
		`catalog.yaml:1: the file has no key "product"; did you mean "products"?`,
		`catalog.yaml:3: product Course: slug "Course" may only have lower-case letters, digits and single hyphens between them`,
		`catalog.yaml:4: product Course: name is empty`,
		`catalog.yaml:5: product Course: "start" is neither a path such as /start/ nor an https:// address`,
		`catalog.yaml:6: product Course: a purchase cannot make anyone administrator`,
		`catalog.yaml:8: price "once" has no amount`,
		`catalog.yaml:9: price has no key "ammount"; did you mean "amount"?`,
		`catalog.yaml:11: price monthly: subscription prices cannot be sold yet; only one_time`,
		`catalog.yaml:13: price: "Euro" is not a currency code; write it like EUR or USD`,
		`catalog.yaml:14: price: "49.001" is not an amount in EUR; write it like 49.00 EUR`,
		`catalog.yaml:19: offer sale: status of this offer must be one of [draft active archived], not "open"`,
		`catalog.yaml:20: offer sale: "Berlin" is not a time zone; write it like Europe/Berlin`,
		`catalog.yaml:21: offer sale: there is no price "nothing"`,
		`catalog.yaml:26: offer: the clocks of Europe/Berlin skip 2026-03-29 02:30`,
		`catalog.yaml:27: offer: write closes_at like 2026-12-31 23:59, not "31.12.2026"`,
		`catalog.yaml:28: offer mixed: closed offers lead in a circle: mixed → mixed`,
		`catalog.yaml:29: offer mixed: all amounts of an offer must be in one currency: monthly is in EUR, not USD`,
		`catalog.yaml:29: offer mixed: quantity of dear must be from 1 to 10000`,
		`catalog.yaml:34: thank_you: append_order_info must be true or false`,
		`catalog.yaml:36: offer mixed: "UK" is not a country's two-letter code, such as DE`,
	}
	var got []string
	for _, p := range problems.Problems {
		got = append(got, p.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestImportFile_Refuses(t *testing.T) {
	offer := func(price string) string {
		return "products: [{slug: a, name: A, prices: [{slug: a, amount: " + price + "}]}]\noffers: [{slug: a, name: A, items: [{price: a}]}]"
	}
	card := func(worth, price string) string {
		return "products: [{slug: a, name: A, gift_card: " + worth + ", prices: [{slug: a, amount: " + price + "}]}]\noffers: [{slug: a, name: A, items: [{price: a}]}]"
	}
	tests := []struct{ name, yaml, want string }{
		{"worthless gift card", card("{}", "0 EUR"), "catalog.yaml:2: offer a: a gift card that costs nothing would be worth nothing"},
		{"huge gift card", card("{}", "100000.01 EUR"), "catalog.yaml:2: offer a: a gift card may be worth at most 100000.00 EUR"},
		{"gift card of two currencies", card("{minimum: 5 USD, maximum: 9 USD}", "7 EUR"), "catalog.yaml:2: offer a: the price of the gift card a is in EUR, its bounds are in USD"},
		{"gift card out of bounds", card("{minimum: 5 EUR, maximum: 9 EUR}", "10 EUR"), "catalog.yaml:2: offer a: the price of the gift card a, which the form suggests, is not between its minimum and its maximum"},
		{"nothing", "", "catalog.yaml: the file is empty"},
		{"comment only", "# later\n", "catalog.yaml: the file is empty"},
		{"null", "null\n", "catalog.yaml:1: the file must be a mapping of timezone, products, offers"},
		{"no things", "timezone: UTC\n", "catalog.yaml: the file names no products and no offers"},
		{"list", "- a\n", "catalog.yaml:1: the file must be a mapping of timezone, products, offers"},
		{"no YAML", "products:\n\t- a\n", "catalog.yaml:2: this is no YAML: found character that cannot start any token"},
		{"two documents", offer("1 EUR") + "\n---\na: b\n", "catalog.yaml: the file must hold one YAML document only"},
		{"too cheap to charge", offer("0.20 EUR"), "catalog.yaml:2: offer a: the total of 0.20 EUR is below 0.50 EUR, the least that can be charged"},
		{"negative", offer("-5 EUR"), `catalog.yaml:1: price: "-5" is not an amount in EUR; write it like 49.00 EUR`},
		{"out of range", offer("92233720368547758.08 EUR"), `catalog.yaml:1: price: "92233720368547758.08" is not an amount in EUR: amount out of range; write it like 49.00 EUR`},
		{"twice", offer("1 EUR") + "\ntimezone: UTC\ntimezone: UTC\n", `catalog.yaml:4: the file: "timezone" is there twice`},
		{"same slug", "products: [{slug: a, name: A},\n {slug: a, name: B}]", `catalog.yaml:2: product "a" is there twice, first in line 1`},
		{"alias of itself", "products: &a [*a]", `catalog.yaml:1: product must be a mapping of slug, name, description, start_page, roles, access_tags, revoke_tags, tax_class, status, gift_card, prices, automations`},
		{"foreign start page", "products: [{slug: a, name: A, start_page: 'https://evil.example/'}]", "catalog.yaml:1: product a: the start page must be on https://shop.example, where the buyer is logged in"},
		{"start page of no scheme", "products: [{slug: a, name: A, start_page: //evil.example/}]", `catalog.yaml:1: product a: "//evil.example/" is neither a path such as /start/ nor an https:// address`},
		{"script", "offers: [{slug: a, name: A, status: draft, thank_you: {url: 'javascript:alert(1)'}}]", `catalog.yaml:1: offer a: "javascript:alert(1)" is neither a path such as /start/ nor an https:// address`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			store := &memory{}
			_, err := importYAML(t, catalog.NewService(store, time.Now), tt.yaml, catalog.ImportOptions{Home: "https://shop.example"})
			problems, ok := errors.AsType[*catalog.ImportError](err)
			if !ok || len(store.all.Products)+len(store.all.Offers) > 0 {
				t.Fatalf("error = %v, stored %+v; want an ImportError and nothing", err, store.all)
			}
			if diff := cmp.Diff(tt.want, problems.Error()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestImportFile_RefusesToArchiveWhatAnActiveOfferSells(t *testing.T) {
	svc, _ := imported(t, small)
	_, err := importYAML(t, svc, "products: [{slug: book, name: Book, status: archived}]", catalog.ImportOptions{})
	if err == nil || !strings.Contains(err.Error(), "offer both: the offer is active, but sells book of product book, which is archived") {
		t.Errorf("error = %v, want one that names the offer", err)
	}
}

func TestImportFile_RefusesAPriceOfAnotherProduct(t *testing.T) {
	svc, _ := imported(t, small)
	_, err := importYAML(t, svc, "products: [{slug: pen, name: Pen, prices: [{slug: book, amount: 2 EUR}]}]", catalog.ImportOptions{})
	if err == nil || !strings.Contains(err.Error(), "another product has a price with this slug") {
		t.Errorf("error = %v, want a refusal", err)
	}
}

func FuzzImportFile(f *testing.F) {
	f.Add(small)
	f.Add("products: &a [*a]")
	f.Add("offers: [{items: [{price: {}}], form: [], thank_you: 3}]")
	f.Fuzz(func(t *testing.T, yaml string) {
		svc := catalog.NewService(&memory{}, time.Now)
		_, err := importYAML(t, svc, yaml, catalog.ImportOptions{})
		if err != nil {
			return
		}
		report, err := importYAML(t, svc, yaml, catalog.ImportOptions{})
		if err != nil || report.Changed() {
			t.Errorf("second import: %+v, %v; want no change", report, err)
		}
		var out bytes.Buffer
		if err := svc.Export(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		if report, err := importYAML(t, svc, out.String(), catalog.ImportOptions{}); err != nil || report.Changed() {
			t.Errorf("import of the export: %+v, %v; want no change\n%s", report, err, out.String())
		}
	})
}

func TestImportFile_TakesTheDemosCatalogue(t *testing.T) {
	file, err := os.ReadFile("../../dev/catalog.yaml")
	if err != nil {
		t.Fatal(err)
	}
	svc, _ := imported(t, string(file))
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for slug, want := range map[string]struct {
		total int64
		state catalog.State
	}{
		"demo-course": {4900, catalog.StateOpen}, "demo-bundle": {5850, catalog.StateOpen}, "demo-free": {0, catalog.StateOpen},
		"demo-thank-you": {4900, catalog.StateOpen}, "demo-closed": {3900, catalog.StateClosed},
	} {
		o, err := svc.Offer(t.Context(), slug)
		if err != nil {
			t.Fatal(err)
		}
		quote, err := catalog.NewQuote(o, nil)
		if err != nil || quote.Total.Minor != want.total || o.State(now) != want.state {
			t.Errorf("%s costs %d (%v) and is %s, want %d and %s", slug, quote.Total.Minor, err, o.State(now), want.total, want.state)
		}
	}
}
