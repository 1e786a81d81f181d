// SPDX-License-Identifier: Apache-2.0

package tamper

import (
	"bytes"
	"context"
	"database/sql"
	"slices"
	"time"

	"waylight/internal/app/demo"
	"waylight/internal/platform/custody"
)

// reading gives appending the reads that take a context.
type reading struct{ appending }

func (r reading) Query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return r.QueryContext(ctx, q, args...)
}

func (r reading) QueryRow(ctx context.Context, q string, args ...any) *sql.Row {
	return r.QueryRowContext(ctx, q, args...)
}

// kind is one way to alter a database. It returns what verify has to say, or
// false where the database did not let it.
type kind struct {
	weight int
	lite   bool // SQLite only
	do     func(s *site) (wanted, bool)
}

var kinds = []kind{
	{weight: 40, do: cell}, {weight: 6, do: deleteRow}, {weight: 6, do: forgeRow}, {weight: 6, do: swapCells}, {weight: 8, do: olderRow}, {weight: 3, do: olderTable},
	{weight: 14, do: leafColumn}, {weight: 3, do: moveLeaf}, {weight: 5, do: deleteLeaves}, {weight: 3, do: swapLeaves},
	{weight: 2, do: forgeLeaf}, {weight: 1, do: appendEntry},
	{weight: 4, do: node}, {weight: 2, do: half}, {weight: 4, do: checkpoint}, {weight: 2, do: deleteCheckpoint}, {weight: 3, do: head}, {weight: 1, do: pinnedKey},
	{weight: 2, do: filePart}, {weight: 4, do: openTable}, {weight: 1, lite: true, do: addTrigger},
	{weight: 3, do: rewrite}, {weight: 3, do: rewriteSigned}, {weight: 3, do: backdate},
}

func cell(s *site) (wanted, bool) {
	r := s.pick(s.order)
	i := s.r.IntN(len(r.values))
	leaf := s.leafOf(r)
	return wanted{s.age("a value of a covered row changed", leaf), true, leaf}, s.set(r, r.table.Columns[i].Name, s.changed(r.values[i], r.table.Columns[i]))
}

func deleteRow(s *site) (wanted, bool) {
	r := s.pick(s.order)
	leaf := s.leafOf(r)
	return wanted{s.age("a covered row deleted", leaf), true, leaf}, s.remove(r)
}

func forgeRow(s *site) (wanted, bool) {
	r := s.pick(s.order)
	values := slices.Clone(r.values)
	for {
		i := s.r.IntN(len(values))
		values[i] = s.changed(values[i], r.table.Columns[i])
		if key := keyOf(r.table, values); key != r.key {
			_, known := s.last[r.table.Name+"\x00"+key]
			return wanted{"a covered row made up", true, -1}, !known && s.insert(r.table, values)
		}
	}
}

// swapCells exchanges one column of two rows.
func swapCells(s *site) (wanted, bool) {
	a := s.pick(s.order)
	b := s.pick([]string{a.table.Name})
	i := s.r.IntN(len(a.values))
	column := a.table.Columns[i].Name
	if same(a.values[i], b.values[i]) || slices.Contains(a.table.Key, column) {
		return wanted{}, false
	}
	leaf := min(s.leafOf(a), s.leafOf(b))
	return wanted{s.age("values of two covered rows exchanged", leaf), true, leaf}, s.set(a, column, b.values[i]) && s.set(b, column, a.values[i])
}

func olderRow(s *site) (wanted, bool) {
	r, before := s.pick(s.order), s.old[s.r.IntN(len(s.old))]
	was, ok := before[r.table.Name][r.key]
	if !ok || sameRow(was, r.values) {
		return wanted{}, false
	}
	leaf := s.leafOf(r)
	return wanted{s.age("an older copy of a covered row put back", leaf), true, leaf}, s.setAll(r, was)
}

func olderTable(s *site) (wanted, bool) {
	name := s.order[s.r.IntN(len(s.order))]
	before, table, leaf := s.old[s.r.IntN(len(s.old))][name], s.tables[name], int64(1<<62)
	for key, values := range s.now[name] {
		if was, ok := before[key]; !ok || !sameRow(was, values) {
			leaf = min(leaf, s.last[name+"\x00"+key])
		}
	}
	for key := range before {
		if _, ok := s.now[name][key]; !ok {
			leaf = min(leaf, s.last[name+"\x00"+key])
		}
	}
	if leaf == 1<<62 || !s.exec("delete from "+name) {
		return wanted{}, false
	}
	for _, values := range before {
		if !s.insert(table, values) {
			return wanted{}, false
		}
	}
	return wanted{s.age("an older copy of a covered table put back", leaf), true, leaf}, true
}

