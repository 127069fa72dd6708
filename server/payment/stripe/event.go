package stripe

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	stripego "github.com/stripe/stripe-go/v76"

	"github.com/tillside/tillside/server/payment"
)

const (
	// pageSize is the most that Stripe lists at once.
	pageSize = 100
	// eventRetention is how far back Stripe's list of events reaches.
	eventRetention = 30 * 24 * time.Hour
)

// eventTypes are what we want to hear of; what is not here changes nothing of
// ours. refund.failed is newer than the SDK, but Stripe accepts it for this
// version of the API. Stripe takes at most 20 in a list.
var eventTypes = []string{
	"payment_intent.succeeded",
	"payment_intent.processing",
	"payment_intent.payment_failed",
	"payment_intent.canceled",
	"charge.refunded",
	"charge.refund.updated",
	"refund.created",
	"refund.updated",
	"refund.failed",
	"charge.dispute.created",
	"charge.dispute.updated",
	"charge.dispute.closed",
	"charge.dispute.funds_withdrawn",
	"charge.dispute.funds_reinstated",
}

// Events implements payment.Gateway. Stripe lists the newest first and keeps 30
// days, so all of the list is read before the first event is handed out: when
// reading fails half-way, none is, and the next poll misses nothing.
func (g *Gateway) Events(ctx context.Context, since time.Time, each func(payment.Event) error) error {
	if oldest := g.now().Add(-eventRetention); since.Before(oldest) {
		since = oldest
	}
	params := &stripego.EventListParams{
		Types:        stripego.StringSlice(eventTypes),
		CreatedRange: &stripego.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
	}
	params.Context = ctx
	params.Limit = stripego.Int64(pageSize)
	var events []payment.Event
	pages := g.api.Events.List(params)
	for pages.Next() {
		events = append(events, listedEvent(pages.Event()))
	}
	if err := pages.Err(); err != nil {
		return fail("list events", err)
	}
	for i := len(events) - 1; i >= 0; i-- {
		if err := each(events[i]); err != nil {
			return err
		}
	}
	return nil
}

func listedEvent(e *stripego.Event) payment.Event {
	event := payment.Event{ID: e.ID, Type: string(e.Type), Mode: modeOf(e.Livemode), Created: time.Unix(e.Created, 0).UTC()}
	if e.Data != nil {
		var object eventObject
		// An object of a later version that cannot be read is about no intent.
		if err := json.Unmarshal(e.Data.Raw, &object); err == nil {
			event.IntentID = object.intent()
		}
	}
	return event
}

// notice is a webhook's body in what we take from it. Everything else is read
// again from Stripe: the body may be of another version of the API, in which
// fields have moved, and events come late and out of order.
type notice struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Created  json.RawMessage `json:"created"`
	Livemode bool            `json:"livemode"`
	Data     *struct {
		Object *eventObject `json:"object"`
	} `json:"data"` // nil in thin events
}

// event returns what the notice says.
func (n notice) event() payment.Event {
	event := payment.Event{ID: n.ID, Type: n.Type, Mode: modeOf(n.Livemode), Created: n.created()}
	if n.Data != nil && n.Data.Object != nil {
		event.IntentID = n.Data.Object.intent()
	}
	return event
}

// created reads seconds, or the text that thin events have there.
func (n notice) created() time.Time {
	if seconds, err := strconv.ParseInt(string(n.Created), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC()
	}
	var at time.Time
	if err := json.Unmarshal(n.Created, &at); err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// eventObject is the object of an event, whatever it is.
type eventObject struct {
	ID            string    `json:"id"`
	Object        string    `json:"object"`
	PaymentIntent reference `json:"payment_intent"`
}

// intent returns the id of the intent that the object is or belongs to, or
// nothing. Other objects that name an intent, such as invoices, are not about a
// payment of ours.
func (o eventObject) intent() string {
	switch o.Object {
	case "payment_intent":
		return o.ID
	case "charge", "refund", "dispute":
		return string(o.PaymentIntent)
	}
	return ""
}

// reference is an id, also where Stripe put the whole object in its place.
type reference string

// UnmarshalJSON reads a string, an object with an id, or null.
func (r *reference) UnmarshalJSON(data []byte) error {
	var id string
	if json.Unmarshal(data, &id) == nil {
		*r = reference(id)
		return nil
	}
	var object struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	*r = reference(object.ID)
	return nil
}
