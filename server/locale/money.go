package locale

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tillside/tillside/server/money"
)

const (
	nbsp   = "\u00a0" // no-break space
	narrow = "\u202f" // narrow no-break space
)

// moneyStyle is how a locale writes an amount. The tables follow the Unicode
// CLDR.
type moneyStyle struct {
	decimal, group string
	before         bool   // the symbol stands before the number
	space          string // between symbol and number
	ungrouped4     bool   // four digits are not grouped: 1234,00 but 12.345,00
	symbols        map[money.Currency]string
}

// moneyFormat returns the style of a locale. Languages that are not in the table
// are written 1234.50 €: everybody can read that.
func moneyFormat(t tag) moneyStyle {
	f := moneyOf(t)
	f.symbols = symbolsOf(t)
	return f
}

func moneyOf(t tag) moneyStyle {
	switch t.String() {
	case "de-AT":
		return moneyStyle{decimal: ",", group: ".", before: true, space: nbsp}
	case "de-CH", "de-LI", "it-CH":
		return moneyStyle{decimal: ".", group: "’", before: true, space: nbsp}
	case "fr-CH":
		return moneyStyle{decimal: ".", group: narrow, space: nbsp}
	case "fr-CA":
		return moneyStyle{decimal: ",", group: nbsp, space: nbsp}
	case "es-MX", "es-US", "es-PR", "es-GT", "es-PE":
		return moneyStyle{decimal: ".", group: ",", before: true}
	case "pt-BR":
		return moneyStyle{decimal: ",", group: ".", before: true, space: nbsp}
	}
	switch t.language {
	case "en", "ja", "zh", "ko":
		return moneyStyle{decimal: ".", group: ",", before: true}
	case "de", "it", "da", "ro", "el", "id", "sl", "hr", "sr":
		return moneyStyle{decimal: ",", group: ".", space: nbsp}
	case "es":
		return moneyStyle{decimal: ",", group: ".", space: nbsp, ungrouped4: true}
	case "fr":
		return moneyStyle{decimal: ",", group: narrow, space: nbsp}
	case "nl":
		return moneyStyle{decimal: ",", group: ".", before: true, space: nbsp}
	case "pl", "pt", "bg":
		return moneyStyle{decimal: ",", group: nbsp, space: nbsp, ungrouped4: true}
	case "sv", "nb", "nn", "no", "fi", "cs", "sk", "hu", "ru", "uk", "et", "lt", "lv":
		return moneyStyle{decimal: ",", group: nbsp, space: nbsp}
	case "tr":
		return moneyStyle{decimal: ",", group: ".", before: true}
	case "he", "ar":
		return moneyStyle{decimal: ".", group: ",", space: nbsp}
	}
	return moneyStyle{decimal: ".", space: nbsp}
}

// symbolsOf returns the symbols that a locale uses. A dollar that is not the
// locale's own says whose it is.
func symbolsOf(t tag) map[money.Currency]string {
	symbols := map[money.Currency]string{
		"EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪", "VND": "₫", "BRL": "R$",
		"USD": "$", "AUD": "A$", "CAD": "CA$", "NZD": "NZ$", "MXN": "MX$", "HKD": "HK$", "TWD": "NT$", "CNY": "CN¥",
	}
	for currency, own := range map[money.Currency]struct{ places, symbol string }{
		"AUD": {"en-AU", "$"}, "CAD": {"en-CA fr-CA", "$"}, "NZD": {"en-NZ", "$"}, "MXN": {"es-MX", "$"}, "HKD": {"zh-HK", "HK$"},
		"TWD": {"zh-TW", "$"}, "CNY": {"zh zh-CN", "¥"}, "SEK": {"sv sv-SE", "kr"}, "NOK": {"nb nb-NO nn nn-NO no", "kr"},
		"DKK": {"da da-DK", "kr."}, "PLN": {"pl pl-PL", "zł"}, "CZK": {"cs cs-CZ", "Kč"}, "HUF": {"hu hu-HU", "Ft"},
		"TRY": {"tr tr-TR", "₺"}, "RUB": {"ru ru-RU", "₽"}, "UAH": {"uk uk-UA", "₴"}, "PHP": {"en-PH fil tl", "₱"},
	} {
		if strings.Contains(" "+own.places+" ", " "+t.String()+" ") {
			symbols[currency] = own.symbol
		}
	}
	switch t.String() {
	case "en-AU", "en-CA", "fr-CA", "en-NZ", "es-MX":
		symbols["USD"] = "US$"
	}
	return symbols
}

// Money writes an amount: 49,00 € or $1,234.50. It has the digits that ISO 4217
// gives the currency and never breaks over lines.
func (l *Locale) Money(a money.Amount) string {
	f := l.money
	major := a.Major()
	number, negative := strings.CutPrefix(major, "-")
	whole, fraction, hasFraction := strings.Cut(number, ".")

	var b strings.Builder
	if negative {
		b.WriteByte('-')
	}
	symbol, ok := f.symbols[a.Currency]
	if !ok {
		symbol = string(a.Currency)
	}
	if f.before {
		b.WriteString(symbol)
		if last, _ := utf8.DecodeLastRuneInString(symbol); f.space == "" && unicode.IsLetter(last) {
			b.WriteString(nbsp) // CHF 49.00, not CHF49.00
		}
		b.WriteString(f.space)
	}
	f.writeGrouped(&b, whole)
	if hasFraction {
		b.WriteString(f.decimal)
		b.WriteString(fraction)
	}
	if !f.before {
		b.WriteString(f.space)
		b.WriteString(symbol)
	}
	return b.String()
}

func (f moneyStyle) writeGrouped(b *strings.Builder, digits string) {
	if len(digits) == 4 && f.ungrouped4 {
		b.WriteString(digits)
		return
	}
	for i := range len(digits) {
		if left := len(digits) - i; i > 0 && left%3 == 0 {
			b.WriteString(f.group)
		}
		b.WriteByte(digits[i])
	}
}