func leafColumn(s *site) (wanted, bool) {
	at := s.leaf()
	name := []string{"commitment", "salt", "opening", "row_list"}[s.r.IntN(4)]
	l := s.log[at]
	was := map[string][]byte{"commitment": l.Commitment[:], "salt": l.Salt[:], "opening": l.Opening, "row_list": l.Rows}[name]
	var value any = s.bytes(was, 1<<s.r.IntN(8))
	switch {
	case s.lite && s.r.IntN(8) == 0 && len(was) > 0:
		value = string(was)
	case same(value, was):
		return wanted{}, false
	}
	return wanted{s.age("a leaf's column changed", at), true, at}, s.setLeaf(at, name, value)
}

func moveLeaf(s *site) (wanted, bool) {
	at := s.leaf()
	w := wanted{s.age("a leaf moved elsewhere", at), true, at}
	if s.r.IntN(2) == 0 {
		return w, s.setLeaf(at, "program", "zz")
	}
	return w, s.setLeaf(at, "idx", s.leaves+1+s.r.Int64N(1<<40))
}

func deleteLeaves(s *site) (wanted, bool) {
	at := s.leaf()
	to := []int64{at, at, at + s.r.Int64N(20), s.leaves}[s.r.IntN(4)]
	return wanted{s.age("leaves deleted", at), true, at}, s.exec("delete from custody_leaf where program = $1 and idx >= $2 and idx <= $3", demo.Program, at, to)
}

// swapLeaves exchanges the places of two leaves. Each is whole, so all that can be
// said is between which checkpoints the first one stood.
func swapLeaves(s *site) (wanted, bool) {
	a, b := s.leaf(), s.leaf()
	if a == b {
		return wanted{}, false
	}
	ok := s.setLeaf(a, "idx", -1) && s.setLeaf(b, "idx", a) && s.exec("update custody_leaf set idx = $1 where program = $2 and idx = -1", b, demo.Program)
	return wanted{s.age("two leaves exchanged", min(a, b)), true, signedUpTo(s.sizes, min(a, b))}, ok
}

// forgeLeaf adds a leaf that is well made, without the tree.
func forgeLeaf(s *site) (wanted, bool) {
	l := custody.Commit(custody.Entry{Program: demo.Program, Event: "report.closed", Record: "report:x", Actor: "sender"}, time.Now(), nil)
	return wanted{"a leaf made up, without the tree", true, s.leaves}, s.exec(`insert into custody_leaf (program, idx, commitment, salt, opening, row_list) values ($1, $2, $3, $4, $5, $6)`,
		demo.Program, s.leaves, l.Commitment[:], l.Salt[:], l.Opening, l.Rows)
}

// appendEntry changes a row and enters that, just as the program does. It can be
// read in the log ever after, but nothing disagrees.
func appendEntry(s *site) (wanted, bool) {
	r := s.pick([]string{"report", "referral", "member"})
	i := slices.Index(columns(r.table), r.table.Columns[len(r.values)-1].Name)
	values := slices.Clone(r.values)
	values[i] = s.changed(values[i], r.table.Columns[i])
	l := custody.Commit(custody.Entry{Program: demo.Program, Event: "made.up", Record: "x", Actor: "system"}, time.Now(),
		[]custody.Row{{Table: r.table.Name, Key: []byte(r.key), Hash: rowHash(r.table, values)}})
	return wanted{"a change entered in the log as the program does", false, -1}, s.set(r, r.table.Columns[i].Name, values[i]) && s.appendLeaves([]custody.Leaf{l})
}

func node(s *site) (wanted, bool) {
	r := s.pick([]string{"custody_node"})
	w := wanted{"an inner hash of the tree changed, deleted or made up", true, anyLeaf}
	switch s.r.IntN(4) {
	case 0:
		return w, s.remove(r)
	case 1:
		values := slices.Clone(r.values)
		values[2] = int64(1<<20) + s.r.Int64N(1<<20)
		return w, s.insert(r.table, values)
	}
	i := 1 + s.r.IntN(3)
	return w, s.set(r, r.table.Columns[i].Name, s.changed(r.values[i], r.table.Columns[i]))
}

