package server_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/tillside/tillside/server/shoptest"
)

const threeDays = 73 * time.Hour

// statusBuyer is the browser to which a bank sent the buyer back: it holds the
// status-only token of a click and nothing else.
func statusBuyer(t *testing.T, s *shoptest.Stand, b *shoptest.Buyer, key string) *shoptest.Buyer {
	t.Helper()
	secret, err := s.Keys.Derive("tillside/v1/status")
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write([]byte(b.ID + "\n" + key))
	other := *b
	other.Token = hex.EncodeToString(mac.Sum(nil)[:16])
	return &other
}

func wantStatus(t *testing.T, a shoptest.Answer, status string) {
	t.Helper()
	if a.Code != http.StatusOK || a.String("status") != status {
		t.Errorf("answer: %d %s, want %s", a.Code, a.Raw, status)
	}
}

func TestDebit_SettlesDaysLater(t *testing.T) {
	for _, way := range []string{"webhook", "poll", "reconciler", "sync"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s := shoptest.New(t)
			p := debitProcess(t, s, way)
			b := s.NewBuyer(p, "course")
			b.Start("erika@example.com")
			a := b.Pay(ibanGood)
			if wantStatus(t, a, "processing"); a.String("reason") != "bank" || a.String("message") == "" {
				t.Errorf("pay: %s, want the bank named", a.Raw)
			}
			wantBooks(t, s, 0, 0, 0)
			if again := b.Pay(cardGood); again.String("status") != "processing" {
				t.Errorf("a second pay: %d %s, want the first one's answer", again.Code, again.Raw)
			}
			change := b.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, map[string]any{"version": b.Version})
			if change.Code != http.StatusConflict || change.String("code") != "paying" {
				t.Errorf("change: %d %s, want paying", change.Code, change.Raw)
			}
			s.Age(threeDays) // nothing of ours gives up before the bank does
			if err := p.Shop.Checkout.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantStatus(t, b.Sync(), "processing")
			s.Age(2 * time.Hour)
			s.Stripe.Advance(threeDays)
			notice(t, p, b, way)
			waitForOrder(t, s)
			wantBooks(t, s, 1, 1, 1)
			wantStatus(t, b.Sync(), "succeeded")
			if tender := b.Receipt().String("tender"); tender == "" {
				t.Error("the receipt names no means of payment")
			}
			shoptest.WaitFor(t, "three mails", func() bool { return len(s.Plugin.Mails()) == 3 })
		})
	}
}

func TestDebit_FailsDaysLater(t *testing.T) {
	for _, way := range []string{"webhook", "poll", "reconciler", "sync"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s := shoptest.New(t)
			p := debitProcess(t, s, way)
			b := s.NewBuyer(p, "course")
			b.Start("erika@example.com")
			wantStatus(t, b.Pay(ibanBad), "processing")
			s.Age(2 * time.Hour)
			s.Stripe.Advance(threeDays)
			notice(t, p, b, way)
			shoptest.WaitFor(t, "the decline", func() bool { return s.Count("SELECT COUNT(*) FROM {attempts} WHERE status = 'declined'") == 1 })
			if a := b.Sync(); a.String("status") != "declined" || a.String("message") == "" {
				t.Errorf("sync: %d %s, want declined with a reason", a.Code, a.Raw)
			}
			wantBooks(t, s, 0, 0, 0)
			shoptest.WaitFor(t, "the mail that it failed", func() bool {
				return s.Plugin.Mails()["checkout-"+b.ID+"-failed-1"].To == "erika@example.com"
			})
			if a := b.Pay(cardGood); a.String("status") != "succeeded" {
				t.Errorf("pay with a card then: %d %s", a.Code, a.Raw)
			}
			wantBooks(t, s, 1, 1, 1)
		})
	}
}

// debitProcess starts a process that hears from the provider in one way only.
func debitProcess(t *testing.T, s *shoptest.Stand, way string) *shoptest.Process {
	t.Helper()
	var hooks *shoptest.Hooks
	if way == "webhook" {
		hooks = s.UseWebhooks()
	}
	p := s.Start(shoptest.Options{})
	p.Import(t, shoptest.Catalogue)
	s.StopSchedules()
	if hooks != nil {
		hooks.To(p.URL)
	}
	return p
}

func notice(t *testing.T, p *shoptest.Process, b *shoptest.Buyer, way string) {
	t.Helper()
	var err error
	switch way {
	case "poll":
		_, err = p.Shop.Poll(t.Context())
	case "reconciler":
		err = p.Shop.Checkout.Reconcile(t.Context())
	case "sync":
		b.Sync()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestStatusToken_ShowsTheStatusAlone(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	const key = "the-key-of-this-click"
	if a := b.PayWithKey(card3DS, key); a.String("status") != "requires_action" {
		t.Fatalf("pay: %d %s", a.Code, a.Raw)
	}
	other := statusBuyer(t, s, b, key)
	wantOnly := func(a shoptest.Answer, status string, names ...string) {
		t.Helper()
		wantStatus(t, a, status)
		for name, value := range a.Body {
			if !slices.Contains(names, name) && value != nil {
				t.Errorf("the status token shows %s: %s", name, a.Raw)
			}
		}
	}
	wantOnly(other.Sync(), "requires_action", "status")
	wantOnly(other.Do(http.MethodGet, "/v1/checkouts/"+b.ID, nil), "paying", "id", "status", "version", "step")
	if err := s.Stripe.Complete3DS(s.Stripe.Intents()[0].ID, true); err != nil {
		t.Fatal(err)
	}
	wantOnly(other.Sync(), "succeeded", "status")
	wantOnly(other.Do(http.MethodGet, "/v1/checkouts/"+b.ID, nil), "paid", "id", "status", "version", "step")
	b.Sync()
	other.OrderID = b.OrderID
	for name, a := range map[string]shoptest.Answer{
		"receipt": other.Receipt(), "credentials": other.Credentials(""), "pay": other.Pay(cardGood),
		"change": other.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, map[string]any{"version": b.Version}),
	} {
		if a.Code != http.StatusNotFound {
			t.Errorf("%s with the status token: %d %s, want not found", name, a.Code, a.Raw)
		}
	}
	wantBooks(t, s, 1, 1, 1)
}
