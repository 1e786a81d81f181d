// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/release"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/disclosure"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web/webtest"
)

var byFamily = figure.Spec{Measure: "people_met", Rows: "family"}

// fill gives the families 40, 30 and 20, and 12 to none.
func (w *world) fill() {
	for family, n := range map[string]int{"north": 40, "south": 30, "east": 20, "": 12} {
		w.put(n, "2026-09-10", family, "a", "confirmed")
	}
	w.checkpoint()
}

// A release goes the way that the room promises and no other, and who may not does nothing.
func TestWayOfARelease(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.fill()
		ctx := t.Context()
		r := w.draft("102 people were met, and 40 of them were of the north", byFamily)
		for name, act := range map[string]func() error{
			"asked for before it is checked":   func() error { return w.Ask(as(ctx, ana), r.ID) },
			"published before it is agreed to": func() error { return w.Publish(as(ctx, ana), r.ID) },
			"restated before it is published":  func() error { _, err := w.Restate(as(ctx, ana), r.ID, headline("Why")); return err },
		} {
			if err := act(); !errors.Is(err, release.ErrState) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for who, s := range map[string]policy.Subject{"an auditor": cora, "a member": dan} {
			if _, err := w.Check(as(ctx, s), r.ID); !errors.Is(err, release.ErrForbidden) {
				t.Errorf("%s checks: %v", who, err)
			}
		}
		r, err := w.Check(as(ctx, ana), r.ID)
		if err != nil || r.State != release.Checked || r.TreeSize == 0 || r.TreeRoot == "" {
			t.Fatalf("%v %+v", err, r.Findings)
		}
		if err := w.Publish(as(ctx, ana), r.ID); !errors.Is(err, release.ErrState) {
			t.Errorf("published without a second person: %v", err)
		}
		w.must(w.Ask(as(ctx, ana), r.ID))
		q, _, err := w.approve.Waiting(ctx, w.db, "ms", policy.PublishRelease, "release:"+r.ID.String())
		w.must(err)
		if err := w.approve.Decide(as(ctx, ana), q.ID, true, ""); err == nil {
			t.Error("who asked agreed")
		}
		// What the second person agrees to is the text that they saw.
		w.must(w.Word(as(ctx, ana), r.ID, headline("40 people were met"), nil))
		if err := w.approve.Decide(as(ctx, ben), q.ID, true, ""); !errors.Is(err, release.ErrState) {
			t.Errorf("a text that changed was agreed to: %v", err)
		}
		w.must(w.approve.Decide(as(ctx, ben), q.ID, false, "Changed meanwhile."))
		w.clock.Advance(time.Minute)
		got := w.publish(r.ID)
		if got.State != release.Published || got.ApprovedBy != "member:"+ben.Member || got.PublishedBy != "member:"+ana.Member {
			t.Errorf("%+v", got)
		}
		doc := w.document(got)
		if n := len(doc.Tables[0].Entries); n != 6 || *doc.Tables[0].Entries[5][0].Value != 102 || *doc.Tables[0].Entries[4][0].Value != 12 || *doc.Tables[0].Entries[3][0].Value != 0 {
			t.Errorf("%s", got.Document)
		}
		for name, act := range map[string]func() error{
			"a table added":   func() error { return w.AddTable(as(ctx, ana), r.ID, byFamily) },
			"words changed":   func() error { return w.Word(as(ctx, ana), r.ID, headline("Other"), nil) },
			"checked anew":    func() error { _, err := w.Check(as(ctx, ana), r.ID); return err },
			"discarded":       func() error { return w.Discard(as(ctx, ana), r.ID) },
			"published twice": func() error { return w.Publish(as(ctx, ana), r.ID) },
		} {
			if err := act(); !errors.Is(err, release.ErrState) {
				t.Errorf("%s after it was published: %v", name, err)
			}
		}
		after, err := w.Release(as(ctx, ana), r.ID)
		if err != nil || after.Document != got.Document || after.DocumentHash != got.DocumentHash {
			t.Error("what was published changed")
		}
		w.checkpoint()
		verifier, err := note.NewVerifier(w.verifier)
		w.must(err)
		result, err := custody.Verify(ctx, w.db, "ms", verifier)
		w.must(err)
		for _, p := range result.Problems {
			t.Errorf("custody log, leaf %d: %s", p.Leaf, p.What)
		}
	})
}

