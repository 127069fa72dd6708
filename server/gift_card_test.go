package server_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/server/shoptest"
)

// giftShop is a shop that sells gift cards.
func giftShop(t *testing.T) (*shoptest.Stand, *shoptest.Process) {
	t.Helper()
	s := shoptest.New(t)
	p := s.Start(shoptest.Options{})
	p.Import(t, shoptest.GiftCatalogue)
	return s, p
}

// issue makes a card and returns its code.
func issue(t *testing.T, p *shoptest.Process, amount string) (string, int64) {
	t.Helper()
	c, err := p.Shop.IssueGiftCard(t.Context(), server.GiftCardRequest{Amount: amount}, giftcard.SourceCommand)
	if err != nil {
		t.Fatal(err)
	}
	return c.Code, c.Number
}

func wantCard(t *testing.T, p *shoptest.Process, ref, balance, held string) {
	t.Helper()
	c, err := p.Shop.GiftCard(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if c.Balance != balance || c.Held != held {
		t.Errorf("card %s: %s, %s held; want %s, %s held", ref, c.Balance, c.Held, balance, held)
	}
}

// wantSound fails when a ledger does not add up.
func wantSound(t *testing.T, p *shoptest.Process) {
	t.Helper()
	faults, err := p.Shop.CheckGiftCards(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Errorf("gift card %d: %s", f.Number, f.Text)
	}
}

func TestGiftCard_IsSoldSentAndSpent(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	b := s.NewBuyer(p, "chosen")
	b.StartWith("erika@example.com", map[string]any{"gift": map[string]any{
		"amount": 7000, "recipient_name": "Maria", "recipient_email": "maria@example.com", "message": "Happy birthday!\nYours",
	}})
	if b.Total != 7000 {
		t.Fatalf("total %d, want 7000", b.Total)
	}
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantCode(t, b.Receipt(), http.StatusOK, `"recipient_email":"maria@example.com"`)
	shoptest.WaitFor(t, "the card to be sent", func() bool { return len(s.Plugin.MailedCards("maria@example.com")) == 1 })
	s.Quiet()
	if n := s.Count("SELECT COUNT(*) FROM {gift_cards} WHERE sealed_code IS NOT NULL OR delivered_at IS NULL"); n != 0 {
		t.Errorf("%d codes are still stored", n)
	}
	code := s.Plugin.MailedCards("maria@example.com")[0]
	wantCode(t, b.Balance(strings.ToLower(code)), http.StatusOK, `"balance":{"amount":7000`)
	wantCode(t, b.Balance(code), http.StatusOK, `"sender":"Erika Muster"`)

	first := s.NewBuyer(p, "course")
	first.Start("maria@example.com")
	wantCode(t, first.UseCard(code), http.StatusOK, `"left":{"amount":2100`)
	if first.Total != 0 {
		t.Fatalf("due %d, want 0", first.Total)
	}
	wantCode(t, first.Pay(""), http.StatusOK, "succeeded")
	wantCard(t, p, code, "21.00 EUR", "0.00 EUR")
	wantCode(t, first.Receipt(), http.StatusOK, `"tender":"Gift card"`)

	second := s.NewBuyer(p, "course")
	second.Start("maria@example.com")
	second.UseCard(code)
	if second.Total != 2800 {
		t.Fatalf("due %d, want 2800", second.Total)
	}
	wantCode(t, second.Pay(cardGood), http.StatusOK, "succeeded")
	wantCard(t, p, code, "0.00 EUR", "0.00 EUR")
	third := s.NewBuyer(p, "course")
	third.Start("maria@example.com")
	wantCode(t, third.UseCard(code), http.StatusBadRequest, "nothing left on this gift card")
	wantSound(t, p)
}

func TestGiftCard_WaitsForItsDay(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	b := s.NewBuyer(p, "card")
	day := time.Now().AddDate(0, 0, 30).Format(time.DateOnly)
	b.StartWith("erika@example.com", map[string]any{"gift": map[string]any{"recipient_email": "maria@example.com", "deliver_on": day}})
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	s.Quiet()
	if got := s.Plugin.MailedCards("maria@example.com"); len(got) != 0 {
		t.Fatalf("sent at once: %v", got)
	}
	if n := s.Count("SELECT COUNT(*) FROM {gift_cards} WHERE sealed_code LIKE 'v1.%'"); n != 1 {
		t.Errorf("%d codes are sealed, want one", n)
	}
	s.Exec("UPDATE " + mysqltest.Prefix + "tillside_gift_cards SET deliver_at = deliver_at - INTERVAL 31 DAY")
	s.Exec("UPDATE " + mysqltest.Prefix + "tillside_jobs SET run_at = run_at - INTERVAL 31 DAY WHERE kind = 'gift_card.deliver'")
	shoptest.WaitFor(t, "the card to be sent", func() bool { return len(s.Plugin.MailedCards("maria@example.com")) == 1 })
}

func TestGiftCard_WithoutARecipientGoesToItsBuyer(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	b := s.NewBuyer(p, "card")
	b.Start("erika@example.com")
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	shoptest.WaitFor(t, "the card to be sent", func() bool { return len(s.Plugin.MailedCards("erika@example.com")) == 1 })
	wantCode(t, b.Receipt(), http.StatusOK, `"to_buyer":true`)
}

func TestGiftCard_BadGiftsAreRefused(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	tests := map[string]struct {
		offer string
		gift  map[string]any
		field string
	}{
		"too little":     {"chosen", map[string]any{"amount": 999}, "gift.amount"},
		"too much":       {"chosen", map[string]any{"amount": 20001}, "gift.amount"},
		"negative":       {"chosen", map[string]any{"amount": -5000}, "gift.amount"},
		"fixed amount":   {"card", map[string]any{"amount": 100}, "gift.amount"},
		"no address":     {"card", map[string]any{"recipient_email": "maria"}, "gift.recipient_email"},
		"yesterday":      {"card", map[string]any{"deliver_on": "2020-01-01"}, "gift.deliver_on"},
		"no day":         {"card", map[string]any{"deliver_on": "2026-02-31"}, "gift.deliver_on"},
		"in a century":   {"card", map[string]any{"deliver_on": "2126-01-01"}, "gift.deliver_on"},
		"a whole letter": {"card", map[string]any{"message": strings.Repeat("ä", 501)}, "gift.message"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := s.NewBuyer(p, tt.offer)
			a := b.Do(http.MethodPost, "/v1/checkouts", map[string]any{
				"form_token": b.FormToken(), "contact": map[string]string{"email": "e@example.com", "first_name": "E"}, "gift": tt.gift,
			})
			wantCode(t, a, http.StatusBadRequest, fmt.Sprintf("%q", tt.field))
		})
	}
	if n := s.Count("SELECT COUNT(*) FROM {checkouts}"); n != 0 {
		t.Errorf("%d checkouts", n)
	}
}

