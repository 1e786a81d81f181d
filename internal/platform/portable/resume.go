// SPDX-License-Identifier: Apache-2.0

package portable

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// Written is what Resume wrote.
type Written struct {
	Header
	Kept   int64 // rows that stand where an earlier try had written them
	Copied int64 // rows that were taken over from an earlier try, since the log says that they are the same
}

// Resume writes the programs of a snapshot into a file in which an earlier try may
// have broken off, and gives the file back that holds them in the end, by the same
// name.
//
// A stream is of one moment. Where nothing has changed since the earlier try, it
// goes on behind its last whole frame; what neither a log nor another table vouches
// for is read again and compared. Where the log has grown, the stream is
// written anew beside it, and the rows of covered tables that no entry since then
// names are taken from the file, not from the database.
func Resume(ctx context.Context, file *os.File, beside func() (*os.File, error), from *store.Moment, e Export) (*os.File, Written, error) {
	tables := carried(from.Tables(), e.Leave)
	header, err := e.header(ctx, from, tables)
	if err != nil {
		return file, Written{}, err
	}
	w := &writer{from: from, export: &e, tables: tables, header: header}
	had, err := w.survey(file)
	if err != nil {
		return file, Written{}, fmt.Errorf("reading what an earlier export left: %w", err)
	}
	written := Written{}
	switch {
	case had == nil:
		err = w.anew(ctx, file)
	case still(had.header, header):
		written.Kept, err = w.goOn(ctx, had)
	default:
		file, written.Copied, err = w.renew(ctx, had, beside)
	}
	if errors.Is(err, errCount) && had != nil { // what was left is of no use
		err = errors.Join(fmt.Errorf("%w: run the same export again, it begins anew", err), file.Truncate(0))
	}
	written.Header = w.header
	return file, written, err
}

// buffered writes to a file from a place on; what stands behind it is cut off.
func (w *writer) buffered(file *os.File, at int64, write func() error) error {
	if err := file.Truncate(at); err != nil {
		return err
	}
	if _, err := file.Seek(at, io.SeekStart); err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 64<<10)
	w.out, w.flush = out, out.Flush
	return errors.Join(write(), out.Flush())
}

func (w *writer) anew(ctx context.Context, file *os.File) error {
	return w.buffered(file, 0, func() error {
		if err := w.begin(); err != nil {
			return err
		}
		return w.onwards(ctx, w.parts()[0], nil)
	})
}

// onwards writes everything from a place on, in it from the row behind a key on.
func (w *writer) onwards(ctx context.Context, from place, after []any) error {
	for _, at := range w.parts() {
		if at.before(from) {
			continue
		}
		if err := w.part(ctx, at, w.all(ctx, at, after)); err != nil {
			return err
		}
		after = nil
	}
	return w.end()
}

// goOn goes on in the file, behind what is as it was.
func (w *writer) goOn(ctx context.Context, had *earlier) (kept int64, err error) {
	w.header = had.header // what was written stands behind it
	for _, at := range had.places {
		l := had.left[at]
		same, err := w.same(ctx, had, at)
		if err != nil {
			return 0, err
		}
		if !same {
			w.chain = l.before
			return kept, w.buffered(had.file, l.at, func() error { return w.onwards(ctx, at, nil) })
		}
		kept += l.rows
		w.tell(l.rows)
	}
	l := had.left[had.last()]
	w.chain = l.after
	if had.whole {
		return kept, w.buffered(had.file, l.end, w.end)
	}
	return kept, w.buffered(had.file, l.end, func() error { return w.onwards(ctx, had.last(), l.key) })
}

// same says whether the rows that are left of a place are still all that the
// database has of it, as far as was written.
func (w *writer) same(ctx context.Context, had *earlier, at place) (bool, error) {
	if w.fixed(at.table) {
		return true, nil
	}
	same, more, err := w.begins(ctx, had.left[at], at)
	return same && (!more || had.broken(at)), err
}

// fixed says whether the rows of a table are the same as long as the log has not
// grown, and what stands before it is the same.
func (w *writer) fixed(table int) bool {
	other, bound := w.export.Bound[w.tables[table].Name]
	if bound {
		bound = slices.ContainsFunc(w.tables[:table], func(t *store.Table) bool { return t.Name == other })
	}
	return bound || w.tables[table].Covered
}

var errEnough = errors.New("enough was read")

