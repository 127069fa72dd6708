package wire_test

import (
	"encoding/json"
	"testing"

	"github.com/tillside/tillside/server/crm/wire"
)

func TestText_TakesAnyKind(t *testing.T) {
	tests := []struct{ name, json, want string }{
		{"a text", `"8"`, "8"},
		{"a number", `8`, "8"},
		{"a large number", `12345678901234567890`, "12345678901234567890"},
		{"nothing", `null`, ""},
		{"a truth", `true`, "true"},
		{"a list", `["a", 2, null]`, "a, 2, "},
		{"an object", `{"a":1}`, `{"a":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got wire.Text
			if err := json.Unmarshal([]byte(tt.json), &got); err != nil || string(got) != tt.want {
				t.Errorf("%s is %q, %v, want %q", tt.json, got, err, tt.want)
			}
		})
	}
}
