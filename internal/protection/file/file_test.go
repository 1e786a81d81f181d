// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/file"
)

// threeParts is content that takes three parts.
func threeParts() []byte { return bytes.Repeat([]byte("0123456789abcdef"), (2<<20+100_000)/16) }

func TestAFileArrivesWholeAndOpensForEveryHolder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana, pol := w.hire(childCare, "Ana"), w.hire(police, "Pol")
		sent := w.send(child())
		to := w.found(sent)
		x := w.seal(to, "IMG 1.jpg", threeParts())
		w.upload(to, x)
		for _, h := range []hand{ana, pol} {
			files := w.list(h, sent.Report)
			if h.ID == pol.ID {
				w.share(ana, sent.Report, x, police)
				files = w.list(h, sent.Report)
			}
			if len(files) != 1 || files[0].State != file.Whole || files[0].SealedBy != file.ByBrowser || files[0].Parts != 3 || files[0].Size != x.Size {
				t.Fatalf("%s sees %+v", h.Office, files)
			}
			info, content, err := w.opened(h, sent.Report, files[0])
			if err != nil || !bytes.Equal(content, threeParts()) || info.Name != "IMG 1.jpg" {
				t.Errorf("%s opens %d bytes of %q: %v", h.Office, len(content), info.Name, err)
			}
		}
		if broken, err := file.Damaged(t.Context(), db, "ms"); err != nil || len(broken) != 0 {
			t.Errorf("damage is found: %v, %v", broken, err)
		}
		for event, want := range map[string]int{"file.begun": 1, "file.received": 1, "file.opened": 2, "file.downloaded": 0} {
			if got := w.events(event); got != want {
				t.Errorf("%d entries %s, want %d", got, event, want)
			}
		}
		var rests int
		check(t, db.QueryRow(t.Context(), "select (select count(*) from file_upload) + (select count(*) from file_mark)").Scan(&rests))
		if rests != 0 {
			t.Error("the key for the receipt, or a mark, was kept after the upload ended")
		}
	})
}

// Parts may be sent again, too early, in pieces of another size, or after the end.
func TestPartsAreKeptOnceAndInOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		to := w.found(sent)
		x, other := w.seal(to, "a", threeParts()), w.seal(to, "b", threeParts())
		ctx := t.Context()
		_, err := w.files.Begin(ctx, to, x.Begun)
		check(t, err)
		if _, err := w.files.Put(ctx, to, x.ID, 1, [32]byte{}, x.parts[1]); err == nil || !strings.Contains(err.Error(), "next") {
			t.Errorf("the second part first: %v", err)
		}
		for name, part := range map[string][]byte{
			"of another file": other.parts[0], "without the header": x.parts[1], "cut": x.parts[0][:len(x.parts[0])-1], "of nothing": nil,
			"header only": x.parts[0][:seal.FileHeaderSize], "with more": append(slices.Clone(x.parts[0]), make([]byte, seal.FileChunkSize)...),
		} {
			_, err := w.files.Put(ctx, to, x.ID, 0, [32]byte{}, part)
			refused(t, err, file.ErrPart, "a first part "+name)
		}
		w.put(to, x, 0, 2)
		for range 2 { // sent again: what is here stays
			next, err := w.files.Put(ctx, to, x.ID, 0, [32]byte{}, other.parts[0])
			if err != nil || next != 2 {
				t.Errorf("a part sent again: %d, %v", next, err)
			}
		}
		if err := w.files.End(ctx, to, x.ID, 3, true); err == nil {
			t.Error("ended whole with a part missing")
		}
		next, err := w.files.Begin(ctx, to, x.Begun)
		if err != nil || next != 2 {
			t.Errorf("begun again: %d, %v", next, err)
		}
		w.put(to, x, 2, 3)
		if _, err := w.files.Put(ctx, to, x.ID, 3, [32]byte{}, x.parts[2]); err == nil {
			t.Error("a part after the short last one was kept")
		}
		check(t, w.files.End(ctx, to, x.ID, 3, true))
		check(t, w.files.End(ctx, to, x.ID, 3, true)) // said twice
		_, err = w.files.Put(ctx, to, x.ID, 3, [32]byte{}, x.parts[1])
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("a part after the end: %v", err)
		}
		_, content, err := w.opened(ana, sent.Report, w.list(ana, sent.Report)[0])
		if err != nil || !bytes.Equal(content, threeParts()) {
			t.Errorf("opens %d bytes: %v", len(content), err)
		}
	})
}

