package api

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/locale"
	"github.com/tillside/tillside/wpbridge"
)

const maxCodes = 10 // in one request

type codeRequest struct {
	Code string `json:"code"`
}

// applyCoupon serves PUT /v1/checkouts/{id}/coupon.
func (a *API) applyCoupon(c *gin.Context) error {
	var req codeRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	if err := checkCodes([]string{req.Code}); err != nil {
		return err
	}
	if coupon.Normalize(req.Code) == "" {
		return errs.Field("coupon", "Enter a coupon code.")
	}
	started := time.Now()
	found, err := a.Checkouts.ApplyCode(c.Request.Context(), c.Param("id"), header(c, headerCheckout), req.Code, address(c))
	if e, isCode := errors.AsType[*checkout.ErrCode](err); isCode {
		a.Guard.Pad(c.Request.Context(), started)
		return a.refusal(&e.Notice)
	}
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, a.viewCheckout(a.Site.Locale(), found))
	return nil
}

// removeCoupon serves DELETE /v1/checkouts/{id}/coupon.
func (a *API) removeCoupon(c *gin.Context) error {
	var req codeRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	if err := checkCodes([]string{req.Code}); err != nil {
		return err
	}
	found, err := a.Checkouts.RemoveCode(c.Request.Context(), c.Param("id"), header(c, headerCheckout), req.Code)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, a.viewCheckout(a.Site.Locale(), found))
	return nil
}

// checkCodes refuses more or longer codes than there are.
func checkCodes(codes []string) error {
	if len(codes) > maxCodes {
		return errs.Field("coupons", "There are too many codes.")
	}
	for _, code := range codes {
		if len(code) > 400 {
			return errs.Field("coupon", "This code is too long.")
		}
	}
	return nil
}

// guarded quotes with codes that a browser brings before it has a checkout. What
// is refused among them is counted, and takes the same time whatever is wrong.
func (a *API) guarded(c *gin.Context, r coupon.QuoteRequest) (*coupon.Quoted, error) {
	typed := slices.ContainsFunc(r.Wishes, func(w coupon.Wish) bool { return w.Source == coupon.SourceTyped })
	ctx := c.Request.Context()
	if !typed {
		return a.Coupons.Quote(ctx, r)
	}
	seeker, started := coupon.Seeker{Address: address(c)}, time.Now()
	if err := a.Guard.Allow(ctx, seeker); err != nil {
		return nil, err
	}
	quoted, err := a.Coupons.Quote(ctx, r)
	if err != nil {
		return nil, err
	}
	n := coupon.RefusedIn(quoted.Notices)
	if n == 0 {
		a.Guard.Accepted()
		return quoted, nil
	}
	err = a.Guard.Refused(ctx, seeker, n)
	a.Guard.Pad(ctx, started)
	return quoted, err
}

// wishes are the codes that a browser brings: what the page's author fixed, what
// its buyer typed or followed a link for.
func wishes(form wpbridge.Form, codes []string) []coupon.Wish {
	var list []coupon.Wish
	for _, code := range codes {
		list = append(list, coupon.Wish{Text: code, Source: coupon.SourceTyped})
	}
	if form.Coupon != "" {
		list = append(list, coupon.Wish{Text: form.Coupon, Source: coupon.SourceForm})
	}
	return list
}

// refusal is the answer to a code that does not apply.
func (a *API) refusal(n *coupon.Notice) error { return a.noticeWords(a.Site.Locale(), n) }

func (a *API) noticeText(l *locale.Locale, n *coupon.Notice) string {
	e := a.noticeWords(l, n)
	return l.T(e.Text, e.Args...)
}

// publicReason is the reason as far as it may be told.
func publicReason(n *coupon.Notice) coupon.Reason {
	if n.Plain {
		return n.Reason
	}
	return coupon.ReasonRefused
}

// noticeWords says for its buyer why a code does not apply. A code that was
// typed gets one sentence, whatever is wrong with it: whoever guesses learns
// nothing.
func (a *API) noticeWords(l *locale.Locale, n *coupon.Notice) *errs.Error {
	const field = "coupon"
	switch reason := publicReason(n); {
	case reason == coupon.ReasonExpired && n.At != nil:
		return errs.Field(field, "The coupon %s expired on %s.", n.Code, l.DateTime(*n.At, a.Site.TimeZone()))
	case reason == coupon.ReasonExpired:
		return errs.Field(field, "The coupon %s has expired.", n.Code)
	case reason == coupon.ReasonUsed:
		return errs.Field(field, "The coupon %s was used already.", n.Code)
	case reason == coupon.ReasonLimited:
		return errs.Field(field, "The coupon %s has been used up.", n.Code)
	case reason == coupon.ReasonNotYet:
		return errs.Field(field, "The coupon %s cannot be used yet.", n.Code)
	case reason == coupon.ReasonPerson:
		return errs.Field(field, "The coupon %s was made for one person. Use the e-mail address that got it, or log in.", n.Code)
	case reason == coupon.ReasonReplaced:
		return errs.Field(field, "Another coupon gives you more, so %s was not used.", n.Code)
	case reason == coupon.ReasonChanged:
		return errs.Field(field, "The coupon %s was changed a moment ago. Please enter it again.", n.Code)
	case n.Plain:
		return errs.Field(field, "The coupon %s cannot be used for this order.", n.Code)
	}
	return errs.Field(field, "This code cannot be used for this order.")
}
