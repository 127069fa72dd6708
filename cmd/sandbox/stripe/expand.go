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
	tree, err := generic(object)
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		names := strings.Split(path, ".")
		if len(names) > maxExpand {
			return nil, refuse("property_expansion_max_depth", "expand", "You cannot expand more than %d levels of a property. Property: %s", maxExpand, path)
		}
		if err := a.expandPath(tree, names, path); err != nil {
			return nil, err
		}
	}
	return tree, nil
}

func generic(object any) (map[string]any, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("encode object to expand: %w", err)
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		return nil, fmt.Errorf("decode object to expand: %w", err)
	}
	return tree, nil
}

func (a *account) expandPath(at map[string]any, names []string, path string) error {
	value, ok := at[names[0]]
	if !ok {
		return refuse("", "expand", "This property cannot be expanded (%s).", path)
	}
	if items, ok := value.([]any); ok {
		for _, item := range items {
			if m, ok := item.(map[string]any); ok && len(names) > 1 {
				if err := a.expandPath(m, names[1:], path); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if at["object"] == "charge" && names[0] == "refunds" {
		value = a.refundsOf(fmt.Sprint(at["id"]))
	} else if id, ok := value.(string); ok {
		found, ok := a.lookup(id)
		if !ok {
			return refuse("", "expand", "This property cannot be expanded (%s).", path)
		}
		value = found
	}
	if value == nil {
		return nil
	}
	tree, err := generic(value)
	if err != nil {
		return err
	}
	at[names[0]] = tree
	if len(names) == 1 {
		return nil
	}
	return a.expandPath(tree, names[1:], path)
}
