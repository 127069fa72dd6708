package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	standin "github.com/tillside/tillside/cmd/sandbox/crm"
	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/operation"
	"github.com/tillside/tillside/server/shoptest"
)

// Kit has no webhook step: a tag of its own asks for the code, and is taken off when
// the code is in the field.
func TestCRM_ATagOfKitAsksForACode(t *testing.T) {
	t.Parallel()
	s, p, book := crmShop(t, "kit", standin.Options{})
	makeCoupon(t, p, "come-back", percentOff(2000))
	_, err := p.Shop.CreateOperation(t.Context(), server.OperationDraft{
		Slug: "win-back", Actions: []operation.Action{{Kind: operation.ActionGenerateCoupon, GenerateCoupon: &operation.GenerateCoupon{
			Coupon: "come-back", Prefix: "BACK", CodeField: "Coupon code",
		}}},
		Settings: operation.Settings{Triggers: []operation.Trigger{{Kind: operation.TriggerTag, Arg: "Send Code", TakeOff: true}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	hook, err := p.Shop.NewCRMHook(t.Context(), "kit", []string{"Send Code"})
	if err != nil {
		t.Fatal(err)
	}
	_, path, _ := strings.Cut(hook.URL, "/tillside")
	book.Do(func(l *standin.Locked) { // the stand-in cannot reach the site's own address
		for _, h := range l.Hooks() {
			l.DropHook(h.ID)
			h.URL = p.URL + path
			l.AddHook(h)
		}
	})
	s.NewBuyer(p, "course").Start("erika@example.com")
	wantTheirs(t, book, "erika@example.com", "Course_Started_Order")
	book.Do(func(l *standin.Locked) { l.SetTag(l.ByEmail("erika@example.com"), l.Tag("Send Code").ID, true) })
	shoptest.WaitFor(t, "the code in Kit's field", func() bool {
		_, fields := theirs(book, "erika@example.com")
		return strings.HasPrefix(fields["Coupon code"], "BACK-")
	})
	wantTheirs(t, book, "erika@example.com", "Course_Started_Order")
}

// Two CRMs number their contacts alike: an id alone must not find another person.
func TestCRM_AnIDOfSeveralCRMsSaysWhose(t *testing.T) {
	t.Parallel()
	s, p, book := crmShop(t, "ontraport", standin.Options{})
	if _, err := p.Shop.ConnectCRM(t.Context(), server.CRMRequest{Slug: "second", Kind: "ontraport", Credentials: shoptest.Credentials("ontraport")}); err != nil {
		t.Fatal(err)
	}
	path := hookOf(t, p, nil)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantTheirs(t, book, "erika@example.com", "Course_Started_Order")
	var id int
	book.Do(func(l *standin.Locked) { id = l.ByEmail("erika@example.com").ID })
	values := url.Values{"contactId": {fmt.Sprint(id)}}
	for query, want := range map[string]string{"": "Several CRMs are connected", "?crm=nosuch": `no connection "nosuch"`, "?crm=second": "started the run"} {
		a := callHook(b, path+query, values)
		wantCode(t, a, http.StatusOK, "delivery")
		shoptest.WaitFor(t, want, func() bool {
			d, err := p.Shop.Delivery(t.Context(), a.String("delivery"))
			return err == nil && strings.Contains(d.Result, want)
		})
	}
}

func TestDoctor_NamesACRMThatRefusesUs(t *testing.T) {
	t.Parallel()
	s, p, book := crmShop(t, "ontraport", standin.Options{})
	book.Fail(standin.Fault{Match: "* /*/*", Status: "401", Body: "no", Times: -1})
	s.NewBuyer(p, "course").Start("erika@example.com")
	shoptest.WaitFor(t, "doctor to say so", func() bool {
		for _, check := range p.Shop.Checkup(t.Context()) {
			if check.Name == "crm" && strings.Contains(check.Message, crm.Destination(1)+" refuses us") {
				return true
			}
		}
		return false
	})
}

// A member who changes the address in WordPress is the same contact, here and in the
// CRM.
func TestCRM_ANewAddressOfTheUserIsFollowed(t *testing.T) {
	t.Parallel()
	s, p, book := crmShop(t, "ontraport", standin.Options{})
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantTheirs(t, book, "erika@example.com", "Course Access", "Course_Made_Purchase")
	s.Quiet()
	var id int
	book.Do(func(l *standin.Locked) { id = l.ByEmail("erika@example.com").ID })
	user := s.Count("SELECT user_id FROM {contacts}")
	s.Exec("UPDATE shop_users SET user_email = 'erika.new@example.com' WHERE ID = ?", user)
	for range 2 {
		s.Exec("INSERT INTO shop_tillside_wp_events (type, payload) VALUES ('user.updated', ?)", fmt.Sprintf(`{"user_id":%d}`, user))
	}
	s.Exec("UPDATE shop_tillside_schedules SET next_run_at = '2000-01-01'")
	wantTheirs(t, book, "erika.new@example.com", "Course Access", "Course_Made_Purchase")
	book.Do(func(l *standin.Locked) {
		if c := l.ByEmail("erika.new@example.com"); c == nil || c.ID != id {
			t.Errorf("the CRM has another contact for the new address: %+v", c)
		}
	})
	if n := s.Count("SELECT COUNT(*) FROM {contact_events} WHERE type = 'email_changed'"); n != 1 {
		t.Errorf("%d lines of a new address, want one", n)
	}
}

// Lists that another process has overwritten with older ones must not let a tag be
// left behind.
func TestCRM_ATagIsTakenOffThoughTheListsForgotIt(t *testing.T) {
	t.Parallel()
	s, p, book := crmShop(t, "ontraport", standin.Options{})
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantTheirs(t, book, "erika@example.com", "Course_Started_Order")
	s.Quiet()
	s.Exec(`UPDATE shop_tillside_crm_connections SET lists = '{"tags":[],"fields":[]}'`)
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantTheirs(t, book, "erika@example.com", "Course Access", "Course_Made_Purchase")
}
