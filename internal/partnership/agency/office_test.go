// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// When somebody leaves who held the key, the office is asked for a new one within
// seven days, and the asking ends with the new key.
func TestLeaverAsksForANewKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.live(w.desk, 2)
		asked := func() []Asked {
			list, err := w.AskedRotations(t.Context(), "ms", w.desk)
			w.ok(err)
			return list
		}
		change := func(fn func(tx *store.Tx) error) { w.ok(w.change("office.access", w.desk, fn)) }
		change(func(tx *store.Tx) error {
			return errors.Join(w.AddWrap(tx, "ms", w.desk, Wrap{Holder: holder(3), Sealed: []byte("c")}), w.AddWrap(tx, "ms", w.desk, Wrap{Holder: holder(7), Sealed: []byte("g")}))
		})
		w.work()
		if len(asked()) != 0 || slices.Contains(w.alarms(), AlarmRotate+" "+w.desk) {
			t.Error("asked before anybody left")
		}
		left := w.clock.Now()
		change(func(tx *store.Tx) error { return w.EndWraps(tx, "ms", w.desk, holder(7)) })
		w.clock.Advance(time.Hour)
		change(func(tx *store.Tx) error { return w.EndWraps(tx, "ms", w.desk, holder(3)) })
		if list := asked(); len(list) != 1 || !list[0].Due.Equal(left.Add(7*24*time.Hour)) || list[0].Reason != ReasonLeft {
			t.Errorf("asked: %+v", list)
		}
		w.work()
		if !slices.Contains(w.alarms(), AlarmRotate+" "+w.desk) {
			t.Errorf("no alarm: %v", w.alarms())
		}
		change(func(tx *store.Tx) error { return w.EndWraps(tx, "ms", w.desk, holder(9)) }) // held nothing
		w.rotated(w.desk, holder(2), Recovery)
		w.work()
		if len(asked()) != 0 || slices.Contains(w.alarms(), AlarmRotate+" "+w.desk) {
			t.Errorf("still asked after the new key: %+v, %v", asked(), w.alarms())
		}
	})
}

// A key that is sealed to a recovery key brings its public half, signed, or the
// office has one; nobody else's is taken.
func TestRecoveryKeyIsTheOfficesOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.ok(w.Join(ctx, w.admin, w.desk))
		bare := w.newKey(w.desk, holder(2), Recovery)
		bare.Recovery = nil
		w.refused(w.setKey(w.desk, bare), errRecovery)
		for name, spoil := range map[string]func(*RecoveryKey){
			"no signature": func(r *RecoveryKey) { r.Signature = nil }, "another's signature": func(r *RecoveryKey) { r.Signature = make([]byte, 64) },
			"another number of parts": func(r *RecoveryKey) { r.Shares = 4 }, "one part enough": func(r *RecoveryKey) { r.Needed = 1 }, "more needed than there are": func(r *RecoveryKey) { r.Needed = 4 },
			"no key": func(r *RecoveryKey) { r.Public = nil },
		} {
			k := w.newKey(w.desk, holder(2), Recovery)
			spoil(k.Recovery)
			if err := w.setKey(w.desk, k); !errors.Is(err, errRecovery) {
				t.Errorf("%s: %v", name, err)
			}
		}
		unsealed := w.newKey(w.desk, holder(2), Recovery)
		unsealed.Wraps = wrapped(holder(2), holder(3))
		w.refused(w.setKey(w.desk, unsealed), errRecovery)

		first := w.newKey(w.desk, holder(2), Recovery)
		w.ok(w.setKey(w.desk, first))
		r, ok, err := w.RecoveryOf(ctx, "ms", w.desk)
		if err != nil || !ok || string(r.Public) != string(first.recovery.Public().Bytes()) || r.Key != first.Public.ID() || r.Needed != 2 || r.Shares != 3 {
			t.Errorf("the recovery key: %+v, %v, %v", r, ok, err)
		}
		// A later key keeps it.
		next := w.newKey(w.desk, holder(2), Recovery)
		next.Recovery = nil
		w.ok(w.setKey(w.desk, next, w.endorsed(w.desk, next)))
		if again, _, err := w.RecoveryOf(ctx, "ms", w.desk); err != nil || string(again.Public) != string(r.Public) {
			t.Errorf("after a new key: %+v, %v", again, err)
		}
		// New parts take its place for every key.
		parts := w.newKey(w.desk, holder(2), Recovery)
		fresh := *parts.Recovery
		replace := func(r RecoveryKey, wraps ...Wrap) error {
			return w.change("office.recovery_replaced", w.desk, func(tx *store.Tx) error { return w.ReplaceRecovery(tx, "ms", w.desk, r, wraps, holder(2)) })
		}
		both := []Wrap{{Key: first.Public.ID(), Holder: Recovery, Sealed: []byte("new")}, {Key: next.Public.ID(), Holder: Recovery, Sealed: []byte("new")}}
		w.refused(replace(fresh, both...), errRecovery) // signed with a key that is not the office's
		fresh.Signature = ed25519.Sign(next.signing, []byte(RecoveryStatement("ms", w.desk, next.Public.ID(), parts.recovery.Public().ID(), 2, 3)))
		w.refused(replace(fresh, both[0]), errRecovery) // not for the key in use
		w.refused(replace(fresh, append(slices.Clone(both), Wrap{Key: [16]byte{9}, Holder: Recovery, Sealed: []byte("new")})...), errHolder)
		w.ok(replace(fresh, both...))
		if now, _, err := w.RecoveryOf(ctx, "ms", w.desk); err != nil || string(now.Public) != string(fresh.Public) || now.Key != next.Public.ID() {
			t.Errorf("the new one: %+v, %v", now, err)
		}
		wraps, err := w.Wraps(ctx, "ms", w.desk)
		w.ok(err)
		for _, wr := range wraps {
			if wr.Holder == Recovery && string(wr.Sealed) != "new" {
				t.Errorf("a key is still sealed to the old parts: %+v", wr)
			}
		}
	})
}

