package fluentcrm

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

type subscriber struct {
	ID     wire.Text `json:"id"`
	Email  string    `json:"email"`
	First  string    `json:"first_name"`
	Last   string    `json:"last_name"`
	Status string    `json:"status"`
	Tags   []tag     `json:"tags"`
	Values values    `json:"custom_values"`
}

// values are custom fields by slug; nil when an answer does not tell. PHP writes none
// as a list.
type values map[string]wire.Text

// UnmarshalJSON implements json.Unmarshaler.
func (v *values) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		*v = values{}
		return nil
	}
	return json.Unmarshal(data, (*map[string]wire.Text)(v))
}

// update is what is sent of somebody who is there. It has no status, which would
// bring back those who left. What is empty is left out: an empty list of tags
// has been seen to mean all.
type update struct {
	Email  string            `json:"email,omitempty"`
	First  string            `json:"first_name,omitempty"`
	Last   string            `json:"last_name,omitempty"`
	Values map[string]string `json:"custom_values,omitempty"`
	Attach []json.Number     `json:"attach_tags,omitempty"`
	Detach []json.Number     `json:"detach_tags,omitempty"`
}

func (c *client) put(ctx context.Context, id string, u update) error {
	return c.call(ctx, http.MethodPut, "/subscribers/"+url.PathEscape(id), nil, map[string]update{"subscriber": u}, nil)
}

var withValues = []string{"subscriber.custom_values"}

// one reads somebody by id, or by an address with the id 0. Not found is 404 from
// some versions, 422 from others, or an answer with nobody in it.
func (c *client) one(ctx context.Context, id, email string) (*subscriber, error) {
	query := url.Values{"with[]": withValues}
	if email != "" {
		query.Set("get_by_email", email)
	}
	var answer struct {
		Subscriber json.RawMessage `json:"subscriber"`
	}
	err := c.get(ctx, "/subscribers/"+url.PathEscape(id), query, &answer)
	if err != nil && !crm.IsFault(err, crm.FaultInvalid) {
		return nil, err
	}
	var found subscriber
	if json.Unmarshal(answer.Subscriber, &found) != nil || found.ID == "" || email != "" && !strings.EqualFold(found.Email, email) {
		return nil, &crm.Fault{Kind: crm.FaultNotFound, Status: http.StatusNotFound, Message: "There is no such contact."}
	}
	return &found, nil
}

// Upsert implements crm.Client. The call that could do both would change the status
// of those who are there, so they are looked for first.
func (c *client) Upsert(ctx context.Context, knownID string, p crm.Person) (string, bool, error) {
	known, err := c.known(ctx, knownID, p.Email)
	if crm.IsFault(err, crm.FaultNotFound) {
		return c.create(ctx, p)
	}
	if err != nil {
		return "", false, err
	}
	u := update{First: p.FirstName, Last: p.LastName}
	if !strings.EqualFold(known.Email, p.Email) {
		u.Email = p.Email
	}
	if u.Email == "" && (u.First == "" || u.First == known.First) && (u.Last == "" || u.Last == known.Last) {
		return string(known.ID), false, nil
	}
	return string(known.ID), false, c.put(ctx, string(known.ID), u)
}

// known returns the contact of an id that has an address or nobody else has it,
// else the contact of the address.
func (c *client) known(ctx context.Context, id, email string) (*subscriber, error) {
	if id == "" {
		return c.one(ctx, "0", email)
	}
	byID, err := c.one(ctx, id, "")
	if crm.IsFault(err, crm.FaultNotFound) {
		return c.one(ctx, "0", email)
	}
	if err != nil || strings.EqualFold(byID.Email, email) {
		return byID, err
	}
	other, err := c.one(ctx, "0", email)
	if crm.IsFault(err, crm.FaultNotFound) {
		return byID, nil
	}
	return other, err
}

func (c *client) create(ctx context.Context, p crm.Person) (string, bool, error) {
	body := map[string]string{"email": p.Email, "status": "subscribed"}
	if p.FirstName != "" {
		body["first_name"] = p.FirstName
	}
	if p.LastName != "" {
		body["last_name"] = p.LastName
	}
	var answer struct {
		Contact struct {
			ID wire.Text `json:"id"`
		} `json:"contact"`
	}
	err := c.call(ctx, http.MethodPost, "/subscribers", nil, body, &answer)
	if err != nil && !crm.IsFault(err, crm.FaultInvalid) {
		return "", false, err
	}
	if err == nil && answer.Contact.ID != "" {
		return string(answer.Contact.ID), true, nil
	}
	found, ferr := c.one(ctx, "0", p.Email) // made by somebody else meanwhile, or not named in the answer
	if ferr == nil {
		return string(found.ID), err == nil, nil
	}
	if err == nil {
		err = ferr
	}
	return "", false, err
}

// Find implements crm.Client.
func (c *client) Find(ctx context.Context, email string) (*crm.Contact, error) {
	found, err := c.one(ctx, "0", email)
	if err != nil {
		return nil, err
	}
	return found.port(), nil
}

