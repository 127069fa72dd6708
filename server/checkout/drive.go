package checkout

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/failpoint"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/server/payment"
)

// finishWithin is how long after the click a charge may still be sent when the
// process died in between. Later the buyer has left: what was paid is settled,
// what was not is freed.
const finishWithin = 10 * time.Minute

// repeatWithin is how long a question is repeated that the provider could not
// answer. It keeps its answer to a key for a day, its own failures too, so that
// what has not helped by then never will: the buyer is asked to try again.
const repeatWithin = 15 * time.Second

const (
	textNotCompleted = "The payment was not completed, and nothing was charged. Please try again."
	textSettings     = "The shop changed its payment settings. Please reload the page and try again."
)

// drive takes an open attempt as far as it goes now: intent made and stored,
// confirmed, outcome recorded. Each step asks the provider with a key of its
// own, so that driving again after a crash at any point repeats nothing. It
// does nothing when somebody else drives the attempt.
func (s *Service) drive(ctx context.Context, attemptID int64) error {
	release, ours, err := s.lease(ctx, attemptID)
	if err != nil || !ours {
		return err
	}
	defer release()
	a, err := s.Store.Attempt(ctx, attemptID)
	if err != nil || a.Status != AttemptStarted {
		return err
	}
	c, err := s.Store.CheckoutByID(ctx, a.CheckoutID)
	if err != nil {
		return fmt.Errorf("checkout of attempt %d: %w", a.ID, err)
	}
	if a.Account.Gateway == GatewayNone {
		return s.settleFree(ctx, c, a)
	}
	g, err := s.Gateways(a.Account.Gateway)
	if err != nil {
		return err
	}
	account, err := g.Account(ctx)
	if err != nil {
		return fmt.Errorf("account: %w", err)
	}
	if account != a.Account {
		return s.close(ctx, a, AttemptCanceled, payment.Decline{Code: "account_changed", Text: textSettings}, "")
	}
	if s.Now().Sub(a.CreatedAt) > finishWithin {
		return s.giveUp(ctx, g, a, payment.Decline{Code: "interrupted", Text: textNotCompleted})
	}
	return s.charge(ctx, g, c, a)
}

// settleFree settles what costs nothing, once no earlier intent can be paid any
// more.
func (s *Service) settleFree(ctx context.Context, c *Checkout, a *Attempt) error {
	if c.Intent.ID != "" {
		if done, err := s.retire(ctx, c, a); done || err != nil {
			return err
		}
	}
	_, err := s.Orders.Settle(ctx, order.Settlement{CheckoutID: c.ID})
	if errs.Is(err, errs.Conflict) {
		return s.close(ctx, a, AttemptCanceled, payment.Decline{Code: "conflict", Text: errs.From(err).Text}, "")
	}
	return err
}

// charge makes sure that there is an intent for the attempt and confirms it.
func (s *Service) charge(ctx context.Context, g payment.Gateway, c *Checkout, a *Attempt) error {
	if c.Intent.ID != "" && !c.fits(a) {
		if done, err := s.retire(ctx, c, a); done || err != nil {
			return err
		}
	}
	if c.Intent.ID == "" {
		if err := s.makeIntent(ctx, g, c, a); err != nil {
			return s.unanswered(ctx, g, a, err)
		}
	} else if a.IntentID != c.Intent.ID {
		if err := s.storeIntent(ctx, c, a, c.Intent); err != nil {
			return err
		}
	}
	failpoint.Hit(failpoint.IntentStored)
	intent, err := g.ConfirmIntent(ctx, payment.ConfirmRequest{
		IdempotencyKey: fmt.Sprintf("%s:confirm:%d", c.PublicID, a.Number),
		IntentID:       a.IntentID, Token: a.Token, ReturnURL: returnURL(c, s.statusToken(c.PublicID, a.ClientKey)),
	})
	failpoint.Hit(failpoint.ConfirmSent)
	if err != nil {
		return s.unanswered(ctx, g, a, fmt.Errorf("confirm attempt %d: %w", a.ID, err))
	}
	failpoint.Hit(failpoint.ConfirmAnswered)
	return s.record(ctx, a, intent)
}

