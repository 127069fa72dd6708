package api_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/api"
	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/locale"
	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/server/shoptest"
	"github.com/tillside/tillside/wpbridge"
)

// stage is a site whose every exchange is witnessed.
type stage struct {
	*witness
	stand   *shoptest.Stand
	process *shoptest.Process
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{witness: newWitness(t), stand: shoptest.New(t)}
	s.process = s.stand.Start(shoptest.Options{})
	s.process.Import(t, shoptest.Catalogue)
	s.process.URL = s.before(s.process.Shop.Handler())
	return s
}

// buyer is somebody who has done steps 1 and 2.
func (s *stage) buyer(offer, email string) *shoptest.Buyer {
	b := s.stand.NewBuyer(s.process, offer)
	b.Start(email)
	return b
}

// plugin sends a request with a call token.
func (s *stage) plugin(url, scope, method, target string, body any) shoptest.Answer {
	s.tb.Helper()
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			s.tb.Fatal(err)
		}
	}
	token, err := wpbridge.NewSigner(s.stand.Keys, s.stand.Plugin.URL, time.Now).Call(wpbridge.PluginToTillside,
		wpbridge.Call{Scope: scope, User: "1"}, wpbridge.Request{Method: method, Target: target, Body: raw})
	if err != nil {
		s.tb.Fatal(err)
	}
	b := s.stand.NewBuyer(&shoptest.Process{URL: url}, "course")
	return b.Do(method, target, raw, wpbridge.HeaderCall, token)
}

func want(t *testing.T, a shoptest.Answer, status int) {
	t.Helper()
	if a.Code != status {
		t.Errorf("%d, want %d: %s", a.Code, status, a.Raw)
	}
}

func wantStatus(t *testing.T, a shoptest.Answer, status string) {
	t.Helper()
	if got := a.String("status"); got != status {
		t.Errorf("status %q, want %q: %s", got, status, a.Raw)
	}
}

func TestOpenAPI_RealExchangesFit(t *testing.T) {
	s := newStage(t)
	for _, act := range []struct {
		name string
		play func(*testing.T)
	}{
		{"form and quote", s.formAndQuote}, {"coupons", s.coupons}, {"wait list", s.waitList}, {"purchase", s.purchase}, {"free order", s.freeOrder},
		{"3-D Secure", s.threeDSecure}, {"bank debit", s.bankDebit}, {"other answers", s.otherAnswers},
		{"refused requests", s.refused}, {"member", s.member}, {"plugin", s.pluginAsks}, {"coupon desk", s.couponDesk}, {"operation desk", s.operationDesk}, {"coupon move", s.couponMove}, {"campaign desk", s.campaignDesk}, {"offer desk", s.offerDesk}, {"coupons shown", s.couponsShown}, {"gift cards", s.giftCards}, {"gift card desk", s.cardDesk},
		{"keys and fence", s.keysAndFence}, {"webhook", s.webhook},
	} {
		t.Run(act.name, act.play)
	}
	s.wantAllSucceeded()
}

func (s *stage) formAndQuote(t *testing.T) {
	for _, offer := range []string{"course", "free", "closed"} {
		b := s.stand.NewBuyer(s.process, offer)
		want(t, b.Do(http.MethodGet, "/v1/forms/"+offer, nil, "X-Tillside-Form", b.FormToken()), http.StatusOK)
	}
	b := s.stand.NewBuyer(s.process, "course")
	want(t, b.Do(http.MethodGet, "/v1/forms/free", nil, "X-Tillside-Form", b.FormToken()), http.StatusForbidden)
	want(t, b.Do(http.MethodGet, "/v1/forms/course", nil), http.StatusUnauthorized)
	want(t, b.Do(http.MethodPost, "/v1/quotes", map[string]any{"form_token": b.FormToken()}), http.StatusOK)
	want(t, b.Do(http.MethodPost, "/v1/quotes", map[string]any{
		"form_token": b.FormToken(), "items": []any{map[string]any{"price": "course", "quantity": 1}},
	}), http.StatusOK)
	gone := s.stand.NewBuyer(s.process, "closed")
	want(t, gone.Do(http.MethodPost, "/v1/quotes", map[string]any{"form_token": gone.FormToken()}), http.StatusGone)
	want(t, b.Do(http.MethodGet, "/v1/ping", nil), http.StatusOK)
}

