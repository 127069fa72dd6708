package wpdb

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// readVectors reads what a real WordPress or PHP computed.
func readVectors(t *testing.T, file string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

func recordedRoles(t *testing.T) [][]Role {
	t.Helper()
	files, _ := filepath.Glob("testdata/users-*.json")
	var out [][]Role
	for _, file := range files {
		var recorded wpUsers
		readVectors(t, filepath.Base(file), &recorded)
		roles, err := parseRoles(recorded.UserRoles)
		if err != nil || len(roles) != 5 {
			t.Errorf("%s: roles = %v, %v", file, roles, err)
		}
		out = append(out, roles)
	}
	return out
}

// 6.8.12 and 7.1.4 computed the same.
func TestCheckHash_AgreesWithWordPress(t *testing.T) {
	type vector struct {
		Name     string `json:"name"`
		Hash     string `json:"hash"`
		Password []byte `json:"password_b64"`
		Prehash  string `json:"prehash_b64"`
		Want     bool   `json:"wp_check_password"`
	}
	var v struct {
		Phpass []vector `json:"phpass"`
		Bcrypt []vector `json:"wp_bcrypt"`
		Other  []vector `json:"other"`
		Fast   []struct {
			Message string `json:"message"`
			Hash    string `json:"hash"`
		} `json:"fast_hash"`
	}
	readVectors(t, "vectors/passwords.json", &v)
	if len(v.Phpass) < 8 || len(v.Bcrypt) < 8 || len(v.Other) < 10 || len(v.Fast) == 0 {
		t.Error("vectors are missing")
	}
	for _, p := range slices.Concat(v.Phpass, v.Bcrypt, v.Other) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			got, err := CheckHash(string(p.Password), p.Hash)
			if strings.HasPrefix(p.Hash, "$argon2") {
				if !errors.Is(err, ErrHashFormat) {
					t.Errorf("error = %v, want ErrHashFormat", err)
				}
				return
			}
			if err != nil && p.Want || got != p.Want {
				t.Errorf("CheckHash = %t, %v, want %t", got, err, p.Want)
			}
			if p.Prehash != "" && string(prehash(string(p.Password))) != p.Prehash {
				t.Error("prehash differs")
			}
		})
	}
	for _, f := range v.Fast {
		if got := FastHash(f.Message); got != f.Hash {
			t.Errorf("FastHash(%q) = %s, want %s", f.Message, got, f.Hash)
		}
	}
}

func TestNewPassHash_IsOfTheVersionsFormat(t *testing.T) {
	for version, prefix := range map[string]string{"6.8": "$wp$2y$04$", "7.1.4": "$wp$2y$04$", "6.7.7": "$P$B"} {
		a, err := NewPassHash(version)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := NewPassHash(version)
		if !strings.HasPrefix(a, prefix) || a == b || len(a) <= 32 {
			t.Errorf("%s: %s, then %s", version, a, b)
		}
	}
	if _, err := NewPassHash(""); err == nil {
		t.Error("made a hash for no version")
	}
	h, err := HashPassword(" secret\n", 4)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := CheckHash("secret", h); !ok || err != nil {
		t.Errorf("the trimmed password does not fit %s: %v", h, err)
	}
	if ok, _ := CheckHash("secret", HashPhpass("secret")); !ok {
		t.Error("the phpass hash does not fit")
	}
}

func TestMaybeSerialize_AgreesWithWordPress(t *testing.T) {
	var v struct {
		Values []struct {
			Raw []byte `json:"serialized_b64"`
		} `json:"serialize"`
		Strings []struct {
			In    string `json:"in"`
			Loose bool   `json:"is_serialized_loose"`
			Out   string `json:"maybe_serialize"`
		} `json:"maybe_serialize_strings"`
	}
	readVectors(t, "vectors/phpserialize.json", &v)
	for _, s := range v.Strings {
		if looksSerialized(s.In) != s.Loose || MaybeSerialize(s.In) != s.Out {
			t.Errorf("MaybeSerialize(%q) = %q, want %q", s.In, MaybeSerialize(s.In), s.Out)
		}
	}
	for _, s := range v.Values {
		if _, err := unserialize(string(s.Raw)); err != nil {
			t.Errorf("unserialize(%q): %v", s.Raw, err)
		}
	}
	if len(v.Strings) < 15 || len(v.Values) < 15 {
		t.Error("too few vectors")
	}
}

func TestLogins_AreThoseThatWordPressAccepts(t *testing.T) {
	var v struct {
		Cases []struct {
			In       string `json:"in"`
			Valid    bool   `json:"validate_username"`
			Nicename string `json:"nicename"`
		} `json:"cases"`
	}
	readVectors(t, "vectors/usernames.json", &v)
	if len(v.Cases) < 40 {
		t.Error("vectors are missing")
	}
	for _, c := range v.Cases {
		want := c.Valid && c.Nicename != "" && len(c.In) <= maxLogin
		if got := acceptsLogin(c.In); got != want {
			t.Errorf("acceptsLogin(%q) = %t, want %t", c.In, got, want)
		}
		if acceptsLogin(c.In) && nicename(c.In) != c.Nicename {
			t.Errorf("nicename(%q) = %q, want %q", c.In, nicename(c.In), c.Nicename)
		}
	}
}

func TestLoginCandidates_AreAlwaysAcceptable(t *testing.T) {
	tests := []struct{ email, first string }{
		{"ada@example.org", "ada@example.org"},
		{"a+b@example.org", "member-2"},
		{"jane+tag@example.org", "janetag"},
		{"O'Brien@example.org", "obrien"},
		{"{}@example.org", "member-2"},
		{"...+@example.org", "member-2"},
		{"12+3@example.org", "123"},
		{strings.Repeat("a", 60) + "@example.org", strings.Repeat("a", 40)},
	}
	for _, tt := range tests {
		got := loginCandidates(tt.email)
		if got[0] != tt.first || len(got) < 9 {
			t.Errorf("candidates of %s = %v, want %s first", tt.email, got, tt.first)
		}
		for i, login := range got {
			if !acceptsLogin(login) || i > 0 && strings.Contains(login, "@") {
				t.Errorf("candidate %q of %s is not acceptable", login, tt.email)
			}
		}
	}
}

func TestTested_KnowsItsVersions(t *testing.T) {
	for v, want := range map[string]bool{
		"6.8": true, "6.8.12": true, "6.9.7": true, "7.0": true, "7.1.4": true,
		"6.7.7": false, "7.2": false, "7.10": false, "8.0": false, "6": false, "": false, "7.1-RC1": false, "7.1.4-alpha-60000": false, "x": false, "6.80": false,
	} {
		if Tested(v) != want {
			t.Errorf("Tested(%q) = %t", v, !want)
		}
	}
}

func FuzzUnserialize_DoesNotPanic(f *testing.F) {
	for _, seed := range []string{userRoles, "a:1:{i:0;a:1:{i:0;N;}}", "s:5:\"ab", `s:-1:"";`, "a:-1:{}", "d:1e999;", "b:2;", base64.StdEncoding.EncodeToString([]byte("x"))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		_, _ = unserialize(s)
		_, _ = parseRoles(s)
		if name := cleanName(s); strings.ContainsAny(name, "<>") {
			t.Errorf("cleanName(%q) = %q", s, name)
		}
	})
}
