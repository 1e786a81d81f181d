// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"context"
	"database/sql"
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

// What a list looks through and counts, indexes alone answer: to go to the row of each of two
// thousand took most of a page's time.
func TestListsAreCountedInIndexes(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	cal := w.hire(police, "Cal")
	w.send(tip(nil))
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
