package api

import (
	"context"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/errs"
)

// CampaignDesk is where an admin keeps campaigns; its values are encoded as they
// are.
type CampaignDesk interface {
	FindCampaigns(ctx context.Context) (any, error)
	// StartCampaign writes a campaign down; a job makes its codes.
	StartCampaign(ctx context.Context, decode func(dest any) error) (any, error)
	Campaign(ctx context.Context, slug string) (any, error)
	RevokeCampaign(ctx context.Context, slug string) (any, error)
	// ExportCodes writes a campaign's codes as CSV.
	ExportCodes(ctx context.Context, slug string, w io.Writer) error
}

func (a *API) adminCampaignRoutes(admin *gin.RouterGroup) {
	admin.GET("/campaigns", a.handle(a.adminCampaigns))
	admin.POST("/campaigns", a.handle(a.startCampaign))
	admin.GET("/campaigns/:slug", a.handle(a.adminCampaign))
	admin.GET("/campaigns/:slug/codes.csv", a.handle(a.campaignCodes))
	admin.POST("/campaigns/:slug/revoke", a.handle(a.revokeCampaign))
}

// adminCampaigns serves GET /v1/admin/campaigns.
func (a *API) adminCampaigns(c *gin.Context) error {
	v, err := a.CampaignDesk.FindCampaigns(c.Request.Context())
	return answer(c, http.StatusOK, v, err)
}

// startCampaign serves POST /v1/admin/campaigns. How far it is the campaign
// itself tells.
func (a *API) startCampaign(c *gin.Context) error {
	v, err := a.CampaignDesk.StartCampaign(c.Request.Context(), func(dest any) error { return decode(c, dest) })
	return answer(c, http.StatusAccepted, v, err)
}

// adminCampaign serves GET /v1/admin/campaigns/{slug}: progress and report.
func (a *API) adminCampaign(c *gin.Context) error {
	v, err := a.CampaignDesk.Campaign(c.Request.Context(), c.Param("slug"))
	return answer(c, http.StatusOK, v, err)
}

// revokeCampaign serves POST /v1/admin/campaigns/{slug}/revoke.
func (a *API) revokeCampaign(c *gin.Context) error {
	v, err := a.CampaignDesk.RevokeCampaign(c.Request.Context(), c.Param("slug"))
	return answer(c, http.StatusOK, v, err)
}

// campaignCodes serves GET /v1/admin/campaigns/{slug}/codes.csv, as a stream. An
// error in the middle ends it short: whoever reads it counts the lines.
func (a *API) campaignCodes(c *gin.Context) error {
	ctx, slug := c.Request.Context(), c.Param("slug")
	if _, err := a.CampaignDesk.Campaign(ctx, slug); err != nil {
		return err
	}
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Content-Disposition", `attachment; filename="`+slug+`.csv"`)
	c.Status(http.StatusOK)
	if err := a.CampaignDesk.ExportCodes(ctx, slug, c.Writer); err != nil {
		a.Log.ErrorContext(ctx, "export ended early", "campaign", slug, "error", err)
		if !c.Writer.Written() {
			return errs.New(errs.Unavailable, "The codes could not be read. Please try again.")
		}
	}
	return nil
}
