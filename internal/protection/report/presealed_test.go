// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/form"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/report"
)

// browser is a sender whose browser seals: what it asks and posts are the real
// requests.
type browser struct {
	*world
	report.Sender
	clear  url.Values
	answer []byte // to the question whose keys to seal to
	shown  string
}

func (w *world) browser(clear url.Values) *browser {
	w.t.Helper()
	b := &browser{world: w, clear: clear, Sender: report.Sender{Program: "ms", Language: "en", Directory: w.pinned("ms")}}
	rand.Read(b.Receipt[:])
	b.ask()
	return b
}

// clearTip are the answers of world.tip that routing needs.
func clearTip(more ...string) url.Values {
	v := url.Values{"mode": {"tip"}, "age": {"adult"}, "who": {"saw"}, "happened": {"MS-28033"}, "danger": {"no"}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

func (b *browser) ask() {
	b.t.Helper()
	doc := b.client.PostForm("/ms/who", b.clear)
	var who struct{ Shown string }
	if err := json.Unmarshal([]byte(doc.Body), &who); err != nil || doc.Status != http.StatusOK {
		b.t.Fatalf("asking who is told: %d %s", doc.Status, doc.Body)
	}
	b.shown = who.Shown
	doc = b.client.PostForm("/ms/seal", b.Ask(b.clear))
	if doc.Status != http.StatusOK {
		b.t.Fatalf("asking whose keys: %d %s", doc.Status, doc.Body)
	}
	b.answer = []byte(doc.Body)
}

func (b *browser) sealed(words, reporter form.Answers) []byte {
	b.t.Helper()
	data, err := b.Seal(b.answer, b.clear, b.shown, words, reporter)
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

func (b *browser) story(words string) form.Answers { return form.Answers{b.world.story(): {words}} }

func (w *world) post(data []byte) *webtest.Doc {
	w.t.Helper()
	return w.client.Do(http.MethodPost, "/ms/sealed", "application/octet-stream", bytes.NewReader(data))
}

// code is the machine's word for what went wrong.
func code(t *testing.T, doc *webtest.Doc) string {
	t.Helper()
	var out struct{ Error struct{ Code string } }
	if err := json.Unmarshal([]byte(doc.Body), &out); err != nil {
		t.Fatalf("%d %s", doc.Status, doc.Body)
	}
	return out.Error.Code
}

type acceptedAnswer struct {
	Receipt    *string
	Report     string
	Deliveries []struct{ Office string }
	Promise    *struct{ Commitment string }
}

func accepted(t *testing.T, doc *webtest.Doc, status int) (acceptedAnswer, store.ID) {
	t.Helper()
	var out acceptedAnswer
	if err := json.Unmarshal([]byte(doc.Body), &out); err != nil || doc.Status != status {
		t.Fatalf("%d %s", doc.Status, doc.Body)
	}
	id, err := store.ParseID(out.Report)
	if err != nil {
		t.Fatal(err)
	}
	return out, id
}

func TestSealedReportIsWhole(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk, tipPolice, childCare)
		b := w.browser(clearTip("age", "under18"))
		story := "The girl said “ayúdame” & <nothing> else."
		answer, id := accepted(t, w.post(b.sealed(b.story(story), form.Answers{"name": {canary}})), http.StatusCreated)
		if answer.Receipt != nil || answer.Promise == nil || len(answer.Deliveries) == 0 {
			t.Errorf("answered %+v", answer)
		}
		kept := w.followed.at[id]
		if len(kept.plan.Readers) == 0 || len(kept.ref.Keyless) != 0 || kept.ref.Envelope.Age != "under18" {
			t.Fatalf("the follow-up was given %+v", kept.ref)
		}
		for _, office := range kept.plan.Readers {
			body, sealed := w.open(id, office)
			if got := body.Answers[w.story()]; len(got) != 1 || got[0] != story || len(body.Answers) != 1 {
				t.Errorf("%s reads %v", office, body.Answers)
			}
			if sealed.SealedBy != "browser" || sealed.Form != "ms@"+w.ms.Version || sealed.Via != report.ViaWeb {
				t.Errorf("%s: sealed by %q, form %q, via %q", office, sealed.SealedBy, sealed.Form, sealed.Via)
			}
			part, err := w.reports.Reporter(t.Context(), "ms", id, office)
			if err != nil {
				t.Fatal(err)
			}
			if meant := slices.Contains(kept.plan.Audience, office); meant != (part.Wrap != nil) || part.SealedBy != "browser" {
				t.Errorf("%s is meant to know the name: %v; it has a wrap: %v", office, meant, part.Wrap != nil)
			}
		}
		w.namesItsReceipt(id, b.Receipt)
		found, err := w.reports.Find(t.Context(), "ms", b.Receipt.Lookup())
		if err != nil || found.Report != id || len(found.ReplyKey) != seal.PublicKeySize {
			t.Errorf("its receipt finds %v, %v", found.Report, err)
		}
		byWords, err := w.reports.FindWords(t.Context(), b.Receipt.Words("es"))
		if err != nil || byWords.Report != id || byWords.Receipt != b.Receipt {
			t.Errorf("its words find %v, %v", byWords.Report, err)
		}
		if _, err := w.reports.Find(t.Context(), "nowhere", b.Receipt.Lookup()); !errors.Is(err, report.ErrReceipt) {
			t.Errorf("in a program that there is not: %v", err)
		}
	})
}

