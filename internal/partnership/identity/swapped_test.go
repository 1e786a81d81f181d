// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/web/webtest"
)

// A server that serves the real scripts puts a thief's key in place of a member's own, and beside a newcomer's name with the newcomer's key mark: the browser makes no
// office key for the first, and shows the mark of the key that it would seal to for the second.
func TestBrowsersTrustNoKeyThatTheServerNames(t *testing.T) {
	w := one(t)
	ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
	thief, _ := w.joinAs(helpers, "thief@agency.test", RoleMember)
	liar, client := webtest.Lie(t, w.serve())
	people := w.seatsAt(2, client.URL)
	one, two := people[0], people[1]
	one.signIn("ann@agency.test", "passphrase of ann@agency.test", "/staff/office/rotate")
	one.WaitFor(`!document.getElementById("rotate").hidden`)
	two.signIn("ben@agency.test", "passphrase of ben@agency.test", "/staff")
	two.waitText("key-mark", mark(t, ben))

	// From now on the server lies.
	theirs := base64.StdEncoding.EncodeToString(thief.Member.KEM)
	for _, h := range []*Holder{ann, ben} {
		liar.Swap(base64.StdEncoding.EncodeToString(h.Member.KEM), theirs)
	}
	one.open("/staff/people/" + ben.Member.ID.String())
	one.waitText("give-mark", mark(t, thief))
	if strings.Contains(one.main(), mark(t, ben)) {
		t.Errorf("beside the thief's key stands Ben's mark: %s", one.main())
	}
	liar.Swap(mark(t, ben), mark(t, thief))
	two.open("/staff")
	two.waitText("key-mark", mark(t, ben))

	one.open("/staff/office/rotate")
	one.WaitFor(`!document.getElementById("rotate").hidden`)
	one.click("#go")
	one.waitText("problem", "names a key as yours that is not yours")
	if liar.Posted("/staff/office/rotate") || contains(w.events(), "office.key_rotated") {
		t.Error("a key for the thief left the browser")
	}
}

// mark is a member's key mark as docs/spec/keys.md has it.
func mark(t *testing.T, h *Holder) string {
	t.Helper()
	id := must(seal.ParsePublicKey(h.Member.KEM))(t).ID()
	text := hex.EncodeToString(id[:8])
	return text[:4] + " " + text[4:8] + " " + text[8:12] + " " + text[12:]
}
