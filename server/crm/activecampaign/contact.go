package activecampaign

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// contact is a contact in requests and answers.
type contact struct {
	ID          wire.Text    `json:"id,omitempty"`
	Email       string       `json:"email,omitempty"`
	FirstName   string       `json:"firstName,omitempty"`
	LastName    string       `json:"lastName,omitempty"`
	FieldValues []fieldValue `json:"fieldValues,omitempty"`
}

type fieldValue struct {
	ID    wire.Text `json:"id,omitempty"`
	Field wire.Text `json:"field"`
	Value string    `json:"value"`
}

type contactBody struct {
	Contact contact `json:"contact"`
}

// Upsert implements crm.Client. Neither call puts anybody on a list, nor back on
// one that they left.
func (c *client) Upsert(ctx context.Context, knownID string, p crm.Person) (string, bool, error) {
	body := contactBody{contact{Email: p.Email, FirstName: p.FirstName, LastName: p.LastName}}
	if knownID != "" {
		_, err := c.call(ctx, http.MethodPut, contactPath(knownID), nil, body, nil)
		// Without the contact, or when another one has the address by now, the
		// address decides.
		if !crm.IsFault(err, crm.FaultNotFound, crm.FaultInvalid) {
			return knownID, false, err
		}
	}
	var answer contactBody
	status, err := c.call(ctx, http.MethodPost, "/contact/sync", nil, body, &answer)
	if err != nil {
		return "", false, err
	}
	if answer.Contact.ID == "" {
		return "", false, &crm.Fault{Kind: crm.FaultTemporary, Status: status, Message: "The answer names no contact."}
	}
	return string(answer.Contact.ID), status == http.StatusCreated, nil
}

func contactPath(id string) string { return "/contacts/" + url.PathEscape(id) }

// Find implements crm.Client.
func (c *client) Find(ctx context.Context, email string) (*crm.Contact, error) {
	var answer struct {
		Contacts []contact `json:"contacts"`
	}
	if err := c.get(ctx, "/contacts", url.Values{"email": {email}, "status": {"-1"}}, &answer); err != nil {
		return nil, err
	}
	for _, found := range answer.Contacts {
		if strings.EqualFold(found.Email, email) {
			return c.Read(ctx, string(found.ID))
		}
	}
	return nil, &crm.Fault{Kind: crm.FaultNotFound, Status: http.StatusOK, Message: "No contact has this address."}
}

// Read implements crm.Client.
func (c *client) Read(ctx context.Context, id string) (*crm.Contact, error) {
	var answer struct {
		contactBody
		ContactLists []struct {
			Status wire.Text `json:"status"`
		} `json:"contactLists"`
	}
	if err := c.get(ctx, contactPath(id), nil, &answer); err != nil {
		return nil, err
	}
	tags, err := c.contactTags(ctx, id)
	if err != nil {
		return nil, err
	}
	fields, err := c.fieldValues(ctx, id)
	if err != nil {
		return nil, err
	}
	read := answer.Contact.port()
	read.Fields = fields
	for _, t := range tags {
		read.Tags = append(read.Tags, string(t.Tag))
	}
	// Automations run for those who are active on a list. 1 is active, 2 left.
	if lists := answer.ContactLists; len(lists) > 0 {
		read.State, read.Muted = "unsubscribed", true
		for _, l := range lists {
			if l.Status == "1" {
				read.State, read.Muted = "active", false
			}
		}
	}
	return read, nil
}

func (c *contact) port() *crm.Contact {
	return &crm.Contact{ID: string(c.ID), Email: c.Email, FirstName: c.FirstName, LastName: c.LastName}
}

// contactTag says that a contact has a tag. Its id is what takes the tag off.
type contactTag struct {
	ID      wire.Text `json:"id,omitempty"`
	Contact wire.Text `json:"contact"`
	Tag     wire.Text `json:"tag"`
}

func (c *client) contactTags(ctx context.Context, id string) ([]contactTag, error) {
	var all []contactTag
	err := c.pages(ctx, contactPath(id)+"/contactTags", nil, func(get func(any) error) (page, error) {
		var answer struct {
			ContactTags []contactTag `json:"contactTags"`
			Meta        meta         `json:"meta"`
		}
		err := get(&answer)
		return pageOf(answer.ContactTags, answer.Meta, func(t contactTag) wire.Text { return t.ID }, func(t contactTag) { all = append(all, t) }), err
	})
	return all, err
}

func (c *client) fieldValues(ctx context.Context, id string) (map[string]string, error) {
	fields := map[string]string{}
	err := c.pages(ctx, contactPath(id)+"/fieldValues", nil, func(get func(any) error) (page, error) {
		var answer struct {
			FieldValues []fieldValue `json:"fieldValues"`
			Meta        meta         `json:"meta"`
		}
		err := get(&answer)
		take := func(v fieldValue) { fields[string(v.Field)] = v.Value }
		return pageOf(answer.FieldValues, answer.Meta, func(v fieldValue) wire.Text { return v.ID }, take), err
	})
	return fields, err
}

// Contacts implements crm.Reader. Lists have neither tags nor fields: both are nil.
func (c *client) Contacts(ctx context.Context, page string) ([]crm.Contact, string, error) {
	rows, next, err := c.list(ctx, page, url.Values{})
	found := make([]crm.Contact, 0, len(rows))
	for _, row := range rows {
		found = append(found, *row.port())
	}
	return found, next, err
}

// WithTag implements crm.Reader.
func (c *client) WithTag(ctx context.Context, tag crm.Tag, page string) ([]string, string, error) {
	rows, next, err := c.list(ctx, page, url.Values{"tagid": {tag.Ref}})
	ids := make([]string, 0, len(rows))
	for _, row := range rows {
		ids = append(ids, string(row.ID))
	}
	return ids, next, err
}

// list reads a page of contacts by id, which stays right while others are added and
// is fast far down the list. A page is named by the id before its first.
func (c *client) list(ctx context.Context, page string, query url.Values) ([]contact, string, error) {
	if page == "" {
		page = "0"
	}
	query.Set("id_greater", page)
	query.Set("orders[id]", "ASC")
	query.Set("limit", "100")
	query.Set("status", "-1") // whatever it is
	var answer struct {
		Contacts []contact `json:"contacts"`
	}
	if err := c.get(ctx, "/contacts", query, &answer); err != nil {
		return nil, "", err
	}
	if len(answer.Contacts) < pageSize {
		return answer.Contacts, "", nil
	}
	return answer.Contacts, string(answer.Contacts[pageSize-1].ID), nil
}
