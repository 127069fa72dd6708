package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/stripe"
	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/server/shoptest"
)

func TestGiftCard_RefundsAreSplit(t *testing.T) {
	t.Parallel()
	for order, want := range map[giftcard.RefundOrder][2]string{
		giftcard.RefundCardFirst: {"20.00 EUR to gift_card", "29.00 EUR to payment"},
		giftcard.RefundCardLast:  {"29.00 EUR to payment", "20.00 EUR to gift_card"},
	} {
		t.Run(string(order), func(t *testing.T) {
			s, p := giftShop(t)
			if _, err := p.Shop.SetGiftCardSettings(t.Context(), giftcard.Settings{Refund: order}); err != nil {
				t.Fatal(err)
			}
			code, _ := issue(t, p, "20.00 EUR")
			b := s.NewBuyer(p, "course")
			b.Start("erika@example.com")
			b.UseCard(code)
			wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
			number := b.Receipt().String("number")
			if _, err := p.Shop.Refund(t.Context(), number, "49.01", ""); err == nil {
				t.Error("more than was paid was refunded")
			}
			report, err := p.Shop.Refund(t.Context(), number, "", "")
			if err != nil {
				t.Fatal(err)
			}
			for i, part := range report.Parts {
				if got := part.Amount + " to " + part.To; got != want[i] || part.Status != "succeeded" {
					t.Errorf("part %d: %s, %s; want %s", i, got, part.Status, want[i])
				}
			}
			wantCard(t, p, code, "20.00 EUR", "0.00 EUR")
			if o, err := p.Shop.Order(t.Context(), number); err != nil || o.Status != "refunded" {
				t.Errorf("order: %+v, %v; want it refunded", o, err)
			}
			if _, err := p.Shop.Refund(t.Context(), number, "", ""); err == nil {
				t.Error("it was refunded twice")
			}
			wantSound(t, p)
		})
	}
}

func TestGiftCard_RefundTakesBackWhatIsLeft(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	seller := s.NewBuyer(p, "card")
	seller.Start("erika@example.com")
	wantCode(t, seller.Pay(cardGood), http.StatusOK, "succeeded")
	number := seller.Receipt().String("number")
	shoptest.WaitFor(t, "the card to be sent", func() bool { return len(s.Plugin.MailedCards("erika@example.com")) == 1 })
	code := s.Plugin.MailedCards("erika@example.com")[0]
	if _, err := p.Shop.AdjustGiftCard(t.Context(), code, "20.00 EUR", "a gift of ours"); err != nil {
		t.Fatal(err)
	}
	spender := s.NewBuyer(p, "course")
	spender.Start("max@example.com")
	spender.UseCard(code)
	wantCode(t, spender.Pay(""), http.StatusOK, "succeeded") // 49 of 70
	if _, err := p.Shop.Refund(t.Context(), number, "30.00", ""); err == nil || !strings.Contains(err.Error(), "21.00 EUR") {
		t.Errorf("%v, want a refusal that says what is left", err)
	}
	report, err := p.Shop.Refund(t.Context(), number, "", "")
	if err != nil || report.Amount != "21.00 EUR" {
		t.Fatalf("%+v, %v; want 21.00 EUR", report, err)
	}
	wantCard(t, p, code, "0.00 EUR", "0.00 EUR")
	if _, err := p.Shop.Refund(t.Context(), number, "", ""); err == nil || !strings.Contains(err.Error(), "was spent") {
		t.Errorf("%v, want a refusal", err)
	}
	wantSound(t, p)
}

func TestGiftCard_RefundOfWhatElseWasBoughtLeavesTheCard(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	b := s.NewBuyer(p, "both")
	b.Start("erika@example.com")
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	number := b.Receipt().String("number")
	s.Quiet()
	code := s.Plugin.MailedCards("erika@example.com")[0]
	for amount, left := range map[string]string{"49.00": "50.00 EUR"} {
		if _, err := p.Shop.Refund(t.Context(), number, amount, ""); err != nil {
			t.Fatal(err)
		}
		wantCard(t, p, code, left, "0.00 EUR")
	}
	if _, err := p.Shop.Refund(t.Context(), number, "10.00", ""); err != nil {
		t.Fatal(err)
	}
	wantCard(t, p, code, "40.00 EUR", "0.00 EUR")
	wantSound(t, p)
}

