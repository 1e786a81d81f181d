// SPDX-License-Identifier: Apache-2.0

package tamper

import (
	"bytes"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"waylight/internal/app/demo"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// site is a copy of the database in the hands of somebody who may write to it.
type site struct {
	*world
	tx   *sql.Tx
	r    *rand.Rand
	lite bool // SQLite
}

// wanted is what verify has to say of an alteration.
type wanted struct {
	class string // the row of the table that it counts in
	found bool
	leaf  int64 // the first that is named: -1 for none, anyLeaf where it does not matter
}

const anyLeaf = -2

// exec changes the copy and says whether it did.
func (s *site) exec(q string, args ...any) bool {
	result, err := s.tx.Exec(q, args...)
	if err != nil {
		return false
	}
	n, err := result.RowsAffected()
	return err == nil && n > 0
}

// row is one row of the true database.
type row struct {
	table  *store.Table
	key    string
	values []any
}

// pick chooses a row of one of the tables.
func (s *site) pick(tables []string) row {
	name := tables[s.r.IntN(len(tables))]
	keys := slices.Sorted(maps.Keys(s.now[name]))
	key := keys[s.r.IntN(len(keys))]
	return row{s.tables[name], key, s.now[name][key]}
}

// leafOf is the last leaf that names a row.
func (s *site) leafOf(r row) int64 { return s.last[r.table.Name+"\x00"+r.key] }

// where addresses a row by its key, with parameters from a number on.
func (r row) where(from int) (string, []any) {
	var parts []string
	var args []any
	for i, name := range r.table.Key {
		parts = append(parts, fmt.Sprintf("%s = $%d", name, from+i))
		args = append(args, r.values[slices.Index(columns(r.table), name)])
	}
	return strings.Join(parts, " and "), args
}

func (s *site) set(r row, column string, value any) bool {
	where, args := r.where(2)
	return s.exec(fmt.Sprintf("update %s set %s = $1 where %s", r.table.Name, column, where), append([]any{value}, args...)...)
}

func (s *site) setAll(r row, values []any) bool {
	where, _ := r.where(len(values) + 1)
	_, args := r.where(1)
	sets := columns(r.table)
	for i := range sets {
		sets[i] += fmt.Sprintf(" = $%d", i+1)
	}
	return s.exec(fmt.Sprintf("update %s set %s where %s", r.table.Name, strings.Join(sets, ", "), where), slices.Concat(values, args)...)
}

func (s *site) remove(r row) bool {
	where, args := r.where(1)
	return s.exec("delete from "+r.table.Name+" where "+where, args...)
}

func (s *site) insert(t *store.Table, values []any) bool {
	marks := make([]string, len(values))
	for i := range marks {
		marks[i] = fmt.Sprint("$", i+1)
	}
	return s.exec(fmt.Sprintf("insert into %s (%s) values (%s)", t.Name, strings.Join(columns(t), ", "), strings.Join(marks, ", ")), values...)
}

// changed is another value than v: a bit, a byte, an end, nothing at all, or,
// where the engine lets it stand, the same letters as another type.
func (s *site) changed(v any, column store.Column) any {
	for {
		n := s.change(v, column)
		if !same(n, v) {
			return n
		}
	}
}

func (s *site) change(v any, column store.Column) any {
	if s.r.IntN(12) == 0 {
		return nil
	}
	switch v := v.(type) {
	case int64:
		return []any{v ^ 1<<s.r.IntN(63), v + 1, -v, int64(0), v - 86_400_000_000}[s.r.IntN(5)]
	case string:
		if s.lite && s.r.IntN(8) == 0 {
			return []byte(v)
		}
		b := s.bytes([]byte(v), 1)
		return strings.ToValidUTF8(string(b), "?")
	case []byte:
		if s.lite && s.r.IntN(8) == 0 {
			return string(v)
		}
		return s.bytes(v, 1<<s.r.IntN(8))
	}
	switch column.Type {
	case "bigint":
		return s.r.Int64()
	case "bytes":
		return []byte{byte(s.r.IntN(256))}
	}
	return "x"
}

// bytes changes some bytes: flips bits of one, cuts one off, adds one, or swaps
// two.
func (s *site) bytes(v []byte, flip byte) []byte {
	b := slices.Clone(v)
	if len(b) == 0 {
		return []byte("x")
	}
	switch i := s.r.IntN(len(b)); s.r.IntN(6) {
	case 0:
		return b[:len(b)-1]
	case 1:
		return append(b, 'x')
	case 2:
		j := s.r.IntN(len(b))
		b[i], b[j] = b[j], b[i]
	default:
		b[i] ^= flip
	}
	return b
}

func same(a, b any) bool {
	x, ok := a.([]byte)
	y, also := b.([]byte)
	if ok || also {
		return ok && also && bytes.Equal(x, y)
	}
	return a == b
}

func sameRow(a, b []any) bool { return slices.EqualFunc(a, b, same) }

// leaf chooses a leaf: half the time one that says something.
func (s *site) leaf() int64 {
	at := s.r.Int64N(s.leaves)
	for s.r.IntN(2) == 0 && len(s.log[at].Rows) == 0 {
		at = s.r.Int64N(s.leaves)
	}
	return at
}

func (s *site) setLeaf(at int64, column string, value any) bool {
	return s.exec("update custody_leaf set "+column+" = $1 where program = $2 and idx = $3", value, demo.Program, at)
}

// age tells alterations apart by whether somebody kept a checkpoint since.
func (s *site) age(what string, leaf int64) string {
	if leaf < s.upTo {
		return what + ", before the kept checkpoint"
	}
	return what + ", after it"
}

// appending lets custody.Append write into the copy.
type appending struct {
	*sql.Tx
}

func (a appending) Exec(q string, args ...any) (int64, error) {
	result, err := a.Tx.Exec(q, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Later is Exec without the count.
func (a appending) Later(q string, args ...any) error {
	_, err := a.Exec(q, args...)
	return err
}

func (s *site) appendLeaves(leaves []custody.Leaf) bool {
	return custody.Append(reading{appending{s.tx}}, demo.Program, leaves) == nil
}
