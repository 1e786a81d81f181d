// SPDX-License-Identifier: Apache-2.0

package court

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

const caseColumns = `c.program, c.id, c.docket, c.forum, c.district, c.state, c.jurisdiction, c.office, c.opened_by, c.opened_at`

func scanCase(row store.Scanner) (Case, error) {
	var c Case
	var at int64
	err := row.Scan(&c.Program, &c.ID, &c.Docket, &c.Forum, &c.District, &c.State, &c.Jurisdiction, &c.Office, &c.OpenedBy, &at)
	c.OpenedAt = store.Time(at)
	return c, err
}

func caseByID(ctx context.Context, q store.Reader, program string, id store.ID) (Case, error) {
	c, err := scanCase(q.QueryRow(ctx, `select `+caseColumns+` from court_case c where c.program = $1 and c.id = $2`, program, id))
	if errors.Is(err, sql.ErrNoRows) {
		return c, ErrNone
	}
	return c, fault.Wrap(err, "reading a case")
}

func caseByDocket(ctx context.Context, q store.Reader, program, forum, district, docket string) (Case, bool, error) {
	c, err := scanCase(q.QueryRow(ctx, `select `+caseColumns+` from court_case c where c.program = $1 and c.forum = $2 and c.district = $3 and c.docket = $4`, program, forum, district, docket))
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	return c, err == nil, fault.Wrap(err, "looking a case up")
}

func insertCase(tx *store.Tx, c Case) error {
	err := tx.Insert("court_case", store.Row{
		"program": c.Program, "id": c.ID, "docket": c.Docket, "forum": c.Forum, "district": c.District, "state": c.State, "jurisdiction": c.Jurisdiction,
		"office": c.Office, "opened_by": c.OpenedBy, "opened_at": c.OpenedAt,
	})
	if err != nil {
		return err
	}
	return insertSeat(tx, c, c.Office, true, c.OpenedBy)
}

func insertSeat(tx *store.Tx, c Case, office string, leads bool, by string) error {
	return tx.Insert("court_seat", store.Row{
		"program": c.Program, "matter": c.ID, "office": office, "leads": leads, "opened_at": c.OpenedAt, "since": tx.Now(), "added_by": by,
	})
}

// seats lists the offices of a case, the one that leads first.
func seats(ctx context.Context, q store.Reader, program string, matter store.ID) ([]string, error) {
	rows, err := q.Query(ctx, `select office from court_seat where program = $1 and matter = $2 order by leads desc, office`, program, matter)
	if err != nil {
		return nil, fault.Wrap(err, "reading the offices of a case")
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var office string
		if err := rows.Scan(&office); err != nil {
			return nil, fault.Wrap(err, "reading the offices of a case")
		}
		out = append(out, office)
	}
	return out, fault.Wrap(rows.Err(), "reading the offices of a case")
}

// lock lets one transaction after the other change a case.
func lock(tx *store.Tx, program string, matter store.ID) error {
	n, err := tx.Exec(`update court_seat set leads = leads where program = $1 and matter = $2`, program, matter)
	if err == nil && n == 0 {
		return ErrNone
	}
	return fault.Wrap(err, "taking a case in hand")
}

// entriesOf lists the steps of a case as they were entered, each with the last word about it.
func entriesOf(ctx context.Context, q store.Reader, program string, matter store.ID) ([]Entry, error) {
	rows, err := q.Query(ctx, `select id, place, step, day, defendant, docket_entry, what, statutes, months, probation, cents, item, other_day, shares, office, entered_by, entered_at
		from court_entry where program = $1 and matter = $2 order by place`, program, matter)
	if err != nil {
		return nil, fault.Wrap(err, "reading the steps of a case")
	}
	defer rows.Close()
	var out []Entry
	at := map[store.ID]int{}
	for rows.Next() {
		var e Entry
		var step, statutes, shares string
		var entered int64
		err := rows.Scan(&e.ID, &e.Place, &step, &e.Day, &e.Defendant, &e.DocketEntry, &e.What, &statutes, &e.Months, &e.Probation, &e.Cents, &e.Item, &e.OtherDay, &shares, &e.Office, &e.By, &entered)
		if err != nil {
			return nil, fault.Wrap(err, "reading the steps of a case")
		}
		e.Step, e.At = Step(step), store.Time(entered)
		e.Counts, _ = parseCounts(statutes) // as countsText wrote them
		e.Shares, _ = parseShares(shares)
		at[e.ID] = len(out)
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fault.Wrap(err, "reading the steps of a case")
	}
	said, err := standingsOf(ctx, q, program, matter)
	for _, s := range said {
		e := &out[at[s.Entry]]
		e.Standing, e.Why = s.Standing, s.Why
		if s.DocketEntry > 0 {
			e.DocketEntry = s.DocketEntry
		}
	}
	return out, err
}

// Word is what somebody said of a step.
type Word struct {
	Entry       store.ID
	Place       int
	Standing    Standing
	Why, By     string
	DocketEntry int
	At          int64
}

