package stripe_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	api "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"github.com/tillside/tillside/cmd/sandbox/stripe"
)

// shop is a sandbox with a client as the shop's server has it.
type shop struct {
	*stripe.Server
	url string
	api *client.API
}

func open(t *testing.T) shop {
	t.Helper()
	s := stripe.New(stripe.Options{})
	ts := httptest.NewServer(s)
	t.Cleanup(func() {
		s.Close()
		ts.Close()
	})
	return shop{Server: s, url: ts.URL, api: clientOf(ts.URL, "sk_test_sandbox", 0)}
}

func clientOf(url, key string, retries int64) *client.API {
	mk := func(b api.SupportedBackend) api.Backend {
		return api.GetBackendWithConfig(b, &api.BackendConfig{
			URL: api.String(url), HTTPClient: &http.Client{Timeout: 10 * time.Second}, MaxNetworkRetries: api.Int64(retries),
			EnableTelemetry: api.Bool(false), LeveledLogger: &api.LeveledLogger{Level: api.LevelNull},
		})
	}
	return client.New(key, &api.Backends{API: mk(api.APIBackend), Connect: mk(api.ConnectBackend), Uploads: mk(api.UploadsBackend)})
}

// intent makes an unconfirmed PaymentIntent as the shop does.
func (s shop) intent(t *testing.T, change ...func(*api.PaymentIntentParams)) *api.PaymentIntent {
	t.Helper()
	p := &api.PaymentIntentParams{
		Amount: api.Int64(4900), Currency: api.String("eur"), Description: api.String("Order 1001"),
		AutomaticPaymentMethods: &api.PaymentIntentAutomaticPaymentMethodsParams{Enabled: api.Bool(true)},
	}
	p.AddMetadata("order_id", "o1")
	for _, f := range change {
		f(p)
	}
	pi, err := s.api.PaymentIntents.New(p)
	if err != nil {
		t.Fatalf("create intent: %v", err)
	}
	return pi
}

// pay confirms a new intent with a card or an IBAN.
func (s shop) pay(t *testing.T, number string) (*api.PaymentIntent, error) {
	t.Helper()
	return s.confirm(s.intent(t).ID, s.NewConfirmationToken(number))
}

func (s shop) confirm(intent, token string) (*api.PaymentIntent, error) {
	p := &api.PaymentIntentConfirmParams{ConfirmationToken: api.String(token), UseStripeSDK: api.Bool(true)}
	p.AddExpand("latest_charge.refunds")
	return s.api.PaymentIntents.Confirm(intent, p)
}

func (s shop) get(t *testing.T, intent string) *api.PaymentIntent {
	t.Helper()
	pi, err := s.api.PaymentIntents.Get(intent, nil)
	if err != nil {
		t.Fatalf("get intent: %v", err)
	}
	return pi
}

// stripeError is the API's error in err, an empty one if there is none.
func stripeError(err error) *api.Error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e
	}
	return &api.Error{}
}

func TestPurchase_Whole(t *testing.T) {
	s := open(t)
	cu, err := s.api.Customers.New(&api.CustomerParams{Email: api.String("a@b.example"), Name: api.String("Ännchen 🌻")})
	if err != nil {
		t.Fatal(err)
	}
	pi := s.intent(t, func(p *api.PaymentIntentParams) { p.Customer = api.String(cu.ID) })
	if pi.Status != api.PaymentIntentStatusRequiresPaymentMethod || pi.ClientSecret == "" || pi.Metadata["order_id"] != "o1" {
		t.Errorf("new intent = %s %q %v", pi.Status, pi.ClientSecret, pi.Metadata)
	}
	token := s.NewConfirmationToken("4242424242424242", stripe.TokenOptions{Name: "Ännchen", Country: "DE"})
	ct, err := s.api.ConfirmationTokens.Get(token, nil)
	if err != nil || ct.PaymentMethodPreview.Card.Last4 != "4242" || ct.PaymentMethodPreview.BillingDetails.Address.Country != "DE" {
		t.Errorf("token = %+v, %v", ct, err)
	}
	pi, err = s.confirm(pi.ID, token)
	if err != nil {
		t.Fatal(err)
	}
	ch := pi.LatestCharge
	if pi.Status != api.PaymentIntentStatusSucceeded || pi.AmountReceived != 4900 || ch == nil || !ch.Paid {
		t.Fatalf("confirmed intent = %s, received %d, charge %+v", pi.Status, pi.AmountReceived, ch)
	}
	card := ch.PaymentMethodDetails.Card
	if card.Brand != "visa" || card.Last4 != "4242" || card.Country != "US" || card.Funding != "credit" {
		t.Errorf("card of the charge = %+v", card)
	}
	if got := s.Charges(); len(got) != 1 || got[0].Amount != 4900 {
		t.Errorf("charges = %+v, want one of 4900", got)
	}
	if _, err := s.confirm(pi.ID, s.NewConfirmationToken("4242424242424242")); stripeError(err).Code != api.ErrorCodePaymentIntentUnexpectedState {
		t.Errorf("second confirm: %v, want payment_intent_unexpected_state", err)
	}
}
