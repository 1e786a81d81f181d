// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/file"
	"waylight/internal/protection/referral"
)

// Files are behind the report's own walls.
func TestOnlyHoldersSeeFiles(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana, sam := w.hire(childCare, "Ana"), w.hire(shelter, "Sam")
		sent, other := w.send(child()), w.send(child())
		to := w.found(sent)
		w.upload(to, w.seal(to, "a", []byte("words")))
		f := w.list(ana, sent.Report)[0]
		ctx := t.Context()
		_, err := w.files.List(ctx, sam.Member, sent.Report)
		refused(t, err, referral.ErrNotFound, "another office's list")
		_, err = w.files.Part(ctx, ana.Member, sent.Report, f.ID, 0)
		refused(t, err, file.ErrUnopened, "a part before the proof")
		refused(t, w.files.Opened(ctx, ana.Member, sent.Report, f.ID, file.ActOpened, [32]byte{1}, nil), file.ErrProof, "a made-up proof")
		key, err := seal.OpenWrap(w.keys[childCare], f.Wrap.Wrap, f.Record(), f.Head.Hash, childCare)
		check(t, err)
		other1 := ana.holder.SignStatement(file.OpenedStatement("ms", f.ID, f.Head.Hash, file.ActOpened, childCare, ana.ID))
		refused(t, w.files.Opened(ctx, ana.Member, sent.Report, f.ID, file.ActDownloaded, key.OpeningToken(), other1), file.ErrProof, "a signature of another act")
		w.unseal(ana, sent.Report, f, file.ActDownloaded)
		if w.events("file.downloaded") != 1 {
			t.Error("that the original was taken is not on record")
		}
		_, err = w.files.Part(ctx, ana.Member, other.Report, f.ID, 0)
		refused(t, err, file.ErrNoFile, "a part under another report")
		_, err = w.files.Part(ctx, ana.Member, sent.Report, f.ID, 7)
		refused(t, err, file.ErrNoFile, "a part that is not there")
		_, err = w.files.Part(ctx, sam.Member, sent.Report, f.ID, 0)
		refused(t, err, referral.ErrNotFound, "a part for another office")
		access := w.list(ana, sent.Report)[0].Access
		if len(access) != 1 || access[0].Member != ana.ID || access[0].Act != file.ActDownloaded {
			t.Errorf("who opened it: %+v", access)
		}
	})
}

// An office that comes to hold the report later gets its files from one that can
// open them, in that one's browser.
func TestFilesAreSharedWithALaterHolder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		to := w.found(sent)
		w.upload(to, w.seal(to, "a", []byte("words")))
		pol := w.hire(police, "Pol")
		second := w.send(child()) // now police hold it too; the first report they do not
		if _, err := w.files.List(t.Context(), pol.Member, sent.Report); err == nil {
			t.Fatal("police hold the first report")
		}
		to = w.found(second)
		x := w.seal(to, "b", []byte("words"))
		w.upload(to, x)
		f := w.list(ana, second.Report)[0]
		if !slices.Contains(f.Unread, police) || w.list(pol, second.Report)[0].Wrap.Wrap != nil {
			t.Fatalf("who cannot read it: %v", f.Unread)
		}
		base := "/staff/report/" + second.Report.String() + "/files"
		if page := w.as(ana).GetDoc(base).Main(); !strings.Contains(page, "One file waits to be shared") {
			t.Errorf("the reader is not asked to share: %s", page)
		}
		if page := w.as(pol).GetDoc(base).Main(); !strings.Contains(page, "cannot open this file yet") {
			t.Errorf("who cannot open it does not see it: %s", page)
		}
		key := w.agencies.Keys("ms")[police]
		wrap := w.wrap(x, police, key.Public, key.ID)
		refused(t, w.files.Share(t.Context(), ana.Member, second.Report, f.ID, file.Wrap{Holder: shelter, KeyID: key.ID, Wrap: wrap.Wrap}), referral.ErrOffice, "for who does not hold it")
		refused(t, w.files.Share(t.Context(), ana.Member, second.Report, f.ID, file.Wrap{Holder: police, Wrap: wrap.Wrap}), file.ErrKeys, "for an old key")
		refused(t, w.files.Share(t.Context(), ana.Member, second.Report, f.ID, wrap), file.ErrUnopened, "by who has not opened it")
		w.unseal(ana, second.Report, f, file.ActOpened)
		junk := wrap
		junk.Wrap = random(seal.WrapSize)
		check(t, w.files.Share(t.Context(), ana.Member, second.Report, f.ID, junk))
		check(t, w.files.Share(t.Context(), ana.Member, second.Report, f.ID, wrap)) // too late: the other one stands
		if got := w.list(pol, second.Report)[0].Wrap.Wrap; !bytes.Equal(got, junk.Wrap) {
			t.Fatal("a wrap that nobody complained of was replaced")
		}
		check(t, w.files.CannotOpen(t.Context(), pol.Member, second.Report, f.ID))
		if !slices.Contains(w.list(ana, second.Report)[0].Unread, police) {
			t.Fatal("that police cannot open it is not shown")
		}
		check(t, w.files.Share(t.Context(), ana.Member, second.Report, f.ID, wrap))
		check(t, w.files.Share(t.Context(), ana.Member, second.Report, f.ID, wrap)) // a second click
		_, content, err := w.opened(pol, second.Report, w.list(pol, second.Report)[0])
		if err != nil || string(content) != "words" {
			t.Errorf("police open %q: %v", content, err)
		}
		if n := len(w.list(ana, second.Report)[0].Unread); n != 0 {
			t.Errorf("%d offices still cannot read it", n)
		}
		if w.events("file.wrap_refused") != 1 || w.events("file.listed") < 5 {
			t.Errorf("on record are %d complaints and %d looks at the list", w.events("file.wrap_refused"), w.events("file.listed"))
		}
	})
}

// A byte of a stored file that changed, or a part that went, is found and named.
func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		w.hire(childCare, "Ana")
		for name, harm := range map[string]func(tx *store.Tx, part []byte) (int64, error){
			"another byte": func(tx *store.Tx, part []byte) (int64, error) {
				return tx.Exec("update file_part set sealed = $1 where part = 1", part)
			},
			"part gone": func(tx *store.Tx, _ []byte) (int64, error) { return tx.Exec("delete from file_part where part = 2") },
		} {
			to := w.found(w.send(child()))
			x := w.seal(to, "a", threeParts())
			w.upload(to, x)
			x.parts[1][100] ^= 1
			check(t, db.Write(t.Context(), func(tx *store.Tx) error {
				_, err := harm(tx, x.parts[1])
				return err
			}))
			found, err := file.Damaged(t.Context(), db, "ms")
			if err != nil || len(found) == 0 || !strings.Contains(strings.Join(found, " "), x.ID.String()) {
				t.Errorf("%s: %v, %v", name, found, err)
			}
		}
	})
}
