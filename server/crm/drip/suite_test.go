package drip_test

import (
	"testing"

	sandbox "github.com/tillside/tillside/cmd/sandbox/crm"
	face "github.com/tillside/tillside/cmd/sandbox/drip"
	"github.com/tillside/tillside/server/crm/crmtest"
	"github.com/tillside/tillside/server/crm/drip"
)

func TestDrip_PassesTheSuite(t *testing.T) {
	crmtest.Run(t, crmtest.Fixture{
		New: drip.New, Credentials: map[string]string{"account_id": face.Account, "api_token": face.Token}, Secret: "api_token",
		Face: func(o sandbox.Options) crmtest.Face {
			s := face.New(o)
			return crmtest.Face{Book: s.Book, Handler: s}
		},
		ChangeField: "POST /*/subscribers", TagsAreNames: true, HidesNew: true,
	})
}
