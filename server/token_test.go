package server_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/stripe"
	"github.com/tillside/tillside/server/shoptest"
	"github.com/tillside/tillside/wpbridge"
)

// forge makes a token of any header and claims.
func forge(t *testing.T, header, claims map[string]any, secret []byte) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	signed := part(header) + "." + part(claims)
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestInput_FormTokens(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	now := time.Now().Unix()
	formKey, err := s.Keys.Derive("tillside/v1/form")
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"iss": s.Plugin.URL, "aud": "tillside", "iat": now, "offer": "course", "inst": "x", "page": ""}
	header := map[string]any{"alg": "HS256", "typ": "tillside-form+jwt", "kid": s.Keys.Newest()}
	with := func(m map[string]any, name string, value any) map[string]any {
		changed := map[string]any{name: value}
		for k, v := range m {
			if k != name {
				changed[k] = v
			}
		}
		return changed
	}
	session, err := wpbridge.NewSigner(s.Keys, s.Plugin.URL, time.Now).Session(wpbridge.Session{User: "1", Scopes: []string{"checkout"}})
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := wpbridge.NewSigner(wpbridge.GenerateKeys(time.Now()), s.Plugin.URL, time.Now).Form(wpbridge.Form{Offer: "course"})
	if err != nil {
		t.Fatal(err)
	}
	good := forge(t, header, claims, formKey)
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"empty": "", "garbage": "a.b.c", "two parts": parts[0] + "." + parts[1], "no signature": parts[0] + "." + parts[1] + ".",
		"alg none":           forge(t, with(header, "alg", "none"), claims, formKey),
		"alg None, unsigned": strings.Join(strings.Split(forge(t, with(header, "alg", "None"), claims, nil), ".")[:2], ".") + ".",
		"alg HS512":          forge(t, with(header, "alg", "HS512"), claims, formKey),
		"alg RS256":          forge(t, with(header, "alg", "RS256"), claims, formKey),
		"another key":        forge(t, header, claims, []byte("another")),
		"another site's key": foreign,
		"unknown kid":        forge(t, with(header, "kid", "k9"), claims, formKey),
		"crit":               forge(t, with(header, "crit", []string{"exp"}), claims, formKey),
		"another type":       forge(t, with(header, "typ", "tillside-call+jwt"), claims, formKey),
		"a session's":        session,
		"another site":       forge(t, header, with(claims, "iss", "https://other.example"), formKey),
		"for another":        forge(t, header, with(claims, "aud", "other"), formKey),
		"of the future":      forge(t, header, with(claims, "iat", now+3600), formKey),
		"changed":            parts[0] + "." + strings.Replace(parts[1], parts[1][10:12], "xx", 1) + "." + parts[2],
		"very long":          good + strings.Repeat("A", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			wantRefused(t, b.Do(http.MethodPost, "/v1/checkouts", start(token, nil)), 401, "unauthorized", "")
			wantRefused(t, b.Do(http.MethodPost, "/v1/quotes", map[string]any{"form_token": token}), 401, "unauthorized", "")
			wantRefused(t, b.Do(http.MethodGet, "/v1/forms/course", nil, "X-Tillside-Form", token), 401, "unauthorized", "")
		})
	}
	if a := b.Do(http.MethodPost, "/v1/checkouts", start(good, nil)); a.Code != http.StatusCreated {
		t.Errorf("the good one: %d %s", a.Code, a.Raw)
	}
	t.Run("another offer's", func(t *testing.T) {
		wantRefused(t, b.Do(http.MethodGet, "/v1/forms/free", nil, "X-Tillside-Form", good), 403, "forbidden", "")
	})
	t.Run("an offer that is not there", func(t *testing.T) {
		wantRefused(t, b.Do(http.MethodPost, "/v1/checkouts", start(forge(t, header, with(claims, "offer", "nothing"), formKey), nil)), 404, "not_found", "")
	})
	t.Run("a closed offer", func(t *testing.T) {
		wantRefused(t, b.Do(http.MethodPost, "/v1/checkouts", start(forge(t, header, with(claims, "offer", "closed"), formKey), nil)), 410, "gone", "")
	})
	t.Run("revoked by the owner", func(t *testing.T) {
		if err := p.Shop.Catalog.RevokeForms(t.Context(), "course"); err != nil {
			t.Fatal(err)
		}
		old := forge(t, header, with(claims, "iat", now-2*3600), formKey)
		wantRefused(t, b.Do(http.MethodPost, "/v1/checkouts", start(old, nil)), 401, "unauthorized", "")
	})
	if n := s.Count("SELECT COUNT(*) FROM {checkouts}"); n != 1 {
		t.Errorf("%d checkouts, want one", n)
	}
}

