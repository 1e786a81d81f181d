// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

const threadColumns = `report, office, began, began_by, since, due, level, next_at, coalesce(told, '')`

func scanThread(row store.Scanner, programID string) (Thread, error) {
	t := Thread{Program: programID}
	var began int64
	var since, due, next sql.NullInt64
	err := row.Scan(&t.Report, &t.Office, &began, &t.BeganBy, &since, &due, &t.Level, &next, &t.Told)
	t.Began, t.Since, t.Due, t.NextAt = store.Time(began), store.Time(since.Int64), store.Time(due.Int64), store.Time(next.Int64)
	return t, err
}

// micros is null for the zero time.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return store.Micros(t)
}

// toldOrNull is null where no rung was climbed.
func toldOrNull(told string) any {
	if told == "" {
		return nil
	}
	return told
}

// idOrNull is null for the zero id.
func idOrNull(id store.ID) any {
	if id.IsZero() {
		return nil
	}
	return id
}

// readThread gives one thread, or ErrNotFound.
func readThread(ctx context.Context, q store.Reader, programID string, report store.ID, office string) (Thread, error) {
	t, err := scanThread(q.QueryRow(ctx, "select "+threadColumns+` from conversation
		where program = $1 and report = $2 and office = $3`, programID, report, office), programID)
	if errors.Is(err, sql.ErrNoRows) {
		return Thread{}, ErrNotFound
	}
	return t, fault.Wrap(err, "reading a thread")
}

// lockThread reads a thread to change it or what is in it. Until its transaction
// ends nobody else does: without that, a message that comes in while its office
// answers would go by both.
func lockThread(ctx context.Context, tx *store.Tx, programID string, report store.ID, office string) (Thread, error) {
	if _, err := tx.Exec("update conversation set level = level where program = $1 and report = $2 and office = $3", programID, report, office); err != nil {
		return Thread{}, fault.Wrap(err, "locking a thread")
	}
	return readThread(ctx, tx, programID, report, office)
}

// threads reads those that a condition picks; $1 is the program.
func threads(ctx context.Context, q store.Reader, programID, condition string, args ...any) ([]Thread, error) {
	rows, err := q.Query(ctx, "select "+threadColumns+" from conversation where program = $1 and "+condition, append([]any{programID}, args...)...)
	if err != nil {
		return nil, fault.Wrap(err, "reading threads")
	}
	defer rows.Close()
	var all []Thread
	for rows.Next() {
		t, err := scanThread(rows, programID)
		if err != nil {
			return nil, fault.Wrap(err, "reading a thread")
		}
		all = append(all, t)
	}
	return all, fault.Wrap(rows.Err(), "reading threads")
}

func insertThread(tx *store.Tx, t Thread) error {
	return tx.Insert("conversation", store.Row{
		"program": t.Program, "report": t.Report, "office": t.Office, "began": t.Began, "began_by": t.BeganBy,
		"since": micros(t.Since), "due": micros(t.Due), "level": int64(t.Level), "next_at": micros(t.NextAt), "told": toldOrNull(t.Told),
	})
}

// setClock changes a thread's clock, if it still is what was read. It answers
// whether it was.
func setClock(tx *store.Tx, was, now Thread) (bool, error) {
	n, err := tx.Exec(`update conversation set since = $4, due = $5, level = $6, told = $7, next_at = $8
		where program = $1 and report = $2 and office = $3 and level = $9 and coalesce(since, 0) = $10 and coalesce(next_at, 0) = $11`,
		was.Program, was.Report, was.Office, micros(now.Since), micros(now.Due), int64(now.Level), toldOrNull(now.Told), micros(now.NextAt),
		int64(was.Level), store.Micros(was.Since), store.Micros(was.NextAt))
	if err != nil || n == 0 {
		return false, fault.Wrap(err, "setting a thread's clock")
	}
	return true, fault.Wrap(tx.Touch("conversation", was.Program, was.Report, was.Office), "setting a thread's clock")
}