// half alters a hash that is only stored so that it need not be computed.
func half(s *site) (wanted, bool) {
	r := s.pick([]string{"custody_half"})
	if s.r.IntN(4) == 0 {
		return wanted{"an inner hash deleted that is computed where it lacks", false, -1}, s.remove(r)
	}
	i := 1 + s.r.IntN(3)
	return wanted{"an inner hash between those of tiles changed", true, anyLeaf}, s.set(r, r.table.Columns[i].Name, s.changed(r.values[i], r.table.Columns[i]))
}

func checkpoint(s *site) (wanted, bool) {
	r := s.pick([]string{"custody_checkpoint"})
	w := wanted{"a published checkpoint changed", true, anyLeaf}
	if s.r.IntN(4) == 0 {
		other := s.pick([]string{"custody_checkpoint"})
		return w, other.key != r.key && s.set(r, "note", other.values[3])
	}
	i := 1 + s.r.IntN(3)
	return w, s.set(r, r.table.Columns[i].Name, s.changed(r.values[i], r.table.Columns[i]))
}

func deleteCheckpoint(s *site) (wanted, bool) {
	r := s.pick([]string{"custody_checkpoint"})
	if slices.Contains(s.keptSizes(), r.values[1].(int64)) {
		return wanted{"a published checkpoint deleted that somebody kept", true, -1}, s.remove(r)
	}
	return wanted{"a published checkpoint deleted that nobody kept", false, -1}, s.remove(r)
}

func head(s *site) (wanted, bool) {
	r := s.pick([]string{"custody_tree"})
	w := wanted{"the head of the log changed or deleted", true, anyLeaf}
	if s.r.IntN(5) == 0 {
		return w, s.remove(r)
	}
	i := 1 + s.r.IntN(2)
	return w, s.set(r, r.table.Columns[i].Name, s.changed(r.values[i], r.table.Columns[i]))
}

func pinnedKey(s *site) (wanted, bool) {
	r := s.pick([]string{"custody_key"})
	if s.r.IntN(2) == 0 {
		return wanted{"the name of the log's key changed", true, -1}, s.set(r, "verifier", s.changed(r.values[1], r.table.Columns[1]))
	}
	return wanted{"the keyring's mark changed (the server does not start)", false, -1}, s.set(r, "mark", s.changed(r.values[2], r.table.Columns[2]))
}

func filePart(s *site) (wanted, bool) {
	r := s.pick([]string{"file_part"})
	w := wanted{"a part of a file changed or deleted", true, -1}
	i := slices.Index(columns(r.table), "sealed")
	if s.r.IntN(3) == 0 {
		return w, s.remove(r)
	}
	was := r.values[i].([]byte)
	now := s.bytes(was, 1<<s.r.IntN(8))
	for bytes.Equal(now, was) { // two bytes that were the same changed places
		now = s.bytes(was, 1<<s.r.IntN(8))
	}
	return w, s.set(r, "sealed", now)
}

func openTable(s *site) (wanted, bool) {
	r := s.pick(s.open)
	i := s.r.IntN(len(r.values))
	if r.table.Columns[i].Name == "program" {
		return wanted{}, false
	}
	if r.table.Name == "result_day" {
		return wanted{"sums of results, which verify counts again", true, -1}, s.set(r, r.table.Columns[i].Name, s.changed(r.values[i], r.table.Columns[i]))
	}
	return wanted{"a row of a table that no leaf covers", false, -1}, s.set(r, r.table.Columns[i].Name, s.changed(r.values[i], r.table.Columns[i]))
}

func addTrigger(s *site) (wanted, bool) {
	_, err := s.tx.Exec("create trigger helpful after insert on report begin delete from report where id = new.id; end")
	return wanted{"a trigger or view added", true, -1}, err == nil
}

// rowsOf are the rows whose last leaf is this one.
func (s *site) rowsOf(at int64) (rows []row) {
	list, _ := custody.DecodeRows(s.log[at].Rows)
	for _, r := range list {
		values, ok := s.now[r.Table][string(r.Key)]
		if ok && s.last[r.Table+"\x00"+string(r.Key)] == at {
			rows = append(rows, row{s.tables[r.Table], string(r.Key), values})
		}
	}
	return rows
}
