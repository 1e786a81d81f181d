// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// The states of an import. Places are there in done.
const (
	Reading    = "reading"
	Broken     = "broken" // something is wrong with it: none of it can be saved
	Ready      = "ready"  // waits for somebody to look and decide
	Committing = "committing"
	Done       = "done"
	Discarded  = "discarded"
)

const (
	// partRows is how many rows are read, and later written, with one transaction:
	// few enough that nobody who reports waits for them.
	partRows = 500
	maxRows  = 250_000
)

// Import is a file of places.
type Import struct {
	Program, Name, State, By string
	ID                       store.ID
	At                       time.Time
	Digest                   []byte
	Lines, Problems, Places  int64
	Skipped                  int64 // there by the time they were saved
	Done, Total              int64 // of what is being done with it
}

// upload is a file while it is read.
type upload struct {
	s        *Service
	m        identity.Member
	home     string // the program's own state
	im       Import
	rows     []aside
	problems []bulk.Problem
	parts    [2]int64 // written of places and of problems
	seen     map[[16]byte]int32
}

// aside is a place that was read, with the line that it stands on.
type aside struct {
	Line int   `json:"n"`
	P    Place `json:"p"`
}

// Upload reads a file, row by row as it arrives, and keeps what it says aside.
// Nothing of it is there before somebody commits it, and nothing can be committed
// of a file with something wrong in it. What begins with a brace is GeoJSON,
// everything else CSV.
func (s *Service) Upload(ctx context.Context, m identity.Member, name string, file io.Reader) (Import, error) {
	if err := s.may(m, policy.ImportPlaces); err != nil {
		return Import{}, err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return Import{}, err
	}
	u := &upload{s: s, m: m, home: pack.State, seen: map[[16]byte]int32{}}
	u.im = Import{Program: m.Program, Name: bulk.Cut(name, 100), State: Reading, ID: store.NewID(), By: m.Actor(), Digest: []byte{}}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		u.im.At = tx.Now()
		if err := insertImport(tx, u.im); err != nil {
			return err
		}
		log(tx, m.Program, "place.import_begun", u.record(), m.Actor())
		return nil
	})
	if err != nil {
		return Import{}, err
	}
	digest, refused, broke := bulk.Read(file, func(file io.Reader) error { return u.read(ctx, file) })
	if refused != "" {
		u.problem(0, "", refused)
	}
	if broke != nil {
		return u.im, errors.Join(broke, u.finish(context.WithoutCancel(ctx), digest))
	}
	return u.im, u.finish(ctx, digest)
}

func (u *upload) record() string { return "place_import:" + u.im.ID.String() }

func (u *upload) problem(line int, column, reason string) {
	u.problems = append(u.problems, bulk.Problem{Line: line, Column: column, Reason: reason})
	u.im.Problems++
}

// read goes through the file.
func (u *upload) read(ctx context.Context, file io.Reader) error {
	buffered := bulk.Text(file)
	first, line, err := firstSign(buffered)
	switch {
	case errors.Is(err, io.EOF):
		return errUpload
	case err != nil:
		return err
	}
	take := func(r rawRow) error { return u.row(ctx, r) }
	if first == '{' {
		err = readGeoJSON(buffered, line, take)
	} else {
		err = readCSV(buffered, line, take)
	}
	var bad *unreadable
	if errors.As(err, &bad) {
		u.problem(bad.line, bad.column, bad.reason)
		err = nil
	}
	if err != nil {
		return err
	}
	return u.flush(ctx)
}

// firstSign is the first sign of a text that is no space, which is left where it is,
// and the line that it stands on.
func firstSign(r *bufio.Reader) (sign byte, line int, err error) {
	for line = 1; ; {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return 0, line, err
		case c == '\n':
			line++
		case c != ' ' && c != '\t' && c != '\r':
			return c, line, r.UnreadByte()
		}
	}
}

// rawRow is a row of a file: what it says of a place, or why it cannot be read.
type rawRow struct {
	line int
	what string // which one it is, where lines do not tell: "feature 3: "
	t    Typed
	bad  []Problem
}

// unreadable is a file that cannot be read on.
type unreadable struct {
	line           int
	column, reason string
}

func (e *unreadable) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.reason) }

// row takes one row.
func (u *upload) row(ctx context.Context, r rawRow) error {
	if u.im.Lines++; u.im.Lines > maxRows {
		return errTooLong
	}
	p, wrong := Place{}, r.bad
	if len(wrong) == 0 {
		p, wrong = readPlace(r.t, u.home)
	}
	for _, w := range wrong {
		u.problem(r.line, w.Field, r.what+w.Reason)
	}
	if len(wrong) == 0 {
		key := [16]byte(p.twin())
		if first, twice := u.seen[key]; twice {
			u.problem(r.line, "name", fmt.Sprintf("%sis the same place as in line %d", r.what, first))
		} else {
			u.seen[key] = int32(r.line)
			p.Program, p.ID, p.Source, p.Origin, p.MadeBy, p.Version = u.m.Program, bulk.RowID(u.im.ID, u.im.Lines), "file", u.im.ID, u.m.Actor(), 1
			u.rows = append(u.rows, aside{r.line, p})
		}
	}
	if len(u.rows) >= partRows || len(u.problems) >= partRows {
		return u.flush(ctx)
	}
	return nil
}

