package mysql

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// recentAge is how long what is known of a coupon or a campaign serves quotes
// that nobody pays yet: paying reads all of it again.
const recentAge = time.Second

// recentCoupons keeps coupons and the states of campaigns as they were a moment
// ago. What this process changes is forgotten at once.
type recentCoupons struct {
	mu        sync.Mutex
	coupons   map[int64]recently[ofCoupon]
	campaigns map[int64]recently[string]
}

type recently[T any] struct {
	value T
	at    time.Time
}

func (r recently[T]) isFresh(now time.Time) bool {
	age := now.Sub(r.at)
	return age >= 0 && age < recentAge // a clock that was set back is not believed
}

func (r *recentCoupons) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.coupons, r.campaigns = map[int64]recently[ofCoupon]{}, map[int64]recently[string]{}
}

// complete adds to a code's row what is known of its coupon and its campaign.
func (s *CouponStore) complete(ctx context.Context, row *codeRow) error {
	const (
		ofOne = `
		SELECT ` + couponColumns + `
		FROM {coupons} c
		WHERE c.id = ?`
		status = `
		SELECT status
		FROM {coupon_campaigns}
		WHERE id = ?`
	)
	now := s.db.now()
	campaign := orZero(row.CampaignID)
	s.recent.mu.Lock()
	c, g := s.recent.coupons[row.CouponID], s.recent.campaigns[campaign]
	s.recent.mu.Unlock()
	if !c.isFresh(now) {
		c.at = now
		if err := s.db.get(ctx, &c.value, ofOne, row.CouponID); err != nil {
			return fmt.Errorf("coupon %d: %w", row.CouponID, err)
		}
		s.recent.mu.Lock()
		s.recent.coupons[row.CouponID] = c
		s.recent.mu.Unlock()
	}
	if campaign != 0 && !g.isFresh(now) {
		g.at = now
		if err := s.db.get(ctx, &g.value, status, campaign); err != nil {
			return fmt.Errorf("campaign %d: %w", campaign, err)
		}
		s.recent.mu.Lock()
		s.recent.campaigns[campaign] = g
		s.recent.mu.Unlock()
	}
	row.ofCoupon, row.Campaign = c.value, g.value
	return nil
}
