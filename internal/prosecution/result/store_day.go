// SPDX-License-Identifier: Apache-2.0

package result

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"slices"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// dayKey is where the sums of a day stand.
type dayKey struct {
	program, kind string
	day           int64
	origin        store.ID
}

func (k dayKey) compare(o dayKey) int {
	for _, c := range []int{bytes.Compare([]byte(k.program), []byte(o.program)), bytes.Compare([]byte(k.kind), []byte(o.kind))} {
		if c != 0 {
			return c
		}
	}
	if k.day != o.day {
		return int(k.day - o.day)
	}
	return bytes.Compare(k.origin[:], o.origin[:])
}

func keyOf(r Result) dayKey { return dayKey{r.Program, r.Kind, r.Day, r.Origin} }

// tallyRow counts a row into the changes of its day's sums.
func tallyRow(days map[dayKey]sheet, r Result, times int64) {
	if !r.counts() {
		return
	}
	at := keyOf(r)
	if days[at] == nil {
		days[at] = sheet{}
	}
	days[at].add(r, times)
}

// rollAll counts new rows.
func rollAll(tx *store.Tx, list []Result) error {
	days := map[dayKey]sheet{}
	for _, r := range list {
		tallyRow(days, r, 1)
	}
	return roll(tx, days)
}

// roll brings the sums of days up to date, in the transaction of the rows. Days
// are taken in one order, so that two transactions do not wait for each other.
func roll(tx *store.Tx, days map[dayKey]sheet) error {
	keys := make([]dayKey, 0, len(days))
	for k, changes := range days {
		if len(changes) > 0 {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, dayKey.compare)
	for _, k := range keys {
		if err := rollDay(tx, k, days[k]); err != nil {
			return fmt.Errorf("counting the results of a day: %w", err)
		}
	}
	return nil
}

func rollDay(tx *store.Tx, k dayKey, changes sheet) error {
	first, err := tx.Exec(`insert into result_day (program, kind, day, origin, cells) values ($1, $2, $3, $4, $5)
		on conflict (program, kind, day, origin) do nothing`, k.program, k.kind, k.day, k.origin, changes.encode())
	if err != nil || first == 1 {
		return err
	}
	// Taking the row first makes another transaction wait before it reads.
	n, err := tx.Exec(`insert into result_day (program, kind, day, origin, cells) values ($1, $2, $3, $4, $5)
		on conflict (program, kind, day, origin) do update set kind = excluded.kind`, k.program, k.kind, k.day, k.origin, sheet{}.encode())
	if err != nil || n != 1 {
		return fmt.Errorf("taking the sums of a day (%d rows): %w", n, err)
	}
	var had []byte
	if err := tx.QueryRow(context.Background(), `select cells from result_day where program = $1 and kind = $2 and day = $3 and origin = $4`,
		k.program, k.kind, k.day, k.origin).Scan(&had); err != nil {
		return err
	}
	now, err := readSheet(had)
	if err != nil {
		return err
	}
	now.merge(changes)
	if len(now) == 0 {
		_, err = tx.Exec(`delete from result_day where program = $1 and kind = $2 and day = $3 and origin = $4`, k.program, k.kind, k.day, k.origin)
		return err
	}
	_, err = tx.Exec(`update result_day set cells = $5 where program = $1 and kind = $2 and day = $3 and origin = $4`, k.program, k.kind, k.day, k.origin, now.encode())
	return err
}

// eachDay visits the sums of a kind between two days that count: not those of
// files that are not imported yet.
func eachDay(ctx context.Context, q store.Reader, program, kind string, from, to int64, visit func(day int64, cells []byte) error) error {
	// What visible says, asked once and not for every day.
	rows, err := q.Query(ctx, `select day, cells from result_day where program = $1 and kind = $2 and day >= $3 and day < $4
		and origin not in (select id from result_import where program = $1 and state <> 'done' and state <> 'confirming')`, program, kind, from, to)
	if err != nil {
		return fault.Wrap(err, "reading the sums of days")
	}
	defer rows.Close()
	var day int64
	var cells []byte
	for rows.Next() {
		if err := rows.Scan(&day, &cells); err != nil {
			return fault.Wrap(err, "reading the sums of days")
		}
		if err := visit(day, cells); err != nil {
			return fmt.Errorf("the sums of %s on %s: %w", kind, dayText(day), err)
		}
	}
	return fault.Wrap(rows.Err(), "reading the sums of days")
}

// Recount adds every row up anew, of a program or ("") of all, and says of which
// days the sums that figures are read from differ. It only reads, and holds one
// day at a time. A file that is still being saved is in no figure, and left out.
func Recount(ctx context.Context, q store.Reader, program string) ([]string, error) {
	counted, err := recounted(ctx, q, program)
	if err != nil {
		return nil, err
	}
	rows, err := q.Query(ctx, `select program, kind, day, origin, cells from result_day r where (program = $1 or $1 = '') and`+visible, program)
	if err != nil {
		return nil, fault.Wrap(err, "reading the sums of days")
	}
	defer rows.Close()
	var differ []string
	for rows.Next() {
		k, cells, plain, err := scanDay(rows)
		if err != nil {
			return nil, fault.Wrap(err, "reading the sums of days")
		}
		if want, there := counted[k]; !there || !plain || want != sha256.Sum256(cells) {
			differ = append(differ, fmt.Sprintf("%s: the sums of %s on %s are not what its rows add up to", k.program, k.kind, dayText(k.day)))
		}
		delete(counted, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fault.Wrap(err, "reading the sums of days")
	}
	for k := range counted {
		differ = append(differ, fmt.Sprintf("%s: %s on %s has rows and no sums", k.program, k.kind, dayText(k.day)))
	}
	slices.Sort(differ)
	return differ, nil
}

// scanDay reads a day's sums, and says whether each column is of its own kind: the
// embedded engine keeps a word as bytes if somebody writes it so, and a figure that
// asks for the word would then pass the row over.
func scanDay(rows *sql.Rows) (k dayKey, cells []byte, plain bool, err error) {
	var program, kind, day, origin, body any
	if err := rows.Scan(&program, &kind, &day, &origin, &body); err != nil {
		return k, nil, false, err
	}
	var is [5]bool
	var id []byte
	k.program, is[0] = program.(string)
	k.kind, is[1] = kind.(string)
	k.day, is[2] = day.(int64)
	id, is[3] = origin.([]byte)
	cells, is[4] = body.([]byte)
	if len(id) == len(k.origin) {
		k.origin = store.ID(id)
	}
	return k, cells, !slices.Contains(is[:], false), nil
}

// recounted gives the digest of what each day's sums should be.
func recounted(ctx context.Context, q store.Reader, program string) (map[dayKey][32]byte, error) {
	rows, err := q.Query(ctx, `select program, kind, day, origin, state, same_as, office, operation, county, organization, role, offense, stage, item, certainty, age,
		exploitation, matched, covers, qualifier, evidence, quantity, amount from result r where (program = $1 or $1 = '') and`+visible+` order by program, kind, day, origin`, program)
	if err != nil {
		return nil, fault.Wrap(err, "counting results anew")
	}
	defer rows.Close()
	days := map[dayKey][32]byte{}
	var at dayKey
	now := sheet{}
	closeDay := func() {
		if len(now) > 0 {
			days[at] = sha256.Sum256(now.encode())
		}
	}
	for rows.Next() {
		var r Result
		if err := rows.Scan(&r.Program, &r.Kind, &r.Day, &r.Origin, &r.State, &r.SameAs, &r.Office, &r.Operation, &r.County, &r.Organization, &r.Role, &r.Offense, &r.Stage,
			&r.Item, &r.Certainty, &r.Age, &r.Exploitation, &r.Matched, &r.Covers, &r.Qualifier, &r.Evidence, &r.Quantity, &r.Amount); err != nil {
			return nil, fault.Wrap(err, "counting results anew")
		}
		if k := keyOf(r); k != at {
			closeDay()
			at, now = k, sheet{}
		}
		now.add(r, 1)
	}
	closeDay()
	return days, fault.Wrap(rows.Err(), "counting results anew")
}
