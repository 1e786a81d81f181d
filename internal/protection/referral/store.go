// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// columns of referral in the order in which scanReferral reads them.
const columns = `id, report, origin, rule, recipient, holder, relay, obligor, stands_for, means, proofs, basis, limit_by, span, at_once, starts,
	accepted, started, due, courtesy, mode, urgency, child, test, place, age, exploitation, conflict, state, owner, taken_by, taken_until,
	retry_at, attempts, opened_at, opened_by, acknowledged_at, outcome, done_at, level, next_at, matter, referred_by, told`

func scanReferral(row store.Scanner, programID string) (Referral, error) {
	r := Referral{Program: programID}
	var means, proofs, basis, starts, conflict string
	var span, atOnce, accepted, relay, courtesy, urgency, child, test int64
	var started, due, takenUntil, retry, opened, acknowledged, done, next sql.NullInt64
	var owner, takenBy, openedBy, matter []byte
	var told sql.NullString
	err := row.Scan(&r.ID, &r.Report, &r.Origin, &r.Rule, &r.Recipient, &r.Holder, &relay, &r.Obligor, &r.StandsFor, &means, &proofs, &basis,
		&r.LimitBy, &span, &atOnce, &starts, &accepted, &started, &due, &courtesy, &r.Mode, &urgency, &child, &test, &r.Place, &r.Age, &r.Kind,
		&conflict, &r.State, &owner, &takenBy, &takenUntil, &retry, &r.Attempts, &opened, &openedBy, &acknowledged, &r.Outcome,
		&done, &r.Level, &next, &matter, &r.ReferredBy, &told)
	if err != nil {
		return Referral{}, err
	}
	r.Relay, r.Courtesy, r.Danger, r.Child, r.Test = relay == 1, courtesy == 1, urgency == 0, child == 1, test == 1
	r.Means, r.Proofs, r.Basis, r.Starts = split(means), split(proofs), split(basis), parseEvent(starts)
	r.Conflict = split(strings.Trim(conflict, ","))
	r.AtOnce, r.Told = atOnce == 1, told.String
	r.Limit, r.Accepted = time.Duration(span)*time.Microsecond, store.Time(accepted)
	r.Started, r.Due, r.TakenUntil, r.RetryAt = moment(started), moment(due), moment(takenUntil), moment(retry)
	r.OpenedAt, r.AcknowledgedAt, r.DoneAt, r.NextAt = moment(opened), moment(acknowledged), moment(done), moment(next)
	copy(r.Owner[:], owner)
	copy(r.TakenBy[:], takenBy)
	copy(r.OpenedBy[:], openedBy)
	copy(r.Matter[:], matter)
	return r, nil
}

func moment(v sql.NullInt64) time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return store.Time(v.Int64)
}

// micros is null for the zero time.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return store.Micros(t)
}

