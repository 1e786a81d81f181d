// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"
)

func open(t *testing.T, dir string) *Ring {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSecretsSurviveReopening(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	a := open(t, dir)
	b := open(t, dir)
	if !bytes.Equal(a.Pepper(), b.Pepper()) || !bytes.Equal(a.SessionKey(), b.SessionKey()) {
		t.Error("a second opening found other secrets")
	}
	if bytes.Equal(a.Pepper(), a.SessionKey()) || bytes.Equal(a.Pepper(), make([]byte, secretSize)) {
		t.Error("the secrets are not random")
	}
	if bytes.Equal(open(t, filepath.Join(t.TempDir(), "keys")).Pepper(), a.Pepper()) {
		t.Error("two keyrings have the same pepper")
	}
	a.Pepper()[0] ^= 1
	if !bytes.Equal(a.Pepper(), b.Pepper()) {
		t.Error("a caller could change the pepper")
	}
}

func TestOnlyTheOwnerCanRead(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	r := open(t, dir)
	_, err := r.NewShare("m1")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = r.SignerFor("ms", "tips.example/ms")
	if err != nil {
		t.Fatal(err)
	}
	err = r.DestroyShare("m1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.NewShare("m2")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		} else {
			files++
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %04o, want %04o", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files != 5 { // pepper, session, log key, one share, destruction log; no temporary file is left
		t.Errorf("%d files in the keyring, want 5", files)
	}
}

func TestReadableByOthersIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{".", "pepper", "session", "shares", "logs"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "keys")
			open(t, dir)
			path := filepath.Join(dir, name)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			err = os.Chmod(path, info.Mode().Perm()|0o044)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Open(dir)
			if err == nil || !strings.Contains(err.Error(), "can be read by others") {
				t.Errorf("Open said %v", err)
			}
		})
	}
}

// A crash leaves a temporary file beside the secrets, at worst. A secret of the wrong length was damaged by something else and must not be replaced.
func TestDamageIsNotRepairedByForgetting(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	pepper := open(t, dir).Pepper()
	err := os.WriteFile(filepath.Join(dir, ".new-123"), []byte("half"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(open(t, dir).Pepper(), pepper) {
		t.Error("a left-over temporary file changed the pepper")
	}
	for _, size := range []int{0, 31, 33} {
		err = os.WriteFile(filepath.Join(dir, "pepper"), make([]byte, size), 0o600)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Open(dir)
		if err == nil || !strings.Contains(err.Error(), "restore it from its backup") {
			t.Errorf("with a pepper of %d bytes Open said %v", size, err)
		}
	}
}

func TestOpenersThatRaceAgree(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	var wg sync.WaitGroup
	peppers, verifiers := make([]string, 8), make([]string, 8)
	for i := range peppers {
		wg.Go(func() {
			r, err := Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			_, v, err := r.SignerFor("ms", "tips.example/ms")
			if err != nil {
				t.Error(err)
			}
			peppers[i], verifiers[i] = string(r.Pepper()), v
		})
	}
	wg.Wait()
	for i := range peppers {
		if peppers[i] != peppers[0] || verifiers[i] != verifiers[0] {
			t.Fatalf("opener %d holds other secrets", i)
		}
	}
}

func TestLogKey(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	signer, vkey, err := open(t, dir).SignerFor("ms", "tips.example/ms")
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: "head\n"}, signer)
	if err != nil {
		t.Fatal(err)
	}
	_, err = note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		t.Errorf("the published key does not verify: %v", err)
	}
	_, again, err := open(t, dir).SignerFor("ms", "tips.example/ms")
	if err != nil || again != vkey {
		t.Errorf("second opening: %q, %v", again, err)
	}
	_, other, err := open(t, dir).SignerFor("tx", "tips.example/tx")
	if err != nil || other == vkey {
		t.Errorf("another program's key: %q, %v", other, err)
	}
	for _, bad := range [][2]string{{"ms", "elsewhere.example/ms"}, {"../ms", "x"}, {"", "x"}, {"ga", "has space"}, {"ga", "plus+sign"}, {"ga", ""}} {
		_, _, err = open(t, dir).SignerFor(bad[0], bad[1])
		if err == nil {
			t.Errorf("SignerFor(%q, %q) was accepted", bad[0], bad[1])
		}
	}
}

