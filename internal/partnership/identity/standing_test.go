// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
)

// heard keeps who the rooms above were told is away.
type heard struct{ who []store.ID }

func (w *world) listen() *heard {
	h := &heard{}
	w.onAway = func(_ *store.Tx, m Member) error {
		h.who = append(h.who, m.ID)
		return nil
	}
	return h
}

func (w *world) runStandings() {
	w.t.Helper()
	err := w.standings(w.t.Context(), jobs.Job{Program: ms})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) member(m Member) Member {
	w.t.Helper()
	return must(w.Member(w.t.Context(), ms, m.ID))(w.t)
}

const day = 24 * time.Hour

// AC-2(3): an account in which nobody has signed in for ninety days is disabled, with its sessions; an administrator lets its member in again.
func TestIdleAccountsAreDisabled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ann, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		ben, _ := w.joinAs(police, "ben@agency.test", RoleMember)
		away := w.listen()
		w.clock.Advance(45 * day)
		w.admits(ben)
		w.clock.Advance(44 * day)
		w.runStandings()
		if !w.member(ann.Member).Active {
			t.Fatal("disabled after 89 days")
		}
		w.clock.Advance(day)
		w.runStandings()
		w.runStandings()
		m := w.member(ann.Member)
		if m.Active || !m.Suspended || w.admits(ann) || !slices.Equal(away.who, []store.ID{ann.Member.ID}) {
			t.Errorf("after ninety days: %+v, told of %v", m, away.who)
		}
		if w.member(ben.Member).Suspended {
			t.Error("who signed in 45 days ago is disabled")
		}
		if got := w.events(); !contains(got, "member.disabled_idle "+m.Actor()+" system") {
			t.Errorf("the log: %v", got)
		}
		admin := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
		if err := w.Resume(w.as(admin), ms, m.ID); err != nil || !w.admits(ann) {
			t.Errorf("let in again: %v", err)
		}
		w.clock.Advance(89 * day)
		w.runStandings()
		if !w.member(ann.Member).Active {
			t.Error("the ninety days did not begin anew")
		}
	})
}

// A program whose only administrator was away for ninety days is opened again from the server's console; who was suspended by a person is not.
func TestConsoleReleasesAnIdleAdministrator(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head, _ := w.joinAs(helpers, "head@helpers.test", RoleProgramAdmin)
		w.clock.Advance(91 * day)
		w.runStandings()
		if w.admits(head) {
			t.Fatal("after 91 days")
		}
		if err := w.ReleaseByEmail(t.Context(), ms, "head@helpers.test"); err != nil || !w.admits(head) {
			t.Errorf("from the console: %v", err)
		}
		if err := w.Suspend(t.Context(), ms, head.Member.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.ReleaseByEmail(t.Context(), ms, "head@helpers.test"); !errors.Is(err, errChanged) || w.admits(head) {
			t.Errorf("suspended by a person: %v", err)
		}
	})
}

// AC-2(2): a temporary account ends on its day, also for whoever is signed in, and is closed within the 72 hours after it.
func TestTemporaryAccounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.joinAs(police, "first@agency.test", RoleMember)
		second, _ := w.joinAs(police, "second@agency.test", RoleMember)
		admin := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
		away := w.listen()
		ends := w.clock.Now().Add(5 * day)
		if err := w.SetTill(w.as(admin), ms, second.Member.ID, w.clock.Now()); !errors.Is(err, errTillDate) {
			t.Errorf("an end in the past: %v", err)
		}
		if err := w.SetTill(w.as(admin), ms, second.Member.ID, ends); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(5*day - time.Minute)
		cookie, _, err := w.SignIn(t.Context(), ms, second.Member.Email, second.Auth())
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(2 * time.Minute)
		if w.admits(second) {
			t.Error("signed in after the last day")
		}
		w.runStandings()
		if _, err = w.guarded(cookie, false); !errors.Is(err, errSignIn) {
			t.Errorf("a session from before: %v", err)
		}
		if !slices.Equal(away.who, []store.ID{second.Member.ID}) {
			t.Errorf("told of %v", away.who)
		}
		if err := w.Resume(w.as(admin), ms, second.Member.ID); !errors.Is(err, errTill) {
			t.Errorf("let in again without a new end: %v", err)
		}
		w.clock.Advance(49 * time.Hour)
		w.runStandings()
		if m := w.member(second.Member); m.Suspended || m.Active {
			t.Errorf("two days later: %+v", m)
		}
		if w.ways(t, second) != 0 {
			t.Error("the ways to its keys are not ended")
		}
		if got := w.events(); !contains(got, "member.till_set") || !contains(got, "member.disabled_temporary") || !contains(got, "member.deactivated "+second.Member.Actor()+" system") {
			t.Errorf("the log: %v", got)
		}
		if len(away.who) != 2 {
			t.Errorf("told %d times", len(away.who))
		}
	})
}

