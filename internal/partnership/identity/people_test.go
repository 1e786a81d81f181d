// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// Whoever leaves can do nothing any more, not even with a copy of the database and their own passphrase.
func TestDeactivateTakesEverythingAway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ann, _ := w.joinAs(police, "ann@agency.test", RoleAgencyAdmin)
		ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
		if err := w.Grant(ctx, ann, ben.Member.ID); err != nil {
			t.Fatal(err)
		}
		cookie, _, err := w.SignIn(ctx, ms, "ben@agency.test", ben.Auth())
		if err != nil {
			t.Fatal(err)
		}
		keys := must(w.KeysOf(ctx, ben.Member))(t)
		if len(keys.Wraps) != 1 {
			t.Fatalf("%d wraps", len(keys.Wraps))
		}
		if err := w.Deactivate(w.as(ann.Member), ms, ben.Member.ID); err != nil {
			t.Fatal(err)
		}
		if got := w.last(); got != "member.deactivated "+ben.Member.Actor()+" "+ann.Member.Actor() {
			t.Errorf("the log says %s", got)
		}
		if _, err := w.guarded(cookie, false); !errors.Is(err, errSignIn) {
			t.Errorf("the open session: %v", err)
		}
		if _, _, err := w.SignIn(ctx, ms, "ben@agency.test", ben.Auth()); !errors.Is(err, errRefused) {
			t.Errorf("signing in: %v", err)
		}
		if _, err := w.ring.Share(keys.Unlockers[0].ID.String()); !errors.Is(err, keyring.ErrNoShare) {
			t.Errorf("the server's share: %v", err)
		}
		if _, err := w.KeysOf(ctx, ben.Member); !errors.Is(err, errSignIn) {
			t.Errorf("fetching keys: %v", err)
		}
		// The old wrap, from a backup, with the right passphrase and any other share.
		keys.Unlockers[0].Share = [32]byte{}
		if _, err := keys.open(ben.Member, "passphrase of ben@agency.test"); !errors.Is(err, ErrLocked) || !errors.Is(err, seal.ErrOpen) {
			t.Errorf("the old root: %v", err)
		}
		if err := w.Deactivate(w.as(ann.Member), ms, ben.Member.ID); fault.KindOf(err) != fault.Conflict {
			t.Errorf("twice: %v", err)
		}
		if got := must(w.Members(ctx, ms, police))(t); len(got) != 1 {
			t.Errorf("%d members are left", len(got))
		}
		if m := must(w.Member(ctx, ms, ben.Member.ID))(t); m.Active || m.Name != "Person ben@agency.test" {
			t.Errorf("who left: %+v", m)
		}
		if _, _, err := w.EnrollHolder(ctx, w.invite(police, "ben@agency.test", RoleMember), "a new passphrase for him"); err != nil {
			t.Errorf("invited again: %v", err)
		}
	})
}

// A key never has fewer than two wraps: the last member who opens it cannot be taken away.
func TestLastHolderStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
		err := w.Deactivate(ctx, ms, ann.Member.ID)
		if fault.KindOf(err) != fault.Conflict {
			t.Fatalf("the only holder beside the recovery shares: %v", err)
		}
		if len(must(w.openers(t.Context(), ann.Member))(t)) != 1 {
			t.Errorf("the share was destroyed although nothing was changed: %v", err)
		}
		if !must(w.Member(ctx, ms, ann.Member.ID))(t).Active {
			t.Error("half of it was done")
		}
		if err := w.Grant(ctx, ann, ben.Member.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.Deactivate(ctx, ms, ann.Member.ID); err != nil {
			t.Errorf("after a colleague got access: %v", err)
		}
		if !w.agencies.Keyed(ms)(police) {
			t.Error("the office's key is gone")
		}
	})
}

// Two holders who are taken away at the same moment do not each count on the other.
func TestLastTwoHoldersAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.WithoutCancel(t.Context())
		ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
		if err := w.Grant(ctx, ann, ben.Member.ID); err != nil {
			t.Fatal(err)
		}
		results := make(chan error, 2)
		for _, id := range []store.ID{ann.Member.ID, ben.Member.ID} {
			go func() { results <- w.Deactivate(ctx, ms, id) }()
		}
		first, second := <-results, <-results
		if (first == nil) == (second == nil) {
			t.Errorf("%v and %v", first, second)
		}
		if !w.agencies.Keyed(ms)(police) {
			t.Error("the office's key has fewer than two wraps")
		}
	})
}

// A server that stops between the database and the keyring destroys the share when it runs again.
func TestShareIsDestroyedByTheJob(t *testing.T) {
	w := one(t)
	w.joinAs(police, "ann@agency.test", RoleMember)
	ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
	opener := must(w.openers(t.Context(), ben.Member))(t)[0].ID.String()
	share := must(w.ring.Share(opener))(t)
	// What Deactivate commits, without what it does afterwards.
	if _, err := w.end(t.Context(), ms, ben.Member.ID); err != nil {
		t.Fatal(err)
	}
	if again := must(w.ring.Share(opener))(t); again != share {
		t.Fatal("the share is gone before the job")
	}
	r := w.Room()
	all := w.agencies.Room().Jobs
	maps.Copy(all, r.Jobs)
	_, err := jobs.New(w.db, []string{ms}, all, nil, w.clock.Now, slog.New(slog.DiscardHandler)).RunDue(t.Context())
	if err != nil {
		t.Error(err)
	}
	if dead := must(jobs.DeadLetters(t.Context(), w.db, ms))(t); len(dead) != 0 {
		t.Errorf("given up: %v", dead)
	}
	for _, name := range []string{opener, ben.Member.ID.String()} {
		if gone := must(w.ring.Destroyed())(t); !slices.ContainsFunc(gone, func(d keyring.Destruction) bool { return d.Member == name }) {
			t.Errorf("%s is not in the destruction log: %v", name, gone)
		}
	}
}

