// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"crypto/rand"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/platform/custody"
)

func custodyLog(t *testing.T, program string) *custody.Log {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "log.example/"+program)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	log, err := custody.NewLog(program, signer, public, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return log
}
