// Package activecampaign is the client of ActiveCampaign's API, version 3.
package activecampaign

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// About describes ActiveCampaign to the owner.
func About() crm.Kind {
	return crm.Kind{
		Name: "activecampaign", Label: "ActiveCampaign",
		Asks: []crm.Ask{
			{Name: "url", Label: "API URL", Help: "Copy it from ActiveCampaign: Settings > Developer > API Access."},
			{Name: "api_key", Label: "API key", Secret: true, Help: "Copy it from ActiveCampaign: Settings > Developer > API Access."},
		},
		Calls: 5, Per: time.Second, SettleTime: 10 * time.Second,
	}
}

// pageSize is the most that a list gives at once.
const pageSize = 100

type client struct {
	wire *wire.Caller
	host string // names the account
}

// New returns a client of one account.
func New(o wire.Options) (crm.Client, error) {
	at, err := accountURL(cmp.Or(o.Credentials["url"], o.BaseURL))
	if err != nil {
		return nil, err
	}
	header := http.Header{"Api-Token": {o.Credentials["api_key"]}}
	return &client{wire.New(o, wire.Rules{BaseURL: at.String(), Header: header}), at.Host}, nil
}

// accountURL returns the address that owners copy, with or without a slash or the
// path of the API behind it.
func accountURL(text string) (*url.URL, error) {
	text = strings.TrimSuffix(strings.TrimRight(strings.TrimSpace(text), "/"), "/api/3")
	at, err := url.Parse(text)
	if err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http" || at.User != nil || at.RawQuery != "" || at.Fragment != "" {
		return nil, &crm.Fault{Kind: crm.FaultInvalid, Message: "The API URL must be an address such as https://account.api-us1.com."}
	}
	return at, nil
}

// call asks for a path below the API's root, and returns the status of the answer.
func (c *client) call(ctx context.Context, method, path string, query url.Values, body, into any) (int, error) {
	return c.wire.Ask(ctx, wire.Request{Method: method, Path: "/api/3" + path, Query: query, JSON: body}, into)
}

func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	_, err := c.call(ctx, http.MethodGet, path, query, nil, into)
	return err
}

// meta says how long a list is.
type meta struct {
	Total wire.Text `json:"total"`
}

// page is what a page of a list says of itself. take keeps its rows.
type page struct {
	rows         int
	first, total wire.Text // the id of its first row; how many rows there are in all
	take         func()
}

func pageOf[T any](rows []T, m meta, id func(T) wire.Text, take func(T)) page {
	p := page{rows: len(rows), total: m.Total}
	if len(rows) > 0 {
		p.first = id(rows[0])
	}
	p.take = func() {
		for _, row := range rows {
			take(row)
		}
	}
	return p
}

// pages asks for a list page by page. one decodes a page that get asks for.
func (c *client) pages(ctx context.Context, path string, query url.Values, one func(get func(into any) error) (page, error)) error {
	first := wire.Text("")
	for offset := 0; ; {
		asked := url.Values{"limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(offset)}}
		for name, values := range query {
			asked[name] = values
		}
		p, err := one(func(into any) error { return c.get(ctx, path, asked, into) })
		if err != nil {
			return err
		}
		if p.rows == 0 || first != "" && p.first == first { // the end, or a list that knows no offset and gives all again
			return nil
		}
		p.take()
		offset, first = offset+p.rows, p.first
		total, _ := strconv.Atoi(string(p.total)) // 0 where it is not told
		if total > 0 && offset >= total || total == 0 && p.rows < pageSize {
			return nil
		}
	}
}

// Verify implements crm.Client. A key has the rights of its user, who may have no
// access to tags.
func (c *client) Verify(ctx context.Context) (crm.Account, error) {
	var answer struct {
		User struct {
			ID       wire.Text `json:"id"`
			Username string    `json:"username"`
			Email    string    `json:"email"`
		} `json:"user"`
	}
	err := c.get(ctx, "/users/me", nil, &answer)
	if crm.IsFault(err, crm.FaultNotFound) || err == nil && answer.User.ID == "" {
		return crm.Account{}, &crm.Fault{
			Kind: crm.FaultInvalid, Status: http.StatusNotFound,
			Message: "There is no ActiveCampaign account at this address. Copy the API URL from Settings > Developer.",
		}
	}
	if err != nil {
		return crm.Account{}, err
	}
	err = c.get(ctx, "/tags", url.Values{"limit": {"1"}}, nil)
	if fault, ok := errors.AsType[*crm.Fault](err); ok && fault.Kind == crm.FaultAuth {
		fault.Message = "The user of this API key may not see contacts and tags. Use the key of an administrator."
	}
	if err != nil {
		return crm.Account{}, err
	}
	return crm.Account{ID: c.host, Name: cmp.Or(answer.User.Email, answer.User.Username, c.host)}, nil
}
