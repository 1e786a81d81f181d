// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"waylight/internal/platform/store"
)

// programOf is the program that a token names.
func programOf(token string) string {
	programID, _, _ := strings.Cut(token, ".")
	return programID
}

const linkColumns = `program, id, member, public, sealed`

func oneLink(row store.Scanner) (deviceLink, error) {
	var l deviceLink
	err := row.Scan(&l.program, &l.id, &l.member, &l.public, &l.sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return deviceLink{}, errLink
	}
	if err != nil {
		return deviceLink{}, fmt.Errorf("reading a device link: %w", err)
	}
	return l, nil
}

func linkByToken(ctx context.Context, r store.Reader, program string, token []byte, now time.Time) (deviceLink, error) {
	return oneLink(r.QueryRow(ctx, `select `+linkColumns+` from device_link where program = $1 and token = $2 and ends > $3`, program, token, store.Micros(now)))
}

func linkByID(ctx context.Context, r store.Reader, program string, id store.ID, now time.Time) (deviceLink, error) {
	return oneLink(r.QueryRow(ctx, `select `+linkColumns+` from device_link where program = $1 and id = $2 and ends > $3`, program, id, store.Micros(now)))
}

func insertLink(tx *store.Tx, l deviceLink, token []byte) error {
	return tx.Insert("device_link", store.Row{
		"program": l.program, "id": l.id, "member": l.member, "token": token, "public": nil, "sealed": nil, "ends": tx.Now().Add(linkLife),
	})
}

// claimLink leaves the new device's key, or finds that it stands there already.
func claimLink(ctx context.Context, tx *store.Tx, l deviceLink, public []byte) error {
	n, err := tx.Exec(`update device_link set public = $3 where program = $1 and id = $2 and public is null`, l.program, l.id, public)
	if err != nil {
		return fmt.Errorf("claiming a device link: %w", err)
	}
	if n > 0 {
		return nil
	}
	now, err := linkByID(ctx, tx, l.program, l.id, tx.Now())
	if err != nil {
		return err
	}
	if string(now.public) != string(public) {
		return errLinkUsed
	}
	return nil
}

func fillLink(tx *store.Tx, l deviceLink, sealed []byte) error {
	n, err := tx.Exec(`update device_link set sealed = $3 where program = $1 and id = $2 and sealed is null`, l.program, l.id, sealed)
	if err != nil {
		return fmt.Errorf("filling a device link: %w", err)
	}
	if n == 0 {
		return errLink
	}
	return nil
}

// useLink takes the link away; of two devices that use it at once, one gets errLink.
func useLink(tx *store.Tx, l deviceLink) error {
	n, err := tx.Exec(`delete from device_link where program = $1 and id = $2`, l.program, l.id)
	if err != nil {
		return fmt.Errorf("using a device link: %w", err)
	}
	if n == 0 {
		return errLink
	}
	return nil
}

func endDeviceLinks(tx *store.Tx, program string, member store.ID) error {
	_, err := tx.Exec(`delete from device_link where program = $1 and member = $2`, program, member)
	if err != nil {
		return fmt.Errorf("ending device links: %w", err)
	}
	return nil
}
