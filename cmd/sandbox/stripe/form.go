package stripe

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// field is a parameter as it was sent: a text, or named parts below it.
type field struct {
	text  string
	parts map[string]*field
}

const maxDepth = 8

// decodeForm turns a[b][0][c]=d into a tree. Keys without a number, as in
// expand[]=x, are numbered in the order of their values.
func decodeForm(values url.Values) (*field, *Error) {
	root := &field{}
	for key, texts := range values {
		path, ok := splitKey(key)
		if !ok {
			return nil, malformed("parameter_unknown", key, "Received unknown parameter: %s", key)
		}
		for i, text := range texts {
			at := root
			for _, name := range path {
				if name == "" {
					name = strconv.Itoa(i)
				}
				at = at.part(name)
			}
			at.text = text
		}
	}
	return root, nil
}

func (f *field) part(name string) *field {
	if f.parts == nil {
		f.parts = map[string]*field{}
	}
	p, ok := f.parts[name]
	if !ok {
		p = &field{}
		f.parts[name] = p
	}
	return p
}

// splitKey turns "a[b][]" into "a", "b", "".
func splitKey(key string) ([]string, bool) {
	head, rest, nested := strings.Cut(key, "[")
	if head == "" {
		return nil, false
	}
	path := []string{head}
	if !nested {
		return path, true
	}
	if !strings.HasSuffix(rest, "]") {
		return nil, false
	}
	path = append(path, strings.Split(strings.TrimSuffix(rest, "]"), "][")...)
	return path, len(path) <= maxDepth
}

// names returns the names of the parts, sorted so that errors are the same
// each time, and numbers by their size.
func (f *field) names() []string {
	names := make([]string, 0, len(f.parts))
	for name := range f.parts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if len(a) != len(b) && isDigits(a) && isDigits(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return names
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
