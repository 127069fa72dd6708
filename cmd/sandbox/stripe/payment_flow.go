package stripe

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// unexpected is the answer when the state does not allow what was asked.
func (pi *PaymentIntent) unexpected(format string, args ...any) *Error {
	e := refuse("payment_intent_unexpected_state", "", format, args...)
	e.PaymentIntent = pi
	return e
}

func confirmIntent(c *call) (any, error) {
	pi, err := c.intent()
	if err != nil {
		return nil, err
	}
	if err := c.confirm(pi); err != nil {
		return nil, err
	}
	return c.shown(pi)
}

// confirm takes the payment from any open state to where the buyer's bank
// brings it. A decline is an error, and the intent waits for another card.
func (c *call) confirm(pi *PaymentIntent) error {
	switch pi.Status {
	case Succeeded:
		return pi.unexpected("You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.")
	case Processing, Canceled:
		return pi.unexpected("You cannot confirm this PaymentIntent because it has a status of %s. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action, requires_payment_method.", pi.Status)
	}
	pm, tk, err := c.chosenMethod(pi)
	if err != nil {
		return err
	}
	if err := c.checkChoice(pi, pm, tk); err != nil {
		return err
	}
	if tk != nil {
		tk.PaymentIntent = Text(pi.ID)
	}
	if _, known := c.methods.get(pm.ID); !known {
		c.methods.add(pm.ID, pm)
	}
	pm.used = true
	pi.pending, pi.PaymentMethod, pi.NextAction, pi.LastPaymentError = pm, Text(pm.ID), nil, nil
	if pm.Type == "sepa_debit" {
		c.startDebit(pi)
		return nil
	}
	return c.startCard(pi)
}

// chosenMethod finds what the buyer wants to pay with.
func (c *call) chosenMethod(pi *PaymentIntent) (*PaymentMethod, *ConfirmationToken, error) {
	a := c.args
	sent := 0
	for _, name := range []string{"confirmation_token", "payment_method", "payment_method_data"} {
		if a.has(name) {
			sent++
		}
	}
	if sent > 1 {
		return nil, nil, malformed("", "confirmation_token", "You may only specify one of these parameters: confirmation_token, payment_method, payment_method_data.")
	}
	if id := a.text("confirmation_token"); id != "" {
		tk, err := c.usableToken(id)
		if err != nil {
			return nil, nil, err
		}
		return tk.method, tk, nil
	}
	if data := a.hash("payment_method_data"); data != nil {
		pm, err := c.methodOf(data)
		return pm, nil, err
	}
	id := a.text("payment_method")
	if id == "" {
		id = string(pi.PaymentMethod)
	}
	if id == "" {
		return nil, nil, pi.unexpected("You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.")
	}
	pm, err := c.method(id, "payment_method")
	return pm, nil, err
}

// checkChoice is what Stripe checks before any bank is asked.
func (c *call) checkChoice(pi *PaymentIntent, pm *PaymentMethod, tk *ConfirmationToken) error {
	a := c.args
	a.setText("setup_future_usage", &pi.SetupFutureUsage)
	a.setText("receipt_email", &pi.ReceiptEmail)
	switch {
	case !slices.Contains(pi.PaymentMethodTypes, pm.Type):
		return refuse("payment_intent_incompatible_payment_method", "payment_method", "The PaymentMethod provided (%s) is not allowed for this PaymentIntent. Allowed: %v", pm.Type, pi.PaymentMethodTypes)
	case pm.Customer != "" && pm.Customer != pi.Customer:
		return refuse("", "payment_method", "The provided PaymentMethod %s belongs to another Customer. To use it, pass its customer.", pm.ID)
	case pm.Customer == "" && pm.used && tk == nil && pi.pending != pm:
		return refuse("", "payment_method", "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. It may not be used again.")
	case tk != nil && string(tk.SetupFutureUsage) != pi.usage(pm.Type):
		return refuse("", "confirmation_token", "The setup_future_usage of the ConfirmationToken (%q) and of the PaymentIntent (%q) differ. Elements and the PaymentIntent must be given the same.", tk.SetupFutureUsage, pi.usage(pm.Type))
	case pm.Type == "sepa_debit" && !a.has("mandate_data") && (tk == nil || tk.MandateData == nil) && !a.boolean("off_session"):
		return refuse("payment_intent_mandate_invalid", "mandate_data", "A sepa_debit needs mandate_data, or a ConfirmationToken that has it.")
	}
	if u := a.text("return_url"); u != "" {
		pi.returnURL = u
	} else if tk != nil && tk.ReturnURL != "" {
		pi.returnURL = string(tk.ReturnURL)
	}
	redirects := pi.AutomaticPaymentMethods != nil && pi.AutomaticPaymentMethods.AllowRedirects == "always"
	if redirects && pi.returnURL == "" && !a.boolean("off_session") {
		return refuse("", "return_url", "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.")
	}
	if u, err := url.Parse(pi.returnURL); pi.returnURL != "" && (err != nil || u.Scheme == "" || u.Host == "") {
		return refuse("url_invalid", "return_url", "Not a valid URL")
	}
	return nil
}

