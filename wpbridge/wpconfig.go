package wpbridge

import (
	"path/filepath"
	"strings"
)

const maxIncludes = 8

// setting is one place where a constant or $table_prefix gets its value.
type setting struct {
	value       phpValue
	file        string
	line        int
	conditional bool // within an if, a loop or a function
}

// wpConfig is what could be read off wp-config.php.
type wpConfig struct {
	getenv   func(string) string
	settings map[string][]setting // constants by name; table_prefix as "$table_prefix"
	vars     map[string]phpValue
	ended    bool     // wp-settings.php was required: what follows comes too late
	included int      // how deep
	missed   []string // files that are included and could not be followed
}

const prefixVar = "$table_prefix"

func newWPConfig(getenv func(string) string) *wpConfig {
	return &wpConfig{getenv: getenv, settings: map[string][]setting{}, vars: map[string]phpValue{}}
}

// read scans a file's text. It does not run it: of conditions it only knows that
// there are some.
func (c *wpConfig) read(file, src string, conditional bool) {
	s := configScan{wpConfig: c, conditional: conditional}
	s.phpParser = phpParser{
		tokens: lexPHP(src),
		phpScope: phpScope{
			file: file, getenv: c.getenv, vars: c.vars,
			consts: func(name string) (phpValue, bool) {
				list := c.settings[name]
				if len(list) == 0 {
					return phpValue{}, false
				}
				return list[0].value, true
			},
		},
	}
	for s.peek().kind != tokenEnd && !c.ended {
		s.statement()
	}
}

// configScan walks over one file and keeps count of the blocks around it.
type configScan struct {
	*wpConfig
	phpParser
	conditional bool // the whole file is
	blocks      int  // { and alternative-syntax blocks that are open
	single      bool // the next statement hangs on a condition
}

func (s *configScan) add(name string, v phpValue, line int) {
	s.settings[name] = append(s.settings[name], setting{
		value: v, file: s.file, line: line, conditional: s.conditional || s.blocks > 0 || s.single,
	})
}

// statement looks at one token, or at the statement that it begins.
func (s *configScan) statement() {
	t := s.peek()
	switch {
	case t.is("{"):
		s.blocks++
		s.single = false
	case t.is("}"):
		s.blocks = max(0, s.blocks-1)
	case t.is(";"):
		s.single = false
	case t.kind == tokenVariable && s.peekAt(1).is("="):
		s.assignment()
		return
	case t.isWord("define") && s.peekAt(1).is("("):
		s.define()
		return
	case t.isWord("const") && s.peekAt(1).kind == tokenIdent && s.peekAt(2).is("="):
		s.pos += 3
		name := s.peekAt(-2).text
		s.add(name, s.phpParser.value(";", ","), t.line)
		return
	case t.isWord("if"), t.isWord("elseif"), t.isWord("while"), t.isWord("for"), t.isWord("foreach"), t.isWord("switch"),
		t.isWord("else"), t.isWord("do"), t.isWord("try"), t.isWord("catch"), t.isWord("function"), t.isWord("class"):
		s.block()
		return
	case t.isWord("endif"), t.isWord("endwhile"), t.isWord("endfor"), t.isWord("endforeach"), t.isWord("endswitch"):
		s.blocks = max(0, s.blocks-1)
	case t.isWord("require"), t.isWord("require_once"), t.isWord("include"), t.isWord("include_once"):
		s.include()
		return
	case t.isWord("eval") && s.peekAt(1).is("("):
		s.eval()
		return
	}
	s.pos++
}

func (s *configScan) assignment() {
	name, line := s.peek().text, s.peek().line
	s.pos += 2
	v := s.phpParser.value(";")
	if name == "table_prefix" {
		s.add(prefixVar, v, line)
	}
	if old, ok := s.vars[name]; ok && (s.blocks > 0 || s.single) && old != v {
		v = unknown("reads $%s, which has different values", name)
	}
	s.vars[name] = v
}

func (s *configScan) define() {
	line := s.peek().line
	s.pos += 2
	name := s.phpParser.value(",", ")")
	if !s.take(",") || name.kind != valueString {
		return
	}
	s.add(strings.TrimPrefix(name.text, `\`), s.phpParser.value(",", ")"), line)
}

// block passes the head of an if, a loop or a function.
func (s *configScan) block() {
	word := s.peek()
	s.pos++
	for s.peek().kind == tokenIdent && (word.isWord("function") || word.isWord("class")) {
		s.pos++
	}
	if s.take("(") {
		s.headCondition()
	}
	switch {
	case word.isWord("function") || word.isWord("class"):
		for s.peek().kind != tokenEnd && !s.peek().is("{") && !s.peek().is(";") && !s.peek().is(")") {
			s.pos++
		}
	case s.peek().is(":"):
		s.pos++
		if word.isWord("else") || word.isWord("elseif") {
			return // the block of its if goes on
		}
		s.blocks++
	case !s.peek().is("{"):
		s.single = true
	}
}

// headCondition skips to the bracket that closes the condition. An assignment in it
// is remembered: if ( $extra = getenv_docker( 'X', ” ) ).
func (s *configScan) headCondition() {
	for level := 1; s.peek().kind != tokenEnd; {
		t := s.peek()
		switch {
		case t.kind == tokenVariable && s.peekAt(1).is("=") && level == 1:
			s.pos += 2
			s.vars[t.text] = s.phpParser.value(")", "&&", "||")
			continue
		case t.is("("):
			level++
		case t.is(")"):
			level--
		}
		s.pos++
		if level == 0 {
			return
		}
	}
}

// include follows a file whose path can be told; wp-settings.php ends the reading.
func (s *configScan) include() {
	line := s.peek().line
	s.pos++
	start := s.pos
	v := s.phpParser.value(";")
	for _, t := range s.tokens[min(start, len(s.tokens)):min(s.pos, len(s.tokens))] {
		if strings.HasSuffix(t.text, "wp-settings.php") {
			s.ended = !s.conditional && s.blocks == 0
			return
		}
	}
	path, known := v.asText()
	if known && path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(s.file), path)
	}
	if known && path != "" && s.included < maxIncludes {
		if src, err := readLimited(path); err == nil {
			s.included++
			s.wpConfig.read(path, src, s.conditional || s.blocks > 0 || s.single)
			s.included--
			return
		}
	}
	s.missed = append(s.missed, place(s.file, line))
}

// eval reads the code in the container's WORDPRESS_CONFIG_EXTRA.
func (s *configScan) eval() {
	s.pos += 2
	v := s.phpParser.value(")")
	if v.kind == valueString && v.text != "" && s.included < maxIncludes {
		s.included++
		s.wpConfig.read(s.file+" (eval)", "<?php "+v.text, false)
		s.included--
	}
}
