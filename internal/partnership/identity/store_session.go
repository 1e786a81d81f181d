// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"waylight/internal/platform/store"
)

// session is what a cookie's value stands for: a row of the session table, and where this value stands among those that the cookie had.
type session struct {
	program           string
	id                []byte // the keyed hash of the cookie's first value
	member            store.ID
	started, seen     time.Time
	client            []byte    // keyed hash of what the browser calls itself; nil until its first page
	locked, ended     time.Time // zero: it is not
	proved            time.Time // when a passkey or passphrase of the member was last shown in it; zero: an agency's own service began it
	why               string    // what ended it
	token             []byte    // keyed hash of the value that was shown
	made, used, offer time.Time // of this value; used is zero before its first use
	spent             time.Time // a later value is in use since then; zero: none is
}

// sessionByToken finds the session that a cookie's value belongs to.
func sessionByToken(ctx context.Context, r store.Reader, program string, token []byte) (session, error) {
	const q = `select s.token, s.member, s.started, s.seen, s.client, s.locked, s.ended, s.why, s.proved, t.made, t.used, t.offered, t.spent
		from session_token t join session s on s.program = t.program and s.token = t.session where t.program = $1 and t.token = $2`
	v := session{program: program, token: token}
	var started, seen, made int64
	var locked, ended, proved, used, offered, spent sql.NullInt64
	var why sql.NullString
	err := r.QueryRow(ctx, q, program, token).Scan(&v.id, &v.member, &started, &seen, &v.client, &locked, &ended, &why, &proved, &made, &used, &offered, &spent)
	if errors.Is(err, sql.ErrNoRows) {
		return session{}, errSignIn
	}
	if err != nil {
		return session{}, fmt.Errorf("reading a session: %w", err)
	}
	v.started, v.seen, v.made, v.why = store.Time(started), store.Time(seen), store.Time(made), why.String
	v.locked, v.ended, v.used, v.offer, v.spent, v.proved = moment(locked), moment(ended), moment(used), moment(offered), moment(spent), moment(proved)
	return v, nil
}

// moment is zero for null and for 0.
func moment(v sql.NullInt64) time.Time {
	if v.Int64 == 0 {
		return time.Time{}
	}
	return store.Time(v.Int64)
}

// insertSession starts a session, named after its cookie's first value.
func insertSession(tx *store.Tx, program string, token []byte, member store.ID, proved bool) error {
	row := store.Row{"program": program, "token": token, "member": member, "started": tx.Now(), "seen": tx.Now(),
		"client": nil, "locked": nil, "ended": nil, "why": nil, "proved": nil}
	if proved {
		row["proved"] = tx.Now()
	}
	err := tx.Insert("session", row)
	if err != nil {
		return err
	}
	return insertToken(tx, program, token, token)
}

func insertToken(tx *store.Tx, program string, id, token []byte) error {
	return tx.Insert("session_token", store.Row{"program": program, "token": token, "session": id, "made": tx.Now(), "used": nil, "offered": nil, "spent": nil})
}

// offerToken makes the cookie's next value, if nobody else has just done so for this one.
func offerToken(tx *store.Tx, v session, next []byte) (bool, error) {
	now := store.Micros(tx.Now())
	n, err := tx.Exec(`update session_token set offered = $3 where program = $1 and token = $2 and spent is null and (offered is null or offered <= $4)`,
		v.program, v.token, now, store.Micros(tx.Now().Add(-offerPause)))
	if err != nil || n == 0 {
		return false, err
	}
	return true, insertToken(tx, v.program, v.id, next)
}

// firstUse notes that a value came back for the first time: every other value that the cookie had, or might have had, counts no more.
func firstUse(tx *store.Tx, v session) error {
	now := store.Micros(tx.Now())
	n, err := tx.Exec(`update session_token set used = $3 where program = $1 and token = $2 and used is null and spent is null`, v.program, v.token, now)
	if err != nil {
		return fmt.Errorf("noting a session's use: %w", err)
	}
	if n == 0 {
		return nil // another request was first
	}
	_, err = tx.Exec(`update session_token set spent = $4 where program = $1 and session = $2 and token <> $3 and spent is null`, v.program, v.id, v.token, now)
	if err != nil {
		return fmt.Errorf("noting a session's use: %w", err)
	}
	return nil
}

// bindClient notes the browser that first came with the session.
func bindClient(tx *store.Tx, v session, client []byte) error {
	_, err := tx.Exec(`update session set client = $3 where program = $1 and token = $2 and client is null`, v.program, v.id, client)
	return err
}

func touchSession(tx *store.Tx, v session) error {
	_, err := tx.Exec(`update session set seen = $3 where program = $1 and token = $2 and seen < $3`, v.program, v.id, store.Micros(tx.Now()))
	return err
}

