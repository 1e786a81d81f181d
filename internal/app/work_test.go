// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// giveUp lets jobs of a kind fail until they are given up.
func giveUp(t *testing.T, db *store.DB, clock *storetest.Clock, kind string, n int) {
	t.Helper()
	err := db.Write(ctx, func(tx *store.Tx) error {
		for range n {
			if err := jobs.Enqueue(tx, jobs.Job{Program: "ms", Kind: kind}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r := jobs.New(db, []string{"ms"}, map[string]jobs.Handler{kind: func(context.Context, jobs.Job) error { return errors.New("the far end is away") }}, nil, clock.Now, nil)
	for range 12 {
		clock.Advance(time.Hour)
		for more := 1; more > 0; {
			if more, err = r.RunDue(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A delivery that was given up is an alarm of its own, also while other work is given up already; it is mailed once, and gone when it was done after all.
func TestGivenUpDeliveryIsToldOnce(t *testing.T) {
	t.Parallel()
	w := watched(t)
	w.look()
	for _, kind := range []string{"nobody.does.this", "referral.notice"} {
		err := w.DB.Write(ctx, func(tx *store.Tx) error {
			return jobs.Enqueue(tx, jobs.Job{Program: "ms", Kind: kind, Payload: []byte("{")})
		})
		if err != nil {
			t.Fatal(err)
		}
		w.past(`update job set attempts = 12, dead = 1, problem = 'away' where kind = '` + kind + `'`)
		before := w.mailed()
		w.look()
		if got := w.subjects(agency.AlarmWork); !strings.Contains(got, kind) || w.mailed() != before+1 {
			t.Errorf("%s was given up: %d mails, alarms of %s", kind, w.mailed()-before, got)
		}
		w.look()
		if w.mailed() != before+1 {
			t.Errorf("%s is mailed again", kind)
		}
	}
	err := w.DB.Write(ctx, func(tx *store.Tx) error { _, err := jobs.RetryAll(tx, "ms", "referral.notice"); return err })
	if err != nil {
		t.Fatal(err)
	}
	w.look()
	if got := w.subjects(agency.AlarmWork); got != "nobody.does.this" {
		t.Errorf("after trying again: alarms of %s", got)
	}
}

// subjects lists what the alarms of a kind are about.
func (w *watchedApp) subjects(kind string) string {
	w.t.Helper()
	all, err := w.Agencies.Alarms(ctx, "ms")
	if err != nil {
		w.t.Fatal(err)
	}
	var list []string
	for _, al := range all {
		if al.Kind == kind {
			list = append(list, al.Subject)
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// desk is somebody in front of the staff's pages.
type desk struct {
	t      *testing.T
	app    *app.App
	cookie *http.Cookie
}

func (d desk) ask(method, address string, fields url.Values) (status int, to, body string) {
	d.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1"+address, strings.NewReader(fields.Encode()))
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.AddCookie(d.cookie)
	out := httptest.NewRecorder()
	d.app.Handler().ServeHTTP(out, r)
	return out.Code, out.Header().Get("Location"), out.Body.String()
}

// The page of given-up work: what kind, since when and why, by page and as a file; one or all are tried again, and who comes second is told plainly.
func TestWorkPage(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(storetest.Start)
	a := installation(t, app.Config{Data: t.TempDir(), Demo: true, Now: clock.Now})
	if err := a.Agencies.Join(ctx, agency.System("ms"), "mcaht"); err != nil {
		t.Fatal(err)
	}
	head := hire(t, a, "mcaht", "head@example.invalid", identity.RoleProgramAdmin)
	if _, err := a.Runner.RunDue(ctx); err != nil { // what waits else
		t.Fatal(err)
	}
	giveUp(t, a.DB, clock, "file.notice", 55)
	giveUp(t, a.DB, clock, "agency.tell", 1)
	cookie, err := signedIn(a, head)
	if err != nil {
		t.Fatal(err)
	}
	d := desk{t, a, cookie}

	_, _, first := d.ask("GET", "/staff/work", nil)
	for _, want := range []string{"Mail to an office: a file came", "the far end is away", "56 in all", "Mail about an alarm"} {
		if !strings.Contains(first, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	job := regexp.MustCompile(`name="job" value="([a-z2-7]+)"`)
	ids := job.FindAllStringSubmatch(first, -1)
	next := regexp.MustCompile(`href="(/staff/work\?after=[^"]+)"`).FindStringSubmatch(first)
	if len(ids) != 50 || next == nil {
		t.Fatalf("%d jobs on the first page, next %q", len(ids), next)
	}
	if _, _, second := d.ask("GET", next[1], nil); len(job.FindAllString(second, -1)) != 6 || strings.Contains(second, ids[0][1]) {
		t.Errorf("%d jobs on the second page", len(job.FindAllString(second, -1)))
	}
	if _, _, few := d.ask("GET", "/staff/work?kind=agency.tell", nil); len(job.FindAllString(few, -1)) != 1 {
		t.Error("the page of one kind shows others")
	}
	if _, _, file := d.ask("GET", "/staff/work.csv", nil); strings.Count(file, "\n") != 57 || !strings.Contains(file, "the far end is away") {
		t.Errorf("the download has %d lines", strings.Count(file, "\n"))
	}

	if status, to, _ := d.ask("POST", "/staff/work/retry", url.Values{"job": {ids[0][1]}}); status != http.StatusSeeOther || to != "/staff/work?retried=1" {
		t.Errorf("one: %d to %s", status, to)
	}
	status, _, again := d.ask("POST", "/staff/work/retry", url.Values{"job": {ids[0][1]}})
	if status != http.StatusConflict || !strings.Contains(again, "Somebody has put this work back already") || !strings.Contains(again, "Given-up jobs") {
		t.Errorf("again: %d, %.300s", status, again)
	}
	for _, all := range []struct{ kind, want string }{{"file.notice", "54"}, {"file.sweep", "0"}, {"", "1"}} {
		if _, to, _ := d.ask("POST", "/staff/work/retry-all", url.Values{"kind": {all.kind}}); to != "/staff/work?retried="+all.want {
			t.Errorf("all of %q: %s", all.kind, to)
		}
	}
	if _, _, empty := d.ask("GET", "/staff/work?retried=1", nil); !strings.Contains(empty, "Nothing was given up") || !strings.Contains(empty, "tried again now") {
		t.Error("the empty page")
	}
}