// Two releases that were each checked alone could together tell a small number, the difference of their periods: the second to be published is a draft again, and its
// next check weighs both.
func TestCheckedApartIsNotPublishedTogether(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := as(t.Context(), ana)
		w.put(5, "2026-09-10", "north", "a", "confirmed")
		w.put(40, "2026-10-10", "north", "a", "confirmed")
		w.checkpoint()
		both := w.draft("45 people were met", figure.Spec{Measure: "people_met"})
		october := w.draft("40 people were met", figure.Spec{Measure: "people_met", From: "2026-10-01", Through: "2026-10-31"})
		for _, id := range []store.ID{both.ID, october.ID} {
			r, err := w.Check(ctx, id)
			w.must(err)
			if r.State != release.Checked {
				t.Fatalf("stopped alone: %+v", r.Findings)
			}
			w.agree(id)
		}
		w.must(w.Publish(ctx, both.ID))
		if err := w.Publish(ctx, october.ID); !errors.Is(err, release.ErrStale) {
			t.Fatalf("published with a check that knew nothing of the other: %v", err)
		}
		if r, err := w.Release(ctx, october.ID); err != nil || r.State != release.Draft || r.ApprovedBy != "" || r.Document != "" {
			t.Errorf("%v: %+v", err, r)
		}
		r, err := w.Check(ctx, october.ID)
		w.must(err)
		if strings.Contains(r.Document, `"value":40,`) {
			t.Error("the difference of two releases tells of five people")
		}
	})
}

// Small numbers are not shown, nor what would give them away; what is published
// stands the attack, together with what was published before; and what an earlier
// release would give away stops a later one.
func TestNobodyIsFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for family, n := range map[string]int{"north": 40, "south": 30, "east": 3, "west": 25, "": 60} {
			w.put(n, "2026-09-10", family, "a", "confirmed")
		}
		w.checkpoint()
		r := w.publish(w.draft("158 people were met", byFamily).ID)
		doc := w.document(r)
		hidden := 0
		for _, row := range doc.Tables[0].Entries {
			if row[0].State == figure.Withheld {
				hidden++
				if row[0].Value != nil {
					t.Error("a number stands under what is hidden")
				}
			}
		}
		if hidden < 2 {
			t.Errorf("%d hidden: the small one is the total less the others", hidden)
		}
		if strings.Contains(r.Document, `"value":3,`) {
			t.Error("the small number stands in the document")
		}
		found, err := disclosure.Audit(t.Context(), doc.Disclosed()...)
		if err != nil || len(found) != 0 {
			t.Errorf("the attack finds %v, %v", found, err)
		}
		// The attack can fail: shown, the hidden ones are found.
		broken := doc.Disclosed()
		for i := range broken[0].Cells {
			if c := &broken[0].Cells[i]; c.Hidden && c.Key[0] != "east" {
				c.Hidden, c.Value = false, 25
			}
		}
		if found, err := disclosure.Audit(t.Context(), broken...); err == nil && len(found) == 0 {
			t.Error("the attack finds nothing where everything but one is shown")
		}
		// One more person a month later, in the same table: the difference is one person.
		w.put(1, "2026-09-11", "north", "a", "confirmed")
		w.checkpoint()
		again, err := w.Check(as(t.Context(), ana), w.draft("159 people were met", byFamily).ID)
		w.must(err)
		if again.State != release.Draft || !slices.ContainsFunc(again.Findings, func(f release.Finding) bool { return f.Stops }) || strings.Contains(again.Document, "159,") {
			t.Errorf("one person more is told: %s %+v", again.State, again.Findings)
		}
	})
}

