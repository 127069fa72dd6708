package shoptest

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/wpbridge"
	"github.com/tillside/tillside/wpbridge/wpdb"
)

// Plugin answers what Tillside asks of WordPress, and checks every token. It
// keeps no rule of the real plugin but those that a test looks at.
type Plugin struct {
	URL string

	mu     sync.Mutex
	mails  map[string]wpbridge.Mail
	events []wpbridge.Event
	calls  []string // routes, in order
	down   bool
	facts  wpbridge.SiteFacts
}

// NewPlugin returns a second WordPress on the same database, at another address.
func (s *Stand) NewPlugin() *Plugin { return newPlugin(s.tb, s) }

func newPlugin(tb testing.TB, s *Stand) *Plugin {
	p := &Plugin{mails: map[string]wpbridge.Mail{}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, s) }))
	tb.Cleanup(front.Close)
	p.URL = front.URL
	p.facts = wpbridge.SiteFacts{
		Home: p.URL, SiteURL: p.URL, WPVersion: "6.8.12", PHPVersion: "8.2.0", PluginVersion: "0.1.0", Prefix: mysqltest.Prefix,
		BasePrefix: mysqltest.Prefix, UsersTable: mysqltest.Prefix + "users", UsermetaTable: mysqltest.Prefix + "usermeta",
		UsersEngineOK: true, Mode: "proxy", LoginURL: p.URL + "/wp-login.php",
	}
	return p
}

// Mails returns what was sent, by id.
func (p *Plugin) Mails() map[string]wpbridge.Mail {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[string]wpbridge.Mail, len(p.mails))
	for id, mail := range p.mails {
		all[id] = mail
	}
	return all
}

// Events returns the events that were fired, in order.
func (p *Plugin) Events() []wpbridge.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]wpbridge.Event(nil), p.events...)
}

// Calls counts the calls of a route.
func (p *Plugin) Calls(route string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, call := range p.calls {
		if call == route {
			n++
		}
	}
	return n
}

// AllCalls returns the routes that were called, in order.
func (p *Plugin) AllCalls() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.calls...)
}

// SetDown makes WordPress answer 503, or stop doing so.
func (p *Plugin) SetDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func (p *Plugin) serve(w http.ResponseWriter, r *http.Request, s *Stand) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	route := r.URL.Query().Get("rest_route")
	p.mu.Lock()
	p.calls = append(p.calls, strings.TrimPrefix(route, "/tillside/v1"))
	down := p.down
	p.mu.Unlock()
	if down {
		http.Error(w, "maintenance", http.StatusServiceUnavailable)
		return
	}
	token := wpbridge.BearerToken(r.Header.Get(wpbridge.HeaderCall))
	verifier := wpbridge.NewVerifier(s.Keys, p.URL, time.Now)
	_, err = verifier.Call(wpbridge.TillsideToPlugin, token, wpbridge.Request{Method: r.Method, Target: route, Body: body},
		wpbridge.ScopeHello, wpbridge.ScopeUsers, wpbridge.ScopeMail, wpbridge.ScopeEvents, wpbridge.ScopeCache)
	if err != nil {
		answer(w, http.StatusUnauthorized, map[string]string{"code": "tillside_unauthorized", "message": err.Error()})
		return
	}
	status, v := p.answer(strings.TrimPrefix(route, "/tillside/v1"), body, s)
	answer(w, status, v)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller sees a broken answer
}

func (p *Plugin) answer(route string, body []byte, s *Stand) (int, any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case route == "/hello":
		return http.StatusOK, p.facts
	case route == "/users/created":
		return http.StatusOK, map[string]any{"fired": true, "duplicates": []int64{}}
	case route == "/mail":
		var mail wpbridge.Mail
		if err := json.Unmarshal(body, &mail); err != nil {
			return http.StatusBadRequest, nil
		}
		p.mails[mail.ID] = mail
		return http.StatusOK, map[string]bool{"sent": true}
	case route == "/events":
		var in struct{ Events []wpbridge.Event }
		if err := json.Unmarshal(body, &in); err != nil {
			return http.StatusBadRequest, nil
		}
		done := []string{}
		for _, e := range in.Events {
			p.events = append(p.events, e)
			done = append(done, e.ID)
		}
		return http.StatusOK, map[string]any{"done": done}
	case route == "/cache/purge":
		return http.StatusOK, map[string]int{"purged": 1}
	case strings.HasSuffix(route, "/roles"):
		return http.StatusOK, map[string]any{"roles": []string{"subscriber"}}
	case strings.HasSuffix(route, "/credentials"):
		return p.credentials(route, body, s.SQL)
	}
	return http.StatusNotFound, map[string]string{"code": "rest_no_route", "message": "No route."}
}

// credentials sets a password as WordPress would, if it is still the one that
// Tillside knows.
func (p *Plugin) credentials(route string, body []byte, db *sql.DB) (int, any) {
	var in wpbridge.CredentialsRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return http.StatusBadRequest, nil
	}
	id := strings.Split(route, "/")[2]
	var login, pass string
	if err := db.QueryRow("SELECT user_login, user_pass FROM "+mysqltest.Prefix+"users WHERE ID = ?", id).Scan(&login, &pass); err != nil {
		return http.StatusNotFound, map[string]string{"code": "tillside_not_found", "message": "No such user."}
	}
	if wpdb.Fingerprint(pass) != in.PassFingerprint {
		return http.StatusConflict, map[string]string{"code": "tillside_conflict", "message": "The password was changed."}
	}
	password := rand.Text()
	if in.Password != nil {
		password = *in.Password
	}
	hash, err := wpdb.HashPassword(password, 4)
	if err != nil {
		return http.StatusInternalServerError, nil
	}
	if _, err := db.Exec("UPDATE "+mysqltest.Prefix+"users SET user_pass = ? WHERE ID = ?", hash, id); err != nil {
		return http.StatusInternalServerError, nil
	}
	return http.StatusOK, wpbridge.Credentials{
		UserLogin: login, Password: password, PassFingerprint: wpdb.Fingerprint(hash),
		Login: wpbridge.LoginForm{URL: p.URL + "/wp-admin/admin-post.php", Fields: map[string]string{"action": "tillside_login", "token": rand.Text()}},
	}
}
