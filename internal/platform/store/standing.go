// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"os"
)

// Waiting is how many writes wait for those that are being committed. On
// PostgreSQL only those of Accept wait here.
func (db *DB) Waiting() int {
	switch {
	case db.writer != nil:
		return len(db.writer.waiting)
	case db.combiner != nil:
		return len(db.combiner.waiting)
	}
	return 0
}

// Size is how many bytes the database takes, what was written last included.
func (db *DB) Size(ctx context.Context) (bytes int64, err error) {
	if db.engine == postgres {
		err = db.QueryRow(ctx, `select pg_database_size(current_database())`).Scan(&bytes)
		if err != nil {
			return 0, fmt.Errorf("reading the size of the database: %w", err)
		}
		return bytes, nil
	}
	for _, name := range []string{db.file, db.file + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			return 0, fmt.Errorf("reading the size of the database: %w", err)
		}
		bytes += info.Size()
	}
	return bytes, nil
}
