package stripe

import (
	"context"
	"errors"
	"fmt"
	"slices"

	stripego "github.com/stripe/stripe-go/v76"

	"github.com/tillside/tillside/server/errs"
)

// The mark on the endpoints that we made. One with our address that a person
// made in the dashboard is not touched.
const (
	webhookMark      = "tillside"
	webhookMarkValue = "webhook"
)

// Webhook is an endpoint at Stripe that sends events to us.
type Webhook struct {
	ID     string
	Secret string // what its events are signed with; Stripe tells it only once
	URL    string
}

// EnsureWebhook makes sure that Stripe sends our events to url. It is made by
// API because only so it gets our version of the API; the dashboard offers the
// newest alone. knownID is the endpoint whose secret the caller keeps: when it
// is still there with this address, it is brought up to date and returned
// without a Secret, and created is false. Otherwise a new one is made, whose
// Secret must be stored, and other endpoints of ours with this address, whose
// secrets nobody knows any more, are deleted. An endpoint with another address is left
// alone, also the known one: it may be the original of which this site is a
// copy. An address that Stripe does not accept is errs.Invalid.
func (g *Gateway) EnsureWebhook(ctx context.Context, url, knownID string) (hook Webhook, created bool, err error) {
	ours, err := g.webhooks(ctx, url, knownID)
	if err != nil {
		return Webhook{}, false, err
	}
	for _, e := range ours {
		// Stripe has no way to change an endpoint's version.
		if e.ID == knownID && e.APIVersion == APIVersion {
			hook = Webhook{ID: e.ID, URL: e.URL}
			err = g.refreshWebhook(ctx, e)
		}
	}
	if hook.ID == "" {
		created = true
		hook, err = g.createWebhook(ctx, url)
	}
	if err != nil {
		return Webhook{}, false, err
	}
	for _, e := range ours {
		if e.ID == hook.ID {
			continue
		}
		if err := g.DeleteWebhook(ctx, e.ID); err != nil {
			// Not an error: the new secret would be lost with it. The next
			// call tries again.
			g.log.WarnContext(ctx, "stripe: an old webhook endpoint stays", "endpoint", e.ID, "error", err)
		}
	}
	return hook, created, nil
}

// webhooks lists the endpoints of ours that have the address.
func (g *Gateway) webhooks(ctx context.Context, url, knownID string) ([]*stripego.WebhookEndpoint, error) {
	params := &stripego.WebhookEndpointListParams{}
	params.Context = ctx
	params.Limit = stripego.Int64(pageSize)
	var ours []*stripego.WebhookEndpoint
	pages := g.api.WebhookEndpoints.List(params)
	for pages.Next() {
		e := pages.WebhookEndpoint()
		if e.URL == url && (e.ID == knownID || e.Metadata[webhookMark] != "") {
			ours = append(ours, e)
		}
	}
	if err := pages.Err(); err != nil {
		return nil, fail("list webhook endpoints", err)
	}
	return ours, nil
}

func (g *Gateway) createWebhook(ctx context.Context, url string) (Webhook, error) {
	params := &stripego.WebhookEndpointParams{
		URL:           stripego.String(url),
		APIVersion:    stripego.String(APIVersion),
		EnabledEvents: stripego.StringSlice(eventTypes),
		Description:   stripego.String("Tillside"),
		Metadata:      map[string]string{webhookMark: webhookMarkValue},
	}
	// No key of ours: it would bring back an endpoint that was deleted since.
	params.Context = ctx
	e, err := g.api.WebhookEndpoints.New(params)
	if answer, ok := errors.AsType[*stripego.Error](err); ok && (answer.Code == stripego.ErrorCodeURLInvalid || answer.Param == "url") {
		return Webhook{}, fmt.Errorf("stripe: create webhook endpoint: %w: %w",
			errs.New(errs.Invalid, "Stripe cannot send webhooks to %s. It must be a public https address.", url), refusalOf(answer))
	}
	if err != nil {
		return Webhook{}, fail("create webhook endpoint", err)
	}
	return Webhook{ID: e.ID, Secret: e.Secret, URL: e.URL}, nil
}

// refreshWebhook switches an endpoint on again, which Stripe switches off after
// days of failures, and gives it our events.
func (g *Gateway) refreshWebhook(ctx context.Context, e *stripego.WebhookEndpoint) error {
	if e.Status == "enabled" && sameSet(e.EnabledEvents, eventTypes) {
		return nil
	}
	params := &stripego.WebhookEndpointParams{
		EnabledEvents: stripego.StringSlice(eventTypes),
		Disabled:      stripego.Bool(false),
	}
	params.Context = ctx
	if _, err := g.api.WebhookEndpoints.Update(e.ID, params); err != nil {
		return fail("update webhook endpoint "+e.ID, err)
	}
	return nil
}

// DeleteWebhook deletes an endpoint. One that is gone already is no error.
func (g *Gateway) DeleteWebhook(ctx context.Context, id string) error {
	params := &stripego.WebhookEndpointParams{}
	params.Context = ctx
	_, err := g.api.WebhookEndpoints.Del(id, params)
	if err == nil {
		return nil
	}
	if err = fail("delete webhook endpoint "+id, err); errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
