// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/release"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/prosecution/result"
)

// Every indicator of a set is counted by a room of this program, or the set says that nobody here counts it.
func TestSetsOfIndicatorsAreCountedHere(t *testing.T) {
	t.Parallel()
	a, err := app.New(ctx, app.Config{Data: t.TempDir(), Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, s := range a.Releases.Sets() {
		for _, i := range s.Indicators {
			if i.Measure == "" {
				continue
			}
			spec := figure.Spec{Measure: i.Measure, From: "2026-01-01", Through: "2026-03-31", Rows: i.Rows, Columns: i.Columns, Where: i.Where}
			if _, err := a.Releases.Measures().Check(spec, true); err != nil {
				t.Errorf("set %s, %s: %v", s.ID, i.ID, err)
			}
		}
	}
}

// A surge as it was announced comes out of a release as it was announced: 3,266 arrests, 2,994 of them by four organizations and 272 by none of these, through the
// import that an office uses, a second person's confirmation, and the checks that every release passes.
func TestReleaseOfTheAnnouncedSurge(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Date(2025, 10, 20, 15, 0, 0, 0, time.UTC))
	a, err := app.New(ctx, app.Config{Data: t.TempDir(), Demo: true, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(a.Agencies.Join(ctx, agency.System(here), "mbi-coordinator"))
	member := func(role string) identity.Member {
		return identity.Member{Program: here, ID: store.NewID(), Office: "mbi-coordinator", Roles: []string{role}}
	}
	clerk, second, admin := member(policy.RoleMember), member(policy.RoleSupervisor), member(policy.RoleProgramAdmin)
	groups := map[string]int64{"sinaloa": 1041, "cjng": 856, "ms-13": 641, "tda": 456}
	for id := range groups {
		must(a.Results.SetOrganization(ctx, admin, result.Organization{ID: id, Name: strings.ToUpper(id)}))
	}
	im, err := a.Results.Upload(ctx, clerk, "surge.csv", strings.NewReader(announced(groups)))
	must(err)
	if im.State != result.Ready {
		wrong, _ := a.Results.Problems(ctx, clerk, im.ID, 0)
		t.Fatalf("the file is %s: %v", im.State, wrong)
	}
	must(a.Results.Commit(ctx, clerk, im.ID))
	work := func() {
		t.Helper()
		if _, err := a.Runner.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
	}
	work()
	must(a.Results.ConfirmImport(ctx, second, im.ID))
	work()
	must(a.PublishAll(ctx))

	spec := func(measure, rows string) figure.Spec {
		return figure.Spec{Measure: measure, From: "2025-08-25", Through: "2025-10-06", Rows: rows}
	}
	r, err := a.Releases.Make(identity.WithMember(ctx, admin), release.Plan{
		Headline: map[string]string{"en": "3,266 people were arrested in 43 days", "es": "3,266 personas fueron arrestadas en 43 días"},
		From:     "2025-08-25", Through: "2025-10-06",
		Specs: []figure.Spec{spec("arrests", "organization"), spec("weapons", ""), spec("currency", ""), spec("narcotics", "")},
	})
	must(err)
	r, err = a.Releases.Check(identity.WithMember(ctx, admin), r.ID)
	must(err)
	if r.State != release.Checked {
		t.Fatalf("the release is %s: %+v", r.State, r.Findings)
	}
	doc, err := figure.ParseDocument([]byte(r.Document))
	must(err)
	arrests := doc.Tables[0]
	shown := func(table figure.Published, row int) int64 {
		t.Helper()
		if v := table.Entries[row][0].Value; v != nil {
			return *v
		}
		t.Errorf("a figure of %s is not shown: %+v", table.Measure, table.Entries[row][0])
		return 0
	}
	var named, other int64
	for i, head := range arrests.RowHeads {
		if head.Value == figure.Other {
			other = shown(arrests, i)
			continue
		}
		if got := shown(arrests, i); got != groups[head.Value] {
			t.Errorf("%s: %d arrests, want %d", head.Value, got, groups[head.Value])
		}
		named += groups[head.Value]
	}
	if whole := shown(arrests, len(arrests.RowHeads)); whole != 3266 || named != 2994 || other != 272 {
		t.Errorf("%d arrests, %d of four organizations, %d of none", whole, named, other)
	}
	for i, want := range []figure.PublishedEntry{{}, {Qualifier: figure.Exact}, {Qualifier: figure.MoreThan}, {Qualifier: figure.About}} {
		if i > 0 && doc.Tables[i].Entries[0][0].Qualifier != want.Qualifier {
			t.Errorf("%s is said with %q", doc.Tables[i].Measure, doc.Tables[i].Entries[0][0].Qualifier)
		}
	}
	if w, c, n := shown(doc.Tables[1], 0), shown(doc.Tables[2], 0), shown(doc.Tables[3], 0); w != 1067 || c != 3_250_000_00 || n != 91e9 {
		t.Errorf("%d weapons, %d cents, %d milligrams", w, c, n)
	}
}

// announced is the surge as a file of results. Whoever was said to belong to nobody has an empty group.
func announced(groups map[string]int64) string {
	var b strings.Builder
	b.WriteString("kind,date,organization,role,age,booking,item,count,amount,unit,qualifier,evidence,number\n")
	n := 0
	row := func(kind, rest string) {
		n++
		day := time.Date(2025, 8, 25, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n%43)
		fmt.Fprintf(&b, "%s,%s,%s,report,HSTF-%05d\n", kind, day.Format(time.DateOnly), rest, n)
	}
	left := 3266
	for id, arrests := range groups {
		for range arrests {
			row("arrest", fmt.Sprintf("%s,trafficker,adult,B-%06d,,,,,", id, n))
			left--
		}
	}
	for range left {
		row("arrest", fmt.Sprintf(",trafficker,adult,B-%06d,,,,,", n))
	}
	for range 1067 {
		row("weapon", ",,,,handgun,1,,,")
	}
	row("currency", `,,,,,,"3,250,000",,more_than`)
	for range 91 {
		row("narcotic", ",,,,cocaine,,1,t,about")
	}
	return b.String()
}
