// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// connectIn is how long a host may take to answer a new connection, before the
	// next one of the address is asked.
	connectIn = 3 * time.Second
	// quiet is how long the next byte of an answer may take. A primary that is
	// stopped, or a network that swallows everything, says nothing for ever, and no
	// setting of TCP sees the first of the two. It is longer than a transaction may
	// wait for another one, and than a standby that died may hold up a commit.
	quiet = 20 * time.Second
	// idleInTransaction is how long the server lets a transaction of ours wait for
	// its next statement. Else a process that stops in one, or whose machine lost
	// its network, would hold the head of the log against all others.
	idleInTransaction = "10s"
)

// lines are the connections to a PostgreSQL that may move from one machine to
// another.
type lines struct {
	quiet time.Duration // 0: no limit
	// generation grows each time the database went away. Connections of an older
	// one are dropped before they are used: they may lead to a former primary.
	generation atomic.Int64
	away       atomic.Bool // somebody has waited for it in vain
}

func (l *lines) lost(generation int64) { l.generation.CompareAndSwap(generation, generation+1) }

// open makes a pool of connections to a primary, wherever in the address that is.
func (l *lines) open(url string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectIn
	}
	if config.ValidateConnect == nil {
		// A standby would be read as if what it has not got yet were not there.
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	for name, value := range map[string]string{"application_name": "waylight", "idle_in_transaction_session_timeout": idleInTransaction} {
		if config.RuntimeParams[name] == "" {
			config.RuntimeParams[name] = value
		}
	}
	if l.quiet > 0 {
		dial := config.DialFunc
		config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &impatient{Conn: conn, quiet: l.quiet}, nil
		}
	}
	config.OnNotice = func(c *pgconn.PgConn, n *pgconn.Notice) {
		if n.SeverityUnlocalized == "WARNING" {
			c.CustomData()[warning] = n.Message
		}
	}
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(l.connected), stdlib.OptionResetSession(l.reused))
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	pool.SetConnMaxLifetime(time.Hour)
	return pool, nil
}

// What a connection remembers.
const (
	born    = "waylight.generation"
	warning = "waylight.warning"
)

// connected looks a new connection over before anything is trusted to it.
func (l *lines) connected(ctx context.Context, c *pgx.Conn) error {
	c.PgConn().CustomData()[born] = l.generation.Load()
	return durable(ctx, c)
}

func (l *lines) reused(_ context.Context, c *pgx.Conn) error {
	if c.PgConn().CustomData()[born] != l.generation.Load() {
		return driver.ErrBadConn
	}
	return nil
}

// errNotDurable says that an accepted report would not survive.
var errNotDurable = errors.New("an accepted report would not survive the loss of power or of a machine")

// durable refuses a server that acknowledges what is not on its disk, or, where
// there is a synchronous standby, on the disk of that. A server that says that
// its data may be thrown away (waylight.throwaway = on) is one for tests.
func durable(ctx context.Context, c *pgx.Conn) error {
	var synchronous, fsync, pages, throwaway string
	err := c.QueryRow(ctx, `select current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes'),
coalesce(current_setting('waylight.throwaway', true), '')`).Scan(&synchronous, &fsync, &pages, &throwaway)
	if err != nil {
		return fmt.Errorf("asking PostgreSQL for its settings: %w", err)
	}
	if throwaway == "on" || (synchronous == "on" || synchronous == "remote_apply") && fsync == "on" && pages == "on" {
		return nil
	}
	return fmt.Errorf("PostgreSQL runs with synchronous_commit %s, fsync %s and full_page_writes %s: %w", synchronous, fsync, pages, errNotDurable)
}

// unwarned forgets what the server warned of before.
func unwarned(conn *sql.Conn) {
	conn.Raw(func(c any) error {
		delete(c.(*stdlib.Conn).Conn().PgConn().CustomData(), warning)
		return nil
	})
}

// warned is what the server warned of, as an error.
func warned(conn *sql.Conn) error {
	var text any
	conn.Raw(func(c any) error {
		text = c.(*stdlib.Conn).Conn().PgConn().CustomData()[warning]
		return nil
	})
	if text == nil {
		return nil
	}
	return fmt.Errorf("committed with a warning: %v", text)
}

// gone says whether an error comes of a connection or a server that went away, or
// of one that is a primary no longer, and not of what was asked of it.
func gone(err error) bool {
	if err == nil || errors.Is(err, ErrUnknown) || errors.Is(err, errNotDurable) {
		return false
	}
	var e *pgconn.PgError
	var connect *pgconn.ConnectError
	if errors.As(err, &e) {
		switch e.Code {
		case "55000": // the database takes no connections for now
			return errors.As(err, &connect)
		case "25006", // read-only: a standby now
			"25P03",                            // idle in a transaction: this process stood still
			"57P01", "57P02", "57P03", "57P05", // shut down, crashed, starting, idle
			"53300": // too many connections
			return true
		}
		return strings.HasPrefix(e.Code, "08")
	}
	var network *net.OpError
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, errQuiet) || errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err)
}

// broken says whether the server cannot do what every server should: its disk is
// full, its memory or its files are damaged.
func broken(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (strings.HasPrefix(e.Code, "53") || strings.HasPrefix(e.Code, "58") || strings.HasPrefix(e.Code, "XX"))
}

func serialization(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// errQuiet says that the server stopped answering. It is no timeout in the sense
// of package net: the connection is not used again.
var errQuiet = errors.New("the database does not answer")

// impatient is a connection that does not wait for ever for what it asked.
type impatient struct {
	net.Conn
	quiet time.Duration
	mu    sync.Mutex
	limit time.Time // as the driver set it; zero: none
}

// SetDeadline keeps the driver's own limit, by which it interrupts a wait.
func (c *impatient) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit = t
	return c.Conn.SetDeadline(t)
}

// allow sets the limit of one wait and says whether it is this connection's own.
func (c *impatient) allow(set func(time.Time) error) (own bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := time.Now().Add(c.quiet)
	if !c.limit.IsZero() && c.limit.Before(t) {
		return false, set(c.limit)
	}
	return true, set(t)
}

func (c *impatient) Read(b []byte) (int, error) { return c.io(c.Conn.SetReadDeadline, c.Conn.Read, b) }

func (c *impatient) Write(b []byte) (int, error) {
	return c.io(c.Conn.SetWriteDeadline, c.Conn.Write, b)
}

func (c *impatient) io(set func(time.Time) error, do func([]byte) (int, error), b []byte) (int, error) {
	own, err := c.allow(set)
	if err != nil {
		return 0, err
	}
	n, err := do(b)
	if own && errors.Is(err, os.ErrDeadlineExceeded) && !c.interrupted() {
		return n, errQuiet
	}
	return n, err
}

// interrupted says whether the driver set a limit while this connection waited.
func (c *impatient) interrupted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.limit.IsZero() && !c.limit.After(time.Now())
}
