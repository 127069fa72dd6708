package stripe

// The states of a charge.
const (
	ChargeSucceeded = "succeeded"
	ChargePending   = "pending"
	ChargeFailed    = "failed"
)

// Charge is one try to take money.
type Charge struct {
	ID                            string            `json:"id"`
	Object                        string            `json:"object"`
	Amount                        int64             `json:"amount"`
	AmountCaptured                int64             `json:"amount_captured"`
	AmountRefunded                int64             `json:"amount_refunded"`
	Application                   any               `json:"application"`
	ApplicationFee                any               `json:"application_fee"`
	ApplicationFeeAmount          any               `json:"application_fee_amount"`
	BalanceTransaction            Text              `json:"balance_transaction"`
	BillingDetails                BillingDetails    `json:"billing_details"`
	CalculatedStatementDescriptor Text              `json:"calculated_statement_descriptor"`
	Captured                      bool              `json:"captured"`
	Created                       int64             `json:"created"`
	Currency                      string            `json:"currency"`
	Customer                      Text              `json:"customer"`
	Description                   Text              `json:"description"`
	Disputed                      bool              `json:"disputed"`
	FailureBalanceTransaction     Text              `json:"failure_balance_transaction"`
	FailureCode                   Text              `json:"failure_code"`
	FailureMessage                Text              `json:"failure_message"`
	FraudDetails                  map[string]any    `json:"fraud_details"`
	Invoice                       Text              `json:"invoice"`
	Livemode                      bool              `json:"livemode"`
	Metadata                      map[string]string `json:"metadata"`
	OnBehalfOf                    Text              `json:"on_behalf_of"`
	Outcome                       *Outcome          `json:"outcome"`
	Paid                          bool              `json:"paid"`
	PaymentIntent                 string            `json:"payment_intent"`
	PaymentMethod                 string            `json:"payment_method"`
	PaymentMethodDetails          MethodDetails     `json:"payment_method_details"`
	ReceiptEmail                  Text              `json:"receipt_email"`
	ReceiptNumber                 Text              `json:"receipt_number"`
	ReceiptURL                    Text              `json:"receipt_url"`
	Refunded                      bool              `json:"refunded"`
	Refunds                       any               `json:"refunds"` // null unless it is expanded
	Review                        Text              `json:"review"`
	Shipping                      any               `json:"shipping"`
	Source                        any               `json:"source"`
	StatementDescriptor           Text              `json:"statement_descriptor"`
	StatementDescriptorSuffix     Text              `json:"statement_descriptor_suffix"`
	Status                        string            `json:"status"`
	TransferData                  any               `json:"transfer_data"`
	TransferGroup                 Text              `json:"transfer_group"`

	refundMode string // how refunds of the card end
}

// Outcome is what the bank and Stripe's rules said.
type Outcome struct {
	NetworkStatus string `json:"network_status"`
	Reason        Text   `json:"reason"`
	RiskLevel     string `json:"risk_level"`
	RiskScore     int    `json:"risk_score"`
	SellerMessage string `json:"seller_message"`
	Type          string `json:"type"`
}

func refusedFor(reason string) *Outcome {
	return &Outcome{
		NetworkStatus: "declined_by_network", Reason: Text(reason), RiskLevel: "normal", RiskScore: 32,
		SellerMessage: "The bank did not return any further details with this decline.", Type: "issuer_declined",
	}
}

// MethodDetails are the payment method as it was when it was charged.
type MethodDetails struct {
	Card      *CardDetails  `json:"card,omitempty"`
	SEPADebit *DebitDetails `json:"sepa_debit,omitempty"`
	Type      string        `json:"type"`
}

// CardDetails are those of a card.
type CardDetails struct {
	AmountAuthorized int64      `json:"amount_authorized"`
	Brand            string     `json:"brand"`
	Checks           CardChecks `json:"checks"`
	Country          string     `json:"country"`
	ExpMonth         int64      `json:"exp_month"`
	ExpYear          int64      `json:"exp_year"`
	Fingerprint      string     `json:"fingerprint"`
	Funding          string     `json:"funding"`
	Installments     any        `json:"installments"`
	Last4            string     `json:"last4"`
	Mandate          Text       `json:"mandate"`
	Network          string     `json:"network"`
	ThreeDSecure     any        `json:"three_d_secure"`
	Wallet           any        `json:"wallet"`
}

