// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"waylight/internal/platform/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Schema is a witness's own table.
func Schema() store.Schema { return store.Schema{Room: "witness", FS: migrations} }

// self stands where other tables name their program: a witness has none.
const self = "witness"

// seen is the last tree of a log that was signed.
func seen(ctx context.Context, r store.Reader, origin string) (t tlog.Tree, err error) {
	var root []byte
	err = r.QueryRow(ctx, `select size, root from witness_seen where program = $1 and origin = $2`, self, origin).Scan(&t.N, &root)
	if errors.Is(err, sql.ErrNoRows) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("reading what was signed last: %w", err)
	}
	if len(root) != tlog.HashSize || t.N < 0 {
		return t, errors.New("what was signed last is damaged")
	}
	t.Hash = tlog.Hash(root)
	return t, nil
}

func see(tx *store.Tx, origin string, t tlog.Tree, note string) error {
	_, err := tx.Exec(`insert into witness_seen (program, origin, size, root, note) values ($1, $2, $3, $4, $5)
on conflict (program, origin) do update set size = excluded.size, root = excluded.root, note = excluded.note`, self, origin, t.N, t.Hash[:], note)
	if err != nil {
		return fmt.Errorf("recording what is signed: %w", err)
	}
	return nil
}

// Cosignatures returns those stored beside a published checkpoint, by witness.
func Cosignatures(ctx context.Context, r store.Reader, program string, size int64) ([]Cosignature, error) {
	rows, err := r.Query(ctx, `select witness, line, at from custody_cosignature where program = $1 and size = $2 order by witness`, program, size)
	if err != nil {
		return nil, fmt.Errorf("reading cosignatures: %w", err)
	}
	defer rows.Close()
	var list []Cosignature
	for rows.Next() {
		var c Cosignature
		var at int64
		if err := rows.Scan(&c.Witness, &c.Line, &at); err != nil {
			return nil, fmt.Errorf("reading cosignatures: %w", err)
		}
		c.At = store.Time(at)
		list = append(list, c)
	}
	return list, rows.Err()
}

// Last is the newest cosignature of a witness that is stored, and the size that
// it is of; zero for none.
func Last(ctx context.Context, r store.Reader, program, witness string) (size int64, c Cosignature, err error) {
	var at int64
	err = r.QueryRow(ctx, `select size, line, at from custody_cosignature where program = $1 and witness = $2 order by size desc limit 1`, program, witness).
		Scan(&size, &c.Line, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, Cosignature{}, nil
	}
	if err != nil {
		return 0, c, fmt.Errorf("reading the last cosignature: %w", err)
	}
	c.Witness, c.At = witness, store.Time(at)
	return size, c, nil
}

// Keep stores a cosignature beside its checkpoint, for good; at is when it came.
func Keep(tx *store.Tx, program string, size int64, c Cosignature) error {
	_, err := tx.Exec(`insert into custody_cosignature (program, size, witness, line, at) values ($1, $2, $3, $4, $5)
on conflict (program, size, witness) do update set line = excluded.line, at = excluded.at`, program, size, c.Witness, c.Line, store.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("storing a cosignature: %w", err)
	}
	return nil
}
