package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tillside/tillside/server/shoptest"
)

// wantRefused looks for an answer in the error format that tells nothing else.
func wantRefused(t *testing.T, a shoptest.Answer, status int, code, field string) {
	t.Helper()
	if a.Code != status || a.String("code") != code || a.String("message") == "" || field != "" && a.String("field") != field {
		t.Errorf("answer: %d %s, want %d %s on %q", a.Code, a.Raw, status, code, field)
	}
	for _, leak := range []string{"sql", "goroutine", "0x", ".go:", "Error 1"} {
		if strings.Contains(a.String("message"), leak) {
			t.Errorf("the message tells of our inside: %s", a.Raw)
		}
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control = %q, want no-store", a.Header.Get("Cache-Control"))
	}
}

// start is a good body of step 1, with a change.
func start(token string, change func(body, contact map[string]any)) map[string]any {
	contact := map[string]any{"email": "erika@example.com", "first_name": "Erika", "last_name": "Muster"}
	body := map[string]any{"form_token": token, "contact": contact}
	if change != nil {
		change(body, contact)
	}
	return body
}

func TestInput_Start(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	good := b.FormToken()
	for _, tt := range []struct {
		name   string
		body   any
		status int
		code   string
		field  string
	}{
		{name: "no body", body: []byte(""), status: 400, code: "invalid"},
		{name: "no JSON", body: []byte("form_token=x"), status: 400, code: "invalid"},
		{name: "two objects", body: []byte(`{"form_token":"x"} {}`), status: 400, code: "invalid"},
		{name: "a list", body: []byte(`[]`), status: 400, code: "invalid"},
		{name: "null", body: []byte(`null`), status: 401, code: "unauthorized"},
		{name: "broken UTF-8 in a name", body: []byte("{\"form_token\":\"" + good + "\",\"contact\":{\"email\":\"a@b.de\",\"first_name\":\"\\ud800\",\"last_name\":\"\xff\"}}"), status: 201},
		{name: "unknown field", body: start(good, func(body, _ map[string]any) { body["is_admin"] = true }), status: 400, code: "invalid", field: "is_admin"},
		{name: "a price", body: start(good, func(body, _ map[string]any) { body["price"] = 1 }), status: 400, code: "invalid", field: "price"},
		{name: "an amount in the contact", body: start(good, func(_, contact map[string]any) { contact["amount"] = 1 }), status: 400, code: "invalid", field: "amount"},
		{name: "items", body: start(good, func(body, _ map[string]any) { body["items"] = []any{} }), status: 400, code: "invalid", field: "items"},
		{name: "a number for a name", body: start(good, func(_, contact map[string]any) { contact["first_name"] = 5 }), status: 400, code: "invalid", field: "contact.first_name"},
		{name: "a list for an e-mail", body: start(good, func(_, contact map[string]any) { contact["email"] = []string{"a@b.de"} }), status: 400, code: "invalid", field: "contact.email"},
		{name: "no e-mail", body: start(good, func(_, contact map[string]any) { delete(contact, "email") }), status: 400, code: "invalid", field: "email"},
		{name: "impossible e-mail", body: start(good, func(_, contact map[string]any) { contact["email"] = "erika" }), status: 400, code: "invalid", field: "email"},
		{name: "e-mail with a header", body: start(good, func(_, contact map[string]any) { contact["email"] = "a@b.de\r\nBcc: c@d.de" }), status: 400, code: "invalid", field: "email"},
		{name: "too long an e-mail", body: start(good, func(_, contact map[string]any) { contact["email"] = strings.Repeat("a", 100) + "@b.de" }), status: 400, code: "invalid", field: "email"},
		{name: "no name", body: start(good, func(_, contact map[string]any) { contact["first_name"], contact["last_name"] = " ", "" }), status: 400, code: "invalid", field: "first_name"},
		{name: "too long a name", body: start(good, func(_, contact map[string]any) { contact["last_name"] = strings.Repeat("ä", 101) }), status: 400, code: "invalid", field: "last_name"},
		{name: "too large", body: start(good, func(body, _ map[string]any) { body["referrer"] = strings.Repeat("x", 65<<10) }), status: 413, code: "too_large"},
		{name: "long, but allowed", body: start(good, func(body, _ map[string]any) {
			body["referrer"], body["partner"] = strings.Repeat("𠮷", 5000), strings.Repeat("p", 5000)
		}), status: 201},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.Do(http.MethodPost, "/v1/checkouts", tt.body)
			if tt.status == http.StatusCreated {
				if a.Code != tt.status {
					t.Errorf("answer: %d %s, want it taken", a.Code, a.Raw)
				}
				return
			}
			wantRefused(t, a, tt.status, tt.code, tt.field)
		})
	}
	if n := s.Count("SELECT COUNT(*) FROM {checkouts}"); n != 2 {
		t.Errorf("%d checkouts, want those of the two good requests", n)
	}
}

