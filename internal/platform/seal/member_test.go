// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"errors"
	"testing"
)

func TestStretchDependsOnEverything(t *testing.T) {
	t.Parallel()
	salt := []byte("0123456789abcdef")
	seen := map[[32]byte]string{}
	for name, master := range map[string][32]byte{
		"base":             Stretch("plain words", salt, 2),
		"other words":      Stretch("plain word", salt, 2),
		"trailing space":   Stretch("plain words ", salt, 2),
		"other salt":       Stretch("plain words", salt[1:], 2),
		"no salt":          Stretch("plain words", nil, 2),
		"other iterations": Stretch("plain words", salt, 3),
	} {
		if other, ok := seen[master]; ok {
			t.Errorf("%s and %s make the same secret", name, other)
		}
		seen[master] = name
	}
}

// The same passphrase typed on a phone and on a desktop computer.
func TestStretchIsTheSameOnEveryKeyboard(t *testing.T) {
	t.Parallel()
	salt := []byte("0123456789abcdef")
	composed := Stretch("contrase\u00f1a \uff11", salt, 2)
	decomposed := Stretch("contrasen\u0303a 1", salt, 2)
	if composed != decomposed {
		t.Error("NFC and NFD of one passphrase make two secrets")
	}
}

// What is sent at sign-in must not help anybody to open a report, and neither
// half opens anything alone.
func TestMemberSecretsAreApart(t *testing.T) {
	t.Parallel()
	master := Stretch("plain words", []byte("0123456789abcdef"), 2)
	auth, secret := AuthSecret(master), MemberSecret(master)
	key, other, fromAuth := UnlockKey(secret, [32]byte{1}), UnlockKey(secret, [32]byte{2}), UnlockKey(auth, [32]byte{1})
	all := [][32]byte{master, auth, secret, key, other, fromAuth}
	for i := range all {
		for j := range i {
			if all[i] == all[j] {
				t.Errorf("secrets %d and %d are equal", i, j)
			}
		}
	}
	if UnlockKey(secret, [32]byte{1}) != key {
		t.Error("the same secrets make another key")
	}
}

func TestOfficeSeedGoesToItsHolders(t *testing.T) {
	t.Parallel()
	seed := NewSeed()
	office, err := PrivateFromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	member, recovery := newTestKey(t), newTestKey(t)
	for name, holder := range map[string]*PrivateKey{"member": member, "recovery": recovery} {
		sealed, err := SealOfficeSeed(holder.Public(), seed, "ms", "dps")
		if err != nil {
			t.Fatal(err)
		}
		opened, err := OpenOfficeSeed(holder, sealed, "ms", "dps", office.Public().ID())
		if err != nil || !bytes.Equal(opened.Public().Bytes(), office.Public().Bytes()) {
			t.Errorf("%s: %v", name, err)
		}
		for what, open := range map[string]func() error{
			"other office": func() error {
				_, err := OpenOfficeSeed(holder, sealed, "ms", "sheriff", office.Public().ID())
				return err
			},
			"other program": func() error { _, err := OpenOfficeSeed(holder, sealed, "tx", "dps", office.Public().ID()); return err },
			"other key id":  func() error { _, err := OpenOfficeSeed(holder, sealed, "ms", "dps", [16]byte{}); return err },
			"other holder": func() error {
				_, err := OpenOfficeSeed(newTestKey(t), sealed, "ms", "dps", office.Public().ID())
				return err
			},
		} {
			if err := open(); !errors.Is(err, ErrOpen) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
}

// A wrap that claims to hold an office's key but holds another seed would make
// a member seal to, or sign as, somebody else.
func TestOfficeSeedMustBeTheOneItClaims(t *testing.T) {
	t.Parallel()
	holder, office := newTestKey(t), newTestKey(t)
	for name, seed := range map[string][]byte{"another seed": NewSeed(), "no seed": []byte("short")} {
		sealed, err := SealTo(holder.Public(), seed, OfficeKeyInfo("ms", "dps", office.Public().ID()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenOfficeSeed(holder, sealed, "ms", "dps", office.Public().ID()); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := SealOfficeSeed(holder.Public(), []byte("short"), "ms", "dps"); err == nil {
		t.Error("sealed something that is not a seed")
	}
}
