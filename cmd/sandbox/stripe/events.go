package stripe

import (
	"encoding/json"
	"slices"
)

// Event says that something happened to an object, and how it was then.
type Event struct {
	ID              string       `json:"id"`
	Object          string       `json:"object"`
	APIVersion      string       `json:"api_version"`
	Created         int64        `json:"created"`
	Data            EventData    `json:"data"`
	Livemode        bool         `json:"livemode"`
	PendingWebhooks int          `json:"pending_webhooks"`
	Request         EventRequest `json:"request"`
	Type            string       `json:"type"`

	failed bool // a delivery was tried in vain, or dropped
}

// EventData is the object as it was.
type EventData struct {
	Object             json.RawMessage `json:"object"`
	PreviousAttributes map[string]any  `json:"previous_attributes,omitempty"`
}

// EventRequest is the call that caused the event; empty when time did.
type EventRequest struct {
	ID             Text `json:"id"`
	IdempotencyKey Text `json:"idempotency_key"`
}

func eventRoutes() []route {
	listed := pageParams.with(createdParams, params{"type": text(), "types": list(text()), "delivery_success": boolean()})
	return []route{
		{pattern: "GET /v1/events", params: listed, run: listEvents},
		{pattern: "GET /v1/events/{id}", run: func(c *call) (any, error) {
			ev, ok := c.events.get(c.id)
			if !ok {
				return nil, missing("event", "id", c.id)
			}
			return ev, nil
		}},
	}
}

func listEvents(c *call) (any, error) {
	a := c.args
	kinds := a.texts("types")
	if a.has("type") {
		if kinds != nil && len(kinds) > 0 {
			return nil, malformed("", "types", "You may only specify one of these parameters: type, types.")
		}
		kinds = []string{a.text("type")}
	}
	if len(kinds) > 20 {
		return nil, malformed("", "types", "You may list at most 20 event types.")
	}
	return page(c, &c.events, "/v1/events", func(ev *Event) bool {
		switch {
		case len(kinds) > 0 && !slices.ContainsFunc(kinds, func(k string) bool { return matches(k, ev.Type) }):
			return false
		case a.has("delivery_success") && a.boolean("delivery_success") != (!ev.failed && ev.PendingWebhooks == 0):
			return false
		}
		return a.createdWithin(ev.Created)
	})
}

// emit records an event and queues it for the endpoints that want it. previous
// is nil unless the type is about a change.
func (a *account) emit(kind string, object any, previous map[string]any) {
	data, err := json.Marshal(object)
	if err != nil {
		a.log.Error("sandbox event lost", "type", kind, "error", err)
		return
	}
	ev := &Event{
		ID: "evt_" + random(24), Object: "event", APIVersion: APIVersion, Created: a.unix(), Type: kind,
		Data: EventData{Object: data, PreviousAttributes: previous},
	}
	if c := a.current; c != nil {
		ev.Request = EventRequest{ID: Text(c.requestID), IdempotencyKey: Text(c.key)}
	}
	a.events.add(ev.ID, ev)
	for _, hook := range a.hooks.all() {
		if hook.wants(kind) {
			a.enqueue(ev, hook)
		}
	}
}
