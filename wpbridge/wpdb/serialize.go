package wpdb

import (
	"strconv"
	"strings"
)

// phpSpace is what PHP's trim removes.
const phpSpace = " \t\n\r\x00\x0b"

// MaybeSerialize returns what must be stored in a meta or option value so that
// WordPress reads s back as that string. Stored raw, a text such as
// O:8:"stdClass":0:{} would come back as an object.
func MaybeSerialize(s string) string {
	if looksSerialized(s) {
		return serializeString(s)
	}
	return s
}

func serializeString(s string) string {
	return "s:" + strconv.Itoa(len(s)) + `:"` + s + `";`
}

// looksSerialized is is_serialized( $s, false ), which maybe_serialize asks.
func looksSerialized(s string) bool {
	s = strings.Trim(s, phpSpace)
	if s == "N;" {
		return true
	}
	if len(s) < 4 || s[1] != ':' {
		return false
	}
	semicolon, brace := strings.IndexByte(s, ';'), strings.IndexByte(s, '}')
	switch {
	case semicolon < 0 && brace < 0:
		return false
	case semicolon >= 0 && semicolon < 3, brace >= 0 && brace < 4:
		return false
	}
	const digits = "0123456789"
	switch s[0] {
	case 's':
		return strings.Contains(s, `"`) && runEndsWith(s[2:], digits, ':')
	case 'a', 'O', 'E':
		return runEndsWith(s[2:], digits, ':')
	case 'b', 'i', 'd':
		return runEndsWith(s[2:], digits+".E+-", ';')
	}
	return false
}

// runEndsWith reports whether s begins with one or more of set and then end.
func runEndsWith(s, set string, end byte) bool {
	rest := strings.TrimLeft(s, set)
	return len(rest) < len(s) && rest != "" && rest[0] == end
}
