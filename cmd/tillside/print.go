package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// printer writes what a verb found: as JSON for programs, else for people.
type printer struct {
	out  io.Writer
	json bool
}

// value prints v as JSON, or calls text.
func (p printer) value(v any, text func(*printer)) error {
	if !p.json {
		text(&p)
		return nil
	}
	enc := json.NewEncoder(p.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (p *printer) line(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

// table prints rows in columns under a heading.
func (p *printer) table(heading []string, rows [][]string) {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(heading, "\t"))
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // as good as the writes before it
}
