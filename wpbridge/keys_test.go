package wpbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const secret1 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

func TestParseKeys_RefusesWhatIsNoKey(t *testing.T) {
	tests := []struct {
		name, text, want string
	}{
		{"empty", ``, "not JSON"},
		{"null", `null`, "no Tillside keys"},
		{"no key", `{}`, "no Tillside keys"},
		{"a list", `[]`, "not JSON"},
		{"serialized by PHP", `a:1:{s:2:"k1";s:1:"x";}`, "not JSON"},
		{"secret too short", `{"k1":{"s":"AAEC","created":1}}`, "secret of k1"},
		{"secret not base64", `{"k1":{"s":"!","created":1}}`, "secret of k1"},
		{"no time", `{"k1":{"s":"` + secret1 + `"}}`, "time of creation"},
		{"id is a number", `{"1":{"s":"` + secret1 + `","created":1}}`, "key id"},
		{"id with a dot", `{"k.1":{"s":"` + secret1 + `","created":1}}`, "key id"},
		{"too long", `{"k1":` + strings.Repeat(" ", maxKeysLen) + `}`, "longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseKeys(tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want one with %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), secret1) {
				t.Error("the error shows the secret")
			}
		})
	}
}

func TestKeys_NewestSigns(t *testing.T) {
	tests := []struct{ name, created, want string }{
		{"greater time", `{"k1":{"s":"%[1]s","created":5},"k2":{"s":"%[1]s","created":4}}`, "k1"},
		{"same time, greater id", `{"k10":{"s":"%[1]s","created":5},"k9":{"s":"%[1]s","created":5}}`, "k9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := ParseKeys(fmt.Sprintf(tt.created, secret1))
			if err != nil {
				t.Fatal(err)
			}
			if k.Newest() != tt.want {
				t.Errorf("newest = %s, want %s", k.Newest(), tt.want)
			}
		})
	}
}

func TestKeys_RotateKeepsTheOldOnes(t *testing.T) {
	now := time.Unix(1760000000, 0)
	first := GenerateKeys(now)
	sealed, err := first.Seal([]byte("sk_test_1"), "gateway/stripe")
	if err != nil {
		t.Fatal(err)
	}
	second := first.Rotate(now)
	if first.Newest() != "k1" || second.Newest() != "k2" {
		t.Errorf("newest = %s, then %s, want k1, k2", first.Newest(), second.Newest())
	}
	if !second.IsStale(sealed) || first.IsStale(sealed) {
		t.Error("IsStale must be true only after rotation")
	}
	if plain, err := second.Open(sealed, "gateway/stripe"); err != nil || string(plain) != "sk_test_1" {
		t.Errorf("open = %q, %v", plain, err)
	}
	again, err := ParseKeys(second.JSON())
	if err != nil || again.JSON() != second.JSON() {
		t.Errorf("JSON does not survive: %v", err)
	}
	if _, err := second.Without("k1").Open(sealed, "gateway/stripe"); !errors.Is(err, ErrSealed) {
		t.Errorf("open without k1 = %v, want ErrSealed", err)
	}
	if got := second.Without("k1").Merge(first).IDs(); len(got) != 2 {
		t.Errorf("merged ids = %v", got)
	}
}

func TestSeal_BindsTextToPlaceAndKey(t *testing.T) {
	k := GenerateKeys(time.Unix(1760000000, 0))
	sealed, err := k.Seal([]byte("sk_live_x"), "a")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sealed, "sk_live") || !strings.HasPrefix(sealed, "v1.k1.") {
		t.Errorf("sealed = %s", sealed)
	}
	other := GenerateKeys(time.Unix(1760000000, 0))
	flipped := []byte(sealed)
	flipped[len(flipped)-5] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"other place":  func() ([]byte, error) { return k.Open(sealed, "b") },
		"other secret": func() ([]byte, error) { return other.Open(sealed, "a") },
		"changed":      func() ([]byte, error) { return k.Open(string(flipped), "a") },
		"cut":          func() ([]byte, error) { return k.Open(sealed[:12], "a") },
		"plain text":   func() ([]byte, error) { return k.Open("sk_live_x", "a") },
		"renamed key":  func() ([]byte, error) { return k.Rotate(time.Now()).Open("v1.k2."+sealed[6:], "a") },
	} {
		if _, err := open(); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: error = %v, want ErrSealed", name, err)
		}
	}
	if _, err := (Keys{}).Seal(nil, "a"); !errors.Is(err, ErrNoKeys) {
		t.Errorf("seal without keys = %v", err)
	}
}

func TestKeys_AreNotPrinted(t *testing.T) {
	k := GenerateKeys(time.Unix(1760000000, 0))
	raw := k.byID["k1"].secret
	for _, s := range []string{fmt.Sprint(k), fmt.Sprintf("%+v", k), fmt.Sprintf("%#v", k), fmt.Sprintf("%v", &k)} {
		if s != "keys [k1]" || bytes.Contains([]byte(s), raw) {
			t.Errorf("printed as %s", s)
		}
	}
	if _, err := json.Marshal(k); err == nil {
		t.Error("keys were marshalled")
	}
}
