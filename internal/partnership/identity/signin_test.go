// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// The values of CJIS Security Policy 5.9.5, AC-7: five failures in fifteen minutes lock the account until an administrator releases it.
func TestFiveFailuresLock(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		good, bad := h.Auth(), [32]byte{1}
		admin := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
		try := func(auth [32]byte) error {
			_, _, err := w.SignIn(t.Context(), ms, "Ann@agency.test ", auth)
			return err
		}
		for range 4 {
			if err := try(bad); !errors.Is(err, errRefused) {
				t.Fatal(err)
			}
		}
		if got := w.last(); got != "member.sign_in_failed "+h.Member.Actor()+" system" {
			t.Errorf("the log says %s", got)
		}
		if err := try(good); err != nil {
			t.Fatalf("after four failures: %v", err)
		}
		for range 4 {
			_ = try(bad)
		}
		w.clock.Advance(15*time.Minute + time.Second)
		for range 4 {
			_ = try(bad)
		}
		if err := try(good); err != nil {
			t.Fatalf("eight failures, four within 15 minutes: %v", err)
		}
		for range 5 {
			_ = try(bad)
		}
		if got := w.last(); got != "member.locked "+h.Member.Actor()+" system" {
			t.Errorf("the log says %s", got)
		}
		entries := len(w.events())
		for range 3 {
			w.clock.Advance(time.Hour)
			if err := try(good); !errors.Is(err, errRefused) {
				t.Fatalf("a locked account: %v", err)
			}
		}
		if len(w.events()) != entries {
			t.Error("tries on a locked account fill the log")
		}
		m := must(w.Member(t.Context(), ms, h.Member.ID))(t)
		if !m.Locked || !m.Active {
			t.Errorf("the member: %+v", m)
		}
		if err := w.Release(w.as(m), ms, m.ID); !errors.Is(err, errSelf) {
			t.Errorf("released by oneself: %v", err)
		}
		if err := w.Release(w.as(admin), ms, m.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.Release(w.as(admin), ms, m.ID); !errors.Is(err, errChanged) {
			t.Errorf("released twice: %v", err)
		}
		if err := try(good); err != nil {
			t.Errorf("after the release: %v", err)
		}
	})
}

// Guesses that arrive at the same moment are counted one by one.
func TestGuessesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				_, _, err := w.SignIn(context.WithoutCancel(t.Context()), ms, "ann@agency.test", [32]byte{byte(i)})
				if !errors.Is(err, errRefused) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if !must(w.Member(t.Context(), ms, h.Member.ID))(t).Locked {
			t.Error("twelve guesses at once did not lock the account")
		}
		_, _, err := w.SignIn(t.Context(), ms, "ann@agency.test", h.Auth())
		if !errors.Is(err, errRefused) {
			t.Errorf("the right passphrase on a locked account: %v", err)
		}
	})
}

// Nothing that the sign-in answers differs between members, strangers and those who left.
func TestNobodyLearnsWhoIsAMember(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
		err := w.Deactivate(ctx, ms, ben.Member.ID)
		if err != nil {
			t.Fatal(err)
		}
		salts := map[string][]byte{}
		for _, email := range []string{"ann@agency.test", "ben@agency.test", "nobody@agency.test", "no.one@elsewhere.test"} {
			salt, iterations, err := w.Salt(ctx, ms, email)
			if err != nil || len(salt) != 16 || iterations != seal.Iterations {
				t.Errorf("%s: %x, %d, %v", email, salt, iterations, err)
			}
			again, _, err := w.Salt(ctx, ms, strings.ToUpper(email))
			if err != nil || !bytes.Equal(again, salt) {
				t.Errorf("%s: another salt when asked again", email)
			}
			for other, s := range salts {
				if bytes.Equal(s, salt) {
					t.Errorf("%s and %s have the same salt", email, other)
				}
			}
			salts[email] = salt
			for i := range 7 {
				_, _, err := w.SignIn(ctx, ms, email, [32]byte{9})
				f, ok := fault.As(err)
				if !ok || *f != *errRefused {
					t.Errorf("%s, try %d: %v", email, i, err)
				}
			}
		}
		_, _, err = w.SignIn(ctx, ms, "ben@agency.test", ben.Auth())
		if !errors.Is(err, errRefused) {
			t.Errorf("who left: %v", err)
		}
		_, _, err = w.SignIn(ctx, "nowhere", "ann@agency.test", ann.Auth())
		if !errors.Is(err, errRefused) {
			t.Errorf("another program: %v", err)
		}
		_, _, err = w.SignIn(ctx, ms, "not an address", [32]byte{})
		if !errors.Is(err, errRefused) {
			t.Errorf("no address: %v", err)
		}
	})
}

// guarded asks a guarded page with a cookie and tells whose request it was.
func (w *world) guarded(cookie string, secure bool) (Member, error) {
	r := httptest.NewRequest(http.MethodGet, "/staff/x", nil)
	name := "waylight"
	if secure {
		r = httptest.NewRequest(http.MethodGet, "https://tips.test/staff/x", nil)
		name = "__Host-waylight"
	}
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: name, Value: cookie})
	}
	var found Member
	err := w.Guard(policy.At(policy.ReadHome), func(_ http.ResponseWriter, r *http.Request) error {
		found, _ = From(r.Context())
		return nil
	})(httptest.NewRecorder(), r)
	return found, err
}

