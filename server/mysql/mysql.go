// Package mysql implements the domain packages' stores. All SQL on our own
// tables lives here; SQL on WordPress's tables lives in wpbridge/wpdb.
package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"github.com/tillside/tillside/server/errs"
)

// Server error numbers, named as in the MariaDB and MySQL manuals.
const (
	erDupEntry        = 1062
	erLockWaitTimeout = 1205
	erLockDeadlock    = 1213
	erCheckRead       = 1020 // "Record has changed since last read": MariaDB's snapshot check, Galera
)

// Options says which database to open and how.
type Options struct {
	DSN    string // of go-sql-driver; what the queries rely on is set over it
	Prefix string // the site's table prefix, "wp_"
	Pool   int    // connections at most; 0 means 10
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// DB is a pool of connections to the site's database.
type DB struct {
	querier
	pool   *sqlx.DB
	now    func() time.Time
	prefix string

	address   string // where the server is; empty on this machine
	onEnqueue func(destinations ...string)
}

// ErrUnknownOutcome means that the connection was lost while a commit was
// under way: it may or may not have happened. Read before you repeat.
var ErrUnknownOutcome = errors.New("the outcome of the commit is unknown")

const (
	defaultPool    = 10
	connLifetime   = 5 * time.Minute // below wait_timeout of every host that we know
	connectTimeout = 5 * time.Second
)

// Open connects with the settings that every query here relies on: READ
// COMMITTED, strict mode, UTC, found rows. It pings once.
func Open(ctx context.Context, o Options) (*DB, error) {
	cfg, err := mysql.ParseDSN(o.DSN)
	if err != nil {
		return nil, fmt.Errorf("parse dsn: %w", err)
	}
	cfg.ParseTime = true       // DATETIME scans into time.Time
	cfg.Loc = time.UTC         // and is always UTC
	cfg.ClientFoundRows = true // UPDATE reports matched rows, not changed ones
	cfg.InterpolateParams = true
	cfg.Timeout = connectTimeout
	cfg.Logger = mysql.Logger(&mysql.NopLogger{})
	if cfg.Collation == "" {
		cfg.Collation = "utf8mb4_unicode_520_ci"
	}
	if cfg.Params == nil {
		cfg.Params = map[string]string{}
	}
	cfg.Params["time_zone"] = "'+00:00'"
	// Without NO_ZERO_DATE: WordPress's own columns default to zero dates.
	cfg.Params["sql_mode"] = "'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"
	cfg.Params["innodb_lock_wait_timeout"] = "5"
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("mysql connector: %w", err)
	}
	pool := sqlx.NewDb(sql.OpenDB(readCommitted{connector}), "mysql")
	size := o.Pool
	if size <= 0 {
		size = defaultPool
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	pool.SetConnMaxLifetime(connLifetime)
	if err := pool.PingContext(ctx); err != nil {
		_ = pool.Close() // the ping's error says more
		return nil, fmt.Errorf("ping mysql: %w", err)
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	db := &DB{pool: pool, now: now, prefix: o.Prefix, address: remoteAddress(cfg)}
	db.querier = querier{ext: pool, names: &names{prefix: o.Prefix}}
	return db, nil
}

// remoteAddress returns the server's address, or nothing when it is on this
// machine.
func remoteAddress(cfg *mysql.Config) string {
	host, _, err := net.SplitHostPort(cfg.Addr)
	if strings.HasPrefix(cfg.Addr, "/") || err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback()) {
		return ""
	}
	return cfg.Addr
}

// OnEnqueue sets what is called after each commit that wrote a job, with the
// destinations whose lanes got one. It must return at once. Set it before the
// first transaction.
func (db *DB) OnEnqueue(wake func(destinations ...string)) { db.onEnqueue = wake }

// Close closes the pool.
func (db *DB) Close() error { return db.pool.Close() }

// Ping asks the server for a sign of life.
func (db *DB) Ping(ctx context.Context) error { return db.pool.PingContext(ctx) }

// Prefix returns the site's table prefix.
func (db *DB) Prefix() string { return db.prefix }

// WordPress hands the pool out for reads of WordPress's own tables, which only
// package wpdb knows.
func (db *DB) WordPress() sqlx.ExtContext { return db.pool }

// readCommitted sets the isolation level of every new connection. The variable
// has another name on MariaDB than on MySQL; the statement is the same.
type readCommitted struct{ driver.Connector }

// Connect implements driver.Connector.
func (c readCommitted) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	const statement = `SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED`
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, statement, nil); err != nil {
		_ = conn.Close() // it is of no use in another isolation level
		return nil, fmt.Errorf("set isolation level: %w", err)
	}
	return conn, nil
}

