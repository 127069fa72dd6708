package server

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/hook"
)

// DeliveryDetails is a call of one of our hooks as an admin sees it.
type DeliveryDetails struct {
	ID          string     `json:"id"`
	Target      string     `json:"target"` // operation:7, crm:3
	State       hook.State `json:"state"`
	Result      string     `json:"result"` // what became of it
	Replays     int        `json:"replays"`
	ContentType string     `json:"content_type"`
	Query       string     `json:"query"`
	Body        string     `json:"body"` // what looks like a secret is left out
	ReceivedAt  time.Time  `json:"received_at"`
	DoneAt      *time.Time `json:"done_at"` // null: not yet
}

const shownBody = 20_000

// secretPair finds what looks like a secret in a form or in JSON.
var secretPair = regexp.MustCompile(`(?i)([\w.\[\]%-]*(?:pass|secret|token|api_?key|auth)[\w.\[\]%-]*("\s*:\s*"?|=))([^"&,}\s]+)`)

func describeDelivery(d *hook.Delivery) DeliveryDetails {
	body := strings.ToValidUTF8(string(d.Body[:min(len(d.Body), shownBody)]), "\uFFFD")
	return DeliveryDetails{
		ID: d.PublicID, Target: string(d.Target), State: d.State, Result: d.Result, Replays: d.Replays, ContentType: d.ContentType,
		Query: secretPair.ReplaceAllString(d.Query, "$1•••"), Body: secretPair.ReplaceAllString(body, "$1•••"),
		ReceivedAt: d.ReceivedAt, DoneAt: d.DoneAt,
	}
}

const deliveriesShown = 100

// FindDeliveries lists the calls of an operation's hook, or of all hooks for an
// empty slug, newest first.
func (s *Shop) FindDeliveries(ctx context.Context, operation string) ([]DeliveryDetails, error) {
	target := hook.Target("")
	if operation != "" {
		o, err := s.Operations.Store.Operation(ctx, operation)
		if err != nil {
			return nil, err
		}
		target = hook.OfOperation(o.ID)
	}
	all, err := s.inbox.Store.FindDeliveries(ctx, target, deliveriesShown)
	if err != nil {
		return nil, err
	}
	list := make([]DeliveryDetails, len(all))
	for i := range all {
		list[i] = describeDelivery(&all[i])
	}
	return list, nil
}

// Delivery returns one call of a hook.
func (s *Shop) Delivery(ctx context.Context, id string) (*DeliveryDetails, error) {
	if !contact.IsPublicID(id) {
		return nil, errs.New(errs.NotFound, "There is no delivery %q.", id)
	}
	d, err := s.inbox.Store.DeliveryByPublicID(ctx, id)
	if err != nil {
		return nil, err
	}
	v := describeDelivery(d)
	return &v, nil
}

// ReplayDelivery does a call of a hook again, as it came.
func (s *Shop) ReplayDelivery(ctx context.Context, id string) (*DeliveryDetails, error) {
	if _, err := s.Delivery(ctx, id); err != nil {
		return nil, err
	}
	d, err := s.inbox.Replay(ctx, id)
	if err != nil {
		return nil, err
	}
	v := describeDelivery(d)
	return &v, nil
}
