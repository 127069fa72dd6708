package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillside/tillside/server/shoptest"
	"github.com/tillside/tillside/wpbridge"
)

// render asks for an order form as the plugin does.
func render(t *testing.T, s *shoptest.Stand, p *shoptest.Process, offer string) shoptest.Answer {
	t.Helper()
	target := "/v1/render/order_form?instance=tillside-1&offer=" + offer
	token, err := wpbridge.NewSigner(s.Keys, s.Plugin.URL, time.Now).Call(wpbridge.PluginToTillside,
		wpbridge.Call{Scope: wpbridge.ScopeRender}, wpbridge.Request{Method: http.MethodGet, Target: target})
	if err != nil {
		t.Fatal(err)
	}
	return s.NewBuyer(p, offer).Do(http.MethodGet, target, nil, wpbridge.HeaderCall, token)
}

func TestLanguage_GermanSiteSpeaksGerman(t *testing.T) {
	s := shoptest.New(t)
	s.Exec(`INSERT INTO shop_options (option_name, option_value) VALUES ('WPLANG', 'de_DE')`)
	p := s.Start(shoptest.Options{})
	p.Import(t, shoptest.Catalogue)

	form := render(t, s, p, "course").String("html")
	for _, want := range []string{"Vorname", "Nachname", "Weiter", "Deutschland", "49,00\u00a0€"} {
		if !strings.Contains(form, want) {
			t.Errorf("the form does not say %q", want)
		}
	}
	b := s.NewBuyer(p, "course")
	if a := b.Do(http.MethodPost, "/v1/checkouts", map[string]any{
		"form_token": b.FormToken(), "contact": map[string]string{"email": "nobody", "first_name": "E", "last_name": "M"},
	}); a.String("field") != "email" || strings.Contains(a.String("message"), "look right") {
		t.Errorf("error = %s, want it in German", a.Raw)
	}
	b.Start("erika@example.com")
	if a := b.Pay(cardDeclined); a.String("message") == "" || strings.Contains(a.String("message"), "card") {
		t.Errorf("decline = %s, want it in German", a.Raw)
	}
	if a := b.Pay(cardGood); a.String("status") != "succeeded" {
		t.Fatalf("pay: %d %s", a.Code, a.Raw)
	}
	shoptest.WaitFor(t, "three mails", func() bool { return len(s.Plugin.Mails()) == 3 })
	for id, mail := range s.Plugin.Mails() {
		if !strings.Contains(mail.Text, "Bestellung") && !strings.Contains(mail.Text, "Passwort") {
			t.Errorf("mail %s is not German:\n%s", id, mail.Text)
		}
		if strings.HasSuffix(id, "-receipt") && !strings.Contains(mail.Text, "49,00\u00a0€") {
			t.Errorf("receipt:\n%s", mail.Text)
		}
	}
}
