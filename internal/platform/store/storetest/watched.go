// SPDX-License-Identifier: Apache-2.0

package storetest

import "testing"

// Watched makes a database on this process's PostgreSQL, and tells the folder in
// which that server keeps everything: its data, its log of changes, and the file
// "log" with what it has to say.
func Watched(t *testing.T) (d *Database, folder string) {
	t.Helper()
	d = NewDatabase(t)
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	return d, s.Dir()
}