const messageColumns = `id, at, side, member, kind, answers, body, body_hash, token_hash, office_key, wrap_office, wrap_receipt, sealed_by, read_at, read_by`

func scanMessage(row store.Scanner, programID string, report store.ID, office string) (Message, error) {
	m := Message{Program: programID, Report: report, Office: office}
	var at int64
	var read sql.NullInt64
	var member, answers, hash, token, key, reader []byte
	err := row.Scan(&m.ID, &at, &m.Side, &member, &m.Kind, &answers, &m.Body, &hash, &token, &key, &m.WrapOffice, &m.WrapReceipt, &m.SealedBy, &read, &reader)
	m.At, m.ReadAt = store.Time(at), store.Time(read.Int64)
	copy(m.Member[:], member)
	copy(m.Answers[:], answers)
	copy(m.Hash[:], hash)
	copy(m.Token[:], token)
	copy(m.OfficeKey[:], key)
	copy(m.ReadBy[:], reader)
	return m, err
}

// readMessage gives one message, or ErrNotFound.
func readMessage(ctx context.Context, q store.Reader, t Thread, id store.ID) (Message, error) {
	m, err := scanMessage(q.QueryRow(ctx, "select "+messageColumns+` from message
		where program = $1 and report = $2 and office = $3 and id = $4`, t.Program, t.Report, t.Office, id), t.Program, t.Report, t.Office)
	if errors.Is(err, sql.ErrNoRows) {
		return Message{}, ErrNotFound
	}
	return m, fault.Wrap(err, "reading a message")
}

// receiptColumns are messageColumns without what the sender wrote, which no
// receipt is given: it does not leave the database.
const receiptColumns = `id, at, side, member, kind, answers, case when side = 'office' then body end, body_hash, token_hash, office_key,
	case when side = 'office' then wrap_office end, wrap_receipt, sealed_by, read_at, read_by`

// readMessages gives one page of a thread in its order, after a time.
func readMessages(ctx context.Context, q store.Reader, columns string, t Thread, after time.Time) ([]Message, error) {
	rows, err := q.Query(ctx, "select "+columns+` from message
		where program = $1 and report = $2 and office = $3 and at > $4 order by at limit $5`, t.Program, t.Report, t.Office, store.Micros(after), int64(perPage))
	if err != nil {
		return nil, fault.Wrap(err, "reading messages")
	}
	defer rows.Close()
	var all []Message
	for rows.Next() {
		m, err := scanMessage(rows, t.Program, t.Report, t.Office)
		if err != nil {
			return nil, fault.Wrap(err, "reading a message")
		}
		all = append(all, m)
	}
	return all, fault.Wrap(rows.Err(), "reading messages")
}

// lastAt is the time of a thread's newest message, or zero.
func lastAt(ctx context.Context, q store.Reader, t Thread) (time.Time, error) {
	var at sql.NullInt64
	err := q.QueryRow(ctx, "select max(at) from message where program = $1 and report = $2 and office = $3", t.Program, t.Report, t.Office).Scan(&at)
	return store.Time(at.Int64), fault.Wrap(err, "reading the newest message")
}

func insertMessage(tx *store.Tx, m Message) error {
	return tx.Insert("message", store.Row{
		"program": m.Program, "report": m.Report, "office": m.Office, "id": m.ID, "at": m.At, "side": string(m.Side), "member": idOrNull(m.Member),
		"kind": string(m.Kind), "answers": idOrNull(m.Answers), "body": m.Body, "body_hash": m.Hash, "token_hash": m.Token, "office_key": m.OfficeKey,
		"wrap_office": m.WrapOffice, "wrap_receipt": m.WrapReceipt, "sealed_by": m.SealedBy, "read_at": nil, "read_by": nil,
	})
}

