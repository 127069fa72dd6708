package locale

import (
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
	_ "time/tzdata"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/money"
)

const german = `msgid ""
msgstr ""
"Language: de_DE\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

msgid "Thank you, %s!"
msgstr "Vielen Dank, %s!"

msgid "%d item"
msgid_plural "%d items"
msgstr[0] "%d Artikel"
msgstr[1] "%d Artikel zusammen"

msgid "Not yet"
msgstr ""

msgctxt "verb"
msgid "Order"
msgstr "Bestellen"

msgid ""
"Two "
"lines"
msgstr ""
"Zwei "
"Zeilen"
`

func catalogue(t testing.TB) *Catalogue {
	t.Helper()
	polish := strings.NewReplacer("de_DE", "pl_PL",
		"nplurals=2; plural=(n != 1);", "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
		`msgstr[1] "%d Artikel zusammen"`, "msgstr[1] \"%d kilka\"\nmsgstr[2] \"%d wiele\"").Replace(german)
	c, err := load(fstest.MapFS{
		"tillside-de_DE.po": {Data: []byte(german)},
		"tillside-pl_PL.po": {Data: []byte(polish)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoad_ReadsTheShippedTranslations(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if got := c.For("de_DE").T("Something went wrong. Please try again."); got == "Something went wrong. Please try again." {
		t.Errorf("German text = %q, want German", got)
	}
}

func TestCatalogue_ForFallsBackToTheLanguageThenToEnglish(t *testing.T) {
	tests := []struct{ name, tag, text string }{
		{"de_DE", "de-DE", "Vielen Dank, Jo!"},
		{"de_DE_formal", "de-DE", "Vielen Dank, Jo!"},
		{"de", "de", "Vielen Dank, Jo!"},
		{"de-AT", "de-AT", "Vielen Dank, Jo!"},
		{"de_CH_informal", "de-CH", "Vielen Dank, Jo!"},
		{"DE-de", "de-DE", "Vielen Dank, Jo!"},
		{"en_GB", "en-GB", "Thank you, Jo!"},
		{"fr_FR", "en", "Thank you, Jo!"},
		{"", "en-US", "Thank you, Jo!"},
		{"../../etc/passwd", "en-US", "Thank you, Jo!"},
	}
	c := catalogue(t)
	for _, tt := range tests {
		l := c.For(tt.name)
		if got := l.T("Thank you, %s!", "Jo"); got != tt.text || l.Tag() != tt.tag {
			t.Errorf("For(%q) says %q in %s, want %q in %s", tt.name, got, l.Tag(), tt.text, tt.tag)
		}
	}
}

func TestLocale_TLeavesWhatIsNotTranslated(t *testing.T) {
	l := catalogue(t).For("de_DE")
	for format, want := range map[string]string{
		"Not yet": "Not yet", "Unknown": "Unknown", "100 %": "100 %", "": "", "Two lines": "Zwei Zeilen",
	} {
		if got := l.T(format); got != want {
			t.Errorf("T(%q) = %q, want %q", format, got, want)
		}
	}
}

func TestLocale_NFollowsTheLanguagesPlurals(t *testing.T) {
	c := catalogue(t)
	tests := []struct {
		locale string
		n      int
		want   string
	}{
		{"en", 1, "1 item"}, {"en", 0, "0 items"}, {"de", 1, "1 Artikel"}, {"de", 2, "2 Artikel zusammen"},
		{"pl", 1, "1 Artikel"}, {"pl", 3, "3 kilka"}, {"pl", 5, "5 wiele"}, {"pl", 22, "22 kilka"},
	}
	for _, tt := range tests {
		if got := c.For(tt.locale).N("%d item", "%d items", tt.n, tt.n); got != tt.want {
			t.Errorf("N(%d) in %s = %q, want %q", tt.n, tt.locale, got, tt.want)
		}
	}
}

func TestLocale_MoneyIsWrittenAsThere(t *testing.T) {
	const n, f = "\u00a0", "\u202f"
	tests := []struct {
		locale   string
		minor    int64
		currency money.Currency
		want     string
	}{
		{"en_US", 4900, "USD", "$49.00"},
		{"en_US", 123456789, "EUR", "€1,234,567.89"},
		{"en_US", 4900, "CAD", "CA$49.00"},
		{"en_CA", 4900, "CAD", "$49.00"},
		{"en_CA", 4900, "USD", "US$49.00"},
		{"en_US", 4900, "CHF", "CHF" + n + "49.00"},
		{"en_US", -4900, "USD", "-$49.00"},
		{"en_US", 5, "USD", "$0.05"},
		{"en_US", 4900, "JPY", "¥4,900"},
		{"en_US", 4900, "BHD", "BHD" + n + "4.900"},
		{"de_DE", 4900, "EUR", "49,00" + n + "€"},
		{"de_DE", 123456, "EUR", "1.234,56" + n + "€"},
		{"de_DE", -4900, "EUR", "-49,00" + n + "€"},
		{"de_AT", 123456, "EUR", "€" + n + "1.234,56"},
		{"de_CH", 123456, "CHF", "CHF" + n + "1’234.56"},
		{"fr_FR", 123456, "EUR", "1" + f + "234,56" + n + "€"},
		{"fr_CA", 123456, "CAD", "1" + n + "234,56" + n + "$"},
		{"es_ES", 123456, "EUR", "1234,56" + n + "€"},
		{"es_ES", 1234567, "EUR", "12.345,67" + n + "€"},
		{"es_MX", 123456, "MXN", "$1,234.56"},
		{"nl_NL", 123456, "EUR", "€" + n + "1.234,56"},
		{"it_IT", 4900, "EUR", "49,00" + n + "€"},
		{"pt_BR", 123456, "BRL", "R$" + n + "1.234,56"},
		{"pt_PT", 123456, "EUR", "1234,56" + n + "€"},
		{"sv_SE", 123456, "SEK", "1" + n + "234,56" + n + "kr"},
		{"da_DK", 123456, "DKK", "1.234,56" + n + "kr."},
		{"pl_PL", 123456, "PLN", "1234,56" + n + "zł"},
		{"cs_CZ", 123456, "CZK", "1" + n + "234,56" + n + "Kč"},
		{"hu_HU", 123456, "HUF", "1" + n + "234,56" + n + "Ft"},
		{"tr_TR", 123456, "TRY", "₺1.234,56"},
		{"ja", 4900, "JPY", "¥4,900"},
		{"ko_KR", 4900, "KRW", "₩4,900"},
		{"he_IL", 4900, "ILS", "49.00" + n + "₪"},
		{"eo", 123456, "EUR", "1234.56" + n + "€"},
		{"en_US", -9223372036854775808, "EUR", "-€92,233,720,368,547,758.08"},
	}
	c := catalogue(t)
	for _, tt := range tests {
		if got := c.For(tt.locale).Money(money.New(tt.minor, tt.currency)); got != tt.want {
			t.Errorf("Money(%d %s) in %s = %q, want %q", tt.minor, tt.currency, tt.locale, got, tt.want)
		}
	}
}

func TestLocale_DatesAreWrittenAsThere(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	dubai, err := time.LoadLocation("Asia/Dubai")
	if err != nil {
		t.Fatal(err)
	}
	moment := time.Date(2026, 5, 2, 22, 5, 0, 0, time.UTC)
	tests := []struct {
		locale   string
		zone     *time.Location
		date, at string
	}{
		{"de_DE", berlin, "3. Mai 2026", "3. Mai 2026, 00:05 CEST"},
		{"en_US", berlin, "May 3, 2026", "May 3, 2026, 12:05\u202fAM CEST"},
		{"en_GB", nil, "2 May 2026", "2 May 2026, 22:05 UTC"},
		{"en_GB", dubai, "3 May 2026", "3 May 2026, 02:05 UTC+04:00"},
		{"fr_FR", berlin, "3 May 2026", "3 May 2026, 00:05 CEST"}, // its texts are English
		{"pl_PL", berlin, "3 maja 2026", "3 maja 2026, 00:05 CEST"},
	}
	c := catalogue(t)
	for _, tt := range tests {
		l := c.For(tt.locale)
		if got := l.Date(moment, tt.zone); got != tt.date {
			t.Errorf("Date in %s = %q, want %q", tt.locale, got, tt.date)
		}
		if got := l.DateTime(moment, tt.zone); got != tt.at {
			t.Errorf("DateTime in %s = %q, want %q", tt.locale, got, tt.at)
		}
	}
	for _, language := range strings.Fields("en de fr es it nl pt da sv nb fi pl cs hu tr ar he") {
		if n := len(dateFormat(tag{language: language}).months); n != 12 {
			t.Errorf("%s has %d months", language, n)
		}
	}
}

func TestLocale_CountriesHaveNamesInTheirOrder(t *testing.T) {
	l := catalogue(t).For("de_DE")
	all := l.Countries(catalog.Countries())
	for _, country := range all {
		if country.Name == country.Code {
			t.Errorf("%s has no name", country.Code)
		}
	}
	if all[0].Name != "Afghanistan" || all[1].Name != "Ägypten" {
		t.Errorf("the list begins with %s, %s; want Afghanistan, Ägypten", all[0].Name, all[1].Name)
	}
	if got := l.Countries([]string{"HK", "AT"}); !got[0].NoPostalCode || got[1].Name != "Österreich" || got[1].NoPostalCode {
		t.Errorf("countries = %+v", got)
	}
	if en := catalogue(t).For("fr_FR"); en.Country("DE") != "Germany" || en.Country("QQ") != "QQ" || en.Country("\nD") != "\nD" {
		t.Error("countries of an English text are wrong")
	}
}

func TestLocale_StripeSpeaksTheSitesLanguage(t *testing.T) {
	c := catalogue(t)
	for name, want := range map[string]string{
		"de_DE": "de", "de_DE_formal": "de", "en_US": "en", "en_GB": "en-GB", "fr_CA": "fr-CA", "fr_BE": "fr", "es_ES": "es", "es_MX": "es-419",
		"pt_BR": "pt-BR", "nn_NO": "nb", "zh_TW": "zh-TW", "zh_CN": "zh", "eo": "auto", "": "en", "tl": "fil",
	} {
		if got := c.For(name).StripeLocale(); got != want {
			t.Errorf("StripeLocale of %q = %q, want %q", name, got, want)
		}
	}
}

func TestLocale_RTLFollowsTheTexts(t *testing.T) {
	c, err := load(fstest.MapFS{"tillside-ar.po": {Data: []byte(strings.ReplaceAll(german, "de_DE", "ar"))}})
	if err != nil {
		t.Fatal(err)
	}
	if !c.For("ar").RTL() || c.For("de_DE").RTL() || c.For("he_IL").RTL() {
		t.Error("Arabic texts run from right to left; English ones, shown for want of Hebrew, do not")
	}
}

func TestCatalogue_MayBeUsedByManyAtOnce(t *testing.T) {
	c := catalogue(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for _, name := range []string{"de_DE", "en_US", "pl_PL", "de_AT"} {
				l := c.For(name)
				_ = l.T("Thank you, %s!", "Jo") + l.N("%d item", "%d items", i, i) + l.Money(money.New(4900, "EUR"))
			}
		})
	}
	wg.Wait()
}

func BenchmarkLocale_Money(b *testing.B) {
	c := catalogue(b)
	b.ReportAllocs()
	for b.Loop() {
		_ = c.For("de_DE").Money(money.New(123456, "EUR"))
	}
}
