package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// check returns what is wrong with the catalogue and its translations.
func check(root string) ([]string, error) {
	files, err := outputs(root)
	if err != nil {
		return nil, err
	}
	var problems []string
	for path, want := range files {
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return nil, err
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			problems = append(problems, rel+" is out of date; run go run ./dev/i18n extract")
		}
		if filepath.Ext(path) != ".po" {
			continue
		}
		c, err := parsePO(want)
		if err != nil {
			return nil, err
		}
		for _, m := range c.messages {
			for _, problem := range faults(m) {
				problems = append(problems, fmt.Sprintf("%s: %q: %s", rel, m.id, problem))
			}
		}
	}
	slices.Sort(problems)
	return problems, nil
}

// faults returns what is wrong with a translation.
func faults(m *message) []string {
	if slices.Contains(m.texts, "") {
		return []string{"is not translated"}
	}
	var all []string
	for _, text := range m.texts {
		for what, marks := range map[string]func(string) []string{"placeholders": verbs, "names in braces": braces, "tags": tags} {
			got, want := marks(text), marks(m.id)
			if !slices.Equal(got, want) && (m.plural == "" || !slices.Equal(got, marks(m.plural))) {
				all = append(all, fmt.Sprintf("%s of %q are %v, not %v", what, text, got, want))
			}
		}
		if edges(text) != edges(m.id) {
			all = append(all, fmt.Sprintf("%q begins or ends with other white space", text))
		}
	}
	slices.Sort(all)
	return all
}

// verbPattern matches the placeholders of Go (%[1]s) and PHP (%1$s).
var verbPattern = regexp.MustCompile(`%(?:\[(\d+)\]|(\d+)\$)?[-+#0]*\d*(?:\.\d+)?([a-zA-Z%])`)

// verbs returns the placeholders of a text, each with the number of its
// argument.
func verbs(text string) []string {
	var found []string
	next := 1
	for _, match := range verbPattern.FindAllStringSubmatch(text, -1) {
		if match[3] == "%" {
			found = append(found, "%%")
			continue
		}
		if number := match[1] + match[2]; number != "" {
			next, _ = strconv.Atoi(number) // the pattern lets only digits through
		}
		found = append(found, strconv.Itoa(next)+match[3])
		next++
	}
	slices.Sort(found)
	return found
}

var (
	bracePattern = regexp.MustCompile(`\{[a-z_]+\}`)
	tagPattern   = regexp.MustCompile(`</?[a-z][a-z0-9]*`)
)

func braces(text string) []string { return sortedMatches(bracePattern, text) }

func tags(text string) []string { return sortedMatches(tagPattern, text) }

func sortedMatches(pattern *regexp.Regexp, text string) []string {
	found := pattern.FindAllString(text, -1)
	slices.Sort(found)
	return found
}

// edges returns the white space around a text.
func edges(text string) [2]int {
	return [2]int{len(text) - len(strings.TrimLeft(text, " \n")), len(text) - len(strings.TrimRight(text, " \n"))}
}