// ways counts how a member could still open keys.
func (w *world) ways(t *testing.T, h *Holder) int {
	var n int
	err := w.db.QueryRow(t.Context(), `select count(id) from unlocker where program = $1 and member = $2 and ended = 0`, ms, h.Member.ID).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// An invitation can carry the last day of the account it will become.
func TestInvitedForALimitedTime(t *testing.T) {
	w := one(t)
	admin := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
	c := w.client(w.serve(), admin)
	form := url.Values{"name": {"Ann Ex"}, "email": {"ann@agency.test"}, "office": {police}, "roles": {RoleMember}, "till": {"2020-01-01"}}
	if doc := c.PostForm("/staff/people/invite", form); doc.Status != http.StatusBadRequest || doc.Values("/staff/people/invite").Get("till") != "2020-01-01" {
		t.Errorf("a day in the past: %d", doc.Status)
	}
	form.Set("till", w.clock.Now().Add(3*day).Format("2006-01-02"))
	doc := c.PostForm("/staff/people/invite", form)
	_, token, _ := strings.Cut(doc.One("p", "id", "link").Text(), "/staff/enroll#")
	h, _, err := w.EnrollHolder(t.Context(), token, "passphrase of ann@agency.test")
	if err != nil {
		t.Fatal(err)
	}
	page := c.GetDoc("/staff/people/" + h.Member.ID.String())
	if got := page.One("input", "id", "till").Attr["value"]; got != form.Get("till") {
		t.Errorf("the page says %q", got)
	}
	w.clock.Advance(5 * day)
	if w.admits(h) {
		t.Error("signed in after the last day")
	}
	if doc = c.PostForm("/staff/people/"+h.Member.ID.String()+"/till", url.Values{"till": {"soon"}}); doc.Status == http.StatusSeeOther {
		t.Errorf("no day: %d", doc.Status)
	}
}

// AC-2(3): who works at an office that left the program is kept out.
func TestOfficeThatLeft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.add("mdcps", "Cas", "cas@agency.test", RoleMember) // its office never joined here
		w.runStandings()
		if got := w.member(m); !got.Suspended || !contains(w.events(), "member.disabled_office "+m.Actor()) {
			t.Errorf("%+v", got)
		}
	})
}

// A locked, suspended, disabled or closed account is told of in the transaction that does it; if what comes of that fails, so does the act.
func TestEveryWayOfBeingAwayIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.joinAs(police, "ann@agency.test", RoleMember)
		away := w.listen()
		for range 5 {
			_, _, _ = w.SignIn(t.Context(), ms, "ann@agency.test", [32]byte{1})
		}
		if len(away.who) != 1 {
			t.Errorf("locked: told %d times", len(away.who))
		}
		kept := w.add(police, "Kept", "kept@agency.test", RoleMember)
		if err := w.Suspend(t.Context(), ms, kept.ID); err != nil || len(away.who) != 2 {
			t.Errorf("suspended: %v, told %d times", err, len(away.who))
		}
		gone := w.add(police, "Gone", "gone@agency.test", RoleMember)
		if err := w.Deactivate(t.Context(), ms, gone.ID); err != nil || len(away.who) != 3 {
			t.Errorf("closed: %v, told %d times", err, len(away.who))
		}
		broken := errors.New("no hand-over")
		w.onAway = func(*store.Tx, Member) error { return broken }
		other := w.add(police, "Other", "other@agency.test", RoleMember)
		if err := w.Suspend(t.Context(), ms, other.ID); !errors.Is(err, broken) || w.member(other).Suspended {
			t.Errorf("without a hand-over: %v", err)
		}
	})
}

