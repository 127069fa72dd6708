package wpbridge

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// vectorMint makes the tokens of testdata/tokens.json.
type vectorMint struct {
	t    *testing.T
	keys Keys
	home string
	now  int64
}

type claimSet map[string]any

func (c claimSet) with(name string, value any) claimSet {
	out := maps.Clone(c)
	if value == nil {
		delete(out, name)
	} else {
		out[name] = value
	}
	return out
}

const (
	vectorJti  = "00112233445566778899aabbccddeeff"
	renderPath = "/v1/render/order_form?offer=spring&locale=de_DE"
	mailRoute  = "/tillside/v1/mail"
	mailBody   = `{"id":"7","subject":"Grüße & <b>"}`
)

func (m vectorMint) callVector(d Direction) tokenVector {
	tv := tokenVector{Kind: "call", Direction: d, Scope: ScopeRender, Method: "GET", Target: renderPath}
	if d == TillsideToPlugin {
		tv.Scope, tv.Method, tv.Target, tv.Body = ScopeMail, "POST", mailRoute, mailBody
	}
	return tv
}

func (m vectorMint) callClaims(d Direction) claimSet {
	tv := m.callVector(d)
	iss, aud := d.parties(m.home)
	return claimSet{
		"iss": iss, "aud": aud, "iat": m.now, "exp": m.now + 60, "jti": vectorJti,
		"scope": tv.Scope, "htm": tv.Method, "htu": tv.Target, "bh": bodyHash([]byte(tv.Body)),
	}
}

func (m vectorMint) formClaims() claimSet {
	return claimSet{"iss": m.home, "aud": tillside, "iat": m.now - m.now%3600, "offer": "spring", "inst": "tillside-1",
		"page": "https://example.org/shop/spring/?a=1&b=<2>"}
}

func (m vectorMint) sessionClaims() claimSet {
	return claimSet{"iss": m.home, "aud": tillside, "sub": "42", "scope": "member buy", "iat": m.now, "exp": m.now + 300}
}

func (m vectorMint) accepted() []tokenVector {
	var out []tokenVector
	add := func(name string, tv tokenVector, claims claimSet) {
		raw, err := json.Marshal(claims)
		if err != nil {
			m.t.Fatal(err)
		}
		tv.Name, tv.SignedBy, tv.Claims = name, "go", raw
		tv.Token = signVector(m.t, m.keys, m.home, m.now, tv)
		out = append(out, tv)
	}
	add("newest key: call to Tillside", m.callVector(PluginToTillside), m.callClaims(PluginToTillside))
	add("newest key: call to the plugin", m.callVector(TillsideToPlugin), m.callClaims(TillsideToPlugin))
	browser := tokenVector{Kind: "call", Direction: PluginToTillside, Scope: ScopeBrowser, Method: "POST", Target: "/v1/quotes", Body: `{"coupon":"ü"}`}
	add("newest key: relayed browser with user and address", browser, m.callClaims(PluginToTillside).
		with("scope", ScopeBrowser).with("sub", "42").with("ip", "2001:db8::1").
		with("htm", "POST").with("htu", "/v1/quotes").with("bh", bodyHash([]byte(browser.Body))))
	add("newest key: form", tokenVector{Kind: "form"}, m.formClaims())
	add("newest key: form with coupon and layout", tokenVector{Kind: "form"}, m.formClaims().with("page", "").with("coupon", "SÄVE10").with("layout", "narrow"))
	add("newest key: session", tokenVector{Kind: "session"}, m.sessionClaims())
	add("newest key: session without scopes", tokenVector{Kind: "session"}, m.sessionClaims().with("scope", ""))

	old := m.keys.Without("k2").Without("k10")
	for _, d := range []Direction{PluginToTillside, TillsideToPlugin} {
		tv, claims := m.callVector(d), m.callClaims(d)
		tv.Name, tv.SignedBy = "older key, ends of the skew, claims unknown to us: "+string(d), "go"
		claims = claims.with("iat", m.now-90).with("exp", m.now-30).with("later", []string{"x"})
		tv.Claims, _ = json.Marshal(claims)
		tv.Token = forge(m.t, old, "k1", d.purpose().info, m.head(typCall, "k1"), string(tv.Claims))
		out = append(out, tv)

		tv.Name = "issued 30 s ahead: " + string(d)
		tv.Claims, _ = json.Marshal(m.callClaims(d).with("iat", m.now+30).with("exp", m.now+90))
		tv.Token = forge(m.t, old, "k1", d.purpose().info, m.head(typCall, "k1"), string(tv.Claims))
		out = append(out, tv)
	}
	tv := tokenVector{Name: "older key: form of last year", Kind: "form", SignedBy: "go"}
	tv.Claims, _ = json.Marshal(m.formClaims().with("iat", 1731600000))
	tv.Token = forge(m.t, old, "k1", infoForm, m.head(typForm, "k1"), string(tv.Claims))
	return append(out, tv)
}

