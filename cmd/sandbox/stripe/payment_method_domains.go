package stripe

// PaymentMethodDomain is a site on which wallets may be shown.
type PaymentMethodDomain struct {
	ID         string            `json:"id"`
	Object     string            `json:"object"`
	ApplePay   map[string]string `json:"apple_pay"`
	Created    int64             `json:"created"`
	DomainName string            `json:"domain_name"`
	Enabled    bool              `json:"enabled"`
	GooglePay  map[string]string `json:"google_pay"`
	Link       map[string]string `json:"link"`
	Livemode   bool              `json:"livemode"`
	PayPal     map[string]string `json:"paypal"`
}

func domainRoutes() []route {
	return []route{
		{pattern: "POST /v1/payment_method_domains", params: params{"domain_name": text().must(), "enabled": boolean()}, run: createDomain},
		{pattern: "GET /v1/payment_method_domains", params: pageParams.with(params{"domain_name": text(), "enabled": boolean()}), run: func(c *call) (any, error) {
			return page(c, &c.domains, "/v1/payment_method_domains", func(d *PaymentMethodDomain) bool {
				return (!c.args.has("domain_name") || d.DomainName == c.args.text("domain_name")) &&
					(!c.args.has("enabled") || d.Enabled == c.args.boolean("enabled"))
			})
		}},
	}
}

// createDomain registers a domain; the same one twice is the same object.
func createDomain(c *call) (any, error) {
	name := c.args.text("domain_name")
	for _, d := range c.domains.all() {
		if d.DomainName == name {
			return d, nil
		}
	}
	active := map[string]string{"status": "active"}
	d := &PaymentMethodDomain{
		ID: newID("pmd"), Object: "payment_method_domain", Created: c.unix(), DomainName: name,
		Enabled: !c.args.has("enabled") || c.args.boolean("enabled"), ApplePay: active, GooglePay: active, Link: active, PayPal: active,
	}
	c.domains.add(d.ID, d)
	return d, nil
}