func TestGiftCard_ExpiresByTheLawThatTheOwnerChose(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	never, _ := issue(t, p, "30.00 EUR")
	if _, err := p.Shop.SetGiftCardSettings(t.Context(), giftcard.Settings{ExpiryCountry: "DE", ExpiryMonths: 12}); err == nil {
		t.Error("twelve months were allowed in DE")
	}
	if _, err := p.Shop.SetGiftCardSettings(t.Context(), giftcard.Settings{ExpiryCountry: "DE"}); err != nil {
		t.Fatal(err)
	}
	code, number := issue(t, p, "30.00 EUR")
	end := fmt.Sprintf("%d-12-31 23:00:00", time.Now().Year()+3) // midnight in Berlin
	if n := s.Count("SELECT COUNT(*) FROM {gift_cards} WHERE id = ? AND expires_at = ?", number, end); n != 1 {
		t.Errorf("the card does not end at %s UTC", end)
	}
	s.Exec("UPDATE "+mysqltest.Prefix+"tillside_gift_cards SET expires_at = UTC_TIMESTAMP(6) WHERE id = ?", number)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantCode(t, b.UseCard(code), http.StatusBadRequest, "This gift card has expired.")
	for range 2 {
		if err := p.Shop.GiftCards.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	wantCard(t, p, code, "0.00 EUR", "0.00 EUR")
	wantCard(t, p, never, "30.00 EUR", "0.00 EUR")
	list, err := p.Shop.GiftCardLiability(t.Context(), "")
	if err != nil || len(list) != 1 || list[0].Owed != "30.00 EUR" || list[0].Expired != "30.00 EUR" || list[0].Cards != 1 {
		t.Errorf("liability %+v, %v", list, err)
	}
	wantSound(t, p)
}

func TestGiftCard_ALostCodeIsReplaced(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	old, number := issue(t, p, "30.00 EUR")
	ref := fmt.Sprint(number)
	if c, err := p.Shop.ReplaceGiftCard(t.Context(), ref, "maria@example.com"); err != nil || c.Code != "" {
		t.Fatalf("%+v, %v; want the code in the mail alone", c, err)
	}
	shoptest.WaitFor(t, "the card to be sent", func() bool { return len(s.Plugin.MailedCards("maria@example.com")) == 1 })
	b := s.NewBuyer(p, "course")
	wantCode(t, b.Balance(old), http.StatusNotFound, "no gift card")
	wantCode(t, b.Balance(s.Plugin.MailedCards("maria@example.com")[0]), http.StatusOK, `"amount":3000`)
}

func TestGiftCard_AdjustmentsAreBounded(t *testing.T) {
	t.Parallel()
	_, p := giftShop(t)
	code, _ := issue(t, p, "30.00 EUR")
	for _, amount := range []string{"-30.01 EUR", "5.00 USD", "0.00 EUR", "9999999999.00 EUR", "EUR", "1e3 EUR", "--5.00 EUR"} {
		if _, err := p.Shop.AdjustGiftCard(t.Context(), code, amount, "why"); err == nil {
			t.Errorf("%s was allowed", amount)
		}
	}
	if _, err := p.Shop.AdjustGiftCard(t.Context(), code, "-30.00 EUR", " "); err == nil {
		t.Error("an adjustment without a reason was allowed")
	}
	if _, err := p.Shop.AdjustGiftCard(t.Context(), code, "-30.00 EUR", "a mistake"); err != nil {
		t.Error(err)
	}
	wantCard(t, p, code, "0.00 EUR", "0.00 EUR")
	for _, amount := range []string{"0.00 EUR", "-1.00 EUR", "100000.01 EUR"} {
		if _, err := p.Shop.IssueGiftCard(t.Context(), server.GiftCardRequest{Amount: amount}, giftcard.SourceCommand); err == nil {
			t.Errorf("a card of %s was issued", amount)
		}
	}
	var csv strings.Builder
	if err := p.Shop.ExportGiftCards(t.Context(), &csv, func(int) {}); err != nil || strings.Count(csv.String(), "\n") != 2 {
		t.Errorf("export: %s, %v", csv.String(), err)
	}
	wantSound(t, p)
}

func TestGiftCard_OfAnOperationIsMailedOnceHoweverOftenTheCRMCalls(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	if _, err := p.Shop.CreateOperation(t.Context(), server.OperationDraft{
		Slug: "thanks", Actions: server.IssueGiftCardActions("25.00 EUR", "Your shop", "Thank you!", false),
	}); err != nil {
		t.Fatal(err)
	}
	hook, err := p.Shop.NewHook(t.Context(), "thanks")
	if err != nil {
		t.Fatal(err)
	}
	_, path, _ := strings.Cut(hook.URL, "/tillside")
	b := s.NewBuyer(p, "course")
	for range 3 {
		if r := runHook(t, p, b, path, url.Values{"email": {"erika@example.com"}}); r.Status != "done" || r.Code != "" {
			t.Errorf("run %+v; want it done, without a code", r)
		}
	}
	shoptest.WaitFor(t, "the card to be sent", func() bool { return len(s.Plugin.MailedCards("erika@example.com")) == 1 })
	s.Quiet()
	if n := len(s.Plugin.MailedCards("erika@example.com")); n != 1 {
		t.Errorf("%d cards were mailed, want one", n)
	}
	wantCard(t, p, s.Plugin.MailedCards("erika@example.com")[0], "25.00 EUR", "0.00 EUR")
	for _, amount := range []string{"", "25", "-5.00 EUR", "0.00 EUR"} {
		if _, err := p.Shop.CreateOperation(t.Context(), server.OperationDraft{
			Slug: "bad", Actions: server.IssueGiftCardActions(amount, "", "", false),
		}); err == nil {
			t.Errorf("%q was allowed", amount)
		}
	}
}

func TestGiftCard_MoneyWhoseCardWasSpentMeanwhileIsQuarantined(t *testing.T) {
	t.Parallel()
	s := shoptest.New(t)
	p := s.Start(shoptest.Options{Idle: true})
	p.Import(t, shoptest.GiftCatalogue)
	code, _ := issue(t, p, "30.00 EUR")
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	b.UseCard(code)
	pay3DS(t, s, b)
	wantCard(t, p, code, "30.00 EUR", "30.00 EUR")
	s.Exec("UPDATE " + mysqltest.Prefix + "tillside_gift_card_holds SET state = 'released'") // as nothing of ours would do
	other := s.NewBuyer(p, "course")
	other.Start("max@example.com")
	other.UseCard(code)
	wantCode(t, other.Pay(cardGood), http.StatusOK, "succeeded")
	if err := s.Stripe.Complete3DS(s.Stripe.Intents()[0].ID, true); err != nil {
		t.Fatal(err)
	}
	b.Sync()
	list, err := p.Shop.Quarantine(t.Context())
	if err != nil || len(list) != 1 || list[0].Reason != "used_up" || list[0].Amount != "19.00 EUR" {
		t.Errorf("quarantine: %+v, %v", list, err)
	}
	if n := s.Count("SELECT COUNT(*) FROM {orders}"); n != 1 {
		t.Errorf("%d orders, want the other buyer's alone", n)
	}
	wantCard(t, p, code, "0.00 EUR", "0.00 EUR")
	wantSound(t, p)
}

func TestGiftCard_ARefundThatIsNotSentYetHasTakenTheCardBack(t *testing.T) {
	t.Parallel()
	s, p := giftShop(t)
	b := s.NewBuyer(p, "card")
	b.Start("erika@example.com")
	wantCode(t, b.Pay(cardGood), http.StatusOK, "succeeded")
	s.Quiet()
	code := s.Plugin.MailedCards("erika@example.com")[0]
	id := int64(s.Count("SELECT id FROM {orders}"))
	if err := s.Stripe.Fail(stripe.Fault{Match: "POST /v1/refunds", Status: "500", Times: 100}); err != nil {
		t.Fatal(err)
	}
	parts, err := p.Shop.Orders.RequestRefund(t.Context(), order.RefundRequest{OrderID: id})
	if err != nil || len(parts) != 1 || parts[0].Status != order.RefundRequested {
		t.Fatalf("%+v, %v", parts, err)
	}
	wantCard(t, p, code, "0.00 EUR", "0.00 EUR")
	wantCode(t, s.NewBuyer(p, "course").Balance(code), http.StatusOK, `"balance":{"amount":0`)
}
