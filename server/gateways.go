package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/tillside/tillside/server/api"
	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/config"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/server/payment"
	"github.com/tillside/tillside/server/payment/stripe"
)

const (
	settingStripe  = "gateway.stripe" // sealed stripeSettings
	webhookPath    = "/v1/webhooks/stripe"
	settingsMayAge = 15 * time.Second // another process may have saved new keys
)

// stripeSettings are what an admin saved, with the webhook endpoint made of it.
type stripeSettings struct {
	SecretKey      string `json:"secret_key"`
	PublishableKey string `json:"publishable_key"`
	WebhookID      string `json:"webhook_id,omitempty"`
	WebhookURL     string `json:"webhook_url,omitempty"`
	WebhookSecret  string `json:"webhook_secret,omitempty"`
}

// gateways are the payment providers as they are set up now.
type gateways struct {
	cfg   *config.Config
	db    *mysql.DB
	site  *site
	fence *fence
	log   *slog.Logger
	now   func() time.Time
	inbox *checkout.Service // set once it exists

	mu       sync.Mutex
	settings stripeSettings
	stripe   *stripe.Gateway // nil while nothing is set up
	sealed   string          // the setting that settings came from
	siteID   string          // of the site that they were read for
	read     time.Time
}

// load brings the gateways in line with the environment and the database, which
// another process may have changed.
func (g *gateways) load(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	siteID := g.fence.SiteID() // a copy, once declared one, has forgotten the keys
	if siteID == g.siteID && g.now().Sub(g.read) < settingsMayAge {
		return nil
	}
	sealed, err := g.db.Setting(ctx, settingStripe)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	g.siteID, g.read = siteID, g.now()
	if sealed == g.sealed && (g.stripe != nil || sealed == "" && g.cfg.StripeSecretKey == "") {
		return nil
	}
	var settings stripeSettings
	if sealed != "" {
		plain, err := g.site.Keys().Open(sealed, settingStripe)
		if err != nil {
			return fmt.Errorf("stored Stripe keys: %w", err)
		}
		if err := json.Unmarshal(plain, &settings); err != nil {
			return fmt.Errorf("stored Stripe keys: %w", err)
		}
	}
	if g.cfg.StripeSecretKey != "" && settings.SecretKey != g.cfg.StripeSecretKey {
		settings = stripeSettings{SecretKey: g.cfg.StripeSecretKey, PublishableKey: g.cfg.StripePublishableKey}
	}
	if settings.SecretKey == "" {
		g.stripe, g.settings, g.sealed = nil, settings, sealed
		return nil
	}
	gateway, err := g.open(settings.SecretKey)
	if err != nil {
		return err
	}
	g.stripe, g.settings, g.sealed = gateway, settings, sealed
	return nil
}

func (g *gateways) open(secretKey string) (*stripe.Gateway, error) {
	return stripe.New(stripe.Options{SecretKey: secretKey, BaseURL: g.cfg.StripeURL, Log: g.log, Now: g.now})
}

