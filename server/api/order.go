package api

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/order"
)

// ownOrder returns an order to the bearer of its checkout's token.
func (a *API) ownOrder(c *gin.Context) (*order.Order, error) {
	ctx, id := c.Request.Context(), c.Param("id")
	if raw, err := hex.DecodeString(id); err != nil || len(raw) != 16 {
		return nil, errs.New(errs.NotFound, "This order cannot be shown here.")
	}
	o, err := a.Orders.OrderByPublicID(ctx, id)
	if err == nil {
		err = a.Checkouts.OwnsOrder(ctx, o.CheckoutID, header(c, headerCheckout))
	}
	if errs.Is(err, errs.NotFound) {
		return nil, errs.New(errs.NotFound, "This order cannot be shown here.")
	}
	return o, err
}

// receipt serves GET /v1/orders/{id}.
func (a *API) receipt(c *gin.Context) error {
	o, err := a.ownOrder(c)
	if err != nil {
		return err
	}
	access, err := a.viewAccess(c, o)
	if err != nil {
		return err
	}
	bought, err := a.Orders.GiftCards(c.Request.Context(), o.ID)
	if err != nil {
		return err
	}
	l := a.Site.Locale()
	v := receiptView{
		ID: o.PublicID, Number: o.NumberText(), Status: o.Status, CreatedAt: o.CreatedAt,
		CreatedText: l.DateTime(o.CreatedAt, a.Site.TimeZone()),
		Contact:     contactView{Email: o.Buyer.Email, FirstName: o.Buyer.FirstName, LastName: o.Buyer.LastName},
		Items:       make([]lineView, len(o.Terms.Items)), TaxLines: make([]taxLineView, len(o.Terms.TaxLines)),
		Subtotal: viewAmount(l, o.Terms.Subtotal), Discount: viewAmount(l, o.Terms.Discount),
		Total: viewAmount(l, o.Terms.Total), Refunded: viewAmount(l, o.Refunded),
		Tender: o.TenderText(l.T), Help: o.Terms.Help, Access: access, ThankYouURL: o.ThankYouURL,
		Coupons: make([]couponView, len(o.Terms.Coupons)), GiftCards: make([]giftCardView, len(o.Terms.GiftCards)),
		DueToday: viewAmount(l, o.Terms.Due()), Bought: make([]boughtCardView, len(bought)),
		Purchase: purchaseView{
			OrderID: o.NumberText(), OfferID: strconv.FormatInt(o.Terms.OfferID, 10),
			Price: o.Terms.Due().Major(), Currency: o.Terms.Total.Currency,
		},
	}
	for i, card := range o.Terms.GiftCards {
		v.GiftCards[i] = viewGiftCard(l, card)
	}
	for i := range bought {
		v.Bought[i] = a.viewBoughtCard(l, o.Buyer.Email, &bought[i])
	}
	for i, applied := range o.Terms.Coupons {
		v.Coupons[i] = viewCoupon(l, applied)
	}
	for i, item := range o.Terms.Items {
		v.Items[i] = lineView{
			Name: item.Name, Quantity: item.Quantity, Unit: viewAmount(l, item.Unit), Subtotal: viewAmount(l, item.Subtotal),
			Discount: viewAmount(l, item.Discount), Tax: viewAmount(l, item.Tax), Total: viewAmount(l, item.Total),
		}
	}
	for i, line := range o.Terms.TaxLines {
		v.TaxLines[i] = taxLineView{Name: line.Name, Rate: line.Rate, Amount: viewAmount(l, line.Amount), Inclusive: line.Inclusive}
	}
	c.JSON(http.StatusOK, v)
	return nil
}

func (a *API) viewAccess(c *gin.Context, o *order.Order) (accessView, error) {
	v := accessView{State: string(o.Access), Credentials: string(o.Credentials), StartURL: o.Terms.StartPage, LoginURL: a.Site.LoginURL()}
	if o.IsFree() {
		return accessView{State: "none", Credentials: string(order.CredentialsNone)}, nil
	}
	if o.Access == order.AccessPending {
		return v, nil
	}
	if o.Credentials == order.CredentialsAvailable && a.Now().Sub(o.CreatedAt) > time.Hour {
		v.Credentials = "expired"
	}
	if o.Access == order.AccessNew {
		login, err := a.Site.UserLogin(c.Request.Context(), o.UserID)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return v, err
		}
		v.UserLogin = login
	}
	return v, nil
}

type credentialsRequest struct {
	Password string `json:"password"`
}

type credentialsView struct {
	UserLogin string    `json:"user_login"`
	Password  string    `json:"password"`
	Login     loginView `json:"login"`
	StartURL  string    `json:"start_url"`
}

type loginView struct {
	URL    string            `json:"url"`
	Fields map[string]string `json:"fields"`
}

// credentials serves POST /v1/orders/{id}/credentials: the new buyer's way in,
// in this one answer only.
func (a *API) credentials(c *gin.Context) error {
	var req credentialsRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	o, err := a.ownOrder(c)
	if err != nil {
		return err
	}
	got, err := a.Orders.Credentials(c.Request.Context(), o, req.Password)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, credentialsView{
		UserLogin: got.UserLogin, Password: got.Password, StartURL: got.StartPage,
		Login: loginView{URL: got.LoginURL, Fields: got.LoginFields},
	})
	return nil
}
