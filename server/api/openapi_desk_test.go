package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/server/shoptest"
	"github.com/tillside/tillside/wpbridge"
)

// giftCards buys a card and pays with it.
func (s *stage) giftCards(t *testing.T) {
	s.process.Import(t, shoptest.GiftCatalogue)
	b := s.stand.NewBuyer(s.process, "chosen")
	gift := map[string]any{
		"amount": 5000, "recipient_name": "Maria", "recipient_email": "maria@example.com", "sender": "E", "message": "Hello", "deliver_on": "",
	}
	want(t, b.Do(http.MethodPost, "/v1/quotes", map[string]any{"form_token": b.FormToken(), "gift": gift}), http.StatusOK)
	b.StartWith("gift@example.com", map[string]any{"gift": gift})
	want(t, b.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, map[string]any{"version": 2, "gift": gift}), http.StatusOK)
	wantStatus(t, b.Pay("4242424242424242"), "succeeded")
	want(t, b.Receipt(), http.StatusOK)
	shoptest.WaitFor(t, "the card", func() bool { return len(s.stand.Plugin.MailedCards("maria@example.com")) > 0 })
	code := s.stand.Plugin.MailedCards("maria@example.com")[0]
	want(t, b.Balance(code), http.StatusOK)
	want(t, b.Balance("NOTHING"), http.StatusNotFound)
	want(t, b.Balance("-"), http.StatusBadRequest)

	spender := s.buyer("course", "maria@example.com")
	want(t, spender.UseCard("NOTHING"), http.StatusBadRequest)
	a := spender.UseCard(code)
	want(t, a, http.StatusOK)
	cards, _ := a.Map("quote")["gift_cards"].([]any)
	card, _ := cards[0].(map[string]any)
	off := map[string]any{"id": card["id"]}
	want(t, spender.Do(http.MethodDelete, "/v1/checkouts/"+spender.ID+"/gift-card", off), http.StatusOK)
	want(t, spender.Do(http.MethodDelete, "/v1/checkouts/"+spender.ID+"/gift-card", off), http.StatusOK)
	want(t, spender.UseCard(code), http.StatusOK)
	wantStatus(t, spender.Pay(""), "succeeded")
	want(t, spender.Receipt(), http.StatusOK)
}

// cardDesk does what an admin does with gift cards.
func (s *stage) cardDesk(t *testing.T) {
	ask := func(status int, method, target string, body any) shoptest.Answer {
		t.Helper()
		a := s.plugin(s.process.URL, wpbridge.ScopeAdmin, method, target, body)
		want(t, a, status)
		return a
	}
	made := ask(http.StatusCreated, http.MethodPost, "/v1/admin/gift-cards", map[string]any{"amount": "50.00 EUR"})
	ask(http.StatusBadRequest, http.MethodPost, "/v1/admin/gift-cards", map[string]any{"amount": "a lot"})
	ask(http.StatusBadRequest, http.MethodPost, "/v1/admin/gift-cards", map[string]any{"amount": "50.00 EUR", "send": true})
	one := fmt.Sprintf("/v1/admin/gift-cards/%v", made.Body["number"])
	ask(http.StatusOK, http.MethodGet, "/v1/admin/gift-cards?limit=10", nil)
	ask(http.StatusBadRequest, http.MethodGet, "/v1/admin/gift-cards?limit=many", nil)
	ask(http.StatusOK, http.MethodGet, one, nil)
	ask(http.StatusNotFound, http.MethodGet, "/v1/admin/gift-cards/99999", nil)
	ask(http.StatusOK, http.MethodPost, one+"/adjust", map[string]any{"amount": "-5.00 EUR", "note": "a mistake"})
	ask(http.StatusConflict, http.MethodPost, one+"/adjust", map[string]any{"amount": "-50.00 EUR", "note": "too much"})
	ask(http.StatusOK, http.MethodPost, one+"/block", nil)
	ask(http.StatusOK, http.MethodPost, one+"/unblock", nil)
	ask(http.StatusOK, http.MethodPost, one+"/replace", map[string]any{"email": ""})
	ask(http.StatusOK, http.MethodGet, "/v1/admin/gift-cards.csv", nil)
	ask(http.StatusOK, http.MethodGet, "/v1/admin/gift-card-report?until=2030-12-31", nil)
	ask(http.StatusBadRequest, http.MethodGet, "/v1/admin/gift-card-report?until=2030-02-31", nil)
	ask(http.StatusOK, http.MethodPost, "/v1/admin/gift-card-check", nil)
	ask(http.StatusOK, http.MethodGet, "/v1/admin/gift-card-settings", nil)
	ask(http.StatusOK, http.MethodPut, "/v1/admin/gift-card-settings", map[string]any{"expiry_country": "DE", "refund": "card_last"})
	ask(http.StatusBadRequest, http.MethodPut, "/v1/admin/gift-card-settings", map[string]any{"expiry_country": "CA"})
}

