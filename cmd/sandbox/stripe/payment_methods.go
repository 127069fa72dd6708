package stripe

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
)

// PaymentMethod is a card or a bank account that can pay.
type PaymentMethod struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	BillingDetails BillingDetails    `json:"billing_details"`
	Card           *Card             `json:"card,omitempty"`
	SEPADebit      *SEPADebit        `json:"sepa_debit,omitempty"`
	Created        int64             `json:"created"`
	Customer       Text              `json:"customer"`
	Livemode       bool              `json:"livemode"`
	Metadata       map[string]string `json:"metadata"`
	Type           string            `json:"type"`

	secret methodSecret
	setUp  bool // authenticated once for payments without the buyer
	used   bool // has paid or tried to
}

// methodSecret is what no answer shows: the number that decides how it behaves.
type methodSecret struct{ card, iban string }

// BillingDetails are whose card or account it is.
type BillingDetails struct {
	Address Address `json:"address"`
	Email   Text    `json:"email"`
	Name    Text    `json:"name"`
	Phone   Text    `json:"phone"`
}

// Card is what of a card is shown.
type Card struct {
	Brand        string         `json:"brand"`
	Checks       CardChecks     `json:"checks"`
	Country      string         `json:"country"`
	ExpMonth     int64          `json:"exp_month"`
	ExpYear      int64          `json:"exp_year"`
	Fingerprint  string         `json:"fingerprint"`
	Funding      string         `json:"funding"`
	Generated    any            `json:"generated_from"`
	Last4        string         `json:"last4"`
	Networks     CardNetworks   `json:"networks"`
	ThreeDSecure map[string]any `json:"three_d_secure_usage"`
	Wallet       any            `json:"wallet"`
}

// CardChecks are what the bank said about address and security code.
type CardChecks struct {
	AddressLine1Check      Text `json:"address_line1_check"`
	AddressPostalCodeCheck Text `json:"address_postal_code_check"`
	CVCCheck               Text `json:"cvc_check"`
}

// CardNetworks are the networks that a card can be charged over.
type CardNetworks struct {
	Available []string `json:"available"`
	Preferred Text     `json:"preferred"`
}

// SEPADebit is what of a bank account is shown.
type SEPADebit struct {
	BankCode      string `json:"bank_code"`
	BranchCode    string `json:"branch_code"`
	Country       string `json:"country"`
	Fingerprint   string `json:"fingerprint"`
	GeneratedFrom any    `json:"generated_from"`
	Last4         string `json:"last4"`
}

var billingParams = params{"address": hash(addressParams), "email": text(), "name": text(), "phone": text()}

var methodDataParams = params{
	"type":            oneOf("card", "sepa_debit").must(),
	"billing_details": hash(billingParams),
	"card":            hash(params{"number": text().must(), "exp_month": integer().must(), "exp_year": integer().must(), "cvc": text()}),
	"sepa_debit":      hash(params{"iban": text().must()}),
	"metadata":        metadata(),
}

func paymentMethodRoutes() []route {
	listed := pageParams.with(params{"type": text()})
	return []route{
		{pattern: "GET /v1/payment_methods", params: listed.with(params{"customer": text()}), run: func(c *call) (any, error) {
			return listMethods(c, c.args.text("customer"), "/v1/payment_methods")
		}},
		{pattern: "GET /v1/payment_methods/{id}", run: func(c *call) (any, error) { return c.method(c.id, "id") }},
		{pattern: "POST /v1/payment_methods/{id}/attach", params: params{"customer": text().must()}, run: attachMethod},
		{pattern: "POST /v1/payment_methods/{id}/detach", run: detachMethod},
		{pattern: "GET /v1/customers/{id}/payment_methods", params: listed, run: func(c *call) (any, error) {
			return listMethods(c, c.id, "/v1/customers/"+c.id+"/payment_methods")
		}},
	}
}

// method returns a payment method; the ready ones of test mode are made new
// each time that they are named.
func (a *account) method(id, param string) (*PaymentMethod, error) {
	if pm, ok := a.methods.get(id); ok {
		return pm, nil
	}
	number, ok := namedCards[id]
	if !ok {
		return nil, missing("PaymentMethod", param, id)
	}
	pm := a.newCard(number, 12, int64(a.clock.now().Year()+3), "123", BillingDetails{})
	a.methods.add(pm.ID, pm)
	return pm, nil
}

func listMethods(c *call, customer, url string) (any, error) {
	return page(c, &c.methods, url, func(pm *PaymentMethod) bool {
		return pm.Customer != "" && string(pm.Customer) == customer && (!c.args.has("type") || pm.Type == c.args.text("type"))
	})
}

func attachMethod(c *call) (any, error) {
	pm, err := c.method(c.id, "id")
	if err != nil {
		return nil, err
	}
	if _, err := c.customer(c.args.text("customer"), "customer"); err != nil {
		return nil, err
	}
	if err := c.attach(pm.ID, c.args.text("customer")); err != nil {
		return nil, err
	}
	return pm, nil
}

