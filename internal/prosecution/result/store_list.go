// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"fmt"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// names are the columns of the dimensions.
var names = [dimensions]string{"office", "operation", "county", "organization", "role", "offense", "stage", "item", "certainty", "age", "exploitation", "matched", "covers",
	"qualifier", ""}

// unshown is the way back from shown.
func unshown(value string) (string, bool) { return "", value == figure.Other }

// counted lists the rows that make up a figure's value, by day, behind a place.
func counted(ctx context.Context, q store.Reader, b box, t tally, over surges, ask figure.Query, from, to int64, after string, limit int) ([]Result, string, error) {
	day, id := int64(-1<<40), store.ID{}
	if err := web.DecodeCursor(after, &day, &id); err != nil {
		return nil, "", err
	}
	var c store.Clauses
	c.And("r.program = %s and r.kind = %s", ask.Program, t.kind)
	c.And("r.day >= %s and r.day < %s", from, to)
	c.And("(r.day > %s or r.day = %s and r.id > %s)", day, day, id)
	c.Add("r.state = 'confirmed' and r.evidence <> '' and r.same_as is null", visible)
	for d, v := range t.only {
		c.And("r."+names[d]+" = %s", v)
	}
	for d, v := range t.never {
		c.And("r."+names[d]+" <> %s", v)
	}
	for name, v := range ask.Where {
		d, has := t.by[name]
		switch other, is := unshown(v); {
		case name == month:
		case name == surge:
			over.only(&c, v)
		case !has:
			return nil, "", fmt.Errorf("measure %s has no dimension %s", t.measure, name)
		case is:
			c.And("r."+names[d]+" in (%s, %s)", other, v)
		default:
			c.And("r."+names[d]+" = %s", v)
		}
	}
	list, err := results(ctx, q, b, `select `+columnsOfResult+` from result r where `+c.All()+
		` order by r.day, r.id limit `+c.Mark(limit+1), c.Args)
	if err != nil || len(list) <= limit {
		return list, "", err
	}
	end := list[limit-1]
	return list[:limit], web.EncodeCursor(end.Day, end.ID), nil
}

func results(ctx context.Context, q store.Reader, b box, query string, args []any) ([]Result, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, fault.Wrap(err, "listing results")
	}
	defer rows.Close()
	var out []Result
	for rows.Next() {
		r, err := scan(rows, b)
		if err != nil {
			return nil, fault.Wrap(err, "listing results")
		}
		out = append(out, r)
	}
	return out, fault.Wrap(rows.Err(), "listing results")
}

// Filter narrows the list of an office.
type Filter struct {
	Kind, State, Text string
	After             string
	Limit             int
}

// officeList lists an office's results, the latest day first, behind a place.
func officeList(ctx context.Context, q store.Reader, b box, program, office string, f Filter) ([]Result, string, error) {
	day, id := int64(1<<40), store.ID{}
	if err := web.DecodeCursor(f.After, &day, &id); err != nil {
		return nil, "", err
	}
	var c store.Clauses
	c.And("r.program = %s and r.office = %s", program, office)
	c.And("(r.day < %s or r.day = %s and r.id > %s)", day, day, id)
	c.Add(visible)
	if f.Kind != "" {
		c.And("r.kind = %s", f.Kind)
	}
	if f.State != "" {
		c.And("r.state = %s", f.State)
	}
	if f.Text != "" {
		like := store.Like(f.Text)
		var in []string
		for _, name := range []string{"kind", "organization", "role", "offense", "stage", "item", "county", "operation", "evidence"} {
			in = append(in, "lower(r."+name+") like "+c.Mark(like)+` escape '\'`)
		}
		c.Add("(" + strings.Join(in, " or ") + ")")
	}
	list, err := results(ctx, q, b, `select `+columnsOfResult+` from result r where `+c.All()+
		` order by r.day desc, r.id limit `+c.Mark(f.Limit+1), c.Args)
	if err != nil || len(list) <= f.Limit {
		return list, "", err
	}
	end := list[f.Limit-1]
	return list[:f.Limit], web.EncodeCursor(end.Day, end.ID), nil
}
