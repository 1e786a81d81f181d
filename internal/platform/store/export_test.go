// SPDX-License-Identifier: Apache-2.0

package store

import "time"

// Hurry shortens how long an answer of PostgreSQL may take. Before the first use only.
func Hurry(db *DB, d time.Duration) { db.lines.quiet = d }
