package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
)

// CouponDesk is where an admin keeps coupons; its values are encoded as they are.
type CouponDesk interface {
	FindCoupons(ctx context.Context) (any, error)
	CreateCoupon(ctx context.Context, d coupon.Draft) (any, error)
	// CouponOf and SwitchCoupon take a coupon's slug, or one of its codes.
	CouponOf(ctx context.Context, slugOrCode string) (any, error)
	SwitchCoupon(ctx context.Context, slugOrCode string, on bool) (any, error)
	UpdateCoupon(ctx context.Context, slug, name string, rules coupon.Rules) (any, error)
	AddCouponCodes(ctx context.Context, slug string, codes []string) (any, error)
	// MoveCoupons makes coupons of those of another shop plugin.
	MoveCoupons(ctx context.Context, decode func(dest any) error) (any, error)
	// Simulate explains rule by rule why a code does or does not apply.
	Simulate(ctx context.Context, decode func(dest any) error) (any, error)
}

func (a *API) adminCouponRoutes(admin *gin.RouterGroup) {
	admin.GET("/coupons", a.handle(a.adminCoupons))
	admin.POST("/coupons", a.handle(a.createCoupon))
	admin.POST("/coupons/import-from", a.handle(a.moveCoupons))
	admin.POST("/coupons/simulate", a.handle(a.simulateCoupon))
	admin.GET("/coupons/:slug", a.handle(a.adminCoupon))
	admin.PUT("/coupons/:slug", a.handle(a.changeCoupon))
	admin.POST("/coupons/:slug/codes", a.handle(a.addCouponCodes))
	admin.POST("/coupons/:slug/disable", a.handle(func(c *gin.Context) error { return a.switchCoupon(c, false) }))
	admin.POST("/coupons/:slug/enable", a.handle(func(c *gin.Context) error { return a.switchCoupon(c, true) }))
}

// answer encodes what the desk returned.
func answer(c *gin.Context, status int, v any, err error) error {
	if err != nil {
		return err
	}
	c.JSON(status, v)
	return nil
}

// adminCoupons serves GET /v1/admin/coupons.
func (a *API) adminCoupons(c *gin.Context) error {
	v, err := a.Desk.FindCoupons(c.Request.Context())
	return answer(c, http.StatusOK, v, err)
}

// createCoupon serves POST /v1/admin/coupons.
func (a *API) createCoupon(c *gin.Context) error {
	var draft coupon.Draft
	if err := decode(c, &draft); err != nil {
		return err
	}
	v, err := a.Desk.CreateCoupon(c.Request.Context(), draft)
	return answer(c, http.StatusCreated, v, err)
}

// adminCoupon serves GET /v1/admin/coupons/{slug}.
func (a *API) adminCoupon(c *gin.Context) error {
	v, err := a.Desk.CouponOf(c.Request.Context(), c.Param("slug"))
	return answer(c, http.StatusOK, v, err)
}

type couponChange struct {
	Name  string       `json:"name"`
	Rules coupon.Rules `json:"rules"`
}

// changeCoupon serves PUT /v1/admin/coupons/{slug}.
func (a *API) changeCoupon(c *gin.Context) error {
	var req couponChange
	if err := decode(c, &req); err != nil {
		return err
	}
	v, err := a.Desk.UpdateCoupon(c.Request.Context(), c.Param("slug"), req.Name, req.Rules)
	return answer(c, http.StatusOK, v, err)
}

type codesRequest struct {
	Codes []string `json:"codes"`
}

// addCouponCodes serves POST /v1/admin/coupons/{slug}/codes.
func (a *API) addCouponCodes(c *gin.Context) error {
	var req codesRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	if len(req.Codes) > 1000 {
		return errs.Field("codes", "At most 1000 codes at once; import the others from a file.")
	}
	v, err := a.Desk.AddCouponCodes(c.Request.Context(), c.Param("slug"), req.Codes)
	return answer(c, http.StatusOK, v, err)
}

func (a *API) switchCoupon(c *gin.Context, on bool) error {
	v, err := a.Desk.SwitchCoupon(c.Request.Context(), c.Param("slug"), on)
	return answer(c, http.StatusOK, v, err)
}

// moveCoupons serves POST /v1/admin/coupons/import-from.
func (a *API) moveCoupons(c *gin.Context) error {
	v, err := a.Desk.MoveCoupons(c.Request.Context(), func(dest any) error { return decode(c, dest) })
	return answer(c, http.StatusOK, v, err)
}

// simulateCoupon serves POST /v1/admin/coupons/simulate.
func (a *API) simulateCoupon(c *gin.Context) error {
	v, err := a.Desk.Simulate(c.Request.Context(), func(dest any) error { return decode(c, dest) })
	return answer(c, http.StatusOK, v, err)
}
