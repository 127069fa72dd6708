package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const domain = "tillside"

// functions are WordPress's, with the meaning of their arguments: t text, p
// plural, n number, c context, d text domain.
var functions = map[string]string{
	"__": "td", "_e": "td", "esc_html__": "td", "esc_html_e": "td", "esc_attr__": "td", "esc_attr_e": "td",
	"_x": "tcd", "_ex": "tcd", "esc_html_x": "tcd", "esc_attr_x": "tcd",
	"_n": "tpnd", "_nx": "tpncd", "_n_noop": "tpd", "_nx_noop": "tpcd",
}

// scanPlugin reads the texts of the plugin: its PHP, its scripts, its blocks and
// what the list of plugins shows of it.
func scanPlugin(root string) ([]*message, error) {
	var all []*message
	err := filepath.WalkDir(filepath.Join(root, "plugin-php"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch entry.Name() {
			case "tests", "vendor", "node_modules", "languages":
				return filepath.SkipDir
			}
			return nil
		}
		scan := scanPHP
		switch {
		case entry.Name() == "block.json":
			scan = scanBlock
		case filepath.Ext(path) == ".js":
			scan = scanJS
		case filepath.Ext(path) != ".php":
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		found, err := scan(filepath.ToSlash(rel), string(source))
		all = append(all, found...)
		return err
	})
	return all, err
}

// scanBlock reads the texts of a block's description, in the contexts that
// WordPress looks for.
func scanBlock(name, source string) ([]*message, error) {
	var block struct {
		TextDomain  string   `json:"textdomain"`
		Title       string   `json:"title"`
		Description string   `json:"description"`
		Keywords    []string `json:"keywords"`
	}
	if err := json.Unmarshal([]byte(source), &block); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if block.TextDomain != domain {
		return nil, nil
	}
	var all []*message
	add := func(text, context string) {
		if text != "" {
			all = append(all, &message{id: text, context: context, refs: []string{name}})
		}
	}
	add(block.Title, "block title")
	add(block.Description, "block description")
	for _, keyword := range block.Keywords {
		add(keyword, "block keyword")
	}
	return all, nil
}

// phpToken is a piece of PHP or JavaScript: a word, a text, or a single character.
type phpToken struct {
	kind byte // 'w' word, 's' text, 'x' a text with variables in it, 'c' note for translators, else the character
	text string
}

// scanPHP reads the texts that PHP hands to WordPress's functions.
func scanPHP(name, source string) ([]*message, error) {
	var all []*message
	if _, rest, ok := strings.Cut(source, "Plugin Name:"); ok && strings.Count(name, "/") == 1 {
		if _, line, ok := strings.Cut(rest, "Description:"); ok {
			line, _, _ = strings.Cut(line, "\n")
			all = append(all, &message{id: strings.TrimSpace(line), refs: []string{name}})
		}
	}
	calls, err := scanCalls(name, phpTokens(source))
	return append(all, calls...), err
}

// scanCalls reads the texts of calls of WordPress's functions. A note for
// translators belongs to the first call after it.
func scanCalls(name string, tokens []phpToken) ([]*message, error) {
	var all []*message
	note := ""
	for i, t := range tokens {
		switch {
		case t.kind == 'c':
			note = t.text
		case t.kind == ';' || t.kind == '{' || t.kind == '}':
			note = ""
		case t.kind == 'w' && functions[t.text] != "" && i+1 < len(tokens) && tokens[i+1].kind == '(' && !isDeclared(tokens, i):
			m, err := phpCall(name, functions[t.text], tokens[i+2:])
			if err != nil {
				return nil, err
			}
			if m != nil {
				if note != "" {
					m.notes, note = []string{note}, ""
				}
				all = append(all, m)
			}
		}
	}
	return all, nil
}

// isDeclared reports whether the word is a function's own declaration or
// another class's method.
func isDeclared(tokens []phpToken, i int) bool {
	if i == 0 {
		return false
	}
	before := tokens[i-1]
	if before.kind == 'w' {
		return before.text == "function"
	}
	if i == 1 {
		return false
	}
	// One of these characters alone ends => and the middle of ?: instead.
	return tokens[i-2].kind == '-' && before.kind == '>' || tokens[i-2].kind == ':' && before.kind == ':'
}

