// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"testing"

	"waylight/internal/app"
	"waylight/internal/platform/gate"
)

// What carries a sender's words is never turned away: these addresses, and no
// others. What a flood could lock members out of is not theirs to begin with.
func TestWordsOfSendersAreNeverTurnedAway(t *testing.T) {
	t.Parallel()
	words := map[string]bool{
		"POST /api/v1/reports": true, "POST /ms/who": true, "POST /ms/seal": true, "POST /ms/sealed": true, "POST /ms": true, "POST /ms/en": true, "POST /ms/es": true,
		"POST /receipt/messages/send": true, "POST /receipt/messages/keep": true,
	}
	want := map[string]gate.Class{
		"GET /ms/en": gate.Page, "GET /healthz": gate.Free, "POST /receipt": gate.Receipt, "POST /receipt/files": gate.File, "PUT /receipt/files/{program}/{file}/{part}": gate.File,
		"POST /staff/sign-in": gate.Door, "GET /staff/inbox": gate.Staff, "GET /staff/inbox.csv": gate.Heavy, "GET /staff/figures": gate.Heavy, "GET /log/{program}/checkpoint": gate.Page,
		"POST /staff/places/imports": gate.File, "GET /staff/places/imports": gate.Staff, "GET /staff/placements": gate.Staff, "GET /ms/signs/sheet/{notice}/{file}": gate.Heavy,
		"GET /staff/placements/print": gate.Heavy, "GET /staff/placements/print.pdf": gate.Heavy, "GET /staff/placements/print.zip": gate.Heavy, "GET /staff/placements/coverage": gate.Heavy,
	}
	a := installation(t, app.Config{Data: t.TempDir()})
	for _, r := range a.Routes() {
		if intake := r.Class == gate.Intake; intake != words[r.Pattern] {
			t.Errorf("%s is of class %s", r.Pattern, r.Class)
		}
		if r.Class == gate.Staff && r.Access.Public {
			t.Errorf("%s takes places of members, and strangers can ask for it", r.Pattern)
		}
		if class, ok := want[r.Pattern]; ok && class != r.Class {
			t.Errorf("%s is of class %s, want %s", r.Pattern, r.Class, class)
		}
		delete(words, r.Pattern)
		delete(want, r.Pattern)
	}
	if len(words)+len(want) > 0 {
		t.Errorf("not served: %v %v", words, want)
	}
}