// markRead marks one message of the sender's as read, once.
func markRead(tx *store.Tx, m Message, by store.ID) (bool, error) {
	n, err := tx.Exec(`update message set read_at = $5, read_by = $6
		where program = $1 and report = $2 and office = $3 and id = $4 and side = 'sender' and read_at is null`,
		m.Program, m.Report, m.Office, m.ID, store.Micros(tx.Now()), by)
	if err != nil || n == 0 {
		return false, fault.Wrap(err, "marking a message")
	}
	return true, fault.Wrap(tx.Touch("message", m.Program, m.Report, m.Office, m.ID), "marking a message")
}

// waiting is a thread in which something waits for an answer.
type waiting struct {
	report store.ID
	office string
	unread int
	due    time.Time
}

// maxWaiting is more than any office could look through.
const maxWaiting = 1000

// readWaiting lists what waits at an office, or anywhere for "", oldest first.
func readWaiting(ctx context.Context, q store.Reader, programID, office string) ([]waiting, error) {
	rows, err := q.Query(ctx, `select report, office, due, (select count(*) from message where message.program = conversation.program
			and message.report = conversation.report and message.office = conversation.office and message.side = 'sender' and message.read_at is null)
		from conversation where program = $1 and (office = $2 or $2 = '') and since is not null order by since, report, office limit $3`,
		programID, office, int64(maxWaiting))
	if err != nil {
		return nil, fault.Wrap(err, "reading what waits")
	}
	defer rows.Close()
	var all []waiting
	for rows.Next() {
		var w waiting
		var due sql.NullInt64
		if err := rows.Scan(&w.report, &w.office, &due, &w.unread); err != nil {
			return nil, fault.Wrap(err, "reading what waits")
		}
		w.due = store.Time(due.Int64)
		all = append(all, w)
	}
	return all, fault.Wrap(rows.Err(), "reading what waits")
}

// noticeSentAt is when a person was mailed about a thread at a rung, or zero.
func noticeSentAt(ctx context.Context, q store.Reader, t Thread, rung int, member store.ID) (time.Time, error) {
	var at sql.NullInt64
	err := q.QueryRow(ctx, `select sent_at from message_notice where program = $1 and report = $2 and office = $3 and level = $4 and member = $5`,
		t.Program, t.Report, t.Office, int64(rung), member).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return store.Time(at.Int64), fault.Wrap(err, "reading a notice")
}

// writeNotice records one attempt to mail a person.
func writeNotice(tx *store.Tx, t Thread, rung int, member store.ID, result string) error {
	now, sent := store.Micros(tx.Now()), any(nil)
	if result == noticeSent {
		sent = now
	}
	n, err := tx.Exec(`update message_notice set attempts = attempts + 1, last_at = $6, sent_at = coalesce($7, sent_at), result = $8
		where program = $1 and report = $2 and office = $3 and level = $4 and member = $5`, t.Program, t.Report, t.Office, int64(rung), member, now, sent, result)
	if err != nil {
		return fault.Wrap(err, "recording a notice")
	}
	if n > 0 {
		return fault.Wrap(tx.Touch("message_notice", t.Program, t.Report, t.Office, int64(rung), member), "recording a notice")
	}
	return fault.Wrap(tx.Insert("message_notice", store.Row{
		"program": t.Program, "report": t.Report, "office": t.Office, "level": int64(rung), "member": member, "attempts": int64(1),
		"first_at": now, "last_at": now, "sent_at": sent, "result": result,
	}), "recording a notice")
}

// sentCount is how much a sender wrote to one office.
type sentCount struct {
	all    int
	day    int // within the last day
	unread int // that nobody at the office opened
}

func countSent(ctx context.Context, q store.Reader, t Thread, now time.Time) (sentCount, error) {
	var c sentCount
	err := q.QueryRow(ctx, `select count(*), count(case when at > $4 then 1 end), count(case when read_at is null then 1 end) from message
		where program = $1 and report = $2 and office = $3 and side = 'sender'`, t.Program, t.Report, t.Office, store.Micros(now.Add(-day))).Scan(&c.all, &c.day, &c.unread)
	return c, fault.Wrap(err, "counting messages")
}
