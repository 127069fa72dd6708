package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/wpbridge"
)

type startRequest struct {
	FormToken string       `json:"form_token"`
	Contact   contactInput `json:"contact"`
	PageURL   string       `json:"page_url"`
	Referrer  string       `json:"referrer"`
	UTM       order.UTM    `json:"utm"`
	Partner   string       `json:"partner"`
	Coupons   []string     `json:"coupons"`
	Link      string       `json:"link"`
	Gift      *giftInput   `json:"gift"`
}

type contactInput struct {
	Email     *string `json:"email"`
	FirstName *string `json:"first_name"`
	LastName  *string `json:"last_name"`
}

type detailsInput struct {
	Country    *string `json:"country"`
	PostalCode *string `json:"postal_code"`
}

// startCheckout serves POST /v1/checkouts, step 1.
func (a *API) startCheckout(c *gin.Context) error {
	var req startRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	if err := checkCodes(req.Coupons); err != nil {
		return err
	}
	token, err := a.formToken(c, req.FormToken)
	if err != nil {
		return err
	}
	started := time.Now()
	found, secret, err := a.start(c, token, &req)
	if err != nil {
		return err
	}
	if coupon.RefusedIn(found.Quoted.Notices) > 0 {
		a.Guard.Pad(c.Request.Context(), started)
	}
	v := a.viewCheckout(a.Site.Locale(), found)
	v.Token = secret
	c.JSON(http.StatusCreated, v)
	return nil
}

func (a *API) start(c *gin.Context, token wpbridge.Form, req *startRequest) (*checkout.Found, string, error) {
	ctx := c.Request.Context()
	_, offer, err := a.offerOf(ctx, token)
	if err != nil {
		return nil, "", err
	}
	user, err := a.sessionUser(c)
	if err != nil {
		return nil, "", err
	}
	codes, link, err := a.brought(c, token, req.Coupons, req.Link)
	if err != nil {
		return nil, "", err
	}
	page := req.PageURL
	if page == "" {
		page = token.Page
	}
	return a.Checkouts.Start(ctx, checkout.StartRequest{
		Offer: offer.Slug, UserID: user, Locale: a.Site.Locale().Tag(),
		Email: value(req.Contact.Email), FirstName: value(req.Contact.FirstName), LastName: value(req.Contact.LastName),
		Origin: order.Origin{PageURL: page, Referrer: req.Referrer, UTM: req.UTM, Partner: req.Partner},
		Codes:  codes, LinkID: link.ID, LinkContactID: link.ContactID, Address: address(c), Gift: req.Gift.gift(),
	})
}

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// showCheckout serves GET /v1/checkouts/{id}.
func (a *API) showCheckout(c *gin.Context) error {
	found, err := a.Checkouts.Checkout(c.Request.Context(), c.Param("id"), header(c, headerCheckout))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, a.viewCheckout(a.Site.Locale(), found))
	return nil
}

type updateRequest struct {
	Version int64         `json:"version"`
	Contact *contactInput `json:"contact"`
	Details *detailsInput `json:"details"`
	Step    *int          `json:"step"`
	Gift    *giftInput    `json:"gift"`
}

type conflictView struct {
	errorBody
	Checkout *checkoutView `json:"checkout"`
}

// updateCheckout serves PATCH /v1/checkouts/{id}. A stale version is answered
// with the checkout as it is.
func (a *API) updateCheckout(c *gin.Context) error {
	var req updateRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	change := checkout.Change{Version: req.Version, Step: req.Step, Gift: req.Gift.gift()}
	if req.Contact != nil {
		change.Email, change.FirstName, change.LastName = req.Contact.Email, req.Contact.FirstName, req.Contact.LastName
	}
	if req.Details != nil {
		change.Country, change.PostalCode = req.Details.Country, req.Details.PostalCode
	}
	ctx, id, token := c.Request.Context(), c.Param("id"), header(c, headerCheckout)
	found, err := a.Checkouts.Update(ctx, id, token, change)
	l := a.Site.Locale()
	if errs.Is(err, errs.Conflict) {
		current, loadErr := a.Checkouts.Checkout(ctx, id, token)
		if loadErr != nil {
			return loadErr
		}
		e, v := errs.From(err), a.viewCheckout(l, current)
		c.JSON(http.StatusConflict, conflictView{errorBody{Code: e.Code, Message: l.T(e.Text, e.Args...)}, &v})
		return nil
	}
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, a.viewCheckout(l, found))
	return nil
}

type payRequest struct {
	Gateway       string       `json:"gateway"`
	Token         string       `json:"token"`
	ExpectedTotal money.Amount `json:"expected_total"`
}

// pay serves POST /v1/checkouts/{id}/pay.
func (a *API) pay(c *gin.Context) error {
	var req payRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	answer, err := a.Checkouts.Pay(c.Request.Context(), c.Param("id"), header(c, headerCheckout), checkout.PayRequest{
		Key: header(c, "Idempotency-Key"), Gateway: req.Gateway, Token: req.Token, Expected: req.ExpectedTotal,
		Patience: patience(c), Address: address(c),
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, a.viewAnswer(a.Site.Locale(), answer))
	return nil
}

// sync serves POST /v1/checkouts/{id}/sync.
func (a *API) sync(c *gin.Context) error {
	answer, err := a.Checkouts.Sync(c.Request.Context(), c.Param("id"), header(c, headerCheckout), patience(c))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, a.viewAnswer(a.Site.Locale(), answer))
	return nil
}

// me serves GET /v1/me: what a form may fill in for a member who is logged in.
func (a *API) me(c *gin.Context) error {
	user, err := a.sessionUser(c)
	if err != nil {
		return err
	}
	if user == 0 {
		return errs.New(errs.Unauthorized, "Please log in.")
	}
	var v contactView
	if v.Email, v.FirstName, v.LastName, err = a.Site.Person(c.Request.Context(), user); err != nil {
		return err
	}
	c.JSON(http.StatusOK, v)
	return nil
}
