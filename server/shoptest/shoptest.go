// Package shoptest sets up a whole shop for tests and benchmarks: a database
// with WordPress's tables, the sandbox's Stripe, a stand-in for the plugin's
// routes, and any number of Tillside processes on it.
package shoptest

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/tillside/tillside/cmd/sandbox/stripe"
	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/config"
	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/wpbridge"
)

//go:embed wordpress.sql
var wordpressTables string

// Stand is one site: its database, its payment provider and its WordPress.
type Stand struct {
	DSN    string
	Keys   wpbridge.Keys
	Stripe *stripe.Server
	Plugin *Plugin
	SQL    *sql.DB // for fixtures and for looking

	tb        testing.TB
	stripeURL string
}

// New returns a site with the catalogue below and no process yet.
func New(tb testing.TB) *Stand {
	tb.Helper()
	s := &Stand{DSN: mysqltest.DSN(tb), Keys: wpbridge.GenerateKeys(time.Now()), tb: tb}
	var err error
	if s.SQL, err = sql.Open("mysql", s.DSN); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.SQL.Close() })
	s.Stripe = stripe.New(stripe.Options{Log: slog.New(slog.DiscardHandler)})
	front := httptest.NewServer(s.Stripe)
	tb.Cleanup(func() { front.Close(); s.Stripe.Close() })
	s.stripeURL = front.URL
	s.Plugin = newPlugin(tb, s)
	s.install()
	return s
}

// install makes WordPress's tables and the options that matter.
func (s *Stand) install() {
	s.tb.Helper()
	for _, statement := range strings.Split(strings.ReplaceAll(wordpressTables, "{p}", mysqltest.Prefix), "\n;") {
		if strings.TrimSpace(statement) != "" {
			s.Exec(statement)
		}
	}
	for name, value := range map[string]string{
		"home": s.Plugin.URL, "siteurl": s.Plugin.URL, "blogname": "Test &amp; Shop", "permalink_structure": "/%postname%/", "admin_email": "owner@example.com",
		"tillside_keys": s.Keys.JSON(), "default_role": "subscriber", "timezone_string": "Europe/Berlin",
		mysqltest.Prefix + "user_roles": `a:2:{s:13:"administrator";a:2:{s:4:"name";s:13:"Administrator";s:12:"capabilities";a:1:{s:14:"manage_options";b:1;}}s:10:"subscriber";a:2:{s:4:"name";s:10:"Subscriber";s:12:"capabilities";a:1:{s:4:"read";b:1;}}}`,
	} {
		s.Exec("INSERT INTO "+mysqltest.Prefix+"options (option_name, option_value) VALUES (?, ?)", name, value)
	}
}

// Exec runs raw SQL, again when the server asks for it: processes of the test may
// be at work on the same rows.
func (s *Stand) Exec(query string, args ...any) {
	s.tb.Helper()
	for try := 0; ; try++ {
		_, err := s.SQL.Exec(query, args...)
		if err == nil {
			return
		}
		if e, ok := errors.AsType[*driver.MySQLError](err); !ok || e.Number != 1213 && e.Number != 1205 || try == 20 {
			s.tb.Fatalf("%s: %v", query, err)
		}
		time.Sleep(time.Duration(try+1) * 10 * time.Millisecond)
	}
}

// Count reads one number; {orders} stands for our own table.
func (s *Stand) Count(query string, args ...any) int {
	s.tb.Helper()
	query = strings.NewReplacer("{wp:", mysqltest.Prefix, "{", mysqltest.Prefix+"tillside_", "}", "").Replace(query)
	var n int
	if err := s.SQL.QueryRow(query, args...).Scan(&n); err != nil {
		s.tb.Fatalf("%s: %v", query, err)
	}
	return n
}

// Config returns the settings of a process on this site.
func (s *Stand) Config() *config.Config {
	return &config.Config{
		DSN: s.DSN, TablePrefix: mysqltest.Prefix, URL: "http://127.0.0.1:1", PublicPath: "/tillside", Pool: 10,
		StripeSecretKey: "sk_test_sandbox", StripePublishableKey: "pk_test_sandbox", StripeURL: s.stripeURL,
		StripeJSURL: s.stripeURL + "/v3/",
	}
}

// Environment returns the same settings for a process of its own.
func (s *Stand) Environment(listen, private string) []string {
	c := s.Config()
	return []string{
		"TILLSIDE_DSN=" + c.DSN, "TILLSIDE_TABLE_PREFIX=" + c.TablePrefix, "TILLSIDE_LISTEN=" + listen,
		"TILLSIDE_PRIVATE_LISTEN=" + private, "TILLSIDE_STRIPE_SECRET_KEY=" + c.StripeSecretKey,
		"TILLSIDE_STRIPE_PUBLISHABLE_KEY=" + c.StripePublishableKey, "TILLSIDE_STRIPE_URL=" + c.StripeURL,
	}
}