// couponMove takes over the coupons of another plugin.
func (s *stage) couponMove(t *testing.T) {
	const prefix = mysqltest.Prefix
	s.stand.Exec("CREATE TABLE " + prefix + `posts (ID BIGINT UNSIGNED PRIMARY KEY, post_title TEXT, post_excerpt TEXT, post_status VARCHAR(20),
		post_date DATETIME, post_type VARCHAR(20), post_name VARCHAR(200))`)
	s.stand.Exec("CREATE TABLE " + prefix + "postmeta (meta_id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, post_id BIGINT UNSIGNED, meta_key VARCHAR(255), meta_value LONGTEXT)")
	move := func(body map[string]any) shoptest.Answer {
		return s.plugin(s.process.URL, wpbridge.ScopeAdmin, http.MethodPost, "/v1/admin/coupons/import-from", body)
	}
	want(t, move(map[string]any{"from": "woocommerce"}), http.StatusNotFound)
	s.stand.Exec("INSERT INTO " + prefix + "posts VALUES (7, 'old-one', '', 'publish', '2026-01-01', 'shop_coupon', 'old-one')")
	s.stand.Exec("INSERT INTO " + prefix + "postmeta (post_id, meta_key, meta_value) VALUES (7, 'discount_type', 'percent'), (7, 'coupon_amount', '10')")
	want(t, move(map[string]any{"from": "woocommerce", "dry_run": true}), http.StatusOK)
	want(t, move(map[string]any{"from": "woocommerce", "map": map[string]string{"11": "course"}, "lossy": "skip"}), http.StatusOK)
	want(t, move(map[string]any{"from": "woocommerce", "map": map[string]string{"11": "nosuch"}}), http.StatusBadRequest)
}

func (s *stage) couponDesk(t *testing.T) {
	admin := func(method, path string, body any) shoptest.Answer {
		return s.plugin(s.process.URL, wpbridge.ScopeAdmin, method, "/v1/admin/coupons"+path, body)
	}
	rules := map[string]any{"discount": map[string]any{"kind": "percent", "percent": "12.5"}}
	draft := map[string]any{"slug": "letter", "name": "Letter", "rules": rules, "codes": []string{"LETTER"}}
	want(t, admin("POST", "", draft), http.StatusCreated)
	want(t, admin("POST", "", draft), http.StatusConflict)
	want(t, admin("POST", "", map[string]any{"slug": "x", "rules": map[string]any{"discount": map[string]any{"kind": "percent"}}}), http.StatusBadRequest)
	want(t, admin("GET", "", nil), http.StatusOK)
	want(t, admin("GET", "/letter", nil), http.StatusOK)
	want(t, admin("GET", "/LETTER", nil), http.StatusOK)
	want(t, admin("GET", "/nosuch", nil), http.StatusNotFound)
	want(t, admin("POST", "/letter/codes", map[string]any{"codes": []string{"LETTER-2"}}), http.StatusOK)
	want(t, admin("POST", "/letter/codes", map[string]any{"codes": []string{"letter2"}}), http.StatusConflict)
	want(t, admin("POST", "/letter/disable", nil), http.StatusOK)
	want(t, admin("POST", "/letter/enable", nil), http.StatusOK)
	want(t, admin("PUT", "/letter", map[string]any{"rules": rules}), http.StatusOK)
	want(t, admin("POST", "/simulate", map[string]any{"code": "letter", "offer": "course", "email": "erika@example.com"}), http.StatusOK)
	want(t, admin("POST", "/simulate", map[string]any{"code": "nosuch", "offer": "course"}), http.StatusNotFound)
}

