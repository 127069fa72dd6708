package stripe_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	api "github.com/stripe/stripe-go/v76"
)

func TestBrowser_TokenOfCardAndDialog(t *testing.T) {
	s := open(t)
	public := map[string]string{"Authorization": "Bearer pk_test_sandbox"}
	card := url.Values{
		"payment_method_data[type]": {"card"}, "payment_method_data[card][number]": {"4000002760003184"}, "payment_method_data[card][exp_month]": {"12"},
		"payment_method_data[card][exp_year]": {"2099"}, "payment_method_data[card][cvc]": {"123"}, "return_url": {"https://shop.example/"},
	}
	card.Set("payment_method_data[card][exp_year]", s.Now().AddDate(3, 0, 0).Format("2006"))
	resp, body := s.raw(t, http.MethodPost, "/v1/confirmation_tokens", card.Encode(), public)
	if resp.StatusCode != 200 || resp.Header.Get("Access-Control-Allow-Origin") != "*" || strings.Contains(body, "4000002760003184") {
		t.Fatalf("token = %d %s", resp.StatusCode, body)
	}
	token := body[strings.Index(body, "ctoken_"):][:len("ctoken_")+24]
	pi, err := s.confirm(s.intent(t).ID, token)
	if err != nil || pi.Status != api.PaymentIntentStatusRequiresAction {
		t.Fatalf("confirm = %v, %v", pi, err)
	}
	answer := url.Values{"payment_intent": {pi.ID}, "client_secret": {"guessed"}, "ok": {"true"}}
	if resp, _ := s.raw(t, http.MethodPost, "/frame/challenge", answer.Encode(), nil); resp.StatusCode != 400 {
		t.Errorf("answer without the secret = %d", resp.StatusCode)
	}
	answer.Set("client_secret", pi.ClientSecret)
	if resp, body := s.raw(t, http.MethodPost, "/frame/challenge", answer.Encode(), nil); resp.StatusCode != 200 {
		t.Errorf("answer = %d %s", resp.StatusCode, body)
	}
	if got := s.get(t, pi.ID).Status; got != api.PaymentIntentStatusSucceeded {
		t.Errorf("status = %s", got)
	}
	card.Set("payment_method_data[card][number]", "4242424242424241")
	if resp, body := s.raw(t, http.MethodPost, "/v1/confirmation_tokens", card.Encode(), public); resp.StatusCode != 402 || !strings.Contains(body, "incorrect_number") {
		t.Errorf("wrong number = %d %s", resp.StatusCode, body)
	}
	if resp, _ := s.raw(t, http.MethodPost, "/v1/confirmation_tokens", card.Encode(), nil); resp.StatusCode != 400 {
		t.Errorf("token with a secret key = %d", resp.StatusCode)
	}
}

func TestBrowser_FilesAreServed(t *testing.T) {
	s := open(t)
	for path, want := range map[string]string{
		"/v3/": "Elements cannot be mounted in a ShadowRoot", "/frame/payment": `name="number"`, "/frame/payment.js": "answerParent",
		"/frame/payment.css": "--primary", "/frame/challenge": "Complete", "/frame/authorize?payment_intent=pi_1": "Fail",
	} {
		resp, body := s.raw(t, http.MethodGet, path, "", nil)
		if resp.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("GET %s = %d without %q", path, resp.StatusCode, want)
		}
	}
	resp, _ := s.raw(t, http.MethodOptions, "/v1/confirmation_tokens", "", nil)
	if !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "Stripe-Version") {
		t.Errorf("preflight = %v", resp.Header)
	}
}

func TestControl_StateAndSwitches(t *testing.T) {
	s := open(t)
	steps := []struct{ path, body, want string }{
		{"/_sandbox/confirmation_tokens", `{"number":"4242424242424242","setup_future_usage":"off_session"}`, "ctoken_"},
		{"/_sandbox/clock/advance", `{"seconds":259200}`, `"now"`},
		{"/_sandbox/events/mode", `{"mode":"delayed"}`, "delayed"},
		{"/_sandbox/events/mode", `{"mode":"sideways"}`, "unknown"},
		{"/_sandbox/fail", `{"match":"POST /v1/customers","status":500,"times":2}`, `"500"`},
		{"/_sandbox/fail", `{"match":"POST /v1/customers","status":200}`, "none of"},
		{"/_sandbox/refund", `{"payment_intent":"pi_no"}`, "no payment intent"},
		{"/_sandbox/refund", `{"intent":"pi_no"}`, "unknown field"},
		{"/_sandbox/reset", ``, `"charges": 0`},
	}
	for _, step := range steps {
		if _, body := s.raw(t, http.MethodPost, step.path, step.body, nil); !strings.Contains(body, step.want) {
			t.Errorf("%s %s = %s, want %s", step.path, step.body, body, step.want)
		}
	}
	pi, err := s.pay(t, "4242424242424242")
	if err != nil {
		t.Fatal(err)
	}
	if _, body := s.raw(t, http.MethodPost, "/_sandbox/refund", `{"payment_intent":"`+pi.ID+`","amount":100}`, nil); !strings.Contains(body, `"amount": 100`) {
		t.Errorf("refund = %s", body)
	}
	if _, body := s.raw(t, http.MethodGet, "/_sandbox/state", "", nil); !strings.Contains(body, `"amount_refunded": 100`) || !strings.Contains(body, `"POST /v1/payment_intents/*/confirm": 1`) {
		t.Errorf("state = %s", body)
	}
	if s.Calls("POST /v1/payment_intents/*/confirm") != 1 || s.Calls("POST /v1/customers") != 0 {
		t.Error("calls are not counted by route")
	}
}