// Who may change whom, as a table.
func TestAdministration(t *testing.T) {
	t.Parallel()
	member := func(office string, roles ...string) Member {
		return Member{Program: ms, ID: [16]byte{byte(len(office)), byte(len(strings.Join(roles, "")))}, Office: office, Roles: roles}
	}
	plain, admin, head, auditor := member("a", RoleMember), member("a", RoleAgencyAdmin), member("a", RoleProgramAdmin), member("a", RoleAuditor)
	far, farAdmin := member("bb", RoleMember), member("bb", RoleAgencyAdmin)
	both := member("a", RoleAgencyAdmin, RoleProgramAdmin)
	foreign := plain
	foreign.Program = "tx"
	for _, c := range []struct {
		name       string
		by, target Member
		want       bool
	}{
		{"office administrator, own office", admin, plain, true},
		{"office administrator, another office", admin, far, false},
		{"office administrator, program administrator", admin, head, false},
		{"office administrator, auditor", admin, auditor, false},
		{"office administrator, one who is both", admin, both, false},
		{"program administrator, anybody", head, far, true},
		{"program administrator, another one", head, both, true},
		{"program administrator, another office's administrator", head, farAdmin, true},
		{"oneself", head, head, false},
		{"member", plain, admin, false},
		{"auditor", auditor, plain, false},
		{"another program", head, foreign, false},
	} {
		if got := policy.Decide(policy.ChangePerson, subjectAt(c.by, program.Office{}), accountOf(c.target, program.Office{})).Allowed; got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	for _, c := range []struct {
		by   Member
		want []bool // office a, office bb
	}{{plain, []bool{true, false}}, {admin, []bool{true, false}}, {head, []bool{true, true}}, {auditor, []bool{true, true}}, {far, []bool{false, true}}} {
		if got := []bool{seesPeople(c.by, "a"), seesPeople(c.by, "bb")}; !slices.Equal(got, c.want) {
			t.Errorf("%v of %s sees %v", c.by.Roles, c.by.Office, got)
		}
	}
}

func TestChangingRoles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
		head := w.add(police, "Head", "head@agency.test", RoleProgramAdmin)
		ann := w.add(police, "Ann", "ann@agency.test", RoleMember)
		auditor := w.add(police, "Auditor", "auditor@agency.test", RoleAuditor)
		for _, c := range []struct {
			name   string
			by     Member
			target Member
			roles  []string
			want   error
		}{
			{"more", admin, ann, []string{RoleSupervisor, RoleMember, RoleMember}, nil},
			{"above oneself", admin, ann, []string{RoleProgramAdmin}, errRoles},
			{"none", admin, ann, nil, errRoles},
			{"away from the key", head, ann, []string{RoleAuditor}, errKeepsKey},
			{"towards the key", head, auditor, []string{RoleAuditor, RoleMember}, nil},
			{"one's own", head, head, []string{RoleProgramAdmin, RoleMember}, errSelf},
			{"without the right", ann, admin, []string{RoleMember}, errRole},
			{"of whom one has no say over", admin, head, []string{RoleMember}, errRole},
		} {
			err := w.SetRoles(w.as(c.by), ms, c.target.ID, c.roles)
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
		if got := must(w.Member(t.Context(), ms, ann.ID))(t).Roles; !slices.Equal(got, []string{RoleMember, RoleSupervisor}) {
			t.Errorf("Ann's roles: %v", got)
		}
		if err := w.SetRoles(w.as(head), ms, [16]byte{1}, []string{RoleMember}); !errors.Is(err, errNoMember) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// The list is read in parts that neither miss nor repeat anybody, also while people join, and a search finds what was typed and nothing else.
func TestListIsPagedAndSearched(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		const n = 57
		for i := range n {
			office := police
			if i%3 == 0 {
				office = helpers
			}
			w.add(office, fmt.Sprintf("Same Name %d", i%5), fmt.Sprintf("p%02d_x@agency.test", i), RoleMember)
		}
		w.add(police, "Zoë 100% Müller", "zoe@agency.test", RoleMember)
		seen := map[string]bool{}
		at, pages := after{}, 0
		for {
			page, next, err := listMembers(ctx, w.db, ms, Filter{}, at, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page {
				if seen[m.Email] {
					t.Errorf("%s twice", m.Email)
				}
				seen[m.Email] = true
			}
			pages++
			if pages == 2 {
				w.add(police, "Aaron First", "aaron@agency.test", RoleMember) // before where we are
			}
			if next == (after{}) {
				break
			}
			at = next
		}
		if len(seen) != n+1 || pages != 6 {
			t.Errorf("%d people on %d pages", len(seen), pages)
		}
		for search, want := range map[string]int{"": n + 2, "SAME name": n, "p0": 10, "_x": n, "%": 1, "100%": 1, "zoë": 1, `\`: 0, "' or 1=1 --": 0, "p00_x@agency.test": 1} {
			page, _, err := listMembers(ctx, w.db, ms, Filter{Search: search}, after{}, 200)
			if err != nil || len(page) != want {
				t.Errorf("%q finds %d, want %d: %v", search, len(page), want, err)
			}
		}
		if page := must(w.Members(ctx, ms, helpers))(t); len(page) != 19 {
			t.Errorf("%d in one office", len(page))
		}
		if page := must(w.Members(ctx, "tx", ""))(t); len(page) != 0 {
			t.Errorf("%d in another program", len(page))
		}
	})
}