// unanswered decides what becomes of an attempt when the provider did not say
// how it ended. While asking again may help the attempt stays open and the
// error is returned; else the intent is read, and an attempt that charged
// nothing ends. Its intent lives on: should a charge turn up after all, it
// settles, and no second one can be made.
func (s *Service) unanswered(ctx context.Context, g payment.Gateway, a *Attempt, cause error) error {
	if errs.Is(cause, errs.Unavailable) && s.Now().Sub(a.CreatedAt) < repeatWithin {
		return cause
	}
	text := textNotCompleted
	if errs.Is(cause, errs.Conflict) {
		text = errs.From(cause).Text
	}
	if err := s.giveUp(ctx, g, a, payment.Decline{Code: "no_answer", Text: text}); err != nil {
		return errors.Join(cause, err)
	}
	s.Log.ErrorContext(ctx, "payment attempt given up", "attempt", a.ID, "error", cause)
	return nil
}

// retire cancels an intent whose total is no longer right: whoever holds its
// secret could still pay it. What it held and the attempt does not need is given
// back in the transaction that forgets it. It reports true when the intent was paid, or is
// being paid, after all.
func (s *Service) retire(ctx context.Context, c *Checkout, a *Attempt) (bool, error) {
	g, err := s.Gateways(c.Intent.Account.Gateway)
	if err != nil {
		return false, err
	}
	old, err := g.CancelIntent(ctx, c.Intent.ID, fmt.Sprintf("%s:cancel:%d", c.PublicID, c.Intent.Number))
	if err != nil {
		return false, fmt.Errorf("cancel intent of checkout %d: %w", c.ID, err)
	}
	failpoint.Hit(failpoint.CancelSent)
	if old.Status != payment.IntentCanceled {
		if err := s.close(ctx, a, AttemptCanceled, payment.Decline{Code: "earlier_payment", Text: textNotCompleted}, ""); err != nil {
			return true, err
		}
		return true, s.observe(ctx, c.Intent.Account.Gateway, c.Intent.ID)
	}
	c.Intent.ID = ""
	err = s.Store.InTx(ctx, func(tx Tx) error {
		locked, err := tx.LockCheckoutByID(ctx, c.ID)
		if err != nil {
			return err
		}
		locked.Intent = c.Intent
		if err := s.releaseOthers(ctx, tx, c.ID, a); err != nil {
			return err
		}
		return tx.UpdateCheckout(ctx, locked)
	})
	failpoint.Hit(failpoint.ReleaseCommitted)
	return false, err
}

// makeIntent makes the checkout's next intent, unconfirmed, and stores it. A
// customer whom somebody deleted in the provider's dashboard is made again.
func (s *Service) makeIntent(ctx context.Context, g payment.Gateway, c *Checkout, a *Attempt) error {
	customer, err := s.customer(ctx, g, c, a)
	if err != nil {
		return err
	}
	failpoint.Hit(failpoint.CustomerMade)
	intent, err := s.createIntent(ctx, g, c, a, customer)
	if errs.Is(err, errs.NotFound) {
		if err := s.Store.ForgetCustomer(ctx, c.ContactID, a.Account, customer); err != nil {
			return err
		}
		if customer, err = s.customer(ctx, g, c, a); err != nil {
			return err
		}
		intent, err = s.createIntent(ctx, g, c, a, customer)
	}
	if err != nil {
		return fmt.Errorf("make intent of checkout %d: %w", c.ID, err)
	}
	failpoint.Hit(failpoint.IntentMade)
	return s.storeIntent(ctx, c, a, Intent{Account: a.Account, ID: intent.ID, Number: c.Intent.Number + 1, Amount: a.Amount})
}

