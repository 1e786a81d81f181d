// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/form"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/report"
	"waylight/programs"
)

// aboutReporter are answers that say who reports and how to reach them.
var aboutReporter = form.Answers{
	"name": {"Marigold Quill"}, "contact": {"555-0142, evenings"}, "reach": {"call", "voicemail"},
	"as_whom": {"the dentist"}, "when_safe": {"Mondays at noon"}, "contact_language": {"Choctaw"},
}

// reporter opens the part about the reporter as an office would.
func (w *world) reporter(id store.ID, office string) (report.Body, report.ReporterPart, error) {
	w.t.Helper()
	part, err := w.reports.Reporter(w.t.Context(), "ms", id, office)
	if err != nil || part.Wrap == nil {
		return report.Body{}, part, errors.Join(err, errNoWrap)
	}
	rec := report.ReporterRecord("ms", id)
	content, err := seal.OpenWrap(w.private[office], part.Wrap, rec, part.Hash, office)
	if err != nil {
		return report.Body{}, part, err
	}
	plain, err := content.Open(part.Ciphertext, rec)
	if err != nil {
		return report.Body{}, part, err
	}
	body, err := report.ParseBody(plain)
	return body, part, err
}

var errNoWrap = errors.New("nothing was wrapped for the office")

// everyone is the offices of the pack that tests give keys.
var everyone = []string{tipDesk, helpDesk, tipPolice, childCare, helper, "attorney-general", "youth-court"}

// Whatever somebody answers about themselves stands in the part for its audience,
// whole, and nowhere else: not in what all readers open, and not in the envelope.
func TestReporterIsSealedApart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, everyone...)
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			a, told := anyReporter(rt, w, n)
			got := w.accept(w.submission(a))
			plan := w.followed.at[got.Report].plan
			for _, office := range plan.Readers {
				body, sealed := w.open(got.Report, office)
				holdsNothing(rt, fmt.Sprint(body.Answers), told)
				envelope, err := sealed.Envelope.Marshal()
				if err != nil {
					rt.Fatal(err)
				}
				holdsNothing(rt, string(envelope), told)
				apart, part, err := w.reporter(got.Report, office)
				switch {
				case len(told) == 0 && !errors.Is(err, report.ErrNoReport):
					rt.Fatalf("%s: nothing was told, and there is a part about the reporter: %v", office, err)
				case len(told) == 0:
				case !slices.Contains(plan.Audience, office) && part.Wrap != nil:
					rt.Fatalf("%s is outside the audience %v and can open who reports", office, plan.Audience)
				case slices.Contains(plan.Audience, office) && (err != nil || fmt.Sprint(apart.Answers) != fmt.Sprint(told)):
					rt.Fatalf("%s reads %v (%v), told was %v", office, apart.Answers, err, told)
				}
			}
		})
	})
}

// anyReporter draws a report whose every answer about the reporter holds "zq".
func anyReporter(t *rapid.T, w *world, n int) (all form.Answers, told map[string][]string) {
	all = w.tip(form.Answers{w.story(): {fmt.Sprintf("Report number %d.", n)}})
	all["age"] = []string{rapid.SampledFrom([]string{"under18", "adult", "unsure"}).Draw(t, "age")}
	all["conflict"] = rapid.SliceOfDistinct(rapid.SampledFrom([]string{"police", "child_protection", "foster_care", "court", "helper"}), rapid.ID).Draw(t, "conflict")
	if rapid.Bool().Draw(t, "help") {
		all["mode"], all["who"], all["consents"] = []string{"help"}, []string{"me"}, []string{helper}
	}
	told = map[string][]string{}
	for _, q := range w.ms.Form.Questions {
		if q.Part != program.ReporterPart || !rapid.Bool().Draw(t, q.ID) {
			continue
		}
		values := []string{"zq" + rapid.StringMatching(`[a-zñ ]{0,30}[a-z]`).Draw(t, "words")}
		if len(q.Options) > 0 {
			values = []string{rapid.SampledFrom(q.Options).Draw(t, "option").ID}
		}
		all[q.ID], told[q.ID] = values, values
	}
	return all, told
}

func holdsNothing(t *rapid.T, text string, told map[string][]string) {
	for id := range told {
		if strings.Contains(text, "zq") || strings.Contains(text, id+":") {
			t.Fatalf("what was said of the reporter (%s) stands in %s", id, text)
		}
	}
}

// A repeat answers like the first time, and who says nothing of themselves leaves
// no trace of such a part.
func TestReporterPartRepeats(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, everyone...)
		w.accept(w.submission(w.tip(nil)))
		if n := w.count("report_reporter") + w.count("report_reporter_wrap"); n != 0 {
			t.Errorf("%d rows about a reporter who said nothing", n)
		}
		sub := w.submission(w.tip(aboutReporter))
		first, again := w.accept(sub), w.accept(sub)
		if first.Receipt != again.Receipt || !again.Repeated || w.count("report_reporter") != 1 {
			t.Errorf("a repeat: %+v, %d parts about a reporter", again, w.count("report_reporter"))
		}
		sub.Answers["name"] = []string{"Somebody Else"}
		if other := w.accept(sub); other.Repeated || other.Report == first.Report || w.count("report_reporter") != 2 {
			t.Error("another name under the same key is not a report of its own")
		}
	})
}

