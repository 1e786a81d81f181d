// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
)

// The store's other own table: an import that was begun and is not finished.
// While it has a row, the database is not opened for anything but that import.
const importTable = `create table if not exists store_import (
  id text not null,
  programs text not null,
  fresh bigint not null,
  done bigint not null,
  primary key (id)
)`

// ErrUnfinished says that a database was not filled to its end.
var ErrUnfinished = errors.New("an import into this database was begun and is not finished: run the same waylight import again to go on with it")

// refuseUnfinished keeps a half-filled database from being served or read.
func refuseUnfinished(ctx context.Context, on executor, engine string) error {
	has, err := hasTable(ctx, on, engine, "store_import")
	if err != nil || !has {
		return err
	}
	var n int
	if err := on.QueryRowContext(ctx, `select count(*) from store_import`).Scan(&n); err != nil {
		return fmt.Errorf("reading whether an import is unfinished: %w", err)
	}
	if n > 0 {
		return ErrUnfinished
	}
	return nil
}

func hasTable(ctx context.Context, on executor, engine, name string) (bool, error) {
	q := `select count(*) from sqlite_master where type = 'table' and name = $1`
	if engine == postgres {
		q = `select count(*) from information_schema.tables where table_schema = current_schema() and table_name = $1`
	}
	var n int
	if err := on.QueryRowContext(ctx, q, name).Scan(&n); err != nil {
		return false, fmt.Errorf("looking for the table %s: %w", name, err)
	}
	return n > 0, nil
}
