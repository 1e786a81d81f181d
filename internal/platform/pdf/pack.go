// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// packed is how many objects go into one pack.
const packed = 200

// pack gathers objects without data, which compress well together: the tags of a
// page, written one by one, take more room than its letters.
type pack struct {
	self   Ref
	refs   []Ref
	starts []int
	bodies []byte
}

func (p *pack) add(f *File, r Ref, body string) spot {
	if p.self == 0 {
		p.self = f.Reserve()
	}
	p.refs, p.starts = append(p.refs, r), append(p.starts, len(p.bodies))
	p.bodies = append(append(p.bodies, body...), '\n')
	return spot{pack: p.self, index: len(p.refs) - 1}
}

func (p *pack) flush(f *File) {
	if p.self == 0 {
		return
	}
	var head []byte
	for i, r := range p.refs {
		head = fmt.Appendf(head, "%d %d ", r, p.starts[i])
	}
	z, err := f.z.Deflate(append(head, p.bodies...))
	if err != nil && f.err == nil {
		f.err = err
	}
	f.put(p.self, fmt.Sprintf(" /Type /ObjStm /N %d /First %d", len(p.refs), len(head)), z)
	*p = pack{refs: p.refs[:0], starts: p.starts[:0], bodies: p.bodies[:0]}
}

// closeStream writes the list of objects as one of them, which is how a list leads
// to what is packed.
func (f *File) closeStream(root, info Ref, remark string) {
	f.pack.flush(f)
	self := f.Reserve()
	start := f.size
	f.at[self-1] = spot{offset: start}
	rows := []byte{0, 0, 0, 0, 0, 0, 0xff, 0xff}
	for _, s := range f.at {
		kind, where, index := byte(1), s.offset, 0
		if s.pack != 0 {
			kind, where, index = 2, int64(s.pack), s.index
		}
		rows = append(rows, kind)
		rows = append(rows, binary.BigEndian.AppendUint64(nil, uint64(where))[3:]...)
		rows = binary.BigEndian.AppendUint16(rows, uint16(index))
	}
	z, err := f.z.Deflate(rows)
	if err != nil && f.err == nil {
		f.err = err
	}
	f.put(self, fmt.Sprintf(" /Type /XRef /Size %d /W [1 5 2] /Root %s /Info %s", len(f.at)+1, root, info), z)
	f.write([]byte(comment(remark) + "startxref\n" + strconv.FormatInt(start, 10) + "\n%%EOF\n"))
}
