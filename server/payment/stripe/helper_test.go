package stripe_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/payment/stripe"
)

const testKey = "sk_test_51TillsideTillsideTillside"

// testNow is the gateway's clock.
var testNow = time.Unix(1760003600, 0)

// set changes fields of a recorded answer; a nil removes nothing, it is null.
type set map[string]any

// recorded returns a recorded answer of Stripe's with fields changed.
func recorded(t *testing.T, file string, changes set) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	maps.Copy(object, changes)
	changed, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(changed)
}

// list wraps objects the way Stripe lists them.
func list(hasMore bool, objects ...string) string {
	more := "false"
	if hasMore {
		more = "true"
	}
	return `{"object":"list","url":"/v1/x","has_more":` + more + `,"data":[` + strings.Join(objects, ",") + `]}`
}

// exchange is one request that is expected and what is answered to it.
type exchange struct {
	request string     // "POST /v1/payment_intents"
	form    url.Values // exactly these parameters; nil leaves them unchecked
	key     string     // the idempotency key; empty leaves it unchecked
	notKey  string     // a key that must not be used
	status  int        // 200 when zero; -1 breaks the connection
	answer  string
}

// script answers requests in the written order and fails the test on any other.
type script struct {
	t     *testing.T
	mu    sync.Mutex
	steps []exchange
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body) + r.URL.RawQuery)
	request := r.Method + " " + r.URL.Path
	if len(s.steps) == 0 {
		s.t.Errorf("unexpected %s %s", request, form.Encode())
		http.Error(w, "{}", http.StatusTeapot)
		return
	}
	step := s.steps[0]
	s.steps = s.steps[1:]
	if request != step.request {
		s.t.Errorf("request = %s, want %s", request, step.request)
	}
	if step.form != nil {
		if diff := cmp.Diff(step.form, form); diff != "" {
			s.t.Errorf("%s: parameters (-want +got):\n%s", request, diff)
		}
	}
	if got := r.Header.Get("Idempotency-Key"); step.key != "" && got != step.key {
		s.t.Errorf("%s: idempotency key = %q, want %q", request, got, step.key)
	}
	if got := r.Header.Get("Idempotency-Key"); step.notKey != "" && got == step.notKey {
		s.t.Errorf("%s: idempotency key = %q again", request, got)
	}
	if got := r.Header.Get("Stripe-Version"); got != "2023-10-16" {
		s.t.Errorf("%s: Stripe-Version = %q", request, got)
	}
	if got := r.Header.Get("Authorization"); got != "Bearer "+testKey {
		s.t.Errorf("%s: Authorization = %q", request, got)
	}
	if r.Header.Get("X-Stripe-Client-Telemetry") != "" {
		s.t.Errorf("%s: telemetry is sent", request)
	}
	if step.status < 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Request-Id", "req_1")
	if step.status != 0 {
		w.WriteHeader(step.status)
	}
	_, _ = io.WriteString(w, step.answer)
}

// play returns a gateway that talks to a script. When the test ends, every step
// must have been used, and what was logged, at debug level, must hold no secret
// and nothing personal.
func play(t *testing.T, steps ...exchange) *stripe.Gateway {
	t.Helper()
	s := &script{t: t, steps: steps}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.Close()
		for _, step := range s.steps {
			t.Errorf("%s was not asked", step.request)
		}
	})
	return gatewayTo(t, server.URL)
}

func gatewayTo(t *testing.T, address string) *stripe.Gateway {
	t.Helper()
	log := &lockedBuffer{}
	g, err := stripe.New(stripe.Options{
		SecretKey: testKey, BaseURL: address, Now: func() time.Time { return testNow },
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { holdsNoSecret(t, "the log", log.String()) })
	return g.WithoutPauses()
}

// holdsNoSecret checks a text that an operator sees.
func holdsNoSecret(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range []string{testKey, "_secret_", "client_secret", "whsec_", "ada@example.com", "Lovelace", "10115"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s holds %q:\n%s", where, secret, text)
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
