package mysql_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/server/mysql/mysqltest"
)

const countUp = `UPDATE {counters} SET value = value + 1 WHERE name = 'a'`

func counter(t *testing.T) *mysql.DB {
	t.Helper()
	db := mysqltest.Open(t)
	if err := db.Exec(t.Context(), `INSERT INTO {counters} (name, value) VALUES ('a', 0)`); err != nil {
		t.Fatal(err)
	}
	return db
}

// Galera refuses a commit with 1213, MariaDB's snapshot check a read with 1020,
// InnoDB a lock with 1205: all mean that the transaction must run again.
func TestInTx_RunsAgainWhenTheServerAsksForIt(t *testing.T) {
	for _, tt := range []struct {
		number uint16
		fails  int // how often
		runs   int
		ok     bool
	}{
		{number: 1205, fails: 2, runs: 3, ok: true},
		{number: 1213, fails: 7, runs: 8, ok: true},
		{number: 1020, fails: 1, runs: 2, ok: true},
		{number: 1213, fails: 100, runs: 20},
		{number: 1062, fails: 1, runs: 1},
		{number: 1406, fails: 1, runs: 1},
	} {
		t.Run(fmt.Sprintf("%d, %d times", tt.number, tt.fails), func(t *testing.T) {
			db := counter(t)
			runs := 0
			err := db.InTx(t.Context(), func(tx *mysql.Tx) error {
				runs++
				if err := tx.Exec(t.Context(), countUp); err != nil {
					return err
				}
				if runs <= tt.fails {
					return fmt.Errorf("lock: %w", &driver.MySQLError{Number: tt.number, Message: "as on a cluster"})
				}
				return nil
			})
			if runs != tt.runs || (err == nil) != tt.ok {
				t.Errorf("%d runs (%v), want %d", runs, err, tt.runs)
			}
			want := int64(0)
			if tt.ok {
				want = 1
			}
			wantCount(t, db, want, `SELECT value FROM {counters} WHERE name = 'a'`)
			if tt.fails == 100 && !errs.Is(err, errs.Unavailable) {
				t.Errorf("error = %v, want unavailable: it may work in a moment", err)
			}
		})
	}
}

func TestInTx_EndsWithItsContext(t *testing.T) {
	db := counter(t)
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	err := db.InTx(ctx, func(*mysql.Tx) error {
		runs++
		cancel()
		return &driver.MySQLError{Number: 1213}
	})
	if runs != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d runs (%v), want one", runs, err)
	}
}

// The database committed, and the connection broke before it could say so.
func TestInTx_LostCommitIsUnknown(t *testing.T) {
	dsn := mysqltest.DSN(t)
	direct := mysqltest.OpenAt(t, dsn)
	if err := direct.Exec(t.Context(), `INSERT INTO {counters} (name, value) VALUES ('a', 0)`); err != nil {
		t.Fatal(err)
	}
	wire := mysqltest.NewWire(t, dsn)
	db := mysqltest.OpenAt(t, wire.DSN)
	wire.LoseCommit(0)
	runs := 0
	err := db.InTx(t.Context(), func(tx *mysql.Tx) error {
		runs++
		return tx.Exec(t.Context(), countUp)
	})
	if !errors.Is(err, mysql.ErrUnknownOutcome) || !errs.Is(err, errs.Unavailable) {
		t.Errorf("error = %v, want an unknown outcome", err)
	}
	if runs != 1 {
		t.Errorf("%d runs: what may have happened was repeated", runs)
	}
	wantCount(t, direct, 1, `SELECT value FROM {counters} WHERE name = 'a'`)
	if err := db.InTx(t.Context(), func(tx *mysql.Tx) error { return tx.Exec(t.Context(), countUp) }); err != nil {
		t.Errorf("the next transaction: %v", err)
	}
}

func TestDB_AwayIsUnavailableAndComesBack(t *testing.T) {
	dsn := mysqltest.DSN(t)
	wire := mysqltest.NewWire(t, dsn)
	db := mysqltest.OpenAt(t, wire.DSN)
	wire.Cut()
	for name, err := range map[string]error{
		"setting": second(db.Setting(t.Context(), "x")),
		"set":     db.SetSetting(t.Context(), "x", "y"),
		"tx":      db.InTx(t.Context(), func(*mysql.Tx) error { return nil }),
		"jobs":    second(mysql.NewJobStore(db).Claim(t.Context(), "a", time.Now(), 1)),
	} {
		if !errs.Is(err, errs.Unavailable) {
			t.Errorf("%s without a database: %v, want unavailable", name, err)
		}
	}
	wire.Mend()
	if err := db.SetSetting(t.Context(), "x", "y"); err != nil {
		t.Errorf("after it came back: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestTakeJTI_OnceOnly(t *testing.T) {
	db := mysqltest.Open(t)
	for i, want := range []bool{true, false, false} {
		if got, err := db.TakeJTI(t.Context(), [16]byte{1}, time.Now().Unix()+60); got != want || err != nil {
			t.Errorf("take %d: new = %t (%v), want %t", i+1, got, err, want)
		}
	}
	if isNew, err := db.TakeJTI(t.Context(), [16]byte{2}, time.Now().Unix()-600); !isNew || err != nil {
		t.Errorf("another one: %t (%v)", isNew, err)
	}
	if err := db.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantCount(t, db, 1, `SELECT COUNT(*) FROM {jtis}`)
}
