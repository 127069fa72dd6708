package wpbridge

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	maxExprDepth = 50
	maxConfig    = 1 << 20
)

type valueKind uint8

const (
	valueUnknown valueKind = iota
	valueNull
	valueFalse
	valueTrue
	valueString // numbers too, as they are written
)

// phpValue is what an expression in wp-config.php is worth, as far as that can be
// said without running it.
type phpValue struct {
	kind valueKind
	text string
	why  string // of an unknown, null or false value: where it would come from
}

func unknown(format string, args ...any) phpValue {
	return phpValue{kind: valueUnknown, why: fmt.Sprintf(format, args...)}
}

func stringValue(s string) phpValue { return phpValue{kind: valueString, text: s} }

func boolValue(b bool) phpValue {
	if b {
		return phpValue{kind: valueTrue}
	}
	return phpValue{kind: valueFalse}
}

// truth returns PHP's idea of whether v is true.
func (v phpValue) truth() (is, known bool) {
	switch v.kind {
	case valueTrue:
		return true, true
	case valueString:
		return v.text != "" && v.text != "0", true
	case valueNull, valueFalse:
		return false, true
	}
	return false, false
}

// asText returns what v is within a concatenation.
func (v phpValue) asText() (string, bool) {
	switch v.kind {
	case valueString:
		return v.text, true
	case valueTrue:
		return "1", true
	case valueNull, valueFalse:
		return "", true
	}
	return "", false
}

// phpScope is what expressions refer to.
type phpScope struct {
	file   string
	getenv func(string) string
	consts func(name string) (phpValue, bool)
	vars   map[string]phpValue
}

// phpParser evaluates the expressions in a list of tokens.
type phpParser struct {
	phpScope
	tokens []phpToken
	pos    int
	depth  int
}

func (p *phpParser) peek() phpToken { return p.peekAt(0) }

func (p *phpParser) peekAt(n int) phpToken {
	if p.pos+n < len(p.tokens) {
		return p.tokens[p.pos+n]
	}
	line := 1
	if len(p.tokens) > 0 {
		line = p.tokens[len(p.tokens)-1].line
	}
	return phpToken{kind: tokenEnd, line: line}
}

func (p *phpParser) take(punct string) bool {
	if p.peek().is(punct) {
		p.pos++
		return true
	}
	return false
}

// value evaluates an expression that must end before one of the stops. What it
// does not understand it skips, and the value is unknown.
func (p *phpParser) value(stops ...string) phpValue {
	v := p.expr()
	if p.atStop(stops) {
		return v
	}
	if v.kind != valueUnknown {
		v = unknown("is computed")
	}
	for level := 0; p.peek().kind != tokenEnd; p.pos++ {
		t := p.peek()
		if level == 0 && p.atStop(stops) {
			break
		}
		switch {
		case t.is("("), t.is("["), t.is("{"):
			level++
		case t.is(")"), t.is("]"), t.is("}"):
			level--
		}
		if level < 0 {
			break
		}
	}
	return v
}

func (p *phpParser) atStop(stops []string) bool {
	t := p.peek()
	if t.kind == tokenEnd {
		return true
	}
	for _, s := range stops {
		if t.is(s) {
			return true
		}
	}
	return false
}

// expr is a ternary or anything that binds closer.
func (p *phpParser) expr() phpValue {
	if p.depth++; p.depth > maxExprDepth {
		return unknown("is nested too deeply")
	}
	defer func() { p.depth-- }()

	v := p.coalesce()
	for {
		switch {
		case p.take("?:"):
			other := p.coalesce()
			if is, known := v.truth(); known && !is {
				v = other
			}
		case p.take("?"):
			if p.take(":") { // "? :" apart
				other := p.coalesce()
				if is, known := v.truth(); known && !is {
					v = other
				}
				continue
			}
			yes := p.expr()
			if !p.take(":") {
				return unknown("is computed")
			}
			v = choose(v, yes, p.coalesce())
		default:
			return v
		}
	}
}

func choose(condition, yes, no phpValue) phpValue {
	switch is, known := condition.truth(); {
	case !known:
		return unknown("depends on what %s", condition.why)
	case is:
		return yes
	default:
		return no
	}
}

func (p *phpParser) coalesce() phpValue {
	v := p.logic()
	for p.take("??") {
		other := p.logic()
		if v.kind == valueNull {
			v = other
		}
	}
	return v
}

