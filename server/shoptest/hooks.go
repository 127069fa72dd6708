package shoptest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"

	"github.com/tillside/tillside/server/mysql/mysqltest"
)

// Hooks is the address to which the provider sends its events. It carries them
// on to a process, as the web server does.
type Hooks struct {
	URL    string
	Secret string // what the events are signed with

	mu       sync.Mutex
	to       string
	statuses []int
}

// UseWebhooks registers a webhook endpoint at the provider and stores its
// secret, as saving the keys does on a site that can be reached from outside.
// Call it before the first process starts, and Hooks.To afterwards.
func (s *Stand) UseWebhooks() *Hooks {
	s.tb.Helper()
	mysqltest.OpenAt(s.tb, s.DSN) // makes the tables
	h := &Hooks{}
	front := httptest.NewServer(http.HandlerFunc(h.carry))
	s.tb.Cleanup(front.Close)
	h.URL = front.URL
	form := url.Values{"url": {front.URL}, "enabled_events[0]": {"*"}, "api_version": {"2023-10-16"}}
	r, err := http.NewRequest(http.MethodPost, s.stripeURL+"/v1/webhook_endpoints", strings.NewReader(form.Encode()))
	if err != nil {
		s.tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer sk_test_sandbox")
	r.Header.Set("Stripe-Version", "2023-10-16")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // only read
	var made struct{ ID, URL, Secret string }
	if err := json.NewDecoder(response.Body).Decode(&made); err != nil || made.Secret == "" {
		s.tb.Fatalf("webhook endpoint: %d %v", response.StatusCode, err)
	}
	h.Secret = made.Secret
	plain, err := json.Marshal(map[string]string{
		"secret_key": "sk_test_sandbox", "publishable_key": "pk_test_sandbox",
		"webhook_id": made.ID, "webhook_url": made.URL, "webhook_secret": made.Secret,
	})
	if err != nil {
		s.tb.Fatal(err)
	}
	sealed, err := s.Keys.Seal(plain, "gateway.stripe")
	if err != nil {
		s.tb.Fatal(err)
	}
	s.Exec("INSERT INTO "+mysqltest.Prefix+"tillside_settings (name, value, updated_at) VALUES ('gateway.stripe', ?, NOW(6))", sealed)
	return h
}

// To names the process that gets the events; none while address is empty.
func (h *Hooks) To(address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.to = address
}

// Statuses returns what the process answered, in order.
func (h *Hooks) Statuses() []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]int(nil), h.statuses...)
}

// Post sends a body as an event.
func (h *Hooks) Post(body []byte, signature string) (int, error) {
	h.mu.Lock()
	to := h.to
	h.mu.Unlock()
	r, err := http.NewRequest(http.MethodPost, to+"/v1/webhooks/stripe", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if signature != "" {
		r.Header.Set("Stripe-Signature", signature)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func (h *Hooks) carry(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	status := http.StatusBadGateway
	if err == nil {
		if got, err := h.Post(body, r.Header.Get("Stripe-Signature")); err == nil {
			status = got
		}
	}
	h.mu.Lock()
	h.statuses = append(h.statuses, status)
	h.mu.Unlock()
	w.WriteHeader(status)
}
