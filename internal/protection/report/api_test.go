// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
)

// send posts a report to the API under a key.
func (w *world) send(key, body string) *webtest.Doc {
	w.client.Header.Set("Idempotency-Key", key)
	defer w.client.Header.Del("Idempotency-Key")
	return w.client.Do(http.MethodPost, "/api/v1/reports", "application/json", strings.NewReader(body))
}

func (w *world) goodRequest() map[string]any {
	return map[string]any{"program": "ms", "language": "en", "mode": "tip", "answers": map[string]any{
		"age": "adult", "who": "saw", "kind": []string{"labor"}, "danger": true,
		"happened": map[string]string{"state": "MS", "county": "DeSoto"}, w.story(): "Two men sleep in the kitchen and may not leave.",
	}}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

type answer struct {
	Receipt    *string
	Report     string
	Deliveries []struct{ Office, Name, Holder, How string }
	Promise    struct{ Note string }
	Error      struct {
		Code, Message, Field, Kept string
		Problems                   []struct{ Field, Code string }
		Position                   int
		Suggestions                []string
	}
}

func read(t *testing.T, doc *webtest.Doc) answer {
	t.Helper()
	var a answer
	if err := doc.JSON(&a); err != nil {
		t.Fatalf("%v: %s", err, doc.Body)
	}
	return a
}

func TestAPIAcceptsAndRepeats(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk, tipPolice)
		spec := describe(t, w)
		key, body := string(newKey()), encoded(t, w.goodRequest())
		first := w.send(key, body)
		spec.check(t, "POST", "/api/v1/reports", first)
		a := read(t, first)
		if first.Status != http.StatusCreated || a.Receipt == nil || len(a.Deliveries) == 0 {
			t.Fatalf("status %d: %s", first.Status, first.Body)
		}
		if _, err := custody.ParsePromise(a.Promise.Note, w.log.Verifier()); err != nil {
			t.Error(err)
		}
		again := w.send(`"`+key+`"`, body)
		spec.check(t, "POST", "/api/v1/reports", again)
		if again.Status != http.StatusOK || again.Body != first.Body {
			t.Errorf("a repeat answers %d and\n%s\nfirst\n%s", again.Status, again.Body, first.Body)
		}
		other := w.goodRequest()
		other["answers"].(map[string]any)[w.story()] = otherWords
		changed := w.send(key, encoded(t, other))
		if b := read(t, changed); changed.Status != http.StatusCreated || *b.Receipt == *a.Receipt || b.Report == a.Report {
			t.Errorf("other words under the same key answer %d: %s", changed.Status, changed.Body)
		}
		if n := w.count("report"); n != 2 {
			t.Errorf("%d reports, want 2", n)
		}
		spanish := w.goodRequest()
		spanish["language"] = "es"
		es := read(t, w.send(string(newKey()), encoded(t, spanish)))
		if st := w.client.PostJSON("/api/v1/receipt", map[string]string{"receipt": *es.Receipt}); st.Status != http.StatusOK {
			t.Errorf("a Spanish receipt answers %d: %s", st.Status, st.Body)
		}
	})
}

