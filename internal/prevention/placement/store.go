// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const placementColumns = `t.program, t.id, t.spot, t.label, t.notice, t.notice_version, t.languages, t.paper, t.code, t.code_text, t.code_on, t.state, t.slot, t.replaces,
	t.put_up_on, t.put_up_by, t.seen_at, t.looked_at, t.made_at, t.made_by, t.version, ` + placeColumns

const placementTables = ` from placement t join place p on p.program = t.program and p.id = t.place`

func scanPlacement(row store.Scanner) (Placement, error) {
	var p Placement
	var at placeRead
	var languages string
	var slot, label sql.NullString
	var on, made int64
	var putUp, seen, looked sql.NullInt64
	err := row.Scan(append([]any{&p.Program, &p.ID, &p.Spot, &label, &p.Notice, &p.Version, &languages, &p.Paper, &p.Code.ID, &p.Code.Text, &on, &p.State, &slot, &p.Replaces,
		&putUp, &p.PutUpBy, &seen, &looked, &made, &p.MadeBy, &p.Row}, at.into()...)...)
	p.Place, p.Label, p.Languages, p.Slot, p.CodeOn = at.place(), label.String, strings.Fields(languages), slot.String, on == 1
	p.PutUpOn, p.SeenAt, p.LookedAt, p.MadeAt = store.Time(putUp.Int64), store.Time(seen.Int64), store.Time(looked.Int64), store.Time(made)
	return p, err
}

func placementRow(p Placement) store.Row {
	return store.Row{"program": p.Program, "id": p.ID, "place": p.Place.ID, "county": p.Place.County, "kind": p.Place.Kind, "spot": p.Spot, "label": wordOrNull(p.Label), "notice": p.Notice,
		"notice_version": p.Version, "languages": strings.Join(p.Languages, " "), "paper": p.Paper, "code": orNull(p.Code.ID), "code_text": p.Code.Text, "code_on": p.CodeOn,
		"state": string(p.State), "slot": wordOrNull(p.Slot), "replaces": orNull(p.Replaces), "put_up_on": timeOrNull(p.PutUpOn), "put_up_by": p.PutUpBy,
		"seen_at": timeOrNull(p.SeenAt), "looked_at": timeOrNull(p.LookedAt), "made_at": p.MadeAt, "made_by": p.MadeBy, "version": p.Row}
}

func orNull(id store.ID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

func wordOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return store.Micros(t)
}

func placementByID(ctx context.Context, q store.Reader, program string, id store.ID) (Placement, error) {
	p, err := scanPlacement(q.QueryRow(ctx, `select `+placementColumns+placementTables+` where t.program = $1 and t.id = $2`, program, id))
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNone
	}
	return p, fault.Wrap(err, "reading a placement")
}

// bySlot finds what is at a slot; a zero placement when nothing is.
func bySlot(ctx context.Context, q store.Reader, program, slot string) (Placement, error) {
	p, err := scanPlacement(q.QueryRow(ctx, `select `+placementColumns+placementTables+` where t.program = $1 and t.slot = $2`, program, slot))
	if errors.Is(err, sql.ErrNoRows) {
		return Placement{}, nil
	}
	return p, fault.Wrap(err, "looking at a spot")
}

// languagesBeside lists the languages of the other sheets of a notice at a spot that are
// not gone, each once and sorted.
func languagesBeside(ctx context.Context, q store.Reader, program string, sh Sheet) ([]string, error) {
	list, err := store.Collect(ctx, q, "reading what hangs beside a sheet", func(row store.Scanner) (text string, err error) {
		err = row.Scan(&text)
		return text, err
	}, `select languages from placement where program = $1 and place = $2 and spot = $3 and notice = $4 and id <> $5 and coalesce(label, '') = $6 and state not in ('replaced', 'removed')`,
		program, sh.at, sh.spot, sh.Notice, sh.Placement, sh.label)
	langs := strings.Fields(strings.Join(list, " "))
	slices.Sort(langs)
	return slices.Compact(langs), err
}

// updatePlacement writes a placement over the version that it was read at.
func updatePlacement(tx *store.Tx, p Placement) error {
	row := placementRow(p)
	n, err := tx.Exec(`update placement set notice_version = $4, code_on = $5, state = $6, slot = $7, put_up_on = $8, put_up_by = $9, seen_at = $10, looked_at = $11, label = $12,
		version = version + 1 where program = $1 and id = $2 and version = $3`,
		p.Program, p.ID, p.Row, p.Version, store.Flag(p.CodeOn), row["state"], row["slot"], row["put_up_on"], p.PutUpBy, row["seen_at"], row["looked_at"], row["label"])
	if err != nil {
		return fault.Wrap(err, "changing a placement")
	}
	if n == 0 {
		return ErrMoved
	}
	return tx.Touch("placement", p.Program, p.ID)
}

// placements adds what narrows placements; they are called t, their places p.
func (f Filter) placements(c *store.Clauses, program string) {
	c.And("t.program = %s", program)
	f.county(c, "t.county")
	for column, v := range map[string]string{"t.kind": f.Kind, "t.notice": f.Notice, "t.spot": f.Spot, "p.source": f.Source} {
		if v != "" {
			c.And(column+" = %s", v)
		}
	}
	switch f.State {
	case "":
		c.Add("t.state not in ('replaced', 'removed')")
	case "all":
	default:
		c.And("t.state = %s", f.State)
	}
	if f.Waiting {
		c.Add("t.state in ('planned', 'printed')")
	}
	if !f.Place.IsZero() {
		c.And("t.place = %s", f.Place)
	}
	if f.Text != "" {
		c.And(`p.sought like %s escape '\'`, store.Like(f.Text))
	}
	if f.Due {
		c.Add(f.dueToLook(c))
	}
	if f.Old {
		c.Add(f.older(c))
	}
}