// standingsOf lists what was said of the steps of a case, in order of time.
func standingsOf(ctx context.Context, q store.Reader, program string, matter store.ID) ([]Word, error) {
	rows, err := q.Query(ctx, `select entry, place, standing, why, docket_entry, said_by, said_at from court_standing where program = $1 and matter = $2 order by entry, place`, program, matter)
	if err != nil {
		return nil, fault.Wrap(err, "reading how steps stand")
	}
	defer rows.Close()
	var out []Word
	for rows.Next() {
		var w Word
		var standing string
		if err := rows.Scan(&w.Entry, &w.Place, &standing, &w.Why, &w.DocketEntry, &w.By, &w.At); err != nil {
			return nil, fault.Wrap(err, "reading how steps stand")
		}
		w.Standing = Standing(standing)
		out = append(out, w)
	}
	return out, fault.Wrap(rows.Err(), "reading how steps stand")
}

func insertEntry(tx *store.Tx, c Case, e Entry) error {
	return tx.Insert("court_entry", store.Row{
		"program": c.Program, "matter": c.ID, "id": e.ID, "place": e.Place, "step": string(e.Step), "day": int64(e.Day), "defendant": e.Defendant, "docket_entry": e.DocketEntry,
		"what": e.What, "statutes": countsText(e.Counts), "months": e.Months, "probation": e.Probation, "cents": e.Cents, "item": e.Item, "other_day": int64(e.OtherDay),
		"shares": sharesText(e.Shares), "office": e.Office, "entered_by": e.By, "entered_at": tx.Now(),
	})
}

func insertWord(tx *store.Tx, c Case, w Word) error {
	return tx.Insert("court_standing", store.Row{
		"program": c.Program, "matter": c.ID, "entry": w.Entry, "place": w.Place, "standing": string(w.Standing), "why": w.Why, "docket_entry": w.DocketEntry,
		"said_by": w.By, "said_at": tx.Now(),
	})
}

// words is how many words there are about a step.
func words(ctx context.Context, q store.Reader, program string, matter, entry store.ID) (int, error) {
	var n int
	err := q.QueryRow(ctx, `select count(*) from court_standing where program = $1 and matter = $2 and entry = $3`, program, matter, entry).Scan(&n)
	return n, fault.Wrap(err, "counting what was said of a step")
}

// filter narrows the list of cases.
type filter struct{ search, statute, state string }

// cursor is the place in the list where a page begins: behind this case.
type cursor struct {
	at int64
	id store.ID
}

// list returns up to limit cases of an office behind at, the newest first, and where the next page begins.
func list(ctx context.Context, q store.Reader, program, office string, f filter, at cursor, limit int) ([]Case, cursor, error) {
	from := at.at
	if at == (cursor{}) {
		from = 1 << 62
	}
	sql, args := `select `+caseColumns+` from court_seat s join court_case c on c.program = s.program and c.id = s.matter
		where s.program = $1 and s.office = $2 and (s.opened_at < $3 or s.opened_at = $3 and s.matter < $4)`, []any{program, office, from, at.id}
	more := func(clause string, v any) {
		args = append(args, v)
		sql += strings.ReplaceAll(clause, "$n", dollar(len(args)))
	}
	if f.search != "" {
		more(` and c.docket like $n escape '\'`, "%"+likeEscape(f.search)+"%")
	}
	if f.state != "" {
		more(` and c.state = $n`, f.state)
	}
	if f.statute != "" {
		more(` and exists (select 1 from court_charge x where x.program = s.program and x.matter = s.matter and x.statute = $n)`, f.statute)
	}
	more(` order by s.opened_at desc, s.matter desc limit $n`, limit+1)
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, cursor{}, fault.Wrap(err, "listing cases")
	}
	defer rows.Close()
	var out []Case
	for rows.Next() {
		c, err := scanCase(rows)
		if err != nil {
			return nil, cursor{}, fault.Wrap(err, "listing cases")
		}
		if len(out) == limit {
			end := out[limit-1]
			return out, cursor{store.Micros(end.OpenedAt), end.ID}, nil
		}
		out = append(out, c)
	}
	return out, cursor{}, fault.Wrap(rows.Err(), "listing cases")
}

func likeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// after lists cases by id, for the check that goes through all of them.
func after(ctx context.Context, q store.Reader, program string, id store.ID, limit int) ([]Case, error) {
	rows, err := q.Query(ctx, `select `+caseColumns+` from court_case c where c.program = $1 and c.id > $2 order by c.id limit $3`, program, id, limit)
	if err != nil {
		return nil, fault.Wrap(err, "listing cases")
	}
	defer rows.Close()
	var out []Case
	for rows.Next() {
		c, err := scanCase(rows)
		if err != nil {
			return nil, fault.Wrap(err, "listing cases")
		}
		out = append(out, c)
	}
	return out, fault.Wrap(rows.Err(), "listing cases")
}

// charges puts the statutes of a case into the search.
func writeCharges(tx *store.Tx, c Case, statutes []string) error {
	for _, s := range statutes {
		err := tx.Later(`insert into court_charge (program, matter, statute) values ($1, $2, $3) on conflict (program, matter, statute) do nothing`, c.Program, c.ID, s)
		if err != nil {
			return fault.Wrap(err, "noting a statute")
		}
	}
	return nil
}

func clearCharges(tx *store.Tx, c Case) error {
	_, err := tx.Exec(`delete from court_charge where program = $1 and matter = $2`, c.Program, c.ID)
	return fault.Wrap(err, "noting the statutes of a case")
}
