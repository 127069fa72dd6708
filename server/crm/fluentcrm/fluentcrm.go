// Package fluentcrm is the client of FluentCRM, a plugin of WordPress: of the site
// that Tillside sells for, or of another.
package fluentcrm

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// About describes FluentCRM to the owner. It has no limit; ours spares the site.
func About() crm.Kind {
	return crm.Kind{
		Name: "fluentcrm", Label: "FluentCRM",
		Asks: []crm.Ask{
			{Name: "url", Label: "Address of the site", Help: "The WordPress site on which FluentCRM runs, such as https://example.com."},
			{Name: "username", Label: "User name", Help: "A WordPress user who may manage FluentCRM's contacts, tags and settings."},
			{
				Name: "app_password", Label: "Application password", Secret: true,
				Help: "Make one in WordPress for this user: Users > Profile > Application Passwords.",
			},
		},
		Calls: 5, Per: time.Second, SettleTime: 10 * time.Second,
		MergeText: "{{contact.custom.%s}}",
	}
}

type client struct {
	wire *wire.Caller
	host string
}

// New returns a client of one site.
func New(o wire.Options) (crm.Client, error) {
	site, err := siteURL(cmp.Or(o.Credentials["url"], o.BaseURL))
	if err != nil {
		return nil, err
	}
	login := base64.StdEncoding.EncodeToString([]byte(o.Credentials["username"] + ":" + o.Credentials["app_password"]))
	return &client{wire.New(o, wire.Rules{BaseURL: site.String(), Header: http.Header{"Authorization": {"Basic " + login}}}), site.Host}, nil
}

// siteURL returns the root of a site, also from the address of its REST API or of
// its wp-admin.
func siteURL(text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	for _, part := range []string{"/wp-json", "/wp-admin"} {
		text, _, _ = strings.Cut(text, part)
	}
	site, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || site.Host == "" || site.Scheme != "https" && site.Scheme != "http" || site.User != nil || site.RawQuery != "" || site.Fragment != "" {
		return nil, &crm.Fault{Kind: crm.FaultInvalid, Message: "The site's address must be one such as https://example.com."}
	}
	return site, nil
}

// What the owner reads when FluentCRM is not where it should be. It may come back,
// so nothing is taken as deleted meanwhile.
const (
	noPlugin = "WordPress answers, but FluentCRM does not. Is the plugin active?"
	noREST   = "The site has no REST API at this address. Is the address right, and are its permalinks other than plain?"
)

// call asks for a path below FluentCRM's part of the REST API. It tells a contact
// that is not there from a plugin that is not: both are 404.
func (c *client) call(ctx context.Context, method, path string, query url.Values, body, into any) error {
	err := c.wire.Do(ctx, wire.Request{Method: method, Path: "/wp-json/fluent-crm/v2" + path, Query: query, JSON: body}, into)
	fault, ok := errors.AsType[*crm.Fault](err)
	if !ok || fault.Kind != crm.FaultNotFound {
		return err
	}
	switch {
	case !strings.HasPrefix(fault.Message, "{"): // the message is the answer itself
		fault.Kind, fault.Message = crm.FaultTemporary, noREST
	case strings.Contains(fault.Message, `"rest_no_route"`):
		fault.Kind, fault.Message = crm.FaultTemporary, noPlugin
	}
	return err
}

func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	return c.call(ctx, http.MethodGet, path, query, nil, into)
}

// Verify implements crm.Client. The user needs a permission of FluentCRM's for each
// kind of thing that is asked for.
func (c *client) Verify(ctx context.Context) (crm.Account, error) {
	for _, need := range []struct{ path, missing string }{
		{"/subscribers", "read and manage contacts"},
		{"/tags", "manage contact categories"},
		{"/custom-fields/contacts", "manage settings"},
	} {
		err := c.get(ctx, need.path, url.Values{"per_page": {"1"}}, nil)
		fault, _ := errors.AsType[*crm.Fault](err)
		switch {
		case err == nil:
		case crm.IsFault(err, crm.FaultAuth) && need.path != "/subscribers":
			return crm.Account{}, &crm.Fault{
				Kind: crm.FaultAuth, Status: fault.Status,
				Message: "The user lacks a permission in FluentCRM: " + need.missing + ". Give it under FluentCRM > Settings > Managers.",
			}
		case fault != nil && (fault.Message == noREST || fault.Message == noPlugin):
			return crm.Account{}, &crm.Fault{Kind: crm.FaultInvalid, Status: fault.Status, Message: fault.Message}
		default:
			return crm.Account{}, err
		}
	}
	return crm.Account{ID: c.host, Name: c.host}, nil
}
