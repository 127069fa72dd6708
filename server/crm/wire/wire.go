// Package wire is the HTTP that the clients of all CRMs share: one request, its
// answer or what the refusal means. It does not repeat a request; jobs do.
package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/safedial"
)

// Options is what every client is made with.
type Options struct {
	Credentials map[string]string // by the names of crm.Ask
	// BaseURL is a stand-in's; empty is the CRM's own.
	BaseURL string
	// HTTP keeps connections between the requests of many clients; nil makes one
	// that reaches public addresses, and BaseURL.
	HTTP  *http.Client
	Pace  func(ctx context.Context) error // called before every request; nil for no limit
	Agent string                          // the User-Agent
}

// Rules are what one CRM's HTTP is like.
type Rules struct {
	BaseURL string // the CRM's own
	Header  http.Header
	Timeout time.Duration // 0 is 30 s
	// Wait reads how long to wait from the answer to a request too many; nil reads
	// Retry-After.
	Wait func(http.Header) time.Duration
}

// Caller sends requests to one account of a CRM.
type Caller struct {
	base   string
	rules  Rules
	client *http.Client
	o      Options
}

const (
	defaultTimeout = 30 * time.Second
	maxAnswer      = 8 << 20
	maxMessage     = 300
)

// New returns a Caller.
func New(o Options, r Rules) *Caller {
	if r.Timeout == 0 {
		r.Timeout = defaultTimeout
	}
	base := r.BaseURL
	if o.BaseURL != "" {
		base = o.BaseURL
	}
	client := o.HTTP
	if client == nil {
		client = Client(o.BaseURL, nil)
	}
	return &Caller{base: strings.TrimRight(base, "/"), rules: r, client: client, o: o}
}

// longest is longer than any CRM's own limit of a request.
const longest = 2 * time.Minute

// Client returns what all clients of a process may share: it reaches public
// addresses, the host of a stand-in's address, and those that the operator allows.
func Client(standIn string, allow []string) *http.Client {
	if u, err := url.Parse(standIn); err == nil && u.Host != "" {
		allow = append([]string{u.Host}, allow...)
	}
	return safedial.Client(safedial.Options{Allow: allow, Timeout: longest})
}

// Request is one request. At most one of JSON and Form is set.
type Request struct {
	Method string
	Path   string
	Query  url.Values
	JSON   any
	Form   url.Values
}

// Do sends a request and decodes the JSON of its answer into dest; nil leaves it. A
// refusal, and no answer, are a *crm.Fault.
func (c *Caller) Do(ctx context.Context, r Request, dest any) error {
	_, err := c.Ask(ctx, r, dest)
	return err
}

// Ask does so and returns the status of the answer too, for CRMs that tell by it
// whether something is new.
func (c *Caller) Ask(ctx context.Context, r Request, dest any) (status int, err error) {
	if c.o.Pace != nil {
		if err := c.o.Pace(ctx); err != nil {
			return 0, err
		}
	}
	limited, cancel := context.WithTimeout(ctx, c.rules.Timeout)
	defer cancel()
	request, err := c.request(limited, r)
	if err != nil {
		return 0, err
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return 0, unanswered(ctx, err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was read to its end or given up
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return 0, unanswered(ctx, err)
	}
	if answer.StatusCode >= 300 {
		return answer.StatusCode, c.fault(answer, body)
	}
	if dest == nil || len(bytes.TrimSpace(body)) == 0 {
		return answer.StatusCode, nil
	}
	if err := json.Unmarshal(body, dest); err != nil {
		return answer.StatusCode, &crm.Fault{Kind: crm.FaultTemporary, Status: answer.StatusCode, Message: "the answer cannot be read: " + c.clean(body)}
	}
	return answer.StatusCode, nil
}

func (c *Caller) request(ctx context.Context, r Request) (*http.Request, error) {
	address := c.base + r.Path
	if len(r.Query) > 0 {
		address += "?" + r.Query.Encode()
	}
	var body io.Reader
	kind := ""
	switch {
	case r.JSON != nil:
		raw, err := json.Marshal(r.JSON)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body, kind = bytes.NewReader(raw), "application/json"
	case r.Form != nil:
		body, kind = strings.NewReader(r.Form.Encode()), "application/x-www-form-urlencoded"
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, address, body)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	for name, values := range c.rules.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.o.Agent)
	return request, nil
}

// unanswered is the fault of a request that got no answer. The address is left out
// of its text: it may hold an e-mail address.
func unanswered(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	message := "the connection broke"
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, safedial.ErrRefused):
		return &crm.Fault{Kind: crm.FaultInvalid, Message: safedial.ErrRefused.Error()}
	case errors.As(err, &timeout) && timeout.Timeout():
		message = "no answer in time"
	}
	return &crm.Fault{Kind: crm.FaultTemporary, Message: message}
}

func (c *Caller) fault(answer *http.Response, body []byte) *crm.Fault {
	f := &crm.Fault{Kind: kindOf(answer.StatusCode), Status: answer.StatusCode, Message: c.clean(body)}
	if f.Kind != crm.FaultLimited {
		return f
	}
	f.RetryAfter = RetryAfter(answer.Header)
	if c.rules.Wait != nil {
		f.RetryAfter = c.rules.Wait(answer.Header)
	}
	return f
}

func kindOf(status int) crm.FaultKind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return crm.FaultAuth
	case status == http.StatusPaymentRequired:
		return crm.FaultPayment
	case status == http.StatusNotFound, status == http.StatusGone:
		return crm.FaultNotFound
	case status == http.StatusTooManyRequests:
		return crm.FaultLimited
	case status == http.StatusRequestTimeout, status >= 500:
		return crm.FaultTemporary
	}
	return crm.FaultInvalid
}

// RetryAfter reads the header of that name in seconds; 0 when it is not there.
func RetryAfter(h http.Header) time.Duration { return Seconds(h, "Retry-After") }

// Seconds reads a header that counts seconds.
func Seconds(h http.Header, name string) time.Duration {
	n, err := strconv.ParseFloat(strings.TrimSpace(h.Get(name)), 64)
	if err != nil || n < 0 || n > 24*3600 {
		return 0
	}
	return time.Duration(n * float64(time.Second))
}

// clean makes an answer a short line without our credentials.
func (c *Caller) clean(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "")), " ")
	for _, secret := range c.o.Credentials {
		if len(secret) >= 6 {
			text = strings.ReplaceAll(text, secret, "•••")
		}
	}
	if utf8.RuneCountInString(text) > maxMessage {
		text = string([]rune(text)[:maxMessage]) + "…"
	}
	return text
}
