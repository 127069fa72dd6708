package server_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/tillside/tillside/server/config"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/shoptest"
)

// restored is a site whose database was opened under another address: with one
// order whose mails wait, one payment at the bank's question, and the original
// stopped.
type restored struct {
	*shoptest.Stand
	there  *shoptest.Plugin // WordPress at the new address
	buyer  *shoptest.Buyer  // at the new address
	intent string           // that the original's buyer may still pay
	calls  int              // what the original's WordPress had been asked
	asked  int              // what the provider had been asked
}

func restore(t *testing.T) *restored {
	t.Helper()
	s := shoptest.New(t)
	s.UseWebhooks() // stores the original's keys
	p := s.Start(shoptest.Options{Idle: true})
	p.Import(t, shoptest.Catalogue)
	paid := s.NewBuyer(p, "course")
	paid.Start("erika@example.com")
	wantStatus(t, paid.Pay(cardGood), "succeeded")
	pending := s.NewBuyer(p, "course")
	pending.Start("max@example.com")
	pay3DS(t, s, pending)
	p.Stop()
	r := &restored{Stand: s, there: s.NewPlugin()}
	for _, intent := range s.Stripe.Intents() {
		if intent.Status == "requires_action" {
			r.intent = intent.ID
		}
	}
	r.buyer = &shoptest.Buyer{}
	*r.buyer = *pending
	r.buyer.Home = r.there.URL
	r.calls, r.asked = len(s.Plugin.AllCalls()), s.Stripe.Calls("")
	return r
}

// start starts a process at the new address, with keys in its environment or not.
func (r *restored) start(envKeys bool) *shoptest.Process {
	p := r.Start(shoptest.Options{Change: func(c *config.Config) {
		c.SiteURL = r.there.URL
		if !envKeys {
			c.StripeSecretKey, c.StripePublishableKey = "", ""
		}
	}})
	r.buyer.URL = p.URL
	return p
}

func (r *restored) form() shoptest.Answer {
	return r.buyer.Do(http.MethodGet, "/v1/forms/course", nil, "X-Tillside-Form", r.buyer.FormToken())
}

func (r *restored) wantSilence(t *testing.T) {
	t.Helper()
	if n := len(r.Plugin.AllCalls()); n != r.calls {
		t.Errorf("the original's WordPress was asked %v", r.Plugin.AllCalls()[r.calls:])
	}
	if n := r.Stripe.Calls(""); n != r.asked {
		t.Errorf("%d questions to the provider", n-r.asked)
	}
}

func TestFence_NothingLeavesACopy(t *testing.T) {
	r := restore(t)
	jobs := r.Count("SELECT COUNT(*) FROM {jobs}")
	p := r.start(true)
	if a := r.form(); a.Body["payable"] != false || a.String("message") == "" {
		t.Errorf("form: %d %s, want it not payable, with a sentence", a.Code, a.Raw)
	}
	for _, offer := range []string{"course", "free"} {
		fresh := *r.buyer
		fresh.Offer = offer
		a := fresh.Do(http.MethodPost, "/v1/checkouts", map[string]any{
			"form_token": fresh.FormToken(), "contact": map[string]string{"email": "new@example.com", "first_name": "N"},
		})
		if a.Code != http.StatusServiceUnavailable {
			t.Errorf("start of %s: %d %s, want unavailable", offer, a.Code, a.Raw)
		}
	}
	if a := r.buyer.Pay(cardGood); a.Code != http.StatusServiceUnavailable {
		t.Errorf("pay: %d %s, want unavailable", a.Code, a.Raw)
	}
	r.buyer.Sync()
	if _, err := p.Shop.Reconcile(t.Context()); !errs.Is(err, errs.Conflict) {
		t.Errorf("reconcile: %v, want a conflict", err)
	}
	if _, err := p.Shop.Refund(t.Context(), "1001", "", ""); !errs.Is(err, errs.Conflict) {
		t.Errorf("refund: %v, want a conflict", err)
	}
	if n, err := p.Shop.Poll(t.Context()); n != 0 || err != nil {
		t.Errorf("poll: %d %v, want nothing", n, err)
	}
	status := r.buyer.DoAdmin(http.MethodGet, "/v1/admin/status", nil)
	if status.Map("fence")["state"] != "mismatch" {
		t.Errorf("status: %d %s, want a mismatch", status.Code, status.Raw)
	}
	if a := r.buyer.DoAdmin(http.MethodPut, "/v1/admin/gateways/stripe", map[string]string{"secret_key": "sk_test_x", "publishable_key": "pk_test_x"}); a.Code != http.StatusConflict {
		t.Errorf("save keys: %d %s, want a conflict", a.Code, a.Raw)
	}
	r.Age(48 * time.Hour)
	time.Sleep(2500 * time.Millisecond) // the worker polls each second
	r.wantSilence(t)
	if n := r.Count("SELECT COUNT(*) FROM {jobs} WHERE attempts = 0 AND unique_key IS NULL"); n != jobs {
		t.Errorf("%d jobs wait, want the original's %d", n, jobs)
	}
	for _, call := range r.there.AllCalls() {
		if call != "/hello" {
			t.Errorf("WordPress at the new address was asked %s", call)
		}
	}
	if a := r.buyer.DoAdmin(http.MethodPost, "/v1/admin/fence", map[string]string{"decision": "perhaps"}); a.Code != http.StatusBadRequest {
		t.Errorf("decide: %d %s", a.Code, a.Raw)
	}
}

