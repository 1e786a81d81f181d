// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/canary"
	"waylight/internal/protection/referral"
)

// canaryApp is an installation with keyed desks and an administrator who reads mail, at a real address, at a time that only the test moves. What begins with the
// broken part of an address is answered 500, as by a program that fails.
type canaryApp struct {
	*watchedApp
	broken atomic.Pointer[string]
	lead   *identity.Holder // of the tip desk
}

func canaries(t *testing.T, open bool) *canaryApp {
	t.Helper()
	post, err := mail.NewCatcher("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { post.Close() })
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	w := &watchedApp{t: t, clock: storetest.NewClock(storetest.Start), post: post, file: filepath.Join(t.TempDir(), "waylight.db")}
	w.App = installation(t, app.Config{
		Data: filepath.Dir(w.file), Database: "sqlite:" + w.file, Origin: "https://tips.example.gov", Now: w.clock.Now, Demo: true,
		Directory: key.Public().(ed25519.PublicKey), SignDirectory: func(statement []byte) []byte { return ed25519.Sign(key, statement) },
		Mail: mail.Config{Addr: post.Addr(), From: "notices@example.gov", TLS: mail.LoopbackOnly},
	})
	c := &canaryApp{watchedApp: w}
	for _, office := range []string{"mbi-desk", "help-desk", "mcaht"} {
		if err := w.Agencies.Join(ctx, agency.System("ms"), office); err != nil {
			t.Fatal(err)
		}
	}
	hire(t, w.App, "mcaht", "head@example.invalid", identity.RoleProgramAdmin)
	if open { // a demonstration opens when a desk that may read every report has a key
		hire(t, w.App, "help-desk", "lou@example.invalid", identity.RoleMember)
	}
	c.lead = hire(t, w.App, "mbi-desk", "dana@example.invalid", identity.RoleSupervisor, identity.RoleDesk, identity.RoleMember)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if part := c.broken.Load(); part != nil && strings.HasPrefix(r.Method+" "+r.URL.Path, *part) {
			http.Error(out, "broken", http.StatusInternalServerError)
			return
		}
		w.Handler().ServeHTTP(out, r)
	}))
	t.Cleanup(server.Close)
	if err := w.SendCanariesTo(server.Listener.Addr().String(), nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// breaks lets what begins so fail from now on; "" mends it.
func (c *canaryApp) breaks(part string) {
	if part == "" {
		c.broken.Store(nil)
		return
	}
	c.broken.Store(&part)
}

// pass lets minutes pass, with the work that falls due in them, until done says so.
func (c *canaryApp) pass(minutes int, done func() bool) (passed int) {
	c.t.Helper()
	for passed < minutes && !done() {
		c.clock.Advance(time.Minute)
		if _, err := c.Runner.RunDue(ctx); err != nil {
			c.t.Fatal(err)
		}
		passed++
	}
	return passed
}

func never() bool { return false }

// states are how the ways stand, in words.
func (c *canaryApp) states() string {
	c.t.Helper()
	ways, err := c.Canaries.Ways(ctx, "ms")
	if err != nil {
		c.t.Fatal(err)
	}
	var out []string
	for _, w := range ways {
		out = append(out, w.Way+" "+w.State)
		if w.Problem != "" {
			c.t.Logf("%s: %s", w.Way, w.Problem)
		}
	}
	return strings.Join(out, ", ")
}

func (c *canaryApp) count(query string) (n int) {
	c.t.Helper()
	if err := c.DB.QueryRow(ctx, query).Scan(&n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

const allWell = "api ok, page ok, sealed ok"

// Every way in is gone, to the desk and the log, also while the form is closed; nobody is told, nothing waits anywhere, nothing counts, and nothing stays but
// leaves of the log, which agree.
func TestCanariesGoEveryWay(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]bool{"open": true, "closed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := canaries(t, open)
			if c.Agencies.IsOpen("ms") != open {
				t.Fatal("the form is not as it should be")
			}
			seen := 0
			c.pass(60, func() bool {
				n := c.count(`select count(*) from report where via = 'canary'`)
				seen = max(seen, n)
				if n > 0 {
					c.hidden()
				}
				return c.states() == allWell
			})
			if got := c.states(); got != allWell || seen == 0 {
				t.Fatalf("after an hour: %q, %d seen on their way", got, seen)
			}
			c.pass(90, never)
			for table, most := range map[string]int{"report": 3, "report_wrap": 3, "receipt": 0, "receipt_leaf": 3, "referral": 3, "referral_step": 0, "referral_notice": 0,
				"file": 3, "file_wrap": 3, "file_part": 3, "file_notice": 0, "file_turn": 3, "file_upload": 0, "canary_sent": 3} {
				if n := c.count(`select count(*) from ` + table); n > most {
					t.Errorf("%d rows of %s stay", n, table)
				}
			}
			if got := c.count(`select count(*) from custody_leaf where cast(opening as text) like '%canary.passed%'`); got < 6 {
				t.Errorf("%d canaries were compared with the log", got)
			}
			for _, m := range c.post.Messages() { // about its empty roster, which is none of this
				if m.Subject != "Waylight: something needs your attention" {
					t.Errorf("%s was mailed: %s", m.To, m.Subject)
				}
			}
			result, err := custody.Verify(ctx, c.DB, "ms", c.LogOf("ms").Verifier())
			if err != nil || !result.OK() {
				t.Errorf("the log does not agree: %+v, %v", result.Problems, err)
			}
			var sizes []int64
			rows, err := c.DB.Query(ctx, `select size from custody_checkpoint where program = 'ms' order by size`)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				var size int64
				if err := rows.Scan(&size); err != nil {
					t.Fatal(err)
				}
				sizes = append(sizes, size)
			}
			for i := 2; i < len(sizes); i++ { // the first holds what was set up
				if sizes[i]-sizes[i-1] != custody.Bucket {
					t.Errorf("the public log grew by %d: canaries show in it", sizes[i]-sizes[i-1])
				}
			}
		})
	}
}