// phpCall reads the arguments of a call. It returns nil for another domain's
// texts, and an error for one of ours that cannot be read: nobody could
// translate it.
func phpCall(name, meaning string, tokens []phpToken) (*message, error) {
	args := phpArgs(tokens)
	m := &message{refs: []string{name}}
	ours := false
	for i, arg := range args {
		if i >= len(meaning) {
			break
		}
		text, isText := constant(arg)
		switch meaning[i] {
		case 't':
			m.id = text
		case 'p':
			m.plural = text
		case 'c':
			m.context = text
		case 'd':
			ours = isText && text == domain
		}
	}
	if !ours {
		return nil, nil
	}
	if m.id == "" {
		return nil, fmt.Errorf("%s: a translated text must be written out, not computed", name)
	}
	return m, nil
}

// phpArgs splits tokens at the commas up to the closing parenthesis.
func phpArgs(tokens []phpToken) [][]phpToken {
	var args [][]phpToken
	var arg []phpToken
	depth := 0
	for _, t := range tokens {
		switch t.kind {
		case 'c':
			continue
		case '(', '[':
			depth++
		case ')', ']':
			if depth == 0 {
				return append(args, arg)
			}
			depth--
		case ',':
			if depth == 0 {
				args, arg = append(args, arg), nil
				continue
			}
		}
		arg = append(arg, t)
	}
	return args
}

// constant returns the value of texts that are joined by dots.
func constant(arg []phpToken) (string, bool) {
	var b strings.Builder
	for i, t := range arg {
		switch {
		case i%2 == 0 && t.kind == 's':
			b.WriteString(t.text)
		case i%2 == 1 && t.kind == '.':
		default:
			return "", false
		}
	}
	return b.String(), len(arg)%2 == 1
}

// phpTokens takes PHP apart, as far as calls with texts need it. Comments go,
// but for notes for translators.
func phpTokens(source string) []phpToken {
	var tokens []phpToken
	for i := 0; i < len(source); {
		rest := source[i:]
		switch c := source[i]; {
		case strings.HasPrefix(rest, "/*"):
			comment, _, _ := strings.Cut(rest[2:], "*/")
			tokens = appendNote(tokens, comment)
			i += len(comment) + 4
		case strings.HasPrefix(rest, "//") || c == '#' && !strings.HasPrefix(rest, "#["):
			comment, _, _ := strings.Cut(rest, "\n")
			tokens = appendNote(tokens, strings.TrimLeft(comment, "/#"))
			i += len(comment)
		case strings.HasPrefix(rest, "<<<"):
			i += heredoc(rest)
		case c == '\'' || c == '"':
			t, n := phpText(rest)
			tokens = append(tokens, t)
			i += n
		case isWord(c):
			n := 1
			for i+n < len(source) && isWord(source[i+n]) {
				n++
			}
			tokens = append(tokens, phpToken{'w', strings.TrimPrefix(rest[:n], `\`)})
			i += n
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		default:
			tokens = append(tokens, phpToken{kind: c})
			i++
		}
	}
	return tokens
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c == '\\' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func appendNote(tokens []phpToken, comment string) []phpToken {
	comment = strings.Join(strings.Fields(comment), " ")
	if strings.HasPrefix(strings.ToLower(comment), "translators:") {
		return append(tokens, phpToken{'c', comment})
	}
	return tokens
}

// phpText reads a quoted text and returns how long it is in the source.
func phpText(source string) (phpToken, int) {
	quote := source[0]
	t := phpToken{kind: 's'}
	var b strings.Builder
	i := 1
	for ; i < len(source) && source[i] != quote; i++ {
		c := source[i]
		if c == '$' && quote == '"' && i+1 < len(source) && (isWord(source[i+1]) && source[i+1] > '9' || source[i+1] == '{') {
			t.kind = 'x'
		}
		if c != '\\' || i+1 >= len(source) {
			b.WriteByte(c)
			continue
		}
		i++
		switch next := source[i]; {
		case next == quote || next == '\\' || quote == '"' && next == '$':
			b.WriteByte(next)
		case quote == '"' && next == 'n':
			b.WriteByte('\n')
		case quote == '"' && next == 't':
			b.WriteByte('\t')
		default:
			b.WriteByte('\\')
			b.WriteByte(next)
		}
	}
	t.text = b.String()
	return t, min(i+1, len(source))
}

// heredoc returns how long a here document is in the source.
func heredoc(source string) int {
	first, rest, ok := strings.Cut(source, "\n")
	if !ok {
		return len(source)
	}
	label := strings.Trim(strings.TrimSpace(first[3:]), `'"`)
	n := len(first) + 1
	for line := range strings.Lines(rest) {
		n += len(line)
		if after, ok := strings.CutPrefix(strings.TrimSpace(line), label); ok && (after == "" || !isWord(after[0])) {
			return n
		}
	}
	return n
}
