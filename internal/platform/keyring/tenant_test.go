// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
)

func TestATenantsWordsOpenOnlyWhereTheyStand(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ring")
	tenant := func(dir, program string) *Tenant {
		t.Helper()
		r, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.Tenant(program)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	words := []byte("a plan")
	here := tenant(dir, "ms")
	sealed := here.Seal("operation/body/1", words)
	if bytes.Contains(sealed, words) {
		t.Error("the words stand in clear")
	}
	if bytes.Equal(sealed, here.Seal("operation/body/1", words)) {
		t.Error("the same words look the same twice")
	}
	for name, c := range map[string]struct {
		t     *Tenant
		place string
		ok    bool
	}{
		"the same ring opened again": {tenant(dir, "ms"), "operation/body/1", true},
		"another row":                {here, "operation/body/2", false},
		"another program":            {tenant(dir, "tx"), "operation/body/1", false},
		"another ring":               {tenant(filepath.Join(t.TempDir(), "other"), "ms"), "operation/body/1", false},
	} {
		got, err := c.t.Open(c.place, sealed)
		if c.ok && (err != nil || !bytes.Equal(got, words)) || !c.ok && !errors.Is(err, ErrTenant) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	a, b := here.Token("cell", "1"), tenant(dir, "tx").Token("cell", "1")
	if a == b || a == here.Token("cell", "2") || a == here.Token("cel", "l1") || a != tenant(dir, "ms").Token("cell", "1") {
		t.Error("tokens of different things, purposes or programs are the same, or of the same are not")
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Tenant("../ms"); err == nil {
		t.Error("a program of any name has a key")
	}
}
