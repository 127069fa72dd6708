package stripe

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	stripego "github.com/stripe/stripe-go/v76"

	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
)

// CreateCustomer implements payment.Gateway. An e-mail address that Stripe
// finds impossible is left out: it is there for the dashboard, and no reason not
// to be able to pay.
func (g *Gateway) CreateCustomer(ctx context.Context, r payment.CustomerRequest) (string, error) {
	id, refused, err := g.createCustomer(ctx, r)
	if refused != nil && r.Email != "" && (refused.Code == stripego.ErrorCodeEmailInvalid || refused.Param == "email") {
		r.Email, r.IdempotencyKey = "", r.IdempotencyKey+":no-email"
		id, _, err = g.createCustomer(ctx, r)
	}
	return id, err
}

// createCustomer also returns Stripe's own error, if it gave one.
func (g *Gateway) createCustomer(ctx context.Context, r payment.CustomerRequest) (string, *stripego.Error, error) {
	params := &stripego.CustomerParams{Metadata: map[string]string{"contact_id": r.ContactID}}
	if r.Email != "" {
		params.Email = stripego.String(r.Email)
	}
	if r.Name != "" {
		params.Name = stripego.String(r.Name)
	}
	if err := keyed(ctx, &params.Params, r.IdempotencyKey); err != nil {
		return "", nil, err
	}
	customer, err := g.api.Customers.New(params)
	if err != nil {
		refused, _ := errors.AsType[*stripego.Error](err)
		return "", refused, fail("create customer for contact "+r.ContactID, err)
	}
	return customer.ID, nil, nil
}

// CreateIntent implements payment.Gateway. errs.NotFound means that the
// customer was deleted in the dashboard; errs.Conflict that Stripe does not
// charge so little or so much.
func (g *Gateway) CreateIntent(ctx context.Context, r payment.IntentRequest) (*payment.Intent, error) {
	what := "create intent of " + r.Amount.Major() + " " + string(r.Amount.Currency)
	units, err := r.Amount.Stripe()
	if err != nil {
		return nil, fmt.Errorf("stripe: %s: %w", what, err)
	}
	params := &stripego.PaymentIntentParams{
		Amount:                  stripego.Int64(units),
		Currency:                stripego.String(strings.ToLower(string(r.Amount.Currency))),
		AutomaticPaymentMethods: &stripego.PaymentIntentAutomaticPaymentMethodsParams{Enabled: stripego.Bool(true)},
		Metadata:                maps.Clone(r.Metadata),
	}
	if r.CustomerID != "" {
		params.Customer = stripego.String(r.CustomerID)
	}
	if r.Description != "" {
		params.Description = stripego.String(r.Description)
	}
	if err := keyed(ctx, &params.Params, r.IdempotencyKey); err != nil {
		return nil, err
	}
	created, err := g.api.PaymentIntents.New(params)
	if err != nil {
		return nil, fail(what, err)
	}
	return intentOf(created)
}

// ConfirmIntent implements payment.Gateway. Stripe keeps the answer to a key,
// declines and its own failures too: the same key asks what became of the first
// try, only another key tries again.
func (g *Gateway) ConfirmIntent(ctx context.Context, r payment.ConfirmRequest) (*payment.Intent, error) {
	params := &stripego.PaymentIntentConfirmParams{
		ConfirmationToken: stripego.String(r.Token),
		UseStripeSDK:      stripego.Bool(true),
	}
	if r.ReturnURL != "" {
		params.ReturnURL = stripego.String(r.ReturnURL)
	}
	params.AddExpand("latest_charge")
	if err := keyed(ctx, &params.Params, r.IdempotencyKey); err != nil {
		return nil, err
	}
	confirmed, err := g.api.PaymentIntents.Confirm(r.IntentID, params)
	if err == nil {
		return intentOf(confirmed)
	}
	answer, ok := errors.AsType[*stripego.Error](err)
	switch {
	case ok && isDecline(answer):
		return g.declined(ctx, r.IntentID, answer)
	case ok && answer.Code == stripego.ErrorCodePaymentIntentUnexpectedState:
		return g.confirmedElsewhere(ctx, r.IntentID, err)
	}
	return nil, fail("confirm intent "+r.IntentID, err)
}

