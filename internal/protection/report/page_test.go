// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/report"
	"waylight/programs"
)

// topic are words that a title, an address or a file name must not hold.
var topic = regexp.MustCompile(`(?i)traffick|trata|abuse|abuso|report\b|denuncia|victim|tip\b|crime|police|polic`)

func pages(t *testing.T, keyed ...string) *world {
	t.Helper()
	db, clock := storetest.SQLite(t, schemas())
	return setup(t, db, clock, keyed...)
}

// fill answers the page's form.
func (w *world) fill(doc *webtest.Doc, answers url.Values) url.Values {
	values := doc.Values("")
	for name, v := range answers {
		values[name] = v
	}
	return values
}

func (w *world) adultAtTruckStop() url.Values {
	return url.Values{
		"mode": {"tip"}, "age": {"adult"}, "who": {"saw"}, "happened": {"MS"}, "happened.county": {"DeSoto County"},
		w.story(): {"A woman at the truck stop\nsaid “ayúdame”."},
	}
}

var receiptWords = regexp.MustCompile(`^[\p{L}]+(-[\p{L}]+){6}$`)

// sent reads the seven words off the page after sending.
func sent(t *testing.T, doc *webtest.Doc) string {
	t.Helper()
	words := doc.One("p", "id", "words").Text()
	if doc.Status != http.StatusOK || !receiptWords.MatchString(words) {
		t.Fatalf("status %d, receipt %q:\n%s", doc.Status, words, doc.Main())
	}
	return words
}

func TestSendingWithoutAScript(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "es"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			w := pages(t, tipDesk, tipPolice)
			path := "/ms/" + lang
			form := w.client.GetDoc(path)
			check(t, form)
			if !has(form.One("button", "value", "send"), "hidden") {
				t.Error("the form can be sent before it says who will be told")
			}
			answers := w.fill(form, w.adultAtTruckStop())
			preview := w.client.PostForm(path, answers)
			check(t, preview)
			if w.count("report") != 0 {
				t.Fatal("the preview kept something")
			}
			police := w.ms.Offices[tipPolice].Name.In(lang)
			if told := preview.One("section", "id", "who-told"); told == nil || !strings.Contains(told.Text(), police) {
				t.Fatalf("the preview does not name %s:\n%s", police, preview.Main())
			}
			again := preview.Values("")
			for name, want := range answers {
				if !strings.HasPrefix(name, "_") && !slices.Equal(again[name], want) {
					t.Errorf("%s came back as %q, was %q", name, again[name], want)
				}
			}
			again.Set("_step", "send")
			done := w.client.PostForm(path, again)
			check(t, done)
			words := sent(t, done)
			if strings.Contains(done.Body, "ayúdame") {
				t.Error("the page after sending repeats the sender's words")
			}
			if n := w.count("report"); n != 1 {
				t.Errorf("%d reports", n)
			}
			twice := w.client.PostForm(path, again)
			if sent(t, twice) != words || w.count("report") != 1 {
				t.Error("sending twice is not the same report")
			}
			found := w.client.PostForm("/receipt", url.Values{"receipt": {" " + strings.ToUpper(strings.ReplaceAll(words, "-", "  ")) + "\n"}, "lang": {lang}})
			check(t, found)
			if found.Status != http.StatusOK || len(found.All("dl")) == 0 {
				t.Errorf("the receipt leads nowhere: %d\n%s", found.Status, found.Main())
			}
		})
	}
}

func has(n *webtest.Node, attr string) bool {
	_, ok := n.Attr[attr]
	return ok
}

// check holds a page to what every page of this room promises.
func check(t *testing.T, doc *webtest.Doc) {
	t.Helper()
	for _, problem := range webtest.Problems(doc) {
		t.Error(problem)
	}
	if topic.MatchString(doc.Title()) {
		t.Errorf("the title says what it is about: %q", doc.Title())
	}
	if doc.Header.Get("Set-Cookie") != "" {
		t.Error("the page sets a cookie")
	}
	if doc.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page may be stored: %q", doc.Header.Get("Cache-Control"))
	}
	for _, n := range doc.All("") {
		for _, attr := range []string{"href", "src", "action"} {
			if to := n.Attr[attr]; strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "/assets/") && topic.MatchString(to) {
				t.Errorf("an address says what it is about: %s", to)
			}
		}
	}
}

