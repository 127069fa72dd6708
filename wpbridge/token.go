package wpbridge

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tillside/tillside/server/errs"
)

// HeaderCall carries the call token. It is not Authorization: other plugins
// refuse tokens there that they do not know, and FastCGI often strips it.
const HeaderCall = "X-Tillside-Authorization"

// Skew is how far the two clocks may be apart.
const Skew = 30 * time.Second

const (
	maxTokenLen = 4096
	tillside    = "tillside" // the sidecar's name in iss and aud

	typCall    = "tillside-call+jwt"
	typForm    = "tillside-form+jwt"
	typSession = "tillside-session+jwt"

	infoForm    = "tillside/v1/form"
	infoSession = "tillside/v1/session"
)

// Reason says which check a token failed. The checks run in this order.
type Reason string

// The reasons, as they stand in testdata/tokens.json.
const (
	ReasonLength    Reason = "length"    // longer than 4096 bytes
	ReasonMalformed Reason = "malformed" // not three parts of base64url, or no JSON object
	ReasonAlg       Reason = "alg"
	ReasonTyp       Reason = "typ"
	ReasonCrit      Reason = "crit"
	ReasonKid       Reason = "kid" // unknown key: the keys may have to be read again
	ReasonSignature Reason = "signature"
	ReasonClaims    Reason = "claims" // a claim is missing or of the wrong type
	ReasonIss       Reason = "iss"
	ReasonAud       Reason = "aud"
	ReasonFuture    Reason = "future"   // issued after now
	ReasonLifetime  Reason = "lifetime" // lives longer than its type may
	ReasonExpired   Reason = "expired"
	ReasonScope     Reason = "scope"
	ReasonHtm       Reason = "htm"
	ReasonHtu       Reason = "htu"
	ReasonBh        Reason = "bh"
)

// TokenError says why a token was refused. It unwraps to an errs.Unauthorized.
type TokenError struct {
	Kind   string // call, form or session
	Reason Reason
}

func (e *TokenError) Error() string {
	return fmt.Sprintf("%s token refused: %s", e.Kind, e.Reason)
}

// Unwrap returns what the client may read.
func (e *TokenError) Unwrap() error {
	if e.Reason == ReasonExpired {
		return errs.New(errs.Unauthorized, "This page is too old. Please reload it.")
	}
	return errs.New(errs.Unauthorized, "The request is not signed as it must be.")
}

// TokenReason returns why a token was refused, or "" when err is another error.
func TokenReason(err error) Reason {
	if e, ok := errors.AsType[*TokenError](err); ok {
		return e.Reason
	}
	return ""
}

// purpose is one kind of token: its typ, and the info its key is derived with.
type purpose struct{ kind, typ, info string }

func (p purpose) refuse(r Reason) error { return &TokenError{Kind: p.kind, Reason: r} }

var (
	purposeForm    = purpose{kind: "form", typ: typForm, info: infoForm}
	purposeSession = purpose{kind: "session", typ: typSession, info: infoSession}
)

// header's fields are in the order in which both sides write them.
type header struct {
	Alg string `json:"alg"`
	Typ string `json:"typ"`
	Kid string `json:"kid"`
}

func (k Keys) sign(p purpose, claims any) (string, error) {
	secret, ok := k.derive(k.newest, p.info)
	if !ok {
		return "", fmt.Errorf("sign %s token: %w", p.kind, ErrNoKeys)
	}
	head, err := encodePart(header{Alg: jwt.SigningMethodHS256.Alg(), Typ: p.typ, Kid: k.newest})
	if err != nil {
		return "", fmt.Errorf("sign %s token: %w", p.kind, err)
	}
	body, err := encodePart(claims)
	if err != nil {
		return "", fmt.Errorf("sign %s token: %w", p.kind, err)
	}
	sig, err := jwt.SigningMethodHS256.Sign(head+"."+body, secret)
	if err != nil {
		return "", fmt.Errorf("sign %s token: %w", p.kind, err)
	}
	token := head + "." + body + "." + base64.RawURLEncoding.EncodeToString(sig)
	if len(token) > maxTokenLen {
		return "", fmt.Errorf("sign %s token: longer than %d bytes", p.kind, maxTokenLen)
	}
	return token, nil
}

func encodePart(v any) (string, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))), nil
}

// open checks everything about a token that does not depend on its claims, and
// reads these into claims. The order of the checks is part of the contract.
func (k Keys) open(p purpose, token string, claims any) error {
	if len(token) > maxTokenLen {
		return p.refuse(ReasonLength)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return p.refuse(ReasonMalformed)
	}
	raw, err := decodePart(parts[0])
	if err != nil {
		return p.refuse(ReasonMalformed)
	}
	kid, err := k.readHeader(p, raw)
	if err != nil {
		return err
	}
	secret, ok := k.derive(kid, p.info)
	if !ok {
		return p.refuse(ReasonKid)
	}
	sig, err := decodePart(parts[2])
	if err != nil {
		return p.refuse(ReasonMalformed)
	}
	if err := jwt.SigningMethodHS256.Verify(parts[0]+"."+parts[1], sig, secret); err != nil {
		return p.refuse(ReasonSignature)
	}
	raw, err = decodePart(parts[1])
	if err != nil {
		return p.refuse(ReasonMalformed)
	}
	if err := json.Unmarshal(raw, claims); err != nil {
		return p.refuse(ReasonClaims)
	}
	return nil
}

// readHeader checks a header and returns the id of the key. An unknown id is for
// the caller to refuse.
func (k Keys) readHeader(p purpose, raw []byte) (string, error) {
	// What both sides write. Reading it as any JSON takes longer than the signature.
	if rest, ok := strings.CutPrefix(string(raw), `{"alg":"HS256","typ":"`+p.typ+`","kid":"`); ok {
		if kid, ok := strings.CutSuffix(rest, `"}`); ok && k.Has(kid) {
			return kid, nil
		}
	}
	// A map, because a struct would match names in any letter case.
	var head map[string]any
	if err := json.Unmarshal(raw, &head); err != nil || head == nil {
		return "", p.refuse(ReasonMalformed)
	}
	if head["alg"] != jwt.SigningMethodHS256.Alg() {
		return "", p.refuse(ReasonAlg)
	}
	if head["typ"] != p.typ {
		return "", p.refuse(ReasonTyp)
	}
	if _, ok := head["crit"]; ok {
		return "", p.refuse(ReasonCrit)
	}
	kid, _ := head["kid"].(string)
	return kid, nil
}

// decodePart is strict where the standard decoder is not: it skips line breaks.
func decodePart(s string) ([]byte, error) {
	if s == "" || strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("an empty part, or a line break in one")
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

// checkTimes checks iat and, when life is not 0, exp.
func (p purpose) checkTimes(now time.Time, iat, exp int64, life time.Duration) error {
	if iat <= 0 || life > 0 && exp <= iat {
		return p.refuse(ReasonClaims)
	}
	skew := int64(Skew / time.Second)
	if iat > now.Unix()+skew {
		return p.refuse(ReasonFuture)
	}
	if life == 0 {
		return nil
	}
	if exp-iat > int64(life/time.Second) {
		return p.refuse(ReasonLifetime)
	}
	if now.Unix() > exp+skew {
		return p.refuse(ReasonExpired)
	}
	return nil
}