// TestAPIRefusesClearly is the table of bad input: each is told what was wrong
// and that nothing was kept.
func TestAPIRefusesClearly(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	spec := describe(t, w)
	good := encoded(t, w.goodRequest())
	with := func(change func(m, answers map[string]any)) string {
		m := w.goodRequest()
		change(m, m["answers"].(map[string]any))
		return encoded(t, m)
	}
	for _, c := range []struct {
		name, key, body string
		status          int
		code, field     string
		problem         string
	}{
		{"no key", "", good, 422, "idempotency_key", "Idempotency-Key", ""},
		{"key of a few words", "my first report, please", good, 422, "idempotency_key", "Idempotency-Key", ""},
		{"124 bits", strings.Repeat("0123456789abcdef", 2)[:31], good, 422, "idempotency_key", "Idempotency-Key", ""},
		{"one letter", strings.Repeat("x", 64), good, 422, "idempotency_key", "Idempotency-Key", ""},
		{"no body", "ok", "", 422, "request", "", ""},
		{"not JSON", "ok", "program=ms", 422, "request", "", ""},
		{"a list", "ok", "[]", 422, "request", "", ""},
		{"cut off", "ok", good[:len(good)-9], 422, "request", "", ""},
		{"two in one", "ok", good + good, 422, "request", "", ""},
		{"unknown field", "ok", with(func(m, _ map[string]any) { m["name"] = "Ana" }), 422, "request", "name", ""},
		{"field twice", "ok", `{"program":"ms","program":"ms","mode":"tip","answers":{}}`, 422, "request", "program", ""},
		{"answer twice", "ok", `{"program":"ms","mode":"tip","answers":{"story":"one","story":"two"}}`, 422, "request", "story", ""},
		{"program is a number", "ok", `{"program":7}`, 422, "request", "program", ""},
		{"answers are a list", "ok", `{"program":"ms","answers":[]}`, 422, "request", "answers", ""},
		{"unknown program", "ok", with(func(m, _ map[string]any) { m["program"] = "zz" }), 404, "program_unknown", "program", ""},
		{"unknown language", "ok", with(func(m, _ map[string]any) { m["language"] = "tlh" }), 422, "language_unknown", "language", ""},
		{"unknown mode", "ok", with(func(m, _ map[string]any) { m["mode"] = "rumor" }), 422, "answers", "mode", "unknown_option"},
		{"no mode", "ok", with(func(m, _ map[string]any) { delete(m, "mode") }), 422, "answers", "mode", "required"},
		{"two modes", "ok", with(func(_, a map[string]any) { a["mode"] = "help" }), 422, "answers", "mode", "too_many"},
		{"help without helper", "ok", with(func(m, _ map[string]any) { m["mode"] = "help" }), 422, "help_not_offered", "mode", ""},
		{"unknown option", "ok", with(func(_, a map[string]any) { a["age"] = "99" }), 422, "answers", "age", "unknown_option"},
		{"unknown question", "ok", with(func(_, a map[string]any) { a["shoe"] = "9" }), 422, "answers", "shoe", "unknown_question"},
		{"unknown county", "ok", with(func(_, a map[string]any) { a["happened"] = "MS-99999" }), 422, "answers", "happened", "unknown_county"},
		{"over-long", "ok", with(func(_, a map[string]any) { a[w.story()] = strings.Repeat("x", 20_001) }), 422, "answers", w.story(), "too_long"},
		{"wrong encoding", "ok", strings.Replace(good, "Two men", "Two m\xe9n", 1), 422, "answers", w.story(), "encoding"},
		{"half a letter", "ok", strings.Replace(good, "Two men", `Two m\ud83dn`, 1), 422, "answers", w.story(), "encoding"},
		{"a number for words", "ok", with(func(_, a map[string]any) { a[w.story()] = 7 }), 422, "answers", w.story(), "wrong_type"},
		{"consents that are no list", "ok", with(func(_, a map[string]any) { a["consents"] = "mcaht" }), 422, "answers", "consents", "wrong_type"},
		{"an office that must be told is left out", "ok", with(func(_, a map[string]any) { a["left_out"] = []string{tipPolice} }), 422, "cannot_leave_out", "left_out", ""},
		{"help that leaves an office out", "ok", with(func(m, a map[string]any) { m["mode"] = "help"; a["left_out"] = []string{tipPolice} }), 422, "cannot_leave_out", "left_out", ""},
		{"a tip that agrees to an office", "ok", with(func(_, a map[string]any) { a["consents"] = []string{helper} }), 422, "consents_in_tip", "consents", ""},
		{"nested without end", "ok", `{"program":"ms","answers":{"story":` + strings.Repeat("[", 20_000), 422, "request", "answers", ""},
		{"over-large", "ok", `{"program":"ms","answers":{"story":"` + strings.Repeat("x", 9<<20) + `"}}`, 413, "too_large", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.key == "ok" {
				c.key = string(newKey())
			}
			doc := w.send(c.key, c.body)
			spec.check(t, "POST", "/api/v1/reports", doc)
			e := read(t, doc).Error
			if doc.Status != c.status || e.Code != c.code || e.Field != c.field {
				t.Errorf("answers %d %q at %q, want %d %q at %q\n%s", doc.Status, e.Code, e.Field, c.status, c.code, c.field, doc.Body)
			}
			if c.problem != "" && !slices.ContainsFunc(e.Problems, func(p struct{ Field, Code string }) bool { return p.Field == c.field && p.Code == c.problem }) {
				t.Errorf("the problems are %+v", e.Problems)
			}
			if e.Message == "" || e.Kept != "Nothing was kept." || strings.Contains(doc.Body, "kitchen") {
				t.Errorf("message %q, kept %q", e.Message, e.Kept)
			}
		})
	}
	if w.count("report") != 0 {
		t.Error("something was kept")
	}
	if strings.Contains(w.logged.String(), "kitchen") || strings.Contains(w.logged.String(), "Ana") {
		t.Error("the log repeats the sender's words")
	}
}

func TestAPISaysWhenNothingCanBeKept(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	spec := describe(t, w)
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	doc := w.send(string(newKey()), encoded(t, w.goodRequest()))
	spec.check(t, "POST", "/api/v1/reports", doc)
	if e := read(t, doc).Error; doc.Status != http.StatusServiceUnavailable || e.Kept != "Nothing was kept." || doc.Header.Get("Retry-After") == "" {
		t.Errorf("status %d: %s", doc.Status, doc.Body)
	}
}