func TestChangedAnswersAreShownBeforeTheyAreSent(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice, childCare)
	preview := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), w.adultAtTruckStop()))
	values := preview.Values("")
	values.Set("_step", "send")
	values.Set("age", "under18")
	doc := w.client.PostForm("/ms", values)
	if w.count("report") != 0 {
		t.Fatal("it went to offices that were not named")
	}
	child := w.ms.Offices[childCare].Name.In("en")
	if !strings.Contains(doc.One("section", "id", "who-told").Text(), child) {
		t.Errorf("the page does not name %s now:\n%s", child, doc.Main())
	}
	values = doc.Values("")
	if values.Get(w.story()) == "" || values.Get("age") != "under18" {
		t.Error("the words did not come back")
	}
	values.Set("_step", "send")
	sent(t, w.client.PostForm("/ms", values))
}

func TestSendWithoutPreviewShowsWhoIsToldFirst(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	values := w.fill(w.client.GetDoc("/ms"), w.adultAtTruckStop())
	values.Set("_step", "send")
	doc := w.client.PostForm("/ms", values)
	if w.count("report") != 0 || doc.One("section", "id", "who-told") == nil {
		t.Errorf("it was sent, or nothing was shown:\n%s", doc.Main())
	}
}

// named is a rule that tells an office which is told by name only.
const named = `
rules:
  - id: test-named
    title: {en: An office by name, es: Una oficina por su nombre}
    when: land == "military" && kind == "both" && missing
    duties:
      - to: hsi
        obligor: program
        starts: accepted
        limit: 24h
        limit_by: policy
        basis: [ms-policy-tips]
        means: [phone]
        proof: [written]
        note: {en: Federal police with powers over papers are told., es: Se avisa a policía federal con poder sobre los papeles.}
examples:
  - name: Military land, both kinds, missing
    envelope: {age: under18, kind: both, who: saw, happened: MS-28033, land: military, missing: true}
    deliveries: {mbi-coordinator: mbi-desk, mdcps: mbi-desk, fbi: mbi-desk, family-advocacy: mbi-desk, ncmec: mbi-desk, hsi: mbi-desk, local-police: mbi-desk}
    reporter: [mdcps]
`

// TestLeavingAnOfficeOut ticks the box and sends without another look: leaving
// out needs none.
func TestLeavingAnOfficeOut(t *testing.T) {
	t.Parallel()
	set, err := program.Load(programs.FS, fstest.MapFS{"ms/rules/named.yaml": {Data: []byte(named)}})
	if err != nil {
		t.Fatal(err)
	}
	db, clock := storetest.SQLite(t, schemas())
	w := setupWith(t, set, db, clock, tipDesk, tipPolice)
	answers := w.adultAtTruckStop()
	answers["land"], answers["kind"] = []string{"military"}, []string{"sex", "labor", "missing"}
	name := w.ms.Offices["hsi"].Name.In("en")

	doc := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), answers))
	check(t, doc)
	if doc.One("input", "name", "left_out", "value", "hsi") == nil || !strings.Contains(doc.One("section", "id", "who-told").Text(), name) {
		t.Fatalf("%s is not named with a box to leave it out:\n%s", name, doc.Main())
	}
	values := doc.Values("")
	values.Set("_step", "send")
	sent(t, w.client.PostForm("/ms", values))
	values.Set("left_out", "hsi")
	sent(t, w.client.PostForm("/ms", values))

	told, left := 0, 0
	for _, k := range w.followed.at {
		switch {
		case slices.ContainsFunc(k.plan.Deliveries, func(d program.Delivery) bool { return d.Recipient == "hsi" }):
			told++
		case slices.Contains(k.ref.Envelope.LeftOut, "hsi"):
			left++
		}
	}
	if told != 1 || left != 1 {
		t.Errorf("%d reports tell it and %d leave it out, want one each", told, left)
	}
	values.Set("_step", "preview")
	again := w.client.PostForm("/ms", values)
	if box := again.One("input", "name", "left_out", "value", "hsi"); box == nil || !has(box, "checked") || strings.Contains(again.One("section", "id", "who-told").Text(), name) {
		t.Errorf("the ticked box is gone, or the office is still named as told:\n%s", again.Main())
	}
}

