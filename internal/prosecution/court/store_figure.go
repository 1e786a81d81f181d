// SPDX-License-Identifier: Apache-2.0

package court

import (
	"context"
	"strconv"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

func dollar(n int) string { return "$" + strconv.Itoa(n) }

// factsOf lists what the figures count of a case.
func factsOf(ctx context.Context, q store.Reader, program string, matter store.ID) ([]fact, error) {
	rows, err := q.Query(ctx, `select measure, day, matter, part, state, district, statute, class, kind, amount, proven from court_fact where program = $1 and matter = $2`, program, matter)
	if err != nil {
		return nil, fault.Wrap(err, "reading what the figures count")
	}
	defer rows.Close()
	var out []fact
	for rows.Next() {
		f, err := scanFact(rows)
		if err != nil {
			return nil, fault.Wrap(err, "reading what the figures count")
		}
		out = append(out, f)
	}
	return out, fault.Wrap(rows.Err(), "reading what the figures count")
}

func scanFact(row store.Scanner, more ...any) (fact, error) {
	var f fact
	var proven int64
	err := row.Scan(append([]any{&f.measure, &f.day, &f.matter, &f.part, &f.state, &f.district, &f.statute, &f.class, &f.kind, &f.amount, &proven}, more...)...)
	f.proven = proven == 1
	return f, err
}

func insertFact(tx *store.Tx, program string, f fact) error {
	return tx.Insert("court_fact", store.Row{
		"program": program, "measure": f.measure, "day": int64(f.day), "matter": f.matter, "part": f.part, "state": f.state, "district": f.district, "statute": f.statute,
		"class": f.class, "kind": f.kind, "amount": f.amount, "proven": f.proven,
	})
}

func deleteFact(tx *store.Tx, program string, f fact) error {
	_, err := tx.Exec(`delete from court_fact where program = $1 and measure = $2 and day = $3 and matter = $4 and part = $5`, program, f.measure, int64(f.day), f.matter, f.part)
	return fault.Wrap(err, "taking something out of the figures")
}

// write adds what changed to the sums.
func (t tallies) write(tx *store.Tx, program string) error {
	for _, k := range t.ordered() {
		s := t[k]
		_, err := tx.Exec(`insert into court_tally (program, measure, level, span, state, district, statute, class, kind, amount, facts, unproven) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
			on conflict (program, measure, level, span, state, district, statute, class, kind) do update
			set amount = court_tally.amount + excluded.amount, facts = court_tally.facts + excluded.facts, unproven = court_tally.unproven + excluded.unproven`,
			program, k.measure, k.level, k.span, k.state, k.district, k.statute, k.class, k.kind, s.amount, s.facts, s.unproven)
		if err != nil {
			return fault.Wrap(err, "adding to the sums")
		}
	}
	return nil
}

// talliesOf reads all sums of a program.
func talliesOf(ctx context.Context, q store.Reader, program string) (tallies, error) {
	rows, err := q.Query(ctx, `select measure, level, span, state, district, statute, class, kind, amount, facts, unproven from court_tally where program = $1 and (facts <> 0 or unproven <> 0 or amount <> 0)`, program)
	if err != nil {
		return nil, fault.Wrap(err, "reading the sums")
	}
	defer rows.Close()
	out := tallies{}
	for rows.Next() {
		var k tallyKey
		var s tallySum
		if err := rows.Scan(&k.measure, &k.level, &k.span, &k.state, &k.district, &k.statute, &k.class, &k.kind, &s.amount, &s.facts, &s.unproven); err != nil {
			return nil, fault.Wrap(err, "reading the sums")
		}
		out[k] = s
	}
	return out, fault.Wrap(rows.Err(), "reading the sums")
}

// part is a stretch of a period that is read from one place: days from the facts, months and years from the sums.
type part struct {
	days     bool
	low      int64 // the first day, month or year
	high     int64 // the one after the last
	yearOnly bool  // the spans are years
}

// columnOf is the expression of a dimension in one of the two places.
func (p part) columnOf(dimension string) string {
	switch {
	case dimension == dimYear && p.days:
		return "day / 10000"
	case dimension == dimYear && p.yearOnly:
		return "span"
	case dimension == dimYear:
		return "span / 100"
	}
	return columns[dimension]
}

// columns are the columns that dimensions stand in.
var columns = map[string]string{dimState: "state", dimDistrict: "district", dimStatute: "statute", dimClass: "class", dimHow: "class", dimBand: "class", dimStage: "class", dimStanding: "class", dimKind: "kind"}

// sums adds one stretch up by dimensions.
func sums(ctx context.Context, q store.Reader, program, measure string, p part, by []string, where map[string]string, each func(key []string, s tallySum)) error {
	table, when, parts := "court_tally", "span", "sum(amount), sum(facts), sum(unproven)"
	if p.days {
		table, when, parts = "court_fact", "day", "sum(amount * proven), sum(proven), sum(1 - proven)"
	}
	picked := make([]string, len(by))
	for i, d := range by {
		picked[i] = p.columnOf(d)
	}
	fields := strings.Join(append(append([]string{}, picked...), "cast("+strings.ReplaceAll(parts, ", ", " as bigint), cast(")+" as bigint)"), ", ")
	text, args := `select `+fields+` from `+table+` where program = $1 and measure = $2 and `+when+` >= $3 and `+when+` < $4`, []any{program, measure, p.low, p.high}
	if !p.days {
		args = append(args, levelFor(by, where))
		text += ` and level = $5`
	}
	for d, v := range where {
		var value any = v
		if d == dimYear {
			year, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return nil // no such year, so nothing is in it
			}
			value = year
		}
		args = append(args, value)
		text += ` and ` + p.columnOf(d) + ` = ` + dollar(len(args))
	}
	if len(by) > 0 {
		text += ` group by ` + strings.Join(picked, ", ")
	}
	text += ` having count(*) > 0`
	rows, err := q.Query(ctx, text, args...)
	if err != nil {
		return fault.Wrap(err, "adding up a figure")
	}
	defer rows.Close()
	for rows.Next() {
		key := make([]string, len(by))
		var s tallySum
		into := make([]any, 0, len(by)+3)
		for i := range key {
			into = append(into, &key[i])
		}
		if err := rows.Scan(append(into, &s.amount, &s.facts, &s.unproven)...); err != nil {
			return fault.Wrap(err, "adding up a figure")
		}
		each(key, s)
	}
	return fault.Wrap(rows.Err(), "adding up a figure")
}

