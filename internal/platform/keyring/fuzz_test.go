// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"os"
	"testing"
	"time"
)

// Whatever a crash or a hand left in the destruction log: it is read or refused, and what is noted afterwards is read back.
func FuzzDestructionLog(f *testing.F) {
	f.Add("\n2026-11-22T09:00:00Z m1 .\n")
	f.Add("\n2026-11-22T09:00:00Z m1 .\n\n2026-11-22T09:00:0")
	f.Add("")
	f.Add("nonsense .\n")
	f.Add("\n2026-11-22T09:00:00Z ../../etc/passwd .\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := &Ring{dir: t.TempDir(), now: time.Now}
		err := os.Mkdir(r.dir+"/shares", 0o700)
		if err != nil {
			t.Fatal(err)
		}
		err = os.WriteFile(r.logPath(), []byte(text), 0o600)
		if err != nil {
			t.Fatal(err)
		}
		before, err := r.Destroyed()
		if err != nil {
			return
		}
		err = r.DestroyShare("a-new-one")
		if err != nil {
			t.Fatal(err)
		}
		after, err := r.Destroyed()
		if err != nil || len(after) < 1 || len(after) < len(before) || after[len(after)-1].Member != "a-new-one" {
			t.Errorf("after %d lines: %v, %v", len(before), after, err)
		}
	})
}

func FuzzLogKey(f *testing.F) {
	f.Add("PRIVATE+KEY+x+00000000+AQ\nx+00000000+AQ\n", "x")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, text, origin string) {
		signer, _, err := parseLogKey("file", text, origin)
		if err == nil && signer.Name() != origin {
			t.Errorf("a key named %q for %q", signer.Name(), origin)
		}
	})
}
