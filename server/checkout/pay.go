package checkout

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/failpoint"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
)

// GatewayNone stands for no gateway: nothing is due.
const GatewayNone = "none"

// PayRequest is a click on the pay button.
type PayRequest struct {
	Key      string // the browser's idempotency key, one for each click
	Gateway  string // its name, or GatewayNone
	Token    string // the browser's token for the means of payment
	Expected money.Amount
	Address  netip.Addr // where the click came from; the zero Addr when unknown
	// Patience is how long to wait for the outcome before the answer is
	// "working": long for a browser that reaches us directly, short where a
	// PHP worker waits with it.
	Patience time.Duration
}

// AnswerStatus is how a payment stands.
type AnswerStatus string

// The answers. AnswerOpen means that nothing was tried yet.
const (
	AnswerSucceeded     AnswerStatus = "succeeded"
	AnswerProcessing    AnswerStatus = "processing"
	AnswerAction        AnswerStatus = "requires_action"
	AnswerDeclined      AnswerStatus = "declined"
	AnswerTotalsChanged AnswerStatus = "totals_changed"
	AnswerOpen          AnswerStatus = "open"
)

// Answer is what a buyer's browser is told about a payment.
type Answer struct {
	Status       AnswerStatus
	Bank         bool          // processing: a bank is at work, for days; else we are
	RetryAfter   time.Duration // processing: when to ask again
	ClientSecret string        // requires_action: for the provider's script
	Text         string        // declined: an English key, for the buyer
	Quoted       *coupon.Quoted
	OrderID      string // succeeded
	OrderNumber  int64
}

const (
	retryWorking = 700 * time.Millisecond
	retryBank    = 5 * time.Second
	driveTimeout = 60 * time.Second
	maxKey       = 64
	minKey       = 8
	maxMeans     = 255
	resumeDelay  = 20 * time.Second
	driveAgain   = 3 * time.Second
	pollInterval = 80 * time.Millisecond
)

// Pay tries to pay. The attempt is stored before the gateway is asked, and goes
// on when the caller's ctx ends. The same key again returns the first answer;
// another key while an attempt is under way returns that attempt's answer. A
// total that is not the expected one changes nothing and returns the new quote.
func (s *Service) Pay(ctx context.Context, publicID, token string, r PayRequest) (*Answer, error) {
	if len(r.Key) < minKey || len(r.Key) > maxKey || !isASCII(r.Key) {
		return nil, errs.Field("Idempotency-Key", "The header Idempotency-Key is missing or has a wrong length.")
	}
	if len(r.Token) > maxMeans || !isASCII(r.Token) {
		return nil, errs.Field("token", "The payment token does not look right.")
	}
	c, err := s.owned(ctx, publicID, token)
	if err != nil {
		return nil, err
	}
	if err := s.Selling(); err != nil {
		return nil, err
	}
	a, changed, err := s.attempt(ctx, c, r)
	if err != nil {
		return nil, fmt.Errorf("pay checkout %d: %w", c.ID, err)
	}
	if a == nil {
		return &Answer{Status: AnswerTotalsChanged, Quoted: changed}, nil
	}
	failpoint.Hit(failpoint.AttemptStored)
	return s.settleDown(ctx, a, r.Patience)
}

// maxQuotes is how often a click is quoted anew when its checkout changes, or
// a coupon is used up, at the same moment.
const maxQuotes = 4

// attempt stores a new attempt, or returns the one whose answer this click
// gets. A quote is returned instead when the total is not the expected one, or
// when a coupon of it is gone: the buyer is asked again.
func (s *Service) attempt(ctx context.Context, c *Checkout, r PayRequest) (*Attempt, *coupon.Quoted, error) {
	origin := s.originKey(r.Address)
	click := &click{
		PayRequest: r, hash: HashOf(r.Gateway + "\n" + r.Token + "\n" + r.Expected.Major() + string(r.Expected.Currency)),
		origin: origin, tooMany: s.mayTry(ctx, c, origin),
	}
	without := refused{}
	for try := 1; ; try++ {
		quoted, notForSale := s.quoteOf(ctx, c, without)
		if notForSale != nil && !errs.Is(notForSale, errs.Gone) && !errs.Is(notForSale, errs.Conflict) {
			return nil, nil, notForSale
		}
		a, current, err := s.store(ctx, c, click, quoted, notForSale, len(without) > 0)
		if gone, isRefused := asRefused(err); isRefused && try < maxQuotes {
			without[gone.CodeID] = gone.Reason
			continue
		}
		if _, isRefused := errors.AsType[*giftcard.RefusedError](err); isRefused && try < maxQuotes {
			continue // the next quote sees what is left on the card
		}
		if err != nil || a != nil || current == nil {
			return a, quoted, err
		}
		if try == maxQuotes {
			return nil, nil, errs.New(errs.Conflict, "This form was changed in another window.")
		}
		c = current
	}
}