// usage is how the payment method may be used later, for its kind.
func (pi *PaymentIntent) usage(kind string) string {
	usage := string(pi.SetupFutureUsage)
	if o := pi.PaymentMethodOptions[kind]; o != nil && o.SetupFutureUsage != "" {
		usage = string(o.SetupFutureUsage)
	}
	if usage == "none" {
		return ""
	}
	return usage
}

// startCard asks for 3-D Secure or charges the card.
func (c *call) startCard(pi *PaymentIntent) error {
	card := cardOf(pi.pending.secret.card)
	offSession := c.args.boolean("off_session")
	if !card.asks(pi.pending.setUp, offSession) && pi.PaymentMethodOptions["card"].RequestThreeDSecure != "any" {
		return c.charge(pi)
	}
	if offSession || c.args.boolean("error_on_requires_action") {
		return c.declined(pi, needsAuth)
	}
	pi.Status = RequiresAction
	pi.NextAction = c.nextAction(pi)
	c.emit("payment_intent.requires_action", pi, nil)
	return nil
}

func (card testCard) asks(setUp, offSession bool) bool {
	switch card.auth {
	case authUnlessSet:
		return !offSession || !setUp
	case authOffNever:
		return !offSession
	case authAlways, authThenRefuse:
		return true
	}
	return false
}

// nextAction is a dialog for Stripe.js, or a page to be sent to.
func (c *call) nextAction(pi *PaymentIntent) *NextAction {
	if c.args.boolean("use_stripe_sdk") || c.args.text("confirmation_token") != "" && !c.args.has("use_stripe_sdk") {
		return &NextAction{Type: "use_stripe_sdk", UseStripeSDK: map[string]any{
			"type": "stripe_3ds2_fingerprint", "three_d_secure_2_source": newID("payatt"), "directory_server_name": "sandbox",
		}}
	}
	page := url.URL{Path: "/frame/authorize", RawQuery: url.Values{
		"payment_intent": {pi.ID}, "client_secret": {pi.ClientSecret}, "amount": {strconv.FormatInt(pi.Amount, 10)}, "currency": {pi.Currency},
	}.Encode()}
	return &NextAction{Type: "redirect_to_url", RedirectToURL: &RedirectToURL{ReturnURL: pi.returnURL, URL: c.origin + page.String()}}
}

// authenticated is the buyer's answer to 3-D Secure.
func (a *account) authenticated(pi *PaymentIntent, ok bool) error {
	if pi.Status != RequiresAction {
		return pi.unexpected("This PaymentIntent has a status of %s and waits for no authentication.", pi.Status)
	}
	pi.NextAction = nil
	if !ok {
		failure := refuse("payment_intent_authentication_failure", "", "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again.")
		a.backToStart(pi, failure)
		a.emit("payment_intent.payment_failed", pi, nil)
		return nil
	}
	pi.pending.setUp = pi.usage("card") == "off_session"
	if err := a.charge(pi); err != nil {
		if e, isDecline := err.(*Error); isDecline && e.Status == http.StatusPaymentRequired {
			return nil // the intent says so; the buyer's answer was taken
		}
		return err
	}
	return nil
}

// charge asks the bank for the money of a card.
func (a *account) charge(pi *PaymentIntent) error {
	card := cardOf(pi.pending.secret.card)
	if card.decline != nil {
		return a.declined(pi, card.decline)
	}
	ch := a.newCharge(pi, ChargeSucceeded)
	a.succeed(pi, ch)
	if card.disputed {
		a.dispute(ch, "fraudulent")
	}
	return nil
}