// namesItsReceipt holds the keys that are sealed with a report's words against its
// receipt: they, and not the server, tell an office who answers it.
func (w *world) namesItsReceipt(id store.ID, receipt seal.Receipt) {
	w.t.Helper()
	seed, sign := receipt.Seed(), receipt.SignSeed()
	key, err := seal.PrivateFromSeed(seed[:])
	if err != nil {
		w.t.Fatal(err)
	}
	body, sealed := w.open(id, tipDesk)
	name := key.Public().ID()
	switch {
	case body.Reply == nil:
		w.t.Fatal("the words name no keys of the receipt")
	case body.Reply.Key != hex.EncodeToString(name[:]) || !bytes.Equal(sealed.ReplyKey, key.Public().Bytes()):
		w.t.Errorf("answers are sealed to %s", body.Reply.Key)
	case !bytes.Equal(body.Reply.Sign, ed25519.NewKeyFromSeed(sign[:]).Public().(ed25519.PublicKey)):
		w.t.Errorf("what the sender writes is checked with %x", body.Reply.Sign)
	}
}

func TestWordsSealedByTheServerNameTheirReceipt(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	a := w.accept(w.submission(w.tip(nil)))
	w.namesItsReceipt(a.Report, a.Receipt)
}

func TestSealedReportTwiceIsOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk, tipPolice)
		b := w.browser(clearTip())
		data := b.sealed(b.story(canary), nil)
		first, id := accepted(t, w.post(data), http.StatusCreated)
		again, _ := accepted(t, w.post(data), http.StatusOK)
		if first.Report != again.Report || first.Promise.Commitment != again.Promise.Commitment || w.count("report") != 1 {
			t.Errorf("%d reports; %+v and %+v", w.count("report"), first, again)
		}

		// Other words under the same receipt need one of their own: nothing is
		// dropped, and nothing is answered as if it had been kept.
		if doc := w.post(b.sealed(b.story(otherWords), nil)); doc.Status != http.StatusConflict || code(t, doc) != "new_receipt_needed" {
			t.Errorf("other words: %d %s", doc.Status, doc.Body)
		}

		// Whoever sends again must not be told that nothing was kept: neither when the
		// form has closed, nor when an office has another key by now.
		w.rotate(tipDesk)
		w.close()
		if after, _ := accepted(t, w.post(data), http.StatusOK); after.Report != first.Report {
			t.Errorf("after the form closed: %+v", after)
		}
		if err := w.reports.Close(t.Context(), b.Receipt.Words("en")); err != nil {
			t.Fatal(err)
		}
		if doc := w.post(data); doc.Status != http.StatusOK || !strings.Contains(doc.Body, `"closed":true`) || strings.Contains(doc.Body, id.String()) {
			t.Errorf("after its receipt was closed: %d %s", doc.Status, doc.Body)
		}
		if _, err := w.reports.Find(t.Context(), "", b.Receipt.Lookup()); !errors.Is(err, report.ErrReceipt) {
			t.Errorf("a closed receipt finds: %v", err)
		}
	})
}