// click is a click on the pay button with what was looked up for it.
type click struct {
	PayRequest
	hash    Hash
	origin  OriginKey
	tooMany error
}

// store writes the attempt and reserves what it takes from limits, in one
// transaction. It returns neither an attempt nor an error when the buyer must
// be asked again, and the checkout as it is when it is not the one that was
// quoted.
func (s *Service) store(ctx context.Context, c *Checkout, r *click, quoted *coupon.Quoted, notForSale error, mustAsk bool) (*Attempt, *Checkout, error) {
	var account payment.Account
	var noGateway error
	if quoted != nil {
		account, noGateway = s.account(ctx, r.Gateway, quoted.Quote)
	}
	var a *Attempt
	var current *Checkout
	err := s.Store.InTx(ctx, func(tx Tx) error {
		a, current = nil, nil
		locked, err := tx.LockCheckout(ctx, c.PublicID)
		if err != nil {
			return err
		}
		if a, err = s.earlier(ctx, tx, locked, r.Key, r.hash); a != nil || err != nil {
			return err
		}
		switch {
		case locked.Status == StatusExpired:
			return errs.New(errs.Gone, "This checkout has expired. Please start again.")
		case locked.Version != c.Version:
			current = locked
			return nil
		case locked.Buyer.Country == "":
			return errs.Field("country", "Choose your country.")
		case notForSale != nil:
			return notForSale
		case mustAsk || quoted.Quote.DueToday != r.Expected:
			return nil
		case noGateway != nil:
			return noGateway
		case r.tooMany != nil:
			return r.tooMany
		}
		a, err = s.open(ctx, tx, locked, r, account, quoted)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return a, current, nil
}

// open writes an open attempt for a checkout that is locked, with what it holds
// and the job that finishes it if we do not.
func (s *Service) open(ctx context.Context, tx Tx, c *Checkout, r *click, account payment.Account, quoted *coupon.Quoted) (*Attempt, error) {
	now := s.Now()
	a := &Attempt{
		CheckoutID: c.ID, ClientKey: r.Key, RequestHash: r.hash, Status: AttemptStarted, Account: account,
		Amount: quoted.Quote.DueToday, Token: r.Token, Terms: s.terms(c, quoted), Origin: r.origin,
		CreatedAt: now, UpdatedAt: now,
	}
	if err := s.reserve(ctx, tx, c, a, quoted); err != nil {
		return nil, err
	}
	if err := tx.AddAttempt(ctx, a); err != nil {
		return nil, err
	}
	c.Status, c.UpdatedAt = StatusPaying, now
	c.StatusHash = HashOf(s.statusToken(c.PublicID, r.Key))
	if err := tx.UpdateCheckout(ctx, c); err != nil {
		return nil, err
	}
	return a, tx.Enqueue(ctx, job.New{
		Kind: JobResume, Priority: job.PriorityPurchase, RunAt: now.Add(resumeDelay), Payload: AttemptJob{a.ID},
	})
}

// earlier returns the attempt of the same click, or the one that is under way,
// or the one that paid; nil when there is none.
func (s *Service) earlier(ctx context.Context, tx Tx, c *Checkout, key string, hash Hash) (*Attempt, error) {
	a, err := tx.AttemptByKey(ctx, c.ID, key)
	switch {
	case err == nil && a.RequestHash != hash:
		return nil, errs.Field("Idempotency-Key", "This key was used for another payment.")
	case err == nil || !errs.Is(err, errs.NotFound):
		return a, err
	}
	a, err = tx.OpenAttempt(ctx, c.ID)
	if err == nil || !errs.Is(err, errs.NotFound) {
		return a, err
	}
	if c.Status == StatusPaid {
		return &Attempt{CheckoutID: c.ID, Status: AttemptSucceeded}, nil
	}
	return nil, nil
}

// account returns where the money will go.
func (s *Service) account(ctx context.Context, gateway string, quote catalog.Quote) (payment.Account, error) {
	if quote.DueToday.IsZero() {
		if gateway != GatewayNone {
			return payment.Account{}, errs.Field("gateway", "Nothing is due for this order.")
		}
		return payment.Account{Gateway: GatewayNone}, nil
	}
	if gateway == GatewayNone {
		return payment.Account{}, errs.Field("gateway", "Choose how to pay.")
	}
	g, err := s.Gateways(gateway)
	if err != nil {
		return payment.Account{}, err
	}
	account, err := g.Account(ctx)
	if err != nil {
		return account, fmt.Errorf("account of %s: %w", gateway, err)
	}
	return account, nil
}

// settleDown drives an attempt that nobody drives and returns its answer, or
// "working" when patience runs out first.
func (s *Service) settleDown(ctx context.Context, a *Attempt, patience time.Duration) (*Answer, error) {
	if a.Status != AttemptStarted {
		return s.answer(ctx, a)
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	driven := s.driveAway(ctx, a.ID)
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	again := time.NewTicker(driveAgain)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timeout.C:
			return &Answer{Status: AnswerProcessing, RetryAfter: retryWorking}, nil
		case err := <-driven:
			if err != nil { // the job drives it again; the browser asks again
				s.Log.WarnContext(ctx, "payment attempt not finished", "attempt", a.ID, "error", err)
				return &Answer{Status: AnswerProcessing, RetryAfter: retryWorking}, nil
			}
			driven = nil // ours is done, or somebody else drives: look
		case <-again.C: // that somebody may have died
			if driven == nil {
				driven = s.driveAway(ctx, a.ID)
			}
			continue
		case <-ticker.C:
			if driven != nil {
				continue
			}
		}
		now, err := s.Store.Attempt(ctx, a.ID)
		if err != nil {
			return nil, fmt.Errorf("attempt %d: %w", a.ID, err)
		}
		if now.Status != AttemptStarted {
			return s.answer(ctx, now)
		}
	}
}

// driveAway drives an attempt in the background; the caller's end is not its end.
func (s *Service) driveAway(ctx context.Context, attemptID int64) <-chan error {
	driven := make(chan error, 1)
	s.driving.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), driveTimeout)
		defer cancel()
		driven <- s.drive(ctx, attemptID)
	})
	return driven
}

