// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// moment reads a time that may be absent.
func moment(us sql.NullInt64) time.Time { return store.Time(us.Int64) }

// --- offices

func readOffices(ctx context.Context, r store.Reader, prog string) ([]Office, error) {
	return store.Collect(ctx, r, "reading the offices", func(rows store.Scanner) (Office, error) {
		var o Office
		var joined int64
		var signed, closed sql.NullInt64
		err := rows.Scan(&o.ID, &o.State, &joined, &signed, &o.AgreementBy, &closed)
		o.Joined, o.AgreementSigned, o.Closed = store.Time(joined), moment(signed), moment(closed)
		return o, err
	}, `select office, state, joined, agreement_signed, agreement_by, closed from agency where program = $1 order by office`, prog)
}

// activeOffice refuses an office that has not joined or has closed.
func activeOffice(ctx context.Context, r store.Reader, prog, office string) error {
	var state string
	err := r.QueryRow(ctx, `select state from agency where program = $1 and office = $2`, prog, office).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) || err == nil && state != stateActive {
		return errNotJoined
	}
	return fault.Wrap(err, "reading an office")
}

func insertOffice(tx *store.Tx, prog, office string) error {
	err := tx.Insert("agency", store.Row{"program": prog, "office": office, "state": stateActive, "joined": tx.Now(),
		"agreement_signed": nil, "agreement_by": "", "closed": nil})
	if errors.Is(err, store.ErrExists) {
		return errJoined.With(err)
	}
	return err
}

func reopenOffice(tx *store.Tx, prog, office string) error {
	n, err := tx.Exec(`update agency set state = $1, joined = $2, agreement_signed = null, agreement_by = '', closed = null where program = $3 and office = $4 and state = $5`,
		stateActive, store.Micros(tx.Now()), prog, office, stateClosed)
	if err != nil {
		return fault.Wrap(err, "joining again")
	}
	if n == 0 {
		return errJoined
	}
	return tx.Touch("agency", prog, office)
}

func signOffice(tx *store.Tx, prog, office, by string) error {
	_, err := tx.Exec(`update agency set agreement_signed = $1, agreement_by = $2 where program = $3 and office = $4`,
		store.Micros(tx.Now()), by, prog, office)
	if err != nil {
		return fault.Wrap(err, "signing an agreement")
	}
	return tx.Touch("agency", prog, office)
}

func closeOffice(tx *store.Tx, prog, office string) error {
	_, err := tx.Exec(`update agency set state = $1, closed = $2 where program = $3 and office = $4`,
		stateClosed, store.Micros(tx.Now()), prog, office)
	if err != nil {
		return fault.Wrap(err, "closing an office")
	}
	return tx.Touch("agency", prog, office)
}

// --- keys

// currentKey is the id of the office's current key, or false.
func currentKey(ctx context.Context, r store.Reader, prog, office string) (id [16]byte, ok bool, err error) {
	var key store.ID
	err = r.QueryRow(ctx, `select id from agency_key where program = $1 and office = $2 and retired is null`, prog, office).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return id, false, nil
	}
	return key, err == nil, fault.Wrap(err, "reading the current key")
}

// newKeyRow is a key with what it rests on.
type newKeyRow struct {
	NewKey
	restsOn   string
	by        Endorsement
	directory []byte // the directory key's signature, where a demonstration signs by itself
}

func insertKey(tx *store.Tx, prog, office string, k newKeyRow) error {
	row := store.Row{"program": prog, "office": office, "id": k.Public.ID(), "public": k.Public.Bytes(), "created": tx.Now(), "retired": nil,
		"signed_by": k.restsOn, "signed_member": nil, "signed_public": nil, "signed_at": nil, "signature": nil,
		"sign_public": []byte(k.Sign), "directory_signature": nil, "directory_at": nil}
	if k.by.ok {
		row["signed_member"], row["signed_at"], row["signature"] = k.by.member, k.by.at, k.by.signature
	}
	if k.directory != nil {
		row["directory_signature"], row["directory_at"] = k.directory, tx.Now()
	}
	err := tx.Insert("agency_key", row)
	if errors.Is(err, store.ErrExists) {
		return errKeyUsed.With(err)
	}
	return err
}

func retireKey(tx *store.Tx, prog, office string, id [16]byte) error {
	_, err := tx.Exec(`update agency_key set retired = $1 where program = $2 and office = $3 and id = $4`,
		store.Micros(tx.Now()), prog, office, id[:])
	if err != nil {
		return fault.Wrap(err, "retiring a key")
	}
	return tx.Touch("agency_key", prog, office, id)
}

