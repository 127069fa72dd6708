// Package mysqltest gives each test a migrated database of its own.
package mysqltest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/tillside/tillside/server/mysql"
)

// Prefix is the table prefix of every test database: not WordPress's usual
// one, so that a forgotten prefix shows.
const Prefix = "shop_"

// Open returns a fresh, migrated database, dropped when the test ends.
func Open(t testing.TB) *mysql.DB {
	t.Helper()
	return OpenAt(t, DSN(t))
}

// OpenAt opens and migrates the database of a DSN that DSN returned, with a
// pool of its own: a second process on the same database.
func OpenAt(t testing.TB, dsn string) *mysql.DB {
	t.Helper()
	db, err := mysql.Open(t.Context(), mysql.Options{DSN: dsn, Prefix: Prefix})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return db
}

// DSN makes an empty database, dropped when the test ends, and returns its
// DSN. Without TEST_MYSQL_DSN it skips; in CI it fails instead, so that nothing
// is skipped unseen.
func DSN(t testing.TB) string {
	t.Helper()
	server := os.Getenv("TEST_MYSQL_DSN")
	if server == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("TEST_MYSQL_DSN is not set")
		}
		t.Skip("TEST_MYSQL_DSN is not set; make test sets it")
	}
	admin, err := sql.Open("mysql", server)
	if err != nil {
		t.Fatal(err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec("CREATE DATABASE " + name + " CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if _, err := admin.ExecContext(ctx, "DROP DATABASE "+name); err != nil {
			t.Error(err)
		}
		_ = admin.Close()
	})
	cfg, err := driver.ParseDSN(server)
	if err != nil {
		t.Fatal(err)
	}
	cfg.DBName = name
	return cfg.FormatDSN()
}