func TestInput_CheckoutBelongsToItsToken(t *testing.T) {
	s, p := open(t)
	mine, other := s.NewBuyer(p, "course"), s.NewBuyer(p, "course")
	mine.Start("erika@example.com")
	other.Start("max@example.com")
	wantStatus(t, mine.Pay(cardGood), "succeeded")
	for name, token := range map[string]string{
		"another buyer's": other.Token, "none": "", "the id": mine.ID, "garbage": "josé", "very long": strings.Repeat("a", 9000), "upper case": strings.ToUpper(mine.Token),
	} {
		t.Run(name, func(t *testing.T) {
			thief := *mine
			thief.Token = token
			wantRefused(t, thief.Do(http.MethodGet, "/v1/checkouts/"+mine.ID, nil), 404, "not_found", "")
			wantRefused(t, thief.Do(http.MethodPatch, "/v1/checkouts/"+mine.ID, map[string]any{"version": 2}), 404, "not_found", "")
			wantRefused(t, thief.Pay(cardGood), 404, "not_found", "")
			wantRefused(t, thief.Sync(), 404, "not_found", "")
			wantRefused(t, thief.Receipt(), 404, "not_found", "")
			wantRefused(t, thief.Credentials(""), 404, "not_found", "")
		})
	}
	for _, id := range []string{"0", "1", strings.Repeat("0", 32), "josé", "%00", "' OR 1=1 --", strings.Repeat("a", 3000)} {
		t.Run("checkout "+id[:min(len(id), 12)], func(t *testing.T) {
			path := strings.NewReplacer(" ", "%20", "'", "%27").Replace(id)
			wantRefused(t, mine.Do(http.MethodGet, "/v1/checkouts/"+path, nil), 404, "not_found", "")
			wantRefused(t, mine.Do(http.MethodGet, "/v1/orders/"+path, nil), 404, "not_found", "")
		})
	}
	wantBooks(t, s, 1, 1, 1)
}

func TestInput_Update(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	patch := func(body map[string]any) shoptest.Answer { return b.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, body) }

	stale := patch(map[string]any{"version": 1, "contact": map[string]string{"first_name": "Eve"}})
	if wantRefused(t, stale, 409, "conflict", ""); stale.Map("checkout")["version"] != float64(2) || stale.Map("checkout")["checkout_token"] != nil {
		t.Errorf("a stale version: %s, want the checkout as it is", stale.Raw)
	}
	for _, tt := range []struct {
		name  string
		body  map[string]any
		field string
	}{
		{name: "a price", body: map[string]any{"version": 2, "total": 1}, field: "total"},
		{name: "a status", body: map[string]any{"version": 2, "status": "paid"}, field: "status"},
		{name: "no country", body: map[string]any{"version": 2, "details": map[string]any{"country": "Germany"}}, field: "country"},
		{name: "a country of digits", body: map[string]any{"version": 2, "details": map[string]any{"country": "12"}}, field: "country"},
		{name: "too long a postal code", body: map[string]any{"version": 2, "details": map[string]any{"postal_code": strings.Repeat("1", 17)}}, field: "postal_code"},
		{name: "a step too many", body: map[string]any{"version": 2, "step": 4}, field: "step"},
		{name: "a step below one", body: map[string]any{"version": 2, "step": 0}, field: "step"},
		{name: "half a step", body: map[string]any{"version": 2, "step": 1.5}, field: "step"},
		{name: "the e-mail emptied", body: map[string]any{"version": 2, "contact": map[string]any{"email": ""}}, field: "email"},
		{name: "a version as text", body: map[string]any{"version": "2"}, field: "version"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantRefused(t, patch(tt.body), 400, "invalid", tt.field) })
	}
	if a := patch(map[string]any{"version": 2, "contact": map[string]any{"last_name": "Müller"}}); a.Code != http.StatusOK || a.Map("contact")["first_name"] != "Erika" {
		t.Errorf("one field alone: %d %s, want the others kept", a.Code, a.Raw)
	}
}

