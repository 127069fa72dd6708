package main

import "strings"

// scanJS reads the texts that a script hands to wp.i18n, which has the names and
// arguments of WordPress's functions in PHP.
func scanJS(name, source string) ([]*message, error) {
	return scanCalls(name, jsTokens(source))
}

// jsTokens takes JavaScript apart, as far as calls with texts need it. Comments
// go, but for notes for translators.
func jsTokens(source string) []phpToken {
	var tokens []phpToken
	for i := 0; i < len(source); {
		rest := source[i:]
		switch c := source[i]; {
		case strings.HasPrefix(rest, "/*"):
			comment, _, _ := strings.Cut(rest[2:], "*/")
			tokens = appendNote(tokens, comment)
			i += len(comment) + 4
		case strings.HasPrefix(rest, "//"):
			comment, _, _ := strings.Cut(rest, "\n")
			tokens = appendNote(tokens, strings.TrimLeft(comment, "/"))
			i += len(comment)
		case c == '/' && beginsExpression(tokens):
			i += regexLength(rest)
		case c == '\'' || c == '"' || c == '`':
			t, n := jsText(rest)
			tokens = append(tokens, t)
			i += n
		case isWord(c) && c != '\\':
			n := 1
			for i+n < len(source) && isWord(source[i+n]) {
				n++
			}
			tokens = append(tokens, phpToken{'w', rest[:n]})
			i += n
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '+':
			tokens = append(tokens, phpToken{kind: '.'}) // what joins texts in PHP
			i++
		default:
			tokens = append(tokens, phpToken{kind: c})
			i++
		}
	}
	return tokens
}

// beginsExpression reports whether a slash after these tokens begins a regular
// expression instead of dividing.
func beginsExpression(tokens []phpToken) bool {
	if len(tokens) == 0 {
		return true
	}
	switch last := tokens[len(tokens)-1]; last.kind {
	case 'w':
		return last.text == "return" || last.text == "typeof" || last.text == "case"
	case 's', 'x', ')', ']', '}':
		return false
	}
	return true
}

// regexLength returns how long a regular expression is in the source, without
// its flags.
func regexLength(source string) int {
	class := false
	for i := 1; i < len(source) && source[i] != '\n'; i++ {
		switch c := source[i]; {
		case c == '\\':
			i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			return i + 1
		}
	}
	return 1
}

// jsText reads a quoted text and returns how long it is in the source.
func jsText(source string) (phpToken, int) {
	quote := source[0]
	t := phpToken{kind: 's'}
	var b strings.Builder
	i := 1
	for ; i < len(source) && source[i] != quote; i++ {
		c := source[i]
		if quote == '`' && strings.HasPrefix(source[i:], "${") {
			t.kind = 'x'
		}
		if c != '\\' || i+1 >= len(source) {
			b.WriteByte(c)
			continue
		}
		i++
		switch next := source[i]; next {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'u', 'x':
			t.kind = 'x' // write the character itself
		default:
			b.WriteByte(next)
		}
	}
	t.text = b.String()
	return t, min(i+1, len(source))
}