func TestKeysThatChangeBetweenAskingAndSending(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk, tipPolice)

		// Rotated: what is sealed to the old key still opens, so it is kept as it is.
		b := w.browser(clearTip())
		old := w.private[tipPolice]
		w.rotate(tipPolice)
		_, id := accepted(t, w.post(b.sealed(b.story(canary), nil)), http.StatusCreated)
		sealed, err := w.reports.Body(t.Context(), "ms", id, tipPolice)
		if err != nil || sealed.KeyID != old.Public().ID() || len(w.followed.at[id].ref.Keyless) != 0 {
			t.Errorf("wrapped for %x, %v; without a wrap: %v", sealed.KeyID, err, w.followed.at[id].ref.Keyless)
		}

		// Replaced by one that nothing links to it: that office gets a desk task at once.
		b = w.browser(clearTip())
		w.key(tipPolice)
		_, id = accepted(t, w.post(b.sealed(b.story(canary), nil)), http.StatusCreated)
		if got := w.followed.at[id].ref.Keyless; !slices.Equal(got, []string{tipPolice}) {
			t.Errorf("without a wrap: %v", got)
		}

		// Nobody could open it: nothing is kept, and the browser seals it anew.
		b = w.browser(clearTip())
		before := w.count("report")
		data := b.sealed(b.story(canary), nil)
		w.key(tipPolice)
		w.key(tipDesk)
		if doc := w.post(data); doc.Status != http.StatusConflict || code(t, doc) != "keys_changed" || w.count("report") != before {
			t.Errorf("for keys of nobody: %d %s", doc.Status, doc.Body)
		}
		b.ask()
		_, id = accepted(t, w.post(b.sealed(b.story(canary), nil)), http.StatusCreated)
		w.open(id, tipPolice)
	})
}

func TestSealedReportKeepsOnlyPlannedWraps(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice, childCare, helpDesk, helper)
	b := w.browser(clearTip())
	// A browser that wraps for an office that is told nothing: the answer to its
	// question is swapped for one about a child.
	child := w.browser(clearTip("age", "under18"))
	var asked, forged map[string]any
	if err := errors.Join(json.Unmarshal(b.answer, &asked), json.Unmarshal(child.answer, &forged)); err != nil {
		t.Fatal(err)
	}
	forged["report"] = asked["report"]
	answer, err := json.Marshal(forged)
	if err != nil {
		t.Fatal(err)
	}
	data, err := b.Seal(answer, b.clear, b.shown, b.story(canary), form.Answers{"name": {canary}})
	if err != nil {
		t.Fatal(err)
	}
	_, id := accepted(t, w.post(data), http.StatusCreated)
	if sealed, err := w.reports.Body(t.Context(), "ms", id, childCare); err != nil || sealed.Wrap != nil {
		t.Errorf("an office that is not told has a wrap: %v, %v", sealed.Wrap != nil, err)
	}
	for _, office := range w.followed.at[id].plan.Readers {
		w.open(id, office)
	}
}

