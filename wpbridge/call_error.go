package wpbridge

import (
	"fmt"
	"strings"
	"time"

	"github.com/tillside/tillside/server/errs"
)

// CallError is a call into the plugin that did not succeed.
type CallError struct {
	Route      string
	Status     int           // 0 when there was no answer
	Code       string        // of the WP_Error, "" when the answer was none
	Message    string        // of the WP_Error
	Field      string        // of the WP_Error, when it names one
	RetryAfter time.Duration // 0 when the answer named none
	Err        error         // what went wrong on the way, if something did
}

func (e *CallError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "call WordPress %s:", e.Route)
	if e.Status != 0 {
		fmt.Fprintf(&b, " status %d", e.Status)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, " %s", e.Code)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, " %v", e.Err)
	}
	if hint := e.hint(); hint != "" {
		fmt.Fprintf(&b, " (%s)", hint)
	}
	return b.String()
}

// hint says what an operator can do about it.
func (e *CallError) hint() string {
	switch {
	case e.Code == "rest_no_route":
		return "is the plugin active?"
	case e.Code == "tillside_unauthorized":
		return "do plugin and Tillside use the same keys, site address and clock?"
	case e.Status == 401 || e.Status == 403:
		return "another plugin or the web server refuses the REST API"
	}
	return ""
}

// Unwrap returns what the client may read, and the cause. Only the plugin's own
// words pass; everything else means that WordPress is not available. That the
// plugin refuses our token is no fault of the customer either.
func (e *CallError) Unwrap() []error {
	out := []error{e.public()}
	if e.Err != nil {
		out = append(out, e.Err)
	}
	return out
}

func (e *CallError) public() *errs.Error {
	if word, ours := strings.CutPrefix(e.Code, "tillside_"); ours && e.Status < 500 {
		switch code := errs.Code(word); code {
		case errs.Invalid, errs.NotFound, errs.Conflict, errs.Forbidden, errs.Gone, errs.TooLarge, errs.RateLimited:
			return &errs.Error{Code: code, Text: "%s", Args: []any{e.Message}, Field: e.Field}
		}
	}
	return errs.New(errs.Unavailable, "The site does not answer right now. Please try again in a moment.")
}
