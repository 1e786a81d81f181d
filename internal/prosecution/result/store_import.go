// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

const columnsOfImport = `program, id, office, by_member, at, name, digest, state, lines, problems, sums, decided_by`

func scanImport(row store.Scanner, b box) (Import, error) {
	var im Import
	var when int64
	var name []byte
	var sums string
	if err := row.Scan(&im.Program, &im.ID, &im.Office, &im.By, &when, &name, &im.Digest, &im.State, &im.Lines, &im.Problems, &sums, &im.DecidedBy); err != nil {
		return im, err
	}
	im.At = store.Time(when)
	return im, errors.Join(b.open(at("result_import.name", im.ID), name, &im.Name), json.Unmarshal([]byte(sums), &im.Sums))
}

func importByID(ctx context.Context, q store.Reader, b box, program string, id store.ID) (Import, error) {
	im, err := scanImport(q.QueryRow(ctx, `select `+columnsOfImport+` from result_import where program = $1 and id = $2`, program, id), b)
	if errors.Is(err, sql.ErrNoRows) {
		return im, ErrImport
	}
	if err != nil {
		return im, fault.Wrap(err, "reading an import")
	}
	task := map[string]string{Reading: "read", Committing: "write", Confirming: "confirm"}[im.State]
	if task == "" {
		return im, nil
	}
	err = q.QueryRow(ctx, `select done, total from result_import_progress where program = $1 and import = $2 and task = $3`, program, id, task).Scan(&im.Done, &im.Total)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return im, fault.Wrap(err, "reading how far an import is")
}

// importList lists an office's imports, the latest first.
func importList(ctx context.Context, q store.Reader, b box, program, office string, before int64, limit int) ([]Import, error) {
	rows, err := q.Query(ctx, `select `+columnsOfImport+` from result_import where program = $1 and office = $2 and at < $3 order by at desc, id limit $4`,
		program, office, before, limit)
	if err != nil {
		return nil, fault.Wrap(err, "listing imports")
	}
	defer rows.Close()
	var out []Import
	for rows.Next() {
		im, err := scanImport(rows, b)
		if err != nil {
			return nil, fault.Wrap(err, "listing imports")
		}
		out = append(out, im)
	}
	return out, fault.Wrap(rows.Err(), "listing imports")
}

func insertImport(tx *store.Tx, b box, im Import) error {
	name, err := b.seal(at("result_import.name", im.ID), im.Name)
	if err != nil {
		return err
	}
	return tx.Insert("result_import", store.Row{"program": im.Program, "id": im.ID, "office": im.Office, "by_member": im.By, "at": im.At, "name": name,
		"digest": im.Digest, "state": im.State, "lines": im.Lines, "problems": im.Problems, "sums": "[]", "decided_by": nil})
}

// updateImport writes what was read.
func updateImport(tx *store.Tx, im Import) error {
	sums, err := sumsText(im.Sums)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update result_import set digest = $3, state = $4, lines = $5, problems = $6, sums = $7 where program = $1 and id = $2 and state = 'reading'`,
		im.Program, im.ID, im.Digest, im.State, im.Lines, im.Problems, sums)
	if err != nil {
		return fault.Wrap(err, "keeping an import")
	}
	if n == 0 {
		return ErrUndecided
	}
	return tx.Touch("result_import", im.Program, im.ID)
}

// moveImport takes an import from one state to the next, once.
func moveImport(tx *store.Tx, im Import, from string) error {
	n, err := tx.Exec(`update result_import set state = $4, decided_by = $5 where program = $1 and id = $2 and state = $3`, im.Program, im.ID, from, im.State, orNil(im.DecidedBy))
	if err != nil {
		return fault.Wrap(err, "deciding about an import")
	}
	if n == 0 {
		return ErrUndecided
	}
	return tx.Touch("result_import", im.Program, im.ID)
}

// sameFile finds an import of the same file that counts or can.
func sameFile(ctx context.Context, q store.Reader, im Import) (store.ID, error) {
	var id store.ID
	err := q.QueryRow(ctx, `select id from result_import where program = $1 and office = $2 and digest = $3 and id <> $4
		and state in ('ready', 'committing', 'done', 'confirming')`, im.Program, im.Office, im.Digest, im.ID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return id, nil
	}
	return id, fault.Wrap(err, "looking for the same file")
}

func insertPart(tx *store.Tx, b box, im Import, what string, part int64, content any) error {
	body, err := b.sealPacked(at("result_import_part.body", im.ID, what, part), content)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into result_import_part (program, import, what, part, body) values ($1, $2, $3, $4, $5)`, im.Program, im.ID, what, part, body)
	return fault.Wrap(err, "putting a part of a file aside")
}

