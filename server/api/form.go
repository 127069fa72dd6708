package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
)

type formView struct {
	Offer    offerRef      `json:"offer"`
	State    catalog.State `json:"state"`
	OpensAt  *time.Time    `json:"opens_at"`
	ClosesAt *time.Time    `json:"closes_at"`
	Closed   closedView    `json:"closed"`
	Revision int64         `json:"revision"`
	Quote    *quoteView    `json:"quote"`
	Gateways []GatewayView `json:"gateways"`
	Payable  bool          `json:"payable"`
	Message  string        `json:"message,omitempty"`
}

type offerRef struct {
	ID   int64  `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

type closedView struct {
	Text  string `json:"text"`
	Offer string `json:"offer"`
}

// form serves GET /v1/forms/{offer}: what of a form changes while its page is
// cached.
func (a *API) form(c *gin.Context) error {
	token, err := a.formToken(c, header(c, headerForm))
	if err != nil {
		return err
	}
	offer, err := a.Offers.Offer(c.Request.Context(), c.Param("offer"))
	if err != nil {
		return err
	}
	if err := mayUse(offer, token.Offer, token.IssuedAt); err != nil {
		return err
	}
	l := a.Site.Locale()
	v := formView{
		Offer: offerRef{ID: offer.ID, Slug: offer.Slug, Name: offer.Name}, State: offer.State(a.Now()),
		OpensAt: offer.OpensAt, ClosesAt: offer.ClosesAt, Revision: offer.Revision,
		Closed:   closedView{Text: offer.ClosedText, Offer: offer.ClosedOffer},
		Gateways: a.Gateways.Forms(c.Request.Context()),
	}
	if v.State == catalog.StateOpen {
		quote, err := catalog.NewQuote(offer, nil)
		if err != nil {
			return err
		}
		v.Quote = viewQuote(l, quote)
		v.Payable = len(v.Gateways) > 0 || quote.DueToday.IsZero()
	}
	if v.State == catalog.StateOpen && !v.Payable {
		v.Message = l.T("Paying is not possible at the moment. Please try again later or contact us.")
	}
	if v.Gateways == nil {
		v.Gateways = []GatewayView{}
	}
	c.JSON(http.StatusOK, v)
	return nil
}

// mayUse refuses tokens of another offer and those that the owner revoked.
func mayUse(offer *catalog.Offer, slug string, issued time.Time) error {
	if slug != offer.Slug {
		return errs.New(errs.Forbidden, "This form does not sell that offer.")
	}
	if !offer.FormTokenValid(issued) {
		return errs.New(errs.Unauthorized, "This page is too old. Please reload it.")
	}
	return nil
}

type quoteRequest struct {
	FormToken string        `json:"form_token"`
	Items     []itemRequest `json:"items"`
}

type itemRequest struct {
	Price    string `json:"price"`
	Quantity int64  `json:"quantity"`
}

const maxItems = 100

// quote serves POST /v1/quotes: totals before the buyer is known.
func (a *API) quote(c *gin.Context) error {
	var req quoteRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	if len(req.Items) > maxItems {
		return errs.Field("items", "There are too many items.")
	}
	token, err := a.formToken(c, req.FormToken)
	if err != nil {
		return err
	}
	offer, err := a.Offers.Offer(c.Request.Context(), token.Offer)
	if err != nil {
		return err
	}
	if err := mayUse(offer, token.Offer, token.IssuedAt); err != nil {
		return err
	}
	if offer.State(a.Now()) != catalog.StateOpen {
		return errs.New(errs.Gone, "This offer has closed.")
	}
	items := make([]catalog.Item, len(req.Items))
	for i, item := range req.Items {
		items[i] = catalog.Item(item)
	}
	quote, err := catalog.NewQuote(offer, items)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, viewQuote(a.Site.Locale(), quote))
	return nil
}
