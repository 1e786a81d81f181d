// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"crypto/ed25519"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// offline is a world whose directory key is kept offline: nothing is signed before
// somebody carries a request there and the answer back.
func offline(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		fn(t, newWorld(t, db, clock, func(c *Config) { c.SignDirectory = nil }))
	})
}

// A first key counts only when the directory key has signed it; what is signed is
// what the office's members hold.
func TestFirstKeyWaitsForTheDirectoryKey(t *testing.T) {
	t.Parallel()
	offline(t, func(t *testing.T, w *world) {
		w.live(w.desk, 2)
		key := w.keys[w.desk]
		if w.Keyed("ms")(w.desk) || len(w.Keys("ms")) != 0 || len(w.Directory("ms")) != 0 || w.NeedsKey("ms", w.desk) {
			t.Error("a key counts that the directory key has not signed")
		}
		if own := w.OwnKeys("ms")[w.desk]; own.ID != key.Public.ID() || !own.Sign.Equal(key.Sign) {
			t.Errorf("its members do not see their key: %+v", own)
		}
		w.work()
		if !slices.Contains(w.alarms(), AlarmUnsigned+" "+w.desk) || slices.Contains(w.alarms(), AlarmDoubted+" "+w.desk) {
			t.Errorf("alarms: %v", w.alarms())
		}
		if !slices.Contains(missingOf(t, w), "directory.signed") {
			t.Error("the checklist does not ask for the signature")
		}

		request, err := w.DirectoryRequest("ms")
		w.ok(err)
		carried, err := ParseRequest(request.String())
		w.ok(err)
		answer, err := SignRequest(w.directory, carried)
		w.ok(err)
		w.refusedAnswers(answer)
		back, err := ParseAnswer(answer.String())
		w.ok(err)
		if n, err := w.AcceptDirectory(t.Context(), w.admin, back); n != 1 || err != nil {
			t.Fatalf("%d signatures, %v", n, err)
		}
		w.logged(1, "key.signed_by_directory", "office:"+w.desk, w.admin.String())
		for name, s := range map[string]*Service{"running": w.Service, "started": w.restarted()} {
			pub, err := VerifyChain(w.pinned("ms"), "ms", w.desk, s.Directory("ms")[w.desk])
			if err != nil || pub.ID() != key.Public.ID() || !s.Keyed("ms")(w.desk) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.work()
		if slices.Contains(w.alarms(), AlarmUnsigned+" "+w.desk) || slices.Contains(missingOf(t, w), "directory.signed") {
			t.Error("it is still asked for")
		}
		if again, err := w.DirectoryRequest("ms"); err != nil || len(again.Keys) != 0 {
			t.Errorf("it would be signed again: %+v, %v", again, err)
		}

		// Later keys need no directory key; but it may sign one again.
		next := w.rotated(w.desk, holder(2), Recovery)
		if !w.Keyed("ms")(w.desk) || w.Keys("ms")[w.desk].ID != next.Public.ID() || len(w.Keys("ms")[w.desk].Links) != 2 {
			t.Errorf("after a rotation: %+v", w.Keys("ms")[w.desk])
		}
		again, err := SignRequest(w.directory, SigningRequest{Program: "ms", Directory: w.pinned("ms"), Keys: []KeyToSign{{w.desk, next.Public.ID(), next.Sign}}})
		w.ok(err)
		if _, err := w.AcceptDirectory(t.Context(), w.admin, again); err != nil {
			t.Fatal(err)
		}
		if c := w.Directory("ms")[w.desk]; len(c.Links) != 1 || c.Links[0].By != byDirectory {
			t.Errorf("a chain that the directory key signed anew: %+v", c)
		}
		if w.restarted().Keys("ms")[w.desk].ID != next.Public.ID() {
			t.Error("it is not believed after a start")
		}
	})
}

// refusedAnswers tries what must not be kept.
func (w *world) refusedAnswers(good SigningAnswer) {
	w.t.Helper()
	changed := func(fn func(*SigningAnswer)) SigningAnswer {
		a := good
		a.Signatures = slices.Clone(good.Signatures)
		fn(&a)
		return a
	}
	thief := NewDirectoryKey()
	for name, try := range map[string]struct {
		answer SigningAnswer
		want   error
	}{
		"another program's":             {changed(func(a *SigningAnswer) { a.Program = "tx" }), errNotAsked},
		"another directory key's":       {changed(func(a *SigningAnswer) { a.Directory = thief.Public().(ed25519.PublicKey) }), errOtherKey},
		"about a key that nobody has":   {changed(func(a *SigningAnswer) { a.Signatures[0].ID[0] ^= 1 }), errNotAsked},
		"about an office without a key": {changed(func(a *SigningAnswer) { a.Signatures[0].Office = w.other }), errNotAsked},
		"with an altered signature":     {changed(func(a *SigningAnswer) { a.Signatures[0].Signature = make([]byte, 64) }), errBadSignFor},
		"signed by somebody else": {changed(func(a *SigningAnswer) {
			a.Signatures[0].Signature = ed25519.Sign(thief, []byte(DirectoryStatement("ms", w.desk, a.Signatures[0].ID, w.keys[w.desk].Sign)))
		}), errBadSignFor},
		"of nothing": {changed(func(a *SigningAnswer) { a.Signatures = nil }), errEmptyAnswer},
	} {
		if _, err := w.AcceptDirectory(w.t.Context(), w.admin, try.answer); err == nil || err.Error() != try.want.Error() {
			w.t.Errorf("an answer %s: %v, want %v", name, err, try.want)
		}
	}
	if _, err := w.AcceptDirectory(w.t.Context(), w.officer(2), good); err == nil {
		w.t.Error("somebody who does not look after the program brought an answer")
	}
	if w.Keyed("ms")(w.desk) {
		w.t.Error("a refused answer counts")
	}
}

func missingOf(t *testing.T, w *world) []string {
	t.Helper()
	_, missing := w.Ready(t.Context(), "ms")
	var out []string
	for _, m := range missing {
		out = append(out, m.ID)
	}
	return out
}

// Another directory key signs everything anew; what was written into the row of a
// running server's key changes nothing, and is told.
func TestAnotherDirectoryKeySignsAnew(t *testing.T) {
	t.Parallel()
	offline(t, func(t *testing.T, w *world) {
		old := w.directory
		sign := func() {
			r, err := w.DirectoryRequest("ms")
			w.ok(err)
			a, err := SignRequest(w.directory, r)
			w.ok(err)
			_, err = w.AcceptDirectory(t.Context(), w.admin, a)
			w.ok(err)
		}
		w.live(w.desk, 2)
		sign()
		key := w.keys[w.desk]
		w.forge(func(tx *store.Tx) error { return w.set(tx, key.Public.ID(), "directory_signature", make([]byte, 64)) })
		if c := w.Directory("ms")[w.desk]; !w.Keyed("ms")(w.desk) || c.Links[0].Signature == nil {
			t.Errorf("the running server forgot the signature: %+v", c)
		}
		w.work()
		if !slices.Contains(w.alarms(), AlarmUnsigned+" "+w.desk) || len(w.restarted().Keys("ms")) != 0 {
			t.Errorf("a signature that does not fit: %v", w.alarms())
		}
		sign()
		w.rotated(w.desk, holder(2), Recovery)
		w.directory = NewDirectoryKey()
		later := w.restarted()
		if len(later.Keys("ms")) != 0 || len(later.OwnKeys("ms")) != 1 {
			t.Errorf("another directory key believes what it did not sign: %+v", later.Keys("ms"))
		}
		w.Service = later
		sign()
		if pub, err := VerifyChain(w.pinned("ms"), "ms", w.desk, w.Directory("ms")[w.desk]); err != nil || pub.ID() != w.keys[w.desk].Public.ID() {
			t.Errorf("signed anew: %v", err)
		}
		if _, err := VerifyChain(old.Public().(ed25519.PublicKey), "ms", w.desk, w.Directory("ms")[w.desk]); err == nil {
			t.Error("the old directory key still believes it")
		}
	})
}

// Without a directory key the form cannot be opened, and the page says how to make one.
func TestNoDirectoryKeyNoForm(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := newWorld(t, db, clock, func(c *Config) { c.Directory, c.SignDirectory = nil, nil })
	w.live(w.desk, 2)
	if !w.Keyed("ms")(w.desk) || !slices.Contains(missingOf(t, w), "directory") {
		t.Errorf("without a directory key: %v", missingOf(t, w))
	}
	if _, err := w.DirectoryRequest("ms"); err == nil {
		t.Error("there is a request for nobody")
	}
	s := serve(t, w, "Ana")
	if d := s.page("/staff/offices/directory"); !strings.Contains(d.Main(), "No directory key is pinned") || !strings.Contains(d.Main(), "waylight directory new") {
		t.Errorf("the page: %s", d.Main())
	}
}

// The page carries a request out and an answer in.
func TestDirectoryByPages(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := newWorld(t, db, clock, func(c *Config) { c.SignDirectory = nil })
	w.live(w.desk, 2)
	s := serve(t, w, "Ana")
	const page = "/staff/offices/directory"
	if d := s.page("/staff/offices/" + w.desk); !strings.Contains(d.Main(), "waits for the directory key") {
		t.Errorf("the office's page: %s", d.Main())
	}
	file := s.c.GetDoc(page + ".txt")
	if !strings.Contains(file.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the request is no file: %v", file.Header)
	}
	request, err := ParseRequest(file.Body)
	w.ok(err)
	answer, err := SignRequest(w.directory, request)
	w.ok(err)
	s.sendWrong(page, page, http.StatusBadRequest, url.Values{"answer": {strings.TrimSuffix(answer.String(), "end 1\n")}})
	s.sendWrong(page, page, http.StatusBadRequest, url.Values{"answer": {""}})
	d := s.send(page, page, url.Values{"answer": {"\r\n" + strings.ReplaceAll(answer.String(), "\n", "\r\n") + "  "}})
	if !strings.Contains(d.Main(), "No key waits") || !w.Keyed("ms")(w.desk) {
		t.Errorf("after the answer: %s", d.Main())
	}
}

func TestSheetsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	private := NewDirectoryKey()
	public := private.Public().(ed25519.PublicKey)
	r := SigningRequest{Program: "ms", Directory: public, Keys: []KeyToSign{{"mdcps", [16]byte{1, 2}, public}, {"help-desk", [16]byte{3}, public}}}
	text := r.String()
	if back, err := ParseRequest(text); err != nil || back.String() != text || len(back.Keys) != 2 {
		t.Errorf("%+v, %v", back, err)
	}
	for name, bad := range map[string]string{
		"nothing": "", "cut off": text[:len(text)-8], "a key left out": strings.Replace(text, "key mdcps", "kex mdcps", 1), "a line removed": strings.Join(slices.Delete(strings.Split(text, "\n"), 3, 4), "\n"),
		"another version": strings.Replace(text, "request 1", "request 2", 1), "an answer": strings.Replace(text, "request", "answer", 1), "no program": strings.Replace(text, "program ms", "program ", 1),
		"a name with a line end": strings.Replace(text, "mdcps", "md\rcps", 1), "a name in capitals": strings.Replace(text, "mdcps", "MDCPS", 1), "a short key": strings.Replace(text, "0102", "01", 1),
	} {
		if back, err := ParseRequest(bad); err == nil {
			t.Errorf("%s: read as %+v", name, back)
		}
	}
	if _, err := SignRequest(NewDirectoryKey(), r); err == nil {
		t.Error("a key signed a request for another")
	}
	if key, err := ParseDirectoryKey(DirectoryKeyText(private)); err != nil || !key.Equal(private) {
		t.Errorf("the private file: %v", err)
	}
	if key, err := ParseDirectoryPublic(DirectoryPublicText(public) + "\r\n"); err != nil || !key.Equal(public) {
		t.Errorf("the public file: %v", err)
	}
	if _, err := ParseDirectoryPublic(DirectoryKeyText(private)); err != errPrivateText {
		t.Errorf("the private half, given to a server: %v", err)
	}
}

// Whatever is pasted is read back as it is written, or not at all.
func FuzzSheets(f *testing.F) {
	private := ed25519.NewKeyFromSeed(make([]byte, 32))
	public := private.Public().(ed25519.PublicKey)
	r := SigningRequest{Program: "ms", Directory: public, Keys: []KeyToSign{{"mdcps", [16]byte{1}, public}}}
	a, err := SignRequest(private, r)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r.String())
	f.Add(a.String())
	f.Add(requestHead + "\nprogram x\ndirectory " + strings.Repeat("0", 64) + "\nend 0")
	f.Add("end 0")
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := ParseRequest(text); err == nil {
			if again, err := ParseRequest(r.String()); err != nil || again.String() != r.String() {
				t.Errorf("%q reads back as %q, %v", r.String(), again.String(), err)
			}
		}
		if a, err := ParseAnswer(text); err == nil {
			if again, err := ParseAnswer(a.String()); err != nil || again.String() != a.String() {
				t.Errorf("%q reads back as %q, %v", a.String(), again.String(), err)
			}
		}
	})
}
