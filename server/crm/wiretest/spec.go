package wiretest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// Spec is a CRM's own description of its API.
type Spec struct {
	Doc *openapi3.T // nil when it is not at hand

	name   string
	prefix string
	paths  map[string]*regexp.Regexp
}

// LoadSpec reads a description from the folder that TILLSIDE_SPECS names. When that
// is not set the Spec checks nothing and says so. prefix is what the description's
// paths have before those that a client asks for.
func LoadSpec(name, prefix string) (*Spec, error) {
	s := &Spec{name: name, prefix: prefix, paths: map[string]*regexp.Regexp{}}
	folder := os.Getenv("TILLSIDE_SPECS")
	if folder == "" {
		return s, nil
	}
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	if s.Doc, err = openapi3.NewLoader().LoadFromData(data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	variable := regexp.MustCompile(`\\\{[^}]*\\\}`)
	for path := range s.Doc.Paths.Map() {
		s.paths[path] = regexp.MustCompile("^" + variable.ReplaceAllString(regexp.QuoteMeta(path), "([^/]+)") + "$")
	}
	return s, nil
}

// Check fails the test when a request is not as the description has it.
func (s *Spec) Check(t *testing.T, r *http.Request, body []byte) {
	t.Helper()
	if s.Doc == nil {
		t.Logf("TILLSIDE_SPECS is not set: %s %s is not compared with %s", r.Method, r.URL.Path, s.name)
		return
	}
	input := s.input(t, r, body)
	if input == nil {
		t.Errorf("%s %s is not in the description", r.Method, r.URL.Path)
		return
	}
	if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
		t.Errorf("%s %s: %v", r.Method, r.RequestURI, err)
	}
}

// Watch checks the requests to a stand-in, and its answers but refusals.
func (s *Spec) Watch(t *testing.T, next http.Handler) http.Handler {
	if s.Doc == nil {
		t.Logf("TILLSIDE_SPECS is not set: the stand-in is not compared with %s", s.name)
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("body of %s %s: %v", r.Method, r.RequestURI, err)
		}
		s.Check(t, r, body)
		r.Body = readCloser{bytes.NewReader(body)}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		if input := s.input(t, r, body); input != nil && answer.Code < http.StatusMultipleChoices {
			err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
				RequestValidationInput: input, Status: answer.Code, Header: answer.Header(), Body: readCloser{bytes.NewReader(answer.Body.Bytes())},
			})
			if err != nil {
				t.Errorf("answer to %s %s: %v", r.Method, r.RequestURI, err)
			}
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // the client may be gone
	})
}

// input is a request with what describes it; nil for nothing.
func (s *Spec) input(t *testing.T, r *http.Request, body []byte) *openapi3filter.RequestValidationInput {
	path, found := s.prefix+r.URL.EscapedPath(), ""
	for template, pattern := range s.paths {
		fits := pattern.MatchString(path) && s.Doc.Paths.Value(template).GetOperation(r.Method) != nil
		// /contacts/model is itself, not the contact "model".
		if fits && (found == "" || strings.Count(template, "{") < strings.Count(found, "{")) {
			found = template
		}
	}
	if found == "" {
		return nil
	}
	asked, item := r.Clone(t.Context()), s.Doc.Paths.Value(found)
	asked.Body = http.NoBody
	if len(body) > 0 {
		asked.Body = readCloser{bytes.NewReader(body)}
	}
	return &openapi3filter.RequestValidationInput{
		Request: asked, PathParams: variables(found, s.paths[found].FindStringSubmatch(path)[1:]),
		Route:   &routers.Route{Spec: s.Doc, Path: found, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

func variables(template string, values []string) map[string]string {
	named := map[string]string{}
	for _, part := range strings.Split(template, "{")[1:] {
		name, _, _ := strings.Cut(part, "}")
		value, err := url.PathUnescape(values[len(named)])
		if err == nil {
			named[name] = value
		}
	}
	return named
}
