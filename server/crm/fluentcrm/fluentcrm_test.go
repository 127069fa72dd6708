package fluentcrm_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	sandbox "github.com/tillside/tillside/cmd/sandbox/crm"
	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/fluentcrm"
	"github.com/tillside/tillside/server/crm/wire"
	"github.com/tillside/tillside/server/crm/wiretest"
)

// play returns a client of a site that answers as it is written down under a name.
// The password must be in every request.
func play(t *testing.T, name string) crm.Client {
	t.Helper()
	server := wiretest.Play(t, "testdata/exchanges.json", name)
	server.Look = func(t *testing.T, r *http.Request, body []byte) {
		if user, password, _ := r.BasicAuth(); user != "ada" || password != "abcd EFGH 1234" {
			t.Errorf("%s %s came with %q, %q", r.Method, r.URL, user, password)
		}
		if r.Method == http.MethodPut && strings.Contains(string(body), `"status"`) {
			t.Errorf("%s %s changes a status: %s", r.Method, r.URL, body)
		}
	}
	client, err := fluentcrm.New(wire.Options{BaseURL: server.URL, Credentials: map[string]string{"username": "ada", "app_password": "abcd EFGH 1234"}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

var ada = crm.Person{Email: "ada@example.com", FirstName: "Ada", LastName: "Byron"}

func TestFluentCRM_VerifySaysWhatIsMissing(t *testing.T) {
	tests := []struct {
		name, says string
		want       crm.FaultKind
	}{
		{"verify", "", ""},
		{"verify without the right to tags", "manage contact categories", crm.FaultAuth},
		{"verify a wrong password", "not allowed", crm.FaultAuth},
		{"verify without the plugin", "Is the plugin active?", crm.FaultInvalid},
		{"verify with plain permalinks", "permalinks", crm.FaultInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := play(t, tt.name).Verify(t.Context())
			if tt.want == "" && err != nil || tt.want != "" && (!crm.IsFault(err, tt.want) || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("Verify = %v, want %s: %s", err, tt.want, tt.says)
			}
		})
	}
}

func TestFluentCRM_TheSiteIsTakenAsItIsTyped(t *testing.T) {
	tests := []struct {
		name, url string
		ok        bool
	}{
		{"the site", "https://example.com/", true},
		{"in a folder", "https://example.com/blog", true},
		{"its API", "https://example.com/wp-json/fluent-crm/v2", true},
		{"its admin", "https://example.com/wp-admin/admin.php?page=fluentcrm-admin#/", true},
		{"without a scheme", "example.com", false},
		{"a file", "file:///etc/passwd", false},
		{"with a password", "https://a:b@example.com", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := fluentcrm.New(wire.Options{Credentials: map[string]string{"url": tt.url}}); (err == nil) != tt.ok {
				t.Errorf("New = %v", err)
			}
		})
	}
}

func TestFluentCRM_APrivateSiteIsReachedWhenTheOperatorAllowsIt(t *testing.T) {
	site := newSite(sandbox.Options{})
	server := httptest.NewServer(site.handler)
	defer server.Close()
	verify := func(allow ...string) error {
		client, err := fluentcrm.New(wire.Options{
			Credentials: map[string]string{"url": server.URL, "username": "ada", "app_password": "abcd EFGH 1234"},
			HTTP:        wire.Client("", allow),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Verify(t.Context())
		return err
	}
	if err := verify(); !crm.IsFault(err, crm.FaultInvalid) || len(site.Requests()) > 0 {
		t.Errorf("a private address: %v after %v", err, site.Requests())
	}
	if err := verify(strings.TrimPrefix(server.URL, "http://")); err != nil {
		t.Errorf("one that is allowed: %v", err)
	}
}

func TestFluentCRM_UpsertChangesNoStatus(t *testing.T) {
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
		{"upsert someone gone", "8", "9", true},
		{"upsert someone whom another makes", "", "8", false},
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

func TestFluentCRM_Read(t *testing.T) {
	got, err := play(t, "read").Read(t.Context(), "8")
	if err != nil {
		t.Fatal(err)
	}
	want := &crm.Contact{
		ID: "8", Email: "ada@example.com", FirstName: "Ada", Tags: []string{"4", "5"}, State: "unsubscribed", Muted: true,
		Fields: map[string]string{"coupon": "CODE-1", "visits": "3", "likes": "a, b"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
}

func TestFluentCRM_NobodyIsDeletedWhileThePluginIsAway(t *testing.T) {
	for _, name := range []string{"read without the plugin", "read while the site is being updated"} {
		if _, err := play(t, name).Read(t.Context(), "8"); !crm.IsFault(err, crm.FaultTemporary) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFluentCRM_Apply(t *testing.T) {
	buyer := crm.Tag{Ref: "4", Name: "Buyer"}
	tests := []struct {
		name   string
		change crm.Change
		want   crm.FaultKind
	}{
		{
			"apply", crm.Change{
				Remove: []crm.Tag{buyer, {Ref: "9", Name: "Lead"}}, Fields: map[string]string{"coupon": "CODE-1", "old": ""}, Add: []crm.Tag{buyer},
			}, "",
		},
		{"apply a removal only", crm.Change{Remove: []crm.Tag{buyer}}, ""},
		{"apply a tag that an automation takes off", crm.Change{Add: []crm.Tag{buyer}}, ""},
		{"apply a tag that was deleted", crm.Change{Add: []crm.Tag{buyer}}, crm.FaultInvalid},
		{"apply a field that was deleted", crm.Change{Fields: map[string]string{"coupon": "CODE-1"}}, crm.FaultInvalid},
		{"apply to someone gone", crm.Change{Add: []crm.Tag{buyer}}, crm.FaultNotFound},
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

func TestFluentCRM_EnsureTag(t *testing.T) {
	for _, name := range []string{"ensure a tag", "ensure a tag whose slug is taken"} {
		got, err := play(t, name).EnsureTag(t.Context(), "Buyer")
		if want := (crm.Tag{Ref: "4", Name: "Buyer"}); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func TestFluentCRM_AFieldIsAddedToAllThatThereAre(t *testing.T) {
	for _, name := range []string{"ensure a field", "ensure a field while another does", "ensure a field that is there"} {
		got, err := play(t, name).EnsureField(t.Context(), "Coupon code")
		if err != nil || got.Ref != "coupon_code" || got.Kind != crm.FieldText {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := play(t, "ensure a field where the list is not told").EnsureField(t.Context(), "Coupon code"); !crm.IsFault(err, crm.FaultTemporary) {
		t.Errorf("a list that is not told must not be replaced: %v", err)
	}
}

func TestFluentCRM_Lists(t *testing.T) {
	reader := play(t, "lists").(crm.Reader)
	found, next, err := reader.Contacts(t.Context(), "")
	if err != nil || next != "2" || len(found) != 2 || found[0].Fields["coupon"] != "CODE-1" || found[0].Tags[0] != "4" || found[1].Fields != nil {
		t.Errorf("Contacts = %+v, %q, %v", found, next, err)
	}
	ids, next, err := reader.WithTag(t.Context(), crm.Tag{Ref: "4"}, next)
	if err != nil || next != "" || len(ids) != 1 || ids[0] != "108" {
		t.Errorf("WithTag = %v, %q, %v", ids, next, err)
	}
}
