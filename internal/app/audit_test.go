// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/partnership/agency"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/report"
)

// watchedApp is an installation with an administrator who reads mail, at a time that only the test moves.
type watchedApp struct {
	*app.App
	t     *testing.T
	clock *storetest.Clock
	post  *mail.Catcher
	file  string
}

func watched(t *testing.T) *watchedApp {
	t.Helper()
	file := filepath.Join(t.TempDir(), "waylight.db")
	w := watchedOn(t, filepath.Dir(file), "sqlite:"+file)
	w.file = file
	return w
}

// caught is a mail server that keeps what it is given, and how it is reached.
func caught(t *testing.T) (*mail.Catcher, mail.Config) {
	t.Helper()
	post, err := mail.NewCatcher("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { post.Close() })
	return post, mail.Config{Addr: post.Addr(), From: "notices@example.gov", TLS: mail.LoopbackOnly}
}

// headOf makes head@example.gov the program's administrator.
func headOf(t *testing.T, a *app.App) {
	t.Helper()
	link, err := a.FirstAdministrator(ctx, "ms", "head@example.gov", "Head")
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(link, "#")
	if _, _, err := a.People.EnrollHolder(ctx, token, "a passphrase of six invented words"); err != nil {
		t.Fatal(err)
	}
}

// watchedAway is a server on a database that can go away, which has looked once, and how much was mailed by then.
func watchedAway(t *testing.T) (w *watchedApp, database *storetest.Database, before int) {
	t.Helper()
	database = storetest.NewDatabase(t)
	w = watchedOn(t, t.TempDir(), database.URL)
	w.WatchAll(ctx)
	if _, err := w.Runner.RunDue(ctx); err != nil {
		t.Fatal(err)
	}
	return w, database, w.mailed()
}

func watchedOn(t *testing.T, data, database string) *watchedApp {
	t.Helper()
	post, config := caught(t)
	w := &watchedApp{t: t, clock: storetest.NewClock(storetest.Start), post: post}
	w.App = installation(t, app.Config{
		Data: data, Database: database, Origin: "https://tips.example.gov", Now: w.clock.Now, Mail: config,
	})
	headOf(t, w.App)
	if err := w.PublishAll(ctx); err != nil {
		t.Fatal(err)
	}
	return w
}

// look watches once, does the work that comes of it, and lists the audit alarms that stand.
func (w *watchedApp) look() string {
	w.t.Helper()
	if err := w.Watch(ctx, "ms"); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.Runner.RunDue(ctx); err != nil {
		w.t.Fatal(err)
	}
	return w.alarms()
}

func (w *watchedApp) alarms() string {
	w.t.Helper()
	all, err := w.Agencies.Alarms(ctx, "ms")
	if err != nil {
		w.t.Fatal(err)
	}
	var kinds []string
	for _, al := range all {
		if strings.HasPrefix(al.Kind, "audit.") {
			kinds = append(kinds, al.Kind)
		}
	}
	slices.Sort(kinds)
	return strings.Join(kinds, " ")
}

// mailed counts what the administrator was sent.
func (w *watchedApp) mailed() int { return len(w.post.Messages()) }

// past is a connection that goes past the server.
func (w *watchedApp) past(statement string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.file)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		w.t.Fatal(err)
	}
}

