package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

const pluginDir = "plugin-php/"

// isScript reports whether a reference names a script.
func isScript(ref string) bool { return filepath.Ext(ref) == ".js" }

// scripts returns the plugin's scripts that have texts.
func scripts(found []*message) []string {
	var all []string
	for _, m := range found {
		for _, ref := range m.refs {
			if strings.HasPrefix(ref, pluginDir) && isScript(ref) {
				all = append(all, ref)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// scriptFile returns the name under which WordPress looks for the texts of a
// script in a translation: it knows the script by the MD5 of its path.
func scriptFile(translation, script string) string {
	sum := md5.Sum([]byte(strings.TrimPrefix(script, pluginDir)))
	return translation + "-" + hex.EncodeToString(sum[:]) + ".json"
}

// json returns the translations of a script's texts as wp.i18n reads them.
func (c *catalogue) json(script string) ([]byte, error) {
	texts := map[string]any{"": map[string]string{
		"domain":       "messages",
		"lang":         c.field("Language"),
		"plural-forms": c.field("Plural-Forms"),
	}}
	for _, m := range c.messages {
		if !slices.Contains(m.refs, script) || slices.Contains(m.texts, "") {
			continue
		}
		texts[m.original()] = m.texts
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	err := encoder.Encode(map[string]any{
		"source":      strings.TrimPrefix(script, pluginDir),
		"domain":      "messages",
		"locale_data": map[string]any{"messages": texts},
	})
	if err != nil {
		return nil, fmt.Errorf("texts of %s: %w", script, err)
	}
	return b.Bytes(), nil
}
