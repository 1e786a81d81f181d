// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// --- rosters and hours

func insertShift(ctx context.Context, tx *store.Tx, a Actor, sh Shift) error {
	var same int
	err := tx.QueryRow(ctx, `select count(*) from roster where program = $1 and office = $2 and member = $3 and kind = $4
			and starts = $5 and ends = $6 and removed_at is null`,
		a.Program, sh.Office, sh.Member, sh.Kind, store.Micros(sh.Starts), store.Micros(sh.Ends)).Scan(&same)
	if err != nil {
		return fault.Wrap(err, "looking for the same shift")
	}
	if same > 0 {
		return errTwice
	}
	return tx.Insert("roster", store.Row{"program": a.Program, "office": sh.Office, "id": sh.ID, "member": sh.Member, "kind": sh.Kind,
		"starts": sh.Starts, "ends": sh.Ends, "added_at": tx.Now(), "added_by": a.String(), "removed_at": nil, "removed_by": nil})
}

func removeShift(tx *store.Tx, a Actor, office string, id store.ID) error {
	n, err := tx.Exec(`update roster set removed_at = $1, removed_by = $2 where program = $3 and office = $4 and id = $5 and removed_at is null`,
		store.Micros(tx.Now()), a.String(), a.Program, office, id)
	if err != nil {
		return fault.Wrap(err, "removing a shift")
	}
	if n == 0 {
		return errNoSuch
	}
	return tx.Touch("roster", a.Program, office, id)
}

func readShifts(ctx context.Context, r store.Reader, prog, office string, from, to time.Time) ([]Shift, error) {
	return store.Collect(ctx, r, "reading the roster", func(rows store.Scanner) (Shift, error) {
		sh := Shift{Office: office}
		var starts, ends int64
		err := rows.Scan(&sh.ID, &sh.Member, &sh.Kind, &starts, &ends)
		sh.Starts, sh.Ends = store.Time(starts), store.Time(ends)
		return sh, err
	}, `select id, member, kind, starts, ends from roster where program = $1 and office = $2 and ends > $3 and starts < $4 and removed_at is null
		order by starts, ends, id`, prog, office, store.Micros(from), store.Micros(to))
}

func insertWeek(tx *store.Tx, a Actor, office, week string) error {
	turn, err := nextTurn(tx, `select max(turn) from agency_hours where program = $1 and office = $2`, a.Program, office)
	if err != nil {
		return err
	}
	return tx.Insert("agency_hours", store.Row{"program": a.Program, "office": office, "turn": turn, "set_at": tx.Now(),
		"set_by": a.String(), "week": week})
}

func readWeek(ctx context.Context, r store.Reader, prog, office string) (string, error) {
	var week string
	err := r.QueryRow(ctx, `select week from agency_hours where program = $1 and office = $2 order by turn desc limit 1`, prog, office).Scan(&week)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return week, fault.Wrap(err, "reading an office's hours")
}

// --- alarms

func insertAlarm(tx *store.Tx, al Alarm) error {
	return tx.Insert("agency_alarm", store.Row{"program": al.Program, "id": al.ID, "kind": al.Kind, "subject": al.Subject,
		"raised": tx.Now(), "cleared": nil, "told": 0})
}

func clearAlarm(tx *store.Tx, al Alarm) error {
	_, err := tx.Exec(`update agency_alarm set cleared = $1 where program = $2 and id = $3`, store.Micros(tx.Now()), al.Program, al.ID)
	if err != nil {
		return fault.Wrap(err, "clearing an alarm")
	}
	return tx.Touch("agency_alarm", al.Program, al.ID)
}

func tellAlarm(tx *store.Tx, al Alarm, told int) error {
	_, err := tx.Exec(`update agency_alarm set told = $1 where program = $2 and id = $3`, told, al.Program, al.ID)
	if err != nil {
		return fault.Wrap(err, "noting who was told of an alarm")
	}
	return tx.Touch("agency_alarm", al.Program, al.ID)
}

// readAlarms lists the alarms that stand, oldest first.
func readAlarms(ctx context.Context, r store.Reader, prog string) ([]Alarm, error) {
	return store.Collect(ctx, r, "reading the alarms", func(rows store.Scanner) (Alarm, error) {
		al := Alarm{Program: prog}
		var raised int64
		err := rows.Scan(&al.ID, &al.Kind, &al.Subject, &raised, &al.Told)
		al.Raised = store.Time(raised)
		return al, err
	}, `select id, kind, subject, raised, told from agency_alarm where program = $1 and cleared is null order by raised, id`, prog)
}
