// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/report"
)

// tamper changes the database behind the program's back.
func (w *world) tamper(q string, args ...any) {
	w.t.Helper()
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		n, err := tx.Exec(q, args...)
		if err == nil && n == 0 {
			err = errors.New("nothing was changed")
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) status(a report.Accepted) report.Status {
	w.t.Helper()
	st, err := w.reports.Status(w.t.Context(), a.Receipt.Words("en"))
	if err != nil {
		w.t.Fatal(err)
	}
	if !st.Received.Equal(a.At) {
		w.t.Errorf("received %v, want %v", st.Received, a.At)
	}
	return st
}

// found looks a receipt up by page and by API, and holds both to what all
// answers promise.
func (w *world) found(a report.Accepted) (page, api *webtest.Doc) {
	w.t.Helper()
	words := a.Receipt.Words("en")
	page = w.client.PostForm("/receipt", url.Values{"receipt": {words}})
	check(w.t, page)
	api = w.client.PostJSON("/api/v1/receipt", map[string]string{"receipt": words})
	describe(w.t, w).check(w.t, "POST", "/api/v1/receipt", api)
	if page.Status != http.StatusOK || api.Status != http.StatusOK || !strings.Contains(page.Main(), "Received") {
		w.t.Fatalf("the status is lost: %d, %d\n%s", page.Status, api.Status, page.Main())
	}
	return page, api
}

// TestClosedReceiptDoesNotComeBack: whoever reloads the sender's page learns
// that it was sent, and nothing of it.
func TestClosedReceiptDoesNotComeBack(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	values := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), w.adultAtTruckStop())).Values("")
	values.Set("_step", "send")
	words := sent(t, w.client.PostForm("/ms", values))
	if err := w.reports.Close(t.Context(), words); err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(){func() {}, func() { w.key(tipPolice) }, w.close} {
		change()
		doc := w.client.PostForm("/ms", values)
		check(t, doc)
		if doc.Status != http.StatusOK || !strings.Contains(doc.Main(), "We already had this") {
			t.Errorf("status %d:\n%s", doc.Status, doc.Main())
		}
		for _, secret := range []string{words, w.ms.Offices[tipPolice].Name.In("en"), w.ms.Offices[tipDesk].Name.In("en"), "waylight-promise"} {
			if strings.Contains(doc.Body, secret) {
				t.Errorf("the page says %q again:\n%s", secret, doc.Main())
			}
		}
	}
	if w.count("report") != 1 {
		t.Errorf("%d reports", w.count("report"))
	}
}

func TestClosedReceiptDoesNotComeBackByTheAPI(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	spec := describe(t, w)
	key, body := string(newKey()), encoded(t, w.goodRequest())
	first := read(t, w.send(key, body))
	if err := w.reports.Close(t.Context(), *first.Receipt); err != nil {
		t.Fatal(err)
	}
	again := w.send(key, body)
	spec.check(t, "POST", "/api/v1/reports", again)
	var said map[string]any
	if err := again.JSON(&said); err != nil || again.Status != http.StatusOK || said["closed"] != true || len(said) != 2 {
		t.Errorf("%d, %v: %s", again.Status, err, again.Body)
	}
}

