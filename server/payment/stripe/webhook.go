package stripe

import (
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/payment"
)

// VerifyWebhook checks that a webhook's raw body was signed with one of the
// secrets, less than five minutes from now, and returns the hint in it. During a
// roll two secrets are good. Unsigned, stale and foreign ones are
// errs.Unauthorized; there is no way to switch this off. A body of any version
// of Stripe's API is read, thin events too; those that are about no payment have
// no IntentID.
func VerifyWebhook(body []byte, header string, secrets []string, now time.Time) (payment.Event, error) {
	signed, err := parseSignature(header)
	if err != nil {
		return payment.Event{}, unauthorized(err.Error())
	}
	if age := now.Sub(signed.at).Abs(); age > webhook.DefaultTolerance {
		return payment.Event{}, unauthorized(fmt.Sprintf("signed %s away from now", age.Round(time.Second)))
	}
	if !signed.by(body, secrets) {
		return payment.Event{}, unauthorized("no signature matches")
	}
	var n notice
	if err := json.Unmarshal(body, &n); err != nil {
		return payment.Event{}, fmt.Errorf("stripe: read webhook: %w: %w", errs.New(errs.Invalid, "The webhook is no event."), err)
	}
	if n.ID == "" || n.Type == "" {
		return payment.Event{}, fmt.Errorf("stripe: read webhook: %w", errs.New(errs.Invalid, "The webhook is no event."))
	}
	return n.event(), nil
}

func unauthorized(why string) error {
	return fmt.Errorf("stripe: verify webhook: %w: %s", errs.New(errs.Unauthorized, "The webhook is not signed by Stripe."), why)
}

// signature is a Stripe-Signature header: a time, and a MAC for each secret that
// is good at the moment.
type signature struct {
	at   time.Time
	macs [][]byte
}

// parseSignature reads "t=1495999758,v1=ABC,v1=DEF,v0=GHI". The SDK has the same,
// but checks the age against its own clock. Of several times the last one counts,
// for the age and for the signature alike.
func parseSignature(header string) (signature, error) {
	var s signature
	if header == "" {
		return s, errors.New("no Stripe-Signature")
	}
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			seconds, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return s, errors.New("the time in Stripe-Signature is no number")
			}
			s.at = time.Unix(seconds, 0)
		case "v1":
			if mac, err := hex.DecodeString(value); err == nil {
				s.macs = append(s.macs, mac)
			}
		}
	}
	if s.at.IsZero() || len(s.macs) == 0 {
		return s, errors.New("no time or no v1 signature in Stripe-Signature")
	}
	return s, nil
}

// by tells whether one of the secrets signed the body. An empty secret, which
// anybody could sign with, never did.
func (s signature) by(body []byte, secrets []string) bool {
	good := false
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		want := webhook.ComputeSignature(s.at, body, secret)
		for _, mac := range s.macs {
			good = hmac.Equal(want, mac) || good
		}
	}
	return good
}
