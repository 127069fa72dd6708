// Package keap is the client of Keap's API: version 2, and version 1 for what only
// that has, which is hooks and setting one field without losing the others.
package keap

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// About describes Keap to the owner. A key allows 240 calls a minute, and 10 in one
// second.
func About() crm.Kind {
	return crm.Kind{
		Name: "keap", Label: "Keap",
		Asks: []crm.Ask{{
			Name: "token", Label: "Service account key or personal access token", Secret: true,
			Help: "Make one in Keap: Settings > API.",
		}},
		Calls: 10, Per: 2500 * time.Millisecond, SettleTime: 10 * time.Second,
	}
}

// root serves both versions.
const root = "https://api.infusionsoft.com/crm/rest"

// pageSize is the most that a list gives at once.
const pageSize = "1000"

type client struct{ wire *wire.Caller }

// New returns a client of one account.
func New(o wire.Options) (crm.Client, error) {
	header := http.Header{"Authorization": {"Bearer " + o.Credentials["token"]}}
	return &client{wire.New(o, wire.Rules{BaseURL: root, Header: header, Wait: wait})}, nil
}

// wait reads when the period ends whose calls are used up, in milliseconds since
// 1970, by the clock of the answer. A day's limit ends hours later.
func wait(h http.Header) time.Duration {
	end, err := strconv.ParseInt(h.Get("X-Keap-Product-Quota-Expiry-Time"), 10, 64)
	now, derr := http.ParseTime(h.Get("Date"))
	if err != nil || derr != nil {
		return wire.RetryAfter(h)
	}
	if end < 1e11 { // seconds
		end *= 1000
	}
	left := time.UnixMilli(end).Sub(now)
	if left <= 0 || left > 24*time.Hour {
		return wire.RetryAfter(h)
	}
	return left
}

// call asks for a path that begins with a version, and returns the status of the
// answer.
func (c *client) call(ctx context.Context, method, path string, query url.Values, body, into any) (int, error) {
	return c.wire.Ask(ctx, wire.Request{Method: method, Path: path, Query: query, JSON: body}, into)
}

func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	_, err := c.call(ctx, http.MethodGet, path, query, nil, into)
	return err
}

// nextPage returns the token of the page that follows. Some releases send the
// whole address of it.
func nextPage(token string) string {
	at, err := url.Parse(token)
	if err != nil || at.Host == "" {
		return token
	}
	return at.Query().Get("page_token")
}

// list is the query of a page of a list.
func list(page string) url.Values {
	query := url.Values{"page_size": {pageSize}}
	if page != "" {
		query.Set("page_token", page)
	}
	return query
}

// Verify implements crm.Client. A token has the rights of its user, who may have no
// access to tags.
func (c *client) Verify(ctx context.Context) (crm.Account, error) {
	account, err := c.account(ctx)
	if err != nil {
		return crm.Account{}, err
	}
	err = c.get(ctx, "/v2/tags", url.Values{"page_size": {"1"}}, nil)
	if fault, ok := errors.AsType[*crm.Fault](err); ok && fault.Kind == crm.FaultAuth {
		fault.Message = "The user of this key may not see tags. Use the key of an administrator."
	}
	return account, err
}

// account asks whose key it is. Keys of services belong to no user: those are asked
// for the business instead.
func (c *client) account(ctx context.Context) (crm.Account, error) {
	var user struct {
		Email  string `json:"email"`
		Keap   string `json:"keap_id"`
		Tenant string `json:"tenant_id"`
	}
	err := c.get(ctx, "/v2/oauth/connect/userinfo", nil, &user)
	if err == nil {
		return crm.Account{ID: cmp.Or(user.Tenant, user.Keap, user.Email), Name: cmp.Or(user.Email, user.Tenant)}, nil
	}
	if !crm.IsFault(err, crm.FaultAuth, crm.FaultNotFound, crm.FaultInvalid) {
		return crm.Account{}, err
	}
	var business struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	if err := c.get(ctx, "/v2/businessProfile", nil, &business); err != nil {
		return crm.Account{}, err
	}
	return crm.Account{ID: cmp.Or(business.Email, business.Name), Name: cmp.Or(business.Name, business.Email)}, nil
}
