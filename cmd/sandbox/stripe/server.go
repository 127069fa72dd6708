// Package stripe is a stand-in for Stripe: its API of version 2023-10-16, its
// webhooks and Stripe.js, in memory and with a virtual clock. It is for the
// demo, for tests and for benchmarks, and never handles real money or cards.
//
// Each resource has a file with its object, its parameters and its routes; the
// files ending in _flow.go hold the state machines. A resource is added by
// listing its routes in [resources] and its table in [account].
package stripe

import (
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// APIVersion is the one version of Stripe's API that the sandbox speaks.
const APIVersion = "2023-10-16"

// DefaultAccount is the account of the keys sk_test_sandbox and
// pk_test_sandbox, and the one that the Go functions and control routes use
// when none is named.
const DefaultAccount = "sandbox"

// Options are what a Server may be given. The zero value works.
type Options struct {
	Now func() time.Time // real time, to which Advance adds; time.Now when nil
	Log *slog.Logger     // failed webhook deliveries and faults; nothing is logged when nil
}

// Server is the sandbox. It is an http.Handler and safe for concurrent use.
type Server struct {
	log  *slog.Logger
	mux  *http.ServeMux
	hook *http.Client

	mu       sync.Mutex // guards all below
	clock    clock
	timers   timers
	accounts map[string]*account
	outbox   outbox
	faults   []*Fault
	calls    map[string]int
	idle     *sync.Cond // the outbox has nothing more to do at once
}

// New returns a sandbox without any objects.
func New(opts Options) *Server {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{log: opts.Log, mux: http.NewServeMux(), hook: webhookClient(), clock: clock{base: opts.Now}}
	s.idle = sync.NewCond(&s.mu)
	s.empty()
	for _, routes := range resources() {
		for _, rt := range routes {
			s.mux.Handle(rt.pattern, s.endpoint(rt))
		}
	}
	s.mux.HandleFunc("OPTIONS /v1/", preflight)
	s.mux.HandleFunc("/v1/", unknownURL)
	s.browserRoutes()
	s.controlRoutes()
	return s
}

// resources lists the routes of every resource of the API.
func resources() [][]route {
	return [][]route{
		accountRoutes(), elementsRoutes(), customerRoutes(), confirmationTokenRoutes(), paymentMethodRoutes(), paymentIntentRoutes(),
		chargeRoutes(), refundRoutes(), disputeRoutes(), eventRoutes(), webhookEndpointRoutes(), domainRoutes(),
	}
}

// ServeHTTP answers API calls, Stripe.js and the control routes.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close drops the webhooks that wait and returns when those under way have
// been answered. It may be called twice.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outbox.waiting = nil
	s.awaitIdle()
}

// awaitIdle waits until no delivery is under way. The caller holds the lock.
func (s *Server) awaitIdle() {
	for s.outbox.busy || s.outbox.sending > 0 {
		s.idle.Wait()
	}
}

// empty forgets everything. The caller holds the lock or is alone.
func (s *Server) empty() {
	s.clock.offset = 0
	s.timers = nil
	s.accounts = map[string]*account{}
	s.outbox.mode, s.outbox.delay, s.outbox.waiting = InOrder, time.Hour, nil
	s.faults = nil
	s.calls = map[string]int{}
}

// account returns the named account, which is made when it is first used.
// The caller holds the lock.
func (s *Server) account(name string) *account {
	if name == "" {
		name = DefaultAccount
	}
	a, ok := s.accounts[name]
	if !ok {
		a = newAccount(s, name)
		s.accounts[name] = a
	}
	return a
}