func TestLogKeyDamage(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	r := open(t, dir)
	for _, p := range []string{"ms", "tx"} {
		_, _, err := r.SignerFor(p, "same.example/log")
		if err != nil {
			t.Fatal(err)
		}
	}
	lines := func(p string) []string {
		b, err := os.ReadFile(filepath.Join(dir, "logs", p+".key"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.SplitAfter(string(b), "\n")
	}
	ms, tx := lines("ms"), lines("tx")
	for name, text := range map[string]string{"mixed": ms[0] + tx[1], "cut": ms[0], "empty": "", "nonsense": "a\nb\n"} {
		err := os.WriteFile(filepath.Join(dir, "logs", "ms.key"), []byte(text), 0o600)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = r.SignerFor("ms", "same.example/log")
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestShareLife(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	r := open(t, dir)
	_, err := r.Share("m1")
	if !errors.Is(err, ErrNoShare) {
		t.Fatalf("a share before it was made: %v", err)
	}
	share, err := r.NewShare("m1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.NewShare("m1")
	if err != nil || again != share {
		t.Errorf("asked again: %x, %v", again, err)
	}
	read, err := open(t, dir).Share("m1")
	if err != nil || read != share {
		t.Errorf("read: %x, %v", read, err)
	}
	other, err := r.NewShare("m2")
	if err != nil || other == share {
		t.Errorf("another member's share: %x, %v", other, err)
	}
	for range 2 { // destroying twice is the same as once
		err = r.DestroyShare("m1")
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = r.Share("m1")
	if !errors.Is(err, ErrNoShare) {
		t.Errorf("a destroyed share: %v", err)
	}
	_, err = r.NewShare("m1")
	if !errors.Is(err, ErrNoShare) {
		t.Errorf("a new share for a member whose share was destroyed: %v", err)
	}
	log, err := r.Destroyed()
	if err != nil || len(log) != 1 || log[0].Member != "m1" || log[0].At.IsZero() {
		t.Errorf("destruction log: %v, %v", log, err)
	}
	_, err = open(t, dir).Share("m2")
	if err != nil {
		t.Errorf("the other member's share: %v", err)
	}
}

// An old copy of the folder brings shares back; the destruction log takes them away before anybody is served. The same path finishes a destruction that a
// crash interrupted after the log line.
func TestRestoredSharesAreDestroyedAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	r := open(t, dir)
	_, err := r.NewShare("m1")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "shares", "m1")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	err = r.DestroyShare("m1")
	if err != nil {
		t.Fatal(err)
	}
	err = os.WriteFile(path, old, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(t, dir).Share("m1")
	if !errors.Is(err, ErrNoShare) {
		t.Errorf("the restored share: %v", err)
	}
	_, err = os.Stat(path)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the restored file still stands: %v", err)
	}
}

// Wherever a crash cuts the destruction log, what was noted before stays readable and what comes after is noted whole.
func TestDestructionLogSurvivesACut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		dir := filepath.Join(t.TempDir(), "keys")
		r := open(t, dir)
		for _, m := range []string{"m1", "m2"} {
			err := r.DestroyShare(m)
			if err != nil {
				rt.Fatal(err)
			}
		}
		b, err := os.ReadFile(r.logPath())
		if err != nil {
			rt.Fatal(err)
		}
		first := bytes.Index(b, []byte(" .\n")) + 3
		cut := rapid.IntRange(first, len(b)).Draw(rt, "cut")
		err = os.WriteFile(r.logPath(), b[:cut], 0o600)
		if err != nil {
			rt.Fatal(err)
		}
		r = open(t, dir)
		err = r.DestroyShare("m3")
		if err != nil {
			rt.Fatal(err)
		}
		log, err := r.Destroyed()
		if err != nil {
			rt.Fatal(err)
		}
		if log[0].Member != "m1" || log[len(log)-1].Member != "m3" {
			rt.Fatalf("after a cut at %d of %d: %v", cut, len(b), log)
		}
	})
}

func TestMemberNamesStayInTheirFolder(t *testing.T) {
	t.Parallel()
	r := open(t, filepath.Join(t.TempDir(), "keys"))
	for _, name := range []string{"", ".", "..", "../pepper", "a/b", "A", "a b", "a\n", "é", strings.Repeat("a", 101)} {
		_, err := r.NewShare(name)
		if err == nil {
			t.Errorf("NewShare(%q) was accepted", name)
		}
		err = r.DestroyShare(name)
		if err == nil {
			t.Errorf("DestroyShare(%q) was accepted", name)
		}
	}
}
