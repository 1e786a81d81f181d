// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"crypto/ed25519"
	"slices"
	"testing"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// restarted is the service as a process that starts now has it.
func (w *world) restarted() *Service {
	w.t.Helper()
	s, err := New(Config{DB: w.cfg.DB, Programs: w.cfg.Programs, Now: w.clock.Now, Directory: w.cfg.Directory})
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
func (w *world) plant(tx *store.Tx, old [16]byte, mine officeKey, restsOn string, signature, directory []byte) error {
	if err := retireKey(tx, "ms", w.desk, old); err != nil {
		return err
	}
	row := newKeyRow{NewKey: mine.NewKey, restsOn: restsOn, directory: directory,
		by: Endorsement{ok: signature != nil, member: person(2), signature: signature, at: w.clock.Now()}}
	if err := insertKey(tx, "ms", w.desk, row); err != nil {
		return err
	}
	for _, wr := range wrapped(holder(2), Recovery) {
		wr.Key = mine.Public.ID()
		if err := insertWrap(tx, "ms", w.desk, wr); err != nil {
			return err
		}
	}
	return nil
}

// set changes a column of an office's key as no act does.
func (w *world) set(tx *store.Tx, id [16]byte, column string, value any) error {
	_, err := tx.Exec(`update agency_key set `+column+` = $1 where program = $2 and id = $3`, value, "ms", id[:])
	if err != nil {
		return err
	}
	return tx.Touch("agency_key", "ms", w.desk, id)
}

// handOver is the signature under one key for another.
func (w *world) handOver(from, to officeKey) []byte {
	return ed25519.Sign(from.signing, []byte(RotationStatement("ms", w.desk, from.Public.ID(), to.Public.ID(), to.Sign)))
}

func under(k officeKey) string { return underKey + keyName(k.Public.ID()) }

// attack is something that somebody who can write into the database does, to become
// the one for whom reports are sealed. first and right are the office's two keys,
// mine the attacker's.
type attack struct {
	name string
	do   func(w *world, tx *store.Tx, first, right, mine officeKey) error
}

func attacks() []attack {
	return []attack{
		{"as a first key", func(w *world, tx *store.Tx, _, right, mine officeKey) error {
			return w.plant(tx, right.Public.ID(), mine, firstKey, nil, nil)
		}},
		{"as a first key that another directory key signed", func(w *world, tx *store.Tx, _, right, mine officeKey) error {
			return w.plant(tx, right.Public.ID(), mine, firstKey, nil, ed25519.Sign(NewDirectoryKey(), []byte(DirectoryStatement("ms", w.desk, mine.Public.ID(), mine.Sign))))
		}},
		{"with the directory's signature for the right key", func(w *world, tx *store.Tx, first, right, mine officeKey) error {
			return w.plant(tx, right.Public.ID(), mine, firstKey, nil, ed25519.Sign(w.directory, []byte(DirectoryStatement("ms", w.desk, first.Public.ID(), first.Sign))))
		}},
		{"signed with a member's own key, which stands beside it", func(w *world, tx *store.Tx, _, right, mine officeKey) error {
			public, member, _ := ed25519.GenerateKey(nil)
			signature := ed25519.Sign(member, []byte(RotationStatement("ms", w.desk, right.Public.ID(), mine.Public.ID(), mine.Sign)))
			if err := w.plant(tx, right.Public.ID(), mine, under(right), signature, nil); err != nil {
				return err
			}
			return w.set(tx, mine.Public.ID(), "signed_public", []byte(public))
		}},
		{"under a key that never was", func(w *world, tx *store.Tx, _, right, mine officeKey) error {
			return w.plant(tx, right.Public.ID(), mine, underKey+keyName([16]byte{9}), make([]byte, 64), nil)
		}},
		{"under itself", func(w *world, tx *store.Tx, _, right, mine officeKey) error {
			return w.plant(tx, right.Public.ID(), mine, under(mine), w.handOver(mine, mine), nil)
		}},
		{"past the right one", func(w *world, tx *store.Tx, first, right, mine officeKey) error {
			return w.plant(tx, right.Public.ID(), mine, under(first), w.handOver(first, mine), nil)
		}},
		{"under the right one, whose signing key was changed first", func(w *world, tx *store.Tx, _, right, mine officeKey) error {
			if err := w.set(tx, right.Public.ID(), "sign_public", []byte(mine.Sign)); err != nil {
				return err
			}
			forged := right
			forged.signing = mine.signing
			return w.plant(tx, right.Public.ID(), mine, under(right), w.handOver(forged, mine), nil)
		}},
		{"by changing the right one's signing key", func(w *world, tx *store.Tx, _, right, mine officeKey) error {
			return w.set(tx, right.Public.ID(), "sign_public", []byte(mine.Sign))
		}},
		{"beside the right one", func(w *world, tx *store.Tx, _, right, mine officeKey) error {
			if _, err := tx.Exec(`drop index agency_key_current`); err != nil {
				return err
			}
			if err := w.plant(tx, right.Public.ID(), mine, firstKey, nil, nil); err != nil {
				return err
			}
			return w.set(tx, right.Public.ID(), "retired", nil)
		}},
		{"under the right one's name", func(w *world, tx *store.Tx, _, right, mine officeKey) error {
			return w.set(tx, right.Public.ID(), "public", mine.Public.Bytes())
		}},
		{"by taking back a rotation", func(w *world, tx *store.Tx, first, right, _ officeKey) error {
			if err := retireKey(tx, "ms", w.desk, right.Public.ID()); err != nil {
				return err
			}
			return w.set(tx, first.Public.ID(), "retired", nil)
		}},
	}
}

// Whoever can write into the database, and nothing else, must not become the one
// for whom reports are sealed, neither while the server runs nor when it starts.
func TestPlantedKeyIsNotUsed(t *testing.T) {
	t.Parallel()
	for _, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				w.live(w.desk, 2)
				first := w.keys[w.desk]
				right := w.rotated(w.desk, holder(2), Recovery)
				if k := w.restarted().Keys("ms")[w.desk]; k.ID != right.Public.ID() {
					t.Fatal("a key that was rotated as it must be is not believed after a start")
				}
				mine := w.newKey(w.desk, holder(2), holder(3))
				w.forge(func(tx *store.Tx) error { return a.do(w, tx, first, right, mine) })
				if k := w.Keys("ms")[w.desk]; k.ID != right.Public.ID() || string(k.Public.Bytes()) != string(right.Public.Bytes()) || !k.Sign.Equal(right.Sign) || !w.Keyed("ms")(w.desk) {
					t.Errorf("the running process changed to another key: %+v", k)
				}
				if k, ok := w.restarted().Keys("ms")[w.desk]; ok {
					t.Errorf("a process that starts uses a key: %+v", k)
				}
				for name, s := range map[string]*Service{"running": w.Service, "started": w.restarted()} {
					if c, ok := s.Directory("ms")[w.desk]; ok {
						pub, err := VerifyChain(w.pinned("ms"), "ms", w.desk, c)
						if err != nil || pub.ID() != right.Public.ID() {
							t.Errorf("%s: a sender's browser would seal to %v, %v", name, pub, err)
						}
					}
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
	right, other := w.Keys("ms")[w.desk], w.newKey(w.desk)
	pinned := func(rows ...keyRow) verdict { return judge("ms", rows, right, w.pinned("ms")) }
	if v := pinned(); v.doubt != errKeyGone || v.counts.Public != nil {
		t.Errorf("with all rows gone: %+v", v)
	}
	planted := keyRow{office: w.desk, id: other.Public.ID(), public: other.Public.Bytes(), sign: other.Sign, signedBy: firstKey, wraps: 2}
	if v := pinned(planted); v.doubt != errNotEndorsed || v.counts.Public != nil {
		t.Errorf("with another key in its place: %+v", v)
	}
	if v := judge("ms", []keyRow{planted}, Key{}, w.pinned("ms")); v.doubt != nil || v.counts.Public != nil || v.own.ID != other.Public.ID() {
		t.Errorf("where a directory key is pinned, a first key without its signature waits: %+v", v)
	}
	if v := judge("ms", []keyRow{planted}, Key{}, nil); v.doubt != nil || v.counts.ID != other.Public.ID() {
		t.Errorf("where none is pinned, a first key is trusted when it is first seen: %+v", v)
	}
}

// A process that slept through two rotations follows both.
func TestRotationsAreFollowed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.live(w.desk, 2)
		asleep := w.restarted()
		var last officeKey
		for range 2 {
			last = w.rotated(w.desk, holder(2), Recovery)
		}
		w.ok(asleep.Refresh(t.Context()))
		for name, s := range map[string]*Service{"the one that rotated": w.Service, "one that slept": asleep, "one that starts": w.restarted()} {
			if s.Keys("ms")[w.desk].ID != last.Public.ID() {
				t.Errorf("%s does not have the last key", name)
			}
			chain := s.Directory("ms")[w.desk]
			if pub, err := VerifyChain(w.pinned("ms"), "ms", w.desk, chain); err != nil || pub.ID() != last.Public.ID() || len(chain.Links) != 3 {
				t.Errorf("%s: the chain: %+v, %v", name, chain, err)
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
		w.ok(w.setKey(office, w.newKey(office, holder(7), Recovery)))
		name := shortKey(w.Keys("ms")[office])
		child := program.Envelope{Version: 1, Land: "ordinary", Age: "under18", Kind: "sex", Who: "saw", Mode: program.Tip, Language: "en"}
		reads := func() bool { return slices.Contains(w.p.Route(child, w.Keyed("ms")).Readers, office) }

		w.refused(w.MarkKeyLost(ctx, w.officer(2), office, name), errForbidden)
		w.refused(w.MarkKeyLost(ctx, System("ms"), office, name), errForbidden)
		w.refused(w.MarkKeyLost(ctx, w.admin, office, "another"), errKeyName)
		w.ok(w.MarkKeyLost(ctx, w.admin, office, name))
		w.refused(w.MarkKeyLost(ctx, w.admin, office, name), errMarked)
		if !w.Keyed("ms")(office) || !reads() || w.NeedsKey("ms", office) {
			t.Error("one person took a key out of use")
		}
		w.refused(w.setKey(office, w.newKey(office, holder(7), Recovery)), errHasKey)
		w.ok(w.MarkKeyLost(ctx, w.officer(6), office, name))
		if w.Keyed("ms")(office) || w.restarted().Keyed("ms")(office) || reads() {
			t.Error("reports are still sealed to a key that nobody can open")
		}
		if _, ok := w.Keys("ms")[office]; !ok {
			t.Error("the key went away: what was sealed to it would lose its name")
		}
		w.logged(1, "key.marked_lost", "office:"+office, w.admin.String())
		w.logged(1, "key.marked_lost", "office:"+office, w.officer(6).String())

		// The office makes a new one, which rests on the directory key alone.
		if !w.NeedsKey("ms", office) {
			t.Fatal("the office is not asked for a key")
		}
		fresh := w.newKey(office, holder(7), Recovery)
		w.ok(w.setKey(office, fresh))
		for name, s := range map[string]*Service{"running": w.Service, "started": w.restarted()} {
			if k := s.Keys("ms")[office]; k.ID != fresh.Public.ID() || !s.Keyed("ms")(office) || len(k.Links) != 1 {
				t.Errorf("%s: the new key: %+v", name, k)
			}
		}
	})
}
