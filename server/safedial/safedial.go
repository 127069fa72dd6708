// Package safedial makes HTTP clients for addresses that people type: they reach
// the public internet only, whatever a name resolves to when it is dialled.
package safedial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Options sets a client up.
type Options struct {
	// Allow names hosts, "host" or "host:port", that the operator of this machine
	// lets be reached although they are private, and without TLS.
	Allow   []string
	Timeout time.Duration // of a whole request; 0 means 30 s
}

// ErrRefused is inside the error of a request to an address that may not be reached.
var ErrRefused = errors.New("the address is not on the public internet")

const (
	defaultTimeout = 30 * time.Second
	dialTimeout    = 10 * time.Second
)

// Client returns a client that refuses what is not https, private addresses, and
// redirects to other hosts. It uses no proxy: one would dial for us.
func Client(o Options) *http.Client {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	return &http.Client{
		Timeout:   o.Timeout,
		Transport: guarded{Transport(o), o.Allow},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Host != via[0].URL.Host || len(via) > 3 {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

// Transport returns what dials for such a client.
func Transport(o Options) *http.Transport {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		dialer := net.Dialer{Timeout: dialTimeout}
		if !allows(o.Allow, address) {
			dialer.Control = refusePrivate
		}
		return dialer.DialContext(ctx, network, address)
	}
	return &http.Transport{
		DialContext: dial, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: o.Timeout, MaxIdleConnsPerHost: 4,
		IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}
}

// guarded lets only https through, but for hosts that are allowed.
type guarded struct {
	next  http.RoundTripper
	allow []string
}

// RoundTrip implements http.RoundTripper.
func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !(r.URL.Scheme == "http" && allows(g.allow, hostPort(r))) {
		return nil, fmt.Errorf("%s: %w", r.URL.Host, ErrRefused)
	}
	return g.next.RoundTrip(r)
}

func hostPort(r *http.Request) string {
	if r.URL.Port() != "" {
		return r.URL.Host
	}
	return net.JoinHostPort(r.URL.Hostname(), "80")
}

// allows reports whether an address, "host:port", is in a list.
func allows(list []string, address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && slices.ContainsFunc(list, func(entry string) bool {
		return strings.EqualFold(entry, address) || strings.EqualFold(entry, host)
	})
}

// refusePrivate looks at the address that is about to be dialled, after names were
// resolved: a name that is public when it is checked may be private a moment later.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s: %w", address, ErrRefused)
	}
	if !IsPublic(at.Addr()) {
		return fmt.Errorf("%s: %w", at.Addr(), ErrRefused)
	}
	return nil
}

// notPublic are ranges of the IANA special-purpose registries that netip has no
// word for.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // shared by carriers
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), // IPv4 inside IPv6
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"),
}

// IsPublic reports whether an address is one of the public internet.
func IsPublic(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	return !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(a) })
}
