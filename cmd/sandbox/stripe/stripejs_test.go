package stripe_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shopPage tries what Stripe.js has to refuse, and writes what happened.
const shopPage = `<!doctype html><html lang="en"><title>Shop</title>
<div id="card"></div><div id="host"></div><output></output>
<script src="SANDBOX/v3/"></script>
<script>
const said = {};
const tried = ( name, f ) => { try { f(); said[ name ] = 'nothing'; } catch ( e ) { said[ name ] = e.name + ': ' + e.message; } };
const stripe = Stripe( 'pk_test_sandbox', { apiVersion: '2023-10-16' } );
const group = { mode: 'payment', amount: 4900, currency: 'eur' };
const elements = stripe.elements( group );
const billingDetails = { name: 'never', email: 'never' };
const element = elements.create( 'payment', { fields: { billingDetails } } );
tried( 'secret key', () => Stripe( 'sk_test_sandbox' ) );
tried( 'newer version', () => Stripe( 'pk_test_sandbox', { apiVersion: '2024-06-20' } ) );
tried( 'unknown option', () => stripe.elements( { ...group, colour: 'red' } ) );
tried( 'no amount', () => stripe.elements( { mode: 'payment', currency: 'eur' } ) );
tried( 'unknown create option', () => stripe.elements( group ).create( 'payment', { lay: 'out' } ) );
tried( 'second element', () => elements.create( 'payment' ) );
tried( 'missing node', () => element.mount( '#nothing' ) );
tried( 'detached node', () => element.mount( document.createElement( 'div' ) ) );
const inside = document.getElementById( 'host' ).attachShadow( { mode: 'open' } ).appendChild( document.createElement( 'div' ) );
tried( 'shadow root', () => element.mount( inside ) );
const token = () => stripe.createConfirmationToken( { elements } ).then( () => 'nothing', ( e ) => e.message );
( async () => {
	element.mount( '#card' );
	said[ 'before submit' ] = await token();
	said.submit = ( await elements.submit() ).error.code;
	element.destroy();
	tried( 'destroyed', () => element.mount( '#card' ) );
	document.querySelector( 'output' ).textContent = JSON.stringify( said );
} )();
</script></html>`

func TestStripeJS_RefusesWhatTheRealOneRefuses(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("chromium is needed: ", err)
		}
		t.Skip("chromium is needed: ", err)
	}
	s := open(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(strings.ReplaceAll(shopPage, "SANDBOX", s.url)))
	}))
	defer page.Close()
	dom, err := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
		"--virtual-time-budget=10000", "--dump-dom", page.URL).Output()
	if err != nil {
		t.Fatalf("run chromium: %v", err)
	}
	_, rest, _ := strings.Cut(string(dom), "<output>")
	text, _, _ := strings.Cut(rest, "</output>")
	var got map[string]string
	if err := json.Unmarshal([]byte(html.UnescapeString(text)), &got); err != nil {
		t.Fatalf("the page wrote %q: %v", text, err)
	}
	want := map[string]string{
		"secret key":            "IntegrationError: You should not use your secret key",
		"newer version":         "IntegrationError: Invalid value for Stripe()",
		"unknown option":        "IntegrationError: Invalid stripe.elements() parameter: colour",
		"no amount":             "IntegrationError: Invalid value for stripe.elements(): amount",
		"unknown create option": "IntegrationError: Invalid elements.create() parameter: lay",
		"second element":        "IntegrationError: Can only create one Element",
		"missing node":          "IntegrationError: The selector you specified (#nothing)",
		"detached node":         "IntegrationError: The element that you passed to mount() is not on the page",
		"shadow root":           "IntegrationError: Elements cannot be mounted in a ShadowRoot",
		"destroyed":             "IntegrationError: This Element has already been destroyed",
		"before submit":         "elements.submit() must be called before stripe.createConfirmationToken()",
		"submit":                "incomplete_number",
	}
	for name, start := range want {
		if strings.HasPrefix(got[name], start) {
			got[name] = start
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what Stripe.js said (-want +got):\n%s", diff)
	}
}
