// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// recording is what the engine did to a folder, from a state that was on the disk.
type recording struct {
	base map[string][]byte
	ops  []op
	// deaf is a disk that answers a sync of the engine's log of pages and does nothing.
	deaf bool
}

// baseOf reads the files of a folder that nobody has open.
func baseOf(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	base := map[string][]byte{}
	files, err := filepath.Glob(filepath.Join(folder, "waylight.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no database in %s: %v", folder, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		base[filepath.Base(file)] = b
	}
	return base
}

// life is one file from its creation to its removal.
type life struct {
	name       string
	born, died int // indexes of operations; born is -1 for what was there
}

// lives lists the files that ever were, and the operations that made or removed one.
func (r recording) lives(cut int) (all []*life, changes []int) {
	now := map[string]*life{}
	for name := range r.base {
		now[name] = &life{name, -1, cut}
		all = append(all, now[name])
	}
	for i, o := range r.ops[:cut] {
		switch {
		case o.kind == opOpen && now[o.file] == nil:
			now[o.file] = &life{o.file, i, cut}
			all = append(all, now[o.file])
		case o.kind == opRemove && now[o.file] != nil:
			now[o.file].died = i
			delete(now, o.file)
		default:
			continue
		}
		changes = append(changes, i)
	}
	return all, changes
}

// image is one state that the disk may be in when power is lost after the first cut
// operations. What was synced is there. Of what came after, each write is there, is not,
// or is torn by sectors; a truncation happened or did not. Making and removing files is
// kept in order and is on the disk with any later sync, as file systems with a journal
// have it.
func (r recording) image(cut int, rnd *rand.Rand) map[string][]byte {
	all, changes := r.lives(cut)
	synced := -1
	for i, o := range r.ops[:cut] {
		if r.syncs(o) {
			synced = i
		}
	}
	settled := cut // the first change that is not on the disk
	for _, i := range changes {
		if i > synced && rnd.IntN(2) == 0 {
			settled = i
			break
		}
	}
	mood := rnd.IntN(4)
	files := map[string][]byte{}
	for _, l := range all {
		if l.born < settled && l.died >= settled {
			files[l.name] = r.content(l, rnd, mood)
		}
	}
	return files
}

// syncs says whether an operation brings its file to the disk.
func (r recording) syncs(o op) bool { return o.kind == opSync && !(r.deaf && o.wal()) }

// What becomes of the writes that were not synced.
const (
	keepAll = iota
	dropAll
	cutOff // those up to some moment are there, the next is torn
	mixed
)

// content is what one file may hold.
func (r recording) content(l *life, rnd *rand.Rand, mood int) []byte {
	b := append([]byte(nil), r.base[l.name]...)
	if l.born >= 0 {
		b = nil
	}
	var own []op
	synced := 0
	for _, o := range r.ops[l.born+1 : l.died] {
		if o.file != l.name {
			continue
		}
		if r.syncs(o) {
			synced = len(own)
		}
		if o.kind == opWrite || o.kind == opTruncate {
			own = append(own, o)
		}
	}
	for _, o := range own[:synced] {
		b = apply(b, o)
	}
	loose := own[synced:]
	end := rnd.IntN(len(loose) + 1)
	for i, o := range loose {
		switch {
		case mood == keepAll || mood == cutOff && i < end:
			b = apply(b, o)
		case mood == dropAll || mood == cutOff && i > end:
		case mood == cutOff:
			b = tear(b, o, rnd)
		default:
			switch rnd.IntN(3) {
			case 0:
				b = apply(b, o)
			case 1:
				b = tear(b, o, rnd)
			}
		}
	}
	return b
}

func apply(b []byte, o op) []byte {
	if o.kind == opTruncate {
		if o.at <= int64(len(b)) {
			return b[:o.at]
		}
		return append(b, make([]byte, o.at-int64(len(b)))...)
	}
	if grow := o.at + int64(len(o.data)) - int64(len(b)); grow > 0 {
		b = append(b, make([]byte, grow)...)
	}
	copy(b[o.at:], o.data)
	return b
}

// tear applies some of a write's sectors.
func tear(b []byte, o op, rnd *rand.Rand) []byte {
	if o.kind == opTruncate {
		return b
	}
	for from := o.at; from < o.at+int64(len(o.data)); {
		to := min(from/sector*sector+sector, o.at+int64(len(o.data)))
		if rnd.IntN(2) == 0 {
			b = apply(b, op{kind: opWrite, at: from, data: o.data[from-o.at : to-o.at]})
		}
		from = to
	}
	return b
}

// cut is a random moment; half of them lie right behind an acknowledgement, where a
// loss would show.
func (r recording) cut(rnd *rand.Rand) int {
	at := rnd.IntN(len(r.ops)) + 1
	if rnd.IntN(2) == 0 {
		return at
	}
	for i := at; i < len(r.ops); i++ {
		if r.ops[i].kind == opAck {
			return i + 1
		}
	}
	return at
}

// promised is everything that senders had been told before a moment.
func (r recording) promised(cut int) []accepted {
	var all []accepted
	for _, o := range r.ops[:cut] {
		if o.kind == opAck {
			all = append(all, o.ack)
		}
	}
	return all
}
