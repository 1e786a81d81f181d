// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// restarted is the service as a process that starts now has it.
func (w *world) restarted() *Service {
	w.t.Helper()
	s, err := New(Config{DB: w.cfg.DB, Programs: w.cfg.Programs, Now: w.clock.Now})
	w.ok(err)
	return s
}

// forge writes into the database as somebody does who has nothing else, and has
// the service read it.
func (w *world) forge(fn func(tx *store.Tx) error) {
	w.t.Helper()
	w.ok(w.change("test.forged", w.desk, fn))
}

// plant puts a key into the database as the one in use, with wraps, and leaves
// the one before it retired.
func plant(tx *store.Tx, office string, old [16]byte, pub *seal.PublicKey, e Endorsement) error {
	if err := retireKey(tx, "ms", office, old); err != nil {
		return err
	}
	if err := insertKey(tx, "ms", office, pub, e); err != nil {
		return err
	}
	for _, wr := range wrapped(holder(2), Recovery) {
		wr.Key = pub.ID()
		if err := insertWrap(tx, "ms", office, wr); err != nil {
			return err
		}
	}
	return nil
}

// unsigned is an endorsement whose signature does not fit.
func unsigned(previous [16]byte, next *seal.PublicKey, at time.Time) Endorsement {
	public, _, _ := ed25519.GenerateKey(nil) // never fails; a key of zeros would verify some signatures of zeros
	return Endorsement{ok: true, previous: previous, next: next.ID(), member: person(2), public: public, signature: make([]byte, 64), at: at}
}

// Whoever can write into the database, and nothing else, must not become the one
// for whom reports are sealed.
func TestPlantedKeyIsNotUsed(t *testing.T) {
	t.Parallel()
	type attack struct {
		name string
		do   func(w *world, tx *store.Tx, current [16]byte, mine *seal.PublicKey) error
	}
	for _, a := range []attack{
		{"as a first key", func(w *world, tx *store.Tx, current [16]byte, mine *seal.PublicKey) error {
			return plant(tx, w.desk, current, mine, Endorsement{})
		}},
		{"with a signature that does not fit", func(w *world, tx *store.Tx, current [16]byte, mine *seal.PublicKey) error {
			return plant(tx, w.desk, current, mine, unsigned(current, mine, w.clock.Now()))
		}},
		{"under a key that never was", func(w *world, tx *store.Tx, current [16]byte, mine *seal.PublicKey) error {
			return plant(tx, w.desk, current, mine, unsigned([16]byte{9}, mine, w.clock.Now()))
		}},
		{"under itself", func(w *world, tx *store.Tx, current [16]byte, mine *seal.PublicKey) error {
			return plant(tx, w.desk, current, mine, unsigned(mine.ID(), mine, w.clock.Now()))
		}},
		{"beside the right one", func(w *world, tx *store.Tx, current [16]byte, mine *seal.PublicKey) error {
			if _, err := tx.Exec(`drop index agency_key_current`); err != nil {
				return err
			}
			if err := plant(tx, w.desk, current, mine, Endorsement{}); err != nil {
				return err
			}
			_, err := tx.Exec(`update agency_key set retired = null where program = $1 and id = $2`, "ms", current[:])
			if err != nil {
				return err
			}
			return tx.Touch("agency_key", "ms", w.desk, current)
		}},
		{"under the right one's name", func(w *world, tx *store.Tx, current [16]byte, mine *seal.PublicKey) error {
			_, err := tx.Exec(`update agency_key set public = $1 where program = $2 and id = $3`, mine.Bytes(), "ms", current[:])
			if err != nil {
				return err
			}
			return tx.Touch("agency_key", "ms", w.desk, current)
		}},
		{"by taking back a rotation", func(w *world, tx *store.Tx, current [16]byte, _ *seal.PublicKey) error {
			if err := retireKey(tx, "ms", w.desk, current); err != nil {
				return err
			}
			all, err := readKeys(context.Background(), tx, "ms")
			if err != nil {
				return err
			}
			i := slices.IndexFunc(all, func(r keyRow) bool { return r.signedBy == firstKey })
			if _, err := tx.Exec(`update agency_key set retired = null where program = $1 and id = $2`, "ms", all[i].id); err != nil {
				return err
			}
			return tx.Touch("agency_key", "ms", w.desk, all[i].id)
		}},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				w.live(w.desk, 2)
				right := newPublic(t)
				w.ok(w.setKey(w.desk, right, wrapped(holder(2), Recovery), w.endorsed(w.desk, right)))
				if k := w.restarted().Keys("ms")[w.desk]; k.ID != right.ID() {
					t.Fatal("a key that was rotated as it must be is not believed after a start")
				}
				mine := newPublic(t)
				w.forge(func(tx *store.Tx) error { return a.do(w, tx, right.ID(), mine) })
				if k := w.Keys("ms")[w.desk]; k.ID != right.ID() || string(k.Public.Bytes()) != string(right.Bytes()) || !w.Keyed("ms")(w.desk) {
					t.Errorf("the running process changed to another key: %+v", k)
				}
				if k, ok := w.restarted().Keys("ms")[w.desk]; ok {
					t.Errorf("a process that starts uses a key: %+v", k)
				}
				w.work()
				if !slices.Contains(w.alarms(), AlarmDoubted+" "+w.desk) {
					t.Errorf("no alarm: %v", w.alarms())
				}
			})
		})
	}
}