func TestReceipts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk)
		spec := describe(t, w)
		lookUp := func(words string) *webtest.Doc {
			t.Helper()
			doc := w.client.PostJSON("/api/v1/receipt", map[string]string{"receipt": words})
			spec.check(t, "POST", "/api/v1/receipt", doc)
			return doc
		}
		a := w.accept(w.submission(w.tip(nil)))
		words := a.Receipt.Words("en")
		for _, typed := range []string{words, strings.ToUpper(words), strings.ReplaceAll(words, "-", "  "), "\n" + strings.ReplaceAll(words, "-", " - ") + ".", a.Receipt.Words("es")} {
			if doc := lookUp(typed); doc.Status != http.StatusOK {
				t.Errorf("%d for the receipt as %q: %s", doc.Status, typed, doc.Body)
			}
		}
		list := strings.Split(words, "-")
		list[2] = list[2] + "qqq"
		typo := lookUp(strings.Join(list, "-"))
		if e := read(t, typo).Error; typo.Status != http.StatusUnprocessableEntity || e.Code != "receipt_word" || e.Position != 3 {
			t.Errorf("a typo in word 3: %d %s", typo.Status, typo.Body)
		}
		short := lookUp(strings.Join(list[:2], "-"))
		if e := read(t, short).Error; short.Status != http.StatusUnprocessableEntity || e.Code != "receipt_count" {
			t.Errorf("two words: %d %s", short.Status, short.Body)
		}
		doc := w.client.PostForm("/receipt", map[string][]string{"receipt": {words}, "_step": {"close"}})
		if doc.Status != http.StatusOK || strings.Contains(doc.Body, words) {
			t.Errorf("closing answers %d:\n%s", doc.Status, doc.Main())
		}
		if gone := lookUp(words); gone.Status != http.StatusNotFound {
			t.Errorf("a closed receipt answers %d", gone.Status)
		}
		if w.count("report") != 1 || len(w.holders(a.Report)) != 1 {
			t.Error("closing the receipt touched the report")
		}
		if again := w.accept(w.submission(w.tip(nil))); again.Receipt == a.Receipt {
			t.Error("two reports share a receipt")
		}
	})
}

// TestReceiptsThatAreNotThereAreAlike compares the answers to a receipt that
// never was, one whose words do not fit together, and one that was closed, byte
// for byte, and counts what each makes the database do.
func TestReceiptsThatAreNotThereAreAlike(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	closed := w.accept(w.submission(w.tip(nil))).Receipt
	if err := w.reports.Close(t.Context(), closed.Words("en")); err != nil {
		t.Fatal(err)
	}
	never := w.accept(w.submission(w.tip(nil))).Receipt
	never[0] ^= 0xff
	swapped := strings.Split(never.Words("en"), "-")
	swapped[0], swapped[6] = swapped[6], swapped[0]

	var reads atomic.Int64
	w.reports.CountReads(&reads)
	typed := map[string]string{"never": never.Words("en"), "swapped": strings.Join(swapped, "-"), "closed": closed.Words("en")}
	var first, firstPage *webtest.Doc
	for name, words := range typed {
		reads.Store(0)
		doc := w.client.PostJSON("/api/v1/receipt", map[string]string{"receipt": words})
		if n := reads.Load(); n != int64(len(w.reports.Programs.IDs())) {
			t.Errorf("%s: the database was asked %d times, want once for each program", name, n)
		}
		page := w.client.PostForm("/receipt", map[string][]string{"receipt": {words}})
		page.Body = strings.ReplaceAll(page.Body, words, "")
		if first == nil {
			first, firstPage = doc, page
		}
		for _, h := range []http.Header{doc.Header, page.Header} {
			h.Del("Date")
			h.Del("Content-Length") // of the page: the words typed have lengths of their own
		}
		if doc.Status != http.StatusNotFound || doc.Body != first.Body || encoded(t, doc.Header) != encoded(t, first.Header) {
			t.Errorf("%s: %d %s %v", name, doc.Status, doc.Body, doc.Header)
		}
		if page.Status != http.StatusNotFound || page.Body != firstPage.Body || encoded(t, page.Header) != encoded(t, firstPage.Header) {
			t.Errorf("%s: the page differs, status %d", name, page.Status)
		}
	}
}

func TestDescriptionMatchesTheRoutes(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	spec := describe(t, w)
	described := map[string]bool{}
	for path, methods := range spec.doc["paths"].(map[string]any) {
		for method := range methods.(map[string]any) {
			described[strings.ToUpper(method)+" "+strings.ReplaceAll(path, "{program}", "ms")] = true
		}
	}
	served := map[string]bool{}
	for _, route := range w.reports.Room().Routes {
		served[route.Pattern] = true
		if strings.Contains(route.Pattern, " /api/") && !described[route.Pattern] {
			t.Errorf("%s is not described", route.Pattern)
		}
	}
	for pattern := range described {
		if !served[pattern] {
			t.Errorf("%s is described and not served", pattern)
		}
	}
	who := w.client.PostForm("/ms/who", w.adultAtTruckStop())
	spec.check(t, "POST", "/{program}/who", who)
	bad := w.adultAtTruckStop()
	bad.Set("age", "old")
	spec.check(t, "POST", "/{program}/who", w.client.PostForm("/ms/who", bad))
}
