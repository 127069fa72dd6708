package order

import (
	"context"
	"fmt"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/payment"
)

// Quarantine keeps money of this site that no checkout asked for: the database
// is older than the payment. An intent that brought none is left alone, and the
// same payment again changes nothing.
func (s *Service) Quarantine(ctx context.Context, gateway string, intent *payment.Intent) error {
	if intent.Status != payment.IntentSucceeded {
		return nil
	}
	err := s.store.InTx(ctx, func(tx Tx) error {
		return tx.AddQuarantine(ctx, Quarantine{
			Account: payment.Account{Gateway: gateway, Mode: intent.Mode}, GatewayID: intent.ID, Reason: ReasonUnknown,
			Details: "checkout " + intent.Metadata["checkout"] + " is not in the database", Amount: intent.Received, CreatedAt: s.now(),
		})
	})
	if err != nil {
		return fmt.Errorf("quarantine %s: %w", intent.ID, err)
	}
	return nil
}

// FindQuarantine lists the payments that fit no order and wait for a person.
func (s *Service) FindQuarantine(ctx context.Context) ([]Quarantine, error) {
	return s.store.FindQuarantine(ctx)
}

// Resolve ends the quarantine of a payment: with giveBack all of it is refunded
// first, else a person has dealt with it elsewhere. Called again it is
// errs.NotFound; the refund has one key, so that a lost answer repeats nothing.
func (s *Service) Resolve(ctx context.Context, gatewayID string, giveBack bool) (*Quarantine, error) {
	waiting, err := s.store.FindQuarantine(ctx)
	if err != nil {
		return nil, err
	}
	for i := range waiting {
		q := &waiting[i]
		if q.GatewayID != gatewayID {
			continue
		}
		if giveBack {
			if err := s.giveBack(ctx, q); err != nil {
				return nil, err
			}
		}
		return q, s.store.ResolveQuarantine(ctx, q.ID, s.now())
	}
	return nil, errs.New(errs.NotFound, "No payment %q is in quarantine.", gatewayID)
}

func (s *Service) giveBack(ctx context.Context, q *Quarantine) error {
	gateway, err := s.gateways(q.Account.Gateway)
	if err != nil {
		return err
	}
	key := fmt.Sprintf("quarantine:%d", q.ID)
	_, err = gateway.Refund(ctx, payment.RefundRequest{IdempotencyKey: key, IntentID: q.GatewayID, Amount: q.Amount, RefundID: key})
	if err != nil {
		return fmt.Errorf("give back %s: %w", q.GatewayID, err)
	}
	return nil
}
