package stripe

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// account is one Stripe account in test mode with all its objects. Everything
// in it is guarded by the server's lock.
type account struct {
	*Server
	name     string
	id       string
	current  *call // the call that runs, for the events it raises
	kept     map[string]*keptAnswer
	requests int

	customers table[*Customer]
	tokens    table[*ConfirmationToken]
	methods   table[*PaymentMethod]
	intents   table[*PaymentIntent]
	charges   table[*Charge]
	refunds   table[*Refund]
	disputes  table[*Dispute]
	events    table[*Event]
	hooks     table[*WebhookEndpoint]
	domains   table[*PaymentMethodDomain]
}

func newAccount(s *Server, name string) *account {
	sum := sha256.Sum256([]byte(name))
	return &account{Server: s, name: name, id: "acct_1" + hex.EncodeToString(sum[:])[:15], kept: map[string]*keptAnswer{}}
}

// lookup finds the object of an id, for expansion.
func (a *account) lookup(id string) (any, bool) {
	prefix, _, _ := strings.Cut(id, "_")
	switch prefix {
	case "cus":
		return found(a.customers.get(id))
	case "pm":
		return found(a.methods.get(id))
	case "pi":
		return found(a.intents.get(id))
	case "ch":
		return found(a.charges.get(id))
	case "re":
		return found(a.refunds.get(id))
	case "dp":
		return found(a.disputes.get(id))
	}
	return nil, false
}

func found[T any](object T, ok bool) (any, bool) { return object, ok }

func accountRoutes() []route {
	return []route{{pattern: "GET /v1/account", run: func(c *call) (any, error) {
		return map[string]any{
			"id": c.account.id, "object": "account", "type": "standard", "country": "DE", "default_currency": "eur",
			"charges_enabled": true, "payouts_enabled": true, "details_submitted": true, "email": c.name + "@example.com",
			"business_profile": map[string]any{"name": "Sandbox " + c.name, "url": nil, "support_email": nil},
			"capabilities":     map[string]any{"card_payments": "active", "sepa_debit_payments": "active", "transfers": "active"},
			"settings":         map[string]any{"dashboard": map[string]any{"display_name": "Sandbox " + c.name, "timezone": "Etc/UTC"}},
			"metadata":         map[string]any{},
		}, nil
	}}}
}
