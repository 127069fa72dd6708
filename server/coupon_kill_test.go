//go:build failpoint

package server_test

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/tillside/tillside/server/shoptest"
)

// Run with: make test-long, or dev/test-galera -tags failpoint -run CouponKill -v ./server/

// TestCouponKill_ManyBuyersShareALimit lets a crowd buy from three processes
// that are killed at random and started again: never one use too many, never
// one lost, nothing held after its intent.
func TestCouponKill_ManyBuyersShareALimit(t *testing.T) {
	binary := buildVictim(t)
	for _, tt := range []struct{ buyers, uses int }{{200, 1}, {1000, 100}} {
		t.Run(fmt.Sprintf("%d buyers, %d uses", tt.buyers, tt.uses), func(t *testing.T) {
			s := shoptest.New(t)
			first := s.Start(shoptest.Options{Idle: true})
			first.Import(t, shoptest.Catalogue)
			first.Stop()
			s.AddCoupon(twentyPercent, "HOT", tt.uses)
			shop := newMortals(t, s, binary, 3)
			stop := shop.killNowAndThen(t, 700*time.Millisecond)
			r := &rush{s: s, urls: shop.url, offer: "course", code: "HOT", buyers: tt.buyers, at: 64, decline: 3}
			o := r.run(t)
			stop()
			t.Logf("%+v, %d kills", o, shop.kills)
			// What is left of attempts that nobody drives any more is finished by
			// the reconciler; then the rest is sold.
			judge := s.Start(shoptest.Options{})
			settled := func(ctx context.Context) error {
				shoptest.WaitFor(t, "no attempt to be open", func() bool {
					_ = judge.Shop.Checkout.Reconcile(ctx) // what fails now is tried again
					return s.Count("SELECT COUNT(*) FROM {attempts} WHERE open_checkout_id IS NOT NULL") == 0
				})
				return judge.Shop.Checkout.Expire(ctx)
			}
			rest := *r
			rest.urls, rest.buyers, rest.decline = func(int) string { return judge.URL }, 0, 0
			rest.sellRest(t, tt.uses, o, settled)
		})
	}
}

// TestCouponKill_ManyBuyersShareAGiftCard lets a crowd spend one card at once,
// through processes that are killed at random.
func TestCouponKill_ManyBuyersShareAGiftCard(t *testing.T) {
	binary := buildVictim(t)
	s := shoptest.New(t)
	first := s.Start(shoptest.Options{Idle: true})
	first.Import(t, shoptest.Catalogue)
	code, _ := issue(t, first, "1980.00 EUR") // forty courses, and 20.00 of one more
	first.Stop()
	shop := newMortals(t, s, binary, 3)
	stop := shop.killNowAndThen(t, 700*time.Millisecond)
	r := &rush{s: s, urls: shop.url, offer: "course", card: code, buyers: 200, at: 64, decline: 5}
	o := r.run(t)
	stop()
	t.Logf("%+v, %d kills", o, shop.kills)
	judge := s.Start(shoptest.Options{})
	rest := *r
	rest.urls, rest.buyers, rest.decline = func(int) string { return judge.URL }, 20, 0
	for wave := 0; wave < 8; wave++ {
		s.Age(2 * time.Hour)
		shoptest.WaitFor(t, "no attempt to be open", func() bool {
			_ = judge.Shop.Checkout.Reconcile(t.Context()) // what fails now is tried again
			return s.Count("SELECT COUNT(*) FROM {attempts} WHERE open_checkout_id IS NOT NULL") == 0
		})
		if err := judge.Shop.Checkout.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.Count("SELECT COALESCE(-SUM(amount), 0) FROM {gift_card_entries} WHERE kind = 'spend'") == 198000 {
			break
		}
		rest.run(t)
	}
	wantSpent(t, s, judge, 198000)
}

// sellRest goes on where a rush ended.
func (r *rush) sellRest(t *testing.T, limit int, sum outcome, settled func(context.Context) error) {
	t.Helper()
	for wave := 0; wave < 8; wave++ {
		r.s.Age(2 * time.Hour)
		if err := settled(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r.s.Count("SELECT COUNT(*) FROM {redemptions} WHERE state = 'committed'") >= limit {
			break
		}
		again := *r
		again.buyers = 2 * limit
		sum.bought += again.run(t).bought
	}
	sum.bought = r.s.Count("SELECT COUNT(*) FROM {orders} WHERE discount > 0")
	r.wantSoldExactly(t, limit, sum)
}

// mortals are processes of Tillside that are killed and started again.
type mortals struct {
	victims []*victim
	kills   int
	mu      sync.Mutex
	urls    []string
}

func newMortals(t *testing.T, s *shoptest.Stand, binary string, n int) *mortals {
	t.Helper()
	m := &mortals{urls: make([]string, n)}
	second := onSecondNode(t, s)
	for i := range n {
		v := &victim{t: t, s: s, binary: binary, dir: t.TempDir()}
		if i > 0 && second != nil {
			c := s.Config()
			second(c)
			v.dsn = c.DSN
		}
		v.serve()
		t.Cleanup(v.stop)
		m.victims, m.urls[i] = append(m.victims, v), v.url
	}
	return m
}

// url returns where a buyer's process is now. On a cluster a buyer stays with
// one process: another node may not know yet what the first one wrote.
func (m *mortals) url(i int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.urls[i%len(m.urls)]
}

// killNowAndThen kills one process after the other and starts it again, until
// the returned function is called.
func (m *mortals) killNowAndThen(t *testing.T, every time.Duration) func() {
	ended, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-ended:
				return
			case <-time.After(every/2 + mathrand.N(every)):
			}
			i := mathrand.IntN(len(m.victims))
			v := m.victims[i]
			_ = v.cmd.Process.Kill()
			<-v.ended
			m.kills++
			v.serve()
			m.mu.Lock()
			m.urls[i] = v.url
			m.mu.Unlock()
		}
	}()
	return func() { close(ended); <-stopped }
}
