package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tillside/tillside/server/money"
)

// Problem is something wrong in a catalogue file.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // 0: not one line's fault
	Text string `json:"text"`
}

// String returns the problem as editors and terminals like it: file:line: text.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// ImportError is all that is wrong with a catalogue file. Nothing of the file
// has been imported.
type ImportError struct{ Problems []Problem }

// Error returns a line for each problem.
func (e *ImportError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// reader reads YAML nodes and collects what is wrong with them, each with its
// line. After a problem it goes on with a zero value.
type reader struct {
	name     string
	problems []Problem
}

func (r *reader) fail(line int, format string, args ...any) {
	r.problems = append(r.problems, Problem{r.name, line, fmt.Sprintf(format, args...)})
}

// mapping is one YAML mapping with known keys.
type mapping struct {
	r    *reader
	what string
	line int
	ok   bool // it is a mapping
	keys map[string]*yaml.Node
	vals map[string]*yaml.Node
}

// mapping reads a node that must be a mapping and refuses keys that are not
// known or there twice.
func (r *reader) mapping(node *yaml.Node, what string, known ...string) mapping {
	node = follow(node)
	m := mapping{r, what, node.Line, node.Kind == yaml.MappingNode, map[string]*yaml.Node{}, map[string]*yaml.Node{}}
	if !m.ok {
		r.fail(node.Line, "%s must be a mapping of %s", what, strings.Join(known, ", "))
		return m
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		switch {
		case !slices.Contains(known, key.Value):
			r.fail(key.Line, "%s has no key %q%s", what, key.Value, suggest(key.Value, known))
		case m.keys[key.Value] != nil:
			r.fail(key.Line, "%s: %q is there twice", what, key.Value)
		default:
			m.keys[key.Value], m.vals[key.Value] = key, follow(node.Content[i+1])
		}
	}
	return m
}

// follow returns what an alias stands for.
func follow(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node == nil || node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}

// lineOf returns the line of a key, or of the mapping when it is missing.
func (m mapping) lineOf(key string) int {
	if k := m.keys[key]; k != nil {
		return k.Line
	}
	return m.line
}

// text returns a scalar as it is written; "" when it is missing.
func (m mapping) text(key string) string {
	node := m.vals[key]
	if isNull(node) {
		return ""
	}
	if node.Kind != yaml.ScalarNode {
		m.r.fail(node.Line, "%s: %s must be a text", m.what, key)
		return ""
	}
	return node.Value
}

// or returns a text, or another when it is missing.
func (m mapping) or(key, otherwise string) string {
	if text := m.text(key); text != "" {
		return text
	}
	return otherwise
}

// body returns a text of several lines without the line break at its end,
// which YAML's | adds.
func (m mapping) body(key string) string { return strings.TrimRight(m.text(key), "\n") }

func (m mapping) boolean(key string) bool {
	switch node := m.vals[key]; {
	case isNull(node):
		return false
	case node.Kind == yaml.ScalarNode && node.Value == "true":
		return true
	case node.Kind == yaml.ScalarNode && node.Value == "false":
		return false
	}
	m.r.fail(m.lineOf(key), "%s: %s must be true or false", m.what, key)
	return false
}

func (m mapping) number(key string, otherwise int64) int64 {
	text := m.text(key)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		m.r.fail(m.lineOf(key), "%s: %s must be a whole number, not %q", m.what, key, text)
	}
	return n
}

// amount reads an amount such as 49.00 EUR; nil when it is missing or wrong.
func (m mapping) amount(key string) *money.Amount {
	text := m.text(key)
	if text == "" {
		return nil
	}
	major, code, found := strings.Cut(text, " ")
	if !found {
		m.r.fail(m.lineOf(key), "%s: write the %s with its currency, like 49.00 EUR, not %q", m.what, key, text)
		return nil
	}
	currency, err := money.ParseCurrency(code)
	if err != nil {
		m.r.fail(m.lineOf(key), "%s: %v", m.what, err)
		return nil
	}
	amount, err := money.ParseMajor(major, currency)
	if err != nil {
		m.r.fail(m.lineOf(key), "%s: %v; write it like %s", m.what, err, amountText(money.New(4900, currency)))
		return nil
	}
	return &amount
}

// amountText writes an amount as amount reads it.
func amountText(a money.Amount) string { return a.Major() + " " + string(a.Currency) }

// moment reads a date and time on the owner's clock, or one with an offset;
// nil when it is missing or wrong.
func (m mapping) moment(key, zone string) *time.Time {
	text := m.text(key)
	if text == "" {
		return nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		t = t.UTC()
		return &t
	}
	place, err := time.LoadLocation(zone)
	if err != nil {
		return nil // the time zone is reported where it stands
	}
	for _, layout := range []string{minute, minute + ":05"} {
		t, err := time.ParseInLocation(layout, text, place)
		if err != nil {
			continue
		}
		if t.Format(layout) != text {
			m.r.fail(m.lineOf(key), "%s: the clocks of %s skip %s", m.what, zone, text)
			return nil
		}
		t = t.UTC()
		return &t
	}
	m.r.fail(m.lineOf(key), "%s: write %s like 2026-12-31 23:59, not %q", m.what, key, text)
	return nil
}

// list returns the nodes of a sequence; none when it is missing.
func (m mapping) list(key string) []*yaml.Node {
	node := m.vals[key]
	if isNull(node) {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		m.r.fail(m.lineOf(key), "%s: %s must be a list", m.what, key)
		return nil
	}
	return node.Content
}

// texts returns a list of scalars.
func (m mapping) texts(key string) []string {
	var texts []string
	for _, node := range m.list(key) {
		node = follow(node)
		if node.Kind != yaml.ScalarNode || isNull(node) {
			m.r.fail(node.Line, "%s: %s must be a list of texts", m.what, key)
			continue
		}
		texts = append(texts, node.Value)
	}
	return texts
}

// suggest returns a hint when a word looks like one that is known.
func suggest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return "; it knows " + strings.Join(known, ", ")
}

// distance counts the letters to insert, remove or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