func (s *stage) waitList(t *testing.T) {
	s.process.Import(t, "products: [{slug: class, name: Class, prices: [{slug: class, amount: 9.00 EUR}]}]\noffers: [{slug: class, name: Class, seats: 1, items: [{price: class}]}]")
	b := s.buyer("class", "first@example.com")
	wantStatus(t, b.Pay("4242424242424242"), "succeeded")
	late := s.stand.NewBuyer(s.process, "class")
	form := late.Do(http.MethodGet, "/v1/forms/class", nil, "X-Tillside-Form", late.FormToken())
	want(t, form, http.StatusOK)
	if form.String("state") != "full" {
		t.Errorf("the form of a sold-out offer is %q", form.String("state"))
	}
	want(t, late.Do(http.MethodPost, "/v1/wait-list", map[string]string{"form_token": late.FormToken(), "email": "late@example.com"}), http.StatusAccepted)
	want(t, late.Do(http.MethodPost, "/v1/wait-list", map[string]string{"form_token": late.FormToken(), "email": "late"}), http.StatusBadRequest)
}

func (s *stage) coupons(t *testing.T) {
	s.stand.AddCoupon(`{"discount":{"kind":"percent","percent":"20"}}`, "SPRING", 0)
	b := s.stand.NewBuyer(s.process, "course")
	want(t, b.Do(http.MethodPost, "/v1/quotes", map[string]any{
		"form_token": b.FormToken(), "coupons": []string{"spring", "nosuch"},
	}), http.StatusOK)
	b = s.buyer("course", "saver@example.com")
	want(t, b.Do(http.MethodPut, "/v1/checkouts/"+b.ID+"/coupon", map[string]string{"code": "spring"}), http.StatusOK)
	want(t, b.Do(http.MethodPut, "/v1/checkouts/"+b.ID+"/coupon", map[string]string{"code": "nosuch"}), http.StatusBadRequest)
	want(t, b.Do(http.MethodDelete, "/v1/checkouts/"+b.ID+"/coupon", map[string]string{"code": "SPRING"}), http.StatusOK)
}

func (s *stage) purchase(t *testing.T) {
	b := s.buyer("course", "erika@example.com")
	path := "/v1/checkouts/" + b.ID
	wantStatus(t, b.Sync(), "open")
	want(t, b.Do(http.MethodGet, path, nil), http.StatusOK)
	stale := b.Do(http.MethodPatch, path, map[string]any{"version": 1, "step": 2})
	want(t, stale, http.StatusConflict)
	if stale.Map("checkout") == nil {
		t.Errorf("a stale version was answered without the checkout: %s", stale.Raw)
	}
	wantStatus(t, b.Pay("4000000000000002"), "declined")
	wantStatus(t, b.Pay("4242424242424242"), "succeeded")
	wantStatus(t, b.Sync(), "succeeded")
	want(t, b.Do(http.MethodGet, path, nil), http.StatusOK)
	shoptest.WaitFor(t, "the account", func() bool { return b.Receipt().Map("access")["state"] == "new" })
	want(t, b.Receipt(), http.StatusOK)
	want(t, b.Credentials("short"), http.StatusBadRequest)
	want(t, b.Credentials(""), http.StatusOK)
	want(t, b.Credentials(""), http.StatusConflict)
	want(t, b.Do(http.MethodGet, "/v1/orders/"+b.OrderID, nil, "X-Tillside-Checkout", strings.Repeat("0", 32)), http.StatusNotFound)
}

func (s *stage) freeOrder(t *testing.T) {
	b := s.buyer("free", "max@example.com")
	wantStatus(t, b.Pay(""), "succeeded")
	want(t, b.Receipt(), http.StatusOK)
}

