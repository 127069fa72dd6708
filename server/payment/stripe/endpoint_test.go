package stripe_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/payment/stripe"
)

const hookURL = "https://shop.example.com/tillside/v1/webhooks/stripe"

func withEvents(form url.Values) url.Values {
	for i, name := range stripe.EventTypes() {
		form.Set(fmt.Sprintf("enabled_events[%d]", i), name)
	}
	return form
}

func TestEnsureWebhook(t *testing.T) {
	created := exchange{
		request: "POST /v1/webhook_endpoints",
		form: withEvents(url.Values{
			"url": {hookURL}, "api_version": {"2023-10-16"}, "description": {"Tillside"}, "metadata[tillside]": {"webhook"},
		}),
		answer: recorded(t, "webhook_endpoint.json", set{"id": "we_new", "secret": "whsec_new"}),
	}
	endpoint := func(changes set) string {
		all := set{"enabled_events": stripe.EventTypes()}
		for name, value := range changes {
			all[name] = value
		}
		return recorded(t, "webhook_endpoint.json", all)
	}
	listed := func(endpoints ...string) exchange {
		return exchange{request: "GET /v1/webhook_endpoints", form: url.Values{"limit": {"100"}}, answer: list(false, endpoints...)}
	}
	deleted := func(id string) exchange {
		return exchange{request: "DELETE /v1/webhook_endpoints/" + id, answer: `{"id":"` + id + `","object":"webhook_endpoint","deleted":true}`}
	}
	updated := exchange{request: "POST /v1/webhook_endpoints/we_1", form: withEvents(url.Values{"disabled": {"false"}}), answer: endpoint(nil)}
	kept := stripe.Webhook{ID: "we_1", URL: hookURL}
	fresh := stripe.Webhook{ID: "we_new", Secret: "whsec_new", URL: hookURL}
	tests := []struct {
		name    string
		knownID string
		steps   []exchange
		want    stripe.Webhook
	}{
		{name: "first time", steps: []exchange{listed(), created}, want: fresh},
		{name: "known and right", knownID: "we_1", steps: []exchange{listed(endpoint(nil))}, want: kept},
		{name: "known, switched off", knownID: "we_1", steps: []exchange{listed(endpoint(set{"status": "disabled"})), updated}, want: kept},
		{name: "known, other events", knownID: "we_1", steps: []exchange{listed(endpoint(set{"enabled_events": []string{"charge.refunded"}})), updated}, want: kept},
		{name: "known, other version", knownID: "we_1", steps: []exchange{listed(endpoint(set{"api_version": nil})), created, deleted("we_1")}, want: fresh},
		{name: "secret lost", steps: []exchange{listed(endpoint(nil)), created, deleted("we_1")}, want: fresh},
		{name: "a stray one beside the known", knownID: "we_1", steps: []exchange{listed(endpoint(set{"id": "we_0"}), endpoint(nil)), deleted("we_0")}, want: kept},
		{name: "deleted in the dashboard", knownID: "we_gone", steps: []exchange{listed(), created}, want: fresh},
		{name: "made by a person", steps: []exchange{listed(endpoint(set{"metadata": set{}})), created}, want: fresh},
		{
			name: "a copy of the site leaves the original's alone", knownID: "we_1",
			steps: []exchange{listed(endpoint(set{"url": "https://original.example.com/tillside/v1/webhooks/stripe"})), created}, want: fresh,
		},
		{
			name: "a stray one that stays loses no secret",
			steps: []exchange{
				listed(endpoint(nil)), created,
				{request: "DELETE /v1/webhook_endpoints/we_1", status: http.StatusForbidden, answer: `{"error":{"type":"invalid_request_error","message":"x"}}`},
			},
			want: fresh,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hook, created, err := play(t, tt.steps...).EnsureWebhook(t.Context(), hookURL, tt.knownID)
			if err != nil {
				t.Fatal(err)
			}
			if hook != tt.want || created != (tt.want.ID == "we_new") {
				t.Errorf("webhook = %+v, created %t, want %+v", hook, created, tt.want)
			}
		})
	}
}

func TestEnsureWebhook_AddressThatStripeRefuses(t *testing.T) {
	const refused = `{"error":{"code":"url_invalid","message":"Invalid URL: must be publicly accessible","param":"url","type":"invalid_request_error"}}`
	g := play(t,
		exchange{request: "GET /v1/webhook_endpoints", answer: list(false)},
		exchange{request: "POST /v1/webhook_endpoints", status: http.StatusBadRequest, answer: refused},
	)
	if _, _, err := g.EnsureWebhook(t.Context(), "http://localhost/hook", ""); !errs.Is(err, errs.Invalid) {
		t.Errorf("error = %v, want invalid", err)
	}
}

func TestDeleteWebhook_GoneIsNoError(t *testing.T) {
	g := play(t, exchange{request: "DELETE /v1/webhook_endpoints/we_1", status: http.StatusNotFound, answer: recorded(t, "error_resource_missing.json", nil)})
	if err := g.DeleteWebhook(t.Context(), "we_1"); err != nil {
		t.Error(err)
	}
}
