package server_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/stripe"
	"github.com/tillside/tillside/server/shoptest"
)

// openWithWebhooks returns a site to which the provider sends its events.
func openWithWebhooks(t *testing.T) (*shoptest.Stand, *shoptest.Process, *shoptest.Hooks) {
	t.Helper()
	s := shoptest.New(t)
	hooks := s.UseWebhooks()
	p := s.Start(shoptest.Options{})
	hooks.To(p.URL)
	p.Import(t, shoptest.Catalogue)
	s.StopSchedules() // a poll would find what a webhook did not bring
	return s, p, hooks
}

// pay3DS clicks and leaves the buyer at the bank's question.
func pay3DS(t *testing.T, s *shoptest.Stand, b *shoptest.Buyer) {
	t.Helper()
	if a := b.Pay(card3DS); a.String("status") != "requires_action" {
		t.Fatalf("pay: %d %s", a.Code, a.Raw)
	}
}

func waitForOrder(t *testing.T, s *shoptest.Stand) {
	t.Helper()
	shoptest.WaitFor(t, "the order", func() bool { return s.Count("SELECT COUNT(*) FROM {orders}") > 0 })
}

func TestWebhook_EventsInAnyOrderAreOneOrder(t *testing.T) {
	for _, mode := range []stripe.EventMode{stripe.InOrder, stripe.Shuffled, stripe.Doubled, stripe.Early} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s, p, hooks := openWithWebhooks(t)
			if err := s.Stripe.SetEventMode(mode); err != nil {
				t.Fatal(err)
			}
			b := s.NewBuyer(p, "course")
			b.Start("erika@example.com")
			pay3DS(t, s, b)
			if err := s.Stripe.Complete3DS(s.Stripe.Intents()[0].ID, false); err != nil {
				t.Fatal(err)
			}
			shoptest.WaitFor(t, "the decline", func() bool { return s.Count("SELECT COUNT(*) FROM {attempts} WHERE status = 'declined'") == 1 })
			if a := b.Pay(cardGood); a.String("status") != "succeeded" {
				t.Fatalf("pay again: %d %s", a.Code, a.Raw)
			}
			s.Stripe.Flush()
			s.Quiet()
			wantBooks(t, s, 1, 1, 1)
			for _, status := range hooks.Statuses() {
				if status != http.StatusOK {
					t.Errorf("webhooks were answered %v, want 200 for each", hooks.Statuses())
				}
			}
			if events, known := len(s.Stripe.Events()), s.Count("SELECT COUNT(*) FROM {provider_events}"); known != events {
				t.Errorf("%d events in the inbox, want each of the %d once", known, events)
			}
			if n := s.Count("SELECT COUNT(*) FROM {quarantine}"); n != 0 {
				t.Errorf("%d payments in quarantine, want none", n)
			}
		})
	}
}

