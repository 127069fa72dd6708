package stripe

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The states of a PaymentIntent.
const (
	RequiresPaymentMethod = "requires_payment_method"
	RequiresConfirmation  = "requires_confirmation"
	RequiresAction        = "requires_action"
	Processing            = "processing"
	Succeeded             = "succeeded"
	Canceled              = "canceled"
)

// PaymentIntent is one payment from the wish to the money.
type PaymentIntent struct {
	ID                        string                `json:"id"`
	Object                    string                `json:"object"`
	Amount                    int64                 `json:"amount"`
	AmountCapturable          int64                 `json:"amount_capturable"`
	AmountDetails             map[string]any        `json:"amount_details"`
	AmountReceived            int64                 `json:"amount_received"`
	Application               any                   `json:"application"`
	ApplicationFeeAmount      any                   `json:"application_fee_amount"`
	AutomaticPaymentMethods   *AutomaticMethods     `json:"automatic_payment_methods"`
	CanceledAt                Unix                  `json:"canceled_at"`
	CancellationReason        Text                  `json:"cancellation_reason"`
	CaptureMethod             string                `json:"capture_method"`
	ClientSecret              string                `json:"client_secret"`
	ConfirmationMethod        string                `json:"confirmation_method"`
	Created                   int64                 `json:"created"`
	Currency                  string                `json:"currency"`
	Customer                  Text                  `json:"customer"`
	Description               Text                  `json:"description"`
	Invoice                   Text                  `json:"invoice"`
	LastPaymentError          *Error                `json:"last_payment_error"`
	LatestCharge              Text                  `json:"latest_charge"`
	Livemode                  bool                  `json:"livemode"`
	Metadata                  map[string]string     `json:"metadata"`
	NextAction                *NextAction           `json:"next_action"`
	OnBehalfOf                Text                  `json:"on_behalf_of"`
	PaymentMethod             Text                  `json:"payment_method"`
	PaymentMethodOptions      map[string]*KindUsage `json:"payment_method_options"`
	PaymentMethodTypes        []string              `json:"payment_method_types"`
	Processing                any                   `json:"processing"`
	ReceiptEmail              Text                  `json:"receipt_email"`
	Review                    Text                  `json:"review"`
	SetupFutureUsage          Text                  `json:"setup_future_usage"`
	Shipping                  any                   `json:"shipping"`
	Source                    Text                  `json:"source"`
	StatementDescriptor       Text                  `json:"statement_descriptor"`
	StatementDescriptorSuffix Text                  `json:"statement_descriptor_suffix"`
	Status                    string                `json:"status"`
	TransferData              any                   `json:"transfer_data"`
	TransferGroup             Text                  `json:"transfer_group"`

	returnURL string
	pending   *PaymentMethod // confirmed with, while the buyer's bank is asked
}

// AutomaticMethods lets Stripe choose the ways to pay.
type AutomaticMethods struct {
	AllowRedirects string `json:"allow_redirects"`
	Enabled        bool   `json:"enabled"`
}

// KindUsage are the options of one kind of payment method.
type KindUsage struct {
	SetupFutureUsage    Text   `json:"setup_future_usage,omitempty"`
	RequestThreeDSecure string `json:"request_three_d_secure,omitempty"`
}

// NextAction is what the buyer has to do before the payment goes on.
type NextAction struct {
	Type          string         `json:"type"`
	UseStripeSDK  map[string]any `json:"use_stripe_sdk,omitempty"`
	RedirectToURL *RedirectToURL `json:"redirect_to_url,omitempty"`
}

// RedirectToURL is where the buyer's bank asks when Stripe.js does not.
type RedirectToURL struct {
	ReturnURL string `json:"return_url"`
	URL       string `json:"url"`
}

var usages = oneOf("off_session", "on_session")

var kindParams = params{"setup_future_usage": oneOf("none", "off_session", "on_session")}

// intentSettings are the parameters that create and update share.
var intentSettings = params{
	"amount": integer(), "currency": text(), "customer": text(), "description": text(), "metadata": metadata(),
	"payment_method": text(), "payment_method_types": list(oneOf("card", "sepa_debit")),
	"payment_method_options": hash(params{
		"card":       hash(kindParams.with(params{"request_three_d_secure": oneOf("any", "automatic")})),
		"sepa_debit": hash(kindParams),
	}),
	"receipt_email": text(), "setup_future_usage": usages,
	"shipping":             hash(params{"name": text(), "phone": text(), "address": hash(addressParams)}),
	"statement_descriptor": text(), "statement_descriptor_suffix": text(), "transfer_group": text(),
}

