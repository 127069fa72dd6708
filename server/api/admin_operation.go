package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/errs"
)

// OperationDesk is where an admin keeps operations and magic links; its values
// are encoded as they are.
type OperationDesk interface {
	FindOperations(ctx context.Context) (any, error)
	CreateOperation(ctx context.Context, decode func(dest any) error) (any, error)
	Operation(ctx context.Context, slug string) (any, error)
	SwitchOperation(ctx context.Context, slug string, on bool) (any, error)
	RunOperation(ctx context.Context, slug, email string) (any, error)
	NewHook(ctx context.Context, slug string) (any, error)

	FindLinks(ctx context.Context) (any, error)
	MakeLink(ctx context.Context, decode func(dest any) error) (any, error)
	RevokeLink(ctx context.Context, id int64) (any, error)
}

func (a *API) adminOperationRoutes(admin *gin.RouterGroup) {
	admin.GET("/operations", a.handle(a.adminOperations))
	admin.POST("/operations", a.handle(a.createOperation))
	admin.GET("/operations/:slug", a.handle(a.adminOperation))
	admin.POST("/operations/:slug/run", a.handle(a.runOperation))
	admin.POST("/operations/:slug/hook", a.handle(a.newHook))
	admin.POST("/operations/:slug/disable", a.handle(func(c *gin.Context) error { return a.switchOperation(c, false) }))
	admin.POST("/operations/:slug/enable", a.handle(func(c *gin.Context) error { return a.switchOperation(c, true) }))
	admin.GET("/coupon-links", a.handle(a.adminLinks))
	admin.POST("/coupon-links", a.handle(a.makeLink))
	admin.POST("/coupon-links/:id/revoke", a.handle(a.revokeLink))
}

// adminOperations serves GET /v1/admin/operations.
func (a *API) adminOperations(c *gin.Context) error {
	v, err := a.OperationDesk.FindOperations(c.Request.Context())
	return answer(c, http.StatusOK, v, err)
}

// createOperation serves POST /v1/admin/operations.
func (a *API) createOperation(c *gin.Context) error {
	v, err := a.OperationDesk.CreateOperation(c.Request.Context(), func(dest any) error { return decode(c, dest) })
	return answer(c, http.StatusCreated, v, err)
}

// adminOperation serves GET /v1/admin/operations/{slug}.
func (a *API) adminOperation(c *gin.Context) error {
	v, err := a.OperationDesk.Operation(c.Request.Context(), c.Param("slug"))
	return answer(c, http.StatusOK, v, err)
}

func (a *API) switchOperation(c *gin.Context, on bool) error {
	v, err := a.OperationDesk.SwitchOperation(c.Request.Context(), c.Param("slug"), on)
	return answer(c, http.StatusOK, v, err)
}

type runRequest struct {
	Email string `json:"email"`
}

// runOperation serves POST /v1/admin/operations/{slug}/run.
func (a *API) runOperation(c *gin.Context) error {
	var req runRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	v, err := a.OperationDesk.RunOperation(c.Request.Context(), c.Param("slug"), req.Email)
	return answer(c, http.StatusOK, v, err)
}

// newHook serves POST /v1/admin/operations/{slug}/hook.
func (a *API) newHook(c *gin.Context) error {
	v, err := a.OperationDesk.NewHook(c.Request.Context(), c.Param("slug"))
	return answer(c, http.StatusOK, v, err)
}

// adminLinks serves GET /v1/admin/coupon-links.
func (a *API) adminLinks(c *gin.Context) error {
	v, err := a.OperationDesk.FindLinks(c.Request.Context())
	return answer(c, http.StatusOK, v, err)
}

// makeLink serves POST /v1/admin/coupon-links.
func (a *API) makeLink(c *gin.Context) error {
	v, err := a.OperationDesk.MakeLink(c.Request.Context(), func(dest any) error { return decode(c, dest) })
	return answer(c, http.StatusCreated, v, err)
}

// revokeLink serves POST /v1/admin/coupon-links/{id}/revoke.
func (a *API) revokeLink(c *gin.Context) error {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return errs.New(errs.NotFound, "There is no link %q.", c.Param("id"))
	}
	v, err := a.OperationDesk.RevokeLink(c.Request.Context(), id)
	return answer(c, http.StatusOK, v, err)
}
