package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/wpbridge"
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
	offer, sold, err := a.offerOf(c.Request.Context(), token)
	if err != nil {
		return err
	}
	switch c.Param("offer") {
	case offer.Slug:
	case sold.Slug:
		offer = sold
	default:
		return errs.New(errs.Forbidden, "This form does not sell that offer.")
	}
	l := a.Site.Locale()
	v := formView{
		Offer:   offerRef{ID: offer.ID, Slug: offer.Slug, Name: offer.Name},
		OpensAt: offer.OpensAt, ClosesAt: offer.ClosesAt, Revision: offer.Revision,
		Closed:   closedView{Text: offer.ClosedText, Offer: offer.ClosedOffer},
		Gateways: a.Gateways.Forms(c.Request.Context(), offer.Currency),
	}
	if v.State, err = a.stateOf(c.Request.Context(), offer); err != nil {
		return err
	}
	if v.State == catalog.StateOpen {
		quoted, err := a.Coupons.Quote(c.Request.Context(), coupon.QuoteRequest{Offer: offer, Wishes: wishes(token, nil)})
		if err != nil {
			return err
		}
		v.Quote = a.viewQuote(l, quoted)
		v.Payable = a.Selling() == nil && (len(v.Gateways) > 0 || quoted.Quote.DueToday.IsZero())
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

// stateOf returns whether an offer can be bought now.
func (a *API) stateOf(ctx context.Context, offer *catalog.Offer) (catalog.State, error) {
	state := offer.State(a.Now())
	if state != catalog.StateOpen {
		return state, nil
	}
	full, err := a.Checkouts.SoldOut(ctx, offer)
	if full {
		state = catalog.StateFull
	}
	return state, err
}

type waitRequest struct {
	FormToken string `json:"form_token"`
	Email     string `json:"email"`
	FirstName string `json:"first_name"`
}

// waitList serves POST /v1/wait-list: somebody wants to be told of a free seat.
func (a *API) waitList(c *gin.Context) error {
	var req waitRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	token, err := a.formToken(c, req.FormToken)
	if err != nil {
		return err
	}
	_, offer, err := a.offerOf(c.Request.Context(), token)
	if err != nil {
		return err
	}
	if err := a.Checkouts.JoinWaitList(c.Request.Context(), offer, req.Email, req.FirstName); err != nil {
		return err
	}
	c.JSON(http.StatusAccepted, struct {
		Waiting bool `json:"waiting"`
	}{true})
	return nil
}

// offerOf returns the offer of a form token, and the one that its form sells
// now: the same, or the one that takes its place once it has closed. A token
// that the owner revoked is errs.Unauthorized.
func (a *API) offerOf(ctx context.Context, token wpbridge.Form) (offer, sold *catalog.Offer, err error) {
	return a.offerBy(ctx, token, a.Offers.Offer)
}

// offerBy does so with offers as look finds them.
func (a *API) offerBy(ctx context.Context, token wpbridge.Form, look func(context.Context, string) (*catalog.Offer, error)) (offer, sold *catalog.Offer, err error) {
	offer, err = look(ctx, token.Offer)
	if err != nil {
		return nil, nil, err
	}
	if !offer.FormTokenValid(token.IssuedAt) {
		return nil, nil, errs.New(errs.Unauthorized, "This page is too old. Please reload it.")
	}
	sold, err = a.inPlaceOf(ctx, offer)
	return offer, sold, err
}

// inPlaceOf returns the offer that takes the place of a closed one; the offer
// itself when it is open or names no other.
func (a *API) inPlaceOf(ctx context.Context, offer *catalog.Offer) (*catalog.Offer, error) {
	if offer.State(a.Now()) != catalog.StateClosed || offer.ClosedOffer == "" {
		return offer, nil
	}
	next, err := a.Offers.Offer(ctx, offer.ClosedOffer)
	if errs.Is(err, errs.NotFound) {
		return offer, nil
	}
	return next, err
}

type quoteRequest struct {
	FormToken string        `json:"form_token"`
	Items     []itemRequest `json:"items"`
	Coupons   []string      `json:"coupons"`
	Link      string        `json:"link"`
	Gift      *giftInput    `json:"gift"`
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
	if err := checkCodes(req.Coupons); err != nil {
		return err
	}
	token, err := a.formToken(c, req.FormToken)
	if err != nil {
		return err
	}
	_, offer, err := a.offerBy(c.Request.Context(), token, a.Offers.Recent)
	if err != nil {
		return err
	}
	if offer.State(a.Now()) != catalog.StateOpen {
		return errs.New(errs.Gone, "This offer has closed.")
	}
	quoted, err := a.quoted(c, offer, token, &req)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, a.viewQuote(a.Site.Locale(), quoted))
	return nil
}

func (a *API) quoted(c *gin.Context, offer *catalog.Offer, token wpbridge.Form, req *quoteRequest) (*coupon.Quoted, error) {
	user, err := a.sessionUser(c)
	if err != nil {
		return nil, err
	}
	items := make([]catalog.Item, len(req.Items))
	for i, item := range req.Items {
		items[i] = catalog.Item(item)
	}
	if req.Gift != nil {
		if offer, err = offer.WithGiftAmount(req.Gift.Amount); err != nil {
			return nil, err
		}
	}
	codes, link, err := a.brought(c, token, req.Coupons, req.Link)
	if err != nil {
		return nil, err
	}
	return a.guarded(c, coupon.QuoteRequest{
		Offer: offer, Items: items, Wishes: codes, Person: coupon.Person{UserID: user, LinkContactID: link.ContactID},
	})
}
