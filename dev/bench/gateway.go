package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/payment"
)

// freeGateway answers at once and remembers nothing: what is left is what
// Tillside itself costs. Every card is good.
type freeGateway struct{ amount money.Amount }

func (g freeGateway) lookup(string) (payment.Gateway, error) { return g, nil }

// Account implements payment.Gateway.
func (g freeGateway) Account(context.Context) (payment.Account, error) {
	return payment.Account{Gateway: "stripe", ID: "acct_bench", Mode: payment.ModeTest}, nil
}

// CreateCustomer implements payment.Gateway.
func (g freeGateway) CreateCustomer(context.Context, payment.CustomerRequest) (string, error) {
	return randomHex(), nil
}

// CreateIntent implements payment.Gateway.
func (g freeGateway) CreateIntent(_ context.Context, r payment.IntentRequest) (*payment.Intent, error) {
	return &payment.Intent{ID: randomHex(), Status: payment.IntentOpen, Amount: r.Amount, Mode: payment.ModeTest}, nil
}

// ConfirmIntent implements payment.Gateway.
func (g freeGateway) ConfirmIntent(_ context.Context, r payment.ConfirmRequest) (*payment.Intent, error) {
	return &payment.Intent{
		ID: r.IntentID, Status: payment.IntentSucceeded, Amount: g.amount, Received: g.amount, Mode: payment.ModeTest,
		Tender: payment.Tender{Kind: "card", Brand: "visa", Last4: "4242"},
	}, nil
}

// Intent implements payment.Gateway.
func (g freeGateway) Intent(context.Context, string) (*payment.Intent, error) { return nil, notHere() }

// CancelIntent implements payment.Gateway.
func (g freeGateway) CancelIntent(context.Context, string, string) (*payment.Intent, error) {
	return nil, notHere()
}

// Refund implements payment.Gateway.
func (g freeGateway) Refund(context.Context, payment.RefundRequest) (*payment.Refund, error) {
	return nil, notHere()
}

// Refunds implements payment.Gateway.
func (g freeGateway) Refunds(context.Context, string) ([]payment.Refund, error) { return nil, nil }

// Events implements payment.Gateway.
func (g freeGateway) Events(context.Context, time.Time, func(payment.Event) error) error { return nil }

func notHere() error { return errs.New(errs.NotFound, "The benchmark's gateway remembers nothing.") }

func randomHex() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails; see crypto/rand
	return hex.EncodeToString(b[:])
}
