package keap_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/keap"
	"github.com/tillside/tillside/server/crm/wire"
	"github.com/tillside/tillside/server/crm/wiretest"
)

// specs are Keap's own descriptions of both versions.
type specs struct{ v1, v2 *wiretest.Spec }

// loadSpecs reads them once: they are large.
var loadSpecs = sync.OnceValues(func() (*specs, error) {
	v1, err := wiretest.LoadSpec("keap/2025-11-05-v1.json", "")
	if err != nil {
		return nil, err
	}
	v2, err := wiretest.LoadSpec("keap/keap-rest-v2-openapi.yml", "/rest")
	if err != nil {
		return nil, err
	}
	if v1.Doc != nil {
		// Version 1 calls any value an object, also in its own examples of texts.
		patch := v1.Doc.Paths.Value("/v1/contacts/{contactId}").Patch.RequestBody.Value.Content.Get("application/json").Schema.Value
		patch.Properties["custom_fields"].Value.Items.Value.Properties["content"] = openapi3.NewSchemaRef("", openapi3.NewSchema())
	}
	return &specs{v1, v2}, nil
})

// play returns a client of an account that answers as it is written down under a
// name. The key must be in every request.
func play(t *testing.T, name string) crm.Client {
	t.Helper()
	s, err := loadSpecs()
	if err != nil {
		t.Fatal(err)
	}
	server := wiretest.Play(t, "testdata/exchanges.json", name)
	server.Look = func(t *testing.T, r *http.Request, body []byte) {
		if got := r.Header.Get("Authorization"); got != "Bearer TOKEN" {
			t.Errorf("%s %s came with %q", r.Method, r.URL, got)
		}
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			s.v1.Check(t, r, body)
		} else {
			s.v2.Check(t, r, body)
		}
	}
	client, err := keap.New(wire.Options{BaseURL: server.URL, Credentials: map[string]string{"token": "TOKEN"}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

var ada = crm.Person{Email: "ada@example.com", FirstName: "Ada", LastName: "Byron"}

func TestKeap_Verify(t *testing.T) {
	tests := []struct {
		name string
		want crm.Account
	}{
		{"verify", crm.Account{ID: "ab123", Name: "ada@shop.example"}},
		{"verify a key of a service", crm.Account{ID: "office@shop.example", Name: "Ada's Courses"}},
	}
	for _, tt := range tests {
		if got, err := play(t, tt.name).Verify(t.Context()); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
	if _, err := play(t, "verify without the right to tags").Verify(t.Context()); !crm.IsFault(err, crm.FaultAuth) || !strings.Contains(err.Error(), "tags") {
		t.Errorf("a user without rights: %v", err)
	}
	if _, err := play(t, "verify a wrong key").Verify(t.Context()); !crm.IsFault(err, crm.FaultAuth) {
		t.Errorf("a wrong key: %v", err)
	}
}

func TestKeap_UpsertKeepsOtherAddresses(t *testing.T) {
	tests := []struct {
		name, known string
		wantID      string
		wantCreated bool
	}{
		{"upsert someone new", "", "8", true},
		{"upsert someone who is there", "", "8", false},
		{"upsert someone who is as they were", "8", "8", false},
		{"upsert someone with a new address", "8", "8", false},
		{"upsert with another's address", "8", "9", false},
		{"upsert someone gone", "8", "9", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, created, err := play(t, tt.name).Upsert(t.Context(), tt.known, ada)
			if err != nil || id != tt.wantID || created != tt.wantCreated {
				t.Errorf("Upsert = %q, %t, %v, want %q, %t", id, created, err, tt.wantID, tt.wantCreated)
			}
		})
	}
}

func TestKeap_Read(t *testing.T) {
	got, err := play(t, "read").Read(t.Context(), "8")
	if err != nil {
		t.Fatal(err)
	}
	want := &crm.Contact{
		ID: "8", Email: "ada@example.com", FirstName: "Ada", LastName: "Byron", Tags: []string{"3", "4"}, State: "MANUAL",
		Fields: map[string]string{"7": "CODE-1", "9": "3", "10": ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
	if _, err := play(t, "find nobody").Find(t.Context(), "*@example.com"); !crm.IsFault(err, crm.FaultNotFound) {
		t.Errorf("an address with a star: %v", err)
	}
}

func TestKeap_Apply(t *testing.T) {
	buyer, vip := crm.Tag{Ref: "3", Name: "Buyer"}, crm.Tag{Ref: "5", Name: "VIP"}
	tests := []struct {
		name   string
		change crm.Change
		want   crm.FaultKind
	}{
		{
			"apply", crm.Change{
				Remove: []crm.Tag{buyer, {Ref: "4", Name: "Lead"}}, Fields: map[string]string{"7": "CODE-1", "10": ""}, Add: []crm.Tag{buyer, vip},
			}, "",
		},
		{"apply one tag", crm.Change{Add: []crm.Tag{buyer}}, ""},
		{"apply one tag again", crm.Change{Add: []crm.Tag{buyer}}, ""},
		{"apply two tags of which one was deleted", crm.Change{Add: []crm.Tag{buyer, vip}}, crm.FaultInvalid},
		{"apply two tags and hear of one", crm.Change{Add: []crm.Tag{buyer, vip}}, crm.FaultTemporary},
		{"apply two tags to someone gone", crm.Change{Add: []crm.Tag{buyer, vip}}, crm.FaultNotFound},
		{"apply without the right to", crm.Change{Add: []crm.Tag{buyer}}, crm.FaultAuth},
		{"apply and fail", crm.Change{Add: []crm.Tag{buyer}}, crm.FaultTemporary},
		{"apply and hear nothing", crm.Change{Add: []crm.Tag{buyer}}, crm.FaultTemporary},
		{"apply to someone gone", crm.Change{Add: []crm.Tag{buyer}}, crm.FaultNotFound},
		{"apply a tag that was deleted", crm.Change{Add: []crm.Tag{buyer}}, crm.FaultInvalid},
		{"remove a tag that was deleted", crm.Change{Remove: []crm.Tag{buyer}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := play(t, tt.name).Apply(t.Context(), "8", tt.change)
			if tt.want == "" && err != nil || tt.want != "" && !crm.IsFault(err, tt.want) {
				t.Errorf("Apply = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestKeap_TagsAreReadToTheLastPage(t *testing.T) {
	got, err := play(t, "tags").Tags(t.Context())
	want := []crm.Tag{{Ref: "3", Name: "Buyer"}, {Ref: "4", Name: "VIP"}, {Ref: "5", Name: "Lead"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Tags: %v (-want +got):\n%s", err, diff)
	}
}

func TestKeap_EnsureTag(t *testing.T) {
	tests := []struct{ name, tag string }{
		{"ensure a tag", "Buyer"},
		{"ensure a tag that is there", "Buyer"},
		{"ensure a tag that another makes", "Buyer"},
		{"ensure a tag with a sign", "Buyer; VIP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := play(t, tt.name).EnsureTag(t.Context(), tt.tag)
			if want := (crm.Tag{Ref: "3", Name: tt.tag}); err != nil || got != want {
				t.Errorf("EnsureTag = %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestKeap_EnsureField(t *testing.T) {
	for _, name := range []string{"ensure a field", "ensure a field that is there"} {
		got, err := play(t, name).EnsureField(t.Context(), "Coupon code")
		if err != nil || got.Ref != "8" || got.Kind != crm.FieldText {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestKeap_AHookCountsWhenItIsVerified(t *testing.T) {
	hook := func(t *testing.T, name string) (crm.Hook, error) {
		return play(t, name).(crm.HookMaker).MakeHook(t.Context(), "https://shop.example/hook", crm.EventTagAdded, crm.Tag{Ref: "3"})
	}
	want := crm.Hook{ID: "55", URL: "https://shop.example/hook", Event: crm.EventTagAdded}
	for _, name := range []string{"make a hook", "make a hook that is there", "make a hook that sleeps"} {
		if got, err := hook(t, name); err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	_, err := hook(t, "make a hook that cannot be reached")
	if !crm.IsFault(err, crm.FaultInvalid) || !strings.Contains(err.Error(), "shop.example") || strings.Contains(err.Error(), "/hook") {
		t.Errorf("one that cannot be reached: %v", err)
	}
	if err := play(t, "drop a hook that is gone").(crm.HookMaker).DropHook(t.Context(), "55"); err != nil {
		t.Errorf("DropHook = %v", err)
	}
}

func TestKeap_Lists(t *testing.T) {
	reader := play(t, "contacts").(crm.Reader)
	found, next, err := reader.Contacts(t.Context(), "p2")
	if err != nil || next != "p3" || len(found) != 1 || found[0].Email != "ada@example.com" || found[0].Tags[0] != "3" {
		t.Errorf("Contacts = %+v, %q, %v", found, next, err)
	}
	ids, next, err := reader.WithTag(t.Context(), crm.Tag{Ref: "3"}, "")
	if err != nil || next != "" || len(ids) != 1 || ids[0] != "8" {
		t.Errorf("WithTag = %v, %q, %v", ids, next, err)
	}
}

func TestKeap_WaitsForTheEndOfThePeriod(t *testing.T) {
	const date = "Fri, 01 May 2026 09:00:00 GMT"
	tests := []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"now", http.Header{"Date": {date}, "X-Keap-Product-Quota-Expiry-Time": {"1777626000000"}}, 0},
		{"a minute", http.Header{"Date": {date}, "X-Keap-Product-Quota-Expiry-Time": {"1777626060000"}}, time.Minute},
		{"seconds", http.Header{"Date": {date}, "X-Keap-Product-Quota-Expiry-Time": {"1777633200"}}, 2 * time.Hour},
		{"long ago", http.Header{"Date": {date}, "X-Keap-Product-Quota-Expiry-Time": {"5"}, "Retry-After": {"7"}}, 7 * time.Second},
		{"something else", http.Header{"Date": {date}, "X-Keap-Product-Quota-Expiry-Time": {"soon"}, "Retry-After": {"7"}}, 7 * time.Second},
		{"nothing", http.Header{}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := keap.Wait(tt.header); got != tt.want {
				t.Errorf("wait = %s, want %s", got, tt.want)
			}
		})
	}
}