func (p *phpParser) logic() phpValue {
	v := p.comparison()
	for {
		switch {
		case p.take("&&"):
			v = both(v, p.comparison())
		case p.take("||"):
			v = not(both(not(v), not(p.comparison())))
		default:
			return v
		}
	}
}

func both(a, b phpValue) phpValue {
	left, leftKnown := a.truth()
	right, rightKnown := b.truth()
	switch {
	case leftKnown && !left, rightKnown && !right:
		return boolValue(false)
	case !leftKnown:
		return a
	case !rightKnown:
		return b
	}
	return boolValue(true)
}

func not(v phpValue) phpValue {
	is, known := v.truth()
	if !known {
		return v
	}
	return boolValue(!is)
}

func (p *phpParser) comparison() phpValue {
	v := p.concat()
	for {
		t := p.peek()
		if !t.is("===") && !t.is("!==") && !t.is("==") && !t.is("!=") {
			return v
		}
		p.pos++
		other := p.concat()
		if v.kind == valueUnknown || other.kind == valueUnknown {
			v = unknown("is compared")
			continue
		}
		same := v.kind == other.kind && v.text == other.text
		if len(t.text) == 2 && (v.kind != valueString || other.kind != valueString) {
			a, _ := v.truth()
			b, _ := other.truth()
			same = a == b
		}
		v = boolValue(same == (t.text[0] == '='))
	}
}

func (p *phpParser) concat() phpValue {
	v := p.unary()
	for p.take(".") {
		other := p.unary()
		left, ok1 := v.asText()
		right, ok2 := other.asText()
		switch {
		case !ok1:
		case !ok2:
			v = other
		default:
			v = stringValue(left + right)
		}
	}
	return v
}

func (p *phpParser) unary() phpValue {
	if p.depth++; p.depth > maxExprDepth {
		return unknown("is nested too deeply")
	}
	defer func() { p.depth-- }()

	if p.take("!") {
		return not(p.unary())
	}
	if p.take("@") {
		return p.unary()
	}
	if !p.take("(") {
		return p.primary()
	}
	if p.peek().kind == tokenIdent && p.peekAt(1).is(")") {
		switch strings.ToLower(p.peek().text) {
		case "string", "int", "integer", "bool", "boolean":
			p.pos += 2
			return p.unary()
		}
	}
	v := p.value(")")
	p.take(")")
	return v
}

func (p *phpParser) primary() phpValue {
	t := p.peek()
	switch t.kind {
	case tokenString, tokenNumber:
		p.pos++
		return stringValue(t.text)
	case tokenTemplate:
		p.pos++
		return unknown("has a variable inside its quotes")
	case tokenVariable:
		p.pos++
		return p.variable(t.text)
	case tokenIdent:
		p.pos++
		if p.peek().is("(") {
			return p.call(t.text)
		}
		return p.constant(t.text)
	}
	return unknown("is computed")
}

func (p *phpParser) variable(name string) phpValue {
	if name == "_ENV" || name == "_SERVER" {
		if p.peek().is("[") && p.peekAt(1).kind == tokenString && p.peekAt(2).is("]") {
			key := p.peekAt(1).text
			p.pos += 3
			if v := p.getenv(key); v != "" {
				return stringValue(v)
			}
			if name == "_SERVER" && strings.HasPrefix(key, "HTTP_") || key == "SERVER_NAME" {
				return unknown("comes from the visitor's request ($_SERVER['%s'])", key)
			}
			return phpValue{kind: valueNull, why: envWhy(key)}
		}
		return unknown("reads $%s", name)
	}
	if next := p.peek(); next.is("[") || next.is("->") {
		return unknown("reads a part of $%s", name)
	}
	if v, ok := p.vars[name]; ok {
		return v
	}
	return unknown("reads $%s", name)
}

func envWhy(key string) string {
	return fmt.Sprintf("comes from the environment variable %s, which Tillside does not have", key)
}

func (p *phpParser) constant(name string) phpValue {
	switch name = strings.TrimPrefix(name, `\`); strings.ToLower(name) {
	case "true":
		return phpValue{kind: valueTrue}
	case "false":
		return phpValue{kind: valueFalse}
	case "null":
		return phpValue{kind: valueNull}
	case "__dir__":
		return stringValue(filepath.Dir(p.file))
	case "__file__":
		return stringValue(p.file)
	case "directory_separator":
		return stringValue(string(os.PathSeparator))
	}
	if p.peek().is("::") {
		return unknown("reads the class %s", name)
	}
	if v, ok := p.consts(name); ok {
		return v
	}
	return unknown("reads %s", name)
}