// howToConfirm are the parameters that confirm and a confirming create share.
var howToConfirm = params{
	"confirmation_token": text(), "error_on_requires_action": boolean(), "mandate_data": hash(mandateParams),
	"off_session": boolean(), "payment_method": text(), "return_url": text(), "use_stripe_sdk": boolean(),
}

func paymentIntentRoutes() []route {
	create := intentSettings.with(howToConfirm, params{
		"amount": integer().must(), "currency": text().must(), "confirm": boolean(),
		"automatic_payment_methods": hash(params{"enabled": boolean().must(), "allow_redirects": oneOf("always", "never")}),
		"capture_method":            oneOf("automatic", "automatic_async"), "confirmation_method": oneOf("automatic"),
	})
	confirm := howToConfirm.with(params{
		"client_secret": text(), "setup_future_usage": usages, "receipt_email": text(), "payment_method_data": hash(methodDataParams),
	})
	reasons := oneOf("duplicate", "fraudulent", "requested_by_customer", "abandoned")
	return []route{
		{pattern: "POST /v1/payment_intents", params: create, run: createIntent},
		{pattern: "GET /v1/payment_intents", params: pageParams.with(createdParams, params{"customer": text()}), run: listIntents},
		{pattern: "GET /v1/payment_intents/{id}", params: params{"client_secret": text()}, publishable: true, run: showIntent},
		{pattern: "POST /v1/payment_intents/{id}", params: intentSettings, run: updateIntent},
		{pattern: "POST /v1/payment_intents/{id}/confirm", params: confirm, publishable: true, run: confirmIntent},
		{pattern: "POST /v1/payment_intents/{id}/cancel", params: params{"cancellation_reason": reasons}, run: cancelIntent},
	}
}

// intent returns the payment of the path. A publishable key must show the
// client secret with it.
func (c *call) intent() (*PaymentIntent, error) {
	pi, ok := c.intents.get(c.id)
	if !ok {
		return nil, missing("payment_intent", "intent", c.id)
	}
	secret := c.args.text("client_secret")
	if (c.publishable || secret != "") && secret != pi.ClientSecret {
		return nil, refuse("payment_intent_invalid_parameter", "client_secret", "The client_secret provided does not match any associated PaymentIntent on this account.")
	}
	return pi, nil
}

func showIntent(c *call) (any, error) {
	pi, err := c.intent()
	if err != nil {
		return nil, err
	}
	return c.shown(pi)
}

// publicIntent are the parts that a publishable key may see.
var publicIntent = strings.Fields(`id object amount amount_details automatic_payment_methods canceled_at cancellation_reason
	capture_method client_secret confirmation_method created currency description last_payment_error livemode next_action
	payment_method payment_method_types processing receipt_email setup_future_usage shipping source status`)

func (c *call) shown(pi *PaymentIntent) (any, error) {
	if !c.publishable {
		return pi, nil
	}
	data, err := json.Marshal(pi)
	if err != nil {
		return nil, fmt.Errorf("encode intent for a publishable key: %w", err)
	}
	fields, err := fieldsOf(data)
	if err != nil {
		return nil, err
	}
	for name := range fields {
		if !slices.Contains(publicIntent, name) {
			delete(fields, name)
		}
	}
	return fields, nil
}

func listIntents(c *call) (any, error) {
	return page(c, &c.intents, "/v1/payment_intents", func(pi *PaymentIntent) bool {
		return (!c.args.has("customer") || string(pi.Customer) == c.args.text("customer")) && c.args.createdWithin(pi.Created)
	})
}

