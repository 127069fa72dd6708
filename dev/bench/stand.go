package main

import (
	"database/sql"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/tillside/tillside/server/shoptest"
)

// host stands in for a test, so that shoptest can set up a shop outside one.
type host struct {
	testing.TB
	cleanups []func()
}

// failure is what Fatal panics with; main prints it.
type failure string

func (h *host) Helper()                           {}
func (h *host) Cleanup(f func())                  { h.cleanups = append(h.cleanups, f) }
func (h *host) Fatal(args ...any)                 { panic(failure(fmt.Sprint(args...))) }
func (h *host) Fatalf(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }
func (h *host) Skip(args ...any)                  { h.Fatal(args...) }
func (h *host) Error(args ...any)                 { fmt.Fprintln(os.Stderr, args...) }

func (h *host) close() {
	for _, cleanup := range slices.Backward(h.cleanups) {
		cleanup()
	}
}

// poolSize is that of both sides of every contest: Tillside's default.
const poolSize = 10

// openFloor opens the stand's database with the settings that package mysql
// sets, without anything of Tillside.
func openFloor(s *shoptest.Stand) (*sql.DB, error) {
	cfg, err := driver.ParseDSN(s.DSN)
	if err != nil {
		return nil, err
	}
	cfg.ParseTime, cfg.Loc, cfg.ClientFoundRows, cfg.InterpolateParams = true, time.UTC, true, true
	cfg.Collation = "utf8mb4_unicode_520_ci"
	cfg.Params = map[string]string{
		"time_zone": "'+00:00'", "sql_mode": "'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'", "innodb_lock_wait_timeout": "5",
		"tx_isolation": "'READ-COMMITTED'",
	}
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	return db, db.Ping()
}
