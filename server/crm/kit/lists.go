package kit

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

// perPage is the most that a page may hold.
const perPage = "1000"

type pagination struct {
	HasNext   bool   `json:"has_next_page"`
	EndCursor string `json:"end_cursor"`
}

// page reads one page of a list, which stands in the answer under a name.
func page[T any](ctx context.Context, c *client, path, name string, query url.Values, after string) ([]T, string, error) {
	values := url.Values{"per_page": {perPage}}
	for key, value := range query {
		values[key] = value
	}
	if after != "" {
		values.Set("after", after)
	}
	var answer map[string]json.RawMessage
	if err := c.caller.Do(ctx, wire.Request{Method: http.MethodGet, Path: path, Query: values}, &answer); err != nil {
		return nil, "", err
	}
	var found []T
	var p pagination
	for part, dest := range map[string]any{name: &found, "pagination": &p} {
		if raw := answer[part]; raw != nil {
			if err := json.Unmarshal(raw, dest); err != nil {
				return nil, "", &crm.Fault{Kind: crm.FaultTemporary, Status: http.StatusOK, Message: "the answer has another shape than it should"}
			}
		}
	}
	if !p.HasNext || p.EndCursor == after {
		return found, "", nil
	}
	return found, p.EndCursor, nil
}

// all reads all pages.
func all[T any](ctx context.Context, c *client, path, name string, query url.Values) ([]T, error) {
	var list []T
	for after := ""; ; {
		found, next, err := page[T](ctx, c, path, name, query, after)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
		if after = next; after == "" {
			return list, nil
		}
	}
}

type row struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Key   string `json:"key"`
	Label string `json:"label"`
}

// Tags implements crm.Client.
func (c *client) Tags(ctx context.Context) ([]crm.Tag, error) {
	rows, err := all[row](ctx, c, "/tags", "tags", nil)
	if err != nil {
		return nil, err
	}
	tags := make([]crm.Tag, len(rows))
	for i, r := range rows {
		tags[i] = crm.Tag{Ref: strconv.FormatInt(r.ID, 10), Name: r.Name}
	}
	return tags, nil
}

// EnsureTag implements crm.Client: Kit returns the tag that is there.
func (c *client) EnsureTag(ctx context.Context, name string) (crm.Tag, error) {
	var answer struct {
		Tag row `json:"tag"`
	}
	if err := c.do(ctx, http.MethodPost, "/tags", map[string]string{"name": name}, &answer); err != nil {
		return crm.Tag{}, err
	}
	return crm.Tag{Ref: strconv.FormatInt(answer.Tag.ID, 10), Name: name}, nil
}

// Fields implements crm.Client. Their keys change when the owner renames them, so
// that lists must not get old.
func (c *client) Fields(ctx context.Context) ([]crm.Field, error) {
	rows, err := all[row](ctx, c, "/custom_fields", "custom_fields", nil)
	if err != nil {
		return nil, err
	}
	var fields []crm.Field
	for _, r := range rows {
		if r.Key != lastName {
			fields = append(fields, crm.Field{Ref: r.Key, Name: r.Label, Kind: crm.FieldText})
		}
	}
	return fields, nil
}

// EnsureField implements crm.Client.
func (c *client) EnsureField(ctx context.Context, name string) (crm.Field, error) {
	rows, err := all[row](ctx, c, "/custom_fields", "custom_fields", nil)
	if err != nil {
		return crm.Field{}, err
	}
	if i := slices.IndexFunc(rows, func(r row) bool { return strings.EqualFold(r.Label, name) || r.Key == name }); i >= 0 {
		return crm.Field{Ref: rows[i].Key, Name: rows[i].Label, Kind: crm.FieldText}, nil
	}
	var answer struct {
		Field row `json:"custom_field"`
	}
	if err := c.do(ctx, http.MethodPost, "/custom_fields", map[string]string{"label": name}, &answer); err != nil {
		return crm.Field{}, err
	}
	return crm.Field{Ref: answer.Field.Key, Name: name, Kind: crm.FieldText}, nil
}