// call signs a request as the plugin does.
func call(t *testing.T, s *shoptest.Stand, scope, method, target string, body []byte) string {
	t.Helper()
	c := wpbridge.Call{Scope: scope}
	if scope == wpbridge.ScopeBrowser {
		c.IP = "192.0.2.7"
	}
	token, err := wpbridge.NewSigner(s.Keys, s.Plugin.URL, time.Now).Call(wpbridge.PluginToTillside, c,
		wpbridge.Request{Method: method, Target: target, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestInput_CallTokens(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	const target = "/v1/render/order_form?offer=course&instance=x"
	send := func(method, target, token string, body []byte) shoptest.Answer {
		var any any
		if body != nil {
			any = body
		}
		return b.Do(method, target, any, wpbridge.HeaderCall, "Bearer "+token)
	}
	if a := send(http.MethodGet, target, call(t, s, wpbridge.ScopeRender, http.MethodGet, target, nil), nil); a.Code != http.StatusOK {
		t.Fatalf("render: %d %s", a.Code, a.Raw)
	}
	toPlugin, err := wpbridge.NewSigner(s.Keys, s.Plugin.URL, time.Now).Call(wpbridge.TillsideToPlugin, wpbridge.Call{Scope: wpbridge.ScopeRender},
		wpbridge.Request{Method: http.MethodGet, Target: target})
	if err != nil {
		t.Fatal(err)
	}
	stale, err := wpbridge.NewSigner(s.Keys, s.Plugin.URL, func() time.Time { return time.Now().Add(-3 * time.Minute) }).Call(wpbridge.PluginToTillside,
		wpbridge.Call{Scope: wpbridge.ScopeRender}, wpbridge.Request{Method: http.MethodGet, Target: target})
	if err != nil {
		t.Fatal(err)
	}
	decide := []byte(`{"decision":"moved"}`)
	for _, tt := range []struct {
		name, method, target, token string
		body                        []byte
	}{
		{name: "no token", method: http.MethodGet, target: target},
		{name: "another query", method: http.MethodGet, target: strings.Replace(target, "course", "free", 1), token: call(t, s, wpbridge.ScopeRender, http.MethodGet, target, nil)},
		{name: "a longer query", method: http.MethodGet, target: target + "&coupon=x", token: call(t, s, wpbridge.ScopeRender, http.MethodGet, target, nil)},
		{name: "another path", method: http.MethodGet, target: "/v1/render/thank_you", token: call(t, s, wpbridge.ScopeRender, http.MethodGet, target, nil)},
		{name: "another scope", method: http.MethodGet, target: target, token: call(t, s, wpbridge.ScopeAdmin, http.MethodGet, target, nil)},
		{name: "a browser's for an admin's", method: http.MethodGet, target: "/v1/admin/status", token: call(t, s, wpbridge.ScopeBrowser, http.MethodGet, "/v1/admin/status", nil)},
		{name: "of the other direction", method: http.MethodGet, target: target, token: toPlugin},
		{name: "stale", method: http.MethodGet, target: target, token: stale},
		{name: "another method", method: http.MethodPost, target: "/v1/admin/fence", token: call(t, s, wpbridge.ScopeAdmin, http.MethodPut, "/v1/admin/fence", decide), body: decide},
		{name: "another body", method: http.MethodPost, target: "/v1/admin/fence", token: call(t, s, wpbridge.ScopeAdmin, http.MethodPost, "/v1/admin/fence", decide), body: []byte(`{"decision":"copy"}`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantRefused(t, send(tt.method, tt.target, tt.token, tt.body), 401, "unauthorized", "")
		})
	}
	t.Run("replayed", func(t *testing.T) {
		token := call(t, s, wpbridge.ScopeAdmin, http.MethodPost, "/v1/admin/fence", decide)
		if first := send(http.MethodPost, "/v1/admin/fence", token, decide); first.Code != http.StatusConflict {
			t.Fatalf("first: %d %s, want a conflict: there is nothing to decide", first.Code, first.Raw)
		}
		wantRefused(t, send(http.MethodPost, "/v1/admin/fence", token, decide), 401, "unauthorized", "")
		second := s.Start(shoptest.Options{Idle: true}) // nor at another process
		b.URL = second.URL
		wantRefused(t, send(http.MethodPost, "/v1/admin/fence", token, decide), 401, "unauthorized", "")
	})
}

// Where a PHP worker waits with us, pay is answered within a second.
func TestInput_RelayedRequests(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	if err := s.Stripe.Fail(stripe.Fault{Match: confirmCall, Status: stripe.FaultSlow, HoldMS: 2500}); err != nil {
		t.Fatal(err)
	}
	body := fmt.Appendf(nil, `{"gateway":"stripe","token":%q,"expected_total":{"amount":4900,"currency":"EUR"}}`, s.Stripe.NewConfirmationToken(cardGood))
	path := "/v1/checkouts/" + b.ID + "/pay"
	relay := func(token string, body []byte) shoptest.Answer {
		return b.Do(http.MethodPost, path, body, wpbridge.HeaderCall, token, "Idempotency-Key", "the-key-of-this-click")
	}
	for name, token := range map[string]string{
		"garbage": "x.y.z", "another scope": call(t, s, wpbridge.ScopeAdmin, http.MethodPost, path, body),
		"another body": call(t, s, wpbridge.ScopeBrowser, http.MethodPost, path, []byte(`{}`)),
		"another path": call(t, s, wpbridge.ScopeBrowser, http.MethodPost, path+"x", body),
	} {
		t.Run(name, func(t *testing.T) { wantRefused(t, relay(token, body), 401, "unauthorized", "") })
	}
	if n := s.Count("SELECT COUNT(*) FROM {attempts}"); n != 0 {
		t.Fatalf("%d attempts of requests that were refused", n)
	}
	begin := time.Now()
	a := relay(call(t, s, wpbridge.ScopeBrowser, http.MethodPost, path, body), body)
	if wantStatus(t, a, "processing"); time.Since(begin) > 1500*time.Millisecond || a.String("reason") != "working" || a.Body["retry_after_ms"] == nil {
		t.Errorf("pay: %s after %s, want to be asked again within a second", a.Raw, time.Since(begin))
	}
	wantStatus(t, b.Sync(), "succeeded")
	wantBooks(t, s, 1, 1, 1)
}
