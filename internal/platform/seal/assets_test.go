// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

// What browsers load in one piece is what its recorded build made, and of the
// sources that are in the repository now.
func TestBundlesAreTheRecordedOnes(t *testing.T) {
	t.Parallel()
	const root = "../../../"
	record, err := os.Open(root + "browser/scripts.sha256")
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	checked := map[string]bool{}
	for lines := bufio.NewScanner(record); lines.Scan(); {
		want, name, _ := strings.Cut(lines.Text(), "  ")
		body, err := os.ReadFile(root + name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is not the one that browser/scripts.sha256 records: build the scripts again, see browser/README.md", name)
		}
		checked[name] = true
	}
	for _, name := range []string{
		"internal/platform/seal/assets/hpke.js", "internal/protection/report/assets/report.js", "internal/protection/report/assets/lookup.js",
		"internal/protection/report/script/form.js", "internal/platform/seal/assets/sealing.js",
	} {
		if !checked[name] {
			t.Errorf("browser/scripts.sha256 says nothing of %s", name)
		}
	}
	lock, err := os.ReadFile(root + "browser/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte("://")) {
		t.Error("the lock file names a server")
	}
}
