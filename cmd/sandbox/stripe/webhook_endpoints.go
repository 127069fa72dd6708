package stripe

import (
	_ "embed" // the list of event types
	"net/url"
	"slices"
	"strings"
)

// WebhookEndpoint is where events are posted.
type WebhookEndpoint struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	APIVersion    Text              `json:"api_version"`
	Application   Text              `json:"application"`
	Created       int64             `json:"created"`
	Description   Text              `json:"description"`
	EnabledEvents []string          `json:"enabled_events"`
	Livemode      bool              `json:"livemode"`
	Metadata      map[string]string `json:"metadata"`
	Secret        string            `json:"secret,omitempty"` // shown once, when it is made
	Status        string            `json:"status"`
	URL           string            `json:"url"`

	secret string
}

//go:embed event_types.txt
var eventTypes string

// maxEndpoints is Stripe's limit for an account in test mode.
const maxEndpoints = 16

func webhookEndpointRoutes() []route {
	change := params{
		"url": text(), "enabled_events": list(text()), "description": text(), "metadata": metadata(), "disabled": boolean(),
	}
	create := params{
		"url": text().must(), "enabled_events": list(text()).must(), "description": text(), "metadata": metadata(),
		"api_version": oneOf(APIVersion), "connect": boolean(),
	}
	return []route{
		{pattern: "POST /v1/webhook_endpoints", params: create, run: createEndpoint},
		{pattern: "GET /v1/webhook_endpoints", params: pageParams, run: func(c *call) (any, error) {
			return page(c, &c.hooks, "/v1/webhook_endpoints", func(*WebhookEndpoint) bool { return true })
		}},
		{pattern: "GET /v1/webhook_endpoints/{id}", run: func(c *call) (any, error) { return c.endpointByID() }},
		{pattern: "POST /v1/webhook_endpoints/{id}", params: change, run: updateEndpoint},
		{pattern: "DELETE /v1/webhook_endpoints/{id}", run: func(c *call) (any, error) {
			if _, err := c.endpointByID(); err != nil {
				return nil, err
			}
			c.hooks.remove(c.id)
			return Deleted{ID: c.id, Object: "webhook_endpoint", Deleted: true}, nil
		}},
	}
}

func (c *call) endpointByID() (*WebhookEndpoint, error) {
	hook, ok := c.hooks.get(c.id)
	if !ok {
		return nil, missing("webhook endpoint", "id", c.id)
	}
	return hook, nil
}

func createEndpoint(c *call) (any, error) {
	if len(c.hooks.order) >= maxEndpoints {
		return nil, refuse("", "", "You have reached the maximum of %d test webhook endpoints.", maxEndpoints)
	}
	hook := &WebhookEndpoint{
		ID: newID("we"), Object: "webhook_endpoint", APIVersion: Text(c.args.text("api_version")), Created: c.unix(),
		Metadata: map[string]string{}, Status: "enabled", secret: "whsec_" + random(32),
	}
	if err := c.setEndpoint(hook); err != nil {
		return nil, err
	}
	c.hooks.add(hook.ID, hook)
	shown := *hook
	shown.Secret = hook.secret
	return shown, nil
}

func updateEndpoint(c *call) (any, error) {
	hook, err := c.endpointByID()
	if err != nil {
		return nil, err
	}
	changed := *hook
	if err := c.setEndpoint(&changed); err != nil {
		return nil, err
	}
	*hook = changed
	return hook, nil
}

func (c *call) setEndpoint(hook *WebhookEndpoint) error {
	a := c.args
	if a.has("url") {
		u, err := url.Parse(a.text("url"))
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return refuse("url_invalid", "url", "Invalid URL: An explicit scheme (such as https) must be provided.")
		}
		hook.URL = a.text("url")
	}
	if a.has("enabled_events") {
		known := strings.Fields(eventTypes)
		for _, kind := range a.texts("enabled_events") {
			if kind != "*" && !slices.Contains(known, kind) {
				return refuse("", "enabled_events", "Invalid enabled_events: '%s' is not an event type.", kind)
			}
		}
		hook.EnabledEvents = a.texts("enabled_events")
	}
	if a.has("disabled") {
		hook.Status = map[bool]string{true: "disabled", false: "enabled"}[a.boolean("disabled")]
	}
	a.setText("description", &hook.Description)
	pairs, clear := a.metadata()
	hook.Metadata = mergeMetadata(hook.Metadata, pairs, clear)
	return nil
}

func (h *WebhookEndpoint) wants(kind string) bool {
	return h.Status == "enabled" && slices.ContainsFunc(h.EnabledEvents, func(k string) bool { return matches(k, kind) })
}

// matches tells whether a name, or a name with a star at its end, means the type.
func matches(pattern, kind string) bool {
	if prefix, star := strings.CutSuffix(pattern, "*"); star {
		return strings.HasPrefix(kind, prefix)
	}
	return pattern == kind
}
