// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
	"waylight/programs"
)

const reporterName = "Marigold Quill"

// named adds who reports to answers.
func named(a form.Answers) form.Answers {
	maps.Copy(a, form.Answers{"name": {reporterName}, "contact": {"555-0142"}, "reach": {"text"}})
	return a
}

// nameKey opens the reporter's own part as the member's browser does.
func (w *world) nameKey(h hand, id store.ID) (*seal.ContentKey, report.ReporterPart) {
	w.t.Helper()
	part, err := w.referrals.Reporter(w.t.Context(), h.Member, id)
	check(w.t, err)
	rec := report.ReporterRecord("ms", id)
	key, err := seal.OpenWrap(w.keys[h.Office], part.Wrap, rec, part.Hash, h.Office)
	check(w.t, err)
	plain, err := key.Open(part.Ciphertext, rec)
	check(w.t, err)
	if !strings.Contains(string(plain), reporterName) {
		w.t.Fatalf("the part about the reporter says %s", plain)
	}
	return key, part
}

func (w *world) nameProof(h hand, id store.ID) ([32]byte, []byte) {
	w.t.Helper()
	key, part := w.nameKey(h, id)
	return key.OpeningToken(), ed25519.Sign(h.sign, []byte(referral.ReporterStatement("ms", id, part.Hash, h.Office, h.ID)))
}

func (w *world) openName(h hand, id store.ID) {
	w.t.Helper()
	token, signature := w.nameProof(h, id)
	check(w.t, w.referrals.OpenReporter(w.t.Context(), h.Member, id, token, signature))
}

// nameFor wraps the reporter's own part for another office.
func (w *world) nameFor(h hand, id store.ID, office string) referral.Onward {
	w.t.Helper()
	key, part := w.nameKey(h, id)
	to := w.agencies.Keys("ms")[office]
	wrap, err := key.Wrap(to.Public, report.ReporterRecord("ms", id), part.Hash, office)
	check(w.t, err)
	return referral.Onward{Office: office, KeyID: to.ID, Wrap: wrap}
}

// Opening who reported is an act of its own, on a proof of its own, and on record.
func TestReporterIsOpenedByItself(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana, ben, lia := w.hire(childCare, "Ana"), w.hire(childCare, "Ben"), w.hire(lawyers, "Lia")
		id, nameless := w.send(named(child())), w.send(child())
		if strings.Contains(w.as(ana).GetDoc("/staff/report/"+id.String()).Body, reporterName) {
			t.Fatal("the page holds the name")
		}
		words, signature := w.proof(ana, id)
		token, proof := w.nameProof(ana, id)
		refused(t, w.referrals.OpenReporter(ctx, ana.Member, id, words, proof), referral.ErrProof, "the token of the words")
		refused(t, w.referrals.OpenReporter(ctx, ana.Member, id, token, signature), referral.ErrProof, "a signature over the words")
		refused(t, w.referrals.OpenReporter(ctx, ben.Member, id, token, proof), referral.ErrProof, "another member's signature")
		refused(t, w.referrals.OpenReporter(ctx, ana.Member, nameless, token, proof), referral.ErrNoName, "a report without such a part")
		refused(t, w.referrals.OpenReporter(ctx, lia.Member, id, token, proof), referral.ErrNotFound, "an office that does not hold the report")
		if w.events("reporter.opened") != 0 {
			t.Fatal("a refused proof left something behind")
		}
		w.openName(ana, id)
		if w.events("reporter.opened") != 1 {
			t.Error("the log does not have it")
		}
		if r := w.inbox(ana, id); r.State != referral.Waiting || !r.OpenedAt.IsZero() {
			t.Errorf("opening who reported delivered the report: %+v", r)
		}
		proofs, err := w.referrals.Evidence(ctx, ana.Member, id)
		check(t, err)
		if len(proofs) != 1 || proofs[0].Member != ana.ID || !slices.Equal(proofs[0].Signature, proof) {
			t.Errorf("on record are %+v", proofs)
		}
		w.open(ana, id)
		for page, want := range map[store.ID]string{id: "Open the part about the reporter", nameless: "left no name and no contact"} {
			if doc := w.as(ana).GetDoc("/staff/report/" + page.String()); !strings.Contains(doc.Main(), want) {
				t.Errorf("the page does not say %q: %s", want, doc.Main())
			}
		}
		for _, export := range []string{"/staff/inbox.csv", "/staff/report/" + id.String() + "/sealed", "/staff/inbox"} {
			if body := w.as(ana).GetDoc(export).Body; strings.Contains(body, reporterName) || strings.Contains(body, "555-0142") {
				t.Errorf("%s holds who reported", export)
			}
		}
	})
}