func lockSession(tx *store.Tx, v session) error {
	_, err := tx.Exec(`update session set locked = $3 where program = $1 and token = $2 and locked is null and ended is null`, v.program, v.id, store.Micros(tx.Now()))
	return err
}

func unlockSession(tx *store.Tx, v session) error {
	_, err := tx.Exec(`update session set locked = null, seen = $3, proved = $3 where program = $1 and token = $2`, v.program, v.id, store.Micros(tx.Now()))
	return err
}

// endSession keeps the row until the sweep, so that who comes back can be told why.
func endSession(tx *store.Tx, v session, why string) error {
	_, err := tx.Exec(`update session set ended = $3, why = $4 where program = $1 and token = $2 and ended is null`, v.program, v.id, store.Micros(tx.Now()), why)
	return err
}

func endSessionsOf(tx *store.Tx, program string, member store.ID, why string) error {
	_, err := tx.Exec(`update session set ended = $3, why = $4 where program = $1 and member = $2 and ended is null`, program, member, store.Micros(tx.Now()), why)
	return err
}

// knowsDevice reports whether a browser's token is one of the member's, and still counts.
func knowsDevice(ctx context.Context, tx *store.Tx, program string, member store.ID, token []byte) (bool, error) {
	var n int
	const q = `select count(token) from device where program = $1 and member = $2 and token = $3 and ends > $4`
	err := tx.QueryRow(ctx, q, program, member, token, store.Micros(tx.Now())).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("reading a device: %w", err)
	}
	return n > 0, nil
}

func insertDevice(tx *store.Tx, program string, member store.ID, token []byte) error {
	return tx.Insert("device", store.Row{"program": program, "member": member, "token": token, "ends": tx.Now().Add(deviceLife)})
}

func extendDevice(tx *store.Tx, program string, member store.ID, token []byte) error {
	_, err := tx.Exec(`update device set ends = $4 where program = $1 and member = $2 and token = $3`, program, member, token, store.Micros(tx.Now().Add(deviceLife)))
	return err
}

func endDevice(tx *store.Tx, program string, member store.ID, token []byte) error {
	_, err := tx.Exec(`delete from device where program = $1 and member = $2 and token = $3`, program, member, token)
	return err
}

func endDevicesOf(tx *store.Tx, program string, member store.ID) error {
	_, err := tx.Exec(`delete from device where program = $1 and member = $2`, program, member)
	return err
}

// sweep removes sessions, failures and devices that no longer count.
func sweep(tx *store.Tx, program string) error {
	now := tx.Now()
	err := sweepSessions(tx, program, now)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`delete from sign_in_failure where program = $1 and (at <= $2 or at > $3)`, program, store.Micros(now.Add(-failureWindow)), store.Micros(now.Add(clockSlack)))
	if err != nil {
		return fmt.Errorf("sweeping failures: %w", err)
	}
	_, err = tx.Exec(`delete from device where program = $1 and ends <= $2`, program, store.Micros(now))
	if err != nil {
		return fmt.Errorf("sweeping devices: %w", err)
	}
	return nil
}

// sweepSessions removes sessions that are over, or began under a clock that has been set back since. One that was ended stays for twelve hours after it began, for whoever comes back with its cookie.
func sweepSessions(tx *store.Tx, program string, now time.Time) error {
	const over = `program = $1 and (started <= $3 or started > $4 or ended is null and seen <= $2)`
	idle, old, ahead := store.Micros(now.Add(-sessionIdle)), store.Micros(now.Add(-sessionLife)), store.Micros(now.Add(clockSlack))
	_, err := tx.Exec(`delete from session_token where program = $1 and session in (select token from session where `+over+`)`, program, idle, old, ahead)
	if err != nil {
		return fmt.Errorf("sweeping sessions: %w", err)
	}
	_, err = tx.Exec(`delete from session where `+over, program, idle, old, ahead)
	if err != nil {
		return fmt.Errorf("sweeping sessions: %w", err)
	}
	return nil
}

// countFailure notes a failure and returns how many there were within the window, this one included.
func countFailure(tx *store.Tx, program string, who []byte) (int, error) {
	since := store.Micros(tx.Now().Add(-failureWindow))
	_, err := tx.Exec(`delete from sign_in_failure where program = $1 and who = $2 and at <= $3`, program, who, since)
	if err != nil {
		return 0, fmt.Errorf("counting a failure: %w", err)
	}
	err = tx.Insert("sign_in_failure", store.Row{"program": program, "who": who, "id": store.NewID(), "at": tx.Now()})
	if err != nil {
		return 0, fmt.Errorf("counting a failure: %w", err)
	}
	var n int
	err = tx.QueryRow(context.Background(), `select count(id) from sign_in_failure where program = $1 and who = $2`, program, who).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting a failure: %w", err)
	}
	return n, nil
}

func forgetFailures(tx *store.Tx, program string, who []byte) error {
	_, err := tx.Exec(`delete from sign_in_failure where program = $1 and who = $2`, program, who)
	return err
}
