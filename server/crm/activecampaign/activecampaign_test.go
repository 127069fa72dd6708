package activecampaign_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/activecampaign"
	"github.com/tillside/tillside/server/crm/wire"
	"github.com/tillside/tillside/server/crm/wiretest"
)

// play returns a client of an account that answers as it is written down under a
// name. The key must be in every request.
func play(t *testing.T, name string) crm.Client {
	t.Helper()
	server := wiretest.Play(t, "testdata/exchanges.json", name)
	server.Look = func(t *testing.T, r *http.Request, _ []byte) {
		if key := r.Header.Get("Api-Token"); key != "KEY" {
			t.Errorf("%s %s came with the key %q", r.Method, r.URL, key)
		}
	}
	client, err := activecampaign.New(wire.Options{BaseURL: server.URL, Credentials: map[string]string{"api_key": "KEY"}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

var ada = crm.Person{Email: "ada@example.com", FirstName: "Ada", LastName: "Byron"}

func TestActiveCampaign_Verify(t *testing.T) {
	account, err := play(t, "verify").Verify(t.Context())
	if err != nil || account.Name != "ada@shop.example" || account.ID == "" {
		t.Errorf("Verify = %+v, %v", account, err)
	}
	if _, err := play(t, "verify elsewhere").Verify(t.Context()); !crm.IsFault(err, crm.FaultInvalid) {
		t.Errorf("an address without ActiveCampaign: %v", err)
	}
	if _, err := play(t, "verify without the right to tags").Verify(t.Context()); !crm.IsFault(err, crm.FaultAuth) || !strings.Contains(err.Error(), "tags") {
		t.Errorf("a user without rights: %v", err)
	}
	if _, err := play(t, "verify with a wrong key").Verify(t.Context()); !crm.IsFault(err, crm.FaultAuth) {
		t.Errorf("a wrong key: %v", err)
	}
}

func TestActiveCampaign_TheAddressIsTakenAsItIsCopied(t *testing.T) {
	tests := []struct {
		name, url string
		ok        bool
	}{
		{"as it stands there", "https://shop.api-us1.com", true},
		{"with a slash and the path", " https://shop.api-us1.com/api/3/ ", true},
		{"without a scheme", "shop.api-us1.com", false},
		{"with a password", "https://a:b@shop.api-us1.com", false},
		{"with a query", "https://shop.api-us1.com/?x=1", false},
		{"nothing", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := activecampaign.New(wire.Options{Credentials: map[string]string{"url": tt.url, "api_key": "KEY"}})
			if (err == nil) != tt.ok {
				t.Errorf("New = %v", err)
			}
		})
	}
}

func TestActiveCampaign_ReachesNoPrivateAddress(t *testing.T) {
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	client, err := activecampaign.New(wire.Options{Credentials: map[string]string{"url": server.URL, "api_key": "KEY"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Verify(t.Context()); !crm.IsFault(err, crm.FaultInvalid) || asked {
		t.Errorf("Verify = %v, asked = %t", err, asked)
	}
}

func TestActiveCampaign_Upsert(t *testing.T) {
	tests := []struct {
		name, known string
		person      crm.Person
		wantID      string
		wantCreated bool
	}{
		{"upsert someone new", "", ada, "10", true},
		{"upsert without names", "", crm.Person{Email: "ada@example.com"}, "10", false},
		{"upsert someone known", "10", crm.Person{Email: "new@example.com", FirstName: "Ada", LastName: "Byron"}, "10", false},
		{"upsert someone gone", "10", ada, "11", true},
		{"upsert with another's address", "10", ada, "12", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, created, err := play(t, tt.name).Upsert(t.Context(), tt.known, tt.person)
			if err != nil || id != tt.wantID || created != tt.wantCreated {
				t.Errorf("Upsert = %q, %t, %v, want %q, %t", id, created, err, tt.wantID, tt.wantCreated)
			}
		})
	}
}

func TestActiveCampaign_FindComparesTheAddressAndReadsAllPages(t *testing.T) {
	got, err := play(t, "find").Find(t.Context(), "ada+x@example.com")
	if err != nil {
		t.Fatal(err)
	}
	want := &crm.Contact{
		ID: "10", Email: "Ada+x@example.com", FirstName: "Ada", LastName: "Byron", Tags: []string{"20", "21"},
		Fields: map[string]string{"8": "CODE-1", "9": ""}, State: "unsubscribed", Muted: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Find (-want +got):\n%s", diff)
	}
	if _, err := play(t, "find nobody").Find(t.Context(), "ada@example.com"); !crm.IsFault(err, crm.FaultNotFound) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestActiveCampaign_AListThatKnowsNoOffsetIsReadOnce(t *testing.T) {
	const rows = 120
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var list []string
		for i := range rows {
			list = append(list, fmt.Sprintf(`{"id":"%d","tag":"Tag %d","tagType":"contact"}`, i+1, i))
		}
		asked++
		_, _ = fmt.Fprintf(w, `{"tags":[%s]}`, strings.Join(list, ","))
	}))
	defer server.Close()
	client, err := activecampaign.New(wire.Options{BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if tags, err := client.Tags(t.Context()); err != nil || len(tags) != rows || asked > 2 {
		t.Errorf("%d tags after %d requests, %v; want %d", len(tags), asked, err, rows)
	}
}

func TestActiveCampaign_Apply(t *testing.T) {
	buyer := crm.Tag{Ref: "20", Name: "Buyer"}
	tests := []struct {
		name   string
		change crm.Change
		want   crm.FaultKind
	}{
		{
			"apply", crm.Change{
				Remove: []crm.Tag{buyer, {Ref: "22", Name: "Lead"}, {Ref: "23", Name: "Never had"}},
				Fields: map[string]string{"8": "CODE-1", "9": ""}, Add: []crm.Tag{buyer},
			}, "",
		},
		{"apply a field that was deleted", crm.Change{Fields: map[string]string{"8": "A", "9": "B"}}, crm.FaultInvalid},
		{"apply a tag that is there", crm.Change{Add: []crm.Tag{buyer}}, ""},
		{"apply a tag that was deleted", crm.Change{Add: []crm.Tag{buyer}}, crm.FaultInvalid},
		{"apply to someone gone", crm.Change{Add: []crm.Tag{buyer}}, crm.FaultNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := play(t, tt.name).Apply(t.Context(), "10", tt.change)
			if tt.want == "" && err != nil || tt.want != "" && !crm.IsFault(err, tt.want) {
				t.Errorf("Apply = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestActiveCampaign_EnsureTag(t *testing.T) {
	tests := []struct {
		name, tag string
		want      crm.Tag
	}{
		{"ensure a tag that others contain", "Buyer, paid", crm.Tag{Ref: "21", Name: "Buyer, paid"}},
		{"ensure a tag that is there", "Buyer", crm.Tag{Ref: "20", Name: "Buyer"}},
		{"ensure a tag that another makes", "Buyer", crm.Tag{Ref: "20", Name: "Buyer"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := play(t, tt.name).EnsureTag(t.Context(), tt.tag)
			if err != nil || got != tt.want {
				t.Errorf("EnsureTag = %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestActiveCampaign_AFieldIsRelatedToAllLists(t *testing.T) {
	for _, name := range []string{
		"ensure a field", "ensure a field that was cut off", "ensure a field that is there", "ensure a field whose name for mails is taken",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := play(t, name).EnsureField(t.Context(), "Coupon code")
			if err != nil || got.Ref != "8" || got.Kind != crm.FieldText {
				t.Errorf("EnsureField = %+v, %v", got, err)
			}
		})
	}
}

func TestActiveCampaign_KindsOfFields(t *testing.T) {
	got, err := play(t, "fields").Fields(t.Context())
	want := []crm.Field{
		{Ref: "1", Name: "Code", Kind: crm.FieldText}, {Ref: "2", Name: "Born", Kind: crm.FieldDate},
		{Ref: "3", Name: "Size", Kind: crm.FieldChoice}, {Ref: "4", Name: "Likes", Kind: crm.FieldOther},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Fields: %v (-want +got):\n%s", err, diff)
	}
}

func TestActiveCampaign_Hooks(t *testing.T) {
	made := func(name string) (crm.Hook, error) {
		return play(t, name).(crm.HookMaker).MakeHook(t.Context(), "https://shop.example/hook", crm.EventTagAdded, crm.Tag{Ref: "20", Name: "Buyer"})
	}
	want := crm.Hook{ID: "2", URL: "https://shop.example/hook", Event: crm.EventTagAdded}
	for _, name := range []string{"make a hook", "make a hook that is there"} {
		if got, err := made(name); err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if err := play(t, "drop a hook that is gone").(crm.HookMaker).DropHook(t.Context(), "2"); err != nil {
		t.Errorf("DropHook = %v", err)
	}
}

func TestActiveCampaign_WithTag(t *testing.T) {
	ids, next, err := play(t, "with a tag").(crm.Reader).WithTag(t.Context(), crm.Tag{Ref: "20"}, "")
	if diff := cmp.Diff([]string{"10", "12"}, ids); err != nil || next != "" || diff != "" {
		t.Errorf("WithTag = %v, %q, %v", ids, next, err)
	}
}
