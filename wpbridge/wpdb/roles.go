package wpdb

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
)

// Role is one of the site's roles as the database has it.
type Role struct {
	Slug  string
	Name  string
	Caps  []string // those it grants, in the order of the option
	level int
}

// unsafeCaps let their holder change the site, its settings, or what others wrote
// or are; one is enough that no purchase grants the role.
var unsafeCaps = []string{
	"activate_plugins", "create_users", "customize", "delete_plugins", "delete_themes", "delete_users", "edit_dashboard",
	"edit_files", "edit_plugins", "edit_theme_options", "edit_themes", "edit_users", "export", "import", "install_languages",
	"install_plugins", "install_themes", "list_users", "manage_categories", "manage_options", "moderate_comments",
	"promote_users", "publish_pages", "remove_users", "resume_plugins", "resume_themes", "setup_network", "switch_themes",
	"unfiltered_html", "unfiltered_upload", "update_core", "update_languages", "update_plugins", "update_themes",
	"upload_plugins", "upload_themes", "view_site_health_checks",
	"export_others_personal_data", "erase_others_personal_data", "manage_privacy_options",
	"manage_tillside", "manage_woocommerce",
}

// unsafeStarts catch other plugins' post types and WordPress's network.
var unsafeStarts = []string{
	"edit_others_", "delete_others_", "create_sites", "delete_sites", "manage_network", "manage_sites", "upgrade_network",
}

// RoleIsSafe reports whether a purchase may grant the role: it cannot edit users,
// settings or what belongs to others.
func RoleIsSafe(r Role) bool {
	if r.Slug == "" || r.Slug == "administrator" || r.Slug == "editor" {
		return false
	}
	return !slices.ContainsFunc(r.Caps, func(c string) bool {
		c = strings.ToLower(c)
		return slices.Contains(unsafeCaps, c) ||
			slices.ContainsFunc(unsafeStarts, func(start string) bool { return strings.HasPrefix(c, start) })
	})
}

// Roles returns the site's roles in their order. Roles that a plugin adds only while
// PHP runs are not among them.
func Roles(ctx context.Context, q sqlx.ExtContext, prefix string) ([]Role, error) {
	name := prefix + "user_roles"
	options, err := Options(ctx, q, prefix, name)
	if err != nil {
		return nil, fmt.Errorf("roles: %w", err)
	}
	text, ok := options[name]
	if !ok {
		return nil, fmt.Errorf("roles: there is no option %s", name)
	}
	roles, err := parseRoles(text)
	if err != nil {
		return nil, fmt.Errorf("option %s: %w", name, err)
	}
	return roles, nil
}

func parseRoles(text string) ([]Role, error) {
	v, err := unserialize(text)
	if err != nil {
		return nil, err
	}
	pairs, ok := v.([]phpPair)
	if !ok {
		return nil, errSerialized
	}
	roles := make([]Role, 0, len(pairs))
	for _, p := range pairs {
		fields, ok := p.value.([]phpPair)
		if !ok {
			return nil, fmt.Errorf("role %q: %w", p.key, errSerialized)
		}
		role := Role{Slug: p.key}
		for _, f := range fields {
			switch value := f.value.(type) {
			case string:
				if f.key == "name" {
					role.Name = value
				}
			case []phpPair:
				if f.key == "capabilities" {
					role.addCaps(value)
				}
			}
		}
		roles = append(roles, role)
	}
	return roles, nil
}

var levelCap = regexp.MustCompile(`(?i)^level_(10|[0-9])$`)

func (r *Role) addCaps(caps []phpPair) {
	for _, c := range caps {
		if granted(c.value) {
			r.Caps = append(r.Caps, c.key)
		}
		// WordPress counts a level by its name, granted or not.
		if m := levelCap.FindStringSubmatch(c.key); m != nil {
			n, _ := strconv.Atoi(m[1])
			r.level = max(r.level, n)
		}
	}
}

// granted is PHP's idea of a true value.
func granted(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != "" && v != "0"
	case []phpPair:
		return len(v) > 0
	}
	return false
}

// RolesOf returns the slugs of a user's roles, and of what else was granted to
// that user alone; none for a user who does not exist.
func RolesOf(ctx context.Context, q sqlx.ExtContext, prefix string, userID int64) ([]string, error) {
	const query = `
		SELECT meta_value
		FROM {p}usermeta
		WHERE user_id = ? AND meta_key = ?`

	var texts []string
	if err := sqlx.SelectContext(ctx, q, &texts, in(prefix, query), userID, prefix+"capabilities"); err != nil {
		return nil, fmt.Errorf("select capabilities of user %d: %w", userID, err)
	}
	if len(texts) == 0 {
		return nil, nil
	}
	v, err := unserialize(texts[0])
	if err != nil {
		return nil, fmt.Errorf("capabilities of user %d: %w", userID, err)
	}
	pairs, _ := v.([]phpPair) // whatever else stands there grants nothing
	var roles []string
	for _, pair := range pairs {
		if granted(pair.value) {
			roles = append(roles, pair.key)
		}
	}
	return roles, nil
}
