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

// account is a member as the database knows one.
type account struct{ Member }

const memberColumns = `program, id, office, name, email, roles, kem, sign, joined, locked, gone, suspended`

func scanAccount(row store.Scanner) (account, error) {
	var a account
	var roles string
	var joined, locked, gone int64
	var suspended sql.NullInt64
	err := row.Scan(&a.Program, &a.ID, &a.Office, &a.Name, &a.Email, &roles, &a.KEM, &a.Sign, &joined, &locked, &gone, &suspended)
	if err != nil {
		return account{}, err
	}
	a.Roles = strings.Fields(roles)
	a.Joined = store.Time(joined)
	a.Locked = locked != 0
	a.Suspended = gone == 0 && suspended.Int64 != 0
	a.Active = gone == 0 && !a.Suspended
	return a, nil
}

func accountByID(ctx context.Context, r store.Reader, program string, id store.ID) (account, error) {
	return oneAccount(r.QueryRow(ctx, `select `+memberColumns+` from member where program = $1 and id = $2`, program, id))
}

func accountByEmail(ctx context.Context, r store.Reader, program, email string) (account, error) {
	return oneAccount(r.QueryRow(ctx, `select `+memberColumns+` from member where program = $1 and sign_in = $2`, program, email))
}

func oneAccount(row store.Scanner) (account, error) {
	a, err := scanAccount(row)
	if errors.Is(err, sql.ErrNoRows) {
		return account{}, errNoMember
	}
	if err != nil {
		return account{}, fmt.Errorf("reading a member: %w", err)
	}
	return a, nil
}

// after is the place in a list where a page begins: behind this entry.
type after struct {
	find string
	id   store.ID
}

// listMembers returns up to limit members behind at, by name, and where the next page begins ("" when there is none).
func listMembers(ctx context.Context, r store.Reader, program string, f Filter, at after, limit int) ([]Member, after, error) {
	// Joined to nothing, the pattern is an expression: for a bare argument SQLite makes its plan anew each time.
	const q = `select ` + memberColumns + `, find from member
		where program = $1 and (office = $2 or $2 = '') and (find like ('' || $3) escape '\') and (gone = 0 and (suspended is null or suspended = 0) or $4 = 1)
		and (find > $5 or (find = $5 and id > $6))
		order by find, id limit $7`
	gone := 0
	if f.Gone {
		gone = 1
	}
	rows, err := r.Query(ctx, q, program, f.Office, "%"+likeEscape(strings.ToLower(f.Search))+"%", gone, at.find, at.id, limit+1)
	if err != nil {
		return nil, after{}, fmt.Errorf("listing members: %w", err)
	}
	defer rows.Close()
	var list []Member
	var last after
	for rows.Next() {
		if len(list) == limit {
			return list, last, nil
		}
		a, err := scanAccount(with(rows, &last.find))
		if err != nil {
			return nil, after{}, fmt.Errorf("listing members: %w", err)
		}
		last.id = a.ID
		list = append(list, a.Member)
	}
	err = rows.Err()
	if err != nil {
		return nil, after{}, fmt.Errorf("listing members: %w", err)
	}
	return list, after{}, nil
}

// with scans the columns behind an account's into more.
func with(row store.Scanner, more ...any) store.Scanner { return wider{row, more} }

type wider struct {
	row  store.Scanner
	more []any
}

func (w wider) Scan(dest ...any) error { return w.row.Scan(append(dest, w.more...)...) }

func likeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// insertMember leaves the columns empty in which a passphrase stood before there were unlockers.
func insertMember(tx *store.Tx, a account) error {
	return tx.Insert("member", store.Row{
		"program": a.Program, "id": a.ID, "office": a.Office, "name": a.Name, "email": a.Email,
		"sign_in": a.Email, "find": strings.ToLower(a.Name + " " + a.Email), "roles": strings.Join(a.Roles, " "),
		"salt": []byte{}, "iterations": int64(0), "auth": []byte{}, "kem": a.KEM, "sign": a.Sign,
		"joined": tx.Now(), "locked": int64(0), "gone": int64(0), "suspended": int64(0),
	})
}

// holdMember and holdOffice change nothing. They make transactions that must see each other's work wait for each other, on PostgreSQL as on SQLite, where
// there is only one writer anyway.
func holdMember(tx *store.Tx, program string, id store.ID) error {
	_, err := tx.Exec(`update member set gone = gone where program = $1 and id = $2`, program, id)
	return err
}

func holdOffice(tx *store.Tx, program, office string) error {
	_, err := tx.Exec(`update invitation set used = used where program = $1 and office = $2`, program, office)
	return err
}

// lockMember notes the lock, once.
func lockMember(tx *store.Tx, program string, id store.ID) error {
	return changeMember(tx, program, id, `update member set locked = $3 where program = $1 and id = $2 and locked = 0`, store.Micros(tx.Now()))
}

func releaseMember(tx *store.Tx, program string, id store.ID) error {
	return changeMember(tx, program, id, `update member set locked = $3 where program = $1 and id = $2 and locked <> 0 and gone = 0`, int64(0))
}

