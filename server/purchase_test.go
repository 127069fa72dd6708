package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tillside/tillside/server/shoptest"
	"github.com/tillside/tillside/wpbridge/wpdb"
)

const (
	cardGood     = "4242424242424242"
	cardDeclined = "4000000000000002"
	card3DS      = "4000002760003184"
	ibanGood     = "DE89370400440532013000"
	ibanBad      = "DE62370400440532013001"
)

// open returns a site with one process and the test catalogue.
func open(t *testing.T) (*shoptest.Stand, *shoptest.Process) {
	t.Helper()
	s := shoptest.New(t)
	p := s.Start(shoptest.Options{})
	p.Import(t, shoptest.Catalogue)
	return s, p
}

// wantBooks compares what was charged and what was written.
func wantBooks(t *testing.T, s *shoptest.Stand, charges, orders, users int) {
	t.Helper()
	got := 0
	for _, charge := range s.Stripe.Charges() {
		if charge.Status == "succeeded" {
			got++
		}
	}
	if got != charges {
		t.Errorf("%d charges, want %d", got, charges)
	}
	if n := s.Count("SELECT COUNT(*) FROM {orders}"); n != orders {
		t.Errorf("%d orders, want %d", n, orders)
	}
	shoptest.WaitFor(t, "accounts", func() bool { return s.Count("SELECT COUNT(*) FROM {orders} WHERE access = 'pending'") == 0 })
	if n := s.Count("SELECT COUNT(*) FROM {wp:users}"); n != users {
		t.Errorf("%d users, want %d", n, users)
	}
}

func TestPurchase_PaidBecomesOrderUserAndMails(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	if n := s.Count("SELECT COUNT(*) FROM {wp:users}"); n != 0 {
		t.Errorf("step 1 made %d WordPress users, want none", n)
	}
	if a := b.Pay(cardGood); a.Code != http.StatusOK || a.String("status") != "succeeded" {
		t.Fatalf("pay: %d %s", a.Code, a.Raw)
	}
	wantBooks(t, s, 1, 1, 1)

	receipt := b.Receipt()
	access := receipt.Map("access")
	if access["state"] != "new" || access["credentials"] != "available" || access["user_login"] != "erika@example.com" {
		t.Errorf("access = %v", access)
	}
	if receipt.String("number") != "1001" || receipt.String("tender") != "Visa •••• 4242" {
		t.Errorf("receipt = %s", receipt.Raw)
	}
	shown := b.Credentials("")
	var hash string
	if err := s.SQL.QueryRow("SELECT user_pass FROM shop_users").Scan(&hash); err != nil {
		t.Fatal(err)
	}
	if right, err := wpdb.CheckHash(shown.String("password"), hash); err != nil || !right {
		t.Errorf("the shown password %s does not log in (%v)", shown.Raw, err)
	}
	if again := b.Credentials(""); again.Code != http.StatusConflict {
		t.Errorf("second time: %d %s, want a conflict", again.Code, again.Raw)
	}
	if own := b.Credentials("correct horse battery"); own.Code != http.StatusOK || own.String("password") != "correct horse battery" {
		t.Errorf("own password: %d %s", own.Code, own.Raw)
	}
	shoptest.WaitFor(t, "three mails", func() bool { return len(s.Plugin.Mails()) == 3 })
	for id, mail := range s.Plugin.Mails() {
		if strings.HasSuffix(id, "-welcome") && (mail.SetPasswordUser == 0 || !strings.Contains(mail.Text, "%%set_password_url%%")) {
			t.Errorf("welcome mail has no link to set a password: %+v", mail)
		}
	}
	shoptest.WaitFor(t, "the events", func() bool { return len(s.Plugin.Events()) == 2 })
}

func TestPurchase_FreeOrderShowsNothingOfTheAccount(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "free")
	b.Start("erika@example.com")
	if a := b.PayWithKey("", "key-of-a-free-order"); a.String("status") != "succeeded" {
		t.Fatalf("pay: %d %s", a.Code, a.Raw)
	}
	wantBooks(t, s, 0, 1, 1)
	if access := b.Receipt().Map("access"); access["state"] != "none" || access["user_login"] != "" {
		t.Errorf("access = %v, want none", access)
	}
	if a := b.Credentials(""); a.Code != http.StatusConflict {
		t.Errorf("credentials of a free order: %d %s", a.Code, a.Raw)
	}
}