// attach saves a payment method at a customer. The bank is asked, so cards
// that decline everything cannot be saved.
func (a *account) attach(id, customer string) error {
	pm, err := a.method(id, "payment_method")
	if err != nil {
		return err
	}
	if pm.Customer != "" && pm.Customer != Text(customer) {
		return refuse("payment_method_unexpected_state", "", "The payment method you provided has already been attached to a customer.")
	}
	if card := cardOf(pm.secret.card); pm.Type == "card" && card.decline != nil && !card.attaches && card.auth == authNever {
		return card.decline.failure()
	}
	pm.Customer = Text(customer)
	a.emit("payment_method.attached", pm, nil)
	return nil
}

func detachMethod(c *call) (any, error) {
	pm, err := c.method(c.id, "id")
	if err != nil {
		return nil, err
	}
	if pm.Customer == "" {
		return nil, refuse("payment_method_unexpected_state", "", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	pm.Customer = ""
	c.emit("payment_method.detached", pm, nil)
	return pm, nil
}

func billingOf(a args) BillingDetails {
	b := BillingDetails{Email: Text(a.text("email")), Name: Text(a.text("name")), Phone: Text(a.text("phone"))}
	if address := addressOf(a.hash("address")); address != nil {
		b.Address = *address
	}
	return b
}

func (a *account) newCard(number string, month, year int64, cvc string, billing BillingDetails) *PaymentMethod {
	card := cardOf(number)
	brand, country, funding := brandOf(number), card.country, card.funding
	if country == "" {
		country = "US"
	}
	if funding == "" {
		funding = "credit"
	}
	pm := a.newMethod("card", billing)
	pm.secret.card = number
	pm.Card = &Card{
		Brand: brand, Country: country, Funding: funding, ExpMonth: month, ExpYear: year, Last4: last4(number),
		Fingerprint: fingerprint(a.name, number), Networks: CardNetworks{Available: []string{brand}},
		ThreeDSecure: map[string]any{"supported": true},
	}
	if cvc != "" {
		pm.Card.Checks.CVCCheck = "unchecked"
	}
	return pm
}

func (a *account) newDebit(iban string, billing BillingDetails) *PaymentMethod {
	pm := a.newMethod("sepa_debit", billing)
	pm.secret.iban = iban
	pm.SEPADebit = &SEPADebit{Country: iban[:2], Last4: last4(iban), Fingerprint: fingerprint(a.name, iban), BankCode: iban[4:min(12, len(iban))]}
	return pm
}

func (a *account) newMethod(kind string, billing BillingDetails) *PaymentMethod {
	return &PaymentMethod{
		ID: newID("pm"), Object: "payment_method", Type: kind, Created: a.unix(), BillingDetails: billing, Metadata: map[string]string{},
	}
}

// methodOf makes a payment method of checked payment_method_data.
func (a *account) methodOf(data args) (*PaymentMethod, error) {
	billing := billingOf(data.hash("billing_details"))
	if data.text("type") == "sepa_debit" {
		iban := cleanIBAN(data.hash("sepa_debit").text("iban"))
		if !validIBAN(iban) {
			return nil, refuse("invalid_bank_account_iban", "sepa_debit[iban]", "The IBAN you provided is invalid.")
		}
		if billing.Name == "" || billing.Email == "" {
			return nil, malformed("parameter_missing", "billing_details[name]", "Missing required param: billing_details[name] and billing_details[email] are needed for a sepa_debit.")
		}
		return a.newDebit(iban, billing), nil
	}
	if data.hash("card") == nil {
		return nil, malformed("parameter_missing", "card", "Missing required param: card.")
	}
	card := data.hash("card")
	now := a.clock.now()
	month, year := card.integer("exp_month"), card.integer("exp_year")
	if year < 100 {
		year += 2000
	}
	number := card.text("number")
	switch {
	case !luhn(number):
		return nil, cardError("incorrect_number", "number", "Your card number is incorrect.")
	case month < 1 || month > 12:
		return nil, cardError("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
	case year > int64(now.Year()+50) || year < int64(now.Year()) || year == int64(now.Year()) && month < int64(now.Month()):
		return nil, cardError("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.")
	}
	return a.newCard(number, month, year, card.text("cvc"), billing), nil
}

func cardError(code, param, message string) *Error {
	return &Error{Status: http.StatusPaymentRequired, Type: typeCard, Code: code, Param: param, Message: message, DocURL: docURL(code)}
}

func (d *decline) failure() *Error {
	e := cardError(d.code, "", d.message)
	if d.declineCode != d.code || d.code == "authentication_required" {
		e.DeclineCode = d.declineCode
	}
	return e
}

func last4(s string) string { return s[max(0, len(s)-4):] }

func fingerprint(account, number string) string {
	sum := sha256.Sum256([]byte(account + "\x00" + number))
	return hex.EncodeToString(sum[:8])
}