// TestReceiptsAreNotLostUnseen takes, bends and closes receipts in the database.
func TestReceiptsAreNotLostUnseen(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk)
		problems := func() int {
			t.Helper()
			found, err := custody.Verify(t.Context(), db, "ms", w.log.Verifier())
			if err != nil {
				t.Fatal(err)
			}
			return len(found.Problems)
		}
		sub := w.submission(w.tip(nil))
		a, other, third := w.accept(sub), w.accept(w.submission(w.tip(nil))), w.accept(w.submission(w.tip(nil)))
		if w.status(a).Proof.Broken != "" || problems() != 0 {
			t.Fatal("broken before anything happened")
		}
		w.tamper(`delete from receipt_leaf where report = $1`, a.Report)
		w.tamper(`update receipt_leaf set commitment = $1 where report = $2`, a.Promise.Commitment[:], other.Report)
		w.tamper(`update receipt_leaf set report = $1 where report = $2`, a.Report, third.Report)
		for name, one := range map[string]report.Accepted{"gone": a, "of another report": other, "led elsewhere": third} {
			if p := w.status(one).Proof; p.Broken != report.BrokenMissing || p.Opening != "" || p.Commitment != [32]byte{} {
				t.Errorf("a line that is %s: %+v", name, p)
			}
		}
		again := w.accept(sub)
		if !again.Repeated || again.Receipt != a.Receipt || again.Report != a.Report || again.Opening != "" || again.Promise.Note != "" {
			t.Errorf("the repeat is answered %+v", again)
		}

		if err := w.reports.Close(t.Context(), a.Receipt.Words("en")); err != nil {
			t.Fatal(err)
		}
		if _, err := w.reports.Status(t.Context(), a.Receipt.Words("en")); !errors.Is(err, report.ErrReceipt) || problems() != 0 {
			t.Errorf("closed by its holder: %v, %d problems", err, problems())
		}
		w.tamper(`update report set closed = null where id = $1`, a.Report)
		if problems() == 0 {
			t.Error("a closed receipt was opened again unseen")
		}
		w.tamper(`update report set closed = 1 where id = $1`, other.Report)
		if n := problems(); n < 2 {
			t.Errorf("a receipt was closed unseen: %d problems", n)
		}
	})
}

// opens says whether a text is what a mark stands for, the way the page says to.
func opens(t *testing.T, opening, salt, mark string, id store.ID) bool {
	t.Helper()
	s, err1 := base64.StdEncoding.DecodeString(salt)
	m, err2 := base64.StdEncoding.DecodeString(mark)
	o, err3 := custody.ParseOpening([]byte(opening))
	if err := errors.Join(err1, err2, err3); err != nil || len(s) != 32 || len(m) != 32 {
		t.Error(err, opening)
		return false
	}
	return custody.Commitment([32]byte(s), []byte(opening)) == [32]byte(m) && o.Record == "report:"+id.String() && o.Event == "report.accepted"
}

// texts are what the page's boxes hold.
func texts(doc *webtest.Doc) []string {
	var out []string
	for _, n := range doc.All("textarea") {
		text := n.Words
		for _, part := range n.Children {
			text += part.Words
		}
		out = append(out, strings.TrimPrefix(text, "\n"))
	}
	return out
}

// TestPromiseProvesWhatItSays: with what a sender is given, anybody can check
// that the promised mark stands for this report.
func TestPromiseProvesWhatItSays(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	values := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), w.adultAtTruckStop())).Values("")
	values.Set("_step", "send")
	doc := w.client.PostForm("/ms", values)
	check(t, doc)
	boxes := texts(doc)
	var id store.ID
	for report := range w.followed.at {
		id = report
	}
	if len(boxes) != 3 {
		t.Fatalf("%d boxes: %q", len(boxes), boxes)
	}
	note := strings.Split(boxes[0], "\n")
	if !opens(t, boxes[1], note[3], note[2], id) {
		t.Errorf("the page's proof does not hold: %q", boxes)
	}

	a := w.accept(w.submission(w.tip(nil)))
	if custody.Commitment(a.Promise.Salt, []byte(a.Opening)) != a.Promise.Commitment {
		t.Error("the opening is not the promised one")
	}
	page, api := w.found(a)
	if boxes = texts(page); len(boxes) != 4 || !opens(t, boxes[2], boxes[1], boxes[0], a.Report) {
		t.Errorf("the receipt's proof does not hold: %q", boxes)
	}
	var st struct {
		Proof struct{ Commitment, Salt, Opening string }
	}
	if err := api.JSON(&st); err != nil || st.Proof.Opening != a.Opening || !opens(t, st.Proof.Opening, st.Proof.Salt, st.Proof.Commitment, a.Report) {
		t.Errorf("%v: %s", err, api.Body)
	}
	var accepted struct {
		Report, Opening string
		Promise         struct{ Note, Commitment string }
	}
	if err := w.send(string(newKey()), encoded(t, w.goodRequest())).JSON(&accepted); err != nil {
		t.Fatal(err)
	}
	id, err := store.ParseID(accepted.Report)
	if err != nil || !opens(t, accepted.Opening, strings.Split(accepted.Promise.Note, "\n")[3], accepted.Promise.Commitment, id) {
		t.Errorf("%v: %+v", err, accepted)
	}
}