// Sending a report on leaves out who reported, unless it was opened and a box
// was ticked; where it may not go it never goes, and then nothing does.
func TestReferOnLeavesTheNameOut(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana, lia, sol := w.hire(childCare, "Ana"), w.hire(lawyers, "Lia"), w.hire(shelter, "Sol")
		id := w.send(named(child()))
		w.open(ana, id)
		_, err := w.referrals.ReferOn(ctx, ana.Member, id, w.wrapFor(ana, id, lawyers))
		check(t, err)
		w.open(lia, id)
		_, err = w.referrals.Reporter(ctx, lia.Member, id)
		refused(t, err, referral.ErrNoName, "an office to which it was sent on without the name")
		if doc := w.as(lia).GetDoc("/staff/report/" + id.String()); !strings.Contains(doc.Main(), "it is not for your office") {
			t.Error("the page does not say that the name is not for the office")
		}

		both := w.wrapFor(ana, id, shelter)
		both.Reporter = w.nameFor(ana, id, shelter).Wrap
		_, err = w.referrals.ReferOn(ctx, ana.Member, id, both)
		refused(t, err, referral.ErrNameUnopened, "a name that nobody at the office opened")
		w.openName(ana, id)
		short := both
		short.Reporter = both.Reporter[:100]
		_, err = w.referrals.ReferOn(ctx, ana.Member, id, short)
		refused(t, err, referral.ErrProof, "half a wrap")
		refused(t, w.referrals.GiveReporter(ctx, ana.Member, id, w.nameFor(ana, id, shelter)), referral.ErrName, "an office that does not hold the report")
		if _, err := w.referrals.List(ctx, sol.Member, referral.Filter{State: "all"}); err != nil || len(w.list(sol, referral.Filter{State: "all"})) != 0 {
			t.Fatal("a refused act sent the report on")
		}
		_, err = w.referrals.ReferOn(ctx, ana.Member, id, both)
		check(t, err)
		w.nameKey(sol, id)
		if w.events("reporter.given") != 1 {
			t.Error("the log does not have it")
		}

		give := w.nameFor(ana, id, lawyers)
		another := give
		another.KeyID[0]++
		refused(t, w.referrals.GiveReporter(ctx, ana.Member, id, another), referral.ErrKey, "another key")
		refused(t, w.referrals.GiveReporter(ctx, lia.Member, id, give), referral.ErrNoName, "by who has no name to give")
		check(t, w.referrals.GiveReporter(ctx, ana.Member, id, give))
		refused(t, w.referrals.GiveReporter(ctx, ana.Member, id, give), referral.ErrHasName, "giving it twice")
		w.openName(lia, id)
	})
}

// An office that is accused never gets the name, whoever asks for it.
func TestAccusedOfficeNeverGetsTheName(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		sol, ana := w.hire(shelter, "Sol"), w.hire(childCare, "Ana")
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		a := named(child())
		a["conflict"] = []string{"helper"}
		id := w.send(a)
		w.open(ana, id)
		w.openName(ana, id)
		_, err := w.referrals.Reporter(ctx, sol.Member, id)
		refused(t, err, referral.ErrNotFound, "an accused office asks")
		give := w.nameFor(ana, id, shelter)
		refused(t, w.referrals.GiveReporter(ctx, ana.Member, id, give), referral.ErrName, "an accused office is given the name")
		both := w.wrapFor(ana, id, shelter)
		both.Reporter = give.Wrap
		_, err = w.referrals.ReferOn(ctx, ana.Member, id, both)
		refused(t, err, referral.ErrOffice, "an accused office is sent the report")
		// Even if a row says otherwise.
		check(t, db.Write(ctx, func(tx *store.Tx) error {
			check(t, w.reports.AddWrap(tx, "ms", id, shelter, both.KeyID, both.Wrap))
			check(t, w.reports.AddReporterWrap(tx, "ms", id, shelter, give.KeyID, give.Wrap))
			_, err := tx.Exec("update referral set holder = $1 where program = $2 and report = $3 and relay = 0", shelter, "ms", id)
			tx.Log(custody.Entry{Program: "ms", Event: "test", Record: "report:" + id.String(), Actor: "system"})
			return err
		}))
		_, err = w.referrals.Reporter(ctx, sol.Member, id)
		refused(t, err, referral.ErrNotFound, "an accused office with a forged row")
		w.nameKey(dee, id)
	})
}

