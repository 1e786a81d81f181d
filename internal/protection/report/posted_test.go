// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/report"
)

// inParts writes a form as multipart/form-data, and a file into it if it has a name.
func inParts(t *testing.T, values url.Values, file string) (kind, body string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, list := range values {
		for _, value := range list {
			if err := m.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	if file != "" {
		if _, err := m.CreateFormFile("story", file); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return m.FormDataContentType(), b.String()
}

func TestFormInPartsIsReadLikeAnyOther(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	answers := w.fill(w.client.GetDoc("/ms/es"), w.adultAtTruckStop())
	kind, body := inParts(t, answers, "")
	preview := w.client.Do(http.MethodPost, "/ms", kind, strings.NewReader(body))
	check(t, preview)
	values := preview.Values("")
	if preview.Status != http.StatusOK || values.Get(w.story()) != answers.Get(w.story()) || values.Get("lang") != "es" {
		t.Fatalf("status %d, the story came back as %q in %q", preview.Status, values.Get(w.story()), values.Get("lang"))
	}
	values.Set("_step", "send")
	kind, body = inParts(t, values, "")
	sent(t, w.client.Do(http.MethodPost, "/ms", kind, strings.NewReader(body)))
	if w.count("report") != 1 {
		t.Error("it was not kept once")
	}
}

// TestPostThatIsNoFormIsNotCalledSafe: nothing can be given back, so the page
// must not say that it is all still here.
func TestPostThatIsNoFormIsNotCalledSafe(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	values := w.fill(w.client.GetDoc("/ms"), w.adultAtTruckStop())
	parts, withFile := inParts(t, values, "photo.jpg")
	wholeParts, whole := inParts(t, values, "")
	for _, c := range []struct {
		name, kind, body string
		status           int
	}{
		{"no type", "", values.Encode(), http.StatusBadRequest},
		{"plain text", "text/plain", "mode=tip\r\nstory=van", http.StatusBadRequest},
		{"JSON", "application/json", `{"story":"van"}`, http.StatusBadRequest},
		{"no such type", "form; ;", values.Encode(), http.StatusBadRequest},
		{"parts without a boundary", "multipart/form-data", whole, http.StatusBadRequest},
		{"cut off in a head", wholeParts, whole[:75], http.StatusBadRequest},
		{"cut off in a value", wholeParts, whole[:200], http.StatusBadRequest},
		{"cut off at the end", wholeParts, strings.TrimSuffix(whole, "--\r\n"), http.StatusBadRequest},
		{"a file", parts, withFile, http.StatusBadRequest},
		{"parts without end", parts, strings.Split(withFile, "\r\n")[0] + "\r\nContent-Disposition: form-data; name=story\r\n\r\n" + strings.Repeat("x", 5<<20), http.StatusRequestEntityTooLarge},
	} {
		doc := w.client.Do(http.MethodPost, "/ms", c.kind, strings.NewReader(c.body))
		check(t, doc)
		if doc.Status != c.status || strings.Contains(doc.Main(), "still here") || len(doc.All("form")) > 0 && doc.Values("").Has(w.story()) {
			t.Errorf("%s: status %d:\n%s", c.name, doc.Status, doc.Main())
		}
		if c.status == http.StatusBadRequest && (!strings.Contains(doc.Main(), "could not be read as a form") || !strings.Contains(doc.Main(), "Nothing was kept")) {
			t.Errorf("%s: the page does not say what happened:\n%s", c.name, doc.Main())
		}
	}
	if w.count("report") != 0 {
		t.Error("something was kept")
	}
}

// checkClosed holds a closed page that answers a post to what it promises: the
// lines, no form, and every word to be copied.
func checkClosed(t *testing.T, w *world, doc *webtest.Doc) {
	t.Helper()
	check(t, doc)
	typed := doc.One("textarea")
	if doc.Status != http.StatusServiceUnavailable || len(doc.All("form")) != 0 || !calls(doc, "tel:911") || typed == nil || !has(typed, "readonly") {
		t.Fatalf("status %d:\n%s", doc.Status, doc.Main())
	}
	if words := typed.Text(); !strings.Contains(words, "said “ayúdame”.") || !strings.Contains(words, "DeSoto County") {
		t.Errorf("the words to copy are %q", words)
	}
	if !strings.Contains(doc.Main(), "Nothing was kept") || w.count("report") != 0 {
		t.Errorf("%d reports:\n%s", w.count("report"), doc.Main())
	}
}

// TestSentBeforeItClosedIsStillAnswered: the first answer was lost, and since
// then the form closed.
func TestSentBeforeItClosedIsStillAnswered(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	values := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), w.adultAtTruckStop())).Values("")
	values.Set("_step", "send")
	words := sent(t, w.client.PostForm("/ms", values))
	w.close()
	if again := sent(t, w.client.PostForm("/ms", values)); again != words {
		t.Errorf("the repeat is answered %q, first %q", again, words)
	}
}