// text is null for the empty text.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// idOrNull is null for the zero id.
func idOrNull(id store.ID) any {
	if id == (store.ID{}) {
		return nil
	}
	return id
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// conflictText puts a comma around each kind, so that one can be looked for exactly.
func conflictText(kinds []string) string {
	if len(kinds) == 0 {
		return ""
	}
	return "," + strings.Join(kinds, ",") + ","
}

// eventText is an event as a column: "accepted" or "delivered:ms-cps".
func eventText(e program.Event) string {
	if e.Office == "" {
		return string(e.Kind)
	}
	return string(e.Kind) + ":" + e.Office
}

func parseEvent(s string) program.Event {
	kind, office, _ := strings.Cut(s, ":")
	return program.Event{Kind: kind, Office: office}
}

// likeReport is how many bytes of its report's id a referral's id begins with.
const likeReport = 8

// NewID is an id for a referral of a report. It begins like the report's, so that those of one report stand side by side in the table's key: whoever knows a referral
// knows its report.
func NewID(report store.ID) store.ID {
	id := store.NewID()
	copy(id[:likeReport], report[:likeReport])
	return id
}

// near is the range of ids in which the referrals of a report lie.
func near(report store.ID) (low, high []byte) {
	low, high = make([]byte, len(report)), bytes.Repeat([]byte{0xff}, len(report))
	copy(low, report[:likeReport])
	copy(high, report[:likeReport])
	return low, high
}

// nearPart is the part of the table with the reports between two ids that begin alike, which are the arguments with the numbers n and n+1. Referrals from before
// ids began like their report's have an index of their own.
func nearPart(n int) string {
	const every = "select program, words, order_at, " + columns + " from referral where program = $1 and "
	return fmt.Sprintf("("+every+"id >= $%[1]d and id <= $%[2]d union all "+every+
		"report >= $%[1]d and report <= $%[2]d and substr(id, 1, 8) <> substr(report, 1, 8)) as referral", n, n+1)
}

// insert adds a new referral in its first state.
func insert(tx *store.Tx, r Referral, words string, order time.Time) error {
	err := tx.Insert("referral", store.Row{
		"program": r.Program, "id": r.ID, "report": r.Report, "origin": string(r.Origin), "rule": r.Rule,
		"recipient": r.Recipient, "holder": r.Holder, "relay": store.Flag(r.Relay), "obligor": r.Obligor, "stands_for": r.StandsFor,
		"means": strings.Join(r.Means, ","), "proofs": strings.Join(r.Proofs, ","), "basis": strings.Join(r.Basis, ","),
		"limit_by": r.LimitBy, "span": int64(r.Limit / time.Microsecond), "at_once": store.Flag(r.AtOnce), "starts": eventText(r.Starts),
		"accepted": store.Micros(r.Accepted), "started": micros(r.Started), "due": micros(r.Due), "courtesy": store.Flag(r.Courtesy),
		"mode": r.Mode, "urgency": store.Flag(!r.Danger), "child": store.Flag(r.Child), "test": store.Flag(r.Test), "place": r.Place, "age": r.Age,
		"exploitation": r.Kind, "conflict": conflictText(r.Conflict), "words": words, "order_at": store.Micros(order), "state": string(r.State), "owner": nil,
		"taken_by": nil, "taken_until": nil, "retry_at": nil, "attempts": int64(0), "opened_at": nil, "opened_by": nil,
		"acknowledged_at": nil, "outcome": "", "done_at": nil, "level": int64(r.Level), "next_at": micros(r.NextAt),
		"matter": nil, "referred_by": r.ReferredBy, "told": text(r.Told),
	})
	return fault.Wrap(err, "storing a referral")
}

// errMoved says that a referral changed between reading it and changing it:
// PostgreSQL lets others commit in between. Who decided on what was read must
// read and decide again; see write.
var errMoved = errors.New("referral: it changed meanwhile")

// must changes columns of one referral as it was read, or gives errMoved.
func must(tx *store.Tx, r Referral, assignments string, args ...any) error {
	held, err := set(tx, r, assignments, "", args...)
	if err == nil && !held {
		err = errMoved
	}
	return err
}

// set changes columns of one referral, if it still stands in the state in which
// it was read and the condition holds, and commits the log to the row. It
// answers whether both held. Arguments are numbered after the program ($1) and
// the id ($2).
func set(tx *store.Tx, r Referral, assignments, condition string, args ...any) (bool, error) {
	args = append([]any{r.Program, r.ID}, append(args, string(r.State))...)
	q := "update referral set " + assignments + fmt.Sprintf(" where program = $1 and id = $2 and state = $%d", len(args))
	if condition != "" {
		q += " and " + condition
	}
	n, err := tx.Exec(q, args...)
	if err != nil {
		return false, fault.Wrap(err, "changing a referral")
	}
	if n == 0 {
		return false, nil
	}
	return true, fault.Wrap(tx.Touch("referral", r.Program, r.ID), "committing to a referral")
}

// insertStep adds one step to the history.
func insertStep(tx *store.Tx, s Step) error {
	return fault.Wrap(tx.Insert("referral_step", store.Row{
		"program": s.Program, "referral": s.Referral, "id": store.NewID(), "report": s.Report, "at": store.Micros(tx.Now()),
		"act": string(s.Act), "actor": s.Actor, "office": s.Office, "before": string(s.Before), "after": string(s.After),
		"code": s.Code, "level": int64(s.Level),
	}), "storing a step")
}

// referralByID reads one referral, or ErrNotFound.
func referralByID(ctx context.Context, q store.Reader, programID string, id store.ID) (Referral, error) {
	r, err := scanReferral(q.QueryRow(ctx, "select "+columns+" from referral where program = $1 and id = $2", programID, id), programID)
	if errors.Is(err, sql.ErrNoRows) {
		return Referral{}, ErrNotFound
	}
	return r, fault.Wrap(err, "reading a referral")
}

// referralsOf reads every referral and reminder of a report.
func referralsOf(ctx context.Context, q store.Reader, programID string, report store.ID) ([]Referral, error) {
	return ofReport(ctx, q, programID, report, "1 = 1 order by order_at, recipient, id")
}

// ofReport reads those of one report that a condition picks; $1 is the program, $2 the report, and what follows the arguments.
func ofReport(ctx context.Context, q store.Reader, programID string, report store.ID, condition string, args ...any) ([]Referral, error) {
	args = append([]any{report}, args...)
	low, high := near(report)
	return referralsFrom(ctx, q, nearPart(len(args)+2), programID, "report = $2 and "+condition, append(args, low, high)...)
}

// referrals reads those that a condition picks; $1 is the program.
func referrals(ctx context.Context, q store.Reader, programID, condition string, args ...any) ([]Referral, error) {
	return referralsFrom(ctx, q, "referral", programID, condition, args...)
}

// referralsFrom is referrals for a part of the table.
func referralsFrom(ctx context.Context, q store.Reader, from, programID, condition string, args ...any) ([]Referral, error) {
	rows, err := q.Query(ctx, "select "+columns+" from "+from+" where program = $1 and "+condition, append([]any{programID}, args...)...)
	if err != nil {
		return nil, fault.Wrap(err, "reading referrals")
	}
	defer rows.Close()
	var all []Referral
	for rows.Next() {
		r, err := scanReferral(rows, programID)
		if err != nil {
			return nil, fault.Wrap(err, "reading a referral")
		}
		all = append(all, r)
	}
	return all, fault.Wrap(rows.Err(), "reading referrals")
}

// stepsOf reads the history of a report, oldest first.
func stepsOf(ctx context.Context, q store.Reader, programID string, report store.ID) ([]Step, error) {
	rows, err := q.Query(ctx, `select referral, id, at, act, actor, office, before, after, code, level
		from referral_step where program = $1 and report = $2 order by at, id`, programID, report)
	if err != nil {
		return nil, fault.Wrap(err, "reading the history")
	}
	defer rows.Close()
	var all []Step
	for rows.Next() {
		s := Step{Program: programID, Report: report}
		var at int64
		if err := rows.Scan(&s.Referral, &s.ID, &at, &s.Act, &s.Actor, &s.Office, &s.Before, &s.After, &s.Code, &s.Level); err != nil {
			return nil, fault.Wrap(err, "reading the history")
		}
		s.At = store.Time(at)
		all = append(all, s)
	}
	return all, fault.Wrap(rows.Err(), "reading the history")
}
