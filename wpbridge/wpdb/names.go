package wpdb

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const maxDisplayName = 250

var (
	spaces      = regexp.MustCompile(`[\r\n\t ]+`)
	octet       = regexp.MustCompile(`%[a-fA-F0-9]{2}`)
	controls    = regexp.MustCompile(`[\x00-\x08\x0B\x0C\x0E-\x1F]`)
	scripts     = regexp.MustCompile(`(?is)<script[^>]*?>.*?</script>|<style[^>]*?>.*?</style>`)
	looseTag    = regexp.MustCompile(`<[^>]*>`)
	ksesElement = regexp.MustCompile(`^<\s*(/?)\s*([a-zA-Z0-9-]+)[^>]*>$`)
	namedEntity = regexp.MustCompile(`&amp;([A-Za-z]{2,8}[0-9]{0,2};)`)
	decEntity   = regexp.MustCompile(`&amp;#(0*[0-9]{1,7});`)
	hexEntity   = regexp.MustCompile(`&amp;#[Xx](0*[0-9A-Fa-f]{1,6});`)
)

// cleanName returns a name as WordPress stores it: what its filters on
// pre_user_first_name, …_last_name and …_display_name leave. They are
// sanitize_text_field, wp_filter_kses and _wp_specialchars.
func cleanName(s string) string {
	if s = dropZero(s); !utf8.ValidString(s) {
		return ""
	}
	if strings.Contains(s, "<") {
		s = stripTags(escapeUnclosed(s))
		s = strings.Trim(scripts.ReplaceAllString(s, ""), phpSpace)
	}
	s = strings.Trim(spaces.ReplaceAllString(s, " "), phpSpace)
	if octet.MatchString(s) {
		for octet.MatchString(s) {
			s = octet.ReplaceAllString(s, "")
		}
		s = strings.Trim(spaces.ReplaceAllString(s, " "), phpSpace)
	}
	s = controls.ReplaceAllString(s, "")
	s = looseTag.ReplaceAllStringFunc(normalizeEntities(s), ksesTag)
	return strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(s)
}

// escapeUnclosed turns a < that no > follows before the next < into &lt;.
func escapeUnclosed(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexAny(s[1:], "<>")
		switch {
		case end < 0:
			b.WriteString(escapeAll(s))
			return b.String()
		case s[1+end] == '>':
			b.WriteString(s[:end+2])
			s = s[end+2:]
		default:
			b.WriteString(escapeAll(s[:end+1]))
			s = s[end+1:]
		}
	}
}

func escapeAll(s string) string {
	return strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#039;").Replace(normalizeEntities(s))
}

// stripTags removes what stands between < and >, unless a space follows the <.
func stripTags(s string) string {
	s = scripts.ReplaceAllString(s, "")
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexByte(s, '>')
		if end < 0 || len(s) > 1 && strings.IndexByte(phpSpace+"\f", s[1]) >= 0 {
			b.WriteByte('<')
			s = s[1:]
			continue
		}
		s = s[end+1:]
	}
}

// What wp_filter_kses lets pass in a name.
const ksesAllowed = " a abbr acronym b blockquote cite code del em i q s strike strong "

// ksesTag does to "< b >", which is no tag for strip_tags, what kses does: it
// tidies an allowed element and removes any other. Attributes are dropped.
func ksesTag(tag string) string {
	m := ksesElement.FindStringSubmatch(tag)
	if m == nil || !strings.Contains(ksesAllowed, " "+asciiLower(m[2])+" ") {
		return ""
	}
	return "<" + m[1] + m[2] + ">"
}

// normalizeEntities escapes every & that begins no entity.
func normalizeEntities(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	s = strings.ReplaceAll(s, "&", "&amp;")
	s = namedEntity.ReplaceAllStringFunc(s, func(m string) string {
		entity := "&" + strings.TrimPrefix(m, "&amp;")
		if plain := html.UnescapeString(entity); plain == entity || strings.HasSuffix(plain, ";") {
			return m
		}
		return entity
	})
	s = decEntity.ReplaceAllStringFunc(s, func(m string) string {
		digits := decEntity.FindStringSubmatch(m)[1]
		n, err := strconv.ParseInt(digits, 10, 32)
		if err != nil || !validEntity(n) {
			return m
		}
		digits = strings.TrimLeft(digits, "0")
		return "&#" + strings.Repeat("0", max(0, 3-len(digits))) + digits + ";"
	})
	return hexEntity.ReplaceAllStringFunc(s, func(m string) string {
		digits := hexEntity.FindStringSubmatch(m)[1]
		n, err := strconv.ParseInt(digits, 16, 32)
		if err != nil || !validEntity(n) {
			return m
		}
		return "&#x" + strings.TrimLeft(digits, "0") + ";"
	})
}

func validEntity(n int64) bool {
	return n == 0x9 || n == 0xa || n == 0xd || n >= 0x20 && n <= 0xd7ff || n >= 0xe000 && n <= 0xfffd || n >= 0x10000 && n <= 0x10ffff
}

// displayName is "First Last", or what there is of it, or the login. WordPress
// would fail to store more than 250 characters.
func displayName(first, last, login string) string {
	first, last = dropZero(first), dropZero(last)
	name := first + last
	if first != "" && last != "" {
		name = first + " " + last
	}
	if name == "" {
		return login
	}
	name = cleanName(name)
	if runes := []rune(name); len(runes) > maxDisplayName {
		name = string(runes[:maxDisplayName])
	}
	return name
}

// dropZero leaves nothing of "0", which PHP takes for empty.
func dropZero(s string) string {
	if s == "0" {
		return ""
	}
	return s
}
