// SPDX-License-Identifier: Apache-2.0

package replica

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// SQLite's log of pages: a header of 32 bytes, then frames, each a header of 24
// bytes and a page. https://sqlite.org/fileformat2.html#walformat
const (
	walHeader   = 32
	frameHeader = 24
)

// wal is how far a log was copied.
type wal struct {
	name   walName
	header []byte // nil: no log was seen yet
	pos    int64  // end of what was copied: the last commit's
	sum    [2]uint32
}

func (w *wal) pageSize() int64 { return int64(binary.BigEndian.Uint32(w.header[8:])) }

func (w *wal) frames() int64 {
	if w.header == nil || w.pos < walHeader {
		return 0
	}
	return (w.pos - walHeader) / (frameHeader + w.pageSize())
}

// order is the byte order of the checksums.
func (w *wal) order() binary.ByteOrder {
	if binary.BigEndian.Uint32(w.header)&1 == 1 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// sums is SQLite's running checksum.
func sums(order binary.ByteOrder, s [2]uint32, b []byte) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		s[0] += order.Uint32(b) + s[1]
		s[1] += order.Uint32(b[4:]) + s[0]
	}
	return s
}

var errNoWAL = errors.New("this is no log of pages")

// start reads a log's header.
func (w *wal) start(header []byte) error {
	w.header, w.pos = bytes.Clone(header), 0
	size := w.pageSize()
	if binary.BigEndian.Uint32(header)&^1 != 0x377f0682 || size < 512 || size > 65536 || size&(size-1) != 0 {
		return errNoWAL
	}
	w.sum = sums(w.order(), [2]uint32{}, header[:24])
	if w.sum != [2]uint32{binary.BigEndian.Uint32(header[24:]), binary.BigEndian.Uint32(header[28:])} {
		return errNoWAL
	}
	return nil
}

// committed follows the frames behind what was copied and says where the last
// whole commit ends. Frames that belong to an older log, are half written, or wait
// for their commit are not counted.
func (w *wal) committed(f *os.File) (end int64, sum [2]uint32, err error) {
	at := max(w.pos, walHeader)
	in := bufio.NewReaderSize(io.NewSectionReader(f, at, 1<<62-at), 1<<18)
	frame := make([]byte, frameHeader+w.pageSize())
	order, running := w.order(), w.sum
	end, sum = w.pos, w.sum
	for {
		if _, err := io.ReadFull(in, frame); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return end, sum, nil
			}
			return 0, sum, fmt.Errorf("reading the log of pages: %w", err)
		}
		if !bytes.Equal(frame[8:16], w.header[16:24]) {
			return end, sum, nil
		}
		running = sums(order, sums(order, running, frame[:8]), frame[frameHeader:])
		if running != [2]uint32{binary.BigEndian.Uint32(frame[16:]), binary.BigEndian.Uint32(frame[20:])} {
			return end, sum, nil
		}
		at += int64(len(frame))
		if binary.BigEndian.Uint32(frame[4:]) != 0 {
			end, sum = at, running
		}
	}
}

// resume goes on behind pos, if the copy's last frame is the one that stands
// there: the checksums in it stand for all before.
func (w *wal) resume(pos int64, last, here []byte) bool {
	size := frameHeader + w.pageSize()
	if pos <= walHeader || (pos-walHeader)%size != 0 || len(last) != frameHeader || !bytes.Equal(last, here) ||
		!bytes.Equal(last[8:16], w.header[16:24]) || binary.BigEndian.Uint32(last[4:]) == 0 {
		return false
	}
	w.pos, w.sum = pos, [2]uint32{binary.BigEndian.Uint32(last[16:]), binary.BigEndian.Uint32(last[20:])}
	return true
}
