package api

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/errs"
)

// CardDesk is where an admin keeps gift cards; its values are encoded as they
// are. A card is named by its number, its public id, or its code.
type CardDesk interface {
	FindCards(ctx context.Context, email string, before int64, limit int) (any, error)
	Card(ctx context.Context, ref string) (any, error)
	IssueCard(ctx context.Context, decode func(dest any) error) (any, error)
	// AdjustCard puts an amount on a card, or takes one off: "-5.00 EUR".
	AdjustCard(ctx context.Context, ref, amount, note string) (any, error)
	SwitchCard(ctx context.Context, ref string, on bool) (any, error)
	ReplaceCard(ctx context.Context, ref, email string) (any, error)
	ExportCards(ctx context.Context, w io.Writer) error
	// CardLiability says what is owed to the holders until a moment, RFC 3339;
	// empty is now.
	CardLiability(ctx context.Context, until string) (any, error)
	CheckCards(ctx context.Context) (any, error)
	CardSettings(ctx context.Context) (any, error)
	SetCardSettings(ctx context.Context, decode func(dest any) error) (any, error)
}

func (a *API) adminGiftCardRoutes(admin *gin.RouterGroup) {
	admin.GET("/gift-cards", a.handle(a.adminCards))
	admin.POST("/gift-cards", a.handle(a.issueCard))
	admin.GET("/gift-card-report", a.handle(a.cardReport))
	admin.GET("/gift-cards.csv", a.handle(a.exportCards))
	admin.GET("/gift-card-settings", a.handle(a.cardSettings))
	admin.PUT("/gift-card-settings", a.handle(a.setCardSettings))
	admin.POST("/gift-card-check", a.handle(a.checkCards))
	admin.GET("/gift-cards/:card", a.handle(a.adminCard))
	admin.POST("/gift-cards/:card/adjust", a.handle(a.adjustCard))
	admin.POST("/gift-cards/:card/replace", a.handle(a.replaceCard))
	admin.POST("/gift-cards/:card/block", a.handle(func(c *gin.Context) error { return a.switchCard(c, false) }))
	admin.POST("/gift-cards/:card/unblock", a.handle(func(c *gin.Context) error { return a.switchCard(c, true) }))
}

// adminCards serves GET /v1/admin/gift-cards.
func (a *API) adminCards(c *gin.Context) error {
	before, limit := int64(0), 0
	for name, set := range map[string]func(int64){
		"before": func(n int64) { before = n }, "limit": func(n int64) { limit = int(min(n, 200)) },
	} {
		text := c.Query(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return errs.Field(name, "%q is not a number above zero.", text)
		}
		set(n)
	}
	v, err := a.CardDesk.FindCards(c.Request.Context(), c.Query("email"), before, limit)
	return answer(c, http.StatusOK, v, err)
}

// issueCard serves POST /v1/admin/gift-cards.
func (a *API) issueCard(c *gin.Context) error {
	v, err := a.CardDesk.IssueCard(c.Request.Context(), func(dest any) error { return decode(c, dest) })
	return answer(c, http.StatusCreated, v, err)
}

// adminCard serves GET /v1/admin/gift-cards/{card}.
func (a *API) adminCard(c *gin.Context) error {
	v, err := a.CardDesk.Card(c.Request.Context(), c.Param("card"))
	return answer(c, http.StatusOK, v, err)
}

type adjustRequest struct {
	Amount string `json:"amount"`
	Note   string `json:"note"`
}

// adjustCard serves POST /v1/admin/gift-cards/{card}/adjust.
func (a *API) adjustCard(c *gin.Context) error {
	var req adjustRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	v, err := a.CardDesk.AdjustCard(c.Request.Context(), c.Param("card"), req.Amount, req.Note)
	return answer(c, http.StatusOK, v, err)
}

type replaceRequest struct {
	Email string `json:"email"`
}

// replaceCard serves POST /v1/admin/gift-cards/{card}/replace.
func (a *API) replaceCard(c *gin.Context) error {
	var req replaceRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	v, err := a.CardDesk.ReplaceCard(c.Request.Context(), c.Param("card"), req.Email)
	return answer(c, http.StatusOK, v, err)
}

func (a *API) switchCard(c *gin.Context, on bool) error {
	v, err := a.CardDesk.SwitchCard(c.Request.Context(), c.Param("card"), on)
	return answer(c, http.StatusOK, v, err)
}

// exportCards serves GET /v1/admin/gift-cards.csv, as a stream.
func (a *API) exportCards(c *gin.Context) error {
	ctx := c.Request.Context()
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Content-Disposition", `attachment; filename="gift-cards.csv"`)
	c.Status(http.StatusOK)
	if err := a.CardDesk.ExportCards(ctx, c.Writer); err != nil {
		a.Log.ErrorContext(ctx, "export ended early", "error", err)
		if !c.Writer.Written() {
			return errs.New(errs.Unavailable, "The gift cards could not be read. Please try again.")
		}
	}
	return nil
}

// cardReport serves GET /v1/admin/gift-card-report.
func (a *API) cardReport(c *gin.Context) error {
	v, err := a.CardDesk.CardLiability(c.Request.Context(), c.Query("until"))
	return answer(c, http.StatusOK, v, err)
}

// checkCards serves POST /v1/admin/gift-card-check; it reads only, and much.
func (a *API) checkCards(c *gin.Context) error {
	v, err := a.CardDesk.CheckCards(c.Request.Context())
	return answer(c, http.StatusOK, v, err)
}

// cardSettings serves GET /v1/admin/gift-card-settings.
func (a *API) cardSettings(c *gin.Context) error {
	v, err := a.CardDesk.CardSettings(c.Request.Context())
	return answer(c, http.StatusOK, v, err)
}

// setCardSettings serves PUT /v1/admin/gift-card-settings.
func (a *API) setCardSettings(c *gin.Context) error {
	v, err := a.CardDesk.SetCardSettings(c.Request.Context(), func(dest any) error { return decode(c, dest) })
	return answer(c, http.StatusOK, v, err)
}
