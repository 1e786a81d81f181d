// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
)

// decide lets a member decide the open request about somebody.
func (w *world) decide(by Member, a policy.Action, about store.ID, approve bool) error {
	w.t.Helper()
	r, open, err := w.approvals.Waiting(w.t.Context(), w.db, ms, a, "member:"+about.String())
	if err != nil || !open {
		w.t.Fatalf("nothing waits: %v", err)
	}
	return w.approvals.Decide(w.as(by), r.ID, approve, "because")
}

// CJIS AC-5: power over the program takes two people, neither of whom is the one who gets it.
func TestRolesOverTheProgramTakeTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head := w.add(helpers, "Head", "head@agency.test", RoleProgramAdmin)
		second := w.add(helpers, "Second", "second@agency.test", RoleProgramAdmin)
		officer := w.add(police, "Officer", "officer@agency.test", RoleProgramAdmin)
		local := w.add(helpers, "Local", "local@agency.test", RoleAgencyAdmin)
		ann := w.add(helpers, "Ann", "ann@agency.test", RoleMember)
		roles := func() []string { t.Helper(); return must(w.Member(t.Context(), ms, ann.ID))(t).Roles }

		if err := w.SetRoles(w.as(local), ms, ann.ID, []string{RoleMember, RoleAuditor}); !errors.Is(err, errRoles) {
			t.Errorf("an office gives what is the program's: %v", err)
		}
		if err := w.SetRoles(w.as(head), ms, ann.ID, []string{RoleMember, RoleAuditor}); err != nil {
			t.Fatal(err)
		}
		if got := roles(); !slices.Equal(got, []string{RoleMember}) {
			t.Fatalf("at once: %v", got)
		}
		for _, c := range []struct {
			name string
			by   Member
			want error
		}{{"who asked", head, approval.ErrOwn}, {"an office's administrator", local, approval.ErrRole}, {"police, at an office that is not", officer, approval.ErrRole}} {
			if err := w.decide(c.by, policy.GiveProgram, ann.ID, true); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
		if err := w.decide(second, policy.GiveProgram, ann.ID, true); err != nil {
			t.Fatal(err)
		}
		if got := roles(); !slices.Equal(got, []string{RoleAuditor, RoleMember}) {
			t.Errorf("after two: %v", got)
		}
		if !slices.Contains(w.events(), "member.roles_changed "+ann.Actor()+" "+second.Actor()) {
			t.Errorf("the log: %v", w.events())
		}
		// What somebody has already is not given again, and less power takes one.
		for _, roles := range [][]string{{RoleMember, RoleSupervisor, RoleAuditor}, {RoleMember}} {
			if err := w.SetRoles(w.as(head), ms, ann.ID, roles); err != nil {
				t.Fatal(err)
			}
			if got := must(w.Member(t.Context(), ms, ann.ID))(t).Roles; len(got) != len(roles) {
				t.Errorf("%v became %v", roles, got)
			}
		}
		// The second person is not the one who gets it.
		if err := w.SetRoles(w.as(head), ms, second.ID, []string{RoleProgramAdmin, RoleAuditor}); err != nil {
			t.Fatal(err)
		}
		if err := w.decide(second, policy.GiveProgram, second.ID, true); !errors.Is(err, errRole) {
			t.Errorf("one's own power: %v", err)
		}
	})
}

