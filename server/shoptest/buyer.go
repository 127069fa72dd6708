package shoptest

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/tillside/tillside/wpbridge"
)

// Buyer is a browser on an order form.
type Buyer struct {
	Stand *Stand
	URL   string // of a process
	Offer string
	Home  string // the site that the form is on; empty: the stand's

	ID, Token string // of the checkout, after Start
	Version   int
	Total     int64
	Currency  string
	OrderID   string
	Header    http.Header // sent with every request
	tb        testing.TB
}

// Answer is what came back: the status and the decoded body.
type Answer struct {
	Code   int
	Header http.Header
	Body   map[string]any
	Raw    string
}

// String returns a text of the body.
func (a Answer) String(name string) string {
	text, _ := a.Body[name].(string)
	return text
}

// Map returns an object of the body; nil when there is none.
func (a Answer) Map(name string) map[string]any {
	m, _ := a.Body[name].(map[string]any)
	return m
}

// NewBuyer returns a browser that opens an offer's form at a process.
func (s *Stand) NewBuyer(p *Process, offer string) *Buyer {
	return &Buyer{Stand: s, URL: p.URL, Offer: offer, Header: http.Header{}, tb: s.tb}
}

// FormToken returns what WordPress prints with the form.
func (b *Buyer) FormToken() string {
	home := cmp.Or(b.Home, b.Stand.Plugin.URL)
	token, err := wpbridge.NewSigner(b.Stand.Keys, home, time.Now).Form(wpbridge.Form{
		Offer: b.Offer, Instance: "tillside-1", Page: home + "/order/",
	})
	if err != nil {
		b.tb.Fatal(err)
	}
	return token
}

// Do sends a request; body is encoded as JSON unless it is nil or bytes. A
// request that got no answer has the code 0.
func (b *Buyer) Do(method, path string, body any, header ...string) Answer {
	var raw []byte
	switch v := body.(type) {
	case nil:
	case []byte:
		raw = v
	default:
		var err error
		if raw, err = json.Marshal(v); err != nil {
			b.tb.Fatal(err)
		}
	}
	r, err := http.NewRequest(method, b.URL+path, bytes.NewReader(raw))
	if err != nil {
		b.tb.Fatal(err)
	}
	for name, values := range b.Header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/json")
	if b.Token != "" {
		r.Header.Set("X-Tillside-Checkout", b.Token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return Answer{Raw: err.Error()}
	}
	defer response.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{Raw: err.Error()}
	}
	a := Answer{Code: response.StatusCode, Header: response.Header, Raw: string(text)}
	_ = json.Unmarshal(text, &a.Body) // a body that is no JSON stays raw
	return a
}

// DoAdmin sends a request as the plugin does for an admin.
func (b *Buyer) DoAdmin(method, path string, body any) Answer {
	b.tb.Helper()
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			b.tb.Fatal(err)
		}
	}
	token, err := wpbridge.NewSigner(b.Stand.Keys, cmp.Or(b.Home, b.Stand.Plugin.URL), time.Now).Call(wpbridge.PluginToTillside,
		wpbridge.Call{Scope: wpbridge.ScopeAdmin, User: "1"}, wpbridge.Request{Method: method, Target: path, Body: raw})
	if err != nil {
		b.tb.Fatal(err)
	}
	return b.Do(method, path, raw, wpbridge.HeaderCall, token)
}

// Start does steps 1 and 2.
func (b *Buyer) Start(email string) {
	b.tb.Helper()
	b.StartWith(email, nil)
}

// StartWith does so with more in the first request, such as "gift".
func (b *Buyer) StartWith(email string, more map[string]any) {
	b.tb.Helper()
	body := map[string]any{
		"form_token": b.FormToken(),
		"contact":    map[string]string{"email": email, "first_name": "Erika", "last_name": "Muster"},
		"page_url":   b.Stand.Plugin.URL + "/order/?utm_source=letter",
		"utm":        map[string]string{"source": "letter"}, "partner": "p7",
	}
	maps.Copy(body, more)
	a := b.Do(http.MethodPost, "/v1/checkouts", body)
	if a.Code != http.StatusCreated {
		b.tb.Fatalf("start: %d %s", a.Code, a.Raw)
	}
	b.ID, b.Token = a.String("id"), a.String("checkout_token")
	a = b.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, map[string]any{
		"version": 1, "details": map[string]string{"country": "DE", "postal_code": "10115"}, "step": 3,
	})
	if a.Code != http.StatusOK {
		b.tb.Fatalf("details: %d %s", a.Code, a.Raw)
	}
	b.Version = 2
	b.Currency = fmt.Sprint(a.Map("quote")["currency"])
	b.Take(a.Map("quote"))
}

// Pay clicks the button with a card number, under a key of its own.
func (b *Buyer) Pay(card string) Answer { return b.PayWithKey(card, rand.Text()) }

// PayWithKey clicks the button under a given key. A free order has no card.
func (b *Buyer) PayWithKey(card, key string) Answer {
	if card == "" {
		return b.PayWithToken("none", "", key)
	}
	return b.PayWithToken("stripe", b.Stand.Stripe.NewConfirmationToken(card), key)
}

// PayWithToken clicks the button with a token that is there already.
func (b *Buyer) PayWithToken(gateway, token, key string) Answer {
	a := b.Do(http.MethodPost, "/v1/checkouts/"+b.ID+"/pay", map[string]any{
		"gateway": gateway, "token": token, "expected_total": map[string]any{"amount": b.Total, "currency": b.Currency},
	}, "Idempotency-Key", key)
	b.note(a)
	return a
}

// Sync asks how the payment stands.
func (b *Buyer) Sync() Answer {
	a := b.Do(http.MethodPost, "/v1/checkouts/"+b.ID+"/sync", map[string]any{})
	b.note(a)
	return a
}

func (b *Buyer) note(a Answer) {
	if id, isText := a.Map("order")["id"].(string); isText {
		b.OrderID = id
	}
}

// Receipt reads the order.
func (b *Buyer) Receipt() Answer { return b.Do(http.MethodGet, "/v1/orders/"+b.OrderID, nil) }

// Credentials asks for the way in.
func (b *Buyer) Credentials(own string) Answer {
	return b.Do(http.MethodPost, "/v1/orders/"+b.OrderID+"/credentials", map[string]string{"password": own})
}
