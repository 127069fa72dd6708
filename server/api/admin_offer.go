package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
)

// OfferDesk is where an admin sees which pages show an offer; its values are
// encoded as they are.
type OfferDesk interface {
	OfferPages(ctx context.Context, slug string) (any, error)
	// SetMainPage chooses the page that links lead to; "" leaves the choice to
	// us.
	SetMainPage(ctx context.Context, slug, url string) (any, error)
}

func (a *API) adminOfferRoutes(admin *gin.RouterGroup) {
	admin.GET("/offers/:slug/pages", a.handle(a.offerPages))
	admin.PUT("/offers/:slug/main-page", a.handle(a.setMainPage))
}

// offerPages serves GET /v1/admin/offers/{slug}/pages.
func (a *API) offerPages(c *gin.Context) error {
	v, err := a.OfferDesk.OfferPages(c.Request.Context(), c.Param("slug"))
	return answer(c, http.StatusOK, v, err)
}

type mainPageRequest struct {
	URL string `json:"url"`
}

// setMainPage serves PUT /v1/admin/offers/{slug}/main-page.
func (a *API) setMainPage(c *gin.Context) error {
	var req mainPageRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	v, err := a.OfferDesk.SetMainPage(c.Request.Context(), c.Param("slug"), req.URL)
	return answer(c, http.StatusOK, v, err)
}