// Process is a Tillside process inside the test's own.
type Process struct {
	Shop *server.Shop
	URL  string
	stop func()
}

// Stop ends a process before its test does.
func (p *Process) Stop() { p.stop() }

// Options changes how a process is started.
type Options struct {
	Now  func() time.Time
	Idle bool // no worker, no greeting
	Log  io.Writer
	// Change is given the settings before they are used.
	Change func(*config.Config)
}

// Start starts a process, which ends with the test.
func (s *Stand) Start(o Options) *Process {
	s.tb.Helper()
	log := slog.New(slog.DiscardHandler)
	if o.Log != nil {
		log = slog.New(slog.NewTextHandler(o.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	ctx, cancel := context.WithCancel(context.Background())
	settings := s.Config()
	if o.Change != nil {
		o.Change(settings)
	}
	shop, err := server.Open(ctx, server.Options{Config: settings, Log: log, Now: o.Now})
	if err != nil {
		cancel()
		s.tb.Fatal(err)
	}
	front := httptest.NewServer(shop.Handler())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if !o.Idle {
			shop.Work(ctx)
		}
	}()
	stop := sync.OnceFunc(func() {
		front.Close()
		cancel()
		<-ended
		if err := shop.Close(context.Background()); err != nil {
			s.tb.Error(err)
		}
	})
	s.tb.Cleanup(stop)
	return &Process{Shop: shop, URL: front.URL, stop: stop}
}

// Catalogue is what Import sells.
const Catalogue = `
products:
  - slug: course
    name: Course
    start_page: /start/
    roles: [subscriber]
    prices:
      - slug: course
        amount: 49.00 EUR
  - slug: gift
    name: Gift
    roles: [subscriber]
    prices:
      - slug: gift
        amount: 0.00 EUR
offers:
  - slug: course
    name: The course
    items:
      - price: course
  - slug: free
    name: For nothing
    items:
      - price: gift
  - slug: closed
    name: Over
    closes_at: 2025-01-01 00:00
    items:
      - price: course
  - slug: elsewhere
    name: With a thank-you page
    items:
      - price: course
    thank_you:
      url: /thanks/?mine=1#here
      append_order_info: true
`

// Import reads a catalogue into the site.
func (p *Process) Import(tb testing.TB, catalogue string) {
	tb.Helper()
	if _, err := p.Shop.Import(context.Background(), strings.NewReader(catalogue), "catalog.yaml", false); err != nil {
		tb.Fatal(err)
	}
}

// WaitFor asks again and again until cond holds, at most ten seconds.
func WaitFor(tb testing.TB, what string, cond func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if cond() {
			return
		}
	}
	tb.Fatalf("waited in vain: %s", what)
}

// Age moves everything that was written so far into the past, as if nothing had
// happened for that long.
func (s *Stand) Age(d time.Duration) {
	s.tb.Helper()
	for table, columns := range map[string][]string{
		"checkouts": {"created_at", "updated_at"}, "attempts": {"created_at", "updated_at", "leased_until"},
		"jobs": {"created_at", "run_at", "leased_until"}, "schedules": {"next_run_at"}, "lanes": {"run_at"},
		"operation_runs": {"wake_at", "created_at"}, "orders": {"created_at", "updated_at"},
	} {
		sets := make([]string, len(columns))
		for i, column := range columns {
			sets[i] = column + " = " + column + " - INTERVAL ? SECOND"
		}
		args := make([]any, len(columns))
		for i := range args {
			args[i] = int64(d / time.Second)
		}
		s.Exec("UPDATE "+mysqltest.Prefix+"tillside_"+table+" SET "+strings.Join(sets, ", "), args...)
	}
}

// Quiet waits until no job is due any more.
func (s *Stand) Quiet() {
	s.tb.Helper()
	WaitFor(s.tb, "the jobs to be done", func() bool {
		return s.Count("SELECT COUNT(*) FROM {jobs} WHERE state <> 'dead' AND unique_key IS NULL AND run_at <= UTC_TIMESTAMP(6)") == 0
	})
}

// StopSchedules keeps jobs that come again and again from coming.
func (s *Stand) StopSchedules() {
	s.tb.Helper()
	for _, name := range []string{"expire", "reconcile", "poll", "outbox", "waiting", "purge"} {
		s.Exec("INSERT INTO "+mysqltest.Prefix+`tillside_schedules (name, next_run_at) VALUES (?, '2099-01-01')
			ON DUPLICATE KEY UPDATE next_run_at = VALUES(next_run_at)`, name)
	}
	s.Exec("DELETE FROM " + mysqltest.Prefix + "tillside_jobs WHERE unique_key LIKE 'schedule:%' AND state = 'ready'")
}