func (s *stage) threeDSecure(t *testing.T) {
	b := s.buyer("elsewhere", "erika@example.com")
	key := rand.Text()
	wantStatus(t, b.PayWithKey("4000002760003184", key), "requires_action")
	want(t, b.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, map[string]any{"version": b.Version}), http.StatusConflict)
	stranger := s.stand.NewBuyer(s.process, "elsewhere")
	stranger.ID, stranger.Token = b.ID, s.statusToken(t, b.ID, key)
	shown := stranger.Do(http.MethodGet, "/v1/checkouts/"+b.ID, nil)
	want(t, shown, http.StatusOK)
	answer := stranger.Sync()
	wantStatus(t, answer, "requires_action")
	if shown.Map("contact") != nil || answer.String("client_secret") != "" {
		t.Errorf("the status-only token shows more than the status: %s %s", shown.Raw, answer.Raw)
	}
	intents := s.stand.Stripe.Intents()
	if err := s.stand.Stripe.Complete3DS(intents[len(intents)-1].ID, true); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, b.Sync(), "succeeded")
	want(t, b.Receipt(), http.StatusOK)
}

// statusToken is what the bank's redirect carries.
func (s *stage) statusToken(t *testing.T, checkout, key string) string {
	t.Helper()
	secret, err := s.stand.Keys.Derive("tillside/v1/status")
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(checkout + "\n" + key))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

func (s *stage) bankDebit(t *testing.T) {
	b := s.buyer("course", "erika@example.com")
	wantStatus(t, b.Pay("DE89370400440532013000"), "processing")
	want(t, b.Do(http.MethodGet, "/v1/checkouts/"+b.ID, nil), http.StatusOK)
}

func (s *stage) otherAnswers(t *testing.T) {
	b := s.buyer("course", "erika@example.com")
	b.Total = 1
	wantStatus(t, b.Pay("4242424242424242"), "totals_changed")
	want(t, b.PayWithToken("stripe", "", "short"), http.StatusBadRequest)
	want(t, b.Do(http.MethodGet, "/v1/nothing", nil), http.StatusNotFound)
	want(t, b.Do(http.MethodDelete, "/v1/checkouts/"+b.ID, nil), http.StatusNotFound)
	want(t, b.Do(http.MethodPost, "/v1/quotes", bytes.Repeat([]byte(" "), 70<<10)), http.StatusRequestEntityTooLarge)
	b.Token = "ffffffffffffffffffffffffffffffff"
	want(t, b.Do(http.MethodGet, "/v1/checkouts/"+b.ID, nil), http.StatusNotFound)
	b.Offer = "closed"
	want(t, b.Do(http.MethodPost, "/v1/checkouts", map[string]any{
		"form_token": b.FormToken(), "contact": map[string]string{"email": "erika@example.com", "first_name": "Erika"},
	}), http.StatusGone)
}

// refused sends bodies that both the document and the service must refuse.
func (s *stage) refused(t *testing.T) {
	b := s.buyer("course", "erika@example.com")
	path, token := "/v1/checkouts/"+b.ID, b.FormToken()
	contact := map[string]any{"email": "erika@example.com", "first_name": "Erika"}
	for _, tt := range []struct {
		name, method, path string
		body               map[string]any
	}{
		{"unknown field", "POST", "/v1/quotes", map[string]any{"form_token": token, "discount": 100}},
		{"price from the browser", "POST", "/v1/quotes",
			map[string]any{"form_token": token, "items": []any{map[string]any{"price": "course", "quantity": 1, "amount": 1}}}},
		{"no quantity", "POST", "/v1/quotes", map[string]any{"form_token": token, "items": []any{map[string]any{"price": "course", "quantity": 0}}}},
		{"wrong type", "POST", "/v1/checkouts", map[string]any{"form_token": token, "contact": "erika@example.com"}},
		{"user from the browser", "POST", "/v1/checkouts", map[string]any{"form_token": token, "contact": contact, "user_id": 1}},
		{"fourth step", "PATCH", path, map[string]any{"version": b.Version, "step": 4}},
		{"total from the browser", "PATCH", path, map[string]any{"version": b.Version, "total": 1}},
		{"token too long", "POST", path + "/pay",
			map[string]any{"gateway": "stripe", "token": strings.Repeat("x", 300), "expected_total": map[string]any{"amount": 1, "currency": "EUR"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.Do(tt.method, tt.path, tt.body, "Idempotency-Key", rand.Text())
			want(t, a, http.StatusBadRequest)
			if a.String("field") == "" {
				t.Errorf("no field is named: %s", a.Raw)
			}
			if err := s.refuses(tt.method, tt.path, tt.body, b.Token); err == nil {
				t.Error("the document allows it")
			}
		})
	}
}

// refuses returns what the document has against a request.
func (s *stage) refuses(method, path string, body any, token string) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Tillside-Checkout", token)
	r.Header.Set("Idempotency-Key", rand.Text())
	route, params, err := s.router.FindRoute(r)
	if err != nil {
		return nil
	}
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: hasHeader},
	})
}

