// Package contracttest holds every call of the Stripe gateway against Stripe's
// own description of its API, through stripe-mock in this process. It proves
// that no parameter is misspelt or gone, nothing more: stripe-mock has no state,
// and answers in the shape of the newest version. What the answers mean is
// tested in server/payment/stripe.
//
// It is a module of its own because stripe-mock carries 30 MB of data.
package contracttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"
	"github.com/stripe/stripe-mock/spec"

	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
	"github.com/tillside/tillside/server/payment/stripe"
)

const hookURL = "https://shop.example.com/tillside/v1/webhooks/stripe"

// mock is stripe-mock with a closer look at the parameters: by itself it lets
// unknown nested ones through, and a refusal could pass for a decline.
type mock struct {
	t    *testing.T
	spec *spec.Spec
	stub http.HandlerFunc

	mu   sync.Mutex
	seen map[string]bool
	next []byte // overrides the body of the next answer
}

func newMock(t *testing.T) (*mock, *stripe.Gateway) {
	t.Helper()
	api, err := server.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		t.Fatal(err)
	}
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		t.Fatal(err)
	}
	stub, err := server.NewStubServer(fixtures, api, false, false)
	if err != nil {
		t.Fatal(err)
	}
	m := &mock{t: t, spec: api, stub: stub.HandleRequest, seen: map[string]bool{}}
	ts := httptest.NewServer(m)
	t.Cleanup(ts.Close)
	gateway, err := stripe.New(stripe.Options{SecretKey: "sk_test_contract", BaseURL: ts.URL})
	if err != nil {
		t.Fatal(err)
	}
	return m, gateway
}

func (m *mock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	path, operation := m.operation(r)
	m.seen[r.Method+" "+path] = true
	if operation != nil {
		m.check(r.Method+" "+path, operation, r.URL.RawQuery, string(body))
	}
	answer := httptest.NewRecorder()
	m.stub(answer, r)
	if answer.Code != http.StatusOK {
		m.t.Errorf("%s %s is answered %d: %s", r.Method, path, answer.Code, answer.Body)
	}
	if m.next != nil {
		answer.Body, m.next = bytes.NewBuffer(m.next), nil
	}
	maps.Copy(w.Header(), answer.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // a client that is gone fails its own test
}

// operation finds what the description says of a request.
func (m *mock) operation(r *http.Request) (string, *spec.Operation) {
	for path, operations := range m.spec.Paths {
		if samePath(string(path), r.URL.Path) {
			if operation := operations[spec.HTTPVerb(strings.ToLower(r.Method))]; operation != nil {
				return string(path), operation
			}
		}
	}
	m.t.Errorf("the API has no %s %s", r.Method, r.URL.Path)
	return r.URL.Path, nil
}

func samePath(pattern, path string) bool {
	patterns, parts := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(patterns, parts, func(p, part string) bool { return p == part || strings.HasPrefix(p, "{") })
}

// check looks up each parameter, nested ones too.
func (m *mock) check(request string, operation *spec.Operation, query, body string) {
	root := &spec.Schema{Properties: map[string]*spec.Schema{}}
	if operation.RequestBody != nil {
		for _, media := range operation.RequestBody.Content {
			maps.Copy(root.Properties, media.Schema.Properties)
		}
	}
	for _, parameter := range operation.Parameters {
		if parameter.In == "query" {
			root.Properties[parameter.Name] = parameter.Schema
		}
	}
	for _, part := range []string{query, body} {
		form, err := url.ParseQuery(part)
		if err != nil {
			m.t.Errorf("%s: %v", request, err)
		}
		for name, values := range form {
			if fault := faultOf(root, keys(name), values[0]); fault != "" {
				m.t.Errorf("%s: parameter %s: %s", request, name, fault)
			}
		}
	}
}

// keys splits a[b][0] into a, b and 0.
func keys(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r == '[' || r == ']' })
}

// faultOf tells what is wrong with a parameter, or nothing.
func faultOf(s *spec.Schema, path []string, value string) string {
	if len(s.AnyOf) > 0 {
		var fault string
		for _, one := range s.AnyOf {
			if fault = faultOf(one, path, value); fault == "" {
				return ""
			}
		}
		return fault
	}
	if len(path) == 0 {
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, any(value)) {
			return fmt.Sprintf("%q is not allowed", value)
		}
		return ""
	}
	if s.Type == "array" && s.Items != nil {
		return faultOf(s.Items, path[1:], value)
	}
	if property, ok := s.Properties[path[0]]; ok {
		return faultOf(property, path[1:], value)
	}
	// Nested objects of the description allow anything besides what they name;
	// Stripe does not.
	if s.AdditionalProperties != nil || (len(s.Properties) == 0 && s.AdditionalPropertiesAllowed) {
		return ""
	}
	return fmt.Sprintf("%q is unknown", path[0])
}