func suspendMember(tx *store.Tx, program string, id store.ID) error {
	const q = `update member set suspended = $3 where program = $1 and id = $2 and gone = 0 and (suspended is null or suspended = 0)`
	return changeMember(tx, program, id, q, store.Micros(tx.Now()))
}

func resumeMember(tx *store.Tx, program string, id store.ID) error {
	return changeMember(tx, program, id, `update member set suspended = $3 where program = $1 and id = $2 and gone = 0 and suspended <> 0`, int64(0))
}

func setRoles(tx *store.Tx, program string, id store.ID, roles []string) error {
	return changeMember(tx, program, id, `update member set roles = $3 where program = $1 and id = $2 and gone = 0`, strings.Join(roles, " "))
}

// endMember takes the address back, so that its owner can be invited again.
func endMember(tx *store.Tx, program string, id store.ID) error {
	_, err := tx.Exec(`update member set sign_in = $3 where program = $1 and id = $2 and gone = 0`, program, id, "gone:"+id.String())
	if err != nil {
		return fmt.Errorf("changing a member: %w", err)
	}
	return changeMember(tx, program, id, `update member set gone = $3 where program = $1 and id = $2 and gone = 0`, store.Micros(tx.Now()))
}

// changeMember runs an update of one member's row; it fails with errChanged when the row no longer allows it.
func changeMember(tx *store.Tx, program string, id store.ID, q string, value any) error {
	n, err := tx.Exec(q, program, id, value)
	if err != nil {
		return fmt.Errorf("changing a member: %w", err)
	}
	if n == 0 {
		return errChanged
	}
	return tx.Touch("member", program, id)
}

// invitation is what a member will be.
type invitation struct {
	Program             string
	ID                  store.ID
	Office, Name, Email string
	Roles               []string
	InvitedBy           string
	Made, Ends          time.Time
	Used, Withdrawn     bool
}

const invitationColumns = `program, id, office, name, email, roles, invited_by, made, ends, used, withdrawn`

func scanInvitation(row store.Scanner) (invitation, error) {
	var v invitation
	var roles string
	var made, ends, used, withdrawn int64
	err := row.Scan(&v.Program, &v.ID, &v.Office, &v.Name, &v.Email, &roles, &v.InvitedBy, &made, &ends, &used, &withdrawn)
	if err != nil {
		return invitation{}, err
	}
	v.Roles = strings.Fields(roles)
	v.Made, v.Ends = store.Time(made), store.Time(ends)
	v.Used, v.Withdrawn = used != 0, withdrawn != 0
	return v, nil
}

func invitationByToken(ctx context.Context, r store.Reader, program string, token []byte) (invitation, error) {
	return oneInvitation(r.QueryRow(ctx, `select `+invitationColumns+` from invitation where program = $1 and token = $2`, program, token))
}

func invitationByID(ctx context.Context, r store.Reader, program string, id store.ID) (invitation, error) {
	return oneInvitation(r.QueryRow(ctx, `select `+invitationColumns+` from invitation where program = $1 and id = $2`, program, id))
}

func oneInvitation(row store.Scanner) (invitation, error) {
	v, err := scanInvitation(row)
	if errors.Is(err, sql.ErrNoRows) {
		return invitation{}, errInvitation
	}
	if err != nil {
		return invitation{}, fmt.Errorf("reading an invitation: %w", err)
	}
	return v, nil
}

// openInvitations lists what can still be accepted, newest first. They are few: each ends after a week.
func openInvitations(ctx context.Context, r store.Reader, program, office, email string, now time.Time) ([]invitation, error) {
	const q = `select ` + invitationColumns + ` from invitation
		where program = $1 and (office = $2 or $2 = '') and (email = $3 or $3 = '') and used = 0 and withdrawn = 0 and ends > $4 order by made desc, id`
	rows, err := r.Query(ctx, q, program, office, email, store.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("listing invitations: %w", err)
	}
	defer rows.Close()
	var list []invitation
	for rows.Next() {
		v, err := scanInvitation(rows)
		if err != nil {
			return nil, fmt.Errorf("listing invitations: %w", err)
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

func insertInvitation(tx *store.Tx, v invitation, token []byte) error {
	return tx.Insert("invitation", store.Row{
		"program": v.Program, "id": v.ID, "token": token, "office": v.Office, "name": v.Name, "email": v.Email, "roles": strings.Join(v.Roles, " "),
		"invited_by": v.InvitedBy, "made": v.Made, "ends": v.Ends, "used": int64(0), "withdrawn": int64(0),
	})
}

func useInvitation(tx *store.Tx, program string, id store.ID) error {
	const q = `update invitation set used = $3 where program = $1 and id = $2 and used = 0 and withdrawn = 0 and ends > $3`
	return changeInvitation(tx, program, id, q)
}

func endInvitation(tx *store.Tx, program string, id store.ID) error {
	const q = `update invitation set withdrawn = $3 where program = $1 and id = $2 and used = 0 and withdrawn = 0`
	return changeInvitation(tx, program, id, q)
}

func changeInvitation(tx *store.Tx, program string, id store.ID, q string) error {
	n, err := tx.Exec(q, program, id, store.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("ending an invitation: %w", err)
	}
	if n == 0 {
		return errInvitation
	}
	return tx.Touch("invitation", program, id)
}
