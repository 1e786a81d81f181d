// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/referral"
)

// usable fails the test when a page cannot be used by everybody.
func usable(t *testing.T, what string, d *webtest.Doc) *webtest.Doc {
	t.Helper()
	if d.Status != 200 {
		t.Fatalf("%s: %d %s", what, d.Status, d.Main())
	}
	for _, problem := range webtest.Problems(d) {
		t.Errorf("%s: %s", what, problem)
	}
	for _, topic := range []string{"traffick", "victim", "abuse", "report"} {
		if strings.Contains(strings.ToLower(d.Title()), topic) {
			t.Errorf("%s: the title %q names the topic", what, d.Title())
		}
	}
	return d
}

// TestEveryPageCanBeUsed looks at each page in each state it can be in.
func TestEveryPageCanBeUsed(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ctx := t.Context()
	ana := w.hire(childCare, "Ana", identity.RoleMember, identity.RoleSupervisor)
	dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
	hana, sue := w.hire(helpDesk, "Hana", identity.RoleDesk), w.hire(shelter, "Sue")
	w.hire(lawyers, "Lia")
	see := func(h hand, path string) *webtest.Doc { return usable(t, path, w.as(h).GetDoc(path)) }
	for _, path := range []string{"/staff/inbox", "/staff/inbox?q=zebra", "/staff/desk", "/staff/desk?list=late", "/staff/desk?list=stuck"} {
		if !strings.Contains(see(dee, path).Body, `class="empty"`) {
			t.Errorf("%s does not say that it is empty", path)
		}
	}
	id, again := w.send(child()), w.send(child())
	asked := w.send(help(shelter))
	page := "/staff/report/" + id.String()
	see(ana, "/staff/inbox")
	if body := see(ana, page).Main(); strings.Contains(body, "truck stop") || !strings.Contains(body, "43-21-353") || !strings.Contains(body, "Not checked by a lawyer yet") {
		t.Error("a report's page shows the words, or no law, or hides that nobody checked it")
	}
	w.open(ana, id)
	see(ana, page)
	for _, step := range []struct {
		path   string
		values url.Values
	}{
		{"acknowledge", nil}, {"outcome", url.Values{"outcome": {"identified"}}}, {"assign", url.Values{"to": {ana.ID.String()}}},
		{"matter", url.Values{"other": {strings.ToUpper(referral.Short(again)) + " "}}},
	} {
		got := w.client.PostForm(page+"/"+step.path, step.values)
		if got.Status != 303 {
			t.Fatalf("%s: %d %s", step.path, got.Status, got.Main())
		}
		see(ana, got.Header.Get("Location"))
	}
	done := see(ana, page)
	for _, want := range []string{"A trafficked person was identified", "We did this", referral.Short(again), "You"} {
		if !strings.Contains(done.Main(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if got := w.client.PostForm(page+"/met", done.Values(page+"/met")); got.Status != 303 {
		t.Errorf("met: %d", got.Status)
	}
	if got := w.client.PostForm(page+"/recuse", url.Values{"scope": {"me"}}); got.Status != 400 {
		t.Errorf("stepping back without the tick: %d", got.Status)
	}
	check(t, w.referrals.CannotOpen(ctx, ana.Member, again))
	w.open(dee, again)
	stuck := see(dee, "/staff/desk?list=stuck")
	if stuck.One("a", "href", "/staff/report/"+again.String()) == nil {
		t.Error("a desk that holds a stuck report is not led to it")
	}
	if !strings.Contains(see(dee, "/staff/report/"+again.String()).Main(), "Make it readable for") {
		t.Error("the page does not offer to make it readable")
	}
	w.open(sue, asked)
	if !strings.Contains(see(sue, "/staff/report/"+asked.String()).Main(), "The law that allows it") {
		t.Error("sending a help report on asks for no law")
	}
	clock.Advance(30 * time.Hour)
	w.run()
	for _, path := range []string{"/staff/desk?list=late", "/staff/desk", "/staff/inbox"} {
		see(hana, path)
		see(dee, path)
	}
	for _, r := range w.list(dee, referral.Filter{List: referral.ListTasks}) {
		see(dee, "/staff/desk/"+r.ID.String())
		check(t, w.referrals.Take(ctx, dee.Member, r.ID))
		see(dee, "/staff/desk/"+r.ID.String())
	}
	usableError := w.as(ana).GetDoc("/staff/report/" + store.NewID().String())
	if usableError.Status != 404 || len(webtest.Problems(usableError)) != 0 {
		t.Errorf("a missing report: %d %v", usableError.Status, webtest.Problems(usableError))
	}
	w.as(ana).PostForm("/staff/report/"+again.String()+"/recuse", url.Values{"scope": {"me"}, "sure": {"yes"}})
	if got := w.client.GetDoc("/staff/report/" + again.String()); got.Status != 404 {
		t.Errorf("after stepping back: %d", got.Status)
	}
}

func TestSearchFiltersAndPaging(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		cal := w.hire(police, "Cal")
		desoto, jackson := tip(nil), tip(form.Answers{"happened": {"MS-28049"}, "kind": {"labor"}, "age": {"unsure"}, "danger": {"yes"}})
		var ids []store.ID
		for i := range 23 {
			clock.Advance(time.Second)
			if i%4 == 0 {
				ids = append(ids, w.send(jackson))
				continue
			}
			ids = append(ids, w.send(desoto))
		}
		finds := func(f referral.Filter, want int) {
			t.Helper()
			page, err := w.referrals.List(t.Context(), cal.Member, f)
			check(t, err)
			if page.Total != want {
				t.Errorf("%+v finds %d, want %d", f, page.Total, want)
			}
		}
		for text, want := range map[string]int{"": 23, "desoto": 17, "DeSoto County": 17, "hinds labor": 6, "hinds sex": 0, "28033": 17, "mississippi": 23,
			"danger": 6, "child": 6, "%": 0, "_": 0, `\`: 0, "'": 0, "zebra": 0, ids[3].String(): 1, referral.Short(ids[4]): 1, store.NewID().String(): 0} {
			finds(referral.Filter{Text: text}, want)
		}
		finds(referral.Filter{Danger: true}, 6)
		finds(referral.Filter{Child: true}, 6)
		finds(referral.Filter{Mine: true}, 0)
		finds(referral.Filter{State: "closed"}, 0)
		w.open(cal, ids[2])
		finds(referral.Filter{Mine: true}, 1)
		finds(referral.Filter{State: "opened"}, 1)

		for _, size := range []int{1, 4, 7, 23, 50} {
			var walked []referral.Referral
			f := referral.Filter{Limit: size}
			for {
				page, err := w.referrals.List(t.Context(), cal.Member, f)
				check(t, err)
				walked = append(walked, page.Rows...)
				if f.After = page.Next; f.After == "" {
					break
				}
			}
			seen := map[store.ID]bool{}
			for i, r := range walked {
				seen[r.Report] = true
				if i > 0 && (r.Danger && !walked[i-1].Danger || r.Danger == walked[i-1].Danger && r.Due.Before(walked[i-1].Due)) {
					t.Fatalf("by pages of %d, row %d is out of order", size, i)
				}
			}
			if len(walked) != 23 || len(seen) != 23 {
				t.Errorf("by pages of %d: %d rows, %d reports", size, len(walked), len(seen))
			}
		}
		if w.as(cal).GetDoc("/staff/inbox?after=nonsense").Status != 400 {
			t.Error("a broken cursor is taken")
		}
	})
}

func TestFilesLeaveHelpOut(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana, dee := w.hire(childCare, "Ana"), w.hire(tipDesk, "Dee", identity.RoleDesk)
		w.hire(helpDesk, "Hana", identity.RoleDesk)
		w.hire(shelter, "Sue")
		id := w.send(child())
		asked := w.send(tip(form.Answers{"mode": {"help"}, "who": {"me"}, "age": {"under18"}, "happened": {"MS-28047"}, "consents": {shelter}}))
		if len(w.list(ana, referral.Filter{})) != 2 {
			t.Fatal("child protection should hold both")
		}
		got := w.as(ana).GetDoc("/staff/inbox.csv")
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(got.Body, "\ufeff"))).ReadAll()
		check(t, err)
		if len(rows) != 2 || rows[1][0] != id.String() || strings.Contains(got.Body, asked.String()) {
			t.Fatalf("the file has %v", rows)
		}
		if slices.Contains(rows[0], "late") {
			t.Error("a file of an office says what is late")
		}
		clock.Advance(2 * time.Hour)
		rows, err = csv.NewReader(strings.NewReader(strings.TrimPrefix(w.as(dee).GetDoc("/staff/desk.csv?list=late").Body, "\ufeff"))).ReadAll()
		check(t, err)
		if len(rows) != 3 || !slices.Contains(rows[0], "late") { // child protection, and the police that the desk should have called
			t.Errorf("the desk's file has %v", rows)
		}
		if got.Header.Get("Content-Disposition") != `attachment; filename="inbox.csv"` || w.events("inbox.exported") != 1 || w.events("late.exported") != 1 {
			t.Error("an export is not recorded, or its name tells what it is")
		}
	})
}

// TestEveryViewIsRecorded: nothing is shown that was not recorded first, and
// what is recorded holds no words that somebody typed.
func TestEveryViewIsRecorded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		id := w.send(child())
		base := "/staff/report/" + id.String()
		c := w.as(ana)
		for _, path := range []string{"/staff/inbox?q=Jane+Doe&danger=1", base, base + "/sealed", base + "/notes"} {
			if got := c.GetDoc(path); got.Status != 200 {
				t.Fatalf("%s: %d", path, got.Status)
			}
		}
		c.PostJSON(base+"/printed", map[string]any{})
		for _, event := range []string{"inbox.viewed", "report.viewed", "report.fetched", "notes.fetched", "report.printed"} {
			if n := w.events(event); n != 1 {
				t.Errorf("%d entries %s", n, event)
			}
		}
		rows, err := db.Query(t.Context(), "select opening from custody_leaf where program = 'ms'")
		check(t, err)
		defer rows.Close()
		for rows.Next() {
			var opening []byte
			check(t, rows.Scan(&opening))
			if strings.Contains(string(opening), "Jane") || strings.Contains(string(opening), "Ana") {
				t.Errorf("the log keeps a name: %s", opening)
			}
		}
	})
}

// TestTheLogCoversAWholeLife verifies the database against its log after
// everything that can happen to a report has happened.
func TestTheLogCoversAWholeLife(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana, ben := w.hire(childCare, "Ana"), w.hire(childCare, "Ben")
		dee, lia := w.hire(tipDesk, "Dee", identity.RoleDesk), w.hire(lawyers, "Lia")
		w.shift(ana, agency.On)
		w.shift(dee, agency.On)
		a, b := w.send(child()), w.send(child())
		w.run()
		w.open(ana, a)
		check(t, w.referrals.Acknowledge(ctx, ana.Member, a))
		check(t, w.referrals.SameMatter(ctx, ana.Member, a, b))
		check(t, w.referrals.AddNote(ctx, ana.Member, a, w.agencies.Keys("ms")[childCare].ID, random(1500)))
		_, err := w.referrals.ReferOn(ctx, ana.Member, a, w.wrapFor(ana, a, lawyers))
		check(t, err)
		w.open(lia, a)
		check(t, w.referrals.RecordOutcome(ctx, ana.Member, a, referral.OutcomeIdentified))
		check(t, w.referrals.CannotOpen(ctx, ana.Member, b))
		w.tell(dee, a, local)
		task := w.task(dee, b, local)
		check(t, w.referrals.Take(ctx, dee.Member, task.ID))
		check(t, w.referrals.TryLater(ctx, dee.Member, task.ID, referral.Attempt{Result: "no_answer", RetryAt: clock.Now().Add(time.Hour)}))
		check(t, w.referrals.Recuse(ctx, ben.Member, a))
		for range 60 {
			clock.Advance(time.Hour)
			w.run()
		}
		w.verify()
	})
}

// verify holds every covered row against the log.
func (w *world) verify() {
	w.t.Helper()
	result, err := custody.Verify(w.t.Context(), w.db, "ms", w.log.Verifier())
	check(w.t, err)
	if !result.OK() || result.Rows < 30 {
		w.t.Errorf("%d rows, %d leaves, problems %v", result.Rows, result.Leaves, result.Problems)
	}
}

// TestNoticeTextIsTheSame: a mail about a child in danger and one about a test
// cannot be told apart.
func TestNoticeTextIsTheSame(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		cal := w.hire(police, "Cal")
		w.shift(cal, agency.On)
		texts := map[string]bool{}
		for _, a := range []form.Answers{tip(nil), child(), tip(form.Answers{"danger": {"yes"}})} {
			w.send(a)
			w.run()
			clock.Advance(time.Minute)
		}
		for _, m := range w.caught.Messages() {
			texts[fmt.Sprint(m.Subject, m.Text)] = true
		}
		if len(texts) != 1 || len(w.mailed()) != 3 {
			t.Errorf("%d mails with %d texts", len(w.mailed()), len(texts))
		}
	})
}

// TestAnyTypedSearchIsAnswered searches for what no database takes as text.
func TestAnyTypedSearchIsAnswered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		w.send(child())
		for _, typed := range []string{strings.Repeat("a", 199) + "\u00e9", "hinds\x00", "\xff\xfehinds", strings.Repeat("\u00f1", 300), "\x00"} {
			if got := w.as(ana).GetDoc("/staff/inbox?q=" + url.QueryEscape(typed)); got.Status != 200 {
				t.Errorf("%q: %d", typed, got.Status)
			}
		}
		page := w.client.GetDoc("/staff/inbox?q=" + url.QueryEscape("\xffhin\x00ds"))
		if !strings.Contains(page.Main(), "1 entry") {
			t.Error("what is left of a search is not searched for")
		}
		if !strings.Contains(page.Main(), "Never type a name here") {
			t.Error("the page does not say that names do not belong there")
		}
	})
}
