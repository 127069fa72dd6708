// Package kit speaks to Kit's API v4, https://developers.kit.com.
package kit

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// About describes Kit to the owner who connects it.
func About() crm.Kind {
	return crm.Kind{
		Name: "kit", Label: "Kit",
		Asks:  []crm.Ask{{Name: "api_key", Label: "API key (v4)", Secret: true, Help: "Kit: Settings, Developer, API keys; keys of version 3 do not work."}},
		Calls: 120, Per: time.Minute, SettleTime: 5 * time.Minute,
		MergeText: "{{ subscriber.%s }}",
	}
}

// client implements crm.Client, crm.HookMaker and crm.Reader.
type client struct{ caller *wire.Caller }

// New returns a client. It sends nothing.
func New(o wire.Options) (crm.Client, error) {
	return &client{wire.New(o, wire.Rules{
		BaseURL: "https://api.kit.com/v4", Header: http.Header{"X-Kit-Api-Key": {o.Credentials["api_key"]}},
	})}, nil
}

func (c *client) do(ctx context.Context, method, path string, body, dest any) error {
	return c.caller.Do(ctx, wire.Request{Method: method, Path: path, JSON: body}, dest)
}

// Verify implements crm.Client.
func (c *client) Verify(ctx context.Context) (crm.Account, error) {
	var answer struct {
		Account struct {
			ID   int64  `json:"id"`
			Name string `json:"name"`
		} `json:"account"`
	}
	if err := c.do(ctx, http.MethodGet, "/account", nil, &answer); err != nil {
		return crm.Account{}, err
	}
	return crm.Account{ID: strconv.FormatInt(answer.Account.ID, 10), Name: answer.Account.Name}, nil
}

// lastName is the key of the custom field that holds what Kit has no place for.
const lastName = "last_name"

type subscriber struct {
	ID        int64              `json:"id"`
	FirstName *string            `json:"first_name"`
	Email     string             `json:"email_address"`
	State     string             `json:"state"`
	Fields    map[string]*string `json:"fields"`
}

func (s *subscriber) contact() *crm.Contact {
	c := &crm.Contact{
		ID: strconv.FormatInt(s.ID, 10), Email: s.Email, State: s.State, Muted: s.State != "active", Fields: map[string]string{},
	}
	if s.FirstName != nil {
		c.FirstName = *s.FirstName
	}
	for key, value := range s.Fields {
		switch {
		case value == nil:
		case key == lastName:
			c.LastName = *value
		default:
			c.Fields[key] = *value
		}
	}
	return c
}

type subscriberAnswer struct {
	Subscriber subscriber `json:"subscriber"`
}

// Upsert implements crm.Client. Whether a POST writes the fields of somebody who is
// there is not documented: a PUT follows when the answer does not show them.
func (c *client) Upsert(ctx context.Context, knownID string, p crm.Person) (string, bool, error) {
	body := map[string]any{"email_address": p.Email}
	if p.FirstName != "" {
		body["first_name"] = p.FirstName
	}
	if p.LastName != "" {
		body["fields"] = map[string]string{lastName: p.LastName}
	}
	if knownID != "" {
		return knownID, false, c.name(ctx, knownID, body, p)
	}
	var answer subscriberAnswer
	status, err := c.caller.Ask(ctx, wire.Request{Method: http.MethodPost, Path: "/subscribers", JSON: body}, &answer)
	if err != nil {
		return "", false, err
	}
	id := strconv.FormatInt(answer.Subscriber.ID, 10)
	if answer.Subscriber.has(p) {
		return id, status == http.StatusCreated, nil
	}
	return id, status == http.StatusCreated, c.name(ctx, id, body, p)
}

// has reports whether names are as they should be; empty ones do not matter.
func (s *subscriber) has(p crm.Person) bool {
	c := s.contact()
	return (p.FirstName == "" || c.FirstName == p.FirstName) && (p.LastName == "" || c.LastName == p.LastName)
}

