package mysql_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/server/mysql/mysqltest"
)

func TestInTx_RetriesDeadlock(t *testing.T) {
	db := mysqltest.Open(t)
	if err := db.Exec(t.Context(), `INSERT INTO {counters} (name, value) VALUES ('a', 0), ('b', 0)`); err != nil {
		t.Fatal(err)
	}
	const use = `UPDATE {counters} SET value = value + 1 WHERE name = ?`

	var bothLocked, done sync.WaitGroup
	bothLocked.Add(2)
	runs := make([]int, 2)
	for i, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
		done.Go(func() {
			err := db.InTx(t.Context(), func(tx *mysql.Tx) error {
				if err := tx.Exec(t.Context(), use, names[0]); err != nil {
					return err
				}
				if runs[i]++; runs[i] == 1 {
					bothLocked.Done()
					bothLocked.Wait()
				}
				return tx.Exec(t.Context(), use, names[1])
			})
			if err != nil {
				t.Errorf("InTx: %v", err)
			}
		})
	}
	done.Wait()
	if n, _ := db.Int(t.Context(), `SELECT SUM(value) FROM {counters} WHERE name IN ('a', 'b')`); n != 4 {
		t.Errorf("sum = %d, want 4", n)
	}
	if runs[0]+runs[1] != 3 {
		t.Errorf("runs = %v, want one transaction retried once", runs)
	}
}

func TestMigrate_RunsOnceWhenThreeProcessesStart(t *testing.T) {
	dsn := mysqltest.DSN(t)
	var wg sync.WaitGroup
	applied := make([]int, 3)
	for i := range applied {
		wg.Go(func() {
			db, err := mysql.Open(t.Context(), mysql.Options{DSN: dsn, Prefix: mysqltest.Prefix})
			if err != nil {
				t.Error(err)
				return
			}
			defer db.Close()
			names, err := db.Migrate(t.Context(), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Error(err)
			}
			applied[i] = len(names)
		})
	}
	wg.Wait()
	started := 0
	for _, n := range applied {
		if n > 0 {
			started++
		}
	}
	if started != 1 {
		t.Errorf("migrations applied by each process = %v, want all of them by one", applied)
	}
}

func TestMigrate_EveryIdComparesBytewise(t *testing.T) {
	db := mysqltest.Open(t)
	const loose = `
		SELECT COUNT(*)
		FROM information_schema.COLUMNS
		WHERE TABLE_SCHEMA = DATABASE()
			AND TABLE_NAME LIKE ?
			AND COLUMN_NAME REGEXP '(^|_)(public_id|slug|intent_id|gateway_id|event_id|client_key|unique_key)$'
			AND COLLATION_NAME <> 'ascii_bin'`

	n, err := db.Int(t.Context(), loose, strings.ReplaceAll(mysqltest.Prefix, "_", `\_`)+"tillside%")
	if err != nil || n != 0 {
		t.Errorf("%d id columns with a loose collation (%v), want none: it takes josé for jose", n, err)
	}
}