// Whoever holds another receipt, or none, reaches nothing of an upload; and an id
// that is taken cannot be taken again.
func TestUploadsBelongToTheirReceipt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		one, two := w.send(child()), w.send(child())
		mine, theirs := w.found(one), w.found(two)
		x := w.seal(mine, "a", threeParts())
		ctx := t.Context()
		_, err := w.files.Begin(ctx, mine, x.Begun)
		check(t, err)
		w.put(mine, x, 0, 1)
		_, err = w.files.Put(ctx, theirs, x.ID, 1, [32]byte{}, x.parts[1])
		refused(t, err, file.ErrNoFile, "a part under another receipt")
		refused(t, w.files.End(ctx, theirs, x.ID, 1, false), file.ErrNoFile, "ending under another receipt")
		_, err = w.files.Begin(ctx, theirs, x.Begun)
		refused(t, err, file.ErrExists, "beginning under another receipt")
		changed := x.Begun
		changed.Head = seal.FileHeadOf([32]byte{1})
		_, err = w.files.Begin(ctx, mine, changed)
		refused(t, err, file.ErrExists, "beginning with another key")
		open, err := w.files.Resumable(ctx, theirs)
		if err != nil || len(open) != 0 {
			t.Errorf("another receipt may go on with %d files: %v", len(open), err)
		}
		open, err = w.files.Resumable(ctx, mine)
		if err != nil || len(open) != 1 || open[0].Parts != 1 || len(open[0].Marks) != 1 {
			t.Fatalf("the receipt may go on with %+v: %v", open, err)
		}
		seed := one.Receipt.Seed()
		own, err := seal.PrivateFromSeed(seed[:])
		check(t, err)
		if _, err := seal.OpenWrap(own, open[0].Resume, open[0].File.Record(), open[0].File.Head.Hash, "receipt"); err != nil {
			t.Errorf("the receipt's own wrap does not open: %v", err)
		}
		check(t, w.reports.Close(ctx, one.Receipt.Words("en")))
		if _, err := w.reports.Find(ctx, "", one.Receipt.Lookup()); err == nil {
			t.Error("a closed receipt is found")
		}
		if n := len(w.list(ana, one.Report)); n != 1 {
			t.Errorf("the office sees %d files", n)
		}
	})
}

// Only the present readers' present keys count; who is not among them gets no wrap.
func TestWrapsForOthersAreDropped(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		w.hire(shelter, "Sam") // keyed, but does not hold the report
		sent := w.send(child())
		to := w.found(sent)
		keys := w.agencies.Keys("ms")
		x := w.seal(to, "a", []byte("words"))
		good := x.Wraps
		x.Wraps = append(x.Wraps, w.wrap(x, shelter, keys[shelter].Public, keys[shelter].ID), w.wrap(x, childCare, keys[shelter].Public, keys[shelter].ID))
		w.upload(to, x)
		var holders int
		check(t, db.QueryRow(t.Context(), "select count(*) from file_wrap").Scan(&holders))
		if holders != len(good) {
			t.Errorf("%d wraps are kept, want %d", holders, len(good))
		}
		if files := w.list(ana, sent.Report); files[0].Wrap.KeyID != keys[childCare].ID {
			t.Error("the office has a wrap for another key")
		}
		y := w.seal(to, "b", nil)
		y.Wraps = []file.Wrap{w.wrap(y, shelter, keys[shelter].Public, keys[shelter].ID), {Holder: childCare, KeyID: keys[childCare].ID, Wrap: []byte("short")}}
		_, err := w.files.Begin(t.Context(), to, y.Begun)
		refused(t, err, file.ErrKeys, "a file that nobody could open")
	})
}

func TestLimitsAreKeptAndWhatArrivedToo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		to := w.found(sent)
		ctx := t.Context()
		w.limits = file.Limits{File: 1 << 20, Report: 5 << 20, Count: 3}
		big := w.seal(to, "big", threeParts())
		_, err := w.files.Begin(ctx, to, big.Begun)
		refused(t, err, file.ErrSize, "a file that says it is too large")
		big.Size = 0 // and one that does not
		_, err = w.files.Begin(ctx, to, big.Begun)
		check(t, err)
		w.put(to, big, 0, 1)
		_, err = w.files.Put(ctx, to, big.ID, 1, [32]byte{}, big.parts[1])
		refused(t, err, file.ErrSize, "a part beyond the limit")
		kept := w.list(ana, sent.Report)
		if len(kept) != 1 || kept[0].State != file.Broken || kept[0].Reason != file.ReasonSize || kept[0].Parts != 1 {
			t.Fatalf("what arrived: %+v", kept)
		}
		_, content, err := w.opened(ana, sent.Report, kept[0])
		if !errors.Is(err, seal.ErrTruncated) || len(content) < 1_000_000 || !bytes.HasPrefix(threeParts(), content) {
			t.Errorf("what arrived opens to %d bytes: %v", len(content), err)
		}
		for range 2 {
			w.upload(to, w.seal(to, "small", []byte("words")))
		}
		_, err = w.files.Begin(ctx, to, w.seal(to, "one more", []byte("words")).Begun)
		refused(t, err, file.ErrCount, "more files than a report may have")
		w.limits = file.Limits{File: 4 << 20, Report: 2 << 20, Count: 9}
		liar := w.seal(to, "fills it", threeParts())
		liar.Size = 0
		_, err = w.files.Begin(ctx, to, liar.Begun)
		check(t, err)
		_, err = w.files.Put(ctx, to, liar.ID, 0, [32]byte{}, liar.parts[0])
		refused(t, err, file.ErrFull, "more than a report may take")
	})
}

