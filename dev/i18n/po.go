package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// message is one text and its translation.
type message struct {
	context, id, plural string
	refs                []string // files that use it
	notes               []string // for translators
	texts               []string // one, or one for each plural form
}

// key tells messages apart as gettext does.
type key struct{ context, id string }

func (m *message) key() key { return key{m.context, m.id} }

// catalogue is a PO file.
type catalogue struct {
	header   []string // lines of the header, without \n
	messages []*message
}

// template returns the catalogue without translations.
func template(found []*message) *catalogue {
	c := &catalogue{header: []string{
		"Project-Id-Version: Tillside",
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=UTF-8",
		"Content-Transfer-Encoding: 8bit",
		"X-Domain: tillside",
	}}
	for _, m := range found {
		bare := *m
		bare.texts = make([]string, forms(m, 2))
		c.messages = append(c.messages, &bare)
	}
	return c
}

func forms(m *message, plurals int) int {
	if m.plural == "" {
		return 1
	}
	return plurals
}

// merge returns the translations of an old catalogue for the messages that the
// sources have now. New messages are empty, and those that are gone go.
func merge(old *catalogue, found []*message) *catalogue {
	translated := map[key]*message{}
	for _, m := range old.messages {
		translated[m.key()] = m
	}
	c := &catalogue{header: old.header}
	for _, m := range found {
		n := *m
		n.texts = make([]string, forms(m, old.plurals()))
		if before := translated[m.key()]; before != nil {
			copy(n.texts, before.texts)
		}
		c.messages = append(c.messages, &n)
	}
	return c
}

// plurals returns how many plural forms the language has.
func (c *catalogue) plurals() int {
	_, rest, _ := strings.Cut(c.field("Plural-Forms"), "nplurals=")
	number, _, _ := strings.Cut(rest, ";")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || n < 1 {
		return 2
	}
	return n
}

// field returns a field of the header.
func (c *catalogue) field(name string) string {
	for _, line := range c.header {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// sorted puts messages that the sources have more than once together, and all
// in order of their text.
func sorted(all []*message) ([]*message, error) {
	byKey := map[key]*message{}
	for _, m := range all {
		known := byKey[m.key()]
		if known == nil {
			byKey[m.key()] = m
			continue
		}
		if known.plural != "" && m.plural != "" && known.plural != m.plural {
			return nil, fmt.Errorf("%q has two plurals: %q and %q", m.id, known.plural, m.plural)
		}
		known.plural = cmp.Or(known.plural, m.plural)
		known.refs = append(known.refs, m.refs...)
		known.notes = append(known.notes, m.notes...)
	}
	var found []*message
	for _, m := range byKey {
		slices.Sort(m.refs)
		m.refs = slices.Compact(m.refs)
		slices.Sort(m.notes)
		m.notes = slices.Compact(m.notes)
		found = append(found, m)
	}
	slices.SortFunc(found, func(a, b *message) int {
		return cmp.Or(strings.Compare(a.id, b.id), strings.Compare(a.context, b.context))
	})
	return found, nil
}

// write returns the catalogue as a PO file. References name no lines: they would
// change with every edit above them.
func (c *catalogue) write() []byte {
	var b bytes.Buffer
	b.WriteString("# Copyright (C) the Tillside authors\n# This file is distributed under the GPL-3.0-or-later.\n")
	b.WriteString("msgid \"\"\nmsgstr \"\"\n")
	for _, line := range c.header {
		b.WriteString(quote(line+"\n") + "\n")
	}
	for _, m := range c.messages {
		b.WriteByte('\n')
		for _, note := range m.notes {
			b.WriteString("#. " + note + "\n")
		}
		for _, ref := range m.refs {
			b.WriteString("#: " + ref + "\n")
		}
		if m.context != "" {
			b.WriteString("msgctxt " + quote(m.context) + "\n")
		}
		b.WriteString("msgid " + quote(m.id) + "\n")
		if m.plural == "" {
			b.WriteString("msgstr " + quote(m.texts[0]) + "\n")
			continue
		}
		b.WriteString("msgid_plural " + quote(m.plural) + "\n")
		for i, text := range m.texts {
			fmt.Fprintf(&b, "msgstr[%d] %s\n", i, quote(text))
		}
	}
	return b.Bytes()
}

var quoting = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`)

func quote(text string) string { return `"` + quoting.Replace(text) + `"` }

// readCatalogue reads a PO file. Comments are not kept: extract writes them anew.
func readCatalogue(path string) (*catalogue, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, err := parsePO(raw)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return c, nil
}

func parsePO(raw []byte) (*catalogue, error) {
	c := &catalogue{}
	m := &message{}
	var target *string // what a continued line belongs to
	flush := func() {
		switch {
		case m.id == "" && len(m.texts) > 0:
			c.header = strings.Split(strings.TrimSuffix(m.texts[0], "\n"), "\n")
		case m.id != "":
			c.messages = append(c.messages, m)
		}
		m = &message{}
	}
	scanner := bufio.NewScanner(bytes.NewReader(raw))
	scanner.Buffer(nil, 1<<20)
	for number := 1; scanner.Scan(); number++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		word, text := "", line
		if line[0] != '"' {
			word, text, _ = strings.Cut(line, " ")
		}
		text = strings.TrimSpace(text)
		value, err := strconv.Unquote(text)
		if err != nil || text[0] != '"' {
			return nil, fmt.Errorf("%d: %s is no quoted text", number, text)
		}
		if len(m.texts) > 0 && (word == "msgctxt" || word == "msgid") {
			flush()
		}
		switch {
		case word == "" && target != nil:
			*target += value
			continue
		case word == "msgctxt":
			target = &m.context
		case word == "msgid":
			target = &m.id
		case word == "msgid_plural":
			target = &m.plural
		case strings.HasPrefix(word, "msgstr"):
			m.texts = append(m.texts, "")
			target = &m.texts[len(m.texts)-1]
		default:
			return nil, fmt.Errorf("%d: %s is unknown", number, word)
		}
		*target = value
	}
	flush()
	return c, scanner.Err()
}

// original returns what WordPress looks a message up by.
func (m *message) original() string {
	if m.context == "" {
		return m.id
	}
	return m.context + "\x04" + m.id
}

// php returns the translations of the texts of the plugin's PHP as WordPress
// reads them since 6.5.
func (c *catalogue) php() []byte {
	var b bytes.Buffer
	b.WriteString("<?php\nreturn array(\n")
	for _, name := range []string{"Project-Id-Version", "Language", "Plural-Forms", "X-Domain"} {
		if value := c.field(name); value != "" {
			fmt.Fprintf(&b, "\t%s => %s,\n", phpString(strings.ToLower(name)), phpString(value))
		}
	}
	b.WriteString("\t'messages' => array(\n")
	for _, m := range c.messages {
		ours := slices.ContainsFunc(m.refs, func(ref string) bool { return strings.HasPrefix(ref, pluginDir) && !isScript(ref) })
		if !ours || slices.Contains(m.texts, "") {
			continue
		}
		fmt.Fprintf(&b, "\t\t%s => %s,\n", phpString(m.original()), phpString(strings.Join(m.texts, "\x00")))
	}
	b.WriteString("\t),\n);\n")
	return b.Bytes()
}

// phpString writes a PHP string; one with the bytes between a context or plural
// forms in double quotes.
func phpString(text string) string {
	if !strings.ContainsAny(text, "\x00\x04\n") {
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
	}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "\x00", `\x00`, "\x04", `\x04`, "\n", `\n`)
	return `"` + escape.Replace(text) + `"`
}
