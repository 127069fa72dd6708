// Package contact knows the people who buy: by e-mail, from the first step of
// a checkout on, with or without a WordPress user.
package contact

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tillside/tillside/server/errs"
)

// Contact is a person known by e-mail.
type Contact struct {
	ID        int64
	PublicID  string
	Email     string
	FirstName string
	LastName  string
	UserID    int64 // the WordPress user; 0 while there is none
	CreatedAt time.Time
}

// Name returns first and last name as one; empty when neither is known.
func (c *Contact) Name() string { return strings.TrimSpace(c.FirstName + " " + c.LastName) }

// Tagged is a tag that a contact has.
type Tagged struct {
	Tag    string
	Source Source
	Reason string // what gave it
	At     time.Time
}

// NewPublicID returns the id by which others name a contact: 128 random bits in
// hexadecimal.
func NewPublicID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails; see crypto/rand
	return hex.EncodeToString(b[:])
}

// IsPublicID reports whether a text has the shape of NewPublicID.
func IsPublicID(text string) bool {
	return len(text) == 32 && strings.Trim(text, "0123456789abcdef") == ""
}

// Key is the normalised e-mail, hashed: equal for addresses that differ in
// letter case only, and different for all others. The site's collation would
// take josé@ for jose@.
type Key [32]byte

// KeyOf returns the key of an address that CheckEmail has let through.
func KeyOf(email string) Key { return sha256.Sum256([]byte(strings.ToLower(email))) }

// MaxEmail is the longest address that WordPress's users table can hold.
const MaxEmail = 100

const maxName = 100

// CheckEmail returns the address without white space around it, or an Invalid
// error on the field "email". It refuses what mail cannot reach and what
// WordPress would silently change: addresses with display names, comments,
// quoted local parts, non-ASCII letters, or without a dot in the domain.
func CheckEmail(email string) (string, error) {
	email = strings.TrimSpace(email)
	if email == "" {
		return "", errs.Field("email", "Enter your e-mail address.")
	}
	parsed, err := mail.ParseAddress(email)
	local, domain, _ := strings.Cut(email, "@")
	switch {
	case err != nil, parsed.Address != email, !reachable(local, domain):
		return "", errs.Field("email", "This e-mail address does not look right. Please check it.")
	case len(email) > MaxEmail:
		return "", errs.Field("email", "This e-mail address is too long. Please use one with at most %d characters.", MaxEmail)
	}
	return email, nil
}

// reachable holds an address to what WordPress's sanitize_email leaves as it
// is: see is_email() and sanitize_email() in wp-includes/formatting.php.
func reachable(local, domain string) bool {
	const inLocal = "!#$%&'*+/=?^_`{|}~.-"
	for _, r := range local {
		if !isASCIIAlnum(r) && !strings.ContainsRune(inLocal, r) {
			return false
		}
	}
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || strings.Trim(label, "-") != label {
			return false
		}
		for _, r := range label {
			if !isASCIIAlnum(r) && r != '-' {
				return false
			}
		}
	}
	return true
}

func isASCIIAlnum(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// CheckName returns a person's name as it is stored: white space collapsed, no
// control characters. Names are kept as they are typed otherwise, with emoji
// and with signs that mean something in HTML; whoever prints them escapes them.
// Too long or not UTF-8 is an Invalid error on the field.
func CheckName(field, name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", errs.Field(field, "This name has characters that cannot be read. Please type it again.")
	}
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if utf8.RuneCountInString(name) > maxName {
		return "", errs.Field(field, "This name is too long. Please use at most %d characters.", maxName)
	}
	return name, nil
}
