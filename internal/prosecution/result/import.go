// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// The states of an import. Rows count in done and confirming.
const (
	Reading    = "reading"
	Broken     = "broken" // something is wrong with it: none of it can be saved
	Ready      = "ready"  // waits for somebody to look and decide
	Committing = "committing"
	Done       = "done"
	Confirming = "confirming"
	Discarded  = "discarded"
)

const (
	// partRows is how many rows are read, and later written, with one transaction:
	// few enough that nobody who reports waits for them.
	partRows = 500
	// runParts is how many parts of a file are put in order together, while it is read.
	runParts = 16
	maxRows  = 250_000
)

// Import is a file of results.
type Import struct {
	Program, Office, Name, State string
	ID, By, DecidedBy            store.ID
	At                           time.Time
	Digest                       []byte
	Lines, Problems              int64
	Sums                         []Sum
	Done, Total                  int64 // of what is being done with it
}

// Sum is what a file's rows of a kind add up to.
type Sum struct {
	Kind             string
	Rows             int64
	Quantity, Amount int64
}

// upload is a file while it is read.
type upload struct {
	s        *Service
	a        actor
	b        box
	rd       *reader
	im       Import
	columns  []field
	rows     []Result
	problems []bulk.Problem
	parts    [2]int64 // written of rows and of problems
	sums     map[parted]*sum
	kinds    map[string]*sum
	checks   []checkLine
}

type checkLine struct {
	line int
	row  Result
}

// Upload reads a file, line by line as it arrives, and keeps what it says aside.
// Nothing of it counts before somebody commits it, and nothing can be committed
// of a file with something wrong in it.
func (s *Service) Upload(ctx context.Context, m identity.Member, name string, file io.Reader) (Import, error) {
	a := s.actor(m)
	if err := a.may(policy.ChangeResults, m.Office, store.ID{}); err != nil {
		return Import{}, err
	}
	b, err := s.box(m.Program)
	if err != nil {
		return Import{}, err
	}
	rd, err := s.reader(ctx, s.DB, a)
	if err != nil {
		return Import{}, err
	}
	u := &upload{s: s, a: a, b: b, rd: rd, sums: map[parted]*sum{}, kinds: map[string]*sum{}}
	u.im = Import{Program: m.Program, Office: m.Office, Name: bulk.Cut(name, 100), State: Reading, ID: store.NewID(), By: m.ID, Digest: []byte{}}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		u.im.At = tx.Now()
		if err := insertImport(tx, b, u.im); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "result.import_begun", Record: u.record(), Actor: m.Actor()})
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

func (u *upload) record() string { return "result_import:" + u.im.ID.String() }

func (u *upload) problem(line int, column, reason string) {
	u.problems = append(u.problems, bulk.Problem{Line: line, Column: column, Reason: reason})
	u.im.Problems++
}

