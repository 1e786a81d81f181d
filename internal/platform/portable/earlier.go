// SPDX-License-Identifier: Apache-2.0

package portable

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
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
	payload       []byte    // its last frame
	key           []any     // of the last row, where it broke off
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
		here, payload, n, err := r.raw()
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, ErrDamaged) {
			return nil, err
		}
		for next < len(places) && (next == 0 || err == nil && !here.before(places[next])) {
			h.left[places[next]] = &left{at: at, end: at, before: before, after: before, sum: sha256.New()}
			next++
		}
		h.places = places[:next]
		if err != nil {
			h.whole = errors.Is(err, io.EOF)
			return h, h.lastKey(w.tables)
		}
		l := h.left[here]
		l.rows, l.end, l.after, l.payload = l.rows+int64(n), r.at, r.chain, payload
		if name := w.tables[here.table].Name; name == leaves || !w.fixed(here.table) {
			l.sum.Write(payload[rowsHead:])
		}
	}
}

// raw gives the next rows as they are written, or io.EOF as Next does.
func (r *Reader) raw() (at place, payload []byte, n int, err error) {
	kind, payload, err := r.frame(maxFrame)
	if err == nil && kind == kindEnd {
		err = r.finish(payload)
	} else if err == nil && kind != kindRows {
		err = damaged("a part of it is of a kind that does not exist")
	}
	if err != nil {
		return at, nil, 0, err
	}
	rows, n, err := r.place(payload)
	return place{rows.Program, rows.Table}, payload, n, err
}

// lastKey reads the key of the last row that is there.
func (h *earlier) lastKey(tables []*store.Table) error {
	at := h.last()
	l := h.left[at]
	if l.rows == 0 {
		return nil
	}
	rows, err := h.header.Tables[at.table].values(l.payload[rowsHead:], int(binary.BigEndian.Uint32(l.payload[4:])))
	if err == nil {
		l.key = tables[at.table].KeyOf(rows[len(rows)-1])
	}
	return err
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

// last is the last place that it came to.
func (h *earlier) last() place { return h.places[len(h.places)-1] }

// broken says whether rows of a place may be missing.
func (h *earlier) broken(at place) bool { return !h.whole && at == h.last() }

// frames reads the frames of a place again.
func (h *earlier) frames(at place, each func(payload []byte, n int) error) error {
	l := h.left[at]
	section := io.NewSectionReader(h.file, l.at, l.end-l.at)
	r := &Reader{in: bufio.NewReaderSize(section, 256<<10), chain: l.before, header: h.header}
	for r.rows < l.rows {
		_, payload, n, err := r.raw()
		if err != nil {
			return err
		}
		if err := each(payload, n); err != nil {
			return err
		}
	}
	return nil
}