func TestPurchase_ExistingAccountIsLeftAlone(t *testing.T) {
	s, p := open(t)
	s.Exec(`INSERT INTO shop_users (user_login, user_pass, user_nicename, user_email, display_name) VALUES ('erika', 'hash', 'erika', 'Erika@example.com', 'Erika')`)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	if a := b.Pay(cardGood); a.String("status") != "succeeded" {
		t.Fatalf("pay: %d %s", a.Code, a.Raw)
	}
	wantBooks(t, s, 1, 1, 1)
	if access := b.Receipt().Map("access"); access["state"] != "existing" || access["user_login"] != "" {
		t.Errorf("access = %v, want existing without a user name", access)
	}
	if a := b.Credentials("correct horse battery"); a.Code != http.StatusConflict {
		t.Errorf("credentials of an existing account: %d %s", a.Code, a.Raw)
	}
	if n := s.Count("SELECT COUNT(*) FROM {wp:users} WHERE user_pass = 'hash' AND user_email = 'Erika@example.com'"); n != 1 {
		t.Error("the account's password or e-mail was changed")
	}
	shoptest.WaitFor(t, "the roles", func() bool { return s.Plugin.Calls("/users/1/roles") == 1 })
}

func TestPurchase_DeclineThenSuccessChargesOnce(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	if a := b.Pay(cardDeclined); a.String("status") != "declined" || a.String("message") == "" {
		t.Fatalf("pay: %d %s", a.Code, a.Raw)
	}
	if a := b.Pay(cardGood); a.String("status") != "succeeded" {
		t.Fatalf("pay again: %d %s", a.Code, a.Raw)
	}
	wantBooks(t, s, 1, 1, 1)
	if n := len(s.Stripe.Intents()); n != 1 {
		t.Errorf("%d intents, want the first one reused", n)
	}
}

func TestPurchase_SameKeyIsOneAnswer(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	token := s.Stripe.NewConfirmationToken(cardDeclined)
	first := b.PayWithToken("stripe", token, "one-and-the-same-key")
	second := b.PayWithToken("stripe", token, "one-and-the-same-key")
	if first.Raw != second.Raw || s.Stripe.Calls("POST /v1/payment_intents/*/confirm") != 1 {
		t.Errorf("first %s, second %s, want one confirmation and one answer", first.Raw, second.Raw)
	}
	if a := b.PayWithToken("stripe", "ctoken_other", "one-and-the-same-key"); a.Code != http.StatusBadRequest {
		t.Errorf("same key, other token: %d %s, want it refused", a.Code, a.Raw)
	}
}

func TestPurchase_ThreeDSecure(t *testing.T) {
	for _, tt := range []struct {
		name   string
		pass   bool
		status string
		books  [3]int
	}{
		{name: "passed", pass: true, status: "succeeded", books: [3]int{1, 1, 1}},
		{name: "failed", pass: false, status: "declined"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, p := open(t)
			b := s.NewBuyer(p, "course")
			b.Start("erika@example.com")
			a := b.Pay(card3DS)
			if a.String("status") != "requires_action" || a.String("client_secret") == "" {
				t.Fatalf("pay: %d %s", a.Code, a.Raw)
			}
			if change := b.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, map[string]any{"version": b.Version}); change.String("code") != "paying" {
				t.Errorf("change while paying: %d %s", change.Code, change.Raw)
			}
			if err := s.Stripe.Complete3DS(s.Stripe.Intents()[0].ID, tt.pass); err != nil {
				t.Fatal(err)
			}
			if a := b.Sync(); a.String("status") != tt.status {
				t.Errorf("sync: %d %s, want %s", a.Code, a.Raw, tt.status)
			}
			wantBooks(t, s, tt.books[0], tt.books[1], tt.books[2])
		})
	}
}

func TestPurchase_TotalsChangedAsksAgain(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	b.Total = 100
	a := b.Pay(cardGood)
	if a.String("status") != "totals_changed" || a.Map("quote") == nil {
		t.Fatalf("pay: %d %s", a.Code, a.Raw)
	}
	wantBooks(t, s, 0, 0, 0)
}

func TestPurchase_ClosedOfferTakesNoMoney(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	p.Import(t, strings.Replace(shoptest.Catalogue, "    name: The course\n", "    name: The course\n    closes_at: 2025-01-01 00:00\n", 1))
	if a := b.Pay(cardGood); a.Code != http.StatusGone {
		t.Errorf("pay: %d %s, want gone", a.Code, a.Raw)
	}
	wantBooks(t, s, 0, 0, 0)
}

func TestPurchase_ThankYouURLGetsOrderInfo(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "elsewhere")
	b.Start("erika@example.com")
	if a := b.Pay(cardGood); a.String("status") != "succeeded" {
		t.Fatalf("pay: %d %s", a.Code, a.Raw)
	}
	got := b.Receipt().String("thank_you_url")
	offer := s.Count("SELECT id FROM {offers} WHERE slug = 'elsewhere'")
	want := s.Plugin.URL + "/thanks/?mine=1&orderId=1001&offerId=" + string(rune('0'+offer)) + "&price=49.00#here"
	if got != want {
		t.Errorf("thank_you_url = %s\nwant            %s", got, want)
	}
}
