package order

import (
	"context"
	"fmt"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
)

// RefundJob is the payload of JobSendRefund.
type RefundJob struct {
	RefundID int64 `json:"refund_id"`
}

// PaymentJob is the payload of JobSyncRefunds.
type PaymentJob struct {
	Gateway  string `json:"gateway"`
	IntentID string `json:"intent_id"`
}

func (s *Service) sendRefundJob(ctx context.Context, j job.Job) error {
	var p RefundJob
	if err := j.Decode(&p); err != nil {
		return err
	}
	_, err := s.SendRefund(ctx, p.RefundID)
	return err
}

// SendRefund sends a requested refund to the provider under the refund's own
// idempotency key, so that it may be called again, and stores the outcome. A
// refund that the provider refuses ends as failed, and the error is
// errs.Conflict with the provider's reason.
func (s *Service) SendRefund(ctx context.Context, refundID int64) (*Refund, error) {
	r, err := s.store.Refund(ctx, refundID)
	if err != nil || r.Status != RefundRequested {
		return r, err
	}
	o, err := s.store.Order(ctx, r.OrderID)
	if err != nil {
		return nil, err
	}
	paid, gateway, err := s.paymentOf(o, r.PaymentID)
	if err != nil {
		return nil, err
	}
	sent, err := gateway.Refund(ctx, payment.RefundRequest{
		IdempotencyKey: "refund:" + r.PublicID, IntentID: paid.GatewayID, Amount: r.Amount, RefundID: r.PublicID,
	})
	if errs.Is(err, errs.Conflict) {
		r.Status = RefundFailed
		if storeErr := s.storeRefund(ctx, r); storeErr != nil {
			return nil, storeErr
		}
		return r, job.GiveUp(fmt.Errorf("refund %d: %w", r.ID, err))
	}
	if err != nil {
		return nil, fmt.Errorf("refund %d: %w", r.ID, err)
	}
	r.GatewayID, r.Status = sent.ID, statusOf(sent.Status)
	return r, s.storeRefund(ctx, r)
}

// storeRefund stores a refund's status and what follows from it for the order.
func (s *Service) storeRefund(ctx context.Context, r *Refund) error {
	return s.store.InTx(ctx, func(tx Tx) error {
		o, err := tx.LockOrder(ctx, r.OrderID)
		if err != nil {
			return err
		}
		if err := tx.UpdateRefund(ctx, r); err != nil {
			return err
		}
		return s.recount(ctx, tx, o)
	})
}

// recount brings an order's refunded amount and status, and the gift cards that
// it bought, in line with its refunds, and fires an event when they changed.
func (s *Service) recount(ctx context.Context, tx Tx, o *Order) error {
	refunds, err := tx.Refunds(ctx, o.ID)
	if err != nil {
		return err
	}
	spent, err := s.takeBack(ctx, tx, o, refunds)
	if err != nil {
		return err
	}
	if !spent.IsZero() { // refunded in the provider's dashboard
		s.log.WarnContext(ctx, "more was refunded than is left on the gift card", "order", o.ID, "spent", spent.Major())
	}
	refunded := money.New(0, o.Terms.Total.Currency)
	for _, r := range refunds {
		if r.Status == RefundSucceeded || r.Status == RefundPending {
			refunded.Minor += r.Amount.Minor
		}
	}
	if refunded == o.Refunded {
		return nil
	}
	status := StatusPartiallyRefunded
	switch {
	case refunded.IsZero():
		status = StatusPaid
	case refunded.Minor >= o.Terms.Total.Minor:
		status = StatusRefunded
	}
	if err := tx.SetRefunded(ctx, o.ID, refunded, status); err != nil {
		return err
	}
	if status == StatusRefunded {
		if err := s.returnUses(ctx, tx, o); err != nil {
			return err
		}
		// A part that went back says nothing of what was bought.
		if err := tx.Enqueue(ctx, o.happened(catalog.OnRefunded, s.now())); err != nil {
			return err
		}
	}
	return tx.Enqueue(ctx, job.New{
		Kind: JobEvent, Priority: job.PriorityNormal, RunAt: s.now(), Payload: EventJob{Type: "order.refunded", OrderID: o.ID},
	})
}

func (s *Service) syncRefundsJob(ctx context.Context, j job.Job) error {
	var p PaymentJob
	if err := j.Decode(&p); err != nil {
		return err
	}
	return s.SyncRefunds(ctx, p.Gateway, p.IntentID)
}

// SyncRefunds reads all refunds of a payment from the provider and stores what
// is new or changed: made in the dashboard, failed weeks later. A payment that
// is not ours is left alone.
func (s *Service) SyncRefunds(ctx context.Context, gatewayName, intentID string) error {
	found, err := s.store.OrderOfPayment(ctx, gatewayName, intentID)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	gateway, err := s.gateways(gatewayName)
	if err != nil {
		return err
	}
	at, err := gateway.Refunds(ctx, intentID)
	if err != nil {
		return fmt.Errorf("refunds of order %d: %w", found.ID, err)
	}
	return s.store.InTx(ctx, func(tx Tx) error {
		o, err := tx.LockOrder(ctx, found.ID)
		if err != nil {
			return err
		}
		known, err := tx.Refunds(ctx, o.ID)
		if err != nil {
			return err
		}
		for _, remote := range at {
			if err := s.mergeRefund(ctx, tx, o, intentID, known, remote); err != nil {
				return err
			}
		}
		return s.recount(ctx, tx, o)
	})
}

// mergeRefund writes one refund of the provider's into ours.
func (s *Service) mergeRefund(ctx context.Context, tx Tx, o *Order, intentID string, known []Refund, remote payment.Refund) error {
	for i := range known {
		r := &known[i]
		if r.GatewayID != remote.ID && (remote.RefundID == "" || r.PublicID != remote.RefundID) {
			continue
		}
		if r.GatewayID == remote.ID && r.Status == statusOf(remote.Status) {
			return nil
		}
		r.GatewayID, r.Status = remote.ID, statusOf(remote.Status)
		return tx.UpdateRefund(ctx, r)
	}
	for _, p := range o.Payments {
		if p.GatewayID == intentID {
			return tx.AddRefund(ctx, &Refund{
				PublicID: newPublicID(), OrderID: o.ID, PaymentID: p.ID, GatewayID: remote.ID, Amount: remote.Amount,
				Status: statusOf(remote.Status), Source: RefundFromProvider, CreatedAt: s.now(),
			})
		}
	}
	return nil
}

func (s *Service) paymentOf(o *Order, paymentID int64) (Payment, payment.Gateway, error) {
	for _, p := range o.Payments {
		if p.ID != paymentID {
			continue
		}
		gateway, err := s.gateways(p.Account.Gateway)
		return p, gateway, err
	}
	return Payment{}, nil, fmt.Errorf("order %d has no payment %d", o.ID, paymentID)
}

func statusOf(s payment.RefundStatus) RefundStatus {
	switch s {
	case payment.RefundSucceeded:
		return RefundSucceeded
	case payment.RefundFailed:
		return RefundFailed
	}
	return RefundPending
}