// flush puts what was read aside.
func (u *upload) flush(ctx context.Context) error {
	if err := u.known(ctx); err != nil {
		return err
	}
	if len(u.rows) == 0 && len(u.problems) == 0 {
		return nil
	}
	parts, rows := u.parts, int64(len(u.rows))
	err := u.s.DB.Write(ctx, func(tx *store.Tx) error {
		parts = u.parts
		if len(u.rows) > 0 && u.im.Problems == 0 { // places of a broken file are of no use
			if err := insertPart(tx, u.im, "places", parts[0], u.rows); err != nil {
				return err
			}
			parts[0]++
		}
		if len(u.problems) > 0 {
			if err := insertPart(tx, u.im, "problems", parts[1], u.problems); err != nil {
				return err
			}
			parts[1]++
		}
		return setProgress(tx, u.im.Program, u.im.ID, progress{done: u.im.Lines})
	})
	u.im.Places += rows
	u.rows, u.problems, u.parts = nil, nil, parts
	return err
}

// known names the places that are there already.
func (u *upload) known(ctx context.Context) error {
	list := make([]Place, len(u.rows))
	for i, r := range u.rows {
		list[i] = r.P
	}
	twins, err := placesByTwin(ctx, u.s.DB, u.im.Program, list)
	if err != nil {
		return err
	}
	for _, r := range u.rows {
		if twin, ok := twins[[16]byte(r.P.twin())]; ok {
			w := twinProblem(twin)
			u.problem(r.Line, w.Field, w.Reason)
		}
	}
	return nil
}

// finish says whether the file can be committed.
func (u *upload) finish(ctx context.Context, digest []byte) error {
	u.im.Digest = digest
	if u.im.Problems == 0 && u.im.Lines == 0 {
		u.problem(0, "", "the file has no places")
	}
	if err := u.flush(ctx); err != nil {
		return err
	}
	u.im.State = Ready
	if u.im.Problems > 0 {
		u.im.State = Broken
	}
	return u.s.DB.Write(ctx, func(tx *store.Tx) error {
		if u.im.State == Broken {
			if err := deleteParts(tx, u.im, "places"); err != nil {
				return err
			}
		}
		if err := updateImport(tx, u.im, Reading); err != nil {
			return err
		}
		log(tx, u.im.Program, "place.import_read", u.record(), u.m.Actor())
		return nil
	})
}

// Import finds an import.
func (s *Service) Import(ctx context.Context, m identity.Member, id store.ID) (Import, error) {
	if err := s.may(m, policy.ImportPlaces); err != nil {
		return Import{}, err
	}
	return importByID(ctx, s.DB, m.Program, id)
}

// Problems lists what is wrong with a file, part by part.
func (s *Service) Problems(ctx context.Context, m identity.Member, id store.ID, part int64) ([]bulk.Problem, error) {
	if _, err := s.Import(ctx, m, id); err != nil {
		return nil, err
	}
	var out []bulk.Problem
	err := readPart(ctx, s.DB, m.Program, id, "problems", part, &out)
	return out, err
}

// Preview gives some of the places of a file that nobody decided about yet.
func (s *Service) Preview(ctx context.Context, m identity.Member, id store.ID, most int) ([]Place, error) {
	if _, err := s.Import(ctx, m, id); err != nil {
		return nil, err
	}
	var rows []aside
	if err := readPart(ctx, s.DB, m.Program, id, "places", 0, &rows); err != nil {
		return nil, err
	}
	var out []Place
	for _, r := range rows[:min(most, len(rows))] {
		out = append(out, r.P)
	}
	return out, nil
}

// Commit lets the places of a file be written. They are there when all of them are.
func (s *Service) Commit(ctx context.Context, m identity.Member, id store.ID) error {
	return s.decide(ctx, m, id, "place.import_committed", func(tx *store.Tx, im *Import) error {
		if im.State != Ready {
			return ErrUndecided
		}
		im.State = Committing
		if err := setProgress(tx, im.Program, im.ID, progress{total: im.Places}); err != nil {
			return err
		}
		return jobs.Enqueue(tx, jobs.Job{Program: im.Program, Kind: KindCommit, Key: im.ID.String() + "/0", Payload: im.ID[:]})
	})
}

// Discard throws away what was read of a file that was never committed.
func (s *Service) Discard(ctx context.Context, m identity.Member, id store.ID) error {
	return s.decide(ctx, m, id, "place.import_discarded", func(tx *store.Tx, im *Import) error {
		if im.State != Ready && im.State != Broken && im.State != Reading {
			return ErrUndecided
		}
		im.State = Discarded
		if err := deleteParts(tx, *im, "problems"); err != nil {
			return err
		}
		return deleteParts(tx, *im, "places")
	})
}

// decide changes the state of an import.
func (s *Service) decide(ctx context.Context, m identity.Member, id store.ID, event string, do func(tx *store.Tx, im *Import) error) error {
	if err := s.may(m, policy.ImportPlaces); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		im, err := importByID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		before := im.State
		if err := do(tx, &im); err != nil {
			return err
		}
		if err := updateImport(tx, im, before); err != nil {
			return err
		}
		log(tx, m.Program, event, "place_import:"+id.String(), m.Actor())
		return nil
	})
}
