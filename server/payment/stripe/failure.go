package stripe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"

	stripego "github.com/stripe/stripe-go/v76"

	"github.com/tillside/tillside/server/errs"
)

// refusal is Stripe's no, in what an operator needs to understand it. The SDK's
// own error prints everything that Stripe attaches to it, the intent with its
// client secret and the buyer's address among them, so it is never wrapped.
type refusal struct {
	status                             int
	kind, code, param, text, requestID string
}

func refusalOf(e *stripego.Error) *refusal {
	code := string(e.Code)
	if e.DeclineCode != "" {
		code += "/" + string(e.DeclineCode)
	}
	return &refusal{
		status: e.HTTPStatusCode, kind: string(e.Type), code: code, param: e.Param,
		text: masked(e.Msg), requestID: e.RequestID,
	}
}

// Error implements error.
func (r *refusal) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP %d", r.status)
	for _, field := range [][2]string{{"type", r.kind}, {"code", r.code}, {"param", r.param}, {"request", r.requestID}} {
		if field[1] != "" {
			fmt.Fprintf(&b, ", %s %s", field[0], field[1])
		}
	}
	if r.text != "" {
		b.WriteString(": " + r.text)
	}
	return b.String()
}

// secrets are words that no log may hold: keys, client secrets, e-mail addresses.
var secrets = regexp.MustCompile(`\S*(?:@|_secret_|sk_test_|sk_live_|rk_test_|rk_live_|whsec_)\S*`)

// masked returns Stripe's sentence, shortened, without secrets and addresses.
func masked(text string) string {
	const longest = 300
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return secrets.ReplaceAllString(text, "[…]")
}

// errUnreadable stands for an answer that is no JSON of Stripe's: a proxy's
// error page, or a body that broke off. The SDK's error quotes the body.
var errUnreadable = errors.New("the answer could not be read")

// outage returns what may be told of an error that is not Stripe's own.
func outage(err error) error {
	if _, ok := errors.AsType[net.Error](err); ok {
		return err
	}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errUnreadable
}

// fail turns an error of the SDK into one of ours. What may go away by itself
// (no answer, 5xx, 429, 409) is errs.Unavailable, what Stripe does not know is
// errs.NotFound, the rest is a plain error: ours to mend.
func fail(what string, err error) error {
	answer, ok := errors.AsType[*stripego.Error](err)
	if !ok {
		return unavailable(what, outage(err))
	}
	no := refusalOf(answer)
	switch {
	case no.status >= http.StatusInternalServerError, no.status == http.StatusTooManyRequests, no.status == http.StatusConflict:
		return unavailable(what, no)
	case answer.Code == stripego.ErrorCodeResourceMissing, no.status == http.StatusNotFound:
		return fmt.Errorf("stripe: %s: %w: %w", what, errs.New(errs.NotFound, "The payment provider does not know this payment."), no)
	case answer.Code == stripego.ErrorCodeAmountTooSmall:
		return fmt.Errorf("stripe: %s: %w: %w", what, errs.New(errs.Conflict, "This amount is too small to be charged."), no)
	case answer.Code == stripego.ErrorCodeAmountTooLarge:
		return fmt.Errorf("stripe: %s: %w: %w", what, errs.New(errs.Conflict, "This amount is too large to be charged at once."), no)
	case no.status == http.StatusUnauthorized, no.status == http.StatusForbidden:
		return fmt.Errorf("stripe: %s: the secret key is not accepted: %w", what, no)
	}
	return fmt.Errorf("stripe: %s: %w", what, no)
}

func unavailable(what string, cause error) error {
	return fmt.Errorf("stripe: %s: %w: %w", what,
		errs.New(errs.Unavailable, "The payment provider cannot be reached right now. Please try again in a moment."), cause)
}