// What makes a release wrong stops it, in words.
func TestWhatStopsARelease(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.fill()
		w.put(5, "2026-09-12", "north", "b", "reported")
		w.put(50, "2026-09-12", "west", "b", "reported")
		for i := range 20 {
			w.put(1, "2026-09-13", "south", fmt.Sprint("small", i), "confirmed")
		}
		w.checkpoint()
		check := func(words string, specs ...figure.Spec) release.Release {
			t.Helper()
			r, err := w.Check(as(t.Context(), ana), w.draft(words, specs...).ID)
			w.must(err)
			return r
		}
		says := func(r release.Release, words string, stops bool) {
			t.Helper()
			if !slices.ContainsFunc(r.Findings, func(f release.Finding) bool { return f.Stops == stops && strings.Contains(f.Words, words) }) || stops != (r.State == release.Draft) {
				t.Errorf("want %q: %s %+v", words, r.State, r.Findings)
			}
		}
		says(check("123 people were met", byFamily), "says 123", true)
		says(check("The meetings of autumn", byFamily), "names no figure", false)
		says(check("In 61 days 122 people were met, from September 1 through October 31, 2026", byFamily), "not confirmed", false)
		says(check("122 people were met", figure.Spec{Measure: "people_met", Rows: "place"}), "too finely", true)
		r := check("122 people were met", byFamily)
		if west := w.document(r).Tables[0].Entries[3][0]; west.State != figure.NoProof || west.Value != nil {
			t.Errorf("50 reported and none confirmed: %+v", west)
		}
		if !w.document(r).Tables[0].Unconfirmed {
			t.Error("the document does not say that something is unconfirmed")
		}
	})
}

// The pack says how small a count may be, and to what counts are rounded; what an
// earlier release hid stays hidden when the pack asks for less.
func TestThePacksRule(t *testing.T) {
	w := one(t)
	w.fill()
	w.pack.Figures.Least = 25
	strict := w.document(w.publish(w.draft("102 people were met", byFamily).ID))
	states := func(d figure.Document) (out []figure.State) {
		for _, row := range d.Tables[0].Entries {
			out = append(out, row[0].State)
		}
		return out
	}
	if got := states(strict); strict.Rule.Min != 25 || got[2] != figure.Withheld || got[0] != figure.Shown {
		t.Errorf("20 people where 25 is the least: %+v, %v", strict.Rule, got)
	}
	w.pack.Figures.Least, w.pack.Figures.Round = 11, 5
	r, err := w.Check(as(t.Context(), ana), w.draft("40 people were met", byFamily).ID)
	w.must(err)
	if d := w.document(r); d.Rule.Min != 25 || d.Rule.Base != 5 || states(d)[2] != figure.Withheld {
		t.Errorf("after it: %+v, %v", d.Rule, states(d))
	}
	w.put(38, "2027-03-01", "north", "a", "confirmed")
	w.put(44, "2027-03-01", "south", "a", "confirmed")
	w.checkpoint()
	r, err = w.Check(as(t.Context(), ana), w.draft("40 people were met", figure.Spec{Measure: "people_met", Rows: "family", From: "2027-03-01", Through: "2027-03-31"}).ID)
	w.must(err)
	if e := w.document(r).Tables[0].Entries; e[0][0].State != figure.Rounded || *e[0][0].Value != 40 || *e[1][0].Value != 45 {
		t.Errorf("rounded to five: %+v", e)
	}
}

