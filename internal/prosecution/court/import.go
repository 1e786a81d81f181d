// SPDX-License-Identifier: Apache-2.0

package court

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// The limits of one file. It is stored in one transaction, all of it or nothing, and
// reports must not wait long behind it.
const (
	maxImport      = 5000
	maxImportBytes = 2 << 20
	maxBroken      = 100 // broken rows that are named
)

// importColumns are the columns of a file, in any order; the first five are needed.
var importColumns = []string{"docket", "court", "place", "day", "step", "defendant", "what", "counts", "months", "probation", "cents", "item", "other_day", "shares", "docket_entry", "standing"}

const neededColumns = 5

// Broken is one row that cannot be taken, and why.
type Broken struct {
	Line int
	Why  string
}

// ErrImport says that nothing of a file was stored.
type ErrImport struct {
	Rows   int
	Broken []Broken
	More   int // broken rows beyond those that are named
}

func (e *ErrImport) Error() string {
	return fmt.Sprintf("%d broken rows of %d", len(e.Broken)+e.More, e.Rows)
}

func (e *ErrImport) add(line int, why string) {
	if len(e.Broken) < maxBroken {
		e.Broken = append(e.Broken, Broken{line, why})
	} else {
		e.More++
	}
}

// Imported is what a file brought.
type Imported struct{ Rows, Cases, Opened int }

// line is one row of a file that can be read.
type line struct {
	at int
	o  Opening
	c  Case
	e  Entry
}

// Import stores the steps of a file: all of them or, with every broken row named,
// none.
func (s *Service) Import(ctx context.Context, m identity.Member, data []byte) (Imported, error) {
	p, err := s.program(m.Program)
	if err != nil {
		return Imported{}, err
	}
	lines, err := s.readImport(p, data)
	if err != nil {
		return Imported{}, err
	}
	var done Imported
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		var err error
		done, err = s.storeImport(ctx, tx, m, p, lines)
		return err
	})
	return done, err
}

// readImport reads a file without looking at what is stored.
func (s *Service) readImport(p *program.Program, data []byte) ([]line, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > maxImportBytes:
		return nil, wrong("file", "The file is over 2 MiB. Cut it into several; each is stored whole or not at all.")
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return nil, wrong("file", "The file is not UTF-8 text. Save it as CSV UTF-8.")
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if err != nil {
		return nil, wrong("file", "The file has no first row with the names of its columns.")
	}
	at, err := columnsOf(head)
	if err != nil {
		return nil, err
	}
	var lines []line
	broken := &ErrImport{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		broken.Rows++
		if broken.Rows > maxImport {
			return nil, wrong("file", "The file has more than %d rows. Cut it into several; each is stored whole or not at all.", maxImport)
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			broken.add(bad.StartLine, "This is not a row of a CSV file: a quotation mark is missing or too many.")
			continue
		}
		number, _ := r.FieldPos(0)
		l, err := s.readLine(p, number, len(head), row, at)
		if err != nil {
			broken.add(number, sayFault(err))
			continue
		}
		lines = append(lines, l)
	}
	switch {
	case len(broken.Broken) > 0:
		return nil, broken
	case len(lines) == 0:
		return nil, wrong("file", "The file has no rows under the names of its columns.")
	}
	return lines, nil
}

func columnsOf(head []string) (map[string]int, error) {
	at := map[string]int{}
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		switch _, twice := at[name]; {
		case !slices.Contains(importColumns, name):
			return nil, wrong("file", "There is no column %q. The columns are: %s.", clip(name), strings.Join(importColumns, ", "))
		case twice:
			return nil, wrong("file", "The column %s is there twice.", name)
		}
		at[name] = i
	}
	for _, name := range importColumns[:neededColumns] {
		if _, ok := at[name]; !ok {
			return nil, wrong("file", "The column %s is missing.", name)
		}
	}
	return at, nil
}

