package checkout

import (
	"context"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// FollowUp is how a site follows up on people who began to order.
type FollowUp struct {
	// QuietMinutes without a sign of the buyer make a checkout an abandoned one;
	// 0 is DefaultQuiet.
	QuietMinutes int `json:"quiet_minutes"`
	// EarlyMinutes are waited after step 1 before automations, and so the CRM,
	// hear of the contact; somebody who has paid by then never just began.
	EarlyMinutes int `json:"early_minutes"`
}

// DefaultQuiet is how long a checkout may be quiet unless the owner says otherwise.
const DefaultQuiet = time.Hour

// Check returns errs.Invalid for times that make no sense.
func (c FollowUp) Check() error {
	switch {
	case c.QuietMinutes < 0 || c.QuietMinutes > 7*24*60 || c.QuietMinutes > 0 && c.QuietMinutes < 5:
		return errs.Field("quiet_minutes", "A checkout is abandoned after 5 to 10080 quiet minutes.")
	case c.EarlyMinutes < 0 || c.EarlyMinutes > 24*60:
		return errs.Field("early_minutes", "The CRM hears of a contact after 0 to 1440 minutes.")
	}
	return nil
}

// Quiet returns how long a checkout may be quiet.
func (c FollowUp) Quiet() time.Duration {
	if c.QuietMinutes == 0 {
		return DefaultQuiet
	}
	return time.Duration(c.QuietMinutes) * time.Minute
}

// raise raises a moment of a checkout for its contact.
func (s *Service) raise(ctx context.Context, tx Tx, c *Checkout, m catalog.Moment, at time.Time) error {
	priority := job.PriorityEarly
	if m == catalog.OnAbandoned {
		priority = job.PriorityCode
	}
	return tx.Enqueue(ctx, job.New{
		Kind: catalog.JobHappened, Priority: priority, RunAt: at, Destination: contact.Destination, Lane: fmt.Sprint(c.ContactID),
		Payload: catalog.Happening{
			Moment: m, ContactID: c.ContactID, OfferID: c.OfferID, CheckoutID: c.ID, Cause: catalog.OfCheckout(c.ID),
			Key: fmt.Sprintf("checkout:%d:%s", c.ID, m),
		},
	})
}

// moveMarks has what a checkout did moved to the contact that it belongs to now.
func (s *Service) moveMarks(ctx context.Context, tx Tx, c *Checkout, from int64) error {
	return tx.Enqueue(ctx, job.New{
		Kind: catalog.JobMoved, Priority: job.PriorityEarly, RunAt: s.Now(), Destination: contact.Destination, Lane: fmt.Sprint(from),
		Payload: catalog.Moved{CheckoutID: c.ID, From: from, To: c.ContactID},
	})
}
