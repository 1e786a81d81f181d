// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const importColumns = `m.program, m.id, m.by_member, m.at, m.name, m.digest, m.state, m.lines, m.problems, m.places, m.skipped, coalesce(g.done, 0), coalesce(g.total, 0)`

const importTables = ` from place_import m left join placement_progress g on g.program = m.program and g.subject = m.id`

func scanImport(row store.Scanner) (Import, error) {
	var im Import
	var at int64
	err := row.Scan(&im.Program, &im.ID, &im.By, &at, &im.Name, &im.Digest, &im.State, &im.Lines, &im.Problems, &im.Places, &im.Skipped, &im.Done, &im.Total)
	im.At = store.Time(at)
	return im, err
}

func insertImport(tx *store.Tx, im Import) error {
	return tx.Insert("place_import", store.Row{"program": im.Program, "id": im.ID, "by_member": im.By, "at": im.At, "name": im.Name, "digest": im.Digest, "state": im.State,
		"lines": im.Lines, "problems": im.Problems, "places": im.Places, "skipped": im.Skipped})
}

func importByID(ctx context.Context, q store.Reader, program string, id store.ID) (Import, error) {
	im, err := scanImport(q.QueryRow(ctx, `select `+importColumns+importTables+` where m.program = $1 and m.id = $2`, program, id))
	if errors.Is(err, sql.ErrNoRows) {
		return im, ErrImport
	}
	return im, fault.Wrap(err, "reading an import")
}

func importList(ctx context.Context, q store.Reader, program, after string, limit int) ([]Import, string, error) {
	at, id := int64(1<<62), store.ID{}
	if err := web.DecodeCursor(after, &at, &id); err != nil {
		return nil, "", err
	}
	list, err := store.Collect(ctx, q, "listing imports", scanImport,
		`select `+importColumns+importTables+` where m.program = $1 and (m.at < $2 or m.at = $2 and m.id > $3) order by m.at desc, m.id limit $4`, program, at, id, limit+1)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	end := list[limit-1]
	return list[:limit], web.EncodeCursor(store.Micros(end.At), end.ID), nil
}

// updateImport takes an import from one state on, once.
func updateImport(tx *store.Tx, im Import, from string) error {
	n, err := tx.Exec(`update place_import set digest = $4, state = $5, lines = $6, problems = $7, places = $8, skipped = $9 where program = $1 and id = $2 and state = $3`,
		im.Program, im.ID, from, im.Digest, im.State, im.Lines, im.Problems, im.Places, im.Skipped)
	if err != nil {
		return fault.Wrap(err, "keeping an import")
	}
	if n == 0 {
		return ErrUndecided
	}
	return tx.Touch("place_import", im.Program, im.ID)
}

func insertPart(tx *store.Tx, im Import, what string, part int64, content any) error {
	body, err := json.Marshal(content)
	if err != nil {
		return fault.Wrap(err, "putting a part of a file aside")
	}
	_, err = tx.Exec(`insert into place_import_part (program, import, what, part, body) values ($1, $2, $3, $4, $5)`, im.Program, im.ID, what, part, body)
	return fault.Wrap(err, "putting a part of a file aside")
}

// readPart reads a part; one that is not there leaves into as it is.
func readPart(ctx context.Context, q store.Reader, program string, id store.ID, what string, part int64, into any) error {
	var body []byte
	err := q.QueryRow(ctx, `select body from place_import_part where program = $1 and import = $2 and what = $3 and part = $4`, program, id, what, part).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, "reading a part of a file")
	}
	return fault.Wrap(json.Unmarshal(body, into), "reading a part of a file")
}

func deleteParts(tx *store.Tx, im Import, what string) error {
	_, err := tx.Exec(`delete from place_import_part where program = $1 and import = $2 and what = $3`, im.Program, im.ID, what)
	return fault.Wrap(err, "deleting what was put aside of a file")
}

// progress is how far work on an import or a batch is.
type progress struct {
	parts, done, leftOut, total int64
	after                       store.ID
}

func setProgress(tx *store.Tx, program string, subject store.ID, p progress) error {
	_, err := tx.Exec(`insert into placement_progress (program, subject, parts, after, done, left_out, total) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (program, subject) do update set parts = excluded.parts, after = excluded.after, done = excluded.done, left_out = excluded.left_out, total = excluded.total`,
		program, subject, p.parts, p.after, p.done, p.leftOut, p.total)
	return fault.Wrap(err, "keeping how far work has come")
}

// holdProgress reads how far work has come, held for this transaction.
func holdProgress(ctx context.Context, tx *store.Tx, program string, subject store.ID) (progress, error) {
	var p progress
	if _, err := tx.Exec(`update placement_progress set parts = parts where program = $1 and subject = $2`, program, subject); err != nil {
		return p, fault.Wrap(err, "holding how far work has come")
	}
	err := tx.QueryRow(ctx, `select parts, after, done, left_out, total from placement_progress where program = $1 and subject = $2`, program, subject).
		Scan(&p.parts, &p.after, &p.done, &p.leftOut, &p.total)
	return p, fault.Wrap(err, "reading how far work has come")
}