// A number in a headline is one that a table shows, in its unit, or belongs to the
// period and is written as days are: a small count that is hidden stands in no words.
func TestNumbersInWords(t *testing.T) {
	w := one(t)
	w.fill()
	ctx := as(t.Context(), ana)
	money := figure.Spec{Measure: "money_found"}
	for _, c := range []struct {
		en, es string
		says   string // "" where nothing stops it
	}{
		{"In 61 days 102 people were met, from September 1 through October 31, 2026", "En 61 días se vio a 102 personas, del 1 de septiembre al 31 de octubre de 2026", ""},
		{"102 people were met in Sept. 2026 and in October 2026", "Se vio a 102 personas en septiembre y octubre de 2026", ""},
		{"40 people and $12,591.90 from 2026-09-01 to 2026-10-31", "40 personas y 12,591.90 dólares en 2026", ""},
		{"1 of 102 people was met", "102 personas", "English says 1."},
		{"September 12: 102 people", "102 personas", ""},
		{"September 3: 102 people", "102 personas", "English says 3."},
		{"In September 1 child was met, of 102 people", "102 personas", "English says 1."},
		{"From September 1, 2026 to October 31, 2026: 102 people", "102 personas", ""},
		{"102 people, 31 of them girls", "102 personas", "English says 31."},
		{"102 people, 61 of them girls", "102 personas", "English says 61."},
		{"12,591.90 people", "102 personas", "English says 12,591.90."},
		{"102 people, ② of them girls", "102 personas", "English says ②."},
		{"102 people, Ⅷ of them girls", "102 personas", "English says Ⅷ."},
		{"102 people", "102 personas, ½ niñas", "Spanish says ½."},
		{"102 people", "102 personas, ٣ niñas", "Spanish says ٣."},
		{"102 people", "102 personas, 1 niña", "Spanish says 1."},
	} {
		r := w.draft(c.en, byFamily, money)
		w.must(w.Word(ctx, r.ID, map[string]string{"en": c.en, "es": c.es}, nil))
		r, err := w.Check(ctx, r.ID)
		w.must(err)
		said := ""
		for _, f := range r.Findings {
			if f.Stops {
				said += f.Words
			}
		}
		if (c.says == "") != (said == "") || !strings.Contains(said, c.says) {
			t.Errorf("%s / %s: %q", c.en, c.es, said)
		}
	}
}

// What has not enough proof stops nothing that is published later: of nobody it says
// nothing, also where everything around it is shown.
func TestAfterAFigureWithoutProof(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.fill()
		w.put(50, "2026-09-12", "west", "b", "reported")
		w.checkpoint()
		first := w.publish(w.draft("102 people were met", byFamily).ID)
		if west := w.document(first).Tables[0].Entries[3][0]; west.State != figure.NoProof {
			t.Fatalf("50 reported and none confirmed: %+v", west)
		}
		w.put(60, "2026-11-10", "south", "a", "confirmed")
		w.checkpoint()
		w.publish(w.draft("60 people were met", figure.Spec{Measure: "people_met", Rows: "family", From: "2026-11-01", Through: "2026-11-30"}).ID)
	})
}

// A figure that was wrong by a few people is put right: its page says that it is not
// shown any more, and nobody can tell how many these few are.
func TestRestatedByAFew(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := as(t.Context(), ana)
		w.fill()
		old := w.publish(w.draft("102 people were met", byFamily).ID)
		w.put(3, "2026-09-11", "north", "a", "confirmed")
		w.must(w.Compare(ctx, old.ID))
		again, err := w.Restate(ctx, old.ID, headline("A few were left out."))
		w.must(err)
		w.must(w.Word(ctx, again.ID, headline("30 people of the south were met"), headline("3 were left out.")))
		w.checkpoint()
		if r, err := w.Check(ctx, again.ID); err != nil || r.State != release.Draft || !strings.Contains(fmt.Sprint(r.Findings), "says 3.") {
			t.Errorf("why says how many: %v %+v", err, r.Findings)
		}
		w.must(w.Word(ctx, again.ID, headline("30 people of the south were met"), headline("A few were left out; 40 was said.")))
		fresh := w.publish(again.ID)
		changes := w.document(fresh).Restates.Changes
		if len(changes) != 2 || changes[0].Row != "north" || *changes[0].Old.Value != 40 || changes[0].New.State != figure.Withheld || changes[1].Row != "" || changes[1].New.State != figure.Withheld {
			t.Errorf("%+v", changes)
		}
		found, err := disclosure.Audit(t.Context(), append(w.document(old).Disclosed(), w.document(fresh).Disclosed()...)...)
		if err != nil || len(found) != 0 {
			t.Errorf("the attack finds %v, %v", found, err)
		}
		c := webtest.Server(t, w.Site, w.Room().Routes, guard)
		if got := c.GetDoc(fmt.Sprintf("/ms/en/figures/%d", fresh.Number)).Main(); !strings.Contains(got, "left out") || strings.Contains(fresh.Document, `"value":105`) || strings.Contains(fresh.Document, `"value":43`) {
			t.Errorf("the new page: %s %s", got, fresh.Document)
		}
	})
}

