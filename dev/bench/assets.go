package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"regexp"
)

const scripts = "plugin-php/assets/js/"

// measureAssets adds up what a browser loads for the form before it is bought
// from, and what comes after that. Each file is compressed by itself, as a web
// server does.
func measureAssets(_ *host, _ options, r *report) error {
	form, all := map[string]int{}, map[string]int{}
	if err := addModule("order-form", form); err != nil {
		return err
	}
	if err := errors.Join(addModule("order-form", all), addModule("thank-you", all)); err != nil {
		return err
	}
	css, err := zipped("plugin-php/assets/css/order-form.css")
	if err != nil {
		return err
	}
	r.size("the form's JavaScript, gzip", kilobytes(form), "kB", 14)
	r.add("  more after paying", fmt.Sprintf("%.1f kB", kilobytes(all)-kilobytes(form)))
	r.add("the form's CSS, gzip", fmt.Sprintf("%.1f kB", float64(css)/1000))
	return nil
}

func kilobytes(sizes map[string]int) float64 {
	total := 0
	for _, n := range sizes {
		total += n
	}
	return float64(total) / 1000
}

var imported = regexp.MustCompile(`(?m)^import .* from '@tillside/([\w-]+)'`)

// addModule adds the size of a module and of those that it imports.
func addModule(name string, sizes map[string]int) error {
	if _, known := sizes[name]; known {
		return nil
	}
	file := scripts + name + ".js"
	var err error
	if sizes[name], err = zipped(file); err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, found := range imported.FindAllStringSubmatch(string(text), -1) {
		if err := addModule(found[1], sizes); err != nil {
			return err
		}
	}
	return nil
}

// counter counts what is written to it.
type counter int

// Write implements io.Writer.
func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

func zipped(file string) (int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	var n counter
	w, err := gzip.NewWriterLevel(&n, 6)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(text); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	return int(n), nil
}
