package server_test

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/tillside/tillside/server/config"
	"github.com/tillside/tillside/server/shoptest"
)

// raceSite returns a site that three processes sell for. With a second node of
// the database, TEST_MYSQL_DSN_2, the processes are spread over both.
func raceSite(t *testing.T, catalogue string) (*shoptest.Stand, []*shoptest.Process) {
	t.Helper()
	s := shoptest.New(t)
	processes := []*shoptest.Process{s.Start(shoptest.Options{})}
	processes[0].Import(t, catalogue)
	for range 2 {
		processes = append(processes, s.Start(shoptest.Options{Change: onSecondNode(t, s)}))
	}
	return s, processes
}

// onSecondNode moves a process to the second node, if there is one.
func onSecondNode(t *testing.T, s *shoptest.Stand) func(*config.Config) {
	t.Helper()
	second := os.Getenv("TEST_MYSQL_DSN_2")
	if second == "" {
		return nil
	}
	node, err := driver.ParseDSN(second)
	if err != nil {
		t.Fatal(err)
	}
	first, err := driver.ParseDSN(s.DSN)
	if err != nil {
		t.Fatal(err)
	}
	node.DBName = first.DBName
	return func(c *config.Config) { c.DSN = node.FormatDSN() }
}

// rush is a crowd of buyers after one limit.
type rush struct {
	s       *shoptest.Stand
	urls    func(i int) string // of the process that a buyer talks to, at each moment
	offer   string
	code    string // of a coupon
	card    string // the code of a gift card; without both the seats of the offer are the limit
	buyers  int
	at      int // how many buy at the same time
	decline int // of ten cards so many are declined at first
}

// outcome counts how a rush went.
type outcome struct{ bought, refused, left int }

// run lets all of them buy and waits for the last.
func (r *rush) run(t *testing.T) outcome {
	t.Helper()
	var mu sync.Mutex
	var o outcome
	var done sync.WaitGroup
	places := make(chan struct{}, r.at)
	for i := range r.buyers {
		done.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			got := r.buy(i)
			mu.Lock()
			defer mu.Unlock()
			switch got {
			case "bought":
				o.bought++
			case "refused":
				o.refused++
			case "left":
				o.left++
			default:
				t.Errorf("buyer %d: %s", i, got)
			}
		})
	}
	done.Wait()
	return o
}

