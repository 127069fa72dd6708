package wpbridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	namespace     = "/tillside/v1"
	maxAnswer     = 1 << 20
	maxRetryAfter = time.Hour

	quickTimeout = 10 * time.Second
	slowTimeout  = 30 * time.Second // mails and hooks wait for others
)

// ClientOptions say how to reach the plugin.
type ClientOptions struct {
	// Home is home_url() without a trailing slash: the audience of our tokens, and
	// the Host that WordPress must see.
	Home string
	// URL is the address under which WordPress answers from here; "" means Home.
	URL string
	// Keys returns the keys at each call, so that a rotation needs no restart.
	Keys func() Keys
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Transport carries the requests; nil means one made for this client.
	Transport http.RoundTripper
	// UserAgent names us; "" means "Tillside".
	UserAgent string
}

// Client calls the plugin's REST routes. It may be used by many goroutines. Its
// errors are CallErrors, which unwrap to what a customer may read.
type Client struct {
	o    ClientOptions
	base *url.URL
	host string // Host header when base is not home
	tls  bool   // home is https and base is not
	http *http.Client
	skew atomic.Pointer[time.Duration]
}

// NewClient returns a Client. It sends nothing.
func NewClient(o ClientOptions) (*Client, error) {
	o.Home = strings.TrimRight(o.Home, "/")
	home, err := siteURL(o.Home)
	if err != nil {
		return nil, fmt.Errorf("site address: %w", err)
	}
	base := home
	if o.URL != "" {
		if base, err = siteURL(strings.TrimRight(o.URL, "/")); err != nil {
			return nil, fmt.Errorf("address of WordPress: %w", err)
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.UserAgent == "" {
		o.UserAgent = "Tillside"
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	return &Client{
		o: o, base: base, host: home.Host, tls: home.Scheme == "https" && base.Scheme != "https",
		http: &http.Client{
			Transport: o.Transport,
			// A redirected POST becomes a GET: better to say where it wanted to go.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func siteURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not an http or https address", s)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("%q must have no user, query or fragment", u.Redacted())
	}
	return u, nil
}

func newTransport() http.RoundTripper {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: slowTimeout,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       60 * time.Second,
	}
}

// ClockSkew returns how far WordPress's clock was ahead of ours at the last
// answer, to the second; ok is false before the first one.
func (c *Client) ClockSkew() (skew time.Duration, ok bool) {
	p := c.skew.Load()
	if p == nil {
		return 0, false
	}
	return *p, true
}

// post calls one route of the plugin and decodes its answer.
func (c *Client) post(ctx context.Context, timeout time.Duration, scope, route string, in, out any) error {
	route = namespace + route
	fail := func(err error) error { return &CallError{Route: route, Err: err} }

	body, err := json.Marshal(in)
	if err != nil {
		return fail(fmt.Errorf("encode: %w", err))
	}
	signer := NewSigner(c.o.Keys(), c.o.Home, c.o.Now)
	token, err := signer.Call(TillsideToPlugin, Call{Scope: scope}, Request{Method: http.MethodPost, Target: route, Body: body})
	if err != nil {
		return fail(err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := c.request(ctx, route, token, body)
	if err != nil {
		return fail(err)
	}
	sent := c.o.Now()
	res, err := c.http.Do(req)
	if err != nil {
		return fail(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	c.noteClock(res.Header.Get("Date"), sent)

	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return fail(fmt.Errorf("read answer: %w", err))
	}
	if len(answer) > maxAnswer {
		return fail(fmt.Errorf("answer is longer than %d bytes", maxAnswer))
	}
	return readAnswer(route, res, answer, out)
}

func (c *Client) request(ctx context.Context, route, token string, body []byte) (*http.Request, error) {
	u := *c.base
	u.Path += "/"
	u.RawQuery = "rest_route=" + route // plain permalinks work everywhere
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Host = c.host
	if c.tls {
		// What the proxy in front would say; else WordPress redirects to https.
		req.Header.Set("X-Forwarded-Proto", "https")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.o.UserAgent)
	req.Header.Set(HeaderCall, "Bearer "+token)
	return req, nil
}

func (c *Client) noteClock(date string, sent time.Time) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		return
	}
	now := c.o.Now()
	skew := theirs.Sub(sent.Add(now.Sub(sent) / 2)).Round(time.Second)
	c.skew.Store(&skew)
}

// readAnswer tells the plugin's answers from everything else that may come from a
// site: maintenance pages, redirects, PHP's last words.
func readAnswer(route string, res *http.Response, answer []byte, out any) error {
	e := &CallError{Route: route, Status: res.StatusCode, RetryAfter: retryAfter(res.Header.Get("Retry-After"))}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		e.Err = fmt.Errorf("redirected to %q: set TILLSIDE_WORDPRESS_URL to the address that answers itself", res.Header.Get("Location"))
		return e
	case kind != "application/json":
		e.Err = fmt.Errorf("answered %q instead of JSON", kind)
		return e
	case res.StatusCode >= 300:
		var w struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Data    struct {
				Field string `json:"field"`
			} `json:"data"`
		}
		// data is a list when empty: PHP. What could be read stands.
		_ = json.Unmarshal(answer, &w)
		e.Code, e.Message, e.Field = w.Code, w.Message, w.Data.Field
		return e
	}
	if err := json.Unmarshal(answer, out); err != nil {
		// Not err itself: it may quote the answer, and that may be a password.
		e.Err = errors.New("the answer is not the JSON that was agreed on; are plugin and Tillside of the same version?")
		return e
	}
	return nil
}

func retryAfter(value string) time.Duration {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, maxRetryAfter)
}
