package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/errs"
)

// adminStatus serves GET /v1/admin/status.
func (a *API) adminStatus(c *gin.Context) error {
	status, err := a.Admin.Status(c.Request.Context())
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, status)
	return nil
}

type stripeRequest struct {
	SecretKey      string `json:"secret_key"`
	PublishableKey string `json:"publishable_key"`
}

// saveStripe serves PUT /v1/admin/gateways/stripe. The keys come back to nobody.
func (a *API) saveStripe(c *gin.Context) error {
	var req stripeRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	if req.SecretKey == "" || req.PublishableKey == "" {
		return errs.Field("secret_key", "Enter both keys: the secret key and the publishable key.")
	}
	saved, err := a.Admin.SaveStripe(c.Request.Context(), req.SecretKey, req.PublishableKey)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, saved)
	return nil
}

type fenceRequest struct {
	Decision string `json:"decision"`
}

// decideFence serves POST /v1/admin/fence: the site moved, or this is a copy.
func (a *API) decideFence(c *gin.Context) error {
	var req fenceRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	if req.Decision != "moved" && req.Decision != "copy" {
		return errs.Field("decision", "Say whether the site moved or was copied.")
	}
	if err := a.Admin.DecideFence(c.Request.Context(), req.Decision); err != nil {
		return err
	}
	return a.adminStatus(c)
}
