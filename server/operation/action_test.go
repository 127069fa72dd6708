package operation

import (
	"math"
	"testing"

	"github.com/tillside/tillside/server/contact"
)

func TestMail_StandsForWhatTheContactHas(t *testing.T) {
	erika := &contact.Contact{Email: "erika@example.com", FirstName: "Erika\r\nBcc: x"}
	for text, want := range map[string]string{
		"Dear {first_name|friend}": "Dear Erika Bcc: x", "Dear {last_name|friend}": "Dear friend", "{last_name}": "", "{email}": "erika@example.com",
		"{field:Colour}, {field:Size|any}": "{email}, any", "{nothing} {field:} {": "{nothing} {field:} {",
	} {
		m := Mail{Subject: text, Text: text}
		if got := m.merge(erika, map[string]string{"Colour": "{email}"}).Subject; got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestAdd_RefusesWhatIsNoNumberAndWhatOverflows(t *testing.T) {
	for _, tt := range []struct {
		value string
		by    int64
		want  string
	}{
		{"", 5, "5"}, {" 7 ", -9, "-2"}, {"0", 0, "0"}, {"9223372036854775806", 1, "9223372036854775807"},
		{"9223372036854775807", 1, ""}, {"-9223372036854775808", -1, ""}, {"1.5", 1, ""}, {"many", 1, ""}, {"1", math.MinInt64, "-9223372036854775807"},
	} {
		got, err := add("n", tt.value, tt.by)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%q by %d: %q, %v; want %q", tt.value, tt.by, got, err, tt.want)
		}
	}
}

func TestChoose_IsTheSameForOneContactAndFair(t *testing.T) {
	variants := []Variant{{"A", 1}, {"B", 3}}
	count := map[string]int{}
	for id := range int64(4000) {
		v := choose(variants, "op", id)
		if v != choose(variants, "op", id) {
			t.Fatal("one contact got both")
		}
		count[v.Tag]++
	}
	if count["A"] < 850 || count["A"] > 1150 {
		t.Errorf("of 4000 contacts %d got A, want about 1000", count["A"])
	}
}
