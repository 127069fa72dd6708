package wpdb

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	maxSerialized = 1 << 20
	maxDepth      = 8
)

var errSerialized = errors.New("not the serialized array that was expected")

// phpPair is one entry of a PHP array; integer keys are kept as their digits.
type phpPair struct {
	key   string
	value any // string, bool, int64, float64, nil or []phpPair
}

// unserialize reads the scalars and arrays of PHP's serialize, and nothing else:
// no objects, no references, no byte more than it says. Arrays keep their order.
func unserialize(s string) (any, error) {
	if len(s) > maxSerialized {
		return nil, fmt.Errorf("unserialize: longer than %d bytes", maxSerialized)
	}
	r := phpReader{rest: s}
	v, err := r.value(0)
	if err != nil {
		return nil, fmt.Errorf("unserialize at byte %d: %w", len(s)-len(r.rest), err)
	}
	if r.rest != "" {
		return nil, fmt.Errorf("unserialize: %d bytes too many: %w", len(r.rest), errSerialized)
	}
	return v, nil
}

type phpReader struct{ rest string }

func (r *phpReader) value(depth int) (any, error) {
	if depth > maxDepth || len(r.rest) < 2 {
		return nil, errSerialized
	}
	kind := r.rest[0]
	if kind == 'N' {
		return nil, r.expect("N;")
	}
	if r.rest[1] != ':' {
		return nil, errSerialized
	}
	r.rest = r.rest[2:]
	switch kind {
	case 'b':
		n, err := r.integer(';')
		if err != nil || n != 0 && n != 1 {
			return nil, errSerialized
		}
		return n == 1, nil
	case 'i':
		return r.integer(';')
	case 'd':
		text, err := r.until(';')
		if err != nil {
			return nil, err
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, errSerialized
		}
		return f, nil
	case 's':
		return r.text()
	case 'a':
		return r.array(depth)
	}
	return nil, errSerialized // O, C, E, R, r: nothing of ours writes them
}

func (r *phpReader) text() (string, error) {
	n, err := r.integer(':')
	if err != nil || n < 0 || n > int64(len(r.rest))-3 {
		return "", errSerialized
	}
	if err := r.expect(`"`); err != nil {
		return "", err
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s, r.expect(`";`)
}

func (r *phpReader) array(depth int) ([]phpPair, error) {
	n, err := r.integer(':')
	// An entry takes 6 bytes at least, so a great n cannot make us allocate.
	if err != nil || n < 0 || n > int64(len(r.rest))/6 {
		return nil, errSerialized
	}
	if err := r.expect("{"); err != nil {
		return nil, err
	}
	out := make([]phpPair, 0, n)
	for range n {
		key, err := r.value(maxDepth)
		if err != nil {
			return nil, err
		}
		var name string
		switch k := key.(type) {
		case string:
			name = k
		case int64:
			name = strconv.FormatInt(k, 10)
		default:
			return nil, errSerialized
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, phpPair{name, v})
	}
	return out, r.expect("}")
}

func (r *phpReader) integer(end byte) (int64, error) {
	text, err := r.until(end)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strings.HasPrefix(text, "+") {
		return 0, errSerialized
	}
	return n, nil
}

func (r *phpReader) until(end byte) (string, error) {
	i := strings.IndexByte(r.rest, end)
	if i < 0 || i > 32 {
		return "", errSerialized
	}
	text := r.rest[:i]
	r.rest = r.rest[i+1:]
	return text, nil
}

func (r *phpReader) expect(s string) error {
	rest, ok := strings.CutPrefix(r.rest, s)
	if !ok {
		return errSerialized
	}
	r.rest = rest
	return nil
}
