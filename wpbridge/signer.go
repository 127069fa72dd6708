package wpbridge

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Direction says who calls whom. Each has a key of its own, so that a token
// cannot be sent back to its maker.
type Direction string

// The two directions of a call.
const (
	PluginToTillside Direction = "plugin-to-tillside"
	TillsideToPlugin Direction = "tillside-to-plugin"
)

// What a call token may be for. The first three come from the plugin, the others
// go to it.
const (
	ScopeRender  = "render"
	ScopeAdmin   = "admin"
	ScopeBrowser = "browser"

	ScopeHello  = "hello"
	ScopeUsers  = "users"
	ScopeMail   = "mail"
	ScopeEvents = "events"
	ScopeCache  = "cache"
)

const (
	callLife    = 60 * time.Second
	sessionLife = 300 * time.Second
)

// Request is the HTTP request that a call token is bound to. Target is the path
// with its raw query ("/v1/render/order_form?offer=x"), or for calls into the
// plugin its REST route ("/tillside/v1/mail").
type Request struct {
	Method string
	Target string
	Body   []byte
}

// Call is what a call token says. Signer fills in ID and the times.
type Call struct {
	ID        string // jti, 32 hex digits: store it to refuse a second use
	Scope     string
	User      string // the acting WordPress user's id; may be ""
	IP        string // the browser's address, only with ScopeBrowser
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Form is what a form token says: what the author of the page fixed.
type Form struct {
	Offer    string // slug
	Instance string
	Page     string // permalink; may be ""
	Coupon   string
	Layout   string
	IssuedAt time.Time // floored to the hour: tells whether the offer has revoked it
}

// Session is what a session token says: who is logged in to WordPress.
type Session struct {
	User      string // WordPress user id
	Scopes    []string
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Signer makes tokens. Tillside itself signs only calls into the plugin; the
// rest is the plugin's, and here for tests and tools.
type Signer struct {
	keys Keys
	home string
	now  func() time.Time
	id   func() string
}

// NewSigner returns a Signer for the site whose home_url() is home.
func NewSigner(keys Keys, home string, now func() time.Time) *Signer {
	return &Signer{keys: keys, home: strings.TrimRight(home, "/"), now: now, id: newTokenID}
}

func newTokenID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return hex.EncodeToString(b[:])
}

type callClaims struct {
	Iss   string `json:"iss"`
	Aud   string `json:"aud"`
	Iat   int64  `json:"iat"`
	Exp   int64  `json:"exp"`
	Jti   string `json:"jti"`
	Scope string `json:"scope"`
	Sub   string `json:"sub,omitempty"`
	IP    string `json:"ip,omitempty"`
	Htm   string `json:"htm"`
	Htu   string `json:"htu"`
	Bh    string `json:"bh"`
}

type formClaims struct {
	Iss    string `json:"iss"`
	Aud    string `json:"aud"`
	Iat    int64  `json:"iat"`
	Offer  string `json:"offer"`
	Inst   string `json:"inst"`
	Page   string `json:"page"`
	Coupon string `json:"coupon,omitempty"`
	Layout string `json:"layout,omitempty"`
}

type sessionClaims struct {
	Iss   string `json:"iss"`
	Aud   string `json:"aud"`
	Sub   string `json:"sub"`
	Scope string `json:"scope"`
	Iat   int64  `json:"iat"`
	Exp   int64  `json:"exp"`
}

func (d Direction) purpose() purpose {
	return purpose{kind: "call", typ: typCall, info: "tillside/v1/call/" + string(d)}
}

// parties returns who signs (iss) and who is meant (aud).
func (d Direction) parties(home string) (iss, aud string) {
	if d == TillsideToPlugin {
		return tillside, home
	}
	return home, tillside
}

// Call returns a call token for one request, good for a minute and one use.
func (s *Signer) Call(d Direction, c Call, r Request) (string, error) {
	if c.Scope == "" || r.Method == "" || r.Target == "" {
		return "", fmt.Errorf("sign call token: scope, method or target is missing")
	}
	iss, aud := d.parties(s.home)
	iat := s.now().Unix()
	return s.keys.sign(d.purpose(), callClaims{
		Iss: iss, Aud: aud, Iat: iat, Exp: iat + int64(callLife/time.Second), Jti: s.id(),
		Scope: c.Scope, Sub: c.User, IP: c.IP, Htm: r.Method, Htu: r.Target, Bh: bodyHash(r.Body),
	})
}

// Form returns a form token as the plugin prints it into a page.
func (s *Signer) Form(f Form) (string, error) {
	return s.keys.sign(purposeForm, formClaims{
		Iss: s.home, Aud: tillside, Iat: s.now().Truncate(time.Hour).Unix(),
		Offer: f.Offer, Inst: f.Instance, Page: f.Page, Coupon: f.Coupon, Layout: f.Layout,
	})
}

// Session returns a session token as the plugin hands it to a logged-in browser.
func (s *Signer) Session(v Session) (string, error) {
	iat := s.now().Unix()
	return s.keys.sign(purposeSession, sessionClaims{
		Iss: s.home, Aud: tillside, Sub: v.User, Scope: strings.Join(v.Scopes, " "),
		Iat: iat, Exp: iat + int64(sessionLife/time.Second),
	})
}

func bodyHash(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