// TestPageSentTwiceShowsTheSameWords: the first answer was lost; since then an
// office got a key, so that the list would be another one.
func TestPageSentTwiceShowsTheSameWords(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	values := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), w.adultAtTruckStop())).Values("")
	values.Set("_step", "send")
	words := sent(t, w.client.PostForm("/ms", values))
	w.key(tipPolice)
	again := w.client.PostForm("/ms", values)
	if sent(t, again) != words || !strings.Contains(again.Main(), "not sent a second time") {
		t.Errorf("the repeat is answered:\n%s", again.Main())
	}
}

func TestAskingForHelp(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, helpDesk, helper, tipPolice)
	answers := w.adultAtTruckStop()
	answers["mode"], answers["who"] = []string{"help"}, []string{"me"}
	doc := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), answers))
	check(t, doc)
	box := doc.One("input", "name", "consents", "value", helper)
	if box == nil || has(box, "checked") {
		t.Fatalf("the helper cannot be chosen, or is chosen already:\n%s", doc.Main())
	}
	values := doc.Values("")
	values.Set("consents", helper)
	values.Set("_step", "send")
	done := w.client.PostForm("/ms", values)
	words := sent(t, done)
	if name := w.ms.Offices[helper].Name.In("en"); strings.Contains(done.Body, name) {
		t.Errorf("the page after sending still names %s", name)
	}
	for _, k := range w.followed.at {
		if !slices.Contains(k.plan.Readers, helper) {
			t.Errorf("the chosen helper is not told: %v", k.plan.Readers)
		}
	}
	found := w.client.PostForm("/receipt", url.Values{"receipt": {words}})
	for _, kind := range []string{"Helper", "Police", "Mississippi"} {
		if strings.Contains(found.Main(), kind) {
			t.Errorf("the receipt of a request for help says %q", kind)
		}
	}
}

func TestHelpIsNotTakenWithoutAHelper(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	answers := w.adultAtTruckStop()
	answers["mode"] = []string{"help"}
	answers["_step"] = []string{"send"}
	doc := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), answers))
	check(t, doc)
	if w.count("report") != 0 || doc.Status != http.StatusUnprocessableEntity {
		t.Errorf("status %d, %d reports", doc.Status, w.count("report"))
	}
	if !calls(doc, "tel:911") || doc.Values("").Get(w.story()) == "" {
		t.Error("no line to call, or the words are gone")
	}
}

func calls(doc *webtest.Doc, href string) bool { return doc.One("a", "href", href) != nil }

// TestOwnDutyStaysWithTheSender: a nurse about a child is told, before sending,
// what the law asks of her, with number and page.
func TestOwnDutyStaysWithTheSender(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, childCare)
	answers := w.adultAtTruckStop()
	answers["age"], answers["who"], answers["danger"] = []string{"under18"}, []string{"job"}, []string{"yes"}
	doc := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), answers))
	check(t, doc)
	own := doc.One("section", "id", "who-own")
	if own == nil || len(own.All("a", "href", "tel:+18002228000")) == 0 || !strings.Contains(own.Text(), "43-21-353") {
		t.Errorf("her own duty, with number and law, is not shown:\n%s", own.Text())
	}
	if danger := doc.One("section", "id", "who-danger"); danger == nil || !strings.Contains(danger.Text(), "911") {
		t.Error("somebody is in danger now and the page does not say 911 again")
	}
}

