// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"waylight/internal/platform/fault"
)

// The only holder of an office's key can be cut off at once, and nothing is lost by it.
func TestSuspendTheOnlyHolder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		head := w.add(helpers, "Head", "head@helpers.test", RoleProgramAdmin)
		ann, _ := w.joinAs(police, "ann@agency.test", RoleMember, RoleAgencyAdmin)
		in, err := w.SignInFrom(ctx, ms, "ann@agency.test", ann.Auth(), "")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Deactivate(w.as(head), ms, ann.Member.ID); fault.KindOf(err) != fault.Conflict {
			t.Fatalf("this test is about somebody who cannot be deactivated: %v", err)
		}
		if err := w.Suspend(w.as(ann.Member), ms, ann.Member.ID); !errors.Is(err, errSelf) {
			t.Errorf("oneself: %v", err)
		}
		if err := w.Suspend(w.as(head), ms, ann.Member.ID); err != nil {
			t.Fatal(err)
		}
		if got := w.last(); got != "member.suspended "+ann.Member.Actor()+" "+head.Actor() {
			t.Errorf("the log says %s", got)
		}
		if _, err := w.guarded(in.Cookie, false); !errors.Is(err, errSignIn) {
			t.Errorf("the open session: %v", err)
		}
		if _, err := w.SignInFrom(ctx, ms, "ann@agency.test", ann.Auth(), in.Device); !errors.Is(err, errRefused) {
			t.Errorf("signing in: %v", err)
		}
		if _, err := w.KeysOf(ctx, ann.Member); !errors.Is(err, errSignIn) {
			t.Errorf("fetching keys: %v", err)
		}
		if m := must(w.Member(ctx, ms, ann.Member.ID))(t); m.Active || !m.Suspended {
			t.Errorf("the member: %+v", m)
		}
		if got := must(w.Members(ctx, ms, police))(t); len(got) != 0 {
			t.Errorf("%d members can be told of reports", len(got))
		}
		if err := w.Suspend(w.as(head), ms, ann.Member.ID); !errors.Is(err, errChanged) {
			t.Errorf("twice: %v", err)
		}
		if !w.agencies.Keyed(ms)(police) {
			t.Error("the office's key is gone")
		}
		if err := w.Resume(w.as(head), ms, ann.Member.ID); err != nil {
			t.Fatal(err)
		}
		if got := w.last(); got != "member.resumed "+ann.Member.Actor()+" "+head.Actor() {
			t.Errorf("the log says %s", got)
		}
		if _, err := w.guarded(in.Cookie, false); !errors.Is(err, errSignIn) {
			t.Errorf("the session of before: %v", err)
		}
		if _, _, err := w.SignIn(ctx, ms, "ann@agency.test", ann.Auth()); err != nil {
			t.Errorf("signing in again: %v", err)
		}
		h, err := w.UnlockHolder(ctx, ms, ann.Member.ID, "passphrase of ann@agency.test")
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := h.OfficeKey(police); !ok {
			t.Error("the keys are lost")
		}
		if err := w.Resume(w.as(head), ms, ann.Member.ID); !errors.Is(err, errChanged) {
			t.Errorf("resumed twice: %v", err)
		}
	})
}

// Who is suspended gets no access from a colleague, and can be deactivated once a colleague holds the key.
func TestSuspendedThenGone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
		if err := w.Suspend(ctx, ms, ben.Member.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.Grant(ctx, ann, ben.Member.ID); !errors.Is(err, errChanged) {
			t.Errorf("access for who is suspended: %v", err)
		}
		if err := w.Resume(ctx, ms, ben.Member.ID); err != nil {
			t.Fatal(err)
		}
		if must(w.HasAccess(ctx, ben.Member))(t) || !must(w.HasAccess(ctx, ann.Member))(t) {
			t.Error("a role alone is taken for access")
		}
		if err := w.Grant(ctx, ann, ben.Member.ID); err != nil {
			t.Fatal(err)
		}
		if !must(w.HasAccess(ctx, ben.Member))(t) {
			t.Error("no access although a colleague gave it")
		}
		if err := w.Suspend(ctx, ms, ann.Member.ID); err != nil {
			t.Fatal(err)
		}
		if must(w.HasAccess(ctx, must(w.Member(ctx, ms, ann.Member.ID))(t)))(t) {
			t.Error("who is suspended is taken to have access")
		}
		if err := w.Deactivate(ctx, ms, ann.Member.ID); err != nil {
			t.Errorf("closing a suspended account: %v", err)
		}
		if m := must(w.Member(ctx, ms, ann.Member.ID))(t); m.Active || m.Suspended {
			t.Errorf("who left: %+v", m)
		}
	})
}