// Once a year the shares must rebuild the recovery key; only who did so can answer.
func TestRecoveryDrill(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.live(w.desk, 2)
		ben := w.officer(2)
		if _, err := w.BeginRecoveryDrill(ctx, w.officer(4)); !errors.Is(err, errNoRecovery) {
			t.Errorf("an office without parts: %v", err)
		}
		late := func() bool {
			w.work()
			return slices.Contains(w.alarms(), AlarmRecovery+" "+w.desk) && slices.Contains(missingOf(t, w), "desk.recovery:"+w.desk)
		}
		if late() {
			t.Error("asked for at once")
		}
		w.clock.Advance(366 * 24 * time.Hour)
		if !late() {
			t.Errorf("not asked for after a year: %v", w.alarms())
		}
		begun, err := w.BeginRecoveryDrill(ctx, ben)
		w.ok(err)
		if len(begun.Wraps) != 1 || begun.Wraps[0].Holder != Recovery {
			t.Errorf("what the parts should open: %+v", begun.Wraps)
		}
		answer, err := seal.OpenFrom(w.keys[w.desk].recovery, begun.Challenge, DrillInfo("ms", w.desk, begun.ID))
		w.ok(err)
		w.refused(w.FinishRecoveryDrill(ctx, ben, begun.ID, make([]byte, 32)), errNotRebuilt)
		w.refused(w.FinishRecoveryDrill(ctx, ben, store.NewID(), answer), errNotRebuilt)
		w.refused(w.FinishRecoveryDrill(ctx, w.officer(4), begun.ID, answer), errNotRebuilt)
		w.ok(w.FinishRecoveryDrill(ctx, ben, begun.ID, answer))
		w.refused(w.FinishRecoveryDrill(ctx, ben, begun.ID, answer), errNotRebuilt)
		w.logged(1, "recovery.drilled", "office:"+w.desk, ben.String())
		last, due, err := w.LastRecoveryDrill(ctx, "ms", w.desk)
		if err != nil || !last.Equal(w.clock.Now()) || !due.Equal(last.Add(drillEvery)) || late() {
			t.Errorf("after the drill: %v, %v, %v, %v", last, due, err, w.alarms())
		}
		old, err := w.BeginRecoveryDrill(ctx, ben)
		w.ok(err)
		answer, err = seal.OpenFrom(w.keys[w.desk].recovery, old.Challenge, DrillInfo("ms", w.desk, old.ID))
		w.ok(err)
		w.clock.Advance(25 * time.Hour)
		w.refused(w.FinishRecoveryDrill(ctx, ben, old.ID, answer), errNotRebuilt)
	})
}

