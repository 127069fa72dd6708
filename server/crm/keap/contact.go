package keap

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

type contact struct {
	ID     string      `json:"id"`
	First  string      `json:"given_name"`
	Last   string      `json:"family_name"`
	Emails []email     `json:"email_addresses"`
	Tags   []wire.Text `json:"tag_ids"`
	Fields []struct {
		ID      wire.Text `json:"id"`
		Content wire.Text `json:"content"`
	} `json:"custom_fields"`
}

type email struct {
	Email  string `json:"email"`
	Field  string `json:"field"` // EMAIL1 is the one that mails go to
	Reason string `json:"opt_in_reason,omitempty"`
	Status string `json:"email_opt_status,omitempty"`
}

// contactFields is what is asked of contacts; tags and fields come only then.
const contactFields = "id,given_name,family_name,email_addresses,tag_ids,custom_fields"

// optInReason is sent with new contacts only: Keap asks for one, and mails nobody
// without.
const optInReason = "Gave the address in the shop's order form"

// write is what is sent of a contact. Lists replace what is there, item by item
// that is missing, so an address is only sent together with all others.
type write struct {
	First  string  `json:"given_name,omitempty"`
	Last   string  `json:"family_name,omitempty"`
	Emails []email `json:"email_addresses,omitempty"`
}

// maxName is how long names may be.
const maxName = 40

func cut(name string) string {
	if runes := []rune(name); len(runes) > maxName {
		return strings.TrimSpace(string(runes[:maxName]))
	}
	return name
}

// Upsert implements crm.Client. Only new contacts are made with one call that could
// do both: for others it would remove all addresses but one.
func (c *client) Upsert(ctx context.Context, knownID string, p crm.Person) (string, bool, error) {
	known, err := c.known(ctx, knownID, p.Email)
	if crm.IsFault(err, crm.FaultNotFound) {
		return c.create(ctx, p)
	}
	if err != nil {
		return "", false, err
	}
	return known.ID, false, c.update(ctx, known, p)
}

// known returns the contact of an id that has an address or nobody else has it,
// else the contact of the address.
func (c *client) known(ctx context.Context, id, address string) (*contact, error) {
	if id == "" {
		return c.find(ctx, address)
	}
	byID, err := c.read(ctx, id)
	if crm.IsFault(err, crm.FaultNotFound) {
		return c.find(ctx, address)
	}
	if err != nil || byID.has(address) {
		return byID, err
	}
	other, err := c.find(ctx, address)
	if crm.IsFault(err, crm.FaultNotFound) {
		return byID, nil
	}
	return other, err
}

func (c *contact) has(address string) bool {
	for _, e := range c.Emails {
		if strings.EqualFold(e.Email, address) {
			return true
		}
	}
	return false
}

func (c *client) create(ctx context.Context, p crm.Person) (string, bool, error) {
	body := write{First: cut(p.FirstName), Last: cut(p.LastName), Emails: []email{{Email: p.Email, Field: "EMAIL1", Reason: optInReason}}}
	var made contact
	// Without the option a second contact would be made when one came meanwhile.
	status, err := c.call(ctx, http.MethodPost, "/v2/contacts", url.Values{"duplicate_option": {"Email"}}, body, &made)
	if err == nil && made.ID == "" {
		err = &crm.Fault{Kind: crm.FaultTemporary, Status: status, Message: "The answer names no contact."}
	}
	return made.ID, status == http.StatusCreated, err
}

func (c *client) update(ctx context.Context, known *contact, p crm.Person) error {
	var body write
	var mask []string
	if first := cut(p.FirstName); first != "" && first != known.First {
		body.First, mask = first, append(mask, "given_name")
	}
	if last := cut(p.LastName); last != "" && last != known.Last {
		body.Last, mask = last, append(mask, "family_name")
	}
	if !known.has(p.Email) {
		body.Emails, mask = known.withMain(p.Email), append(mask, "email_addresses")
	}
	if len(mask) == 0 {
		return nil
	}
	_, err := c.call(ctx, http.MethodPatch, contactPath("/v2", known.ID), url.Values{"update_mask": mask}, body, nil)
	return err
}