// A staging site that kept the original's address in its database would greet
// the original.
func TestFence_CopyUnderTheOldAddressGreetsNobody(t *testing.T) {
	r := restore(t)
	r.Exec(`UPDATE shop_tillside_settings SET value = REPLACE(value, '"database":"', '"database":"x') WHERE name = 'site.identity'`)
	p := r.Start(shoptest.Options{})
	p.Shop.Checkup(t.Context())
	r.Age(48 * time.Hour)
	time.Sleep(1500 * time.Millisecond)
	r.wantSilence(t)
}

func TestFence_MovedGoesOn(t *testing.T) {
	r := restore(t)
	first := r.start(true)
	second := r.start(true)
	r.buyer.URL = first.URL
	if a := r.buyer.DoAdmin(http.MethodPost, "/v1/admin/fence", map[string]string{"decision": "moved"}); a.Map("fence")["state"] != "ok" {
		t.Fatalf("decide: %d %s", a.Code, a.Raw)
	}
	if a := r.form(); a.Body["payable"] != true {
		t.Errorf("form: %d %s, want it payable", a.Code, a.Raw)
	}
	r.buyer.URL = second.URL
	shoptest.WaitFor(t, "the other process to notice", func() bool { return r.form().Body["payable"] == true })
	if err := r.Stripe.Complete3DS(r.intent, true); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r.buyer.Sync(), "succeeded")
	wantBooks(t, r.Stand, 2, 2, 2)
	shoptest.WaitFor(t, "all mails", func() bool { return len(r.there.Mails()) == 6 })
	if n := len(r.Plugin.AllCalls()); n != r.calls {
		t.Errorf("the old address was asked %v", r.Plugin.AllCalls()[r.calls:])
	}
}

func TestFence_CopyStartsAnew(t *testing.T) {
	r := restore(t)
	p := r.start(false)
	r.buyer.Do(http.MethodPost, "/v1/webhooks/stripe", map[string]string{}) // makes the process read the original's keys
	if a := r.buyer.DoAdmin(http.MethodPost, "/v1/admin/fence", map[string]string{"decision": "copy"}); a.Map("fence")["state"] != "ok" {
		t.Fatalf("decide: %d %s", a.Code, a.Raw)
	}
	if a := r.form(); a.Body["payable"] != false {
		t.Errorf("form: %d %s, want the original's keys forgotten", a.Code, a.Raw)
	}
	if a := r.buyer.DoAdmin(http.MethodPost, "/v1/admin/fence", map[string]string{"decision": "copy"}); a.Code != http.StatusConflict {
		t.Errorf("decide twice: %d %s, want a conflict", a.Code, a.Raw)
	}
	// The same test account is entered again, and the original's buyer pays there.
	if a := r.buyer.DoAdmin(http.MethodPut, "/v1/admin/gateways/stripe", map[string]string{"secret_key": "sk_test_sandbox", "publishable_key": "pk_test_sandbox"}); a.Code != http.StatusOK {
		t.Fatalf("save keys: %d %s", a.Code, a.Raw)
	}
	if err := r.Stripe.Complete3DS(r.intent, true); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Shop.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Quiet()
	if n := r.Count("SELECT COUNT(*) FROM {orders}"); n != 1 {
		t.Errorf("%d orders, want none for the original's payment", n)
	}
	fresh := *r.buyer
	fresh.Start("new@example.com")
	wantStatus(t, fresh.Pay(cardGood), "succeeded")
	shoptest.WaitFor(t, "its mails", func() bool { return len(r.there.Mails()) == 3 })
	for _, mail := range r.there.Mails() {
		if !slices.Contains([]string{"new@example.com", "owner@example.com"}, mail.To) {
			t.Errorf("the copy wrote to %s", mail.To)
		}
	}
	sites := map[string]bool{}
	for _, intent := range r.Stripe.Intents() {
		sites[intent.Metadata["site"]] = true
	}
	if len(sites) != 2 {
		t.Errorf("intents of the original and of the copy carry the ids %v, want two", sites)
	}
	if len(r.Plugin.AllCalls()) != r.calls {
		t.Errorf("the original was asked %v", r.Plugin.AllCalls()[r.calls:])
	}
}