// The part cannot be opened as the report's words, nor with a key of another
// holder or report.
func TestReporterPartIsBound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, everyone...)
		one, two := w.accept(w.submission(w.tip(aboutReporter))), w.accept(w.submission(w.tip(aboutReporter)))
		_, part, err := w.reporter(one.Report, tipPolice)
		if err != nil {
			t.Fatal(err)
		}
		private := w.private[tipPolice]
		for name, rec := range map[string]seal.Record{
			"the words": {Program: "ms", ID: one.Report}, "another report": report.ReporterRecord("ms", two.Report), "another program": report.ReporterRecord("tx", one.Report),
		} {
			if _, err := seal.OpenWrap(private, part.Wrap, rec, part.Hash, tipPolice); !errors.Is(err, seal.ErrOpen) {
				t.Errorf("the wrap opens as that of %s: %v", name, err)
			}
		}
		_, words := w.open(one.Report, tipPolice)
		content, err := seal.OpenWrap(private, words.Wrap, words.Record(), words.Hash, tipPolice)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range []seal.Record{words.Record(), report.ReporterRecord("ms", one.Report)} {
			if _, err := content.Open(part.Ciphertext, rec); !errors.Is(err, seal.ErrOpen) {
				t.Errorf("the key of the words opens who reports: %v", err)
			}
		}
	})
}

// A program that sends reports does so as before: the part is taken apart here.
func TestReporterByAPIAndPage(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, everyone...)
		doc := w.send(string(newKey()), `{"program": "ms", "language": "en", "mode": "tip", "answers": {
			"age": "adult", "happened": "MS-28033", "story": "He locks the door.", "contact": "555-0142", "reach": ["text"]}}`)
		if doc.Status != http.StatusCreated {
			t.Fatalf("%d %s", doc.Status, doc.Body)
		}
		for id, kept := range w.followed.at {
			body, _, err := w.reporter(id, kept.plan.Audience[0])
			words, _ := w.open(id, kept.plan.Audience[0])
			if err != nil || len(body.Answers) != 2 || body.Answers["contact"][0] != "555-0142" || len(words.Answers) != 1 {
				t.Errorf("%v: about the reporter %v, words %v", err, body.Answers, words.Answers)
			}
		}
		page := w.client.GetDoc("/ms/en").Body
		for _, id := range []string{"name", "contact", "reach", "as_whom", "when_safe", "contact_language"} {
			at := strings.Index(page, `name="`+id+`"`)
			if at < 0 || !strings.Contains(page[strings.LastIndex(page[:at], `<div class="q"`):at], `data-part="reporter"`) {
				t.Errorf("the page does not mark the field %s as about the reporter", id)
			}
		}
		if strings.Count(page, `data-part=`) != 6 {
			t.Errorf("%d fields are marked as about the reporter", strings.Count(page, `data-part=`))
		}
	})
}

// withheldFrom is the programs with a law that keeps the reporter's name from
// Mississippi's coordinator.
func withheldFrom(t *testing.T) *program.Set {
	t.Helper()
	offices, err := fs.ReadFile(programs.FS, "ms/offices.yaml")
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(offices), "    role: trafficking\n", "    role: trafficking\n    reporter: withheld\n    reporter_law: ms-97-3-54-9\n", 1)
	set, err := program.Load(programs.FS, fstest.MapFS{"ms/offices.yaml": {Data: []byte(changed)}})
	if err != nil {
		t.Fatal(err)
	}
	if p, _ := set.Program("ms"); p.Offices[tipPolice].Withheld == "" {
		t.Fatal("the pack was not changed")
	}
	return set
}

// A name that nobody could read is not kept, and that is said.
func TestNameWithoutReaderIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		set := withheldFrom(t)
		w := setupWith(t, set, db, clock, tipPolice)
		a := w.accept(w.submission(w.tip(nil)))
		if _, sealed := w.open(a.Report, tipPolice); sealed.Wrap == nil {
			t.Error("who may not know the name cannot read the words either")
		}
		if _, err := w.reports.Accept(t.Context(), w.submission(w.tip(aboutReporter))); !errors.Is(err, report.ErrNoNameReader) {
			t.Errorf("a name that nobody can read: %v", err)
		}
		if w.count("report") != 1 || w.count("report_reporter") != 0 {
			t.Error("half of a report was kept")
		}
		w.key(tipDesk)
		named := w.accept(w.submission(w.tip(aboutReporter)))
		if _, _, err := w.reporter(named.Report, tipDesk); err != nil {
			t.Error("the desk cannot read it:", err)
		}
		if _, part, _ := w.reporter(named.Report, tipPolice); part.Wrap != nil {
			t.Error("an office from which a law keeps the name can read it")
		}
		page := w.client.PostForm("/ms/en", url.Values{"mode": {"tip"}, "age": {"adult"}, "story": {"A van."}, "happened": {"MS"}, "_step": {"preview"}})
		if !strings.Contains(page.Body, "It does not get the part about you.") {
			t.Error("the sender is not told who does not get the part about them")
		}
	})
}