// ask asks a page of the staff in the name of the desk's supervisor.
func (c *canaryApp) ask(method, address string, fields map[string][]string) (status int, to, body string) {
	c.t.Helper()
	cookie, err := signedIn(c.App, c.lead)
	if err != nil {
		c.t.Fatal(err)
	}
	cookie.Name = "__Host-waylight"
	return desk{c.t, c.App, cookie}.ask(method, address, fields)
}

// hidden holds that a canary on its way is in no list and no figure.
func (c *canaryApp) hidden() {
	c.t.Helper()
	for _, list := range []string{referral.ListInbox, referral.ListTasks, referral.ListLate, referral.ListStuck, referral.ListLetters} {
		page, err := c.Referrals.List(ctx, c.lead.Member, referral.Filter{List: list, State: "all"})
		if err != nil || page.Total != 0 {
			c.t.Errorf("%d canaries in %s, %v", page.Total, list, err)
		}
	}
	if err := c.Reports.Tips(ctx, "ms", storetest.Start, c.clock.Now().Add(time.Hour), func(time.Time) { c.t.Error("a canary is a figure") }); err != nil {
		c.t.Error(err)
	}
	if n, err := c.Referrals.OpenWork(ctx, c.DB, "ms", "mbi-desk"); err != nil || n != 0 {
		c.t.Errorf("the desk has %d canaries to do, %v", n, err)
	}
}

// A way that breaks is shown and mailed within the hour, whatever breaks in it, and the alarm is cleared when it works again.
func TestBrokenWayIsToldWithinTheHour(t *testing.T) {
	t.Parallel()
	for part, want := range map[string]string{
		"POST /ms/en":            "page",
		"POST /ms/sealed":        "sealed",
		"POST /api/v1/reports":   "api",
		"POST /receipt/files":    "api page sealed",
		"PUT /receipt/files":     "sealed",
		"GET /log/ms/checkpoint": "api page sealed",
	} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			c := canaries(t, true)
			c.pass(60, func() bool { return c.states() == allWell })
			if c.states() != allWell {
				t.Fatalf("before: %q", c.states())
			}
			mails := c.mailed()
			c.breaks(part)
			if n := c.pass(60, func() bool { return c.subjects(agency.AlarmCanary) == want && c.mailed() > mails }); n >= 60 {
				t.Errorf("an hour later: alarms of %q, %d mails; %s", c.subjects(agency.AlarmCanary), c.mailed()-mails, c.states())
			}
			for _, m := range c.post.Messages()[mails:] {
				if m.To != "head@example.invalid" {
					t.Errorf("%s is mailed", m.To)
				}
			}
			c.breaks("")
			c.pass(60, func() bool { return c.subjects(agency.AlarmCanary) == "" && c.states() == allWell })
			if c.subjects(agency.AlarmCanary) != "" || c.states() != allWell {
				t.Errorf("mended: alarms of %q, %s", c.subjects(agency.AlarmCanary), c.states())
			}
			if n := c.count(`select count(*) from canary_sent`); n > 3 {
				t.Errorf("%d canaries wait", n)
			}
		})
	}
}

// A public log that is not published any more breaks every way: what a sender is promised is not kept.
func TestUnkeptPromiseIsTold(t *testing.T) {
	t.Parallel()
	c := canaries(t, true)
	c.pass(60, func() bool { return c.states() == allWell })
	c.past(`create trigger stuck before insert on custody_checkpoint begin select raise(abort, 'stuck'); end`)
	mails := c.mailed()
	if n := c.pass(60, func() bool { return c.subjects(agency.AlarmCanary) != "" && c.mailed() > mails }); n >= 60 {
		t.Fatalf("an hour later: %s", c.states())
	}
	c.past(`drop trigger stuck`)
	if n := c.pass(150, func() bool { return c.subjects(agency.AlarmCanary) == "" && c.states() == allWell }); n >= 150 {
		t.Errorf("mended: alarms of %q, %s", c.subjects(agency.AlarmCanary), c.states())
	}
}

