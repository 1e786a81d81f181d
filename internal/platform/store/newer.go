// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
)

// ErrNewer says that a newer release has changed tables that this one knows.
// What this one wrote of their rows would lack the new columns, and the log would
// say so.
var ErrNewer = errors.New("a newer release has brought this database up to date: use that one, or one that is newer still")

// lastOf is the last migration of each room.
func lastOf(migrations []Migration) map[string]int {
	last := map[string]int{}
	for _, m := range migrations {
		last[m.Room] = max(last[m.Room], m.Number)
	}
	return last
}

// refuseNewer refuses a database in which a room has run more than it has here. A
// room that is unknown here is no hindrance: nothing here touches its tables.
func refuseNewer(ctx context.Context, on executor, engine string, last map[string]int) error {
	has, err := hasTable(ctx, on, engine, "store_migration")
	if err != nil || !has {
		return err
	}
	rows, err := on.QueryContext(ctx, `select room, max(number) from store_migration group by room order by room`)
	if err != nil {
		return fmt.Errorf("reading which migrations ran: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var room string
		var number int
		if err := rows.Scan(&room, &number); err != nil {
			return fmt.Errorf("reading which migrations ran: %w", err)
		}
		if have, known := last[room]; known && number > have {
			return fmt.Errorf("%w (migration %d of %s; this one knows %d)", ErrNewer, number, room, have)
		}
	}
	return rows.Err()
}

// Newer is ErrNewer once a newer release has brought the database up to date
// while it was open here.
func (db *DB) Newer(ctx context.Context) error {
	return refuseNewer(ctx, db.readers, db.engine, db.last)
}
