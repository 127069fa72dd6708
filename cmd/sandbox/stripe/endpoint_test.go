package stripe_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	api "github.com/stripe/stripe-go/v76"

	"github.com/tillside/tillside/cmd/sandbox/stripe"
)

// raw sends a form as it is, and returns the status and the answer.
func (s shop) raw(t *testing.T, method, path, form string, header map[string]string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk_test_sandbox")
	req.Header.Set("Stripe-Version", stripe.APIVersion)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp, readAll(t, resp)
}

func TestEndpoint_RefusesWhatStripeRefuses(t *testing.T) {
	s := open(t)
	const intents = "/v1/payment_intents"
	tests := []struct {
		name, path, form string
		header           map[string]string
		status           int
		want             string
	}{
		{"unknown", intents, "amount=100&currency=eur&recept_email=a", nil, 400, `"code":"parameter_unknown"`},
		{"unknown nested", intents, "amount=100&currency=eur&automatic_payment_methods[enabled]=true&automatic_payment_methods[redirects]=x", nil, 400, `"param":"automatic_payment_methods[redirects]"`},
		{"unknown in a list", intents, "amount=100&currency=eur&payment_method_types[0][a]=card", nil, 400, `"param":"payment_method_types[0]"`},
		{"wrong type", intents, "amount=1.5&currency=eur", nil, 400, `"code":"parameter_invalid_integer"`},
		{"wrong boolean", intents, "amount=100&currency=eur&confirm=yes", nil, 400, `"param":"confirm"`},
		{"missing", intents, "amount=100", nil, 400, `"code":"parameter_missing"`},
		{"empty", intents, "amount=100&currency=", nil, 400, `"code":"parameter_invalid_empty"`},
		{"not a hash", intents, "amount=100&currency=eur&shipping=here", nil, 400, `Invalid object`},
		{"too small", intents, "amount=49&currency=eur", nil, 400, `"code":"amount_too_small"`},
		{"no such currency", intents, "amount=100&currency=xyz", nil, 400, `"param":"currency"`},
		{"ISK with cents", intents, "amount=12345&currency=isk", nil, 400, `"param":"amount"`},
		{"metadata value", intents, "amount=100&currency=eur&metadata[a]=" + strings.Repeat("x", 501), nil, 400, `"param":"metadata[a]"`},
		{"unknown customer", intents, "amount=100&currency=eur&customer=cus_no", nil, 400, `"code":"resource_missing"`},
		{"unknown expand", intents, "amount=100&currency=eur&expand[]=customr", nil, 400, `cannot be expanded`},
		{"token without confirm", intents, "amount=100&currency=eur&confirmation_token=ctoken_1", nil, 400, `"param":"confirmation_token"`},
		{"unknown id", intents + "/pi_no/cancel", "", nil, 404, `"code":"resource_missing"`},
		{"unknown URL", "/v1/payment_intent", "", nil, 404, `Unrecognized request URL`},
		{"no key", intents, "", map[string]string{"Authorization": ""}, 401, `did not provide an API key`},
		{"bad key", intents, "", map[string]string{"Authorization": "Bearer sk_live_abcdefgh12345678"}, 401, `Invalid API Key`},
		{"public key", intents, "", map[string]string{"Authorization": "Bearer pk_test_sandbox"}, 403, `"code":"secret_key_required"`},
		{"no version", intents, "", map[string]string{"Stripe-Version": ""}, 400, `Stripe API version`},
		{"another version", intents, "", map[string]string{"Stripe-Version": "2024-06-20"}, 400, `Stripe API version`},
		{"JSON body", intents, "{}", map[string]string{"Content-Type": "application/json"}, 400, `content type`},
		{"endpoint for unknown event", "/v1/webhook_endpoints", "url=https://a.example/&enabled_events[]=payment_intent.paid", nil, 400, `payment_intent.paid`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := s.raw(t, http.MethodPost, tt.path, tt.form, tt.header)
			if resp.StatusCode != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("answer = %d %s\nwant %d with %s", resp.StatusCode, body, tt.status, tt.want)
			}
		})
	}
}

func TestEndpoint_KeysOfOneAccountSeeTheSame(t *testing.T) {
	s := open(t)
	pi := s.intent(t)
	if _, err := clientOf(s.url, "sk_test_sandbox_2", 0).PaymentIntents.Get(pi.ID, nil); err != nil {
		t.Errorf("second key of the account: %v", err)
	}
	if _, err := clientOf(s.url, "sk_test_other", 0).PaymentIntents.Get(pi.ID, nil); stripeError(err).Code != api.ErrorCodeResourceMissing {
		t.Errorf("key of another account: %v", err)
	}
	public := clientOf(s.url, "pk_test_sandbox", 0)
	if _, err := public.PaymentIntents.Get(pi.ID, nil); err == nil {
		t.Error("a publishable key saw the intent without its client secret")
	}
	got, err := public.PaymentIntents.Get(pi.ID, &api.PaymentIntentParams{ClientSecret: api.String(pi.ClientSecret)})
	if err != nil || got.Status != pi.Status || got.Metadata != nil {
		t.Errorf("publishable key with client secret: %+v, %v", got, err)
	}
	one, err := s.api.Accounts.Get()
	if err != nil {
		t.Fatal(err)
	}
	two, err := clientOf(s.url, "sk_test_other", 0).Accounts.Get()
	if err != nil || one.ID == two.ID || !strings.HasPrefix(one.ID, "acct_") {
		t.Errorf("accounts %v and %v, %v", one, two, err)
	}
}

