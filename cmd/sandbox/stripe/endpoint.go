package stripe

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// route is one call of the API. Its run is called under the server's lock,
// with checked parameters, and returns the object to answer with.
type route struct {
	pattern     string // as http.ServeMux takes it
	params      params
	publishable bool // Stripe.js may call it with a publishable key
	run         func(*call) (any, error)
}

// call is one request on its way through a route.
type call struct {
	*account
	id          string // from the path, if it has one
	args        args
	publishable bool
	requestID   string
	key         string // the idempotency key
	agent       string
	address     string
	origin      string // under which the sandbox was called
}

// answer is what is sent, and what an idempotency key keeps.
type answer struct {
	status int
	body   []byte
}

const maxBody = 1 << 20

// every call may be asked to expand ids into objects.
var expandParam = params{"expand": list(text())}

// endpoint does for every route what is the same for all: keys, version,
// parameters, faults, idempotency, and the events that follow.
func (s *Server) endpoint(rt route) http.Handler {
	allowed := rt.params.with(expandParam)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{requestID: "req_" + random(14), key: r.Header.Get("Idempotency-Key"), id: r.PathValue("id")}
		w.Header().Set("Request-Id", c.requestID)
		if rt.publishable {
			allowOrigin(w)
		}
		form, err := s.prepare(rt, allowed, c, r)
		if err != nil {
			write(w, s.failed(err))
			return
		}
		fault := s.takeFault(r.Method, r.URL.Path)
		if fault != nil && fault.before(w, r) {
			return
		}
		got, replayed := s.perform(rt, c, r, form, fault)
		if replayed {
			w.Header().Set("Idempotent-Replayed", "true")
		}
		if c.key != "" {
			w.Header().Set("Idempotency-Key", c.key)
		}
		if fault != nil && fault.Status == FaultLostAnswer {
			loseAnswer(w)
		}
		write(w, got)
	})
}

// prepare does everything that needs no lock for long; its errors are kept by
// no idempotency key.
func (s *Server) prepare(rt route, allowed params, c *call, r *http.Request) (url.Values, error) {
	key, kerr := keyOf(r)
	if kerr != nil {
		return nil, kerr
	}
	if err := checkVersion(r); err != nil {
		return nil, err
	}
	if key.publishable && !rt.publishable {
		return nil, &Error{
			Status: http.StatusForbidden, Type: typeInvalid, Code: "secret_key_required", early: true,
			Message: "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
		}
	}
	if len(c.key) > 255 {
		return nil, malformed("", "", "The Idempotency-Key may have at most 255 characters.")
	}
	form, err := formOf(r)
	if err != nil {
		return nil, err
	}
	tree, ferr := decodeForm(form)
	if ferr != nil {
		return nil, ferr
	}
	if c.args, ferr = allowed.check(tree, ""); ferr != nil {
		return nil, ferr
	}
	c.publishable, c.agent, c.address, c.origin = key.publishable, r.UserAgent(), hostOf(r.RemoteAddr), originOf(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	c.account = s.account(key.account)
	s.calls[strings.ReplaceAll(rt.pattern, "{id}", "*")]++
	c.requests++
	return form, nil
}

func originOf(r *http.Request) string {
	scheme := r.Header.Get("X-Forwarded-Proto")
	if scheme != "https" {
		scheme = "http"
	}
	return scheme + "://" + r.Host
}

func hostOf(address string) string {
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return address
	}
	return strings.Trim(address[:i], "[]")
}

func formOf(r *http.Request) (url.Values, error) {
	if r.Method == http.MethodGet || r.Method == http.MethodDelete {
		return r.URL.Query(), nil
	}
	kind := r.Header.Get("Content-Type")
	if kind != "" && !strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
		return nil, malformed("", "", "Invalid request (check that your POST content type is application/x-www-form-urlencoded).")
	}
	r.Body = http.MaxBytesReader(nil, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return nil, malformed("", "", "Invalid request: %v", err)
	}
	return r.PostForm, nil
}

// perform runs the route, or replays what its idempotency key remembers.
func (s *Server) perform(rt route, c *call, r *http.Request, form url.Values, fault *Fault) (answer, bool) {
	if r.Method != http.MethodPost || c.key == "" {
		return s.run(rt, c, fault), false
	}
	kept, err := s.claim(c, r.Method+" "+r.URL.Path+"?"+form.Encode())
	if err != nil {
		return s.failed(err), false
	}
	if kept.done {
		return kept.answer, true
	}
	got := s.run(rt, c, fault)
	s.mu.Lock()
	kept.answer, kept.done = got, true
	s.mu.Unlock()
	return got, false
}

// run performs the route and starts the delivery of its events.
func (s *Server) run(rt route, c *call, fault *Fault) answer {
	if fault != nil {
		fault.hold()
		if a, broken := fault.instead(); broken {
			return a
		}
	}
	s.mu.Lock()
	s.settle()
	c.current = c
	got := s.render(rt, c)
	c.current = nil
	before := s.outbox.mode == Early
	s.mu.Unlock()
	s.deliver(before)
	return got
}

// render turns the route's result into an answer. The caller holds the lock.
func (s *Server) render(rt route, c *call) answer {
	object, err := rt.run(c)
	if err != nil {
		return s.failed(err)
	}
	if paths := c.args.texts("expand"); len(paths) > 0 {
		if object, err = c.expand(object, paths); err != nil {
			return s.failed(err)
		}
	}
	body, err := json.Marshal(object)
	if err != nil {
		return s.failed(err)
	}
	return answer{status: http.StatusOK, body: body}
}

func (s *Server) failed(err error) answer {
	e, ok := err.(*Error)
	if !ok {
		s.log.Error("sandbox fault", "error", err)
		e = &Error{Status: http.StatusInternalServerError, Type: typeAPI, Message: "The sandbox itself failed: " + err.Error()}
	}
	body, _ := json.Marshal(map[string]*Error{"error": e}) // nothing in it can fail
	return answer{status: e.Status, body: body}
}

func write(w http.ResponseWriter, a answer) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("Stripe-Version", APIVersion)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may be gone
}

// allowOrigin lets a shop's page read the answer, as Stripe.js needs it.
func allowOrigin(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Request-Id, Idempotent-Replayed")
}

func preflight(w http.ResponseWriter, _ *http.Request) {
	allowOrigin(w)
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Stripe-Version, Idempotency-Key")
	h.Set("Access-Control-Max-Age", "300")
	w.WriteHeader(http.StatusNoContent)
}

func unknownURL(w http.ResponseWriter, r *http.Request) {
	e := refuse("", "", "Unrecognized request URL (%s: %s). The sandbox may not have it yet.", r.Method, r.URL.Path)
	e.Status = http.StatusNotFound
	body, _ := json.Marshal(map[string]*Error{"error": e})
	write(w, answer{status: e.Status, body: body})
}