// What cannot be asked for is refused in words, and nothing is stored of it.
func TestWhatCannotBeAskedFor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := as(t.Context(), ana)
		for name, c := range map[string]struct {
			change func(p *release.Plan)
			want   error
		}{
			"no headline in Spanish": {func(p *release.Plan) { p.Headline = map[string]string{"en": "Words"} }, release.ErrHeadline},
			"a long headline":        {func(p *release.Plan) { p.Headline = headline(strings.Repeat("x", 141)) }, release.ErrHeadline},
			"the end before":         {func(p *release.Plan) { p.Through = "2026-08-01" }, figure.ErrPeriod},
			"no day":                 {func(p *release.Plan) { p.From = "yesterday" }, figure.ErrPeriod},
			"another measure":        {func(p *release.Plan) { p.Specs[0].Measure = "nothing" }, figure.ErrMeasure},
			"another division":       {func(p *release.Plan) { p.Specs[0].Rows = "color" }, figure.ErrDimension},
			"divided twice":          {func(p *release.Plan) { p.Specs[0].Columns = "family" }, figure.ErrDimension},
			"filtered by no value":   {func(p *release.Plan) { p.Specs[0].Where = map[string]string{"family": "purple"} }, figure.ErrDimension},
			"no such set":            {func(p *release.Plan) { p.Set = "nothing" }, release.ErrSet},
			"too many tables":        {func(p *release.Plan) { p.Specs = slices.Repeat(p.Specs, 41) }, release.ErrNoTables},
		} {
			spec := byFamily
			spec.From, spec.Through = "2026-09-01", "2026-10-31"
			plan := release.Plan{Headline: headline("Words"), From: "2026-09-01", Through: "2026-10-31", Specs: []figure.Spec{spec}}
			c.change(&plan)
			if _, err := w.Make(ctx, plan); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		r := w.draft("Words", byFamily)
		if _, err := w.Check(ctx, r.ID); !errors.Is(err, release.ErrNoLog) {
			t.Errorf("checked where nobody could check it: %v", err)
		}
	})
}

