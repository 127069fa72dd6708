package stripe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

// EventMode is how events reach the webhook endpoints. The list of events is
// complete and in order in every mode.
type EventMode string

// The modes of delivery.
const (
	InOrder  EventMode = "in_order" // after the answer of the call that caused them
	Shuffled EventMode = "shuffled" // the newest first
	Doubled  EventMode = "doubled"  // each twice, at the same time
	Dropped  EventMode = "dropped"  // never
	Delayed  EventMode = "delayed"  // when the virtual clock has moved on by an hour
	Early    EventMode = "early"    // before the answer of the call that caused them
)

// outbox are the deliveries that wait.
type outbox struct {
	mode    EventMode
	delay   time.Duration // in mode Delayed
	waiting []*delivery
	busy    bool // a worker is delivering in the background
	sending int
}

// delivery is one event on its way to one endpoint.
type delivery struct {
	account *account
	event   *Event
	hook    string
	at      time.Time // virtual
	tries   int
}

// retryAfter are the pauses before the tries that follow a failed one; Stripe
// tries three times over a few hours in test mode.
var retryAfter = []time.Duration{time.Hour, 2 * time.Hour, 4 * time.Hour}

// SetEventMode changes how the events that follow are delivered. Those held
// back by Delayed are let go.
func (s *Server) SetEventMode(mode EventMode) error {
	if !slices.Contains([]EventMode{InOrder, Shuffled, Doubled, Dropped, Delayed, Early}, mode) {
		return fmt.Errorf("event mode %q is unknown", mode)
	}
	s.mu.Lock()
	if s.outbox.mode == Delayed {
		for _, d := range s.outbox.waiting {
			d.at = s.clock.now()
		}
	}
	s.outbox.mode = mode
	s.mu.Unlock()
	s.deliver(false)
	return nil
}

// enqueue makes an event wait for its delivery. The caller holds the lock.
func (a *account) enqueue(ev *Event, hook *WebhookEndpoint) {
	ev.PendingWebhooks++
	d := &delivery{account: a, event: ev, hook: hook.ID, at: a.clock.now()}
	box := &a.Server.outbox
	switch box.mode {
	case Dropped:
		ev.failed = true
		return
	case Delayed:
		d.at = d.at.Add(box.delay)
	}
	box.waiting = append(box.waiting, d)
}

// deliver sends what is due: now, and then returns, or in the background.
func (s *Server) deliver(now bool) {
	s.mu.Lock()
	start := len(s.outbox.waiting) > 0 && !now && !s.outbox.busy
	if start {
		s.outbox.busy = true
	}
	s.mu.Unlock()
	switch {
	case now:
		s.drain(func() {})
	case start:
		go s.drain(func() { s.outbox.busy = false })
	}
}

// drain sends until nothing is due; done is called under the lock.
func (s *Server) drain(done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for d := s.nextDelivery(); d != nil; d = s.nextDelivery() {
		copies := 1
		if s.outbox.mode == Doubled {
			copies = 2
		}
		s.send(d, copies)
	}
	done()
	s.idle.Broadcast()
}

func (s *Server) nextDelivery() *delivery {
	now := s.clock.now()
	due := func(d *delivery) bool { return !d.at.After(now) }
	i := slices.IndexFunc(s.outbox.waiting, due)
	if i < 0 {
		return nil
	}
	if s.outbox.mode == Shuffled {
		for i = len(s.outbox.waiting) - 1; !due(s.outbox.waiting[i]); i-- {
		}
	}
	d := s.outbox.waiting[i]
	s.outbox.waiting = slices.Delete(s.outbox.waiting, i, i+1)
	return d
}

// send posts a delivery, without the lock while the network is used, and books
// how it went.
func (s *Server) send(d *delivery, copies int) {
	hook, ok := d.account.hooks.get(d.hook)
	if !ok {
		d.event.PendingWebhooks--
		return
	}
	body, err := json.Marshal(d.event)
	if err != nil {
		s.log.Error("webhook not encoded", "type", d.event.Type, "error", err)
		return
	}
	to, secret := hook.URL, hook.secret
	s.outbox.sending++
	s.mu.Unlock()
	results := make([]error, copies)
	var wg sync.WaitGroup
	for i := range copies {
		wg.Go(func() { results[i] = s.post(to, secret, body) })
	}
	wg.Wait()
	s.mu.Lock()
	s.outbox.sending--
	if slices.Contains(results, nil) {
		d.event.PendingWebhooks--
		d.event.failed = false
		return
	}
	s.log.Warn("webhook not delivered", "type", d.event.Type, "try", d.tries+1, "error", results[0])
	d.event.failed = true
	if d.tries < len(retryAfter) {
		d.at = s.clock.now().Add(retryAfter[d.tries])
		d.tries++
		s.outbox.waiting = append(s.outbox.waiting, d)
	}
}

// post signs with real time, whatever the virtual clock says, because the
// receiver compares with its own.
func (s *Server) post(to, secret string, body []byte) error {
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret})
	req, err := http.NewRequest(http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("post webhook to %s: %w", to, err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	req.Header.Set("Stripe-Signature", signed.Header)
	resp, err := s.hook.Do(req)
	if err != nil {
		return fmt.Errorf("post webhook to %s: %w", to, err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("post webhook to %s: it answered %d", to, resp.StatusCode)
	}
	return nil
}

// webhookClient follows no redirects and reaches only this machine and private
// networks: a sandbox that was given a real address by mistake stays silent.
func webhookClient() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("webhook address %s: %w", address, err)
		}
		if ip := at.Addr().Unmap(); !ip.IsLoopback() && !ip.IsPrivate() {
			return fmt.Errorf("webhook address %s is public; the sandbox posts only to this machine and private networks", ip)
		}
		return nil
	}}
	return &http.Client{
		Timeout:       20 * time.Second,
		Transport:     &http.Transport{DialContext: dialer.DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