// An office from which a law keeps the name can be sent the report, and never
// the name with it, whoever has opened it.
func TestWithheldOfficeNeverGetsTheName(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		offices, err := fs.ReadFile(programs.FS, "ms/offices.yaml")
		check(t, err)
		before, after, _ := strings.Cut(string(offices), "  - id: "+lawyers+"\n")
		set, err := program.Load(programs.FS, fstest.MapFS{"ms/offices.yaml": {Data: []byte(
			before + "  - id: " + lawyers + "\n    reporter: withheld\n    reporter_law: ms-43-21-353\n" + after)}})
		check(t, err)
		w, site := buildOn(t, set, db, clock)
		w.serve(site, w.byHeader)
		ctx := t.Context()
		ana, lia := w.hire(childCare, "Ana"), w.hire(lawyers, "Lia")
		id := w.send(named(child()))
		w.open(ana, id)
		w.openName(ana, id)
		if doc := w.as(ana).GetDoc("/staff/report/" + id.String()); !strings.Contains(doc.Body, "data-no-name") {
			t.Error("the page offers the name for an office from which a law keeps it")
		}
		both := w.wrapFor(ana, id, lawyers)
		both.Reporter = w.nameFor(ana, id, lawyers).Wrap
		_, err = w.referrals.ReferOn(ctx, ana.Member, id, both)
		refused(t, err, referral.ErrName, "sending the name along")
		both.Reporter = nil
		_, err = w.referrals.ReferOn(ctx, ana.Member, id, both)
		check(t, err)
		refused(t, w.referrals.GiveReporter(ctx, ana.Member, id, w.nameFor(ana, id, lawyers)), referral.ErrName, "giving the name afterwards")
		w.open(lia, id)
		_, err = w.referrals.Reporter(ctx, lia.Member, id)
		refused(t, err, referral.ErrNoName, "asking for the name")
	})
}

// Who may not be told is said where an operator calls, and a holder that made a
// new key can be given the part again.
func TestTheNameAtTheDesk(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		a := named(child())
		a["kind"] = []string{"missing"}
		id := w.send(a)
		for recipient, silent := range map[string]bool{"ncmec": true, police: false} {
			doc := w.as(dee).GetDoc("/staff/desk/" + w.task(dee, id, recipient).ID.String())
			if got := strings.Contains(doc.Main(), "Do not give"); got != silent {
				t.Errorf("the task to tell %s: says not to give the name: %v", recipient, got)
			}
		}
		w.open(dee, id)
		w.openName(dee, id)
		if doc := w.as(dee).GetDoc("/staff/report/" + id.String()); strings.Contains(doc.Main(), "Give this part to an office") {
			t.Error("the page offers to give the name to whoever has it")
		}
		clock.Advance(time.Minute)
		w.rotate(ana)
		doc := w.as(dee).GetDoc("/staff/report/" + id.String())
		if !strings.Contains(doc.Main(), "Give this part to an office") {
			t.Error("the page does not offer to give the name to a new key")
		}
		give := w.nameFor(dee, id, childCare)
		answer := w.as(dee).PostJSON("/staff/report/"+id.String()+"/reporter/give", map[string]string{
			"office": childCare, "key_id": hex.EncodeToString(give.KeyID[:]), "wrap": base64.StdEncoding.EncodeToString(give.Wrap), "basis": ""})
		if answer.Status != 200 {
			t.Fatalf("giving it: %d %s", answer.Status, answer.Body)
		}
		w.nameKey(ana, id)
	})
}

// Of a help report nobody but a desk outside the police may give the name to
// another holder: the answer would tell who else was chosen.
func TestHelpKeepsTheNameWhereItIs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		sol, hal := w.hire(shelter, "Sol"), w.hire(helpDesk, "Hal", identity.RoleDesk)
		pia := w.hire(police, "Pia")
		id := w.send(named(help(shelter, police, local)))
		for _, h := range []hand{sol, pia} {
			w.open(h, id)
			w.openName(h, id)
			for _, office := range []string{shelter, police, helpDesk} {
				if office != h.Office {
					refused(t, w.referrals.GiveReporter(t.Context(), h.Member, id, w.nameFor(h, id, office)), referral.ErrName, h.Office+" gives the name to "+office)
				}
			}
			if strings.Contains(w.as(h).GetDoc("/staff/report/"+id.String()).Main(), "Give this part") {
				t.Errorf("%s is shown who else holds it", h.Office)
			}
		}
		w.nameKey(hal, id)
	})
}
