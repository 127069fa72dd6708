package stripe

import "time"

// How refunds of special test cards end.
const (
	refundLater = "later" // pending, and succeeds
	refundFails = "fails" // succeeds, and fails afterwards
)

// refundDelay is when pending refunds get their answer, in virtual time.
const refundDelay = 2 * 24 * time.Hour

// Refund is money given back.
type Refund struct {
	ID                        string            `json:"id"`
	Object                    string            `json:"object"`
	Amount                    int64             `json:"amount"`
	BalanceTransaction        Text              `json:"balance_transaction"`
	Charge                    string            `json:"charge"`
	Created                   int64             `json:"created"`
	Currency                  string            `json:"currency"`
	DestinationDetails        map[string]any    `json:"destination_details"`
	FailureBalanceTransaction Text              `json:"failure_balance_transaction,omitempty"`
	FailureReason             string            `json:"failure_reason,omitempty"`
	Metadata                  map[string]string `json:"metadata"`
	PaymentIntent             string            `json:"payment_intent"`
	Reason                    Text              `json:"reason"`
	ReceiptNumber             Text              `json:"receipt_number"`
	SourceTransferReversal    Text              `json:"source_transfer_reversal"`
	Status                    string            `json:"status"`
	TransferReversal          Text              `json:"transfer_reversal"`
}

func refundRoutes() []route {
	create := params{
		"amount": integer(), "charge": text(), "payment_intent": text(), "metadata": metadata(),
		"reason": oneOf("duplicate", "fraudulent", "requested_by_customer"),
	}
	listed := pageParams.with(createdParams, params{"charge": text(), "payment_intent": text()})
	return []route{
		{pattern: "POST /v1/refunds", params: create, run: createRefund},
		{pattern: "GET /v1/refunds", params: listed, run: listRefunds},
		{pattern: "GET /v1/refunds/{id}", run: func(c *call) (any, error) { return c.refund(c.id) }},
		{pattern: "POST /v1/refunds/{id}", params: params{"metadata": metadata()}, run: updateRefund},
	}
}

func (a *account) refund(id string) (*Refund, error) {
	re, ok := a.refunds.get(id)
	if !ok {
		return nil, missing("refund", "id", id)
	}
	return re, nil
}

func listRefunds(c *call) (any, error) {
	a := c.args
	return page(c, &c.refunds, "/v1/refunds", func(re *Refund) bool {
		return (!a.has("charge") || re.Charge == a.text("charge")) &&
			(!a.has("payment_intent") || re.PaymentIntent == a.text("payment_intent")) && a.createdWithin(re.Created)
	})
}

func updateRefund(c *call) (any, error) {
	re, err := c.refund(c.id)
	if err != nil {
		return nil, err
	}
	pairs, clear := c.args.metadata()
	re.Metadata = mergeMetadata(re.Metadata, pairs, clear)
	c.emitRefund("refund.updated", re)
	return re, nil
}

func createRefund(c *call) (any, error) {
	a := c.args
	ch, err := c.chargeToRefund()
	if err != nil {
		return nil, err
	}
	left := ch.Amount - ch.AmountRefunded
	amount := left
	if a.has("amount") {
		amount = a.integer("amount")
	}
	re, err := c.giveBack(ch, amount, left)
	if err != nil {
		return nil, err
	}
	a.setText("reason", &re.Reason)
	re.Metadata = a.newMetadata()
	c.emit("refund.created", re, nil)
	c.emit("charge.refunded", ch, nil)
	return re, nil
}

func (c *call) chargeToRefund() (*Charge, error) {
	a := c.args
	id := a.text("charge")
	if intent := a.text("payment_intent"); intent != "" {
		pi, ok := c.intents.get(intent)
		if !ok {
			return nil, missing("payment_intent", "payment_intent", intent)
		}
		if pi.Status != Succeeded {
			return nil, refuse("", "payment_intent", "This PaymentIntent (%s) does not have a successful charge to refund.", intent)
		}
		id = string(pi.LatestCharge)
	}
	if id == "" {
		return nil, malformed("parameter_missing", "payment_intent", "One of the following params should be provided for this request: payment_intent or charge.")
	}
	ch, ok := c.charges.get(id)
	if !ok {
		return nil, missing("charge", "charge", id)
	}
	return ch, nil
}

// giveBack books a refund without its events.
func (a *account) giveBack(ch *Charge, amount, left int64) (*Refund, error) {
	switch {
	case ch.Status != ChargeSucceeded:
		return nil, refuse("", "charge", "Charge %s is %s and cannot be refunded.", ch.ID, ch.Status)
	case ch.Disputed:
		return nil, refuse("charge_disputed", "", "Charge %s has been charged back; cannot issue a refund.", ch.ID)
	case left == 0:
		return nil, refuse("charge_already_refunded", "", "Charge %s has already been refunded.", ch.ID)
	case amount < 1:
		return nil, refuse("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	case amount > left:
		return nil, refuse("", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)", amountText(amount, ch.Currency), amountText(left, ch.Currency))
	}
	re := &Refund{
		ID: newID("re"), Object: "refund", Amount: amount, Charge: ch.ID, Created: a.unix(), Currency: ch.Currency, Metadata: map[string]string{},
		PaymentIntent: ch.PaymentIntent, Status: "succeeded", DestinationDetails: map[string]any{"type": ch.PaymentMethodDetails.Type},
	}
	ch.AmountRefunded += amount
	ch.Refunded = ch.AmountRefunded == ch.Amount
	switch ch.refundMode {
	case refundLater:
		re.Status = "pending"
		a.after(refundDelay, func() { a.finishRefund(re, ch, "succeeded") })
	case refundFails:
		a.after(refundDelay, func() { a.finishRefund(re, ch, "failed") })
	}
	a.refunds.add(re.ID, re)
	return re, nil
}

// finishRefund is the bank's late answer.
func (a *account) finishRefund(re *Refund, ch *Charge, status string) {
	re.Status = status
	if status == "failed" {
		re.FailureReason = "unknown"
		ch.AmountRefunded -= re.Amount
		ch.Refunded = false
		a.emit("refund.failed", re, nil)
	}
	a.emitRefund("refund.updated", re)
}

func (a *account) emitRefund(kind string, re *Refund) {
	a.emit(kind, re, map[string]any{})
	a.emit("charge."+kind, re, map[string]any{})
}

// refundsOf lists the refunds of a charge, newest first.
func (a *account) refundsOf(charge string) *List[*Refund] {
	got := &List[*Refund]{Object: "list", Data: []*Refund{}, URL: "/v1/charges/" + charge + "/refunds"}
	all := a.refunds.all()
	for i := len(all) - 1; i >= 0 && len(got.Data) < 10; i-- {
		if all[i].Charge == charge {
			got.Data = append(got.Data, all[i])
		}
	}
	return got
}
