package wire_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

func caller(t *testing.T, rules wire.Rules, handler http.HandlerFunc) *wire.Caller {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return wire.New(wire.Options{BaseURL: server.URL, Credentials: map[string]string{"key": "secret-key"}}, rules)
}

func TestCaller_NoAnswerInTimeIsAFaultThatMayPass(t *testing.T) {
	c := caller(t, wire.Rules{Timeout: 50 * time.Millisecond}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	err := c.Do(t.Context(), wire.Request{Method: http.MethodGet, Path: "/?email=erika@example.com"}, nil)
	if !crm.IsFault(err, crm.FaultTemporary) || err.Error() != "crm: temporary: no answer in time" {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Do(ctx, wire.Request{Method: http.MethodGet, Path: "/"}, nil); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

func TestCaller_TheWaitIsReadFromTheAnswer(t *testing.T) {
	for _, tt := range []struct {
		header, value string
		rules         wire.Rules
		want          time.Duration
	}{
		{"Retry-After", "7", wire.Rules{}, 7 * time.Second},
		{"Retry-After", "soon", wire.Rules{}, 0},
		{"Retry-After", "-3", wire.Rules{}, 0},
		{"Retry-After", "999999999", wire.Rules{}, 0},
		{"X-Rate-Limit-Reset", "12", wire.Rules{Wait: func(h http.Header) time.Duration { return wire.Seconds(h, "X-Rate-Limit-Reset") }}, 12 * time.Second},
	} {
		c := caller(t, tt.rules, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(tt.header, tt.value)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		fault, ok := c.Do(t.Context(), wire.Request{Method: http.MethodGet, Path: "/"}, nil).(*crm.Fault)
		if !ok || fault.Kind != crm.FaultLimited || fault.RetryAfter != tt.want {
			t.Errorf("%s: %s gave %+v, want to wait %s", tt.header, tt.value, fault, tt.want)
		}
	}
}

func TestCaller_WithoutAStandInOnlyThePublicInternetIsReached(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was reached") }))
	defer server.Close()
	c := wire.New(wire.Options{}, wire.Rules{BaseURL: server.URL})
	if err := c.Do(t.Context(), wire.Request{Method: http.MethodGet, Path: "/"}, nil); !crm.IsFault(err, crm.FaultInvalid) {
		t.Errorf("error %v", err)
	}
}
