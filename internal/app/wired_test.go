// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/app/demo"
	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
)

// What one room needs of another is connected in this package alone: these tests hold the connections, the rooms' own tests hold the rest.

// hire lets somebody join an office of the first program.
func hire(t *testing.T, a *app.App, office, email string, roles ...string) *identity.Holder {
	t.Helper()
	token, err := a.People.Invite(ctx, "ms", office, "Person "+email, email, roles)
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := a.People.EnrollHolder(ctx, token, demo.Passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// An office with an open report is not closed, and one without may be.
func TestOpenReportKeepsAnOfficeOpen(t *testing.T) {
	t.Parallel()
	a, _ := staffed(t, t.TempDir(), "mbi-desk", "help-desk", "mdcps", "mcaht")
	head := hire(t, a, "mcaht", "head@example.invalid", identity.RoleProgramAdmin).Member
	send(t, a, "words") // of a child: the duty is child protection's
	by := agency.Actor{Program: "ms", Member: head.ID, Office: head.Office, Roles: head.Roles}
	var said []string
	for _, s := range agency.Statements() {
		said = append(said, s.ID)
	}
	var refused *fault.Error
	if err := a.Agencies.AskClose(ctx, by, "mdcps", said); !errors.As(err, &refused) || refused.Code != "agency_open_work" {
		t.Errorf("closing an office with an open report: %v", err)
	}
	if err := a.Agencies.AskClose(ctx, by, "mcaht", said); err != nil {
		t.Errorf("closing an office that has nothing open: %v", err)
	}
}

// Who is suspended holds no task any more: the stand-in is mailed at once, and may take it.
func TestSuspendedMembersTaskGoesToTheStandIn(t *testing.T) {
	t.Parallel()
	post, config := caught(t)
	clock := storetest.NewClock(storetest.Start)
	a := installation(t, app.Config{Data: t.TempDir(), Demo: true, Origin: "https://tips.example.gov", Now: clock.Now,
		Mail: config})
	for _, office := range []string{"mbi-desk", "help-desk"} {
		if err := a.Agencies.Join(ctx, agency.System("ms"), office); err != nil {
			t.Fatal(err)
		}
	}
	hire(t, a, "help-desk", "lou@example.invalid", identity.RoleMember) // or the form would not be open
	cal := hire(t, a, "mbi-desk", "cal@example.invalid", identity.RoleDesk, identity.RoleMember)
	sid := hire(t, a, "mbi-desk", "sid@example.invalid", identity.RoleDesk, identity.RoleMember)
	if err := a.People.Grant(ctx, cal, sid.Member.ID); err != nil {
		t.Fatal(err)
	}
	for h, kind := range map[*identity.Holder]agency.Kind{cal: agency.On, sid: agency.StandIn} {
		shift := agency.Shift{Member: h.Member.ID, Office: "mbi-desk", Kind: kind, Starts: clock.Now(), Ends: clock.Now().Add(24 * time.Hour)}
		if _, err := a.Agencies.AddShift(ctx, agency.System("ms"), shift); err != nil {
			t.Fatal(err)
		}
	}
	send(t, a, "words")
	run := func() (told bool) {
		if _, err := a.Runner.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(post.Messages(), func(m mail.Message) bool { return strings.Contains(m.To, sid.Member.Email) })
	}
	if run() {
		t.Fatal("the stand-in is told while somebody is on")
	}
	tasks, err := a.Referrals.List(ctx, cal.Member, referral.Filter{List: referral.ListTasks, Limit: 1})
	if err != nil || len(tasks.Rows) == 0 {
		t.Fatalf("no task: %v", err)
	}
	task := tasks.Rows[0].ID
	if err := a.Referrals.Take(ctx, cal.Member, task); err != nil {
		t.Fatal(err)
	}
	if err := a.Referrals.Take(ctx, sid.Member, task); !errors.Is(err, referral.ErrTaken) {
		t.Fatalf("a task that somebody has: %v", err)
	}
	if err := a.People.Suspend(ctx, "ms", cal.Member.ID); err != nil {
		t.Fatal(err)
	}
	if !run() {
		t.Error("the stand-in is not told")
	}
	if err := a.Referrals.Take(ctx, sid.Member, task); err != nil {
		t.Errorf("the stand-in cannot take the task: %v", err)
	}
}

// A copy of the database from before somebody left lets them nowhere, by passphrase or by the session they had: the keyring remembers.
func TestOlderCopyLetsALeaverNowhere(t *testing.T) {
	t.Parallel()
	data, older := t.TempDir(), filepath.Join(t.TempDir(), "older.db")
	a := installation(t, app.Config{Data: data, Demo: true})
	if err := a.Agencies.Join(ctx, agency.System("ms"), "mdcps"); err != nil {
		t.Fatal(err)
	}
	people := []*identity.Holder{}
	cookies := []*http.Cookie{}
	for _, email := range []string{"first@example.invalid", "second@example.invalid", "leaver@example.invalid"} {
		h := hire(t, a, "mdcps", email, identity.RoleMember)
		if len(people) > 0 {
			if err := a.People.Grant(ctx, people[0], h.Member.ID); err != nil {
				t.Fatal(err)
			}
		}
		cookie, err := signedIn(a, h)
		if err != nil {
			t.Fatal(err)
		}
		people, cookies = append(people, h), append(cookies, cookie)
	}
	copyDB(t, filepath.Join(data, "waylight.db"), older)
	if err := a.People.Deactivate(ctx, "ms", people[2].Member.ID); err != nil {
		t.Fatal(err)
	}
	a.Close()
	restored := installation(t, app.Config{Data: data, Database: "sqlite:" + older, Demo: true})
	for i, h := range people {
		stays := h != people[2]
		if _, err := signedIn(restored, h); (err == nil) != stays {
			t.Errorf("%s signs in: %v", h.Member.Email, err)
		}
		if now, err := restored.People.Member(ctx, "ms", h.Member.ID); err != nil || now.Active != stays {
			t.Errorf("%s is a member: %v, %v", h.Member.Email, now.Active, err)
		}
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/staff/inbox", nil)
		r.AddCookie(cookies[i])
		out := httptest.NewRecorder()
		restored.Handler().ServeHTTP(out, r)
		if (out.Code == http.StatusOK) != stays {
			t.Errorf("%s, who was signed in, meets %d", h.Member.Email, out.Code)
		}
	}
}
