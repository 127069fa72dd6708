package crm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/crm"
)

const (
	form      = "application/x-www-form-urlencoded"
	asJSON    = "application/json; charset=utf-8"
	multipart = "multipart/form-data; boundary=B"
)

func TestParseHints(t *testing.T) {
	one := func(id, email string) []crm.Hint { return []crm.Hint{{ContactID: id, Email: email}} }
	for _, tt := range []struct {
		name, kind, query, body string
		want                    []crm.Hint
	}{
		{"Ontraport's rule", form, "", "contactId=8", one("8", "")},
		{"with the newline that people paste", form, "", "contactId=8%0A", one("8", "")},
		{"and unescaped", form, "", "contactId=8\r\n", one("8", "")},
		{"in other letters", form, "", "ContactID=8", one("8", "")},
		{"Ontraport's subscription", form, "", "webhook_id=3&event%5Btag_id%5D=4&data%5Bid%5D=8&data%5Bemail%5D=ada%40example.com", one("8", "ada@example.com")},
		{"the same in JSON", asJSON, "", `{"webhook_id":"3","data":{"id":"8","email":"ada@example.com"}}`, one("8", "ada@example.com")},
		{"Kit", asJSON, "", `{"subscriber":{"id":701,"email_address":"ada@example.com","fields":{"id":"9"}}}`, one("701", "ada@example.com")},
		{"ActiveCampaign", form, "", "type=contact_tag_added&contact[id]=10&contact[email]=ada%40example.com&contact[fields][8]=X", one("10", "ada@example.com")},
		{"Drip's webhook", asJSON, "", `{"event":"subscriber.applied_tag","data":{"account_id":"4","subscriber":{"id":"z9","email":"ada@example.com"}}}`, one("z9", "ada@example.com")},
		{"Drip's workflow", asJSON, "", `{"subscriber":{"id":"z9","email":"ada@example.com"}}`, one("z9", "ada@example.com")},
		{"Keap's step", form, "", "contactId=8&foo=bar", one("8", "")},
		{"Keap's hook", asJSON, "", `{"event_key":"contact.edit","object_keys":[{"id":8},{"id":9}]}`, []crm.Hint{{ContactID: "8"}, {ContactID: "9"}}},
		{"Keap's hook of a tag", asJSON, "", `{"object_keys":[{"id":55,"contact_details":[{"id":8},{"id":"9"}]}]}`, []crm.Hint{{ContactID: "8"}, {ContactID: "9"}}},
		{"Keap's hook of a tag without contacts", asJSON, "", `{"event_key":"contactGroup.applied","object_keys":[{"id":55}]}`, nil},
		{"FluentCRM", asJSON, "", `{"id":8,"email":"ada@example.com","tags":[{"id":4}]}`, one("8", "ada@example.com")},
		{"multipart", multipart, "", "--B\r\nContent-Disposition: form-data; name=\"contactId\"\r\n\r\n8\r\n--B--\r\n", one("8", "")},
		{"no content type", "", "", "contactId=8", one("8", "")},
		{"JSON that calls itself a form", form, "", ` {"contact_id": 8}`, one("8", "")},
		{"a form that calls itself JSON", asJSON, "", "email=ada%40example.com", one("", "ada@example.com")},
		{"in the address", "", "contactId=8", "", one("8", "")},
		{"in the address of a JSON body", asJSON, "contactId=8", `{"x":1}`, one("8", "")},
		{"a list", asJSON, "", `[{"email":"a@example.com"},{"email":"b@example.com"},7]`, []crm.Hint{{Email: "a@example.com"}, {Email: "b@example.com"}}},
		{"a float for an id", asJSON, "", `{"id": 8.0}`, one("8", "")},
		{"nobody", asJSON, "", `{"x":1}`, nil},
		{"broken JSON", asJSON, "", `{"id": 8`, nil},
		{"nothing", "", "", "", nil},
		{"an id that is too long", form, "", "contactId=" + strings.Repeat("9", 500), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := crm.ParseHints(crm.Delivery{ContentType: tt.kind, Query: tt.query, Body: []byte(tt.body)})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseHints_HugeDeliveriesAreCut(t *testing.T) {
	keys := make([]string, 5000)
	for i := range keys {
		keys[i] = fmt.Sprintf(`{"id":%d}`, i+1)
	}
	list := strings.Join(keys, ",")
	if n := len(crm.ParseHints(crm.Delivery{Body: []byte(`{"object_keys":[` + list + `]}`)})); n != 1000 {
		t.Errorf("%d hints of a batch, want 1000", n)
	}
	if n := len(crm.ParseHints(crm.Delivery{Body: []byte(`[` + list + `]`)})); n != 1000 {
		t.Errorf("%d hints of a list, want 1000", n)
	}
	if n := len(crm.ParseHints(crm.Delivery{Body: slices.Repeat([]byte("a"), crm.MaxDelivery+1)})); n != 0 {
		t.Errorf("%d hints of a body that is too long", n)
	}
}

func FuzzParseHints(f *testing.F) {
	f.Add(form, "contactId=8", []byte("contact[id]=8&email=a%40b.c"))
	f.Add(asJSON, "", []byte(`{"object_keys":[{"id":1,"contact_details":[{"id":2}]}]}`))
	f.Add(multipart, "", []byte("--B\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n8\r\n--B--\r\n"))
	f.Fuzz(func(t *testing.T, kind, query string, body []byte) {
		for _, h := range crm.ParseHints(crm.Delivery{ContentType: kind, Query: query, Body: body}) {
			if h == (crm.Hint{}) || len(h.ContactID) > 190 || len(h.Email) > 190 {
				t.Errorf("hint %+v", h)
			}
		}
	})
}
