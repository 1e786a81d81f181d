// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
)

const readReport = `try {
	return new TextDecoder().decode((await k.openReport(a)).plaintext);
} catch (e) { return e.kind + ": " + e.message; }`

// asked is a report as keys.js opens it.
func (s sealedReport) asked() map[string]any {
	return map[string]any{"program": ms, "id": store.ID(s.rec.ID).String(), "wrap": s.wrap, "ciphertext": s.body.Ciphertext, "hash": s.body.Hash[:], "recipient": police}
}

// A new key is made in a real browser; old and new reports open there and, after opening their keys once more, for a colleague.
func TestRotationInARealBrowser(t *testing.T) {
	w := one(t)
	ann, shares := w.joinAs(police, "ann@agency.test", RoleMember)
	ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
	if err := w.Grant(t.Context(), ann, ben.Member.ID); err != nil {
		t.Fatal(err)
	}
	before := w.sealed("from before")
	people := w.seats(2)
	one, two := people[0], people[1]
	two.signIn("ben@agency.test", "passphrase of ben@agency.test", "/staff")
	two.waitText("keys-state", "Your keys are open")

	one.signIn("ann@agency.test", "passphrase of ann@agency.test", "/staff/office")
	id := w.agencies.Keys(ms)[police].ID
	if name := fmt.Sprintf("%x", id[:4]); !strings.Contains(one.main(), name) {
		t.Errorf("the page does not name the key %s: %s", name, one.main())
	}
	one.Picture("office-key")
	one.click(`a[href="/staff/office/rotate"]`)
	one.waitPath("/staff/office/rotate")
	one.WaitFor(`!document.getElementById("rotate").hidden`)
	ticked := webtest.Eval[[]bool](one.Tab, `[...document.querySelectorAll("#holders input")].map((i) => i.checked)`)
	if len(ticked) != 2 || !ticked[0] || !ticked[1] {
		t.Errorf("who is confirmed: %v; %s", ticked, one.main())
	}
	one.Picture("office-rotate")
	one.click("#go")
	one.waitPath("/staff/office")
	if !strings.Contains(one.main(), "Your office has a new key") {
		t.Errorf("the page says %s", one.main())
	}
	if got := w.events(); !contains(got, "office.key_rotated office:"+police+" "+ann.Member.Actor()) {
		t.Errorf("the log: %v", got)
	}
	after := w.sealed("from afterwards")
	for _, report := range []sealedReport{before, after} {
		if got := keys[string](one, readReport, report.asked()); got != report.words {
			t.Errorf("the tab that made the key reads %q, want %q", got, report.words)
		}
	}

	// Ben's tab holds the old key only, and is asked to open his keys once more.
	if got := keys[string](two, readReport, after.asked()); !strings.HasPrefix(got, "open:") {
		t.Errorf("with the old key, Ben reads %q", got)
	}
	two.open("/staff")
	two.waitText("unlock-hint", "once more")
	two.fill("unlock-passphrase", "passphrase of ben@agency.test")
	two.click("#keys-form button")
	two.WaitFor(`document.getElementById("unlock-passphrase") === null`)
	for _, report := range []sealedReport{before, after} {
		if got := keys[string](two, readReport, report.asked()); got != report.words {
			t.Errorf("Ben reads %q, want %q", got, report.words)
		}
	}
	h := must(RecoverOffice(t.Context(), w.agencies, ms, police, shares[:2]))(t)
	if plain, err := after.open(h); err != nil || plain != after.words {
		t.Errorf("the printed parts open %q, %v", plain, err)
	}
}

// Somebody who can write into the database puts keys of their own beside the office's holders, and into the recovery key: the browser seals to neither.
func TestRotationSealsToNobodyElse(t *testing.T) {
	w := one(t)
	ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
	thief, _ := w.joinAs(helpers, "thief@agency.test", RoleMember)
	if err := w.Grant(t.Context(), ann, ben.Member.ID); err != nil {
		t.Fatal(err)
	}
	err := w.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`update member set kem = $1 where program = $2 and id = $3`, thief.Member.KEM, ms, ben.Member.ID)
		if err != nil {
			return err
		}
		return w.logged(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	s := w.seats(1)[0]
	s.signIn("ann@agency.test", "passphrase of ann@agency.test", "/staff/office/rotate")
	s.WaitFor(`!document.getElementById("rotate").hidden`)
	ticked := webtest.Eval[map[string]bool](s.Tab, `Object.fromEntries([...document.querySelectorAll("#holders input")].map((i) => [i.value, i.checked]))`)
	if !ticked[ann.Member.Actor()] || ticked[ben.Member.Actor()] || !strings.Contains(s.main(), "not confirmed") {
		t.Errorf("who is confirmed: %v", ticked)
	}
	err = w.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`update office_recovery set public = $1 where program = $2 and office = $3`, thief.Member.KEM, ms, police)
		if err != nil {
			return err
		}
		return w.logged(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	s.open("/staff/office/rotate")
	s.WaitFor(`!document.getElementById("rotate").hidden`)
	s.click("#go")
	s.waitText("problem", "recovery key is not one that your office made")
	if got := w.events(); contains(got, "office.key_rotated") {
		t.Error("a key was made")
	}
}