// TestUncheckedNumbersAreNotShown: outside a demo nobody is told to use a number
// that no person has tried or attested, and whoever attests one brings it in.
func TestUncheckedNumbersAreNotShown(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, childCare)
	public := w.with(func(*report.Config) {})
	client := webtest.Server(t, public.Site, public.Room().Routes, nil)
	answers := w.adultAtTruckStop()
	answers.Set("age", "under18")
	doc := client.PostForm("/ms", w.fill(client.GetDoc("/ms"), answers))
	for _, a := range doc.All("a") {
		to := a.Attr["href"]
		if strings.HasPrefix(to, "tel:") || strings.HasPrefix(to, "sms:") {
			t.Errorf("%s is shown, and nobody has tried it", to)
		}
	}
	attested := w.with(func(c *report.Config) {
		c.Channels = func(string) func(string) program.ChannelState {
			return func(id string) program.ChannelState {
				if id == "emergency-911" {
					return program.Verified
				}
				return program.Printed
			}
		}
	})
	doc = webtest.Server(t, attested.Site, attested.Room().Routes, nil).GetDoc("/ms")
	if !calls(doc, "tel:911") || calls(doc, "sms:233733") {
		t.Error("the attested line is missing, or another is shown")
	}
}

func TestClosedPageShowsOnlyLines(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	open := w.client.GetDoc("/ms")
	w.close()
	doc := w.client.GetDoc("/ms")
	check(t, doc)
	if len(doc.All("form")) != 0 || !calls(doc, "tel:911") || !calls(doc, "tel:+18883737888") || !calls(doc, "sms:233733") {
		t.Errorf("the closed page:\n%s", doc.Main())
	}
	answers := w.fill(open, w.adultAtTruckStop())
	answers.Set("_step", "send")
	answers.Set("_shown", w.client.PostForm("/ms", answers).Values("").Get("_shown"))
	late := w.client.PostForm("/ms", answers)
	checkClosed(t, w, late)
	answers.Set("_step", "preview")
	answers.Set("gone", "words for a question that is no longer asked")
	late = w.client.PostForm("/ms", answers)
	checkClosed(t, w, late)
	if !strings.Contains(late.Main(), "no longer asked") {
		t.Error("the words for a question that is gone are lost")
	}
	if w.logged.Len() != 0 {
		t.Errorf("a closed form is logged: %s", w.logged)
	}
}

func TestRefusedFormGivesEveryWordBack(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	answers := w.adultAtTruckStop()
	answers[w.story()] = []string{strings.Repeat("Ñandú ", 4000)}
	answers["happened.county"] = []string{"Desotto"}
	delete(answers, "age")
	answers["gone"] = []string{"words for a question that is no longer asked"}
	doc := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), answers))
	check(t, doc)
	values := doc.Values("")
	if doc.Status != http.StatusUnprocessableEntity || values.Get(w.story()) != strings.Repeat("Ñandú ", 4000) || values.Get("happened.county") != "Desotto" {
		t.Errorf("status %d; the story has %d letters, the county is %q", doc.Status, len(values.Get(w.story())), values.Get("happened.county"))
	}
	summary := doc.One("div", "role", "alert")
	if summary == nil || len(summary.All("a")) < 3 || !strings.Contains(summary.Text(), "no longer asked") {
		t.Errorf("the summary: %s", summary.Text())
	}
	if !strings.Contains(doc.Title(), "Check") {
		t.Errorf("the title does not say that something is wrong: %q", doc.Title())
	}
}

func TestStoreThatTakesNothingGivesEveryWordBack(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	preview := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), w.adultAtTruckStop()))
	values := preview.Values("")
	values.Set("_step", "send")
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	doc := w.client.PostForm("/ms", values)
	check(t, doc)
	if doc.Status != http.StatusServiceUnavailable || doc.Header.Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q", doc.Status, doc.Header.Get("Retry-After"))
	}
	if got := doc.Values(""); got.Get(w.story()) != values.Get(w.story()) || got.Get("_key") != values.Get("_key") {
		t.Error("the words or the key of the form are lost")
	}
	if !strings.Contains(doc.Main(), "Nothing was kept") || !calls(doc, "tel:911") {
		t.Errorf("the page does not say what was kept and whom to call:\n%s", doc.Main())
	}
	if strings.Contains(w.logged.String(), "truck stop") {
		t.Error("the log repeats the sender's words")
	}
}

