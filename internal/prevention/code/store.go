// SPDX-License-Identifier: Apache-2.0

package code

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

const (
	stateOn  = "on"
	stateOff = "off"
)

func stateOf(on bool) string {
	if on {
		return stateOn
	}
	return stateOff
}

const columns = `program, id, code, kind, subject, county, place, small, state, made_at, made_by, switched_at, switched_by`

func (c Code) row() store.Row {
	return store.Row{"program": c.Program, "id": c.ID, "code": c.Text, "kind": c.Kind, "subject": c.Subject, "county": nullable(c.County), "place": c.Place, "small": c.Small,
		"state": stateOf(c.On), "made_at": c.Made, "made_by": c.MadeBy, "switched_at": nil, "switched_by": nil}
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func scanCode(row store.Scanner) (Code, error) {
	var c Code
	var county, by sql.NullString
	var small, made int64
	var switched sql.NullInt64
	var state string
	err := row.Scan(&c.Program, &c.ID, &c.Text, &c.Kind, &c.Subject, &county, &c.Place, &small, &state, &made, &c.MadeBy, &switched, &by)
	c.County, c.Small, c.On = county.String, small != 0, state == stateOn
	c.Made, c.Switched, c.SwitchedBy = store.Time(made), store.Time(switched.Int64), by.String
	return c, err
}

// Get reads a code.
func (s *Service) Get(ctx context.Context, r store.Reader, programID string, id store.ID) (Code, error) {
	c, err := scanCode(r.QueryRow(ctx, `select `+columns+` from code where program = $1 and id = $2`, programID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return c, ErrNone
	}
	return c, fault.Wrap(err, "reading a code")
}

// Of lists the codes that stand for something, the oldest first.
func (s *Service) Of(ctx context.Context, r store.Reader, programID string, subject store.ID) ([]Code, error) {
	return store.Collect(ctx, r, "reading the codes of something", scanCode, `select `+columns+` from code where program = $1 and subject = $2 order by made_at, id`, programID, subject)
}

// switchTo changes the state of a code that has the other one.
func switchTo(tx *store.Tx, programID string, id store.ID, on bool, by string) (bool, error) {
	n, err := tx.Exec(`update code set state = $1, switched_at = $2, switched_by = $3 where program = $4 and id = $5 and state = $6`,
		stateOf(on), store.Micros(tx.Now()), by, programID, id, stateOf(!on))
	return n > 0, fault.Wrap(err, "switching a code")
}

// describe changes what a code says of its place.
func describe(tx *store.Tx, programID string, id store.ID, county, place string, small bool) error {
	n, err := tx.Exec(`update code set county = $1, place = $2, small = $3 where program = $4 and id = $5`, nullable(county), place, store.Flag(small), programID, id)
	if err != nil {
		return fault.Wrap(err, "describing a code anew")
	}
	if n == 0 {
		return ErrNone
	}
	return nil
}

func hasText(ctx context.Context, r store.Reader, programID, text string) (bool, error) {
	var n int
	err := r.QueryRow(ctx, `select count(*) from code where program = $1 and code = $2`, programID, text).Scan(&n)
	return n > 0, fault.Wrap(err, "looking for a code")
}

// active lists the codes of a program that are switched on.
func active(ctx context.Context, r store.Reader, programID string) ([]Code, error) {
	return store.Collect(ctx, r, "reading the codes that are switched on", scanCode, `select `+columns+` from code where program = $1 and state = 'on'`, programID)
}

// turn counts up that codes of a program changed.
func turn(tx *store.Tx, programID string) error {
	_, err := tx.Exec(`insert into code_turn (program, n) values ($1, 1) on conflict (program) do update set n = code_turn.n + 1`, programID)
	return fault.Wrap(err, "noting that codes changed")
}

// turns tells how often codes of each program changed.
func turns(ctx context.Context, r store.Reader) (map[string]int64, error) {
	rows, err := r.Query(ctx, `select program, n from code_turn`)
	if err != nil {
		return nil, fault.Wrap(err, "asking whether codes changed")
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var id string
		var n int64
		if err := rows.Scan(&id, &n); err != nil {
			return nil, fault.Wrap(err, "asking whether codes changed")
		}
		out[id] = n
	}
	return out, fault.Wrap(rows.Err(), "asking whether codes changed")
}

// scansAtOnce is how many counts one statement adds at most: one for each would keep
// the processor from those who scan meanwhile.
const scansAtOnce = 64

// addScans adds the counts of some keys, no two of them the same, in their order. A
// statement adds as many as a power of two, so that there are few texts to prepare.
func addScans(tx *store.Tx, keys []scanKey, scans map[scanKey]int64) error {
	for n := scansAtOnce; len(keys) > 0; {
		if n > len(keys) {
			n /= 2
			continue
		}
		var rows []string
		var args []any
		for _, k := range keys[:n] {
			at := len(args)
			rows = append(rows, fmt.Sprintf("($%d, $%d, $%d, $%d, $%d)", at+1, at+2, at+3, at+4, at+5))
			args = append(args, k.program, k.code, k.day, k.language, scans[k])
		}
		if _, err := tx.Exec(`insert into code_scan (program, code, day, language, n) values `+strings.Join(rows, ", ")+`
			on conflict (program, code, day, language) do update set n = code_scan.n + excluded.n`, args...); err != nil {
			return fault.Wrap(err, "adding scans")
		}
		keys = keys[n:]
	}
	return nil
}

func addTold(tx *store.Tx, programID string, id store.ID, week string, n int64) error {
	_, err := tx.Exec(`insert into code_told (program, code, week, n) values ($1, $2, $3, $4)
		on conflict (program, code, week) do update set n = code_told.n + excluded.n`, programID, id, week, n)
	return fault.Wrap(err, "adding how many let a code go along")
}

// dayCount is how much stands under one code and day, or code and week.
type dayCount struct {
	code store.ID
	day  string
	n    int64
}

func scanDay(row store.Scanner) (dayCount, error) {
	var d dayCount
	err := row.Scan(&d.code, &d.day, &d.n)
	return d, err
}

// scansOf are the scans of some codes from one day to another, both included.
func scansOf(ctx context.Context, r store.Reader, programID string, ids []store.ID, from, to string) ([]dayCount, error) {
	return among(ctx, r, "counting scans", `select code, day, cast(sum(n) as bigint) from code_scan where program = $1 and day >= $2 and day <= $3`, ` group by code, day`, programID, ids, from, to)
}

// toldOf are the reports that carried some codes, by week.
func toldOf(ctx context.Context, r store.Reader, programID string, ids []store.ID, from, to string) ([]dayCount, error) {
	return among(ctx, r, "counting reports that carried a code", `select code, week, n from code_told where program = $1 and week >= $2 and week <= $3`, ``, programID, ids, from, to)
}

// among asks about some codes, a few hundred at a time.
func among(ctx context.Context, r store.Reader, doing, q, tail, programID string, ids []store.ID, from, to string) ([]dayCount, error) {
	var out []dayCount
	for len(ids) > 0 {
		n := min(300, len(ids))
		args := []any{programID, from, to}
		var marks []string
		for _, id := range ids[:n] {
			args = append(args, id)
			marks = append(marks, "$"+strconv.Itoa(len(args)))
		}
		found, err := store.Collect(ctx, r, doing, scanDay, q+` and code in (`+strings.Join(marks, ", ")+`)`+tail, args...)
		if err != nil {
			return nil, err
		}
		out, ids = append(out, found...), ids[n:]
	}
	return out, nil
}

// tallied are the sums of a program for figures, by day and language.
func tallied(ctx context.Context, r store.Reader, programID, from, before string) (map[[2]string]int64, error) {
	return pairs(ctx, r, `select language, day, cast(sum(n) as bigint) from code_scan where program = $1 and day >= $2 and day < $3 group by language, day`, programID, from, before)
}

// talliedTold are the sums of a program for figures, by week; the first of each pair is empty.
func talliedTold(ctx context.Context, r store.Reader, programID, from, before string) (map[[2]string]int64, error) {
	return pairs(ctx, r, `select '', week, cast(sum(n) as bigint) from code_told where program = $1 and week >= $2 and week < $3 group by week`, programID, from, before)
}

func pairs(ctx context.Context, r store.Reader, q string, args ...any) (map[[2]string]int64, error) {
	rows, err := r.Query(ctx, q, args...)
	if err != nil {
		return nil, fault.Wrap(err, "counting for figures")
	}
	defer rows.Close()
	out := map[[2]string]int64{}
	for rows.Next() {
		var k [2]string
		var n int64
		if err := rows.Scan(&k[0], &k[1], &n); err != nil {
			return nil, fault.Wrap(err, "counting for figures")
		}
		out[k] += n
	}
	return out, fault.Wrap(rows.Err(), "counting for figures")
}

// filter narrows the staff's list of codes.
type filter struct {
	Query string // of the place or the code
	State string // on, off or ""
	Kind  string
}

// list gives codes, the newest first, from before a position on.
func list(ctx context.Context, r store.Reader, programID string, f filter, made int64, id store.ID, limit int) ([]Code, error) {
	q, args := `select `+columns+` from code where program = $1 and (made_at < $2 or made_at = $2 and id < $3)`, []any{programID, made, id}
	add := func(condition string, value any) {
		args = append(args, value)
		q += fmt.Sprintf(condition, len(args))
	}
	if f.State != "" {
		add(` and state = $%d`, f.State)
	}
	if f.Kind != "" {
		add(` and kind = $%d`, f.Kind)
	}
	if f.Query != "" {
		add(` and (lower(place) like $%[1]d escape '\' or lower(code) like $%[1]d escape '\')`, store.Like(f.Query))
	}
	args = append(args, limit)
	return store.Collect(ctx, r, "listing codes", scanCode, q+fmt.Sprintf(` order by made_at desc, id desc limit $%d`, len(args)), args...)
}
