package server

import (
	"context"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/hook"
	"github.com/tillside/tillside/server/job"
)

// ConnectionDetails is a connection as its owner sees it: no credentials.
type ConnectionDetails struct {
	Slug     string       `json:"slug"`
	Kind     string       `json:"kind"`
	Name     string       `json:"name"`
	Status   crm.Status   `json:"status"`
	Account  string       `json:"account"`
	Settings crm.Settings `json:"settings"`
	// Destination says whether the CRM lets us in, and what waits for it.
	Destination DestinationDetails `json:"destination"`
	ListsAt     *time.Time         `json:"lists_at"` // when tags and fields were read; null: never
	CreatedAt   time.Time          `json:"created_at"`
}

// CRMKinds lists the CRMs that can be connected, with what each asks for.
func (s *Shop) CRMKinds() []crm.Kind {
	kinds := make([]crm.Kind, len(s.CRMs.Providers))
	for i, p := range s.CRMs.Providers {
		kinds[i] = p.Kind
	}
	return kinds
}

// CRMRequest asks for a connection.
type CRMRequest = crm.Request

// ConnectCRM connects a CRM after it has let us in, or brings the credentials of a
// connection up to date; what waited goes on.
func (s *Shop) ConnectCRM(ctx context.Context, r CRMRequest) (*ConnectionDetails, error) {
	if r.Slug == "" {
		r.Slug = r.Kind
	}
	if fault := catalog.CheckSlug(r.Slug); fault != "" {
		return nil, errs.Field("slug", "The connection's %s.", fault)
	}
	c, err := s.CRMs.Connect(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := s.CRMs.Refresh(ctx, c); err != nil {
		return nil, err
	}
	return s.describeConnection(ctx, c)
}

func (s *Shop) describeConnection(ctx context.Context, c *crm.Connection) (*ConnectionDetails, error) {
	destinations, err := s.FindDestinations(ctx)
	if err != nil {
		return nil, err
	}
	v := &ConnectionDetails{
		Slug: c.Slug, Kind: c.Kind, Name: c.Name, Status: c.Status, Account: c.Account, Settings: c.Settings, ListsAt: c.ListsAt,
		CreatedAt: c.CreatedAt,
	}
	for _, d := range destinations {
		if d.Name == crm.Destination(c.ID) {
			v.Destination = d
		}
	}
	return v, nil
}

// FindConnections lists connections by slug.
func (s *Shop) FindConnections(ctx context.Context) ([]ConnectionDetails, error) {
	all, err := s.CRMs.Store.FindConnections(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]ConnectionDetails, len(all))
	for i := range all {
		v, err := s.describeConnection(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		list[i] = *v
	}
	return list, nil
}

// CheckConnection asks a CRM whether it lets us in, and reads its lists. One that
// was halted goes on.
func (s *Shop) CheckConnection(ctx context.Context, slug string) (*ConnectionDetails, error) {
	c, err := s.CRMs.Check(ctx, slug)
	if err != nil {
		return nil, err
	}
	return s.describeConnection(ctx, c)
}

// CRMLists returns the tags and fields of a connection's CRM, read within minutes.
func (s *Shop) CRMLists(ctx context.Context, slug string) (*crm.Lists, error) {
	c, err := s.CRMs.Fresh(ctx, slug)
	if err != nil {
		return nil, err
	}
	return &c.Lists, nil
}

// ConfigureConnection stores which of our names are which of the CRM's.
func (s *Shop) ConfigureConnection(ctx context.Context, slug string, settings crm.Settings) (*ConnectionDetails, error) {
	c, err := s.CRMs.Configure(ctx, slug, settings)
	if err != nil {
		return nil, err
	}
	return s.describeConnection(ctx, c)
}

// SwitchConnection turns a connection off or on. What changed while it was off is
// told by a re-sync.
func (s *Shop) SwitchConnection(ctx context.Context, slug string, on bool) (*ConnectionDetails, error) {
	c, err := s.CRMs.Switch(ctx, slug, on)
	if err != nil {
		return nil, err
	}
	return s.describeConnection(ctx, c)
}

// Disconnect forgets a connection and its credentials. The CRM keeps what it has.
func (s *Shop) Disconnect(ctx context.Context, slug string) error {
	return s.CRMs.Disconnect(ctx, slug)
}

// ResyncContact tells a connection everything of the contact with an e-mail address
// anew, in place of what waits for it.
func (s *Shop) ResyncContact(ctx context.Context, slug, email string) error {
	c, err := s.CRMs.Store.Connection(ctx, slug)
	if err != nil {
		return err
	}
	person, err := s.contactAt(ctx, email)
	if err != nil {
		return err
	}
	return s.CRMs.Store.Resync(ctx, c.ID, person.ID, job.PriorityNormal)
}

// CRMHookDetails is a connection's webhook.
type CRMHookDetails struct {
	URL string `json:"url"`
	// Made are the tags for which the CRM calls it now; empty where the owner has to
	// paste the address.
	Made []string `json:"made"`
}

// NewCRMHook gives a connection a new address for its webhook, and registers it for
// tags where the CRM lets us. The one before is good for a week more.
func (s *Shop) NewCRMHook(ctx context.Context, slug string, tags []string) (*CRMHookDetails, error) {
	c, secret, err := s.CRMs.NewHook(ctx, slug)
	if err != nil {
		return nil, err
	}
	if err := s.jobs.Register(ctx, hook.OfConnection(c.ID).Destination()); err != nil {
		return nil, err
	}
	v := &CRMHookDetails{URL: s.publicURL("/v1/webhooks/crm/" + c.Slug + "/" + secret), Made: []string{}}
	for _, event := range []crm.Event{crm.EventTagAdded, crm.EventTagRemoved} {
		if _, err := s.CRMs.MakeHooks(ctx, c, v.URL, event, tags); err != nil {
			return nil, err
		}
	}
	v.Made = append(v.Made, tags...)
	return v, nil
}