// Taking every row of the office away first must not make room for another key.
func TestPinnedKeyOutlivesItsRows(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := newWorld(t, db, clock, nil)
	w.live(w.desk, 2)
	right, other := w.Keys("ms")[w.desk], newPublic(t)
	pinned := func(rows ...keyRow) (Key, error) { return believed("ms", rows, right) }
	if k, err := pinned(); err != errKeyGone || k.Public != nil {
		t.Errorf("with all rows gone: %+v, %v", k, err)
	}
	planted := keyRow{office: w.desk, id: other.ID(), public: other.Bytes(), signedBy: firstKey, wraps: 2}
	if k, err := pinned(planted); err != errNotEndorsed || k.Public != nil {
		t.Errorf("with another key in its place: %+v, %v", k, err)
	}
	if k, err := believed("ms", []keyRow{planted}, Key{}); err != nil || k.ID != other.ID() {
		t.Errorf("a first key is trusted when it is first seen: %+v, %v", k, err)
	}
}

// A process that slept through two rotations follows both.
func TestRotationsAreFollowed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.live(w.desk, 2)
		asleep := w.restarted()
		var last *seal.PublicKey
		for range 2 {
			last = newPublic(t)
			w.ok(w.setKey(w.desk, last, wrapped(holder(2), Recovery), w.endorsed(w.desk, last)))
		}
		w.ok(asleep.Refresh(t.Context()))
		for name, s := range map[string]*Service{"the one that rotated": w.Service, "one that slept": asleep, "one that starts": w.restarted()} {
			if s.Keys("ms")[w.desk].ID != last.ID() {
				t.Errorf("%s does not have the last key", name)
			}
		}
		w.work()
		if slices.Contains(w.alarms(), AlarmDoubted+" "+w.desk) {
			t.Error("an alarm for a rotation that was signed")
		}
	})
}

// A key that nobody can open is taken out of use by two people, never by one.
func TestLostKeyIsMarkedByTwo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.people = append(w.people, Person{person(6), "", "Hal Example", "hal@example.gov", []string{roleProgramAdmin}})
		const office = "mdcps"
		w.live(w.desk, 2)
		w.live(w.other, 4)
		w.ok(w.Join(ctx, w.admin, office))
		w.refused(w.MarkKeyLost(ctx, w.admin, office, ""), errNoSuch)
		w.ok(w.setKey(office, newPublic(t), wrapped(holder(7), Recovery)))
		name := shortKey(w.Keys("ms")[office])
		child := program.Envelope{Version: 1, Land: "ordinary", Age: "under18", Kind: "sex", Who: "saw", Mode: program.Tip, Language: "en"}
		reads := func() bool { return slices.Contains(w.p.Route(child, w.Keyed("ms")).Readers, office) }

		w.refused(w.MarkKeyLost(ctx, w.officer(2), office, name), errForbidden)
		w.refused(w.MarkKeyLost(ctx, System("ms"), office, name), errForbidden)
		w.refused(w.MarkKeyLost(ctx, w.admin, office, "another"), errKeyName)
		w.ok(w.MarkKeyLost(ctx, w.admin, office, name))
		w.refused(w.MarkKeyLost(ctx, w.admin, office, name), errMarked)
		if !w.Keyed("ms")(office) || !reads() {
			t.Error("one person took a key out of use")
		}
		w.ok(w.MarkKeyLost(ctx, w.officer(6), office, name))
		if w.Keyed("ms")(office) || w.restarted().Keyed("ms")(office) || reads() {
			t.Error("reports are still sealed to a key that nobody can open")
		}
		if _, ok := w.Keys("ms")[office]; !ok {
			t.Error("the key went away: what was sealed to it would lose its name")
		}
		w.logged(1, "key.marked_lost", "office:"+office, w.admin.String())
		w.logged(1, "key.marked_lost", "office:"+office, w.officer(6).String())
	})
}
