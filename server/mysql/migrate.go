package mysql

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// fallbackCollation is used when the site has no users table yet.
const fallbackCollation = "utf8mb4_unicode_520_ci"

// Migrate applies the embedded migrations that have not run yet, one statement
// a file, under goose's table lock; so several processes may call it at once,
// and again after a crash. It returns the names of those it applied.
func (db *DB) Migrate(ctx context.Context, log *slog.Logger) ([]string, error) {
	provider, err := db.migrator(ctx, log)
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	applied := make([]string, 0, len(results))
	for _, r := range results {
		applied = append(applied, strings.TrimPrefix(r.Source.Path, "migrations/"))
	}
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", err)
	}
	return applied, nil
}

// Pending returns how many migrations have not run yet.
func (db *DB) Pending(ctx context.Context) (int, error) {
	provider, err := db.migrator(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	all, err := provider.Status(ctx)
	if err != nil {
		return 0, fmt.Errorf("migration status: %w", err)
	}
	pending := 0
	for _, m := range all {
		if m.State == goose.StatePending {
			pending++
		}
	}
	return pending, nil
}

func (db *DB) migrator(ctx context.Context, log *slog.Logger) (*goose.Provider, error) {
	collation, err := db.collation(ctx)
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewMySQLTableLocker(
		lock.WithTableName(db.prefix+"tillside_migration_lock"),
		lock.WithTableLockTimeout(time.Second, 120),
	)
	if err != nil {
		return nil, fmt.Errorf("migration lock: %w", err)
	}
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	provider, err := goose.NewProvider(database.DialectMySQL, db.pool.DB, siteFS{sub, db.names, collation},
		goose.WithTableName(db.prefix+"tillside_migrations"), goose.WithLocker(locker),
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(log))
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return provider, nil
}

// collation returns the collation of the site's users, so that joins with
// WordPress's tables need no conversion.
func (db *DB) collation(ctx context.Context) (string, error) {
	const query = `
		SELECT COLLATION_NAME
		FROM information_schema.COLUMNS
		WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND COLUMN_NAME = 'user_login'`

	var collation string
	err := db.get(ctx, &collation, query, db.prefix+"users")
	switch {
	case isNoRows(err):
		return fallbackCollation, nil
	case err != nil:
		return "", fmt.Errorf("collation of the users table: %w", err)
	case !strings.HasPrefix(collation, "utf8mb4_"):
		return fallbackCollation, nil // doctor tells the owner; names need four-byte characters
	}
	return collation, nil
}

// siteFS shows the migrations with the site's prefix and collation put in.
type siteFS struct {
	fs.FS
	names     *names
	collation string
}

// Open implements fs.FS.
func (s siteFS) Open(name string) (fs.File, error) {
	file, err := s.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return file, err
	}
	raw, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	info, err := fs.Stat(s.FS, name)
	if err != nil {
		return nil, err
	}
	text := s.names.expand(strings.ReplaceAll(string(raw), "{collation}", s.collation))
	return &siteFile{Reader: bytes.NewReader([]byte(text)), info: info}, nil
}

// Glob implements fs.GlobFS.
func (s siteFS) Glob(pattern string) ([]string, error) { return fs.Glob(s.FS, pattern) }

type siteFile struct {
	*bytes.Reader
	info fs.FileInfo
}

// Stat implements fs.File.
func (f *siteFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// Close implements fs.File.
func (f *siteFile) Close() error { return nil }