func (s *stage) operationDesk(t *testing.T) {
	admin := func(method, path string, body any) shoptest.Answer {
		return s.plugin(s.process.URL, wpbridge.ScopeAdmin, method, "/v1/admin"+path, body)
	}
	rules := map[string]any{"discount": map[string]any{"kind": "percent", "percent": "20"}}
	want(t, admin("POST", "/coupons", map[string]any{"slug": "back", "kind": "template", "rules": rules}), http.StatusCreated)
	draft := map[string]any{"slug": "win-back", "actions": []any{map[string]any{
		"kind": "generate_coupon", "generate_coupon": map[string]any{"coupon": "back", "lifetime": "48h", "link_offer": "course"},
	}}}
	want(t, admin("POST", "/operations", draft), http.StatusCreated)
	want(t, admin("POST", "/operations", draft), http.StatusConflict)
	want(t, admin("POST", "/operations", map[string]any{"slug": "none", "actions": []any{map[string]any{"kind": "fly"}}}), http.StatusBadRequest)
	want(t, admin("POST", "/operations", map[string]any{"slug": "thanks", "actions": []any{map[string]any{
		"kind": "issue_gift_card", "issue_gift_card": map[string]any{"amount": "25.00 EUR"},
	}}}), http.StatusCreated)
	want(t, admin("POST", "/operations/thanks/run", map[string]string{"email": "erika@example.com"}), http.StatusOK)
	want(t, admin("GET", "/operations", nil), http.StatusOK)
	want(t, admin("POST", "/operations/win-back/run", map[string]string{"email": "erika@example.com"}), http.StatusOK)
	want(t, admin("GET", "/operations/win-back", nil), http.StatusOK)
	want(t, admin("GET", "/operations/nosuch", nil), http.StatusNotFound)
	want(t, admin("POST", "/operations/win-back/disable", nil), http.StatusOK)
	want(t, admin("POST", "/operations/win-back/enable", nil), http.StatusOK)
	hook := admin("POST", "/operations/win-back/hook", nil)
	want(t, hook, http.StatusOK)
	b := s.stand.NewBuyer(s.process, "course")
	_, path, _ := strings.Cut(hook.String("url"), "/tillside")
	want(t, s.stand.NewBuyer(s.process, "course").Do("GET", path, nil), http.StatusOK)
	want(t, b.Do("POST", path, map[string]string{"email": "erika@example.com"}), http.StatusOK)
	want(t, b.Do("POST", path+"X", map[string]string{"email": "erika@example.com"}), http.StatusNotFound)

	link := admin("POST", "/coupon-links", map[string]any{"offer": "course", "email": "erika@example.com", "lifetime": "7d"})
	want(t, link, http.StatusCreated)
	_, token, _ := strings.Cut(link.String("url"), "#tl-")
	want(t, b.Do("POST", "/v1/links", map[string]string{"form_token": b.FormToken(), "token": token}), http.StatusOK)
	want(t, b.Do("POST", "/v1/links", map[string]string{"form_token": b.FormToken(), "token": "x"}), http.StatusOK)
	want(t, admin("POST", "/coupon-links", map[string]any{"offer": "nosuch"}), http.StatusBadRequest)
	want(t, admin("GET", "/coupon-links", nil), http.StatusOK)
	want(t, admin("POST", "/coupon-links/1/revoke", nil), http.StatusOK)
	want(t, admin("POST", "/coupon-links/99/revoke", nil), http.StatusNotFound)
}

func (s *stage) campaignDesk(t *testing.T) {
	admin := func(method, path string, body any) shoptest.Answer {
		return s.plugin(s.process.URL, wpbridge.ScopeAdmin, method, "/v1/admin/campaigns"+path, body)
	}
	request := map[string]any{"coupon": "back", "campaign": "may", "count": 100}
	want(t, admin("POST", "", request), http.StatusAccepted)
	want(t, admin("POST", "", request), http.StatusConflict)
	want(t, admin("POST", "", map[string]any{"coupon": "back", "campaign": "june", "count": 0}), http.StatusBadRequest)
	shoptest.WaitFor(t, "the job to make the codes", func() bool {
		made, _ := admin("GET", "/may", nil).Body["made"].(float64)
		return made == 100
	})
	want(t, admin("GET", "", nil), http.StatusOK)
	want(t, admin("GET", "/nosuch", nil), http.StatusNotFound)
	codes := admin("GET", "/may/codes.csv", nil)
	want(t, codes, http.StatusOK)
	if n := strings.Count(codes.Raw, "\n"); n != 101 {
		t.Errorf("%d lines, want a head and 100 codes", n)
	}
	want(t, admin("POST", "/may/revoke", nil), http.StatusOK)
}

func (s *stage) offerDesk(t *testing.T) {
	admin := func(method, path string, body any) shoptest.Answer {
		return s.plugin(s.process.URL, wpbridge.ScopeAdmin, method, "/v1/admin/offers"+path, body)
	}
	want(t, admin("GET", "/nosuch/pages", nil), http.StatusNotFound)
	want(t, admin("PUT", "/course/main-page", map[string]string{"url": s.stand.Plugin.URL + "/order/"}), http.StatusNotFound)
	want(t, admin("PUT", "/course/main-page", map[string]string{"url": ""}), http.StatusOK)
	list := admin("GET", "/course/pages", nil)
	want(t, list, http.StatusOK)
	if got := list.String("link_url"); got != s.stand.Plugin.URL+"/buy/course" {
		t.Errorf("links of an offer without a page lead to %q", got)
	}
}
