package mysql

import (
	"context"
	"fmt"
	"os"

	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/wpbridge/wpdb"
)

// EnsureUser finds or makes the WordPress user of an order's buyer, in one
// short transaction with what that means for the order and the jobs that
// follow. An order whose access is known already is left as it is.
func (s *OrderStore) EnsureUser(ctx context.Context, orderID int64, u wpdb.NewUser,
	decide func(wpdb.Created) order.AccessChange, follow func(order.AccessChange) []job.New,
) (order.AccessChange, error) {
	var change order.AccessChange
	err := s.db.inTx(ctx, func(tx *tx) error {
		t := orderTx{tx}
		o, err := t.LockOrder(ctx, orderID)
		if err != nil {
			return err
		}
		if o.Access != order.AccessPending {
			change = order.AccessChange{UserID: o.UserID, Access: o.Access, Credentials: o.Credentials}
			return nil
		}
		created, err := wpdb.CreateUser(ctx, tx.ext, s.db.prefix, u)
		if err != nil {
			return fmt.Errorf("create WordPress user: %w", err)
		}
		change = decide(created)
		if err := t.SetAccess(ctx, orderID, change); err != nil {
			return err
		}
		for _, j := range follow(change) {
			if err := tx.Enqueue(ctx, j); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return change, fmt.Errorf("ensure user of order %d: %w", orderID, err)
	}
	return change, nil
}

// Identity returns the names of the database and of the machine it is reached
// on, by which a restored backup is told from the original. It is what the
// settings say, not @@hostname: nodes of a cluster and new containers have names
// of their own.
func (db *DB) Identity(ctx context.Context) (database, host string, err error) {
	const query = `
		SELECT DATABASE()`

	if err := db.get(ctx, &database, query); err != nil {
		return "", "", fmt.Errorf("identity of the database: %w", err)
	}
	if db.address != "" {
		return database, db.address, nil
	}
	host, err = os.Hostname()
	if err != nil {
		return "", "", fmt.Errorf("name of this machine: %w", err)
	}
	return database, host, nil
}

// ForgetWork removes waiting jobs and closes open attempts: what a copy of a
// site brought along belongs to the original.
func (db *DB) ForgetWork(ctx context.Context) error {
	return db.inTx(ctx, func(tx *tx) error {
		for _, query := range []string{
			`DELETE FROM {jobs}`,
			`UPDATE {attempts} SET status = 'canceled', open_checkout_id = NULL WHERE open_checkout_id IS NOT NULL`,
			`UPDATE {checkouts} SET status = 'expired', intent_id = NULL WHERE status <> 'paid'`,
			`DELETE FROM {wp_events}`,
		} {
			if _, err := tx.exec(ctx, query); err != nil {
				return fmt.Errorf("forget work: %w", err)
			}
		}
		return nil
	})
}

// ForgetUser takes a deleted WordPress user off contacts; orders keep what they
// recorded.
func (db *DB) ForgetUser(ctx context.Context, userID int64) error {
	const query = `
		UPDATE {contacts}
		SET user_id = NULL
		WHERE user_id = ?`

	if _, err := db.exec(ctx, query, userID); err != nil {
		return fmt.Errorf("forget user %d: %w", userID, err)
	}
	return nil
}

// ServerFacts are what doctor looks at.
type ServerFacts struct {
	Version        string `db:"version"`
	MaxConnections int    `db:"max_connections"`
	Pool           int
}

// ServerFacts asks the server for its version and limits.
func (db *DB) ServerFacts(ctx context.Context) (ServerFacts, error) {
	const query = `
		SELECT VERSION() AS version, @@max_connections AS max_connections`

	f := ServerFacts{Pool: db.pool.Stats().MaxOpenConnections}
	if err := db.get(ctx, &f, query); err != nil {
		return f, fmt.Errorf("server facts: %w", err)
	}
	return f, nil
}

// CanWrite tries the rights that migrations need: to make a table, write into
// it and drop it.
func (db *DB) CanWrite(ctx context.Context) error {
	table := "`" + db.prefix + "tillside_doctor`"
	for _, query := range []string{
		`CREATE TABLE IF NOT EXISTS ` + table + ` (id INT PRIMARY KEY) ENGINE=InnoDB`,
		`INSERT IGNORE INTO ` + table + ` (id) VALUES (1)`,
		`DROP TABLE ` + table,
	} {
		if _, err := db.pool.ExecContext(ctx, query); err != nil {
			return fmt.Errorf("try rights: %w", err)
		}
	}
	return nil
}
