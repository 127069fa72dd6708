package stripe

import (
	"slices"
	"strconv"
	"strings"
)

type kind int

const (
	kindText kind = iota
	kindInteger
	kindBoolean
	kindHash
	kindList
	kindMetadata
)

// param says what one parameter may be.
type param struct {
	kind     kind
	required bool
	one      []string // the values that are allowed, if not all
	parts    params   // of a hash
	elem     *param   // of a list
}

// params are the parameters of a call or of a hash. What is not among them is
// refused, so that a misspelt name fails as it does at Stripe.
type params map[string]param

func text() param                  { return param{kind: kindText} }
func integer() param               { return param{kind: kindInteger} }
func boolean() param               { return param{kind: kindBoolean} }
func oneOf(values ...string) param { return param{kind: kindText, one: values} }
func hash(parts params) param      { return param{kind: kindHash, parts: parts} }
func list(elem param) param        { return param{kind: kindList, elem: &elem} }
func metadata() param              { return param{kind: kindMetadata} }

func (p param) must() param {
	p.required = true
	return p
}

// with returns the parameters and those of others.
func (ps params) with(others ...params) params {
	all := params{}
	for _, set := range append([]params{ps}, others...) {
		for name, p := range set {
			all[name] = p
		}
	}
	return all
}

// pathOf names a part the way errors do: a[b][0].
func pathOf(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "[" + name + "]"
}

// check turns what was sent into typed arguments, or says what is wrong.
func (ps params) check(f *field, path string) (args, *Error) {
	got := args{}
	for _, name := range f.names() {
		p, ok := ps[name]
		at := pathOf(path, name)
		if !ok {
			return nil, malformed("parameter_unknown", at, "Received unknown parameter: %s", at)
		}
		value, err := p.check(f.parts[name], at)
		if err != nil {
			return nil, err
		}
		got[name] = value
	}
	var absent []string
	for name, p := range ps {
		if _, sent := got[name]; p.required && !sent {
			absent = append(absent, pathOf(path, name))
		}
	}
	if len(absent) > 0 {
		at := slices.Min(absent)
		return nil, malformed("parameter_missing", at, "Missing required param: %s.", at)
	}
	return got, nil
}

func (p param) check(f *field, at string) (any, *Error) {
	if f.parts == nil && f.text == "" {
		if p.required || p.kind == kindInteger || p.kind == kindBoolean {
			return nil, malformed("parameter_invalid_empty", at, "You passed an empty string for '%s'. "+
				"We assume empty values are an attempt to unset a parameter; however '%s' cannot be unset.", at, at)
		}
		return nil, nil
	}
	switch p.kind {
	case kindHash:
		if f.parts == nil {
			return nil, malformed("", at, "Invalid object")
		}
		return p.parts.check(f, at)
	case kindList:
		return p.checkList(f, at)
	case kindMetadata:
		return checkMetadata(f, at)
	}
	if f.parts != nil {
		return nil, malformed("", at, "Invalid %s: must be a single value", at)
	}
	return p.checkScalar(f.text, at)
}

func (p param) checkScalar(text, at string) (any, *Error) {
	switch p.kind {
	case kindInteger:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, malformed("parameter_invalid_integer", at, "Invalid integer: %s", text)
		}
		return n, nil
	case kindBoolean:
		if text != "true" && text != "false" {
			return nil, malformed("", at, "Invalid boolean: %s", text)
		}
		return text == "true", nil
	}
	if len(text) > 5000 {
		return nil, malformed("parameter_too_long", at, "Invalid string: %s…; must be at most 5000 characters", text[:10])
	}
	if p.one != nil && !slices.Contains(p.one, text) {
		return nil, malformed("", at, "Invalid %s: must be one of %s", at, strings.Join(p.one, ", "))
	}
	return text, nil
}

func (p param) checkList(f *field, at string) (any, *Error) {
	if f.parts == nil {
		return nil, malformed("", at, "Invalid array")
	}
	values := []any{}
	for _, name := range f.names() {
		if !isDigits(name) {
			return nil, malformed("", at, "Invalid array")
		}
		v, err := p.elem.check(f.parts[name], pathOf(at, name))
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// checkMetadata applies Stripe's limits: 50 keys of 40 characters, values of 500.
func checkMetadata(f *field, at string) (any, *Error) {
	pairs := map[string]string{}
	if f.parts == nil {
		return nil, malformed("", at, "Invalid object")
	}
	if len(f.parts) > 50 {
		return nil, malformed("", at, "Metadata can have at most 50 keys")
	}
	for _, key := range f.names() {
		part := f.parts[key]
		switch {
		case part.parts != nil:
			return nil, malformed("", pathOf(at, key), "Metadata values must be strings")
		case len(key) > 40:
			return nil, malformed("parameter_too_long", at, "Metadata keys can have up to 40 characters, but you passed in a key that is %d characters", len(key))
		case len(part.text) > 500:
			return nil, malformed("parameter_too_long", pathOf(at, key), "Metadata values can have up to 500 characters, but you passed in a value that is %d characters", len(part.text))
		}
		pairs[key] = part.text
	}
	return pairs, nil
}