func (s *stage) member(t *testing.T) {
	s.stand.Exec("INSERT INTO " + mysqltest.Prefix + "users (ID, user_login, user_pass, user_nicename, user_email, display_name) VALUES (77, 'anna', 'x', 'anna', 'anna@example.com', 'Anna')")
	token, err := wpbridge.NewSigner(s.stand.Keys, s.stand.Plugin.URL, time.Now).Session(wpbridge.Session{User: "77"})
	if err != nil {
		t.Fatal(err)
	}
	b := s.stand.NewBuyer(s.process, "course")
	want(t, b.Do(http.MethodGet, "/v1/me", nil), http.StatusUnauthorized)
	want(t, b.Do(http.MethodGet, "/v1/me", nil, "X-Tillside-Session", token), http.StatusOK)
}

func (s *stage) pluginAsks(t *testing.T) {
	url := s.process.URL
	want(t, s.plugin(url, wpbridge.ScopeRender, "GET", "/v1/render/order_form?offer=course&instance=tillside-1", nil), http.StatusOK)
	want(t, s.plugin(url, wpbridge.ScopeRender, "GET", "/v1/render/order_form?offer=nothing", nil), http.StatusNotFound)
	want(t, s.plugin(url, wpbridge.ScopeRender, "GET", "/v1/render/thank_you?instance=tillside-2", nil), http.StatusOK)
	want(t, s.plugin(url, wpbridge.ScopeRender, "GET", "/v1/render/coupon?offer=course&instance=tillside-3", nil), http.StatusOK)
	want(t, s.plugin(url, wpbridge.ScopeRender, "GET", "/v1/render/coupon?offer=nothing", nil), http.StatusNotFound)
	want(t, s.plugin(url, wpbridge.ScopeRender, "GET", "/v1/render/gift_card?instance=tillside-4", nil), http.StatusOK)
	want(t, s.plugin(url, wpbridge.ScopeRender, "GET", "/v1/admin/status", nil), http.StatusUnauthorized)
	want(t, s.plugin(url, wpbridge.ScopeAdmin, "GET", "/v1/admin/status", nil), http.StatusOK)
	want(t, s.plugin(url, wpbridge.ScopeAdmin, "POST", "/v1/admin/fence", map[string]string{"decision": "moved"}), http.StatusConflict)
	keys := map[string]string{"secret_key": "sk_test_sandbox", "publishable_key": "pk_test_sandbox"}
	want(t, s.plugin(url, wpbridge.ScopeAdmin, "PUT", "/v1/admin/gateways/stripe", keys), http.StatusConflict)
	want(t, s.plugin(url, wpbridge.ScopeAdmin, "PUT", "/v1/admin/gateways/stripe", map[string]string{"secret_key": ""}), http.StatusBadRequest)
}

func (s *stage) couponsShown(t *testing.T) {
	s.stand.AddCoupon(`{"discount":{"kind":"percent","percent":"15"},"scope":{"offers":["course"]}}`, "SHOWN", 0)
	b := s.stand.NewBuyer(s.process, "course")
	answer := b.Do("POST", "/v1/coupons/show", map[string]any{"coupons": []string{"shown", "nosuch-2"}, "link": "x"})
	want(t, answer, http.StatusOK)
	for _, part := range []string{`"code":"SHOWN"`, `"text":"15 % off"`, `/buy/course"`, `"usable":false`, "This link cannot be used any more."} {
		if !strings.Contains(answer.Raw, part) {
			t.Errorf("%s lacks %s", answer.Raw, part)
		}
	}
	want(t, b.Do("POST", "/v1/coupons/show", map[string]any{"coupons": "shown"}), http.StatusBadRequest)
}

