package keap

import (
	"context"
	"net/http"
	"net/url"

	"github.com/tillside/tillside/server/crm"
)

// hook is one of version 1, which alone has them and names things its own way.
type hook struct {
	Key    string `json:"key,omitempty"`
	Event  string `json:"eventKey"`
	URL    string `json:"hookUrl"`
	Status string `json:"status,omitempty"`
}

// verified is the state of a hook whose address has answered with the secret that
// Keap sent there. Others tell of nothing.
const verified = "Verified"

// events are Keap's names of what hooks can tell of.
var events = map[string]crm.Event{
	"contactGroup.applied": crm.EventTagAdded, "contactGroup.removed": crm.EventTagRemoved, "contact.edit": crm.EventChanged,
}

func (c *client) hooks(ctx context.Context) ([]hook, error) {
	var all []hook
	err := c.get(ctx, "/v1/hooks", nil, &all)
	return all, err
}

func (h *hook) port() crm.Hook { return crm.Hook{ID: h.Key, URL: h.URL, Event: events[h.Event]} }

// Hooks implements crm.HookMaker. Those that Keap could not verify are listed too.
func (c *client) Hooks(ctx context.Context) ([]crm.Hook, error) {
	all, err := c.hooks(ctx)
	var known []crm.Hook
	for i := range all {
		if events[all[i].Event] != "" {
			known = append(known, all[i].port())
		}
	}
	return known, err
}

// MakeHook implements crm.HookMaker. Every hook tells of all tags. While it is made
// Keap calls the address, which must answer with the X-Hook-Secret of that call;
// one that did not is asked to be verified again.
func (c *client) MakeHook(ctx context.Context, at string, event crm.Event, _ crm.Tag) (crm.Hook, error) {
	all, err := c.hooks(ctx)
	if err != nil {
		return crm.Hook{}, err
	}
	var made hook
	for _, h := range all {
		if h.URL == at && events[h.Event] == event {
			made = h
		}
	}
	switch {
	case made.Key == "":
		made, err = c.subscribe(ctx, at, event)
	case made.Status != verified:
		_, err = c.call(ctx, http.MethodPost, hookPath(made.Key)+"/verify", nil, nil, &made)
	}
	if err == nil && made.Status != verified {
		err = &crm.Fault{
			Kind: crm.FaultInvalid, Status: http.StatusOK,
			Message: "Keap has the hook, but could not verify it: its servers must be able to reach " + hostOf(at) + ".",
		}
	}
	if err != nil {
		return crm.Hook{}, err
	}
	return made.port(), nil
}

func (c *client) subscribe(ctx context.Context, at string, event crm.Event) (hook, error) {
	for name, e := range events {
		if e == event {
			var made hook
			_, err := c.call(ctx, http.MethodPost, "/v1/hooks", nil, hook{Event: name, URL: at}, &made)
			return made, err
		}
	}
	return hook{}, &crm.Fault{Kind: crm.FaultInvalid, Message: "Keap has no hook for this event."}
}

func hookPath(key string) string { return "/v1/hooks/" + url.PathEscape(key) }

// hostOf leaves out the path, which has a secret in it.
func hostOf(address string) string {
	at, err := url.Parse(address)
	if err != nil {
		return "this address"
	}
	return at.Host
}

// DropHook implements crm.HookMaker.
func (c *client) DropHook(ctx context.Context, id string) error {
	_, err := c.call(ctx, http.MethodDelete, hookPath(id), nil, nil, nil)
	if crm.IsFault(err, crm.FaultNotFound) {
		return nil
	}
	return err
}
