package fluentcrm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

type tag struct {
	ID    wire.Text `json:"id"`
	Title string    `json:"title"`
	Slug  string    `json:"slug"`
}

func (t *tag) port() crm.Tag { return crm.Tag{Ref: string(t.ID), Name: t.Title} }

// Tags implements crm.Client.
func (c *client) Tags(ctx context.Context) ([]crm.Tag, error) {
	found, err := c.tags(ctx)
	all := make([]crm.Tag, 0, len(found))
	for i := range found {
		all = append(all, found[i].port())
	}
	return all, err
}

func (c *client) tags(ctx context.Context) ([]tag, error) {
	var all []tag
	for page := 1; ; page++ {
		var answer struct {
			Tags struct {
				Data []tag `json:"data"`
				Last int   `json:"last_page"`
			} `json:"tags"`
		}
		query := url.Values{"per_page": {pageSize}, "page": {strconv.Itoa(page)}, "sort_by": {"id"}, "sort_order": {"ASC"}, "exclude_counts": {"1"}}
		if err := c.get(ctx, "/tags", query, &answer); err != nil {
			return nil, err
		}
		all = append(all, answer.Tags.Data...)
		if page >= answer.Tags.Last {
			return all, nil
		}
	}
}

// checkTags returns a fault for the first tag that does not exist.
func (c *client) checkTags(ctx context.Context, tags []crm.Tag) error {
	if len(tags) == 0 {
		return nil
	}
	all, err := c.Tags(ctx)
	if err != nil {
		return err
	}
	for _, t := range tags {
		if !slices.ContainsFunc(all, func(known crm.Tag) bool { return known.Ref == t.Ref }) {
			return noTag(t)
		}
	}
	return nil
}

// EnsureTag implements crm.Client. Slugs are unique and titles are not: when
// another tag has the slug that a title would get, a sum of the title is added.
func (c *client) EnsureTag(ctx context.Context, name string) (crm.Tag, error) {
	slug, own := slugs(name)
	if found, ok, err := c.findTag(ctx, name, own); ok || err != nil {
		return found, err
	}
	err := c.makeTag(ctx, name, slug)
	if crm.IsFault(err, crm.FaultInvalid) {
		err = c.makeTag(ctx, name, own)
	}
	if err != nil && !crm.IsFault(err, crm.FaultInvalid) {
		return crm.Tag{}, err
	}
	// Versions name what was made differently, so it is looked for.
	found, ok, ferr := c.findTag(ctx, name, own)
	if ok || ferr != nil {
		return found, ferr
	}
	if err == nil {
		err = &crm.Fault{Kind: crm.FaultInvalid, Status: http.StatusOK, Message: "FluentCRM changed the title of the tag " + name + "."}
	}
	return crm.Tag{}, err
}

func (c *client) makeTag(ctx context.Context, title, slug string) error {
	return c.call(ctx, http.MethodPost, "/tags", nil, map[string]string{"title": title, "slug": slug}, nil)
}

// findTag looks for a title, or for the slug that only it can have.
func (c *client) findTag(ctx context.Context, title, own string) (crm.Tag, bool, error) {
	all, err := c.tags(ctx)
	for _, match := range []func(t tag) bool{
		func(t tag) bool { return t.Title == title }, func(t tag) bool { return t.Slug == own },
	} {
		if i := slices.IndexFunc(all, match); i >= 0 {
			return crm.Tag{Ref: string(all[i].ID), Name: title}, true, nil
		}
	}
	return crm.Tag{}, false, err
}

// slugs returns the slug that a title would get, and one that no other title has.
func slugs(title string) (slug, own string) {
	slug = strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '-'
	}, title), "-")
	sum := sha256.Sum256([]byte(title))
	own = strings.TrimLeft(slug+"-"+hex.EncodeToString(sum[:4]), "-")
	if slug == "" {
		slug = own
	}
	return slug, own
}

type field struct {
	Slug  string `json:"slug,omitempty"`
	Label string `json:"label"`
	Type  string `json:"type"`
	Key   string `json:"field_key,omitempty"`
}

func (f *field) port() crm.Field {
	kind := crm.FieldOther
	switch f.Type {
	case "text", "textarea":
		kind = crm.FieldText
	case "number":
		kind = crm.FieldNumber
	case "date":
		kind = crm.FieldDate
	case "select-one", "radio":
		kind = crm.FieldChoice
	}
	return crm.Field{Ref: f.Slug, Name: f.Label, Kind: kind}
}

// Fields implements crm.Client.
func (c *client) Fields(ctx context.Context) ([]crm.Field, error) {
	fields, _, err := c.fields(ctx)
	all := make([]crm.Field, 0, len(fields))
	for i := range fields {
		all = append(all, fields[i].port())
	}
	return all, err
}

// fields lists all fields, also as they came, with everything that they have.
func (c *client) fields(ctx context.Context) (fields []field, raw []json.RawMessage, err error) {
	var answer struct {
		Fields *[]json.RawMessage `json:"fields"`
	}
	if err := c.get(ctx, "/custom-fields/contacts", nil, &answer); err != nil {
		return nil, nil, err
	}
	if answer.Fields == nil { // taken for none, all would be deleted when one is added
		return nil, nil, &crm.Fault{Kind: crm.FaultTemporary, Status: http.StatusOK, Message: "The answer has no list of fields."}
	}
	for _, data := range *answer.Fields {
		var f field
		if err := json.Unmarshal(data, &f); err != nil {
			return nil, nil, &crm.Fault{Kind: crm.FaultTemporary, Status: http.StatusOK, Message: "The list of fields cannot be read."}
		}
		fields = append(fields, f)
	}
	return fields, *answer.Fields, nil
}

// EnsureField implements crm.Client. A field is added by sending the whole list
// again, so whether it stayed is looked up: two who add at the same time undo each
// other. Its slug is FluentCRM's choice.
func (c *client) EnsureField(ctx context.Context, name string) (crm.Field, error) {
	for range 4 {
		fields, raw, err := c.fields(ctx)
		if err != nil {
			return crm.Field{}, err
		}
		if i := slices.IndexFunc(fields, func(f field) bool { return strings.EqualFold(f.Label, name) && f.Slug != "" }); i >= 0 {
			return fields[i].port(), nil
		}
		added, err := json.Marshal(field{Label: name, Type: "text", Key: "text"})
		if err != nil {
			return crm.Field{}, err
		}
		body := map[string][]json.RawMessage{"fields": append(raw, added)}
		if err := c.call(ctx, http.MethodPut, "/custom-fields/contacts", nil, body, nil); err != nil {
			return crm.Field{}, err
		}
	}
	return crm.Field{}, &crm.Fault{Kind: crm.FaultTemporary, Status: http.StatusOK, Message: "The field " + name + " does not stay: somebody else changes the fields, too."}
}

// checkFields returns a fault for the first slug that no field has.
func (c *client) checkFields(ctx context.Context, slugs []string) error {
	if len(slugs) == 0 {
		return nil
	}
	fields, err := c.Fields(ctx)
	if err != nil {
		return err
	}
	for _, slug := range slugs {
		if !slices.ContainsFunc(fields, func(f crm.Field) bool { return f.Ref == slug }) {
			return &crm.Fault{Kind: crm.FaultInvalid, Status: http.StatusOK, Message: "There is no field " + slug + "."}
		}
	}
	return nil
}
