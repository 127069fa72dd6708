package server_test

import (
	"crypto/rand"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/stripe"
	"github.com/tillside/tillside/server/shoptest"
)

const (
	createCall  = "POST /v1/payment_intents"
	confirmCall = "POST /v1/payment_intents/*/confirm"
)

// threeProcesses returns a site that three processes sell for.
func threeProcesses(t *testing.T) (*shoptest.Stand, []*shoptest.Process) {
	t.Helper()
	s, first := open(t)
	return s, []*shoptest.Process{first, s.Start(shoptest.Options{}), s.Start(shoptest.Options{})}
}

// payAtOnce clicks eight times at once, over all processes, and asks again
// until each click has an answer other than "processing".
func payAtOnce(s *shoptest.Stand, processes []*shoptest.Process, b *shoptest.Buyer, token string, keys []string) []shoptest.Answer {
	answers := make([]shoptest.Answer, len(keys))
	var start, done sync.WaitGroup
	start.Add(1)
	for i, key := range keys {
		tab := *b // a window of its own
		tab.URL = processes[i%len(processes)].URL
		done.Go(func() {
			means := token
			if means == "" {
				means = s.Stripe.NewConfirmationToken(cardGood)
			}
			start.Wait()
			answers[i] = tab.PayWithToken("stripe", means, key)
			for range 100 {
				if answers[i].String("status") != "processing" {
					return
				}
				time.Sleep(100 * time.Millisecond)
				answers[i] = tab.Sync()
			}
		})
	}
	start.Done()
	done.Wait()
	return answers
}

func wantAllSucceeded(t *testing.T, answers []shoptest.Answer) {
	t.Helper()
	order := answers[0].Map("order")["id"]
	for i, a := range answers {
		if a.Code != http.StatusOK || a.String("status") != "succeeded" || a.Map("order")["id"] != order || order == nil {
			t.Errorf("click %d: %d %s, want the one order", i, a.Code, a.Raw)
		}
	}
}

func keysOf(n int, same bool) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = rand.Text()
		if same {
			keys[i] = keys[0]
		}
	}
	return keys
}

func TestPay_EightAtOnceOverThreeProcessesAreOneCharge(t *testing.T) {
	faults := []struct {
		name   string
		faults []stripe.Fault
	}{
		{name: "all well"},
		{name: "answer of create lost", faults: []stripe.Fault{{Match: createCall, Status: stripe.FaultLostAnswer}}},
		{name: "answer of confirm lost", faults: []stripe.Fault{{Match: confirmCall, Status: stripe.FaultLostAnswer}}},
		{name: "create busy", faults: []stripe.Fault{{Match: createCall, Status: "429"}}},
		{name: "confirm busy", faults: []stripe.Fault{{Match: confirmCall, Status: "429"}}},
		{name: "confirm slow", faults: []stripe.Fault{{Match: confirmCall, Status: stripe.FaultSlow, HoldMS: 1500}}},
	}
	for _, tt := range faults {
		for _, sameKey := range []bool{true, false} {
			name := tt.name + ", eight keys"
			if sameKey {
				name = tt.name + ", one key"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s, processes := threeProcesses(t)
				b := s.NewBuyer(processes[0], "course")
				b.Start("erika@example.com")
				token := ""
				if sameKey { // the same click: the same token
					token = s.Stripe.NewConfirmationToken(cardGood)
				}
				for _, f := range tt.faults {
					if err := s.Stripe.Fail(f); err != nil {
						t.Fatal(err)
					}
				}
				wantAllSucceeded(t, payAtOnce(s, processes, b, token, keysOf(8, sameKey)))
				wantBooks(t, s, 1, 1, 1)
				if n := s.Count("SELECT COUNT(*) FROM {attempts}"); n != 1 {
					t.Errorf("%d attempts, want one", n)
				}
				if n := len(s.Stripe.Intents()); n != 1 {
					t.Errorf("%d intents, want one", n)
				}
			})
		}
	}
}

// The provider answers with an error that it repeats for the key for a day: the
// buyer is told soon that nothing was charged, and can pay after that.
func TestPay_ProviderErrorIsToldSoonAndCanBeRepeated(t *testing.T) {
	for _, tt := range []struct{ name, match, status string }{
		{name: "500 at create", match: createCall, status: "500"},
		{name: "500 at confirm", match: confirmCall, status: "500"},
		{name: "503 at confirm", match: confirmCall, status: "503"},
		{name: "400 at create", match: createCall, status: "400"},
		{name: "401 at confirm", match: confirmCall, status: "401"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, processes := threeProcesses(t)
			b := s.NewBuyer(processes[0], "course")
			b.Start("erika@example.com")
			if err := s.Stripe.Fail(stripe.Fault{Match: tt.match, Status: tt.status}); err != nil {
				t.Fatal(err)
			}
			a := b.Pay(cardGood)
			if a.String("status") == "processing" { // what the provider said may be repeated
				s.Age(16 * time.Second)
				a = b.Sync()
			}
			if a.String("status") != "declined" || a.String("message") == "" {
				t.Fatalf("answer: %d %s, want declined", a.Code, a.Raw)
			}
			wantBooks(t, s, 0, 0, 0)
			if a := b.Pay(cardGood); a.String("status") != "succeeded" {
				t.Errorf("pay again: %d %s", a.Code, a.Raw)
			}
			wantBooks(t, s, 1, 1, 1)
		})
	}
}

// The provider does its part and its answer is lost, also those to the SDK's own
// repetitions: the next question carries the same key.
func TestPay_LostAnswersAreAskedForAgain(t *testing.T) {
	for _, match := range []string{createCall, confirmCall} {
		t.Run(match, func(t *testing.T) {
			t.Parallel()
			s, processes := threeProcesses(t)
			b := s.NewBuyer(processes[0], "course")
			b.Start("erika@example.com")
			if err := s.Stripe.Fail(stripe.Fault{Match: match, Status: stripe.FaultLostAnswer, Times: 3}); err != nil {
				t.Fatal(err)
			}
			a := b.Pay(cardGood)
			for range 50 {
				if a.String("status") != "processing" {
					break
				}
				time.Sleep(50 * time.Millisecond)
				a = b.Sync()
			}
			if a.String("status") != "succeeded" {
				t.Errorf("answer: %d %s", a.Code, a.Raw)
			}
			wantBooks(t, s, 1, 1, 1)
			if n := len(s.Stripe.Intents()); n != 1 {
				t.Errorf("%d intents, want one", n)
			}
		})
	}
}

// The provider does not answer at all; 25 seconds later the same question under
// the same key does it.
func TestPay_TimeoutsAreOneCharge(t *testing.T) {
	for _, match := range []string{createCall, confirmCall} {
		t.Run(match, func(t *testing.T) {
			t.Parallel()
			s, processes := threeProcesses(t)
			b := s.NewBuyer(processes[0], "course")
			b.Start("erika@example.com")
			if err := s.Stripe.Fail(stripe.Fault{Match: match, Status: stripe.FaultTimeout}); err != nil {
				t.Fatal(err)
			}
			wantAllSucceeded(t, payAtOnce(s, processes, b, "", keysOf(8, false)))
			wantBooks(t, s, 1, 1, 1)
		})
	}
}
