// Package config reads Tillside's settings from the environment.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// Config is every setting. A field that is empty works: it has a default, or
// what it switches stays off.
type Config struct {
	WordPress    string // WordPress's folder, where wp-config.php is
	DSN          string // instead of wp-config.php
	TablePrefix  string
	SiteURL      string // the site's home address
	WordPressURL string // where WordPress answers from here; empty: SiteURL
	Keys         string // JSON; empty: wp-config.php or the database

	Listen        string // for browsers, through the web server
	PrivateListen string // for health checks and metrics
	URL           string // where the plugin reaches us; empty: http://Listen
	PublicPath    string // the path under which the web server shows us

	StripeSecretKey      string
	StripePublishableKey string
	StripeURL            string // a stand-in for Stripe's API; only with a test key
	StripeJSURL          string

	// CRMURL is where stand-ins for CRMs are, each below its name; empty: the
	// CRMs themselves.
	CRMURL string

	// AllowHosts are hosts that webhooks and CRMs may be at although they are
	// private: "host" or "host:port".
	AllowHosts []string

	Pool     int
	LogLevel string
}

const (
	defaultListen        = "127.0.0.1:8081"
	defaultPrivateListen = "127.0.0.1:8082"
	defaultPublicPath    = "/tillside"
	defaultStripeJSURL   = "https://js.stripe.com/v3/"
	defaultPool          = 10
)

// Load reads the settings. Each NAME may be given as NAME_FILE instead, the
// path of a file with the value. All faults are reported together.
func Load(getenv func(string) string) (*Config, error) {
	l := loader{getenv: getenv}
	c := &Config{
		WordPress:            l.text("TILLSIDE_WORDPRESS", ""),
		DSN:                  l.text("TILLSIDE_DSN", ""),
		TablePrefix:          l.text("TILLSIDE_TABLE_PREFIX", ""),
		SiteURL:              l.address("TILLSIDE_SITE_URL", ""),
		WordPressURL:         l.address("TILLSIDE_WORDPRESS_URL", ""),
		Keys:                 l.text("TILLSIDE_KEYS", ""),
		Listen:               l.listen("TILLSIDE_LISTEN", defaultListen),
		PrivateListen:        l.listen("TILLSIDE_PRIVATE_LISTEN", defaultPrivateListen),
		URL:                  l.address("TILLSIDE_URL", ""),
		PublicPath:           l.text("TILLSIDE_PUBLIC_PATH", defaultPublicPath),
		StripeSecretKey:      l.text("TILLSIDE_STRIPE_SECRET_KEY", ""),
		StripePublishableKey: l.text("TILLSIDE_STRIPE_PUBLISHABLE_KEY", ""),
		StripeURL:            l.address("TILLSIDE_STRIPE_URL", ""),
		StripeJSURL:          l.text("TILLSIDE_STRIPE_JS_URL", defaultStripeJSURL),
		CRMURL:               l.address("TILLSIDE_CRM_URL", ""),
		AllowHosts:           l.list("TILLSIDE_ALLOW_HOSTS"),
		Pool:                 l.number("TILLSIDE_POOL", defaultPool),
		LogLevel:             l.text("TILLSIDE_LOG_LEVEL", "info"),
	}
	l.check(c)
	return c, errors.Join(l.faults...)
}

type loader struct {
	getenv func(string) string
	faults []error
}

func (l *loader) fault(format string, args ...any) {
	l.faults = append(l.faults, fmt.Errorf(format, args...))
}

func (l *loader) text(name, fallback string) string {
	value, path := l.getenv(name), l.getenv(name+"_FILE")
	switch {
	case value != "" && path != "":
		l.fault("%s and %s_FILE are both set; keep one", name, name)
	case path != "":
		raw, err := os.ReadFile(path)
		if err != nil {
			l.fault("%s_FILE: %w", name, err)
			return fallback
		}
		value = strings.TrimSpace(string(raw))
	}
	if value == "" {
		return fallback
	}
	return value
}

// list reads names that are parted by commas or spaces; nil for none.
func (l *loader) list(name string) []string {
	text := l.text(name, "")
	if text == "" {
		return nil
	}
	return strings.Fields(strings.ReplaceAll(text, ",", " "))
}

func (l *loader) address(name, fallback string) string {
	value := strings.TrimRight(l.text(name, fallback), "/")
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" {
		l.fault("%s must be an address like https://example.org, not %q", name, value)
	}
	return value
}

func (l *loader) listen(name, fallback string) string {
	value := l.text(name, fallback)
	if _, _, err := net.SplitHostPort(value); err != nil {
		l.fault("%s must be host:port like %s, not %q", name, fallback, value)
	}
	return value
}

func (l *loader) number(name string, fallback int) int {
	text := l.text(name, "")
	if text == "" {
		return fallback
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		l.fault("%s must be a number above zero, not %q", name, text)
		return fallback
	}
	return n
}

// check looks at what settings mean together.
func (l *loader) check(c *Config) {
	if c.URL == "" {
		c.URL = "http://" + c.Listen
	}
	c.PublicPath = strings.TrimRight(c.PublicPath, "/")
	if !strings.HasPrefix(c.PublicPath, "/") {
		l.fault("TILLSIDE_PUBLIC_PATH must begin with a slash, like /tillside")
	}
	if c.StripeURL != "" && !strings.HasPrefix(c.StripeSecretKey, "sk_test_") {
		l.fault("TILLSIDE_STRIPE_URL stands in for Stripe and needs a test key (sk_test_…) in TILLSIDE_STRIPE_SECRET_KEY")
	}
	if (c.StripeSecretKey == "") != (c.StripePublishableKey == "") {
		l.fault("TILLSIDE_STRIPE_SECRET_KEY and TILLSIDE_STRIPE_PUBLISHABLE_KEY belong together; set both or neither")
	}
	switch c.LogLevel {
	case "debug", "info", "warn", "error":
	default:
		l.fault("TILLSIDE_LOG_LEVEL must be debug, info, warn or error, not %q", c.LogLevel)
	}
}