// TestUnknownOutcomeIsNotCalledLost: when the commit's outcome is open the page
// says so, and sending again settles it.
func TestUnknownOutcomeIsNotCalledLost(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	values := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), w.adultAtTruckStop())).Values("")
	values.Set("_step", "send")
	w.followed.fail = fmt.Errorf("the disk went away: %w", store.ErrUnknown)
	doc := w.client.PostForm("/ms", values)
	check(t, doc)
	if doc.Status < 500 || strings.Contains(doc.Main(), "Nothing was kept") || !strings.Contains(doc.Main(), "counts only once") {
		t.Errorf("status %d:\n%s", doc.Status, doc.Main())
	}
	w.followed.fail = nil
	again := doc.Values("")
	again.Set("_step", "send")
	sent(t, w.client.PostForm("/ms", again))
}

func TestUnreadablePostSaysSo(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	doc := w.client.Do(http.MethodPost, "/ms", "application/x-www-form-urlencoded", strings.NewReader("mode=tip&story=%zz"))
	check(t, doc)
	if doc.Status != http.StatusBadRequest || !strings.Contains(doc.Main(), "Nothing was kept") {
		t.Errorf("status %d:\n%s", doc.Status, doc.Main())
	}
}

func TestScriptIsToldTheSameAsThePage(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice, childCare)
	answers := w.adultAtTruckStop()
	answers.Set("age", "unsure")
	preview := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), answers))
	delete(answers, w.story())
	answers.Set("lang", "en")
	var who struct {
		Shown    string
		Sections []struct {
			ID, Title, Text string
			Items           []struct {
				Name       string
				Lines, Why []string
			}
		}
	}
	doc := w.client.PostForm("/ms/who", answers)
	if err := doc.JSON(&who); err != nil || doc.Status != http.StatusOK {
		t.Fatalf("status %d: %v\n%s", doc.Status, err, doc.Body)
	}
	if who.Shown == "" || who.Shown != preview.Values("").Get("_shown") {
		t.Errorf("the script is shown %q, the page %q", who.Shown, preview.Values("").Get("_shown"))
	}
	for _, s := range who.Sections {
		on := preview.One("section", "id", "who-"+s.ID).Text()
		for _, i := range s.Items {
			for _, words := range slices.Concat(i.Lines, i.Why, []string{i.Name, s.Title, s.Text}) {
				if !strings.Contains(on, strings.Join(strings.Fields(words), " ")) {
					t.Errorf("the page lacks %q in %s", words, s.ID)
				}
			}
		}
	}
	early := w.client.PostForm("/ms/who", url.Values{"mode": {"tip"}})
	if err := early.JSON(&who); err != nil || who.Shown != "" {
		t.Errorf("with too little answered: %s", early.Body)
	}
	if n := w.count("report"); n != 0 {
		t.Error("asking kept something")
	}
}

// TestWordsAreEasy holds the sender's words to a school grade.
func TestWordsAreEasy(t *testing.T) {
	t.Parallel()
	webtest.CheckReading(t, webtest.Site(t, report.Strings()).Catalog, 8, "report.")
}

// TestFirstPageIsSmall counts what a telephone loads before the form can be
// read and used.
func TestFirstPageIsSmall(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	total := 0
	style := regexp.MustCompile(`/assets/site\.[0-9a-f]+\.css`).FindString(w.client.GetDoc("/ms/es").Body)
	for _, path := range []string{"/ms/es", style} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.client.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "gzip")
		resp, err := w.client.HTTP.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %v, encoding %q", path, err, resp.Header.Get("Content-Encoding"))
		}
		t.Logf("%s: %d bytes", path, n)
		total += int(n)
	}
	if total > 14<<10 {
		t.Errorf("the first page and its style are %d bytes", total)
	}
}