func TestInput_Pay(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	pay := func(key string, change func(map[string]any)) shoptest.Answer {
		body := map[string]any{
			"gateway": "stripe", "token": "ctoken_x", "expected_total": map[string]any{"amount": 4900, "currency": "EUR"},
		}
		change(body)
		return b.Do(http.MethodPost, "/v1/checkouts/"+b.ID+"/pay", body, "Idempotency-Key", key)
	}
	none := func(map[string]any) {}
	for _, tt := range []struct {
		name   string
		key    string
		change func(map[string]any)
		field  string
	}{
		{name: "no key", key: "", change: none, field: "Idempotency-Key"},
		{name: "short key", key: "abc", change: none, field: "Idempotency-Key"},
		{name: "long key", key: strings.Repeat("k", 65), change: none, field: "Idempotency-Key"},
		{name: "key that is no ASCII", key: "jos\xe9-jos\xe9", change: none, field: "Idempotency-Key"},
		{name: "long token", key: "key-of-a-click", change: func(m map[string]any) { m["token"] = strings.Repeat("t", 256) }, field: "token"},
		{name: "token that is no ASCII", key: "key-of-a-click", change: func(m map[string]any) { m["token"] = "ctoken_é" }, field: "token"},
		{name: "fractions", key: "key-of-a-click", change: func(m map[string]any) { m["expected_total"] = map[string]any{"amount": 49.5} }, field: "expected_total.amount"},
		{name: "total as text", key: "key-of-a-click", change: func(m map[string]any) { m["expected_total"] = "49.00" }, field: "expected_total"},
		{name: "an amount of the browser's", key: "key-of-a-click", change: func(m map[string]any) { m["amount"] = 1 }, field: "amount"},
		{name: "nothing to pay with", key: "key-of-a-click", change: func(m map[string]any) { m["gateway"] = "none" }, field: "gateway"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantRefused(t, pay(tt.key, tt.change), 400, "invalid", tt.field) })
	}
	t.Run("a gateway that is not there", func(t *testing.T) {
		wantRefused(t, pay("key-of-a-click", func(m map[string]any) { m["gateway"] = "bank of nowhere" }), 503, "unavailable", "")
	})
	for name, total := range map[string]any{
		"less": map[string]any{"amount": 1, "currency": "EUR"}, "more": map[string]any{"amount": 4901, "currency": "EUR"}, "nothing": nil,
		"another currency": map[string]any{"amount": 4900, "currency": "USD"}, "below zero": map[string]any{"amount": -4900, "currency": "EUR"},
	} {
		t.Run("expects "+name, func(t *testing.T) {
			wantStatus(t, pay("key-of-a-click", func(m map[string]any) { m["expected_total"] = total }), "totals_changed")
		})
	}
	t.Run("before the country is known", func(t *testing.T) {
		early := s.NewBuyer(p, "course")
		a := early.Do(http.MethodPost, "/v1/checkouts", start(early.FormToken(), nil))
		early.ID, early.Token, early.Total, early.Currency = a.String("id"), a.String("checkout_token"), 4900, "EUR"
		wantRefused(t, early.Pay(cardGood), 400, "invalid", "country")
	})
	if n := s.Count("SELECT COUNT(*) FROM {attempts}") + s.Stripe.Calls(confirmCall); n != 0 {
		t.Errorf("%d attempts or confirmations, want none", n)
	}
	t.Run("a token that the provider does not know", func(t *testing.T) {
		wantStatus(t, pay("key-of-another-click", none), "declined")
	})
	t.Run("a card for what costs nothing", func(t *testing.T) {
		free := s.NewBuyer(p, "free")
		free.Start("max@example.com")
		wantRefused(t, free.Pay(cardGood), 400, "invalid", "gateway")
	})
	wantBooks(t, s, 0, 0, 0)
}

func TestInput_Quotes(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	item := func(price string, quantity any) []map[string]any {
		return []map[string]any{{"price": price, "quantity": quantity}}
	}
	for _, tt := range []struct {
		name  string
		items any
	}{
		{name: "none of it", items: item("course", 0)}, {name: "less than none", items: item("course", -1)}, {name: "too many", items: item("course", 2)},
		{name: "overflow", items: item("course", int64(1)<<62)}, {name: "half of it", items: item("course", 0.5)}, {name: "another offer's price", items: item("gift", 1)},
		{name: "unknown price", items: item("nothing", 1)}, {name: "twice", items: append(item("course", 1), item("course", 1)...)},
		{name: "a hundred and one", items: make([]map[string]any, 101)},
		{name: "with an amount", items: []map[string]any{{"price": "course", "quantity": 1, "amount": 1}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantRefused(t, b.Do(http.MethodPost, "/v1/quotes", map[string]any{"form_token": b.FormToken(), "items": tt.items}), 400, "invalid", "")
		})
	}
	if a := b.Do(http.MethodPost, "/v1/quotes", map[string]any{"form_token": b.FormToken()}); a.Code != http.StatusOK {
		t.Errorf("the offer's own: %d %s", a.Code, a.Raw)
	}
}