// Evidence is worth nothing if reports cannot come in any more: files give way.
func TestAFullDiskRefusesFilesAndTakesReports(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		to := w.found(sent)
		x := w.seal(to, "a", threeParts())
		_, err := w.files.Begin(t.Context(), to, x.Begun)
		check(t, err)
		w.put(to, x, 0, 1)
		for name, space := range map[string]file.Space{
			"under 5 GB": {Free: 4_900_000_000, Total: 10_000_000_000}, "under a tenth": {Free: 90 << 30, Total: 1000 << 30},
		} {
			w.space = space
			_, err := w.files.Put(t.Context(), to, x.ID, 1, [32]byte{}, x.parts[1])
			refused(t, err, file.ErrSpace, "a part with "+name)
			_, err = w.files.Begin(t.Context(), to, w.seal(to, "b", nil).Begun)
			refused(t, err, file.ErrSpace, "a file with "+name)
			_, err = w.files.Receive(t.Context(), to, file.Form{}, "c", "", strings.NewReader("words"))
			refused(t, err, file.ErrSpace, "a file without a script with "+name)
			if again := w.send(child()); again.Report.IsZero() || again.Repeated {
				t.Errorf("with %s a report is not taken", name)
			}
		}
		w.space = file.Space{Free: 1 << 40, Total: 2 << 40}
		w.put(to, x, 1, 3) // it goes on when there is room again
		check(t, w.files.End(t.Context(), to, x.ID, 3, true))
		if _, content, err := w.opened(ana, sent.Report, w.list(ana, sent.Report)[0]); err != nil || !bytes.Equal(content, threeParts()) {
			t.Errorf("opens %d bytes: %v", len(content), err)
		}
	})
}

// Every kind of thing is evidence: it is kept byte for byte, and never looked into.
func TestWhateverIsSentIsKeptAsItIs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		to := w.found(sent)
		for name, content := range strange(t) {
			f, err := w.files.Receive(t.Context(), to, file.Form{}, name, "image/png", bytes.NewReader(content))
			if err != nil || f.State != file.Whole || f.SealedBy != file.ByServer {
				t.Errorf("%s: %+v, %v", name, f, err)
			}
		}
		files := w.list(ana, sent.Report)
		for _, f := range files {
			info, content, err := w.opened(ana, sent.Report, f)
			if err != nil || !bytes.Equal(content, strange(t)[info.Name]) || info.Type != "image/png" {
				t.Errorf("%q opens to %d other bytes: %v", info.Name, len(content), err)
			}
		}
		if len(files) != len(strange(t)) {
			t.Errorf("%d files are kept", len(files))
		}
		rows, err := db.Query(t.Context(), "select sealed from file_part")
		check(t, err)
		defer rows.Close()
		for rows.Next() {
			var part []byte
			check(t, rows.Scan(&part))
			for name, content := range strange(t) {
				if len(content) > 30 && bytes.Contains(part, content[:30]) || bytes.Contains(part, []byte(name)) {
					t.Errorf("%s stands in clear", name)
				}
			}
		}
		check(t, rows.Err())
	})
}

// A name that a page or a disk would show as something else is refused; what the
// sender calls its type never is.
func TestNamesThatCannotBeShownAreRefused(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana := w.hire(childCare, "Ana")
	sent := w.send(child())
	to := w.found(sent)
	for _, name := range []string{"", "a\x00b.jpg", "a\nb", "photo\u202egnp.exe", "a\u2066b", "a\u2028b", "\xff\xfe", strings.Repeat("n", 256), "a\x1b[31m"} {
		_, err := w.files.Receive(t.Context(), to, file.Form{}, name, "image/jpeg", strings.NewReader("words"))
		refused(t, err, file.ErrName, "the name "+strings.ToValidUTF8(name, "?"))
	}
	if logged := w.logged.String(); strings.Contains(logged, "photo") || strings.Contains(logged, "[31m") {
		t.Error("a name stands in the log")
	}
	for _, kind := range []string{"", "image/jpeg\x00", strings.Repeat("x", 500), "text/html; charset=evil"} {
		_, err := w.files.Receive(t.Context(), to, file.Form{}, "caf\u00e9 \u2014 a\u00f1o (1).jpg", kind, strings.NewReader("words"))
		check(t, err)
	}
	if n := len(w.list(ana, sent.Report)); n != 4 {
		t.Errorf("%d files are kept", n)
	}
}

