package keap_test

import (
	"net/http"
	"strings"
	"testing"

	sandbox "github.com/tillside/tillside/cmd/sandbox/crm"
	face "github.com/tillside/tillside/cmd/sandbox/keap"
	"github.com/tillside/tillside/server/crm/crmtest"
	"github.com/tillside/tillside/server/crm/keap"
)

func TestKeap_PassesTheSuite(t *testing.T) {
	crmtest.Run(t, crmtest.Fixture{
		New: keap.New, Credentials: map[string]string{"token": face.Token}, Secret: "token",
		Face: func(o sandbox.Options) crmtest.Face {
			s := face.New(o)
			return crmtest.Face{Book: s.Book, Handler: watched(t, s)}
		},
		ChangeField: "PATCH /v1/contacts/*", MaxName: 40,
	})
}

// watched compares what goes to and fro with Keap's own descriptions.
func watched(t *testing.T, next http.Handler) http.Handler {
	s, err := loadSpecs()
	if err != nil {
		t.Fatal(err)
	}
	v1, v2 := s.v1.Watch(t, next), s.v2.Watch(t, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			v1.ServeHTTP(w, r)
		} else {
			v2.ServeHTTP(w, r)
		}
	})
}
