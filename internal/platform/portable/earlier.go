// SPDX-License-Identifier: Apache-2.0

package portable

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"os"
	"reflect"
	"strings"

	"waylight/internal/platform/store"
)

// earlier is what a stream that broke off holds: its whole frames, from the
// beginning on.
type earlier struct {
	file   *os.File
	header Header
	places []place // those that it came to
	left   map[place]*left
	whole  bool // only its name was missing
}

// left is what there is of one place.
type left struct {
	at, end       int64    // its bytes
	before, after [32]byte // the checksums there
	rows          int64
	sum           hash.Hash // of its rows, where no log says whether they are still the same
	key           []any     // of its last row
}

// survey reads what an earlier try left in a file, as far as every byte is as it
// was written; nil when it is no stream of these programs and tables.
func (w *writer) survey(file *os.File) (*earlier, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	r, err := NewReader(file)
	switch {
	case errors.Is(err, ErrDamaged), err == nil && !alike(r.header, w.header):
		return nil, nil // behind a header that cannot be read, or is another's, nothing stands that could be kept
	case err != nil && started(file):
		return nil, nil
	case err != nil:
		return nil, err
	}
	h := &earlier{file: file, header: r.header, left: map[place]*left{}}
	places := w.parts()
	for next := 0; ; {
		at, before := r.at, r.chain
		rows, err := r.Next()
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, ErrDamaged) {
			return nil, err
		}
		here := place{rows.Program, rows.Table}
		for next < len(places) && (next == 0 || err == nil && !here.before(places[next])) {
			h.left[places[next]] = &left{at: at, end: at, before: before, after: before, sum: sha256.New()}
			next++
		}
		h.places = places[:next]
		if err != nil {
			h.whole = errors.Is(err, io.EOF)
			return h, nil
		}
		h.left[here].add(w.tables[here.table], rows.Values)
		h.left[here].end, h.left[here].after = r.at, r.chain
	}
}

// started says whether a file holds no more than the beginning of the first line.
func started(file *os.File) bool {
	first := make([]byte, len(magic))
	n, err := file.ReadAt(first, 0)
	return errors.Is(err, io.EOF) && strings.HasPrefix(magic, string(first[:n]))
}

// alike says whether two streams carry the same kind of rows of the same programs.
func alike(a, b Header) bool {
	if len(a.Programs) != len(b.Programs) {
		return false
	}
	for i := range a.Programs {
		if a.Programs[i].ID != b.Programs[i].ID || a.Programs[i].Verifier != b.Programs[i].Verifier {
			return false
		}
	}
	return a.Move == b.Move && reflect.DeepEqual(a.Migrations, b.Migrations) && reflect.DeepEqual(a.Tables, b.Tables)
}

// still says whether two streams are of the same moment, as far as headers tell.
func still(a, b Header) bool {
	a.Created = b.Created
	return reflect.DeepEqual(a, b)
}

func (l *left) add(table *store.Table, values [][]any) {
	l.rows += int64(len(values))
	l.key = table.KeyOf(values[len(values)-1])
	if table.Covered {
		return
	}
	for _, row := range values {
		l.sum.Write(appendRow(nil, row))
	}
}

// last is the last place that it came to.
func (h *earlier) last() place { return h.places[len(h.places)-1] }

// broken says whether rows of a place may be missing.
func (h *earlier) broken(at place) bool { return !h.whole && at == h.last() }

// rows reads the rows of a place again.
func (h *earlier) rows(at place) rows {
	return func(emit func([]any) error) error {
		l := h.left[at]
		section := io.NewSectionReader(h.file, l.at, l.end-l.at)
		r := &Reader{in: bufio.NewReaderSize(section, 256<<10), chain: l.before, header: h.header}
		for read := int64(0); read < l.rows; {
			rows, err := r.Next()
			if err != nil {
				return err
			}
			for _, row := range rows.Values {
				if err := emit(row); err != nil {
					return err
				}
			}
			read += int64(len(rows.Values))
		}
		return nil
	}
}
