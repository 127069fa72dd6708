package keap

import (
	"context"
	"net/http"
	"strings"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

type tag struct {
	ID   wire.Text `json:"id"`
	Name string    `json:"name"`
}

// Tags implements crm.Client.
func (c *client) Tags(ctx context.Context) ([]crm.Tag, error) { return c.tags(ctx, "") }

func (c *client) tags(ctx context.Context, filter string) ([]crm.Tag, error) {
	all := []crm.Tag{}
	for page := ""; ; {
		query := list(page)
		if filter != "" {
			query.Set("filter", filter)
		}
		var answer struct {
			Tags []tag  `json:"tags"`
			Next string `json:"next_page_token"`
		}
		if err := c.get(ctx, "/v2/tags", query, &answer); err != nil {
			return nil, err
		}
		for _, t := range answer.Tags {
			all = append(all, crm.Tag{Ref: string(t.ID), Name: t.Name})
		}
		next := nextPage(answer.Next)
		if next == "" || next == page {
			return all, nil
		}
		page = next
	}
}

// EnsureTag implements crm.Client.
func (c *client) EnsureTag(ctx context.Context, name string) (crm.Tag, error) {
	if found, ok, err := c.findTag(ctx, name); ok || err != nil {
		return found, err
	}
	var made tag
	status, err := c.call(ctx, http.MethodPost, "/v2/tags", nil, map[string]string{"name": name}, &made)
	if crm.IsFault(err, crm.FaultInvalid) { // made by somebody else meanwhile
		if found, ok, ferr := c.findTag(ctx, name); ok || ferr != nil {
			return found, ferr
		}
	}
	if err == nil && made.ID == "" {
		err = &crm.Fault{Kind: crm.FaultTemporary, Status: status, Message: "The answer names no tag."}
	}
	if err != nil {
		return crm.Tag{}, err
	}
	return crm.Tag{Ref: string(made.ID), Name: name}, nil
}

// findTag looks for a tag. A name with a sign that means something in filters is
// looked for among all.
func (c *client) findTag(ctx context.Context, name string) (crm.Tag, bool, error) {
	filter := "name==" + name
	if strings.ContainsAny(name, "*;=<>,") || name == "NONE" {
		filter = ""
	}
	found, err := c.tags(ctx, filter)
	for _, t := range found {
		if t.Name == name {
			return t, true, nil
		}
	}
	return crm.Tag{}, false, err
}

type field struct {
	ID    wire.Text `json:"id"`
	Label string    `json:"label"`
	Type  string    `json:"field_type"`
}

func (f *field) port() crm.Field {
	kind := crm.FieldOther
	switch f.Type {
	case "TEXT", "TEXT_AREA", "NAME", "EMAIL", "PHONE_NUMBER", "WEBSITE":
		kind = crm.FieldText
	case "WHOLE_NUMBER", "DECIMAL_NUMBER", "CURRENCY", "PERCENT", "YEAR":
		kind = crm.FieldNumber
	case "DATE":
		kind = crm.FieldDate
	case "DROPDOWN", "RADIO":
		kind = crm.FieldChoice
	}
	return crm.Field{Ref: string(f.ID), Name: f.Label, Kind: kind}
}

// Fields implements crm.Client.
func (c *client) Fields(ctx context.Context) ([]crm.Field, error) {
	var answer struct {
		Fields []field `json:"custom_fields"`
	}
	if err := c.get(ctx, "/v2/contacts/model", nil, &answer); err != nil {
		return nil, err
	}
	all := make([]crm.Field, 0, len(answer.Fields))
	for i := range answer.Fields {
		all = append(all, answer.Fields[i].port())
	}
	return all, nil
}

// EnsureField implements crm.Client.
func (c *client) EnsureField(ctx context.Context, name string) (crm.Field, error) {
	if found, ok, err := c.findField(ctx, name); ok || err != nil {
		return found, err
	}
	var made field
	body := map[string]string{"label": name, "field_type": "TEXT"}
	status, err := c.call(ctx, http.MethodPost, "/v2/contacts/model/customFields", nil, body, &made)
	if crm.IsFault(err, crm.FaultInvalid) { // made by somebody else meanwhile
		if found, ok, ferr := c.findField(ctx, name); ok || ferr != nil {
			return found, ferr
		}
	}
	if err == nil && made.ID == "" {
		err = &crm.Fault{Kind: crm.FaultTemporary, Status: status, Message: "The answer names no field."}
	}
	if err != nil {
		return crm.Field{}, err
	}
	return crm.Field{Ref: string(made.ID), Name: name, Kind: crm.FieldText}, nil
}

func (c *client) findField(ctx context.Context, name string) (crm.Field, bool, error) {
	all, err := c.Fields(ctx)
	for _, f := range all {
		if strings.EqualFold(f.Name, name) {
			return f, true, nil
		}
	}
	return crm.Field{}, false, err
}
