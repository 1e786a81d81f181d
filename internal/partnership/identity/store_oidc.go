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

const signOnColumns = `program, id, office, issuer, client, secret, made, made_by`

func scanSignOn(row store.Scanner) (SignOn, error) {
	var v SignOn
	var made int64
	err := row.Scan(&v.Program, &v.ID, &v.Office, &v.Issuer, &v.Client, &v.secret, &made, &v.by)
	v.Made = store.Time(made)
	return v, err
}

func oneSignOn(row store.Scanner) (SignOn, error) {
	v, err := scanSignOn(row)
	if errors.Is(err, sql.ErrNoRows) {
		return SignOn{}, errNoSignOn
	}
	if err != nil {
		return SignOn{}, fmt.Errorf("reading a sign-in service: %w", err)
	}
	return v, nil
}

func signOnOf(ctx context.Context, r store.Reader, program, office string) (SignOn, error) {
	return oneSignOn(r.QueryRow(ctx, `select `+signOnColumns+` from signon_provider where program = $1 and office = $2 and ended = 0`, program, office))
}

func signOnByID(ctx context.Context, r store.Reader, program string, id store.ID) (SignOn, error) {
	return oneSignOn(r.QueryRow(ctx, `select `+signOnColumns+` from signon_provider where program = $1 and id = $2 and ended = 0`, program, id))
}

