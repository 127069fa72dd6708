package stripe

// Dispute is a payment that the buyer's bank has taken back.
type Dispute struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"`
	Amount             int64             `json:"amount"`
	Charge             string            `json:"charge"`
	Created            int64             `json:"created"`
	Currency           string            `json:"currency"`
	Evidence           map[string]any    `json:"evidence"`
	EvidenceDetails    map[string]any    `json:"evidence_details"`
	IsChargeRefundable bool              `json:"is_charge_refundable"`
	Livemode           bool              `json:"livemode"`
	Metadata           map[string]string `json:"metadata"`
	PaymentIntent      string            `json:"payment_intent"`
	Reason             string            `json:"reason"`
	Status             string            `json:"status"`
}

func disputeRoutes() []route {
	listed := pageParams.with(createdParams, params{"charge": text(), "payment_intent": text()})
	return []route{
		{pattern: "GET /v1/disputes", params: listed, run: func(c *call) (any, error) {
			return page(c, &c.disputes, "/v1/disputes", func(dp *Dispute) bool {
				return (!c.args.has("charge") || dp.Charge == c.args.text("charge")) &&
					(!c.args.has("payment_intent") || dp.PaymentIntent == c.args.text("payment_intent")) && c.args.createdWithin(dp.Created)
			})
		}},
		{pattern: "GET /v1/disputes/{id}", run: func(c *call) (any, error) {
			dp, ok := c.disputes.get(c.id)
			if !ok {
				return nil, missing("dispute", "id", c.id)
			}
			return dp, nil
		}},
	}
}

// dispute takes a charge back.
func (a *account) dispute(ch *Charge, reason string) {
	dp := &Dispute{
		ID: newID("dp"), Object: "dispute", Amount: ch.Amount, Charge: ch.ID, Created: a.unix(), Currency: ch.Currency,
		Evidence: map[string]any{}, EvidenceDetails: map[string]any{"due_by": a.unix() + 7*24*3600, "has_evidence": false, "past_due": false, "submission_count": 0},
		Metadata: map[string]string{}, PaymentIntent: ch.PaymentIntent, Reason: reason, Status: "needs_response",
	}
	ch.Disputed = true
	a.disputes.add(dp.ID, dp)
	a.emit("charge.dispute.created", dp, nil)
	a.emit("charge.dispute.funds_withdrawn", dp, nil)
}
