// SPDX-License-Identifier: Apache-2.0

package program

// table is a condition worked out beforehand: one bit for every combination of
// the variables that it uses. Looking it up costs a few additions, so routing a
// report needs no evaluator, and checking can ask about millions of envelopes.
type table struct {
	uses    []variable
	strides []int
	bits    []uint64
}

// maxTable bounds what one condition may depend on.
const maxTable = 1 << 16

// newTable prepares an empty table; false when it would be too large.
func newTable(d *domain, uses []variable) (table, bool) {
	t := table{uses: uses}
	size := 1
	for _, v := range uses {
		t.strides = append(t.strides, size)
		size *= d.size(v)
		if size > maxTable {
			return t, false
		}
	}
	t.bits = make([]uint64, (size+63)/64)
	return t, true
}

// each visits every combination of the used variables.
func (t table) each(d *domain, visit func(c codes) (bool, error)) error {
	var c codes
	for {
		yes, err := visit(c)
		if err != nil {
			return err
		}
		if yes {
			i := t.index(&c)
			t.bits[i/64] |= 1 << (i % 64)
		}
		if !step(d, t.uses, &c) {
			return nil
		}
	}
}

// step counts the variables up like an odometer; false after the last one.
func step(d *domain, uses []variable, c *codes) bool {
	for _, v := range uses {
		c[v]++
		if int(c[v]) < d.size(v) {
			return true
		}
		c[v] = 0
	}
	return false
}

func (t table) index(c *codes) int {
	i := 0
	for k, v := range t.uses {
		i += int(c[v]) * t.strides[k]
	}
	return i
}

func (t table) holds(c *codes) bool {
	i := t.index(c)
	return t.bits[i/64]&(1<<(i%64)) != 0
}

// ever says whether the condition holds for any envelope at all.
func (t table) ever() bool {
	for _, w := range t.bits {
		if w != 0 {
			return true
		}
	}
	return false
}

// fired is the set of rules whose conditions hold.
type fired [4]uint64

const maxRules = 256

func (f *fired) set(i int)      { f[i/64] |= 1 << (i % 64) }
func (f *fired) has(i int) bool { return f[i/64]&(1<<(i%64)) != 0 }
