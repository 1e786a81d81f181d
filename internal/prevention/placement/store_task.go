// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"database/sql"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// openTask opens a task for a reason, unless one is open for it or the same mark
// opened one before.
func openTask(ctx context.Context, tx *store.Tx, p Placement, reason, mark string) error {
	var n int64
	err := tx.QueryRow(ctx, `select count(*) from placement_task where program = $1 and placement = $2 and (mark = $3 or open_for = $4)`, p.Program, p.ID, mark, reason).Scan(&n)
	if err != nil || n > 0 {
		return fault.Wrap(err, "looking for a task")
	}
	return tx.Insert("placement_task", store.Row{"program": p.Program, "id": store.NewID(), "placement": p.ID, "county": p.Place.County, "reason": reason, "mark": mark,
		"open_for": reason, "state": "open", "opened_at": tx.Now(), "closed_at": nil, "closed_by": ""})
}

// closeTask closes the open task of a reason, if there is one.
func closeTask(ctx context.Context, tx *store.Tx, p Placement, reason, how, by string) error {
	return closeOpen(ctx, tx, p, how, by, ` and open_for = $3`, reason)
}

// closeTasks closes all open tasks of a placement.
func closeTasks(ctx context.Context, tx *store.Tx, p Placement, how, by string) error {
	return closeOpen(ctx, tx, p, how, by, ` and open_for is not null`)
}

func closeOpen(ctx context.Context, tx *store.Tx, p Placement, how, by, which string, args ...any) error {
	ids, err := store.Collect(ctx, tx, "looking for open tasks", scanID, `select id from placement_task where program = $1 and placement = $2`+which,
		append([]any{p.Program, p.ID}, args...)...)
	if err != nil {
		return err
	}
	for _, id := range ids {
		_, err := tx.Exec(`update placement_task set state = $3, open_for = null, closed_at = $4, closed_by = $5 where program = $1 and id = $2`,
			p.Program, id, how, store.Micros(tx.Now()), by)
		if err != nil {
			return fault.Wrap(err, "closing a task")
		}
		if err := tx.Touch("placement_task", p.Program, id); err != nil {
			return err
		}
	}
	return nil
}

// held says whether a task asks a supervisor to look at a sheet's code.
func held(ctx context.Context, q store.Reader, p Placement) (bool, error) {
	var n int64
	err := q.QueryRow(ctx, `select count(*) from placement_task where program = $1 and placement = $2 and open_for = $3`, p.Program, p.ID, reasonHeld).Scan(&n)
	return n > 0, fault.Wrap(err, "looking for a task")
}

// outdated lists placements that carry another version than the pack has and for
// which nothing was done about that yet.
func outdated(ctx context.Context, q store.Reader, program string, versions map[string]string, limit int) ([]Placement, error) {
	f := Filter{versions: versions}
	var c store.Clauses
	c.And("t.program = %s", program)
	c.Add("t.state not in ('replaced', 'removed')", f.older(&c))
	var known []string
	for _, id := range sortedKeys(versions) {
		known = append(known, "t.notice = "+c.Mark(id)+" and k.mark = "+c.Mark(reasonVersion+":"+versions[id]))
	}
	c.Add(`(t.state = 'planned' or not exists (select 1 from placement_task k where k.program = t.program and k.placement = t.id
		and (k.open_for = 'version' or ` + strings.Join(known, " or ") + `)))`)
	return store.Collect(ctx, q, "looking for older versions", scanPlacement,
		`select `+placementColumns+placementTables+" where "+c.All()+` order by t.id limit `+c.Mark(limit), c.Args...)
}

func scanTask(row store.Scanner) (Task, error) {
	var t Task
	var opened int64
	var closed sql.NullInt64
	var at placeRead
	var label sql.NullString
	p := &t.Placement
	err := row.Scan(append([]any{&t.ID, &t.Reason, &t.State, &opened, &closed, &t.ClosedBy, &p.ID, &p.Spot, &label, &p.Notice, &p.Version, &p.State}, at.into()...)...)
	p.Place, p.Program, p.Label = at.place(), at.Program, label.String
	t.OpenedAt, t.ClosedAt = store.Time(opened), store.Time(closed.Int64)
	return t, err
}

const taskColumns = `k.id, k.reason, k.state, k.opened_at, k.closed_at, k.closed_by, t.id, t.spot, t.label, t.notice, t.notice_version, t.state, ` + placeColumns

const taskTables = ` from placement_task k join placement t on t.program = k.program and t.id = k.placement join place p on p.program = t.program and p.id = t.place`

func taskList(ctx context.Context, q store.Reader, program string, f TaskFilter) ([]Task, string, error) {
	var c store.Clauses
	c.And("k.program = %s", program)
	for column, v := range map[string]string{"state": f.State, "reason": f.Reason, "county": f.County} {
		if v != "" {
			c.And("k."+column+" = %s", v)
		}
	}
	if f.Notice != "" {
		c.And("t.notice = %s", f.Notice)
	}
	at, id := int64(0), store.ID{}
	if err := web.DecodeCursor(f.After, &at, &id); err != nil {
		return nil, "", err
	}
	if f.After != "" {
		c.And("(k.opened_at > %s or k.opened_at = %s and k.id > %s)", at, at, id)
	}
	list, err := store.Collect(ctx, q, "listing tasks", scanTask, `select `+taskColumns+taskTables+" where "+c.All()+` order by k.opened_at, k.id limit `+c.Mark(f.Limit+1), c.Args...)
	if err != nil || len(list) <= f.Limit {
		return list, "", err
	}
	end := list[f.Limit-1]
	return list[:f.Limit], web.EncodeCursor(store.Micros(end.OpenedAt), end.ID), nil
}

// tasksOf lists the tasks of a placement.
func tasksOf(ctx context.Context, q store.Reader, program string, id store.ID) ([]Task, error) {
	return store.Collect(ctx, q, "listing tasks", scanTask, `select `+taskColumns+taskTables+` where k.program = $1 and k.placement = $2 order by k.opened_at, k.id`, program, id)
}

// openTasks says how many tasks are open.
func openTasks(ctx context.Context, q store.Reader, program string) (n int64, err error) {
	err = q.QueryRow(ctx, `select count(*) from placement_task where program = $1 and state = 'open'`, program).Scan(&n)
	return n, fault.Wrap(err, "counting tasks")
}