// name writes address and names. The field for last names is made when the account
// has none.
func (c *client) name(ctx context.Context, id string, body map[string]any, p crm.Person) error {
	var answer subscriberAnswer
	if err := c.do(ctx, http.MethodPut, "/subscribers/"+url.PathEscape(id), body, &answer); err != nil || answer.Subscriber.has(p) {
		return err
	}
	if _, err := c.EnsureField(ctx, lastName); err != nil {
		return err
	}
	return c.do(ctx, http.MethodPut, "/subscribers/"+url.PathEscape(id), body, nil)
}

// Find implements crm.Client. Without status=all Kit shows active people only.
func (c *client) Find(ctx context.Context, email string) (*crm.Contact, error) {
	var answer struct {
		Subscribers []subscriber `json:"subscribers"`
	}
	query := url.Values{"email_address": {email}, "status": {"all"}}
	if err := c.caller.Do(ctx, wire.Request{Method: http.MethodGet, Path: "/subscribers", Query: query}, &answer); err != nil {
		return nil, err
	}
	for i := range answer.Subscribers {
		if strings.EqualFold(answer.Subscribers[i].Email, email) {
			return c.withTags(ctx, &answer.Subscribers[i])
		}
	}
	return nil, &crm.Fault{Kind: crm.FaultNotFound, Message: "nobody has this address"}
}

// Read implements crm.Client.
func (c *client) Read(ctx context.Context, id string) (*crm.Contact, error) {
	var answer subscriberAnswer
	if err := c.do(ctx, http.MethodGet, "/subscribers/"+url.PathEscape(id), nil, &answer); err != nil {
		return nil, err
	}
	return c.withTags(ctx, &answer.Subscriber)
}

func (c *client) withTags(ctx context.Context, s *subscriber) (*crm.Contact, error) {
	contact := s.contact()
	tags, err := all[row](ctx, c, "/subscribers/"+contact.ID+"/tags", "tags", nil)
	if err != nil {
		return nil, err
	}
	for _, tag := range tags {
		contact.Tags = append(contact.Tags, strconv.FormatInt(tag.ID, 10))
	}
	return contact, nil
}

// Apply implements crm.Client.
func (c *client) Apply(ctx context.Context, id string, change crm.Change) error {
	for _, tag := range change.Remove {
		err := c.do(ctx, http.MethodDelete, membership(tag, id), nil, nil)
		if err != nil && !crm.IsFault(err, crm.FaultNotFound) { // it is not there any more
			return err
		}
	}
	if len(change.Fields) > 0 {
		if err := c.setFields(ctx, id, change.Fields); err != nil {
			return err
		}
	}
	for _, tag := range change.Add {
		if err := c.do(ctx, http.MethodPost, membership(tag, id), struct{}{}, nil); err != nil {
			return err
		}
	}
	return nil
}

func membership(tag crm.Tag, id string) string {
	return "/tags/" + url.PathEscape(tag.Ref) + "/subscribers/" + url.PathEscape(id)
}

// setFields writes fields. The address has to be sent along, and must be the one
// that Kit has: it would be changed. A key that Kit does not know is left out with
// a warning, or without: the answer shows what was written.
func (c *client) setFields(ctx context.Context, id string, fields map[string]string) error {
	var answer subscriberAnswer
	if err := c.do(ctx, http.MethodGet, "/subscribers/"+url.PathEscape(id), nil, &answer); err != nil {
		return err
	}
	body := map[string]any{"email_address": answer.Subscriber.Email, "fields": fields}
	answer = subscriberAnswer{}
	if err := c.do(ctx, http.MethodPut, "/subscribers/"+url.PathEscape(id), body, &answer); err != nil {
		return err
	}
	for key := range fields {
		if _, known := answer.Subscriber.Fields[key]; !known && answer.Subscriber.Fields != nil {
			return &crm.Fault{Kind: crm.FaultInvalid, Status: http.StatusOK, Message: fmt.Sprintf("there is no custom field %q", key)}
		}
	}
	return nil
}
