// Package shortcodes turns plain view structs into what people read: the HTML
// that WordPress prints for a shortcode or a block, and the mails. It knows
// nothing of the server's domain; every amount and date arrives formatted.
package shortcodes

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	texttemplate "text/template"
)

// Lang is how a view speaks: every view struct embeds one.
type Lang struct {
	// T translates an English format string and fills in its arguments. Nil
	// leaves the English.
	T func(format string, args ...any) string
	// Locale is WordPress's or BCP 47's name of the language: de_DE, ar.
	Locale string
	// RTL is set for scripts that run from right to left.
	RTL bool
}

// Tag returns the language as HTML's lang attribute wants it: de_DE_formal
// becomes de-DE.
func (l Lang) Tag() string {
	parts := strings.FieldsFunc(l.Locale, func(r rune) bool { return r == '_' || r == '-' })
	if len(parts) == 0 {
		return "en"
	}
	if len(parts) > 1 && len(parts[1]) <= 4 {
		return parts[0] + "-" + parts[1]
	}
	return parts[0]
}

// Dir returns the text direction as HTML's dir attribute wants it.
func (l Lang) Dir() string {
	if l.RTL {
		return "rtl"
	}
	return "ltr"
}

// Start returns the side on which a line begins, for mail clients that know no
// logical properties.
func (l Lang) Start() string {
	if l.RTL {
		return "right"
	}
	return "left"
}

// End returns the side on which a line ends.
func (l Lang) End() string {
	if l.RTL {
		return "left"
	}
	return "right"
}

// TaxName returns the label of a tax line: "VAT (19 %)".
func (l Lang) TaxName(t TaxLine) string {
	switch {
	case t.Rate == "":
		return t.Name
	case t.Inclusive:
		return l.T("includes %s (%s %%)", t.Name, t.Rate)
	}
	return l.T("%s (%s %%)", t.Name, t.Rate)
}

func (l Lang) withDefaults() Lang {
	if l.T == nil {
		l.T = func(format string, args ...any) string {
			if len(args) == 0 {
				return format
			}
			return fmt.Sprintf(format, args...)
		}
	}
	return l
}

// Quote is the totals of an order, formatted. Discount is empty when there is
// none and comes without its minus sign.
type Quote struct {
	Lines    []Line
	Subtotal string
	Discount string
	Codes    string // of the coupons that gave it; empty for none
	TaxLines []TaxLine
	Total    string
	// GiftCards paid a part of the total; Due is the rest. Both are empty
	// without any.
	GiftCards []Tender
	Due       string
	// Free is set when nothing is due today.
	Free bool
}

// Tender is what a gift card paid.
type Tender struct {
	Name   string // "Gift card •••• 7KQ2"
	Amount string
}

// Line is one thing that is bought.
type Line struct {
	Name     string
	Quantity int
	Total    string
}

// TaxLine is the tax of one rate. Rate is a number without its percent sign and
// may be empty; Inclusive says that the prices contain the tax.
type TaxLine struct {
	Name      string
	Rate      string
	Amount    string
	Inclusive bool
}

// ShowSubtotal reports whether the subtotal says something that the total does
// not.
func (q Quote) ShowSubtotal() bool {
	if q.Discount != "" {
		return true
	}
	for _, t := range q.TaxLines {
		if !t.Inclusive {
			return true
		}
	}
	return false
}

//go:embed templates
var files embed.FS

var (
	pages = template.Must(parsePages())
	texts = texttemplate.Must(texttemplate.ParseFS(files, "templates/*.txt"))
)

// parsePages reads the HTML templates with the line breaks and indentation of
// their source removed: builders that run wpautop over a shortcode's output
// turn a blank line into a paragraph, even inside a form.
func parsePages() (*template.Template, error) {
	entries, err := files.ReadDir("templates")
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	all := template.New("")
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".html") {
			continue
		}
		source, err := files.ReadFile("templates/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read template %s: %w", entry.Name(), err)
		}
		if _, err := all.Parse(oneLine(string(source))); err != nil {
			return nil, fmt.Errorf("parse template %s: %w", entry.Name(), err)
		}
	}
	return all, nil
}

// oneLine joins the lines of a template. Lines of text stay apart by a space,
// tags and actions do not.
func oneLine(source string) string {
	var joined strings.Builder
	last := byte('>')
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if last != '>' && last != '}' && line[0] != '<' && line[0] != '{' {
			joined.WriteByte(' ')
		}
		joined.WriteString(line)
		last = line[len(line)-1]
	}
	return joined.String()
}

// breaks takes the line breaks out of what a view brought along.
var breaks = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\u2028", " ", "\u2029", " ")

// render writes the named template as one line.
func render(w io.Writer, name string, view any) error {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, view); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	if _, err := breaks.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// instance returns a prefix that is safe in ids, label references and
// autocomplete tokens.
func instance(s string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return -1
	}, s)
	if clean == "" || !isLetter(clean[0]) {
		return "tillside" + clean
	}
	return clean
}

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }
