// SPDX-License-Identifier: Apache-2.0

package store

import "time"

// Hurry shortens how long an answer of PostgreSQL may take. Before the first use only.
func Hurry(db *DB, d time.Duration) { db.lines.quiet = d }

// Carry lets the log of pages be carried into the database when it has so many, and
// says how many it has. Before anything is written only.
func Carry(db *DB, pages int64) (now func() (int64, error)) {
	db.writer.carrier.pages = pages
	return func() (int64, error) {
		n, _, err := checkpoint(db.readers, "noop")
		return n, err
	}
}