// begins says whether the rows of the database begin with those that are left of
// a place, and whether there are more.
func (w *writer) begins(ctx context.Context, l *left, at place) (same, more bool, err error) {
	sum, n := sha256.New(), int64(0)
	var row []byte
	err = w.all(ctx, at, nil)(func(values []any) error {
		if n++; n > l.rows {
			return errEnough
		}
		row = appendRow(row[:0], values)
		sum.Write(row)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return false, false, err
	}
	return n >= l.rows && bytes.Equal(sum.Sum(nil), l.sum.Sum(nil)), n > l.rows, nil
}

// renew writes another file with what the log says is still so, and all else
// from the database.
func (w *writer) renew(ctx context.Context, had *earlier, beside func() (*os.File, error)) (*os.File, int64, error) {
	changed, err := w.changed(ctx, had)
	if err != nil {
		return had.file, 0, err
	}
	next, err := beside()
	if err != nil {
		return had.file, 0, err
	}
	r := &renewal{writer: w, had: had, changed: changed, next: next}
	err = w.buffered(next, 0, func() error { return r.write(ctx) })
	if !r.spent {
		err = errors.Join(err, next.Close(), os.Remove(next.Name()))
		return had.file, r.copied, err
	}
	return next, r.copied, errors.Join(err, had.file.Close())
}

// renewal writes a stream out of an earlier one.
type renewal struct {
	*writer
	had     *earlier
	changed map[int]map[string]map[string]bool // by program, table and key; a program that is not there has another log
	next    *os.File
	spent   bool // the new file holds more than the earlier one, and has its name
	copied  int64
}

func (r *renewal) write(ctx context.Context) error {
	if err := r.begin(); err != nil {
		return err
	}
	r.framed = func(at place) error {
		if r.spent || !r.had.last().before(at) {
			return nil
		}
		return r.spend()
	}
	for _, at := range r.parts() {
		var err error
		if tables := r.changed[at.program]; tables != nil && r.tables[at.table].Covered && r.had.left[at] != nil {
			err = r.mend(ctx, at, tables[r.tables[at.table].Name])
		} else {
			err = r.part(ctx, at, r.all(ctx, at, nil))
		}
		if err != nil {
			return err
		}
	}
	if err := r.end(); err != nil || r.spent {
		return err
	}
	return r.spend()
}

// spend gives the new file the earlier one's name, once more stands in it on the
// disk. The rows of a mended table are in no order, so that nothing can go on in
// the middle of it: a later one has begun.
func (r *renewal) spend() error {
	err := errors.Join(r.flush(), r.next.Sync())
	if err == nil {
		err = os.Rename(r.next.Name(), r.had.file.Name())
	}
	r.spent = err == nil
	return err
}

// mend writes the rows of a covered table: those that no entry since then names as
// they were written, and the others as they are.
func (r *renewal) mend(ctx context.Context, at place, changed map[string]bool) error {
	table, l := r.tables[at.table], r.had.left[at]
	unchanged := func(values []any) bool { return !changed[string(appendRow(nil, table.KeyOf(values)))] }
	err := r.had.frames(at, func(payload []byte, n int) error {
		if len(changed) > 0 {
			rows, err := r.header.Tables[at.table].values(payload[rowsHead:], n)
			if err != nil {
				return err
			}
			still := slices.DeleteFunc(rows, func(values []any) bool { return !unchanged(values) })
			if len(still) < n {
				r.copied += int64(len(still))
				return r.part(ctx, at, each(still))
			}
		}
		r.copied += int64(n)
		return r.put(ctx, at, payload, int64(n))
	})
	if err != nil {
		return err
	}
	return r.part(ctx, at, func(emit func([]any) error) error {
		for key := range changed {
			values, err := keyValues(table, []byte(key))
			if err != nil {
				return err
			}
			if err := r.from.Row(ctx, table, values, emit); err != nil {
				return err
			}
		}
		if !r.had.broken(at) {
			return nil
		}
		return r.all(ctx, at, l.key)(func(values []any) error {
			if !unchanged(values) {
				return nil // it was written above
			}
			return emit(values)
		})
	})
}

// each are rows that are at hand.
func each(list [][]any) rows {
	return func(emit func([]any) error) error {
		for _, values := range list {
			if err := emit(values); err != nil {
				return err
			}
		}
		return nil
	}
}

// keyValues reads a key as the log writes it.
func keyValues(table *store.Table, key []byte) ([]any, error) {
	var values []any
	for _, name := range table.Key {
		i := slices.IndexFunc(table.Columns, func(c store.Column) bool { return c.Name == name })
		v, rest, err := cutValue(key, table.Columns[i].Type)
		if err != nil {
			return nil, fmt.Errorf("reading a key of %s in the log: %w", table.Name, err)
		}
		values, key = append(values, v), rest
	}
	return values, nil
}

// leaves is the table of the log itself.
const leaves = "custody_leaf"

// changed are the covered rows that the logs name since the earlier try. A program
// is left out when its log does not begin with the leaves that stand in the file.
func (w *writer) changed(ctx context.Context, had *earlier) (map[int]map[string]map[string]bool, error) {
	changed := map[int]map[string]map[string]bool{}
	for p, program := range had.header.Programs {
		at := place{p, slices.IndexFunc(w.tables, func(t *store.Table) bool { return t.Name == leaves })}
		l := had.left[at]
		if l == nil || l.rows != program.Size {
			continue
		}
		same, _, err := w.begins(ctx, l, at)
		if err != nil {
			return nil, err
		}
		if !same {
			continue
		}
		tables := map[string]map[string]bool{}
		err = custody.Since(ctx, w.from, program.ID, program.Size, func(table string, key []byte) {
			if tables[table] == nil {
				tables[table] = map[string]bool{}
			}
			tables[table][string(key)] = true
		})
		if err != nil {
			return nil, err
		}
		changed[p] = tables
	}
	return changed, nil
}
