package wpdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tillside/tillside/server/errs"
)

// LockUser is the row of {prefix}tillside_locks that CreateUser writes first.
const LockUser = "wordpress.user"

// NewUser is a user to be made.
type NewUser struct {
	Email     string
	FirstName string // as the person wrote it
	LastName  string
	Roles     []string // empty: the site's default role
	PassHash  string   // from NewPassHash
	WPVersion string   // must be Tested
	Now       time.Time
}

// Created is the user that CreateUser made or found.
type Created struct {
	UserID          int64
	Login           string
	Created         bool // false: an account with that e-mail exists and was left as it is
	PassFingerprint string
}

// CreateUser makes a user as wp_insert_user would, or finds the one with that
// e-mail. tx must be a transaction: it is serialised with other CreateUsers by a
// write to the lock row, and may be run again after a rollback. Afterwards the
// plugin must be told (Client.UserCreated). It fails with errs.Invalid for an
// address that WordPress would change, and with errs.Forbidden for a role that a
// purchase may not grant.
func CreateUser(ctx context.Context, tx sqlx.ExtContext, prefix string, u NewUser) (Created, error) {
	if err := u.check(); err != nil {
		return Created{}, err
	}
	if err := lockUsers(ctx, tx, prefix, u.Now); err != nil {
		return Created{}, err
	}
	found, err := UserByEmail(ctx, tx, prefix, u.Email)
	if err == nil {
		return Created{UserID: found.ID, Login: found.Login, PassFingerprint: found.PassFingerprint}, nil
	}
	if !errs.Is(err, errs.NotFound) {
		return Created{}, err
	}
	roles, err := rolesToGrant(ctx, tx, prefix, u.Roles)
	if err != nil {
		return Created{}, err
	}
	login, err := freeLogin(ctx, tx, prefix, u.Email)
	if err != nil {
		return Created{}, err
	}
	nice, err := freeNicename(ctx, tx, prefix, login)
	if err != nil {
		return Created{}, err
	}
	id, err := insertUser(ctx, tx, prefix, u, login, nice)
	if err != nil {
		return Created{}, err
	}
	if err := insertMeta(ctx, tx, prefix, id, userMeta(prefix, u, login, roles)); err != nil {
		return Created{}, err
	}
	return Created{UserID: id, Login: login, Created: true, PassFingerprint: Fingerprint(u.PassHash)}, nil
}

func (u NewUser) check() error {
	switch {
	case !acceptsEmail(u.Email):
		return errs.Field("email", "WordPress does not accept this e-mail address.")
	case !Tested(u.WPVersion):
		return fmt.Errorf("create user: WordPress %q is not tested; the plugin must make the user", u.WPVersion)
	case len(u.PassHash) < 34: // a shorter one would count as MD5
		return errors.New("create user: there is no password hash")
	case u.Now.IsZero():
		return errors.New("create user: there is no time")
	}
	return nil
}

func lockUsers(ctx context.Context, tx sqlx.ExtContext, prefix string, now time.Time) error {
	const query = `
		UPDATE {p}tillside_locks
		SET touched_at = ?
		WHERE name = ?`

	const found = `
		SELECT COUNT(*)
		FROM {p}tillside_locks
		WHERE name = ?`

	if _, err := tx.ExecContext(ctx, in(prefix, query), now.UTC(), LockUser); err != nil {
		return fmt.Errorf("lock users: %w", err)
	}
	// Affected rows say nothing here: without clientFoundRows an equal time gives 0.
	var n int
	if err := sqlx.GetContext(ctx, tx, &n, in(prefix, found), LockUser); err != nil {
		return fmt.Errorf("lock users: %w", err)
	}
	if n != 1 {
		return fmt.Errorf("lock users: no row %q in %stillside_locks", LockUser, prefix)
	}
	return nil
}

// rolesToGrant returns the wanted roles as the site has them.
func rolesToGrant(ctx context.Context, q sqlx.ExtContext, prefix string, want []string) ([]Role, error) {
	roles, err := Roles(ctx, q, prefix)
	if err != nil {
		return nil, err
	}
	if len(want) == 0 {
		options, err := Options(ctx, q, prefix, "default_role")
		if err != nil {
			return nil, err
		}
		want = []string{options["default_role"]}
	}
	var out []Role
	for _, slug := range want {
		i := slices.IndexFunc(roles, func(r Role) bool { return r.Slug == slug })
		if i < 0 {
			return nil, errs.New(errs.Invalid, "The site has no role %q.", slug)
		}
		if !RoleIsSafe(roles[i]) {
			return nil, errs.New(errs.Forbidden, "The role %q may not be granted by a purchase.", slug)
		}
		if !slices.ContainsFunc(out, func(r Role) bool { return r.Slug == slug }) {
			out = append(out, roles[i])
		}
	}
	return out, nil
}