func (s *Service) readLine(p *program.Program, number, columns int, row []string, at map[string]int) (line, error) {
	l := line{at: number}
	if len(row) != columns {
		return l, wrong("file", "The row has %d cells and the first row %d.", len(row), columns)
	}
	get := func(key string) string {
		if i, ok := at[key]; ok {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	l.o = Opening{Docket: get("docket"), Forum: strings.ToLower(get("court")), Place: get("place")}
	var err error
	if l.c, err = l.o.settle(p); err != nil {
		return l, err
	}
	if l.e, err = entryFrom(get); err != nil {
		return l, err
	}
	switch l.e.Standing = Standing(get("standing")); l.e.Standing {
	case "":
		l.e.Standing = Reported
	case Reported:
	case Confirmed:
		if l.e.DocketEntry == 0 {
			return l, wrong("docket_entry", "A confirmed step has its number in the docket.")
		}
	default:
		return l, wrong("standing", "The standing is reported or confirmed.")
	}
	if err := l.e.check(s.today(p.ID)); err != nil {
		return l, err
	}
	return l, (&writing{c: l.c, p: p}).lawful(l.e)
}

// storeImport stores what was read, case by case, and names every case that cannot stand.
func (s *Service) storeImport(ctx context.Context, tx *store.Tx, m identity.Member, p *program.Program, lines []line) (Imported, error) {
	done, broken, sum := Imported{Rows: len(lines)}, &ErrImport{Rows: len(lines)}, tallies{}
	for _, group := range byCase(lines) {
		w := &writing{tx: tx, c: group[0].c, p: p, by: m.Actor(), office: m.Office, tallies: sum}
		opened, err := s.storeCase(ctx, w, m, group, broken)
		if err != nil {
			return done, err
		}
		done.Cases++
		if opened {
			done.Opened++
		}
	}
	if len(broken.Broken) > 0 {
		return done, broken
	}
	if err := sum.write(tx, m.Program); err != nil {
		return done, err
	}
	tx.Log(custody.Entry{Program: m.Program, Event: "court.imported", Record: "courts", Actor: m.Actor(), Rule: p.Version})
	return done, nil
}

// storeCase stores the rows of one case. What cannot stand is named and the rest
// goes on, so that a person sees all of it at once; then nothing is stored.
func (s *Service) storeCase(ctx context.Context, w *writing, m identity.Member, group []line, broken *ErrImport) (opened bool, err error) {
	c, there, err := caseByDocket(ctx, w.tx, m.Program, w.c.Forum, w.c.District, w.c.Docket)
	if err != nil {
		return false, err
	}
	var entries []Entry
	if there {
		if c, entries, err = s.inHand(ctx, w.tx, m, c.ID); errors.Is(err, ErrNone) {
			broken.add(group[0].at, ErrExists.Message)
			return false, nil
		}
		if err != nil {
			return false, err
		}
		w.c = c
	} else {
		w.fresh = true
		w.c.ID, w.c.Office, w.c.OpenedBy, w.c.OpenedAt = store.NewID(), m.Office, m.Actor(), w.tx.Now()
	}
	twice := false
	for i, l := range group {
		if why := repeats(l, group[:i], entries); why != "" {
			broken.add(l.at, why)
			twice = true
		}
	}
	if twice {
		return false, nil
	}
	more := make([]Entry, len(group))
	lineOf := map[store.ID]int{}
	for i, l := range group {
		more[i] = l.e
		more[i].ID = store.NewID()
		lineOf[more[i].ID] = l.at
	}
	if nameStuck(entries, more, lineOf, broken) {
		return false, nil
	}
	if len(broken.Broken) > 0 {
		return false, nil // nothing will be stored: go on looking only
	}
	if !there {
		if err := open(w.tx, w.c, w.p); err != nil {
			return false, err
		}
	}
	return !there, w.enter(ctx, entries, more)
}

// repeats says why a row may tell what a step of the case or an earlier row tells, "" if it does not.
func repeats(l line, before []line, entries []Entry) string {
	i := slices.IndexFunc(entries, l.e.again)
	switch {
	case i >= 0 && l.e.DocketEntry > 0 && entries[i].DocketEntry == 0:
		return "This step may be in the case already, without its docket entry. If it happened again on the same day, confirm that one by its docket entry first."
	case i >= 0:
		return "This step is in the case already. If it happened again on the same day, give its docket entry."
	case slices.ContainsFunc(before, func(o line) bool { return l.e.again(o.e) && l.e.mixed(o.e) }):
		return "This step may be in the file already, and one of the two has no docket entry. If it happened again on the same day, give both."
	}
	return ""
}

// nameStuck names every new row that cannot stand with those that are there and
// with the new ones that can.
func nameStuck(entries, more []Entry, lineOf map[store.ID]int, broken *ErrImport) (any bool) {
	all := slices.Clone(entries)
	for i, e := range more {
		e.Place = len(entries) + i + 1
		all = append(all, e)
	}
	for range maxBroken {
		_, err := fold(all)
		if err == nil {
			return any
		}
		any = true
		e := stuckOn(err)
		if e == nil || lineOf[e.ID] == 0 {
			broken.add(lineOf[more[0].ID], sayFault(err))
			return any
		}
		broken.add(lineOf[e.ID], sayFault(err))
		id := e.ID
		all = slices.DeleteFunc(all, func(o Entry) bool { return o.ID == id })
	}
	return any
}

// byCase puts the rows of one case together, in the order of their first rows.
func byCase(lines []line) [][]line {
	at := map[[3]string]int{}
	var out [][]line
	for _, l := range lines {
		key := [3]string{l.c.Forum, l.c.District, l.c.Docket}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], l)
	}
	return out
}

// sayFault is what a person is told.
func sayFault(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Message
	}
	return "This row cannot be read."
}
