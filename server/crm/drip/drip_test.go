package drip_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/drip"
	"github.com/tillside/tillside/server/crm/wire"
	"github.com/tillside/tillside/server/crm/wiretest"
)

// play returns a client of an account that answers as it is written down under a
// name. The token must be in every request, and a subscription's status in none.
func play(t *testing.T, name string) crm.Client {
	t.Helper()
	server := wiretest.Play(t, "testdata/exchanges.json", name)
	server.Look = func(t *testing.T, r *http.Request, body []byte) {
		if user, password, _ := r.BasicAuth(); user != "TOKEN" || password != "" {
			t.Errorf("%s %s came with %q, %q", r.Method, r.URL, user, password)
		}
		if strings.Contains(string(body), "status") {
			t.Errorf("%s %s sent a status: %s", r.Method, r.URL, body)
		}
	}
	client, err := drip.New(wire.Options{BaseURL: server.URL, Credentials: map[string]string{"account_id": "4242", "api_token": "TOKEN"}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

var ada = crm.Person{Email: "ada@example.com", FirstName: "Ada", LastName: "Byron"}

func TestDrip_VerifyLooksForTheAccount(t *testing.T) {
	account, err := play(t, "verify").Verify(t.Context())
	if want := (crm.Account{ID: "4242", Name: "Ada's Courses"}); err != nil || account != want {
		t.Errorf("Verify = %+v, %v", account, err)
	}
	_, err = play(t, "verify another account").Verify(t.Context())
	if !crm.IsFault(err, crm.FaultAuth) || !strings.Contains(err.Error(), "4141 (Other)") {
		t.Errorf("the token of another account: %v", err)
	}
	if _, err := play(t, "verify a wrong token").Verify(t.Context()); !crm.IsFault(err, crm.FaultAuth) {
		t.Errorf("a wrong token: %v", err)
	}
	if _, err := drip.New(wire.Options{Credentials: map[string]string{"account_id": "../1", "api_token": "T"}}); !crm.IsFault(err, crm.FaultInvalid) {
		t.Errorf("an account that is no number: %v", err)
	}
}

func TestDrip_Upsert(t *testing.T) {
	tests := []struct{ name, known, want string }{
		{"upsert someone new", "", "z9x8"},
		{"upsert someone known", "z9x8", "z9x8"},
		{"upsert someone who is as they were", "z9x8", "z9x8"},
		{"upsert someone with a new address", "z9x8", "z9x8"},
		{"upsert with another's address", "z9x8", "y7w6"},
		{"upsert someone gone", "z9x8", "y7w6"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, _, err := play(t, tt.name).Upsert(t.Context(), tt.known, ada)
			if err != nil || id != tt.want {
				t.Errorf("Upsert = %q, %v, want %q", id, err, tt.want)
			}
		})
	}
}

func TestDrip_Find(t *testing.T) {
	got, err := play(t, "find").Find(t.Context(), "ada+x/y@example.com")
	if err != nil {
		t.Fatal(err)
	}
	want := &crm.Contact{
		ID: "z9x8", Email: "ada+x/y@example.com", FirstName: "Ada", Tags: []string{"Buyer", "VIP, gold"}, State: "unsubscribed", Muted: true,
		Fields: map[string]string{"coupon": "CODE-1", "visits": "3", "vip": "true", "size": "", "likes": "a, b"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Find (-want +got):\n%s", diff)
	}
	if _, err := play(t, "find nobody").Find(t.Context(), "ada@example.com"); !crm.IsFault(err, crm.FaultNotFound) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestDrip_ApplyIsOneCallButForATagThatComesAgain(t *testing.T) {
	tag := func(name string) crm.Tag { return crm.Tag{Ref: name, Name: name} }
	tests := []struct {
		name   string
		change crm.Change
		want   crm.FaultKind
	}{
		{
			"apply", crm.Change{
				Remove: []crm.Tag{tag("Lead")}, Fields: map[string]string{"coupon": "CODE-1", "old": ""}, Add: []crm.Tag{tag("Buyer")},
			}, "",
		},
		{
			"apply a tag again", crm.Change{
				Remove: []crm.Tag{tag("Started"), tag("Lead")}, Fields: map[string]string{"coupon": "CODE-1"}, Add: []crm.Tag{tag("Started")},
			}, "",
		},
		{"apply to someone gone", crm.Change{Add: []crm.Tag{tag("Buyer")}}, crm.FaultNotFound},
		{"apply what cannot be", crm.Change{Add: []crm.Tag{tag("Buyer")}}, crm.FaultInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := play(t, tt.name).Apply(t.Context(), "z9x8", tt.change)
			if tt.want == "" && err != nil || tt.want != "" && !crm.IsFault(err, tt.want) {
				t.Errorf("Apply = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestDrip_TheTwoLimitsAreToldApart(t *testing.T) {
	tests := []struct {
		name string
		want crm.FaultKind
		wait time.Duration
	}{
		{"apply at the same time", crm.FaultTemporary, 3 * time.Second},
		{"apply over the limit", crm.FaultLimited, 5 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := play(t, tt.name).Apply(t.Context(), "z9x8", crm.Change{Add: []crm.Tag{{Ref: "Buyer"}}})
			fault, ok := errors.AsType[*crm.Fault](err)
			if !ok || fault.Kind != tt.want || fault.RetryAfter != tt.wait {
				t.Errorf("Apply = %+v, want %s after %s", fault, tt.want, tt.wait)
			}
		})
	}
}

func TestDrip_Tags(t *testing.T) {
	want := []crm.Tag{{Ref: "Buyer", Name: "Buyer"}, {Ref: "VIP, gold", Name: "VIP, gold"}}
	for _, name := range []string{"tags", "tags on two pages"} {
		got, err := play(t, name).Tags(t.Context())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestDrip_NamesOfFieldsBecomeIdentifiers(t *testing.T) {
	tests := []struct{ name, want string }{
		{"coupon", "coupon"},
		{"Coupon code", "Coupon_code"},
		{"2nd code", "f_2nd_code"},
		{"Größe", "Gr__e_aedc3f80"},
		{"Gräße", "Gr__e_41b2fc9f"},
		{"コード", "f_c0ad53fb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := drip.Identifier(tt.name); got != tt.want {
				t.Errorf("Identifier = %q, want %q", got, tt.want)
			}
		})
	}
	got, err := play(t, "ensure a field").EnsureField(t.Context(), "Coupon code")
	if want := (crm.Field{Ref: "coupon_code", Name: "Coupon code", Kind: crm.FieldText}); err != nil || got != want {
		t.Errorf("EnsureField = %+v, %v, want %+v", got, err, want)
	}
}

func TestDrip_Hooks(t *testing.T) {
	want := crm.Hook{ID: "77777", URL: "https://shop.example/hook", Event: crm.EventChanged}
	for _, name := range []string{"make a hook", "make a hook that is there"} {
		got, err := play(t, name).(crm.HookMaker).MakeHook(t.Context(), "https://shop.example/hook", crm.EventChanged, crm.Tag{})
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if err := play(t, "drop a hook that is gone").(crm.HookMaker).DropHook(t.Context(), "77777"); err != nil {
		t.Errorf("DropHook = %v", err)
	}
}

func TestDrip_WithTag(t *testing.T) {
	reader := play(t, "with a tag").(crm.Reader)
	ids, next, err := reader.WithTag(t.Context(), crm.Tag{Ref: "Buyer"}, "")
	if diff := cmp.Diff([]string{"a"}, ids); err != nil || next == "" || diff != "" {
		t.Fatalf("the first page: %v, %q, %v", ids, next, err)
	}
	ids, next, err = reader.WithTag(t.Context(), crm.Tag{Ref: "Buyer"}, next)
	if diff := cmp.Diff([]string{"b"}, ids); err != nil || next != "" || diff != "" {
		t.Errorf("the last page: %v, %q, %v", ids, next, err)
	}
	ids, _, err = play(t, "with a tag that has a comma").(crm.Reader).WithTag(t.Context(), crm.Tag{Ref: "VIP, gold"}, "")
	if diff := cmp.Diff([]string{"b"}, ids); err != nil || diff != "" {
		t.Errorf("a comma: %v, %v", ids, err)
	}
}
