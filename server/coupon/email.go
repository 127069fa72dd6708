package coupon

import (
	"crypto/sha256"
	"strconv"
	"strings"
)

// matchesAny reports whether an address fits one of an owner's patterns: an
// address, a domain written @example.com, or either with * for any characters.
// Letter case does not count.
func matchesAny(patterns []string, email string) bool {
	if email == "" {
		return false
	}
	email = strings.ToLower(email)
	for _, pattern := range patterns {
		pattern = strings.ToLower(strings.TrimSpace(pattern))
		if strings.HasPrefix(pattern, "@") {
			pattern = "*" + pattern
		}
		if wild(pattern, email) {
			return true
		}
	}
	return false
}

// wild matches a text with a pattern in which * stands for any characters. It
// takes time in proportion to the lengths' product at worst: it never goes back
// beyond the last *.
func wild(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// PersonKey stands for one identity of a person, hashed.
type PersonKey [16]byte

// PersonKeys returns the keys under which a person's uses are counted: the
// WordPress user, the e-mail address in any letter case, and, with oneMailbox,
// the mailbox that a big mail host delivers it to. They are sorted, so that
// transactions insert them in one order.
func PersonKeys(userID int64, email string, oneMailbox bool) []PersonKey {
	var keys []PersonKey
	if userID != 0 {
		keys = append(keys, personKey("user\n"+strconv.FormatInt(userID, 10)))
	}
	email = strings.ToLower(email)
	if email != "" {
		keys = append(keys, personKey("email\n"+email))
	}
	if oneMailbox && email != "" {
		keys = append(keys, personKey("mailbox\n"+mailbox(email)))
	}
	sortKeys(keys)
	return keys
}

func personKey(text string) PersonKey {
	sum := sha256.Sum256([]byte(text))
	return PersonKey(sum[:16])
}

// mailbox returns the address without what the big mail hosts ignore: Gmail
// dots and everything from a plus sign on
// (https://support.google.com/mail/answer/7436150), Outlook, iCloud, Fastmail
// and Proton the part from the plus sign on. Gmail's two domains are one.
func mailbox(email string) string {
	local, domain, _ := strings.Cut(email, "@")
	switch domain {
	case "googlemail.com":
		domain = "gmail.com"
		fallthrough
	case "gmail.com":
		local, _, _ = strings.Cut(local, "+")
		local = strings.ReplaceAll(local, ".", "")
	case "outlook.com", "hotmail.com", "live.com", "msn.com", "icloud.com", "me.com", "mac.com", "fastmail.com", "fastmail.fm",
		"proton.me", "protonmail.com", "pm.me":
		local, _, _ = strings.Cut(local, "+")
	}
	return local + "@" + domain
}
