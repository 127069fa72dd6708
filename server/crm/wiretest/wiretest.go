// Package wiretest plays a CRM's part from exchanges that were written down, and
// fails the test when a client asks for anything else. Only tests import it.
package wiretest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"sync"
	"testing"
)

// Exchange is one request that a client is to make, and its answer.
type Exchange struct {
	Method string            `json:"method"`
	URI    string            `json:"uri"`    // path and query, escaped as they are sent
	Body   json.RawMessage   `json:"body"`   // what is sent, as JSON; none: nothing is
	Status int               `json:"status"` // of the answer; 0 is 200
	Header map[string]string `json:"header"` // of the answer
	Answer json.RawMessage   `json:"answer"`
	Text   string            `json:"text"` // an answer that is no JSON
}

// Server is a CRM that has exchanges to play.
type Server struct {
	URL string
	// Look sees every request and its body before it is answered.
	Look func(t *testing.T, r *http.Request, body []byte)

	t     *testing.T
	mu    sync.Mutex
	next  int
	plays []Exchange
}

// Play serves the exchanges that a file has under a name, in order and each once.
// That all were played is checked when the test ends.
func Play(t *testing.T, file, name string) *Server {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]Exchange
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	s := &Server{t: t, plays: all[name]}
	if len(s.plays) == 0 {
		t.Fatalf("%s has no exchanges %q", file, name)
	}
	server := httptest.NewServer(s)
	s.URL = server.URL
	t.Cleanup(func() {
		server.Close()
		for _, left := range s.plays[s.next:] {
			t.Errorf("not asked for: %s %s", left.Method, left.URI)
		}
	})
	return s
}

// ServeHTTP plays the next exchange.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("body of %s %s: %v", r.Method, r.RequestURI, err)
	}
	if s.Look != nil {
		s.Look(s.t, r, body)
	}
	if s.next == len(s.plays) {
		s.t.Errorf("not expected any more: %s %s %s", r.Method, r.RequestURI, body)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	e := s.plays[s.next]
	s.next++
	if r.Method != e.Method || r.RequestURI != e.URI {
		s.t.Errorf("asked for %s %s\nwant      %s %s", r.Method, r.RequestURI, e.Method, e.URI)
	}
	if !same(body, e.Body) {
		s.t.Errorf("%s %s sent %s\nwant %s", r.Method, r.RequestURI, body, e.Body)
	}
	e.answer(w)
}

func (e *Exchange) answer(w http.ResponseWriter) {
	for name, value := range e.Header {
		w.Header().Set(name, value)
	}
	data := []byte(e.Text)
	if e.Answer != nil {
		w.Header().Set("Content-Type", "application/json")
		data = e.Answer
	}
	if e.Status == 0 {
		e.Status = http.StatusOK
	}
	w.WriteHeader(e.Status)
	_, _ = w.Write(data) // the client may be gone
}

// same reports whether two texts are the same JSON, or both are empty.
func same(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	var left, right any
	return json.Unmarshal(a, &left) == nil && json.Unmarshal(b, &right) == nil && reflect.DeepEqual(left, right)
}