// keysAndFence asks a process that has no keys in its environment and finds
// itself at another place than remembered.
func (s *stage) keysAndFence(t *testing.T) {
	s.stand.Exec("UPDATE " + mysqltest.Prefix + `tillside_settings SET value = REPLACE(value, '"home":"http:', '"home":"https:') WHERE name = 'site.identity'`)
	c := s.stand.Config()
	c.StripeSecretKey, c.StripePublishableKey = "", ""
	shop, err := server.Open(t.Context(), server.Options{Config: c, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shop.Close(context.Background()) }()
	url := s.before(shop.Handler())
	b := s.stand.NewBuyer(&shoptest.Process{URL: url}, "course")
	form := b.Do(http.MethodGet, "/v1/forms/course", nil, "X-Tillside-Form", b.FormToken())
	if form.Body["payable"] != false || form.String("message") == "" {
		t.Errorf("a copy of the site lets buyers pay: %s", form.Raw)
	}
	keys := map[string]string{"secret_key": "sk_test_sandbox", "publishable_key": "pk_test_sandbox"}
	want(t, s.plugin(url, wpbridge.ScopeAdmin, "PUT", "/v1/admin/gateways/stripe", keys), http.StatusConflict)
	want(t, s.plugin(url, wpbridge.ScopeAdmin, "GET", "/v1/admin/status", nil), http.StatusOK)
	want(t, s.plugin(url, wpbridge.ScopeAdmin, "POST", "/v1/admin/fence", map[string]string{"decision": "both"}), http.StatusBadRequest)
	want(t, s.plugin(url, wpbridge.ScopeAdmin, "POST", "/v1/admin/fence", map[string]string{"decision": "moved"}), http.StatusOK)
	want(t, s.plugin(url, wpbridge.ScopeAdmin, "PUT", "/v1/admin/gateways/stripe", keys), http.StatusOK)
	keys["publishable_key"] = "pk_live_other"
	want(t, s.plugin(url, wpbridge.ScopeAdmin, "PUT", "/v1/admin/gateways/stripe", keys), http.StatusBadRequest)
}

// readySite knows itself; nothing else is asked of it.
type readySite struct{ api.Site }

func (readySite) Ready() bool { return true }

func (readySite) Locale() *locale.Locale {
	all, err := locale.Load()
	if err != nil {
		panic(err)
	}
	return all.For("en_US")
}

// anyWebhook takes every event.
type anyWebhook struct{ api.Gateways }

func (anyWebhook) Webhook(context.Context, string, []byte, http.Header) error { return nil }

func (s *stage) webhook(t *testing.T) {
	c := &crm.Connection{Slug: "main", Kind: "kit", Name: "Kit", Status: crm.StatusActive, CreatedAt: time.Now(), UpdatedAt: time.Now()}
	if err := s.process.Shop.CRMs.Store.AddConnection(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	_, secret, err := s.process.Shop.CRMs.NewHook(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	caller := s.stand.NewBuyer(s.process, "course")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		var body any
		if method == http.MethodPost {
			body = map[string]any{"subscriber": map[string]any{"id": 7}}
		}
		want(t, caller.Do(method, "/v1/webhooks/crm/main/"+secret, body), http.StatusOK)
	}
	want(t, caller.Do(http.MethodPost, "/v1/webhooks/crm/main/AAAA", map[string]any{"id": 7}), http.StatusNotFound)
	b := s.stand.NewBuyer(s.process, "course")
	event := map[string]any{"id": "evt_1", "object": "event"}
	want(t, b.Do(http.MethodPost, "/v1/webhooks/stripe", event, "Stripe-Signature", "t=1,v1=00"), http.StatusUnauthorized)
	want(t, b.Do(http.MethodPost, "/v1/webhooks/other", event), http.StatusNotFound)
	want(t, b.Do(http.MethodPost, "/v1/webhooks/stripe", bytes.Repeat([]byte(" "), 2<<20)), http.StatusRequestEntityTooLarge)
	b.URL = s.before(api.New(api.Options{Site: readySite{}, Gateways: anyWebhook{}, Log: slog.New(slog.DiscardHandler)}))
	want(t, b.Do(http.MethodPost, "/v1/webhooks/stripe", event, "Stripe-Signature", "t=1,v1=00"), http.StatusOK)
}
