package catalog

import (
	"fmt"
	"slices"
)

// Moment is what an automation follows.
type Moment string

// The moments. Those of subscriptions are raised once there are subscriptions.
const (
	OnStarted       Moment = "started"        // the contact began to order
	OnAbandoned     Moment = "abandoned"      // and did not come back
	OnPurchased     Moment = "purchased"      // an order was paid
	OnRefunded      Moment = "refunded"       // money went back; by itself this takes no access away
	OnPaymentFailed Moment = "payment_failed" // the last try for a subscription failed
	OnRenewed       Moment = "renewed"        // a subscription was charged again
	OnPaused        Moment = "paused"
	OnCancelled     Moment = "cancelled" // at once; revoked follows at the end of the period
	OnRevoked       Moment = "revoked"
	OnExpired       Moment = "expired" // a plan was paid to its end
)

// Moments are all of them, in the order in which a contact may meet them.
var Moments = []Moment{
	OnStarted, OnAbandoned, OnPurchased, OnRefunded, OnRenewed, OnPaymentFailed, OnPaused, OnCancelled, OnRevoked, OnExpired,
}

// Automation is what happens to a contact at a moment.
type Automation struct {
	Add    []string `json:"add,omitempty"`    // tags; one that is there counts as added again
	Remove []string `json:"remove,omitempty"` // tags
	Run    []string `json:"run,omitempty"`    // slugs of operations
}

// Automations are an offer's or a product's.
type Automations map[Moment]Automation

// Tags returns the tags that an automation gives at a moment.
func (a Automations) Tags(m Moment) []string { return a[m].Add }

// automations checks what an offer's or a product's automations say.
func (c *checker) automations(kind, slug string, all Automations) {
	for _, m := range Moments {
		a, field := all[m], fmt.Sprintf("automations.%s", m)
		for list, tags := range map[string][]string{"add": a.Add, "remove": a.Remove} {
			for i, tag := range tags {
				c.line(kind, slug, field, tag, maxTag, true)
				if slices.Contains(tags[:i], tag) {
					c.add(kind, slug, field, "%q is there twice in %s", tag, list)
				}
			}
		}
		for _, tag := range a.Add {
			if slices.Contains(a.Remove, tag) {
				c.add(kind, slug, field, "%q is both added and removed", tag)
			}
		}
		for _, operation := range a.Run {
			if fault := CheckSlug(operation); fault != "" {
				c.add(kind, slug, field, "operation: %s", fault)
			}
		}
	}
}

// automationDoc is an automation in a catalogue file.
type automationDoc struct {
	Add    []string `yaml:"add,omitempty,flow"`
	Remove []string `yaml:"remove,omitempty,flow"`
	Run    []string `yaml:"run,omitempty,flow"`
}

func documentOfAutomations(all Automations) map[Moment]automationDoc {
	var docs map[Moment]automationDoc
	for _, m := range Moments {
		a := all[m]
		if len(a.Add)+len(a.Remove)+len(a.Run) == 0 {
			continue
		}
		if docs == nil {
			docs = map[Moment]automationDoc{}
		}
		docs[m] = automationDoc{list(a.Add), list(a.Remove), list(a.Run)}
	}
	return docs
}

// automations reads a mapping of moments.
func (f *file) automations(m mapping, kind, slug string) Automations {
	node := m.vals["automations"]
	if isNull(node) {
		return nil
	}
	known := make([]string, len(Moments))
	for i, moment := range Moments {
		known[i] = string(moment)
	}
	moments := f.mapping(node, "automations", known...)
	f.thing(moments, kind, slug, "automations.")
	all := Automations{}
	for _, moment := range Moments {
		if node := moments.vals[string(moment)]; !isNull(node) {
			a := f.mapping(node, string(moment), "add", "remove", "run")
			all[moment] = Automation{Add: a.texts("add"), Remove: a.texts("remove"), Run: a.texts("run")}
		}
	}
	return all
}

// JobHappened raises a moment for a contact: it does what the automations of the
// offer and its products say, and starts the operations that it triggers. Its
// payload is a Happening. It runs in the contact's lane, in the order of what
// happened.
const JobHappened = "contact.happened"

// JobMoved moves what a checkout did from one contact to another, after its buyer
// has corrected the address. Its payload is a Moved.
const JobMoved = "contact.moved"

// Moved says that a checkout belongs to another contact now.
type Moved struct {
	CheckoutID int64 `json:"checkout_id"`
	From       int64 `json:"from"`
	To         int64 `json:"to"`
}

// OfCheckout is how the timeline names a checkout as the reason of a change.
func OfCheckout(id int64) string { return fmt.Sprintf("checkout #%d", id) }

// Happening is a moment of one contact.
type Happening struct {
	Moment    Moment `json:"moment"`
	ContactID int64  `json:"contact_id"`
	OfferID   int64  `json:"offer_id,omitempty"`
	// Products are the slugs of what was bought; nil stands for all of the offer.
	Products   []string `json:"products,omitempty"`
	CheckoutID int64    `json:"checkout_id,omitempty"`
	OrderID    int64    `json:"order_id,omitempty"`
	Cause      string   `json:"cause"` // for people: "order 17", "checkout 3f…"
	Key        string   `json:"key"`   // names what happened, once
}
