package wpbridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/errs"
)

const testHome = "https://shop.example/sub"

// newPlugin serves as the plugin would and checks what every call must carry.
func newPlugin(t *testing.T, keys Keys, answer func(route string, body map[string]any) (int, string)) *Client {
	t.Helper()
	verifier := NewVerifier(keys, testHome, time.Now)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		route := r.URL.Query().Get("rest_route")
		if r.Host != "shop.example" || r.URL.Path != "/" || r.Method != http.MethodPost || r.Header.Get("X-Forwarded-Proto") != "https" {
			t.Errorf("request = %s %s %s, forwarded %q", r.Method, r.Host, r.URL, r.Header.Get("X-Forwarded-Proto"))
		}
		req := Request{Method: r.Method, Target: route, Body: raw}
		if _, err := verifier.Call(TillsideToPlugin, BearerToken(r.Header.Get(HeaderCall)), req, ScopeHello, ScopeUsers, ScopeMail, ScopeEvents, ScopeCache); err != nil {
			t.Errorf("token of %s: %v", route, err)
		}
		var body map[string]any
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Errorf("body: %v", err)
		}
		status, text := answer(route, body)
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(srv.Close)
	return newTestClient(t, keys, srv.URL)
}

func newTestClient(t *testing.T, keys Keys, url string) *Client {
	t.Helper()
	c, err := NewClient(ClientOptions{Home: testHome + "/", URL: url, Keys: func() Keys { return keys }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClient_SpeaksEveryRoute(t *testing.T) {
	own := "my own password"
	tests := []struct {
		name   string
		answer string
		call   func(context.Context, *Client) (any, error)
		route  string
		body   string
		want   any
	}{
		{
			"hello", `{"home":"https://shop.example/sub","wp_version":"6.8.12","multisite":false,"foreign_filters":[],"later":1}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.Hello(ctx, Hello{Version: "1", URL: "http://127.0.0.1:8081", Path: "/tillside", Time: 5})
			},
			"/tillside/v1/hello", `{"version":"1","url":"http://127.0.0.1:8081","path":"/tillside","time":5}`,
			SiteFacts{Home: testHome, WPVersion: "6.8.12", ForeignFilters: []string{}},
		},
		{
			"create user", `{"user_id":7,"created":true,"login":"a@b.example","pass_fingerprint":"ff"}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.CreateUser(ctx, CreateUserRequest{Key: "order:1", Email: "a@b.example", Login: "a@b.example"})
			},
			"/tillside/v1/users", `{"key":"order:1","email":"a@b.example","login":"a@b.example","first_name":"","last_name":"","roles":[]}`,
			CreatedUser{UserID: 7, Created: true, Login: "a@b.example", PassFingerprint: "ff"},
		},
		{
			"user created", `{"fired":true,"duplicates":[8,9]}`,
			func(ctx context.Context, c *Client) (any, error) {
				fired, duplicates, err := c.UserCreated(ctx, 7)
				return fmt.Sprint(fired, duplicates), err
			},
			"/tillside/v1/users/created", `{"user_id":7}`, "true [8 9]",
		},
		{
			"set roles", `{"roles":["subscriber","member"]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.SetRoles(ctx, 7, []string{"member"}, nil) },
			"/tillside/v1/users/7/roles", `{"add":["member"],"remove":[]}`, []string{"subscriber", "member"},
		},
		{
			"credentials", `{"user_login":"a","password":"my own password","pass_fingerprint":"ee","login":{"url":"https://x","fields":{"action":"tillside_login"}}}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.Credentials(ctx, 7, CredentialsRequest{PassFingerprint: "ff", Password: &own, Order: "o"})
			},
			"/tillside/v1/users/7/credentials", `{"pass_fingerprint":"ff","password":"my own password","start_url":"","order":"o"}`,
			Credentials{UserLogin: "a", Password: own, PassFingerprint: "ee", Login: LoginForm{URL: "https://x", Fields: map[string]string{"action": "tillside_login"}}},
		},
		{
			"mail", `{"sent":true}`,
			func(ctx context.Context, c *Client) (any, error) {
				return nil, c.Mail(ctx, Mail{ID: "3", To: "a@b.example", Subject: "s", SetPasswordUser: 7})
			},
			"/tillside/v1/mail", `{"id":"3","to":"a@b.example","subject":"s","html":"","text":"","set_password_user":7}`, nil,
		},
		{
			"events", `{"done":["1"]}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.Events(ctx, []Event{{ID: "1", Type: "order.paid", Data: json.RawMessage(`{"a":1}`)}})
			},
			"/tillside/v1/events", `{"events":[{"id":"1","type":"order.paid","data":{"a":1}}]}`, []string{"1"},
		},
		{
			"purge", `{"purged":3}`,
			func(ctx context.Context, c *Client) (any, error) {
				return c.PurgeCache(ctx, Purge{Offers: []string{"spring"}})
			},
			"/tillside/v1/cache/purge", `{"users":[],"posts":[],"offers":["spring"]}`, 3,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newPlugin(t, GenerateKeys(time.Now()), func(route string, body map[string]any) (int, string) {
				var want map[string]any
				_ = json.Unmarshal([]byte(tt.body), &want)
				if diff := cmp.Diff(want, body); route != tt.route || diff != "" {
					t.Errorf("route %s, body (-want +got):\n%s", route, diff)
				}
				return 200, tt.answer
			})
			got, err := tt.call(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClient_TellsThePluginsWordsFromTheSites(t *testing.T) {
	tests := []struct {
		name, kind, body string
		status           int
		header           string
		code             errs.Code
		message          string // for the customer
		log              string
	}{
		{"conflict", "application/json", `{"code":"tillside_conflict","message":"Changed.","data":{"status":409}}`, 409, "", errs.Conflict, "Changed.", "tillside_conflict"},
		{"invalid field", "application/json", `{"code":"tillside_invalid","message":"Too 100% short.","data":{"status":400,"field":"password"}}`, 400, "", errs.Invalid, "Too 100% short.", "status 400"},
		{"empty data", "application/json", `{"code":"tillside_not_found","message":"None.","data":[]}`, 404, "", errs.NotFound, "None.", ""},
		{"our token refused", "application/json", `{"code":"tillside_unauthorized","message":"kid"}`, 401, "", errs.Unavailable, "", "same keys"},
		{"plugin not active", "application/json", `{"code":"rest_no_route","message":"No route"}`, 404, "", errs.Unavailable, "", "is the plugin active?"},
		{"other plugin in the way", "application/json", `{"code":"rest_not_logged_in","message":"No"}`, 401, "", errs.Unavailable, "", "refuses the REST API"},
		{"fatal error", "application/json", `{"code":"internal_server_error","message":"<p>critical</p>"}`, 500, "", errs.Unavailable, "", "status 500"},
		{"our code with 500", "application/json", `{"code":"tillside_conflict","message":"x"}`, 500, "", errs.Unavailable, "", ""},
		{"maintenance", "text/html; charset=utf-8", `<h1>Briefly unavailable</h1>`, 503, "600", errs.Unavailable, "", `answered "text/html"`},
		{"a page instead", "text/html", `<html>`, 200, "", errs.Unavailable, "", "instead of JSON"},
		{"redirect", "text/html", ``, 301, "", errs.Unavailable, "", "TILLSIDE_WORDPRESS_URL"},
		{"not the agreed JSON", "application/json", `{"purged":"hunter2"}`, 200, "", errs.Unavailable, "", "same version"},
		{"too long", "application/json", `{"purged":1` + strings.Repeat(" ", maxAnswer) + `}`, 200, "", errs.Unavailable, "", "longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.kind)
				if tt.header != "" {
					w.Header().Set("Retry-After", tt.header)
				}
				w.Header().Set("Location", "https://www.shop.example/")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			defer srv.Close()
			_, err := newTestClient(t, GenerateKeys(time.Now()), srv.URL).PurgeCache(t.Context(), Purge{})
			if got := errs.From(err); got.Code != tt.code || tt.message != "" && got.Message() != tt.message {
				t.Errorf("error = %v %q, want %s %q", got.Code, got.Message(), tt.code, tt.message)
			}
			if err == nil || !strings.Contains(err.Error(), tt.log) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("log line = %v, want %q in it", err, tt.log)
			}
			if e, ok := errors.AsType[*CallError](err); tt.header != "" && (!ok || e.RetryAfter != 600*time.Second) {
				t.Errorf("retry after = %v", e)
			}
		})
	}
}

func TestClient_IsUnavailableWithoutWordPress(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	c := newTestClient(t, GenerateKeys(time.Now()), srv.URL)
	if _, err := c.PurgeCache(t.Context(), Purge{}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("error = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Mail(ctx, Mail{}); !errors.Is(err, context.Canceled) || !errs.Is(err, errs.Unavailable) {
		t.Errorf("error = %v", err)
	}
	if _, err := newTestClient(t, Keys{}, srv.URL).Hello(t.Context(), Hello{}); !errors.Is(err, ErrNoKeys) {
		t.Errorf("error = %v", err)
	}
	if _, ok := c.ClockSkew(); ok {
		t.Error("a clock was read off no answer")
	}
}

func TestClient_MeasuresTheClock(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(90*time.Second).UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"sent":true}`)
	}))
	defer srv.Close()
	c := newTestClient(t, GenerateKeys(time.Now()), srv.URL)
	if err := c.Mail(t.Context(), Mail{}); err != nil {
		t.Fatal(err)
	}
	if skew, ok := c.ClockSkew(); !ok || skew < 88*time.Second || skew > 91*time.Second {
		t.Errorf("skew = %v, %t", skew, ok)
	}
}

func TestClient_MailThatWasNotSentIsAnError(t *testing.T) {
	c := newPlugin(t, GenerateKeys(time.Now()), func(string, map[string]any) (int, string) { return 200, `{"sent":false}` })
	if err := c.Mail(t.Context(), Mail{}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("error = %v", err)
	}
}

func TestCredentials_AreNotPrinted(t *testing.T) {
	c := Credentials{UserLogin: "a", Password: "hunter2", Login: LoginForm{Fields: map[string]string{"token": "hunter3"}}}
	if s := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(s, "hunter") {
		t.Errorf("printed as %s", s)
	}
}

func TestNewClient_RefusesWhatIsNoAddress(t *testing.T) {
	for _, home := range []string{"", "example.org", "ftp://example.org", "https://u:p@example.org", "https://example.org/?a=1", "/x"} {
		if _, err := NewClient(ClientOptions{Home: home}); err == nil {
			t.Errorf("took %q", home)
		}
	}
}