func createIntent(c *call) (any, error) {
	a := c.args
	pi := &PaymentIntent{
		ID: newID("pi"), Object: "payment_intent", Created: c.unix(), Status: RequiresPaymentMethod, CaptureMethod: "automatic",
		ConfirmationMethod: "automatic", AmountDetails: map[string]any{"tip": map[string]any{}}, Metadata: map[string]string{},
		Currency: strings.ToLower(a.text("currency")),
	}
	pi.ClientSecret = pi.ID + "_secret_" + random(25)
	// Since 2023-08-16 they are on unless the call says otherwise.
	auto := a.hash("automatic_payment_methods")
	if auto.boolean("enabled") || auto == nil && !a.has("payment_method_types") {
		pi.AutomaticPaymentMethods = &AutomaticMethods{Enabled: true, AllowRedirects: "always"}
		if r := auto.text("allow_redirects"); r != "" {
			pi.AutomaticPaymentMethods.AllowRedirects = r
		}
		if auto != nil && a.has("payment_method_types") {
			return nil, malformed("", "payment_method_types", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.")
		}
	}
	if !a.boolean("confirm") {
		for _, name := range []string{"confirmation_token", "off_session", "mandate_data", "return_url", "error_on_requires_action"} {
			if a.has(name) {
				return nil, malformed("", name, "The parameter `%s` cannot be passed when creating a PaymentIntent unless `confirm` is set to true.", name)
			}
		}
	}
	if err := c.setIntent(pi); err != nil {
		return nil, err
	}
	c.intents.add(pi.ID, pi)
	c.emit("payment_intent.created", pi, nil)
	if a.boolean("confirm") {
		if err := c.confirm(pi); err != nil {
			return nil, err
		}
	}
	return pi, nil
}

// kindsFor are the ways to pay that the account has switched on.
func kindsFor(currency string) []string {
	if currency == "eur" {
		return []string{"card", "sepa_debit"}
	}
	return []string{"card"}
}

func updateIntent(c *call) (any, error) {
	pi, err := c.intent()
	if err != nil {
		return nil, err
	}
	open := pi.Status == RequiresPaymentMethod || pi.Status == RequiresConfirmation
	for _, name := range []string{"amount", "currency", "customer", "payment_method", "payment_method_types", "payment_method_options", "setup_future_usage"} {
		if c.args.has(name) && !open {
			return nil, pi.unexpected("This PaymentIntent's %s could not be updated because it has a status of %s. You may only update the %s of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation.", name, pi.Status, name)
		}
	}
	changed := *pi
	if err := c.setIntent(&changed); err != nil {
		return nil, err
	}
	*pi = changed
	return pi, nil
}

// setIntent writes what was sent into the intent, which may be half changed
// when there is an error.
func (c *call) setIntent(pi *PaymentIntent) error {
	a := c.args
	if a.has("amount") {
		pi.Amount = a.integer("amount")
	}
	if a.has("currency") {
		pi.Currency = strings.ToLower(a.text("currency"))
	}
	if err := checkAmount(pi.Amount, pi.Currency); err != nil {
		return err
	}
	if id := a.text("customer"); id != "" {
		if _, err := c.customer(id, "customer"); err != nil {
			return err
		}
	}
	if suffix := a.text("statement_descriptor_suffix"); len(suffix) > 22 {
		return malformed("parameter_too_long", "statement_descriptor_suffix", "The statement descriptor suffix must be at most 22 characters, not %d.", len(suffix))
	} else if strings.ContainsAny(suffix, `<>\'"*`) {
		return malformed("", "statement_descriptor_suffix", `The statement descriptor suffix must not contain any of < > \ ' " *`)
	}
	a.setText("customer", &pi.Customer)
	a.setText("description", &pi.Description)
	a.setText("receipt_email", &pi.ReceiptEmail)
	a.setText("setup_future_usage", &pi.SetupFutureUsage)
	a.setText("statement_descriptor", &pi.StatementDescriptor)
	a.setText("statement_descriptor_suffix", &pi.StatementDescriptorSuffix)
	a.setText("transfer_group", &pi.TransferGroup)
	pairs, clear := a.metadata()
	pi.Metadata = mergeMetadata(pi.Metadata, pairs, clear)
	c.setKinds(pi)
	if id := a.text("payment_method"); id != "" {
		pm, err := c.method(id, "payment_method")
		if err != nil {
			return err
		}
		pi.PaymentMethod, pi.Status = Text(pm.ID), RequiresConfirmation
	}
	return nil
}

func (c *call) setKinds(pi *PaymentIntent) {
	pi.PaymentMethodTypes = kindsFor(pi.Currency)
	if kinds := c.args.texts("payment_method_types"); len(kinds) > 0 {
		pi.PaymentMethodTypes = kinds
	} else if pi.AutomaticPaymentMethods == nil {
		pi.PaymentMethodTypes = []string{"card"}
	}
	options := c.args.hash("payment_method_options")
	had := pi.PaymentMethodOptions
	pi.PaymentMethodOptions = map[string]*KindUsage{}
	for _, kind := range pi.PaymentMethodTypes {
		if options[kind] == nil && had[kind] != nil {
			pi.PaymentMethodOptions[kind] = had[kind]
			continue
		}
		usage := &KindUsage{SetupFutureUsage: Text(options.hash(kind).text("setup_future_usage"))}
		if kind == "card" {
			usage.RequestThreeDSecure = "automatic"
			if r := options.hash(kind).text("request_three_d_secure"); r != "" {
				usage.RequestThreeDSecure = r
			}
		}
		pi.PaymentMethodOptions[kind] = usage
	}
}
