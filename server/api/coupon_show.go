package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/locale"
)

type showRequest struct {
	Coupons []string `json:"coupons"`
	Link    string   `json:"link"`
}

type shownView struct {
	Code      string     `json:"code"`
	Name      string     `json:"name"`
	Text      string     `json:"text"` // what it gives
	ExpiresAt *time.Time `json:"expires_at"`
	Usable    bool       `json:"usable"`
	Message   string     `json:"message"` // why it cannot be used
	URL       string     `json:"url"`     // where it can be used; "" when that is not one place
}

type shownListView struct {
	Coupons []shownView `json:"coupons"`
	Message string      `json:"message"` // why the link carries nothing any more
	Now     time.Time   `json:"now"`
}

// showCoupons serves POST /v1/coupons/show: what somebody's codes are worth, for
// a page without an order form. A member's own live codes come along.
func (a *API) showCoupons(c *gin.Context) error {
	var req showRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	if err := checkCodes(req.Coupons); err != nil {
		return err
	}
	user, err := a.sessionUser(c)
	if err != nil {
		return err
	}
	v := shownListView{Coupons: []shownView{}, Now: a.Now().UTC()}
	link := &coupon.Link{}
	if req.Link != "" {
		l, err := a.followed(c, req.Link)
		if e, ended := errors.AsType[*errs.Error](err); ended && (e.Code == errs.NotFound || e.Code == errs.Gone) {
			v.Message = a.Site.Locale().T(e.Text, e.Args...)
		} else if err != nil {
			return err
		} else {
			link = l
		}
	}
	shown, err := a.shown(c, req.Coupons, link, user)
	if err != nil {
		return err
	}
	for i := range shown {
		one, err := a.viewShown(c.Request.Context(), &shown[i], link)
		if err != nil {
			return err
		}
		v.Coupons = append(v.Coupons, one)
	}
	c.JSON(http.StatusOK, v)
	return nil
}

// shown asks for codes under the guard against guessing.
func (a *API) shown(c *gin.Context, codes []string, link *coupon.Link, user int64) ([]coupon.Shown, error) {
	ctx, seeker, started := c.Request.Context(), coupon.Seeker{Address: address(c)}, time.Now()
	var list []coupon.Wish
	for _, code := range link.Codes {
		list = append(list, coupon.Wish{Text: code, Source: coupon.SourceLink})
	}
	for _, code := range codes {
		list = append(list, coupon.Wish{Text: code, Source: coupon.SourceTyped})
	}
	if len(codes) > 0 {
		if err := a.Guard.Allow(ctx, seeker); err != nil {
			return nil, err
		}
	}
	shown, err := a.Coupons.Show(ctx, coupon.ShowRequest{Wishes: list, UserID: user})
	if err != nil || len(codes) == 0 {
		return shown, err
	}
	var refusals []coupon.Notice
	for _, one := range shown {
		if one.Refusal != nil {
			refusals = append(refusals, *one.Refusal)
		}
	}
	n := coupon.RefusedIn(refusals)
	if n == 0 {
		a.Guard.Accepted()
		return shown, nil
	}
	err = a.Guard.Refused(ctx, seeker, n)
	a.Guard.Pad(ctx, started)
	return shown, err
}

// viewShown describes a code and names the page on which it can be used: that of
// the only offer it is for, else of the link by which it came.
func (a *API) viewShown(ctx context.Context, shown *coupon.Shown, link *coupon.Link) (shownView, error) {
	l := a.Site.Locale()
	v := shownView{Code: shown.Code, ExpiresAt: shown.ExpiresAt, Usable: shown.Refusal == nil}
	if shown.Refusal != nil {
		v.Message = l.T("This coupon cannot be used.")
		if shown.Refusal.Plain {
			v.Message = a.noticeText(l, shown.Refusal)
		}
	}
	if shown.Coupon == nil {
		return v, nil
	}
	v.Name = shown.Coupon.Name
	offer := link.Offer
	if only := shown.Coupon.Rules.Scope.Offers; len(only) == 1 {
		offer = only[0]
	}
	var err error
	if v.Text, err = a.worth(ctx, l, &shown.Coupon.Rules); err == nil && offer != "" && v.Usable {
		v.URL, err = a.OfferPage(ctx, offer)
	}
	return v, err
}

// worth says in a few words what a coupon gives.
func (a *API) worth(ctx context.Context, l *locale.Locale, r *coupon.Rules) (string, error) {
	amounts := make([]string, len(r.Discount.Amounts))
	for i, amount := range r.Discount.Amounts {
		amounts[i] = l.Money(amount)
	}
	sum := strings.Join(amounts, " / ")
	switch d := r.Discount; d.Kind {
	case coupon.DiscountPercent:
		if sum != "" {
			return l.T("%s %% off, at most %s", d.Percent.String(), sum), nil
		}
		return l.T("%s %% off", d.Percent.String()), nil
	case coupon.DiscountAmount:
		return l.T("%s off", sum), nil
	case coupon.DiscountPrice:
		return l.T("For %s", sum), nil
	case coupon.DiscountTrial:
		return l.N("%d day free", "%d days free", d.TrialDays, d.TrialDays), nil
	case coupon.DiscountSwitch:
		offer, err := a.Offers.Offer(ctx, d.Offer)
		if errs.Is(err, errs.NotFound) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return offer.Name, nil
	}
	return "", nil
}