func TestIdempotency_ReplaysAlsoErrors(t *testing.T) {
	s := open(t)
	pi := s.intent(t)
	token := s.NewConfirmationToken("4000000000000002")
	confirm := func(form, key string) (int, string, bool) {
		resp, body := s.raw(t, http.MethodPost, "/v1/payment_intents/"+pi.ID+"/confirm", form, map[string]string{"Idempotency-Key": key})
		return resp.StatusCode, body, resp.Header.Get("Idempotent-Replayed") == "true"
	}
	status, first, replayed := confirm("confirmation_token="+token, "o1:confirm:1")
	if status != 402 || replayed {
		t.Fatalf("first = %d %s", status, first)
	}
	status, second, replayed := confirm("confirmation_token="+token, "o1:confirm:1")
	if status != 402 || !replayed || second != first {
		t.Errorf("replay = %d, replayed %t, %s", status, replayed, second)
	}
	if status, body, _ := confirm("confirmation_token=ctoken_other", "o1:confirm:1"); status != 400 || !strings.Contains(body, `"type":"idempotency_error"`) {
		t.Errorf("other parameters = %d %s", status, body)
	}
	if err := s.Fail(stripe.Fault{Match: "POST /v1/payment_intents/*/confirm", Status: "500"}); err != nil {
		t.Fatal(err)
	}
	fresh := "confirmation_token=" + s.NewConfirmationToken("4242424242424242")
	if status, _, _ := confirm(fresh, "o1:confirm:2"); status != 500 {
		t.Errorf("fault = %d", status)
	}
	if status, _, replayed := confirm(fresh, "o1:confirm:2"); status != 500 || !replayed {
		t.Errorf("replay of the 500 = %d, %t", status, replayed)
	}
	if status, body, _ := confirm("confirmation_tokn=x", "o1:confirm:3"); status != 400 {
		t.Errorf("unknown parameter = %d %s", status, body)
	}
	if status, body, _ := confirm(fresh, "o1:confirm:3"); status != 200 {
		t.Errorf("key of a malformed request is free, but: %d %s", status, body)
	}
	if n := len(s.Charges()); n != 2 {
		t.Errorf("%d charges, want the declined one and the paid one", n)
	}
}

func TestIdempotency_OneChargeUnderConcurrency(t *testing.T) {
	s := open(t)
	pi := s.intent(t)
	if err := s.Fail(stripe.Fault{Match: "POST /v1/payment_intents/*/confirm", Status: stripe.FaultSlow, HoldMS: 100, Times: -1}); err != nil {
		t.Fatal(err)
	}
	form := "confirmation_token=" + s.NewConfirmationToken("4242424242424242")
	var wg sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		wg.Go(func() {
			resp, _ := s.raw(t, http.MethodPost, "/v1/payment_intents/"+pi.ID+"/confirm", form, map[string]string{"Idempotency-Key": "same"})
			statuses[i] = resp.StatusCode
		})
	}
	wg.Wait()
	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	if count[200] < 1 || count[200]+count[409] != len(statuses) || count[409] == 0 {
		t.Errorf("statuses = %v, want one 200 and 409 while it was in flight", count)
	}
	if n := len(s.Charges()); n != 1 {
		t.Errorf("%d charges, want 1", n)
	}
}

func TestFault_LostAnswerIsPerformed(t *testing.T) {
	s := open(t)
	pi := s.intent(t)
	if err := s.Fail(stripe.Fault{Match: "POST /v1/payment_intents/*/confirm", Status: stripe.FaultLostAnswer}); err != nil {
		t.Fatal(err)
	}
	p := &api.PaymentIntentConfirmParams{ConfirmationToken: api.String(s.NewConfirmationToken("4242424242424242"))}
	p.SetIdempotencyKey("lost")
	if _, err := s.api.PaymentIntents.Confirm(pi.ID, p); err == nil || stripeError(err).Type != "" {
		t.Fatalf("lost answer = %v, want an error of the network", err)
	}
	got, err := s.api.PaymentIntents.Confirm(pi.ID, p)
	if err != nil || got.Status != api.PaymentIntentStatusSucceeded || len(s.Charges()) != 1 {
		t.Errorf("again with the same key = %v, %v, %d charges", got, err, len(s.Charges()))
	}
	if err := s.Fail(stripe.Fault{Match: "GET /v1/payment_intents/*", Status: "429"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.api.PaymentIntents.Get(pi.ID, nil); stripeError(err).HTTPStatusCode != 429 {
		t.Errorf("rate limit = %v", err)
	}
}

func TestConcurrency_ManyBuyers(t *testing.T) {
	s := open(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			pi, err := s.api.PaymentIntents.New(&api.PaymentIntentParams{Amount: api.Int64(4900), Currency: api.String("eur")})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.confirm(pi.ID, s.NewConfirmationToken("4242424242424242")); err != nil {
				t.Error(err)
			}
			s.Advance(1)
			_ = s.Intents()
		})
	}
	wg.Wait()
	if n := len(s.Charges()); n != 16 {
		t.Errorf("%d charges, want 16", n)
	}
}
