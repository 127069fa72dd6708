// Package api serves HTTP: it decodes, calls the domain, and encodes. It holds
// no rule of its own but who may call what.
package api

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/locale"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/wpbridge"
)

// Offers is what the routes need of the catalogue.
type Offers interface {
	Offer(ctx context.Context, slug string) (*catalog.Offer, error)
	OfferByID(ctx context.Context, id int64) (*catalog.Offer, error)
	// Recent returns an offer as it was at most a second ago.
	Recent(ctx context.Context, slug string) (*catalog.Offer, error)
}

// Checkouts is what the routes need of checkouts.
type Checkouts interface {
	Start(ctx context.Context, r checkout.StartRequest) (*checkout.Found, string, error)
	Checkout(ctx context.Context, publicID, token string) (*checkout.Found, error)
	Update(ctx context.Context, publicID, token string, change checkout.Change) (*checkout.Found, error)
	Pay(ctx context.Context, publicID, token string, r checkout.PayRequest) (*checkout.Answer, error)
	SoldOut(ctx context.Context, o *catalog.Offer) (bool, error)
	JoinWaitList(ctx context.Context, o *catalog.Offer, email, firstName string) error
	ApplyCode(ctx context.Context, publicID, token, code string, from netip.Addr) (*checkout.Found, error)
	RemoveCode(ctx context.Context, publicID, token, code string) (*checkout.Found, error)
	ApplyCard(ctx context.Context, publicID, token, code string, from netip.Addr) (*checkout.Found, error)
	RemoveCard(ctx context.Context, publicID, token, card string) (*checkout.Found, error)
	Sync(ctx context.Context, publicID, token string, patience time.Duration) (*checkout.Answer, error)
	// OwnsOrder returns errs.NotFound unless the token is that of the checkout
	// which led to the order.
	OwnsOrder(ctx context.Context, checkoutID int64, token string) error
}

// Coupons is what the routes need of coupons.
type Coupons interface {
	Quote(ctx context.Context, r coupon.QuoteRequest) (*coupon.Quoted, error)
	Show(ctx context.Context, r coupon.ShowRequest) ([]coupon.Shown, error)
}

// Guard is what the routes need against the guessing of codes.
type Guard interface {
	Allow(ctx context.Context, s coupon.Seeker) error
	Refused(ctx context.Context, s coupon.Seeker, n int) error
	Accepted()
	// Pad waits until a refusal may be answered.
	Pad(ctx context.Context, started time.Time)
}

// Orders is what the routes need of orders.
type Orders interface {
	OrderByPublicID(ctx context.Context, publicID string) (*order.Order, error)
	Credentials(ctx context.Context, o *order.Order, own string) (*order.Credentials, error)
	// GiftCards lists the gift cards that an order bought.
	GiftCards(ctx context.Context, orderID int64) ([]giftcard.Card, error)
}

// Site is what the routes need to know of the WordPress site. Its answers may
// change while we run.
type Site interface {
	Ready() bool
	Home() string
	// Name is the site's name as people read it.
	Name() string
	Locale() *locale.Locale
	TimeZone() *time.Location
	LoginURL() string
	Verifier() *wpbridge.Verifier
	// ReloadKeys reads the keys again, at most every ten seconds.
	ReloadKeys(ctx context.Context) error
	// Person returns e-mail and names of a WordPress user.
	Person(ctx context.Context, userID int64) (email, first, last string, err error)
	// UserLogin returns the name with which a user logs in.
	UserLogin(ctx context.Context, userID int64) (string, error)
}

// GatewayView is a gateway as an order form needs it.
type GatewayView struct {
	Name           string `json:"name"`
	PublishableKey string `json:"publishable_key"`
	ScriptURL      string `json:"script_url"`
	APIVersion     string `json:"api_version"`
	Locale         string `json:"locale"`
	// Units is how many of the provider's units one of our minor units is: 1,
	// but for a few currencies.
	Units float64 `json:"units"`
}

// Gateways is what the routes need of payment providers.
type Gateways interface {
	// Forms returns the gateways that may be used now; none when this is a
	// copy of the site, or when nothing is set up.
	Forms(ctx context.Context, currency money.Currency) []GatewayView
	// Webhook takes a provider's call into the inbox. Unsigned, stale and
	// foreign ones are errs.Unauthorized.
	Webhook(ctx context.Context, gateway string, body []byte, h http.Header) error
}

// Admin is what wp-admin asks for; its values are encoded as they are.
type Admin interface {
	Status(ctx context.Context) (any, error)
	SaveStripe(ctx context.Context, secretKey, publishableKey string) (any, error)
	DecideFence(ctx context.Context, decision string) error
}

// Options sets an API up.
type Options struct {
	Offers    Offers
	Checkouts Checkouts
	Coupons   Coupons
	Guard     Guard
	Orders    Orders
	Site      Site
	Gateways  Gateways
	Admin     Admin
	Desk      CouponDesk
	Links     Links
	Hooks     Hooks

	OperationDesk OperationDesk
	CampaignDesk  CampaignDesk
	OfferDesk     OfferDesk
	GiftCards     GiftCards
	CardDesk      CardDesk
	// OfferPage returns the page to which an offer's links lead.
	OfferPage func(ctx context.Context, slug string) (string, error)
	// Selling returns why nothing is sold now, or nil.
	Selling func() error
	// TakeJTI stores a token's id and reports whether it was new.
	TakeJTI func(ctx context.Context, jti [16]byte, exp int64) (bool, error)
	Log     *slog.Logger
	Now     func() time.Time
	Version string
}

