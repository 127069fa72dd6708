package mysql

import "context"

// Tx lets the tests of this package drive a transaction by hand.
type Tx = tx

// InTx exposes inTx.
func (db *DB) InTx(ctx context.Context, fn func(*Tx) error) error { return db.inTx(ctx, fn) }

// Exec runs raw SQL inside a transaction.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) error {
	_, err := t.exec(ctx, query, args...)
	return err
}

// Exec runs raw SQL for fixtures.
func (db *DB) Exec(ctx context.Context, query string, args ...any) error {
	_, err := db.exec(ctx, query, args...)
	return err
}

// Int reads one number.
func (db *DB) Int(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = db.get(ctx, &n, query, args...)
	return n, err
}