// Names with HTML, emoji and what looks like PHP's serialised data go all the
// way: to the receipt as typed, into WordPress's tables as text, into mails
// escaped.
func TestInput_NamesArriveAsTyped(t *testing.T) {
	for _, name := range []string{`<script>alert("x")</script>`, "Zoë 👩‍💻 𠮷", `O:8:"stdClass":0:{}`, `a:1:{i:0;s:1:"x";}`, "%s %d %%set_password_url%%", "O'Brien \\ & Sons"} {
		t.Run(name, func(t *testing.T) {
			s, p := open(t)
			b := s.NewBuyer(p, "course")
			a := b.Do(http.MethodPost, "/v1/checkouts", start(b.FormToken(), func(_, contact map[string]any) { contact["first_name"] = name }))
			if a.Code != http.StatusCreated || a.Map("contact")["first_name"] != name {
				t.Fatalf("start: %d %s", a.Code, a.Raw)
			}
			b.ID, b.Token, b.Total, b.Currency = a.String("id"), a.String("checkout_token"), 4900, "EUR"
			if a := b.Do(http.MethodPatch, "/v1/checkouts/"+b.ID, map[string]any{"version": 1, "details": map[string]string{"country": "DE"}}); a.Code != http.StatusOK {
				t.Fatalf("details: %d %s", a.Code, a.Raw)
			}
			wantStatus(t, b.Pay(cardGood), "succeeded")
			wantBooks(t, s, 1, 1, 1)
			if got := b.Receipt().Map("contact")["first_name"]; got != name {
				t.Errorf("receipt: %q, want %q", got, name)
			}
			var stored string
			if err := s.SQL.QueryRow("SELECT meta_value FROM shop_usermeta WHERE meta_key = 'first_name'").Scan(&stored); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(stored, "O:") || strings.HasPrefix(stored, "a:") {
				t.Errorf("usermeta holds %q: WordPress would unserialise it", stored)
			}
			shoptest.WaitFor(t, "three mails", func() bool { return len(s.Plugin.Mails()) == 3 })
			for id, mail := range s.Plugin.Mails() {
				if strings.Contains(mail.HTML, "<script>") {
					t.Errorf("mail %s holds the script", id)
				}
				if mail.SetPasswordUser != 0 && !strings.HasSuffix(id, "-welcome") { // a name may look like the link's place
					t.Errorf("mail %s may carry a link to set a password", id)
				}
			}
		})
	}
}

func TestInput_RoutesThatAreNotThere(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	for _, route := range [][2]string{
		{http.MethodGet, "/"}, {http.MethodGet, "/v1/nothing"}, {http.MethodDelete, "/v1/checkouts/x"}, {http.MethodGet, "/v1/checkouts"},
		{http.MethodGet, "/v1/webhooks/stripe"}, {http.MethodPost, "/v1/webhooks/nobody"}, {http.MethodGet, "/v1/admin"}, {http.MethodGet, "/metrics"},
		{http.MethodPut, "/v1/ping"}, {http.MethodGet, "/v1/forms/"},
	} {
		wantRefused(t, b.Do(route[0], route[1], nil), 404, "not_found", "")
	}
}

// A GET changes nothing: mail scanners and prefetching browsers may do it.
func TestInput_GetChangesNothing(t *testing.T) {
	s, p := open(t)
	b := s.NewBuyer(p, "course")
	b.Start("erika@example.com")
	wantStatus(t, b.Pay(cardGood), "succeeded")
	wantBooks(t, s, 1, 1, 1)
	s.StopSchedules()
	s.Quiet()
	before := fingerprint(t, s)
	for range 3 {
		b.Receipt()
		b.Do(http.MethodGet, "/v1/checkouts/"+b.ID, nil)
		b.Do(http.MethodGet, "/v1/forms/course", nil, "X-Tillside-Form", b.FormToken())
		b.Do(http.MethodGet, "/v1/orders/"+b.OrderID+"/credentials", nil)
	}
	if after := fingerprint(t, s); !bytes.Equal(before, after) {
		t.Errorf("something changed:\n%s\n%s", before, after)
	}
}

func fingerprint(t *testing.T, s *shoptest.Stand) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, table := range []string{"checkouts", "attempts", "orders", "contacts", "payments", "jobs", "settings", "provider_events"} {
		rows, err := s.SQL.Query("CHECKSUM TABLE shop_tillside_" + table)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var name string
			var sum uint64
			if err := rows.Scan(&name, &sum); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&b, name, sum)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}
