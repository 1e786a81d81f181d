// SPDX-License-Identifier: Apache-2.0

package custody

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// A ledger brings together what leaves claim of rows and what rows there are,
// in bounded memory and in any order. Both are kept as short records under a
// fingerprint of table and key, apart in shards by the fingerprint's first byte;
// what exceeds the budget goes to one temporary file that no other program can
// open by its name. A fingerprint is keyed with randomness of this run, so that
// nobody can prepare rows whose fingerprints meet; nothing of a row can be read
// from a record.
type ledger struct {
	key    [32]byte
	budget int64
	shards [shards]shard
	held   atomic.Int64
	spill  sync.Mutex // one spill at a time; guards file and end
	file   *os.File
	end    int64
	names  sync.Mutex
	tables map[string]byte
	byName []string
}

const (
	shards      = 256
	printSize   = 12 // of a fingerprint: two of 100 million keys meet once in 10^13 runs
	digestSize  = 15 // of a row's hash
	rowRecord   = printSize + digestSize + 1
	claimRecord = rowRecord + 4
	firstBlock  = 16 * claimRecord
	fullBlock   = 512 * claimRecord
	otherTable  = 255
)

// errTooLong says that a log is beyond what a record can number.
var errTooLong = errors.New("a log of more than 4,294,967,295 leaves cannot be verified by this version")

type shard struct {
	mu           sync.Mutex
	claims, rows pile
}

// pile is a list of records: first those in the file, then those in memory.
type pile struct {
	segments []segment
	blocks   [][]byte
}

type segment struct{ at, size int64 }

// ErrScratch means that what a verification must hold found no room: it came to no end,
// which says nothing about the log.
var ErrScratch = errors.New("no room for what does not fit into memory, in the folder for temporary files")

func noRoom(doing string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrScratch, doing, err)
}

func newLedger(budget int64) *ledger {
	l := &ledger{budget: budget, tables: map[string]byte{}}
	rand.Read(l.key[:]) // never fails: crypto/rand ends the process instead
	return l
}

// close removes the temporary file.
func (l *ledger) close() error {
	if l.file == nil {
		return nil
	}
	return errors.Join(l.file.Close(), removed(l.file.Name()))
}