// freeLogin returns the first candidate that no user has as login or as address,
// under the columns' collation: WordPress would refuse the one, and the other would
// let one person's name be another's.
func freeLogin(ctx context.Context, q sqlx.ExtContext, prefix, email string) (string, error) {
	const query = `
		SELECT COUNT(*)
		FROM {p}users
		WHERE user_login = ? OR user_email = ?`

	for _, login := range loginCandidates(email) {
		var n int
		if err := sqlx.GetContext(ctx, q, &n, in(prefix, query), login, login); err != nil {
			return "", fmt.Errorf("select users by login: %w", err)
		}
		if n == 0 {
			return login, nil
		}
	}
	return "", errs.New(errs.Conflict, "No user name could be found for this account.")
}

func freeNicename(ctx context.Context, q sqlx.ExtContext, prefix, login string) (string, error) {
	const query = `
		SELECT COUNT(*)
		FROM {p}users
		WHERE user_nicename = ? AND user_login != ?`

	base := nicename(login)
	for candidate, n := base, 2; ; n++ {
		var taken int
		if err := sqlx.GetContext(ctx, q, &taken, in(prefix, query), candidate, login); err != nil {
			return "", fmt.Errorf("select users by nicename: %w", err)
		}
		if taken == 0 {
			return candidate, nil
		}
		candidate = nicenameWithSuffix(base, n)
	}
}

func insertUser(ctx context.Context, tx sqlx.ExtContext, prefix string, u NewUser, login, nicename string) (int64, error) {
	const query = `
		INSERT INTO {p}users
			(user_pass, user_nicename, user_email, user_url, user_registered, user_activation_key, display_name, user_login)
		VALUES (?, ?, ?, '', ?, '', ?, ?)`

	display := displayName(cleanName(u.FirstName), cleanName(u.LastName), login)
	result, err := tx.ExecContext(ctx, in(prefix, query),
		u.PassHash, nicename, u.Email, u.Now.UTC().Format(time.DateTime), display, login)
	if err != nil {
		return 0, fmt.Errorf("insert user: %w", err)
	}
	id, err := result.LastInsertId()
	if err != nil {
		return 0, fmt.Errorf("insert user: %w", err)
	}
	return id, nil
}

type metaRow struct{ key, value string }

// userMeta returns a new user's meta rows in the order in which WordPress inserts
// them; every value passes MaybeSerialize but the one that is serialized.
func userMeta(prefix string, u NewUser, login string, roles []Role) []metaRow {
	v, _ := parseVersion(u.WPVersion)
	adminColor := "fresh"
	if v.atLeast(7, 0) {
		adminColor = "modern"
	}
	rows := []metaRow{
		{"nickname", login},
		{"first_name", cleanName(u.FirstName)},
		{"last_name", cleanName(u.LastName)},
		{"description", ""},
		{"rich_editing", "true"},
		{"syntax_highlighting", "true"},
	}
	if v.atLeast(7, 1) {
		rows = append(rows, metaRow{"infinite_scrolling", "true"})
	}
	rows = append(rows,
		metaRow{"comment_shortcuts", "false"},
		metaRow{"admin_color", adminColor},
		metaRow{"use_ssl", "0"},
		metaRow{"show_admin_bar_front", "true"},
		metaRow{"locale", ""},
	)
	for i := range rows {
		rows[i].value = MaybeSerialize(rows[i].value)
	}
	caps, level := "", 0
	for _, r := range roles {
		caps += serializeString(r.Slug) + "b:1;"
		level = max(level, r.level)
	}
	return append(rows,
		metaRow{prefix + "capabilities", "a:" + strconv.Itoa(len(roles)) + ":{" + caps + "}"},
		metaRow{prefix + "user_level", strconv.Itoa(level)},
	)
}

func insertMeta(ctx context.Context, tx sqlx.ExtContext, prefix string, userID int64, rows []metaRow) error {
	const query = `
		INSERT INTO {p}usermeta (user_id, meta_key, meta_value)
		VALUES (?, ?, ?)`

	text := in(prefix, query) + strings.Repeat(", (?, ?, ?)", len(rows)-1)
	args := make([]any, 0, 3*len(rows))
	for _, r := range rows {
		args = append(args, userID, r.key, r.value)
	}
	if _, err := tx.ExecContext(ctx, text, args...); err != nil {
		return fmt.Errorf("insert usermeta: %w", err)
	}
	return nil
}