// buy is one buyer's way. It returns bought, refused when nothing was left,
// left after a decline, or what went wrong.
func (r *rush) buy(i int) string {
	b := r.s.NewBuyer(&shoptest.Process{URL: r.urls(i)}, r.offer)
	b.Header.Set("X-Forwarded-For", fmt.Sprintf("198.18.%d.%d", mathrand.IntN(250), mathrand.IntN(250))) // or limits on one address would end it
	ask := func(do func() shoptest.Answer) shoptest.Answer {                                             // a process may be killed at any moment
		for try := 0; ; try++ {
			b.URL = r.urls(i)
			a := do()
			if a.Code != 0 && a.Code != http.StatusServiceUnavailable && a.Code < 500 || try == 200 {
				return a
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	a := ask(func() shoptest.Answer {
		return b.Do(http.MethodPost, "/v1/checkouts", map[string]any{
			"form_token": b.FormToken(), "contact": map[string]string{
				"email": fmt.Sprintf("buyer%d-%s@example.com", i, strings.ToLower(rand.Text()[:6])), "first_name": "A", "last_name": "B",
			},
		})
	})
	if a.Code == http.StatusGone {
		return "refused"
	}
	if a.Code != http.StatusCreated {
		return fmt.Sprintf("start: %d %s", a.Code, a.Raw)
	}
	b.ID, b.Token, b.Currency = a.String("id"), a.String("checkout_token"), "EUR"
	b.Take(a.Map("quote"))
	a = ask(func() shoptest.Answer {
		return b.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, map[string]any{"version": 1, "details": map[string]string{"country": "DE"}, "step": 3})
	})
	if a.Code != http.StatusOK && a.Code != http.StatusConflict { // the answer to the same change may have been lost
		return fmt.Sprintf("details: %d %s", a.Code, a.Raw)
	}
	if r.code != "" {
		a = ask(func() shoptest.Answer { return b.UseCode(r.code) })
		switch {
		case a.Code == http.StatusBadRequest || a.Code == http.StatusTooManyRequests:
			return "refused"
		case a.Code == http.StatusOK && !has(a, r.code): // used up by others since it was looked at
			return "refused"
		case a.Code != http.StatusOK:
			return fmt.Sprintf("code: %d %s", a.Code, a.Raw)
		}
	}
	if r.card != "" {
		a = ask(func() shoptest.Answer { return b.UseCard(r.card) })
		switch {
		case a.Code == http.StatusBadRequest || a.Code == http.StatusTooManyRequests || b.Total == 4900: // nothing was left
			return "refused"
		case a.Code != http.StatusOK:
			return fmt.Sprintf("card: %d %s", a.Code, a.Raw)
		}
	}
	if b.Total > 0 && mathrand.IntN(10) < r.decline {
		if got := r.pay(b, ask, cardDeclined); got != "declined" {
			return got
		}
		if mathrand.IntN(2) == 0 {
			return "left"
		}
	}
	return r.pay(b, ask, cardGood)
}

// has reports whether a checkout's quote has a coupon.
func has(a shoptest.Answer, code string) bool {
	coupons, _ := a.Map("quote")["coupons"].([]any)
	return strings.Contains(fmt.Sprint(coupons), code)
}

// pay clicks once, under one key however often the answer is lost.
func (r *rush) pay(b *shoptest.Buyer, ask func(func() shoptest.Answer) shoptest.Answer, card string) string {
	gateway, key, token := "stripe", rand.Text(), ""
	if b.Total == 0 {
		gateway = "none"
	} else {
		token = r.s.Stripe.NewConfirmationToken(card)
	}
	a := ask(func() shoptest.Answer { return b.PayWithToken(gateway, token, key) })
	for range 600 {
		switch status := a.String("status"); {
		case a.Code == http.StatusGone, status == "totals_changed":
			return "refused"
		case status == "succeeded":
			return "bought"
		case status == "declined":
			return "declined"
		case status != "processing":
			return fmt.Sprintf("pay: %d %s", a.Code, a.Raw)
		}
		time.Sleep(100 * time.Millisecond)
		a = ask(b.Sync)
	}
	return "pay: no end"
}

// wantSoldExactly checks the books of a limit: as many uses as it has, none too
// many, none lost, and nothing held any more.
func (r *rush) wantSoldExactly(t *testing.T, limit int, o outcome) {
	t.Helper()
	table := "redemptions"
	if r.code == "" {
		table = "seat_holds"
	}
	committed := r.s.Count("SELECT COUNT(*) FROM {" + table + "} WHERE state = 'committed'")
	if committed != limit || o.bought != limit {
		t.Errorf("%d uses are committed and %d were bought, want %d (%+v)", committed, o.bought, limit, o)
	}
	if n := r.s.Count("SELECT COUNT(*) FROM {" + table + "} WHERE state = 'reserved'"); n != 0 {
		t.Errorf("%d reservations are left after their intents", n)
	}
	if n := r.s.Count("SELECT COUNT(*) FROM {limit_slots} WHERE holder_id IS NOT NULL"); n != limit {
		t.Errorf("%d slots are taken, want %d", n, limit)
	}
	if n := r.s.Count("SELECT COUNT(*) FROM {quarantine}"); n != 0 {
		t.Errorf("%d payments are in quarantine", n)
	}
}

// sell rushes until the limit is sold: what buyers who left held is given back
// between two waves.
func (r *rush) sell(t *testing.T, limit int, expire func(context.Context) error) {
	t.Helper()
	sum := r.run(t)
	for wave := 0; wave < 5; wave++ {
		r.s.Age(2 * time.Hour)
		if err := expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if sum.bought >= limit {
			break
		}
		again := *r
		again.buyers, again.decline = 2*limit, 0
		o := again.run(t)
		sum.bought += o.bought
	}
	r.wantSoldExactly(t, limit, sum)
}

func overAll(processes []*shoptest.Process) func(int) string {
	return func(i int) string { return processes[i%len(processes)].URL }
}

func TestCouponRace_ManyBuyersShareALimit(t *testing.T) {
	for _, tt := range []struct{ buyers, uses int }{{30, 1}, {40, 5}} {
		t.Run(fmt.Sprintf("%d buyers, %d uses", tt.buyers, tt.uses), func(t *testing.T) {
			t.Parallel()
			s, processes := raceSite(t, shoptest.Catalogue)
			s.AddCoupon(twentyPercent, "HOT", tt.uses)
			r := &rush{s: s, urls: overAll(processes), offer: "course", code: "HOT", buyers: tt.buyers, at: tt.buyers, decline: 3}
			r.sell(t, tt.uses, processes[0].Shop.Checkout.Expire)
		})
	}
}

const seatsCatalogue = `
products:
  - slug: class
    name: Class
    prices:
      - slug: class
        amount: 49.00 EUR
offers:
  - slug: class
    name: The class
    seats: 4
    items:
      - price: class
`

func TestCouponRace_SeatsAreSoldOnceEach(t *testing.T) {
	t.Parallel()
	s, processes := raceSite(t, seatsCatalogue)
	r := &rush{s: s, urls: overAll(processes), offer: "class", buyers: 30, at: 30, decline: 3}
	r.sell(t, 4, processes[0].Shop.Checkout.Expire)
}

func TestCouponRace_OnePersonInManyWindowsUsesItOnce(t *testing.T) {
	t.Parallel()
	s, processes := raceSite(t, shoptest.Catalogue)
	s.AddCoupon(`{"discount":{"kind":"percent","percent":"20"},"limits":{"per_person":1}}`, "ONCE", 0)
	var done sync.WaitGroup
	bought := make([]bool, 15)
	for i := range bought {
		done.Go(func() {
			b := s.NewBuyer(processes[i%3], "course")
			b.Start([]string{"erika@example.com", "Erika@Example.com", "ERIKA@EXAMPLE.COM"}[i%3])
			if a := b.UseCode("ONCE"); a.Code != http.StatusOK || !has(a, "ONCE") {
				return
			}
			bought[i] = b.Pay(cardGood).String("status") == "succeeded"
		})
	}
	done.Wait()
	n := 0
	for _, did := range bought {
		if did {
			n++
		}
	}
	if committed := s.Count("SELECT COUNT(*) FROM {redemptions} WHERE state = 'committed'"); n != 1 || committed != 1 {
		t.Errorf("%d bought with it and %d uses are committed, want one", n, committed)
	}
}

// wantSpent checks the books of a gift card: all of it is spent, in as many
// orders as say so, and nothing is held any more.
func wantSpent(t *testing.T, s *shoptest.Stand, p *shoptest.Process, worth int) {
	t.Helper()
	wantSound(t, p)
	spent := s.Count("SELECT COALESCE(-SUM(amount), 0) FROM {gift_card_entries} WHERE kind = 'spend'")
	inOrders := s.Count("SELECT COALESCE(SUM(gift_card), 0) FROM {orders}")
	if spent != worth || inOrders != worth {
		t.Errorf("%d were spent, %d stand in orders, want %d", spent, inOrders, worth)
	}
	if n := s.Count("SELECT COUNT(*) FROM {gift_card_holds} WHERE state = 'reserved'"); n != 0 {
		t.Errorf("%d holds are left after their intents", n)
	}
	if n := s.Count("SELECT COUNT(*) FROM {quarantine}"); n != 0 {
		t.Errorf("%d payments are in quarantine", n)
	}
}

func TestCouponRace_ManyBuyersShareAGiftCard(t *testing.T) {
	t.Parallel()
	s, processes := raceSite(t, shoptest.Catalogue)
	code, _ := issue(t, processes[0], "167.00 EUR") // three courses, and 20.00 of a fourth
	r := &rush{s: s, urls: overAll(processes), offer: "course", card: code, buyers: 30, at: 30, decline: 5}
	for wave := 0; wave < 6; wave++ {
		r.run(t)
		s.Age(2 * time.Hour)
		if err := processes[0].Shop.Checkout.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.Count("SELECT COALESCE(-SUM(amount), 0) FROM {gift_card_entries} WHERE kind = 'spend'") == 16700 {
			break
		}
		r.decline = 0
	}
	wantSpent(t, s, processes[0], 16700)
}
