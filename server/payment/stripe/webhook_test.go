package stripe_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/payment"
	"github.com/tillside/tillside/server/payment/stripe"
)

const secret = "whsec_first"

var signedAt = time.Unix(1760000020, 0)

// sign returns the header for a body.
func sign(body, secret string, at time.Time) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(body), Secret: secret, Timestamp: at}).Header
}

func TestVerifyWebhook_Signatures(t *testing.T) {
	body := recorded(t, "event.json", nil)
	good := sign(body, secret, signedAt)
	_, mac, _ := strings.Cut(good, ",")
	tests := []struct {
		name    string
		body    string
		header  string
		secrets []string
		now     time.Time
		ok      bool
	}{
		{name: "good", header: good, secrets: []string{secret}, ok: true},
		{name: "second secret", header: good, secrets: []string{"whsec_new", secret}, ok: true},
		{name: "second signature", header: sign(body, "whsec_old", signedAt) + "," + mac, secrets: []string{secret}, ok: true},
		{name: "other schemes beside", header: good + ",v0=00", secrets: []string{secret}, ok: true},
		{name: "299 s old", header: good, secrets: []string{secret}, now: signedAt.Add(299 * time.Second), ok: true},
		{name: "stale", header: good, secrets: []string{secret}, now: signedAt.Add(301 * time.Second)},
		{name: "from the future", header: good, secrets: []string{secret}, now: signedAt.Add(-301 * time.Second)},
		{name: "unsigned", header: "", secrets: []string{secret}},
		{name: "foreign", header: sign(body, "whsec_other", signedAt), secrets: []string{secret}},
		{name: "another body", body: strings.Replace(body, "evt_1", "evt_2", 1), header: good, secrets: []string{secret}},
		{name: "no secrets", header: good},
		{name: "empty secret is nobody's", header: sign(body, "", signedAt), secrets: []string{""}},
		{name: "stale, a fresh time before it", header: fmt.Sprintf("t=%d,%s", signedAt.Add(time.Hour).Unix(), good), secrets: []string{secret}, now: signedAt.Add(time.Hour)},
		{name: "stale, a fresh time behind it", header: fmt.Sprintf("%s,t=%d", good, signedAt.Add(time.Hour).Unix()), secrets: []string{secret}, now: signedAt.Add(time.Hour)},
		{name: "no time", header: mac, secrets: []string{secret}},
		{name: "time is no number", header: "t=now," + mac, secrets: []string{secret}},
		{name: "only v0", header: strings.Replace(good, "v1=", "v0=", 1), secrets: []string{secret}},
		{name: "garbage", header: "garbage", secrets: []string{secret}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.body == "" {
				tt.body = body
			}
			if tt.now.IsZero() {
				tt.now = signedAt
			}
			event, err := stripe.VerifyWebhook([]byte(tt.body), tt.header, tt.secrets, tt.now)
			if tt.ok {
				if err != nil || event.ID != "evt_1" {
					t.Errorf("event = %+v, error = %v", event, err)
				}
				return
			}
			if !errs.Is(err, errs.Unauthorized) || event != (payment.Event{}) {
				t.Errorf("event = %+v, error = %v, want unauthorized", event, err)
			}
		})
	}
}

func TestVerifyWebhook_FindsTheIntent(t *testing.T) {
	event := func(kind, object string) string {
		return `{"id":"evt_1","type":"` + kind + `","created":1760000010,"livemode":true,"api_version":"2026-09-30.endive","data":{"object":` + object + `}}`
	}
	tests := []struct {
		name, body string
		want       payment.Event
	}{
		{name: "intent", body: event("payment_intent.succeeded", `{"id":"pi_1","object":"payment_intent"}`), want: payment.Event{Type: "payment_intent.succeeded", IntentID: "pi_1"}},
		{name: "charge", body: event("charge.refunded", `{"id":"ch_1","object":"charge","payment_intent":"pi_1"}`), want: payment.Event{Type: "charge.refunded", IntentID: "pi_1"}},
		{name: "expanded", body: event("charge.refunded", `{"id":"ch_1","object":"charge","payment_intent":{"id":"pi_1","object":"payment_intent"}}`), want: payment.Event{Type: "charge.refunded", IntentID: "pi_1"}},
		{name: "refund", body: event("refund.failed", `{"id":"re_1","object":"refund","payment_intent":"pi_1"}`), want: payment.Event{Type: "refund.failed", IntentID: "pi_1"}},
		{name: "refund of a charge without an intent", body: event("refund.created", `{"id":"re_1","object":"refund","payment_intent":null}`), want: payment.Event{Type: "refund.created"}},
		{name: "dispute", body: event("charge.dispute.created", `{"id":"dp_1","object":"dispute","charge":"ch_1","payment_intent":"pi_1"}`), want: payment.Event{Type: "charge.dispute.created", IntentID: "pi_1"}},
		{name: "something else", body: event("customer.created", `{"id":"cus_1","object":"customer"}`), want: payment.Event{Type: "customer.created"}},
		{name: "an invoice is no payment of ours", body: event("invoice.paid", `{"id":"in_1","object":"invoice","payment_intent":"pi_1"}`), want: payment.Event{Type: "invoice.paid"}},
		{name: "no object", body: event("customer.created", `null`), want: payment.Event{Type: "customer.created"}},
		{
			name: "thin event without data", want: payment.Event{Type: "v1.billing.meter.error_report_triggered"},
			body: `{"id":"evt_1","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","created":"2025-10-09T08:53:30Z","livemode":true}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.ID, tt.want.Mode, tt.want.Created = "evt_1", payment.ModeLive, time.Unix(1760000010, 0).UTC()
			got, err := stripe.VerifyWebhook([]byte(tt.body), sign(tt.body, secret, signedAt), []string{secret}, signedAt)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyWebhook_SignedNonsenseIsInvalid(t *testing.T) {
	for _, body := range []string{``, `[]`, `null`, `{}`, `{"id":"evt_1"}`, `{"id":1,"type":"x"}`, `{"id":"evt_1","type":"x","data":7}`} {
		_, err := stripe.VerifyWebhook([]byte(body), sign(body, secret, signedAt), []string{secret}, signedAt)
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: error = %v, want invalid", body, err)
		}
	}
}

func FuzzVerifyWebhook_NeverPanics(f *testing.F) {
	f.Add(`{"id":"evt_1","type":"charge.refunded","created":1,"data":{"object":{"object":"charge","payment_intent":{"id":"pi_1"}}}}`, "t=1,v1=00")
	f.Add(`{"id":"evt_1","type":"x","created":{},"data":{}}`, "t=1,t=2,v1=")
	f.Fuzz(func(t *testing.T, body, header string) {
		if _, err := stripe.VerifyWebhook([]byte(body), header, []string{secret}, signedAt); err == nil && json.Valid([]byte(body)) {
			t.Errorf("%q passed with %q", body, header)
		}
		_, _ = stripe.VerifyWebhook([]byte(body), sign(body, secret, signedAt), []string{secret}, signedAt)
	})
}
