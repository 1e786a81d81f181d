// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/ed25519"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web/webtest"
)

// next is the key after the current one of h's office, as the page makes it: sealed to the members and to the recovery key.
func (w *world) next(h *Holder, members ...Member) (k agency.NewKey, signature []byte) {
	w.t.Helper()
	office, old := h.Member.Office, h.offices[h.Member.Office]
	seed := seal.NewSeed()
	key := must(seal.PrivateFromSeed(seed))(w.t)
	k = agency.NewKey{Public: key.Public(), Sign: seal.OfficeSigning(seed).Public().(ed25519.PublicKey)}
	for _, m := range members {
		pub := must(seal.ParsePublicKey(m.KEM))(w.t)
		k.Wraps = append(k.Wraps, agency.Wrap{Holder: m.Actor(), Sealed: must(seal.SealOfficeSeed(pub, seed, ms, office))(w.t), Signature: signHolder(seed, ms, office, m.Actor(), pub)})
	}
	r, ok, err := w.agencies.RecoveryOf(w.t.Context(), ms, office)
	if err != nil || !ok {
		w.t.Fatal("no recovery key", err)
	}
	pub := must(seal.ParsePublicKey(r.Public))(w.t)
	k.Wraps = append(k.Wraps, agency.Wrap{Holder: recoveryHolder, Sealed: must(seal.SealOfficeSeed(pub, seed, ms, office))(w.t)})
	statement := agency.RotationStatement(ms, office, old.current, key.Public().ID(), k.Sign)
	return k, ed25519.Sign(seal.OfficeSigning(old.seeds[old.current]), []byte(statement))
}

// After somebody left, the office's new key opens for those who stay and for the old recovery parts, and not for who left; old reports stay readable.
func TestRotationAfterALeaver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ann, shares := w.joinAs(police, "ann@agency.test", RoleMember)
		ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
		cara, _ := w.joinAs(police, "cara@agency.test", RoleMember)
		for _, h := range []*Holder{ben, cara} {
			if err := w.Grant(ctx, ann, h.Member.ID); err != nil {
				t.Fatal(err)
			}
		}
		before := w.sealed("before the rotation")
		if err := w.Deactivate(ctx, ms, cara.Member.ID); err != nil {
			t.Fatal(err)
		}
		if asked, err := w.agencies.AskedRotations(ctx, ms, police); err != nil || len(asked) != 1 || !asked[0].Due.Equal(w.clock.Now().Add(7*24*time.Hour)) {
			t.Errorf("a new key is not asked for: %+v, %v", asked, err)
		}
		old := w.agencies.Keys(ms)[police].ID

		holders := must(w.officeHolders(ctx, w.db, ann.Member))(t)
		if len(holders) != 2 {
			t.Fatalf("%d holders", len(holders))
		}
		for _, h := range holders { // every one of them was given the key by somebody who had it
			if !endorsesHolder(ann.Member, old, w.agencies.Keys(ms)[police].Sign, h.Member, h.Signature) {
				t.Errorf("%s is not confirmed", h.Email)
			}
		}
		k, signature := w.next(ann, ann.Member, ben.Member)
		w.refusedRotations(ann, ben, cara, old)
		if err := w.RotateOffice(ctx, ann.Member, old, k, signature); err != nil {
			t.Fatal(err)
		}
		if got := w.last(); got != "office.key_rotated office:"+police+" "+ann.Member.Actor() {
			t.Errorf("the log says %s", got)
		}
		if asked, err := w.agencies.AskedRotations(ctx, ms, police); err != nil || len(asked) != 0 {
			t.Errorf("still asked for: %+v, %v", asked, err)
		}
		if err := w.RotateOffice(ctx, ann.Member, old, k, signature); !errors.Is(err, errRotated) {
			t.Errorf("the same again: %v", err)
		}
		after := w.sealed("after the rotation")
		ben = must(w.UnlockHolder(ctx, ms, ben.Member.ID, "passphrase of ben@agency.test"))(t)
		recovered := must(RecoverOffice(ctx, w.agencies, ms, police, shares[:2]))(t)
		for name, h := range map[string]*Holder{"a colleague": ben, "the recovery parts": recovered} {
			for _, s := range []sealedReport{before, after} {
				if plain, err := s.open(h); err != nil || plain != s.words {
					t.Errorf("%s: %q, %v", name, plain, err)
				}
			}
		}
		if _, err := after.open(cara); err == nil {
			t.Error("who left opens what came afterwards")
		}
	})
}

// refusedRotations tries keys that were not sealed as they must be.
func (w *world) refusedRotations(ann, ben, cara *Holder, old [16]byte) {
	w.t.Helper()
	ctx := w.t.Context()
	stranger := w.add(police, "Stranger", "stranger@agency.test", RoleMember)
	stranger.KEM = ben.Member.KEM
	for name, try := range map[string]struct {
		members []Member
		change  func(*agency.NewKey)
		want    error
	}{
		"without oneself":           {[]Member{ben.Member}, nil, errHolderWraps},
		"for who left":              {[]Member{ann.Member, cara.Member}, nil, errHolderWraps},
		"for who never held it":     {[]Member{ann.Member, stranger}, nil, errHolderWraps},
		"without the recovery key":  {[]Member{ann.Member, ben.Member}, func(k *agency.NewKey) { k.Wraps = k.Wraps[:2] }, errHolderWraps},
		"without a word for a name": {[]Member{ann.Member, ben.Member}, func(k *agency.NewKey) { k.Wraps[1].Signature = nil }, errHolderWraps},
		"with another's word":       {[]Member{ann.Member, ben.Member}, func(k *agency.NewKey) { k.Wraps[1].Signature = k.Wraps[0].Signature }, errHolderWraps},
		"cut":                       {[]Member{ann.Member, ben.Member}, func(k *agency.NewKey) { k.Wraps[1].Sealed = k.Wraps[1].Sealed[1:] }, errHolderWraps},
	} {
		k, signature := w.next(ann, try.members...)
		if try.change != nil {
			try.change(&k)
		}
		if err := w.RotateOffice(ctx, ann.Member, old, k, signature); !errors.Is(err, try.want) {
			w.t.Errorf("%s: %v, want %v", name, err, try.want)
		}
	}
	k, _ := w.next(ann, ann.Member, ben.Member)
	if err := w.RotateOffice(ctx, ann.Member, old, k, ann.SignStatement("mine")); err == nil {
		w.t.Error("a member's own signature rotated the office's key")
	}
}

