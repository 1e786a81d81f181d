// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
)

// site is a world seen through its pages by one of the invented people.
type site struct {
	*world
	c *webtest.Client
}

func serve(t *testing.T, w *world, name string) *site {
	t.Helper()
	c := webtest.Server(t, w.cfg.Site, w.Room().Routes, w.guard)
	c.Header.Set("Test-Member", name)
	return &site{w, c}
}

// as signs somebody else in.
func (s *site) as(name string) *site {
	s.c.Header.Set("Test-Member", name)
	return s
}

// page asks for a page, which must be there and be usable by everybody.
func (s *site) page(path string) *webtest.Doc {
	s.t.Helper()
	return s.usable(path, s.c.GetDoc(path), http.StatusOK)
}

func (s *site) usable(path string, d *webtest.Doc, status int) *webtest.Doc {
	s.t.Helper()
	if d.Status != status {
		s.t.Fatalf("%s: status %d, want %d\n%s", path, d.Status, status, d.Body)
	}
	for _, problem := range webtest.Problems(d) {
		s.t.Errorf("%s: %s", path, problem)
	}
	return d
}

// send fills in the form that a page has for the action, and follows it back.
func (s *site) send(page, action string, fill url.Values) *webtest.Doc {
	s.t.Helper()
	d := s.c.PostForm(action, s.filled(page, action, fill))
	if d.Status != http.StatusSeeOther {
		s.t.Fatalf("%s: status %d\n%s", action, d.Status, d.Body)
	}
	back := s.page(d.Header.Get("Location"))
	if len(back.All("p", "class", "good", "role", "status")) != 1 {
		s.t.Errorf("%s: the page does not say that it was done", action)
	}
	return back
}

// sendWrong is send for what must be refused; every word must come back.
func (s *site) sendWrong(page, action string, status int, fill url.Values) *webtest.Doc {
	s.t.Helper()
	d := s.usable(action, s.c.PostForm(action, s.filled(page, action, fill)), status)
	if len(d.All("div", "class", "summary")) != 1 {
		s.t.Errorf("%s: the page does not say what is wrong", action)
	}
	for name, values := range fill {
		for _, v := range values {
			if strings.TrimSpace(v) != "" && !slices.Contains(d.Values(action)[name], v) {
				s.t.Errorf("%s: %q, typed as %s, is lost: %v", action, v, name, d.Values(action))
			}
		}
	}
	return d
}

func (s *site) filled(page, action string, fill url.Values) url.Values {
	s.t.Helper()
	form := s.page(page).Values(action)
	if form == nil {
		s.t.Fatalf("%s has no form for %s", page, action)
	}
	for name, values := range fill {
		form[name] = values
	}
	return form
}

func sqlite(t *testing.T, name string) *site {
	t.Helper()
	db, clock := storetest.SQLite(t, schemas())
	return serve(t, newWorld(t, db, clock, nil), name)
}

