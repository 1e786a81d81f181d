// SPDX-License-Identifier: Apache-2.0

package result

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
)

// dimension is a column of the sums of a day.
type dimension int

const (
	dOffice dimension = iota
	dOperation
	dCounty
	dOrganization
	dRole
	dOffense
	dStage
	dItem
	dCertainty
	dAge
	dExploitation
	dMatched
	dCovers
	dQualifier
	dProven
	dimensions
)

// cell is what the rows of one sum have in common.
type cell [dimensions]string

// sum is what they add up to.
type sum struct{ rows, quantity, amount int64 }

// sheet is the sums of a day's rows of one kind and origin.
type sheet map[cell]sum

// cellOf is where a row is counted.
func cellOf(r Result) cell {
	c := cell{dOffice: r.Office, dOperation: r.Operation, dCounty: r.County, dOrganization: r.Organization, dRole: r.Role, dOffense: r.Offense, dStage: r.Stage,
		dItem: r.Item, dCertainty: r.Certainty, dAge: r.Age, dExploitation: r.Exploitation, dMatched: r.Matched, dCovers: r.Covers, dQualifier: r.Qualifier}
	if r.proven() {
		c[dProven] = yes
	}
	return c
}

// add counts a row so many times: once, or once less.
func (s sheet) add(r Result, times int64) {
	if !r.counts() {
		return
	}
	at := cellOf(r)
	now := s[at]
	now.rows += times
	now.quantity += times * r.Quantity
	now.amount += times * r.Amount
	if now == (sum{}) {
		delete(s, at)
		return
	}
	s[at] = now
}

// merge adds another sheet.
func (s sheet) merge(other sheet) {
	for at, more := range other {
		now := s[at]
		now.rows += more.rows
		now.quantity += more.quantity
		now.amount += more.amount
		if now == (sum{}) {
			delete(s, at)
		} else {
			s[at] = now
		}
	}
}

// errCells says that the bytes of a day's sums are not what was written.
var errCells = errors.New("the sums of a day cannot be read")

// A day's sums stand column by column: version 1; how many cells; for each
// dimension its values and, when there are several, for each cell which of them,
// in one, two or four bytes; then three columns of variable-length integers. The
// cells are sorted, so that equal sheets have equal bytes.
func (s sheet) encode() []byte {
	at := slices.SortedFunc(maps.Keys(s), func(a, b cell) int { return slices.Compare(a[:], b[:]) })
	out := binary.AppendUvarint([]byte{1}, uint64(len(at)))
	for d := range dimensions {
		out = appendColumn(out, at, d)
	}
	for _, part := range []func(sum) int64{func(x sum) int64 { return x.rows }, func(x sum) int64 { return x.quantity }, func(x sum) int64 { return x.amount }} {
		for _, c := range at {
			out = binary.AppendVarint(out, part(s[c]))
		}
	}
	return out
}

func appendColumn(out []byte, at []cell, d dimension) []byte {
	var values []string
	place := map[string]int{}
	for _, c := range at {
		if _, known := place[c[d]]; !known {
			place[c[d]] = len(values)
			values = append(values, c[d])
		}
	}
	out = binary.AppendUvarint(out, uint64(len(values)))
	for _, v := range values {
		out = binary.AppendUvarint(out, uint64(len(v)))
		out = append(out, v...)
	}
	if len(values) < 2 {
		return out
	}
	for _, c := range at {
		switch i := place[c[d]]; wide(len(values)) {
		case 1:
			out = append(out, byte(i))
		case 2:
			out = binary.LittleEndian.AppendUint16(out, uint16(i))
		default:
			out = binary.LittleEndian.AppendUint32(out, uint32(i))
		}
	}
	return out
}

// wide is how many bytes a place among so many values takes.
func wide(values int) int {
	switch {
	case values < 2:
		return 0
	case values <= 1<<8:
		return 1
	case values <= 1<<16:
		return 2
	}
	return 4
}

// columns are a day's sums as they were read: nothing is copied.
type columns struct {
	n       int
	values  [dimensions][]string
	indexes [dimensions][]byte
	sums    []byte
}

func decode(data []byte) (columns, error) {
	var c columns
	if len(data) == 0 || data[0] != 1 {
		return c, errCells
	}
	data = data[1:]
	n, data, ok := next(data)
	if !ok {
		return c, errCells
	}
	c.n = n
	for d := range dimensions {
		var many int
		if many, data, ok = next(data); !ok || many > n || many == 0 && n > 0 {
			return c, errCells
		}
		c.values[d] = make([]string, many)
		for i := range many {
			var long int
			if long, data, ok = next(data); !ok || long > len(data) {
				return c, errCells
			}
			c.values[d][i], data = strings.Clone(string(data[:long])), data[long:]
		}
		if size := n * wide(many); size <= len(data) {
			c.indexes[d], data = data[:size], data[size:]
		} else {
			return c, errCells
		}
	}
	c.sums = data
	return c, nil
}

// next reads a length: never more than there are bytes.
func next(data []byte) (int, []byte, bool) {
	v, size := binary.Uvarint(data)
	if size <= 0 || v > uint64(len(data)) {
		return 0, nil, false
	}
	return int(v), data[size:], true
}

// column is which value of a dimension each cell has.
type column struct {
	wide  int // bytes for each cell
	bytes []byte
}

func (c *columns) column(d dimension) column { return column{wide(len(c.values[d])), c.indexes[d]} }

func (c *column) at(i int) int {
	if c.wide == 1 {
		return int(c.bytes[i])
	}
	return c.far(i)
}

func (c *column) far(i int) int {
	switch c.wide {
	case 0:
		return 0
	case 2:
		return int(binary.LittleEndian.Uint16(c.bytes[2*i:]))
	}
	return int(binary.LittleEndian.Uint32(c.bytes[4*i:]))
}

// numbers reads the three columns of sums, into space where it is enough.
func (c *columns) numbers(space []int64) (rows, quantity, amount []int64, err error) {
	all := slices.Grow(space[:0], 3*c.n)[:3*c.n]
	data := c.sums
	for i := range all {
		if len(data) > 0 && data[0] < 0x80 { // most are small
			all[i], data = int64(data[0]>>1)^-int64(data[0]&1), data[1:]
			continue
		}
		v, size := binary.Varint(data)
		if size <= 0 {
			return nil, nil, nil, errCells
		}
		all[i], data = v, data[size:]
	}
	if len(data) > 0 {
		return nil, nil, nil, errCells
	}
	return all[:c.n], all[c.n : 2*c.n], all[2*c.n:], nil
}

// readSheet is the way back from encode.
func readSheet(data []byte) (sheet, error) {
	c, err := decode(data)
	if err != nil {
		return nil, err
	}
	rows, quantity, amount, err := c.numbers(nil)
	if err != nil {
		return nil, err
	}
	var all [dimensions]column
	for d := range dimensions {
		all[d] = c.column(d)
	}
	s := make(sheet, c.n)
	for i := range c.n {
		var at cell
		for d := range dimensions {
			v := all[d].at(i)
			if v >= len(c.values[d]) {
				return nil, errCells
			}
			at[d] = c.values[d][v]
		}
		s[at] = sum{rows[i], quantity[i], amount[i]}
	}
	return s, nil
}

// group is a figure while it is being added up.
type group struct {
	value, rows, unproven int64
	qualifiers            uint16 // a bit for each of qualifiers that one of its cells has
}

// plus adds without running over the largest number.
func plus(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0) || b == 0
}