// A hold keeps an office from being closed, also when it comes after somebody asked;
// lifting it takes two.
func TestHoldKeepsAnOffice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.live(w.desk, 2)
		said := []string{saidHandedOver}
		w.refused(w.PlaceHold(ctx, w.admin, w.desk, "", " "), errBasis)
		w.refused(w.PlaceHold(ctx, w.admin, w.desk, "one report", "Order 7"), errHoldReport)
		w.refused(w.PlaceHold(ctx, w.admin, "mdcps", "", "Order 7"), errNotJoined)
		w.refused(w.PlaceHold(ctx, w.officer(2), w.desk, "", "Order 7"), errForbidden)

		w.ok(w.AskClose(ctx, w.admin, w.desk, said))
		w.ok(w.PlaceHold(ctx, w.admin, w.desk, store.NewID().String(), "Order 7 of the circuit court"))
		w.refused(w.agree(policy.CloseOffice, "office:"+w.desk), errHeld)
		if !w.Joined("ms", w.desk) || !w.Keyed("ms")(w.desk) {
			t.Fatal("an office under a hold was closed")
		}
		list, err := w.Holds(ctx, "ms", w.desk)
		w.ok(err)
		h := list[0]
		if len(list) != 1 || !h.Lifted.IsZero() || h.PlacedBy != w.admin.String() {
			t.Errorf("%+v", list)
		}
		for what, report := range map[string]store.ID{"the office": {}, "the report": h.Report} {
			if held, err := Held(ctx, w.cfg.DB, "ms", w.desk, report); err != nil || !held {
				t.Errorf("%s is not held: %v", what, err)
			}
		}
		if held, err := Held(ctx, w.cfg.DB, "ms", w.desk, store.NewID()); err != nil || held {
			t.Errorf("another report is held: %v", err)
		}

		w.refused(w.AskLift(ctx, System("ms"), h.ID, "over"), errForbidden)
		w.refused(w.AskLift(ctx, w.admin, h.ID, ""), errWhyLift)
		w.refused(w.AskLift(ctx, w.admin, store.NewID(), "over"), errNoSuch)
		w.ok(w.AskLift(ctx, w.admin, h.ID, "The case ended"))
		if held, _ := Held(ctx, w.cfg.DB, "ms", w.desk, store.ID{}); !held {
			t.Error("one person lifted a hold")
		}
		w.ok(w.agree(policy.LiftHold, h.record()))
		w.refused(w.AskLift(ctx, w.admin, h.ID, "again"), errHeldTwice)
		list, err = w.Holds(ctx, "ms", "")
		if err != nil || list[0].LiftedBy != w.second.String() || list[0].LiftAskedBy != w.admin.String() {
			t.Errorf("%+v, %v", list, err)
		}
		w.logged(1, "hold.placed", h.record(), w.admin.String())
		w.logged(1, "hold.lifted", h.record(), w.second.String())
		w.ok(w.agree(policy.CloseOffice, "office:"+w.desk))
	})
}

// Closing takes two, open work and the list of statements are held, and afterwards
// nothing that the office had opens.
func TestClosingAnOffice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.live(w.desk, 2)
		var ended []string
		w.WhenClosed(func(_ context.Context, tx *store.Tx, program, office, actor string) error {
			ended = append(ended, program+" "+office+" "+actor)
			return nil
		})
		said := []string{saidHandedOver, "parts_destroyed"}
		w.refused(w.AskClose(ctx, System("ms"), w.desk, said), errForbidden)
		w.refused(w.AskClose(ctx, w.officer(2), w.desk, said), errForbidden)
		w.refused(w.AskClose(ctx, w.admin, w.desk, []string{"parts_destroyed"}), errHandedOver)
		w.refused(w.AskClose(ctx, w.admin, w.desk, []string{saidHandedOver, "everything_is_fine"}), errStatement)
		w.refused(w.AskClose(ctx, w.admin, w.desk, []string{saidHandedOver, saidHandedOver}), errStatement)
		w.open = 1
		w.refused(w.AskClose(ctx, w.admin, w.desk, said), errOpenWork)
		w.open = 0
		w.ok(w.AskClose(ctx, w.admin, w.desk, said))
		w.open = 1
		w.refused(w.agree(policy.CloseOffice, "office:"+w.desk), errOpenWork)
		w.open = 0
		own := context.WithValue(ctx, actorKey{}, w.admin)
		r, _, err := w.approvals.Waiting(ctx, w.cfg.DB, "ms", policy.CloseOffice, "office:"+w.desk)
		w.ok(err)
		if err := w.approvals.Decide(own, r.ID, true, ""); err == nil {
			t.Error("somebody agreed to what they asked for")
		}
		if !strings.Contains(r.Detail, "Not attested:") || !w.Keyed("ms")(w.desk) || len(ended) != 0 {
			t.Errorf("before the second person: %q, %v", r.Detail, ended)
		}
		w.ok(w.agree(policy.CloseOffice, "office:"+w.desk))
		if w.Joined("ms", w.desk) || len(w.OwnKeys("ms")) != 0 || !slices.Equal(ended, []string{"ms " + w.desk + " " + w.second.String()}) {
			t.Errorf("after the second person: %v", ended)
		}
		wraps, err := w.Wraps(ctx, "ms", w.desk)
		w.ok(err)
		for _, wr := range wraps {
			if wr.Ended.IsZero() || len(wr.Sealed) != 0 {
				t.Errorf("a wrap is left: %+v", wr)
			}
		}
		if _, ok, err := w.RecoveryOf(ctx, "ms", w.desk); ok || err != nil {
			t.Errorf("the recovery key is still in use: %v", err)
		}
		told, err := w.Attestations(ctx, "ms", w.desk)
		w.ok(err)
		var words []string
		for _, a := range told {
			words = append(words, a.Statement+" "+a.Member)
		}
		slices.Sort(words)
		if want := []string{"parts_destroyed " + w.admin.String(), "second_person " + w.second.String(), "work_handed_over " + w.admin.String()}; !slices.Equal(words, want) {
			t.Errorf("attested: %v, want %v", words, want)
		}

		// It comes back without keys and makes a new one, which the directory key signs.
		w.ok(w.Join(ctx, w.admin, w.desk))
		if !w.NeedsKey("ms", w.desk) || w.Keyed("ms")(w.desk) {
			t.Error("an office that comes back has a key")
		}
		w.work()
		if slices.Contains(w.alarms(), AlarmDoubted+" "+w.desk) {
			t.Errorf("its old keys alarm: %v", w.alarms())
		}
		fresh := w.newKey(w.desk, holder(2), Recovery)
		w.ok(w.setKey(w.desk, fresh))
		for name, s := range map[string]*Service{"running": w.Service, "started": w.restarted()} {
			if s.Keys("ms")[w.desk].ID != fresh.Public.ID() || !s.Keyed("ms")(w.desk) {
				t.Errorf("%s: the new key does not count", name)
			}
		}
	})
}