// read goes through the file.
func (u *upload) read(ctx context.Context, file io.Reader) error {
	buffered := bulk.Text(file)
	r := csv.NewReader(buffered)
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errUpload
	}
	var bad *csv.ParseError
	if err != nil && !errors.As(err, &bad) {
		return err
	}
	if err != nil || !u.header(header) {
		if err != nil {
			u.problem(1, "", "the first line cannot be read: "+quoteReason(bad))
		}
		return nil
	}
	for {
		record, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return u.flush(ctx)
		case errors.As(err, &bad):
			u.problem(bad.StartLine, "", quoteReason(bad))
		case err != nil:
			return err
		default:
			line, _ := r.FieldPos(0)
			if err := u.line(line, record); err != nil {
				return err
			}
		}
		if u.im.Lines++; u.im.Lines > maxRows {
			return errImportSize
		}
		if len(u.rows) >= runParts*partRows || len(u.problems) >= partRows {
			if err := u.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// quoteReason says what a line that is no CSV has.
func quoteReason(bad *csv.ParseError) string {
	return fmt.Sprintf("a quotation mark stands where none can be (line %d, letter %d)", bad.Line, bad.Column)
}

// header reads the names of the columns.
func (u *upload) header(names []string) bool {
	fine := true
	seen := map[field]bool{}
	for _, name := range names {
		at := slices.Index(fieldNames[:], strings.ToLower(strings.TrimSpace(name)))
		switch {
		case at < 0:
			u.problem(1, bulk.Cut(name, 40), "is not a column that results have")
			fine = false
		case seen[field(at)]:
			u.problem(1, fieldNames[at], "stands there twice")
			fine = false
		default:
			seen[field(at)] = true
			u.columns = append(u.columns, field(at))
		}
	}
	for _, f := range []field{fKind, fDate} {
		if fine && !seen[f] {
			u.problem(1, f.String(), "is missing: every file has it")
			fine = false
		}
	}
	return fine
}

// line reads one line.
func (u *upload) line(n int, record []string) error {
	if len(record) != len(u.columns) {
		u.problem(n, "", fmt.Sprintf("has %d cells, and the first line has %d", len(record), len(u.columns)))
		return nil
	}
	var l Line
	for i, f := range u.columns {
		l[f] = record[i]
	}
	row, wrong, err := u.rd.read(l)
	if err != nil {
		return err
	}
	for _, p := range wrong {
		u.problem(n, p.Field, p.Reason)
	}
	if len(wrong) > 0 {
		return nil
	}
	if row.Kind == check {
		u.checks = append(u.checks, checkLine{n, row})
		return nil
	}
	row.EnteredBy, row.Origin, row.Version = u.a.ID, u.im.ID, 1 // its id is its place in the order in which the rows are written
	u.rows = append(u.rows, row)
	u.count(row)
	return nil
}

// parted is by what the totals of a file can be divided.
type parted struct{ kind, organization, role, item string }

// count adds a row to what the file's own totals are held against.
func (u *upload) count(row Result) {
	more := func(s *sum) {
		s.rows++
		s.quantity += row.Quantity
		s.amount += row.Amount
	}
	if u.kinds[row.Kind] == nil {
		u.kinds[row.Kind] = &sum{}
	}
	more(u.kinds[row.Kind])
	at := parted{row.Kind, row.Organization, row.Role, row.Item}
	if u.sums[at] == nil {
		u.sums[at] = &sum{}
	}
	more(u.sums[at])
}

// compare holds the file's own totals against its rows.
func (u *upload) compare() {
	for _, c := range u.checks {
		var have sum
		for at, s := range u.sums {
			if at.kind != c.row.Covers || c.row.Organization != "" && at.organization != c.row.Organization || c.row.Role != "" && at.role != c.row.Role ||
				c.row.Role == "" && at.role == PersonSold || c.row.Item != "" && at.item != c.row.Item {
				continue
			}
			have.quantity += s.quantity
			have.amount += s.amount
		}
		switch {
		case c.row.Amount != 0 && have.amount != c.row.Amount:
			is := Result{Kind: c.row.Covers, Amount: have.amount}
			says := Result{Kind: c.row.Covers, Amount: c.row.Amount}
			u.problem(c.line, fAmount.String(), fmt.Sprintf("says %s, and the rows of this file add up to %s", amountText(says), amountText(is)))
		case c.row.Amount == 0 && have.quantity != c.row.Quantity:
			u.problem(c.line, fCount.String(), fmt.Sprintf("says %s, and the rows of this file add up to %s", grouped(c.row.Quantity), grouped(have.quantity)))
		}
	}
}

// flush puts what was read aside: the rows in the order in which they are written.
func (u *upload) flush(ctx context.Context) error {
	if u.im.Problems > 0 { // rows of a broken file are of no use
		u.rows = nil
	}
	slices.SortStableFunc(u.rows, byDay)
	for len(u.rows) > 0 || len(u.problems) > 0 {
		if err := u.flushPart(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (u *upload) flushPart(ctx context.Context) error {
	some, parts := u.rows[:min(partRows, len(u.rows))], u.parts
	err := u.s.DB.Write(ctx, func(tx *store.Tx) error {
		parts = u.parts
		if len(some) > 0 {
			if err := insertPart(tx, u.b, u.im, "rows", parts[0], some); err != nil {
				return err
			}
			parts[0]++
		}
		if len(u.problems) > 0 {
			if err := insertPart(tx, u.b, u.im, "problems", parts[1], u.problems); err != nil {
				return err
			}
			parts[1]++
		}
		return setProgress(tx, u.im, "read", u.a.ID, parts[0], u.im.Lines, 0)
	})
	u.rows, u.problems, u.parts = u.rows[len(some):], nil, parts
	return err
}

// finish says whether the file can be committed.
func (u *upload) finish(ctx context.Context, digest []byte) error {
	u.im.Digest = digest
	u.compare()
	twin, err := sameFile(ctx, u.s.DB, u.im)
	if err != nil {
		return err
	}
	if !twin.IsZero() {
		u.problem(0, "", "this very file is here already, as import "+twin.String()[:8])
	}
	if u.im.Problems == 0 && len(u.kinds) == 0 {
		u.problem(0, "", "the file has no rows")
	}
	if err := u.flush(ctx); err != nil {
		return err
	}
	u.im.State = Ready
	if u.im.Problems > 0 {
		u.im.State = Broken
	}
	for _, kind := range Kinds() {
		if s := u.kinds[kind]; s != nil {
			u.im.Sums = append(u.im.Sums, Sum{kind, s.rows, s.quantity, s.amount})
		}
	}
	return u.s.DB.Write(ctx, func(tx *store.Tx) error {
		if u.im.State == Broken {
			if err := deleteParts(tx, u.im, "rows"); err != nil {
				return err
			}
		}
		if err := updateImport(tx, u.im); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: u.im.Program, Event: "result.import_read", Record: u.record(), Actor: u.a.Actor()})
		return nil
	})
}

// Import finds an import of the member's own office.
func (s *Service) Import(ctx context.Context, m identity.Member, id store.ID) (Import, error) {
	b, err := s.box(m.Program)
	if err != nil {
		return Import{}, err
	}
	im, err := importByID(ctx, s.DB, b, m.Program, id)
	if err != nil {
		return im, err
	}
	if s.actor(m).may(policy.ReadResults, im.Office, store.ID{}) != nil {
		return Import{}, ErrImport
	}
	return im, nil
}

// Problems lists what is wrong with a file, part by part.
func (s *Service) Problems(ctx context.Context, m identity.Member, id store.ID, part int64) ([]bulk.Problem, error) {
	if _, err := s.Import(ctx, m, id); err != nil {
		return nil, err
	}
	b, err := s.box(m.Program)
	if err != nil {
		return nil, err
	}
	var out []bulk.Problem
	err = readPart(ctx, s.DB, b, m.Program, id, "problems", part, &out)
	return out, err
}

// Commit lets the rows of a file be written. They count when all of them are.
func (s *Service) Commit(ctx context.Context, m identity.Member, id store.ID) error {
	return s.decide(ctx, m, id, "result.import_committed", func(tx *store.Tx, im *Import) error {
		if im.State != Ready {
			return ErrUndecided
		}
		im.State = Committing
		if err := setProgress(tx, *im, "write", m.ID, 0, 0, total(im.Sums)); err != nil {
			return err
		}
		return enqueue(tx, KindCommit, *im, 0)
	})
}

// Discard throws away what was read of a file that was never committed.
func (s *Service) Discard(ctx context.Context, m identity.Member, id store.ID) error {
	return s.decide(ctx, m, id, "result.import_discarded", func(tx *store.Tx, im *Import) error {
		if im.State != Ready && im.State != Broken && im.State != Reading {
			return ErrUndecided
		}
		im.State = Discarded
		if err := deleteParts(tx, *im, "problems"); err != nil {
			return err
		}
		return deleteParts(tx, *im, "rows")
	})
}

// ConfirmImport confirms every row of a file that names a document and is not
// confirmed yet. It takes another person than the one who brought the file.
func (s *Service) ConfirmImport(ctx context.Context, m identity.Member, id store.ID) error {
	im, err := s.Import(ctx, m, id)
	if err != nil {
		return err
	}
	if err := s.actor(m).may(policy.ConfirmResults, im.Office, im.By); err != nil {
		return err
	}
	return s.decide(ctx, m, id, "result.import_confirmed", func(tx *store.Tx, im *Import) error {
		if im.State != Done {
			return ErrUndecided
		}
		open, err := countOpen(ctx, tx, *im, m.ID)
		if err != nil {
			return err
		}
		im.State = Confirming
		if err := setProgress(tx, *im, "confirm", m.ID, 0, 0, open); err != nil {
			return err
		}
		return enqueue(tx, KindConfirm, *im, 0)
	})
}

func total(sums []Sum) (n int64) {
	for _, s := range sums {
		n += s.Rows
	}
	return n
}

// decide changes the state of an import of the member's own office.
func (s *Service) decide(ctx context.Context, m identity.Member, id store.ID, event string, do func(tx *store.Tx, im *Import) error) error {
	b, err := s.box(m.Program)
	if err != nil {
		return err
	}
	a := s.actor(m)
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		im, err := importByID(ctx, tx, b, m.Program, id)
		if err != nil {
			return err
		}
		if a.may(policy.ChangeResults, im.Office, store.ID{}) != nil {
			return ErrImport
		}
		before := im.State
		if err := do(tx, &im); err != nil {
			return err
		}
		im.DecidedBy = m.ID
		if err := moveImport(tx, im, before); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: event, Record: "result_import:" + id.String(), Actor: m.Actor()})
		return nil
	})
}

// enqueue lets a job go on with an import.
func enqueue(tx *store.Tx, kind string, im Import, from int64) error {
	return jobs.Enqueue(tx, jobs.Job{Program: im.Program, Kind: kind, Key: fmt.Sprintf("%s/%d", im.ID, from), Payload: im.ID[:]})
}

func sumsText(sums []Sum) (string, error) {
	data, err := json.Marshal(sums)
	return string(data), err
}
