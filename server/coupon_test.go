package server_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillside/tillside/server/shoptest"
)

const twentyPercent = `{"discount":{"kind":"percent","percent":"20"}}`

// states counts the uses of all coupons by state.
func states(s *shoptest.Stand) string {
	var parts []string
	for _, state := range []string{"reserved", "committed", "released", "returned"} {
		if n := s.Count("SELECT COUNT(*) FROM {redemptions} WHERE state = ?", state); n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", state, n))
		}
	}
	return strings.Join(parts, ", ")
}

func wantStates(t *testing.T, s *shoptest.Stand, want string) {
	t.Helper()
	if got := states(s); got != want {
		t.Errorf("uses: %s, want %s", got, want)
	}
}

func wantCode(t *testing.T, a shoptest.Answer, code int, text string) {
	t.Helper()
	if a.Code != code || !strings.Contains(a.Raw, text) {
		t.Errorf("%d %s, want %d with %q", a.Code, a.Raw, code, text)
	}
}

func TestCoupon_LowersThePurchaseAndIsUsedOnce(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.AddCoupon(`{"discount":{"kind":"percent","percent":"20"},"buyer_tag":"Spring buyer"}`, "SPRING", 1)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantCode(t, b.UseCode("spring "), http.StatusOK, `"code":"SPRING"`)
	if b.Total != 3920 {
		t.Fatalf("total %d, want 3920", b.Total)
	}
	wantStates(t, s, "")
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantStates(t, s, "committed 1")
	wantCode(t, b.Receipt(), http.StatusOK, `"discount":{"amount":980`)
	if n := s.Count("SELECT COUNT(*) FROM {contact_tags} WHERE tag = 'Spring buyer'"); n != 1 {
		t.Errorf("%d contacts have the buyer's tag, want one", n)
	}
	second := s.NewBuyer(p, "course")
	second.Start("max@example.com")
	wantCode(t, second.UseCode("SPRING"), http.StatusBadRequest, "This code cannot be used for this order.")
	wantCode(t, second.Pay(cardGood), http.StatusOK, "succeeded")
}

func TestCoupon_ADeclineKeepsTheReservationOfItsBuyer(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.AddCoupon(twentyPercent, "LAST", 1)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	b.UseCode("LAST")
	wantCode(t, b.Pay(cardDeclined), http.StatusOK, "declined")
	wantStates(t, s, "reserved 1")

	other := s.NewBuyer(p, "course")
	other.Start("max@example.com")
	wantCode(t, other.UseCode("LAST"), http.StatusBadRequest, "cannot be used")

	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantStates(t, s, "committed 1")
	if n := s.Count("SELECT COUNT(*) FROM {redemptions}"); n != 1 {
		t.Errorf("%d uses, want one", n)
	}
}