func (m vectorMint) head(typ, kid string) string {
	return fmt.Sprintf(`{"alg":"HS256","typ":%q,"kid":%q}`, typ, kid)
}

func (m vectorMint) refused() []tokenVector {
	var out []tokenVector
	for _, d := range []Direction{PluginToTillside, TillsideToPlugin} {
		out = append(out, m.refusedHeaders(d)...)
		out = append(out, m.refusedShapes(d)...)
		out = append(out, m.refusedClaims(d)...)
	}
	return append(out, m.refusedBrowserTokens()...)
}

func (m vectorMint) refusedHeaders(d Direction) []tokenVector {
	tv, info, newest := m.callVector(d), d.purpose().info, m.keys.Newest()
	claims, _ := json.Marshal(m.callClaims(d))
	var out []tokenVector
	for _, c := range []struct {
		name, head string
		reason     Reason
	}{
		{"alg none", `{"alg":"none","typ":"tillside-call+jwt","kid":"k2"}`, ReasonAlg},
		{"alg hs256 in lower case", `{"alg":"hs256","typ":"tillside-call+jwt","kid":"k2"}`, ReasonAlg},
		{"alg RS256", `{"alg":"RS256","typ":"tillside-call+jwt","kid":"k2"}`, ReasonAlg},
		{"alg HS512", `{"alg":"HS512","typ":"tillside-call+jwt","kid":"k2"}`, ReasonAlg},
		{"alg missing", `{"typ":"tillside-call+jwt","kid":"k2"}`, ReasonAlg},
		{"alg is a list", `{"alg":["HS256"],"typ":"tillside-call+jwt","kid":"k2"}`, ReasonAlg},
		{"name of alg in upper case", `{"ALG":"HS256","typ":"tillside-call+jwt","kid":"k2"}`, ReasonAlg},
		{"typ of a form token", m.head(typForm, newest), ReasonTyp},
		{"typ JWT", m.head("JWT", newest), ReasonTyp},
		{"typ missing", `{"alg":"HS256","kid":"k2"}`, ReasonTyp},
		{"crit", `{"alg":"HS256","typ":"tillside-call+jwt","kid":"k2","crit":["exp"]}`, ReasonCrit},
		{"crit null", `{"alg":"HS256","typ":"tillside-call+jwt","kid":"k2","crit":null}`, ReasonCrit},
		{"kid unknown", m.head(typCall, "k3"), ReasonKid},
		{"kid missing", `{"alg":"HS256","typ":"tillside-call+jwt"}`, ReasonKid},
		{"kid is a number", `{"alg":"HS256","typ":"tillside-call+jwt","kid":1}`, ReasonKid},
		{"kid of another key", m.head(typCall, "k1"), ReasonSignature},
		{"header is a string", `"HS256"`, ReasonMalformed},
		{"header is no JSON", `HS256`, ReasonMalformed},
		{"header is null", `null`, ReasonMalformed},
	} {
		tv.Name, tv.Reason = c.name+": "+string(d), c.reason
		tv.Token = forge(m.t, m.keys, newest, info, c.head, string(claims))
		out = append(out, tv)
	}
	return out
}

