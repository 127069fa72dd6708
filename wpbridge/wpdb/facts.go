package wpdb

import (
	"context"
	"fmt"
	"html"
	"strings"

	"github.com/jmoiron/sqlx"
)

// SiteFacts are what the database says about the site. The version of WordPress is
// not among them: it is in no table.
type SiteFacts struct {
	Users    TableFacts
	Usermeta TableFacts

	Home       string // option home, without a trailing slash
	SiteURL    string
	Name       string // blogname as people read it, entities decoded
	AdminEmail string
	Locale     string // WPLANG; "" is en_US
	Timezone   string // timezone_string; "" means that GMTOffset counts
	GMTOffset  string // hours, "5.5"
	DateFormat string // PHP's letters
	TimeFormat string
	Theme      string // template
	Permalinks string // permalink_structure; "" for plain ones
	DBVersion  string
	Keys       string // option tillside_keys as it stands; secret
}

// TableFacts describe one of WordPress's tables. They are empty when there is none.
type TableFacts struct {
	Name      string
	Engine    string
	Collation string
}

// Writable reports whether rows may be written into the table by SQL: InnoDB, so
// that a transaction holds, and utf8mb4, so that no name is refused or cut.
func (t TableFacts) Writable() bool {
	return strings.EqualFold(t.Engine, "InnoDB") && strings.HasPrefix(t.Collation, "utf8mb4_")
}

// UsersWritable reports whether a user may be made by SQL; if not, the plugin makes it.
func (f SiteFacts) UsersWritable() bool { return f.Users.Writable() && f.Usermeta.Writable() }

// String leaves the keys out.
func (f SiteFacts) String() string { return fmt.Sprintf("facts of %s (%s)", f.Home, f.Users.Name) }

// GoString does the same for %#v.
func (f SiteFacts) GoString() string { return f.String() }

// Facts reads the site's facts. A site whose tables are missing gives empty facts
// for them and an error for the options.
func Facts(ctx context.Context, q sqlx.ExtContext, prefix string) (SiteFacts, error) {
	var f SiteFacts
	tables, err := tableFacts(ctx, q, prefix+"users", prefix+"usermeta")
	if err != nil {
		return SiteFacts{}, err
	}
	f.Users, f.Usermeta = tables[prefix+"users"], tables[prefix+"usermeta"]

	options, err := Options(ctx, q, prefix, "home", "siteurl", "blogname", "admin_email", "WPLANG", "timezone_string",
		"gmt_offset", "date_format", "time_format", "template", "permalink_structure", "db_version", "tillside_keys")
	if err != nil {
		return SiteFacts{}, err
	}
	f.Home = strings.TrimRight(options["home"], "/")
	f.SiteURL = strings.TrimRight(options["siteurl"], "/")
	f.Name = html.UnescapeString(options["blogname"])
	f.AdminEmail = options["admin_email"]
	f.Locale = options["WPLANG"]
	f.Timezone, f.GMTOffset = options["timezone_string"], options["gmt_offset"]
	f.DateFormat, f.TimeFormat = options["date_format"], options["time_format"]
	f.Theme, f.Permalinks = options["template"], options["permalink_structure"]
	f.DBVersion = options["db_version"]
	f.Keys = options["tillside_keys"]
	return f, nil
}

// Options returns the named options as they stand in the table. What has no row is
// missing from the map.
func Options(ctx context.Context, q sqlx.ExtContext, prefix string, names ...string) (map[string]string, error) {
	const query = `
		SELECT option_name, option_value
		FROM {p}options
		WHERE option_name IN (?)`

	text, args, err := sqlx.In(in(prefix, query), names)
	if err != nil {
		return nil, fmt.Errorf("select options: %w", err)
	}
	var rows []struct {
		Name  string `db:"option_name"`
		Value string `db:"option_value"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, text, args...); err != nil {
		return nil, fmt.Errorf("select options: %w", err)
	}
	asked := make(map[string]bool, len(names))
	for _, name := range names {
		asked[name] = true
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		if asked[r.Name] { // the collation also finds HOME
			out[r.Name] = r.Value
		}
	}
	return out, nil
}

func tableFacts(ctx context.Context, q sqlx.ExtContext, names ...string) (map[string]TableFacts, error) {
	const query = `
		SELECT TABLE_NAME AS name, COALESCE(ENGINE, '') AS engine, COALESCE(TABLE_COLLATION, '') AS collation
		FROM information_schema.TABLES
		WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (?)`

	text, args, err := sqlx.In(query, names)
	if err != nil {
		return nil, fmt.Errorf("select table facts: %w", err)
	}
	var rows []struct {
		Name      string `db:"name"`
		Engine    string `db:"engine"`
		Collation string `db:"collation"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, text, args...); err != nil {
		return nil, fmt.Errorf("select table facts: %w", err)
	}
	out := make(map[string]TableFacts, len(rows))
	for _, r := range rows {
		out[r.Name] = TableFacts(r)
	}
	return out, nil
}