func TestCoupon_IsFreeAgainOnceItsBuyerHasLeft(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.StopSchedules()
	s.AddCoupon(twentyPercent, "LAST", 1)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	b.UseCode("LAST")
	wantCode(t, b.Pay(cardDeclined), http.StatusOK, "declined")
	s.Age(2 * time.Hour)
	if err := p.Shop.Checkout.Expire(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantStates(t, s, "released 1")
	for _, intent := range s.Stripe.Intents() {
		if intent.Status != "canceled" {
			t.Errorf("intent %s is %s, want canceled: whoever holds its secret could pay it", intent.ID, intent.Status)
		}
	}
	other := s.NewBuyer(p, "course")
	other.Start("max@example.com")
	wantCode(t, other.UseCode("LAST"), http.StatusOK, "LAST")
	wantCode(t, other.Pay(cardGood), http.StatusOK, "succeeded")
	wantStates(t, s, "committed 1, released 1")

	// The first buyer comes back: the code is gone, and is told so when paying.
	wantCode(t, b.Pay(cardGood), http.StatusOK, "totals_changed")
}

func TestCoupon_OnePerPersonHoldsForGuestsAndSpellings(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.AddCoupon(`{"discount":{"kind":"amount","amounts":["10.00 EUR"]},"limits":{"per_person":1,"one_mailbox":true}}`, "ONCE", 0)
	first := s.NewBuyer(p, "course")
	first.Start("a.b@gmail.com")
	first.UseCode("ONCE")
	wantCode(t, first.Pay(cardGood), http.StatusOK, "succeeded")
	for _, email := range []string{"a.b@gmail.com", "A.B@GMAIL.COM", "ab+shop@googlemail.com"} {
		b := s.NewBuyer(p, "course")
		b.Start(email)
		wantCode(t, b.UseCode("ONCE"), http.StatusBadRequest, "cannot be used")
	}
	other := s.NewBuyer(p, "course")
	other.Start("ab@example.com")
	wantCode(t, other.UseCode("ONCE"), http.StatusOK, "ONCE")
}

func TestCoupon_AnEmailCorrectedAfterwardsCountsToo(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.AddCoupon(`{"discount":{"kind":"percent","percent":"10"},"limits":{"per_person":1}}`, "ONCE", 0)
	first := s.NewBuyer(p, "course")
	first.Start("erika@example.com")
	first.UseCode("ONCE")
	wantCode(t, first.Pay(cardGood), http.StatusOK, "succeeded")
	b := s.NewBuyer(p, "course")
	b.Start("typo@example.com")
	wantCode(t, b.UseCode("ONCE"), http.StatusOK, "ONCE")
	a := b.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, map[string]any{"version": 3, "contact": map[string]string{"email": "erika@example.com"}})
	wantCode(t, a, http.StatusOK, `"coupons":[]`)
	wantCode(t, b.Pay(cardGood), http.StatusOK, "totals_changed")
}

func TestCoupon_ChangedBetweenQuoteAndPayIsAskedAgain(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"edited":   `UPDATE shop_tillside_coupons SET revision = 2, rules = '{"discount":{"kind":"percent","percent":"10"}}'`,
		"disabled": "UPDATE shop_tillside_coupons SET status = 'disabled', revision = 2",
		"expired":  "UPDATE shop_tillside_coupon_codes SET expires_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND",
		"revoked":  "UPDATE shop_tillside_coupon_codes SET status = 'revoked'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := open(t)
			s.AddCoupon(twentyPercent, "SPRING", 1)
			b := s.NewBuyer(p, "course")
			b.Start("erika@example.com")
			b.UseCode("SPRING")
			s.Exec(change)
			a := b.Pay(cardGood)
			wantCode(t, a, http.StatusOK, "totals_changed")
			wantStates(t, s, "")
			if n := len(s.Stripe.Intents()); n != 0 {
				t.Errorf("%d intents, want none", n)
			}
			b.Take(a.Map("quote"))
			wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
		})
	}
}

func TestCoupon_TakenOffAfterADeclineIsFreeOnceTheIntentIsGone(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.AddCoupon(twentyPercent, "LAST", 1)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	b.UseCode("LAST")
	wantCode(t, b.Pay(cardDeclined), http.StatusOK, "declined")
	wantCode(t, b.DropCode("last"), http.StatusOK, `"coupons":[]`)
	wantStates(t, s, "reserved 1") // somebody could still pay for it
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantStates(t, s, "released 1")
}

func TestCoupon_AWholeDiscountAfterADeclineEndsTheIntent(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.AddCoupon(`{"discount":{"kind":"percent","percent":"100"}}`, "FREE", 1)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantCode(t, b.Pay(cardDeclined), http.StatusOK, "declined")
	b.UseCode("FREE")
	wantCode(t, b.Pay(""), http.StatusOK, "succeeded")
	wantStates(t, s, "committed 1")
	for _, intent := range s.Stripe.Intents() {
		if intent.Status != "canceled" {
			t.Errorf("intent %s is %s, want canceled", intent.ID, intent.Status)
		}
	}
}

