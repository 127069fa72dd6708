package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	standin "github.com/tillside/tillside/cmd/sandbox/crm"
	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/operation"
	"github.com/tillside/tillside/server/shoptest"
)

// crmShop is a shop with a campaign, connected to the stand-in of a CRM.
func crmShop(t *testing.T, kind string, o standin.Options) (*shoptest.Stand, *shoptest.Process, *standin.Book) {
	t.Helper()
	s := shoptest.New(t)
	book, change := s.UseCRM(kind, o)
	p := s.Start(shoptest.Options{Change: change})
	p.Import(t, courseTags)
	makeOperation(t, p, "welcome", operation.Action{Kind: operation.ActionSetField, Field: "welcomed", Value: "yes"})
	p.ConnectCRM(s, kind)
	return s, p, book
}

// theirs returns the tags and fields of a contact of the CRM by name.
func theirs(book *standin.Book, email string) (tags []string, fields map[string]string) {
	fields = map[string]string{}
	book.Do(func(l *standin.Locked) {
		c := l.ByEmail(email)
		if c == nil {
			return
		}
		for id := range c.Tags {
			tags = append(tags, l.TagName(id))
		}
		for id, value := range c.Fields {
			fields[l.FieldName(id)] = value
		}
	})
	slices.Sort(tags)
	return tags, fields
}

func wantTheirs(t *testing.T, book *standin.Book, email string, want ...string) {
	t.Helper()
	slices.Sort(want)
	var got []string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if got, _ = theirs(book, email); slices.Equal(got, want) {
			return
		}
	}
	t.Errorf("the CRM has %v of %s, want %v", got, email, want)
}

// The story of the first document: somebody leaves a checkout, the CRM's campaign
// asks for a code of their own and mails a link that has it applied, they buy, and
// the campaign stops.
func TestCRM_TheStoryOfACheckoutThatWasLeft(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ontraport", "kit"} {
		t.Run(kind, func(t *testing.T) { t.Parallel(); checkoutThatWasLeft(t, kind) })
	}
}

func checkoutThatWasLeft(t *testing.T, kind string) {
	s, p, book := crmShop(t, kind, standin.Options{Lag: 30 * time.Millisecond})
	path := hookOf(t, p, func(g *server.GenerateCouponAction) {
		g.CodeField, g.ExpiresField, g.LinkField = "Coupon code", "Coupon until", "Coupon link"
	})
	book.Automate(standin.Automation{Tag: "Course_Started_Order", Stop: "Course_Made_Purchase", Steps: []standin.Step{
		{Wait: 100 * time.Millisecond, Post: p.URL + path, ContentType: "application/x-www-form-urlencoded", Body: "contactId={{id}}\n"},
		{Until: "Coupon link", Mail: "You forgot: {{field Coupon link}} until {{field Coupon until}}"},
	}})
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantTheirs(t, book, "erika@example.com", "Course_Started_Order")
	shoptest.WaitFor(t, "the CRM's mail", func() bool { return len(book.Mails("erika@example.com")) == 1 })
	mail := book.Mails("erika@example.com")[0]
	_, code, found := strings.Cut(mail, "#coupon-")
	if code, _, _ = strings.Cut(code, " "); !found || !strings.HasPrefix(code, "BACK-") {
		t.Fatalf("the mail says %q", mail)
	}
	wantCode(t, b.UseCode(code), http.StatusOK, code)
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantTheirs(t, book, "erika@example.com", "Course Access", "Course_Made_Purchase")
	if _, fields := theirs(book, "erika@example.com"); fields["welcomed"] != "yes" {
		shoptest.WaitFor(t, "the field of the operation", func() bool {
			_, fields := theirs(book, "erika@example.com")
			return fields["welcomed"] == "yes"
		})
	}
	if n := len(book.Mails("erika@example.com")); n != 1 {
		t.Errorf("%d mails, want one", n)
	}
}

// Somebody who buys at once never was one who left: the start that still waits is
// not told, and the whole purchase is two or three requests.
func TestCRM_AStartThatStillWaitsIsNotTold(t *testing.T) {
	t.Parallel()
	s, p, book := crmShop(t, "ontraport", standin.Options{})
	if err := p.Shop.PauseDestination(t.Context(), "crm:1", true); err != nil {
		t.Fatal(err)
	}
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantTags(t, s, "erika@example.com", "Course Access", "Course_Made_Purchase")
	shoptest.WaitFor(t, "the operation", func() bool {
		return s.Count("SELECT COUNT(*) FROM {contact_fields} WHERE field = 'welcomed'") == 1
	})
	before := len(book.Requests())
	if err := p.Shop.PauseDestination(t.Context(), "crm:1", false); err != nil {
		t.Fatal(err)
	}
	wantTheirs(t, book, "erika@example.com", "Course Access", "Course_Made_Purchase")
	s.Quiet()
	for _, call := range book.Requests()[before:] {
		if strings.HasPrefix(call, "DELETE ") {
			t.Errorf("a tag was taken off that the CRM never had: %v", book.Requests()[before:])
		}
	}
	book.Do(func(l *standin.Locked) {
		for _, tag := range l.Tags() {
			if tag.Name == "Course_Started_Order" {
				t.Error("the CRM heard of the start")
			}
		}
	})
}

