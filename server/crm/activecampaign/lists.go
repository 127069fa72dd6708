package activecampaign

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// tag is a tag in requests and answers. Those of type "template" are on e-mails.
type tag struct {
	ID          wire.Text `json:"id,omitempty"`
	Tag         string    `json:"tag"`
	Type        string    `json:"tagType"`
	Description string    `json:"description"`
}

func (t *tag) port() crm.Tag { return crm.Tag{Ref: string(t.ID), Name: t.Tag} }

// Tags implements crm.Client.
func (c *client) Tags(ctx context.Context) ([]crm.Tag, error) { return c.tags(ctx, nil) }

func (c *client) tags(ctx context.Context, query url.Values) ([]crm.Tag, error) {
	all := []crm.Tag{}
	err := c.pages(ctx, "/tags", query, func(get func(any) error) (page, error) {
		var answer struct {
			Tags []tag `json:"tags"`
			Meta meta  `json:"meta"`
		}
		err := get(&answer)
		take := func(t tag) {
			if t.Type == "" || t.Type == "contact" {
				all = append(all, t.port())
			}
		}
		return pageOf(answer.Tags, answer.Meta, func(t tag) wire.Text { return t.ID }, take), err
	})
	return all, err
}

// EnsureTag implements crm.Client.
func (c *client) EnsureTag(ctx context.Context, name string) (crm.Tag, error) {
	if found, ok, err := c.findTag(ctx, name); ok || err != nil {
		return found, err
	}
	var answer struct {
		Tag tag `json:"tag"`
	}
	body := map[string]tag{"tag": {Tag: name, Type: "contact"}}
	status, err := c.call(ctx, http.MethodPost, "/tags", nil, body, &answer)
	if crm.IsFault(err, crm.FaultInvalid) { // made by somebody else meanwhile
		if found, ok, ferr := c.findTag(ctx, name); ok || ferr != nil {
			return found, ferr
		}
	}
	if err != nil {
		return crm.Tag{}, err
	}
	if answer.Tag.ID == "" {
		return crm.Tag{}, &crm.Fault{Kind: crm.FaultTemporary, Status: status, Message: "The answer names no tag."}
	}
	return crm.Tag{Ref: string(answer.Tag.ID), Name: name}, nil
}

// findTag looks for a tag. The filter may be taken for "contains", or not be
// understood at all: names are compared here, over all pages.
func (c *client) findTag(ctx context.Context, name string) (crm.Tag, bool, error) {
	found, err := c.tags(ctx, url.Values{"filters[search][eq]": {name}})
	for _, t := range found {
		if t.Name == name {
			return t, true, nil
		}
	}
	return crm.Tag{}, false, err
}

type field struct {
	ID      wire.Text `json:"id,omitempty"`
	Title   string    `json:"title"`
	Type    string    `json:"type"`
	Perstag string    `json:"perstag,omitempty"`
	Visible bool      `json:"visible"`
}

// fieldRel says on which list's contacts a field is; 0 is all.
type fieldRel struct {
	Field wire.Text `json:"field"`
	List  wire.Text `json:"relid"`
}

// Fields implements crm.Client.
func (c *client) Fields(ctx context.Context) ([]crm.Field, error) {
	all := []crm.Field{}
	fields, _, err := c.fields(ctx)
	for _, f := range fields {
		all = append(all, f.port())
	}
	return all, err
}

func (f *field) port() crm.Field {
	kind := crm.FieldOther
	switch f.Type {
	case "text", "textarea", "hidden":
		kind = crm.FieldText
	case "wire.Text", "currency":
		kind = crm.FieldNumber
	case "date":
		kind = crm.FieldDate
	case "dropdown", "radio":
		kind = crm.FieldChoice
	}
	return crm.Field{Ref: string(f.ID), Name: f.Title, Kind: kind}
}

// listed is a row of the list of fields; "visible" there is a number as text.
type listed struct {
	field
	Visible wire.Text `json:"visible"`
}

// fields lists all fields, and on which lists' contacts they are as far as the
// answers tell.
func (c *client) fields(ctx context.Context) (all []listed, rels []fieldRel, err error) {
	err = c.pages(ctx, "/fields", nil, func(get func(any) error) (page, error) {
		var answer struct {
			Fields []listed   `json:"fields"`
			Rels   []fieldRel `json:"fieldRels"`
			Meta   meta       `json:"meta"`
		}
		err := get(&answer)
		rels = append(rels, answer.Rels...)
		return pageOf(answer.Fields, answer.Meta, func(f listed) wire.Text { return f.ID }, func(f listed) { all = append(all, f) }), err
	})
	return all, rels, err
}

// EnsureField implements crm.Client. A field is not on any contact before it is
// related to lists, so this is made up for when an earlier call was cut off.
func (c *client) EnsureField(ctx context.Context, name string) (crm.Field, error) {
	f, related, err := c.findField(ctx, name)
	if err != nil {
		return crm.Field{}, err
	}
	found := f != nil
	if !found {
		if f, err = c.makeField(ctx, name); err != nil {
			return crm.Field{}, err
		}
	}
	if !related {
		body := map[string]fieldRel{"fieldRel": {Field: f.ID, List: "0"}}
		_, err := c.call(ctx, http.MethodPost, "/fieldRels", nil, body, nil)
		if err != nil && !(found && crm.IsFault(err, crm.FaultInvalid)) { // which is: related already
			return crm.Field{}, err
		}
	}
	return f.port(), nil
}

func (c *client) findField(ctx context.Context, name string) (f *field, related bool, err error) {
	all, rels, err := c.fields(ctx)
	if err != nil {
		return nil, false, err
	}
	for i := range all {
		if !strings.EqualFold(all[i].Title, name) {
			continue
		}
		for _, r := range rels {
			related = related || r.Field == all[i].ID
		}
		return &all[i].field, related, nil
	}
	return nil, false, nil
}

// makeField makes a field. Under a name of its own for e-mails when that is free,
// else ActiveCampaign chooses one.
func (c *client) makeField(ctx context.Context, name string) (*field, error) {
	made := field{Title: name, Type: "text", Perstag: perstag(name), Visible: true}
	id, err := c.postField(ctx, made)
	if crm.IsFault(err, crm.FaultInvalid) {
		if f, _, ferr := c.findField(ctx, name); f != nil || ferr != nil { // made by somebody else meanwhile
			return f, ferr
		}
		made.Perstag = ""
		id, err = c.postField(ctx, made)
	}
	made.ID = id
	return &made, err
}

func (c *client) postField(ctx context.Context, f field) (wire.Text, error) {
	var answer struct {
		Field struct {
			ID wire.Text `json:"id"`
		} `json:"field"`
	}
	status, err := c.call(ctx, http.MethodPost, "/fields", nil, map[string]field{"field": f}, &answer)
	if err == nil && answer.Field.ID == "" {
		err = &crm.Fault{Kind: crm.FaultTemporary, Status: status, Message: "The answer names no field."}
	}
	return answer.Field.ID, err
}

// perstag is the name by which e-mails print a field.
func perstag(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, name), "_")
}