// declined books a refused charge and returns the error to answer with.
func (a *account) declined(pi *PaymentIntent, d *decline) error {
	failure := d.failure()
	ch := a.newCharge(pi, ChargeFailed)
	ch.FailureCode, ch.FailureMessage = Text(d.code), Text(d.message)
	ch.Outcome = refusedFor(d.declineCode)
	failure.Charge = ch.ID
	a.backToStart(pi, failure)
	a.emit("charge.failed", ch, nil)
	a.emit("payment_intent.payment_failed", pi, nil)
	answer := *failure
	answer.PaymentIntent = pi
	return &answer
}

// backToStart makes the intent wait for another payment method.
func (a *account) backToStart(pi *PaymentIntent, failure *Error) {
	shown := *pi.pending
	failure.PaymentMethod = &shown
	pi.Status, pi.LastPaymentError = RequiresPaymentMethod, failure
	pi.PaymentMethod, pi.pending, pi.NextAction = "", nil, nil
}

// succeed books the money.
func (a *account) succeed(pi *PaymentIntent, ch *Charge) {
	ch.settle()
	pi.Status, pi.AmountReceived, pi.NextAction, pi.LastPaymentError = Succeeded, pi.Amount, nil, nil
	pm := pi.pending
	if pm.Card != nil && pm.Card.Checks.CVCCheck == "unchecked" {
		checked := *pm.Card // copied, because errors and tokens show the earlier one
		checked.Checks.CVCCheck = "pass"
		pm.Card = &checked
	}
	if pi.usage(pm.Type) != "" && pi.Customer != "" && pm.Customer == "" {
		pm.Customer = pi.Customer
		a.emit("payment_method.attached", pm, nil)
	}
	a.emit("charge.succeeded", ch, nil)
	a.emit("payment_intent.succeeded", pi, nil)
}

// startDebit waits for the bank, which takes days.
func (c *call) startDebit(pi *PaymentIntent) {
	a := c.account
	pi.Status = Processing
	ch := a.newCharge(pi, ChargePending)
	a.emit("payment_intent.processing", pi, nil)
	a.emit("charge.pending", ch, nil)
	a.after(debitDelay, func() { a.finishDebit(pi, ch) })
}

func (a *account) finishDebit(pi *PaymentIntent, ch *Charge) {
	outcome := debitOf(pi.pending.secret.iban)
	if outcome == debitFails {
		ch.Status, ch.FailureCode, ch.FailureMessage = ChargeFailed, "insufficient_funds", "The customer's account has insufficient funds to cover this payment."
		ch.Outcome = refusedFor("insufficient_funds")
		failure := refuse("payment_intent_payment_attempt_failed", "", "The payment failed.")
		failure.Charge = ch.ID
		a.backToStart(pi, failure)
		a.emit("charge.failed", ch, nil)
		a.emit("payment_intent.payment_failed", pi, nil)
		return
	}
	a.succeed(pi, ch)
	if outcome == debitDisputed {
		a.dispute(ch, "debit_not_authorized")
	}
}

func cancelIntent(c *call) (any, error) {
	pi, err := c.intent()
	if err != nil {
		return nil, err
	}
	switch pi.Status {
	case Succeeded, Processing, Canceled:
		return nil, pi.unexpected("You cannot cancel this PaymentIntent because it has a status of %s. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action.", pi.Status)
	}
	pi.Status, pi.CanceledAt, pi.NextAction = Canceled, Unix(c.unix()), nil
	c.args.setText("cancellation_reason", &pi.CancellationReason)
	c.emit("payment_intent.canceled", pi, nil)
	return pi, nil
}

// returnTo is where the buyer goes after a page of the bank.
func (pi *PaymentIntent) returnTo() (string, error) {
	u, err := url.Parse(pi.returnURL)
	if err != nil || pi.returnURL == "" {
		return "", fmt.Errorf("the payment intent %s has no return_url", pi.ID)
	}
	q := u.Query()
	q.Set("payment_intent", pi.ID)
	q.Set("payment_intent_client_secret", pi.ClientSecret)
	q.Set("redirect_status", map[bool]string{true: "succeeded", false: "failed"}[pi.Status == Succeeded])
	u.RawQuery = q.Encode()
	return u.String(), nil
}
