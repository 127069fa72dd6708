package stripe_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/payment"
	"github.com/tillside/tillside/server/payment/stripe"
)

func TestNew_RefusesWrongKeys(t *testing.T) {
	tests := []struct {
		name, key, baseURL string
		wantMode           payment.Mode // empty when refused
	}{
		{name: "test", key: "sk_test_abc", wantMode: payment.ModeTest},
		{name: "live", key: "sk_live_abc", wantMode: payment.ModeLive},
		{name: "restricted test", key: "rk_test_abc", wantMode: payment.ModeTest},
		{name: "restricted live", key: "rk_live_abc", wantMode: payment.ModeLive},
		{name: "stand-in with a test key", key: "sk_test_abc", baseURL: "http://127.0.0.1:1", wantMode: payment.ModeTest},
		{name: "stand-in with a live key", key: "sk_live_abc", baseURL: "http://127.0.0.1:1"},
		{name: "stand-in with a restricted key", key: "rk_test_abc", baseURL: "http://127.0.0.1:1"},
		{name: "publishable", key: "pk_test_abc"},
		{name: "webhook secret", key: "whsec_abc"},
		{name: "empty", key: ""},
		{name: "only the prefix", key: "sk_test_"},
		{name: "line break", key: "sk_test_abc\n"},
		{name: "two lines", key: "sk_live_abc\nsk_test_abc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := stripe.New(stripe.Options{SecretKey: tt.key, BaseURL: tt.baseURL})
			if tt.wantMode == "" {
				if e := errs.From(err); e.Code != errs.Invalid || e.Field != "secret_key" {
					t.Fatalf("error = %v, want invalid secret_key", err)
				}
				if tt.key != "" && strings.Contains(err.Error(), tt.key) && tt.key != "sk_test_" {
					t.Errorf("error %q prints the key", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if g.Mode() != tt.wantMode {
				t.Errorf("mode = %s, want %s", g.Mode(), tt.wantMode)
			}
		})
	}
}

func TestAccount_AsksOnce(t *testing.T) {
	g := play(t, exchange{request: "GET /v1/account", answer: recorded(t, "account.json", nil)})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			account, err := g.Account(t.Context())
			if err != nil {
				t.Error(err)
			}
			if want := (payment.Account{Gateway: "stripe", ID: "acct_1Tillside", Mode: payment.ModeTest}); account != want {
				t.Errorf("account = %+v, want %+v", account, want)
			}
		})
	}
	wg.Wait()
}

func TestAccount_FailureIsNotRemembered(t *testing.T) {
	const refused = `{"error":{"message":"Invalid API Key provided: sk_test_********side","type":"invalid_request_error"}}`
	g := play(t,
		exchange{request: "GET /v1/account", status: http.StatusUnauthorized, answer: refused},
		exchange{request: "GET /v1/account", answer: recorded(t, "account.json", nil)},
	)
	_, err := g.Account(t.Context())
	if err == nil || errs.From(err).Code != errs.Internal || !strings.Contains(err.Error(), "secret key is not accepted") {
		t.Errorf("error = %v, want one that names the key", err)
	}
	if _, err := g.Account(t.Context()); err != nil {
		t.Error(err)
	}
}

// A lost connection, a proxy's page and Stripe's own troubles are outages; the
// operator's error holds nothing that Stripe or a proxy wrote into the body.
func TestGateway_OutagesAreUnavailable(t *testing.T) {
	const page = `<html>client_secret pi_1_secret_abc of ada@example.com</html>`
	const broken = `{"id":"pi_1","client_secret":"pi_1_secret_abc","status":`
	const internal = `{"error":{"message":"An error occurred for ada@example.com","type":"api_error"}}`
	const inUse = `{"error":{"code":"idempotency_key_in_use","message":"There is currently another in-progress request","type":"idempotency_error"}}`
	const limited = `{"error":{"code":"rate_limit","message":"Too many requests","type":"invalid_request_error"}}`
	tests := []struct {
		name   string
		status int
		answer string
		times  int // how often the SDK asks
	}{
		{name: "connection lost", status: -1, times: 3},
		{name: "proxy's page", status: 502, answer: page, times: 3},
		{name: "broken answer", status: 200, answer: broken, times: 1},
		{name: "error without an error", status: 400, answer: `{"client_secret":"pi_1_secret_abc"}`, times: 3},
		{name: "internal error is kept under the key", status: 500, answer: internal, times: 1},
		{name: "unavailable", status: 503, answer: internal, times: 3},
		{name: "key in use", status: 409, answer: inUse, times: 3},
		{name: "rate limit is not hammered", status: 429, answer: limited, times: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			step := exchange{request: "POST /v1/payment_intents/pi_1/confirm", key: "a1", status: tt.status, answer: tt.answer}
			var steps []exchange
			for range tt.times {
				steps = append(steps, step)
			}
			g := play(t, steps...)
			_, err := g.ConfirmIntent(t.Context(), payment.ConfirmRequest{IdempotencyKey: "a1", IntentID: "pi_1", Token: "ctoken_1"})
			if !errs.Is(err, errs.Unavailable) {
				t.Fatalf("error = %v, want unavailable", err)
			}
			if !strings.Contains(err.Error(), "confirm intent pi_1") {
				t.Errorf("error %q does not say what was tried", err)
			}
			holdsNoSecret(t, "the error", err.Error())
		})
	}
}

func TestGateway_StopsWithItsContext(t *testing.T) {
	g := play(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := g.Intent(ctx, "pi_1")
	if !errs.Is(err, errs.Unavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want unavailable because of the context", err)
	}
}

// Without our key the SDK would send a random one, and a rerun would charge twice.
func TestGateway_NothingIsSentWithoutIdempotencyKey(t *testing.T) {
	g := play(t)
	for _, key := range []string{"", strings.Repeat("k", 256)} {
		_, customer := g.CreateCustomer(t.Context(), payment.CustomerRequest{IdempotencyKey: key})
		_, intent := g.CreateIntent(t.Context(), payment.IntentRequest{IdempotencyKey: key})
		_, confirm := g.ConfirmIntent(t.Context(), payment.ConfirmRequest{IdempotencyKey: key, IntentID: "pi_1"})
		_, cancel := g.CancelIntent(t.Context(), "pi_1", key)
		_, refund := g.Refund(t.Context(), payment.RefundRequest{IdempotencyKey: key})
		for name, err := range map[string]error{"customer": customer, "intent": intent, "confirm": confirm, "cancel": cancel, "refund": refund} {
			if err == nil || errs.Is(err, errs.Unavailable) {
				t.Errorf("%s with a key of %d characters: error = %v, want a plain one", name, len(key), err)
			}
		}
	}
}

func TestGateway_PacesRealRequestsOnly(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	const requests = 18 // three more than the limiter lets through at once
	tests := []struct {
		name    string
		standIn bool
		atLeast time.Duration
		atMost  time.Duration
	}{
		{name: "Stripe", atLeast: 150 * time.Millisecond, atMost: 5 * time.Second},
		{name: "stand-in", standIn: true, atMost: 150 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hc := stripe.PacedClient(nil, tt.standIn)
			if hc.Timeout != 25*time.Second {
				t.Errorf("timeout = %s, want 25s", hc.Timeout)
			}
			start := time.Now()
			for range requests {
				answer, err := hc.Get(server.URL)
				if err != nil {
					t.Fatal(err)
				}
				_ = answer.Body.Close()
			}
			if took := time.Since(start); took < tt.atLeast || took > tt.atMost {
				t.Errorf("%d requests took %s, want %s to %s", requests, took, tt.atLeast, tt.atMost)
			}
		})
	}
}
