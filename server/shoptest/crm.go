package shoptest

import (
	"net/http"
	"net/http/httptest"

	"github.com/tillside/tillside/cmd/sandbox/crm"
	"github.com/tillside/tillside/cmd/sandbox/ontraport"
	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/config"
)

// UseOntraport puts the stand-in of Ontraport beside the site: processes that start
// with what it returns reach it.
func (s *Stand) UseOntraport(o crm.Options) (*crm.Book, func(*config.Config)) {
	s.tb.Helper()
	face := ontraport.New(o)
	mux := http.NewServeMux()
	mux.Handle("/ontraport/", http.StripPrefix("/ontraport", face))
	front := httptest.NewServer(mux)
	s.tb.Cleanup(func() { front.Close(); face.Close() })
	return face.Book, func(c *config.Config) { c.CRMURL = front.URL }
}

// ConnectOntraport connects a process's site to that stand-in.
func (p *Process) ConnectOntraport(s *Stand) {
	s.tb.Helper()
	_, err := p.Shop.ConnectCRM(s.tb.Context(), server.CRMRequest{
		Kind: "ontraport", Credentials: map[string]string{"app_id": ontraport.AppID, "api_key": ontraport.APIKey},
	})
	if err != nil {
		s.tb.Fatal(err)
	}
}