// readPart reads a part; one that is not there leaves into as it is.
func readPart(ctx context.Context, q store.Reader, b box, program string, id store.ID, what string, part int64, into any) error {
	var body []byte
	err := q.QueryRow(ctx, `select body from result_import_part where program = $1 and import = $2 and what = $3 and part = $4`, program, id, what, part).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, "reading a part of a file")
	}
	return b.openPacked(at("result_import_part.body", id, what, part), body, into)
}

// partsRead is how many parts of rows a file has.
func partsRead(ctx context.Context, q store.Reader, im Import) (n int64, err error) {
	err = q.QueryRow(ctx, `select parts from result_import_progress where program = $1 and import = $2 and task = 'read'`, im.Program, im.ID).Scan(&n)
	return n, fault.Wrap(err, "reading how far an import is")
}

// deleteSome deletes a few parts, and says whether there were any: to delete all of
// a large file at once takes so long that others would wait.
func deleteSome(ctx context.Context, tx *store.Tx, im Import, what string, few int64) (bool, error) {
	var first sql.NullInt64
	err := tx.QueryRow(ctx, `select min(part) from result_import_part where program = $1 and import = $2 and what = $3`, im.Program, im.ID, what).Scan(&first)
	if err != nil || !first.Valid {
		return false, fault.Wrap(err, "looking for what was put aside of a file")
	}
	_, err = tx.Exec(`delete from result_import_part where program = $1 and import = $2 and what = $3 and part < $4`, im.Program, im.ID, what, first.Int64+few)
	return true, fault.Wrap(err, "deleting what was put aside of a file")
}

func deleteParts(tx *store.Tx, im Import, what string) error {
	_, err := tx.Exec(`delete from result_import_part where program = $1 and import = $2 and what = $3`, im.Program, im.ID, what)
	return fault.Wrap(err, "deleting what was put aside of a file")
}

func setProgress(tx *store.Tx, im Import, task string, by store.ID, parts, done, total int64) error {
	_, err := tx.Exec(`insert into result_import_progress (program, import, task, by_member, parts, done, total) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (program, import, task) do update set parts = excluded.parts, done = excluded.done, total = excluded.total, by_member = excluded.by_member`,
		im.Program, im.ID, task, by, parts, done, total)
	return fault.Wrap(err, "keeping how far an import is")
}

// progress is how far a task is, held for this transaction.
type progress struct {
	by                 store.ID
	parts, done, total int64
}

func holdProgress(ctx context.Context, tx *store.Tx, program string, id store.ID, task string) (progress, error) {
	var p progress
	if _, err := tx.Exec(`update result_import_progress set task = task where program = $1 and import = $2 and task = $3`, program, id, task); err != nil {
		return p, fault.Wrap(err, "holding how far an import is")
	}
	err := tx.QueryRow(ctx, `select by_member, parts, done, total from result_import_progress where program = $1 and import = $2 and task = $3`,
		program, id, task).Scan(&p.by, &p.parts, &p.done, &p.total)
	return p, fault.Wrap(err, "reading how far an import is")
}

// startedBefore says whether an earlier build began to write an import: it noted how far
// it came as another task.
func startedBefore(ctx context.Context, q store.Reader, im Import) (bool, error) {
	now, err := hasProgress(ctx, q, im, "write")
	if err != nil || now {
		return false, err
	}
	return hasProgress(ctx, q, im, "commit")
}

