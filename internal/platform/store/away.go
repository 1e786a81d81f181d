// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Away says whether an error means that the database could not be reached, or
// that the server there takes no writes: it is starting, stopping, or has become
// a standby.
func Away(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	var e *pgconn.PgError
	return errors.As(err, &e) && (strings.HasPrefix(e.Code, "08") || awayCodes[e.Code])
}

// Writable asks whether the database is there and takes writes, without writing.
func (db *DB) Writable(ctx context.Context) error {
	if db.engine != postgres {
		return db.Ping(ctx)
	}
	var standby bool
	err := db.readers.QueryRowContext(ctx, `select pg_is_in_recovery()`).Scan(&standby)
	if err == nil && standby {
		return errStandby
	}
	return err
}

// Probe asks whether the database at url is there and takes writes.
func Probe(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	pool, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer pool.Close()
	return (&DB{engine: postgres, readers: pool}).Writable(ctx)
}

// probeLimit is how long a database may take to say that it is there.
const probeLimit = 5 * time.Second

// errStandby is what a server means that only follows another.
var errStandby = errUnavailable.With(errors.New("the database is a standby"))

// awayCodes are PostgreSQL's own words for it.
var awayCodes = map[string]bool{
	"25006": true, // read-only: it was demoted
	"53300": true, // too many connections
	"57P01": true, // shut down by an administrator
	"57P02": true, // shut down by a crash
	"57P03": true, // starting up
}
