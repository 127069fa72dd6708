package wpbridge

import (
	"strings"
	"testing"
	"time"

	"github.com/tillside/tillside/server/errs"
)

func TestBearerToken_WordIsOptional(t *testing.T) {
	for in, want := range map[string]string{
		"Bearer a.b.c": "a.b.c", "bearer  a.b.c ": "a.b.c", "a.b.c": "a.b.c", "": "", "Bearer": "Bearer", "Basic x": "Basic x",
	} {
		if got := BearerToken(in); got != want {
			t.Errorf("BearerToken(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSigner_EveryCallHasItsOwnID(t *testing.T) {
	keys := GenerateKeys(time.Now())
	s, v := NewSigner(keys, "https://example.org/", time.Now), NewVerifier(keys, "https://example.org", time.Now)
	r := Request{Method: "POST", Target: "/tillside/v1/hello", Body: []byte("{}")}
	seen := map[string]bool{}
	for range 3 {
		token, err := s.Call(TillsideToPlugin, Call{Scope: ScopeHello}, r)
		if err != nil {
			t.Fatal(err)
		}
		c, err := v.Call(TillsideToPlugin, token, r, ScopeUsers, ScopeHello)
		if err != nil {
			t.Fatal(err)
		}
		seen[c.ID] = true
		if _, err := v.Call(PluginToTillside, token, r, ScopeHello); TokenReason(err) != ReasonSignature {
			t.Errorf("reflected token: %v", err)
		}
	}
	if len(seen) != 3 {
		t.Errorf("ids = %v", seen)
	}
}

func TestSigner_RefusesWhatItCannotBind(t *testing.T) {
	s := NewSigner(GenerateKeys(time.Now()), "https://example.org", time.Now)
	if _, err := s.Call(TillsideToPlugin, Call{}, Request{Method: "GET", Target: "/"}); err == nil {
		t.Error("signed without a scope")
	}
	if _, err := s.Form(Form{Offer: "x", Instance: "y", Page: strings.Repeat("p", maxTokenLen)}); err == nil {
		t.Error("signed a token that no one accepts")
	}
	if _, err := NewSigner(Keys{}, "https://example.org", time.Now).Form(Form{}); err == nil {
		t.Error("signed without keys")
	}
}

func TestTokenError_IsUnauthorized(t *testing.T) {
	v := NewVerifier(GenerateKeys(time.Now()), "https://example.org", time.Now)
	_, err := v.Form("nonsense")
	if errs.From(err).Code != errs.Unauthorized {
		t.Errorf("error = %v", err)
	}
	if strings.Contains(errs.From(err).Message(), "malformed") {
		t.Error("the reason reaches the client")
	}
}

func FuzzVerifier_DoesNotPanic(f *testing.F) {
	keys := GenerateKeys(time.Unix(1760000000, 0))
	now := func() time.Time { return time.Unix(1760000000, 0) }
	good, err := NewSigner(keys, "https://example.org", now).Form(Form{Offer: "a", Instance: "b"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("..")
	f.Add("e30.e30.e30")
	v := NewVerifier(keys, "https://example.org", now)
	f.Fuzz(func(t *testing.T, token string) {
		if got, err := v.Form(token); err == nil && token != good {
			t.Errorf("accepted %q as %+v", token, got)
		}
	})
}