// A sender without a script whose connection ends: every byte that came is there.
func TestWhatArrivedOfABrokenUploadIsKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		to := w.found(sent)
		cut := errors.New("read tcp 203.0.113.9:4000: connection reset by peer")
		f, err := w.files.Receive(t.Context(), to, file.Form{}, "a.mp4", "video/mp4", &broken{content: bytes.NewReader(threeParts()[:1_500_001]), err: cut})
		if !errors.Is(err, file.ErrCut) || errors.Is(err, cut) || f.State != file.Broken {
			t.Fatalf("%+v, %v", f, err)
		}
		kept := w.list(ana, sent.Report)[0]
		_, content, err := w.opened(ana, sent.Report, kept)
		if err != nil || !bytes.Equal(content, threeParts()[:1_500_001]) || kept.State != file.Broken || kept.Reason != file.ReasonCut {
			t.Errorf("%d bytes are kept, %s: %v", len(content), kept.State, err)
		}
		clock.Advance(time.Second) // files of one moment have no order
		w.limits = file.Limits{File: 1_200_000}
		f, err = w.files.Receive(t.Context(), to, file.Form{}, "b.mp4", "video/mp4", bytes.NewReader(threeParts()))
		refused(t, err, file.ErrSize, "a file that is too large")
		kept = w.list(ana, sent.Report)[1]
		_, content, err = w.opened(ana, sent.Report, kept)
		if err != nil || !bytes.Equal(content, threeParts()[:1_200_000]) || kept.Reason != file.ReasonSize || f.State != file.Broken {
			t.Errorf("%d bytes are kept, %s: %v", len(content), kept.State, err)
		}
		_, err = w.files.Receive(t.Context(), to, file.Form{}, "c.mp4", "", iotest.DataErrReader(bytes.NewReader(threeParts()[:1_200_000])))
		check(t, err) // exactly what is taken
	})
}

// broken gives its content and then fails.
type broken struct {
	content *bytes.Reader
	err     error
}

func (b *broken) Read(p []byte) (int, error) {
	n, err := b.content.Read(p)
	if err != nil {
		return n, b.err
	}
	return n, nil
}

// An upload that nobody goes on with ends after a day, with what came.
func TestAnUploadThatNobodyGoesOnWithEnds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		to := w.found(sent)
		x, y := w.seal(to, "a", threeParts()), w.seal(to, "b", threeParts())
		for _, f := range []sealed{x, y} {
			_, err := w.files.Begin(t.Context(), to, f.Begun)
			check(t, err)
		}
		w.put(to, x, 0, 2)
		w.pass(23*time.Hour, time.Hour)
		w.put(to, y, 0, 1)
		w.pass(3*time.Hour, time.Hour)
		states := map[string]int{}
		for _, f := range w.list(ana, sent.Report) {
			states[f.State] = f.Parts
		}
		if states[file.Broken] != 2 || states[file.Open] != 1 {
			t.Errorf("after a day: %v", states)
		}
		open, err := w.files.Resumable(t.Context(), to)
		if err != nil || len(open) != 1 || open[0].File.ID != y.ID {
			t.Errorf("the receipt may go on with %d files: %v", len(open), err)
		}
		if w.events("file.broken") != 1 {
			t.Error("that it broke off is not on record")
		}
	})
}

// Nobody finds a file by chance: those on duty are told, once for files that come
// together, in mail that says nothing.
func TestThoseOnDutyAreTold(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana := w.hire(childCare, "Ana")
	w.shift(ana, agency.On)
	sent := w.send(child())
	w.run()
	before := len(w.mailed())
	to := w.found(sent)
	w.upload(to, w.seal(to, "secret-name", []byte("words")))
	w.upload(to, w.seal(to, "second", []byte("words")))
	w.run()
	if got := len(w.mailed()) - before; got != 1 {
		t.Fatalf("%d mails, want 1", got)
	}
	all := w.caught.Messages()
	last := strings.ToLower(all[len(all)-1].Text)
	for _, word := range []string{"secret-name", "file", "report", "photo", sent.Report.String()} {
		if strings.Contains(last, word) {
			t.Errorf("the mail says %q", word)
		}
	}
	clock.Advance(time.Hour)
	w.run() // the report's own clocks
	before = len(w.mailed())
	w.upload(to, w.seal(to, "later", []byte("words")))
	w.run()
	if got := len(w.mailed()) - before; got != 1 {
		t.Errorf("%d mails after a later file, want 1", got)
	}
}