// Read implements crm.Client.
func (c *client) Read(ctx context.Context, id string) (*crm.Contact, error) {
	found, err := c.one(ctx, id, "")
	if err != nil {
		return nil, err
	}
	return found.port(), nil
}

func (s *subscriber) port() *crm.Contact {
	read := &crm.Contact{
		ID: string(s.ID), Email: s.Email, FirstName: s.First, LastName: s.Last,
		State: s.Status, Muted: s.Status != "subscribed",
	}
	if s.Values != nil {
		read.Fields = map[string]string{}
	}
	for _, t := range s.Tags {
		read.Tags = append(read.Tags, string(t.ID))
	}
	for slug, value := range s.Values {
		read.Fields[slug] = string(value)
	}
	return read
}

// Apply implements crm.Client: a call for what is set and taken off, one for what is
// added, and one that looks, because tags and fields that are gone are passed over
// in silence.
func (c *client) Apply(ctx context.Context, id string, change crm.Change) error {
	attach, err := numbers(change.Add)
	if err != nil {
		return err
	}
	detach, err := numbers(change.Remove)
	if err != nil {
		return err
	}
	var steps []update
	if len(change.Fields)+len(detach) > 0 {
		steps = append(steps, update{Values: change.Fields, Detach: detach})
	}
	if len(attach) > 0 {
		steps = append(steps, update{Attach: attach})
	}
	for _, step := range steps {
		if err := c.put(ctx, id, step); err != nil {
			return c.why(ctx, id, err)
		}
	}
	return c.check(ctx, id, change)
}

// why returns a refusal, as FaultNotFound when it is that the contact is gone.
func (c *client) why(ctx context.Context, id string, refusal error) error {
	if crm.IsFault(refusal, crm.FaultInvalid) {
		if _, err := c.one(ctx, id, ""); crm.IsFault(err, crm.FaultNotFound) {
			return err
		}
	}
	return refusal
}

// numbers returns the ids of tags.
func numbers(tags []crm.Tag) ([]json.Number, error) {
	var ids []json.Number
	for _, t := range tags {
		if t.Ref == "" || strings.Trim(t.Ref, "0123456789") != "" {
			return nil, noTag(t)
		}
		ids = append(ids, json.Number(t.Ref))
	}
	return ids, nil
}

func noTag(t crm.Tag) error {
	return &crm.Fault{Kind: crm.FaultInvalid, Status: http.StatusOK, Message: "There is no tag " + t.Ref + " (" + t.Name + ")."}
}

// check looks whether what was set is there. What is not may have been changed again
// by an automation, so only what does not exist is a fault.
func (c *client) check(ctx context.Context, id string, change crm.Change) error {
	if len(change.Add)+len(change.Fields) == 0 {
		return nil
	}
	now, err := c.Read(ctx, id)
	if err != nil {
		return err
	}
	if err := c.checkTags(ctx, slices.DeleteFunc(slices.Clone(change.Add), func(t crm.Tag) bool { return slices.Contains(now.Tags, t.Ref) })); err != nil {
		return err
	}
	var empty []string
	for slug, value := range change.Fields {
		if value != "" && now.Fields[slug] == "" {
			empty = append(empty, slug)
		}
	}
	return c.checkFields(ctx, empty)
}

// pageSize is how many rows are asked for at once.
const pageSize = "100"

// Contacts implements crm.Reader.
func (c *client) Contacts(ctx context.Context, page string) ([]crm.Contact, string, error) {
	rows, next, err := c.list(ctx, page, url.Values{"custom_fields": {"true"}})
	found := make([]crm.Contact, 0, len(rows))
	for i := range rows {
		found = append(found, *rows[i].port())
	}
	return found, next, err
}

// WithTag implements crm.Reader.
func (c *client) WithTag(ctx context.Context, tag crm.Tag, page string) ([]string, string, error) {
	rows, next, err := c.list(ctx, page, url.Values{"tags[]": {tag.Ref}})
	ids := make([]string, 0, len(rows))
	for i := range rows {
		ids = append(ids, string(rows[i].ID))
	}
	return ids, next, err
}

func (c *client) list(ctx context.Context, page string, query url.Values) ([]subscriber, string, error) {
	number := 1
	if page != "" {
		var err error
		if number, err = strconv.Atoi(page); err != nil {
			return nil, "", &crm.Fault{Kind: crm.FaultInvalid, Message: "There is no page " + page + "."}
		}
	}
	query.Set("per_page", pageSize)
	query.Set("page", strconv.Itoa(number))
	query.Set("sort_by", "id")
	query.Set("sort_type", "ASC")
	var answer struct {
		Subscribers struct {
			Data []subscriber `json:"data"`
			Last int          `json:"last_page"`
		} `json:"subscribers"`
	}
	if err := c.get(ctx, "/subscribers", query, &answer); err != nil {
		return nil, "", err
	}
	if number >= answer.Subscribers.Last {
		return answer.Subscribers.Data, "", nil
	}
	return answer.Subscribers.Data, strconv.Itoa(number + 1), nil
}
