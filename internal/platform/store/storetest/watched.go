// SPDX-License-Identifier: Apache-2.0

package storetest

import "testing"

// Watched gives the address of a new database on this process's PostgreSQL, and
// the folder in which that server keeps everything: its data, its log of
// changes, and the file "log" with what it has to say.
func Watched(t *testing.T) (url, folder string) {
	t.Helper()
	url = newDatabase(t)
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	return url, s.Dir()
}
