// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

const batchColumns = `b.program, b.id, b.what, b.spec, b.state, b.at, b.by_member, b.made, b.left_out, coalesce(g.done, 0), coalesce(g.total, 0)`

const batchTables = ` from placement_batch b left join placement_progress g on g.program = b.program and g.subject = b.id`

func scanBatch(row store.Scanner) (Batch, error) {
	var b Batch
	var spec string
	var at int64
	err := row.Scan(&b.Program, &b.ID, &b.What, &spec, &b.State, &at, &b.By, &b.Made, &b.LeftOut, &b.Done, &b.Total)
	b.At = store.Time(at)
	if err != nil {
		return b, err
	}
	return b, json.Unmarshal([]byte(spec), &b.Spec)
}

func insertBatch(tx *store.Tx, b Batch) error {
	spec, err := b.Spec.text()
	if err != nil {
		return fault.Wrap(err, "writing what a batch is about")
	}
	err = tx.Insert("placement_batch", store.Row{"program": b.Program, "id": b.ID, "what": b.What, "spec": spec, "state": b.State, "at": b.At, "by_member": b.By,
		"made": b.Made, "left_out": b.LeftOut})
	if err != nil {
		return err
	}
	return setProgress(tx, b.Program, b.ID, progress{total: b.Total})
}

func finishBatch(tx *store.Tx, b Batch) error {
	_, err := tx.Exec(`update placement_batch set state = $3, made = $4, left_out = $5 where program = $1 and id = $2`, b.Program, b.ID, b.State, b.Made, b.LeftOut)
	if err != nil {
		return fault.Wrap(err, "ending a batch")
	}
	return tx.Touch("placement_batch", b.Program, b.ID)
}

func batchByID(ctx context.Context, q store.Reader, program string, id store.ID) (Batch, error) {
	b, err := scanBatch(q.QueryRow(ctx, `select `+batchColumns+batchTables+` where b.program = $1 and b.id = $2`, program, id))
	if errors.Is(err, sql.ErrNoRows) {
		return b, ErrBatch
	}
	return b, fault.Wrap(err, "reading a batch")
}

// batchList lists the latest batches.
func batchList(ctx context.Context, q store.Reader, program string, limit int) ([]Batch, error) {
	return store.Collect(ctx, q, "listing batches", scanBatch, `select `+batchColumns+batchTables+` where b.program = $1 order by b.at desc, b.id limit $2`, program, limit)
}

// batchPlacements lists the next placements of a batch that acts on placements.
func batchPlacements(ctx context.Context, q store.Reader, b Batch, after store.ID, limit int) ([]Placement, error) {
	if b.What != BatchRenew {
		return placementsFrom(ctx, q, b.Program, b.filter(), after, limit)
	}
	c := b.toReplace()
	c.And("t.id > %s", after)
	return store.Collect(ctx, q, "listing what is to be replaced", scanPlacement,
		`select `+placementColumns+placementTables+" where "+c.All()+` order by t.id limit `+c.Mark(limit), c.Args...)
}

// toReplace is the condition that something is to be replaced.
func (b Batch) toReplace() *store.Clauses {
	var c store.Clauses
	b.filter().placements(&c, b.Program)
	c.Add(`exists (select 1 from placement_task k where k.program = t.program and k.placement = t.id and k.state = 'open')`)
	return &c
}

func countBatchPlacements(ctx context.Context, q store.Reader, b Batch) (n int64, err error) {
	c := b.toReplace()
	err = q.QueryRow(ctx, `select count(*)`+placementTables+" where "+c.All(), c.Args...).Scan(&n)
	return n, fault.Wrap(err, "counting what is to be replaced")
}