// createIntent's key names the attempt: what the intent is made of is frozen
// with it, and a key that was used with other terms is refused for a day.
func (s *Service) createIntent(ctx context.Context, g payment.Gateway, c *Checkout, a *Attempt, customer string) (*payment.Intent, error) {
	return g.CreateIntent(ctx, payment.IntentRequest{
		IdempotencyKey: fmt.Sprintf("%s:intent:%d:%s", c.PublicID, a.Number, customer),
		Amount:         a.Amount, CustomerID: customer, Description: a.Terms.OfferName,
		Metadata: map[string]string{"site": s.Site(), "checkout": c.PublicID},
	})
}

func (s *Service) storeIntent(ctx context.Context, c *Checkout, a *Attempt, intent Intent) error {
	err := s.Store.InTx(ctx, func(tx Tx) error {
		locked, err := tx.LockCheckoutByID(ctx, c.ID)
		if err != nil {
			return err
		}
		locked.Intent = intent
		if err := tx.UpdateCheckout(ctx, locked); err != nil {
			return err
		}
		a.IntentID, a.UpdatedAt = intent.ID, s.Now()
		return tx.UpdateAttempt(ctx, a)
	})
	if err != nil {
		return fmt.Errorf("store intent of checkout %d: %w", c.ID, err)
	}
	c.Intent = intent
	return nil
}

func (s *Service) customer(ctx context.Context, g payment.Gateway, c *Checkout, a *Attempt) (string, error) {
	id, err := s.Store.Customer(ctx, c.ContactID, a.Account)
	if err == nil || !errs.Is(err, errs.NotFound) {
		return id, err
	}
	id, err = g.CreateCustomer(ctx, payment.CustomerRequest{
		IdempotencyKey: fmt.Sprintf("%s:customer:%d", c.PublicID, a.Number), ContactID: fmt.Sprint(c.ContactID),
		Email: c.Buyer.Email, Name: c.Buyer.Name(),
	})
	if err != nil {
		return "", fmt.Errorf("make customer of contact %d: %w", c.ContactID, err)
	}
	return s.Store.AddCustomer(ctx, c.ContactID, a.Account, id, s.Now())
}

