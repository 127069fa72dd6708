package server_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/server/mysql/mysqltest"
)

// guardAt returns a guard on a store of its own, with a clock to turn.
func guardAt(t *testing.T, db *mysql.DB, now *time.Time) *coupon.Guard {
	t.Helper()
	return coupon.NewGuard(mysql.NewRefusalStore(db), []byte("key"), func() time.Time { return *now })
}

func TestGuard_RefusesAfterTooManyRefusals(t *testing.T) {
	t.Parallel()
	home := netip.MustParseAddr("203.0.113.7")
	tests := []struct {
		name    string
		guesser func(i int) coupon.Seeker
		limit   int
		free    coupon.Seeker // somebody else, who must not suffer
	}{
		{"address", func(int) coupon.Seeker { return coupon.Seeker{Address: home} }, 20, coupon.Seeker{Address: netip.MustParseAddr("203.0.114.7")}},
		{"network", func(i int) coupon.Seeker {
			return coupon.Seeker{Address: netip.MustParseAddr(fmt.Sprintf("203.0.113.%d", i%200))}
		}, 100, coupon.Seeker{Address: netip.MustParseAddr("198.51.100.1")}},
		{"household of IPv6", func(i int) coupon.Seeker {
			return coupon.Seeker{Address: netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2::%x", i+1))}
		}, 20, coupon.Seeker{Address: netip.MustParseAddr("2001:db8:9:2::1")}},
		{"session", func(i int) coupon.Seeker {
			return coupon.Seeker{Session: "one", Address: netip.MustParseAddr(fmt.Sprintf("10.%d.0.1", i))}
		}, 10, coupon.Seeker{Session: "two"}},
		{"contact", func(i int) coupon.Seeker { return coupon.Seeker{ContactID: 5, Session: fmt.Sprint(i)} }, 20, coupon.Seeker{ContactID: 6}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now := time.Now()
			db := mysqltest.Open(t)
			here, elsewhere := guardAt(t, db, &now), guardAt(t, db, &now) // two processes
			for i := range tt.limit {
				if err := here.Allow(t.Context(), tt.guesser(i)); err != nil {
					t.Fatalf("try %d: %v", i, err)
				}
				if err := here.Refused(t.Context(), tt.guesser(i), 1); err != nil {
					t.Fatal(err)
				}
			}
			for name, g := range map[string]*coupon.Guard{"here": here, "elsewhere": elsewhere} {
				if err := g.Allow(t.Context(), tt.guesser(tt.limit)); !errs.Is(err, errs.RateLimited) {
					t.Errorf("%s: %v, want rate_limited", name, err)
				}
				if err := g.Allow(t.Context(), tt.free); err != nil {
					t.Errorf("%s: somebody else: %v", name, err)
				}
			}
			now = now.Add(-time.Hour) // a clock that is set back frees nobody
			if err := here.Allow(t.Context(), tt.guesser(tt.limit)); !errs.Is(err, errs.RateLimited) {
				t.Errorf("with the clock set back: %v, want rate_limited", err)
			}
			now = now.Add(time.Hour + 25*time.Minute)
			if err := here.Allow(t.Context(), tt.guesser(tt.limit)); err != nil {
				t.Errorf("later: %v", err)
			}
		})
	}
}

func TestGuard_TightensWhenNearlyAllIsRefused(t *testing.T) {
	t.Parallel()
	now := time.Now()
	g := guardAt(t, mysqltest.Open(t), &now)
	for i := range 300 {
		if err := g.Refused(t.Context(), coupon.Seeker{Address: netip.MustParseAddr(fmt.Sprintf("10.%d.%d.1", i/200, i%200))}, 1); err != nil {
			t.Fatal(err)
		}
	}
	guesser := coupon.Seeker{Address: netip.MustParseAddr("10.0.1.1")}
	if err := g.Refused(t.Context(), guesser, 1); err != nil {
		t.Fatal(err)
	}
	if err := g.Allow(t.Context(), guesser); !errs.Is(err, errs.RateLimited) {
		t.Errorf("refused twice under attack: %v, want rate_limited", err)
	}
	if err := g.Allow(t.Context(), coupon.Seeker{Address: netip.MustParseAddr("192.0.2.1")}); err != nil {
		t.Errorf("a buyer with a good code: %v", err)
	}
	for range 50 {
		g.Accepted()
	}
	if err := g.Allow(t.Context(), guesser); err != nil {
		t.Errorf("refused twice on a busy day: %v", err)
	}
}

func TestGuard_GuessingThroughTheAPIEnds(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.AddCoupon(twentyPercent, "SPRING", 0)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	for i := range 10 {
		wantCode(t, b.UseCode(fmt.Sprint("GUESS", i)), http.StatusBadRequest, "This code cannot be used for this order.")
	}
	wantCode(t, b.UseCode("SPRING"), http.StatusTooManyRequests, "rate_limited")
	many := make([]string, 10)
	for i := range many {
		many[i] = fmt.Sprint("MORE", i)
	}
	a := b.Do(http.MethodPost, "/v1/quotes", map[string]any{"form_token": b.FormToken(), "coupons": many})
	wantCode(t, a, http.StatusOK, "cannot be used")
	a = b.Do(http.MethodPost, "/v1/quotes", map[string]any{"form_token": b.FormToken(), "coupons": many})
	wantCode(t, a, http.StatusTooManyRequests, "rate_limited")
	other := s.NewBuyer(p, "course")
	other.Start("max@example.com") // buying goes on
	wantCode(t, other.Pay(cardGood), http.StatusOK, "succeeded")
}

func TestGuard_AGoodCodeWritesNothing(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.AddCoupon(twentyPercent, "SPRING", 1)
	b := s.NewBuyer(p, "course")
	a := b.Do(http.MethodPost, "/v1/quotes", map[string]any{"form_token": b.FormToken(), "coupons": []string{"SPRING"}})
	wantCode(t, a, http.StatusOK, `"amount":980`)
	if n := s.Count("SELECT COUNT(*) FROM {refusals}"); n != 0 {
		t.Errorf("%d refusals, want none", n)
	}
}

func TestGuard_WordsAreTheSameWhateverIsWrong(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	past := time.Now().Add(-time.Hour)
	s.AddCoupon(twentyPercent, "SHORT", 1)
	s.Exec("UPDATE shop_tillside_coupon_codes SET expires_at = ? WHERE code = 'SHORT'", past.UTC())
	s.AddCoupon(twentyPercent, "LONG-2345-6789-BCDF-GHJK", 1)
	s.Exec("UPDATE shop_tillside_coupon_codes SET expires_at = ? WHERE code LIKE 'LONG%'", past.UTC())
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	for _, code := range []string{"SHORT", "NOSUCH"} {
		started := time.Now()
		a := b.UseCode(code)
		wantCode(t, a, http.StatusBadRequest, "This code cannot be used for this order.")
		if took := time.Since(started); took < 250*time.Millisecond {
			t.Errorf("%s was refused after %s: the time must tell nothing", code, took)
		}
	}
	wantCode(t, b.UseCode("LONG-2345-6789-BCDF-GHJK"), http.StatusBadRequest, "expired on")
}
