package stripe

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"time"
)

// The functions below are for tests in Go; the control routes do the same over
// HTTP. All return copies, oldest first, of all accounts together.

// Customers returns the customers.
func (s *Server) Customers() []Customer {
	return collect(s, func(a *account) []*Customer { return a.customers.all() }, func(c Customer) int64 { return c.Created })
}

// Intents returns the PaymentIntents.
func (s *Server) Intents() []PaymentIntent {
	return collect(s, func(a *account) []*PaymentIntent { return a.intents.all() }, func(pi PaymentIntent) int64 { return pi.Created })
}

// Charges returns the charges, also those that were declined or are pending.
func (s *Server) Charges() []Charge {
	return collect(s, func(a *account) []*Charge { return a.charges.all() }, func(ch Charge) int64 { return ch.Created })
}

// Refunds returns the refunds.
func (s *Server) Refunds() []Refund {
	return collect(s, func(a *account) []*Refund { return a.refunds.all() }, func(re Refund) int64 { return re.Created })
}

// Events returns the events of the types, all without any.
func (s *Server) Events(types ...string) []Event {
	all := collect(s, func(a *account) []*Event { return a.events.all() }, func(ev Event) int64 { return ev.Created })
	return slices.DeleteFunc(all, func(ev Event) bool {
		return len(types) > 0 && !slices.ContainsFunc(types, func(t string) bool { return matches(t, ev.Type) })
	})
}

// WebhookEndpoints returns the endpoints, without their secrets.
func (s *Server) WebhookEndpoints() []WebhookEndpoint {
	return collect(s, func(a *account) []*WebhookEndpoint { return a.hooks.all() }, func(h WebhookEndpoint) int64 { return h.Created })
}

func collect[T any](s *Server, rows func(*account) []*T, created func(T) int64) []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []T{}
	for _, a := range s.sortedAccounts() {
		for _, row := range rows(a) {
			all = append(all, *row)
		}
	}
	slices.SortStableFunc(all, func(x, y T) int { return cmp.Compare(created(x), created(y)) })
	return all
}

func (s *Server) sortedAccounts() []*account {
	all := make([]*account, 0, len(s.accounts))
	for _, a := range s.accounts {
		all = append(all, a)
	}
	slices.SortFunc(all, func(x, y *account) int { return cmp.Compare(x.name, y.name) })
	return all
}

// Calls tells how many API calls came in to a route, such as
// "POST /v1/payment_intents/*/confirm"; a star stands for one part of the path
// and "" counts all. Replays are counted too, calls that were refused for
// their key or parameters are not.
func (s *Server) Calls(match string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for called, times := range s.calls {
		if ok, _ := path.Match(match, called); ok || match == "" {
			n += times
		}
	}
	return n
}

// Now is the virtual time.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.now()
}

// Advance moves the virtual clock on; what is due on the way happens at its
// own moment: debits settle, refunds end, webhooks are tried again.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	s.clock.offset += d
	s.settle()
	s.mu.Unlock()
	s.deliver(false)
}

// Flush returns when all webhooks that are due have been posted and answered.
func (s *Server) Flush() {
	s.deliver(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaitIdle()
}

// Reset forgets all objects, faults and idempotency keys and sets the clock to
// real time.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.empty()
}

// TokenOptions are what a confirmation token holds besides the number.
type TokenOptions struct {
	Account          string `json:"account"` // DefaultAccount when empty
	Name             string `json:"name"`
	Email            string `json:"email"`
	Country          string `json:"country"`
	ReturnURL        string `json:"return_url"`         // https://shop.example/return when empty
	SetupFutureUsage string `json:"setup_future_usage"` // must be what the intent says
}

// NewConfirmationToken does what Stripe.js does with the entered card number,
// or IBAN when it begins with a letter, and returns the token's id. The number
// is not checked: an unknown one is declined.
func (s *Server) NewConfirmationToken(number string, options ...TokenOptions) string {
	var o TokenOptions
	if len(options) > 0 {
		o = options[0]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.account(o.Account)
	billing := BillingDetails{Name: Text(cmp.Or(o.Name, "Erika Muster")), Email: Text(cmp.Or(o.Email, "erika@example.com"))}
	billing.Address.Country = Text(o.Country)
	var tk *ConfirmationToken
	if isDigits(number) {
		tk = a.addToken(a.newCard(number, 12, int64(a.clock.now().Year()+3), "123", billing))
	} else {
		tk = a.addToken(a.newDebit(cleanIBAN(number+"0000"[:max(0, 4-len(number))]), billing))
		tk.MandateData = &MandateData{CustomerAcceptance{Type: "online", Online: &OnlineAccept{IPAddress: "192.0.2.1", UserAgent: "Go test"}}}
	}
	tk.ReturnURL = Text(cmp.Or(o.ReturnURL, "https://shop.example/return"))
	tk.SetupFutureUsage = Text(o.SetupFutureUsage)
	return tk.ID
}

// Complete3DS is the buyer who passes or fails the bank's question.
func (s *Server) Complete3DS(intentID string, ok bool) error {
	return s.withIntent(intentID, func(a *account, pi *PaymentIntent) error { return a.authenticated(pi, ok) })
}

// RefundFromDashboard gives money back as a person in Stripe's dashboard
// does; an amount of 0 is all that is left.
func (s *Server) RefundFromDashboard(intentID string, amount int64) (Refund, error) {
	var refund Refund
	err := s.withIntent(intentID, func(a *account, pi *PaymentIntent) error {
		ch, ok := a.charges.get(string(pi.LatestCharge))
		if !ok {
			return fmt.Errorf("refund %s: it has no charge", intentID)
		}
		left := ch.Amount - ch.AmountRefunded
		if amount == 0 {
			amount = left
		}
		re, err := a.giveBack(ch, amount, left)
		if err != nil {
			return err
		}
		refund = *re
		a.emit("refund.created", re, nil)
		a.emit("charge.refunded", ch, nil)
		return nil
	})
	return refund, err
}

// withIntent changes an intent under the lock and delivers what follows.
func (s *Server) withIntent(id string, change func(*account, *PaymentIntent) error) error {
	s.mu.Lock()
	s.settle()
	err := fmt.Errorf("there is no payment intent %q", id)
	for _, a := range s.accounts {
		if pi, ok := a.intents.get(id); ok {
			err = change(a, pi)
		}
	}
	s.mu.Unlock()
	s.deliver(false)
	return err
}
