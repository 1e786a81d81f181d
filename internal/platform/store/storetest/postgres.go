// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"sync"
	"testing"

	"waylight/internal/platform/store/pgtest"
)

// server is this process's PostgreSQL: one for all tests of a package.
var server = sync.OnceValues(func() (*pgtest.Server, error) { return pgtest.Start("", pgtest.Fast) })

// newDatabase creates a database for one test and drops it afterwards.
func newDatabase(t *testing.T) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	name, err := s.Create(context.Background())
	if err != nil {
		t.Fatalf("creating a database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Drop(context.Background(), name); err != nil {
			t.Errorf("dropping a database: %v", err)
		}
	})
	return s.URL(name)
}
