package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/locale"
)

// GiftCards is what the routes need of gift cards.
type GiftCards interface {
	// Balance returns the card of a code; errs.NotFound for one that is no
	// card's and for a blocked card alike.
	Balance(ctx context.Context, code string) (*giftcard.Card, error)
}

type cardCodeRequest struct {
	Code string `json:"code"`
}

// check refuses what cannot be a code before it is looked up.
func (r cardCodeRequest) check() error {
	switch {
	case len(r.Code) > 400:
		return errs.Field("gift_card", "This code is too long.")
	case coupon.Normalize(r.Code) == "":
		return errs.Field("gift_card", "Enter the code of the gift card.")
	}
	return nil
}

// applyGiftCard serves PUT /v1/checkouts/{id}/gift-card.
func (a *API) applyGiftCard(c *gin.Context) error {
	var req cardCodeRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	if err := req.check(); err != nil {
		return err
	}
	started := time.Now()
	found, err := a.Checkouts.ApplyCard(c.Request.Context(), c.Param("id"), header(c, headerCheckout), req.Code, address(c))
	if errs.Is(err, errs.Invalid) {
		a.Guard.Pad(c.Request.Context(), started)
	}
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, a.viewCheckout(a.Site.Locale(), found))
	return nil
}

type cardIDRequest struct {
	ID string `json:"id"`
}

// removeGiftCard serves DELETE /v1/checkouts/{id}/gift-card.
func (a *API) removeGiftCard(c *gin.Context) error {
	var req cardIDRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	found, err := a.Checkouts.RemoveCard(c.Request.Context(), c.Param("id"), header(c, headerCheckout), req.ID)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, a.viewCheckout(a.Site.Locale(), found))
	return nil
}

type balanceView struct {
	Code          string     `json:"code"` // its last characters
	Balance       amountView `json:"balance"`
	Issued        amountView `json:"issued"`
	ExpiresAt     *time.Time `json:"expires_at"`
	Expired       bool       `json:"expired"`
	Message       string     `json:"message"`
	RecipientName string     `json:"recipient_name"`
	Sender        string     `json:"sender"`
}

// giftCardBalance serves POST /v1/gift-cards/balance: the card, to whoever has
// its code. Codes cannot be guessed, and whoever tries is stopped.
func (a *API) giftCardBalance(c *gin.Context) error {
	var req cardCodeRequest
	if err := decode(c, &req); err != nil {
		return err
	}
	if err := req.check(); err != nil {
		return err
	}
	ctx, seeker, started := c.Request.Context(), coupon.Seeker{Address: address(c)}, time.Now()
	if err := a.Guard.Allow(ctx, seeker); err != nil {
		return err
	}
	card, err := a.GiftCards.Balance(ctx, req.Code)
	if errs.Is(err, errs.NotFound) {
		if counted := a.Guard.Refused(ctx, seeker, 1); counted != nil {
			return counted
		}
		a.Guard.Pad(ctx, started)
	}
	if err != nil {
		return err
	}
	a.Guard.Accepted()
	l := a.Site.Locale()
	c.JSON(http.StatusOK, balanceView{
		Code: card.Mask, Balance: viewAmount(l, card.Balance), Issued: viewAmount(l, card.Issued), ExpiresAt: card.ExpiresAt,
		Expired: card.HasExpired(a.Now()), Message: card.Gift.Message, RecipientName: card.Gift.RecipientName, Sender: card.Gift.Sender,
	})
	return nil
}

type giftCardView struct {
	ID     string     `json:"id"`
	Code   string     `json:"code"` // its last characters
	Amount amountView `json:"amount"`
	Left   amountView `json:"left"`
	// Message says why a card that the checkout carries pays nothing.
	Message string `json:"message"`
}

// giftInput is what a buyer says of the gift cards that are bought.
type giftInput struct {
	Amount         int64  `json:"amount"`
	RecipientName  string `json:"recipient_name"`
	RecipientEmail string `json:"recipient_email"`
	Sender         string `json:"sender"`
	Message        string `json:"message"`
	DeliverOn      string `json:"deliver_on"`
}

// gift returns nil for nil.
func (g *giftInput) gift() *giftcard.Gift {
	if g == nil {
		return nil
	}
	gift := giftcard.Gift(*g)
	return &gift
}

// viewGift returns nil for nil.
func viewGift(g *giftcard.Gift) *giftInput {
	if g == nil {
		return nil
	}
	v := giftInput(*g)
	return &v
}

// boughtCardView is a gift card that an order bought, for its buyer: never with
// its code, which only the recipient is sent.
type boughtCardView struct {
	Mask           string     `json:"mask"`
	Amount         amountView `json:"amount"`
	RecipientName  string     `json:"recipient_name"`
	RecipientEmail string     `json:"recipient_email"`
	ToBuyer        bool       `json:"to_buyer"`
	DeliverOn      string     `json:"deliver_on"` // a day as people read it; "" when it is sent at once
	Sent           bool       `json:"sent"`
}

func (a *API) viewBoughtCard(l *locale.Locale, buyer string, card *giftcard.Card) boughtCardView {
	v := boughtCardView{
		Mask: card.Mask, Amount: viewAmount(l, card.Issued), RecipientName: card.Gift.RecipientName,
		RecipientEmail: card.Gift.RecipientEmail, ToBuyer: card.Gift.RecipientEmail == buyer, Sent: card.DeliveredAt != nil,
	}
	if card.DeliverAt != nil && card.DeliverAt.After(a.Now()) {
		v.DeliverOn = l.Date(*card.DeliverAt, a.Site.TimeZone())
	}
	return v
}

// cardWords says for its holder why a card pays nothing.
func cardWords(l *locale.Locale, problem string) string {
	if problem == "" {
		return ""
	}
	e := checkout.ErrCard(problem)
	return l.T(e.Text, e.Args...)
}