func TestSealedReportIsRefused(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	b := w.browser(clearTip())
	good := b.sealed(b.story(canary), form.Answers{"name": {canary}})
	head := int(good[4])<<24 | int(good[5])<<16 | int(good[6])<<8 | int(good[7])
	body := 8 + head + 32 + seal.PublicKeySize
	edit := func(change func([]byte) []byte) []byte { return change(bytes.Clone(good)) }
	with := func(name, value string) []byte {
		clear := clearTip()
		clear.Set(name, value)
		data, err := b.Seal(b.answer, clear, b.shown, b.story(canary), nil)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for name, c := range map[string]struct {
		data   []byte
		status int
		code   string
	}{
		"nothing":                     {nil, 422, "sealed_format"},
		"another version":             {edit(func(d []byte) []byte { d[3]++; return d }), 422, "sealed_format"},
		"cut short":                   {good[:len(good)-1], 422, "sealed_format"},
		"with a tail":                 {append(bytes.Clone(good), 0), 422, "sealed_format"},
		"a length beyond the end":     {edit(func(d []byte) []byte { d[body] = 0x7f; return d }), 422, "sealed_format"},
		"a body of no size class":     {edit(func(d []byte) []byte { return slices.Delete(d, body+100, body+101) }), 422, "sealed_format"},
		"no sealed body at all":       {edit(func(d []byte) []byte { d[body+4] = 'X'; return d }), 422, "sealed_format"},
		"words beside the sealed":     {with(b.world.story(), canary), 422, "words_sent"},
		"a name beside the sealed":    {with("name", canary), 422, "words_sent"},
		"a field that no form has":    {with("extra", canary), 422, "words_sent"},
		"a county that is none":       {with("happened", "MS-99999"), 422, "answers"},
		"no mode":                     {with("mode", "neither"), 422, "answers"},
		"another language":            {bytes.Replace(good, []byte("lang=en"), []byte("lang=xx"), 1), 422, "language_unknown"},
		"another list than was shown": {with("age", "under18"), 409, "who_changed"},
	} {
		doc := w.post(c.data)
		if doc.Status != c.status || code(t, doc) != c.code {
			t.Errorf("%s: %d %s", name, doc.Status, doc.Body)
		}
		if strings.Contains(doc.Body, canary) || strings.Contains(w.logged.String(), canary) {
			t.Errorf("%s: the words are repeated", name)
		}
	}
	old := bytes.Replace(good, []byte("_form=ms%40"), []byte("_form=xx%40"), 1)
	if doc := w.post(old); doc.Status != http.StatusConflict || code(t, doc) != "keys_changed" {
		t.Errorf("another form: %d %s", doc.Status, doc.Body)
	}
	if doc := w.client.PostForm("/ms/seal", b.Ask(url.Values{"mode": {"tip"}, "age": {"adult"}, b.world.story(): {canary}})); doc.Status != http.StatusUnprocessableEntity || code(t, doc) != "words_sent" {
		t.Errorf("words in the question: %d %s", doc.Status, doc.Body)
	}
	if doc := w.client.PostForm("/ms/seal", url.Values{"mode": {"tip"}, "age": {"adult"}, "_lookup": {"short"}}); doc.Status != http.StatusUnprocessableEntity {
		t.Errorf("a lookup that is none: %d %s", doc.Status, doc.Body)
	}
	w.close()
	if doc := w.post(good); doc.Status != http.StatusServiceUnavailable || code(t, doc) != "form_closed" {
		t.Errorf("closed: %d %s", doc.Status, doc.Body)
	}
	if w.count("report") > 0 {
		t.Errorf("%d reports were kept", w.count("report"))
	}
}

// A page that another site shows must not make its visitor's browser send a
// report, and a key that is not the directory's own must not be sealed to.
func TestSenderHoldsKeysAgainstTheDirectory(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	b := w.browser(clearTip())
	_, foreign, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	thief, err := seal.PrivateFromSeed(seal.NewSeed())
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.chains[tipPolice] = chainOf(tipPolice, thief.Public(), foreign)
	w.mu.Unlock()
	b.ask()
	if _, err := b.Seal(b.answer, b.clear, b.shown, b.story(canary), nil); !errors.Is(err, agency.ErrChain) {
		t.Errorf("sealed to a thief's key: %v", err)
	}
}

func TestStatusByLookupAlone(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	b := w.browser(clearTip())
	accepted(t, w.post(b.sealed(b.story(canary), nil)), http.StatusCreated)
	lookup := b.Ask(nil).Get("_lookup")
	found := w.client.PostForm("/receipt", url.Values{"lookup": {lookup}})
	check(t, found)
	if found.Status != http.StatusOK || !strings.Contains(found.Body, "found-title") || found.Values("").Get("lookup") != lookup {
		t.Errorf("%d %s", found.Status, found.Body)
	}
	other := "A"
	if lookup[0] == 'A' {
		other = "B"
	}
	for _, wrong := range []string{"x", lookup[1:], other + lookup[1:]} {
		if doc := w.client.PostForm("/receipt", url.Values{"lookup": {wrong}}); doc.Status != http.StatusNotFound {
			t.Errorf("lookup %q: %d", wrong, doc.Status)
		}
	}
	if doc := w.client.PostForm("/receipt", url.Values{"lookup": {lookup}, "_step": {"close"}}); doc.Status != http.StatusOK {
		t.Errorf("closing: %d", doc.Status)
	}
	if doc := w.client.PostForm("/receipt", url.Values{"lookup": {lookup}}); doc.Status != http.StatusNotFound {
		t.Errorf("after closing: %d", doc.Status)
	}
}

func FuzzParseSealed(f *testing.F) {
	b := report.Sender{Program: "ms", Language: "en"}
	rand.Read(b.Receipt[:])
	answer := []byte(`{"report":"` + store.NewID().String() + `","form":"ms@1","readers":[],"reporter":[]}`)
	for _, reporter := range []form.Answers{nil, {"name": {"x"}}} {
		data, err := b.Seal(answer, clearTip(), "", form.Answers{"story": {"x"}}, reporter)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Add([]byte("WLS\x01\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		again, err := report.ReadSealed(data)
		if err == nil && !bytes.Equal(again, data) {
			t.Errorf("%x reads as %x", data, again)
		}
	})
}