type hookRow struct {
	ID    int64 `json:"id"`
	Event struct {
		Name  string `json:"name"`
		TagID int64  `json:"tag_id"`
	} `json:"event"`
	URL string `json:"target_url"`
}

// hook reads a row. Answers leave "subscriber." off the event's name.
func (r *hookRow) hook() (crm.Hook, bool) {
	event, known := map[string]crm.Event{"tag_add": crm.EventTagAdded, "tag_remove": crm.EventTagRemoved}[strings.TrimPrefix(r.Event.Name, "subscriber.")]
	return crm.Hook{ID: strconv.FormatInt(r.ID, 10), URL: r.URL, Event: event, Tag: strconv.FormatInt(r.Event.TagID, 10)}, known
}

// Hooks implements crm.HookMaker.
func (c *client) Hooks(ctx context.Context) ([]crm.Hook, error) {
	rows, err := all[hookRow](ctx, c, "/webhooks", "webhooks", nil)
	if err != nil {
		return nil, err
	}
	var hooks []crm.Hook
	for i := range rows {
		if h, known := rows[i].hook(); known {
			hooks = append(hooks, h)
		}
	}
	return hooks, nil
}

// MakeHook implements crm.HookMaker. Kit makes a second one for the same address,
// which would deliver everything twice, so that it is looked for first.
func (c *client) MakeHook(ctx context.Context, address string, event crm.Event, tag crm.Tag) (crm.Hook, error) {
	name := map[crm.Event]string{crm.EventTagAdded: "subscriber.tag_add", crm.EventTagRemoved: "subscriber.tag_remove"}[event]
	tagID, err := strconv.ParseInt(tag.Ref, 10, 64)
	if name == "" || err != nil {
		return crm.Hook{}, &crm.Fault{Kind: crm.FaultInvalid, Message: "Kit makes webhooks for single tags only"}
	}
	hooks, err := c.Hooks(ctx)
	if err != nil {
		return crm.Hook{}, err
	}
	if i := slices.IndexFunc(hooks, func(h crm.Hook) bool { return h.URL == address && h.Event == event && h.Tag == tag.Ref }); i >= 0 {
		return hooks[i], nil
	}
	var answer struct {
		Webhook hookRow `json:"webhook"`
	}
	body := map[string]any{"target_url": address, "event": map[string]any{"name": name, "tag_id": tagID}}
	if err := c.do(ctx, http.MethodPost, "/webhooks", body, &answer); err != nil {
		return crm.Hook{}, err
	}
	return crm.Hook{ID: strconv.FormatInt(answer.Webhook.ID, 10), URL: address, Event: event, Tag: tag.Ref}, nil
}

// DropHook implements crm.HookMaker.
func (c *client) DropHook(ctx context.Context, id string) error {
	err := c.do(ctx, http.MethodDelete, "/webhooks/"+url.PathEscape(id), nil, nil)
	if crm.IsFault(err, crm.FaultNotFound) {
		return nil
	}
	return err
}

var everybody = url.Values{"status": {"all"}}

// Contacts implements crm.Reader. Lists show no tags: WithTag does.
func (c *client) Contacts(ctx context.Context, after string) ([]crm.Contact, string, error) {
	rows, next, err := page[subscriber](ctx, c, "/subscribers", "subscribers", everybody, after)
	list := make([]crm.Contact, len(rows))
	for i := range rows {
		list[i] = *rows[i].contact()
	}
	return list, next, err
}

// WithTag implements crm.Reader.
func (c *client) WithTag(ctx context.Context, tag crm.Tag, after string) ([]string, string, error) {
	rows, next, err := page[subscriber](ctx, c, "/tags/"+url.PathEscape(tag.Ref)+"/subscribers", "subscribers", everybody, after)
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = strconv.FormatInt(rows[i].ID, 10)
	}
	return ids, next, err
}
