// SPDX-License-Identifier: Apache-2.0

package custody

import (
	"fmt"
	"sync/atomic"
)

// rows holds every covered row against the last leaf that names it.
func (v *verification) rows() error {
	pieces, err := v.views[0].Pieces(v.ctx)
	if err != nil {
		return fmt.Errorf("reading covered rows: %w", err)
	}
	var next atomic.Int64
	err = v.parallel(func(_ int, view View) error {
		s := v.ledger.scribe()
		for {
			n := int(next.Add(1)) - 1
			if n >= len(pieces) {
				return nil
			}
			read := int64(0)
			err := view.Covered(v.ctx, v.Program, pieces[n], func(table string, key []byte, hash [32]byte) {
				read++
				s.row(table, key, hash)
			})
			if err != nil {
				return err
			}
			v.progressed(0, read)
			if err := s.fit(); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return fmt.Errorf("reading covered rows: %w", err)
	}
	return v.settle()
}

// settle compares rows and claims shard by shard.
func (v *verification) settle() error {
	var next atomic.Int64
	return v.parallel(func(int, View) error {
		for {
			n := int(next.Add(1)) - 1
			if n >= shards || v.ctx.Err() != nil {
				return v.ctx.Err()
			}
			if err := v.ledger.settle(n, v.disagree); err != nil {
				return err
			}
		}
	})
}

// disagree tells of one row. Where a later leaf cannot be read, that leaf may be
// the one that changed the row, so it is the first that is known to disagree.
func (v *verification) disagree(kind int, leaf int64, table string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if kind == rowUnknown {
		v.problem(-1, "a row of %s stands in no leaf", table)
		return
	}
	what := map[int]string{
		rowTwice: "stands there twice", rowBack: "that was deleted is there again",
		rowChanged: "is not what was recorded", rowMissing: "is gone",
	}[kind]
	if lost := v.lostAfter(leaf); lost >= 0 {
		v.problem(lost, "leaf %d: a row of %s %s, unless leaf %d or a later one that cannot be read changed it", leaf, table, what, lost)
		return
	}
	v.problem(leaf, "leaf %d: a row of %s %s", leaf, table, what)
}