// AU-5: a public log that is not published, work that was given up and data that somebody changed are each an alarm and a mail at the next look, and nothing is when all is well.
func TestAuditFailureIsTold(t *testing.T) {
	t.Parallel()
	w := watched(t)
	if got := w.look(); got != "" {
		t.Fatalf("all is well: %s", got)
	}
	before := w.mailed()
	w.clock.Advance(26 * time.Minute)
	if err := w.Watch(ctx, "ms"); err != nil || w.alarms() != agency.AlarmLate {
		t.Errorf("two schedules without a checkpoint: %s, %v", w.alarms(), err)
	}
	if _, err := w.Runner.RunDue(ctx); err != nil { // the mail, and the checkpoint
		t.Fatal(err)
	}
	if err := w.post.Wait(t.Context(), before+1); err != nil || w.post.Messages()[before].To != "head@example.gov" {
		t.Errorf("the administrator got %d mails, %v", w.mailed()-before, err)
	}
	if got := w.look(); got != "" {
		t.Errorf("published again: %s", got)
	}

	if err := w.DB.Write(ctx, func(tx *store.Tx) error { return jobs.Enqueue(tx, jobs.Job{Program: "ms", Kind: "nobody.does.this"}) }); err != nil {
		t.Fatal(err)
	}
	for range 14 {
		w.clock.Advance(time.Hour)
		if _, err := w.Runner.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.look(); got != agency.AlarmWork {
		t.Errorf("work that was given up: %s", got)
	}
	w.past(`delete from job where dead = 1`)
	if got := w.look(); got != "" {
		t.Errorf("after that: %s", got)
	}

	w.clock.Advance(24 * time.Hour)
	w.look()
	w.past(`update member set roles = 'program_admin auditor'`)
	w.clock.Advance(24 * time.Hour)
	if _, err := w.Runner.RunDue(ctx); err != nil {
		t.Fatal(err)
	}
	if got := w.look(); got != agency.AlarmTampered {
		t.Errorf("roles that were changed past the server: %s", got)
	}
	w.past(`update member set roles = 'program_admin'`)
	if got := w.look(); got != "" {
		t.Errorf("set right: %s", got)
	}
}

// AU-5 and AU-9: when the log takes no entry, not even an alarm can be kept. The administrators are mailed past the database, once an hour, and the server calls itself unwell.
func TestSilentLogIsTold(t *testing.T) {
	t.Parallel()
	w := watched(t)
	w.look()
	before := w.mailed()
	w.past(`create trigger full before insert on custody_leaf begin select raise(abort, 'disk full'); end`)
	for range 2 {
		if err := w.Watch(ctx, "ms"); err == nil {
			t.Error("a log that takes nothing is well")
		}
	}
	if err := w.post.Wait(t.Context(), before+1); err != nil || w.mailed() != before+1 || !strings.Contains(w.post.Messages()[before].Text, "cannot record") {
		t.Errorf("%d mails within the hour, %v", w.mailed()-before, err)
	}
	health := func() int {
		rec := httptest.NewRecorder()
		w.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/healthz", nil))
		return rec.Code
	}
	if got := health(); got != http.StatusOK {
		t.Errorf("at once: %d", got)
	}
	w.clock.Advance(61 * time.Minute)
	if got := health(); got != http.StatusServiceUnavailable {
		t.Errorf("an hour later: %d", got)
	}
	w.past(`drop trigger full`)
	if _, err := w.Runner.RunDue(ctx); err != nil { // the checkpoint that is due
		t.Fatal(err)
	}
	if got := w.look(); got != "" || health() != http.StatusOK {
		t.Errorf("mended: %s, %d", got, health())
	}
}

// While the database is away nothing can be kept, and no agency is told of what the spool takes: the administrators are mailed from the second look on, once an
// hour, at the addresses that were read last.
func TestAnOutageIsMailed(t *testing.T) {
	t.Parallel()
	w, database, before := watchedAway(t)
	database.Leave()
	w.WatchAll(ctx)
	if w.mailed() != before {
		t.Error("a first look without the database was mailed")
	}
	for range 3 {
		w.clock.Advance(10 * time.Minute)
		w.WatchAll(ctx)
	}
	if got := w.post.Messages()[before:]; len(got) != 1 || got[0].To != "head@example.gov" || !strings.Contains(got[0].Text, "no agency is told") {
		t.Errorf("mailed in half an hour: %v", got)
	}
	database.Return()
	w.WatchAll(ctx)
	// Another server on the same database, whose turn it never was to look.
	other := w.App.Config
	other.Data, other.Keyring = t.TempDir(), w.App.Keyring
	second := installation(t, other)
	second.WatchAll(ctx)
	w.clock.Advance(2 * time.Hour)
	second.WatchAll(ctx)
	database.Leave()
	w.WatchAll(ctx)
	if got := len(w.post.Messages()) - before; got != 1 {
		t.Errorf("%d mails after a new outage's first look", got)
	}
	for range 2 {
		second.WatchAll(ctx)
	}
	if got := len(w.post.Messages()) - before; got != 2 {
		t.Errorf("%d mails once another server looked twice without the database", got)
	}
	database.Return()
}

// A report that does not arrive is mailed although the database is never there for ten minutes, also by a look that finds it away. That nobody can be mailed makes a look
// that found everything no look that failed.
func TestAReportThatDoesNotArriveIsMailed(t *testing.T) {
	t.Parallel()
	w, database, before := watchedAway(t)
	kept := report.Waiting{Program: "ms", Report: store.NewID(), Kept: w.clock.Now(), Via: "web", Mode: "tip", Envelope: "{}", Form: "ms@1", Told: "[]", Plan: "{}", Keyless: "null", SealedBy: "browser",
		Body: []byte("sealed"), ReplyKey: []byte("key"), Wraps: []byte("[]")}
	if _, err := w.Spool.Keep(ctx, kept); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.clock.Advance(4 * time.Minute)
		w.WatchAll(ctx)
		if w.mailed() != before {
			t.Fatal("mailed before it could have arrived for long")
		}
		w.Spool.SetAway(true)
		w.clock.Advance(3 * time.Minute)
		w.Spool.SetAway(false)
	}
	w.clock.Advance(4 * time.Minute)
	database.Leave()
	w.Spool.SetAway(true)
	for range 2 {
		w.WatchAll(ctx)
	}
	database.Return()
	w.Spool.SetAway(false)
	got := w.post.Messages()[before:]
	stuck := slices.DeleteFunc(slices.Clone(got), func(m mail.Message) bool { return !strings.Contains(m.Text, "has not arrived since") })
	if len(stuck) != 1 || stuck[0].To != "head@example.gov" {
		t.Errorf("mailed: %v", got)
	}
	if err := w.post.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.clock.Advance(2 * time.Hour)
		w.WatchAll(ctx)
	}
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if rec.Code != http.StatusOK {
		t.Errorf("a server that looked and could not mail calls itself unwell: %d %s", rec.Code, rec.Body)
	}
}
