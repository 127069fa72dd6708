package wpbridge

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

// The vectors that Go signs are rewritten by `go test ./wpbridge -update`; those
// that PHP signed (signed_by "php") are kept as they are.
var update = flag.Bool("update", false, "rewrite testdata/tokens.json")

const vectorsFile = "testdata/tokens.json"

type vectors struct {
	Note     string          `json:"note"`
	Keys     string          `json:"keys"` // JSON in a string, as it stands in the option
	Newest   string          `json:"newest"`
	Home     string          `json:"home"`
	Now      int64           `json:"now"`
	Derived  []derivedVector `json:"derived"`
	Accepted []tokenVector   `json:"accepted"`
	Refused  []tokenVector   `json:"refused"`
}

type derivedVector struct {
	Kid  string `json:"kid"`
	Info string `json:"info"`
	Hex  string `json:"hex"`
}

type tokenVector struct {
	Name      string          `json:"name"`
	Kind      string          `json:"kind"`
	Direction Direction       `json:"direction,omitempty"`
	Scope     string          `json:"scope,omitempty"` // what the route asks for
	Method    string          `json:"method,omitempty"`
	Target    string          `json:"target,omitempty"`
	Body      string          `json:"body,omitempty"`
	SignedBy  string          `json:"signed_by,omitempty"`
	Claims    json.RawMessage `json:"claims,omitempty"`
	Token     string          `json:"token"`
	Reason    Reason          `json:"reason,omitempty"`
}

func (v tokenVector) request() Request {
	return Request{Method: v.Method, Target: v.Target, Body: []byte(v.Body)}
}

