package wpbridge

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// tokenKind tells the tokens of PHP source apart, as far as wp-config.php needs.
type tokenKind uint8

const (
	tokenEnd      tokenKind = iota
	tokenIdent              // define, DB_NAME, getenv, \Foo\bar
	tokenVariable           // $table_prefix, without the $
	tokenString             // a literal: text is its value
	tokenTemplate           // a string with a variable in it
	tokenNumber
	tokenPunct // one operator or bracket; ??, ?:, ::, ===, !==, ==, !=, &&, ||, => whole
)

type phpToken struct {
	kind tokenKind
	text string
	line int
}

func (t phpToken) is(punct string) bool { return t.kind == tokenPunct && t.text == punct }

// isWord compares without letter case, as PHP does with keywords and functions.
func (t phpToken) isWord(word string) bool {
	return t.kind == tokenIdent && strings.EqualFold(strings.TrimPrefix(t.text, `\`), word)
}

type phpLexer struct {
	src    string
	pos    int
	line   int
	inPHP  bool
	tokens []phpToken
}

// lexPHP returns the tokens of a PHP file, without comments and without what stands
// outside <?php … ?>. It never fails: what it does not know becomes punctuation.
func lexPHP(src string) []phpToken {
	l := phpLexer{src: strings.TrimPrefix(src, "\ufeff"), line: 1}
	for l.pos < len(l.src) {
		if l.inPHP {
			l.next()
		} else {
			l.openTag()
		}
	}
	return l.tokens
}

func (l *phpLexer) rest() string { return l.src[l.pos:] }

func (l *phpLexer) skip(n int) {
	n = min(n, len(l.src)-l.pos)
	l.line += strings.Count(l.src[l.pos:l.pos+n], "\n")
	l.pos += n
}

func (l *phpLexer) emit(kind tokenKind, text string, line int) {
	l.tokens = append(l.tokens, phpToken{kind, text, line})
}

func (l *phpLexer) openTag() {
	i := strings.Index(l.rest(), "<?")
	if i < 0 {
		l.pos = len(l.src)
		return
	}
	l.skip(i + len("<?"))
	switch rest := l.rest(); {
	case len(rest) >= 3 && strings.EqualFold(rest[:3], "php"):
		l.skip(3)
	case strings.HasPrefix(rest, "="):
		l.skip(1)
	default:
		return // <?xml, or short tags, which WordPress does without
	}
	l.inPHP = true
}

func (l *phpLexer) next() {
	rest := l.rest()
	c := rest[0]
	switch {
	case strings.IndexByte(" \t\r\n\v\f", c) >= 0:
		l.skip(1)
	case strings.HasPrefix(rest, "?>"):
		l.emit(tokenPunct, ";", l.line)
		l.inPHP = false
		l.skip(2)
	case c == '#' && !strings.HasPrefix(rest, "#["), strings.HasPrefix(rest, "//"):
		l.lineComment()
	case strings.HasPrefix(rest, "/*"):
		if i := strings.Index(rest[2:], "*/"); i >= 0 {
			l.skip(i + 4)
		} else {
			l.skip(len(rest))
		}
	case c == '\'' || c == '"' || c == '`':
		l.quoted(c)
	case strings.HasPrefix(rest, "<<<"):
		l.heredoc()
	case c == '$' && len(rest) > 1 && isIdentStart(rest[1]):
		n := 1 + identLen(rest[1:])
		l.emit(tokenVariable, rest[1:n], l.line)
		l.skip(n)
	case isIdentStart(c) || c == '\\' && len(rest) > 1 && isIdentStart(rest[1]):
		n := 1 + identLen(rest[1:])
		l.emit(tokenIdent, rest[:n], l.line)
		l.skip(n)
	case c >= '0' && c <= '9':
		n := 1
		for n < len(rest) && (isIdentPart(rest[n]) || rest[n] == '.') {
			n++
		}
		l.emit(tokenNumber, rest[:n], l.line)
		l.skip(n)
	default:
		l.punct()
	}
}

func (l *phpLexer) punct() {
	for _, p := range []string{"===", "!==", "??=", "==", "!=", "&&", "||", "??", "?:", "::", "=>", "->", ".=", "<=", ">="} {
		if strings.HasPrefix(l.rest(), p) {
			l.emit(tokenPunct, p, l.line)
			l.skip(len(p))
			return
		}
	}
	_, n := utf8.DecodeRuneInString(l.rest())
	l.emit(tokenPunct, l.rest()[:n], l.line)
	l.skip(n)
}

// lineComment ends at the line's end or before ?>, whichever comes first.
func (l *phpLexer) lineComment() {
	rest := l.rest()
	end := strings.IndexAny(rest, "\r\n")
	if end < 0 {
		end = len(rest)
	}
	if i := strings.Index(rest[:end], "?>"); i >= 0 {
		end = i
	}
	l.skip(max(end, 1))
}

func (l *phpLexer) quoted(quote byte) {
	rest, line := l.rest(), l.line
	end := 1
	for end < len(rest) && rest[end] != quote {
		if rest[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(rest) {
		l.skip(len(rest))
		l.emit(tokenTemplate, "", line) // never closed: nothing can be said of it
		return
	}
	body := rest[1:end]
	l.skip(end + 1)
	switch {
	case quote == '\'':
		l.emit(tokenString, strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(body), line)
	case quote == '`' || hasVariable(body):
		l.emit(tokenTemplate, "", line)
	default:
		l.emit(tokenString, unescapePHP(body, true), line)
	}
}

// heredoc reads <<<EOT and <<<'EOT'.
func (l *phpLexer) heredoc() {
	line := l.line
	rest := strings.TrimLeft(l.rest()[3:], " \t")
	quote := ""
	if rest != "" && (rest[0] == '\'' || rest[0] == '"') {
		quote = rest[:1]
		rest = rest[1:]
	}
	n := identLen(rest)
	label := rest[:n]
	first := strings.IndexByte(rest, '\n')
	if label == "" || first < 0 {
		l.punct()
		return
	}
	var body []string
	used := len(l.rest()) - len(rest) + first + 1
	for _, text := range strings.SplitAfter(rest[first+1:], "\n") {
		trimmed := strings.TrimLeft(text, " \t")
		if after, ok := strings.CutPrefix(trimmed, label); ok && (after == "" || !isIdentPart(after[0])) {
			l.skip(used + len(text) - len(after))
			l.emitHeredoc(body, text[:len(text)-len(trimmed)], quote == "'", line)
			return
		}
		body = append(body, text)
		used += len(text)
	}
	l.skip(len(l.rest()))
	l.emit(tokenTemplate, "", line)
}

func (l *phpLexer) emitHeredoc(lines []string, indent string, raw bool, line int) {
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], indent)
	}
	body := strings.TrimSuffix(strings.TrimSuffix(strings.Join(lines, ""), "\n"), "\r")
	switch {
	case raw:
		l.emit(tokenString, body, line)
	case hasVariable(body):
		l.emit(tokenTemplate, "", line)
	default:
		l.emit(tokenString, unescapePHP(body, false), line)
	}
}

