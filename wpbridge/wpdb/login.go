package wpdb

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
)

const (
	maxLogin    = 60
	maxNicename = 50
	maxEmail    = 100
)

var (
	// What sanitize_user( …, true ) leaves as it is.
	loginForm    = regexp.MustCompile(`^[A-Za-z0-9_.@-](?:[A-Za-z0-9 _.@-]{0,58}[A-Za-z0-9_.@-])?$`)
	emailLocal   = regexp.MustCompile("^[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]+$")
	emailSub     = regexp.MustCompile(`^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$`)
	notNicename  = regexp.MustCompile(`[^a-z0-9 _-]`)
	dashes       = regexp.MustCompile(`-+`)
	notLoginBase = regexp.MustCompile(`[^a-z0-9_.-]+`)
)

// acceptsEmail reports whether WordPress stores the address as it is: is_email, and
// nothing for sanitize_email to drop.
func acceptsEmail(email string) bool {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || len(email) < 6 || len(email) > maxEmail || !emailLocal.MatchString(local) {
		return false
	}
	subs := strings.Split(domain, ".")
	for _, sub := range subs {
		if !emailSub.MatchString(sub) {
			return false
		}
	}
	return len(subs) >= 2
}

// acceptsLogin reports whether WordPress takes the login as it is and can make a
// nicename of it.
func acceptsLogin(login string) bool {
	return loginForm.MatchString(login) && login != "0" && !strings.Contains(login, "  ") && nicename(login) != ""
}

// nicename is sanitize_title of a login's first 50 characters, for logins that
// acceptsLogin.
func nicename(login string) string {
	s := strings.ToLower(login[:min(len(login), maxNicename)])
	s = strings.ReplaceAll(s, ".", "-")
	s = notNicename.ReplaceAllString(s, "")
	s = strings.ReplaceAll(s, " ", "-")
	return strings.Trim(dashes.ReplaceAllString(s, "-"), "-")
}

// nicenameWithSuffix returns what wp_insert_user tries when a nicename is taken.
func nicenameWithSuffix(nicename string, n int) string {
	suffix := strconv.Itoa(n)
	return nicename[:min(len(nicename), maxNicename-1-len(suffix))] + "-" + suffix
}

// loginCandidates returns the logins to try for a new user, in order: the e-mail
// address unless WordPress refuses it, then what can be made of its local part. The
// last one is random, so that one of them is free. None but the first contains an @,
// so that none can be another user's address.
func loginCandidates(email string) []string {
	var out []string
	if acceptsLogin(email) {
		out = append(out, email)
	}
	local, _, _ := strings.Cut(asciiLower(email), "@")
	base := strings.Trim(notLoginBase.ReplaceAllString(local, ""), "-_.")
	base = base[:min(len(base), 40)]
	// Short numbers are too easily taken for user ids.
	if !acceptsLogin(base) || len(base) < 3 {
		base = "member"
	} else {
		out = append(out, base)
	}
	for n := 2; n <= 9; n++ {
		out = append(out, base+"-"+strconv.Itoa(n))
	}
	var raw [5]byte
	_, _ = rand.Read(raw[:])
	return append(out, base+"-"+hex.EncodeToString(raw[:]))
}