// A day without the CRM loses nothing: all waits, in order, and is told when it is
// back.
func TestCRM_DownThenBack(t *testing.T) {
	t.Parallel()
	s, p, book := crmShop(t, "ontraport", standin.Options{})
	for _, match := range []string{"* /*", "* /*/*", "* /*/*/*"} {
		book.Fail(standin.Fault{Match: match, Status: "503", Times: -1})
	}
	const people = 8
	for i := range people {
		b := s.NewBuyer(p, "course")
		b.Start(fmt.Sprintf("p%d@example.com", i))
		wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	}
	shoptest.WaitFor(t, "tries in vain", func() bool {
		return s.Count("SELECT COUNT(*) FROM {lanes} WHERE destination = 'crm:1' AND attempts > 0") > 0
	})
	shoptest.WaitFor(t, "all contacts to wait", func() bool {
		connections, err := p.Shop.FindConnections(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return connections[0].Destination.Waiting == people
	})
	book.ClearFaults()
	s.Age(2 * time.Hour)
	s.Exec("UPDATE shop_tillside_destinations SET held_until = NULL")
	for i := range people {
		wantTheirs(t, book, fmt.Sprintf("p%d@example.com", i), "Course Access", "Course_Made_Purchase")
	}
}

func TestCRM_RefusedCredentialsHaltItUntilItIsConnectedAgain(t *testing.T) {
	t.Parallel()
	s, p, book := crmShop(t, "ontraport", standin.Options{})
	book.Fail(standin.Fault{Match: "* /*/*", Status: "401", Body: "Your App ID and API key do not authenticate.", Times: -1})
	s.NewBuyer(p, "course").Start("erika@example.com")
	var c server.ConnectionDetails
	shoptest.WaitFor(t, "the connection to be halted", func() bool {
		list, err := p.Shop.FindConnections(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c = list[0]
		return c.Destination.State == "halted"
	})
	if c.Destination.Waiting != 1 || !strings.Contains(c.Destination.Reason, "do not authenticate") {
		t.Errorf("%+v", c.Destination)
	}
	if _, err := p.Shop.CheckConnection(t.Context(), "ontraport"); err == nil {
		t.Error("the check says that all is well")
	}
	n := len(book.Requests())
	time.Sleep(1500 * time.Millisecond)
	if more := len(book.Requests()); more != n {
		t.Errorf("%d requests to an account that refuses us", more-n)
	}
	book.ClearFaults()
	p.ConnectCRM(s, "ontraport")
	wantTheirs(t, book, "erika@example.com", "Course_Started_Order")
}

// What changes in the CRM changes here once it tells of it, and only that: tags that
// it does not show yet are not taken as removed.
func TestCRM_ChangesThereAreTakenOver(t *testing.T) {
	t.Parallel()
	s, p, book := crmShop(t, "ontraport", standin.Options{})
	hook, err := p.Shop.NewCRMHook(t.Context(), "ontraport", []string{"VIP"})
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
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantTheirs(t, book, "erika@example.com", "Course Access", "Course_Made_Purchase")
	s.Quiet()
	told := len(book.Requests())
	set := func(tag string, on bool) {
		book.Do(func(l *standin.Locked) { l.SetTag(l.ByEmail("erika@example.com"), l.Tag(tag).ID, on) })
	}
	set("VIP", true)
	wantTags(t, s, "erika@example.com", "Course Access", "Course_Made_Purchase", "VIP")
	s.Exec("UPDATE shop_tillside_crm_tags SET changed_at = changed_at - INTERVAL 1 HOUR")
	set("Course Access", false)
	set("VIP", false)
	wantTags(t, s, "erika@example.com", "Course_Made_Purchase")
	s.Quiet()
	for _, call := range book.Requests()[told:] {
		if !strings.HasPrefix(call, "GET ") {
			t.Errorf("the CRM was told what it had told us: %s", call)
		}
	}
}

// A contact that was deleted in the CRM is made anew with all it has; a tag that was
// deleted is made anew.
func TestCRM_WhatWasDeletedThereIsMadeAnew(t *testing.T) {
	t.Parallel()
	s, p, book := crmShop(t, "ontraport", standin.Options{})
	s.NewBuyer(p, "course").Start("erika@example.com")
	wantTheirs(t, book, "erika@example.com", "Course_Started_Order")
	s.Quiet()
	book.Do(func(l *standin.Locked) { l.Delete(l.ByEmail("erika@example.com").ID) })
	tagHere(t, p, "VIP")
	wantTheirs(t, book, "erika@example.com", "Course_Started_Order", "VIP")
	s.Quiet()
	book.Do(func(l *standin.Locked) { l.DropTag("VIP") })
	tagHere(t, p, "VIP", "Other")
	wantTheirs(t, book, "erika@example.com", "Course_Started_Order", "Other", "VIP")
}

func tagHere(t *testing.T, p *shoptest.Process, tags ...string) {
	t.Helper()
	if _, err := p.Shop.TagContact(t.Context(), "erika@example.com", tags, nil); err != nil {
		t.Fatal(err)
	}
}

// What the CRM refuses for good stops the contact's lane, and is shown; a re-sync
// tells everything anew.
func TestCRM_WhatIsRefusedForGoodStopsOneContact(t *testing.T) {
	t.Parallel()
	s, p, book := crmShop(t, "ontraport", standin.Options{})
	book.Fail(standin.Fault{Match: "POST /Contacts/saveorupdate", Status: "422", Body: "Invalid email address", Times: 2})
	s.NewBuyer(p, "course").Start("erika@example.com")
	shoptest.WaitFor(t, "the lane to stop", func() bool { return s.Count("SELECT COUNT(*) FROM {lanes} WHERE state = 'stopped'") == 1 })
	dead, err := p.Shop.FindJobs(t.Context(), true)
	if err != nil || len(dead) == 0 || !strings.Contains(dead[0].Error, "Invalid email address") {
		t.Fatalf("dead letters %+v, %v", dead, err)
	}
	s.NewBuyer(p, "course").Start("max@example.com")
	wantTheirs(t, book, "max@example.com", "Course_Started_Order")
	wantTheirs(t, book, "erika@example.com")
	if err := p.Shop.ResyncContact(t.Context(), "ontraport", "erika@example.com"); err != nil {
		t.Fatal(err)
	}
	wantTheirs(t, book, "erika@example.com", "Course_Started_Order")
}

func TestCRM_ConnectingAsksTheCRMAndExplains(t *testing.T) {
	t.Parallel()
	s := shoptest.New(t)
	_, change := s.UseCRM("ontraport", standin.Options{})
	p := s.Start(shoptest.Options{Change: change})
	for name, tt := range map[string]struct {
		kind string
		set  map[string]string
		want string
	}{
		"unknown CRM":  {"nosuch", nil, "Known are: ontraport, kit, activecampaign"},
		"half":         {"ontraport", map[string]string{"app_id": "x"}, "API key"},
		"wrong":        {"ontraport", map[string]string{"app_id": "x", "api_key": "wrong-api-key"}, "does not let us in"},
		"more":         {"ontraport", map[string]string{"app_id": "x", "api_key": "y", "z": "1"}, `no credential "z"`},
		"broken lines": {"ontraport", map[string]string{"app_id": "x", "api_key": "a\nb"}, "does not look right"},
	} {
		_, err := p.Shop.ConnectCRM(t.Context(), server.CRMRequest{Kind: tt.kind, Credentials: tt.set})
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "wrong-api-key") {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	p.ConnectCRM(s, "ontraport")
	p.ConnectCRM(s, "ontraport")
	if n := s.Count("SELECT COUNT(*) FROM {crm_connections}"); n != 1 {
		t.Errorf("%d connections, want one", n)
	}
	if n := s.Count("SELECT COUNT(*) FROM {crm_connections} WHERE credentials LIKE '%ontraport-key%'"); n != 0 {
		t.Error("the key is stored as it is")
	}
	if err := p.Shop.Disconnect(t.Context(), "ontraport"); err != nil {
		t.Fatal(err)
	}
	if n := s.Count("SELECT COUNT(*) FROM {destinations} WHERE name LIKE 'crm:%'"); n != 0 {
		t.Error("the destination is still there")
	}
}

// Many purchases, an account that fails now and then, loses answers and limits: in
// the end every contact has exactly the right tags.
func TestCRM_FaultsLeaveEveryContactRight(t *testing.T) {
	t.Parallel()
	s, p, book := crmShop(t, "ontraport", standin.Options{})
	const people = 30
	for i := range people {
		for _, match := range []string{"POST /Contacts/saveorupdate", "PUT /objects/tag", "PUT /Contacts"} {
			if i%5 == 0 {
				book.Fail(standin.Fault{Match: match, Status: []string{"500", "reset", "502"}[i%3]})
			}
		}
		b := s.NewBuyer(p, "course")
		b.Start(fmt.Sprintf("p%d@example.com", i))
		if i%3 != 0 {
			wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
		}
	}
	done := make(chan struct{})
	go func() { // time passes
		for {
			select {
			case <-done:
				return
			case <-time.After(300 * time.Millisecond):
				s.Exec("UPDATE shop_tillside_lanes SET run_at = UTC_TIMESTAMP(6) WHERE run_at > UTC_TIMESTAMP(6)")
				s.Exec("UPDATE shop_tillside_destinations SET held_until = NULL, recent = NULL")
			}
		}
	}()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline) && s.Count("SELECT COUNT(*) FROM {lanes}") > 0; {
		time.Sleep(50 * time.Millisecond)
	}
	for i := range people {
		want := []string{"Course Access", "Course_Made_Purchase"}
		if i%3 == 0 {
			want = []string{"Course_Started_Order"}
		}
		wantTheirs(t, book, fmt.Sprintf("p%d@example.com", i), want...)
	}
	close(done)
	if n := s.Count("SELECT COUNT(*) FROM {jobs} WHERE state = 'dead'"); n != 0 {
		t.Errorf("%d jobs were given up", n)
	}
}
