// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const placeColumns = `p.program, p.id, p.kind, p.name, p.address, p.city, p.state, p.county, p.latitude, p.longitude, p.contact, p.small, p.active, p.lacks, p.several, p.source,
	p.origin, p.made_at, p.made_by, p.version`

// there leaves out the places of files that are not imported yet.
const there = ` not exists (select 1 from place_import i where i.program = p.program and i.id = p.origin and i.state <> 'done')`

// placeRead is where a row of a place is read into.
type placeRead struct {
	Place
	lat, lon           sql.NullInt64
	small, active, day int64
	lacks              string
	several            sql.NullString
}

func (r *placeRead) into() []any {
	return []any{&r.Program, &r.ID, &r.Kind, &r.Name, &r.Address, &r.City, &r.State, &r.County, &r.lat, &r.lon, &r.Contact, &r.small, &r.active, &r.lacks, &r.several, &r.Source,
		&r.Origin, &r.day, &r.MadeBy, &r.Version}
}

func (r *placeRead) place() Place {
	p := r.Place
	p.Small, p.Active, p.Lacks, p.Several, p.MadeAt = r.small == 1, r.active == 1, strings.Fields(r.lacks), severalOf(r.several.String), store.Time(r.day)
	if r.lat.Valid && r.lon.Valid {
		p.At = &place.Point{Lat: float64(r.lat.Int64) / 1e6, Lon: float64(r.lon.Int64) / 1e6}
	}
	return p
}

func scanPlace(row store.Scanner) (Place, error) {
	var r placeRead
	err := row.Scan(r.into()...)
	return r.place(), err
}

func placeRow(p Place) store.Row {
	row := store.Row{"program": p.Program, "id": p.ID, "kind": p.Kind, "name": p.Name, "address": p.Address, "city": p.City, "state": p.State, "county": p.County,
		"latitude": nil, "longitude": nil, "contact": p.Contact, "small": p.Small, "active": p.Active, "lacks": strings.Join(p.Lacks, " "), "several": wordOrNull(severalText(p.Several)), "source": p.Source,
		"twin": p.twin(), "sought": p.sought(), "origin": p.Origin, "made_at": p.MadeAt, "made_by": p.MadeBy, "version": p.Version}
	if p.At != nil {
		row["latitude"], row["longitude"] = micro(p.At.Lat), micro(p.At.Lon)
	}
	return row
}

func micro(v float64) int64 { return int64(math.Round(v * 1e6)) }

func placeByID(ctx context.Context, q store.Reader, program string, id store.ID) (Place, error) {
	p, err := scanPlace(q.QueryRow(ctx, `select `+placeColumns+` from place p where p.program = $1 and p.id = $2 and`+there, program, id))
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrPlace
	}
	return p, fault.Wrap(err, "reading a place")
}

// placeByTwin finds what is the same place, also of a file that is being saved.
func placeByTwin(ctx context.Context, q store.Reader, program string, twin []byte) (Place, error) {
	p, err := scanPlace(q.QueryRow(ctx, `select `+placeColumns+` from place p where p.program = $1 and p.twin = $2`, program, twin))
	if errors.Is(err, sql.ErrNoRows) {
		return Place{}, nil
	}
	return p, fault.Wrap(err, "looking for the same place")
}

// placesByTwin finds which of many are there already.
func placesByTwin(ctx context.Context, q store.Reader, program string, list []Place) (map[[16]byte]Place, error) {
	found := map[[16]byte]Place{}
	const most = 250
	for len(list) > 0 {
		n := min(most, len(list))
		args, marks := []any{program}, make([]string, n)
		for i, p := range list[:n] {
			args = append(args, p.twin())
			marks[i] = fmt.Sprintf("$%d", len(args))
		}
		some, err := store.Collect(ctx, q, "looking for the same places", scanPlace,
			`select `+placeColumns+` from place p where p.program = $1 and p.twin in (`+strings.Join(marks, ", ")+`)`, args...)
		if err != nil {
			return nil, err
		}
		for _, p := range some {
			found[[16]byte(p.twin())] = p
		}
		list = list[n:]
	}
	return found, nil
}

func updatePlace(tx *store.Tx, p Place, before int64) error {
	row := placeRow(p)
	n, err := tx.Exec(`update place set kind = $4, name = $5, address = $6, city = $7, state = $8, county = $9, latitude = $10, longitude = $11, contact = $12, small = $13,
		active = $14, lacks = $15, twin = $16, sought = $17, version = $18, several = $19 where program = $1 and id = $2 and version = $3`,
		p.Program, p.ID, before, p.Kind, p.Name, p.Address, p.City, p.State, p.County, row["latitude"], row["longitude"], p.Contact, store.Flag(p.Small), store.Flag(p.Active),
		row["lacks"], row["twin"], row["sought"], p.Version, row["several"])
	if err != nil {
		return fault.Wrap(err, "changing a place")
	}
	if n == 0 {
		return ErrMoved
	}
	return tx.Touch("place", p.Program, p.ID)
}

// movePlacements lets what hangs at a place say where and what that is now.
func movePlacements(ctx context.Context, tx *store.Tx, p Place) error {
	ids, err := store.Collect(ctx, tx, "reading what hangs at a place", scanID, `select id from placement where program = $1 and place = $2 order by id`, p.Program, p.ID)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`update placement set county = $3, kind = $4, version = version + 1 where program = $1 and place = $2`, p.Program, p.ID, p.County, p.Kind); err != nil {
		return fault.Wrap(err, "moving what hangs at a place")
	}
	return touchAll(tx, "placement", p.Program, ids)
}

// codesAt lists the codes of the sheets at a place that are not gone.
func codesAt(ctx context.Context, q store.Reader, p Place) ([]store.ID, error) {
	return store.Collect(ctx, q, "reading the codes at a place", scanID,
		`select code from placement where program = $1 and place = $2 and code is not null and state not in ('replaced', 'removed') order by id`, p.Program, p.ID)
}

func scanID(row store.Scanner) (store.ID, error) {
	var id store.ID
	err := row.Scan(&id)
	return id, err
}

func touchAll(tx *store.Tx, table, program string, ids []store.ID) error {
	keys := make([][]any, len(ids))
	for i, id := range ids {
		keys[i] = []any{program, id}
	}
	return tx.TouchAll(table, keys)
}

// Filter narrows a list of places or of placements.
type Filter struct {
	Text, Kind          string
	County              string   // FIPS code, noCounty
	Notice, State, Spot string   // of placements
	Old, Due            bool     // of placements: an older version; due to be looked at
	Waiting             bool     // of placements: planned or printed
	Unused              bool     // of places: also those that are not in use
	Pass                string   // of placements on a round: PassHanging if empty
	Place               store.ID // of placements: at this place
	Origin              store.ID // of places: brought by this file
	Source              string   // of places
	After               string
	Limit               int
	versions            map[string]string // of each notice, for Old
	dueBefore           int64             // for Due
}

// county adds that something is in a county, or in none.
func (f Filter) county(c *store.Clauses, column string) {
	switch f.County {
	case "":
	case noCounty:
		c.Add(column + " = ''")
	default:
		c.And(column+" = %s", f.County)
	}
}

// places adds what narrows places; they are called p.
func (f Filter) places(c *store.Clauses, program string) {
	c.And("p.program = %s", program)
	c.Add(there)
	if !f.Unused {
		c.Add("p.active = 1")
	}
	f.county(c, "p.county")
	for column, v := range map[string]string{"kind": f.Kind, "source": f.Source} {
		if v != "" {
			c.And("p."+column+" = %s", v)
		}
	}
	if !f.Origin.IsZero() {
		c.And("p.origin = %s", f.Origin)
	}
	if f.Text != "" {
		c.And(`p.sought like %s escape '\'`, store.Like(f.Text))
	}
}