// The buyer confirms in the bank's app and never comes back.
func TestWebhook_AloneMakesTheOrder(t *testing.T) {
	s, p, _ := openWithWebhooks(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	pay3DS(t, s, b)
	if err := s.Stripe.Complete3DS(s.Stripe.Intents()[0].ID, true); err != nil {
		t.Fatal(err)
	}
	waitForOrder(t, s)
	wantBooks(t, s, 1, 1, 1)
	shoptest.WaitFor(t, "three mails", func() bool { return len(s.Plugin.Mails()) == 3 })
}

func TestWebhook_LostOnesAreFound(t *testing.T) {
	lose := func(t *testing.T) (*shoptest.Stand, *shoptest.Process, string) {
		s, p, _ := openWithWebhooks(t)
		if err := s.Stripe.SetEventMode(stripe.Dropped); err != nil {
			t.Fatal(err)
		}
		b := s.NewBuyer(p, "course")
		b.Start("erika@example.com")
		pay3DS(t, s, b)
		intent := s.Stripe.Intents()[0].ID
		if err := s.Stripe.Complete3DS(intent, true); err != nil {
			t.Fatal(err)
		}
		if n := s.Count("SELECT COUNT(*) FROM {orders}"); n != 0 {
			t.Fatalf("%d orders without any event", n)
		}
		return s, p, intent
	}
	t.Run("in the provider's list", func(t *testing.T) {
		t.Parallel()
		s, p, _ := lose(t)
		if n, err := p.Shop.Poll(t.Context()); n == 0 || err != nil {
			t.Fatalf("poll found %d events (%v)", n, err)
		}
		waitForOrder(t, s)
		wantBooks(t, s, 1, 1, 1)
		if n, err := p.Shop.Poll(t.Context()); n != 0 || err != nil {
			t.Errorf("the second poll found %d new events (%v), want none", n, err)
		}
	})
	t.Run("by asking for each waiting attempt", func(t *testing.T) {
		t.Parallel()
		s, p, _ := lose(t)
		s.Age(3 * time.Minute)
		if err := p.Shop.Checkout.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantBooks(t, s, 1, 1, 1)
	})
	t.Run("though a newer one arrived", func(t *testing.T) {
		t.Parallel()
		s, p, intent := lose(t)
		if _, err := p.Shop.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		waitForOrder(t, s)
		if _, err := s.Stripe.RefundFromDashboard(intent, 1000); err != nil {
			t.Fatal(err)
		}
		s.Stripe.Advance(5 * time.Hour) // we were away
		if err := s.Stripe.SetEventMode(stripe.InOrder); err != nil {
			t.Fatal(err)
		}
		other := s.NewBuyer(p, "course")
		other.Start("max@example.com")
		if a := other.Pay(cardGood); a.String("status") != "succeeded" {
			t.Fatalf("pay: %d %s", a.Code, a.Raw)
		}
		s.Stripe.Flush()
		if _, err := p.Shop.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		shoptest.WaitFor(t, "the refund", func() bool {
			return s.Count("SELECT COUNT(*) FROM {orders} WHERE refunded = 1000 AND status = 'partially_refunded'") == 1
		})
	})
}

// signed returns a Stripe-Signature.
func signed(secret string, body []byte, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

func TestWebhook_FailsClosed(t *testing.T) {
	s, p, hooks := openWithWebhooks(t)
	if err := s.Stripe.SetEventMode(stripe.Dropped); err != nil {
		t.Fatal(err)
	}
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	pay3DS(t, s, b)
	intent := s.Stripe.Intents()[0].ID
	if err := s.Stripe.Complete3DS(intent, true); err != nil {
		t.Fatal(err)
	}
	event := s.Stripe.Events("payment_intent.succeeded")[0]
	good, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	event.Livemode = true
	live, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, tt := range []struct {
		name      string
		body      []byte
		signature string
		status    int
	}{
		{name: "unsigned", body: good, status: 401},
		{name: "another secret", body: good, signature: signed("whsec_other", good, now), status: 401},
		{name: "no secret", body: good, signature: signed("", good, now), status: 401},
		{name: "stale", body: good, signature: signed(hooks.Secret, good, now.Add(-6*time.Minute)), status: 401},
		{name: "of the future", body: good, signature: signed(hooks.Secret, good, now.Add(6*time.Minute)), status: 401},
		{name: "changed body", body: bytes.Replace(good, []byte(intent), []byte("pi_other"), 1), signature: signed(hooks.Secret, good, now), status: 401},
		{name: "no event", body: []byte(`{"hello":1}`), signature: signed(hooks.Secret, []byte(`{"hello":1}`), now), status: 400},
		{name: "other mode", body: live, signature: signed(hooks.Secret, live, now), status: 200},
		{name: "too large", body: bytes.Repeat([]byte(" "), 1<<20+1), signature: "t=1,v1=00", status: 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if status, err := hooks.Post(tt.body, tt.signature); status != tt.status || err != nil {
				t.Errorf("answered %d (%v), want %d", status, err, tt.status)
			}
			if n := s.Count("SELECT COUNT(*) FROM {provider_events}") + s.Count("SELECT COUNT(*) FROM {orders}"); n != 0 {
				t.Errorf("it did something: %d rows", n)
			}
		})
	}
	if status, err := hooks.Post(good, signed(hooks.Secret, good, now)); status != http.StatusOK || err != nil {
		t.Errorf("the good one was answered %d (%v)", status, err)
	}
	waitForOrder(t, s)
}

// A signed event is a hint: what it says is read again before anything is done.
func TestWebhook_LiesAreReadAgain(t *testing.T) {
	s, p, hooks := openWithWebhooks(t)
	if err := s.Stripe.SetEventMode(stripe.Dropped); err != nil {
		t.Fatal(err)
	}
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	pay3DS(t, s, b)
	body := fmt.Appendf(nil, `{"id":"evt_1","object":"event","type":"payment_intent.succeeded","created":%d,"livemode":false,
		"data":{"object":{"id":%q,"object":"payment_intent","status":"succeeded","amount_received":4900,"currency":"eur"}}}`,
		time.Now().Unix(), s.Stripe.Intents()[0].ID)
	if status, err := hooks.Post(body, signed(hooks.Secret, body, time.Now())); status != http.StatusOK || err != nil {
		t.Fatalf("answered %d (%v)", status, err)
	}
	shoptest.WaitFor(t, "the job", func() bool { return s.Count("SELECT COUNT(*) FROM {jobs} WHERE kind = 'payment.observe'") == 0 })
	if n := s.Count("SELECT COUNT(*) FROM {orders}"); n != 0 {
		t.Errorf("%d orders of an event that lies, want none", n)
	}
}

// An intent that nobody knows is ours when it carries this site's id: then the
// process died between making it and storing it. A copy of the site on the same
// account has another id.
func TestWebhook_PaymentOfAnotherSiteIsLeftAlone(t *testing.T) {
	for _, tt := range []struct {
		name     string
		identity string // what replaces the beginning of the site's id
		orders   int
	}{
		{name: "ours", identity: `"id":"`, orders: 1},
		{name: "another site's", identity: `"id":"x`, orders: 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := shoptest.New(t)
			hooks := s.UseWebhooks()
			first := s.Start(shoptest.Options{Idle: true})
			first.Import(t, shoptest.Catalogue)
			b := s.NewBuyer(first, "course")
			b.Start("erika@example.com")
			pay3DS(t, s, b)
			s.Exec("UPDATE shop_tillside_attempts SET intent_id = NULL, status = 'started'")
			s.Exec("UPDATE shop_tillside_checkouts SET intent_id = NULL")
			s.Exec("UPDATE shop_tillside_settings SET value = REPLACE(value, '\"id\":\"', ?) WHERE name = 'site.identity'", tt.identity)
			s.Exec("DELETE FROM shop_tillside_jobs")
			hooks.To(s.Start(shoptest.Options{}).URL)
			if err := s.Stripe.Complete3DS(s.Stripe.Intents()[0].ID, true); err != nil {
				t.Fatal(err)
			}
			s.Stripe.Flush()
			if len(hooks.Statuses()) == 0 {
				t.Fatal("no webhook came")
			}
			s.Quiet()
			if n := s.Count("SELECT COUNT(*) FROM {orders}"); n != tt.orders {
				t.Errorf("%d orders, want %d", n, tt.orders)
			}
			if n := s.Count("SELECT COUNT(*) FROM {jobs} WHERE state = 'dead' OR attempts > 0"); n != 0 {
				t.Errorf("%d jobs failed, want none", n)
			}
		})
	}
}

func TestPay_GoesOnWhenTheTabIsClosed(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	if err := s.Stripe.Fail(stripe.Fault{Match: confirmCall, Status: stripe.FaultSlow, HoldMS: 700}); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{
		"gateway": "stripe", "token": s.Stripe.NewConfirmationToken(cardGood),
		"expected_total": map[string]any{"amount": b.Total, "currency": b.Currency},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/v1/checkouts/"+b.ID+"/pay", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Tillside-Checkout", b.Token)
	r.Header.Set("Idempotency-Key", "the-key-of-a-closed-tab")
	if response, err := http.DefaultClient.Do(r); err == nil {
		_ = response.Body.Close() // nothing to read
		t.Fatal("the answer came before the tab was closed")
	}
	waitForOrder(t, s)
	wantBooks(t, s, 1, 1, 1)
}
