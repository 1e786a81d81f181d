// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Whoever knows an address can lock strangers out in its owner's name, but not the browser in which the owner has signed in.
func TestStrangersDoNotLockTheOwnerOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
		from := func(h *Holder, auth [32]byte, device string) (string, error) {
			in, err := w.SignInFrom(ctx, ms, h.Member.Email, auth, device)
			return in.Device, err
		}
		bad := [32]byte{1}
		device := must(from(ann, ann.Auth(), ""))(t)
		bens := must(from(ben, ben.Auth(), ""))(t)
		for range 5 {
			_, _ = from(ann, bad, "")
		}
		for name, d := range map[string]string{"none": "", "an invented one": strings.Repeat("A", 43), "a colleague's": bens} {
			if _, err := from(ann, ann.Auth(), d); !errors.Is(err, errRefused) {
				t.Errorf("with the token of another browser, %s: %v", name, err)
			}
		}
		for range 4 { // typing errors of the owner are counted apart
			_, _ = from(ann, bad, device)
		}
		if got := must(from(ann, ann.Auth(), device))(t); got != device {
			t.Error("the browser lost its token")
		}
		if !must(w.Member(ctx, ms, ann.Member.ID))(t).Locked {
			t.Error("the owner's sign-in released the lock on strangers")
		}
		w.clock.Advance(deviceLife - time.Hour)
		if _, err := from(ann, ann.Auth(), device); err != nil {
			t.Errorf("used within its life: %v", err)
		}
		for range 5 {
			_, _ = from(ann, bad, device)
		}
		if _, err := from(ann, ann.Auth(), device); !errors.Is(err, errRefused) {
			t.Errorf("five failures in a known browser: %v", err)
		}
		for range 5 {
			_, _ = from(ben, bad, bens)
		}
		if !must(w.Member(ctx, ms, ben.Member.ID))(t).Locked {
			t.Error("five failures in a known browser did not lock the account")
		}
	})
}

func TestKnownBrowserIsForgotten(t *testing.T) {
	w := one(t)
	ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	in, err := w.SignInFrom(t.Context(), ms, "ann@agency.test", ann.Auth(), "")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		_, _, _ = w.SignIn(t.Context(), ms, "ann@agency.test", [32]byte{1})
	}
	w.clock.Advance(deviceLife)
	if _, err = w.SignInFrom(t.Context(), ms, "ann@agency.test", ann.Auth(), in.Device); !errors.Is(err, errRefused) {
		t.Errorf("half a year later: %v", err)
	}
}

// A program whose administrators are all locked is opened again from the server's console.
func TestConsoleReleasesALockedAdministrator(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		head, _ := w.joinAs(helpers, "head@helpers.test", RoleProgramAdmin)
		w.add(helpers, "Member", "member@helpers.test", RoleMember, RoleAgencyAdmin)
		for range 5 {
			_, _, _ = w.SignIn(ctx, ms, "head@helpers.test", [32]byte{1})
		}
		admins := must(w.Administrators(ctx, ms))(t)
		if len(admins) != 1 || admins[0].ID != head.Member.ID || !admins[0].Locked {
			t.Fatalf("the administrators: %+v", admins)
		}
		if err := w.ReleaseByEmail(ctx, ms, " Head@helpers.test"); err != nil {
			t.Fatal(err)
		}
		if got := w.last(); got != "member.released "+head.Member.Actor()+" console" {
			t.Errorf("the log says %s", got)
		}
		if _, _, err := w.SignIn(ctx, ms, "head@helpers.test", [32]byte{1}); !errors.Is(err, errRefused) {
			t.Fatal(err)
		}
		if _, _, err := w.SignIn(ctx, ms, "head@helpers.test", head.Auth()); err != nil {
			t.Errorf("after the release: %v", err)
		}
		if err := w.ReleaseByEmail(ctx, ms, "head@helpers.test"); !errors.Is(err, errChanged) {
			t.Errorf("who is not locked: %v", err)
		}
		if err := w.ReleaseByEmail(ctx, ms, "nobody@helpers.test"); !errors.Is(err, errNoMember) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// The browser's mark reaches the sign-in pages only, no script, no other site; it is what makes the browser known.
func TestKnownBrowserByItsCookie(t *testing.T) {
	w := one(t)
	ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	c := w.serve()
	auth := ann.Auth()
	body := map[string]any{"program": ms, "email": "Ann@agency.test", "auth": auth[:], "notice": true}
	first := c.PostJSON("/staff/sign-in", body)
	cookies := (&http.Response{Header: first.Header}).Cookies()
	if len(cookies) != 2 {
		t.Fatalf("%d: %v", first.Status, cookies)
	}
	mark := cookies[1]
	if !mark.HttpOnly || mark.SameSite != http.SameSiteStrictMode || mark.Path != "/staff/sign-in" || mark.Domain != "" || mark.MaxAge != 180*24*60*60 || strings.Contains(mark.Name, "ann") {
		t.Errorf("the cookie is %s", mark)
	}
	for range 5 {
		_, _, _ = w.SignIn(t.Context(), ms, "ann@agency.test", [32]byte{1})
	}
	if again := c.PostJSON("/staff/sign-in", body); again.Status != http.StatusBadRequest || again.Header.Get("Set-Cookie") != "" {
		t.Errorf("a stranger's browser: %d, %s", again.Status, again.Header.Get("Set-Cookie"))
	}
	c.Header.Set("Cookie", mark.Name+"="+mark.Value)
	if again := c.PostJSON("/staff/sign-in", body); again.Status != http.StatusNoContent {
		t.Errorf("the owner's browser: %d %s", again.Status, again.Body)
	}
	var stored int
	err := w.db.QueryRow(t.Context(), `select count(token) from device where token = $1`, []byte(mark.Value)).Scan(&stored)
	if err != nil || stored != 0 {
		t.Errorf("the token itself stands in the database: %v", err)
	}
}
