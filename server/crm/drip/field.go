package drip

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/tillside/tillside/server/crm"
)

// Fields implements crm.Client. A field is its identifier, and all hold text.
func (c *client) Fields(ctx context.Context) ([]crm.Field, error) {
	names, err := c.names(ctx, "/custom_field_identifiers", "custom_field_identifiers")
	fields := make([]crm.Field, 0, len(names))
	for _, name := range names {
		fields = append(fields, crm.Field{Ref: name, Name: name, Kind: crm.FieldText})
	}
	return fields, err
}

// EnsureField implements crm.Client. Drip makes a field when it is first written,
// and names it by what is allowed there: see Identifier.
func (c *client) EnsureField(ctx context.Context, name string) (crm.Field, error) {
	known, err := c.Fields(ctx)
	if err != nil {
		return crm.Field{}, err
	}
	wanted := Identifier(name)
	for _, f := range known {
		if strings.EqualFold(f.Ref, wanted) {
			return crm.Field{Ref: f.Ref, Name: name, Kind: crm.FieldText}, nil
		}
	}
	return crm.Field{Ref: wanted, Name: name, Kind: crm.FieldText}, nil
}

// Identifier returns the name that a field has in Drip, which allows letters,
// digits and underscores only: "Coupon code" is Coupon_code. Where more than
// spaces and signs is lost a sum of the name is added, so that two names never
// become one field.
func Identifier(name string) string {
	lost := false
	id := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		case r == ' ', r == '-', r == '_', r == '.':
			return '_'
		}
		lost = true
		return '_'
	}, strings.TrimSpace(name))
	if lost {
		sum := sha256.Sum256([]byte(name))
		id = strings.TrimRight(id, "_") + "_" + hex.EncodeToString(sum[:4])
	}
	if id == "" || id[0] == '_' || id[0] >= '0' && id[0] <= '9' { // which the texts of e-mails do not take for a name
		id = "f_" + strings.TrimLeft(id, "_")
	}
	return id
}