// declined returns the intent that a decline carries, or reads it when it
// carries none.
func (g *Gateway) declined(ctx context.Context, id string, answer *stripego.Error) (*payment.Intent, error) {
	var intent *payment.Intent
	var err error
	if answer.PaymentIntent != nil && answer.PaymentIntent.ID == id {
		intent, err = intentOf(answer.PaymentIntent)
	} else {
		intent, err = g.Intent(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	if intent.Status == payment.IntentOpen {
		intent.Decline = declineOf(answer)
	}
	return intent, nil
}

// confirmedElsewhere reads an intent that could not be confirmed because of the
// state it is in: paid, at work or canceled meanwhile. Were it still open, the
// caller would take it for a decline that never was.
func (g *Gateway) confirmedElsewhere(ctx context.Context, id string, refused error) (*payment.Intent, error) {
	intent, err := g.Intent(ctx, id)
	if err != nil {
		return nil, err
	}
	if intent.Status == payment.IntentOpen && intent.Decline == nil {
		answer, _ := errors.AsType[*stripego.Error](refused)
		return nil, unavailable("confirm intent "+id, refusalOf(answer))
	}
	return intent, nil
}

// Intent implements payment.Gateway.
func (g *Gateway) Intent(ctx context.Context, id string) (*payment.Intent, error) {
	params := &stripego.PaymentIntentParams{}
	params.Context = ctx
	params.AddExpand("latest_charge")
	read, err := g.api.PaymentIntents.Get(id, params)
	if err != nil {
		return nil, fail("read intent "+id, err)
	}
	return intentOf(read)
}

// CancelIntent implements payment.Gateway. Stripe refuses to cancel what was
// paid, canceled or is at a bank; the intent then comes back as it is.
func (g *Gateway) CancelIntent(ctx context.Context, id, idempotencyKey string) (*payment.Intent, error) {
	intent, err := g.cancelIntent(ctx, id, idempotencyKey)
	if err != nil || intent.Status == payment.IntentCanceled || intent.Status == payment.IntentSucceeded || intent.Status == payment.IntentProcessing {
		return intent, err
	}
	// Still payable: Stripe repeated an old refusal for this key, from the time
	// when a bank was at work. Canceling twice does no harm, so any key will do.
	intent, err = g.cancelIntent(ctx, id, stripego.NewIdempotencyKey())
	if err == nil && (intent.Status == payment.IntentOpen || intent.Status == payment.IntentActionRequired) {
		return nil, unavailable("cancel intent "+id, errors.New("it can still be paid"))
	}
	return intent, err
}

func (g *Gateway) cancelIntent(ctx context.Context, id, idempotencyKey string) (*payment.Intent, error) {
	params := &stripego.PaymentIntentCancelParams{CancellationReason: stripego.String(string(stripego.PaymentIntentCancellationReasonAbandoned))}
	params.AddExpand("latest_charge")
	if err := keyed(ctx, &params.Params, idempotencyKey); err != nil {
		return nil, err
	}
	canceled, err := g.api.PaymentIntents.Cancel(id, params)
	if err == nil {
		return intentOf(canceled)
	}
	if answer, ok := errors.AsType[*stripego.Error](err); ok && answer.Code == stripego.ErrorCodePaymentIntentUnexpectedState {
		return g.Intent(ctx, id)
	}
	return nil, fail("cancel intent "+id, err)
}

// statuses maps Stripe's words to ours. requires_capture is missing on purpose:
// we never ask for a later capture, so such an intent is not ours.
var statuses = map[stripego.PaymentIntentStatus]payment.IntentStatus{
	stripego.PaymentIntentStatusRequiresPaymentMethod: payment.IntentOpen,
	stripego.PaymentIntentStatusRequiresConfirmation:  payment.IntentOpen,
	stripego.PaymentIntentStatusRequiresAction:        payment.IntentActionRequired,
	stripego.PaymentIntentStatusProcessing:            payment.IntentProcessing,
	stripego.PaymentIntentStatusSucceeded:             payment.IntentSucceeded,
	stripego.PaymentIntentStatusCanceled:              payment.IntentCanceled,
}

// intentOf translates an intent. Refunded and Tender need latest_charge to be
// expanded.
func intentOf(pi *stripego.PaymentIntent) (*payment.Intent, error) {
	status, ok := statuses[pi.Status]
	if !ok {
		return nil, fmt.Errorf("stripe: intent %s has the status %q, which is none of ours", pi.ID, pi.Status)
	}
	intent := &payment.Intent{
		ID: pi.ID, Status: status, Mode: modeOf(pi.Livemode),
		ClientSecret: pi.ClientSecret, Metadata: pi.Metadata, Created: time.Unix(pi.Created, 0).UTC(),
	}
	if pi.Customer != nil {
		intent.CustomerID = pi.Customer.ID
	}
	if pi.LastPaymentError != nil && (status == payment.IntentOpen || status == payment.IntentCanceled) {
		intent.Decline = declineOf(pi.LastPaymentError)
	}
	var refunded int64
	if charge := pi.LatestCharge; charge != nil && status == payment.IntentSucceeded {
		refunded = charge.AmountRefunded
		intent.Tender = tenderOf(charge.PaymentMethodDetails)
	}
	for _, sum := range []struct {
		to    *money.Amount
		units int64
	}{{&intent.Amount, pi.Amount}, {&intent.Received, pi.AmountReceived}, {&intent.Refunded, refunded}} {
		var err error
		if *sum.to, err = amountOf(sum.units, pi.Currency); err != nil {
			return nil, fmt.Errorf("stripe: intent %s: %w", pi.ID, err)
		}
	}
	return intent, nil
}

func amountOf(units int64, currency stripego.Currency) (money.Amount, error) {
	ours, err := money.ParseCurrency(string(currency))
	if err != nil {
		return money.Amount{}, err
	}
	return money.FromStripe(units, ours)
}

func modeOf(live bool) payment.Mode {
	if live {
		return payment.ModeLive
	}
	return payment.ModeTest
}

// tenderOf says what a charge was paid with. Means of payment without digits to
// recognise them by have a Kind only.
func tenderOf(d *stripego.ChargePaymentMethodDetails) payment.Tender {
	if d == nil {
		return payment.Tender{}
	}
	tender := payment.Tender{Kind: string(d.Type)}
	switch {
	case d.Card != nil:
		tender.Brand, tender.Last4 = string(d.Card.Brand), d.Card.Last4
	case d.SEPADebit != nil:
		tender.Last4 = d.SEPADebit.Last4
	case d.BACSDebit != nil:
		tender.Last4 = d.BACSDebit.Last4
	case d.AUBECSDebit != nil:
		tender.Last4 = d.AUBECSDebit.Last4
	case d.ACSSDebit != nil:
		tender.Last4 = d.ACSSDebit.Last4
	case d.USBankAccount != nil:
		tender.Brand, tender.Last4 = d.USBankAccount.BankName, d.USBankAccount.Last4
	case d.IDEAL != nil:
		tender.Last4 = d.IDEAL.IBANLast4
	case d.Bancontact != nil:
		tender.Last4 = d.Bancontact.IBANLast4
	case d.Sofort != nil:
		tender.Last4 = d.Sofort.IBANLast4
	}
	return tender
}
