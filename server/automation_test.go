package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/operation"
	"github.com/tillside/tillside/server/shoptest"
)

// courseTags is a course as the wizard makes it: what starts and stops a campaign,
// and what gives access and takes it away.
const courseTags = `
products:
  - slug: course
    name: Course
    access_tags: [Course Access]
    revoke_tags: [Course Revoked]
    prices: [{slug: course, amount: 49.00 EUR}]
  - slug: other
    name: Other
    prices: [{slug: other, amount: 10.00 EUR}]
offers:
  - slug: course
    name: The course
    items: [{price: course}]
    automations:
      started: {add: [Course_Started_Order]}
      abandoned: {add: [Course_Left], run: [come-back]}
      purchased: {add: [Course_Made_Purchase], run: [welcome]}
      refunded: {add: [Course Revoked]}
  - slug: bundle
    name: The bundle
    items: [{price: course}, {price: other}]
  - slug: other
    name: Something else
    items: [{price: other}]
`

func campaignShop(t *testing.T) (*shoptest.Stand, *shoptest.Process) {
	t.Helper()
	s := shoptest.New(t)
	p := s.Start(shoptest.Options{})
	p.Import(t, courseTags)
	makeOperation(t, p, "welcome", operation.Action{Kind: operation.ActionSetField, Field: "welcomed", Value: "yes"})
	makeOperation(t, p, "come-back",
		operation.Action{Kind: operation.ActionSetField, Field: "left", Value: "yes"},
		operation.Action{Kind: operation.ActionWait, Wait: "1h"},
		operation.Action{Kind: operation.ActionAddTags, Tags: []string{"You Forgot"}})
	return s, p
}

func makeOperation(t *testing.T, p *shoptest.Process, slug string, actions ...operation.Action) {
	t.Helper()
	if _, err := p.Shop.CreateOperation(t.Context(), server.OperationDraft{Slug: slug, Actions: actions}); err != nil {
		t.Fatal(err)
	}
}

// tagsOf returns the tags of the contact with an address.
func tagsOf(t *testing.T, s *shoptest.Stand, email string) []string {
	t.Helper()
	rows, err := s.SQL.Query(`SELECT t.tag FROM shop_tillside_contact_tags t JOIN shop_tillside_contacts c ON c.id = t.contact_id
		WHERE c.email = ? ORDER BY t.tag`, email)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // only read
	tags := []string{}
	for rows.Next() {
		var tag string
		if err := rows.Scan(&tag); err != nil {
			t.Fatal(err)
		}
		tags = append(tags, tag)
	}
	return tags
}

func wantTags(t *testing.T, s *shoptest.Stand, email string, want ...string) {
	t.Helper()
	slices.Sort(want)
	deadline := time.Now().Add(10 * time.Second)
	for !slices.Equal(tagsOf(t, s, email), want) && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	if got := tagsOf(t, s, email); !slices.Equal(got, want) {
		t.Errorf("tags of %s: %v, want %v", email, got, want)
	}
}

