package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/wpbridge"
)

// Links is what the routes need of magic links.
type Links interface {
	// Open returns what a token stands for; errs.NotFound for an unknown and a
	// revoked one alike, errs.Gone for one that has expired.
	Open(ctx context.Context, token string) (*coupon.Link, error)
	// Contact returns the contact whom a link was made for.
	Contact(ctx context.Context, id int64) (*contact.Contact, error)
}

type linkRequest struct {
	FormToken string `json:"form_token"`
	Token     string `json:"token"`
}

type linkView struct {
	Coupons   []string     `json:"coupons"`
	Contact   *contactView `json:"contact"`
	ExpiresAt *time.Time   `json:"expires_at"`
	Message   string       `json:"message"`
}

// openLink serves POST /v1/links: what a magic link carries. It changes nothing;
// a link that has ended is an answer, not an error: the form stays usable.
func (a *API) openLink(c *gin.Context) error {
	var req linkRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	if _, err := a.formToken(c, req.FormToken); err != nil {
		return err
	}
	l, err := a.followed(c, req.Token)
	v := linkView{Coupons: []string{}}
	if e, ended := errors.AsType[*errs.Error](err); ended && (e.Code == errs.NotFound || e.Code == errs.Gone) {
		v.Message = a.Site.Locale().T(e.Text, e.Args...)
		c.JSON(http.StatusOK, v)
		return nil
	}
	if err != nil {
		return err
	}
	v.Coupons, v.ExpiresAt = append(v.Coupons, l.Codes...), l.ExpiresAt
	if l.ContactID != 0 {
		person, err := a.Links.Contact(c.Request.Context(), l.ContactID)
		if err != nil {
			return err
		}
		v.Contact = &contactView{Email: person.Email, FirstName: person.FirstName, LastName: person.LastName}
	}
	c.JSON(http.StatusOK, v)
	return nil
}

// followed opens the link of a token, under the guard against guessing.
func (a *API) followed(c *gin.Context, token string) (*coupon.Link, error) {
	ctx, seeker, started := c.Request.Context(), coupon.Seeker{Address: address(c)}, time.Now()
	if err := a.Guard.Allow(ctx, seeker); err != nil {
		return nil, err
	}
	l, err := a.Links.Open(ctx, token)
	if errs.Is(err, errs.NotFound) {
		if counted := a.Guard.Refused(ctx, seeker, 1); counted != nil {
			return nil, counted
		}
		a.Guard.Pad(ctx, started)
	}
	return l, err
}

// brought collects the codes that a browser brings: those of the page's author,
// of its magic link, and those that were typed or named in the address. A link
// that has ended brings nothing, and is no error.
func (a *API) brought(c *gin.Context, form wpbridge.Form, codes []string, token string) ([]coupon.Wish, *coupon.Link, error) {
	list := wishes(form, codes)
	if token == "" {
		return list, &coupon.Link{}, nil
	}
	l, err := a.followed(c, token)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Gone) {
		return list, &coupon.Link{}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, code := range l.Codes {
		list = append([]coupon.Wish{{Text: code, Source: coupon.SourceLink}}, list...)
	}
	return list, l, nil
}
