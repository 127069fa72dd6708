package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// report is the table that is printed in the end.
type report struct{ rows [][5]string }

// ratio adds a contest: Tillside, its floor, the ratio and the least it should be.
func (r *report) ratio(name string, o outcome, aim float64) {
	r.add(name, fmt.Sprintf("%.0f", o.subject), fmt.Sprintf("%.0f", o.floor), fmt.Sprintf("%.2f (%.2f to %.2f)", o.ratio, o.least, o.most),
		fmt.Sprintf("≥ %.1f %s", aim, verdict(o.ratio >= aim)))
}

// size adds a number that should not be above its aim.
func (r *report) size(name string, value float64, unit string, aim float64) {
	r.add(name, fmt.Sprintf("%.1f %s", value, unit), "", "", fmt.Sprintf("≤ %g %s %s", aim, unit, verdict(value <= aim)))
}

func (r *report) add(cells ...string) {
	var row [5]string
	copy(row[:], cells)
	r.rows = append(r.rows, row)
}

func verdict(reached bool) string {
	if reached {
		return "yes"
	}
	return "NO"
}

func (r *report) print(to io.Writer) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tTILLSIDE\tFLOOR\tRATIO\tAIM")
	for _, row := range r.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", row[0], row[1], row[2], row[3], row[4])
	}
	_ = w.Flush() // as good as the writes before it
}