func listSignOns(ctx context.Context, r store.Reader, program string) ([]SignOn, error) {
	rows, err := r.Query(ctx, `select `+signOnColumns+` from signon_provider where program = $1 and ended = 0 order by office`, program)
	if err != nil {
		return nil, fmt.Errorf("listing sign-in services: %w", err)
	}
	defer rows.Close()
	var all []SignOn
	for rows.Next() {
		v, err := scanSignOn(rows)
		if err != nil {
			return nil, fmt.Errorf("listing sign-in services: %w", err)
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

func insertSignOn(tx *store.Tx, v SignOn) error {
	return tx.Insert("signon_provider", store.Row{
		"program": v.Program, "id": v.ID, "office": v.Office, "issuer": v.Issuer, "client": v.Client, "secret": v.secret,
		"made": tx.Now(), "made_by": v.by, "ended": int64(0),
	})
}

// endSignOn ends a service and every link to it.
func endSignOn(ctx context.Context, tx *store.Tx, v SignOn) error {
	n, err := tx.Exec(`update signon_provider set ended = $3 where program = $1 and id = $2 and ended = 0`, v.Program, v.ID, store.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("ending a sign-in service: %w", err)
	}
	if n == 0 {
		return errSignOnLinked
	}
	links, err := liveLinks(ctx, tx, v)
	if err != nil {
		return err
	}
	for _, l := range links {
		if err := endLink(tx, v.Program, l.member, l.id); err != nil {
			return err
		}
	}
	return tx.Touch("signon_provider", v.Program, v.ID)
}

// signOnLink is a link as the database has it.
type signOnLink struct {
	id, member store.ID
	subject    []byte
	asked      time.Time
	confirmed  time.Time
}

func scanLink(row store.Scanner) (signOnLink, error) {
	var l signOnLink
	var asked, confirmed int64
	err := row.Scan(&l.id, &l.member, &l.subject, &asked, &confirmed)
	l.asked = store.Time(asked)
	if confirmed != 0 {
		l.confirmed = store.Time(confirmed)
	}
	return l, err
}

const linkFields = `select id, member, subject, asked, confirmed from signon_link where program = $1 and provider = $2 and ended = 0`

// linkOf is a member's live link to a service; its id is zero when there is none.
func linkOf(ctx context.Context, r store.Reader, v SignOn, member store.ID) (signOnLink, error) {
	return oneSignOnLink(r.QueryRow(ctx, linkFields+` and member = $3`, v.Program, v.ID, member))
}

func linkBySubject(ctx context.Context, r store.Reader, v SignOn, subject []byte) (signOnLink, error) {
	return oneSignOnLink(r.QueryRow(ctx, linkFields+` and subject = $3`, v.Program, v.ID, subject))
}

func oneSignOnLink(row store.Scanner) (signOnLink, error) {
	l, err := scanLink(row)
	if errors.Is(err, sql.ErrNoRows) {
		return signOnLink{}, nil
	}
	if err != nil {
		return signOnLink{}, fmt.Errorf("reading a link to a sign-in service: %w", err)
	}
	return l, nil
}

func liveLinks(ctx context.Context, r store.Reader, v SignOn) ([]signOnLink, error) {
	rows, err := r.Query(ctx, linkFields, v.Program, v.ID)
	if err != nil {
		return nil, fmt.Errorf("listing links to a sign-in service: %w", err)
	}
	defer rows.Close()
	var all []signOnLink
	for rows.Next() {
		l, err := scanLink(rows)
		if err != nil {
			return nil, fmt.Errorf("listing links to a sign-in service: %w", err)
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

func insertLinkTo(tx *store.Tx, v SignOn, member, id store.ID, subject []byte) error {
	return tx.Insert("signon_link", store.Row{
		"program": v.Program, "id": id, "provider": v.ID, "member": member, "subject": subject,
		"asked": tx.Now(), "confirmed": int64(0), "confirmed_by": "", "ended": int64(0),
	})
}

func confirmLink(tx *store.Tx, program string, member, id store.ID, by string) error {
	n, err := tx.Exec(`update signon_link set confirmed = $4, confirmed_by = $5 where program = $1 and id = $2 and member = $3 and confirmed = 0 and ended = 0`,
		program, id, member, store.Micros(tx.Now()), by)
	return changedLink(tx, program, id, n, err)
}

func endLink(tx *store.Tx, program string, member, id store.ID) error {
	n, err := tx.Exec(`update signon_link set ended = $4 where program = $1 and id = $2 and member = $3 and ended = 0`, program, id, member, store.Micros(tx.Now()))
	return changedLink(tx, program, id, n, err)
}

func changedLink(tx *store.Tx, program string, id store.ID, n int64, err error) error {
	if err != nil {
		return fmt.Errorf("changing a link to a sign-in service: %w", err)
	}
	if n == 0 {
		return errSignOnLinked
	}
	return tx.Touch("signon_link", program, id)
}

func listLinks(ctx context.Context, r store.Reader, program, office string) ([]SignOnLink, error) {
	rows, err := r.Query(ctx, `select signon_link.id, signon_link.member, signon_link.asked, signon_link.confirmed from signon_link
		join signon_provider on signon_provider.program = signon_link.program and signon_provider.id = signon_link.provider
		where signon_link.program = $1 and signon_provider.office = $2 and signon_link.ended = 0
		order by signon_link.confirmed, signon_link.asked, signon_link.id limit 1000`, program, office)
	if err != nil {
		return nil, fmt.Errorf("listing links to a sign-in service: %w", err)
	}
	defer rows.Close()
	var all []SignOnLink
	for rows.Next() {
		var l SignOnLink
		var asked, confirmed int64
		if err := rows.Scan(&l.ID, &l.Member.ID, &asked, &confirmed); err != nil {
			return nil, fmt.Errorf("listing links to a sign-in service: %w", err)
		}
		l.Asked = store.Time(asked)
		if confirmed != 0 {
			l.Confirmed = store.Time(confirmed)
		}
		all = append(all, l)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("listing links to a sign-in service: %w", err)
	}
	for i := range all {
		a, err := accountByID(ctx, r, program, all[i].Member.ID)
		if err != nil {
			return nil, err
		}
		all[i].Member = a.Member
	}
	return all, nil
}

// insertAttempt keeps somebody on the way, and forgets those who never came back.
func insertAttempt(tx *store.Tx, v SignOn, state, browser []byte) error {
	_, err := tx.Exec(`delete from signon_attempt where program = $1 and ends <= $2`, v.Program, store.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("forgetting who never came back: %w", err)
	}
	return tx.Insert("signon_attempt", store.Row{
		"program": v.Program, "state": state, "provider": v.ID, "browser": browser, "ends": tx.Now().Add(attemptLife),
	})
}

// takeAttempt finds somebody on the way and takes them away; the id is zero when there is nobody, or it took them too long.
func takeAttempt(ctx context.Context, tx *store.Tx, program string, state []byte) (provider store.ID, browser []byte, err error) {
	var ends int64
	err = tx.QueryRow(ctx, `select provider, browser, ends from signon_attempt where program = $1 and state = $2`, program, state).Scan(&provider, &browser, &ends)
	if errors.Is(err, sql.ErrNoRows) {
		return store.ID{}, nil, nil
	}
	if err != nil {
		return store.ID{}, nil, fmt.Errorf("reading who comes back: %w", err)
	}
	n, err := tx.Exec(`delete from signon_attempt where program = $1 and state = $2`, program, state)
	if err != nil {
		return store.ID{}, nil, fmt.Errorf("reading who comes back: %w", err)
	}
	if n == 0 || !tx.Now().Before(store.Time(ends)) {
		return store.ID{}, nil, nil
	}
	return provider, browser, nil
}
