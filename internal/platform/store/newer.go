// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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

// ranIn is the last migration that each room has run in a database; nil where none ever did.
func ranIn(ctx context.Context, on executor, engine string) (map[string]int, error) {
	has, err := hasTable(ctx, on, engine, "store_migration")
	if err != nil || !has {
		return nil, err
	}
	rows, err := on.QueryContext(ctx, `select room, max(number) from store_migration group by room`)
	if err != nil {
		return nil, fmt.Errorf("reading which migrations ran: %w", err)
	}
	defer rows.Close()
	ran := map[string]int{}
	for rows.Next() {
		var room string
		var number int
		if err := rows.Scan(&room, &number); err != nil {
			return nil, fmt.Errorf("reading which migrations ran: %w", err)
		}
		ran[room] = number
	}
	return ran, rows.Err()
}

// refuseNewer refuses a database in which a room has run more than it has here. A
// room that is unknown here is no hindrance: nothing here touches its tables.
func refuseNewer(ctx context.Context, on executor, engine string, last map[string]int) error {
	ran, err := ranIn(ctx, on, engine)
	if err != nil {
		return err
	}
	for _, room := range slices.Sorted(maps.Keys(ran)) {
		if have, known := last[room]; known && ran[room] > have {
			return fmt.Errorf("%w (migration %d of %s; this one knows %d)", ErrNewer, ran[room], room, have)
		}
	}
	return nil
}

// Behind says that an older release left the database, whose tables lack something.
func (db *DB) Behind(ctx context.Context) (bool, error) {
	ran, err := ranIn(ctx, db.readers, db.engine)
	for room, last := range db.last {
		if ran[room] < last {
			return true, err
		}
	}
	return false, err
}

// asItStands forgets the tables and columns that a database does not have yet. What a
// column would hold is null then, and a row's hash leaves it out.
func (db *DB) asItStands(ctx context.Context, schemas []Schema) error {
	ran, err := ranIn(ctx, db.readers, db.engine)
	if err != nil || ran == nil {
		return err
	}
	if _, db.tables, err = parseSchema(schemas, ran); err != nil {
		return err
	}
	db.order = coveredTables(db.tables)
	return nil
}

// Newer is ErrNewer once a newer release has brought the database up to date
// while it was open here.
func (db *DB) Newer(ctx context.Context) error {
	return refuseNewer(ctx, db.readers, db.engine, db.last)
}