// API serves the routes that openapi.yaml describes.
type API struct{ Options }

// New returns the handler of the public listener.
func New(o Options) http.Handler {
	a := &API{o}
	r := gin.New()
	r.HandleMethodNotAllowed = true
	_ = r.SetTrustedProxies(trustedProxies) // fails only for a list that does not parse
	r.Use(a.recover(), a.tag)
	r.NoRoute(a.handle(func(*gin.Context) error { return errNoRoute() }))
	r.NoMethod(a.handle(func(*gin.Context) error { return errNoRoute() }))

	r.GET("/v1/ping", a.handle(a.ping))
	hooks := r.Group("/v1/webhooks", a.readBody(webhookLimit), a.needSite)
	hooks.POST("/:gateway", a.handle(a.webhook))
	sent := r.Group("/v1", a.readBody(hookLimit), a.needSite, a.relayed)
	sent.POST("/hooks/operations/:id/:secret", a.handle(a.operationHook))
	sent.GET("/hooks/operations/:id/:secret", a.handle(a.hookIsThere))
	sent.POST("/webhooks/crm/:connection/:secret", a.handle(a.crmHook))
	sent.GET("/webhooks/crm/:connection/:secret", a.handle(a.hookIsThere))

	browser := r.Group("/v1", a.readBody(bodyLimit), a.needSite, a.relayed)
	browser.GET("/forms/:offer", a.handle(a.form))
	browser.POST("/quotes", a.handle(a.quote))
	browser.POST("/checkouts", a.handle(a.startCheckout))
	browser.GET("/checkouts/:id", a.handle(a.showCheckout))
	browser.PATCH("/checkouts/:id", a.handle(a.updateCheckout))
	browser.POST("/checkouts/:id/pay", a.handle(a.pay))
	browser.POST("/checkouts/:id/sync", a.handle(a.sync))
	browser.POST("/links", a.handle(a.openLink))
	browser.POST("/wait-list", a.handle(a.waitList))
	browser.POST("/coupons/show", a.handle(a.showCoupons))
	browser.PUT("/checkouts/:id/coupon", a.handle(a.applyCoupon))
	browser.DELETE("/checkouts/:id/coupon", a.handle(a.removeCoupon))
	browser.PUT("/checkouts/:id/gift-card", a.handle(a.applyGiftCard))
	browser.DELETE("/checkouts/:id/gift-card", a.handle(a.removeGiftCard))
	browser.POST("/gift-cards/balance", a.handle(a.giftCardBalance))
	browser.GET("/orders/:id", a.handle(a.receipt))
	browser.POST("/orders/:id/credentials", a.handle(a.credentials))
	browser.GET("/me", a.handle(a.me))

	render := r.Group("/v1/render", a.readBody(bodyLimit), a.needSite, a.called(wpbridge.ScopeRender))
	render.GET("/order_form", a.handle(a.renderOrderForm))
	render.GET("/thank_you", a.handle(a.renderThankYou))
	render.GET("/coupon", a.handle(a.renderCoupon))
	render.GET("/gift_card", a.handle(a.renderGiftCard))

	admin := r.Group("/v1/admin", a.readBody(bodyLimit), a.needSite, a.called(wpbridge.ScopeAdmin))
	admin.GET("/status", a.handle(a.adminStatus))
	admin.PUT("/gateways/stripe", a.handle(a.saveStripe))
	admin.POST("/fence", a.handle(a.decideFence))
	a.adminCouponRoutes(admin)
	a.adminOperationRoutes(admin)
	a.adminCampaignRoutes(admin)
	a.adminOfferRoutes(admin)
	a.adminGiftCardRoutes(admin)
	return r
}

// tag gives each request an id for the log, and tells caches to keep away.
func (a *API) tag(c *gin.Context) {
	c.Set(requestIDKey, rand.Text())
	c.Header("Cache-Control", "no-store")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Next()
}

// recover answers 500 when a handler panics, and logs where.
func (a *API) recover() gin.HandlerFunc {
	return gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, p any) {
		a.Log.ErrorContext(c.Request.Context(), "panic", slog.String("route", c.FullPath()), slog.Any("panic", p))
		c.AbortWithStatusJSON(http.StatusInternalServerError, errorBody{
			Code: "internal", Message: "Something went wrong. Please try again.",
		})
	})
}

// ping says who we are: the plugin looks at it through every way in.
func (a *API) ping(c *gin.Context) error {
	answer := struct {
		Tillside string `json:"tillside"`
		Home     string `json:"home"`
	}{Tillside: a.Version}
	if a.Site.Ready() {
		answer.Home = a.Site.Home()
	}
	c.JSON(http.StatusOK, answer)
	return nil
}

func (a *API) webhook(c *gin.Context) error {
	if err := a.Gateways.Webhook(c.Request.Context(), c.Param("gateway"), body(c), c.Request.Header); err != nil {
		return err
	}
	c.JSON(http.StatusOK, struct {
		Received bool `json:"received"`
	}{true})
	return nil
}

func numberText(n int64) string { return strconv.FormatInt(n, 10) }

// header returns a header's value without white space around it.
func header(c *gin.Context, name string) string { return strings.TrimSpace(c.GetHeader(name)) }
