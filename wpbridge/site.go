package wpbridge

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Site is what can be learned of a WordPress site without asking it: how to reach
// its database, the table prefix, and what wp-config.php fixes.
type Site struct {
	ConfigFile string // wp-config.php, or "" when only the environment was read
	WPVersion  string // of wp-includes/version.php, or ""

	Prefix string // "wp_"
	Home   string // WP_HOME without a trailing slash, or "": the option home counts
	Keys   string // TILLSIDE_KEYS, or "": the option tillside_keys counts; secret

	Multisite     bool
	UserTable     string // CUSTOM_USER_TABLE, or ""
	UsermetaTable string // CUSTOM_USER_META_TABLE, or ""

	dsn      string // TILLSIDE_DSN
	network  string // tcp or unix
	address  string
	user     string
	password string
	database string
	tls      bool
}

// The variables with which an owner sets what cannot be read.
const (
	envDSN    = "TILLSIDE_DSN"
	envPrefix = "TILLSIDE_TABLE_PREFIX"
	envHome   = "TILLSIDE_SITE_URL"
	envKeys   = "TILLSIDE_KEYS"
)

// Where PHP's mysqli finds "localhost", by distribution.
var mysqlSockets = []string{"/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"}

var prefixForm = regexp.MustCompile(`^[A-Za-z0-9_]{1,48}$`)

// FindSite reads the wp-config.php of the WordPress in dir, or in the folder above
// it as WordPress allows, without running it. With dir "" it takes everything from
// the environment. TILLSIDE_DSN, TILLSIDE_TABLE_PREFIX, TILLSIDE_SITE_URL and (where
// the file has no such constant) TILLSIDE_KEYS stand over the file; the official
// container's WORDPRESS_DB_* serve what is missing. Each may be given as NAME_FILE.
// The error names every value that cannot be read, with file and line.
func FindSite(dir string, getenv func(string) string) (*Site, error) {
	config := newWPConfig(getenv)
	site := &Site{}
	if dir != "" {
		file, err := configFile(dir)
		if err != nil {
			return nil, err
		}
		src, err := readLimited(file)
		if err != nil {
			return nil, fmt.Errorf("read wp-config.php: %w", err)
		}
		site.ConfigFile = file
		site.WPVersion = wordpressVersion(dir)
		config.read(file, src, false)
	}
	r := settingsReader{config: config, file: site.ConfigFile}
	r.fill(site)
	if len(r.faults) > 0 {
		return nil, fmt.Errorf("find the site: %w", errors.Join(r.faults...))
	}
	return site, nil
}

// DSN returns the data source name for go-sql-driver/mysql.
func (s *Site) DSN() string {
	if s.dsn != "" {
		return s.dsn
	}
	dsn := s.user + ":" + s.password + "@" + s.network + "(" + s.address + ")/" + url.PathEscape(s.database)
	if s.tls {
		dsn += "?tls=preferred"
	}
	return dsn
}

// String names the site without its password and keys.
func (s *Site) String() string {
	return fmt.Sprintf("site %s: %s(%s)/%s, prefix %s", orDefault(s.ConfigFile, "by environment"), s.network, s.address, s.database, s.Prefix)
}

// GoString does the same for %#v.
func (s *Site) GoString() string { return s.String() }

// configFile returns dir's wp-config.php, or the one above unless that belongs to
// another WordPress.
func configFile(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find wp-config.php: %w", err)
	}
	file := filepath.Join(dir, "wp-config.php")
	if isFile(file) {
		return file, nil
	}
	above := filepath.Dir(dir)
	if isFile(filepath.Join(above, "wp-config.php")) && !isFile(filepath.Join(above, "wp-settings.php")) {
		return filepath.Join(above, "wp-config.php"), nil
	}
	return "", fmt.Errorf("there is no wp-config.php in %s or above it: give WordPress's own folder, "+
		"or set %s, %s and %s instead", dir, envDSN, envPrefix, envHome)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// wordpressVersion reads $wp_version; the database does not have it.
func wordpressVersion(dir string) string {
	file := filepath.Join(dir, "wp-includes", "version.php")
	src, err := readLimited(file)
	if err != nil {
		return ""
	}
	c := newWPConfig(func(string) string { return "" })
	c.read(file, src, false)
	return c.vars["wp_version"].text
}

// setAddress reads DB_HOST as WordPress does: host, host:port, host:/socket,
// :/socket, [v6]:port.
func (s *Site) setAddress(host string) error {
	host, socket, hasSocket := strings.Cut(host, ":/")
	if hasSocket {
		s.network, s.address = "unix", "/"+socket
		return nil
	}
	port := ""
	switch {
	case strings.HasPrefix(host, "["):
		rest := ""
		host, rest, _ = strings.Cut(host[1:], "]")
		port = strings.TrimPrefix(rest, ":")
	case strings.Count(host, ":") == 1:
		host, port, _ = strings.Cut(host, ":")
	}
	if port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("has no valid port: %q", port)
		}
	}
	if strings.ContainsAny(host, "/()@ \t") {
		return fmt.Errorf("is not a host: %q", host)
	}
	if host == "" || strings.EqualFold(host, "localhost") {
		// PHP takes the socket for localhost, whatever the port.
		for _, path := range mysqlSockets {
			if _, err := os.Stat(path); err == nil {
				s.network, s.address = "unix", path
				return nil
			}
		}
		host = "127.0.0.1"
	}
	s.network, s.address = "tcp", net.JoinHostPort(host, orDefault(port, "3306"))
	return nil
}
