// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"testing"
	"time"

	"waylight/internal/platform/store"
)

// Whoever is kept out, or loses the office of administrator, leaves no link behind that lets somebody in.
func TestLinksEndWithWhoMadeThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head := w.add(police, "Head", "head@agency.test", RoleProgramAdmin)
		other := w.add(police, "Other", "other@agency.test", RoleAgencyAdmin)
		for name, act := range map[string]func(Member) error{
			"suspended": func(m Member) error { return w.Suspend(w.as(head), ms, m.ID) },
			"demoted":   func(m Member) error { return w.SetRoles(w.as(head), ms, m.ID, []string{RoleMember}) },
			"ended":     func(m Member) error { return w.Deactivate(w.as(head), ms, m.ID) },
		} {
			admin := w.add(police, "Admin", name+"@agency.test", RoleAgencyAdmin, RoleMember)
			lost := w.add(police, "Lost", "lost-"+name+"@agency.test", RoleMember)
			invitation := must(w.Invite(w.as(admin), ms, police, "New", "new-"+name+"@agency.test", []string{RoleMember}))(t)
			renewal := must(w.Renew(w.as(admin), ms, lost.ID))(t)
			theirs := must(w.Invite(w.as(other), ms, police, "New", "theirs-"+name+"@agency.test", []string{RoleMember}))(t)
			if err := act(admin); err != nil {
				t.Fatal(name, err)
			}
			for what, token := range map[string]string{"invitation": invitation, "renewal": renewal} {
				if _, err := w.Begin(t.Context(), token); !errors.Is(err, errInvitation) {
					t.Errorf("%s: the %s: %v", name, what, err)
				}
			}
			if _, err := w.Begin(t.Context(), theirs); err != nil {
				t.Errorf("%s: somebody else's: %v", name, err)
			}
		}
	})
}

// A link that was used before the last way in was lost, and nothing else since the backup, is enough to take back what is open.
func TestARestoredBackupOpensNoUsedLink(t *testing.T) {
	w := one(t)
	ctx := t.Context()
	w.joinAs(police, "ann@agency.test", RoleMember)
	used, taken := w.invite(police, "eve@agency.test", RoleMember), w.invite(police, "gone@agency.test", RoleMember)
	file := w.backup()
	if _, _, err := w.EnrollHolder(ctx, used, "a passphrase of eve"); err != nil {
		t.Fatal(err)
	}
	old := w.restored(file)
	if err := old.ApplyDestructions(ctx); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"used": used, "open then": taken} {
		if _, err := old.Begin(ctx, token); !errors.Is(err, errInvitation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.ApplyDestructions(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Begin(ctx, taken); err != nil {
		t.Errorf("where no backup was restored: %v", err)
	}
}

// What was made for somebody's keys does not count once they were renewed.
func TestNothingIsWrittenForKeysThatWereRenewed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		token := must(w.Renew(ctx, ms, ann.Member.ID))(t)
		if _, _, err := w.EnrollHolder(ctx, token, "a new passphrase for her"); err != nil {
			t.Fatal(err)
		}
		if err := w.putWays(ctx, ann.Member, nil, w.logged); !errors.Is(err, errChanged) {
			t.Errorf("a way in of the keys before: %v", err)
		}
		now := must(w.Member(ctx, ms, ann.Member.ID))(t)
		for name, m := range map[string]Member{"before": ann.Member, "now": now} {
			err := w.db.Write(ctx, func(tx *store.Tx) error { return sameKeys(ctx, tx, m) })
			if errors.Is(err, errChanged) != (name == "before") {
				t.Errorf("keys %s: %v", name, err)
			}
		}
	})
}

// Asking to sign in is free, so the challenges that wait are bounded, those that ended go, and a member's own is not pushed out.
func TestChallengesAreBounded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann := w.add(police, "Ann", "ann@agency.test", RoleMember)
		put := func(name string, member *store.ID) {
			t.Helper()
			w.clock.Advance(time.Second)
			err := w.db.Write(t.Context(), func(tx *store.Tx) error {
				return keepCeremony(tx, ceremony{program: ms, challenge: []byte(name), purpose: forSignIn, member: member, data: []byte("{}"), ends: tx.Now().Add(ceremonyLife)}, 3)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		waiting := func() (all string) {
			t.Helper()
			rows := must(w.db.Query(t.Context(), "select challenge from ceremony where program = $1 order by ends", ms))(t)
			defer rows.Close()
			for rows.Next() {
				var b []byte
				if err := rows.Scan(&b); err != nil {
					t.Fatal(err)
				}
				all += string(b)
			}
			return all
		}
		put("m", &ann.ID)
		for _, name := range []string{"1", "2", "3", "4", "5"} {
			put(name, nil)
		}
		if got := waiting(); got != "m345" {
			t.Errorf("waiting are %s", got)
		}
		w.clock.Advance(ceremonyLife)
		put("6", nil)
		if got := waiting(); got != "6" {
			t.Errorf("after they ended: %s", got)
		}
	})
}
