package activecampaign_test

import (
	"testing"

	face "github.com/tillside/tillside/cmd/sandbox/activecampaign"
	sandbox "github.com/tillside/tillside/cmd/sandbox/crm"
	"github.com/tillside/tillside/server/crm/activecampaign"
	"github.com/tillside/tillside/server/crm/crmtest"
)

func TestActiveCampaign_PassesTheSuite(t *testing.T) {
	crmtest.Run(t, crmtest.Fixture{
		New: activecampaign.New, Credentials: map[string]string{"url": "https://sandbox.api-us1.example", "api_key": face.Key}, Secret: "api_key",
		Face: func(o sandbox.Options) crmtest.Face {
			s := face.New(o)
			return crmtest.Face{Book: s.Book, Handler: s}
		},
		ChangeField: "PUT /api/3/contacts/*",
	})
}
