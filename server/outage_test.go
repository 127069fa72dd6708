package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/stripe"
	"github.com/tillside/tillside/server/config"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/server/shoptest"
)

// wired returns a site whose process reaches the database by a wire.
func wired(t *testing.T, o shoptest.Options) (*shoptest.Stand, *shoptest.Process, *mysqltest.Wire) {
	t.Helper()
	s := shoptest.New(t)
	wire := mysqltest.NewWire(t, s.DSN)
	o.Change = func(c *config.Config) { c.DSN = wire.DSN }
	p := s.Start(o)
	p.Import(t, shoptest.Catalogue)
	return s, p, wire
}

func TestOutage_DatabaseAwayWhileTheCardIsCharged(t *testing.T) {
	s, p, wire := wired(t, shoptest.Options{})
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	if err := s.Stripe.Fail(stripe.Fault{Match: confirmCall, Status: stripe.FaultSlow, HoldMS: 600}); err != nil {
		t.Fatal(err)
	}
	var cut sync.WaitGroup
	cut.Go(func() { time.Sleep(300 * time.Millisecond); wire.Cut() })
	a := b.Pay(cardGood)
	cut.Wait()
	if a.String("status") == "succeeded" {
		t.Fatalf("pay: %s", a.Raw)
	}
	for path, method := range map[string]string{"/v1/checkouts/" + b.ID: http.MethodGet, "/v1/checkouts/" + b.ID + "/sync": http.MethodPost} {
		if down := b.Do(method, path, nil); down.Code != http.StatusServiceUnavailable || down.String("code") != "unavailable" || down.Header.Get("Retry-After") == "" {
			t.Errorf("%s without a database: %d %s, want unavailable and when to come back", path, down.Code, down.Raw)
		}
	}
	if n := len(s.Stripe.Charges()); n != 1 {
		t.Fatalf("%d charges, want the one that nobody could write down", n)
	}
	wire.Mend()
	s.Age(30 * time.Second) // the buyer has left
	waitForOrder(t, s)
	wantBooks(t, s, 1, 1, 1)
	wantStatus(t, b.Sync(), "succeeded")
	shoptest.WaitFor(t, "three mails", func() bool { s.Age(10 * time.Second); return len(s.Plugin.Mails()) == 3 })
}

// Any one of a payment's commits happens and is not answered: the buyer's browser
// asks again with what it has.
func TestOutage_LostCommitIsReadBeforeItIsRepeated(t *testing.T) {
	for commit := range 5 {
		t.Run(fmt.Sprint("commit ", commit+1), func(t *testing.T) {
			t.Parallel()
			s, p, wire := wired(t, shoptest.Options{Idle: true})
			b := s.NewBuyer(p, "course")
			b.Start("erika@example.com")
			token := s.Stripe.NewConfirmationToken(cardGood)
			wire.LoseCommit(commit)
			var a shoptest.Answer
			for range 5 {
				a = b.PayWithToken("stripe", token, "one-and-the-same-key")
				if a.String("status") == "succeeded" {
					break
				}
				if a.Code != http.StatusServiceUnavailable && a.String("status") != "processing" {
					t.Errorf("pay: %d %s, want to be asked again", a.Code, a.Raw)
				}
			}
			wantStatus(t, a, "succeeded")
			if _, err := p.Shop.Worker.RunDue(t.Context()); err != nil && !errs.Is(err, errs.Unavailable) {
				t.Fatal(err)
			}
			if n := s.Count("SELECT COUNT(*) FROM {orders}"); n != 1 || len(s.Stripe.Charges()) != 1 || len(s.Stripe.Intents()) != 1 {
				t.Errorf("%d orders, %d charges, %d intents, want one each", n, len(s.Stripe.Charges()), len(s.Stripe.Intents()))
			}
		})
	}
}

// The shop owner who is told that a refund failed asks for another one.
func TestOutage_RefundWhoseCommitGotNoAnswerIsOne(t *testing.T) {
	s, p, wire := wired(t, shoptest.Options{Idle: true})
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantStatus(t, b.Pay(cardGood), "succeeded")
	wire.LoseCommit(0)
	if refund, err := p.Shop.Refund(t.Context(), "1001", "10.00", ""); err != nil || refund.Status != "succeeded" {
		t.Errorf("refund: %+v (%v), want it to be found", refund, err)
	}
	if n := s.Count("SELECT COUNT(*) FROM {refunds}"); n != 1 || len(s.Stripe.Refunds()) != 1 {
		t.Errorf("%d refunds, %d at the provider, want one", n, len(s.Stripe.Refunds()))
	}
}

func TestOutage_StartWithoutADatabaseIsAnsweredAndLogged(t *testing.T) {
	var log bytes.Buffer
	s, p, wire := wired(t, shoptest.Options{Idle: true, Log: &log})
	b := s.NewBuyer(p, "course")
	wire.Cut()
	a := b.Do(http.MethodPost, "/v1/checkouts", map[string]any{
		"form_token": b.FormToken(), "contact": map[string]string{"email": "secret.person@example.com", "first_name": "E", "last_name": "M"},
	})
	wire.Mend()
	if a.Code != http.StatusServiceUnavailable || strings.Contains(a.Raw, "sock") || strings.Contains(a.Raw, "mysql") {
		t.Errorf("start: %d %s, want unavailable and nothing of the database", a.Code, a.Raw)
	}
	if !strings.Contains(log.String(), "request failed") || strings.Contains(log.String(), "secret.person") || strings.Contains(log.String(), b.FormToken()) {
		t.Errorf("log: %s\nwant the failure without the person", log.String())
	}
	b.Start("erika@example.com")
}