// sealedReport is a report as an office holds it.
type sealedReport struct {
	words string
	rec   seal.Record
	body  seal.Sealed
	wrap  []byte
}

func (w *world) sealed(words string) sealedReport {
	w.t.Helper()
	s := sealedReport{words: words, rec: seal.Record{Program: ms, ID: store.NewID()}}
	body, content, err := seal.Seal([]byte(words), s.rec)
	if err != nil {
		w.t.Fatal(err)
	}
	s.body = body
	s.wrap = must(content.Wrap(w.agencies.Keys(ms)[police].Public, s.rec, body.Hash, police))(w.t)
	return s
}

func (s sealedReport) open(h *Holder) (string, error) {
	plain, _, err := h.OpenReport(police, s.wrap, s.body.Ciphertext, s.rec, s.body.Hash, police)
	return string(plain), err
}

// Closing an office ends its people's accounts and destroys every share: neither a member nor the printed parts open anything, also from an older copy of the wraps.
func TestClosedOfficeOpensNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ann, shares := w.joinAs(police, "ann@agency.test", RoleMember)
		head := w.add(helpers, "Head", "head@agency.test", RoleProgramAdmin)
		second := w.add(helpers, "Second", "second@agency.test", RoleProgramAdmin)
		invited := w.invite(police, "new@agency.test", RoleMember)
		report := w.sealed("before it closed")
		if plain, err := report.open(ann); err != nil || plain != report.words {
			t.Fatal(plain, err)
		}
		if err := w.agencies.AskClose(ctx, acts(head), police, []string{"work_handed_over"}); err != nil {
			t.Fatal(err)
		}
		request, ok, err := w.approvals.Waiting(ctx, w.db, ms, policy.CloseOffice, "office:"+police)
		if err != nil || !ok {
			t.Fatal("nothing waits", err)
		}
		if err := w.approvals.Decide(w.as(head), request.ID, true, ""); err == nil {
			t.Error("somebody agreed to what they asked for")
		}
		if err := w.approvals.Decide(w.as(second), request.ID, true, ""); err != nil {
			t.Fatal(err)
		}
		runner := jobs.New(w.db, []string{ms}, w.Room().Jobs, nil, w.clock.Now, nil)
		if _, err := runner.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
		if m := must(w.Member(ctx, ms, ann.Member.ID))(t); m.Active {
			t.Error("a member of a closed office still has an account")
		}
		if _, err := w.ring.Share(ann.Member.ID.String()); err == nil {
			t.Error("a share is left")
		}
		gone := must(w.ring.Destroyed())(t)
		if !slices.ContainsFunc(gone, func(d keyring.Destruction) bool { return d.Member == ann.Member.ID.String() }) {
			t.Error("the destruction is not written down")
		}
		if _, err := w.UnlockHolder(ctx, ms, ann.Member.ID, "passphrase of ann@agency.test"); err == nil {
			t.Error("a member of a closed office opens their keys")
		}
		if _, err := RecoverOffice(ctx, w.agencies, ms, police, shares); !errors.Is(err, ErrRecovery) {
			t.Errorf("the printed parts: %v", err)
		}
		if _, err := w.Begin(ctx, invited); err == nil {
			t.Error("an invitation to a closed office stands")
		}
		if got := w.events(); !contains(got, "agency.closed office:"+police+" "+second.Actor()) || !contains(got, "member.deactivated "+ann.Member.Actor()) {
			t.Errorf("the log: %v", got)
		}
		if m := must(w.Member(ctx, ms, head.ID))(t); !m.Active {
			t.Error("who works elsewhere lost their account")
		}
	})
}

func TestOfficePagesAreWellMade(t *testing.T) {
	w := one(t)
	ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	waiting, _ := w.joinAs(police, "ben@agency.test", RoleMember)
	bare := w.add(helpers, "Bare", "bare@helpers.test", RoleMember)
	w.clock.Advance(400 * 24 * time.Hour)
	public := w.serve()
	for who, want := range map[*Member]string{&ann.Member: "were not tried for a year", &waiting.Member: "Who holds the key", &bare: "None yet"} {
		c := w.client(public, *who)
		for _, path := range []string{"/staff/office", "/staff/office?done=rotated", "/staff/office/rotate", "/staff/office/drill", "/staff/office/parts"} {
			doc := c.GetDoc(path)
			if doc.Status != http.StatusOK {
				t.Errorf("%s: %s answers %d", who.Email, path, doc.Status)
				continue
			}
			for _, problem := range webtest.Problems(doc) {
				t.Errorf("%s: %s", path, problem)
			}
			if path == "/staff/office" && !strings.Contains(doc.Main(), want) {
				t.Errorf("%s: %q is not on the page: %s", who.Email, want, doc.Main())
			}
		}
	}
}
