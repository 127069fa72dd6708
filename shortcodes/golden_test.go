package shortcodes_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/shortcodes"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run with -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

// hostile is what a person may have typed into any field that is shown.
const hostile = `<script>alert("x")</script> & 'O’Neill' 😀 "quoted"` + "\n\n{{.Secret}}"

func german(format string, args ...any) string {
	words := map[string]string{
		"Who is ordering?": "Wer bestellt?", "E-mail address": "E-Mail-Adresse", "Continue": "Weiter",
		"Total": "Gesamt", "includes %s (%s %%)": "enthält %s (%s %%)", "Thank you, %s!": "Vielen Dank, %s!",
		"Your receipt from %s: order %s": "Ihre Quittung von %s: Bestellung %s", "Item": "Artikel", "Amount": "Betrag",
		"Step %d of %d": "Schritt %d von %d", "Country": "Land", "First name": "Vorname", "Last name": "Nachname",
	}
	if word, ok := words[format]; ok {
		format = word
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

func courseQuote() shortcodes.Quote {
	return shortcodes.Quote{
		Lines:    []shortcodes.Line{{Name: "Watercolour for beginners", Quantity: 1, Total: "49,00 €"}},
		Subtotal: "49,00 €",
		TaxLines: []shortcodes.TaxLine{{Name: "VAT", Rate: "19", Amount: "7,82 €", Inclusive: true}},
		Total:    "49,00 €",
	}
}

func discountQuote() shortcodes.Quote {
	return shortcodes.Quote{
		Lines: []shortcodes.Line{
			{Name: "Watercolour for beginners", Quantity: 1, Total: "$49.00"},
			{Name: "Set of brushes", Quantity: 2, Total: "$30.00"},
		},
		Subtotal: "$79.00", Discount: "$10.00",
		TaxLines: []shortcodes.TaxLine{{Name: "Sales tax", Rate: "0", Amount: "$0.00"}},
		Total:    "$69.00",
	}
}

func courseForm() shortcodes.OrderForm {
	return shortcodes.OrderForm{
		Lang:     shortcodes.Lang{Locale: "en_US"},
		Instance: "tillside-1",
		Offer:    shortcodes.Offer{ID: 7, Slug: "watercolour", Name: "Watercolour for beginners", Description: "Twelve lessons that you keep, with feedback on your pictures."},
		State:    shortcodes.StateOpen,
		Quote:    courseQuote(),
		Countries: []shortcodes.Country{
			{Code: "AT", Name: "Austria"}, {Code: "FR", Name: "France"}, {Code: "DE", Name: "Germany"},
			{Code: "HK", Name: "Hong Kong", NoPostalCode: true}, {Code: "US", Name: "United States"},
		},
		Country: "DE",
		Texts: shortcodes.Texts{
			Terms: "By ordering you accept our", TermsLabel: "terms", TermsURL: "https://shop.example.com/terms/",
		},
	}
}

func hostileForm() shortcodes.OrderForm {
	f := courseForm()
	f.Instance = `x" onload="y`
	f.Offer = shortcodes.Offer{Slug: hostile, Name: hostile, Description: hostile}
	f.ClosedText = hostile
	f.Quote.Lines[0].Name = hostile
	f.Countries = []shortcodes.Country{{Code: `"><b>`, Name: hostile}}
	f.Layout = hostile
	f.GiftCardField = "link"
	f.Gift = &shortcodes.GiftFields{Currency: hostile, Step: hostile, Amount: hostile, Minimum: hostile, Maximum: hostile, MinimumText: hostile, MaximumText: hostile}
	f.Texts = shortcodes.Texts{
		Headline: hostile, Continue: hostile, Pay: hostile, Free: hostile, Terms: hostile,
		TermsLabel: hostile, TermsURL: "javascript:alert(1)",
	}
	return f
}

func orderForms() map[string]shortcodes.OrderForm {
	closed := courseForm()
	closed.State, closed.ClosedText = shortcodes.StateClosed, "The course starts again in spring."
	notYet := courseForm()
	notYet.State, notYet.ClosedText = shortcodes.StateNotYet, "Orders open on 1 March at 9:00."
	de := courseForm()
	de.Lang = shortcodes.Lang{T: german, Locale: "de_DE_formal"}
	de.Texts.Headline, de.Texts.Pay, de.Layout = "Jetzt anmelden", "Zahlungspflichtig bestellen ({total})", "stacked"
	rtl := courseForm()
	rtl.Lang, rtl.Quote = shortcodes.Lang{Locale: "ar", RTL: true}, discountQuote()
	gift := courseForm()
	gift.GiftCardField = "open"
	gift.Gift = &shortcodes.GiftFields{
		Currency: "EUR", Exponent: 2, Step: "0.01", Amount: "25.00", Minimum: "10.00", Maximum: "200.00", MinimumText: "€10.00", MaximumText: "€200.00",
	}
	return map[string]shortcodes.OrderForm{
		"order_form_gift": gift, "order_form": courseForm(), "order_form_closed": closed, "order_form_not_yet": notYet,
		"order_form_de": de, "order_form_rtl": rtl, "order_form_hostile": hostileForm(),
	}
}

func renderForm(t *testing.T, f shortcodes.OrderForm) string {
	t.Helper()
	var out bytes.Buffer
	if err := shortcodes.RenderOrderForm(&out, f); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func renderThankYou(t *testing.T, v shortcodes.ThankYou) string {
	t.Helper()
	var out bytes.Buffer
	if err := shortcodes.RenderThankYou(&out, v); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRenderOrderForm_MatchesGolden(t *testing.T) {
	for name, form := range orderForms() {
		t.Run(name, func(t *testing.T) { golden(t, name+".html", renderForm(t, form)) })
	}
}

func TestRenderThankYou_MatchesGolden(t *testing.T) {
	golden(t, "thank_you.html", renderThankYou(t, shortcodes.ThankYou{Lang: shortcodes.Lang{Locale: "en_US"}, Instance: "tillside-2"}))
	golden(t, "thank_you_rtl.html", renderThankYou(t, shortcodes.ThankYou{Lang: shortcodes.Lang{Locale: "he_IL", RTL: true}, Instance: "tillside-2"}))
}

func renderCoupon(t *testing.T, c shortcodes.Coupon) string {
	t.Helper()
	var out bytes.Buffer
	if err := shortcodes.RenderCoupon(&out, c); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func renderGiftCard(t *testing.T, g shortcodes.GiftCard) string {
	t.Helper()
	var out bytes.Buffer
	if err := shortcodes.RenderGiftCard(&out, g); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func coupons() map[string]shortcodes.Coupon {
	return map[string]shortcodes.Coupon{
		"coupon":         {Lang: shortcodes.Lang{Locale: "en_US"}, Instance: "tillside-1", URL: "https://shop.example.com/order/"},
		"coupon_rtl":     {Lang: shortcodes.Lang{Locale: "ar", RTL: true}, Instance: "tillside-1"},
		"coupon_hostile": {Lang: shortcodes.Lang{Locale: hostile}, Instance: `tillside-1" onload="y`, URL: "javascript:alert(1)"},
	}
}

func giftCards() map[string]shortcodes.GiftCard {
	return map[string]shortcodes.GiftCard{
		"gift_card":         {Lang: shortcodes.Lang{Locale: "en_US"}, Instance: "tillside-1", Site: "Harbour Studio", SiteURL: "https://shop.example.com"},
		"gift_card_rtl":     {Lang: shortcodes.Lang{Locale: "he_IL", RTL: true}, Instance: "tillside-1", Site: "Harbour Studio", SiteURL: "https://shop.example.com/shop"},
		"gift_card_hostile": {Lang: shortcodes.Lang{Locale: hostile}, Instance: "tillside-1", Site: hostile, SiteURL: "https://" + hostile},
	}
}

func TestRenderCoupon_MatchesGolden(t *testing.T) {
	for name, view := range coupons() {
		t.Run(name, func(t *testing.T) { golden(t, name+".html", renderCoupon(t, view)) })
	}
}

func TestRenderGiftCard_MatchesGolden(t *testing.T) {
	for name, view := range giftCards() {
		t.Run(name, func(t *testing.T) { golden(t, name+".html", renderGiftCard(t, view)) })
	}
}
