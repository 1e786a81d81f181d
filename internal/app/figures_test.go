// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/app/demo"
	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/report"
)

// What is published calls a surge and an operation by one word each in Spanish too: where two words stand for one thing, a reader takes them for two.
func TestOneSpanishWordForASurge(t *testing.T) {
	t.Parallel()
	a := installation(t, app.Config{Data: t.TempDir()})
	pairs := map[string][2]string{}
	for _, key := range a.Site.Catalog.Keys() {
		pairs[key] = [2]string{a.Site.Catalog.Raw("en", key), a.Site.Catalog.Raw("es", key)}
	}
	for _, set := range a.Releases.Sets() {
		pairs[set.ID+" title"], pairs[set.ID+" about"] = [2]string{set.Title["en"], set.Title["es"]}, [2]string{set.About["en"], set.About["es"]}
		for _, i := range set.Indicators {
			pairs[set.ID+" "+i.ID], pairs[set.ID+" "+i.ID+" not"] = [2]string{i.Title["en"], i.Title["es"]}, [2]string{i.Not["en"], i.Not["es"]}
		}
	}
	seen := map[string]int{}
	for at, both := range pairs {
		en, es := strings.ToLower(both[0]), strings.ToLower(both[1])
		for in, word := range map[string]string{"surge": "oleada", "operations": "operaciones"} {
			if !strings.Contains(en, in) {
				continue
			}
			if seen[in]++; !strings.Contains(es, word) {
				t.Errorf("%s: %q is not said with %q: %q", at, both[0], word, both[1])
			}
		}
		if strings.Contains(es, "operativo") {
			t.Errorf("%s: %q has another word for an operation or a surge", at, both[1])
		}
	}
	if seen["surge"] < 10 || seen["operations"] < 3 {
		t.Errorf("what was looked for was hardly found: %v", seen)
	}
}

// The figures hold tips of months that are over, none below eleven; whether anybody asked for help, or named an office, changes nothing on the page.
func TestFigures(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(time.Date(2026, 9, 30, 23, 0, 0, 0, time.UTC)) // still September in Mississippi, for six hours
	a, err := app.New(ctx, app.Config{Data: t.TempDir(), Demo: true, Packs: []fs.FS{twin(t)}, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, office := range seats {
		for _, programID := range []string{here, there} {
			if err := a.Agencies.Join(ctx, agency.System(programID), office); err != nil {
				t.Fatal(err)
			}
		}
	}
	cookies := map[string]*http.Cookie{}
	for _, desk := range []string{"mbi-desk", "help-desk"} {
		(&matrix{t: t, app: a}).enroll(there, desk, []string{policy.RoleMember}, "someone")
	}
	for _, role := range []string{policy.RoleMember, policy.RoleFigures, policy.RoleAuditor} {
		for _, office := range []string{"mbi-desk", "help-desk", "mcaht"} {
			m := &matrix{t: t, app: a}
			cookies[role+" at "+office] = m.enroll(here, office, []string{role}, "someone").cookie
		}
	}
	if t.Failed() {
		return
	}
	send := func(n int, programID, via string, answers form.Answers) {
		t.Helper()
		for range n {
			_, err := a.Reports.Accept(ctx, report.Submission{Program: programID, Language: "en", Key: []byte(store.NewID().String() + store.NewID().String()), Via: via, Answers: answers})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	look := func(who, address string) (int, string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+address, nil)
		r.AddCookie(cookies[who])
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	send(11, here, report.ViaWeb, stories["tip"])
	clock.Advance(7 * time.Hour) // October
	send(10, here, report.ViaWeb, stories["tip"])
	clock.Advance(26 * 24 * time.Hour) // still October
	cookies = again(t, a, cookies)
	if _, got := look("figures at mbi-desk", "/staff/figures.csv"); !strings.Contains(strings.ReplaceAll(got, "\r", ""), "month,tips\n2026-09,11\n2026-08,fewer than 11\n") || strings.Count(got, "\n") != 25 {
		t.Errorf("%q", got)
	}
	send(15, here, report.ViaWeb, stories["help"])
	send(15, here, report.ViaWeb, stories["tip on police"])
	send(15, here, report.ViaTest, stories["tip"])
	send(15, there, report.ViaWeb, stories["tip"])
	clock.Advance(10 * 24 * time.Hour) // November
	cookies = again(t, a, cookies)
	for _, who := range []string{"figures at mbi-desk", "figures at help-desk", "auditor at mcaht"} {
		status, body := look(who, "/staff/figures.csv")
		if status != http.StatusOK || !strings.Contains(strings.ReplaceAll(body, "\r", ""), "2026-10,fewer than 11\n2026-09,11\n") {
			t.Errorf("%s: %d %q", who, status, body)
		}
		if status, body = look(who, "/staff/figures"); status != http.StatusOK || !strings.Contains(body, "September 2026") || !strings.Contains(body, `href="/staff/figures"`) {
			t.Errorf("%s: %d", who, status)
		}
	}
	for _, office := range []string{"mbi-desk", "mcaht"} {
		for _, address := range []string{"/staff/figures", "/staff/figures.csv"} {
			if status, _ := look("member at "+office, address); status != http.StatusForbidden {
				t.Errorf("a member sees %s: %d", address, status)
			}
		}
	}
	// The role that reads figures reads nothing else.
	for _, route := range a.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if method != http.MethodGet || route.Access.Public || slices.Contains([]policy.Action{policy.ReadHome, policy.KeepSession, policy.FetchKeys, policy.ChangeKeys, policy.ReadFigures}, policy.Action(route.Access.Action)) {
			continue
		}
		if status, _ := look("figures at help-desk", fillIn(path, nothing, nothing)); status != http.StatusForbidden {
			t.Errorf("who reads figures reads %s: %d", path, status)
		}
	}
}

// again signs everybody in again: their sessions ended while the clock went on.
func again(t *testing.T, a *app.App, cookies map[string]*http.Cookie) map[string]*http.Cookie {
	t.Helper()
	out := map[string]*http.Cookie{}
	for who := range cookies {
		role, office, _ := strings.Cut(who, " at ")
		email := fmt.Sprintf("someone-%s-%s@%s.invalid", role, office, here)
		members, err := a.People.Members(ctx, here, office)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range members {
			if m.Email != email {
				continue
			}
			holder, err := a.People.UnlockHolder(ctx, here, m.ID, demo.Passphrase)
			if err != nil {
				t.Fatal(err)
			}
			if out[who], err = signedIn(a, holder); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}