func hasProgress(ctx context.Context, q store.Reader, im Import, task string) (bool, error) {
	var n int
	err := q.QueryRow(ctx, `select count(*) from result_import_progress where program = $1 and import = $2 and task = $3`, im.Program, im.ID, task).Scan(&n)
	return n > 0, fault.Wrap(err, "reading how far an import is")
}

// clearSums forgets what was counted of an import.
func clearSums(tx *store.Tx, im Import) error {
	_, err := tx.Exec(`delete from result_day where program = $1 and origin = $2`, im.Program, im.ID)
	return fault.Wrap(err, "forgetting what was counted of a file")
}

// rowsByDay lists rows of an import that nobody can change yet.
func rowsByDay(ctx context.Context, q store.Reader, b box, im Import, from int64, limit int) ([]Result, error) {
	return results(ctx, q, b, `select `+columnsOfResult+` from result where program = $1 and origin = $2
		order by kind, day, id limit $3 offset $4`, []any{im.Program, im.ID, limit, from})
}

// open rows are those that somebody can confirm: not what they wrote over another's.
const openRows = ` from result where program = $1 and origin = $2 and state = 'reported' and evidence <> '' and entered_by <> $3`

func countOpen(ctx context.Context, q store.Reader, im Import, by store.ID) (n int64, err error) {
	err = q.QueryRow(ctx, `select count(*)`+openRows, im.Program, im.ID, by).Scan(&n)
	return n, fault.Wrap(err, "counting the rows to confirm")
}

// confirmSome confirms up to so many rows of an import, by kind and day, and says
// how many. The rows are read after they were changed, when nobody else can.
func confirmSome(ctx context.Context, tx *store.Tx, b box, im Import, by store.ID, limit int) (int, error) {
	ids, err := openIDs(ctx, tx, im, by, limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	args, marks := []any{im.Program, by}, make([]string, len(ids))
	for i, id := range ids {
		args = append(args, id)
		marks[i] = fmt.Sprintf("$%d", len(args))
	}
	in := ` id in (` + strings.Join(marks, ", ") + `)`
	n, err := tx.Exec(`update result set state = 'confirmed', decided_by = $2, version = version + 1
		where program = $1 and state = 'reported' and evidence <> '' and`+in, args...)
	if err != nil {
		return 0, fault.Wrap(err, "confirming results")
	}
	if n != int64(len(ids)) {
		return 0, ErrMoved // the part is done again
	}
	rows, err := results(ctx, tx, b, `select `+columnsOfResult+` from result where program = $1 and decided_by = $2 and`+in, args)
	if err != nil {
		return 0, err
	}
	return len(rows), confirmed(tx, b, by, rows)
}

// confirmed keeps what follows from rows having been confirmed.
func confirmed(tx *store.Tx, b box, by store.ID, rows []Result) error {
	days := map[dayKey]sheet{}
	changes, keys := make([]store.Row, len(rows)), make([][]any, len(rows))
	for i, now := range rows {
		before := now
		before.State, before.DecidedBy, before.Version = Reported, store.ID{}, now.Version-1
		var err error
		if changes[i], err = changeRow(tx, b, Change{By: by, What: "confirmed", Before: before, After: now}); err != nil {
			return err
		}
		keys[i] = []any{now.Program, now.ID}
		tallyRow(days, before, -1)
		tallyRow(days, now, 1)
	}
	if err := tx.TouchAll("result", keys); err != nil {
		return err
	}
	if err := tx.InsertAll("result_change", changes); err != nil {
		return err
	}
	return roll(tx, days)
}

func openIDs(ctx context.Context, q store.Reader, im Import, by store.ID, limit int) ([]store.ID, error) {
	rows, err := q.Query(ctx, `select id`+openRows+` order by kind, day, id limit $4`, im.Program, im.ID, by, limit)
	if err != nil {
		return nil, fault.Wrap(err, "looking for rows to confirm")
	}
	defer rows.Close()
	var out []store.ID
	for rows.Next() {
		var id store.ID
		if err := rows.Scan(&id); err != nil {
			return nil, fault.Wrap(err, "looking for rows to confirm")
		}
		out = append(out, id)
	}
	return out, fault.Wrap(rows.Err(), "looking for rows to confirm")
}
