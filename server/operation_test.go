package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/shoptest"
)

// hookOf makes a template, an operation that generates from it, and returns the
// hook's path.
func hookOf(t *testing.T, p *shoptest.Process, change func(*server.GenerateCouponAction)) string {
	t.Helper()
	makeCoupon(t, p, "come-back", percentOff(2000))
	action, err := server.NewGenerateCoupon(server.IndividualRequest{Coupon: "come-back", Prefix: "BACK", Lifetime: "48h"})
	if err != nil {
		t.Fatal(err)
	}
	action.CodeField, action.ExpiresField, action.LinkField, action.LinkOffer = "coupon", "coupon_until", "coupon_link", "course"
	if change != nil {
		change(&action)
	}
	if _, err := p.Shop.CreateOperation(t.Context(), server.OperationDraft{Slug: "win-back", Actions: server.GenerateCouponActions(action)}); err != nil {
		t.Fatal(err)
	}
	hook, err := p.Shop.NewHook(t.Context(), "win-back")
	if err != nil {
		t.Fatal(err)
	}
	_, path, _ := strings.Cut(hook.URL, "/tillside")
	return path
}

// callHook sends what a CRM sends.
func callHook(b *shoptest.Buyer, path string, values url.Values) shoptest.Answer {
	return b.Do(http.MethodPost, path, []byte(values.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

// runHook sends what a CRM sends and returns the run that it starts, once it is over.
func runHook(t *testing.T, p *shoptest.Process, b *shoptest.Buyer, path string, values url.Values) server.RunDetails {
	t.Helper()
	a := callHook(b, path, values)
	wantCode(t, a, http.StatusOK, "delivery")
	var d *server.DeliveryDetails
	shoptest.WaitFor(t, "the delivery to be done", func() bool {
		var err error
		if d, err = p.Shop.Delivery(t.Context(), a.String("delivery")); err != nil {
			t.Fatal(err)
		}
		return d.DoneAt != nil
	})
	words := strings.Fields(strings.TrimRight(d.Result, "."))
	for i, word := range words {
		if word == "run" && i+1 < len(words) {
			return awaitRun(t, p, words[i+1])
		}
	}
	t.Fatalf("the delivery started no run: %s: %s", d.State, d.Result)
	return server.RunDetails{}
}

func awaitRun(t *testing.T, p *shoptest.Process, id string) server.RunDetails {
	t.Helper()
	var r *server.RunDetails
	shoptest.WaitFor(t, "the run to end", func() bool {
		var err error
		if r, err = p.Shop.Run(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		return r.Status != "queued" && r.Status != "running"
	})
	return *r
}

func contactOf(s *shoptest.Stand, t *testing.T) string {
	t.Helper()
	var id string
	if err := s.SQL.QueryRow("SELECT public_id FROM shop_tillside_contacts ORDER BY id DESC LIMIT 1").Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// later lets the window be over in which repeated calls are one run.
func later(s *shoptest.Stand) {
	s.Exec("UPDATE shop_tillside_operation_runs SET created_at = created_at - INTERVAL 30 MINUTE")
}

func TestHook_GivesTheContactACodeOfItsOwn(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	path := hookOf(t, p, nil)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com") // and leaves
	made := runHook(t, p, b, path, url.Values{"contactId": {contactOf(s, t)}})
	code, link := made.Code, made.Link
	if !strings.HasPrefix(code, "BACK-") {
		t.Fatalf("run %+v", made)
	}
	if link != s.Plugin.URL+"/buy/course#coupon-"+code {
		t.Errorf("link %q", link)
	}
	if n := s.Count("SELECT COUNT(*) FROM {contact_fields} WHERE field = 'coupon' AND value = ?", code); n != 1 {
		t.Errorf("the contact's field has not the code %s", code)
	}
	if n := s.Count("SELECT COUNT(*) FROM {contact_fields} WHERE field IN ('coupon_until', 'coupon_link') AND value <> ''"); n != 2 {
		t.Errorf("%d of the other fields are filled, want both", n)
	}
	again := runHook(t, p, b, path, url.Values{"contactId": {contactOf(s, t)}})
	if again.Run != made.Run {
		t.Errorf("a call that was repeated within minutes is the run %s, want %s again", again.Run, made.Run)
	}
	later(s)
	again = runHook(t, p, b, path, url.Values{"contactId": {contactOf(s, t)}})
	if again.Run == made.Run || again.Code != code {
		t.Errorf("a call half an hour later made %s, want %s again", again.Code, code)
	}

	thief := s.NewBuyer(p, "course")
	thief.Start("thief@example.com")
	wantCode(t, thief.UseCode(code), http.StatusBadRequest, "made for one person")
	wantCode(t, b.UseCode(code), http.StatusOK, code)
	if b.Total != 3920 {
		t.Errorf("total %d, want 3920", b.Total)
	}
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	second := s.NewBuyer(p, "course")
	second.Start("erika@example.com")
	wantCode(t, second.UseCode(code), http.StatusBadRequest, "was used already")
	later(s)
	if after := runHook(t, p, b, path, url.Values{"contactId": {contactOf(s, t)}}); after.Code == code || after.Code == "" {
		t.Error("a used code was returned as a live one")
	}
}

func TestHook_TwentyAtOnceMakeOneCode(t *testing.T) {
	t.Parallel()
	s, processes := raceSite(t, shoptest.Catalogue)
	path := hookOf(t, processes[0], nil)
	for _, p := range processes { // what one node of a cluster wrote another one sees a moment later
		shoptest.WaitFor(t, "all processes to know the hook", func() bool {
			o, err := p.Shop.Operations.Store.Operation(t.Context(), "win-back")
			return err == nil && o.HasHook()
		})
	}
	codes := make([]string, 20)
	var done sync.WaitGroup
	for i := range codes {
		done.Go(func() {
			b := s.NewBuyer(processes[i%3], "course")
			codes[i] = runHook(t, processes[i%3], b, path, url.Values{"email": {"Erika@Example.com"}}).Code
		})
	}
	done.Wait()
	for i, code := range codes {
		if code == "" || code != codes[0] {
			t.Errorf("call %d got %q, want %q", i, code, codes[0])
		}
	}
	if n := s.Count("SELECT COUNT(*) FROM {coupon_codes}"); n != 1 {
		t.Errorf("%d codes, want one", n)
	}
	if n := s.Count("SELECT COUNT(*) FROM {operation_runs}"); n != 1 {
		t.Errorf("%d runs, want one", n)
	}
}

func TestHook_WhatALiveCodeDoes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		when  coupon.WhenLive
		codes int
		later bool
	}{{coupon.WhenLiveReturn, 1, false}, {coupon.WhenLiveExtend, 1, true}, {coupon.WhenLiveAnother, 2, false}} {
		t.Run(string(tt.when), func(t *testing.T) {
			t.Parallel()
			s, p := open(t)
			path := hookOf(t, p, func(g *server.GenerateCouponAction) { g.WhenLive = tt.when })
			b := s.NewBuyer(p, "course")
			first := runHook(t, p, b, path, url.Values{"email": {"erika@example.com"}})
			later(s)
			s.Exec("UPDATE shop_tillside_coupon_codes SET expires_at = expires_at - INTERVAL 1 HOUR")
			second := runHook(t, p, b, path, url.Values{"email": {"erika@example.com"}})
			if !strings.HasPrefix(second.Code, "BACK-") {
				t.Errorf("the second run: %+v", second)
			}
			if n := s.Count("SELECT COUNT(*) FROM {coupon_codes}"); n != tt.codes {
				t.Errorf("%d codes, want %d", n, tt.codes)
			}
			before, _ := time.Parse(time.RFC3339, first.ExpiresAt)
			after, _ := time.Parse(time.RFC3339, second.ExpiresAt)
			if extended := !after.Before(before); extended != (tt.later || tt.codes == 2) {
				t.Errorf("ends %s, then %s", before, after)
			}
		})
	}
}

func TestHook_RefusesWhatIsNotAsked(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	path := hookOf(t, p, nil)
	b := s.NewBuyer(p, "course")
	base := path[:strings.LastIndexByte(path, '/')+1]
	for name, tt := range map[string]struct {
		path string
		body string
		kind string
		code int
	}{
		"wrong secret":    {base + "AAAAAAAAAAAAAAAAAAAAAAAAAA", "email=a@example.com", "", http.StatusNotFound},
		"wrong operation": {"/v1/hooks/operations/" + strings.Repeat("0", 32) + "/x", "email=a@example.com", "", http.StatusNotFound},
		"huge":            {path, "email=" + strings.Repeat("x", 1<<20), "", http.StatusRequestEntityTooLarge},
	} {
		kind := tt.kind
		if kind == "" {
			kind = "application/x-www-form-urlencoded"
		}
		if a := b.Do(http.MethodPost, tt.path, []byte(tt.body), "Content-Type", kind); a.Code != tt.code {
			t.Errorf("%s: %d %s, want %d", name, a.Code, a.Raw, tt.code)
		}
	}
	if _, err := p.Shop.SwitchOperation(t.Context(), "win-back", false); err != nil {
		t.Fatal(err)
	}
	wantCode(t, callHook(b, path, url.Values{"email": {"a@example.com"}}), http.StatusNotFound, "")
}

func TestHook_WhatCannotBeDoneIsKeptAndExplained(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	path := hookOf(t, p, nil)
	b := s.NewBuyer(p, "course")
	for name, tt := range map[string]struct{ body, kind, state, result string }{
		"nobody":          {"", "", "failed", "names nobody"},
		"unknown contact": {"contactId=" + strings.Repeat("0", 32), "", "failed", "There is no contact"},
		"another CRM's":   {"contactId=7", "", "failed", "There is no contact"},
		"no address":      {"email=%00", "", "failed", "does not look right"},
		"broken form":     {"email=%zz", "", "failed", "names nobody"},
		"broken JSON":     {`{"email":`, "application/json", "failed", "names nobody"},
		"JSON":            {`{"email":"a@example.com","more":{"x":[1]}}`, "application/json; charset=utf-8", "done", "started the run"},
		"odd type":        {`{"email":"b@example.com"}`, "text/plain", "done", "started the run"},
	} {
		a := b.Do(http.MethodPost, path, []byte(tt.body), "Content-Type", tt.kind)
		wantCode(t, a, http.StatusOK, "delivery")
		var d *server.DeliveryDetails
		shoptest.WaitFor(t, name+" to be done", func() bool {
			var err error
			d, err = p.Shop.Delivery(t.Context(), a.String("delivery"))
			return err == nil && d.DoneAt != nil
		})
		if string(d.State) != tt.state || !strings.Contains(d.Result, tt.result) || d.Body != tt.body {
			t.Errorf("%s: %s: %s; body %q", name, d.State, d.Result, d.Body)
		}
	}
}

func TestHook_TheOldAddressIsGoodForAWeek(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	old := hookOf(t, p, nil)
	if _, err := p.Shop.NewHook(t.Context(), "win-back"); err != nil {
		t.Fatal(err)
	}
	b := s.NewBuyer(p, "course")
	wantCode(t, callHook(b, old, url.Values{"email": {"a@example.com"}}), http.StatusOK, "delivery")
	s.Exec("UPDATE shop_tillside_operations SET old_hook_until = old_hook_until - INTERVAL 8 DAY")
	wantCode(t, callHook(b, old, url.Values{"email": {"a@example.com"}}), http.StatusNotFound, "")
}

func TestLink_FillsInAndProvesWhoBuys(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	rules := percentOff(5000)
	rules.Who.FirstPurchase = true
	makeCoupon(t, p, "welcome", rules, "WELCOME")
	link, err := p.Shop.MakeLink(t.Context(), server.LinkRequest{
		Offer: "course", Codes: []string{"WELCOME"}, Email: "erika@example.com", Lifetime: "7d",
	})
	if err != nil {
		t.Fatal(err)
	}
	_, token, found := strings.Cut(link.URL, "#tl-")
	if !found || strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		t.Fatalf("link %q", link.URL)
	}
	b := s.NewBuyer(p, "course")
	opened := b.Do(http.MethodPost, "/v1/links", map[string]string{"form_token": b.FormToken(), "token": token})
	wantCode(t, opened, http.StatusOK, `"email":"erika@example.com"`)
	quote := b.Do(http.MethodPost, "/v1/quotes", map[string]any{"form_token": b.FormToken(), "link": token})
	wantCode(t, quote, http.StatusOK, `"due_today":{"amount":2450`)

	start := func(email string) shoptest.Answer {
		return b.Do(http.MethodPost, "/v1/checkouts", map[string]any{
			"form_token": b.FormToken(), "link": token,
			"contact": map[string]string{"email": email, "first_name": "Erika", "last_name": "Muster"},
		})
	}
	wantCode(t, start("erika@example.com"), http.StatusCreated, `"due_today":{"amount":2450`)
	wantCode(t, start("other@example.com"), http.StatusCreated, `"due_today":{"amount":4900`)

	if err := p.Shop.RevokeLink(t.Context(), link.ID); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{token, "AAAAAAAAAAAAAAAAAAAAAAAAAA", "", "'; DROP TABLE"} {
		a := b.Do(http.MethodPost, "/v1/links", map[string]string{"form_token": b.FormToken(), "token": gone})
		wantCode(t, a, http.StatusOK, "cannot be used any more")
	}
	wantCode(t, start("erika@example.com"), http.StatusCreated, `"due_today":{"amount":4900`)
}

func TestLink_LeadsToThePageThatSells(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	makeCoupon(t, p, "spring", percentOff(2000), "SPRING", "LENZ-2", "Küche")
	link := func(r server.LinkRequest) string {
		t.Helper()
		r.Offer = "course"
		l, err := p.Shop.MakeLink(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(l.URL, s.Plugin.URL)
	}
	s.Exec(`INSERT INTO shop_tillside_offer_pages (offer_slug, url, url_hash, post_id, seen_at, created_at)
		VALUES ('course', ?, UNHEX(SHA2('a', 256)), 7, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`, s.Plugin.URL+"/order/?lang=de")
	for _, tt := range []struct{ got, want string }{
		{link(server.LinkRequest{Codes: []string{"SPRING"}}), "/order/?lang=de#coupon-SPRING"},
		{link(server.LinkRequest{Codes: []string{"SPRING", "LENZ-2"}}), "/order/?lang=de#coupon-SPRING--LENZ-2"},
		{link(server.LinkRequest{Codes: []string{"SPRING"}, Query: true}), "/order/?lang=de&coupon=SPRING"},
		{link(server.LinkRequest{Codes: []string{"Küche"}}), "/order/?lang=de&coupon=K%C3%BCche"},
		{link(server.LinkRequest{Merge: "kit", Field: "coupon"}), "/order/?lang=de#coupon-{{ subscriber.coupon }}"},
		{link(server.LinkRequest{Merge: "activecampaign", Field: "COUPON", Query: true}), "/order/?lang=de&coupon=%COUPON%"},
	} {
		if tt.got != tt.want {
			t.Errorf("link %q, want %q", tt.got, tt.want)
		}
	}
	for _, bad := range []server.LinkRequest{
		{Offer: "nosuch", Codes: []string{"SPRING"}}, {Offer: "course", Codes: []string{"NOSUCH"}}, {Offer: "course"},
		{Offer: "course", Codes: []string{"SPRING"}, Lifetime: "soon"}, {Offer: "course", Merge: "nosuch", Field: "x"},
	} {
		if l, err := p.Shop.MakeLink(t.Context(), bad); err == nil {
			t.Errorf("%+v made %s", bad, l.URL)
		}
	}
}
