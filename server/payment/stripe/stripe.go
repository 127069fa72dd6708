// Package stripe is the payment gateway over Stripe's API, version 2023-10-16.
// It is the only package that imports stripe-go. Nothing in it is global: a
// Gateway has its own client, key, limits and log, so that two accounts in one
// process never mix.
package stripe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
	"golang.org/x/time/rate"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/payment"
)

// Name is the gateway's name in configuration, rows and answers.
const Name = "stripe"

// APIVersion is the version of Stripe's API that every request asks for. The
// browser's Stripe.js must be given the same.
const APIVersion = stripego.APIVersion

const (
	// Stripe answers a payment within seconds; the SDK's own 80 s would hold a
	// pay for longer than its lease.
	requestTimeout = 25 * time.Second
	// Retries of the SDK for lost connections, 409 and 503, under the same
	// idempotency key. It never repeats a 429: our jobs back off from that.
	networkRetries = 2
	// Stripe allows 25 requests a second per endpoint and in its sandbox, 100
	// live. 15 leaves room for what else uses the account.
	requestsPerSecond = 15
)

// Options is what New needs. Log, HTTPClient and Now may be left out.
type Options struct {
	SecretKey string
	// BaseURL points at a stand-in for Stripe. Only sk_test_ keys may go there.
	BaseURL    string
	HTTPClient *http.Client
	Log        *slog.Logger
	Now        func() time.Time
}

// Gateway is one Stripe account in one mode. It may be used from many
// goroutines.
type Gateway struct {
	api  *client.API
	main stripego.Backend
	key  string
	mode payment.Mode
	log  *slog.Logger
	now  func() time.Time

	asking  chan struct{} // holds one token: who takes it may ask for the account
	account payment.Account
}

var _ payment.Gateway = (*Gateway)(nil)

var keyShape = regexp.MustCompile(`^(?:sk|rk)_(test|live)_[A-Za-z0-9_]+$`)

// New returns a Gateway; it asks Stripe nothing. A key that is no secret or
// restricted key of Stripe's is an errs.Invalid on "secret_key", and so is a
// BaseURL with any other key than an sk_test_ one: a stand-in must never see a
// key that moves money.
func New(o Options) (*Gateway, error) {
	shape := keyShape.FindStringSubmatch(o.SecretKey)
	if shape == nil {
		return nil, errs.Field("secret_key", "A secret key of Stripe starts with sk_test_, sk_live_, rk_test_ or rk_live_.")
	}
	if o.BaseURL != "" && !strings.HasPrefix(o.SecretKey, "sk_test_") {
		return nil, errs.Field("secret_key", "Only a key that starts with sk_test_ can be used with another address than Stripe's.")
	}
	g := &Gateway{
		key: o.SecretKey, mode: payment.Mode(shape[1]), log: o.Log, now: o.Now,
		asking: make(chan struct{}, 1),
	}
	g.asking <- struct{}{}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if g.now == nil {
		g.now = time.Now
	}
	g.connect(o)
	return g, nil
}

// connect gives the gateway its client. Each backend gets a configuration of
// its own: GetBackendWithConfig writes its address into the one it is given, and
// a shared one would send every backend to the first one's address.
func (g *Gateway) connect(o Options) {
	hc := pacedClient(o.HTTPClient, o.BaseURL != "")
	backend := func(kind stripego.SupportedBackend) stripego.Backend {
		config := &stripego.BackendConfig{
			HTTPClient:        hc,
			LeveledLogger:     sdkLog{g.log},
			MaxNetworkRetries: stripego.Int64(networkRetries),
			EnableTelemetry:   stripego.Bool(false),
		}
		if o.BaseURL != "" {
			config.URL = stripego.String(strings.TrimSuffix(o.BaseURL, "/"))
		}
		return stripego.GetBackendWithConfig(kind, config)
	}
	g.main = backend(stripego.APIBackend)
	g.api = client.New(g.key, &stripego.Backends{
		API:     g.main,
		Connect: backend(stripego.ConnectBackend),
		Uploads: backend(stripego.UploadsBackend),
	})
}

// Mode tells whether the key moves real money.
func (g *Gateway) Mode() payment.Mode { return g.mode }

// Account implements payment.Gateway. A restricted key needs the right to read
// the account.
func (g *Gateway) Account(ctx context.Context) (payment.Account, error) {
	select {
	case <-g.asking:
		defer func() { g.asking <- struct{}{} }()
	case <-ctx.Done():
		return payment.Account{}, fail("read account", ctx.Err())
	}
	if g.account.ID != "" {
		return g.account, nil
	}
	// Accounts.Get of the SDK takes no context.
	params := &stripego.AccountParams{}
	params.Context = ctx
	var account stripego.Account
	if err := g.main.Call(http.MethodGet, "/v1/account", g.key, params, &account); err != nil {
		return payment.Account{}, fail("read account", err)
	}
	if account.ID == "" {
		return payment.Account{}, errors.New("stripe: read account: the answer has no id")
	}
	g.account = payment.Account{Gateway: Name, ID: account.ID, Mode: g.mode}
	return g.account, nil
}

// keyed puts the context and our idempotency key on a request that changes
// something. Without a key the SDK would make up a new one for each call, and a
// rerun would charge twice.
func keyed(ctx context.Context, p *stripego.Params, key string) error {
	if key == "" || len(key) > 255 {
		return fmt.Errorf("stripe: an idempotency key has 1 to 255 characters, not %d", len(key))
	}
	p.Context = ctx
	p.SetIdempotencyKey(key)
	return nil
}

// pacedClient copies a client, limits its time per request, and paces it.
func pacedClient(hc *http.Client, standIn bool) *http.Client {
	paced := http.Client{}
	if hc != nil {
		paced = *hc
	}
	if paced.Timeout == 0 {
		paced.Timeout = requestTimeout
	}
	if paced.Transport == nil {
		paced.Transport = http.DefaultTransport
	}
	limit := rate.Limit(requestsPerSecond)
	if standIn {
		limit = rate.Inf
	}
	paced.Transport = pacedTransport{next: paced.Transport, limiter: rate.NewLimiter(limit, requestsPerSecond)}
	return &paced
}

// pacedTransport waits for its limiter before each request, repeated ones too.
type pacedTransport struct {
	next    http.RoundTripper
	limiter *rate.Limiter
}

// RoundTrip implements http.RoundTripper.
func (t pacedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.limiter.Wait(req.Context()); err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // a RoundTripper must close it; there is nothing to lose
		}
		return nil, fmt.Errorf("wait for our own rate limit: %w", err)
	}
	return t.next.RoundTrip(req)
}