func TestSuspendByTheButton(t *testing.T) {
	w := one(t)
	admin := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
	ann := w.add(police, "Ann", "ann@agency.test", RoleMember)
	c := w.client(w.serve(), admin)
	page := "/staff/people/" + ann.ID.String()
	if c.GetDoc("/staff/people/"+admin.ID.String()).One("form", "action", "/staff/people/"+admin.ID.String()+"/suspend") != nil {
		t.Error("an administrator is offered to suspend themselves")
	}
	if c.GetDoc(page).One("form", "action", page+"/suspend") == nil {
		t.Fatal("no button")
	}
	c.PostForm(page+"/suspend", nil)
	if strings.Contains(c.GetDoc("/staff/people").Main(), "ann@agency.test") || !strings.Contains(c.GetDoc("/staff/people?gone=1").Main(), "Suspended") {
		t.Error("the list names who is suspended as if they worked here, or does not find them when asked")
	}
	if doc := c.GetDoc(page); doc.One("form", "action", page+"/resume") == nil || doc.One("form", "action", page+"/suspend") != nil {
		t.Error("the page does not offer to let them in again")
	}
	c.PostForm(page+"/resume", nil)
	if !strings.Contains(c.GetDoc("/staff/people").Main(), "ann@agency.test") {
		t.Error("still kept out")
	}
}

// An administrator at a police office has every power there, and none at an office that is not police: not over its people, and not to become one of them.
func TestPoliceStayOutOfOtherOffices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		cop := w.add(police, "Cop", "cop@agency.test", RoleProgramAdmin, RoleAgencyAdmin)
		civil := w.add(helpers, "Civil", "civil@helpers.test", RoleProgramAdmin)
		acts := map[string]func(by, target Member) error{
			"roles":      func(by, m Member) error { return w.SetRoles(w.as(by), ms, m.ID, []string{RoleMember, RoleDesk}) },
			"suspend":    func(by, m Member) error { return w.Suspend(w.as(by), ms, m.ID) },
			"resume":     func(by, m Member) error { return w.Resume(w.as(by), ms, m.ID) },
			"release":    func(by, m Member) error { return w.Release(w.as(by), ms, m.ID) },
			"deactivate": func(by, m Member) error { return w.Deactivate(w.as(by), ms, m.ID) },
			"withdraw": func(by, m Member) error {
				token := w.invite(m.Office, "new-"+m.Email, RoleMember)
				return w.withdraw(w.as(by), ms, must(w.Begin(t.Context(), token))(t).Member)
			},
			"invite": func(by, m Member) error {
				_, err := w.Invite(w.as(by), ms, m.Office, "New", "again-"+by.Email, []string{RoleMember})
				return err
			},
			"invite an administrator": func(by, m Member) error {
				_, err := w.Invite(w.as(by), ms, m.Office, "New", "again-"+by.Email, []string{RoleProgramAdmin})
				return err
			},
		}
		for name, act := range acts {
			for _, c := range []struct {
				by     Member
				office string
				walled bool
			}{{cop, helpers, true}, {cop, police, false}, {civil, helpers, false}, {civil, police, false}} {
				target := w.add(c.office, "Target", strings.ReplaceAll(name, " ", "-")+c.by.Name+"@"+c.office+".test", RoleMember)
				err := act(c.by, target)
				if errors.Is(err, errWalled) != c.walled {
					t.Errorf("%s of %s at %s: %v", name, c.by.Name, c.office, err)
				}
				if m := must(w.Member(t.Context(), ms, target.ID))(t); c.walled && (!m.Active || len(m.Roles) != 1) {
					t.Errorf("%s of %s at %s was done all the same", name, c.by.Name, c.office)
				}
			}
		}
		client := w.client(w.serve(), cop)
		form := client.GetDoc("/staff/people/invite")
		if form.One("option", "value", helpers) != nil || form.One("option", "value", police) == nil {
			t.Error("the form offers police an office that is not theirs, or hides their own")
		}
		far := w.add(helpers, "Far", "far@helpers.test", RoleMember)
		page := "/staff/people/" + far.ID.String()
		if doc := client.GetDoc(page); doc.Status != http.StatusOK || doc.One("form", "action", page+"/suspend") != nil {
			t.Errorf("the page of another office's member: %d, or it offers changes", doc.Status)
		}
	})
}