// From an empty database to an open form, by pages alone.
func TestFirstRunByPages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		s := serve(t, newWorld(t, db, clock, nil), "Ana")
		setup := s.page("/staff/setup")
		if !strings.Contains(setup.Main(), "The public form is closed") || !strings.Contains(setup.Main(), "There are no alarms") {
			t.Errorf("the first page says: %s", setup.Main())
		}
		s.sendWrong("/staff/setup", "/staff/setup/open", http.StatusConflict, nil)
		s.send("/staff/offices/"+s.desk, "/staff/offices/"+s.desk+"/join", nil)
		s.send("/staff/offices/"+s.desk, "/staff/offices/"+s.desk+"/agreement", url.Values{"by": {"Fay Example"}})
		s.ok(s.setKey(s.desk, s.newKey(s.desk, holder(2), Recovery)))
		s.as("Ben")
		roster := "/staff/roster?office=" + s.desk
		s.send(roster, "/staff/roster/hours", url.Values{"hours": {"mon-fri 08:00-17:00"}})
		if d := s.page(roster); !strings.Contains(d.Main(), "Nobody is on in these hours") || !strings.Contains(d.Main(), "with 4 gaps") { // Thursday is Thanksgiving
			t.Errorf("the gaps are not shown: %s", d.Main())
		}
		d := s.send(roster, "/staff/roster/shift", url.Values{"member": {person(2).String()}, "kind": {On}, "date": {"2026-11-23"}, "from": {"08:00"}, "to": {"17:00"},
			"days": {"mon", "tue", "wed", "thu", "fri"}, "weeks": {"2"}})
		if !strings.Contains(d.Main(), "All hours of the next seven days are covered") {
			t.Errorf("after the shifts: %s", d.Main())
		}
		s.live(s.other, 4)
		s.as("Ana")
		for _, row := range s.page("/staff/setup").All("th", "scope", "row") {
			link := row.All("a")[0].Attr["href"]
			id, isChannel := strings.CutPrefix(link, "/staff/channels/")
			switch ch := s.p.Channels[id]; {
			case !isChannel:
			case Attestable(ch):
				s.send(link, link+"/attest", url.Values{"caller": {"Ana Example"}, "source": {"The line's own page, read today"}})
			default:
				s.send(link, link+"/call", url.Values{"caller": {"Ana Example"}, "answered": {"The office on the page"}, "heard": {"They take reports"}, "result": {"works"}})
			}
		}
		s.send("/staff/setup", "/staff/setup/mail", nil)
		s.mailed(1, 1)
		code := regexp.MustCompile(`\b\d{8}\b`).FindString(s.mail.Messages()[0].Text)
		s.sendWrong("/staff/setup", "/staff/setup/mail/code", http.StatusBadRequest, url.Values{"code": {"0000"}})
		s.send("/staff/setup", "/staff/setup/mail/code", url.Values{"code": {code}})
		s.send("/staff/setup", "/staff/setup/test", nil)
		if s.sent != 1 {
			t.Errorf("%d test reports were sent", s.sent)
		}
		s.ok(s.RecordDrill(t.Context(), s.officer(2), DrillReport))
		d = s.send("/staff/setup", "/staff/setup/open", nil)
		if !s.IsOpen("ms") || !strings.Contains(d.Main(), "The public form is open") {
			t.Errorf("not open: %s", d.Main())
		}
		s.send("/staff/setup", "/staff/setup/shut", nil)
		if s.IsOpen("ms") {
			t.Error("not shut")
		}
	})
}

func TestRefusedFormsGiveBackEveryWord(t *testing.T) {
	t.Parallel()
	s := sqlite(t, "Ana")
	s.live(s.desk, 2)
	line := "/staff/channels/" + mdcps
	words := url.Values{"caller": {"Gus Example"}, "at": {"2026-11-23T08:30"}, "answered": {"MDCPS <intake>"}, "heard": {"They said: \"yes\" & more"}, "result": {"works"}}
	for _, change := range []url.Values{{"caller": {""}}, {"heard": {" "}}, {"at": {"2026-11-23T09:30"}}, {"at": {"soon"}}} {
		d := s.sendWrong(line, line+"/call", http.StatusBadRequest, with(words, change))
		if reason := d.Values(line + "/withdraw").Get("caller"); reason != "Ana Example" {
			t.Errorf("words typed into one form stand in another: %q", reason)
		}
	}
	noResult := s.filled(line, line+"/call", with(words, url.Values{"result": {"maybe"}}))
	s.usable(line, s.c.PostForm(line+"/call", noResult), http.StatusBadRequest)
	s.sendWrong(line, line+"/withdraw", http.StatusBadRequest, url.Values{"caller": {"Ana Example"}, "reason": {""}})
	hot := "/staff/channels/" + hotline
	s.sendWrong(hot, hot+"/withdraw", http.StatusConflict, url.Values{"caller": {"Ana Example"}, "reason": {"They moved"}})
	s.sendWrong("/staff/offices/"+s.desk, "/staff/offices/"+s.desk+"/agreement", http.StatusBadRequest, url.Values{"by": {" "}})

	s.as("Ben")
	roster := "/staff/roster?week=2026-11-23"
	shift := url.Values{"member": {person(2).String()}, "kind": {StandIn}, "date": {"2026-11-24"}, "from": {"18:00"}, "to": {"22:00"}, "days": {"sat", "sun"}, "weeks": {"3"}, "until": {""}}
	for _, change := range []url.Values{{"date": {"24 Nov"}}, {"from": {"six"}}, {"weeks": {"60"}}, {"weeks": {"three"}}, {"until": {"2026-11-20"}}} {
		s.sendWrong(roster, "/staff/roster/shift", http.StatusBadRequest, with(shift, change))
	}
	s.sendWrong(roster, "/staff/roster/hours", http.StatusBadRequest, url.Values{"hours": {"nine to five"}})
	s.sendWrong(roster, "/staff/roster/copy", http.StatusBadRequest, url.Values{"weeks": {"0"}})
}