func TestSendWithoutItsKeyIsShownAgain(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "weak", strings.Repeat("a", 64)} {
		w := pages(t, tipDesk)
		values := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), w.adultAtTruckStop())).Values("")
		values.Set("_step", "send")
		values.Set("_key", key)
		doc := w.client.PostForm("/ms", values)
		check(t, doc)
		again := doc.Values("")
		if w.count("report") != 0 || again.Get(w.story()) != values.Get(w.story()) || len(again.Get("_key")) < 22 || again.Get("_key") == key {
			t.Fatalf("key %q: %d reports, the key is %q now:\n%s", key, w.count("report"), again.Get("_key"), doc.Main())
		}
		if !strings.Contains(doc.Main(), "This was not sent") {
			t.Errorf("the page does not say that nothing was sent:\n%s", doc.Main())
		}
		again.Set("_step", "send")
		sent(t, w.client.PostForm("/ms", again))
	}
}

func TestClosedFormIsNoFailure(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	w.close()
	doc := w.send(string(newKey()), encoded(t, w.goodRequest()))
	if doc.Status != http.StatusServiceUnavailable || read(t, doc).Error.Code != "form_closed" {
		t.Errorf("status %d: %s", doc.Status, doc.Body)
	}
	if w.logged.Len() != 0 {
		t.Errorf("a closed form is logged: %s", w.logged)
	}
	busy := w.with(func(c *report.Config) { c.Open = func(context.Context, string) bool { return true } })
	busy.Site.Log = w.reports.Site.Log
	client := webtest.Server(t, busy.Site, busy.Room().Routes, nil)
	client.Header.Set("Idempotency-Key", string(newKey()))
	for _, c := range []struct {
		fail   error
		logged bool
	}{
		{fault.New(fault.Overloaded, "busy", "The system is very busy."), false},
		{fault.New(fault.Internal, "internal", "Something went wrong."), true},
	} {
		w.followed.fail = c.fail
		w.logged.Reset()
		doc := client.Do(http.MethodPost, "/api/v1/reports", "application/json", strings.NewReader(encoded(t, w.goodRequest())))
		if doc.Status < 500 || (w.logged.Len() > 0) != c.logged {
			t.Errorf("%v answers %d and logs %q", c.fail, doc.Status, w.logged)
		}
	}
}

// TestProblemsHaveTheirOwnSentence: a program is told what to change, in words
// that fit a program, in both languages.
func TestProblemsHaveTheirOwnSentence(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, helpDesk, helper)
	change := func(lang, mode, field string, value any) string {
		m := w.goodRequest()
		m["language"], m["mode"] = lang, mode
		m["answers"].(map[string]any)[field] = value
		return encoded(t, m)
	}
	for _, c := range []struct{ name, body, want string }{
		{"left out", change("en", "tip", "left_out", []string{tipPolice}), "field left_out cannot be left out"},
		{"left out, Spanish", change("es", "tip", "left_out", []string{tipPolice}), "campo left_out no se puede dejar fuera"},
		{"not to be picked", change("en", "help", "consents", []string{tipDesk}), "field consents cannot be picked"},
		{"agreed in a tip", change("es", "tip", "consents", []string{helper}), "campo consents es solo para quien pide ayuda"},
		{"no such question", change("en", "tip", "shoe", "9"), "does not have this question"},
		{"too large", `{"program":"ms","answers":{"story":"` + strings.Repeat("x", 5<<20) + `"}}`, "4 MB at most"},
	} {
		doc := w.send(string(newKey()), c.body)
		if !strings.Contains(doc.Body, c.want) || strings.Contains(doc.Body, "while you were writing") {
			t.Errorf("%s: %s", c.name, doc.Body)
		}
	}
	large := w.client.PostJSON("/api/v1/receipt", map[string]string{"receipt": strings.Repeat("x", 9<<10)})
	if !strings.Contains(large.Body, "8 KB at most") {
		t.Errorf("a receipt that is too large: %s", large.Body)
	}
	for lang, want := range map[string]string{"en": "We count 1 word.", "es": "Contamos 1 palabra."} {
		word := strings.Split(w.accept(w.submission(w.tip(nil))).Receipt.Words("en"), "-")[0]
		doc := w.client.PostForm("/receipt", url.Values{"receipt": {word}, "lang": {lang}})
		if !strings.Contains(doc.Main(), want) {
			t.Errorf("one word: %s", doc.Main())
		}
	}
}