func TestAutomation_StartedThenBought(t *testing.T) {
	t.Parallel()
	s, p := campaignShop(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantTags(t, s, "erika@example.com", "Course_Started_Order")
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantTags(t, s, "erika@example.com", "Course Access", "Course_Made_Purchase")
	s.Quiet()
	if n := s.Count("SELECT COUNT(*) FROM {contact_fields} WHERE field = 'welcomed' AND value = 'yes'"); n != 1 {
		t.Errorf("the operation after the purchase set %d fields, want one", n)
	}
	if n := s.Count("SELECT COUNT(*) FROM {operation_runs} WHERE status = 'done' AND cause LIKE 'order %'"); n != 1 {
		t.Errorf("%d runs, want one", n)
	}
}

// Whoever lost access and buys again gets it again: revoke tags beat access tags.
func TestAutomation_BuyingAgainTakesTheRevokeTagOff(t *testing.T) {
	t.Parallel()
	s, p := campaignShop(t)
	for range 2 {
		b := s.NewBuyer(p, "course")
		b.Start("erika@example.com")
		wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
		wantTags(t, s, "erika@example.com", "Course Access", "Course_Made_Purchase")
		if _, err := p.Shop.Refund(t.Context(), b.Receipt().String("number"), "", ""); err != nil {
			t.Fatal(err)
		}
		wantTags(t, s, "erika@example.com", "Course Access", "Course Revoked", "Course_Made_Purchase")
	}
	if n := s.Count("SELECT COUNT(*) FROM {contact_events} WHERE type = 'tag_added' AND name = 'Course_Made_Purchase'"); n != 2 {
		t.Errorf("the success tag was raised %d times, want at each purchase", n)
	}
}

func TestAutomation_APartThatIsRefundedTakesNothingAway(t *testing.T) {
	t.Parallel()
	s, p := campaignShop(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	if _, err := p.Shop.Refund(t.Context(), b.Receipt().String("number"), "9.00", ""); err != nil {
		t.Fatal(err)
	}
	s.Quiet()
	wantTags(t, s, "erika@example.com", "Course Access", "Course_Made_Purchase")
}

func TestAutomation_AbandonedIsRaisedAndStoppedByAnOrderOfTheSameProduct(t *testing.T) {
	t.Parallel()
	for offer, stopped := range map[string]bool{"course": true, "bundle": true, "other": false} {
		t.Run(offer, func(t *testing.T) {
			t.Parallel()
			s, p := campaignShop(t)
			s.NewBuyer(p, "course").Start("erika@example.com")
			wantTags(t, s, "erika@example.com", "Course_Started_Order")
			s.Age(checkout.DefaultQuiet + time.Minute)
			wantTags(t, s, "erika@example.com", "Course_Left", "Course_Started_Order")
			shoptest.WaitFor(t, "the campaign to wait", func() bool {
				return s.Count("SELECT COUNT(*) FROM {operation_runs} WHERE status = 'waiting'") == 1
			})
			b := s.NewBuyer(p, offer)
			b.Start("erika@example.com")
			wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
			s.Quiet()
			if !stopped {
				s.Age(2 * time.Hour)
				wantTags(t, s, "erika@example.com", "Course_Left", "Course_Started_Order", "You Forgot")
				return
			}
			want := []string{"Course Access"}
			if offer == "course" {
				want = append(want, "Course_Made_Purchase")
			}
			wantTags(t, s, "erika@example.com", want...)
			s.Age(2 * time.Hour)
			s.Quiet()
			wantTags(t, s, "erika@example.com", want...)
			if n := s.Count("SELECT COUNT(*) FROM {operation_runs} WHERE status = 'stopped'"); n != 1 {
				t.Errorf("%d runs stopped, want the campaign's", n)
			}
		})
	}
}

// Somebody who has paid before the CRM was to hear of the start never just began.
func TestAutomation_AStartThatWaitsIsDroppedByThePurchase(t *testing.T) {
	t.Parallel()
	s, p := campaignShop(t)
	if err := p.Shop.SetFollowUp(t.Context(), checkout.FollowUp{EarlyMinutes: 10}); err != nil {
		t.Fatal(err)
	}
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	s.Quiet()
	wantTags(t, s, "erika@example.com")
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantTags(t, s, "erika@example.com", "Course Access", "Course_Made_Purchase")
	s.Age(time.Hour)
	s.Quiet()
	wantTags(t, s, "erika@example.com", "Course Access", "Course_Made_Purchase")
	if n := s.Count("SELECT COUNT(*) FROM {contact_events} WHERE name = 'Course_Started_Order'"); n != 0 {
		t.Errorf("%d events of the start, want none", n)
	}
}

func TestAutomation_ACorrectedAddressTakesItsMarksAlong(t *testing.T) {
	t.Parallel()
	s, p := campaignShop(t)
	b := s.NewBuyer(p, "course")
	b.Start("erica@example.com")
	wantTags(t, s, "erica@example.com", "Course_Started_Order")
	person, err := p.Shop.RunOperation(t.Context(), "welcome", "erica@example.com", operation.SourceCommand) // has nothing to do with the checkout
	if err != nil || person.Status != operation.RunDone {
		t.Fatalf("%+v, %v", person, err)
	}
	wantCode(t, b.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, map[string]any{
		"version": b.Version, "contact": map[string]string{"email": "erika@example.com"},
	}), http.StatusOK, "erika@example.com")
	wantTags(t, s, "erika@example.com", "Course_Started_Order")
	wantTags(t, s, "erica@example.com")
	if n := s.Count("SELECT COUNT(*) FROM {contact_fields} f JOIN {contacts} c ON c.id = f.contact_id WHERE c.email = 'erica@example.com'"); n != 1 {
		t.Errorf("%d fields are left where they belong, want the one of another origin", n)
	}
}

func TestOperation_TagsStartOperationsAndCirclesEnd(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	start := func(slug, tag string, takeOff bool, actions ...operation.Action) {
		t.Helper()
		_, err := p.Shop.CreateOperation(t.Context(), server.OperationDraft{Slug: slug, Actions: actions, Settings: operation.Settings{
			Triggers: []operation.Trigger{{Kind: operation.TriggerTag, Arg: tag, TakeOff: takeOff}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	start("count", "Go", true, operation.Action{Kind: operation.ActionChangeField, Field: "n", By: 2})
	start("ping", "Ping", false, operation.Action{Kind: operation.ActionAddTags, Tags: []string{"Pong"}})
	start("pong", "Pong", false, operation.Action{Kind: operation.ActionAddTags, Tags: []string{"Ping"}})
	makeOperation(t, p, "tag", operation.Action{Kind: operation.ActionAddTags, Tags: []string{"Go", "Ping"}})
	for n := range 2 {
		if _, err := p.Shop.RunOperation(t.Context(), "tag", "erika@example.com", operation.SourceCommand); err != nil {
			t.Fatal(err)
		}
		s.Quiet()
		wantTags(t, s, "erika@example.com", "Ping", "Pong")
		if got := s.Count("SELECT value FROM {contact_fields} WHERE field = 'n'"); got != 2*(n+1) {
			t.Errorf("after %d tags the field is %d", n+1, got)
		}
	}
	if n := s.Count("SELECT MAX(depth) FROM {operation_runs}"); n < 2 || n > 20 {
		t.Errorf("the circle went %d deep", n)
	}
}

func TestOperation_FailsAtItsStepAndGoesOnFromThere(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	makeOperation(t, p, "steps",
		operation.Action{Kind: operation.ActionChangeField, Field: "runs", By: 1},
		operation.Action{Kind: operation.ActionAddRoles, Roles: []string{"subscriber"}},
		operation.Action{Kind: operation.ActionSetField, Field: "skipped", Value: "no", If: []operation.Condition{{Kind: operation.IfHasTag, Name: "Nobody"}}},
		operation.Action{Kind: operation.ActionSetField, Field: "end", Value: "yes"})
	r, err := p.Shop.RunOperation(t.Context(), "steps", "erika@example.com", operation.SourceCommand)
	if err != nil || r.Status != operation.RunFailed || len(r.Steps) != 2 || r.Steps[1].Error == "" {
		t.Fatalf("%+v, %v; want it failed at the second step, for want of a user", r, err)
	}
	s.Exec("UPDATE shop_tillside_contacts SET user_id = 77")
	if r, err = p.Shop.RetryRun(t.Context(), r.Run); err != nil || r.Status != operation.RunDone || len(r.Steps) != 4 || !r.Steps[2].Skipped {
		t.Fatalf("again: %+v, %v", r, err)
	}
	if got := s.Count("SELECT value FROM {contact_fields} WHERE field = 'runs'"); got != 1 {
		t.Errorf("the first step was done %d times", got)
	}
	if _, err := p.Shop.RetryRun(t.Context(), r.Run); err == nil {
		t.Error("a run that is done was run again")
	}
}

// A change that eight processes make at once is in the timeline as often as it
// happened, and nothing of it is lost.
func TestContact_ChangesAtOnceAllCount(t *testing.T) {
	t.Parallel()
	s, processes := threeProcesses(t)
	makeOperation(t, processes[0], "count", operation.Action{Kind: operation.ActionChangeField, Field: "n", By: 1})
	done := make(chan error, 12)
	for i := range 12 {
		go func() {
			r, err := processes[i%3].Shop.RunOperation(t.Context(), "count", "erika@example.com", operation.SourceCommand)
			if err == nil && r.Status == operation.RunFailed {
				err = fmt.Errorf("run %+v", r)
			}
			done <- err
		}()
	}
	for range 12 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	shoptest.WaitFor(t, "all runs to be done", func() bool { return s.Count("SELECT COUNT(*) FROM {operation_runs} WHERE status = 'done'") == 12 })
	if n := s.Count("SELECT value FROM {contact_fields} WHERE field = 'n'"); n != 12 {
		t.Errorf("counted %d, want 12", n)
	}
	if n := s.Count("SELECT COUNT(*) FROM {contact_events} WHERE type = ?", contact.EventFieldSet); n != 12 {
		t.Errorf("%d lines in the timeline, want 12", n)
	}
}

func TestOperation_ALoginStartsItOnceEach(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	_, err := p.Shop.CreateOperation(t.Context(), server.OperationDraft{
		Slug: "points", Actions: []operation.Action{{Kind: operation.ActionChangeField, Field: "points", By: 5}},
		Settings: operation.Settings{Triggers: []operation.Trigger{{Kind: operation.TriggerLogin}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.NewBuyer(p, "course").Start("erika@example.com")
	s.Exec("UPDATE shop_tillside_contacts SET user_id = 77")
	for _, user := range []int{77, 77, 99} {
		s.Exec("INSERT INTO shop_tillside_wp_events (type, payload) VALUES ('user.login', ?)", fmt.Sprintf(`{"user_id":%d}`, user))
	}
	s.Exec("UPDATE shop_tillside_schedules SET next_run_at = '2000-01-01'")
	shoptest.WaitFor(t, "both logins to count", func() bool {
		return s.Count("SELECT COALESCE(MAX(value), 0) FROM {contact_fields} WHERE field = 'points'") == 10
	})
}
