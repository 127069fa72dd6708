package api_test

import (
	"fmt"
	"net/http"
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
