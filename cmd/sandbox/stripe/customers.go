package stripe

// Customer is who pays.
type Customer struct {
	ID               string            `json:"id"`
	Object           string            `json:"object"`
	Address          *Address          `json:"address"`
	Balance          int64             `json:"balance"`
	Created          int64             `json:"created"`
	Currency         Text              `json:"currency"`
	DefaultSource    Text              `json:"default_source"`
	Delinquent       bool              `json:"delinquent"`
	Description      Text              `json:"description"`
	Discount         any               `json:"discount"`
	Email            Text              `json:"email"`
	InvoicePrefix    string            `json:"invoice_prefix"`
	InvoiceSettings  InvoiceSettings   `json:"invoice_settings"`
	Livemode         bool              `json:"livemode"`
	Metadata         map[string]string `json:"metadata"`
	Name             Text              `json:"name"`
	Phone            Text              `json:"phone"`
	PreferredLocales []string          `json:"preferred_locales"`
	Shipping         any               `json:"shipping"`
	TaxExempt        string            `json:"tax_exempt"`
	TestClock        Text              `json:"test_clock"`
}

// InvoiceSettings are a customer's defaults for what is billed later.
type InvoiceSettings struct {
	CustomFields         any  `json:"custom_fields"`
	DefaultPaymentMethod Text `json:"default_payment_method"`
	Footer               Text `json:"footer"`
	RenderingOptions     any  `json:"rendering_options"`
}

// Address is a postal address.
type Address struct {
	City       Text `json:"city"`
	Country    Text `json:"country"`
	Line1      Text `json:"line1"`
	Line2      Text `json:"line2"`
	PostalCode Text `json:"postal_code"`
	State      Text `json:"state"`
}

// Deleted stands for an object that is gone.
type Deleted struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Deleted bool   `json:"deleted"`
}

var addressParams = params{
	"city": text(), "country": text(), "line1": text(), "line2": text(), "postal_code": text(), "state": text(),
}

var customerParams = params{
	"address": hash(addressParams), "balance": integer(), "description": text(), "email": text(),
	"invoice_settings": hash(params{"default_payment_method": text(), "footer": text()}),
	"metadata":         metadata(), "name": text(), "phone": text(), "preferred_locales": list(text()),
	"shipping":   hash(params{"name": text(), "phone": text(), "address": hash(addressParams)}),
	"tax_exempt": oneOf("none", "exempt", "reverse"),
}

func customerRoutes() []route {
	return []route{
		{pattern: "POST /v1/customers", params: customerParams.with(params{"payment_method": text()}), run: createCustomer},
		{pattern: "GET /v1/customers", params: pageParams.with(createdParams, params{"email": text()}), run: listCustomers},
		{pattern: "GET /v1/customers/{id}", run: func(c *call) (any, error) { return c.customer(c.id, "id") }},
		{pattern: "POST /v1/customers/{id}", params: customerParams, run: updateCustomer},
		{pattern: "DELETE /v1/customers/{id}", run: deleteCustomer},
	}
}

func (a *account) customer(id, param string) (*Customer, error) {
	if cu, ok := a.customers.get(id); ok {
		return cu, nil
	}
	return nil, missing("customer", param, id)
}

func addressOf(a args) *Address {
	if a == nil {
		return nil
	}
	return &Address{
		City: Text(a.text("city")), Country: Text(a.text("country")), Line1: Text(a.text("line1")),
		Line2: Text(a.text("line2")), PostalCode: Text(a.text("postal_code")), State: Text(a.text("state")),
	}
}

func createCustomer(c *call) (any, error) {
	cu := &Customer{
		ID: newID("cus"), Object: "customer", Created: c.unix(), InvoicePrefix: random(8), TaxExempt: "none",
		Metadata: map[string]string{}, PreferredLocales: []string{},
	}
	if err := c.setCustomer(cu); err != nil {
		return nil, err
	}
	if id := c.args.text("payment_method"); id != "" {
		if err := c.attach(id, cu.ID); err != nil {
			return nil, err
		}
	}
	c.customers.add(cu.ID, cu)
	c.emit("customer.created", cu, nil)
	return cu, nil
}

func updateCustomer(c *call) (any, error) {
	cu, err := c.customer(c.id, "id")
	if err != nil {
		return nil, err
	}
	if err := c.setCustomer(cu); err != nil {
		return nil, err
	}
	c.emit("customer.updated", cu, map[string]any{})
	return cu, nil
}

func (c *call) setCustomer(cu *Customer) error {
	a := c.args
	if m := a.hash("invoice_settings").text("default_payment_method"); m != "" {
		pm, ok := c.methods.get(m)
		if !ok || pm.Customer != Text(cu.ID) {
			return missing("payment method", "invoice_settings[default_payment_method]", m)
		}
		cu.InvoiceSettings.DefaultPaymentMethod = Text(m)
	}
	if a.has("address") {
		cu.Address = addressOf(a.hash("address"))
	}
	if sh := a.hash("shipping"); a.has("shipping") {
		cu.Shipping = map[string]any{"name": Text(sh.text("name")), "phone": Text(sh.text("phone")), "address": addressOf(sh.hash("address"))}
	}
	if a.has("balance") {
		cu.Balance = a.integer("balance")
	}
	if a.has("preferred_locales") {
		cu.PreferredLocales = a.texts("preferred_locales")
	}
	if a.has("tax_exempt") {
		cu.TaxExempt = a.text("tax_exempt")
	}
	a.setText("description", &cu.Description)
	a.setText("email", &cu.Email)
	a.setText("name", &cu.Name)
	a.setText("phone", &cu.Phone)
	pairs, clear := a.metadata()
	cu.Metadata = mergeMetadata(cu.Metadata, pairs, clear)
	return nil
}

func listCustomers(c *call) (any, error) {
	return page(c, &c.customers, "/v1/customers", func(cu *Customer) bool {
		return (!c.args.has("email") || string(cu.Email) == c.args.text("email")) && c.args.createdWithin(cu.Created)
	})
}

func deleteCustomer(c *call) (any, error) {
	cu, err := c.customer(c.id, "id")
	if err != nil {
		return nil, err
	}
	c.customers.remove(cu.ID)
	c.emit("customer.deleted", cu, nil)
	return Deleted{ID: cu.ID, Object: "customer", Deleted: true}, nil
}