// A test that does not come at all is an alarm as well, as when nobody does the work any more.
func TestLateCanaryIsTold(t *testing.T) {
	t.Parallel()
	c := canaries(t, true)
	c.pass(60, func() bool { return c.states() == allWell })
	if err := c.Watch(ctx, "ms"); err != nil || c.subjects(agency.AlarmCanary) != "" {
		t.Fatalf("all is well: %s, %v", c.subjects(agency.AlarmCanary), err)
	}
	c.clock.Advance(2 * time.Hour)
	if err := c.Watch(ctx, "ms"); err != nil || c.subjects(agency.AlarmCanary) != "api page sealed" {
		t.Errorf("two hours without a test: %q, %v", c.subjects(agency.AlarmCanary), err)
	}
	c.pass(60, func() bool { return c.subjects(agency.AlarmCanary) == "" })
	if c.subjects(agency.AlarmCanary) != "" {
		t.Error("the alarm stays")
	}
}

// An office's own test address counts once the code of a message was typed back; then the mail server is tested, every hour, and what it does not take is told
// and shown.
func TestOfficesTestAddress(t *testing.T) {
	t.Parallel()
	c := canaries(t, true)
	d := c                                                                                                    // a session would end in the hours that pass: each act has a new one
	for _, wrong := range []string{"", "two@example.invalid, three@example.invalid", "lou@example.invalid"} { // the last is a person
		if status, _, _ := d.ask("POST", "/staff/canary/address", map[string][]string{"address": {wrong}}); status != http.StatusBadRequest && status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", wrong, status)
		}
	}
	if len(c.post.Messages()) != 0 {
		t.Fatalf("%d mails to wrong addresses", len(c.post.Messages()))
	}
	if status, to, body := d.ask("POST", "/staff/canary/address", map[string][]string{"address": {"robot@example.invalid"}}); status != http.StatusSeeOther {
		t.Fatalf("%d %s %s", status, to, body)
	}
	if err := c.post.Wait(ctx, 1); err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`\b\d{8}\b`).FindString(c.post.Messages()[0].Text)
	c.pass(1, never)
	if strings.Contains(c.states(), "mail:") {
		t.Error("an address that nobody confirmed is tested")
	}
	if status, _, body := d.ask("POST", "/staff/canary/code", map[string][]string{"code": {"00000000"}}); status == http.StatusSeeOther || !strings.Contains(body, "not the code") {
		t.Errorf("a wrong code: %d", status)
	}
	if status, _, _ := d.ask("POST", "/staff/canary/code", map[string][]string{"code": {code}}); status != http.StatusSeeOther {
		t.Errorf("the code: %d", status)
	}
	tests := func() int {
		return len(slices.DeleteFunc(c.post.Messages(), func(m mail.Message) bool {
			return m.To != "robot@example.invalid" || !strings.Contains(m.Subject, "automatic test")
		}))
	}
	c.pass(1, never)
	if !strings.Contains(c.states(), "mail:mbi-desk ok") || tests() != 1 {
		t.Errorf("at once: %s, %d tests", c.states(), tests())
	}
	c.pass(180, never)
	if n := tests(); n < 3 || n > 4 {
		t.Errorf("%d tests in three hours", n)
	}
	// The mail server goes away: the office and the program see it, and are mailed once it is back.
	c.post.Away(true)
	if n := c.pass(70, func() bool { return c.subjects(agency.AlarmMailbox) == "mbi-desk" }); n >= 70 {
		t.Fatalf("no alarm: %s", c.states())
	}
	if _, _, page := d.ask("GET", "/staff/canary", nil); !strings.Contains(page, "not taken") {
		t.Error("the office's page does not say it")
	}
	c.post.Away(false)
	c.pass(70, func() bool { return c.subjects(agency.AlarmMailbox) == "" })
	if got := c.subjects(agency.AlarmMailbox); got != "" || !strings.Contains(c.states(), "mail:mbi-desk ok") {
		t.Errorf("the server is back: %q, %s", got, c.states())
	}
	if status, _, _ := d.ask("POST", "/staff/canary/end", nil); status != http.StatusSeeOther || strings.Contains(c.states(), "mail:") {
		t.Errorf("given up: %d, %s", status, c.states())
	}
	before := tests()
	c.pass(70, never)
	if tests() != before {
		t.Error("tests go to an address that was given up")
	}
}

// Serve itself tells the canaries where it listens.
func TestServingServerTestsItself(t *testing.T) {
	t.Parallel()
	a, _ := staffed(t, t.TempDir(), "mbi-desk", "help-desk")
	_, stop := serving(t, a)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for through := false; !through; <-look.C { // the round begins with the server; a way that is through has nothing wrong
		ways, err := a.Canaries.Ways(ctx, "ms")
		if err != nil {
			t.Fatal(err)
		}
		through = slices.ContainsFunc(ways, func(w canary.Way) bool { return w.Way == canary.WayPage && w.Problem == "" })
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