// Gateway is the payment.Lookup of the domain.
func (g *gateways) Gateway(name string) (payment.Gateway, error) {
	if err := g.fence.Selling(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := g.load(ctx); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if name != stripe.Name || g.stripe == nil {
		return nil, errs.New(errs.Unavailable, "This way to pay is not set up.")
	}
	return g.stripe, nil
}

// Forms implements api.Gateways.
func (g *gateways) Forms(ctx context.Context, currency money.Currency) []api.GatewayView {
	if _, err := g.Gateway(stripe.Name); err != nil {
		if !errs.Is(err, errs.Unavailable) {
			g.log.WarnContext(ctx, "gateway not usable", "error", err)
		}
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return []api.GatewayView{{
		Name: stripe.Name, PublishableKey: g.settings.PublishableKey, ScriptURL: g.cfg.StripeJSURL,
		APIVersion: stripe.APIVersion, Locale: g.site.Locale().StripeLocale(), Units: money.StripeUnits(currency),
	}}
}

// Webhook implements api.Gateways.
func (g *gateways) Webhook(ctx context.Context, gateway string, body []byte, h http.Header) error {
	if gateway != stripe.Name {
		return errs.New(errs.NotFound, "There is nothing at this address.")
	}
	if err := g.load(ctx); err != nil {
		return err
	}
	g.mu.Lock()
	secret, mode := g.settings.WebhookSecret, payment.Mode("")
	if g.stripe != nil {
		mode = g.stripe.Mode()
	}
	g.mu.Unlock()
	if secret == "" {
		return errs.New(errs.Unauthorized, "This webhook is not set up.")
	}
	event, err := stripe.VerifyWebhook(body, h.Get("Stripe-Signature"), []string{secret}, g.now())
	if err != nil {
		return err
	}
	if event.Mode != mode {
		return nil // signed, but of the other mode: not ours to act on
	}
	_, err = g.inbox.Receive(ctx, stripe.Name, event)
	return err
}

// hasWebhook reports whether events come to us by themselves: to this address,
// not to the one that the site had before it moved.
func (g *gateways) hasWebhook() bool {
	address := g.webhookURL()
	g.mu.Lock()
	defer g.mu.Unlock()
	return address != "" && g.settings.WebhookSecret != "" && g.settings.WebhookURL == address
}

// StripeView is what may be shown of the saved keys.
type StripeView struct {
	Name       string       `json:"name"`
	Mode       payment.Mode `json:"mode"`
	Account    string       `json:"account"`
	Webhook    string       `json:"webhook"` // "ok", "polling" or "none"
	WebhookURL string       `json:"webhook_url,omitempty"`
}

// save checks keys at Stripe, makes the webhook endpoint where this site can be
// reached, and stores both sealed.
func (g *gateways) save(ctx context.Context, secretKey, publishableKey string) error {
	if g.fence.Up() {
		return errs.New(errs.Conflict, "Decide first whether this site moved or is a copy.")
	}
	gateway, err := g.open(secretKey)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(publishableKey, "pk_"+string(gateway.Mode())+"_") {
		return errs.Field("publishable_key", "The publishable key must begin with pk_%s_, like the secret key's mode.", string(gateway.Mode()))
	}
	if _, err := gateway.Account(ctx); err != nil {
		return err
	}
	settings := stripeSettings{SecretKey: secretKey, PublishableKey: publishableKey}
	if err := g.addWebhook(ctx, gateway, &settings); err != nil {
		return err
	}
	return g.store(ctx, gateway, settings)
}

// addWebhook makes the endpoint, or leaves it out where Stripe cannot reach us.
func (g *gateways) addWebhook(ctx context.Context, gateway *stripe.Gateway, settings *stripeSettings) error {
	address := g.webhookURL()
	if address == "" {
		return nil
	}
	g.mu.Lock()
	known := ""
	if g.settings.WebhookURL == address && g.settings.SecretKey == settings.SecretKey {
		known = g.settings.WebhookID
		settings.WebhookSecret = g.settings.WebhookSecret
	}
	g.mu.Unlock()
	hook, created, err := gateway.EnsureWebhook(ctx, address, known)
	if err != nil {
		return fmt.Errorf("webhook endpoint: %w", err)
	}
	settings.WebhookID, settings.WebhookURL = hook.ID, hook.URL
	if created {
		settings.WebhookSecret = hook.Secret
	}
	return nil
}

func (g *gateways) store(ctx context.Context, gateway *stripe.Gateway, settings stripeSettings) error {
	plain, err := json.Marshal(settings)
	if err != nil {
		return fmt.Errorf("stripe settings: %w", err)
	}
	sealed, err := g.site.Keys().Seal(plain, settingStripe)
	if err != nil {
		return err
	}
	if err := g.db.SetSetting(ctx, settingStripe, sealed); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stripe, g.settings, g.sealed, g.read = gateway, settings, sealed, g.now()
	return nil
}

// ensureFromEnvironment makes the webhook endpoint for keys that came by
// environment: nobody saves those.
func (g *gateways) ensureFromEnvironment(ctx context.Context) error {
	if g.cfg.StripeSecretKey == "" || g.fence.Up() || g.webhookURL() == "" {
		return nil
	}
	if err := g.load(ctx); err != nil || g.hasWebhook() {
		return err
	}
	return g.save(ctx, g.cfg.StripeSecretKey, g.cfg.StripePublishableKey)
}

// webhookURL returns the address that Stripe can call; empty where it cannot.
func (g *gateways) webhookURL() string {
	home := g.site.Home()
	if !isPublic(home) {
		return ""
	}
	if facts, _ := g.site.Facts(); facts.Mode == "rest" {
		return home + "/?rest_route=/tillside/v1/proxy" + webhookPath
	}
	return home + g.cfg.PublicPath + webhookPath
}

// isPublic reports whether an address can be reached from outside, as far as
// its name tells.
func isPublic(home string) bool {
	u, err := url.Parse(home)
	if err != nil {
		return false
	}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsGlobalUnicast() && !ip.IsPrivate() && !ip.IsLoopback()
	}
	for _, suffix := range []string{".localhost", ".local", ".test", ".internal", ".example", ".invalid", ".lan"} {
		if strings.HasSuffix(host, suffix) {
			return false
		}
	}
	return strings.Contains(host, ".") && net.ParseIP(host) == nil
}

// view returns what may be shown of the gateway.
func (g *gateways) view(ctx context.Context) StripeView {
	v := StripeView{Name: stripe.Name, Webhook: "none"}
	if g.fence.Up() {
		return v
	}
	if err := g.load(ctx); err != nil {
		g.log.WarnContext(ctx, "gateway not usable", "error", err)
		return v
	}
	g.mu.Lock()
	gateway, settings := g.stripe, g.settings
	g.mu.Unlock()
	if gateway == nil {
		return v
	}
	v.Mode, v.WebhookURL, v.Webhook = gateway.Mode(), settings.WebhookURL, "polling"
	if g.hasWebhook() {
		v.Webhook = "ok"
	}
	if account, err := gateway.Account(ctx); err == nil {
		v.Account = account.ID
	}
	return v
}
