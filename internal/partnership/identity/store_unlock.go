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

// unlocker is a row of its table.
type unlocker struct {
	program      string
	id, member   store.ID
	kind, label  string
	salt         []byte
	iterations   int
	auth, sealed []byte
	created      time.Time
	used         time.Time
}

const unlockerColumns = `program, id, member, kind, label, salt, iterations, auth, sealed, created, used`

func scanUnlocker(row store.Scanner) (unlocker, error) {
	var u unlocker
	var created, used int64
	err := row.Scan(&u.program, &u.id, &u.member, &u.kind, &u.label, &u.salt, &u.iterations, &u.auth, &u.sealed, &created, &used)
	if err != nil {
		return unlocker{}, err
	}
	u.created, u.used = store.Time(created), store.Time(used)
	return u, nil
}

// unlockersOf lists a member's living unlockers, oldest first.
func unlockersOf(ctx context.Context, r store.Reader, program string, member store.ID) ([]unlocker, error) {
	rows, err := r.Query(ctx, `select `+unlockerColumns+` from unlocker where program = $1 and member = $2 and ended = 0 order by created, id`, program, member)
	if err != nil {
		return nil, fmt.Errorf("listing unlockers: %w", err)
	}
	defer rows.Close()
	var list []unlocker
	for rows.Next() {
		u, err := scanUnlocker(rows)
		if err != nil {
			return nil, fmt.Errorf("listing unlockers: %w", err)
		}
		list = append(list, u)
	}
	return list, rows.Err()
}

// passphraseOf finds the unlocker that a member's passphrase opens; none is the zero unlocker.
func passphraseOf(ctx context.Context, r store.Reader, program string, member store.ID) (unlocker, error) {
	const q = `select ` + unlockerColumns + ` from unlocker where program = $1 and member = $2 and kind = 'passphrase' and ended = 0 order by created desc limit 1`
	u, err := scanUnlocker(r.QueryRow(ctx, q, program, member))
	if errors.Is(err, sql.ErrNoRows) {
		return unlocker{}, nil
	}
	if err != nil {
		return unlocker{}, fmt.Errorf("reading an unlocker: %w", err)
	}
	return u, nil
}

func insertUnlocker(tx *store.Tx, u unlocker) error {
	return tx.Insert("unlocker", store.Row{
		"program": u.program, "id": u.id, "member": u.member, "kind": u.kind, "label": u.label, "salt": orEmpty(u.salt), "iterations": int64(u.iterations),
		"auth": orEmpty(u.auth), "sealed": u.sealed, "created": tx.Now(), "used": int64(0), "ended": int64(0),
	})
}

func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// endUnlocker fails with errChanged when there is none, or it was ended already.
func endUnlocker(tx *store.Tx, program string, id store.ID) error {
	return endRow(tx, "unlocker", `update unlocker set ended = $3 where program = $1 and id = $2 and ended = 0`, program, id)
}

func useUnlocker(tx *store.Tx, program string, id store.ID) error {
	return endRow(tx, "unlocker", `update unlocker set used = $3 where program = $1 and id = $2 and ended = 0`, program, id)
}

// endRow runs an update that writes this moment into one row; it fails with errChanged when the row no longer allows it.
func endRow(tx *store.Tx, table, q, program string, id store.ID) error {
	n, err := tx.Exec(q, program, id, store.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("changing a %s: %w", table, err)
	}
	if n == 0 {
		return errChanged
	}
	return tx.Touch(table, program, id)
}

// slotOf returns the id of a member's next way in of a kind, drawing one when there is none.
func slotOf(ctx context.Context, tx *store.Tx, program string, member store.ID, kind string) (store.ID, error) {
	_, err := tx.Exec(`insert into slot (program, member, kind, id) values ($1, $2, $3, $4) on conflict do nothing`, program, member, kind, store.NewID())
	if err != nil {
		return store.ID{}, fmt.Errorf("making a slot: %w", err)
	}
	return openSlot(ctx, tx, program, member, kind)
}

// openSlot returns the id of a member's next way in of a kind; none is errWay.
func openSlot(ctx context.Context, r store.Reader, program string, member store.ID, kind string) (store.ID, error) {
	var id store.ID
	err := r.QueryRow(ctx, `select id from slot where program = $1 and member = $2 and kind = $3`, program, member, kind).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return id, errWay
	}
	if err != nil {
		return id, fmt.Errorf("reading a slot: %w", err)
	}
	return id, nil
}

// useSlot empties a slot: of two browsers that fill the same one, the second fails with errChanged.
func useSlot(tx *store.Tx, program string, member store.ID, kind string) error {
	n, err := tx.Exec(`delete from slot where program = $1 and member = $2 and kind = $3`, program, member, kind)
	if err != nil {
		return fmt.Errorf("using a slot: %w", err)
	}
	if n == 0 {
		return errChanged
	}
	return nil
}

// forgetSlots empties a member's slots and returns whose shares were made for them.
func forgetSlots(ctx context.Context, tx *store.Tx, program string, member store.ID) ([]store.ID, error) {
	rows, err := tx.Query(ctx, `select id from slot where program = $1 and member = $2`, program, member)
	if err != nil {
		return nil, fmt.Errorf("forgetting slots: %w", err)
	}
	defer rows.Close()
	var ids []store.ID
	for rows.Next() {
		var id store.ID
		err = rows.Scan(&id)
		if err != nil {
			return nil, fmt.Errorf("forgetting slots: %w", err)
		}
		ids = append(ids, id)
	}
	err = rows.Err()
	if err != nil {
		return nil, fmt.Errorf("forgetting slots: %w", err)
	}
	_, err = tx.Exec(`delete from slot where program = $1 and member = $2`, program, member)
	if err != nil {
		return nil, fmt.Errorf("forgetting slots: %w", err)
	}
	return ids, nil
}

// endOtherSessions ends a member's sessions except the one called keep.
func endOtherSessions(tx *store.Tx, program string, member store.ID, keep []byte, why string) error {
	const q = `update session set ended = $3, why = $4 where program = $1 and member = $2 and token <> $5 and ended is null`
	_, err := tx.Exec(q, program, member, store.Micros(tx.Now()), why, orEmpty(keep))
	if err != nil {
		return fmt.Errorf("ending sessions: %w", err)
	}
	return nil
}
