// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/prevention/placement"
)

// ids are the ids of notices, in their order.
func ids(list []placement.Posted) string {
	var out []string
	for _, p := range list {
		out = append(out, p.ID)
	}
	return strings.Join(out, " ")
}

// The list is of what is in force and concerns the program, and says how many sheets carry
// each, in which version, and how many are to be replaced.
func TestNotices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pack.Notices[0].Basis, w.pack.Notices[0].CheckedOn = []string{"us-pl-117-301"}, w.clock.Now().Format(time.DateOnly)
		at := w.place()
		w.hang(at, "restroom")
		old := w.step(w.hang(at, "platform"), placement.Missing)
		w.step(w.hang(w.place("name", "Gone"), "restroom"), placement.Removed)
		w.plan(w.place("name", "Planned"), "restroom")
		ask := func(f placement.NoticeFilter) []placement.Posted {
			t.Helper()
			if f.Limit == 0 {
				f.Limit = 10
			}
			list, _, err := w.Notices(t.Context(), w.ana, f)
			check(t, err)
			return list
		}
		list := ask(placement.NoticeFilter{})
		if want := (placement.NoticeCount{Present: 2, Planned: 1, Open: 1}); ids(list) != "us-station ms-voluntary" || list[0].NoticeCount != want || list[0].Stale || !list[1].Stale || len(list[0].Laws) != 1 {
			t.Errorf("%s %+v", ids(list), list[0].NoticeCount)
		}
		w.pack.Notices[0].Version = "2"
		if _, err := w.Renew(t.Context(), here); err != nil {
			t.Fatal(err)
		}
		if got, want := ask(placement.NoticeFilter{})[0].NoticeCount, (placement.NoticeCount{Older: 2, Planned: 1, Open: 3}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		tasks, _, err := w.Tasks(t.Context(), w.ana, placement.TaskFilter{Notice: "ms-voluntary", Limit: 10})
		if err != nil || len(tasks) != 0 || len(w.open()) != 3 {
			t.Errorf("%d tasks, %v", len(tasks), err)
		}
		for _, c := range []struct{ text, show, want string }{
			{"", placement.ShowAll, "us-station ms-voluntary tx-lodging"}, {"", placement.ShowStale, "ms-voluntary"}, {"VOLUNTARY", "", "ms-voluntary"},
			{"117", "", "us-station"}, {"train station", "", "us-station"}, {"nothing of the kind", placement.ShowAll, ""},
		} {
			if got := ids(ask(placement.NoticeFilter{Text: c.text, Show: c.show})); got != c.want {
				t.Errorf("%q in %s: %s, want %s", c.text, c.show, got, c.want)
			}
		}
		first, next, err := w.Notices(t.Context(), w.ana, placement.NoticeFilter{Show: placement.ShowAll, Limit: 2})
		if err != nil || ids(first) != "us-station ms-voluntary" || ids(ask(placement.NoticeFilter{Show: placement.ShowAll, After: next})) != "tx-lodging" {
			t.Errorf("%s, then behind %q, %v", ids(first), next, err)
		}
		w.pack.Notices[0].To = w.clock.Now().AddDate(0, 0, -2)
		if got := ids(ask(placement.NoticeFilter{})); got != "ms-voluntary" {
			t.Errorf("in force: %s", got)
		}
		w.clock.Advance(2 * 365 * 24 * time.Hour)
		if list := ask(placement.NoticeFilter{Show: placement.ShowAll}); !list[0].Stale || w.now(old).State != placement.Missing {
			t.Errorf("two years later: %+v", list[0])
		}
	})
}

// The page and the file say all of it.
func TestPageOfNotices(t *testing.T) {
	t.Parallel()
	w := served(t)
	n := &w.pack.Notices[0]
	n.Basis, n.Model, n.Status, n.Unverified, n.CheckedOn, n.CheckedBy = []string{"us-pl-117-301"}, "https://example.gov/sheet", "unverified", []string{"The size."}, "2020-01-01", "Somebody"
	n.Paper, n.LeastPoints, n.Bold = program.Paper{Width: 612, Height: 792}, 12.5, true
	w.hang(w.place(), "restroom")
	c := w.serve(t, w.ana)
	c.Look("/staff/placements/notices", "Federal notice for stations", "required", "117-301", "since 2020-01-01", "Must be in: en, es", "Has words in: ar, en, es", "at least 8.5 × 11 inches, letters of at least 12.5 points, bold",
		"2020-01-01, by Somebody", "over a year ago", "What nobody verified (1)", "The size.", "2 of those below were not checked")
	if doc := c.Look("/staff/placements/notices?show=all&q=another", "Notice of another state", "Texas"); strings.Contains(doc.Main(), "Federal") {
		t.Error(doc.Main())
	}
	c.Look("/staff/placements/notices?q=nothing+of+the+kind", "Nothing here matches")
	c.Look("/staff/placements/tasks?notice=us-station")
	doc := c.GetDoc("/staff/placements/notices.csv?show=all")
	if doc.Status != http.StatusOK || strings.Count(doc.Body, "\n") != 4 || !strings.Contains(doc.Body, "us-station,Federal notice for stations,US,yes,yes,yes,2020-01-01,,") || !strings.Contains(doc.Body, ",1,0,0,0") {
		t.Errorf("%d %s", doc.Status, doc.Body)
	}
}
