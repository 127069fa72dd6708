package wpbridge

import (
	"crypto/subtle"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

var (
	tokenID = regexp.MustCompile(`^[0-9a-f]{32}$`)
	userID  = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
)

// Verifier checks tokens. It keeps no state but form tokens that were good: a call token's second use is for the
// caller to refuse, by Call.ID. After ReasonKid the keys may be read again.
type Verifier struct {
	keys Keys
	home string
	now  func() time.Time

	mu    sync.Mutex
	forms map[string]formClaims // of tokens whose signature was checked
}

// NewVerifier returns a Verifier for the site whose home_url() is home.
func NewVerifier(keys Keys, home string, now func() time.Time) *Verifier {
	return &Verifier{keys: keys, home: strings.TrimRight(home, "/"), now: now}
}

// BearerToken returns the token in a header's value; the word Bearer before it
// is optional.
func BearerToken(value string) string {
	value = strings.TrimSpace(value)
	if word, rest, ok := strings.Cut(value, " "); ok && strings.EqualFold(word, "Bearer") {
		return strings.TrimSpace(rest)
	}
	return value
}

// Call checks that a call token was made for this request and for one of the
// scopes. Its errors are TokenErrors.
func (v *Verifier) Call(d Direction, token string, r Request, scopes ...string) (Call, error) {
	p := d.purpose()
	var c callClaims
	if err := v.keys.open(p, token, &c); err != nil {
		return Call{}, err
	}
	iss, aud := d.parties(v.home)
	switch {
	case c.Iss != iss:
		return Call{}, p.refuse(ReasonIss)
	case c.Aud != aud:
		return Call{}, p.refuse(ReasonAud)
	}
	if err := p.checkTimes(v.now(), c.Iat, c.Exp, callLife); err != nil {
		return Call{}, err
	}
	switch {
	case !tokenID.MatchString(c.Jti), c.Sub != "" && !userID.MatchString(c.Sub):
		return Call{}, p.refuse(ReasonClaims)
	case !slices.Contains(scopes, c.Scope):
		return Call{}, p.refuse(ReasonScope)
	case c.IP != "" && c.Scope != ScopeBrowser:
		return Call{}, p.refuse(ReasonClaims)
	case c.Htm != r.Method:
		return Call{}, p.refuse(ReasonHtm)
	case c.Htu != r.Target:
		return Call{}, p.refuse(ReasonHtu)
	case subtle.ConstantTimeCompare([]byte(c.Bh), []byte(bodyHash(r.Body))) != 1:
		return Call{}, p.refuse(ReasonBh)
	}
	return Call{
		ID: c.Jti, Scope: c.Scope, User: c.Sub, IP: c.IP,
		IssuedAt: time.Unix(c.Iat, 0).UTC(), ExpiresAt: time.Unix(c.Exp, 0).UTC(),
	}, nil
}

// Form checks a form token. It does not know whether the offer has revoked it:
// compare IssuedAt.
func (v *Verifier) Form(token string) (Form, error) {
	c, err := v.formClaims(token)
	if err != nil {
		return Form{}, err
	}
	if err := purposeForm.checkTimes(v.now(), c.Iat, 0, 0); err != nil {
		return Form{}, err
	}
	if c.Offer == "" || c.Inst == "" {
		return Form{}, purposeForm.refuse(ReasonClaims)
	}
	return Form{
		Offer: c.Offer, Instance: c.Inst, Page: c.Page, Coupon: c.Coupon, Layout: c.Layout,
		IssuedAt: time.Unix(c.Iat, 0).UTC(),
	}, nil
}

// maxForms is how many form tokens are known at once.
const maxForms = 1000

// formClaims returns what a form token says once its signature was checked. Every
// visitor of a page sends the same one, so that it is checked once.
func (v *Verifier) formClaims(token string) (formClaims, error) {
	v.mu.Lock()
	c, known := v.forms[token]
	v.mu.Unlock()
	if known {
		return c, nil
	}
	if err := v.keys.open(purposeForm, token, &c); err != nil {
		return c, err
	}
	if err := v.checkFromSite(purposeForm, c.Iss, c.Aud); err != nil {
		return c, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.forms == nil || len(v.forms) >= maxForms {
		v.forms = map[string]formClaims{}
	}
	v.forms[token] = c
	return c, nil
}

// Session checks a session token.
func (v *Verifier) Session(token string) (Session, error) {
	var c sessionClaims
	if err := v.keys.open(purposeSession, token, &c); err != nil {
		return Session{}, err
	}
	if err := v.checkFromSite(purposeSession, c.Iss, c.Aud); err != nil {
		return Session{}, err
	}
	if err := purposeSession.checkTimes(v.now(), c.Iat, c.Exp, sessionLife); err != nil {
		return Session{}, err
	}
	if !userID.MatchString(c.Sub) {
		return Session{}, purposeSession.refuse(ReasonClaims)
	}
	return Session{
		User: c.Sub, Scopes: strings.Fields(c.Scope),
		IssuedAt: time.Unix(c.Iat, 0).UTC(), ExpiresAt: time.Unix(c.Exp, 0).UTC(),
	}, nil
}

func (v *Verifier) checkFromSite(p purpose, iss, aud string) error {
	if iss != v.home {
		return p.refuse(ReasonIss)
	}
	if aud != tillside {
		return p.refuse(ReasonAud)
	}
	return nil
}
