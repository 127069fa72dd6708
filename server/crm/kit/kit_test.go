package kit_test

import (
	"testing"

	sandbox "github.com/tillside/tillside/cmd/sandbox/crm"
	face "github.com/tillside/tillside/cmd/sandbox/kit"
	"github.com/tillside/tillside/server/crm/crmtest"
	"github.com/tillside/tillside/server/crm/kit"
)

func TestKit_PassesTheSuite(t *testing.T) {
	crmtest.Run(t, crmtest.Fixture{
		New: kit.New, Credentials: map[string]string{"api_key": face.APIKey}, Secret: "api_key",
		Face: func(o sandbox.Options) crmtest.Face {
			s := face.New(o)
			return crmtest.Face{Book: s.Book, Handler: s}
		},
		ChangeField: "PUT /subscribers/*",
	})
}
