// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const roundColumns = `r.program, r.id, r.name, r.made_at, r.made_by, r.stops, r.closed_at,
	(select count(distinct i.placement) from placement_inspection i where i.program = r.program and i.round = r.id)`

func scanRound(row store.Scanner) (Round, error) {
	var r Round
	var made int64
	var closed sql.NullInt64
	err := row.Scan(&r.Program, &r.ID, &r.Name, &made, &r.MadeBy, &r.Stops, &closed, &r.Looked)
	r.MadeAt, r.ClosedAt = store.Time(made), store.Time(closed.Int64)
	return r, err
}

func insertRound(tx *store.Tx, r Round, list []store.ID) error {
	err := tx.Insert("placement_round", store.Row{"program": r.Program, "id": r.ID, "name": r.Name, "made_at": r.MadeAt, "made_by": r.MadeBy, "stops": r.Stops, "closed_at": nil})
	if err != nil {
		return err
	}
	rows := make([]store.Row, len(list))
	for i, id := range list {
		rows[i] = store.Row{"program": r.Program, "round": r.ID, "position": i, "placement": id}
	}
	return tx.InsertAll("placement_round_stop", rows)
}

func closeRound(tx *store.Tx, program string, id store.ID) error {
	_, err := tx.Exec(`update placement_round set closed_at = $3 where program = $1 and id = $2`, program, id, store.Micros(tx.Now()))
	if err != nil {
		return fault.Wrap(err, "closing a round")
	}
	return tx.Touch("placement_round", program, id)
}

func roundByID(ctx context.Context, q store.Reader, program string, id store.ID) (Round, error) {
	r, err := scanRound(q.QueryRow(ctx, `select `+roundColumns+` from placement_round r where r.program = $1 and r.id = $2`, program, id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrRound
	}
	return r, fault.Wrap(err, "reading a round")
}

// roundList lists rounds, the latest first.
func roundList(ctx context.Context, q store.Reader, program, after string, limit int) ([]Round, string, error) {
	at, id := int64(1<<62), store.ID{}
	if err := web.DecodeCursor(after, &at, &id); err != nil {
		return nil, "", err
	}
	list, err := store.Collect(ctx, q, "listing rounds", scanRound, `select `+roundColumns+` from placement_round r
		where r.program = $1 and (r.made_at < $2 or r.made_at = $2 and r.id > $3) order by r.made_at desc, r.id limit $4`, program, at, id, limit+1)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	end := list[limit-1]
	return list[:limit], web.EncodeCursor(store.Micros(end.MadeAt), end.ID), nil
}

// What a round passes: what hangs, or should; what is printed and is to be put up; both.
const (
	PassHanging = "hang"
	PassPrinted = "print"
	PassBoth    = "both"
)

// passed lists what a round passes. That something is due to be looked at is asked of
// what hangs alone.
func passed(ctx context.Context, q store.Reader, program string, f Filter, limit int) ([]store.ID, error) {
	var c store.Clauses
	due := f.Due
	f.Due = false
	f.placements(&c, program)
	hang, print := "t.state in ('up', 'missing', 'defaced', 'stickered')", "t.state = 'printed'"
	if due {
		hang = f.dueToLook(&c)
	}
	c.Add(map[string]string{"": hang, PassHanging: hang, PassPrinted: print, PassBoth: "(" + hang + " or " + print + ")"}[f.Pass])
	return store.Collect(ctx, q, "looking for what a round passes", scanID, `select t.id`+placementTables+" where "+c.All()+` order by t.county, p.sought, t.place, t.spot, coalesce(t.label, ''), t.id limit `+c.Mark(limit), c.Args...)
}

func stopsAt(ctx context.Context, q store.Reader, program string, round, placement store.ID) (bool, error) {
	var n int64
	err := q.QueryRow(ctx, `select count(*) from placement_round_stop where program = $1 and round = $2 and placement = $3`, program, round, placement).Scan(&n)
	return n > 0, fault.Wrap(err, "looking for a stop")
}

// stops lists the placements of a round, each with what was last found there in it.
func stops(ctx context.Context, q store.Reader, program string, round store.ID) ([]Stop, error) {
	list, err := store.Collect(ctx, q, "listing a round", scanPlacement, `select `+placementColumns+placementTables+`
		join placement_round_stop s on s.program = t.program and s.placement = t.id where t.program = $1 and s.round = $2 order by s.position`, program, round)
	if err != nil {
		return nil, err
	}
	found, err := store.Collect(ctx, q, "reading what was found", scanInspection,
		`select `+inspectionColumns+` from placement_inspection i where i.program = $1 and i.round = $2 order by i.at, i.id`, program, round)
	if err != nil {
		return nil, err
	}
	last := map[store.ID]Inspection{}
	for _, i := range found {
		last[i.Placement] = i
	}
	out := make([]Stop, len(list))
	for k, p := range list {
		i := last[p.ID]
		out[k] = Stop{Placement: p, Found: i.Found, Opens: i.Opens, Effect: i.Effect, FoundAt: i.At}
	}
	return out, nil
}

const inspectionColumns = `i.id, i.placement, i.round, i.at, i.received_at, i.by_member, i.found, i.opens, i.effect`

func scanInspection(row store.Scanner) (Inspection, error) {
	var i Inspection
	var at, received int64
	err := row.Scan(&i.ID, &i.Placement, &i.Round, &at, &received, &i.By, &i.Found, &i.Opens, &i.Effect)
	i.At, i.ReceivedAt = store.Time(at), store.Time(received)
	return i, err
}

func inspectionRow(p Placement, i Inspection, entry string) store.Row {
	return store.Row{"program": p.Program, "id": i.ID, "placement": i.Placement, "round": i.Round, "entry": entry, "at": i.At, "received_at": i.ReceivedAt, "by_member": i.By,
		"found": i.Found, "opens": i.Opens, "effect": i.Effect, "county": p.Place.County, "kind": p.Place.Kind, "notice": p.Notice}
}

func inspectionByEntry(ctx context.Context, q store.Reader, program, entry string) (Inspection, error) {
	i, err := scanInspection(q.QueryRow(ctx, `select `+inspectionColumns+` from placement_inspection i where i.program = $1 and i.entry = $2`, program, entry))
	if errors.Is(err, sql.ErrNoRows) {
		return Inspection{}, nil
	}
	return i, fault.Wrap(err, "looking for an entry")
}

// switchedOff says how many codes went off through what a member found since a moment.
func switchedOff(ctx context.Context, q store.Reader, program, by string, since time.Time) (n int64, err error) {
	err = q.QueryRow(ctx, `select count(*) from placement_inspection where program = $1 and by_member = $2 and received_at > $3 and (effect = 'code_off' or effect like 'code_off %')`,
		program, by, store.Micros(since)).Scan(&n)
	return n, fault.Wrap(err, "counting codes that were switched off")
}

// inspectionsOf lists what was found at a placement, the latest first.
func inspectionsOf(ctx context.Context, q store.Reader, program string, id store.ID, limit int) ([]Inspection, error) {
	return store.Collect(ctx, q, "listing inspections", scanInspection,
		`select `+inspectionColumns+` from placement_inspection i where i.program = $1 and i.placement = $2 order by i.at desc, i.id limit $3`, program, id, limit)
}