// placeList lists places by name, behind a place of the list.
func placeList(ctx context.Context, q store.Reader, program string, f Filter) ([]Place, string, error) {
	var c store.Clauses
	f.places(&c, program)
	if f.After != "" {
		var id store.ID
		if err := web.DecodeCursor(f.After, &id); err != nil {
			return nil, "", err
		}
		last, err := placeByID(ctx, q, program, id)
		if err != nil {
			return nil, "", err
		}
		c.And("(p.sought > %s or p.sought = %s and p.id > %s)", last.sought(), last.sought(), id)
	}
	list, err := store.Collect(ctx, q, "listing places", scanPlace, `select `+placeColumns+` from place p`+" where "+c.All()+` order by p.sought, p.id limit `+c.Mark(f.Limit+1), c.Args...)
	if err != nil || len(list) <= f.Limit {
		return list, "", err
	}
	end := list[f.Limit-1]
	return list[:f.Limit], web.EncodeCursor(end.ID), nil
}

// countPlaces says how many places a filter has.
func countPlaces(ctx context.Context, q store.Reader, program string, f Filter) (n int64, err error) {
	var c store.Clauses
	f.places(&c, program)
	err = q.QueryRow(ctx, `select count(*) from place p`+" where "+c.All(), c.Args...).Scan(&n)
	return n, fault.Wrap(err, "counting places")
}

// placesFrom lists places of a filter by id, behind one.
func placesFrom(ctx context.Context, q store.Reader, program string, f Filter, after store.ID, limit int) ([]Place, error) {
	var c store.Clauses
	f.places(&c, program)
	c.And("p.id > %s", after)
	return store.Collect(ctx, q, "listing places", scanPlace, `select `+placeColumns+` from place p`+" where "+c.All()+` order by p.id limit `+c.Mark(limit), c.Args...)
}