// Another server's session key, or another pepper, makes every cookie and secret worthless: a copied database serves nobody.
func TestCopiedDatabaseSignsNobodyIn(t *testing.T) {
	w := one(t)
	h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	cookie, _, err := w.SignIn(t.Context(), ms, "ann@agency.test", h.Auth())
	if err != nil {
		t.Fatal(err)
	}
	thief := newCopy(t, w)
	_, err = thief.guarded(cookie, false)
	if !errors.Is(err, errSignIn) {
		t.Errorf("a cookie: %v", err)
	}
	_, _, err = thief.SignIn(t.Context(), ms, "ann@agency.test", h.Auth())
	if !errors.Is(err, errRefused) {
		t.Errorf("the right passphrase: %v", err)
	}
	_, err = thief.UnlockHolder(t.Context(), ms, h.Member.ID, "passphrase of ann@agency.test")
	if err == nil {
		t.Error("the right passphrase opens keys without the keyring")
	}
}

func TestCookieIsKeptFromScriptsAndOtherSites(t *testing.T) {
	w := one(t)
	for _, secure := range []bool{false, true} {
		address := "http://127.0.0.1/staff/sign-in"
		if secure {
			address = "https://tips.test/staff/sign-in"
		}
		rec := httptest.NewRecorder()
		w.setCookie(rec, httptest.NewRequest(http.MethodPost, address, nil), "ms.value")
		c := rec.Result().Cookies()[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure != secure || c.Path != "/" || c.Domain != "" || c.MaxAge != 0 || strings.HasPrefix(c.Name, "__Host-") != secure {
			t.Errorf("secure %v: %s", secure, c)
		}
	}
}

func TestPublicPagesReadNoCookie(t *testing.T) {
	w := one(t)
	h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	cookie, _, err := w.SignIn(t.Context(), ms, "ann@agency.test", h.Auth())
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/ms", nil)
	r.AddCookie(&http.Cookie{Name: "waylight", Value: cookie})
	err = w.Guard(web.Public, func(_ http.ResponseWriter, r *http.Request) error {
		if _, ok := From(r.Context()); ok {
			t.Error("a public page knows who is signed in")
		}
		return nil
	})(httptest.NewRecorder(), r)
	if err != nil {
		t.Error(err)
	}
}

// A route asks the table, and one that names no action is for nobody.
func TestGuardHoldsRoles(t *testing.T) {
	acts := []policy.Action{policy.ReadInbox, policy.WorkDesk, policy.InvitePerson, policy.ReadSetup, policy.ReadWork, policy.ReadFigures, policy.ReadHome, "unheard.of", ""}
	each(t, func(t *testing.T, w *world) {
		for _, held := range policy.Roles() {
			m := w.add(police, held, held+"@agency.test", held)
			cookie := w.newCookie(ms)
			err := w.db.Write(t.Context(), func(tx *store.Tx) error { return insertSession(tx, ms, w.sessionHash(cookie), m.ID, true) })
			if err != nil {
				t.Fatal(err)
			}
			for _, wanted := range acts {
				r := httptest.NewRequest(http.MethodGet, "/staff/x", nil)
				r.AddCookie(&http.Cookie{Name: "waylight", Value: cookie})
				ran := false
				before := len(w.events())
				err := w.Guard(policy.At(wanted), func(http.ResponseWriter, *http.Request) error { ran = true; return nil })(httptest.NewRecorder(), r)
				if may := mayRoute(wanted, held); ran != may || ran != (err == nil) {
					t.Errorf("%s on a page for %q: ran %v, %v", held, wanted, ran, err)
				}
				if !ran && (!errors.Is(err, errRole) || len(w.events()) != before+1) {
					t.Errorf("%s refused on a page for %q: %v, %d entries", held, wanted, err, len(w.events())-before)
				}
			}
		}
	})
}

// mayRoute is what the test above expects, by its own list.
func mayRoute(a policy.Action, role string) bool {
	return slices.Contains(map[policy.Action][]string{
		policy.ReadInbox:    {RoleMember, RoleSupervisor, RoleDesk},
		policy.WorkDesk:     {RoleDesk},
		policy.InvitePerson: {RoleAgencyAdmin, RoleProgramAdmin},
		policy.ReadSetup:    {RoleProgramAdmin},
		policy.ReadWork:     {RoleProgramAdmin, RoleAuditor},
		policy.ReadFigures:  {RoleFigures, RoleProgramAdmin, RoleAuditor},
		policy.ReadHome:     policy.Roles(),
	}[a], role)
}

// A failed sign-in of a member and the lock itself are entries; what was typed is in none of them.
func TestSignInIsLogged(t *testing.T) {
	w := one(t)
	h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	_, _, _ = w.SignIn(t.Context(), ms, "ann@agency.test", [32]byte{})
	cookie, _, err := w.SignIn(t.Context(), ms, "ann@agency.test", h.Auth())
	if err != nil {
		t.Fatal(err)
	}
	_ = w.SignOut(t.Context(), h.Member, cookie)
	got := strings.Join(w.events(), "\n")
	for _, want := range []string{"member.invited", "member.enrolled", "office.key_made", "member.sign_in_failed", "member.signed_in", "member.signed_out"} {
		if !strings.Contains(got, want+" ") {
			t.Errorf("no entry %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, "ann@") {
		t.Errorf("an address stands in the log:\n%s", got)
	}
	_, err = w.KeysOf(t.Context(), h.Member)
	if err != nil || w.last() != "member.keys_fetched "+h.Member.Actor()+" "+h.Member.Actor() {
		t.Errorf("fetching keys: %v, %s", err, w.last())
	}
}