// statusToken is the status-only token of an attempt. It is derived, not
// random, because a confirmation that is sent again after a crash must carry the
// same return address; what makes it revocable is the hash on the checkout.
func (s *Service) statusToken(checkout, clientKey string) string {
	mac := hmac.New(sha256.New, s.StatusKey)
	mac.Write([]byte(checkout + "\n" + clientKey))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// returnURL is the order form's page, with what the form needs to say how the
// payment went in a browser that knows nothing else.
func returnURL(c *Checkout, status string) string {
	page, err := url.Parse(c.Origin.PageURL)
	if err != nil {
		return c.Origin.PageURL
	}
	query := page.Query()
	query.Set("tillside_checkout", c.PublicID)
	query.Set("tillside_status", status)
	page.RawQuery = query.Encode()
	return page.String()
}

// giveUp ends an attempt that cannot be finished. The provider is asked first:
// what it took is settled.
func (s *Service) giveUp(ctx context.Context, g payment.Gateway, a *Attempt, why payment.Decline) error {
	if a.IntentID == "" { // nothing was confirmed: an intent is stored before that
		return s.close(ctx, a, AttemptCanceled, why, "")
	}
	intent, err := g.Intent(ctx, a.IntentID)
	if err != nil {
		return fmt.Errorf("intent of attempt %d: %w", a.ID, err)
	}
	if intent.Status == payment.IntentOpen {
		return s.close(ctx, a, AttemptCanceled, why, a.IntentID)
	}
	return s.record(ctx, a, intent)
}

// record writes down what the provider says of an attempt's intent.
func (s *Service) record(ctx context.Context, a *Attempt, intent *payment.Intent) error {
	switch intent.Status {
	case payment.IntentSucceeded:
		return s.settle(ctx, a, intent)
	case payment.IntentProcessing:
		return s.move(ctx, a, AttemptProcessing, StatusProcessing)
	case payment.IntentActionRequired:
		return s.move(ctx, a, AttemptAction, StatusPaying)
	case payment.IntentCanceled:
		return s.close(ctx, a, AttemptCanceled, payment.Decline{Code: "canceled", Text: textNotCompleted}, "")
	}
	decline := payment.Decline{Code: "unknown", Text: textNotCompleted}
	if intent.Decline != nil {
		decline = *intent.Decline
	}
	return s.close(ctx, a, AttemptDeclined, decline, intent.ID)
}

func (s *Service) settle(ctx context.Context, a *Attempt, intent *payment.Intent) error {
	paid := &order.Paid{
		Account:  payment.Account{Gateway: a.Account.Gateway, ID: a.Account.ID, Mode: intent.Mode},
		IntentID: intent.ID, Received: intent.Received, Tender: intent.Tender,
	}
	_, err := s.Orders.Settle(ctx, order.Settlement{CheckoutID: a.CheckoutID, Paid: paid})
	if errs.Is(err, errs.Conflict) { // quarantined: a person looks at it
		return s.close(ctx, a, AttemptCanceled, payment.Decline{Code: "quarantine", Text: errs.From(err).Text}, "")
	}
	return err
}

// move stores a state in which the attempt stays open.
func (s *Service) move(ctx context.Context, a *Attempt, to AttemptStatus, c Status) error {
	return s.change(ctx, a, func(locked *Checkout, current *Attempt) {
		if current.Status == to {
			return
		}
		current.Status = to
		locked.Status = c
	})
}

// close ends an attempt without a payment and lets the buyer go on. The intent
// that stays alive is named, or none.
func (s *Service) close(ctx context.Context, a *Attempt, to AttemptStatus, why payment.Decline, liveIntent string) error {
	return s.change(ctx, a, func(locked *Checkout, current *Attempt) {
		current.Status, current.Decline = to, why
		locked.Status = StatusOpen
		if liveIntent == "" && locked.Intent.ID == current.IntentID {
			locked.Intent.ID = ""
		}
	})
}

// change applies a transition to an open attempt and its checkout. It leaves
// both alone when the attempt is closed or the checkout paid: their end is told.
func (s *Service) change(ctx context.Context, a *Attempt, do func(*Checkout, *Attempt)) error {
	err := s.Store.InTx(ctx, func(tx Tx) error {
		c, err := tx.LockCheckoutByID(ctx, a.CheckoutID)
		if err != nil {
			return err
		}
		current, err := tx.LockAttempt(ctx, a.ID)
		if err != nil || !current.IsOpen() {
			return err
		}
		paid, waited := c.Status == StatusPaid, current.Status == AttemptProcessing
		do(c, current)
		if paid {
			c.Status = StatusPaid
		}
		if !paid && !current.IsOpen() && c.Intent.ID == "" { // what it held ends with its intent
			if err := s.releaseAll(ctx, tx, c.ID); err != nil {
				return err
			}
		}
		now := s.Now()
		current.UpdatedAt, c.UpdatedAt = now, now
		if err := tx.UpdateAttempt(ctx, current); err != nil {
			return err
		}
		if waited && !paid && !current.IsOpen() { // the buyer left long ago, and was promised word
			if err := tx.Enqueue(ctx, job.New{Kind: JobFailed, RunAt: now, Payload: AttemptJob{current.ID}}); err != nil {
				return err
			}
		}
		return tx.UpdateCheckout(ctx, c)
	})
	if err != nil {
		return fmt.Errorf("record attempt %d: %w", a.ID, err)
	}
	return nil
}

// resume drives an attempt to its end. While somebody else drives it, the job is
// repeated: that process may die.
func (s *Service) resume(ctx context.Context, j job.Job) error {
	var p AttemptJob
	if err := j.Decode(&p); err != nil {
		return err
	}
	a, err := s.Store.Attempt(ctx, p.AttemptID)
	if err != nil || a.Status != AttemptStarted {
		return err
	}
	if err := s.drive(ctx, a.ID); err != nil {
		return err
	}
	if a, err = s.Store.Attempt(ctx, a.ID); err == nil && a.Status == AttemptStarted {
		err = errs.New(errs.Unavailable, "Somebody else is at work on this payment.")
	}
	return err
}
