package shoptest

import (
	"net/http"
	"net/http/httptest"

	"github.com/tillside/tillside/cmd/sandbox/crm"
	"github.com/tillside/tillside/cmd/sandbox/kit"
	"github.com/tillside/tillside/cmd/sandbox/ontraport"
	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/config"
)

// The credentials of the stand-ins.
var credentials = map[string]map[string]string{
	"ontraport": {"app_id": ontraport.AppID, "api_key": ontraport.APIKey},
	"kit":       {"api_key": kit.APIKey},
}

// Credentials returns those with which the stand-in of a CRM lets one in.
func Credentials(kind string) map[string]string { return credentials[kind] }

// UseCRM puts the stand-in of a CRM beside the site: processes that start with what
// it returns reach it.
func (s *Stand) UseCRM(kind string, o crm.Options) (*crm.Book, func(*config.Config)) {
	s.tb.Helper()
	var book *crm.Book
	var face http.Handler
	switch kind {
	case "ontraport":
		server := ontraport.New(o)
		book, face = server.Book, server
	case "kit":
		server := kit.New(o)
		book, face = server.Book, server
	default:
		s.tb.Fatalf("there is no stand-in of %s", kind)
	}
	mux := http.NewServeMux()
	mux.Handle("/"+kind+"/", http.StripPrefix("/"+kind, face))
	front := httptest.NewServer(mux)
	s.tb.Cleanup(func() { front.Close(); book.Close() })
	return book, func(c *config.Config) { c.CRMURL = front.URL }
}

// ConnectCRM connects a process's site to that stand-in.
func (p *Process) ConnectCRM(s *Stand, kind string) {
	s.tb.Helper()
	_, err := p.Shop.ConnectCRM(s.tb.Context(), server.CRMRequest{Kind: kind, Credentials: credentials[kind]})
	if err != nil {
		s.tb.Fatal(err)
	}
}
