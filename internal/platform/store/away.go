// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"time"

	"waylight/internal/platform/fault"
)

// Away says whether an error means that the database could not be reached, or
// that the server there takes no writes: it is starting, stopping, or has become
// a standby.
func Away(err error) bool { return gone(err) || errors.Is(err, errStandby) }

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
	pool, err := (&lines{quiet: probeLimit}).open(url)
	if err != nil {
		return err
	}
	defer pool.Close()
	return (&DB{engine: postgres, readers: pool}).Writable(ctx)
}

// probeLimit is how long a database may take to say that it is there.
const probeLimit = 5 * time.Second

// errStandby is what a server means that only follows another.
var errStandby = fault.New(fault.Unavailable, "storage_standby", "Nothing can be saved right now. Nothing was changed. Please try again in a moment.")
