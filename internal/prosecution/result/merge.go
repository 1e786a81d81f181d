// SPDX-License-Identifier: Apache-2.0

package result

import (
	"cmp"
	"context"
	"fmt"

	"waylight/internal/platform/bulk"
	"waylight/internal/platform/store"
)

// byDay is the order in which the rows of a file are written: that of the indexes, so
// that rows written together stand together in each of them, and the sums of a day are
// written once. Each run of parts is in this order already, and those of one day are in
// the order of the file.
func byDay(a, b Result) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Day, b.Day)) }

// run is a few parts of a file, read one after the other.
type run struct {
	next, end int64 // parts that are not read yet
	rows      []Result
}

// runs are a file's, from which its rows come in order.
type runs struct {
	q    store.Reader
	b    box
	im   Import
	list []*run
}

func runsOf(q store.Reader, b box, im Import, parts int64) *runs {
	all := &runs{q: q, b: b, im: im}
	for at := int64(0); at < parts; at += runParts {
		all.list = append(all.list, &run{next: at, end: min(parts, at+runParts)})
	}
	return all
}

// take gives the next rows: fewer than n at the end alone.
func (all *runs) take(ctx context.Context, n int) ([]Result, error) {
	var out []Result
	for len(out) < n {
		first, err := all.first(ctx)
		if err != nil || first == nil {
			return out, err
		}
		out, first.rows = append(out, first.rows[0]), first.rows[1:]
	}
	return out, nil
}

// first is the run whose next row comes first, or nil.
func (all *runs) first(ctx context.Context) (*run, error) {
	var first *run
	for _, r := range all.list {
		if err := all.fill(ctx, r); err != nil {
			return nil, err
		}
		if len(r.rows) > 0 && (first == nil || byDay(r.rows[0], first.rows[0]) < 0) {
			first = r
		}
	}
	return first, nil
}

// fill reads the run's next part when it has no rows left.
func (all *runs) fill(ctx context.Context, r *run) error {
	if len(r.rows) > 0 || r.next == r.end {
		return nil
	}
	if err := readPart(ctx, all.q, all.b, all.im.Program, all.im.ID, "rows", r.next, &r.rows); err != nil {
		return err
	}
	if len(r.rows) == 0 {
		return fmt.Errorf("an import's part %d is not there", r.next)
	}
	r.next++
	return nil
}

// batch is what is written with one transaction.
type batch struct {
	from   int64 // how many rows come before
	list   []Result
	stored []store.Row
	err    error
}

// batches makes one batch after the other behind so many rows, the next one while the
// last one is written, until ctx ends or there are no more.
func (all *runs) batches(ctx context.Context, from int64, out chan<- batch) {
	defer close(out)
	_, err := all.take(ctx, int(from)) // they are written already
	for {
		next := batch{from: from, err: err}
		if err == nil {
			next.list, next.err = all.take(ctx, partRows)
		}
		if next.err == nil {
			for i := range next.list {
				next.list[i].ID = bulk.RowID(all.im.ID, from+int64(i)+1)
			}
			next.stored, next.err = rowsOf(all.b, next.list)
		}
		select {
		case out <- next:
		case <-ctx.Done():
			return
		}
		if next.err != nil || len(next.list) < partRows {
			return
		}
		from += int64(len(next.list))
	}
}
