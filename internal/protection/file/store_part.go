// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"database/sql"
	"errors"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// readPart gives the sealed bytes of one part.
func readPart(ctx context.Context, r store.Reader, program string, id store.ID, part int) ([]byte, error) {
	var sealed []byte
	err := r.QueryRow(ctx, `select sealed from file_part where program = $1 and file = $2 and part = $3`, program, id, int64(part)).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoFile
	}
	return sealed, fault.Wrap(err, "reading a part of a file")
}

// marksOf are the marks of a file that still arrives, in the order of its parts.
func marksOf(ctx context.Context, r store.Reader, program string, id store.ID) ([][]byte, error) {
	rows, err := r.Query(ctx, `select mark from file_mark where program = $1 and file = $2 order by part`, program, id)
	if err != nil {
		return nil, fault.Wrap(err, "reading the marks of a file")
	}
	defer rows.Close()
	var out [][]byte
	for rows.Next() {
		var mark []byte
		if err := rows.Scan(&mark); err != nil {
			return nil, fault.Wrap(err, "reading the marks of a file")
		}
		out = append(out, mark)
	}
	return out, fault.Wrap(rows.Err(), "reading the marks of a file")
}

// readWrap gives the newest wrap of a file for a holder, nil when there is none.
func readWrap(ctx context.Context, r store.Reader, program string, id store.ID, holder string) (Wrap, error) {
	w := Wrap{Holder: holder}
	var key []byte
	var refused sql.NullInt64
	err := r.QueryRow(ctx, `select key_id, wrap, refused from file_wrap where program = $1 and file = $2 and holder = $3 order by added desc, key_id limit 1`,
		program, id, holder).Scan(&key, &w.Wrap, &refused)
	if errors.Is(err, sql.ErrNoRows) {
		return w, nil
	}
	copy(w.KeyID[:], key)
	w.Refused = refused.Valid
	return w, fault.Wrap(err, "reading a wrap of a file")
}

// wrappedFor lists the offices and keys that a file is wrapped for.
func wrappedFor(ctx context.Context, r store.Reader, program string, id store.ID) ([]Wrap, error) {
	rows, err := r.Query(ctx, `select holder, key_id, refused from file_wrap where program = $1 and file = $2 order by holder, key_id`, program, id)
	if err != nil {
		return nil, fault.Wrap(err, "listing the readers of a file")
	}
	defer rows.Close()
	var out []Wrap
	for rows.Next() {
		var w Wrap
		var key []byte
		var refused sql.NullInt64
		if err := rows.Scan(&w.Holder, &key, &refused); err != nil {
			return nil, fault.Wrap(err, "listing the readers of a file")
		}
		w.Refused = refused.Valid
		copy(w.KeyID[:], key)
		out = append(out, w)
	}
	return out, fault.Wrap(rows.Err(), "listing the readers of a file")
}

// refuseWrap notes that the holder of a wrap cannot open it.
func refuseWrap(tx *store.Tx, program string, id store.ID, w Wrap) error {
	n, err := tx.Exec(`update file_wrap set refused = $5 where program = $1 and file = $2 and holder = $3 and key_id = $4`,
		program, id, w.Holder, w.KeyID[:], store.Micros(tx.Now()))
	if err == nil && n > 0 {
		err = tx.Touch("file_wrap", program, id, w.Holder, w.KeyID)
	}
	return fault.Wrap(err, "noting a wrap that does not open")
}

// replaceWrap puts a newer wrap in the place of one that its holder could not
// open, and says whether there was one.
func replaceWrap(tx *store.Tx, program string, id store.ID, w Wrap) (bool, error) {
	n, err := tx.Exec(`update file_wrap set wrap = $5, added = $6, refused = null
		where program = $1 and file = $2 and holder = $3 and key_id = $4 and refused is not null`,
		program, id, w.Holder, w.KeyID[:], w.Wrap, store.Micros(tx.Now()))
	if err != nil || n == 0 {
		return false, fault.Wrap(err, "replacing a wrap")
	}
	return true, fault.Wrap(tx.Touch("file_wrap", program, id, w.Holder, w.KeyID), "replacing a wrap")
}

// hasWrap says whether a file is wrapped for a key of a holder.
func hasWrap(ctx context.Context, r store.Reader, program string, id store.ID, w Wrap) (bool, error) {
	var n int
	err := r.QueryRow(ctx, `select count(*) from file_wrap where program = $1 and file = $2 and holder = $3 and key_id = $4`,
		program, id, w.Holder, w.KeyID[:]).Scan(&n)
	return n > 0, fault.Wrap(err, "looking for a wrap")
}

func insertAccess(tx *store.Tx, program string, id store.ID, a Access, signature []byte) error {
	return tx.Insert("file_access", store.Row{
		"program": program, "file": id, "id": store.NewID(), "at": tx.Now(), "member": a.Member, "office": a.Office, "act": a.Act, "statement": signature,
	})
}

// hasOpened says whether a member proved to have opened a file.
func hasOpened(ctx context.Context, r store.Reader, program string, id, member store.ID) (bool, error) {
	var n int
	err := r.QueryRow(ctx, `select count(*) from file_access where program = $1 and file = $2 and member = $3`, program, id, member).Scan(&n)
	return n > 0, fault.Wrap(err, "looking who opened a file")
}

// accesses lists who of an office opened a file, oldest first.
func accesses(ctx context.Context, r store.Reader, program string, id store.ID, office string) ([]Access, error) {
	rows, err := r.Query(ctx, `select at, member, office, act from file_access where program = $1 and file = $2 and office = $3 order by at, id`, program, id, office)
	if err != nil {
		return nil, fault.Wrap(err, "listing who opened a file")
	}
	defer rows.Close()
	var out []Access
	for rows.Next() {
		var a Access
		var at int64
		if err := rows.Scan(&at, &a.Member, &a.Office, &a.Act); err != nil {
			return nil, fault.Wrap(err, "listing who opened a file")
		}
		a.At = store.Time(at)
		out = append(out, a)
	}
	return out, fault.Wrap(rows.Err(), "listing who opened a file")
}

// fileIDs lists files by id, a page at a time.
func fileIDs(ctx context.Context, r store.Reader, program string, after store.ID) ([]store.ID, error) {
	rows, err := r.Query(ctx, `select id from file where program = $1 and id > $2 and state <> 'open' order by id limit 500`, program, after)
	if err != nil {
		return nil, fault.Wrap(err, "listing files to check")
	}
	defer rows.Close()
	var out []store.ID
	for rows.Next() {
		var id store.ID
		if err := rows.Scan(&id); err != nil {
			return nil, fault.Wrap(err, "listing files to check")
		}
		out = append(out, id)
	}
	return out, fault.Wrap(rows.Err(), "listing files to check")
}
