package server

import (
	"context"

	"github.com/tillside/tillside/server/coupon"
)

// desk is the admin's coupons as package api asks for them.
type desk struct{ *Shop }

// FindCoupons implements api.CouponDesk.
func (d *desk) FindCoupons(ctx context.Context) (any, error) {
	list, err := d.Shop.FindCoupons(ctx)
	return struct {
		Coupons []CouponSummary `json:"coupons"`
	}{list}, err
}

// CreateCoupon implements api.CouponDesk.
func (d *desk) CreateCoupon(ctx context.Context, draft coupon.Draft) (any, error) {
	return d.Shop.CreateCoupon(ctx, draft)
}

// CouponOf implements api.CouponDesk.
func (d *desk) CouponOf(ctx context.Context, slugOrCode string) (any, error) {
	return d.Shop.CouponOf(ctx, slugOrCode)
}

// SwitchCoupon implements api.CouponDesk.
func (d *desk) SwitchCoupon(ctx context.Context, slugOrCode string, on bool) (any, error) {
	return d.Shop.SwitchCoupon(ctx, slugOrCode, on)
}

// UpdateCoupon implements api.CouponDesk.
func (d *desk) UpdateCoupon(ctx context.Context, slug, name string, rules coupon.Rules) (any, error) {
	return d.Shop.UpdateCoupon(ctx, slug, name, rules)
}

// AddCouponCodes implements api.CouponDesk.
func (d *desk) AddCouponCodes(ctx context.Context, slug string, codes []string) (any, error) {
	return d.Shop.AddCouponCodes(ctx, slug, codes)
}

// MoveCoupons implements api.CouponDesk.
func (d *desk) MoveCoupons(ctx context.Context, decode func(dest any) error) (any, error) {
	var m CouponMove
	if err := decode(&m); err != nil {
		return nil, err
	}
	return d.Shop.MoveCoupons(ctx, m, func(int) {})
}

// Simulate implements api.CouponDesk.
func (d *desk) Simulate(ctx context.Context, decode func(dest any) error) (any, error) {
	var q Simulation
	if err := decode(&q); err != nil {
		return nil, err
	}
	return d.Shop.Simulate(ctx, q)
}
