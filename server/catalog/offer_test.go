package catalog_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
)

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOffer_StateFollowsTheClock(t *testing.T) {
	opens := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	closes := opens.Add(24 * time.Hour)
	tests := []struct {
		name  string
		offer catalog.Offer
		now   time.Time
		want  catalog.State
	}{
		{"always", catalog.Offer{Status: catalog.StatusActive}, opens, catalog.StateOpen},
		{"before", catalog.Offer{Status: catalog.StatusActive, OpensAt: &opens}, opens.Add(-1), catalog.StateNotYet},
		{"first moment", catalog.Offer{Status: catalog.StatusActive, OpensAt: &opens, ClosesAt: &closes}, opens, catalog.StateOpen},
		{"last moment", catalog.Offer{Status: catalog.StatusActive, OpensAt: &opens, ClosesAt: &closes}, closes.Add(-1), catalog.StateOpen},
		{"over", catalog.Offer{Status: catalog.StatusActive, OpensAt: &opens, ClosesAt: &closes}, closes, catalog.StateClosed},
		{"draft", catalog.Offer{Status: catalog.StatusDraft}, opens, catalog.StateNotYet},
		{"archived", catalog.Offer{Status: catalog.StatusArchived}, opens, catalog.StateClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.offer.State(tt.now); got != tt.want {
				t.Errorf("State = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestOffer_ThankYouKeepsTheOwnersParameters(t *testing.T) {
	const info = "orderId=1001&offerId=7&price=49.00"
	tests := []struct{ name, url, want string }{
		{"same page", "", ""},
		{"path", "/thank-you/", "/thank-you/?" + info},
		{"own parameters", "https://shop.example/t?z=1&a=%20&flag#part", "https://shop.example/t?z=1&a=%20&flag&" + info + "#part"},
		{"question mark", "/t?", "/t?" + info},
		{"fragment with a question mark", "/t#a?b", "/t?" + info + "#a?b"},
		{"trailing ampersand", "/t?a=1&", "/t?a=1&" + info},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := catalog.Offer{ID: 7, ThankYouURL: tt.url, AppendOrderInfo: true}
			if got := o.ThankYou("1001", money.New(4900, "EUR")); got != tt.want {
				t.Errorf("ThankYou = %q, want %q", got, tt.want)
			}
			o.AppendOrderInfo = false
			if got := o.ThankYou("1001", money.New(4900, "EUR")); got != tt.url {
				t.Errorf("ThankYou without order info = %q, want %q", got, tt.url)
			}
		})
	}
}

func TestSameSite_TakesPathsAndTheSitesOwnAddress(t *testing.T) {
	for page, want := range map[string]bool{
		"/start/": true, "https://shop.example/x": true, "https://SHOP.example/": true,
		"//evil.example/": false, "https://evil.example/": false, "https://shop.example@evil.example/": false,
		"javascript:alert(1)": false, "https://u@shop.example/": false, "": false,
	} {
		if got := catalog.SameSite("https://shop.example", page); got != want {
			t.Errorf("SameSite(%q) = %t, want %t", page, got, want)
		}
	}
	if got := catalog.Absolute("https://shop.example/blog", "/start/"); got != "https://shop.example/blog/start/" {
		t.Errorf("Absolute = %q", got)
	}
}

func TestService_ReadsAnOfferAgainOnlyWhenItsRevisionGrew(t *testing.T) {
	svc, store := imported(t, small)
	for range 3 {
		if _, err := svc.Offer(t.Context(), "course"); err != nil {
			t.Fatal(err)
		}
	}
	first, err := svc.OfferByID(t.Context(), store.all.Offers[0].ID)
	if err != nil || store.reads != 1 {
		t.Fatalf("offer was read %d times (%v), want once", store.reads, err)
	}
	// Another process changes it.
	store.all.Offers[0].Name = "Changed"
	store.all.Offers[0].Revision++
	if o, err := svc.Offer(t.Context(), "course"); err != nil || o.Name != "Changed" || first.Name != "The course" {
		t.Errorf("offer = %+v, %v; want the changed one, and the old one untouched", o, err)
	}
	if _, err := svc.Offer(t.Context(), "nope"); !errs.Is(err, errs.NotFound) {
		t.Errorf("error = %v, want not found", err)
	}
}

func TestService_DuplicateIsADraftOfItsOwn(t *testing.T) {
	svc, _ := imported(t, small)
	o, err := svc.Duplicate(t.Context(), "both", "both-again", "")
	if err != nil {
		t.Fatal(err)
	}
	if o.Status != catalog.StatusDraft || o.Name != "Both" || len(o.Items) != 2 || o.Revision != 1 {
		t.Errorf("duplicate = %+v, want a draft with the same items", o)
	}
	if _, err := svc.Duplicate(t.Context(), "both", "course", ""); !errs.Is(err, errs.Conflict) {
		t.Errorf("error = %v, want a conflict", err)
	}
	if _, err := svc.Duplicate(t.Context(), "both", "Über", ""); !errs.Is(err, errs.Invalid) {
		t.Errorf("error = %v, want invalid", err)
	}
	if _, err := svc.Duplicate(t.Context(), "nope", "new", ""); !errs.Is(err, errs.NotFound) {
		t.Errorf("error = %v, want not found", err)
	}
}

func TestService_ArchiveCloses(t *testing.T) {
	svc, store := imported(t, small)
	store.changed = nil
	if err := svc.Archive(t.Context(), "course"); err != nil {
		t.Fatal(err)
	}
	o, err := svc.Offer(t.Context(), "course")
	if err != nil || o.State(time.Now()) != catalog.StateClosed || o.Revision != 2 || len(store.changed) != 1 {
		t.Errorf("offer = %+v, %v, purged %v; want it closed and purged", o, err, store.changed)
	}
}

func TestService_RevokeFormsKeepsThoseOfTheHour(t *testing.T) {
	svc, _ := imported(t, small) // at 14:20
	if err := svc.RevokeForms(t.Context(), "course"); err != nil {
		t.Fatal(err)
	}
	o, err := svc.Offer(t.Context(), "course")
	if err != nil {
		t.Fatal(err)
	}
	hour := time.Date(2026, 5, 1, 14, 0, 0, 0, time.UTC)
	if !o.FormTokenValid(hour) || o.FormTokenValid(hour.Add(-time.Hour)) {
		t.Errorf("since %v: form tokens of 14:00 must stand, those of 13:00 must not", o.FormTokensSince)
	}
}
