package wpbridge

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
)

// plain is what a fresh installation writes, to be varied.
const plain = `<?php
define( 'DB_NAME', 'wp' );
define( 'DB_USER', 'u' );
define( 'DB_PASSWORD', 'p' );
define( 'DB_HOST', 'db:3307' );
$table_prefix = 'wp_';
`

// end is how every wp-config.php ends.
const end = `
if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
`

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// site writes files into a folder; the first is wp-config.php.
func siteDir(t *testing.T, config string, more ...string) string {
	t.Helper()
	dir := t.TempDir()
	files := append([]string{"wp-config.php", config}, more...)
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(files[i+1], "{dir}", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

type found struct{ DSN, Prefix, Home, Keys string }

func TestFindSite_ReadsRealConfigs(t *testing.T) {
	tests := []struct {
		name   string
		config string
		env    []string
		want   found
	}{
		{"fresh installation", plain + end, nil, found{"u:p@tcp(db:3307)/wp", "wp_", "", ""}},
		{"byte order mark and Windows line ends", "\ufeff" + strings.ReplaceAll(plain, "\n", "\r\n"), nil, found{"u:p@tcp(db:3307)/wp", "wp_", "", ""}},
		{
			"other case, spacing and quotes", `<?PHP
DEFINE("DB_NAME","wp");Define ( "DB_USER" , 'u' ) ;
\define('DB_PASSWORD', 'p', true);
const DB_HOST = "db";
$table_prefix="Shop_2_";const WP_HOME='https://example.org/shop/';`, nil,
			found{"u:p@tcp(db:3306)/wp", "Shop_2_", "https://example.org/shop", ""},
		},
		{
			"comments of all kinds", `<?php
/** define( 'DB_NAME', 'no' ); */
// define( 'DB_NAME', 'no' ); ?><?php
# define( 'DB_NAME', 'no' );
define( /* name */ 'DB_NAME', // which?
	'wp' # yes
);
/* $table_prefix = 'no_'; */
define( 'DB_USER', 'u//x#y/*z*/' );
define( 'DB_PASSWORD', 'p' ); define( 'DB_HOST', 'db' );
$table_prefix = 'a_'; // $table_prefix = 'b_';
`, nil, found{"u//x#y/*z*/:p@tcp(db:3306)/wp", "a_", "", ""},
		},
		{
			"escapes in single quotes", strings.Replace(plain, `'p'`, `'a\'b\\c\nd$e"f'`, 1), nil,
			found{`u:a'b\c\nd$e"f@tcp(db:3307)/wp`, "wp_", "", ""},
		},
		{
			"escapes in double quotes", strings.Replace(plain, `'p'`, `"a\"b\\c\$d\x41\101\u{1F511}\'\q$ 5"`, 1), nil,
			found{`u:a"b\c$dAA🔑\'\q$ 5@tcp(db:3307)/wp`, "wp_", "", ""},
		},
		{"password full of signs", strings.Replace(plain, `'p'`, `'@:/?#(x)/y'`, 1), nil, found{`u:@:/?#(x)/y@tcp(db:3307)/wp`, "wp_", "", ""}},
		{"empty password", strings.Replace(plain, `'p'`, `''`, 1), nil, found{`u:@tcp(db:3307)/wp`, "wp_", "", ""}},
		{"nowdoc and heredoc", strings.Replace(strings.Replace(plain, `'p'`, "<<<'X'\n  a$b\n  X\n", 1), `'u'`, "<<<X\nu\\x41\nX", 1), nil, found{`uA:a$b@tcp(db:3307)/wp`, "wp_", "", ""}},
		{"database name to be escaped", strings.Replace(plain, `'wp'`, `'w/p?x'`, 1), nil, found{`u:p@tcp(db:3307)/w%2Fp%3Fx`, "wp_", "", ""}},
		{
			"concatenation", strings.Replace(plain, `'wp'`, `'w' . "p" . '_' . 1`, 1) + `define( 'WP_HOME', 'https://' . 'example.org' );`, nil,
			found{`u:p@tcp(db:3307)/wp_1`, "wp_", "https://example.org", ""},
		},
		{
			"constants and variables", `<?php
$stage = 'live'; define( 'SITE', 'wp' );
define( 'DB_NAME', SITE . '_' . $stage ); define( 'DB_USER', SITE ); define( 'DB_PASSWORD', $stage ); define( 'DB_HOST', 'db' );
$table_prefix = SITE . '_';`, nil,
			found{"wp:live@tcp(db:3306)/wp_live", "wp_", "", ""},
		},
		{
			"getenv with defaults", `<?php
define( 'DB_NAME', getenv( 'NAME' ) ?: 'wp' ); define( 'DB_USER', getenv('USER') ? getenv('USER') : 'nobody' );
define( 'DB_PASSWORD', $_ENV['PW'] ?? 'p' ); define( 'DB_HOST', isset( $_SERVER['HOST'] ) ? $_SERVER["HOST"] : 'other' );
$table_prefix = getenv( 'PREFIX' ) ?: ( $_ENV['P2'] ?? 'x_' );`, []string{"USER", "u", "HOST", "db:1"},
			found{"u:p@tcp(db:1)/wp", "x_", "", ""},
		},
		{
			"comparison with false", strings.Replace(plain, `'wp'`, `false !== getenv( 'NAME' ) ? (string) getenv( 'NAME' ) : 'wp'`, 1), nil,
			found{"u:p@tcp(db:3307)/wp", "wp_", "", ""},
		},
		{
			"official container", `<?php
if (!function_exists('getenv_docker')) {
	function getenv_docker($env, $default) {
		if ($fileEnv = getenv($env . '_FILE')) { return rtrim(file_get_contents($fileEnv), "\r\n"); }
		else if (($val = getenv($env)) !== false) { return $val; }
		else { return $default; }
	}
}
define( 'DB_NAME', getenv_docker('WORDPRESS_DB_NAME', 'wordpress') );
define( 'DB_USER', getenv_docker('WORDPRESS_DB_USER', 'example username') );
define( 'DB_PASSWORD', getenv_docker('WORDPRESS_DB_PASSWORD', 'example password') );
define( 'DB_HOST', getenv_docker('WORDPRESS_DB_HOST', 'mysql') );
$table_prefix = getenv_docker('WORDPRESS_TABLE_PREFIX', 'wp_');
if (isset($_SERVER['HTTP_X_FORWARDED_PROTO']) && strpos($_SERVER['HTTP_X_FORWARDED_PROTO'], 'https') !== false) { $_SERVER['HTTPS'] = 'on'; }
if ($configExtra = getenv_docker('WORDPRESS_CONFIG_EXTRA', '')) { eval($configExtra); }
` + end,
			[]string{"WORDPRESS_DB_PASSWORD_FILE", "{dir}/secret", "WORDPRESS_DB_HOST", "db", "WORDPRESS_CONFIG_EXTRA", "define('WP_HOME', 'http://localhost:8080'); define('TILLSIDE_KEYS', '{\"k1\":1}');"},
			found{"example username:from file@tcp(db:3306)/wordpress", "wp_", "http://localhost:8080", `{"k1":1}`},
		},
		{
			"defined only when not yet", `<?php
defined( 'DB_NAME' ) || define( 'DB_NAME', 'wp' ); if ( ! defined( 'DB_USER' ) ) define( 'DB_USER', 'u' );
if ( ! defined( 'DB_PASSWORD' ) ) { define( 'DB_PASSWORD', 'p' ); }
if ( ! defined( 'DB_HOST' ) ) : define( 'DB_HOST', 'db' ); endif;
$table_prefix = 'wp_';` + end, nil, found{"u:p@tcp(db:3306)/wp", "wp_", "", ""},
		},
		{"the first define counts", plain + "define( 'DB_NAME', 'second' );", nil, found{"u:p@tcp(db:3307)/wp", "wp_", "", ""}},
		{"the last prefix counts", plain + "$table_prefix = 'second_';", nil, found{"u:p@tcp(db:3307)/wp", "second_", "", ""}},
		{"what follows wp-settings.php is too late", plain + end + "$table_prefix = 'late_'; define( 'WP_HOME', 'http://late' );", nil, found{"u:p@tcp(db:3307)/wp", "wp_", "", ""}},
		{
			"included files", "<?php\nrequire __DIR__ . '/local/db.php'; require_once dirname( __FILE__ ) . '/more.php';" + end, nil,
			found{"u:p@tcp(db:3307)/wp", "wp_", "", "k"},
		},
		{"keys", plain + `define( 'TILLSIDE_KEYS', '{"k1":{"s":"x\\/y","created":1}}' );`, []string{"TILLSIDE_KEYS", "other"}, found{"u:p@tcp(db:3307)/wp", "wp_", "", `{"k1":{"s":"x\/y","created":1}}`}},
		{"keys from the environment", plain, []string{"TILLSIDE_KEYS", "k"}, found{"u:p@tcp(db:3307)/wp", "wp_", "", "k"}},
		{"the owner's word counts", "<?php define( 'DB_NAME', f() ); $table_prefix = f(); define( 'WP_HOME', f() );", []string{"TILLSIDE_DSN", "a:b@tcp(c)/d", "TILLSIDE_TABLE_PREFIX", "e_", "TILLSIDE_SITE_URL", "https://f.example/"}, found{"a:b@tcp(c)/d", "e_", "https://f.example", ""}},
		{"dynamic code around", plain + `
add_filter( 'x', function ( $a ) use ( $b ) { define( 'DB_NAME', 'never' ); return [ 'a' => $a['b'] ]; } );
class Foo { const DB_USER = 'no'; public static function bar() : ?string { return null; } }
switch ( $_SERVER['HTTP_HOST'] ) { case 'a': $x = "$y[0] {$z->a}"; break; default: ini_set( 'a', '1' ); }
$arr = array( 'define' => 'DB_NAME' ); $f = fn( $x ) => $x ** 2; echo ` + "`ls`" + `; ?><b>define( 'DB_NAME', 'html' )</b><?php` + end, nil, found{"u:p@tcp(db:3307)/wp", "wp_", "", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := siteDir(t, tt.config, "secret", "from file\n", "local/db.php", plain, "more.php", "<?php define( 'TILLSIDE_KEYS', 'k' );")
			for i := range tt.env {
				tt.env[i] = strings.ReplaceAll(tt.env[i], "{dir}", dir)
			}
			s, err := FindSite(dir, env(tt.env...))
			if err != nil {
				t.Fatal(err)
			}
			got := found{s.DSN(), s.Prefix, s.Home, s.Keys}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("site differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFindSite_NamesWhatItCannotRead(t *testing.T) {
	tests := []struct {
		name, config string
		env          []string
		want         []string
	}{
		{"a function", "<?php\n\ndefine( 'DB_PASSWORD', decrypt( 'x' ) );", nil, []string{"wp-config.php:3: DB_PASSWORD calls decrypt()", "TILLSIDE_DSN", "DB_NAME is not set"}},
		{"a method", plain[:6] + "define( 'DB_NAME', Vault::get( 'x' ) );", nil, []string{"DB_NAME reads the class Vault"}},
		{"a variable in quotes", strings.Replace(plain, `'p'`, `"$pw"`, 1), nil, []string{"wp-config.php:4: DB_PASSWORD has a variable inside its quotes"}},
		{"an unknown variable", strings.Replace(plain, `'p'`, `$pw`, 1), nil, []string{"DB_PASSWORD reads $pw"}},
		{"an environment variable that is not ours", strings.Replace(plain, `'p'`, `getenv( 'PW' )`, 1), nil, []string{"DB_PASSWORD comes from the environment variable PW"}},
		{"a secret that cannot be read", strings.Replace(plain, `'p'`, `trim( file_get_contents( '/nowhere/pw' ) )`, 1), nil, []string{"DB_PASSWORD comes from the file /nowhere/pw"}},
		{"the visitor's host", plain + "define( 'WP_HOME', 'http://' . $_SERVER['HTTP_HOST'] );", nil, []string{"WP_HOME comes from the visitor's request", "TILLSIDE_SITE_URL"}},
		{
			"a choice", "<?php\nif ( f() ) {\n\tdefine( 'DB_NAME', 'a' );\n} else {\n\tdefine( 'DB_NAME', 'b' );\n}\n" + plain[6:], nil,
			[]string{"wp-config.php:3: DB_NAME depends on a condition", "wp-config.php:5"},
		},
		{"a prefix that is none", strings.Replace(plain, `'wp_'`, `'wp-;'`, 1), nil, []string{`prefix "wp-;"`, "TILLSIDE_TABLE_PREFIX"}},
		{"no prefix", strings.Replace(plain, `$table_prefix`, `$x`, 1), nil, []string{"$table_prefix is not set"}},
		{"an include out of reach", "<?php require '/nowhere/db.php';", nil, []string{"DB_NAME is not set here; it may be in a file that is included at", "wp-config.php:1"}},
		{"a port that is none", strings.Replace(plain, `db:3307`, `db:x`, 1), nil, []string{`DB_HOST has no valid port: "x"`}},
		{"a user with a colon", strings.Replace(plain, `'u'`, `'u:v'`, 1), nil, []string{"DB_USER has a colon"}},
		{"an empty file", "", nil, []string{"DB_NAME is not set", "DB_USER is not set", "DB_PASSWORD is not set", "DB_HOST is not set", "$table_prefix is not set"}},
		{"quotes that never close", plain[:20] + "'", nil, []string{"DB_NAME"}},
		{"a file named by the environment", plain, []string{"TILLSIDE_KEYS_FILE", "/nowhere/keys"}, []string{"TILLSIDE_KEYS comes from /nowhere/keys"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := FindSite(siteDir(t, tt.config), env(tt.env...))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

func TestFindSite_LooksOneFolderUp(t *testing.T) {
	dir := siteDir(t, plain, "public/wp-settings.php", "<?php", "public/wp-includes/version.php", "<?php\n/** x */\n$wp_version = '6.8.12';\n$wp_db_version = 60421;")
	s, err := FindSite(filepath.Join(dir, "public"), env())
	if err != nil {
		t.Fatal(err)
	}
	if s.ConfigFile != filepath.Join(dir, "wp-config.php") || s.WPVersion != "6.8.12" {
		t.Errorf("file %s, version %s", s.ConfigFile, s.WPVersion)
	}
	if err := os.WriteFile(filepath.Join(dir, "wp-settings.php"), []byte("<?php"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := FindSite(filepath.Join(dir, "public"), env()); err == nil || !strings.Contains(err.Error(), "there is no wp-config.php") {
		t.Errorf("took another site's file: %v", err)
	}
}

func TestFindSite_WithoutFilesReadsTheEnvironment(t *testing.T) {
	dir := siteDir(t, plain, "pw", "secret\r\n")
	s, err := FindSite("", env("WORDPRESS_DB_HOST", "db", "WORDPRESS_DB_NAME", "wp", "WORDPRESS_DB_USER", "u",
		"WORDPRESS_DB_PASSWORD_FILE", filepath.Join(dir, "pw"), "TILLSIDE_SITE_URL", "https://example.org"))
	if err != nil {
		t.Fatal(err)
	}
	if got := (found{s.DSN(), s.Prefix, s.Home, s.Keys}); got != (found{"u:secret@tcp(db:3306)/wp", "wp_", "https://example.org", ""}) {
		t.Errorf("site = %+v", got)
	}
	_, err = FindSite("", env())
	if err == nil || !strings.Contains(err.Error(), "WORDPRESS_DB_NAME is missing in the environment: set it, or TILLSIDE_DSN") {
		t.Errorf("error = %v", err)
	}
}

func TestSite_ReadsDBHostAsWordPressDoes(t *testing.T) {
	tests := []struct{ host, network, address string }{
		{"db.example.org", "tcp", "db.example.org:3306"},
		{"127.0.0.1:3307", "tcp", "127.0.0.1:3307"},
		{"localhost:/run/db/s.sock", "unix", "/run/db/s.sock"},
		{":/run/db/s.sock", "unix", "/run/db/s.sock"},
		{"db:3306:/run/db/s.sock", "unix", "/run/db/s.sock"},
		{"[::1]:3307", "tcp", "[::1]:3307"},
		{"[2001:db8::1]", "tcp", "[2001:db8::1]:3306"},
		{"2001:db8::1", "tcp", "[2001:db8::1]:3306"},
	}
	for _, tt := range tests {
		var s Site
		if err := s.setAddress(tt.host); err != nil {
			t.Errorf("%s: %v", tt.host, err)
		}
		if s.network != tt.network || s.address != tt.address {
			t.Errorf("%s = %s %s, want %s %s", tt.host, s.network, s.address, tt.network, tt.address)
		}
	}
	var s Site
	if err := s.setAddress("localhost"); err != nil || s.network == "tcp" && s.address != "127.0.0.1:3306" {
		t.Errorf("localhost = %s %s, %v", s.network, s.address, err)
	}
}

func TestSite_DSNIsWhatTheDriverReads(t *testing.T) {
	for _, s := range []Site{
		{network: "tcp", address: "db:3306", user: "u", password: `a@b:c/d?e(f)g%41/h@tcp(x)/y`, database: "w/p ?#%ü"},
		{network: "unix", address: "/run/my sock/s.sock", user: "u@%", password: "", database: "wp-1"},
		{network: "tcp", address: "[2001:db8::1]:3307", user: "u", password: "🔑'\"\\", database: "wp", tls: true},
	} {
		cfg, err := mysql.ParseDSN(s.DSN())
		if err != nil {
			t.Errorf("%s: %v", s.DSN(), err)
			continue
		}
		got := Site{network: cfg.Net, address: cfg.Addr, user: cfg.User, password: cfg.Passwd, database: cfg.DBName, tls: cfg.TLSConfig == "preferred"}
		if got != s {
			t.Errorf("driver reads %#v of %s", cfg, s.DSN())
		}
	}
}

func TestSite_PrintsNoSecret(t *testing.T) {
	s, err := FindSite(siteDir(t, strings.Replace(plain, `'p'`, `'hunter2'`, 1)), env("TILLSIDE_KEYS", "hunter3"))
	if err != nil {
		t.Fatal(err)
	}
	if out := s.String() + s.GoString(); strings.Contains(out, "hunter") {
		t.Errorf("printed as %s", out)
	}
}

func FuzzFindSite_DoesNotPanic(f *testing.F) {
	for _, seed := range []string{
		plain, plain + end, "<?php define('DB_NAME', ((((1))));", "<?php $table_prefix = <<<X\na\nX;", "<?php if ($a = b(", "<?php define(", "<?php const",
		"<?php require", "<?php eval('define(\"DB_NAME\", 1);');", "<?php \"\\u{", "<?php '\\", "<?php function (", "<?php a ? b : c ?: d ?? e;", "<?php /*", "<?", "<?php <<<'", "<?php $x = $_ENV[",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		c := newWPConfig(env("A", "b"))
		c.read("/x/wp-config.php", src, false)
		r := settingsReader{config: c, file: "/x/wp-config.php"}
		r.fill(&Site{})
	})
}