// hasVariable reports whether PHP would put a value into a double-quoted string.
func hasVariable(s string) bool {
	for i := 0; i < len(s)-1; i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '$' && (isIdentStart(s[i+1]) || s[i+1] == '{'), s[i] == '{' && s[i+1] == '$':
			return true
		}
	}
	return false
}

// unescapePHP undoes the escapes of double quotes; \" only between quotes.
func unescapePHP(s string, quoted bool) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if at := strings.IndexByte(`nrtvef\$`, s[i]); at >= 0 {
			b.WriteByte("\n\r\t\v\x1b\f\\$"[at])
			continue
		}
		if s[i] == '"' && quoted {
			b.WriteByte('"')
			continue
		}
		text, used := numericEscape(s[i:])
		if used == 0 {
			b.WriteByte('\\')
			text, used = s[i:i+1], 1
		}
		b.WriteString(text)
		i += used - 1
	}
	return b.String()
}

// numericEscape reads what follows a backslash as octal, x41 or u{1F511}. It uses 0
// bytes when it is none of them.
func numericEscape(s string) (text string, used int) {
	switch {
	case s[0] >= '0' && s[0] <= '7':
		n := 1
		for n < min(3, len(s)) && s[n] >= '0' && s[n] <= '7' {
			n++
		}
		v, _ := strconv.ParseUint(s[:n], 8, 16)
		return string([]byte{byte(v)}), n
	case s[0] == 'x':
		n := 1
		for n < min(3, len(s)) && strings.IndexByte("0123456789abcdefABCDEF", s[n]) >= 0 {
			n++
		}
		v, err := strconv.ParseUint(s[1:n], 16, 8)
		if err != nil {
			return "", 0
		}
		return string([]byte{byte(v)}), n
	case strings.HasPrefix(s, "u{"):
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return "", 0
		}
		v, err := strconv.ParseUint(s[2:end], 16, 32)
		if err != nil || v > utf8.MaxRune {
			return "", 0
		}
		return string(rune(v)), end + 1
	}
	return "", 0
}

func isIdentStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func isIdentPart(c byte) bool { return isIdentStart(c) || c >= '0' && c <= '9' }

// identLen also takes the \ of namespaces.
func identLen(s string) int {
	n := 0
	for n < len(s) && (isIdentPart(s[n]) || s[n] == '\\') {
		n++
	}
	return n
}
