package coupon_test

import (
	"strings"
	"testing"
	"testing/quick"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
)

func TestNormalize_TakesOneCodeForOne(t *testing.T) {
	tests := []struct {
		name string
		code string
		want string
	}{
		{"letter case", "Spring", "SPRING"},
		{"spaces and hyphens", "  spr-ing 20\u00a0 ", "SPRING20"},
		{"dashes that editors make", "SPR–ING—20", "SPRING20"},
		{"zero width", "SPR\u200bING\ufeff", "SPRING"},
		{"full width", "ＳＰＲＩＮＧ２０", "SPRING20"},
		{"Cyrillic", "ЅРRІNG", "SPRING"},
		{"Greek", "ΡΑΝΙC", "PANIC"},
		{"umlaut, composed and not", "KU\u0308CHE", "KÜCHE"},
		{"sharp s", "spaß", "SPASS"},
		{"emoji", "YES😀", "YES😀"},
		{"nothing", " - ", ""},
		{"not UTF-8", "a\xff", ""},
		{"too long", strings.Repeat("x", 201), ""},
		{"as long as it may be", strings.Repeat("x", 200), strings.Repeat("X", 200)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := coupon.Normalize(tt.code); got != tt.want {
				t.Errorf("Normalize(%q) = %q, want %q", tt.code, got, tt.want)
			}
		})
	}
}

func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{"SPRING-20", "ЅРRІNG", "ß", "\u0345", "ﬃ", "a\u0301"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key := coupon.Normalize(text)
		if again := coupon.Normalize(key); again != key {
			t.Errorf("%q: key %q has the key %q", text, key, again)
		}
	})
}

func TestShape_CodesAreStrongAndStable(t *testing.T) {
	shape, err := coupon.Shape{Prefix: "spring-"}.Check()
	if err != nil {
		t.Fatal(err)
	}
	if shape.Bits() < coupon.StrongBits {
		t.Errorf("%d bits, want at least %d", shape.Bits(), coupon.StrongBits)
	}
	seen := map[string]bool{}
	for range 1000 {
		code := shape.Generate()
		key := coupon.Normalize(code)
		if coupon.Normalize(strings.ToLower(code)) != key || len(key) != len("SPRING")+shape.Length {
			t.Fatalf("code %q has the key %q", code, key)
		}
		if strings.ContainsAny(strings.TrimPrefix(key, "SPRING"), "01IOLSU") {
			t.Fatalf("code %q has an ambiguous character", code)
		}
		if seen[key] {
			t.Fatalf("code %q twice", code)
		}
		seen[key] = true
	}
}

func TestShape_EveryCharacterComesAsOften(t *testing.T) {
	shape, err := coupon.Shape{Length: 64}.Check()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[rune]int{}
	const codes = 4000
	for range codes {
		for _, r := range coupon.Normalize(shape.Generate()) {
			counts[r]++
		}
	}
	mean := codes * 64 / len(shape.Alphabet)
	for r, n := range counts {
		if n < mean*9/10 || n > mean*11/10 { // ten standard deviations
			t.Errorf("%q came %d times, the mean is %d", r, n, mean)
		}
	}
	if len(counts) != len(shape.Alphabet) {
		t.Errorf("%d characters came, want %d", len(counts), len(shape.Alphabet))
	}
}

func TestShape_Refuses(t *testing.T) {
	for field, shape := range map[string]coupon.Shape{
		"alphabet": {Alphabet: "ABCDEFGO"}, "length": {Length: 3}, "prefix": {Prefix: "a b"},
	} {
		_, err := shape.Check()
		if e := errs.From(err); e.Code != errs.Invalid || e.Field != field {
			t.Errorf("%+v: %v, want a fault of %s", shape, err, field)
		}
	}
	for _, alphabet := range []string{"AABCDEFGH", "ABC", "ABCDEFGÄ", "ABCDEFG1"} {
		if _, err := (coupon.Shape{Alphabet: alphabet}).Check(); err == nil {
			t.Errorf("alphabet %q was taken", alphabet)
		}
	}
}

func TestPercent_ReadsWhatItWrites(t *testing.T) {
	err := quick.Check(func(n uint16) bool {
		p := coupon.Percent(int(n)%10000 + 1)
		back, err := coupon.ParsePercent(p.String())
		return err == nil && back == p
	}, nil)
	if err != nil {
		t.Error(err)
	}
	for _, text := range []string{"", "0", "-5", "100.01", "12.345", "1e1", ".", "5.", "+5", "٥"} {
		if p, err := coupon.ParsePercent(text); err == nil {
			t.Errorf("%q was read as %s", text, p)
		}
	}
}
