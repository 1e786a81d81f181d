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

// session is a row of the session table.
type session struct {
	program       string
	token         []byte
	member        store.ID
	started, seen time.Time
}

func sessionByToken(ctx context.Context, r store.Reader, program string, token []byte) (session, error) {
	v := session{program: program, token: token}
	var started, seen int64
	err := r.QueryRow(ctx, `select member, started, seen from session where program = $1 and token = $2`, program, token).Scan(&v.member, &started, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		return session{}, errSignIn
	}
	if err != nil {
		return session{}, fmt.Errorf("reading a session: %w", err)
	}
	v.started, v.seen = store.Time(started), store.Time(seen)
	return v, nil
}

func insertSession(tx *store.Tx, program string, token []byte, member store.ID) error {
	return tx.Insert("session", store.Row{"program": program, "token": token, "member": member, "started": tx.Now(), "seen": tx.Now()})
}

func touchSession(tx *store.Tx, v session) error {
	_, err := tx.Exec(`update session set seen = $3 where program = $1 and token = $2 and seen < $3`, v.program, v.token, store.Micros(tx.Now()))
	return err
}

func endSession(tx *store.Tx, program string, token []byte) error {
	_, err := tx.Exec(`delete from session where program = $1 and token = $2`, program, token)
	return err
}

func endSessionsOf(tx *store.Tx, program string, member store.ID) error {
	_, err := tx.Exec(`delete from session where program = $1 and member = $2`, program, member)
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
	_, err := tx.Exec(`delete from session where program = $1 and (seen <= $2 or started <= $3)`,
		program, store.Micros(now.Add(-sessionIdle)), store.Micros(now.Add(-sessionLife)))
	if err != nil {
		return fmt.Errorf("sweeping sessions: %w", err)
	}
	_, err = tx.Exec(`delete from sign_in_failure where program = $1 and at <= $2`, program, store.Micros(now.Add(-failureWindow)))
	if err != nil {
		return fmt.Errorf("sweeping failures: %w", err)
	}
	_, err = tx.Exec(`delete from device where program = $1 and ends <= $2`, program, store.Micros(now))
	if err != nil {
		return fmt.Errorf("sweeping devices: %w", err)
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
