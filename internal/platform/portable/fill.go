// SPDX-License-Identifier: Apache-2.0

package portable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"waylight/internal/platform/store"
)

// keepUsually is how many bytes of rows are made durable at once. Fewer make
// more waiting for the disk; more are done again after an interruption.
const keepUsually = 32 << 20

// Fill says how rows come in.
type Fill struct {
	// Change gives columns of a table another value than the stream's: what
	// belonged to the old place.
	Change map[string]map[string]any
	// KeepEvery is how many bytes of rows are made durable at once; 0: 32 MB.
	KeepEvery int
}

// column is where a stream's column goes.
type column struct {
	at   int // in the declared table
	set  bool
	with any
}

// filler fills one stream into one database.
type filler struct {
	into   *store.Loader
	tables []*store.Table // by the stream's numbers
	places [][]column
	owners []int // where each table says whose its row is
}

// Into fills what a stream holds into a database that OpenLoader marked for it.
// Where an earlier run came to an end before the stream did, it goes on there.
// Nothing it fills in is served before the caller says Finish.
func (r *Reader) Into(ctx context.Context, into *store.Loader, f Fill) error {
	fill := &filler{into: into}
	if err := fill.match(&r.header, f); err != nil {
		return err
	}
	keepEvery := f.KeepEvery
	if keepEvery == 0 {
		keepEvery = keepUsually
	}
	pending := 0
	for {
		rows, err := r.Next()
		if errors.Is(err, io.EOF) {
			return into.Keep(ctx, r.frames)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && r.frames > into.Done() {
			var n int
			n, err = fill.add(ctx, r.header.Programs[rows.Program].ID, rows)
			pending += n
		}
		if err != nil {
			return err
		}
		if pending >= keepEvery {
			pending = 0
			if err := into.Keep(ctx, r.frames); err != nil {
				return err
			}
		}
	}
}

// match finds each table and column of the stream among those declared here.
func (fill *filler) match(h *Header, f Fill) error {
	declared := fill.into.Tables()
	for _, t := range h.Tables {
		table := declared[t.Name]
		if table == nil {
			return fmt.Errorf("this release has no table %s: import with a newer one", t.Name)
		}
		owner := slices.IndexFunc(table.Columns, func(c store.Column) bool { return c.Name == "program" })
		if owner < 0 {
			return fmt.Errorf("the table %s does not say whose its rows are", t.Name)
		}
		fill.owners = append(fill.owners, owner)
		places := make([]column, len(t.Columns))
		for i, c := range t.Columns {
			at := slices.IndexFunc(table.Columns, func(d store.Column) bool { return d.Name == c.Name && d.Type == c.Type })
			if at < 0 {
				return fmt.Errorf("this release has no column %s.%s of type %s: import with a newer one", t.Name, c.Name, c.Type)
			}
			places[i] = column{at: at}
			if v, ok := f.Change[t.Name][c.Name]; ok {
				places[i].set, places[i].with = true, v
			}
		}
		fill.tables, fill.places = append(fill.tables, table), append(fill.places, places)
	}
	return nil
}

// add adds a frame's rows and says how many bytes they are.
func (fill *filler) add(ctx context.Context, program string, rows Rows) (int, error) {
	table, places := fill.tables[rows.Table], fill.places[rows.Table]
	size := 0
	full := make([][]any, len(rows.Values))
	for i, values := range rows.Values {
		full[i] = make([]any, len(table.Columns)) // a column that the stream does not have is null
		for c, v := range values {
			if places[c].set {
				v = places[c].with
			}
			switch v := v.(type) {
			case string:
				size += len(v)
			case []byte:
				size += len(v)
			}
			size += 8
			full[i][places[c].at] = v
		}
		if full[i][fill.owners[rows.Table]] != program {
			return 0, damaged("a row of %s belongs to another program than its part says", table.Name)
		}
	}
	return size, fill.into.Add(ctx, table, full)
}

// Fits says whether this release knows every migration that the stream's
// database had run, so that nothing of it is lost on the way.
func (h *Header) Fits(known []store.Migration) error {
	digests := map[store.Ran]bool{}
	rooms := map[string]int{}
	for _, m := range known {
		digests[m.Ran()] = true
		rooms[m.Room] = max(rooms[m.Room], m.Number)
	}
	for _, ran := range h.Migrations {
		if digests[ran] {
			continue
		}
		if ran.Number > rooms[ran.Room] {
			return fmt.Errorf("this export was made by a newer release (migration %d of %s): import it with that one or a newer one", ran.Number, ran.Room)
		}
		return fmt.Errorf("this export comes from a database with another migration %d of %s than this release has", ran.Number, ran.Room)
	}
	return nil
}