// withMain returns all addresses of a contact with another main one. Nothing is said
// of consent, so that nothing changes.
func (c *contact) withMain(address string) []email {
	all := []email{{Email: address, Field: "EMAIL1"}}
	for _, e := range c.Emails {
		if e.Field != "EMAIL1" {
			all = append(all, email{Email: e.Email, Field: e.Field})
		}
	}
	return all
}

func contactPath(version, id string) string { return version + "/contacts/" + url.PathEscape(id) }

// Find implements crm.Client.
func (c *client) Find(ctx context.Context, email string) (*crm.Contact, error) {
	found, err := c.find(ctx, email)
	if err != nil {
		return nil, err
	}
	return found.port(), nil
}

// find looks for an address. A star in it would match anything and a semicolon ends
// it, so what comes back is compared.
func (c *client) find(ctx context.Context, address string) (*contact, error) {
	query := list("")
	query.Set("filter", "email=="+address)
	query.Set("fields", contactFields)
	var answer struct {
		Contacts []contact `json:"contacts"`
	}
	if err := c.get(ctx, "/v2/contacts", query, &answer); err != nil {
		return nil, err
	}
	var second *contact
	for i := range answer.Contacts {
		found := &answer.Contacts[i]
		if strings.EqualFold(found.main().Email, address) {
			return found, nil
		}
		if second == nil && found.has(address) {
			second = found
		}
	}
	if second == nil {
		return nil, &crm.Fault{Kind: crm.FaultNotFound, Status: http.StatusOK, Message: "No contact has this address."}
	}
	return second, nil
}

// Read implements crm.Client.
func (c *client) Read(ctx context.Context, id string) (*crm.Contact, error) {
	found, err := c.read(ctx, id)
	if err != nil {
		return nil, err
	}
	return found.port(), nil
}

func (c *client) read(ctx context.Context, id string) (*contact, error) {
	var found contact
	return &found, c.get(ctx, contactPath("/v2", id), url.Values{"fields": {contactFields}}, &found)
}

func (c *contact) main() email {
	for _, e := range c.Emails {
		if e.Field == "EMAIL1" {
			return e
		}
	}
	return email{}
}

// port gives the state of the main address. Automations run whatever it is.
func (c *contact) port() *crm.Contact {
	main := c.main()
	read := &crm.Contact{
		ID: c.ID, Email: main.Email, FirstName: c.First, LastName: c.Last, State: main.Status, Fields: map[string]string{},
	}
	for _, tag := range c.Tags {
		read.Tags = append(read.Tags, string(tag))
	}
	for _, f := range c.Fields {
		read.Fields[string(f.ID)] = string(f.Content)
	}
	return read
}

// Contacts implements crm.Reader.
func (c *client) Contacts(ctx context.Context, page string) ([]crm.Contact, string, error) {
	query := list(page)
	query.Set("fields", contactFields)
	query.Set("order_by", "id asc")
	var answer struct {
		Contacts []contact `json:"contacts"`
		Next     string    `json:"next_page_token"`
	}
	if err := c.get(ctx, "/v2/contacts", query, &answer); err != nil {
		return nil, "", err
	}
	found := make([]crm.Contact, 0, len(answer.Contacts))
	for i := range answer.Contacts {
		found = append(found, *answer.Contacts[i].port())
	}
	return found, nextPage(answer.Next), nil
}

// WithTag implements crm.Reader.
func (c *client) WithTag(ctx context.Context, tag crm.Tag, page string) ([]string, string, error) {
	var answer struct {
		Contacts []struct {
			ID string `json:"id"`
		} `json:"contacts"`
		Next string `json:"next_page_token"`
	}
	if err := c.get(ctx, "/v2/tags/"+url.PathEscape(tag.Ref)+"/contacts", list(page), &answer); err != nil {
		return nil, "", err
	}
	ids := make([]string, 0, len(answer.Contacts))
	for _, found := range answer.Contacts {
		ids = append(ids, found.ID)
	}
	return ids, nextPage(answer.Next), nil
}
