// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"path/filepath"
	"testing"
)

// EachURL runs fn on every engine with the address of a database of its own that
// nothing has opened yet: for tests in which several processes, or several
// handles of one, share a database.
func EachURL(t *testing.T, fn func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, "sqlite:"+filepath.Join(t.TempDir(), "waylight.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		fn(t, newDatabase(t))
	})
}
