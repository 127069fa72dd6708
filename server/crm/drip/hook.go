package drip

import (
	"context"
	"net/http"
	"slices"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// events are Drip's names of what hooks can tell of.
var events = []struct {
	event crm.Event
	names []string
}{
	{crm.EventTagAdded, []string{"subscriber.applied_tag"}},
	{crm.EventTagRemoved, []string{"subscriber.removed_tag"}},
	{crm.EventChanged, []string{"subscriber.updated_custom_field", "subscriber.updated_email_address"}},
}

type webhook struct {
	ID     wire.Text `json:"id,omitempty"`
	URL    string    `json:"post_url"`
	Events []string  `json:"events"`
	Opens  bool      `json:"include_received_email"`
}

type webhooks struct {
	Webhooks []webhook `json:"webhooks"`
}

// Hooks implements crm.HookMaker. One that tells of several events is listed once
// for each.
func (c *client) Hooks(ctx context.Context) ([]crm.Hook, error) {
	var answer webhooks
	if err := c.call(ctx, http.MethodGet, "/webhooks", nil, nil, &answer); err != nil {
		return nil, err
	}
	var all []crm.Hook
	for _, h := range answer.Webhooks {
		for _, e := range events {
			if !slices.ContainsFunc(e.names, func(name string) bool { return !slices.Contains(h.Events, name) }) {
				all = append(all, crm.Hook{ID: string(h.ID), URL: h.URL, Event: e.event})
			}
		}
	}
	return all, nil
}

// MakeHook implements crm.HookMaker. Every hook tells of all tags of the account.
func (c *client) MakeHook(ctx context.Context, at string, event crm.Event, _ crm.Tag) (crm.Hook, error) {
	var names []string
	for _, e := range events {
		if e.event == event {
			names = e.names
		}
	}
	if names == nil {
		return crm.Hook{}, &crm.Fault{Kind: crm.FaultInvalid, Message: "Drip has no hook for this event."}
	}
	all, err := c.Hooks(ctx)
	if err != nil {
		return crm.Hook{}, err
	}
	if i := slices.IndexFunc(all, func(h crm.Hook) bool { return h.URL == at && h.Event == event }); i >= 0 {
		return all[i], nil
	}
	var answer webhooks
	body := webhooks{[]webhook{{URL: at, Events: names}}}
	if err := c.call(ctx, http.MethodPost, "/webhooks", nil, body, &answer); err != nil {
		return crm.Hook{}, err
	}
	if len(answer.Webhooks) != 1 {
		return crm.Hook{}, &crm.Fault{Kind: crm.FaultTemporary, Status: http.StatusCreated, Message: "The answer names no hook."}
	}
	return crm.Hook{ID: string(answer.Webhooks[0].ID), URL: at, Event: event}, nil
}

// DropHook implements crm.HookMaker.
func (c *client) DropHook(ctx context.Context, id string) error {
	err := c.call(ctx, http.MethodDelete, "/webhooks/"+escape(id), nil, nil, nil)
	if crm.IsFault(err, crm.FaultNotFound) {
		return nil
	}
	return err
}
