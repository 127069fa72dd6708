// Package drip is the client of Drip's API, version 2.
package drip

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// About describes Drip to the owner.
func About() crm.Kind {
	return crm.Kind{
		Name: "drip", Label: "Drip",
		Asks: []crm.Ask{
			{Name: "account_id", Label: "Account ID", Help: "Find it in Drip: Settings > Account > General Info."},
			{Name: "api_token", Label: "API token", Secret: true, Help: "Copy it from Drip: User Settings > API token."},
		},
		Calls: 3600, Per: time.Hour, SettleTime: 10 * time.Second,
		MergeText: "{{ subscriber.%s }}",
	}
}

const (
	// overLimit is how long to wait when the hour's calls are used up: Drip does
	// not say when there are some again.
	overLimit = 5 * time.Minute
	// busy is how long to wait while another call changes the same subscriber.
	busy = 3 * time.Second
)

type client struct {
	wire    *wire.Caller
	account string
}

// New returns a client of one account.
func New(o wire.Options) (crm.Client, error) {
	c := &client{account: o.Credentials["account_id"]}
	if c.account == "" || strings.Trim(c.account, "0123456789") != "" {
		return nil, &crm.Fault{Kind: crm.FaultInvalid, Message: "The account ID must be a number."}
	}
	// The token is the user; there is no password.
	login := base64.StdEncoding.EncodeToString([]byte(o.Credentials["api_token"] + ":"))
	c.wire = wire.New(o, wire.Rules{
		BaseURL: "https://api.getdrip.com/v2", Header: http.Header{"Authorization": {"Basic " + login}},
		Wait: func(h http.Header) time.Duration { return max(wire.RetryAfter(h), overLimit) },
	})
	return c, nil
}

// call asks for a path below the account.
func (c *client) call(ctx context.Context, method, path string, query url.Values, body, into any) error {
	err := c.wire.Do(ctx, wire.Request{Method: method, Path: "/" + c.account + path, Query: query, JSON: body}, into)
	fault, ok := errors.AsType[*crm.Fault](err)
	// Both limits are 429, and only their texts tell them apart: one is on the
	// hour, the other on calls for one subscriber at the same time.
	if ok && fault.Kind == crm.FaultLimited && strings.Contains(strings.ToLower(fault.Message), "concurrent") {
		fault.Kind, fault.RetryAfter = crm.FaultTemporary, busy
	}
	return err
}

// escape writes a text as one part of a path. A plus is escaped too: there are
// servers that take it for a space.
func escape(part string) string { return strings.ReplaceAll(url.PathEscape(part), "+", "%2B") }

// meta says how many pages a list has.
type meta struct {
	Page       int `json:"page"`
	TotalPages int `json:"total_pages"`
}

// Verify implements crm.Client.
func (c *client) Verify(ctx context.Context) (crm.Account, error) {
	var answer struct {
		Accounts []struct {
			ID   wire.Text `json:"id"`
			Name string    `json:"name"`
			URL  string    `json:"url"`
		} `json:"accounts"`
	}
	if err := c.wire.Do(ctx, wire.Request{Method: http.MethodGet, Path: "/accounts"}, &answer); err != nil {
		return crm.Account{}, err
	}
	var known []string
	for _, a := range answer.Accounts {
		if string(a.ID) == c.account {
			return crm.Account{ID: c.account, Name: cmp.Or(a.Name, a.URL, c.account)}, nil
		}
		known = append(known, string(a.ID)+" ("+a.Name+")")
	}
	return crm.Account{}, &crm.Fault{
		Kind: crm.FaultAuth, Status: http.StatusOK,
		Message: "The API token does not reach the account " + c.account + ". It reaches: " + strings.Join(known, ", ") + ".",
	}
}

// Tags implements crm.Client. A tag is its name.
func (c *client) Tags(ctx context.Context) ([]crm.Tag, error) {
	names, err := c.names(ctx, "/tags", "tags")
	tags := make([]crm.Tag, 0, len(names))
	for _, name := range names {
		tags = append(tags, crm.Tag{Ref: name, Name: name})
	}
	return tags, err
}

// EnsureTag implements crm.Client. Drip makes a tag when somebody gets it, and
// has none that nobody ever had.
func (c *client) EnsureTag(_ context.Context, name string) (crm.Tag, error) {
	return crm.Tag{Ref: name, Name: name}, nil
}

// names reads a list of texts, over all pages if it has any.
func (c *client) names(ctx context.Context, path, key string) ([]string, error) {
	var all []string
	for page := 1; ; page++ {
		query := url.Values{}
		if page > 1 {
			query.Set("page", strconv.Itoa(page))
		}
		var answer struct {
			Tags        []string `json:"tags"`
			Identifiers []string `json:"custom_field_identifiers"`
			Meta        meta     `json:"meta"`
		}
		if err := c.call(ctx, http.MethodGet, path, query, nil, &answer); err != nil {
			return nil, err
		}
		if key == "tags" {
			all = append(all, answer.Tags...)
		} else {
			all = append(all, answer.Identifiers...)
		}
		if page >= answer.Meta.TotalPages {
			return all, nil
		}
	}
}