func insertWrap(tx *store.Tx, prog, office string, w Wrap) error {
	return tx.Insert("agency_key_wrap", store.Row{"program": prog, "office": office, "key_id": w.Key, "holder": w.Holder,
		"sealed": w.Sealed, "created": tx.Now(), "ended": nil, "signature": optional(w.Signature)})
}

// optional is nil for bytes that are not there.
func optional(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

func renewWrap(tx *store.Tx, prog, office string, w Wrap) error {
	_, err := tx.Exec(`update agency_key_wrap set sealed = $1, created = $2, signature = $7, ended = null where program = $3 and office = $4 and key_id = $5 and holder = $6`,
		w.Sealed, store.Micros(tx.Now()), prog, office, w.Key[:], w.Holder, optional(w.Signature))
	if err != nil {
		return fault.Wrap(err, "renewing a wrap")
	}
	return tx.Touch("agency_key_wrap", prog, office, w.Key, w.Holder)
}

func endWrap(tx *store.Tx, prog, office string, w Wrap) error {
	_, err := tx.Exec(`update agency_key_wrap set ended = $1 where program = $2 and office = $3 and key_id = $4 and holder = $5`,
		store.Micros(tx.Now()), prog, office, w.Key[:], w.Holder)
	if err != nil {
		return fault.Wrap(err, "ending a wrap")
	}
	return tx.Touch("agency_key_wrap", prog, office, w.Key, w.Holder)
}

func readWraps(ctx context.Context, r store.Reader, prog, office string) ([]Wrap, error) {
	return store.Collect(ctx, r, "reading the wraps", func(rows store.Scanner) (Wrap, error) {
		var w Wrap
		var key store.ID
		var created int64
		var ended sql.NullInt64
		err := rows.Scan(&key, &w.Holder, &w.Sealed, &created, &ended, &w.Signature)
		w.Key, w.Created, w.Ended = key, store.Time(created), moment(ended)
		return w, err
	}, `select key_id, holder, sealed, created, ended, signature from agency_key_wrap where program = $1 and office = $2 order by created desc, key_id, holder`, prog, office)
}

// keyRow is a key as it stands in the database.
type keyRow struct {
	office   string
	id       store.ID
	public   []byte
	created  time.Time
	retired  time.Time
	signedBy string
	member   store.ID
	wraps    int

	sign, signature, directory []byte // the office's signing key, and the signatures of the key before it and of the directory key
}

func readKeys(ctx context.Context, r store.Reader, prog string) ([]keyRow, error) {
	return store.Collect(ctx, r, "reading the keys", func(rows store.Scanner) (keyRow, error) {
		var k keyRow
		var created int64
		var retired sql.NullInt64
		err := rows.Scan(&k.office, &k.id, &k.public, &created, &retired, &k.signedBy, &k.member, &k.signature, &k.sign, &k.directory, &k.wraps)
		k.created, k.retired = store.Time(created), moment(retired)
		return k, err
	}, `select k.office, k.id, k.public, k.created, k.retired, k.signed_by, k.signed_member, k.signature, k.sign_public, k.directory_signature,
			(select count(*) from agency_key_wrap w where w.program = k.program and w.office = k.office and w.key_id = k.id and w.ended is null)
		from agency_key k where k.program = $1 order by k.office, k.created desc, k.id`, prog)
}

func insertLost(tx *store.Tx, a Actor, office string, id [16]byte) error {
	err := tx.Insert("agency_key_lost", store.Row{"program": a.Program, "office": office, "key_id": id, "member": a.Member, "at": tx.Now()})
	if errors.Is(err, store.ErrExists) {
		return errMarked.With(err)
	}
	return err
}

// readLost counts the members who marked each key as lost.
func readLost(ctx context.Context, r store.Reader, prog string) (map[store.ID]int, error) {
	type mark struct {
		key   store.ID
		marks int
	}
	list, err := store.Collect(ctx, r, "reading the lost keys", func(rows store.Scanner) (m mark, err error) {
		return m, rows.Scan(&m.key, &m.marks)
	}, `select key_id, count(*) from agency_key_lost where program = $1 group by key_id`, prog)
	out := map[store.ID]int{}
	for _, m := range list {
		out[m.key] = m.marks
	}
	return out, err
}

// --- channels

// nextTurn numbers a row within its list: rows of one moment keep their order.
func nextTurn(tx *store.Tx, q string, args ...any) (int64, error) {
	var last sql.NullInt64
	err := tx.QueryRow(context.Background(), q, args...).Scan(&last)
	return last.Int64 + 1, fault.Wrap(err, "numbering a row")
}

func insertCheck(tx *store.Tx, a Actor, c Check) error {
	turn, err := nextTurn(tx, `select max(turn) from channel_check where program = $1 and channel = $2`, a.Program, c.Channel)
	if err != nil {
		return err
	}
	return tx.Insert("channel_check", store.Row{"program": a.Program, "channel": c.Channel, "turn": turn, "contact": c.Contact,
		"called_at": c.At, "recorded_at": tx.Now(), "recorded_by": a.String(), "caller": c.Caller, "answered": c.Answered,
		"heard": c.Heard, "result": string(c.Result), "attested": c.Result == Attested})
}

// readChecks reads the checks of one channel, or of all for "", in the order of
// what happened.
func readChecks(ctx context.Context, r store.Reader, prog, channel string) ([]Check, error) {
	return store.Collect(ctx, r, "reading the test calls", func(rows store.Scanner) (Check, error) {
		var c Check
		var called, recorded int64
		err := rows.Scan(&c.Channel, &c.Contact, &called, &recorded, &c.RecordedBy, &c.Caller, &c.Answered, &c.Heard, &c.Result)
		c.At, c.Recorded = store.Time(called), store.Time(recorded)
		return c, err
	}, `select channel, contact, called_at, recorded_at, recorded_by, caller, answered, heard, result from channel_check
		where program = $1 and (channel = $2 or $2 = '') order by channel, called_at, turn`, prog, channel)
}

// --- openings and drills

func insertOpening(tx *store.Tx, a Actor, state string) error {
	turn, err := nextTurn(tx, `select max(turn) from agency_opening where program = $1`, a.Program)
	if err != nil {
		return err
	}
	return tx.Insert("agency_opening", store.Row{"program": a.Program, "turn": turn, "state": state, "at": tx.Now(), "actor": a.String()})
}

func readOpening(ctx context.Context, r store.Reader, prog string) (state string, at time.Time, err error) {
	var us int64
	err = r.QueryRow(ctx, `select state, at from agency_opening where program = $1 order by turn desc limit 1`, prog).Scan(&state, &us)
	if errors.Is(err, sql.ErrNoRows) {
		return "", time.Time{}, nil
	}
	return state, store.Time(us), fault.Wrap(err, "reading whether the form is open")
}

func insertDrill(tx *store.Tx, a Actor, d drill) error {
	row := store.Row{"program": a.Program, "id": d.id, "kind": d.kind, "sent_at": tx.Now(), "sent_by": a.String(),
		"code_hash": d.code, "acknowledged_at": nil, "acknowledged_by": nil, "office": nil}
	if d.office != "" {
		row["office"] = d.office
	}
	if d.done {
		row["acknowledged_at"], row["acknowledged_by"] = tx.Now(), a.String()
	}
	return tx.Insert("agency_drill", row)
}

func acknowledgeDrill(tx *store.Tx, a Actor, id store.ID) error {
	n, err := tx.Exec(`update agency_drill set acknowledged_at = $1, acknowledged_by = $2 where program = $3 and id = $4 and acknowledged_at is null`,
		store.Micros(tx.Now()), a.String(), a.Program, id)
	if err != nil {
		return fault.Wrap(err, "acknowledging a test")
	}
	if n == 0 {
		return errNoSuch
	}
	return tx.Touch("agency_drill", a.Program, id)
}

// lastDrill is when a test of the kind was last acknowledged; zero for never.
func lastDrill(ctx context.Context, r store.Reader, prog, kind string) (time.Time, error) {
	var us sql.NullInt64
	err := r.QueryRow(ctx, `select max(acknowledged_at) from agency_drill where program = $1 and kind = $2`, prog, kind).Scan(&us)
	return moment(us), fault.Wrap(err, fmt.Sprintf("reading the last %s test", kind))
}

// lastOfficeDrill is lastDrill for one office.
func lastOfficeDrill(ctx context.Context, r store.Reader, prog, kind, office string) (time.Time, error) {
	var us sql.NullInt64
	err := r.QueryRow(ctx, `select max(acknowledged_at) from agency_drill where program = $1 and kind = $2 and office = $3`, prog, kind, office).Scan(&us)
	return moment(us), fault.Wrap(err, "reading an office's last drill")
}

// waitingDrills lists the tests of the kind sent since, not yet acknowledged, newest first.
func waitingDrills(ctx context.Context, r store.Reader, prog, kind string, since time.Time) ([]drill, error) {
	return store.Collect(ctx, r, "reading the tests under way", func(rows store.Scanner) (drill, error) {
		d := drill{kind: kind}
		var office sql.NullString
		err := rows.Scan(&d.id, &d.code, &office)
		d.office = office.String
		return d, err
	}, `select id, code_hash, office from agency_drill where program = $1 and kind = $2 and acknowledged_at is null and sent_at >= $3 order by sent_at desc, id`,
		prog, kind, store.Micros(since))
}