func TestOutage_WordPressDownLosesNothing(t *testing.T) {
	for _, tt := range []struct {
		name  string
		known bool // WordPress has answered before
	}{
		{name: "since a while", known: true},
		{name: "since ever", known: false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := shoptest.New(t)
			s.Plugin.SetDown(!tt.known)
			p := s.Start(shoptest.Options{})
			p.Import(t, shoptest.Catalogue)
			if tt.known {
				shoptest.WaitFor(t, "the greeting", func() bool { return s.Count("SELECT COUNT(*) FROM {settings} WHERE name = 'wordpress.facts'") == 1 })
				s.Plugin.SetDown(true)
			}
			b := s.NewBuyer(p, "course")
			b.Start("erika@example.com")
			wantStatus(t, b.Pay(cardGood), "succeeded")
			receipt := b.Receipt()
			if receipt.Code != http.StatusOK || receipt.String("number") != "1001" {
				t.Errorf("receipt: %d %s", receipt.Code, receipt.Raw)
			}
			shoptest.WaitFor(t, "the jobs to fail", func() bool {
				return s.Count("SELECT COUNT(*) FROM {jobs} WHERE attempts > 0 AND kind LIKE 'mail.%'") >= 2 &&
					s.Count("SELECT COUNT(*) FROM {jobs} WHERE attempts = 0 AND kind = 'wordpress.user'") == 0
			})
			users := 0
			if tt.known { // SQL needs no WordPress
				users = 1
			}
			if n := s.Count("SELECT COUNT(*) FROM {wp:users}"); n != users {
				t.Errorf("%d users, want %d", n, users)
			}
			if access := receipt.Map("access"); !tt.known && access["state"] != "pending" {
				t.Errorf("access = %v, want pending", access)
			}
			if a := b.Credentials(""); a.Code != http.StatusServiceUnavailable && a.Code != http.StatusConflict {
				t.Errorf("credentials: %d %s", a.Code, a.Raw)
			}
			if n := len(s.Plugin.Mails()); n != 0 {
				t.Errorf("%d mails through a WordPress that is down", n)
			}
			s.Plugin.SetDown(false)
			shoptest.WaitFor(t, "three mails", func() bool { s.Age(5 * time.Second); return len(s.Plugin.Mails()) == 3 })
			wantBooks(t, s, 1, 1, 1)
			if a := b.Credentials(""); a.Code != http.StatusOK {
				t.Errorf("credentials, when it is back: %d %s", a.Code, a.Raw)
			}
			if n := s.Count("SELECT COUNT(*) FROM {jobs} WHERE state = 'dead'"); n != 0 {
				t.Errorf("%d dead jobs, want none", n)
			}
		})
	}
}

func TestOutage_ProviderDownTakesNoOrderAndComesBack(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	if err := s.Stripe.Fail(stripe.Fault{Match: "GET /v1/account", Status: "500", Times: -1}); err != nil {
		t.Fatal(err)
	}
	if a := b.Pay(cardGood); a.Code != http.StatusServiceUnavailable {
		t.Errorf("pay: %d %s, want unavailable", a.Code, a.Raw)
	}
	if n := s.Count("SELECT COUNT(*) FROM {attempts}"); n != 0 {
		t.Errorf("%d attempts of a click that did nothing", n)
	}
	s.Stripe.ClearFaults()
	wantStatus(t, b.Pay(cardGood), "succeeded")
	wantBooks(t, s, 1, 1, 1)
}

// Two processes see a paid intent at once, by browser and by reconciler.
func TestSettle_AtOnceIsOneOrder(t *testing.T) {
	s, processes := threeProcesses(t)
	b := s.NewBuyer(processes[0], "course")
	b.Start("erika@example.com")
	pay3DS(t, s, b)
	if err := s.Stripe.Complete3DS(s.Stripe.Intents()[0].ID, true); err != nil {
		t.Fatal(err)
	}
	s.Age(3 * time.Minute)
	var wg sync.WaitGroup
	for i := range 9 {
		tab := *b
		tab.URL = processes[i%3].URL
		wg.Go(func() { tab.Sync() })
		wg.Go(func() {
			if err := processes[i%3].Shop.Checkout.Reconcile(t.Context()); err != nil && !errs.Is(err, errs.Unavailable) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	wantBooks(t, s, 1, 1, 1)
	if n := s.Count("SELECT COUNT(*) FROM {quarantine}"); n != 0 {
		t.Errorf("%d payments in quarantine, want none", n)
	}
	if n := s.Count("SELECT value FROM {counters} WHERE name = 'order'"); n != 1001 {
		t.Errorf("the last order number is %d, want no gap", n)
	}
}

// Many buyers at once: numbers without gaps, an order for each.
func TestSettle_NumbersHaveNoGaps(t *testing.T) {
	s, processes := threeProcesses(t)
	const buyers = 12
	var wg sync.WaitGroup
	for i := range buyers {
		b := s.NewBuyer(processes[i%3], "course")
		b.Start("buyer" + string(rune('a'+i)) + "@example.com")
		wg.Go(func() {
			a := b.Pay(cardGood)
			for range 50 {
				if a.String("status") != "processing" {
					break
				}
				time.Sleep(100 * time.Millisecond)
				a = b.Sync()
			}
			if a.String("status") != "succeeded" {
				t.Errorf("pay: %d %s", a.Code, a.Raw)
			}
		})
	}
	wg.Wait()
	wantBooks(t, s, buyers, buyers, buyers)
	if n := s.Count("SELECT MAX(number) - MIN(number) + 1 FROM {orders}"); n != buyers {
		t.Errorf("the numbers span %d, want %d", n, buyers)
	}
}