func TestGateway_EveryCallIsInStripesDescription(t *testing.T) {
	m, g := newMock(t)
	ctx := t.Context()
	amount := money.New(4900, "EUR")
	calls := []struct {
		name string
		call func() error
	}{
		{"Account", func() error { _, err := g.Account(ctx); return err }},
		{"CreateCustomer", func() error {
			_, err := g.CreateCustomer(ctx, payment.CustomerRequest{IdempotencyKey: "k1", ContactID: "c1", Email: "ada@example.com", Name: "Ada"})
			return err
		}},
		{"CreateIntent", func() error {
			_, err := g.CreateIntent(ctx, payment.IntentRequest{
				IdempotencyKey: "k2", Amount: amount, CustomerID: "cus_1", Description: "Order form", Metadata: map[string]string{"checkout": "x"},
			})
			return err
		}},
		{"ConfirmIntent", func() error {
			_, err := g.ConfirmIntent(ctx, payment.ConfirmRequest{IdempotencyKey: "k3", IntentID: "pi_1", Token: "ctoken_1", ReturnURL: "https://shop.example.com/"})
			return err
		}},
		{"Intent", func() error { _, err := g.Intent(ctx, "pi_1"); return err }},
		{"CancelIntent", func() error {
			m.answerNext(`{"id":"pi_1","object":"payment_intent","status":"canceled","amount":4900,"currency":"eur"}`)
			_, err := g.CancelIntent(ctx, "pi_1", "k4")
			return err
		}},
		{"Refund", func() error {
			_, err := g.Refund(ctx, payment.RefundRequest{IdempotencyKey: "k5", IntentID: "pi_1", Amount: amount, RefundID: "r1"})
			return err
		}},
		{"Refunds", func() error { _, err := g.Refunds(ctx, "pi_1"); return err }},
		{"Events", func() error {
			return g.Events(ctx, time.Now().Add(-time.Hour), func(payment.Event) error { return nil })
		}},
		{"EnsureWebhook, new", func() error { _, _, err := g.EnsureWebhook(ctx, hookURL, ""); return err }},
		{"EnsureWebhook, known", func() error {
			m.answerNext(fmt.Sprintf(`{"object":"list","data":[{"id":"we_1","object":"webhook_endpoint","url":%q,"api_version":%q,"status":"disabled"}]}`, hookURL, stripe.APIVersion))
			_, _, err := g.EnsureWebhook(ctx, hookURL, "we_1")
			return err
		}},
		{"DeleteWebhook", func() error { return g.DeleteWebhook(ctx, "we_1") }},
	}
	for _, c := range calls {
		if err := c.call(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	want := []string{
		"DELETE /v1/webhook_endpoints/{webhook_endpoint}",
		"GET /v1/account",
		"GET /v1/events",
		"GET /v1/payment_intents/{intent}",
		"GET /v1/refunds",
		"GET /v1/webhook_endpoints",
		"POST /v1/customers",
		"POST /v1/payment_intents",
		"POST /v1/payment_intents/{intent}/cancel",
		"POST /v1/payment_intents/{intent}/confirm",
		"POST /v1/refunds",
		"POST /v1/webhook_endpoints",
		"POST /v1/webhook_endpoints/{webhook_endpoint}",
	}
	if got := slices.Sorted(maps.Keys(m.seen)); !slices.Equal(got, want) {
		t.Errorf("requests = %q\nwant       %q", got, want)
	}
}

func (m *mock) answerNext(body string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next = []byte(body)
}

// The version that the gateway asks for must stay one that Stripe accepts for a
// webhook endpoint.
func TestAPIVersion_IsStillInStripesDescription(t *testing.T) {
	m, _ := newMock(t)
	for _, media := range m.spec.Paths["/v1/webhook_endpoints"]["post"].RequestBody.Content {
		if fault := faultOf(media.Schema, []string{"api_version"}, stripe.APIVersion); fault != "" {
			t.Error(fault)
		}
	}
}

// A check that finds nothing wrong must be able to.
func TestFaultOf_FindsMisspeltParameters(t *testing.T) {
	var s spec.Schema
	const schema = `{"type":"object","properties":{
		"amount":{"type":"integer"},
		"types":{"type":"array","items":{"type":"string","enum":["a","b"]}},
		"metadata":{"anyOf":[{"type":"object","additionalProperties":{"type":"string"}},{"type":"string","enum":[""]}]},
		"automatic":{"type":"object","properties":{"enabled":{"type":"boolean"}}}}}`
	if err := json.Unmarshal([]byte(schema), &s); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, value string
		ok          bool
	}{
		{name: "amount", value: "1", ok: true},
		{name: "amout", value: "1"},
		{name: "automatic[enabled]", value: "true", ok: true},
		{name: "automatic[enabeld]", value: "true"},
		{name: "types[0]", value: "a", ok: true},
		{name: "types[1]", value: "c"},
		{name: "metadata[x]", value: "1", ok: true},
	}
	for _, tt := range tests {
		if fault := faultOf(&s, keys(tt.name), tt.value); (fault == "") != tt.ok {
			t.Errorf("%s=%s: fault = %q", tt.name, tt.value, fault)
		}
	}
}
