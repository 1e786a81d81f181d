// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryRecipientOpensTheSameBody(t *testing.T) {
	t.Parallel()
	rec := testRecord(7)
	sealed, key := mustSeal(t, []byte("what was seen"), rec)
	for _, office := range []string{"dps", "mdcps", "desk"} {
		k := newTestKey(t)
		wrap, err := key.Wrap(k.Public(), rec, sealed.Hash, office)
		if err != nil {
			t.Fatal(err)
		}
		if len(wrap) != WrapSize {
			t.Errorf("a wrap has %d bytes, not %d", len(wrap), WrapSize)
		}
		opened, err := OpenWrap(k, wrap, rec, sealed.Hash, office)
		if err != nil {
			t.Fatal(err)
		}
		plaintext, err := opened.Open(sealed.Ciphertext, rec)
		if err != nil || string(plaintext) != "what was seen" {
			t.Errorf("%s reads %q: %v", office, plaintext, err)
		}
		if opened.OpeningToken() != key.OpeningToken() {
			t.Errorf("%s has another opening token", office)
		}
	}
}

// Referring on: a member opens the office's wrap and makes another one.
func TestAWrapCanBePassedOn(t *testing.T) {
	t.Parallel()
	rec := testRecord(7)
	sealed, key := mustSeal(t, []byte("what was seen"), rec)
	desk, helper := newTestKey(t), newTestKey(t)
	first, err := key.Wrap(desk.Public(), rec, sealed.Hash, "desk")
	if err != nil {
		t.Fatal(err)
	}
	opened, err := OpenWrap(desk, first, rec, sealed.Hash, "desk")
	if err != nil {
		t.Fatal(err)
	}
	second, err := opened.Wrap(helper.Public(), rec, sealed.Hash, "helper")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenWrap(helper, second, rec, sealed.Hash, "helper"); err != nil {
		t.Error(err)
	}
}

func TestAWrapOpensOnlyWhereItBelongs(t *testing.T) {
	t.Parallel()
	rec := testRecord(7)
	sealed, key := mustSeal(t, []byte("words"), rec)
	k := newTestKey(t)
	wrap, err := key.Wrap(k.Public(), rec, sealed.Hash, "dps")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		key       *PrivateKey
		rec       Record
		hash      [32]byte
		recipient string
	}{
		{"other key", newTestKey(t), rec, sealed.Hash, "dps"},
		{"other record", k, testRecord(8), sealed.Hash, "dps"},
		{"other program", k, Record{Program: "tx", ID: rec.ID}, sealed.Hash, "dps"},
		{"other body", k, rec, [32]byte{}, "dps"},
		{"other recipient", k, rec, sealed.Hash, "sheriff"},
	} {
		if _, err := OpenWrap(c.key, wrap, c.rec, c.hash, c.recipient); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for i := range wrap {
		altered := bytes.Clone(wrap)
		altered[i] ^= 0x80
		if _, err := OpenWrap(k, altered, rec, sealed.Hash, "dps"); err == nil {
			t.Fatalf("opened with byte %d altered", i)
		}
	}
	for _, n := range []int{0, 1, WrapSize - 1} {
		if _, err := OpenWrap(k, wrap[:n], rec, sealed.Hash, "dps"); !errors.Is(err, ErrMalformed) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// What names a recipient and what names a program must not run together.
func TestFieldsDoNotRunTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z0-9/-]{1,12}`)
		a := [2]string{name.Draw(t, "a0"), name.Draw(t, "a1")}
		b := [2]string{name.Draw(t, "b0"), name.Draw(t, "b1")}
		infoA, errA := wrapInfo(Record{Program: a[0]}, [32]byte{}, a[1])
		infoB, errB := wrapInfo(Record{Program: b[0]}, [32]byte{}, b[1])
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if bytes.Equal(infoA, infoB) != (a == b) {
			t.Fatalf("%q and %q", a, b)
		}
	})
}

func TestWrapNeedsARecipient(t *testing.T) {
	t.Parallel()
	k := newTestKey(t)
	for _, name := range []string{"", strings.Repeat("x", 256)} {
		if _, err := new(ContentKey).Wrap(k.Public(), testRecord(1), [32]byte{}, name); err == nil {
			t.Errorf("wrapped for a recipient of %d bytes", len(name))
		}
	}
}

// One parsed key serves every request at once.
func TestOneKeyServesManyAtOnce(t *testing.T) {
	t.Parallel()
	k := newTestKey(t)
	pub := k.Public()
	errs := make(chan error, 64)
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			rec := testRecord(byte(i))
			sealed, key, err := Seal([]byte{byte(i)}, rec)
			if err != nil {
				errs <- err
				return
			}
			wrap, err := key.Wrap(pub, rec, sealed.Hash, "dps")
			if err != nil {
				errs <- err
				return
			}
			if _, err := OpenWrap(k, wrap, rec, sealed.Hash, "dps"); err != nil {
				errs <- fmt.Errorf("sender %d: %w", i, err)
			}
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}

func TestSealToOpensOnlyUnderItsInfo(t *testing.T) {
	t.Parallel()
	k := newTestKey(t)
	rapid.Check(t, func(t *rapid.T) {
		plaintext := rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(t, "plaintext")
		info := rapid.StringN(1, 40, 200).Draw(t, "info")
		sealed, err := SealTo(k.Public(), plaintext, info)
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) != len(plaintext)+SealToExtra {
			t.Fatalf("%d bytes sealed in %d", len(plaintext), len(sealed))
		}
		opened, err := OpenFrom(k, sealed, info)
		if err != nil || !bytes.Equal(opened, plaintext) {
			t.Fatalf("opened %x: %v", opened, err)
		}
		if _, err := OpenFrom(k, sealed, info+"/"); !errors.Is(err, ErrOpen) {
			t.Fatalf("other info: %v", err)
		}
	})
}

// A wrap must not open as a note, nor a note as a wrap.
func TestKindsOfSealingDoNotMix(t *testing.T) {
	t.Parallel()
	k := newTestKey(t)
	rec := testRecord(1)
	info, err := wrapInfo(rec, [32]byte{}, "dps")
	if err != nil {
		t.Fatal(err)
	}
	note, err := SealTo(k.Public(), make([]byte, 32), string(info))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenWrap(k, note, rec, [32]byte{}, "dps"); !errors.Is(err, ErrOpen) {
		t.Errorf("a note opened as a wrap: %v", err)
	}
}

func TestSealToRefusesNoInfoAndShortInput(t *testing.T) {
	t.Parallel()
	k := newTestKey(t)
	for _, info := range []string{"", strings.Repeat("x", MaxInfoSize+1)} {
		if _, err := SealTo(k.Public(), nil, info); err == nil {
			t.Errorf("sealed with an info of %d bytes", len(info))
		}
	}
	for _, n := range []int{0, 1, SealToExtra - 1} {
		if _, err := OpenFrom(k, make([]byte, n), "info"); !errors.Is(err, ErrMalformed) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}
