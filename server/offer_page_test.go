package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/server/shoptest"
	"github.com/tillside/tillside/wpbridge"
)

// tell writes events as the plugin does, and waits until they are read.
func tell(t *testing.T, s *shoptest.Stand, events ...[2]any) {
	t.Helper()
	for _, event := range events {
		payload, err := json.Marshal(event[1])
		if err != nil {
			t.Fatal(err)
		}
		s.Exec("INSERT INTO "+mysqltest.Prefix+"tillside_wp_events (type, payload) VALUES (?, ?)", event[0], payload)
	}
	s.Age(time.Minute)
	shoptest.WaitFor(t, "the events to be read", func() bool { return s.Count("SELECT COUNT(*) FROM {wp_events}") == 0 })
}

func shownOn(post int, url string) [2]any {
	return [2]any{"page.shown", map[string]any{"post_id": post, "url": url, "offer": "course"}}
}

func TestOfferPage_LinksLeadToTheMainPageElseToTheOneSeenLast(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	home := s.Plugin.URL
	want := func(url string) {
		t.Helper()
		list, err := p.Shop.OfferPages(t.Context(), "course")
		if err != nil {
			t.Fatal(err)
		}
		if list.LinkURL != url {
			t.Errorf("links lead to %s, want %s", list.LinkURL, url)
		}
	}
	want(home + "/buy/course")
	tell(t, s, shownOn(5, home+"/one/"), shownOn(6, "https://elsewhere.example/two/"), shownOn(7, "javascript:alert(1)"))
	want(home + "/one/")
	tell(t, s, shownOn(8, home+"/two/"))
	want(home + "/two/")
	if _, err := p.Shop.SetMainPage(t.Context(), "course", home+"/one/"); err != nil {
		t.Fatal(err)
	}
	want(home + "/one/")

	// The main page is changed: until somebody has seen it again, it may show anything.
	gone := [2]any{"page.gone", map[string]any{"post_id": 5}}
	tell(t, s, gone)
	want(home + "/two/")
	tell(t, s, shownOn(5, home+"/renamed/"))
	want(home + "/renamed/")

	tell(t, s, gone, [2]any{"page.gone", map[string]any{"post_id": 8}})
	want(home + "/buy/course")
	s.Exec("UPDATE " + mysqltest.Prefix + "options SET option_value = '' WHERE option_name = 'permalink_structure'")
	plain := s.Start(shoptest.Options{})
	list, err := plain.Shop.OfferPages(t.Context(), "course")
	if err != nil {
		t.Fatal(err)
	}
	if want := home + "/?tillside_buy=course"; list.LinkURL != want {
		t.Errorf("without permalinks links lead to %s, want %s", list.LinkURL, want)
	}
}

func TestShowCoupons_TellsTheHolderAndNobodyWhoGuesses(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	past := time.Now().Add(-time.Hour)
	s.AddCoupon(`{"discount":{"kind":"amount","amounts":["10.00 EUR"]},"scope":{"offers":["course"]}}`, "SPRING", 0)
	s.AddCode("spring", "GENERATED-ABCDEFGHIJKLMNOPQ", 1, &past)
	s.AddCode("spring", "SHORT", 1, &past)
	b := s.NewBuyer(p, "course")
	a := b.Do(http.MethodPost, "/v1/coupons/show", map[string]any{"coupons": []string{"spring", "generated-abcdefghijklmnopq", "short", "nosuch"}})
	wantCode(t, a, http.StatusOK, `"text":"€10.00 off"`)
	if !strings.Contains(a.Raw, "The coupon GENERATED-ABCDEFGHIJKLMNOPQ expired on ") {
		t.Errorf("a code that cannot be guessed is not told why it cannot be used: %s", a.Raw)
	}
	list, _ := a.Body["coupons"].([]any)
	if len(list) != 4 {
		t.Fatalf("%d codes, want 4: %s", len(list), a.Raw)
	}
	short, _ := list[2].(map[string]any)
	nosuch, _ := list[3].(map[string]any)
	short["code"], nosuch["code"] = "", ""
	one, _ := json.Marshal(short)
	other, _ := json.Marshal(nosuch)
	if string(one) != string(other) {
		t.Errorf("an expired code and none at all are told apart: %s %s", one, other)
	}
	if n := s.Count("SELECT COALESCE(SUM(refused), 0) FROM {refusals}"); n == 0 {
		t.Error("refused codes were not counted")
	}
}

func TestShowCoupons_AMemberSeesTheirOwnLiveCodes(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.AddCoupon(twentyPercent, "OWN", 0)
	past := time.Now().Add(-time.Hour)
	s.AddCode("own", "OLD", 1, &past)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	s.Exec("UPDATE " + mysqltest.Prefix + "tillside_contacts SET user_id = 77")
	s.Exec("UPDATE " + mysqltest.Prefix + "tillside_coupon_codes SET contact_id = (SELECT id FROM " + mysqltest.Prefix + "tillside_contacts), is_bound = 1")
	signer := wpbridge.NewSigner(s.Keys, s.Plugin.URL, time.Now)
	show := func(user string) shoptest.Answer {
		session, err := signer.Session(wpbridge.Session{User: user})
		if err != nil {
			t.Fatal(err)
		}
		return b.Do(http.MethodPost, "/v1/coupons/show", map[string]any{}, "X-Tillside-Session", session)
	}
	wantCode(t, show("77"), http.StatusOK, `"coupons":[{"code":"OWN","name":"OWN sale","text":"20 % off","expires_at":null,"usable":true`)
	wantCode(t, show("78"), http.StatusOK, `"coupons":[]`)
	wantCode(t, b.Do(http.MethodPost, "/v1/coupons/show", map[string]any{}), http.StatusOK, `"coupons":[]`)
}