// A row that is withdrawn later shows on the frozen release, which stays; the
// restatement shows what was said, what is right, and why.
func TestRestatement(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := as(t.Context(), ana)
		w.fill()
		old := w.publish(w.draft("102 people were met", byFamily).ID)
		w.must(w.Compare(ctx, old.ID))
		c := webtest.Server(t, w.Site, w.Room().Routes, guard)
		page := fmt.Sprintf("/ms/en/figures/%d", old.Number)
		if got := c.GetDoc(page); strings.Contains(got.Main(), "have changed since") {
			t.Error("nothing changed, and the page says so")
		}
		if _, err := w.Restate(ctx, old.ID, headline("")); !errors.Is(err, release.ErrWhy) {
			t.Errorf("restated without a reason: %v", err)
		}
		w.must(w.db.Write(t.Context(), func(tx *store.Tx) error {
			var ids []store.ID
			found, err := tx.Query(t.Context(), `select id from thing where program = 'ms' and family = 'north' order by id limit 15`)
			if err != nil {
				return err
			}
			for found.Next() {
				var id store.ID
				if err := found.Scan(&id); err != nil {
					return err
				}
				ids = append(ids, id)
			}
			found.Close()
			for _, id := range ids {
				if _, err := tx.Exec(`update thing set state = 'withdrawn' where program = 'ms' and id = $1`, id); err != nil {
					return err
				}
				if err := tx.Touch("thing", "ms", id); err != nil {
					return err
				}
			}
			tx.Log(custody.Entry{Program: "ms", Event: "test.withdrawn", Record: "things", Actor: "system"})
			return nil
		}))
		w.must(w.Compare(ctx, old.ID))
		if got := c.GetDoc(page); !strings.Contains(got.Main(), "have changed since") || !strings.Contains(got.Main(), "102") {
			t.Errorf("the page of a release whose rows changed: %s", got.Main())
		}
		again, err := w.Restate(ctx, old.ID, headline("15 people were counted twice by mistake."))
		w.must(err)
		if _, err := w.Restate(ctx, old.ID, headline("Again.")); !errors.Is(err, release.ErrRestated) {
			t.Errorf("restated twice: %v", err)
		}
		w.must(w.Word(ctx, again.ID, headline("87 people were met"), headline("15 people were counted twice by mistake.")))
		w.checkpoint()
		fresh := w.publish(again.ID)
		doc := w.document(fresh)
		if doc.Restates == nil || doc.Restates.Number != old.Number || len(doc.Restates.Changes) != 2 || *doc.Restates.Changes[0].Old.Value != 40 || *doc.Restates.Changes[0].New.Value != 25 {
			t.Fatalf("%+v", doc.Restates)
		}
		if still, err := w.Release(ctx, old.ID); err != nil || still.Document != old.Document {
			t.Error("the restated release changed")
		}
		if got := c.GetDoc(page).Main(); !strings.Contains(got, "New figures take their place") || strings.Contains(got, "have changed since") {
			t.Errorf("the old page does not lead to the new one: %s", got)
		}
		if got := c.GetDoc(fmt.Sprintf("/ms/en/figures/%d", fresh.Number)).Main(); !strings.Contains(got, "counted twice by mistake") || !strings.Contains(got, fmt.Sprintf("number %d", old.Number)) {
			t.Errorf("the new page: %s", got)
		}
	})
}

// Anybody can check that a document is what was published: its hash, the entry that
// names it, and that entry's place in the signed log.
func TestProof(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.fill()
		r := w.publish(w.draft("102 people were met", byFamily).ID)
		c := webtest.Server(t, w.Site, w.Room().Routes, guard)
		at := fmt.Sprintf("/ms/es/figures/%d", r.Number)
		if got := c.GetDoc(at + "/proof.json"); got.Status != 503 {
			t.Errorf("a proof before the log shows it: %d", got.Status)
		}
		w.checkpoint()
		data, proof := c.GetDoc(at+"/figures.json").Body, c.GetDoc(at+"/proof.json").Body
		if err := release.Verify([]byte(data), []byte(proof), w.verifier); err != nil {
			t.Errorf("%v: %s", err, proof)
		}
		if err := release.Verify([]byte(strings.Replace(data, "102", "103", 1)), []byte(proof), w.verifier); err == nil {
			t.Error("another document passes")
		}
		var p release.Proof
		w.must(json.Unmarshal([]byte(proof), &p))
		for name, change := range map[string]func(p *release.Proof){
			"another entry": func(p *release.Proof) {
				p.Opening = strings.Replace(p.Opening, "release.published", "release.checked", 1)
			},
			"another salt": func(p *release.Proof) { p.Salt = base64.StdEncoding.EncodeToString(make([]byte, 32)) },
			"another log":  func(p *release.Proof) { p.Proof = strings.Replace(p.Proof, "index ", "index 1", 1) },
			"another form": func(p *release.Proof) { p.Format = "waylight-figures-proof/2" },
		} {
			forged := p
			change(&forged)
			text, err := json.Marshal(forged)
			w.must(err)
			if err := release.Verify([]byte(data), text, w.verifier); err == nil {
				t.Errorf("%s passes", name)
			}
		}
	})
}
