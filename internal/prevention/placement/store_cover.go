// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// sheetAt is as much of a placement as coverage looks at: there are many.
type sheetAt struct {
	place                         store.ID
	county, notice, version, spot string
	label                         string
	languages                     []string
	state                         State
	looked                        time.Time
}

// eachHanging goes through the placements that are not gone.
func eachHanging(ctx context.Context, q store.Reader, program string, c Covering, visit func(sheetAt)) error {
	var w store.Clauses
	w.And("program = %s", program)
	w.Add("state not in ('replaced', 'removed')")
	Filter{County: c.County}.county(&w, "county")
	if c.Notice != "" {
		w.And("notice = %s", c.Notice)
	}
	rows, err := q.Query(ctx, `select place, county, notice, notice_version, spot, label, languages, state, looked_at from placement`+" where "+w.All(), w.Args...)
	if err != nil {
		return fault.Wrap(err, "going through what hangs")
	}
	defer rows.Close()
	for rows.Next() {
		var h sheetAt
		var languages string
		var label sql.NullString
		var looked sql.NullInt64
		if err := rows.Scan(&h.place, &h.county, &h.notice, &h.version, &h.spot, &label, &languages, &h.state, &looked); err != nil {
			return fault.Wrap(err, "going through what hangs")
		}
		h.label, h.languages, h.looked = label.String, strings.Fields(languages), store.Time(looked.Int64)
		visit(h)
	}
	return fault.Wrap(rows.Err(), "going through what hangs")
}

// eachPlace goes through the places in use, county by county, and ends at an error of
// visit.
func eachPlace(ctx context.Context, q store.Reader, program string, c Covering, visit func(Place) error) error {
	f := Filter{County: c.County}
	var w store.Clauses
	f.places(&w, program)
	rows, err := q.Query(ctx, `select `+placeColumns+` from place p`+" where "+w.All()+` order by p.county, p.id`, w.Args...)
	if err != nil {
		return fault.Wrap(err, "going through the places")
	}
	defer rows.Close()
	for rows.Next() {
		p, err := scanPlace(rows)
		if err != nil {
			return fault.Wrap(err, "going through the places")
		}
		if err := visit(p); err != nil {
			return err
		}
	}
	return fault.Wrap(rows.Err(), "going through the places")
}