// with is the values with some of them changed.
func with(values, change url.Values) url.Values {
	out := maps.Clone(values)
	maps.Copy(out, change)
	return out
}

func TestRosterPage(t *testing.T) {
	t.Parallel()
	s := sqlite(t, "Ben")
	s.live(s.desk, 2)
	d := s.send("/staff/roster", "/staff/roster/shift", url.Values{"member": {person(3).String()}, "kind": {StandIn}, "date": {"2026-11-27"}, "from": {"17:00"}, "to": {"08:00"}, "until": {"2026-11-30"}})
	for _, words := range []string{"Roster of " + officeName(s.p, s.desk), "To be told now: Ben Example", "Fri Nov 27, 5:00 PM to Mon Nov 30, 8:00 AM: Cora Example Stand-in", "America/Chicago"} {
		if !strings.Contains(d.Main(), words) {
			t.Errorf("%q is not on the page: %s", words, d.Main())
		}
	}
	if d := s.page("/staff/roster?week=2026-12-02&q=cora"); !strings.Contains(d.Main(), "Monday, November 30") || strings.Contains(d.Main(), "8:00 AM to 5:00 PM: Ben Example") {
		t.Errorf("another week, one person: %s", d.Main())
	}
	before := len(s.page("/staff/roster").All("form", "action", "/staff/roster/remove"))
	d = s.send("/staff/roster", "/staff/roster/remove", nil)
	if after := len(d.All("form", "action", "/staff/roster/remove")); after != before-1 {
		t.Errorf("%d shifts can be removed, before it were %d", after, before)
	}
	s.send("/staff/roster?week=2026-12-14", "/staff/roster/copy", url.Values{"weeks": {"1"}})
	if d := s.page("/staff/roster?week=2026-12-21"); !strings.Contains(d.Main(), "Monday, December 21 8:00 AM to 5:00 PM 8:00 AM to 5:00 PM: Ben Example") {
		t.Errorf("the copied week: %s", d.Main())
	}
	csv := s.c.GetDoc("/staff/roster.csv?week=2026-11-23")
	if csv.Status != http.StatusOK || !strings.Contains(csv.Body, "Ben Example,On,2026-11-24 08:00 CST,2026-11-24 17:00 CST") {
		t.Errorf("the download: %d %s", csv.Status, csv.Body)
	}
	s.logged(1, "agency.viewed", "export:roster:"+s.desk, holder(2))

	s.people = slices.DeleteFunc(s.people, func(p Person) bool { return p.ID == person(3) })
	if d := s.page("/staff/roster"); !strings.Contains(d.Main(), "has left: does not count") {
		t.Errorf("a shift of somebody who left: %s", d.Main())
	}
}

