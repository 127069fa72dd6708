package stripe

import (
	"crypto/rand"
	"encoding/json"
	"strconv"
)

// Text is a text that is null in JSON when it is empty.
type Text string

// MarshalJSON writes null for the empty text.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// Unix is a time in seconds that is null in JSON when it is zero.
type Unix int64

// MarshalJSON writes null for zero.
func (u Unix) MarshalJSON() ([]byte, error) {
	if u == 0 {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, int64(u), 10), nil
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// random returns n letters and digits. Two letters of the 64 that six bits
// make are used twice, which does not matter for ids.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	for i, c := range b {
		b[i] = base62[int(c&63)%len(base62)]
	}
	return string(b)
}

func newID(prefix string) string { return prefix + "_" + random(24) }

func mergeMetadata(have map[string]string, changes map[string]string, clear bool) map[string]string {
	merged := make(map[string]string, len(have)+len(changes))
	if !clear {
		for k, v := range have {
			merged[k] = v
		}
	}
	for k, v := range changes {
		if v == "" {
			delete(merged, k)
			continue
		}
		merged[k] = v
	}
	return merged
}
