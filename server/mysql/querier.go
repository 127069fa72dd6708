package mysql

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// querier runs statements whose tables are written {orders}. Its methods serve
// the pool and a transaction alike.
type querier struct {
	ext   sqlx.ExtContext
	names *names
}

// tx is a querier inside one transaction.
type tx struct {
	querier
	now      func() time.Time
	enqueued bool // a job was written: the worker is woken at the commit
	// destinations are those whose lanes got a job.
	destinations []string
}

// get scans exactly one row into dest; sql.ErrNoRows when there is none.
func (q querier) get(ctx context.Context, dest any, query string, args ...any) error {
	return asUnavailable(sqlx.GetContext(ctx, q.ext, dest, q.names.resolve(query), args...))
}

// all scans every row into the slice that dest points at.
func (q querier) all(ctx context.Context, dest any, query string, args ...any) error {
	return asUnavailable(sqlx.SelectContext(ctx, q.ext, dest, q.names.resolve(query), args...))
}

// exec runs a statement and returns how many rows it matched.
func (q querier) exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := q.ext.ExecContext(ctx, q.names.resolve(query), args...)
	if err != nil {
		return 0, asUnavailable(err)
	}
	return result.RowsAffected()
}

// insert runs an INSERT and returns the new row's id.
func (q querier) insert(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := q.ext.ExecContext(ctx, q.names.resolve(query), args...)
	if err != nil {
		return 0, asUnavailable(err)
	}
	return result.LastInsertId()
}

// names turns {orders} into the site's own table, `wp_tillside_orders`, and
// {wp:users} into `wp_users`. A query is resolved once.
type names struct {
	prefix   string
	resolved sync.Map // the const query → its text for this site
}

func (n *names) resolve(query string) string {
	if text, ok := n.resolved.Load(query); ok {
		return text.(string)
	}
	text := n.expand(query)
	n.resolved.Store(query, text)
	return text
}

func (n *names) expand(query string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(query, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		b.WriteByte('`')
		b.WriteString(n.prefix)
		if own, isWordPress := strings.CutPrefix(name, "wp:"); isWordPress {
			b.WriteString(own)
		} else {
			b.WriteString("tillside_" + name)
		}
		b.WriteByte('`')
		query = after
	}
}

func isNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

func isDialError(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op != nil
}