// Holds and closing, as an administrator walks them.
func TestHoldsAndClosingByPages(t *testing.T) {
	t.Parallel()
	s := sqlite(t, "Ana")
	s.live(s.desk, 2)
	office := "/staff/offices/" + s.desk
	s.sendWrong("/staff/holds", "/staff/holds/place", http.StatusBadRequest, url.Values{"office": {s.desk}, "basis": {""}, "report": {"x"}})
	d := s.send("/staff/holds", "/staff/holds/place", url.Values{"office": {s.desk}, "basis": {"Order 7 of the circuit court"}})
	link := d.All("th", "scope", "row")[0].All("a")[0].Attr["href"]
	if csv := s.c.GetDoc("/staff/holds.csv?state=standing"); strings.Count(csv.Body, "\r\n") != 2 || !strings.Contains(csv.Body, "Order 7") {
		t.Errorf("the export: %s", csv.Body)
	}
	if d := s.page("/staff/holds?q=nothing-like-it"); !strings.Contains(d.Main(), "No hold matches") {
		t.Errorf("a search: %s", d.Main())
	}
	if d := s.page(office); !strings.Contains(d.Main(), "1 standing") {
		t.Errorf("the office does not say that it is held: %s", d.Main())
	}
	fill := url.Values{"confirm": {s.desk}, "said": {saidHandedOver, "copies_destroyed"}}
	s.sendWrong(office, office+"/close", http.StatusConflict, fill)
	s.sendWrong(link, link+"/lift", http.StatusBadRequest, url.Values{"why": {" "}})
	if d := s.send(link, link+"/lift", url.Values{"why": {"The case ended"}}); !strings.Contains(d.Main(), "Approvals") || len(d.All("form", "action", link+"/lift")) != 0 {
		t.Errorf("while it waits: %s", d.Main())
	}
	s.ok(s.agree(policy.LiftHold, "hold:"+link[len("/staff/holds/"):]))
	if d := s.page(link); !strings.Contains(d.Main(), "Ana Example asked") {
		t.Errorf("once lifted: %s", d.Main())
	}
	if d := s.send(office, office+"/close", fill); !strings.Contains(d.Main(), "A second person decides") {
		t.Errorf("while closing waits: %s", d.Main())
	}
	s.ok(s.agree(policy.CloseOffice, "office:"+s.desk))
	d = s.page(office)
	for _, words := range []string{"closed", "cannot be proven", "Ana Example", "print-outs", "Agreed to the closing"} {
		if !strings.Contains(d.Main(), words) {
			t.Errorf("%q is not on the page of the closed office: %s", words, d.Main())
		}
	}
	s.as("Ben")
	if d := s.c.GetDoc("/staff/holds"); d.Status != http.StatusForbidden {
		t.Errorf("a member reads the holds: %d", d.Status)
	}
}
