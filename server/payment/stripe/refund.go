package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	stripego "github.com/stripe/stripe-go/v76"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/payment"
)

// refundKey is the metadata under which a refund carries our public id.
const refundKey = "refund_id"

// Refund implements payment.Gateway.
func (g *Gateway) Refund(ctx context.Context, r payment.RefundRequest) (*payment.Refund, error) {
	what := "refund " + r.RefundID + " of intent " + r.IntentID
	units, err := r.Amount.Stripe()
	if err != nil {
		return nil, fmt.Errorf("stripe: %s: %w", what, err)
	}
	params := &stripego.RefundParams{
		PaymentIntent: stripego.String(r.IntentID),
		Amount:        stripego.Int64(units),
		Reason:        stripego.String(string(stripego.RefundReasonRequestedByCustomer)),
		Metadata:      map[string]string{refundKey: r.RefundID},
	}
	if err := keyed(ctx, &params.Params, r.IdempotencyKey); err != nil {
		return nil, err
	}
	refund, err := g.api.Refunds.New(params)
	if err != nil {
		return nil, refundFailure(what, err)
	}
	return refundOf(refund, r.IntentID)
}

// refundFailure tells a refund that Stripe will not make, whose reason the shop
// owner must read, from one that we asked for wrongly or that got no answer.
func refundFailure(what string, err error) error {
	answer, ok := errors.AsType[*stripego.Error](err)
	if !ok || answer.Code == stripego.ErrorCodeResourceMissing || answer.Type == stripego.ErrorTypeIdempotency ||
		strings.HasPrefix(string(answer.Code), "parameter_") ||
		(answer.HTTPStatusCode != http.StatusBadRequest && answer.HTTPStatusCode != http.StatusPaymentRequired) {
		return fail(what, err)
	}
	var reason *errs.Error
	switch answer.Code {
	case stripego.ErrorCodeChargeAlreadyRefunded:
		reason = errs.New(errs.Conflict, "This payment has already been refunded in full.")
	case stripego.ErrorCodeChargeDisputed, stripego.ErrorCodeRefundDisputedPayment:
		reason = errs.New(errs.Conflict, "This payment is disputed: the bank gives the money back, do not refund it as well.")
	default:
		reason = errs.New(errs.Conflict, "Stripe refused the refund: %s", masked(answer.Msg))
	}
	return fmt.Errorf("stripe: %s: %w: %w", what, reason, refusalOf(answer))
}

// Refunds implements payment.Gateway.
func (g *Gateway) Refunds(ctx context.Context, intentID string) ([]payment.Refund, error) {
	what := "list refunds of intent " + intentID
	params := &stripego.RefundListParams{PaymentIntent: stripego.String(intentID)}
	params.Context = ctx
	params.Limit = stripego.Int64(pageSize)
	var refunds []payment.Refund
	pages := g.api.Refunds.List(params)
	for pages.Next() {
		refund, err := refundOf(pages.Refund(), intentID)
		if err != nil {
			return nil, err
		}
		refunds = append(refunds, *refund)
	}
	if err := pages.Err(); err != nil {
		return nil, fail(what, err)
	}
	slices.Reverse(refunds) // Stripe lists the newest first
	return refunds, nil
}

// refundOf translates a refund. One that waits for the buyer's bank details is
// pending, a canceled one failed: no money has left for good.
func refundOf(r *stripego.Refund, intentID string) (*payment.Refund, error) {
	status, ok := map[stripego.RefundStatus]payment.RefundStatus{
		stripego.RefundStatusPending:        payment.RefundPending,
		stripego.RefundStatusRequiresAction: payment.RefundPending,
		stripego.RefundStatusSucceeded:      payment.RefundSucceeded,
		stripego.RefundStatusFailed:         payment.RefundFailed,
		stripego.RefundStatusCanceled:       payment.RefundFailed,
	}[r.Status]
	if !ok {
		return nil, fmt.Errorf("stripe: refund %s has the unknown status %q", r.ID, r.Status)
	}
	amount, err := amountOf(r.Amount, r.Currency)
	if err != nil {
		return nil, fmt.Errorf("stripe: refund %s: %w", r.ID, err)
	}
	if r.PaymentIntent != nil {
		intentID = r.PaymentIntent.ID
	}
	return &payment.Refund{
		ID: r.ID, IntentID: intentID, RefundID: r.Metadata[refundKey], Amount: amount,
		Status: status, Created: time.Unix(r.Created, 0).UTC(),
	}, nil
}
