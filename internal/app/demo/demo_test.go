// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"waylight/internal/app"
	"waylight/internal/app/demo"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/placement"
	"waylight/internal/protection/referral"
)

// TestEveryStateOfLife: the demo shows reports in every state of their life,
// and its records hold together.
func TestEveryStateOfLife(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "demo")
	d, err := demo.Start(t.Context(), demo.Config{Data: data, Origin: "http://127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	count := func(where string, args ...any) (n int) {
		t.Helper()
		if err := d.App.DB.QueryRow(t.Context(), "select count(*) from "+where, args...).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	// All of them: none is beyond a week's reach.
	for _, s := range []referral.State{referral.Waiting, referral.CannotOpen, referral.Opened, referral.Acknowledged, referral.Closed, referral.Recused,
		referral.Replaced, referral.Taken, referral.Done, referral.Running, referral.Met} {
		if count("referral where state = $1", string(s)) == 0 {
			t.Errorf("no referral is %q", s)
		}
	}
	for what, where := range map[string]string{
		"a request for help":                   "referral where mode = 'help'",
		"a report referred on, and taken on":   "referral where origin = 'onward' and state = 'acknowledged'",
		"two reports of one matter":            "(select matter from referral where matter is not null group by matter having count(*) > 1) as same",
		"a member who stepped back":            "referral_step where act = 'recuse'",
		"a report opened only at a second try": "referral_step where act = 'open' and before = 'cannot_open'",
		"a receipt that its sender closed":     "report where closed is not null",
		"a surge of 43 days that is over":      "surge where closed_at is not null and days = 43",
		"an operation that counts":             "operation where state = 'reviewed' and began is not null and surge is not null",
		"two operations that meet":             "operation_conflict where ended_at is null",
		"a featured location":                  "featured_location where withdrawn_at is null",
		"a sheet that hangs":                   "placement where state = 'up'",
		"a sheet under a sticker":              "placement_task where reason = 'stickered' and state = 'open'",
	} {
		if count(where) == 0 {
			t.Errorf("the demo lacks %s", what)
		}
	}
	everyRole(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if n, err := (app.Verification{Data: data}).Run(t.Context(), &out); err != nil || n != 0 {
		t.Errorf("verifying finds %d problems, %v:\n%s", n, err, out.String())
	}
}

// everyRole: somebody signs in for each role there is, and whoever only walks rounds has one to walk and sees nothing else.
func everyRole(t *testing.T, d *demo.Demo) {
	t.Helper()
	people, err := d.App.People.Members(t.Context(), demo.Program, "")
	if err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	d.Print(&told)
	for _, role := range policy.Roles() {
		if !slices.ContainsFunc(people, func(m identity.Member) bool { return m.Has(role) && strings.Contains(told.String(), m.Email) }) {
			t.Errorf("nobody to sign in with is %q", role)
		}
	}
	only := slices.IndexFunc(people, func(m identity.Member) bool { return slices.Equal(m.Roles, []string{policy.RoleInspector}) })
	if only < 0 {
		t.Fatal("nobody only walks rounds")
	}
	walks := people[only]
	var round store.ID
	if err := d.App.DB.QueryRow(t.Context(), `select id from placement_round where closed_at is null order by made_at desc limit 1`).Scan(&round); err != nil {
		t.Fatal(err)
	}
	if _, stops, err := d.App.Placements.Stops(t.Context(), walks, round); err != nil || len(stops) == 0 {
		t.Errorf("%d stops, %v", len(stops), err)
	}
	if _, _, err := d.App.Placements.List(t.Context(), walks, placement.Filter{Limit: 1}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("whoever only walks rounds lists what hangs: %v", err)
	}
}
