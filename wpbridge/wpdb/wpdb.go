// Package wpdb holds the only SQL on WordPress's own tables: it reads users,
// roles, options and the events that the plugin leaves for us, and it makes a new
// buyer's user with the rows that wp_insert_user would write. Its functions run on
// whatever they are given, a pool or a transaction, and begin none themselves.
//
// Every value that comes back from a look-up by name or address is compared again
// in Go: the columns' collations take josé@ for jose@.
package wpdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/tillside/tillside/server/errs"
)

// User is a row of WordPress's users table.
type User struct {
	ID              int64
	Login           string
	Email           string
	Nicename        string
	DisplayName     string // HTML-escaped, as WordPress keeps it
	PassFingerprint string // tells whether user_pass has changed; no password can be checked with it
}

type userRow struct {
	ID          int64  `db:"ID"`
	Login       string `db:"user_login"`
	Pass        string `db:"user_pass"`
	Nicename    string `db:"user_nicename"`
	Email       string `db:"user_email"`
	DisplayName string `db:"display_name"`
}

func (r userRow) user() User {
	return User{
		ID: r.ID, Login: r.Login, Email: r.Email, Nicename: r.Nicename, DisplayName: r.DisplayName,
		PassFingerprint: Fingerprint(r.Pass),
	}
}

// Fingerprint returns the SHA-256 of a user_pass column in hex.
func Fingerprint(userPass string) string {
	sum := sha256.Sum256([]byte(userPass))
	return hex.EncodeToString(sum[:])
}

// UserByEmail returns the user with exactly that address, letter case of ASCII
// aside, or an errs.NotFound. Of several it is the oldest.
func UserByEmail(ctx context.Context, q sqlx.ExtContext, prefix, email string) (User, error) {
	const query = `
		SELECT ID, user_login, user_pass, user_nicename, user_email, display_name
		FROM {p}users
		WHERE user_email = ?
		ORDER BY ID`

	return oneUser(ctx, q, "by e-mail", in(prefix, query), email, func(r userRow) bool { return sameFold(r.Email, email) })
}

// UserByLogin returns the user with exactly that login, letter case of ASCII
// aside, or an errs.NotFound.
func UserByLogin(ctx context.Context, q sqlx.ExtContext, prefix, login string) (User, error) {
	const query = `
		SELECT ID, user_login, user_pass, user_nicename, user_email, display_name
		FROM {p}users
		WHERE user_login = ?
		ORDER BY ID`

	return oneUser(ctx, q, "by login", in(prefix, query), login, func(r userRow) bool { return sameFold(r.Login, login) })
}

// UserByID returns a user, or an errs.NotFound.
func UserByID(ctx context.Context, q sqlx.ExtContext, prefix string, id int64) (User, error) {
	const query = `
		SELECT ID, user_login, user_pass, user_nicename, user_email, display_name
		FROM {p}users
		WHERE ID = ?`

	return oneUser(ctx, q, "by id", in(prefix, query), id, func(r userRow) bool { return r.ID == id })
}

// PassFingerprint returns the fingerprint of a user's user_pass as it is now, or an
// errs.NotFound.
func PassFingerprint(ctx context.Context, q sqlx.ExtContext, prefix string, id int64) (string, error) {
	u, err := UserByID(ctx, q, prefix, id)
	return u.PassFingerprint, err
}

func oneUser(ctx context.Context, q sqlx.ExtContext, how, query string, arg any, same func(userRow) bool) (User, error) {
	var rows []userRow
	if err := sqlx.SelectContext(ctx, q, &rows, query, arg); err != nil {
		return User{}, fmt.Errorf("select user %s: %w", how, err)
	}
	for _, r := range rows {
		if same(r) {
			return r.user(), nil
		}
	}
	return User{}, errs.New(errs.NotFound, "There is no such user.")
}

// in writes the site's prefix into a query.
func in(prefix, query string) string { return strings.ReplaceAll(query, "{p}", prefix) }

// sameFold compares bytes, with A–Z as a–z. It is not strings.EqualFold: that
// takes the Kelvin sign for a k.
func sameFold(a, b string) bool { return asciiLower(a) == asciiLower(b) }

func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
