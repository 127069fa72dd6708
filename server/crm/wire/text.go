package wire

import (
	"encoding/json"
	"strings"
)

// Text is a value of an answer that may be of any kind, as text: ids come as
// numbers or texts, fields as texts, numbers, lists, or null. It is sent as a text.
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(data []byte) error {
	var list []Text
	switch {
	case json.Unmarshal(data, (*string)(t)) == nil: // null, too
	case json.Unmarshal(data, &list) == nil:
		parts := make([]string, len(list))
		for i, part := range list {
			parts[i] = string(part)
		}
		*t = Text(strings.Join(parts, ", "))
	default:
		*t = Text(data)
	}
	return nil
}