// An invitation to such a role lets nobody in before a second person agreed, and never once they did not.
func TestInvitationsToTheProgramTakeTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head := w.add(police, "Head", "head@agency.test", RoleProgramAdmin)
		second := w.add(police, "Second", "second@agency.test", RoleProgramAdmin)
		invite := func(email string) (string, store.ID) {
			token := must(w.Invite(w.as(head), ms, police, "New Person", email, []string{RoleAuditor}))(t)
			return token, must(w.invited(t.Context(), token))(t).ID
		}
		token, id := invite("new@agency.test")
		if _, err := w.Begin(t.Context(), token); !errors.Is(err, errAwaits) {
			t.Errorf("before: %v", err)
		}
		if _, _, err := w.EnrollHolder(t.Context(), token, "a passphrase of many words"); !errors.Is(err, errAwaits) {
			t.Errorf("before: %v", err)
		}
		if err := w.decide(second, policy.GiveProgram, id, true); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Begin(t.Context(), token); err != nil {
			t.Errorf("after: %v", err)
		}
		token, id = invite("declined@agency.test")
		if err := w.decide(second, policy.GiveProgram, id, false); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Begin(t.Context(), token); !errors.Is(err, errRefusal) {
			t.Errorf("declined: %v", err)
		}
		token, id = invite("withdrawn@agency.test")
		if err := w.withdraw(w.as(head), ms, id); err != nil {
			t.Fatal(err)
		}
		if err := w.decide(second, policy.GiveProgram, id, true); !errors.Is(err, errInvitation) {
			t.Errorf("withdrawn: %v", err)
		}
		if _, err := w.Begin(t.Context(), token); !errors.Is(err, errInvitation) {
			t.Errorf("withdrawn: %v", err)
		}
		token, _ = invite("late@agency.test")
		w.clock.Advance(approval.Life - time.Minute)
		if _, err := w.Begin(t.Context(), token); !errors.Is(err, errAwaits) {
			t.Errorf("almost over: %v", err)
		}
		// The program itself invites its first administrator alone: nobody is there to agree.
		token = must(w.Invite(t.Context(), ms, police, "First", "first@agency.test", []string{RoleProgramAdmin}))(t)
		if _, err := w.Begin(t.Context(), token); err != nil {
			t.Errorf("the console's: %v", err)
		}
	})
}

// A link that is as good as an administrator of everything takes two as well; one for anybody else takes one.
func TestRenewingTheProgramsAdministratorTakesTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head := w.add(police, "Head", "head@agency.test", RoleProgramAdmin)
		second := w.add(police, "Second", "second@agency.test", RoleProgramAdmin)
		third := w.add(police, "Third", "third@agency.test", RoleProgramAdmin)
		ann := w.add(police, "Ann", "ann@agency.test", RoleMember)
		token := must(w.Renew(w.as(head), ms, second.ID))(t)
		if _, err := w.Begin(t.Context(), token); !errors.Is(err, errAwaits) {
			t.Errorf("before: %v", err)
		}
		if err := w.decide(second, policy.RenewPerson, second.ID, true); !errors.Is(err, approval.ErrRole) {
			t.Errorf("one's own: %v", err)
		}
		if err := w.decide(head, policy.RenewPerson, second.ID, true); !errors.Is(err, approval.ErrOwn) {
			t.Errorf("who asked: %v", err)
		}
		if err := w.decide(third, policy.RenewPerson, second.ID, true); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Begin(t.Context(), token); err != nil {
			t.Errorf("after: %v", err)
		}
		w.clock.Advance(time.Hour)
		again := must(w.Renew(w.as(head), ms, second.ID))(t) // the agreement was to another link
		if _, err := w.Begin(t.Context(), again); !errors.Is(err, errAwaits) {
			t.Errorf("again: %v", err)
		}
		if _, err := w.Begin(t.Context(), must(w.Renew(w.as(head), ms, ann.ID))(t)); err != nil {
			t.Errorf("a member's: %v", err)
		}
	})
}

// The pages say that it waits.
func TestThePagesSayThatItWaits(t *testing.T) {
	w := one(t)
	public := w.serve()
	head := w.add(police, "Head", "head@agency.test", RoleProgramAdmin)
	ann := w.add(police, "Ann", "ann@agency.test", RoleMember)
	c := w.client(public, head)
	doc := c.PostForm("/staff/people/"+ann.ID.String()+"/roles", url.Values{"roles": {RoleMember, RoleAuditor}})
	if doc.Status != http.StatusSeeOther || !strings.HasSuffix(doc.Header.Get("Location"), "done=asked") {
		t.Fatalf("%d %s", doc.Status, doc.Header.Get("Location"))
	}
	if doc = c.GetDoc(doc.Header.Get("Location")); !strings.Contains(doc.Main(), "A second administrator must agree") {
		t.Errorf("%s", doc.Main())
	}
	doc = c.PostForm("/staff/people/invite", url.Values{"name": {"New"}, "email": {"new@agency.test"}, "office": {police}, "roles": {RoleProgramAdmin}})
	if doc.Status != http.StatusOK || !strings.Contains(doc.Main(), "Until then the link lets nobody in.") {
		t.Errorf("%d %s", doc.Status, doc.Main())
	}
}