// Before the directory key signs, the office reads a name aloud that its browser made from the key itself; meanwhile the office's people work as ever, and join.
func TestNameThatTheDirectoryKeySigns(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	directory := agency.NewDirectoryKey()
	w := newWorldUnder(t, db, clock, directory.Public().(ed25519.PublicKey))
	ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	ben, shares := w.joinAs(police, "ben@agency.test", RoleMember)
	if err := w.Grant(t.Context(), ann, ben.Member.ID); err != nil || shares != nil {
		t.Fatal("a key that waits for its signature is not the office's own", err)
	}
	s := w.seats(1)[0]
	s.signIn("ann@agency.test", "passphrase of ann@agency.test", "/staff/office")
	request := must(w.agencies.DirectoryRequest(ms))(t)
	s.waitText("spoken", request.Keys[0].Name())
	s.Picture("office-waits")
	if _, err := w.agencies.AcceptDirectory(t.Context(), agency.System(ms), must(agency.SignRequest(directory, request))(t)); err != nil {
		t.Fatal(err)
	}
	s.open("/staff/office")
	if strings.Contains(s.main(), "has not signed") || !w.agencies.Keyed(ms)(police) {
		t.Errorf("after the signature: %s", s.main())
	}
}

// The yearly drill: wrong and mixed parts are told, right ones are recorded; then new parts take the place of the old.
func TestDrillAndNewPartsInARealBrowser(t *testing.T) {
	w := one(t)
	ann, shares := w.joinAs(police, "ann@agency.test", RoleMember)
	_, others := w.joinAs(helpers, "far@helpers.test", RoleMember)
	report := w.sealed("kept safe")
	w.clock.Advance(370 * 24 * time.Hour)
	s := w.seats(1)[0]
	s.signIn("ann@agency.test", "passphrase of ann@agency.test", "/staff/office")
	if !strings.Contains(s.main(), "were not tried for a year") {
		t.Errorf("the page does not ask for the drill: %s", s.main())
	}
	s.open("/staff/office/drill")
	s.WaitFor(`document.querySelectorAll("#parts textarea").length === 2`)
	for _, try := range []struct{ one, two, want string }{
		{shares[0], shares[0], "was given before"},
		{shares[0], others[1], "another set"},
		{shares[0], shares[1] + " river", "Part 2"},
		{others[0], others[1], "not those of the recovery key in use"},
	} {
		s.fill("part-1", try.one)
		s.fill("part-2", try.two)
		s.click("#go")
		s.waitText("problem", try.want)
	}
	if last, _, err := w.agencies.LastRecoveryDrill(t.Context(), ms, police); err != nil || !last.IsZero() {
		t.Errorf("a drill that failed is recorded: %v, %v", last, err)
	}
	s.fill("part-1", shares[2])
	s.fill("part-2", strings.ToUpper(shares[0]))
	s.Picture("office-drill")
	s.click("#go")
	s.waitPath("/staff/office")
	if !strings.Contains(s.main(), "rebuilt the recovery key") || strings.Contains(s.main(), "were not tried for a year") {
		t.Errorf("the page says %s", s.main())
	}
	if got := w.events(); !contains(got, "recovery.drilled office:"+police+" "+ann.Member.Actor()) {
		t.Errorf("the log: %v", got)
	}

	s.open("/staff/office/parts")
	s.WaitFor(`!document.getElementById("split-form").hidden`)
	s.click("#go")
	s.WaitFor(`document.querySelectorAll(".share").length === 3`)
	fresh := webtest.Eval[[]string](s.Tab, `[...document.querySelectorAll(".share")].map((e) => e.textContent)`)
	var asked int
	if _, err := fmt.Sscanf(s.text("proof-label"), "Type part %d", &asked); err != nil {
		t.Fatal(err)
	}
	s.click("#printed")
	s.fill("proof", fresh[asked%3])
	s.click("#finish")
	s.waitText("proof-problem", fmt.Sprintf("not part %d", asked))
	if _, err := RecoverOffice(t.Context(), w.agencies, ms, police, fresh); err == nil {
		t.Error("parts count that nobody typed back")
	}
	s.fill("proof", fresh[asked-1])
	s.click("#finish")
	s.waitPath("/staff/office")
	h := must(RecoverOffice(t.Context(), w.agencies, ms, police, fresh[1:]))(t)
	if plain, err := report.open(h); err != nil || plain != report.words {
		t.Errorf("the new parts open %q, %v", plain, err)
	}
	if _, err := RecoverOffice(t.Context(), w.agencies, ms, police, shares); err == nil {
		t.Error("the old parts still open the office's key")
	}
	// The tab still holds the office's key: a rotation seals to the new parts.
	s.open("/staff/office/rotate")
	s.WaitFor(`!document.getElementById("rotate").hidden`)
	s.click("#go")
	s.waitPath("/staff/office")
	later := w.sealed("later")
	h = must(RecoverOffice(t.Context(), w.agencies, ms, police, fresh[:2]))(t)
	if plain, err := later.open(h); err != nil || plain != later.words {
		t.Errorf("after a rotation the new parts open %q, %v", plain, err)
	}
}

func (s *seat) main() string {
	s.t.Helper()
	return webtest.Eval[string](s.Tab, `document.querySelector("main").innerText`)
}
