// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// backup copies the database as it stands.
func (w *world) backup() string {
	w.t.Helper()
	to := filepath.Join(w.t.TempDir(), "backup.db")
	db, err := sql.Open("sqlite", w.db.File())
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`vacuum into $1`, to); err != nil {
		w.t.Fatal(err)
	}
	return to
}

// restored opens a copy of the database beside the keyring of today.
func (w *world) restored(file string) *world {
	w.t.Helper()
	db := must(store.Open(w.t.Context(), "sqlite:"+file, store.Options{Schemas: schemas(), Now: w.clock.Now}))(w.t)
	w.t.Cleanup(func() { db.Close() })
	c := &world{t: w.t, db: db, clock: w.clock, ring: w.ring}
	agencies := must(agency.New(agency.Config{DB: db, Programs: w.programs, Now: w.clock.Now}))(w.t)
	c.Service = must(New(Config{DB: db, Programs: w.programs, Agencies: agencies, Ring: w.ring, Now: w.clock.Now, PassphraseSignIn: true}))(w.t)
	return c
}

// A backup from before somebody left, or lost a device, opens nothing for them once it is restored beside the keyring of today, and lets nobody back in.
func TestRestoredBackupLetsNobodyBackIn(t *testing.T) {
	w := one(t)
	ctx := t.Context()
	ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
	cas, lost, root := w.joinWithPasskey("cas@agency.test", true)
	for _, h := range []*Holder{ben, cas} {
		if err := w.Grant(ctx, ann, h.Member.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.Advance(time.Minute)
	kept := newAuthenticator(t)
	slot := must(w.Slot(ctx, cas.Member, KindPasskey))(t)
	if err := w.AddWay(ctx, cas.Member, kept.passkeyWay(cas, root, slot, must(w.beginPasskey(ctx, origin, cas.Member, forAdding))(t))); err != nil {
		t.Fatal(err)
	}
	dan, _ := w.joinAs(police, "dan@agency.test", RoleMember)
	if err := w.Grant(ctx, ann, dan.Member.ID); err != nil {
		t.Fatal(err)
	}
	before := map[string]Keys{"ben": must(w.KeysOf(ctx, ben.Member))(t), "cas": must(w.KeysOf(ctx, cas.Member))(t), "dan": must(w.KeysOf(ctx, dan.Member))(t)}
	cookie, _, err := w.SignIn(ctx, ms, "ben@agency.test", ben.Auth())
	if err != nil {
		t.Fatal(err)
	}
	renewal := must(w.Renew(ctx, ms, dan.Member.ID))(t)
	enrolled, unused := w.invite(police, "eve@agency.test", RoleMember), w.invite(police, "never@agency.test", RoleMember)
	file := w.backup()

	// What happened since: Eve joined, Ben left, Cas lost one of two passkeys, Dan lost everything and began anew.
	if err := w.Deactivate(ctx, ms, ben.Member.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.EndWay(ctx, ms, cas.Member.ID, must(w.Ways(ctx, cas.Member))(t)[0].ID, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.EnrollHolder(ctx, renewal, "another passphrase of dan"); err != nil {
		t.Fatal(err)
	}

	if _, _, err := w.EnrollHolder(ctx, enrolled, "a passphrase of eve"); err != nil {
		t.Fatal(err)
	}

	old := w.restored(file)
	if m := must(old.Member(ctx, ms, ben.Member.ID))(t); !m.Active {
		t.Fatal("this test is about a backup that knows nothing of it")
	}
	for who, m := range map[string]Member{"ben": ben.Member, "cas": cas.Member, "dan": dan.Member} { // before anything is applied, the shares are gone already
		now := must(old.openers(ctx, m))(t)
		if gone := len(before[who].Unlockers) - len(now); gone != 1 {
			t.Errorf("%s: %d of %d ways are gone", who, gone, len(before[who].Unlockers))
		}
	}
	if err := old.ApplyDestructions(ctx); err != nil {
		t.Fatal(err)
	}
	if m := must(old.Member(ctx, ms, ben.Member.ID))(t); m.Active {
		t.Error("Ben is back")
	}
	if _, _, err := old.SignIn(ctx, ms, "ben@agency.test", ben.Auth()); !errors.Is(err, errRefused) {
		t.Errorf("Ben signs in: %v", err)
	}
	if _, err := old.guarded(cookie, false); !errors.Is(err, errSignIn) {
		t.Errorf("Ben's session: %v", err)
	}
	if _, err := old.UnlockHolder(ctx, ms, ben.Member.ID, "passphrase of ben@agency.test"); err == nil {
		t.Error("Ben opens his keys")
	}
	if _, err := old.enterWith(lost); !errors.Is(err, errPasskey) {
		t.Errorf("the lost passkey: %v", err)
	}
	if _, err := old.enterWith(kept); err != nil {
		t.Errorf("the one that was kept: %v", err)
	}
	if _, _, err := old.SignIn(ctx, ms, "dan@agency.test", dan.Auth()); !errors.Is(err, errRefused) {
		t.Errorf("Dan with what he lost: %v", err)
	}
	wraps := must(old.agencies.Wraps(ctx, ms, police))(t)
	living := map[string]bool{}
	for _, v := range wraps {
		living[v.Holder] = living[v.Holder] || v.Ended.IsZero()
	}
	if living[ben.Member.Actor()] || living[dan.Member.Actor()] || !living[cas.Member.Actor()] || !living[ann.Member.Actor()] {
		t.Errorf("who holds the office's key: %v", living)
	}
	if got := old.events(); !contains(got, "restored.member_ended "+ben.Member.Actor()+" system") || !contains(got, "restored.way_ended "+cas.Member.Actor()+" system") {
		t.Errorf("the log: %v", got)
	}
	for name, token := range map[string]string{"a renewal that was used": renewal, "an invitation that was used": enrolled, "one that may have been": unused} {
		if _, err := old.Begin(ctx, token); !errors.Is(err, errInvitation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	entries := len(old.events())
	if err := old.ApplyDestructions(ctx); err != nil || len(old.events()) != entries {
		t.Errorf("applied twice: %v, %d entries more", err, len(old.events())-entries)
	}
}

// Who lost every way in begins anew under the same name: the old ways and wraps end, the rest stays.
func TestRenewal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		admin := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
		ann, shares := w.joinAs(police, "ann@agency.test", RoleMember)
		cookie, _, err := w.SignIn(ctx, ms, "ann@agency.test", ann.Auth())
		if err != nil {
			t.Fatal(err)
		}
		slot := must(w.Slot(ctx, ann.Member, KindPasskey))(t)
		opener := must(w.openers(ctx, ann.Member))(t)[0]
		first := must(w.Renew(w.as(admin), ms, ann.Member.ID))(t)
		token := must(w.Renew(w.as(admin), ms, ann.Member.ID))(t)
		if got := w.last(); got != "member.renewal_made "+ann.Member.Actor()+" "+admin.Actor() {
			t.Errorf("the log says %s", got)
		}
		if _, err := w.guarded(cookie, false); !errors.Is(err, errSignIn) {
			t.Errorf("the session on the lost device: %v", err)
		}
		if again := must(w.EnrolSlot(ctx, token, KindPasskey))(t); again.ID == slot.ID {
			t.Error("a place whose share a thief may know is used again")
		}
		if _, err := w.Begin(ctx, first); !errors.Is(err, errInvitation) {
			t.Errorf("a link that a newer one replaced: %v", err)
		}
		if b := must(w.Begin(ctx, token))(t); !b.Renews || b.Member != ann.Member.ID || !b.OfficeKeyed {
			t.Errorf("the renewal: %+v", b)
		}
		again, more, err := w.EnrollHolder(ctx, token, "a new passphrase for her")
		if err != nil || more != nil {
			t.Fatalf("%v, %d parts", err, len(more))
		}
		if again.Member.ID != ann.Member.ID || bytes.Equal(again.Member.KEM, ann.Member.KEM) {
			t.Error("another member, or the same key")
		}
		if _, _, err := w.EnrollHolder(ctx, token, "a passphrase of a thief"); !errors.Is(err, errInvitation) {
			t.Errorf("used again: %v", err)
		}
		if _, _, err := w.SignIn(ctx, ms, "ann@agency.test", ann.Auth()); !errors.Is(err, errRefused) {
			t.Errorf("the old passphrase: %v", err)
		}
		if _, err := w.ring.Share(opener.ID.String()); !errors.Is(err, keyring.ErrNoShare) {
			t.Errorf("the old share: %v", err)
		}
		if has := must(w.HasAccess(ctx, again.Member))(t); has {
			t.Error("the new key opens the office's reports")
		}
		// The printed parts give her access again, signed for with the office's key.
		h := must(RecoverOffice(ctx, w.agencies, ms, police, shares[:2]))(t)
		var list []Recovered
		for id, seed := range h.offices[police].seeds {
			sealed := must(seal.SealOfficeSeed(again.kem.Public(), seed, ms, police))(t)
			list = append(list, Recovered{KeyID: id, Sealed: sealed, Signature: signOffice(seed, RecoveredStatement(ms, police, again.Member.ID, id, sealed))})
		}
		forged := slices.Clone(list)
		forged[0].Signature = again.SignStatement(RecoveredStatement(ms, police, again.Member.ID, list[0].KeyID, list[0].Sealed))
		other := slices.Clone(list)
		other[0].KeyID[0] ^= 1
		swapped := slices.Clone(list)
		swapped[0].Sealed = make([]byte, len(list[0].Sealed))
		for name, bad := range map[string][]Recovered{"signed with her own key": forged, "of an unknown key": other, "with another wrap": swapped, "nothing": nil, "twice": append(slices.Clone(list), list...)} {
			if err := w.Recover(ctx, again.Member, bad); !errors.Is(err, errRecovered) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.Recover(ctx, admin, list); !errors.Is(err, errRecovered) {
			t.Errorf("for somebody else: %v", err)
		}
		if err := w.Recover(ctx, again.Member, list); err != nil {
			t.Fatal(err)
		}
		if got := w.last(); got != "office.recovered office:"+police+" "+again.Member.Actor() {
			t.Errorf("the log says %s", got)
		}
		back := must(w.UnlockHolder(ctx, ms, ann.Member.ID, "a new passphrase for her"))(t)
		if _, ok := back.OfficeKey(police); !ok {
			t.Error("the office's key does not open")
		}
	})
}

func signOffice(seed []byte, text string) []byte {
	return ed25519.Sign(seal.OfficeSigning(seed), []byte(text))
}

// A device link lets one other device in, once, within its time, and only with the root.
func TestDeviceLink(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		h, _, root := w.joinWithPasskey("ann@agency.test", false)
		ben, _, _ := w.joinWithPasskey("ben@agency.test", true)
		device, thief := must(seal.PrivateFromSeed(seal.NewSeed()))(t), must(seal.PrivateFromSeed(seal.NewSeed()))(t)
		_, old, err := w.MakeLink(ctx, h.Member)
		if err != nil {
			t.Fatal(err)
		}
		id, token, err := w.MakeLink(ctx, h.Member)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.OpenLink(ctx, old, device.Public().Bytes()); !errors.Is(err, errLink) {
			t.Errorf("a link that a newer one replaced: %v", err)
		}
		if _, _, err := w.OpenLink(ctx, token, []byte("no key")); !errors.Is(err, errBody) {
			t.Errorf("no key: %v", err)
		}
		if _, m, err := w.OpenLink(ctx, token, device.Public().Bytes()); err != nil || m.ID != h.Member.ID {
			t.Fatalf("%v, %v", m, err)
		}
		if _, _, err := w.OpenLink(ctx, token, device.Public().Bytes()); err != nil {
			t.Errorf("the same device again: %v", err)
		}
		if _, _, err := w.OpenLink(ctx, token, thief.Public().Bytes()); !errors.Is(err, errLinkUsed) {
			t.Errorf("a second device: %v", err)
		}
		if _, _, err := w.LinkOf(ctx, ben.Member, id); !errors.Is(err, errLink) {
			t.Errorf("a colleague looks: %v", err)
		}
		what := "waylight/device/v1/" + ms + "/" + h.Member.ID.String() + "/" + id.String()
		sealed := must(seal.SealTo(device.Public(), root, what))(t)
		way := func() NewWay {
			slot := must(w.Slot(ctx, h.Member, KindPasskey))(t)
			a := newAuthenticator(t)
			return a.passkeyWay(h, root, slot, must(w.beginPasskey(ctx, origin, h.Member, forLink))(t))
		}
		early := way()
		if err := w.AddLinkedWays(ctx, token, []NewWay{early}); !errors.Is(err, errLink) {
			t.Errorf("before the root was given: %v", err)
		}
		if err := w.GiveRoot(ctx, h.Member, id, thief.Public().Bytes(), sealed); !errors.Is(err, errLink) {
			t.Errorf("for a key that was not compared: %v", err)
		}
		if err := w.GiveRoot(ctx, h.Member, id, device.Public().Bytes(), sealed); err != nil {
			t.Fatal(err)
		}
		l, _, err := w.link(ctx, token)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := seal.OpenFrom(device, l.sealed, what); err != nil || !bytes.Equal(got, root) {
			t.Errorf("what arrived: %v", err)
		}
		unsigned := way()
		unsigned.Signature = ben.SignStatement("something")
		if err := w.AddLinkedWays(ctx, token, []NewWay{unsigned}); !errors.Is(err, errWay) {
			t.Errorf("without the root: %v", err)
		}
		good := way()
		if err := w.AddLinkedWays(ctx, token, []NewWay{good}); err != nil {
			t.Fatal(err)
		}
		if got := w.last(); got != "passkey.added "+h.Member.Actor()+" "+h.Member.Actor() {
			t.Errorf("the log says %s", got)
		}
		if err := w.AddLinkedWays(ctx, token, []NewWay{way()}); !errors.Is(err, errLink) {
			t.Errorf("used again: %v", err)
		}
		_, token, err = w.MakeLink(ctx, h.Member)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(linkLife)
		if _, _, err := w.OpenLink(ctx, token, device.Public().Bytes()); !errors.Is(err, errLink) {
			t.Errorf("after a quarter of an hour: %v", err)
		}
		if err := w.db.Write(ctx, func(tx *store.Tx) error { return sweepUnlock(tx, ms) }); err != nil {
			t.Error(err)
		}
		for _, table := range []string{"device_link", "ceremony"} {
			var left int
			if err := w.db.QueryRow(ctx, "select count(program) from "+table).Scan(&left); err != nil || left != 0 {
				t.Errorf("%d rows of %s are left: %v", left, table, err)
			}
		}
	})
}

func TestLabels(t *testing.T) {
	t.Parallel()
	for label, ok := range map[string]bool{
		"My phone": true, "": true, "Ключ": true, strings.Repeat("n", 60): true, strings.Repeat("n", 61): false, "a\x00b": false, "a\u200bb": false, "a\tb": false, "a\xff": false,
	} {
		_, err := cleanLabel(label)
		if (err == nil) != ok || err != nil && !errors.Is(err, errLabel) {
			t.Errorf("%q: %v", label, err)
		}
	}
}
