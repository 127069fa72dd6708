package ontraport

import (
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

// pageSize is the most that a page holds; a larger range is cut without a word.
const pageSize = 50

// pages asks for page after page until one is not full.
func pages[T any](ctx context.Context, c *client, path string, query url.Values) ([]T, error) {
	var all []T
	for start := 0; ; start += pageSize {
		found, err := page[T](ctx, c, path, query, start)
		if err != nil {
			return nil, err
		}
		if all = append(all, found...); len(found) < pageSize {
			return all, nil
		}
	}
}

func page[T any](ctx context.Context, c *client, path string, query url.Values, start int) ([]T, error) {
	values := url.Values{"start": {strconv.Itoa(start)}, "range": {strconv.Itoa(pageSize)}}
	for name, value := range query {
		values[name] = value
	}
	var found []T
	err := c.get(ctx, path, values, &found)
	return found, err
}

type tagRow struct {
	ID         json.Number `json:"tag_id"`
	Name       string      `json:"tag_name"`
	ObjectType json.Number `json:"object_type_id"`
}

// Tags implements crm.Client: those of contacts.
func (c *client) Tags(ctx context.Context) ([]crm.Tag, error) {
	rows, err := pages[tagRow](ctx, c, "/Tags", nil)
	if err != nil {
		return nil, err
	}
	tags := make([]crm.Tag, 0, len(rows))
	for _, row := range rows {
		if row.ObjectType == "" || row.ObjectType == contacts {
			tags = append(tags, crm.Tag{Ref: row.ID.String(), Name: row.Name})
		}
	}
	return tags, nil
}

// EnsureTag implements crm.Client.
func (c *client) EnsureTag(ctx context.Context, name string) (crm.Tag, error) {
	tags, err := c.Tags(ctx)
	if err != nil {
		return crm.Tag{}, err
	}
	if i := slices.IndexFunc(tags, func(t crm.Tag) bool { return t.Name == name }); i >= 0 {
		return tags[i], nil
	}
	var made struct {
		ID json.Number `json:"tag_id"`
	}
	request := wire.Request{Method: http.MethodPost, Path: "/Tags", JSON: map[string]string{"tag_name": name}}
	if err := c.do(ctx, request, &made); err != nil {
		return crm.Tag{}, err
	}
	return crm.Tag{Ref: made.ID.String(), Name: name}, nil
}

// Fields implements crm.Client: the account's own that can be written.
func (c *client) Fields(ctx context.Context) ([]crm.Field, error) {
	var objects map[string]struct {
		Fields map[string]struct {
			Alias    string      `json:"alias"`
			Type     string      `json:"type"`
			Editable json.Number `json:"editable"`
		} `json:"fields"`
	}
	if err := c.get(ctx, "/objects/meta", url.Values{"format": {"byId"}, "objectID": {contacts}}, &objects); err != nil {
		return nil, err
	}
	var fields []crm.Field
	for ref, f := range objects[contacts].Fields {
		if isCustom(ref) && f.Editable != "0" && f.Type != "subscription" {
			fields = append(fields, crm.Field{Ref: ref, Name: f.Alias, Kind: kindOf(f.Type)})
		}
	}
	slices.SortFunc(fields, func(a, b crm.Field) int { return strings.Compare(a.Ref, b.Ref) })
	return fields, nil
}

func kindOf(name string) crm.FieldKind {
	switch name {
	case "text", "longtext", "email", "url", "phone", "sms":
		return crm.FieldText
	case "numeric", "price":
		return crm.FieldNumber
	case "date", "fulldate", "timestamp":
		return crm.FieldDate
	case "drop", "list":
		return crm.FieldChoice
	}
	return crm.FieldOther
}

// EnsureField implements crm.Client.
func (c *client) EnsureField(ctx context.Context, name string) (crm.Field, error) {
	fields, err := c.Fields(ctx)
	if err != nil {
		return crm.Field{}, err
	}
	if i := slices.IndexFunc(fields, func(f crm.Field) bool { return strings.EqualFold(f.Name, name) }); i >= 0 {
		return fields[i], nil
	}
	var made struct {
		Success map[string]string `json:"success"`
		Error   json.RawMessage   `json:"error"`
	}
	// One section with three columns, of which the first gets the field.
	section := map[string]any{"name": "Tillside", "fields": []any{[]any{map[string]string{"alias": name, "type": "text"}}, []any{}, []any{}}}
	if err := c.do(ctx, wire.Request{Method: http.MethodPost, Path: "/Contacts/fieldeditor", JSON: section}, &made); err != nil {
		return crm.Field{}, err
	}
	for ref, alias := range made.Success {
		if alias == name {
			return crm.Field{Ref: ref, Name: name, Kind: crm.FieldText}, nil
		}
	}
	return crm.Field{}, &crm.Fault{Kind: crm.FaultInvalid, Status: http.StatusOK, Message: "the field was not made: " + string(made.Error)}
}

// Hooks implements crm.HookMaker.
func (c *client) Hooks(ctx context.Context) ([]crm.Hook, error) {
	var rows []struct {
		ID    json.Number `json:"id"`
		Event string      `json:"event"`
		URL   string      `json:"url"`
	}
	if err := c.get(ctx, "/Webhooks", nil, &rows); err != nil {
		return nil, err
	}
	hooks := make([]crm.Hook, 0, len(rows))
	for _, row := range rows {
		name, arg, _ := strings.Cut(strings.TrimSuffix(row.Event, ")"), "(")
		h := crm.Hook{ID: row.ID.String(), URL: row.URL, Tag: arg}
		switch name {
		case "sub_tag":
			h.Event = crm.EventTagAdded
		case "unsub_tag":
			h.Event = crm.EventTagRemoved
		default:
			continue
		}
		hooks = append(hooks, h)
	}
	return hooks, nil
}

// MakeHook implements crm.HookMaker: hooks are for one tag each.
func (c *client) MakeHook(ctx context.Context, address string, event crm.Event, tag crm.Tag) (crm.Hook, error) {
	name := map[crm.Event]string{crm.EventTagAdded: "sub_tag", crm.EventTagRemoved: "unsub_tag"}[event]
	if name == "" || tag.Ref == "" {
		return crm.Hook{}, &crm.Fault{Kind: crm.FaultInvalid, Message: "Ontraport makes hooks for single tags only"}
	}
	hooks, err := c.Hooks(ctx)
	if err != nil {
		return crm.Hook{}, err
	}
	if i := slices.IndexFunc(hooks, func(h crm.Hook) bool { return h.URL == address && h.Event == event && h.Tag == tag.Ref }); i >= 0 {
		return hooks[i], nil
	}
	var made struct {
		ID json.Number `json:"id"`
	}
	form := url.Values{"url": {address}, "event": {name + "(" + tag.Ref + ")"}, "data": {`{"format":"notify"}`}}
	if err := c.do(ctx, wire.Request{Method: http.MethodPost, Path: "/Webhook/subscribe", Form: form}, &made); err != nil {
		return crm.Hook{}, err
	}
	return crm.Hook{ID: made.ID.String(), URL: address, Event: event, Tag: tag.Ref}, nil
}

// DropHook implements crm.HookMaker.
func (c *client) DropHook(ctx context.Context, id string) error {
	err := c.do(ctx, wire.Request{Method: http.MethodDelete, Path: "/Webhook/unsubscribe", Query: url.Values{"id": {id}}}, nil)
	if crm.IsFault(err, crm.FaultNotFound, crm.FaultInvalid) {
		return nil
	}
	return err
}

// Contacts implements crm.Reader.
func (c *client) Contacts(ctx context.Context, at string) ([]crm.Contact, string, error) {
	start, _ := strconv.Atoi(at) // "" is the first
	rows, err := page[map[string]any](ctx, c, "/Contacts", nil, start)
	if err != nil {
		return nil, "", err
	}
	list := make([]crm.Contact, len(rows))
	for i, row := range rows {
		list[i] = *contactOf(row)
	}
	return list, next(start, len(rows)), nil
}

// WithTag implements crm.Reader.
func (c *client) WithTag(ctx context.Context, tag crm.Tag, at string) ([]string, string, error) {
	start, _ := strconv.Atoi(at)
	rows, err := page[map[string]any](ctx, c, "/objects/tag", url.Values{"objectID": {contacts}, "tag_id": {tag.Ref}}, start)
	if err != nil {
		return nil, "", err
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = contactOf(row).ID
	}
	return ids, next(start, len(rows)), nil
}

func next(start, got int) string {
	if got < pageSize {
		return ""
	}
	return strconv.Itoa(start + got)
}
