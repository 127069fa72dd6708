package contact_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
)

func TestCheckEmail(t *testing.T) {
	long := strings.Repeat("a", 60) + "@" + strings.Repeat("b", 35) + ".de" // 99
	for _, email := range []string{
		"erika@example.com", "Erika.Muster+shop@Mail.Example.COM", "a@b.co", "o'brien@example.ie", "x_y-z@ex-ample.org", "1@2.de", long, "e=mc2@example.de",
	} {
		if got, err := contact.CheckEmail("  " + email + "\n"); err != nil || got != email {
			t.Errorf("%q = %q (%v), want it let through", email, got, err)
		}
	}
	for _, email := range []string{
		"", " ", "erika", "@example.com", "erika@", "erika@example", "erika@@example.com", "a b@example.com", "erika@exa mple.com",
		"Erika <erika@example.com>", "<erika@example.com>", `"erika muster"@example.com`, `"erika"@example.com`, "erika(c)@example.com",
		"erika@example..com", "erika@.example.com", "erika@example.com.", "erika@-example.com", "erika@example-.com", "erika@[127.0.0.1]",
		".erika@example.com", "erika.@example.com", "er..ika@example.com", "jürgen@example.com", "erika@bücher.de", "erika@example.com,max@example.com",
		"erika@example.com\r\nBcc: all@example.com", "erika@example.com\x00", "erika@example.com;", "er\\ika@example.com", "a@b@c.de",
		long + "mm", "😀@example.com", "erika@example.com<script>", "erika\u200b@example.com", "\xff@example.com",
	} {
		if got, err := contact.CheckEmail(email); errs.From(err).Field != "email" {
			t.Errorf("%q = %q (%v), want it refused on the field email", email, got, err)
		}
	}
}

func FuzzCheckEmail(f *testing.F) {
	for _, email := range []string{"erika@example.com", `"a b"@c.de`, "a@b", "jürgen@bücher.de", "a@b.c\r\nBcc: x@y.z", " a@b.de "} {
		f.Add(email)
	}
	f.Fuzz(func(t *testing.T, email string) {
		got, err := contact.CheckEmail(email)
		if err != nil {
			return
		}
		if again, err := contact.CheckEmail(got); err != nil || again != got {
			t.Errorf("%q is let through as %q, and that as %q (%v)", email, got, again, err)
		}
		if len(got) > contact.MaxEmail || strings.Count(got, "@") != 1 || strings.ContainsFunc(got, func(r rune) bool {
			return r > unicode.MaxASCII || unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`<>()[]",;:\`, r)
		}) {
			t.Errorf("%q was let through as %q", email, got)
		}
	})
}

func TestKeyOf_FoldsLetterCaseAndNothingElse(t *testing.T) {
	if contact.KeyOf("Erika@Example.com") != contact.KeyOf("erika@example.COM") {
		t.Error("letter case makes another person")
	}
	for _, other := range []string{"erika@example.co", "erika+x@example.com", "érika@example.com", "eri.ka@example.com"} {
		if contact.KeyOf(other) == contact.KeyOf("erika@example.com") {
			t.Errorf("%s is taken for erika@example.com", other)
		}
	}
}

func TestCheckName(t *testing.T) {
	for _, tt := range []struct{ name, typed, want string }{
		{name: "as typed", typed: "Erika", want: "Erika"},
		{name: "white space", typed: "  Erika \t\n Maria ", want: "Erika Maria"},
		{name: "no-break space", typed: "Erika\u00a0Maria", want: "Erika Maria"},
		{name: "emoji", typed: "Erika 👩‍💻", want: "Erika 👩‍💻"},
		{name: "HTML", typed: `<script>alert("x")</script>`, want: `<script>alert("x")</script>`},
		{name: "apostrophe", typed: "O'Brien", want: "O'Brien"},
		{name: "Chinese", typed: "王小明", want: "王小明"},
		{name: "four bytes each", typed: strings.Repeat("𠮷", 100), want: strings.Repeat("𠮷", 100)},
		{name: "control characters", typed: "Eri\x00ka\x1b[31m", want: "Eri ka [31m"},
		{name: "header injection", typed: "Erika\r\nBcc: all@example.com", want: "Erika Bcc: all@example.com"},
		{name: "PHP's serialised data", typed: `O:8:"stdClass":0:{}`, want: `O:8:"stdClass":0:{}`},
		{name: "nothing", typed: " \t ", want: ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := contact.CheckName("first_name", tt.typed); err != nil || got != tt.want {
				t.Errorf("%q = %q (%v), want %q", tt.typed, got, err, tt.want)
			}
		})
	}
	for _, typed := range []string{strings.Repeat("ä", 101), "\xff\xfe", "ab\xc3"} {
		if got, err := contact.CheckName("last_name", typed); errs.From(err).Field != "last_name" {
			t.Errorf("%q = %q (%v), want it refused on its field", typed, got, err)
		}
	}
}

func FuzzCheckName(f *testing.F) {
	for _, name := range []string{"Erika", " \x00 ", "👩‍💻", "\xff", "a\r\nb"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		got, err := contact.CheckName("first_name", typed)
		if err != nil {
			return
		}
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 100 || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q was let through as %q", typed, got)
		}
		if again, err := contact.CheckName("first_name", got); err != nil || again != got {
			t.Errorf("%q is let through as %q, and that as %q (%v)", typed, got, again, err)
		}
	})
}