func TestCoupon_ALastUseHeldByABankStaysHeld(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.StopSchedules()
	s.AddCoupon(twentyPercent, "LAST", 1)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	b.UseCode("LAST")
	wantCode(t, b.Pay(ibanGood), http.StatusOK, "processing")
	s.Age(72 * time.Hour)
	if err := p.Shop.Checkout.Expire(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantStates(t, s, "reserved 1")
	other := s.NewBuyer(p, "course")
	other.Start("max@example.com")
	wantCode(t, other.UseCode("LAST"), http.StatusBadRequest, "cannot be used")
}

func TestCoupon_ARefundGivesTheUseBackWhereTheOwnerSaysSo(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.AddCoupon(`{"discount":{"kind":"percent","percent":"20"},"return_on_refund":true,"limits":{"per_person":1}}`, "BACK", 1)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	b.UseCode("BACK")
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	number := fmt.Sprint(s.Count("SELECT number FROM {orders}"))
	if _, err := p.Shop.Refund(context.Background(), number, "", ""); err != nil {
		t.Fatal(err)
	}
	wantStates(t, s, "returned 1")
	again := s.NewBuyer(p, "course")
	again.Start("erika@example.com")
	wantCode(t, again.UseCode("BACK"), http.StatusOK, "BACK")
	wantCode(t, again.Pay(cardGood), http.StatusOK, "succeeded")
}

func TestCoupon_OnlyAProvenPersonAnswersRulesOfTagsAndFirstPurchases(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.AddCoupon(`{"discount":{"kind":"percent","percent":"50"},"who":{"first_purchase":true}}`, "WELCOME", 0)
	b := s.NewBuyer(p, "course")
	b.Start("new@example.com")
	wantCode(t, b.UseCode("WELCOME"), http.StatusBadRequest, "cannot be used")
}

func TestCoupon_AppliesByItselfAndSwitchesOffers(t *testing.T) {
	t.Parallel()
	s, p := open(t)
	s.AddCoupon(`{"discount":{"kind":"amount","amounts":["5.00 EUR"]},"auto_apply":true,"scope":{"offers":["course"]}}`, "AUTOMATIC", 0)
	s.AddCoupon(`{"discount":{"kind":"switch","offer":"elsewhere"}}`, "ELSE", 0)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	if b.Total != 4400 {
		t.Errorf("total %d, want 4400: the coupon applies by itself", b.Total)
	}
	wantCode(t, b.UseCode("ELSE"), http.StatusOK, `"slug":"elsewhere"`)
	if b.Total != 4900 {
		t.Errorf("total %d, want 4900: the coupon is for another offer", b.Total)
	}
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	if n := s.Count("SELECT COUNT(*) FROM {orders} WHERE offer_slug = 'elsewhere'"); n != 1 {
		t.Errorf("%d orders of the other offer, want one", n)
	}
	wantStates(t, s, "committed 1")
}

func TestSeats_WhoWaitsIsToldOnceASeatIsFree(t *testing.T) {
	t.Parallel()
	s := shoptest.New(t)
	p := s.Start(shoptest.Options{})
	p.Import(t, strings.ReplaceAll(seatsCatalogue, "seats: 4", "seats: 1"))
	b := s.NewBuyer(p, "class")
	b.Start("erika@example.com")
	wantCode(t, b.Pay(cardDeclined), http.StatusOK, "declined") // and leaves, holding the seat

	late := s.NewBuyer(p, "class")
	for range 2 {
		a := late.Do(http.MethodPost, "/v1/wait-list", map[string]string{"form_token": late.FormToken(), "email": "late@example.com"})
		wantCode(t, a, http.StatusAccepted, "")
	}
	a := late.Do(http.MethodPost, "/v1/checkouts", map[string]any{
		"form_token": late.FormToken(), "contact": map[string]string{"email": "late@example.com", "first_name": "A"},
	})
	wantCode(t, a, http.StatusGone, "sold out")
	s.Age(2 * time.Hour)
	shoptest.WaitFor(t, "the mail", func() bool {
		for _, mail := range s.Plugin.Mails() {
			if mail.To == "late@example.com" {
				return true
			}
		}
		s.Age(2 * time.Hour) // the schedules come again
		return false
	})
	if n := s.Count("SELECT COUNT(*) FROM {wait_list} WHERE told_at IS NOT NULL"); n != 1 {
		t.Errorf("%d were told, want one", n)
	}
}