func TestGiftCard_ADeclineKeepsTheHoldAndOthersOut(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	s.StopSchedules()
	code, _ := issue(t, p, "30.00 EUR")
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	b.UseCard(code)
	wantCode(t, b.Pay(cardDeclined), http.StatusOK, "declined")
	wantCard(t, p, code, "30.00 EUR", "30.00 EUR")
	other := s.NewBuyer(p, "course")
	other.Start("max@example.com")
	wantCode(t, other.UseCard(code), http.StatusBadRequest, "nothing left")
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantCard(t, p, code, "0.00 EUR", "0.00 EUR")
	wantSound(t, p)
}

func TestGiftCard_IsFreeAgainOnceItsBuyerHasLeft(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	s.StopSchedules()
	code, _ := issue(t, p, "30.00 EUR")
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	b.UseCard(code)
	wantCode(t, b.Pay(cardDeclined), http.StatusOK, "declined")
	s.Age(2 * time.Hour)
	if err := p.Shop.Checkout.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantCard(t, p, code, "30.00 EUR", "0.00 EUR")

	// Somebody else spends it; the first buyer comes back and is asked again.
	other := s.NewBuyer(p, "course")
	other.Start("max@example.com")
	other.UseCard(code)
	wantCode(t, other.Pay(cardGood), http.StatusOK, "succeeded")
	again := b.Pay(cardGood)
	wantCode(t, again, http.StatusOK, "totals_changed")
	wantCode(t, again, http.StatusOK, "nothing left on this gift card")
	wantSound(t, p)
}

func TestGiftCard_LeavesWhatCanBeCharged(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	code, _ := issue(t, p, "48.80 EUR")
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	b.UseCard(code)
	if b.Total != 50 {
		t.Fatalf("due %d, want the 50 cents that can be charged", b.Total)
	}
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	wantCard(t, p, code, "0.30 EUR", "0.00 EUR")
}

func TestGiftCard_BuysNoGiftCardAndGetsNoDiscount(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	code, _ := issue(t, p, "80.00 EUR")
	s.AddCoupon(twentyPercent, "SPRING", 0)
	b := s.NewBuyer(p, "card")
	b.Start("erika@example.com")
	wantCode(t, b.UseCard(code), http.StatusBadRequest, "cannot be paid with a gift card")
	wantCode(t, b.UseCode("SPRING"), http.StatusBadRequest, "cannot be used")
	both := s.NewBuyer(p, "both")
	both.Start("erika@example.com")
	both.UseCode("SPRING") // 20 % of the course alone
	wantCode(t, both.UseCard(code), http.StatusOK, `"amount":{"amount":3920`)
	if both.Total != 5000 {
		t.Errorf("due %d, want the 50.00 of the card", both.Total)
	}
}

func TestGiftCard_ManyBuyersSpendNoMoreThanIsOnIt(t *testing.T) {
	t.Parallel()
	s, processes := raceSite(t, shoptest.GiftCatalogue)
	code, _ := issue(t, processes[0], "147.00 EUR") // three courses
	var paid atomic.Int32
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			b := s.NewBuyer(processes[i%3], "course")
			b.Start(fmt.Sprintf("b%d@example.com", i))
			if b.UseCard(code).Code != http.StatusOK || b.Total != 0 {
				return
			}
			if a := b.Pay(""); a.String("status") == "succeeded" {
				paid.Add(1)
			}
		})
	}
	wg.Wait()
	if n := paid.Load(); n != 3 {
		t.Errorf("%d bought a course with the card, want 3", n)
	}
	wantCard(t, processes[0], code, "0.00 EUR", "0.00 EUR")
	wantSound(t, processes[0])
}

func TestGiftCard_GuessersAreStopped(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	good, number := issue(t, p, "30.00 EUR")
	if _, err := p.Shop.SwitchGiftCard(t.Context(), fmt.Sprint(number), false); err != nil {
		t.Fatal(err)
	}
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	blocked, unknown := b.Balance(good), b.Balance("NOTHING-OF-THE-KIND")
	if blocked.Code != http.StatusNotFound || blocked.Raw != unknown.Raw {
		t.Errorf("blocked: %s, unknown: %s; want the same", blocked.Raw, unknown.Raw)
	}
	if a, c := b.UseCard(good), b.UseCard("NOTHING-OF-THE-KIND"); a.Raw != c.Raw {
		t.Errorf("blocked: %s, unknown: %s; want the same", a.Raw, c.Raw)
	}
	last := 0
	for range 30 {
		last = b.Balance("NOTHING-OF-THE-KIND").Code
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the last of 30 guesses: %d, want %d", last, http.StatusTooManyRequests)
	}
}
