// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"testing"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
)

// asking keeps what is asked.
type asking struct {
	store.Reader
	asked []question
}

type question struct {
	text string
	args []any
}

func (a *asking) Query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	a.asked = append(a.asked, question{q, args})
	return a.Reader.Query(ctx, q, args...)
}

func (a *asking) QueryRow(ctx context.Context, q string, args ...any) *sql.Row {
	a.asked = append(a.asked, question{q, args})
	return a.Reader.QueryRow(ctx, q, args...)
}

// listed is a world with one report, and somebody who looks at lists of it.
func listed(t *testing.T, db *store.DB, clock *storetest.Clock) (*world, hand) {
	t.Helper()
	w := setup(t, db, clock)
	cal := w.hire(police, "Cal")
	w.send(tip(nil))
	return w, cal
}

// What a list looks through and counts, indexes alone answer: to go to the row of each of two
// thousand took most of a page's time.
func TestListsAreCountedInIndexes(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w, cal := listed(t, db, clock)
	for name, f := range map[string]referral.Filter{
		"inbox": {List: referral.ListInbox}, "danger": {List: referral.ListInbox, Danger: true}, "child": {List: referral.ListInbox, Child: true},
		"search": {List: referral.ListInbox, Text: "hinds"}, "one state": {List: referral.ListInbox, State: string(referral.Waiting)}, "file": {List: referral.ListInbox, NoHelp: true},
		"all": {List: referral.ListInbox, State: "all"}, "search of all": {List: referral.ListInbox, State: "all", Text: "hinds"},
		"tasks": {List: referral.ListTasks}, "late": {List: referral.ListLate}, "stuck": {List: referral.ListStuck},
	} {
		r := &asking{Reader: db}
		_, err := referral.List(t.Context(), r, w.ms, cal.Member, f, clock.Now())
		check(t, err)
		_, err = referral.Size(t.Context(), r, w.ms, cal.Member, f, clock.Now())
		check(t, err)
		counted := 0
		for _, q := range r.asked {
			if strings.Contains(q.text, "limit 51") && !strings.HasPrefix(q.text, "select urgency, order_at, id") {
				continue // the rows of the page itself
			}
			counted++
			if plan := planOf(t, db, q); name != "stuck" && !strings.Contains(plan, "COVERING INDEX referral_") || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("%s: %s\n%s", name, q.text, plan)
			}
		}
		if counted < 2 {
			t.Errorf("%s: %d questions", name, counted)
		}
	}
}

func planOf(t *testing.T, db *store.DB, q question) string {
	t.Helper()
	rows, err := db.Query(t.Context(), "explain query plan "+q.text, q.args...)
	check(t, err)
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		check(t, rows.Scan(&id, &parent, &unused, &detail))
		plan.WriteString(detail + "\n")
	}
	check(t, rows.Err())
	return plan.String()
}

// A list of many stops at its horizon on PostgreSQL too, at its first page and at later
// ones: what it looks at is bounded however many there are behind.
func TestListsStopAtTheirHorizon(t *testing.T) {
	t.Parallel()
	db, clock := storetest.Postgres(t, schemas())
	w, cal := listed(t, db, clock)
	check(t, db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`insert into referral select p.* from (select * from referral where holder = $1 limit 1) r, generate_series(1, 20000) g,
			lateral jsonb_populate_record(null::referral, to_jsonb(r) || jsonb_build_object('id', '\x' || lpad(to_hex(g), 32, '0'), 'state', 'done', 'order_at', r.order_at + g)) p`, police)
		return err
	}))
	vacuum, err := db.Query(t.Context(), "vacuum analyze")
	check(t, err)
	check(t, vacuum.Close())
	for name, f := range map[string]referral.Filter{"all": {List: referral.ListInbox, State: "all"}, "search": {List: referral.ListInbox, State: "all", Text: "hinds"}, "nothing": {List: referral.ListInbox, State: "all", Text: "of no report"}} {
		f, err := referral.Masked(f)
		check(t, err)
		for page := range 4 {
			r := &asking{Reader: db}
			p, err := referral.List(t.Context(), r, w.ms, cal.Member, f, clock.Now())
			check(t, err)
			for _, q := range r.asked {
				if n := blocksOf(t, db, q); n > 300 {
					t.Errorf("%s, page %d reads %d blocks: %s", name, page+1, n, q.text)
				}
			}
			if p.Next == "" {
				t.Fatalf("%s ends at page %d", name, page+1)
			}
			f.After = p.Next
		}
	}
}

// blocksOf is how many blocks PostgreSQL looks at to answer.
func blocksOf(t *testing.T, db *store.DB, q question) int {
	t.Helper()
	var text string
	check(t, db.QueryRow(t.Context(), "explain (analyze, buffers, format json) "+q.text, q.args...).Scan(&text))
	var plans []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	check(t, json.Unmarshal([]byte(text), &plans))
	return plans[0].Plan.Hit + plans[0].Plan.Read
}