// AC-2-h: those who answer for an office's accounts are mailed within the hour of a leaver or a change of roles, in words that name nobody.
func TestManagersAreTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		catcher := must(mail.NewCatcher("127.0.0.1:0"))(t)
		t.Cleanup(func() { catcher.Close() })
		w.mail = mail.NewSender(mail.Config{Addr: catcher.Addr(), From: "notices@site.test", TLS: mail.LoopbackOnly})
		w.Service.origin = "https://staff.site.test"
		w.add(police, "Boss", "boss@agency.test", RoleSupervisor)
		w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
		w.add(helpers, "Head", "head@helpers.test", RoleProgramAdmin)
		w.add(helpers, "Far", "far@helpers.test", RoleAgencyAdmin)
		w.add(police, "Colleague", "colleague@agency.test", RoleMember)
		leaver := w.add(police, "Xaviera Leaver", "leaver@agency.test", RoleMember, RoleSupervisor)
		run := jobs.New(w.db, []string{ms}, w.Room().Jobs, nil, w.clock.Now, nil)
		for i, act := range []func() error{
			func() error { return w.SetRoles(t.Context(), ms, leaver.ID, []string{RoleMember}) },
			func() error { return w.Suspend(t.Context(), ms, leaver.ID) },
			func() error { return w.Deactivate(t.Context(), ms, leaver.ID) },
		} {
			if err := act(); err != nil {
				t.Fatal(err)
			}
			must(run.RunDue(t.Context()))(t)
			err := catcher.Wait(t.Context(), 3*(i+1))
			if err != nil {
				t.Fatal(err)
			}
		}
		var to []string
		for _, m := range catcher.Messages() {
			to = append(to, m.To)
			for _, word := range []string{"xaviera", "leaver@", "traffick", "report", "victim", "police"} {
				if strings.Contains(strings.ToLower(m.Subject+m.Text), word) {
					t.Errorf("the mail says %q", word)
				}
			}
		}
		slices.Sort(to)
		if got := strings.Join(slices.Compact(to), " "); got != "admin@agency.test boss@agency.test head@helpers.test" || len(to) != 9 {
			t.Errorf("%d mails, to %s", len(to), got)
		}
		if !contains(w.events(), "member.change_told "+leaver.Actor()+" system") {
			t.Errorf("the log: %v", w.events())
		}
		w.mail = nil
		if err := w.Suspend(t.Context(), ms, must(w.Members(t.Context(), ms, police))(t)[0].ID); err != nil {
			t.Fatal(err)
		}
		must(run.RunDue(t.Context()))(t)
		if !contains(w.events(), "member.change_untold") {
			t.Error("that nobody could be mailed is not in the log")
		}
	})
}

// AC-2-j: each account is confirmed or ended once a year; what nobody answered is an alarm, and every answer can be exported.
func TestYearlyReview(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin := w.add(police, "Admin", "admin@agency.test", RoleAgencyAdmin)
		kept := w.add(police, "Kept", "kept@agency.test", RoleMember, RoleSupervisor)
		ended := w.add(police, "Ended", "ended@agency.test", RoleMember)
		far := w.add(helpers, "Far", "far@helpers.test", RoleMember)
		alarms := func() string {
			err := w.reviews(t.Context(), jobs.Job{Program: ms})
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, a := range must(w.agencies.Alarms(t.Context(), ms))(t) {
				if a.Kind == agency.AlarmReview {
					out = append(out, a.Subject)
				}
			}
			slices.Sort(out)
			return strings.Join(out, " ")
		}
		c := w.client(w.serve(), admin)
		if doc := c.GetDoc("/staff/people/review"); !strings.Contains(doc.Main(), "Nothing is due") {
			t.Errorf("on the first day: %s", doc.Main())
		}
		w.clock.Advance(364 * day)
		if got := alarms(); got != "" {
			t.Errorf("within the year: %s", got)
		}
		w.clock.Advance(day)
		if got := alarms(); got != helpers+" "+police {
			t.Errorf("after the year: %s", got)
		}
		c = w.client(w.serve(), admin)
		page := c.GetDoc("/staff/people/review")
		if got := page.Main(); !strings.Contains(got, "Kept") || !strings.Contains(got, "Ended") || strings.Contains(got, "Far") || !strings.Contains(got, "Another administrator answers") {
			t.Errorf("the page: %s", got)
		}
		if err := w.Confirm(w.as(admin), ms, admin.ID); !errors.Is(err, errSelf) {
			t.Errorf("one's own account: %v", err)
		}
		if err := w.Confirm(w.as(admin), ms, far.ID); err == nil {
			t.Error("confirmed at another office")
		}
		answer := func(m Member, decision string) {
			doc := c.PostForm("/staff/people/"+m.ID.String()+"/review", url.Values{"decision": {decision}})
			if doc.Status != http.StatusSeeOther {
				t.Errorf("%s: %d %s", decision, doc.Status, doc.Main())
			}
		}
		answer(kept, "kept")
		answer(ended, "ended")
		if w.member(ended).Active || !w.member(kept).Active {
			t.Error("the answers did not take effect")
		}
		if err := w.Confirm(t.Context(), ms, admin.ID); err != nil { // the console, or another administrator
			t.Fatal(err)
		}
		if got := alarms(); got != helpers {
			t.Errorf("after the answers: %s", got)
		}
		csv := c.GetDoc("/staff/people/review.csv").Body
		for _, line := range []string{"account,%s,Kept", "review,%s"} {
			if !strings.Contains(csv, fmt.Sprintf(line, kept.ID)) {
				t.Errorf("the export: %s", csv)
			}
		}
		if !strings.Contains(csv, admin.Actor()+",ended") || strings.Contains(csv, "far@helpers.test") {
			t.Errorf("the export: %s", csv)
		}
		if got := w.events(); !contains(got, "access.confirmed "+kept.Actor()+" "+admin.Actor()) || !contains(got, "access.rejected "+ended.Actor()) {
			t.Errorf("the log: %v", got)
		}
	})
}
