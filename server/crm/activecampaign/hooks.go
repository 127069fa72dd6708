package activecampaign

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// events are ActiveCampaign's names of what hooks can tell of.
var events = map[string]crm.Event{
	"contact_tag_added": crm.EventTagAdded, "contact_tag_removed": crm.EventTagRemoved, "update": crm.EventChanged,
}

func eventName(event crm.Event) string {
	for name, e := range events {
		if e == event {
			return name
		}
	}
	return ""
}

type webhook struct {
	ID      wire.Text `json:"id,omitempty"`
	Name    string    `json:"name"`
	URL     string    `json:"url"`
	Events  []string  `json:"events"`
	Sources []string  `json:"sources"`
}

// Hooks implements crm.HookMaker. One that tells of several events is listed once
// for each.
func (c *client) Hooks(ctx context.Context) ([]crm.Hook, error) {
	var all []crm.Hook
	err := c.pages(ctx, "/webhooks", nil, func(get func(any) error) (page, error) {
		var answer struct {
			Webhooks []webhook `json:"webhooks"`
			Meta     meta      `json:"meta"`
		}
		err := get(&answer)
		take := func(h webhook) {
			for _, name := range h.Events {
				if event, ok := events[name]; ok {
					all = append(all, crm.Hook{ID: string(h.ID), URL: h.URL, Event: event})
				}
			}
		}
		return pageOf(answer.Webhooks, answer.Meta, func(h webhook) wire.Text { return h.ID }, take), err
	})
	return all, err
}

// MakeHook implements crm.HookMaker. Every hook tells of all tags. Changes by the
// API count too: other tools tag through it.
func (c *client) MakeHook(ctx context.Context, at string, event crm.Event, _ crm.Tag) (crm.Hook, error) {
	name := eventName(event)
	if name == "" {
		return crm.Hook{}, &crm.Fault{Kind: crm.FaultInvalid, Message: "ActiveCampaign has no hook for this event."}
	}
	all, err := c.Hooks(ctx)
	if err != nil {
		return crm.Hook{}, err
	}
	if i := slices.IndexFunc(all, func(h crm.Hook) bool { return h.URL == at && h.Event == event }); i >= 0 {
		return all[i], nil
	}
	body := map[string]webhook{"webhook": {
		Name: "Tillside", URL: at, Events: []string{name}, Sources: []string{"public", "admin", "api", "system"},
	}}
	var answer struct {
		Webhook webhook `json:"webhook"`
	}
	if _, err := c.call(ctx, http.MethodPost, "/webhooks", nil, body, &answer); err != nil {
		return crm.Hook{}, err
	}
	return crm.Hook{ID: string(answer.Webhook.ID), URL: at, Event: event}, nil
}

// DropHook implements crm.HookMaker.
func (c *client) DropHook(ctx context.Context, id string) error {
	_, err := c.call(ctx, http.MethodDelete, "/webhooks/"+url.PathEscape(id), nil, nil, nil)
	if crm.IsFault(err, crm.FaultNotFound) {
		return nil
	}
	return err
}