// factsIn lists what a cell counts, by day, behind a place.
func factsIn(ctx context.Context, q store.Reader, program, measure string, low, high Day, where map[string]string, at fact, limit int) ([]fact, []string, error) {
	text, args := `select f.measure, f.day, f.matter, f.part, f.state, f.district, f.statute, f.class, f.kind, f.amount, f.proven, c.docket from court_fact f
		join court_case c on c.program = f.program and c.id = f.matter where f.program = $1 and f.measure = $2 and f.day >= $3 and f.day < $4
		and (f.day > $5 or f.day = $5 and (f.matter > $6 or f.matter = $6 and f.part > $7))`, []any{program, measure, int64(low), int64(high), int64(at.day), at.matter, at.part}
	for d, v := range where {
		var value any = v
		column := "f." + (part{days: true}).columnOf(d)
		if d == dimYear {
			year, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return nil, nil, nil
			}
			value = year
		}
		args = append(args, value)
		text += ` and ` + column + ` = ` + dollar(len(args))
	}
	args = append(args, limit)
	rows, err := q.Query(ctx, text+` order by f.day, f.matter, f.part limit `+dollar(len(args)), args...)
	if err != nil {
		return nil, nil, fault.Wrap(err, "listing what a figure counts")
	}
	defer rows.Close()
	var out []fact
	var dockets []string
	for rows.Next() {
		var docket string
		f, err := scanFact(rows, &docket)
		if err != nil {
			return nil, nil, fault.Wrap(err, "listing what a figure counts")
		}
		out, dockets = append(out, f), append(dockets, docket)
	}
	return out, dockets, fault.Wrap(rows.Err(), "listing what a figure counts")
}

// summedFacts adds the facts of a program up, as the sums should have them.
func summedFacts(ctx context.Context, q store.Reader, program string) (tallies, error) {
	rows, err := q.Query(ctx, `select measure, day / 100, state, district, statute, class, kind, cast(sum(amount * proven) as bigint), cast(sum(proven) as bigint), cast(sum(1 - proven) as bigint)
		from court_fact where program = $1 group by measure, day / 100, state, district, statute, class, kind`, program)
	if err != nil {
		return nil, fault.Wrap(err, "adding the figures up anew")
	}
	defer rows.Close()
	out := tallies{}
	for rows.Next() {
		var k tallyKey
		var s tallySum
		if err := rows.Scan(&k.measure, &k.span, &k.state, &k.district, &k.statute, &k.class, &k.kind, &s.amount, &s.facts, &s.unproven); err != nil {
			return nil, fault.Wrap(err, "adding the figures up anew")
		}
		out.put(k, s)
	}
	return out, fault.Wrap(rows.Err(), "adding the figures up anew")
}
