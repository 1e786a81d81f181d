// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web/webtest"
)

// The whole way there and back is tried against a real service in test/oidc. Here: the pages, and what stands in the database.

// withSignOn records a service for an office without asking it.
func (w *world) withSignOn(office string) SignOn {
	w.t.Helper()
	v := SignOn{Program: ms, Office: office, ID: store.NewID(), Issuer: "https://login.agency.test/tenant", Client: "waylight"}
	share := must(w.ring.NewShare(v.ID.String()))(w.t)
	v.secret = must(sealClientSecret(share, v, "secret-of-the-client"))(w.t)
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		err := insertSignOn(tx, v)
		_ = w.logged(tx)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// link records that a member came from a service.
func (w *world) linked(v SignOn, m Member, subject string) {
	w.t.Helper()
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		err := insertLinkTo(tx, v, m.ID, store.NewID(), w.keyed("signon", subject))
		_ = w.logged(tx)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestSignOnPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		public := w.serve()
		admin, head := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin), w.add(police, "Head", "head@agency.test", RoleProgramAdmin)
		far := w.add(helpers, "Far", "far@helpers.test", RoleAgencyAdmin)
		ann := w.add(police, "<b>Ann</b>", "ann@agency.test", RoleMember)
		empty := public.GetDoc("/staff/sign-in/agency")
		if empty.Status != http.StatusOK || !strings.Contains(empty.Main(), "No agency of this program") {
			t.Errorf("without a service: %d", empty.Status)
		}
		v := w.withSignOn(police)
		w.linked(v, ann, "ann")
		w.linked(v, admin, "admin")
		for name, c := range map[string]*webtest.Client{"stranger": public, "head": w.client(public, head)} {
			doc := c.GetDoc("/staff/sign-in/agency?program=ms")
			if doc.Status != http.StatusOK || !strings.Contains(doc.Main(), "login.agency.test") {
				t.Errorf("%s: %d", name, doc.Status)
			}
			for _, problem := range webtest.Problems(doc) {
				t.Error(problem)
			}
		}
		doc := w.client(public, head).GetDoc("/staff/people/sign-on")
		for _, problem := range webtest.Problems(doc) {
			t.Error(problem)
		}
		if strings.Contains(doc.Body, "<b>Ann") || strings.Contains(doc.Body, "secret-of-the-client") || !strings.Contains(doc.Main(), "Waits for them to confirm") {
			t.Error("the page shows a name as markup, or the secret, or not who waits")
		}
		if doc := w.client(public, far).GetDoc("/staff/people/sign-on"); strings.Contains(doc.Main(), "login.agency.test") {
			t.Error("an office's administrator sees another office's service")
		}
		own := w.client(public, admin).GetDoc("/staff/people/sign-on")
		if strings.Count(own.Body, `name="link"`) != 1 {
			t.Error("somebody may answer for their own account, or not for a colleague's")
		}
		links := must(w.SignOnLinks(t.Context(), ms, police))(t)
		for _, l := range links {
			at := "/staff/people/" + l.Member.ID.String() + "/sign-on"
			if doc := w.client(public, admin).PostForm(at, url.Values{"link": {l.ID.String()}, "answer": {"confirm"}}); doc.Status != http.StatusBadRequest {
				t.Errorf("confirming for %s: %d", l.Member.Name, doc.Status)
			}
			want := map[string]int{ann.ID.String(): http.StatusSeeOther, admin.ID.String(): http.StatusForbidden}[l.Member.ID.String()]
			if doc := w.client(public, admin).PostForm(at, url.Values{"link": {l.ID.String()}, "answer": {"end"}}); doc.Status != want {
				t.Errorf("ending that of %s: %d", l.Member.Name, doc.Status)
			}
		}
		doc = w.client(public, ann).GetDoc("/staff/ways")
		for _, problem := range webtest.Problems(doc) {
			t.Error(problem)
		}
		if !strings.Contains(doc.Main(), "login.agency.test") || !strings.Contains(doc.Body, `name="code"`) {
			t.Errorf("a member's own page does not ask for the code: %s", doc.Main())
		}
	})
}

// The secret opens with the share of its own service alone, and with none once that was destroyed.
func TestClientSecret(t *testing.T) {
	w := one(t)
	v, other := w.withSignOn(police), w.withSignOn(helpers)
	if got := must(w.clientSecret(v))(t); got != "secret-of-the-client" {
		t.Errorf("it opens as %q", got)
	}
	moved := v
	moved.secret = other.secret
	if _, err := w.clientSecret(moved); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("another service's: %v", err)
	}
	if err := w.EndSignOn(t.Context(), ms, police); err != nil {
		t.Fatal(err)
	}
	if err := w.ring.DestroyShare(v.ID.String()); err != nil { // what the job does
		t.Fatal(err)
	}
	if _, err := w.clientSecret(v); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("after the share was destroyed: %v", err)
	}
}

// FuzzSignOnState holds that whatever state a stranger sends names at most one program.
func FuzzSignOnState(f *testing.F) {
	for _, s := range []string{"", "ms", "ms.", ".x", "ms.\x00", "zz.y", strings.Repeat("ms.", 1000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, state string) {
		if id := programOf(state); strings.Contains(id, ".") || !strings.HasPrefix(state, id) {
			t.Errorf("%q names the program %q", state, id)
		}
	})
}