// verify returns the claims that the Verifier read, as JSON.
func (v tokenVector) verify(verifier *Verifier) (any, error) {
	switch v.Kind {
	case "call":
		return verifier.Call(v.Direction, v.Token, v.request(), v.Scope)
	case "form":
		return verifier.Form(v.Token)
	default:
		return verifier.Session(v.Token)
	}
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	raw, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTokens_MatchThePlugin(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	v := readVectors(t)
	keys, err := ParseKeys(v.Keys)
	if err != nil {
		t.Fatal(err)
	}
	if keys.Newest() != v.Newest {
		t.Errorf("newest key = %q, want %q", keys.Newest(), v.Newest)
	}
	for _, d := range v.Derived {
		got, _ := keys.derive(d.Kid, d.Info)
		if hex.EncodeToString(got) != d.Hex {
			t.Errorf("derive %s %s = %x, want %s", d.Kid, d.Info, got, d.Hex)
		}
	}
	verifier := NewVerifier(keys, v.Home, func() time.Time { return time.Unix(v.Now, 0) })
	php := 0
	for _, tv := range v.Accepted {
		if tv.SignedBy == "php" {
			php++
		}
		t.Run("accepts "+tv.Name, func(t *testing.T) {
			if _, err := tv.verify(verifier); err != nil {
				t.Fatalf("refused: %v", err)
			}
			var got, want any
			raw, _ := decodePart(strings.Split(tv.Token, ".")[1])
			_ = json.Unmarshal(raw, &got)
			_ = json.Unmarshal(tv.Claims, &want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("claims differ from the token's (-want +got):\n%s", diff)
			}
		})
	}
	if php == 0 {
		t.Error("no vector was signed by PHP")
	}
	for _, tv := range v.Refused {
		t.Run("refuses "+tv.Name, func(t *testing.T) {
			_, err := tv.verify(verifier)
			if got := TokenReason(err); got != tv.Reason {
				t.Errorf("reason = %q (%v), want %q", got, err, tv.Reason)
			}
		})
	}
}

func TestSigner_WritesTheVectors(t *testing.T) {
	v := readVectors(t)
	keys, err := ParseKeys(v.Keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, tv := range v.Accepted {
		if tv.SignedBy != "go" || !strings.Contains(tv.Name, "newest key") {
			continue
		}
		t.Run(tv.Name, func(t *testing.T) {
			if got := signVector(t, keys, v.Home, v.Now, tv); got != tv.Token {
				t.Errorf("token = %s\nwant    %s", got, tv.Token)
			}
		})
	}
}

// signVector signs what tv's claims say with the Signer itself.
func signVector(t *testing.T, keys Keys, home string, now int64, tv tokenVector) string {
	t.Helper()
	signer := NewSigner(keys, home, func() time.Time { return time.Unix(now, 0) })
	var token string
	var err error
	switch tv.Kind {
	case "call":
		var c callClaims
		_ = json.Unmarshal(tv.Claims, &c)
		signer.id = func() string { return c.Jti }
		token, err = signer.Call(tv.Direction, Call{Scope: c.Scope, User: c.Sub, IP: c.IP}, tv.request())
	case "form":
		var c formClaims
		_ = json.Unmarshal(tv.Claims, &c)
		token, err = signer.Form(Form{Offer: c.Offer, Instance: c.Inst, Page: c.Page, Coupon: c.Coupon, Layout: c.Layout})
	default:
		var c sessionClaims
		_ = json.Unmarshal(tv.Claims, &c)
		token, err = signer.Session(Session{User: c.Sub, Scopes: strings.Fields(c.Scope)})
	}
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// forge signs any header and any claims, as no honest side would.
func forge(t *testing.T, keys Keys, kid, info, header, claims string) string {
	t.Helper()
	secret, ok := keys.derive(kid, info)
	if !ok {
		t.Fatalf("no key %q", kid)
	}
	signing := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	sig, err := jwt.SigningMethodHS256.Sign(signing, secret)
	if err != nil {
		t.Fatal(err)
	}
	return signing + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func writeVectors(t *testing.T) {
	t.Helper()
	const (
		keysJSON = `{"k1":{"s":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","created":1760000000},` +
			`"k2":{"s":"/////////////////////////////////////////v8=","created":1762000000},` +
			`"k10":{"s":"UFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm8=","created":1762000000}}`
		home = "https://example.org/shop"
		now  = int64(1763636462)
	)
	keys, err := ParseKeys(keysJSON)
	if err != nil {
		t.Fatal(err)
	}
	v := vectors{
		Note: "Read by the Go and the PHP tests. keys is the exact text of TILLSIDE_KEYS. Verify at the time now. " +
			"accepted: the token passes and carries the claims. refused: it fails with the reason, the checks running in the order " +
			"length, malformed, alg, typ, crit, kid, signature, claims (not an object, or a known claim is neither absent nor of its type: " +
			"strings, but iat and exp integers), iss, aud, claims (iat or exp absent or <= 0, exp <= iat), future, lifetime, expired, " +
			"claims (jti, sub, offer, inst), scope, claims (ip without scope browser), htm, htu, bh. An absent string counts as empty.",
		Keys: keysJSON, Newest: keys.Newest(), Home: home, Now: now,
	}
	for _, kid := range keys.IDs() {
		for _, info := range []string{PluginToTillside.purpose().info, TillsideToPlugin.purpose().info, infoForm, infoSession, secretsInfo} {
			secret, _ := keys.derive(kid, info)
			v.Derived = append(v.Derived, derivedVector{Kid: kid, Info: info, Hex: hex.EncodeToString(secret)})
		}
	}
	if raw, err := os.ReadFile(vectorsFile); err == nil {
		var old vectors
		if err := json.Unmarshal(raw, &old); err != nil {
			t.Fatal(err)
		}
		v.Accepted = slices.DeleteFunc(old.Accepted, func(tv tokenVector) bool { return tv.SignedBy != "php" })
	}
	mint := vectorMint{t: t, keys: keys, home: home, now: now}
	v.Accepted = append(mint.accepted(), v.Accepted...)
	v.Refused = mint.refused()

	out, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorsFile, append(out, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