func (m vectorMint) refusedShapes(d Direction) []tokenVector {
	tv, info, newest := m.callVector(d), d.purpose().info, m.keys.Newest()
	raw, _ := json.Marshal(m.callClaims(d))
	good := forge(m.t, m.keys, newest, info, m.head(typCall, newest), string(raw))
	parts := strings.Split(good, ".")
	big, _ := json.Marshal(m.callClaims(d).with("pad", strings.Repeat("x", 4096)))
	other := PluginToTillside
	if d == PluginToTillside {
		other = TillsideToPlugin
	}
	flipped := strings.Replace(parts[2], parts[2][:1], map[bool]string{true: "B", false: "A"}[parts[2][0] == 'A'], 1)
	var out []tokenVector
	for _, c := range []struct {
		name, token string
		reason      Reason
	}{
		{"oversized", forge(m.t, m.keys, newest, info, m.head(typCall, newest), string(big)), ReasonLength},
		{"empty", "", ReasonMalformed},
		{"two parts", parts[0] + "." + parts[1], ReasonMalformed},
		{"four parts", good + ".x", ReasonMalformed},
		{"padded base64", parts[0] + "." + parts[1] + "." + parts[2] + "=", ReasonMalformed},
		{"line break in the signature", parts[0] + "." + parts[1] + "." + parts[2][:5] + "\n" + parts[2][5:], ReasonMalformed},
		{"standard base64 letters", parts[0] + "." + parts[1] + "." + "+/" + parts[2][2:], ReasonMalformed},
		{"truncated", good[:len(good)-3], ReasonSignature},
		{"signature empty", parts[0] + "." + parts[1] + ".", ReasonMalformed},
		{"signature changed", parts[0] + "." + parts[1] + "." + flipped, ReasonSignature},
		{"key of the other direction", forge(m.t, m.keys, newest, other.purpose().info, m.head(typCall, newest), string(raw)), ReasonSignature},
		{"key of forms", forge(m.t, m.keys, newest, infoForm, m.head(typCall, newest), string(raw)), ReasonSignature},
		{"claims are no JSON", forge(m.t, m.keys, newest, info, m.head(typCall, newest), "{"), ReasonClaims},
		{"claims are a string", forge(m.t, m.keys, newest, info, m.head(typCall, newest), `"iss"`), ReasonClaims},
	} {
		tv.Name, tv.Token, tv.Reason = c.name+": "+string(d), c.token, c.reason
		out = append(out, tv)
	}
	return out
}

func (m vectorMint) refusedClaims(d Direction) []tokenVector {
	tv, newest, claims := m.callVector(d), m.keys.Newest(), m.callClaims(d)
	var out []tokenVector
	for _, c := range []struct {
		name   string
		claims claimSet
		reason Reason
	}{
		{"issuer of another site", claims.with("iss", "https://example.com"), ReasonIss},
		{"issuer with a trailing slash", claims.with("iss", claims["iss"].(string)+"/"), ReasonIss},
		{"issuer missing", claims.with("iss", nil), ReasonIss},
		{"audience of another site", claims.with("aud", "https://example.com/shop"), ReasonAud},
		{"audience is a list", claims.with("aud", []any{claims["aud"]}), ReasonClaims},
		{"issued 31 s ahead", claims.with("iat", m.now+31).with("exp", m.now+90), ReasonFuture},
		{"expired 31 s ago", claims.with("iat", m.now-91).with("exp", m.now-31), ReasonExpired},
		{"lives 61 s", claims.with("exp", m.now+61), ReasonLifetime},
		{"expires before it is issued", claims.with("exp", m.now-1), ReasonClaims},
		{"no exp", claims.with("exp", nil), ReasonClaims},
		{"no iat", claims.with("iat", nil), ReasonClaims},
		{"iat is a string", claims.with("iat", fmt.Sprint(m.now)), ReasonClaims},
		{"exp is a fraction", claims.with("exp", float64(m.now)+0.5), ReasonClaims},
		{"no jti", claims.with("jti", nil), ReasonClaims},
		{"jti in upper case", claims.with("jti", strings.ToUpper(vectorJti)), ReasonClaims},
		{"sub is no id", claims.with("sub", "1 OR 1"), ReasonClaims},
		{"sub is a number", claims.with("sub", 42), ReasonClaims},
		{"other scope", claims.with("scope", "admin users"), ReasonScope},
		{"no scope", claims.with("scope", nil), ReasonScope},
		{"other method", claims.with("htm", "PUT"), ReasonHtm},
		{"other route", claims.with("htu", "/tillside/v1/users"), ReasonHtu},
		{"route with another query", claims.with("htu", tv.Target+"&x=1"), ReasonHtu},
		{"other body", claims.with("bh", bodyHash([]byte("other"))), ReasonBh},
		{"no body hash", claims.with("bh", nil), ReasonBh},
	} {
		raw, err := json.Marshal(c.claims)
		if err != nil {
			m.t.Fatal(err)
		}
		tv.Name, tv.Reason = c.name+": "+string(d), c.reason
		tv.Token = forge(m.t, m.keys, newest, d.purpose().info, m.head(typCall, newest), string(raw))
		out = append(out, tv)
	}
	return out
}