// TestBrokenPromiseIsTold: the status stays, and the page says what is wrong and
// what to do.
func TestBrokenPromiseIsTold(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	sub := w.submission(w.tip(nil))
	a := w.accept(sub)
	told := func(broken, sentence string) {
		t.Helper()
		page, api := w.found(a)
		var st struct{ Proof struct{ Broken *string } }
		if err := api.JSON(&st); err != nil || st.Proof.Broken == nil || *st.Proof.Broken != broken {
			t.Errorf("%v: %s", err, api.Body)
		}
		main := page.Main()
		for _, want := range []string{"We broke a promise", sentence, "some other office", "Keep this page"} {
			if !strings.Contains(main, want) {
				t.Errorf("the page does not say %q:\n%s", want, main)
			}
		}
		if strings.Contains(main, "will be there by") {
			t.Error("the page still promises")
		}
	}
	w.clock.Advance(a.Promise.By.Sub(w.clock.Now()))
	if b := w.status(a).Proof.Broken; b != "" {
		t.Errorf("in time, and called %s", b)
	}
	w.clock.Advance(time.Second)
	told(report.BrokenLate, "It is not there")
	w.publish()
	if p := w.status(a).Proof; !p.Public || p.Broken != "" {
		t.Errorf("published after all: %+v", p)
	}
	w.tamper(`delete from custody_leaf where commitment = $1`, a.Promise.Commitment[:])
	told(report.BrokenMissing, "cannot find the mark")

	values := w.client.PostForm("/ms", w.fill(w.client.GetDoc("/ms"), w.adultAtTruckStop())).Values("")
	values.Set("_step", "send")
	words := sent(t, w.client.PostForm("/ms", values))
	w.tamper(`delete from receipt_leaf where report <> $1`, a.Report)
	again := w.client.PostForm("/ms", values)
	check(t, again)
	if sent(t, again) != words || !strings.Contains(again.Main(), "We broke a promise") {
		t.Errorf("the repeat does not say it:\n%s", again.Main())
	}
	if strings.Contains(w.logged.String(), a.Report.String()) || !strings.Contains(w.logged.String(), "gone or forged") {
		t.Errorf("the log: %s", w.logged.String())
	}
}

// TestReceiptsTakeLittle: nobody needs more than seven words here, so nothing
// more is read, worked on or sent back.
func TestReceiptsTakeLittle(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	spec := describe(t, w)
	for _, c := range []struct{ size, want int }{{7 << 10, http.StatusUnprocessableEntity}, {9 << 10, http.StatusRequestEntityTooLarge}} {
		text := strings.Repeat("x", c.size)
		page := w.client.PostForm("/receipt", url.Values{"receipt": {text}})
		check(t, page)
		if page.Status != c.want || strings.Count(page.Body, "xxxx")*4 > 1<<10 {
			t.Errorf("%d bytes: the page answers %d with %d bytes", c.size, page.Status, len(page.Body))
		}
		api := w.client.PostJSON("/api/v1/receipt", map[string]string{"receipt": text})
		spec.check(t, "POST", "/api/v1/receipt", api)
		if api.Status != c.want {
			t.Errorf("%d bytes: the API answers %d", c.size, api.Status)
		}
	}
	a := w.accept(w.submission(w.tip(nil)))
	padded := strings.Repeat(" \n", 2<<10) + strings.ReplaceAll(a.Receipt.Words("es"), "-", " , ")
	if _, err := w.reports.Status(t.Context(), padded); err != nil {
		t.Error("spaces before the words:", err)
	}
}
