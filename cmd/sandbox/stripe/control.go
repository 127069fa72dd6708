package stripe

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// controlRoutes are for tests and the demo; Stripe has nothing like them.
// Bodies and answers are JSON.
func (s *Server) controlRoutes() {
	s.mux.HandleFunc("GET /_sandbox/state", func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, s.state()) })
	s.mux.HandleFunc("POST /_sandbox/clock/advance", control(func(in struct{ Seconds int64 }) (any, error) {
		if in.Seconds < 0 {
			return nil, fmt.Errorf("the clock cannot go back")
		}
		s.Advance(time.Duration(in.Seconds) * time.Second)
		return map[string]any{"now": s.Now().Unix()}, nil
	}))
	s.mux.HandleFunc("POST /_sandbox/events/mode", control(func(in struct{ Mode EventMode }) (any, error) {
		return map[string]any{"mode": in.Mode}, s.SetEventMode(in.Mode)
	}))
	s.mux.HandleFunc("POST /_sandbox/fail", control(func(in Fault) (any, error) { return in, s.Fail(in) }))
	s.mux.HandleFunc("POST /_sandbox/refund", control(func(in struct {
		PaymentIntent string `json:"payment_intent"`
		Amount        int64
	}) (any, error) {
		return s.RefundFromDashboard(in.PaymentIntent, in.Amount)
	}))
	s.mux.HandleFunc("POST /_sandbox/3ds", control(func(in struct {
		PaymentIntent string `json:"payment_intent"`
		OK            bool
	}) (any, error) {
		to := ""
		err := s.withIntent(in.PaymentIntent, func(a *account, pi *PaymentIntent) error {
			if err := a.authenticated(pi, in.OK); err != nil {
				return err
			}
			to, _ = pi.returnTo() // empty where the confirmation named no address
			return nil
		})
		return map[string]string{"return_to": to}, err
	}))
	s.mux.HandleFunc("POST /_sandbox/confirmation_tokens", control(func(in struct {
		Number string
		TokenOptions
	}) (any, error) {
		return map[string]any{"id": s.NewConfirmationToken(in.Number, in.TokenOptions)}, nil
	}))
	s.mux.HandleFunc("POST /_sandbox/reset", control(func(struct{}) (any, error) {
		s.Reset()
		return s.state(), nil
	}))
}

// state is what tests look at: everything but the bodies of events.
func (s *Server) state() map[string]any {
	type seen struct {
		ID      string `json:"id"`
		Type    string `json:"type"`
		Created int64  `json:"created"`
		Pending int    `json:"pending_webhooks"`
	}
	events := []seen{}
	for _, ev := range s.Events() {
		events = append(events, seen{ev.ID, ev.Type, ev.Created, ev.PendingWebhooks})
	}
	customers, intents, charges, refunds, hooks := s.Customers(), s.Intents(), s.Charges(), s.Refunds(), s.WebhookEndpoints()
	s.mu.Lock()
	defer s.mu.Unlock()
	accounts := map[string]any{}
	for name, a := range s.accounts {
		accounts[name] = map[string]any{"id": a.id, "calls": a.requests}
	}
	calls := map[string]int{}
	for name, n := range s.calls {
		calls[name] = n
	}
	return map[string]any{
		"now": s.clock.now().Unix(), "mode": s.outbox.mode, "faults": len(s.faults), "accounts": accounts, "calls": calls,
		"counts": map[string]int{
			"customers": len(customers), "payment_intents": len(intents), "charges": len(charges), "refunds": len(refunds), "events": len(events),
		},
		"customers": customers, "payment_intents": intents, "charges": charges, "refunds": refunds, "events": events,
		"webhook_endpoints": hooks,
	}
}

// control decodes the body, calls f, and answers. An empty body is the zero value.
func control[T any](f func(T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil && err != io.EOF {
			respond(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		out, err := f(in)
		if err != nil {
			respond(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		respond(w, http.StatusOK, out)
	}
}

func respond(w http.ResponseWriter, status int, body any) {
	data, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"the answer could not be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the client may be gone
}