func (m vectorMint) refusedBrowserTokens() []tokenVector {
	newest := m.keys.Newest()
	var out []tokenVector
	for _, c := range []struct {
		name   string
		p      purpose
		head   string
		claims claimSet
		reason Reason
	}{
		{"form: alg none", purposeForm, `{"alg":"none","typ":"tillside-form+jwt","kid":"k2"}`, m.formClaims(), ReasonAlg},
		{"form: typ of a session", purposeForm, m.head(typSession, newest), m.formClaims(), ReasonTyp},
		{"form: other issuer", purposeForm, m.head(typForm, newest), m.formClaims().with("iss", "https://example.com"), ReasonIss},
		{"form: other audience", purposeForm, m.head(typForm, newest), m.formClaims().with("aud", m.home), ReasonAud},
		{"form: issued tomorrow", purposeForm, m.head(typForm, newest), m.formClaims().with("iat", m.now+86400), ReasonFuture},
		{"form: no offer", purposeForm, m.head(typForm, newest), m.formClaims().with("offer", nil), ReasonClaims},
		{"form: no time", purposeForm, m.head(typForm, newest), m.formClaims().with("iat", nil), ReasonClaims},
		{"session: crit", purposeSession, `{"alg":"HS256","typ":"tillside-session+jwt","kid":"k2","crit":[]}`, m.sessionClaims(), ReasonCrit},
		{"session: kid unknown", purposeSession, m.head(typSession, "k9"), m.sessionClaims(), ReasonKid},
		{"session: other issuer", purposeSession, m.head(typSession, newest), m.sessionClaims().with("iss", tillside), ReasonIss},
		{"session: expired", purposeSession, m.head(typSession, newest), m.sessionClaims().with("iat", m.now-400).with("exp", m.now-100), ReasonExpired},
		{"session: lives an hour", purposeSession, m.head(typSession, newest), m.sessionClaims().with("exp", m.now+3600), ReasonLifetime},
		{"session: user 0", purposeSession, m.head(typSession, newest), m.sessionClaims().with("sub", "0"), ReasonClaims},
		{"session: user anon", purposeSession, m.head(typSession, newest), m.sessionClaims().with("sub", "anon"), ReasonClaims},
	} {
		raw, err := json.Marshal(c.claims)
		if err != nil {
			m.t.Fatal(err)
		}
		out = append(out, tokenVector{Name: c.name, Kind: c.p.kind, Reason: c.reason,
			Token: forge(m.t, m.keys, newest, c.p.info, c.head, string(raw))})
	}
	session, _ := json.Marshal(m.sessionClaims())
	form, _ := json.Marshal(m.formClaims())
	return append(out,
		tokenVector{Name: "form: a session token", Kind: "form", Reason: ReasonTyp, Token: forge(m.t, m.keys, newest, infoSession, m.head(typSession, newest), string(session))},
		tokenVector{Name: "session: signed with the key of forms", Kind: "session", Reason: ReasonSignature, Token: forge(m.t, m.keys, newest, infoForm, m.head(typSession, newest), string(session))},
		tokenVector{Name: "form: signed with the key of sessions", Kind: "form", Reason: ReasonSignature, Token: forge(m.t, m.keys, newest, infoSession, m.head(typForm, newest), string(form))},
	)
}