func TestWhoMaySeeAndDoWhat(t *testing.T) {
	t.Parallel()
	s := sqlite(t, "Ana")
	s.live(s.desk, 2)
	s.live(s.other, 4)
	ask := func(who, method, path string, want int) {
		t.Helper()
		s.as(who)
		var d *webtest.Doc
		if method == http.MethodGet {
			d = s.c.GetDoc(path)
		} else {
			d = s.c.PostForm(path, url.Values{"office": {s.desk}, "hours": {"always"}, "by": {"x"}, "caller": {"x"}, "reason": {"x"}, "id": {store.NewID().String()}})
		}
		if d.Status != want {
			t.Errorf("%s %s as %q: %d, want %d", method, path, who, d.Status, want)
		}
	}
	for _, route := range s.Room().Routes {
		method, path, _ := strings.Cut(route.Pattern, " ")
		path = strings.NewReplacer("{channel}", mdcps, "{office}", s.desk).Replace(path)
		ask("", method, path, http.StatusUnauthorized)
		ask("Eve", method, path, http.StatusForbidden)
		if !strings.HasPrefix(path, "/staff/roster") {
			ask("Ben", method, path, http.StatusForbidden)
		}
	}
	ask("Ben", http.MethodGet, "/staff/roster?office="+s.desk, http.StatusOK)
	ask("Ben", http.MethodGet, "/staff/roster?office="+s.other, http.StatusForbidden)
	ask("Ben", http.MethodGet, "/staff/roster.csv?office="+s.other, http.StatusForbidden)
	ask("Dan", http.MethodPost, "/staff/roster/hours", http.StatusForbidden)
	ask("Ana", http.MethodPost, "/staff/roster/hours", http.StatusForbidden)
	ask("Ana", http.MethodGet, "/staff/roster?office="+s.other, http.StatusOK)
	ask("Ana", http.MethodGet, "/staff/roster?office=mdcps", http.StatusConflict)
	ask("Ana", http.MethodGet, "/staff/channels/x", http.StatusNotFound)
	ask("Ana", http.MethodGet, "/staff/offices/x", http.StatusNotFound)
	ask("Ana", http.MethodGet, "/staff/channels?after=x", http.StatusBadRequest)
	ask("Ana", http.MethodPost, "/staff/setup/retry", http.StatusConflict)
	if week, err := s.Week(t.Context(), "ms", s.desk); err != nil || week.String() == "always" {
		t.Errorf("somebody set another office's hours: %v, %v", week, err)
	}
	s.sendWrong("/staff/offices/"+s.other, "/staff/offices/"+s.other+"/close", http.StatusBadRequest, url.Values{"confirm": {s.desk}, "said": {saidHandedOver}})
	s.sendWrong("/staff/offices/"+s.other, "/staff/offices/"+s.other+"/close", http.StatusBadRequest, url.Values{"confirm": {s.other}, "said": {"copies_destroyed"}})
	s.send("/staff/offices/"+s.other, "/staff/offices/"+s.other+"/close", url.Values{"confirm": {s.other}, "said": {saidHandedOver, "parts_destroyed"}})
	if d := s.as("Ana").page("/staff/roster?office=" + s.desk); len(d.All("form", "method", "post")) != 0 {
		t.Error("a page offers what it would refuse")
	}
}

func TestListsAreSearchedPagedAndExported(t *testing.T) {
	t.Parallel()
	s := sqlite(t, "Ana")
	s.live(s.desk, 2)
	for _, list := range []struct {
		path string
		rows int
	}{{"/staff/channels", len(s.p.Channels)}, {"/staff/offices", len(s.p.Offices)}} {
		seen := map[string]bool{}
		next := list.path
		for pages := 0; next != ""; pages++ {
			if pages > list.rows {
				t.Fatalf("%s does not end", list.path)
			}
			d := s.page(next)
			for _, row := range d.All("th", "scope", "row") {
				href := row.All("a")[0].Attr["href"]
				if seen[href] {
					t.Errorf("%s stands twice", href)
				}
				seen[href] = true
			}
			next = ""
			if a := d.One("a", "rel", "next"); a != nil {
				next = a.Attr["href"]
			}
		}
		if len(seen) != list.rows {
			t.Errorf("%s: %d rows on all pages, want %d", list.path, len(seen), list.rows)
		}
		csv := s.c.GetDoc(list.path + ".csv")
		if lines := strings.Count(csv.Body, "\r\n"); csv.Status != http.StatusOK || lines != list.rows+1 {
			t.Errorf("%s.csv: status %d, %d lines, want %d", list.path, csv.Status, lines, list.rows+1)
		}
	}
	if d := s.page("/staff/channels?q=mississippi+child&state=printed"); len(d.All("th", "scope", "row")) != 1 || !strings.Contains(d.Main(), "1 found") {
		t.Errorf("a search: %s", d.Main())
	}
	if d := s.page("/staff/offices?state=active"); len(d.All("th", "scope", "row")) != 1 {
		t.Errorf("active offices: %s", d.Main())
	}
	if d := s.page("/staff/offices?q=nothing-like-it"); !strings.Contains(d.Main(), "No office matches") {
		t.Errorf("an empty search: %s", d.Main())
	}
	s.logged(1, "agency.viewed", "export:channels", holder(1))
	s.logged(1, "agency.viewed", "export:offices", holder(1))
}

