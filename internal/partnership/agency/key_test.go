// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"testing"

	"waylight/internal/platform/store"
)

func TestKeyNeedsTwoLivingWraps(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.refused(w.setKey(w.desk, w.newKey(w.desk, holder(2), Recovery)), errNotJoined)
		w.ok(w.Join(t.Context(), w.admin, w.desk))
		for name, wraps := range map[string][]Wrap{
			"none": nil, "one": wrapped(holder(2)), "the same holder twice": wrapped(holder(2), holder(2)), "an unknown sort of holder": wrapped(holder(2), "office:x"),
			"a holder that is no member id": wrapped(holder(2), "member:x"), "nothing sealed": {{Holder: Recovery}, {Holder: holder(2)}},
			"too much sealed": {{Holder: Recovery, Sealed: make([]byte, 65<<10)}, wrapped(holder(2))[0]},
		} {
			k := w.newKey(w.desk)
			k.Wraps = wraps
			if err := w.setKey(w.desk, k); !errors.Is(err, errFewWraps) && !errors.Is(err, errHolder) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.refused(w.setKey(w.desk, officeKey{NewKey: NewKey{Wraps: wrapped(holder(2), Recovery)}}), errFewWraps)
		mute := w.newKey(w.desk, holder(2), holder(3))
		mute.Sign = nil
		w.refused(w.setKey(w.desk, mute), errSignKey)
		if w.Keyed("ms")(w.desk) || len(w.Keys("ms")) != 0 {
			t.Error("a refused key counts")
		}
		made := w.newKey(w.desk, holder(2), Recovery)
		w.ok(w.setKey(w.desk, made))
		if k := w.Keys("ms")[w.desk]; k.ID != made.Public.ID() || k.Wraps != 2 || k.SignedBy != "first" || !w.Keyed("ms")(w.desk) {
			t.Errorf("the key is not there: %+v", k)
		}
		if w.Keyed("ms")(w.other) || w.Keyed("no-such-program")(w.desk) || len(w.Keys("no-such-program")) != 0 {
			t.Error("an office has a key that it never made")
		}
	})
}

func TestRotationIsSignedAndKeepsOldKeysReadable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.ok(w.Join(t.Context(), w.admin, w.desk))
		first, second, third := w.newKey(w.desk, holder(2), Recovery), w.newKey(w.desk, holder(2), holder(3)), w.newKey(w.desk, holder(2), holder(3))
		w.ok(w.setKey(w.desk, first))
		w.refused(w.setKey(w.desk, second), errHasKey)
		w.refused(w.setKey(w.desk, second, Endorsement{}), errUnsigned)
		w.refused(w.setKey(w.desk, second, w.endorsed(w.desk, third)), errUnsigned)
		other := second
		other.Sign = third.Sign
		w.refused(w.setKey(w.desk, other, w.endorsed(w.desk, second)), errUnsigned)

		_, member, err := ed25519.GenerateKey(rand.Reader)
		w.ok(err)
		right := RotationStatement("ms", w.desk, first.Public.ID(), second.Public.ID(), second.Sign)
		for name, signature := range map[string][]byte{
			"none": nil, "a member's own": ed25519.Sign(member, []byte(right)), "the new key's own": ed25519.Sign(second.signing, []byte(right)),
			"over another text":       ed25519.Sign(first.signing, []byte(right+" ")),
			"for another office":      ed25519.Sign(first.signing, []byte(RotationStatement("ms", w.other, first.Public.ID(), second.Public.ID(), second.Sign))),
			"for another signing key": ed25519.Sign(first.signing, []byte(RotationStatement("ms", w.desk, first.Public.ID(), second.Public.ID(), third.Sign))),
		} {
			if _, err := w.Endorse("ms", w.desk, second.NewKey, person(2), signature); !errors.Is(err, errUnsigned) {
				t.Errorf("the signature %s: %v", name, err)
			}
		}
		if _, err := w.Endorse("ms", w.desk, NewKey{Public: second.Public}, person(2), ed25519.Sign(first.signing, []byte(right))); !errors.Is(err, errUnsigned) {
			t.Errorf("no signing key: %v", err)
		}

		stale := w.endorsed(w.desk, third)
		w.ok(w.setKey(w.desk, second, w.endorsed(w.desk, second)))
		w.refused(w.setKey(w.desk, third, stale), errUnsigned)
		w.refused(w.setKey(w.desk, first, w.endorsed(w.desk, first)), errKeyUsed)
		if w.Keys("ms")[w.desk].ID != second.Public.ID() {
			t.Error("the second key is not the current one")
		}
		keys, err := w.AllKeys(t.Context(), "ms", w.desk)
		w.ok(err)
		wraps, err := w.Wraps(t.Context(), "ms", w.desk)
		w.ok(err)
		if len(keys) != 2 || len(wraps) != 4 {
			t.Fatalf("%d keys and %d wraps", len(keys), len(wraps))
		}
		for _, k := range keys {
			switch k.ID {
			case second.Public.ID():
				if k.SignedBy != "key:"+keyName(first.Public.ID()) || k.Signer != person(2) || !k.Retired.IsZero() {
					t.Errorf("the new key does not say what it rests on: %+v", k)
				}
			case first.Public.ID():
				if k.Retired.IsZero() || k.Wraps != 2 {
					t.Errorf("the old key: %+v", k)
				}
			}
		}
		for _, wr := range wraps {
			if string(wr.Sealed) != "sealed for "+wr.Holder || !wr.Ended.IsZero() {
				t.Errorf("a wrap was changed: %+v", wr)
			}
		}
	})
}