// dueToLook is the condition that a sheet hangs and nobody looked at it for long.
func (f Filter) dueToLook(c *store.Clauses) string {
	return "(t.state = 'up' and coalesce(t.looked_at, 0) < " + c.Mark(f.dueBefore) + ")"
}

// older is the condition that a placement carries another version of its notice than
// the pack has.
func (f Filter) older(c *store.Clauses) string {
	var any []string
	for _, id := range sortedKeys(f.versions) {
		any = append(any, "t.notice = "+c.Mark(id)+" and t.notice_version <> "+c.Mark(f.versions[id]))
	}
	if len(any) == 0 {
		return "1 = 0"
	}
	return "(" + strings.Join(any, " or ") + ")"
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// placementList lists placements by county and place, behind one of the list.
func placementList(ctx context.Context, q store.Reader, program string, f Filter) ([]Placement, string, error) {
	var c store.Clauses
	f.placements(&c, program)
	county, at, id := "", store.ID{}, store.ID{}
	if err := web.DecodeCursor(f.After, &county, &at, &id); err != nil {
		return nil, "", err
	}
	if f.After != "" {
		c.And("(t.county > %s or t.county = %s and (t.place > %s or t.place = %s and t.id > %s))", county, county, at, at, id)
	}
	list, err := store.Collect(ctx, q, "listing placements", scanPlacement,
		`select `+placementColumns+placementTables+" where "+c.All()+` order by t.county, t.place, t.id limit `+c.Mark(f.Limit+1), c.Args...)
	if err != nil || len(list) <= f.Limit {
		return list, "", err
	}
	end := list[f.Limit-1]
	return list[:f.Limit], web.EncodeCursor(end.Place.County, end.Place.ID, end.ID), nil
}

// placementsFrom lists placements of a filter by id, behind one.
func placementsFrom(ctx context.Context, q store.Reader, program string, f Filter, after store.ID, limit int) ([]Placement, error) {
	var c store.Clauses
	f.placements(&c, program)
	c.And("t.id > %s", after)
	return store.Collect(ctx, q, "listing placements", scanPlacement,
		`select `+placementColumns+placementTables+" where "+c.All()+` order by t.id limit `+c.Mark(limit), c.Args...)
}

func countPlacements(ctx context.Context, q store.Reader, program string, f Filter) (n int64, err error) {
	var c store.Clauses
	f.placements(&c, program)
	err = q.QueryRow(ctx, `select count(*)`+placementTables+" where "+c.All(), c.Args...).Scan(&n)
	return n, fault.Wrap(err, "counting placements")
}