func removed(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// scribe adds to a ledger. Each goroutine has its own.
type scribe struct {
	*ledger
	buf    []byte
	tables map[string]byte
}

func (l *ledger) scribe() *scribe { return &scribe{ledger: l, tables: map[string]byte{}} }

// claim adds what a leaf says of a row; the zero hash says that it is gone.
func (s *scribe) claim(leaf int64, table, key []byte, hash [32]byte) {
	number, ok := s.tables[string(table)]
	if !ok {
		number = s.number(string(table))
	}
	record := s.record(table, key, number, hash)
	record = binary.BigEndian.AppendUint32(record, uint32(leaf))
	s.add(record, func(sh *shard) *pile { return &sh.claims })
}

// row adds a row that is there.
func (s *scribe) row(table string, key []byte, hash [32]byte) {
	number, ok := s.tables[table]
	if !ok {
		number = s.number(table)
	}
	s.add(s.record([]byte(table), key, number, hash), func(sh *shard) *pile { return &sh.rows })
}

// number is a table's number, once it is known also to this scribe.
func (s *scribe) number(table string) byte {
	s.names.Lock()
	defer s.names.Unlock()
	n, ok := s.ledger.tables[table]
	if !ok {
		if len(s.byName) >= otherTable {
			return otherTable
		}
		n = byte(len(s.byName))
		s.ledger.tables[table], s.byName = n, append(s.byName, table)
	}
	s.tables[table] = n
	return n
}

func (l *ledger) tableName(n byte) string {
	if int(n) >= len(l.byName) {
		return "another table"
	}
	return l.byName[n]
}

// record writes the part that claims and rows share into the scribe's buffer.
func (s *scribe) record(table, key []byte, number byte, hash [32]byte) []byte {
	b := append(s.buf[:0], s.key[:]...)
	b = appendBytes(b, table)
	b = append(b, key...)
	print := sha256.Sum256(b)
	s.buf = b
	b = append(b[:0], print[:printSize]...)
	b = append(b, hash[:digestSize]...)
	return append(b, number)
}

func (s *scribe) add(record []byte, which func(*shard) *pile) {
	sh := &s.shards[record[0]]
	sh.mu.Lock()
	grown := which(sh).add(record)
	sh.mu.Unlock()
	if grown > 0 {
		s.held.Add(int64(grown))
	}
}

// add appends a record and says how much memory that took.
func (p *pile) add(record []byte) (grown int) {
	last := len(p.blocks) - 1
	if last < 0 || len(p.blocks[last])+len(record) > cap(p.blocks[last]) {
		size := firstBlock
		if last >= 0 {
			size = min(fullBlock, 2*cap(p.blocks[last]))
		}
		p.blocks = append(p.blocks, make([]byte, 0, size))
		last, grown = last+1, size
	}
	p.blocks[last] = append(p.blocks[last], record...)
	return grown
}

// fit moves everything to the file once memory holds more than the budget. It
// is called between batches, so that memory may exceed the budget by a batch.
func (l *ledger) fit() error {
	if l.held.Load() <= l.budget {
		return nil
	}
	l.spill.Lock()
	defer l.spill.Unlock()
	if l.held.Load() <= l.budget {
		return nil // somebody else just did
	}
	if l.file == nil {
		f, err := os.CreateTemp("", "waylight-verify-*")
		if err != nil {
			return noRoom("making a file", err)
		}
		l.file = f
		_ = os.Remove(f.Name()) // where the system lets an open file go, nobody else can open it; close removes it elsewhere
	}
	for i := range l.shards {
		sh := &l.shards[i]
		sh.mu.Lock()
		err := errors.Join(l.empty(&sh.claims), l.empty(&sh.rows))
		sh.mu.Unlock()
		if err != nil {
			return noRoom("writing to its file", err)
		}
	}
	return nil
}

// empty writes a pile's blocks to the file. The caller holds both locks.
func (l *ledger) empty(p *pile) error {
	start := l.end
	for _, b := range p.blocks {
		if _, err := l.file.WriteAt(b, l.end); err != nil {
			return err
		}
		l.end += int64(len(b))
		l.held.Add(-int64(cap(b)))
	}
	if l.end > start {
		p.segments = append(p.segments, segment{start, l.end - start})
	}
	p.blocks = nil
	return nil
}

// each calls do for every record of a pile in the order in which they came.
func (l *ledger) each(p *pile, size int, do func(record []byte)) error {
	block := make([]byte, 0, fullBlock)
	for _, s := range p.segments {
		for at := int64(0); at < s.size; at += int64(len(block)) {
			block = block[:min(int64(fullBlock/size*size), s.size-at)]
			if _, err := l.file.ReadAt(block, s.at+at); err != nil {
				return noRoom("reading its file", err)
			}
			records(block, size, do)
		}
	}
	for _, b := range p.blocks {
		records(b, size, do)
	}
	return nil
}

func records(b []byte, size int, do func(record []byte)) {
	for ; len(b) >= size; b = b[size:] {
		do(b[:size])
	}
}

// standing is the last claim of one row.
type standing struct {
	digest [digestSize]byte
	table  byte
	leaf   uint32
	seen   bool
}

// The ways in which a row and its last leaf can disagree.
const (
	rowUnknown = iota // no leaf names it
	rowTwice          // it stands there twice
	rowBack           // it was deleted and is there
	rowChanged        // it is not what the leaf says
	rowMissing        // it is not there
)

// settle compares one shard's rows with its claims and tells what disagrees. A
// leaf of -1 is none.
func (l *ledger) settle(n int, tell func(kind int, leaf int64, table string)) error {
	sh := &l.shards[n]
	index := map[[printSize]byte]int32{}
	var list []standing
	err := l.each(&sh.claims, claimRecord, func(r []byte) {
		print := [printSize]byte(r[:printSize])
		c := standing{digest: [digestSize]byte(r[printSize:]), table: r[rowRecord-1], leaf: binary.BigEndian.Uint32(r[rowRecord:])}
		at, ok := index[print]
		switch {
		case !ok:
			index[print] = int32(len(list))
			list = append(list, c)
		case c.leaf >= list[at].leaf:
			list[at] = c
		}
	})
	if err != nil {
		return err
	}
	err = l.each(&sh.rows, rowRecord, func(r []byte) {
		table := l.tableName(r[rowRecord-1])
		at, ok := index[[printSize]byte(r[:printSize])]
		if !ok {
			tell(rowUnknown, -1, table)
			return
		}
		c := &list[at]
		switch {
		case c.seen:
			tell(rowTwice, int64(c.leaf), table)
		case c.digest == [digestSize]byte{}:
			tell(rowBack, int64(c.leaf), table)
		case c.digest != [digestSize]byte(r[printSize:]):
			tell(rowChanged, int64(c.leaf), table)
		}
		c.seen = true
	})
	if err != nil {
		return err
	}
	for _, c := range list {
		if !c.seen && c.digest != [digestSize]byte{} {
			tell(rowMissing, int64(c.leaf), l.tableName(c.table))
		}
	}
	sh.claims, sh.rows = pile{}, pile{}
	return nil
}
