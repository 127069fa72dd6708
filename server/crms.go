package server

import (
	"context"
	"time"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/activecampaign"
	"github.com/tillside/tillside/server/crm/drip"
	"github.com/tillside/tillside/server/crm/fluentcrm"
	"github.com/tillside/tillside/server/crm/keap"
	"github.com/tillside/tillside/server/crm/kit"
	"github.com/tillside/tillside/server/crm/ontraport"
	"github.com/tillside/tillside/server/crm/wire"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/mysql"
)

// newCRMs builds the service of connections.
func (s *Shop) newCRMs() *crm.Service {
	return crm.NewService(crm.Options{
		Store: mysql.NewCRMStore(s.db), People: s.db, Calls: s.jobs, Providers: s.providers(),
		Seal: s.site.seal, Open: s.site.unseal,
		Register: s.jobs.Register, Unregister: s.jobs.Unregister,
		Resume: func(ctx context.Context, destination string) error {
			return s.jobs.SetDestination(ctx, destination, job.DestinationOn, "")
		},
		Log: s.log, Now: s.now,
	})
}

// providers are the CRMs that can be connected.
func (s *Shop) providers() []crm.Provider {
	var all []crm.Provider
	shared := wire.Client(s.cfg.CRMURL, s.cfg.AllowHosts)
	for _, p := range []struct {
		about func() crm.Kind
		make  func(wire.Options) (crm.Client, error)
	}{
		{ontraport.About, ontraport.New},
		{kit.About, kit.New},
		{activecampaign.About, activecampaign.New},
		{drip.About, drip.New},
		{keap.About, keap.New},
		{fluentcrm.About, fluentcrm.New},
	} {
		kind := p.about()
		all = append(all, crm.Provider{Kind: kind, New: func(credentials map[string]string, pace func(context.Context) error) (crm.Client, error) {
			o := wire.Options{
				Credentials: credentials, HTTP: shared, Pace: pace, Agent: "Tillside/" + Version + " (" + s.site.Home() + ")",
			}
			if s.cfg.CRMURL != "" {
				o.BaseURL = s.cfg.CRMURL + "/" + kind.Name
			}
			return p.make(o)
		}})
	}
	return all
}

// mirrorJob tells a connection of a change.
func mirrorJob(connectionID int64, c *contact.Changed, now time.Time) job.New {
	return crm.MirrorJob(connectionID, crm.Mirror{Changed: *c}, now)
}
