package wpbridge

import (
	"fmt"
	"strconv"
	"strings"
)

// settingsReader turns what wp-config.php says into a Site, and gathers what it
// could not read.
type settingsReader struct {
	config *wpConfig
	file   string // wp-config.php, or ""
	faults []error
}

func place(file string, line int) string { return file + ":" + strconv.Itoa(line) }

func (r *settingsReader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf(format, args...))
}

func (r *settingsReader) fill(s *Site) {
	s.dsn = r.env(envDSN)
	if s.dsn == "" {
		r.fillDatabase(s)
	}
	s.Prefix = r.env(envPrefix)
	if s.Prefix == "" {
		s.Prefix = r.required(prefixVar, "WORDPRESS_TABLE_PREFIX", "wp_", envPrefix)
	}
	if s.Prefix != "" && !prefixForm.MatchString(s.Prefix) {
		r.fault("the table prefix %q has other characters than letters, digits and _: set %s", s.Prefix, envPrefix)
	}
	s.Home = strings.TrimRight(r.env(envHome), "/")
	if s.Home == "" {
		s.Home = strings.TrimRight(r.optional("WP_HOME", envHome), "/")
	}
	// The plugin too takes the constant before the environment.
	if s.Keys = r.optional("TILLSIDE_KEYS", envKeys); s.Keys == "" {
		s.Keys = r.env(envKeys)
	}
	s.Multisite = r.isTrue("MULTISITE")
	s.UserTable = r.optional("CUSTOM_USER_TABLE", envDSN)
	s.UsermetaTable = r.optional("CUSTOM_USER_META_TABLE", envDSN)
}

func (r *settingsReader) fillDatabase(s *Site) {
	s.database = r.required("DB_NAME", "WORDPRESS_DB_NAME", "", envDSN)
	s.user = r.required("DB_USER", "WORDPRESS_DB_USER", "", envDSN)
	s.password = r.required("DB_PASSWORD", "WORDPRESS_DB_PASSWORD", "", envDSN)
	host := r.required("DB_HOST", "WORDPRESS_DB_HOST", "localhost", envDSN)
	if strings.Contains(s.user, ":") {
		r.fault("DB_USER has a colon, which a DSN cannot express: give the site another database user")
	}
	if err := s.setAddress(host); err != nil {
		r.fault("DB_HOST %w: set %s", err, envDSN)
	}
	_, s.tls = r.config.settings["MYSQL_CLIENT_FLAGS"]
}

func (r *settingsReader) env(name string) string {
	v, why := envOrFile(r.config.getenv, name)
	if why != "" {
		r.fault("%s %s", name, why)
	}
	return v
}

// required returns a setting that a site cannot do without. It may be empty, as the
// password may; it may not be missing, unless there is a fallback.
func (r *settingsReader) required(name, env, fallback, remedy string) string {
	if text, ok := r.read(name, remedy); ok {
		return text
	}
	if v, why := envOrFile(r.config.getenv, env); v != "" || why != "" {
		if why != "" {
			r.fault("%s %s", env, why)
		}
		return v
	}
	if fallback != "" && r.file == "" {
		return fallback
	}
	switch {
	case r.file == "":
		r.fault("%s is missing in the environment: set it, or %s", env, remedy)
	case len(r.config.missed) > 0:
		r.fault("%s: %s is not set here; it may be in a file that is included at %s and cannot be followed: set %s",
			r.file, name, strings.Join(r.config.missed, ", "), remedy)
	default:
		r.fault("%s: %s is not set: set %s", r.file, name, remedy)
	}
	return ""
}

// optional returns a setting, or "" when there is none.
func (r *settingsReader) optional(name, remedy string) string {
	text, _ := r.read(name, remedy)
	return text
}

// read returns a setting that wp-config.php gives. PHP keeps a constant's first
// value and a variable's last; which of several a condition chooses, nobody knows
// without running the file.
func (r *settingsReader) read(name, remedy string) (string, bool) {
	list := r.config.settings[name]
	if name == prefixVar {
		list = lastFirst(list)
	}
	var chosen *setting
	for i := range list {
		s := &list[i]
		if chosen != nil && chosen.value != s.value {
			r.fault("%s: %s depends on a condition; another value is at %s: set %s",
				place(chosen.file, chosen.line), name, place(s.file, s.line), remedy)
			return "", true
		}
		chosen = s
		if !s.conditional {
			break
		}
	}
	if chosen == nil {
		return "", false
	}
	text, ok := chosen.value.asText()
	switch {
	case !ok:
		r.fault("%s: %s %s, and Tillside does not run PHP: write the value there, or set %s",
			place(chosen.file, chosen.line), name, chosen.value.why, remedy)
		return "", true
	case text == "" && chosen.value.why != "":
		r.fault("%s: %s %s: set it, or set %s", place(chosen.file, chosen.line), name, chosen.value.why, remedy)
		return "", true
	}
	return text, true
}

// lastFirst turns the order round: of assignments the last unconditional one
// counts, and those after it.
func lastFirst(list []setting) []setting {
	out := make([]setting, 0, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		out = append(out, list[i])
	}
	return out
}

func (r *settingsReader) isTrue(name string) bool {
	list := r.config.settings[name]
	if len(list) == 0 {
		return false
	}
	is, _ := list[0].value.truth()
	return is
}
