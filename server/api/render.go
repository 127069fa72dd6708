package api

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/locale"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/shortcodes"
)

type fragmentView struct {
	HTML     string    `json:"html"`
	Revision string    `json:"revision"`
	Offer    *offerRef `json:"offer,omitempty"`
	// Page is where the offer's links lead: search engines shall know one
	// address of it.
	Page string `json:"page,omitempty"`
}

// renderOrderForm serves GET /v1/render/order_form to the plugin. A closed offer
// that names another one shows that.
func (a *API) renderOrderForm(c *gin.Context) error {
	ctx := c.Request.Context()
	offer, err := a.Offers.Offer(ctx, c.Query("offer"))
	if err != nil {
		return err
	}
	if offer, err = a.inPlaceOf(ctx, offer); err != nil {
		return err
	}
	v, err := a.orderForm(offer)
	if err != nil {
		return err
	}
	page, err := a.OfferPage(ctx, offer.Slug)
	if err != nil {
		return err
	}
	v.Instance, v.Layout = c.Query("instance"), c.Query("layout")
	var html bytes.Buffer
	if err := shortcodes.RenderOrderForm(&html, v); err != nil {
		return err
	}
	c.JSON(http.StatusOK, fragmentView{
		HTML: html.String(), Revision: strconv.FormatInt(offer.Revision, 10),
		Offer: &offerRef{ID: offer.ID, Slug: offer.Slug, Name: offer.Name}, Page: page,
	})
	return nil
}

func (a *API) orderForm(offer *catalog.Offer) (shortcodes.OrderForm, error) {
	l := a.Site.Locale()
	v := shortcodes.OrderForm{
		Lang:       langOf(l),
		Offer:      shortcodes.Offer{ID: offer.ID, Slug: offer.Slug, Name: offer.Name, Description: offer.Description},
		State:      shortcodes.State(offer.State(a.Now())),
		ClosedText: offer.ClosedText,
		Countries:  countries(l, offer.Form.Countries),
		Country:    offer.Form.Country, CouponField: string(offer.Form.CouponField), GiftCardField: string(offer.Form.GiftCardField),
		Gift: giftFields(l, offer),
		Texts: shortcodes.Texts{
			Headline: offer.Form.Headline, Continue: offer.Form.ContinueLabel, Pay: offer.Form.ButtonLabel,
			Free: offer.Form.FreeLabel, Terms: offer.Form.Terms, TermsURL: offer.Form.TermsURL, TermsLabel: offer.Form.TermsLabel,
		},
	}
	if !v.Open() {
		return v, nil
	}
	quote, err := catalog.NewQuote(offer, nil)
	if err != nil {
		return v, err
	}
	v.Quote = fragmentQuote(l, quote)
	return v, nil
}

// giftFields returns what the form asks of a gift card; nil when none is sold.
func giftFields(l *locale.Locale, o *catalog.Offer) *shortcodes.GiftFields {
	item := o.GiftItem()
	if item == nil {
		return nil
	}
	g, exponent := item.Product.GiftCard, o.Currency.Digits()
	v := &shortcodes.GiftFields{Fixed: !g.Chosen, Currency: string(o.Currency), Exponent: exponent, Amount: item.Unit().Major()}
	if g.Chosen {
		v.Minimum, v.MinimumText = g.Minimum.Major(), l.Money(g.Minimum)
		v.Maximum, v.MaximumText = g.Maximum.Major(), l.Money(g.Maximum)
		v.Step = money.New(1, o.Currency).Major()
	}
	return v
}

func fragmentQuote(l *locale.Locale, q catalog.Quote) shortcodes.Quote {
	v := shortcodes.Quote{Subtotal: l.Money(q.Subtotal), Total: l.Money(q.Total), Free: q.DueToday.IsZero()}
	if !q.Discount.IsZero() {
		v.Discount = l.Money(q.Discount)
	}
	for _, line := range q.Lines {
		v.Lines = append(v.Lines, shortcodes.Line{Name: line.Name, Quantity: int(line.Quantity), Total: l.Money(line.Subtotal)})
	}
	for _, t := range q.TaxLines {
		v.TaxLines = append(v.TaxLines, shortcodes.TaxLine{Name: t.Name, Rate: t.Rate, Amount: l.Money(t.Amount), Inclusive: t.Inclusive})
	}
	return v
}

func countries(l *locale.Locale, codes []string) []shortcodes.Country {
	if len(codes) == 0 {
		codes = catalog.Countries()
	}
	var list []shortcodes.Country
	for _, country := range l.Countries(codes) {
		list = append(list, shortcodes.Country{Code: country.Code, Name: country.Name, NoPostalCode: country.NoPostalCode})
	}
	return list
}

// renderThankYou serves GET /v1/render/thank_you to the plugin.
func (a *API) renderThankYou(c *gin.Context) error {
	var html bytes.Buffer
	err := shortcodes.RenderThankYou(&html, shortcodes.ThankYou{Lang: langOf(a.Site.Locale()), Instance: c.Query("instance")})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, fragmentView{HTML: html.String(), Revision: a.Version})
	return nil
}

func langOf(l *locale.Locale) shortcodes.Lang {
	return shortcodes.Lang{T: l.T, Locale: l.Tag(), RTL: l.RTL()}
}

// renderCoupon serves GET /v1/render/coupon to the plugin. With an offer its
// button leads to that offer's page.
func (a *API) renderCoupon(c *gin.Context) error {
	v := shortcodes.Coupon{Lang: langOf(a.Site.Locale()), Instance: c.Query("instance")}
	answer := fragmentView{Revision: a.Version}
	if slug := c.Query("offer"); slug != "" {
		offer, err := a.Offers.Offer(c.Request.Context(), slug)
		if err != nil {
			return err
		}
		if v.URL, err = a.OfferPage(c.Request.Context(), offer.Slug); err != nil {
			return err
		}
		answer.Offer, answer.Page = &offerRef{ID: offer.ID, Slug: offer.Slug, Name: offer.Name}, v.URL
	}
	var html bytes.Buffer
	if err := shortcodes.RenderCoupon(&html, v); err != nil {
		return err
	}
	answer.HTML = html.String()
	c.JSON(http.StatusOK, answer)
	return nil
}

// renderGiftCard serves GET /v1/render/gift_card to the plugin.
func (a *API) renderGiftCard(c *gin.Context) error {
	var html bytes.Buffer
	err := shortcodes.RenderGiftCard(&html, shortcodes.GiftCard{
		Lang: langOf(a.Site.Locale()), Instance: c.Query("instance"), Site: a.Site.Name(), SiteURL: a.Site.Home(),
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, fragmentView{HTML: html.String(), Revision: a.Version})
	return nil
}
