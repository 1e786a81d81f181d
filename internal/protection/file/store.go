// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"database/sql"
	"embed"
	"errors"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

const columns = `id, report, copy_of, at, via, sealed_by, token_hash, state, reason, ended, parts, size_sealed, hash`

func scanFile(row store.Scanner, program string) (File, error) {
	f := File{Program: program}
	var at int64
	var ended sql.NullInt64
	var token, hash []byte
	err := row.Scan(&f.ID, &f.Report, &f.CopyOf, &at, &f.Via, &f.SealedBy, &token, &f.State, &f.Reason, &ended, &f.Parts, &f.Size, &hash)
	if err != nil {
		return File{}, err
	}
	f.At, f.Ended = store.Time(at), store.Time(ended.Int64)
	copy(f.Hash[:], hash)
	if len(token) == 32 {
		f.Head = seal.FileHeadOf([32]byte(token))
	}
	return f, nil
}

// insertFile begins a file: its row, the wraps for its readers, and how far it is.
func insertFile(tx *store.Tx, f File, wraps []Wrap, receipt []byte) error {
	err := tx.Insert("file", store.Row{
		"program": f.Program, "id": f.ID, "report": f.Report, "copy_of": idOrNull(f.CopyOf), "at": tx.Now(), "via": f.Via, "sealed_by": f.SealedBy,
		"token_hash": f.Head.Token, "state": Open, "reason": ReasonNone, "ended": nil, "parts": 0, "size_sealed": 0, "hash": chainOf(f.Head),
	})
	if err != nil {
		return err
	}
	for _, w := range wraps {
		if err := insertWrap(tx, f.Program, f.ID, w); err != nil {
			return err
		}
	}
	return tx.Insert("file_upload", store.Row{
		"program": f.Program, "file": f.ID, "report": f.Report, "touched": tx.Now(), "parts": 0, "size_sealed": 0, "chain": chainOf(f.Head),
		"final": false, "wrap_receipt": receipt,
	})
}

func insertWrap(tx *store.Tx, program string, id store.ID, w Wrap) error {
	return tx.Insert("file_wrap", store.Row{
		"program": program, "file": id, "holder": w.Holder, "key_id": w.KeyID, "added": tx.Now(), "wrap": w.Wrap, "refused": nil,
	})
}

func idOrNull(id store.ID) any {
	if id.IsZero() {
		return nil
	}
	return id
}

func readFile(ctx context.Context, r store.Reader, program string, id store.ID) (File, error) {
	f, err := scanFile(r.QueryRow(ctx, `select `+columns+` from file where program = $1 and id = $2`, program, id), program)
	if errors.Is(err, sql.ErrNoRows) {
		return File{}, ErrNoFile
	}
	return f, fault.Wrap(err, "reading a file's record")
}

// filesOf lists the files of a report, oldest first.
func filesOf(ctx context.Context, r store.Reader, program string, report store.ID) ([]File, error) {
	rows, err := r.Query(ctx, `select `+columns+` from file where program = $1 and report = $2 order by at, id`, program, report)
	if err != nil {
		return nil, fault.Wrap(err, "listing files")
	}
	defer rows.Close()
	var out []File
	for rows.Next() {
		f, err := scanFile(rows, program)
		if err != nil {
			return nil, fault.Wrap(err, "listing files")
		}
		out = append(out, f)
	}
	return out, fault.Wrap(rows.Err(), "listing files")
}

// upload is how far a file that still arrives has come.
type upload struct {
	File    store.ID
	Report  store.ID
	Parts   int
	Size    int64
	Chain   [32]byte
	Final   bool // its last part was shorter: none can follow
	Receipt []byte
	Mark    []byte // of a whole file, for a form that is sent again; nil: none is kept
}

const uploadColumns = `file, report, parts, size_sealed, chain, final, wrap_receipt`

func scanUpload(row store.Scanner) (upload, error) {
	var u upload
	var chain []byte
	var final int64
	err := row.Scan(&u.File, &u.Report, &u.Parts, &u.Size, &chain, &final, &u.Receipt)
	copy(u.Chain[:], chain)
	u.Final = final == 1
	return u, err
}

func readUpload(ctx context.Context, r store.Reader, program string, id store.ID) (upload, error) {
	u, err := scanUpload(r.QueryRow(ctx, `select `+uploadColumns+` from file_upload where program = $1 and file = $2`, program, id))
	if errors.Is(err, sql.ErrNoRows) {
		return upload{}, errEnded
	}
	return u, fault.Wrap(err, "reading how far a file has come")
}

