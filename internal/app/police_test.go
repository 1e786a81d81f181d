// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waylight/internal/app/demo"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// everyRole is what a member of a police office could at most be.
var everyRole = []string{identity.RoleMember, identity.RoleSupervisor, identity.RoleDesk, identity.RoleAgencyAdmin, identity.RoleProgramAdmin, identity.RoleAuditor}

// staffAnswers asks every address of the staff pages as one member and returns
// the answers. probe stands wherever an address takes an id.
func staffAnswers(t *testing.T, d *demo.Demo, cookie *http.Cookie, probes ...string) map[string]string {
	t.Helper()
	answers := map[string]string{}
	for _, q := range []string{"/staff/inbox?state=all", "/staff/inbox?q=Issaquena&state=all", "/staff/desk?list=late&state=all", "/staff/desk?list=stuck&state=all", "/staff/desk?state=all&q=help",
		"/staff/inbox.csv?state=all", "/staff/desk.csv?state=all", "/staff/inbox?q=" + probes[0]} {
		answers[strings.ReplaceAll(q, probes[0], "ID")] = ask(d, cookie, "GET", q, probes)
	}
	for _, route := range d.App.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		elsewhere := method == "POST" && !strings.Contains(path, "/report/") && !strings.Contains(path, "/desk/") && !strings.Contains(path, "/work/")
		if !strings.HasPrefix(path, "/staff/") || strings.Contains(path, "sign-") || elsewhere {
			continue // changes of other things than reports
		}
		for i, probe := range probes {
			address := strings.ReplaceAll(path, "{id}", probe)
			address = strings.NewReplacer("{channel}", "mdcps-line", "{office}", "mcaht", "{list}", "en").Replace(address)
			forms := []string{""}
			if method == "POST" && strings.HasSuffix(address, "/") {
				forms = []string{"acknowledge", "outcome", "opened", "recuse", "take", "done", "matter", "refer", "note", "cannot-open"}
			}
			for _, last := range forms {
				answers[method+" "+path+last+string(rune('a'+i))] = ask(d, cookie, method, address+last, probes)
			}
			if !strings.Contains(path, "{id}") {
				break
			}
		}
	}
	return answers
}