func TestChannelPageTellsItsHistory(t *testing.T) {
	t.Parallel()
	s := sqlite(t, "Ana")
	line := "/staff/channels/" + mdcps
	d := s.send(line, line+"/call", url.Values{"at": {"2026-11-22T09:30"}, "answered": {"A flower shop"}, "heard": {"Not child protection"}, "result": {"wrong"}})
	for _, words := range []string{"contradicted", "On the public page now No", "Nov 22, 2026, 9:30 AM Wrong number Ana Example A flower shop Not child protection Ana Example"} {
		if !strings.Contains(d.Main(), words) {
			t.Errorf("%q is not on the page: %s", words, d.Main())
		}
	}
	s.work()
	if d := s.page("/staff/setup"); !strings.Contains(d.Main(), "no longer shown: "+s.p.Channels[mdcps].Name.In("en")) {
		t.Errorf("setup does not say so: %s", d.Main())
	}
	if d := s.page("/staff/channels/" + emergency); !strings.Contains(d.Main(), "Never call this number for a test") || len(d.All("form", "action", "/staff/channels/"+emergency+"/call")) != 0 {
		t.Errorf("911 can be called: %s", d.Main())
	}
	s.logged(2, "agency.viewed", "channel:"+mdcps, holder(1)) // to fill in, and after
}

func TestWorkThatWasGivenUpIsSeenAndTriedAgain(t *testing.T) {
	t.Parallel()
	s := sqlite(t, "Ana")
	s.live(s.desk, 2)
	s.ok(s.mail.Close())
	s.mailGone = true
	s.clock.Advance(40 * 24 * time.Hour)
	for range 40 {
		s.work()
		s.clock.Advance(time.Hour)
	}
	d := s.page("/staff/setup")
	if !strings.Contains(d.Main(), jobTell) {
		t.Fatalf("the mail that never left is not shown: %s", d.Main())
	}
	d = s.send("/staff/setup", "/staff/setup/retry", nil)
	if strings.Contains(d.Main(), jobTell) {
		t.Errorf("still given up: %s", d.Main())
	}
	found := fmt.Sprint(s.events())
	if !strings.Contains(found, "job.retried") {
		t.Error("the retry is not in the log")
	}
}

// Two administrators take a lost key out of use on the office's page.
func TestLostKeyByPages(t *testing.T) {
	t.Parallel()
	s := sqlite(t, "Ana")
	s.people = append(s.people, Person{person(6), "", "Hal Example", "hal@example.gov", []string{roleProgramAdmin}})
	s.live(s.desk, 2)
	page := "/staff/offices/" + s.desk
	name := shortKey(s.Keys("ms")[s.desk])
	s.sendWrong(page, page+"/key-lost", http.StatusBadRequest, url.Values{"key": {s.desk}})
	d := s.send(page, page+"/key-lost", url.Values{"key": {name}})
	if !strings.Contains(d.Main(), "One administrator has marked it") || !s.Keyed("ms")(s.desk) {
		t.Errorf("after the first: %s", d.Main())
	}
	s.sendWrong(page, page+"/key-lost", http.StatusConflict, url.Values{"key": {name}})
	s.as("Hal")
	d = s.send(page, page+"/key-lost", url.Values{"key": {name}})
	if !strings.Contains(d.Main(), "lost: reports go to the desk") || s.Keyed("ms")(s.desk) || len(d.All("form", "action", page+"/key-lost")) != 0 {
		t.Errorf("after the second: %s", d.Main())
	}
}