const (
	maxTxAttempts = 20
	growsUntil    = 8 // attempts, that pauses grow
	retryFor      = 15 * time.Second
	retryUnit     = 15 * time.Millisecond
)

// inTx runs fn in a transaction and commits if it returns nil. A deadlock, a
// lock timeout or a certification failure, also at the commit, runs fn again
// after a jittered pause, for some seconds; so fn must do nothing that a
// rollback cannot undo: no gateway call, no mail, no channel send. A connection
// lost at the commit is ErrUnknownOutcome.
func (db *DB) inTx(ctx context.Context, fn func(tx *tx) error) error {
	return db.retry(ctx, func() error { return db.tryTx(ctx, fn) })
}

// exec runs a statement in a transaction of its own, again as inTx does: on a
// cluster its commit may be sent back.
func (db *DB) exec(ctx context.Context, query string, args ...any) (int64, error) {
	n := int64(0)
	err := db.retry(ctx, func() error {
		var err error
		n, err = db.querier.exec(ctx, query, args...)
		return err
	})
	return n, err
}

// insert does so for an INSERT, and returns the new row's id.
func (db *DB) insert(ctx context.Context, query string, args ...any) (int64, error) {
	id := int64(0)
	err := db.retry(ctx, func() error {
		var err error
		id, err = db.querier.insert(ctx, query, args...)
		return err
	})
	return id, err
}

func (db *DB) retry(ctx context.Context, do func() error) error {
	began := time.Now()
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || !isRetryable(err) || attempt == maxTxAttempts || time.Since(began) > retryFor {
			return asUnavailable(err)
		}
		pause := time.Duration(min(attempt, growsUntil)) * retryUnit
		pause += rand.N(pause)
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

func (db *DB) tryTx(ctx context.Context, fn func(tx *tx) error) error {
	t, err := db.pool.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer t.Rollback() //nolint:errcheck // a no-op once committed

	run := &tx{querier: querier{ext: t, names: db.names}, now: db.now}
	if err := fn(run); err != nil {
		return err
	}
	err = t.Commit()
	switch {
	case err == nil:
		if run.enqueued && db.onEnqueue != nil {
			db.onEnqueue(run.destinations...)
		}
		return nil
	case isRetryable(err):
		return fmt.Errorf("commit: %w", err)
	}
	if _, refused := errors.AsType[*mysql.MySQLError](err); refused {
		return fmt.Errorf("commit: %w", err)
	}
	return fmt.Errorf("commit: %w: %w", ErrUnknownOutcome, err)
}

func isRetryable(err error) bool {
	return hasNumber(err, erLockDeadlock) || hasNumber(err, erLockWaitTimeout) || hasNumber(err, erCheckRead)
}

func isDuplicate(err error) bool { return hasNumber(err, erDupEntry) }

func hasNumber(err error, number uint16) bool {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && e.Number == number
}

// asUnavailable adds the code Unavailable to what says that the database is
// away, so that a caller answers "try again" and not "our fault".
func asUnavailable(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, mysql.ErrInvalidConn), isRetryable(err), isDialError(err):
		return errors.Join(errs.New(errs.Unavailable, "The store is busy for a moment. Please try again."), err)
	}
	return err
}
