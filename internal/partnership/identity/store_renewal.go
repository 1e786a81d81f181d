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

// renewal is a row of its table, as far as its holder is let in by it.
type renewal struct {
	id, member store.ID
	made       time.Time
	by         string
}

// renewalByToken finds a living renewal; none is errInvitation.
func renewalByToken(ctx context.Context, r store.Reader, program string, token []byte, now time.Time) (renewal, error) {
	var v renewal
	var made int64
	const q = `select id, member, made, made_by from renewal where program = $1 and token = $2 and used = 0 and withdrawn = 0 and ends > $3`
	err := r.QueryRow(ctx, q, program, token, store.Micros(now)).Scan(&v.id, &v.member, &made, &v.by)
	if errors.Is(err, sql.ErrNoRows) {
		return v, errInvitation
	}
	if err != nil {
		return v, fmt.Errorf("reading a renewal: %w", err)
	}
	v.made = store.Time(made)
	return v, nil
}

func insertRenewal(tx *store.Tx, m Member, token []byte, by string) error {
	return tx.Insert("renewal", store.Row{
		"program": m.Program, "id": store.NewID(), "member": m.ID, "token": token, "made_by": by,
		"made": tx.Now(), "ends": tx.Now().Add(invitationLife), "used": int64(0), "withdrawn": int64(0),
	})
}

// useRenewal fails with errInvitation when the renewal no longer lets anybody in.
func useRenewal(tx *store.Tx, program string, id store.ID) error {
	err := endRow(tx, "renewal", `update renewal set used = $3 where program = $1 and id = $2 and used = 0 and withdrawn = 0 and ends > $3`, program, id)
	if errors.Is(err, errChanged) {
		return errInvitation
	}
	return err
}

// renewMember writes the new public keys down and takes a lock away: an administrator has just vouched for who comes with the link.
func renewMember(tx *store.Tx, m Member) error {
	n, err := tx.Exec(`update member set kem = $3, sign = $4, locked = 0 where program = $1 and id = $2 and gone = 0`, m.Program, m.ID, m.KEM, m.Sign)
	if err != nil {
		return fmt.Errorf("renewing a member: %w", err)
	}
	if n == 0 {
		return errChanged
	}
	return tx.Touch("member", m.Program, m.ID)
}

// openRenewals lists the renewals that were neither used nor taken back, whether or not their week is over.
func openRenewals(ctx context.Context, r store.Reader, program string) ([]renewal, error) {
	rows, err := r.Query(ctx, `select id, member, made, made_by from renewal where program = $1 and used = 0 and withdrawn = 0`, program)
	if err != nil {
		return nil, fmt.Errorf("listing renewals: %w", err)
	}
	defer rows.Close()
	var list []renewal
	for rows.Next() {
		var v renewal
		var made int64
		err = rows.Scan(&v.id, &v.member, &made, &v.by)
		if err != nil {
			return nil, fmt.Errorf("listing renewals: %w", err)
		}
		v.made = store.Time(made)
		list = append(list, v)
	}
	return list, rows.Err()
}

func endRenewal(tx *store.Tx, program string, id store.ID) error {
	return endRow(tx, "renewal", `update renewal set withdrawn = $3 where program = $1 and id = $2 and used = 0 and withdrawn = 0`, program, id)
}

// renewalEnds says until when a member can use a renewal; zero: there is none.
func renewalEnds(ctx context.Context, r store.Reader, m Member, now time.Time) (time.Time, error) {
	var ends int64
	const q = `select coalesce(max(ends), 0) from renewal where program = $1 and member = $2 and used = 0 and withdrawn = 0 and ends > $3`
	err := r.QueryRow(ctx, q, m.Program, m.ID, store.Micros(now)).Scan(&ends)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading a renewal: %w", err)
	}
	return store.Time(ends), nil
}
