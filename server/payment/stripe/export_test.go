package stripe

import (
	"net/http"

	stripego "github.com/stripe/stripe-go/v76"
)

// WithoutPauses makes the SDK repeat requests at once.
func (g *Gateway) WithoutPauses() *Gateway {
	g.main.(*stripego.BackendImplementation).SetNetworkRetriesSleep(false)
	return g
}

// PacedClient is the client that New makes of another one.
func PacedClient(hc *http.Client, standIn bool) *http.Client { return pacedClient(hc, standIn) }

// EventTypes are the events that we ask for.
func EventTypes() []string { return eventTypes }
