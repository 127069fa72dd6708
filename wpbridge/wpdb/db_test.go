package wpdb

import (
	"context"
	"crypto/rand"
	"database/sql"
	_ "embed"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
)

// The tables as WordPress makes them; the same from 6.8 to 7.1.
//
//go:embed testdata/wordpress.sql
var wordpressTables string

// Tillside's own tables that this package touches, as server/mysql makes them.
const tillsideTables = `
	CREATE TABLE {p}tillside_locks (
		name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
		touched_at DATETIME(6) NOT NULL
	) ENGINE=InnoDB;
	INSERT INTO {p}tillside_locks VALUES ('wordpress.user', '2026-01-01');
	CREATE TABLE {p}tillside_wp_events (
		id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
		type VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
		payload TEXT NOT NULL,
		created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
	) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`

const testPrefix = "shop_"

// openDB returns a pool on a database of its own with WordPress's tables under the
// prefix, dropped when the test ends. Without TEST_MYSQL_DSN it skips; in CI it fails.
func openDB(t *testing.T, prefix string) *sqlx.DB {
	t.Helper()
	server := os.Getenv("TEST_MYSQL_DSN")
	if server == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("TEST_MYSQL_DSN is not set")
		}
		t.Skip("TEST_MYSQL_DSN is not set; make test sets it")
	}
	cfg, err := mysql.ParseDSN(server)
	if err != nil {
		t.Fatal(err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	admin, err := sqlx.Open("mysql", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_, _ = admin.ExecContext(ctx, "DROP DATABASE IF EXISTS "+name)
		_ = admin.Close()
	})
	mustExec(t, admin, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci")

	cfg.DBName = name
	cfg.ParseTime = true
	cfg.ClientFoundRows = true
	cfg.Collation = "utf8mb4_unicode_520_ci"
	cfg.Params = map[string]string{
		"time_zone": "'+00:00'", "sql_mode": "'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "mysql")
	t.Cleanup(func() { _ = db.Close() })
	for _, text := range strings.Split(in(prefix, wordpressTables+tillsideTables), ";") {
		if strings.TrimSpace(text) != "" {
			mustExec(t, db, text)
		}
	}
	addOption(t, db, prefix, "default_role", "subscriber")
	addOption(t, db, prefix, prefix+"user_roles", userRoles)
	return db
}

func mustExec(t *testing.T, db *sqlx.DB, text string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatal(err)
	}
}

func addOption(t *testing.T, db *sqlx.DB, prefix, name, value string) {
	t.Helper()
	mustExec(t, db, "REPLACE INTO "+prefix+"options (option_name, option_value, autoload) VALUES (?, ?, 'no')", name, value)
}

func addUser(t *testing.T, db *sqlx.DB, login, email, nicename string) {
	t.Helper()
	mustExec(t, db, "INSERT INTO "+testPrefix+"users (user_login, user_email, user_nicename, user_pass) VALUES (?, ?, ?, 'x')", login, email, nicename)
}

// role is one role of the option, serialized.
func role(slug string, caps ...string) string {
	s := ""
	for _, c := range caps {
		s += serializeString(c) + "b:1;"
	}
	return serializeString(slug) + fmt.Sprintf(`a:2:{s:4:"name";%ss:12:"capabilities";a:%d:{%s}}`, serializeString(slug), len(caps), s)
}

var userRoles = "a:5:{" + role("administrator", "manage_options", "level_10", "level_0") + role("editor", "edit_others_posts", "level_7") +
	role("author", "publish_posts", "level_2", "level_1", "level_0", "read") + role("subscriber", "read", "level_0") + role("member", "read") + "}"

// newUser is a user to vary.
func newUser(email string) NewUser {
	return NewUser{
		Email: email, FirstName: "Ada", LastName: "Lovelace", Roles: []string{"subscriber"}, PassHash: testHash, WPVersion: "6.8.12",
		Now: time.Date(2026, 11, 20, 13, 0, 0, 0, time.UTC),
	}
}

const testHash = "$wp$2y$04$abcdefghijklmnopqrstuup5lr9X5y2ivXNqX3saHIQSKQF0rdIHq"

// createUser runs CreateUser in a transaction of its own.
func createUser(t *testing.T, db *sqlx.DB, prefix string, u NewUser) (Created, error) {
	t.Helper()
	tx, err := db.BeginTxx(t.Context(), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // a no-op once committed
	created, err := CreateUser(t.Context(), tx, prefix, u)
	if err != nil {
		return Created{}, err
	}
	return created, tx.Commit()
}
