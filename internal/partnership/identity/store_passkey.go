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

// passkey is a row of its table.
type passkey struct {
	program              string
	id, member, unlocker store.ID // unlocker: zero when it cannot open keys
	credential           []byte
	public               []byte // see recordOf
	counter              uint32
	aaguid               []byte
	label                string
	created, used, aside time.Time
	ended                bool
}

const passkeyColumns = `program, id, credential, member, unlocker, public, counter, aaguid, label, created, used, aside, ended`

func scanPasskey(row store.Scanner) (passkey, error) {
	var p passkey
	var created, used, aside, ended, counter int64
	err := row.Scan(&p.program, &p.id, &p.credential, &p.member, &p.unlocker, &p.public, &counter, &p.aaguid, &p.label, &created, &used, &aside, &ended)
	if err != nil {
		return passkey{}, err
	}
	p.counter, p.ended = uint32(counter), ended != 0
	p.created, p.used, p.aside = store.Time(created), store.Time(used), store.Time(aside)
	return p, nil
}

// passkeysOf lists a member's living passkeys, oldest first.
func passkeysOf(ctx context.Context, r store.Reader, program string, member store.ID) ([]passkey, error) {
	rows, err := r.Query(ctx, `select `+passkeyColumns+` from passkey where program = $1 and member = $2 and ended = 0 order by created, id`, program, member)
	if err != nil {
		return nil, fmt.Errorf("listing passkeys: %w", err)
	}
	defer rows.Close()
	var list []passkey
	for rows.Next() {
		p, err := scanPasskey(rows)
		if err != nil {
			return nil, fmt.Errorf("listing passkeys: %w", err)
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// passkeyByCredential finds a living passkey by what its authenticator calls it; none is errPasskey.
func passkeyByCredential(ctx context.Context, r store.Reader, program string, credential []byte) (passkey, error) {
	p, err := scanPasskey(r.QueryRow(ctx, `select `+passkeyColumns+` from passkey where program = $1 and credential = $2 and ended = 0`, program, credential))
	if errors.Is(err, sql.ErrNoRows) {
		return passkey{}, errPasskey
	}
	if err != nil {
		return passkey{}, fmt.Errorf("reading a passkey: %w", err)
	}
	return p, nil
}

func insertPasskey(tx *store.Tx, p passkey) error {
	var unlocker any
	if !p.unlocker.IsZero() {
		unlocker = p.unlocker
	}
	err := tx.Insert("passkey", store.Row{
		"program": p.program, "id": p.id, "credential": p.credential, "member": p.member, "unlocker": unlocker, "public": p.public, "counter": int64(p.counter),
		"aaguid": orEmpty(p.aaguid), "label": p.label, "created": tx.Now(), "used": int64(0), "aside": int64(0), "ended": int64(0),
	})
	if errors.Is(err, store.ErrExists) {
		return errKnown.With(err)
	}
	return err
}

// countPasskey notes a use. It fails with errChanged when the counter went on in the meantime, or the passkey was ended or set aside.
func countPasskey(tx *store.Tx, p passkey, counter uint32, public []byte) error {
	const q = `update passkey set used = $3, counter = $4, public = $5
		where program = $1 and id = $2 and ended = 0 and aside = 0 and (counter < $4 or (counter = 0 and $4 = 0))`
	n, err := tx.Exec(q, p.program, p.id, store.Micros(tx.Now()), int64(counter), public)
	if err != nil {
		return fmt.Errorf("counting a passkey: %w", err)
	}
	if n == 0 {
		return errChanged
	}
	return tx.Touch("passkey", p.program, p.id)
}

// setAside keeps a passkey from being used; it fails with errChanged when it was already.
func setAside(tx *store.Tx, program string, id store.ID) error {
	return endRow(tx, "passkey", `update passkey set aside = $3 where program = $1 and id = $2 and ended = 0 and aside = 0`, program, id)
}

func endPasskey(tx *store.Tx, program string, id store.ID) error {
	return endRow(tx, "passkey", `update passkey set ended = $3 where program = $1 and id = $2 and ended = 0`, program, id)
}

// ceremony is a challenge that waits for its answer.
type ceremony struct {
	program   string
	challenge []byte
	purpose   string
	member    *store.ID
	data      []byte
	ends      time.Time
}

// maxCeremonies is how many challenges to sign in to a program wait at once. Asking for one to sign in takes none, so what is
// over goes, and beyond this the oldest of those; what a signed-in member asked for stays.
const maxCeremonies = 5000

func insertCeremony(tx *store.Tx, c ceremony) error {
	return keepCeremony(tx, c, maxCeremonies)
}

func keepCeremony(tx *store.Tx, c ceremony, most int) error {
	_, err := tx.Exec(`delete from ceremony where program = $1 and ends <= $2`, c.program, store.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("forgetting challenges: %w", err)
	}
	if c.member == nil {
		_, err = tx.Exec(`delete from ceremony where program = $1 and challenge in
			(select challenge from ceremony where program = $1 and member is null order by ends desc, challenge limit $2 offset $3)`, c.program, most, most-1)
		if err != nil {
			return fmt.Errorf("forgetting challenges: %w", err)
		}
	}
	var member any
	if c.member != nil {
		member = *c.member
	}
	return tx.Insert("ceremony", store.Row{
		"program": c.program, "challenge": c.challenge, "purpose": c.purpose, "member": member, "data": c.data, "ends": c.ends,
	})
}

// takeCeremony deletes a challenge and returns it; of two that take it at once, one gets errStale.
func takeCeremony(ctx context.Context, tx *store.Tx, program string, challenge []byte) (ceremony, error) {
	c := ceremony{program: program, challenge: challenge}
	var member []byte
	var ends int64
	const q = `select purpose, member, data, ends from ceremony where program = $1 and challenge = $2`
	err := tx.QueryRow(ctx, q, program, challenge).Scan(&c.purpose, &member, &c.data, &ends)
	if errors.Is(err, sql.ErrNoRows) {
		return c, errStale
	}
	if err != nil {
		return c, fmt.Errorf("reading a challenge: %w", err)
	}
	if len(member) == len(store.ID{}) {
		id := store.ID(member)
		c.member = &id
	}
	c.ends = store.Time(ends)
	n, err := tx.Exec(`delete from ceremony where program = $1 and challenge = $2`, program, challenge)
	if err != nil {
		return c, fmt.Errorf("taking a challenge: %w", err)
	}
	if n == 0 {
		return c, errStale
	}
	return c, nil
}

// sweepUnlock removes challenges and device links that have ended.
func sweepUnlock(tx *store.Tx, program string) error {
	_, err := tx.Exec(`delete from ceremony where program = $1 and ends <= $2`, program, store.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("sweeping challenges: %w", err)
	}
	_, err = tx.Exec(`delete from device_link where program = $1 and ends <= $2`, program, store.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("sweeping device links: %w", err)
	}
	return nil
}
