// Package ontraport speaks to Ontraport, https://api.ontraport.com/doc/.
package ontraport

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// About describes Ontraport to the owner who connects it.
func About() crm.Kind {
	return crm.Kind{
		Name: "ontraport", Label: "Ontraport",
		Asks: []crm.Ask{
			{Name: "app_id", Label: "API App ID", Help: "Ontraport: Administration, Integrations, API Keys."},
			{Name: "api_key", Label: "API key", Secret: true, Help: "It stands beside the App ID and acts with the rights of the user who owns it."},
		},
		Calls: 180, Per: time.Minute, SettleTime: 5 * time.Minute,
		PostData: "contactId=[Contact ID]", MergeText: "[%s]",
	}
}

// client implements crm.Client, crm.HookMaker and crm.Reader.
type client struct{ caller *wire.Caller }

// New returns a client. It sends nothing.
func New(o wire.Options) (crm.Client, error) {
	header := http.Header{"Api-Key": {o.Credentials["api_key"]}, "Api-Appid": {o.Credentials["app_id"]}}
	return &client{wire.New(o, wire.Rules{
		BaseURL: "https://api.ontraport.com/1", Header: header,
		Timeout: 65 * time.Second, // answers take up to a minute
		Wait:    func(h http.Header) time.Duration { return wire.Seconds(h, "X-Rate-Limit-Reset") },
	})}, nil
}

// The types of objects in the API.
const contacts = "0"

// do sends a request and decodes the data of its envelope.
func (c *client) do(ctx context.Context, r wire.Request, dest any) error {
	var envelope struct {
		Data json.RawMessage `json:"data"`
	}
	if err := c.caller.Do(ctx, r, &envelope); err != nil || dest == nil || len(envelope.Data) == 0 {
		return err
	}
	if err := json.Unmarshal(envelope.Data, dest); err != nil {
		return &crm.Fault{Kind: crm.FaultTemporary, Status: http.StatusOK, Message: "the answer has another shape than it should"}
	}
	return nil
}

func (c *client) get(ctx context.Context, path string, query url.Values, dest any) error {
	return c.do(ctx, wire.Request{Method: http.MethodGet, Path: path, Query: query}, dest)
}

// Verify implements crm.Client.
func (c *client) Verify(ctx context.Context) (crm.Account, error) {
	var envelope struct {
		AccountID json.Number `json:"account_id"`
	}
	query := url.Values{"format": {"byId"}, "objectID": {contacts}}
	if err := c.caller.Do(ctx, wire.Request{Method: http.MethodGet, Path: "/objects/meta", Query: query}, &envelope); err != nil {
		return crm.Account{}, err
	}
	return crm.Account{ID: envelope.AccountID.String(), Name: "account " + envelope.AccountID.String()}, nil
}

// Upsert implements crm.Client. The answer has one shape for a new contact and
// another for one that was there.
func (c *client) Upsert(ctx context.Context, knownID string, p crm.Person) (string, bool, error) {
	fields := map[string]string{"email": p.Email}
	for name, value := range map[string]string{"firstname": p.FirstName, "lastname": p.LastName} {
		if value != "" {
			fields[name] = value
		}
	}
	if knownID != "" { // by id, or another address would make another contact
		fields["id"] = knownID
		return knownID, false, c.do(ctx, wire.Request{Method: http.MethodPut, Path: "/Contacts", JSON: fields}, nil)
	}
	var made struct {
		ID    json.Number `json:"id"`
		Attrs struct {
			ID json.Number `json:"id"`
		} `json:"attrs"`
	}
	if err := c.do(ctx, wire.Request{Method: http.MethodPost, Path: "/Contacts/saveorupdate", JSON: fields}, &made); err != nil {
		return "", false, err
	}
	if made.ID != "" {
		return made.ID.String(), true, nil
	}
	if made.Attrs.ID == "" {
		return "", false, &crm.Fault{Kind: crm.FaultTemporary, Status: http.StatusOK, Message: "the answer names no contact"}
	}
	return made.Attrs.ID.String(), false, nil
}

// Find implements crm.Client. An address that nobody has is 200 without data, 404 or
// 400, by the year.
func (c *client) Find(ctx context.Context, email string) (*crm.Contact, error) {
	missing := &crm.Fault{Kind: crm.FaultNotFound, Message: "nobody has this address"}
	var data json.RawMessage
	err := c.get(ctx, "/object/getByEmail", url.Values{"objectID": {contacts}, "email": {email}}, &data)
	if crm.IsFault(err, crm.FaultInvalid, crm.FaultNotFound) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	var found struct {
		ID json.Number `json:"id"`
	}
	if json.Unmarshal(data, &found) != nil || found.ID == "" {
		return nil, missing
	}
	return c.Read(ctx, found.ID.String())
}

// Read implements crm.Client.
func (c *client) Read(ctx context.Context, id string) (*crm.Contact, error) {
	var fields map[string]any
	if err := c.get(ctx, "/Contact", url.Values{"id": {id}}, &fields); err != nil {
		if crm.IsFault(err, crm.FaultInvalid) { // an id that cannot be one
			return nil, &crm.Fault{Kind: crm.FaultNotFound, Message: "there is no such contact"}
		}
		return nil, err
	}
	contact := contactOf(fields)
	if contact.ID == "" {
		return nil, &crm.Fault{Kind: crm.FaultNotFound, Message: "there is no such contact"}
	}
	return contact, nil
}

func contactOf(fields map[string]any) *crm.Contact {
	text := func(name string) string {
		switch value := fields[name].(type) {
		case string:
			return value
		case float64:
			return strconv.FormatFloat(value, 'f', -1, 64)
		}
		return ""
	}
	c := &crm.Contact{
		ID: text("id"), Email: text("email"), FirstName: text("firstname"), LastName: text("lastname"), Tags: listOf(text("contact_cat")),
		Fields: map[string]string{},
	}
	for name := range fields {
		if value := text(name); value != "" && isCustom(name) {
			c.Fields[name] = value
		}
	}
	return c
}

// isCustom reports whether a field is one of the account's own: f and its number.
func isCustom(name string) bool {
	number, ok := strings.CutPrefix(name, "f")
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

// listOf reads a list as the API writes it: */*4*/*9*/*.
func listOf(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "*/*"), func(part string) bool { return part == "" })
}

// Apply implements crm.Client.
func (c *client) Apply(ctx context.Context, id string, change crm.Change) error {
	if len(change.Remove) > 0 {
		query := url.Values{"objectID": {contacts}, "ids": {id}, "remove_list": {refsOf(change.Remove)}}
		if err := c.do(ctx, wire.Request{Method: http.MethodDelete, Path: "/objects/tag", Query: query}, nil); err != nil {
			return err
		}
	}
	if len(change.Fields) > 0 {
		fields := map[string]string{"id": id}
		for ref, value := range change.Fields {
			fields[ref] = value
		}
		if err := c.do(ctx, wire.Request{Method: http.MethodPut, Path: "/Contacts", JSON: fields}, nil); err != nil {
			return err
		}
	}
	if len(change.Add) == 0 {
		return nil
	}
	add := map[string]any{"objectID": 0, "ids": id, "add_list": refsOf(change.Add)}
	return c.do(ctx, wire.Request{Method: http.MethodPut, Path: "/objects/tag", JSON: add}, nil)
}

func refsOf(tags []crm.Tag) string {
	refs := make([]string, len(tags))
	for i, t := range tags {
		refs[i] = t.Ref
	}
	return strings.Join(refs, ",")
}