// DebitDetails are those of a bank account.
type DebitDetails struct {
	BankCode    string `json:"bank_code"`
	BranchCode  string `json:"branch_code"`
	Country     string `json:"country"`
	Fingerprint string `json:"fingerprint"`
	Last4       string `json:"last4"`
	Mandate     string `json:"mandate"`
}

func chargeRoutes() []route {
	listed := pageParams.with(createdParams, params{"customer": text(), "payment_intent": text()})
	return []route{
		{pattern: "GET /v1/charges", params: listed, run: listCharges},
		{pattern: "GET /v1/charges/{id}", run: func(c *call) (any, error) {
			ch, ok := c.charges.get(c.id)
			if !ok {
				return nil, missing("charge", "id", c.id)
			}
			return ch, nil
		}},
	}
}

func listCharges(c *call) (any, error) {
	a := c.args
	return page(c, &c.charges, "/v1/charges", func(ch *Charge) bool {
		return (!a.has("customer") || string(ch.Customer) == a.text("customer")) &&
			(!a.has("payment_intent") || ch.PaymentIntent == a.text("payment_intent")) && a.createdWithin(ch.Created)
	})
}

// newCharge books a try with the method that the intent was confirmed with.
func (a *account) newCharge(pi *PaymentIntent, status string) *Charge {
	pm := pi.pending
	ch := &Charge{
		ID: newID("ch"), Object: "charge", Amount: pi.Amount, BillingDetails: pm.BillingDetails, Created: a.unix(), Currency: pi.Currency,
		Captured: true, Customer: pi.Customer, Description: pi.Description, FraudDetails: map[string]any{}, Metadata: mergeMetadata(nil, pi.Metadata, false),
		PaymentIntent: pi.ID, PaymentMethod: pm.ID, Status: status, ReceiptEmail: pi.ReceiptEmail, Shipping: pi.Shipping,
		StatementDescriptor: pi.StatementDescriptor, StatementDescriptorSuffix: pi.StatementDescriptorSuffix,
		Outcome:              &Outcome{NetworkStatus: "approved_by_network", RiskLevel: "normal", RiskScore: 32, SellerMessage: "Payment complete.", Type: "authorized"},
		PaymentMethodDetails: detailsOf(pi, pm), refundMode: cardOf(pm.secret.card).refund,
	}
	if status == ChargeFailed {
		ch.Captured = false
	}
	a.charges.add(ch.ID, ch)
	pi.LatestCharge = Text(ch.ID)
	return ch
}

func detailsOf(pi *PaymentIntent, pm *PaymentMethod) MethodDetails {
	if d := pm.SEPADebit; d != nil {
		return MethodDetails{Type: pm.Type, SEPADebit: &DebitDetails{
			BankCode: d.BankCode, Country: d.Country, Fingerprint: d.Fingerprint, Last4: d.Last4, Mandate: newID("mandate"),
		}}
	}
	c := pm.Card
	checks := c.Checks
	if checks.CVCCheck != "" {
		checks.CVCCheck = "pass"
	}
	d := &CardDetails{
		AmountAuthorized: pi.Amount, Brand: c.Brand, Checks: checks, Country: c.Country, ExpMonth: c.ExpMonth, ExpYear: c.ExpYear,
		Fingerprint: c.Fingerprint, Funding: c.Funding, Last4: c.Last4, Network: c.Brand, Wallet: c.Wallet,
	}
	if pm.setUp {
		d.ThreeDSecure = map[string]any{"authentication_flow": "challenge", "result": "authenticated", "version": "2.2.0"}
	}
	return MethodDetails{Type: pm.Type, Card: d}
}

// settle marks the money as received.
func (ch *Charge) settle() {
	ch.Status, ch.Paid, ch.Captured, ch.AmountCaptured = ChargeSucceeded, true, true, ch.Amount
	ch.BalanceTransaction = ""
}
