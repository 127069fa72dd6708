// Package locale speaks to people in the site's language: it translates texts
// and writes amounts, dates and countries as they are written there.
package locale

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/leonelquinteros/gotext"

	"github.com/tillside/tillside/plugin-php/languages"
)

// Catalogue holds the texts of all languages. It may be used by many at once.
type Catalogue struct {
	byTag map[string]*texts // "de-DE" → its texts

	mu      sync.RWMutex
	locales map[tag]*Locale // those asked for so far
}

// maxLocales bounds what is kept of the locales that were asked for.
const maxLocales = 100

// texts are the translations of one file. They never change.
type texts struct {
	tag    tag
	single map[string]string
	po     *gotext.Po // for plurals
}

// Load reads the embedded translations.
func Load() (*Catalogue, error) { return load(languages.Files) }

func load(files fs.FS) (*Catalogue, error) {
	names, err := fs.Glob(files, "*.po")
	if err != nil {
		return nil, fmt.Errorf("list translations: %w", err)
	}
	c := &Catalogue{byTag: map[string]*texts{}, locales: map[tag]*Locale{}}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read translation: %w", err)
		}
		locale, ok := strings.CutPrefix(strings.TrimSuffix(path.Base(name), ".po"), "tillside-")
		if !ok {
			return nil, fmt.Errorf("translation %s: its name must be like tillside-de_DE.po", name)
		}
		t := &texts{tag: parseTag(locale), single: map[string]string{}, po: gotext.NewPo()}
		t.po.Parse(raw)
		for id, translation := range t.po.GetDomain().GetTranslations() {
			if id != "" && translation.IsTranslated() {
				t.single[id] = translation.Get()
			}
		}
		if len(t.single) == 0 {
			return nil, fmt.Errorf("translation %s: it translates nothing", name)
		}
		c.byTag[t.tag.String()] = t
	}
	return c, nil
}

// For returns the locale for one of WordPress's names, such as de_DE or
// de_DE_formal, or a language tag such as de-AT. Its texts are those of the
// locale, else of the same language in another country, else English; amounts
// and countries are written as the locale writes them in any case.
func (c *Catalogue) For(name string) *Locale {
	asked := parseTag(name)
	c.mu.RLock()
	l := c.locales[asked]
	c.mu.RUnlock()
	if l != nil {
		return l
	}
	l = c.locale(asked)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.locales) < maxLocales {
		c.locales[asked] = l
	}
	return l
}

func (c *Catalogue) locale(asked tag) *Locale {
	l := &Locale{asked: asked, spoken: asked, money: moneyFormat(asked)}
	if l.texts = c.find(asked); l.texts == nil && asked.language != "en" {
		l.spoken = tag{language: "en"}
	}
	l.date = dateFormat(l.spoken)
	return l
}

// find returns the texts that are nearest to a tag; nil for English.
func (c *Catalogue) find(asked tag) *texts {
	if t := c.byTag[asked.String()]; t != nil {
		return t
	}
	var best *texts
	for _, t := range c.byTag {
		// German for Austria is German; which country's must not depend on chance.
		if t.tag.language == asked.language && (best == nil || t.tag.String() < best.tag.String()) {
			best = t
		}
	}
	return best
}

// Locale is how one site speaks. It may be used by many at once.
type Locale struct {
	asked  tag    // what the site wants
	spoken tag    // what its texts are in
	texts  *texts // nil: English
	money  moneyStyle
	date   dateStyle
}

// T translates an English format string and fills in its arguments. Without
// arguments it stays as it is, per cent signs and all.
func (l *Locale) T(format string, args ...any) string {
	if l.texts != nil {
		if translated, ok := l.texts.single[format]; ok {
			format = translated
		}
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// N translates an English format string for a number of things, one for 1 and
// many for the others, and fills in its arguments.
func (l *Locale) N(one, many string, n int, args ...any) string {
	format := many
	switch {
	case l.texts != nil:
		format = l.texts.po.GetN(one, many, n)
	case n == 1:
		format = one
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// Tag returns the language of the texts as HTML's lang wants it: de-DE.
func (l *Locale) Tag() string { return l.spoken.String() }

// RTL reports whether the texts run from right to left.
func (l *Locale) RTL() bool {
	switch l.spoken.language {
	case "ar", "ary", "azb", "ckb", "dv", "fa", "haz", "he", "ps", "sd", "skr", "ug", "ur", "yi":
		return true
	}
	return false
}

// tag is a language and a country: de, AT.
type tag struct{ language, region string }

// String returns the tag as BCP 47 writes it.
func (t tag) String() string {
	if t.region == "" {
		return t.language
	}
	return t.language + "-" + t.region
}

// parseTag reads WordPress's names of locales and language tags; variants such
// as formal are dropped. An empty name is American English, WordPress's own.
func parseTag(name string) tag {
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' })
	if len(parts) == 0 {
		return tag{"en", "US"}
	}
	t := tag{language: strings.ToLower(parts[0])}
	if len(t.language) > 3 || strings.ContainsFunc(t.language, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return tag{"en", "US"}
	}
	for _, part := range parts[1:] {
		if len(part) == 2 {
			t.region = strings.ToUpper(part)
			break
		}
	}
	return t
}

// StripeLocale returns the name under which Stripe's own fields speak the
// site's language, or "auto" when they do not.
func (l *Locale) StripeLocale() string {
	const known = " ar bg cs da de el en en-GB es es-419 et fi fil fr fr-CA he hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru sk sl sv" +
		" th tr vi zh zh-HK zh-TW "

	has := func(name string) bool { return strings.Contains(known, " "+name+" ") }
	switch {
	case has(l.asked.String()):
		return l.asked.String()
	case l.asked.language == "es" && l.asked.region != "ES" && l.asked.region != "":
		return "es-419"
	case l.asked.language == "no" || l.asked.language == "nn":
		return "nb"
	case l.asked.language == "tl":
		return "fil"
	case has(l.asked.language):
		return l.asked.language
	}
	return "auto"
}
