// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"bytes"
	"os/exec"
	"testing"
)

// Tool runs a program that reads what we wrote, and gives what it says. One that is
// missing is an error that names its package.
func Tool(t *testing.T, pack, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is missing: apt-get install -y --no-install-recommends %s", name, pack)
	}
	cmd := exec.Command(name, args...)
	var out, wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &wrong
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, wrong.String())
	}
	return out.Bytes()
}
