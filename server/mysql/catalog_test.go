package mysql_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/server/mysql/mysqltest"
)

const catalogFile = `
timezone: Europe/Berlin
products:
  - slug: course
    name: "Malkurs 🎨 für José"
    description: |
      Two lines
      of text.
    start_page: /start/
    roles: [subscriber, reader]
    access_tags: ["Kurs, Teil 1"]
    revoke_tags: [payf]
    prices:
      - slug: course
        amount: 49.00 EUR
  - slug: book
    name: Book
    prices:
      - slug: book
        amount: 20.00 EUR
offers:
  - slug: both
    name: Both
    items:
      - price: course
        amount: 40.00 EUR
      - price: book
        quantity: 2
        max_quantity: 5
    opens_at: 2026-01-01 00:00
    closes_at: 2026-12-31 23:59
    closed_offer: later
    thank_you: {url: "/thanks/?a=1", append_order_info: true}
    help: Write to us.
    form: {headline: Buy, terms: I agree., terms_url: /terms/, countries: [DE, AT], country: AT}
  - slug: later
    name: Later
    status: draft
`

func openCatalog(t *testing.T, file string) (*mysql.DB, *catalog.Service) {
	t.Helper()
	db := mysqltest.Open(t)
	svc := catalog.NewService(mysql.NewCatalogStore(db), time.Now)
	importCatalog(t, svc, file)
	return db, svc
}

func importCatalog(t *testing.T, svc *catalog.Service, file string) catalog.Report {
	t.Helper()
	report, err := svc.ImportFile(t.Context(), strings.NewReader(file), "catalog.yaml", catalog.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestCatalogStore_KeepsEveryField(t *testing.T) {
	_, svc := openCatalog(t, catalogFile)
	if report := importCatalog(t, svc, catalogFile); report.Changed() {
		t.Errorf("second import = %+v, want no change", report)
	}
	o, err := svc.Offer(t.Context(), "both")
	if err != nil {
		t.Fatal(err)
	}
	byID, err := svc.OfferByID(t.Context(), o.ID)
	if err != nil || byID != o {
		t.Errorf("OfferByID = %p, %v; want the copy that Offer kept, %p", byID, err, o)
	}
	if got := o.Items[0].Product; got.Name != "Malkurs 🎨 für José" || got.AccessTags[0] != "Kurs, Teil 1" || len(got.Roles) != 2 {
		t.Errorf("product = %+v", got)
	}
	quote, err := catalog.NewQuote(o, nil)
	if err != nil || quote.Total.Minor != 8000 || quote.Lines[1].PriceID == 0 || quote.Lines[1].ProductID == 0 {
		t.Errorf("quote = %+v, %v; want 80.00", quote, err)
	}
	if o.ClosesAt == nil || !o.ClosesAt.Equal(time.Date(2026, 12, 31, 22, 59, 0, 0, time.UTC)) {
		t.Errorf("closes at %v, want 23:59 in Berlin", o.ClosesAt)
	}
	var exported bytes.Buffer
	if err := svc.Export(t.Context(), &exported); err != nil {
		t.Fatal(err)
	}
	if report := importCatalog(t, svc, exported.String()); report.Changed() {
		t.Errorf("import of the export = %+v, want no change", report)
	}
}

func TestCatalogStore_RevisionGrowsWithWhatAnOfferShows(t *testing.T) {
	db, svc := openCatalog(t, catalogFile)
	// Another process, with copies of its own.
	other := catalog.NewService(mysql.NewCatalogStore(db), time.Now)
	if _, err := other.Offer(t.Context(), "both"); err != nil {
		t.Fatal(err)
	}
	importCatalog(t, svc, strings.Replace(catalogFile, "20.00", "25.00", 1))
	o, err := other.Offer(t.Context(), "both")
	if err != nil || o.Revision != 2 || o.Items[1].Price.UnitAmount.Minor != 2500 {
		t.Errorf("offer = %+v, %v; want revision 2 with the new price", o, err)
	}
	later, err := other.Offer(t.Context(), "later")
	if err != nil || later.Revision != 1 || len(later.Items) != 0 {
		t.Errorf("offer = %+v, %v; want revision 1 without items", later, err)
	}
}

func TestCatalogStore_SlugsCompareBytewise(t *testing.T) {
	_, svc := openCatalog(t, catalogFile)
	for _, slug := range []string{"Both", "both ", "bóth", "", "both\x00", "🎨"} {
		if _, err := svc.Offer(t.Context(), slug); !errs.Is(err, errs.NotFound) {
			t.Errorf("Offer(%q) error = %v, want not found", slug, err)
		}
	}
}

func TestCatalogStore_ImportsAtOnceMakeOneCatalogue(t *testing.T) {
	db := mysqltest.Open(t)
	const processes = 4
	failures := make([]error, processes)
	var wg sync.WaitGroup
	for i := range processes {
		svc := catalog.NewService(mysql.NewCatalogStore(db), time.Now)
		wg.Go(func() {
			_, failures[i] = svc.ImportFile(t.Context(), strings.NewReader(catalogFile), "catalog.yaml", catalog.ImportOptions{})
		})
	}
	wg.Wait()
	for _, err := range failures {
		if err != nil {
			t.Errorf("import: %v", err)
		}
	}
	if n, err := db.Int(t.Context(), `SELECT COUNT(*) FROM {jobs} WHERE kind = ?`, catalog.JobPurge); n != 1 || err != nil {
		t.Errorf("%d jobs to purge, %v; want 1: the other imports change nothing", n, err)
	}
	for table, want := range map[string]int64{"products": 2, "prices": 2, "offers": 2, "offer_items": 2} {
		if n, err := db.Int(t.Context(), `SELECT COUNT(*) FROM {`+table+`}`); n != want || err != nil {
			t.Errorf("%d %s, %v; want %d", n, table, err, want)
		}
	}
}

func TestCatalogStore_ArchivesAndDuplicates(t *testing.T) {
	_, svc := openCatalog(t, catalogFile)
	if err := svc.Archive(t.Context(), "both"); err != nil {
		t.Fatal(err)
	}
	copied, err := svc.Duplicate(t.Context(), "both", "both-2027", "Both in 2027")
	if err != nil {
		t.Fatal(err)
	}
	stored, err := svc.OfferByID(t.Context(), copied.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(copied, stored); diff != "" {
		t.Errorf("duplicate (-returned +stored):\n%s", diff)
	}
	archived, err := svc.Offer(t.Context(), "both")
	if err != nil || archived.Status != catalog.StatusArchived || archived.Revision != 2 {
		t.Errorf("offer = %+v, %v; want it archived in revision 2", archived, err)
	}
	if _, err := svc.Duplicate(t.Context(), "both", "later", ""); !errs.Is(err, errs.Conflict) {
		t.Errorf("error = %v, want a conflict", err)
	}
}

func BenchmarkService_Offer(b *testing.B) {
	db := mysqltest.Open(b)
	svc := catalog.NewService(mysql.NewCatalogStore(db), time.Now)
	if _, err := svc.ImportFile(b.Context(), strings.NewReader(catalogFile), "catalog.yaml", catalog.ImportOptions{}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		o, err := svc.Offer(b.Context(), "both")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := catalog.NewQuote(o, nil); err != nil {
			b.Fatal(err)
		}
	}
}