func TestWrapsComeAndGo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.ok(w.Join(t.Context(), w.admin, w.desk))
		old := w.newKey(w.desk, holder(2), Recovery)
		w.ok(w.setKey(w.desk, old))
		now := w.rotated(w.desk, holder(2), Recovery)
		add := func(wr Wrap) error {
			return w.change("office.access", w.desk, func(tx *store.Tx) error { return w.AddWrap(tx, "ms", w.desk, wr) })
		}
		end := func(h string) error {
			return w.change("office.left", w.desk, func(tx *store.Tx) error { return w.EndWraps(tx, "ms", w.desk, h) })
		}
		w.refused(end(holder(2)), errLastWraps)
		w.ok(add(Wrap{Holder: holder(3), Sealed: []byte("current")}))
		w.ok(add(Wrap{Key: old.Public.ID(), Holder: holder(3), Sealed: []byte("old")}))
		w.refused(add(Wrap{Holder: holder(3), Sealed: []byte("again")}), errWrapHeld)
		w.refused(add(Wrap{Key: [16]byte{1}, Holder: holder(3), Sealed: []byte("no such key")}), errNoSuch)
		w.refused(add(Wrap{Holder: "x", Sealed: []byte("x")}), errHolder)
		if n := w.Keys("ms")[w.desk].Wraps; n != 3 {
			t.Errorf("%d wraps, want 3", n)
		}
		w.ok(end(holder(2)))
		if n := w.Keys("ms")[w.desk].Wraps; n != 2 || !w.Keyed("ms")(w.desk) {
			t.Errorf("%d wraps after one left, want 2", n)
		}
		w.refused(end(holder(3)), errLastWraps)
		w.ok(end(holder(2))) // nothing is left to end
		w.ok(add(Wrap{Holder: holder(2), Sealed: []byte("back again")}))
		wraps, err := w.Wraps(t.Context(), "ms", w.desk)
		w.ok(err)
		for _, wr := range wraps {
			if wr.Holder == holder(2) && wr.Key == now.Public.ID() && (string(wr.Sealed) != "back again" || !wr.Ended.IsZero()) {
				t.Errorf("the wrap was not renewed: %+v", wr)
			}
			if wr.Holder == holder(2) && wr.Key == old.Public.ID() && wr.Ended.IsZero() {
				t.Error("the old key's wrap came back by itself")
			}
		}
	})
}

// What is refused or rolled back must not be seen, and another process that
// serves the same database must notice what is done.
func TestDirectoryFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		second := w.restarted()
		w.ok(w.Join(t.Context(), w.admin, w.desk))
		broken := errors.New("the caller fails")
		err := w.cfg.DB.Write(t.Context(), func(tx *store.Tx) error {
			if err := w.SetKey(tx, "ms", w.desk, w.newKey(w.desk, holder(2), Recovery).NewKey); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) || w.Refresh(t.Context()) != nil || len(w.Keys("ms")) != 0 {
			t.Errorf("a key that was rolled back is seen (%v)", err)
		}
		w.ok(w.setKey(w.desk, w.newKey(w.desk, holder(2), Recovery)))
		if second.Keyed("ms")(w.desk) {
			t.Fatal("the other process knows without having read")
		}
		_, err = runner(t, second).RunDue(t.Context())
		w.ok(err)
		if !second.Keyed("ms")(w.desk) {
			t.Error("the other process does not notice the key")
		}
		w.closed(w.desk)
		if len(w.Keys("ms")) != 0 || w.Keyed("ms")(w.desk) {
			t.Error("a closed office still receives")
		}
	})
}

// The intake path asks for keys on every report: it must answer with the
// database gone.
func TestKeysDoNotQuery(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.live(w.desk, 2)
		gone, stop := context.WithCancel(context.Background())
		stop()
		if err := w.Refresh(gone); err == nil {
			t.Fatal("a refresh on a dead context works")
		}
		if !w.Keyed("ms")(w.desk) || len(w.Keys("ms")) != 1 || w.Desk("ms") != w.desk || !w.Joined("ms", w.desk) {
			t.Error("a refresh that failed took the directory away")
		}
		if st := w.Channels("ms")("emergency-911"); st == "" {
			t.Error("no state for 911")
		}
	})
}
