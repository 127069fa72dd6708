package stripe

// tokenLife is how long a confirmation token can be used.
const tokenLife = 12 * 3600

// ConfirmationToken carries from the browser how the buyer wants to pay. It
// can be used once.
type ConfirmationToken struct {
	ID                   string       `json:"id"`
	Object               string       `json:"object"`
	Created              int64        `json:"created"`
	ExpiresAt            int64        `json:"expires_at"`
	Livemode             bool         `json:"livemode"`
	MandateData          *MandateData `json:"mandate_data"`
	PaymentIntent        Text         `json:"payment_intent"`
	PaymentMethodPreview methodView   `json:"payment_method_preview"`
	ReturnURL            Text         `json:"return_url"`
	SetupFutureUsage     Text         `json:"setup_future_usage"`
	SetupIntent          Text         `json:"setup_intent"`
	Shipping             any          `json:"shipping"`
	UseStripeSDK         bool         `json:"use_stripe_sdk"`

	method *PaymentMethod
}

// methodView is a payment method before it has an id.
type methodView struct {
	BillingDetails BillingDetails `json:"billing_details"`
	Card           *Card          `json:"card,omitempty"`
	Customer       Text           `json:"customer"`
	SEPADebit      *SEPADebit     `json:"sepa_debit,omitempty"`
	Type           string         `json:"type"`
}

// MandateData is how the buyer allowed a debit.
type MandateData struct {
	CustomerAcceptance CustomerAcceptance `json:"customer_acceptance"`
}

// CustomerAcceptance is when and where the buyer agreed.
type CustomerAcceptance struct {
	Type   string        `json:"type"`
	Online *OnlineAccept `json:"online"`
}

// OnlineAccept is the browser in which the buyer agreed.
type OnlineAccept struct {
	IPAddress Text `json:"ip_address"`
	UserAgent Text `json:"user_agent"`
}

var mandateParams = params{"customer_acceptance": hash(params{
	"type": oneOf("online", "offline").must(), "accepted_at": integer(),
	"online":  hash(params{"infer_from_client": boolean(), "ip_address": text(), "user_agent": text()}),
	"offline": hash(params{}),
}).must()}

var tokenParams = params{
	"payment_method": text(), "payment_method_data": hash(methodDataParams), "return_url": text(),
	"setup_future_usage": oneOf("off_session", "on_session"), "mandate_data": hash(mandateParams),
	"shipping": hash(params{"name": text(), "phone": text(), "address": hash(addressParams)}),
}

func confirmationTokenRoutes() []route {
	return []route{
		{pattern: "POST /v1/confirmation_tokens", params: tokenParams, publishable: true, run: createTokenInBrowser},
		{pattern: "POST /v1/test_helpers/confirmation_tokens", params: tokenParams, run: createToken},
		{pattern: "GET /v1/confirmation_tokens/{id}", run: func(c *call) (any, error) { return c.token(c.id, "id") }},
	}
}

func createTokenInBrowser(c *call) (any, error) {
	if !c.publishable {
		return nil, refuse("", "", "Confirmation tokens are made by Stripe.js, with a publishable key. Tests may use /v1/test_helpers/confirmation_tokens.")
	}
	return createToken(c)
}

func createToken(c *call) (any, error) {
	data := c.args.hash("payment_method_data")
	var pm *PaymentMethod
	var err error
	switch id := c.args.text("payment_method"); {
	case id != "":
		pm, err = c.method(id, "payment_method")
	case data != nil:
		pm, err = c.methodOf(data)
	default:
		err = malformed("parameter_missing", "payment_method_data", "Missing required param: payment_method_data.")
	}
	if err != nil {
		return nil, err
	}
	tk := c.addToken(pm)
	c.args.setText("return_url", &tk.ReturnURL)
	c.args.setText("setup_future_usage", &tk.SetupFutureUsage)
	tk.MandateData = c.mandateOf(c.args.hash("mandate_data"))
	return tk, nil
}

// addToken makes a token for a payment method that need not be saved yet.
func (a *account) addToken(pm *PaymentMethod) *ConfirmationToken {
	tk := &ConfirmationToken{
		ID: newID("ctoken"), Object: "confirmation_token", Created: a.unix(), ExpiresAt: a.unix() + tokenLife, UseStripeSDK: true, method: pm,
		PaymentMethodPreview: methodView{BillingDetails: pm.BillingDetails, Card: pm.Card, SEPADebit: pm.SEPADebit, Type: pm.Type, Customer: pm.Customer},
	}
	a.tokens.add(tk.ID, tk)
	return tk
}

func (c *call) mandateOf(m args) *MandateData {
	if m == nil {
		return nil
	}
	accepted := m.hash("customer_acceptance")
	data := &MandateData{CustomerAcceptance: CustomerAcceptance{Type: accepted.text("type")}}
	if online := accepted.hash("online"); online != nil {
		got := OnlineAccept{IPAddress: Text(online.text("ip_address")), UserAgent: Text(online.text("user_agent"))}
		if online.boolean("infer_from_client") {
			got = OnlineAccept{IPAddress: Text(c.address), UserAgent: Text(c.agent)}
		}
		data.CustomerAcceptance.Online = &got
	}
	return data
}

func (a *account) token(id, param string) (*ConfirmationToken, error) {
	tk, ok := a.tokens.get(id)
	if !ok {
		return nil, missing("confirmation_token", param, id)
	}
	return tk, nil
}

// usable returns the token for a confirmation, or why it cannot be used.
func (a *account) usableToken(id string) (*ConfirmationToken, error) {
	tk, err := a.token(id, "confirmation_token")
	switch {
	case err != nil:
		return nil, err
	case tk.PaymentIntent != "":
		return nil, refuse("", "confirmation_token", "The ConfirmationToken %s has already been used to confirm a PaymentIntent. Please create a new ConfirmationToken.", id)
	case tk.ExpiresAt < a.unix():
		return nil, refuse("", "confirmation_token", "The ConfirmationToken %s has expired. Please create a new ConfirmationToken.", id)
	}
	return tk, nil
}
