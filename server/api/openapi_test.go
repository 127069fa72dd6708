package api_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/api"
)

func document(t *testing.T) *openapi3.T {
	t.Helper()
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(loader.Context); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestOpenAPI_IsValid(t *testing.T) { document(t) }

func TestOpenAPI_HasEveryRouteAndNoOther(t *testing.T) {
	engine, isGin := api.New(api.Options{}).(*gin.Engine)
	if !isGin {
		t.Fatal("the handler is not Gin's: look at its routes in another way")
	}
	var served, written []string
	for _, route := range engine.Routes() {
		parts := strings.Split(route.Path, "/")
		for i, part := range parts {
			if name, isParam := strings.CutPrefix(part, ":"); isParam {
				parts[i] = "{" + name + "}"
			}
		}
		served = append(served, route.Method+" "+strings.Join(parts, "/"))
	}
	for path, item := range document(t).Paths.Map() {
		for method := range item.Operations() {
			written = append(written, method+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(written)
	if diff := cmp.Diff(served, written); diff != "" {
		t.Errorf("routes and openapi.yaml differ (-served +written):\n%s", diff)
	}
}

// witness stands before a handler and compares every exchange with the
// document: all answers, and those requests that were not refused.
type witness struct {
	tb     testing.TB
	doc    *openapi3.T
	router routers.Router

	mu   sync.Mutex
	next http.Handler
	seen map[string]bool // "GET /v1/ping 200"
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	doc := document(t)
	doc.Servers = nil // the test's address is none of them
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &witness{tb: t, doc: doc, router: router, seen: map[string]bool{}}
}

// before starts a server that shows a handler through the witness.
func (w *witness) before(next http.Handler) (url string) {
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serve(next, rw, r) }))
	w.tb.Cleanup(front.Close)
	return front.URL
}

func (w *witness) serve(next http.Handler, rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.tb.Error(err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	record := httptest.NewRecorder()
	next.ServeHTTP(record, r)
	w.check(r, body, record)
	maps.Copy(rw.Header(), record.Header())
	rw.WriteHeader(record.Code)
	_, _ = rw.Write(record.Body.Bytes()) // the client sees a broken answer
}

func (w *witness) check(r *http.Request, body []byte, record *httptest.ResponseRecorder) {
	what := r.Method + " " + r.URL.Path
	if got := record.Header().Get("Cache-Control"); got != "no-store" {
		w.tb.Errorf("%s: Cache-Control = %q", what, got)
	}
	r = r.Clone(context.Background())
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := w.router.FindRoute(r)
	if err != nil {
		if record.Code != http.StatusNotFound {
			w.tb.Errorf("%s: answered %d, but is not in the document: %v", what, record.Code, err)
		}
		return
	}
	w.mu.Lock()
	w.seen[route.Method+" "+route.Path+" "+http.StatusText(record.Code)] = true
	w.mu.Unlock()
	request := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: hasHeader, IncludeResponseStatus: true},
	}
	if record.Code < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(r.Context(), request); err != nil {
			w.tb.Errorf("%s: the service took what the document refuses: %v\n%s", what, err, body)
		}
	}
	err = openapi3filter.ValidateResponse(r.Context(), (&openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: record.Code, Header: record.Header(), Options: request.Options,
	}).SetBodyBytes(record.Body.Bytes()))
	if err != nil {
		w.tb.Errorf("%s: answer %d does not fit: %v\n%s", what, record.Code, err, record.Body)
	}
}

// hasHeader asks only that the token is there: whether it is right is the
// service's to say.
func hasHeader(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	name := in.SecurityScheme.Name
	if in.RequestValidationInput.Request.Header.Get(name) == "" {
		return in.NewError(http.ErrNoCookie)
	}
	return nil
}

// wantAllSucceeded fails unless every operation was seen to succeed.
func (w *witness) wantAllSucceeded() {
	w.tb.Helper()
	for path, item := range w.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status, text := range map[string]string{"200": "OK", "201": "Created"} {
				if operation.Responses.Value(status) != nil && !w.seen[method+" "+path+" "+text] {
					w.tb.Errorf("%s %s: its answer %s was never seen", method, path, status)
				}
			}
		}
	}
}