func uploads(ctx context.Context, r store.Reader, program, where string, args ...any) ([]upload, error) {
	rows, err := r.Query(ctx, `select `+uploadColumns+` from file_upload where program = $1 and `+where+` order by file limit 1000`,
		append([]any{program}, args...)...)
	if err != nil {
		return nil, fault.Wrap(err, "listing files that still arrive")
	}
	defer rows.Close()
	var out []upload
	for rows.Next() {
		u, err := scanUpload(rows)
		if err != nil {
			return nil, fault.Wrap(err, "listing files that still arrive")
		}
		out = append(out, u)
	}
	return out, fault.Wrap(rows.Err(), "listing files that still arrive")
}

// uploadsOf are those of a report; staleUploads those that nothing came for.
func uploadsOf(ctx context.Context, r store.Reader, program string, report store.ID) ([]upload, error) {
	return uploads(ctx, r, program, "report = $2", report)
}

func staleUploads(ctx context.Context, r store.Reader, program string, before int64) ([]upload, error) {
	return uploads(ctx, r, program, "touched < $2", before)
}

// addPart keeps the next part of a file. Another part that came first is errMoved.
func addPart(tx *store.Tx, program string, u upload, chain [32]byte, part []byte, mark *[32]byte, final bool) error {
	n, err := tx.Exec(`update file_upload set parts = parts + 1, size_sealed = size_sealed + $4, chain = $5, final = $6, touched = $7
		where program = $1 and file = $2 and parts = $3`, program, u.File, int64(u.Parts), int64(len(part)), chain[:], bit(final), store.Micros(tx.Now()))
	if err != nil {
		return fault.Wrap(err, "counting a part of a file")
	}
	if n == 0 {
		return errMoved
	}
	err = tx.Insert("file_part", store.Row{"program": program, "file": u.File, "part": u.Parts, "sealed": part})
	if err == nil && mark != nil {
		err = tx.Insert("file_mark", store.Row{"program": program, "file": u.File, "part": u.Parts, "mark": *mark})
	}
	return fault.Wrap(err, "keeping a part of a file")
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// endUpload writes what an upload came to into the file's row.
func endUpload(tx *store.Tx, program string, u upload, state, reason string) error {
	for _, q := range []string{`delete from file_mark where program = $1 and file = $2`, `delete from file_upload where program = $1 and file = $2`} {
		if _, err := tx.Exec(q, program, u.File); err != nil {
			return fault.Wrap(err, "ending an upload")
		}
	}
	_, err := tx.Exec(`update file set state = $3, reason = $4, ended = $5, parts = $6, size_sealed = $7, hash = $8 where program = $1 and id = $2`,
		program, u.File, state, reason, store.Micros(tx.Now()), int64(u.Parts), u.Size, u.Chain[:])
	if err == nil {
		err = tx.Touch("file", program, u.File)
	}
	return fault.Wrap(err, "ending an upload")
}

// takeTurn waits until nobody else counts or adds to the files of a report, to the
// end of the transaction.
func takeTurn(tx *store.Tx, program string, report store.ID) error {
	_, err := tx.Exec(`insert into file_turn (program, report, turns) values ($1, $2, 1)
		on conflict (program, report) do update set turns = file_turn.turns + 1`, program, report)
	return fault.Wrap(err, "waiting for a turn")
}

// usage is how many originals a report has, and how much all its files take.
func usage(ctx context.Context, r store.Reader, program string, report store.ID) (count int, size int64, err error) {
	var kept, coming int64
	err = r.QueryRow(ctx, `select count(*) - count(copy_of), coalesce(sum(size_sealed), 0) from file where program = $1 and report = $2`, program, report).Scan(&count, &kept)
	if err == nil {
		err = r.QueryRow(ctx, `select coalesce(sum(size_sealed), 0) from file_upload where program = $1 and report = $2`, program, report).Scan(&coming)
	}
	return count, kept + coming, fault.Wrap(err, "counting files")
}

// lastArrived is when a file of a report last ended, in microseconds; 0: never.
func lastArrived(ctx context.Context, r store.Reader, program string, report store.ID) (int64, error) {
	var at int64
	err := r.QueryRow(ctx, `select coalesce(max(ended), 0) from file where program = $1 and report = $2`, program, report).Scan(&at)
	return at, fault.Wrap(err, "looking when a file last came")
}
