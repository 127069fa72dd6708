package stripe

import (
	"encoding/json"
	"fmt"
	"strings"
)

// maxExpand is how deep Stripe expands.
const maxExpand = 4

// expand replaces ids by the objects that they name, for paths such as
// "latest_charge.refunds" or "data.customer".
func (a *account) expand(object any, paths []string) (any, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("encode object to expand: %w", err)
	}
	for _, path := range paths {
		names := strings.Split(path, ".")
		if len(names) > maxExpand {
			return nil, refuse("property_expansion_max_depth", "expand", "You cannot expand more than %d levels of a property. Property: %s", maxExpand, path)
		}
		if data, err = a.expandPath(data, names, path); err != nil {
			return nil, err
		}
	}
	return json.RawMessage(data), nil
}

// fieldsOf takes an object apart without decoding its values, which would be
// most of the work of an answer.
func fieldsOf(object []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, fmt.Errorf("decode object to expand: %w", err)
	}
	return fields, nil
}

func (a *account) expandPath(data []byte, names []string, path string) ([]byte, error) {
	if len(names) == 0 || string(data) == "null" {
		return data, nil
	}
	switch data[0] {
	case '[':
		return a.expandItems(data, names, path)
	case '{':
	default:
		return nil, notExpandable(path)
	}
	fields, err := fieldsOf(data)
	if err != nil {
		return nil, err
	}
	value, ok := fields[names[0]]
	if !ok {
		return nil, notExpandable(path)
	}
	if value, err = a.expandValue(fields, names[0], value, path); err != nil {
		return nil, err
	}
	if fields[names[0]], err = a.expandPath(value, names[1:], path); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

func (a *account) expandItems(data []byte, names []string, path string) ([]byte, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		return nil, fmt.Errorf("decode list to expand: %w", err)
	}
	for i, item := range items {
		expanded, err := a.expandPath(item, names, path)
		if err != nil {
			return nil, err
		}
		items[i] = expanded
	}
	return json.Marshal(items)
}

// expandValue returns the object that an id names; objects and null stay.
func (a *account) expandValue(fields map[string]json.RawMessage, name string, value []byte, path string) ([]byte, error) {
	if name == "refunds" && string(fields["object"]) == `"charge"` {
		return json.Marshal(a.refundsOf(strings.Trim(string(fields["id"]), `"`)))
	}
	switch value[0] {
	case '{', '[', 'n':
		return value, nil
	}
	object, ok := a.lookup(strings.Trim(string(value), `"`))
	if !ok {
		return nil, notExpandable(path)
	}
	return json.Marshal(object)
}

func notExpandable(path string) *Error {
	return refuse("", "expand", "This property cannot be expanded (%s).", path)
}