// answer tells a browser how an attempt stands.
func (s *Service) answer(ctx context.Context, a *Attempt) (*Answer, error) {
	switch a.Status {
	case AttemptStarted:
		return &Answer{Status: AnswerProcessing, RetryAfter: retryWorking}, nil
	case AttemptProcessing:
		return &Answer{Status: AnswerProcessing, Bank: true, RetryAfter: retryBank}, nil
	case AttemptDeclined:
		return &Answer{Status: AnswerDeclined, Text: a.Decline.Text}, nil
	case AttemptAction:
		g, err := s.Gateways(a.Account.Gateway)
		if err != nil {
			return nil, err
		}
		intent, err := g.Intent(ctx, a.IntentID)
		if err != nil {
			return nil, fmt.Errorf("intent of attempt %d: %w", a.ID, err)
		}
		return &Answer{Status: AnswerAction, ClientSecret: intent.ClientSecret}, nil
	}
	c, err := s.Store.CheckoutByID(ctx, a.CheckoutID)
	if err != nil {
		return nil, fmt.Errorf("checkout %d: %w", a.CheckoutID, err)
	}
	if a.Status == AttemptCanceled && c.Status != StatusPaid { // paid: an earlier attempt's money came in meanwhile
		return &Answer{Status: AnswerDeclined, Text: a.Decline.Text}, nil
	}
	return &Answer{Status: AnswerSucceeded, OrderID: c.OrderID, OrderNumber: c.OrderNumber}, nil
}

// Sync says how the last attempt stands, and asks the provider where it may
// know more than we do: after 3-D Secure, after a redirect, or while a bank is
// at work. The bearer of the status-only token learns the status alone.
func (s *Service) Sync(ctx context.Context, publicID, token string, patience time.Duration) (*Answer, error) {
	c, statusOnly, err := s.authorized(ctx, publicID, token)
	if err != nil {
		return nil, err
	}
	a, err := s.Store.LastAttempt(ctx, c.ID)
	if errs.Is(err, errs.NotFound) {
		return &Answer{Status: AnswerOpen}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("last attempt of checkout %d: %w", c.ID, err)
	}
	if a.Status == AttemptAction || a.Status == AttemptProcessing {
		if err := s.observe(ctx, a.Account.Gateway, a.IntentID); err != nil {
			s.Log.WarnContext(ctx, "intent not read", "attempt", a.ID, "error", err)
		} else if a, err = s.Store.Attempt(ctx, a.ID); err != nil {
			return nil, fmt.Errorf("attempt of checkout %d: %w", c.ID, err)
		}
	}
	answer, err := s.settleDown(ctx, a, patience)
	if err == nil && statusOnly {
		answer = &Answer{Status: answer.Status, Bank: answer.Bank, RetryAfter: answer.RetryAfter}
	}
	return answer, err
}