func ask(d *demo.Demo, cookie *http.Cookie, method, address string, probes []string) string {
	body := url.Values{"other": {probes[0]}, "sure": {"yes"}, "outcome": {"working"}}.Encode()
	r := httptest.NewRequest(method, "http://127.0.0.1"+address, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(cookie)
	w := httptest.NewRecorder()
	d.App.Handler().ServeHTTP(w, r)
	answer := http.StatusText(w.Code) + " " + w.Header().Get("Location") + "\n" + w.Body.String()
	for _, p := range probes {
		answer = strings.ReplaceAll(strings.ReplaceAll(answer, p, "ID"), p[:8], "SHORT")
	}
	return answer
}

// A member of police, whatever their roles, meets the same pages, counts,
// exports, mail and log whether or not somebody asked for help.
func TestNoRoleOfPoliceLearnsOfAHelpReport(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	d, err := demo.Start(ctx, demo.Config{Data: filepath.Join(t.TempDir(), "demo"), Origin: "http://127.0.0.1", Reports: 12, Log: slog.New(slog.NewTextHandler(&logged, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.Clock().Stand(time.Now())
	var cookies []*http.Cookie
	for _, office := range []string{"mbi-desk", "mbi-coordinator"} {
		cookies = append(cookies, everything(t, d, office))
	}
	if _, err := d.App.Runner.RunDue(ctx); err != nil {
		t.Fatal(err)
	}
	none := []string{store.NewID().String(), store.NewID().String()}
	var before []map[string]string
	for _, c := range cookies {
		staffAnswers(t, d, c, none...) // the first look may settle things, such as what is new
		before = append(before, staffAnswers(t, d, c, none...))
	}
	mailed, lines := len(d.Catcher.Messages()), logged.Len()

	accepted, err := d.App.Reports.Accept(ctx, report.Submission{Program: demo.Program, Language: "en", Key: []byte(store.NewID().String() + store.NewID().String()), Via: report.ViaWeb,
		Answers: form.Answers{"mode": {"help"}, "who": {"me"}, "age": {"adult"}, "danger": {"yes"}, "kind": {"sex"}, "happened": {"MS-28055"}, "consents": {"mcaht"}, "story": {"I need a safe place"}}})
	if err != nil {
		t.Fatal(err)
	}
	d.Clock().Stand(d.Clock().Now()) // stands still; the notices go out now
	if _, err := d.App.Runner.RunDue(ctx); err != nil {
		t.Fatal(err)
	}
	for _, m := range d.Catcher.Messages()[mailed:] {
		if strings.Contains(m.To, "tipdesk") || strings.Contains(m.To, "police") {
			t.Errorf("mail went to police: %s", m.Subject)
		}
	}
	if n := len(d.Catcher.Messages()); n == mailed {
		t.Error("nobody was told at all; the test shows nothing")
	}
	if logged.Len() != lines {
		t.Errorf("the log tells of it: %s", logged.String()[lines:])
	}
	real := []string{accepted.Report.String(), referralOf(t, d, accepted.Report)}
	for i, c := range cookies {
		after := staffAnswers(t, d, c, real...)
		if len(after) < 20 {
			t.Fatalf("only %d addresses were asked", len(after))
		}
		for address, answer := range after {
			if answer != before[i][address] {
				t.Errorf("%s answers differently:\n%s\n-- before --\n%s", address, answer, before[i][address])
			}
		}
	}
}

// The walk above does see a report that police may know of.
func TestPoliceLearnOfATip(t *testing.T) {
	t.Parallel()
	d, err := demo.Start(ctx, demo.Config{Data: filepath.Join(t.TempDir(), "demo"), Origin: "http://127.0.0.1", Reports: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.Clock().Stand(time.Now())
	cookie := everything(t, d, "mbi-coordinator")
	none := []string{store.NewID().String(), store.NewID().String()}
	staffAnswers(t, d, cookie, none...)
	before := staffAnswers(t, d, cookie, none...)
	accepted, err := d.Send(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	after := staffAnswers(t, d, cookie, accepted.Report.String(), referralOf(t, d, accepted.Report))
	for _, address := range []string{"/staff/inbox?state=all", "/staff/inbox.csv?state=all", "GET /staff/report/{id}a"} {
		if after[address] == before[address] {
			t.Errorf("%s does not show the tip: %.1500s", address, after[address])
		}
	}
}

// everything enrolls a member with every role at an office and signs them in.
func everything(t *testing.T, d *demo.Demo, office string) *http.Cookie {
	t.Helper()
	email := "everything@" + office + ".invalid"
	token, err := d.App.People.Invite(ctx, demo.Program, office, "Every Role", email, rolesFor(d, office))
	if err != nil {
		t.Fatal(err)
	}
	holder, _, err := d.App.People.EnrollHolder(ctx, token, demo.Passphrase)
	if err != nil {
		t.Fatal(err)
	}
	value, _, err := d.App.People.SignIn(ctx, demo.Program, email, holder.Auth())
	if err != nil {
		t.Fatal(err)
	}
	return &http.Cookie{Name: "waylight", Value: value}
}

// rolesFor leaves out the desk's role where the office is no desk.
func rolesFor(d *demo.Demo, office string) []string {
	p, _ := d.App.Programs.Program(demo.Program)
	var roles []string
	for _, r := range everyRole {
		if r != identity.RoleDesk || p.Offices[office].Desk {
			roles = append(roles, r)
		}
	}
	return roles
}

func referralOf(t *testing.T, d *demo.Demo, id store.ID) string {
	t.Helper()
	var referral store.ID
	if err := d.App.DB.QueryRow(ctx, `select id from referral where program = $1 and report = $2`, demo.Program, id).Scan(&referral); err != nil {
		t.Fatal(err)
	}
	return referral.String()
}
