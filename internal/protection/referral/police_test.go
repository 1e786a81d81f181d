// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
)

// precinct is a world with police in every role, and people who are not police.
type precinct struct {
	*world
	police []hand
	hana   hand // help desk
	sue    hand // shelter
	ana    hand // child protection
	tip    store.ID
	task   store.ID
	help   []store.ID
	names  *strings.Replacer // what differs between worlds by chance
}

// newPrecinct makes a world with a tip in it, and help reports if asked.
func newPrecinct(t *testing.T, db *store.DB, clock *storetest.Clock, withHelp bool) *precinct {
	w := &precinct{world: setup(t, db, clock)}
	everything := []string{identity.RoleMember, identity.RoleSupervisor, identity.RoleAgencyAdmin}
	cal := w.hire(police, "Cal", everything...)
	dee := w.hire(tipDesk, "Dee", append(everything, identity.RoleDesk, identity.RoleProgramAdmin, identity.RoleAuditor)...)
	lee := w.hire(local, "Lee", everything...)
	w.police = []hand{cal, dee, lee}
	w.hana = w.hire(helpDesk, "Hana", identity.RoleDesk, identity.RoleSupervisor)
	w.sue, w.ana = w.hire(shelter, "Sue"), w.hire(childCare, "Ana")
	for _, h := range append([]hand{w.hana, w.sue, w.ana}, w.police...) {
		w.shift(h, agency.On)
	}
	w.tip = w.send(child())
	if withHelp {
		w.help = []store.ID{
			w.send(help(shelter)),
			w.send(tip(form.Answers{"mode": {"help"}, "who": {"me"}, "danger": {"yes"}})),
			w.send(tip(form.Answers{"mode": {"help"}, "who": {"me"}, "age": {"under18"}, "happened": {"MS-28047"}, "consents": {shelter}})),
			w.send(tip(form.Answers{"mode": {"help"}, "who": {"known"}, "consents": {police, shelter}})), // nobody consents for another adult
		}
	}
	swaps := []string{w.tip.String(), "TIP", referral.Short(w.tip), "TIP8"}
	for _, h := range w.police {
		swaps = append(swaps, h.ID.String(), h.Name)
		for _, key := range []string{w.agencies.Keys("ms")[h.Office].Office} {
			swaps = append(swaps, key, h.Office)
		}
	}
	w.names = strings.NewReplacer(swaps...)
	return w
}

// seen is all that a police member can get out of the room: every page, list,
// count, file and act, as text.
func (w *precinct) seen(h hand) map[string]string {
	out := map[string]string{}
	c := w.as(h)
	lists := []string{"/staff/inbox", "/staff/inbox.csv", "/staff/desk", "/staff/desk.csv"}
	filters := []string{"", "?state=all", "?state=waiting", "?state=closed", "?danger=1", "?child=1", "?mine=1", "?asks=1&state=all", "?q=madison",
		"?q=sex", "?q=help", "?q=adult", "?list=late", "?list=stuck", "?list=late&q=help", "?list=stuck&state=all&danger=1"}
	for _, path := range lists {
		for _, f := range filters {
			got := c.GetDoc(path + f)
			out[path+f] = fmt.Sprint(got.Status, "\n", w.plain(got.Body))
		}
	}
	page := c.GetDoc("/staff/report/" + w.tip.String())
	out["report"] = fmt.Sprint(page.Status, "\n", w.plain(page.Body))
	inbox, tasks, err := w.referrals.Waiting(w.t.Context(), h.Member)
	out["counts"] = fmt.Sprint(inbox, tasks, err)
	return out
}

// plain takes out what differs between two worlds by chance: random numbers and
// the order of rows with the same due time.
func (w *precinct) plain(body string) string {
	lines := strings.Split(w.names.Replace(body), "\n")
	for i, line := range lines {
		lines[i] = random26.ReplaceAllString(line, "ID")
		if strings.Contains(line, "data-chain=") {
			lines[i] = dataKeys.ReplaceAllString(lines[i], "KEY")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// acts tries everything a member can do to one report, by its number.
func (w *precinct) tries(h hand, id store.ID) []string {
	c := w.as(h)
	var out []string
	add := func(method, path string, status int, body string) {
		number := strings.NewReplacer(id.String(), "ID", referral.Short(id), "ID8")
		out = append(out, fmt.Sprint(method, " ", number.Replace(path), " ", status, " ", number.Replace(body)))
	}
	get := func(path string) { d := c.GetDoc(path); add(http.MethodGet, path, d.Status, d.Body) }
	base := "/staff/report/" + id.String()
	for _, path := range []string{base, base + "/sealed", base + "/notes", "/staff/desk/" + id.String(), "/staff/inbox?state=all&q=" + id.String(),
		"/staff/inbox?state=all&q=" + referral.Short(id), "/staff/desk?list=late&q=" + id.String(), "/staff/desk?list=stuck&q=" + id.String()} {
		get(path)
	}
	form := url.Values{"outcome": {"case"}, "sure": {"yes"}, "scope": {"office"}, "to": {h.ID.String()}, "duty": {id.String()}, "minutes": {"5"}, "other": {w.tip.String()}}
	for _, name := range []string{"acknowledge", "outcome", "cannot-open", "recuse", "matter", "separate", "assign", "met"} {
		d := c.PostForm(base+"/"+name, form)
		add(http.MethodPost, base+"/"+name, d.Status, d.Body)
	}
	d := c.PostForm("/staff/report/"+w.tip.String()+"/matter", url.Values{"other": {id.String()}})
	add(http.MethodPost, "tip/matter", d.Status, d.Body)
	d = c.PostForm("/staff/report/"+w.tip.String()+"/matter", url.Values{"other": {referral.Short(id)}})
	add(http.MethodPost, "tip/matter short", d.Status, d.Body)
	for _, name := range []string{"take", "extend", "release", "attempt", "complete"} {
		d := c.PostForm("/staff/desk/"+id.String()+"/"+name, form)
		add(http.MethodPost, "desk/"+name, d.Status, d.Body)
	}
	for name, body := range map[string]any{
		"opened":  map[string]any{"token": make([]byte, 32), "signature": make([]byte, 64)},
		"refer":   map[string]any{"office": lawyers, "key_id": strings.Repeat("00", 16), "wrap": []byte{1}, "basis": ""},
		"rewrap":  map[string]any{"office": lawyers, "key_id": strings.Repeat("00", 16), "wrap": []byte{1}, "basis": ""},
		"note":    map[string]any{"key_id": fmt.Sprintf("%x", w.agencies.Keys("ms")[h.Office].ID), "body": make([]byte, 1500)},
		"printed": map[string]any{},
	} {
		d := c.PostJSON(base+"/"+name, body)
		add(http.MethodPost, name, d.Status, d.Body)
	}
	slices.Sort(out)
	return out
}

// TestNoPoliceLearnOfAHelpReport runs two worlds through three days: the same
// in all but help reports. Whatever police can see of them must be the same, too.
func TestNoPoliceLearnOfAHelpReport(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		other, otherClock := storetest.SQLite(t, schemas())
		without, with := newPrecinct(t, other, otherClock, false), newPrecinct(t, db, clock, true)
		for _, hours := range []int{0, 3, 48} {
			for _, w := range []*precinct{without, with} {
				w.clock.Advance(storetest.Start.Add(time.Duration(hours) * time.Hour).Sub(w.clock.Now()))
				w.run()
			}
			for i := range with.police {
				a, b := without.seen(without.police[i]), with.seen(with.police[i])
				for what := range a {
					if a[what] != b[what] {
						t.Errorf("after %d h, %s at %s sees another %s because of a help report:\n%s", hours, with.police[i].Name, with.police[i].Office, what, difference(a[what], b[what]))
					}
				}
			}
		}
		for _, h := range with.police {
			for _, id := range with.help {
				real, made := with.tries(h, id), with.tries(h, store.NewID())
				for i := range real {
					if real[i] != made[i] {
						t.Errorf("%s tells a help report from none:\n%s", h.Office, difference(made[i], real[i]))
					}
				}
			}
		}
		with.noPoliceAreMailed(without)
		with.nothingIsLogged()
		with.helpIsWhereItBelongs()
	})
}

// noPoliceAreMailed compares the mail of both worlds: holders that are not
// police are told of help reports, and the help desk.
func (w *precinct) noPoliceAreMailed(without *precinct) {
	w.t.Helper()
	a, b := without.mailed(), w.mailed()
	for _, to := range a {
		i := slices.Index(b, to)
		if i < 0 {
			w.t.Errorf("%s is mailed less because of a help report", to)
			continue
		}
		b = slices.Delete(b, i, i+1)
	}
	for _, to := range []string{"hana", "sue"} {
		if !slices.Contains(b, to) {
			w.t.Errorf("%s was not mailed", to)
		}
	}
	for _, to := range b {
		if !slices.Contains([]string{"hana", "sue", "ana"}, to) {
			w.t.Errorf("%s was mailed about a help report", to)
		}
	}
}

// nothingIsLogged looks for help reports in the server's log and in what was
// recorded about police members.
func (w *precinct) nothingIsLogged() {
	w.t.Helper()
	for _, id := range w.help {
		if strings.Contains(w.logged.String(), id.String()) {
			w.t.Error("the server's log names a help report")
		}
		for _, h := range w.police {
			n := 0
			err := w.db.QueryRow(w.t.Context(), "select count(*) from referral_notice where program = 'ms' and report = $1 and member = $2", id, h.ID).Scan(&n)
			check(w.t, err)
			if n != 0 {
				w.t.Errorf("%s has notices about a help report", h.Office)
			}
		}
	}
}

// helpIsWhereItBelongs is the other half: those who may see do see, and no file
// holds any of it.
func (w *precinct) helpIsWhereItBelongs() {
	w.t.Helper()
	if n := len(w.list(w.sue, referral.Filter{State: "all"})); n != 2 {
		w.t.Errorf("the shelter has %d of two", n)
	}
	if n := len(w.list(w.hana, referral.Filter{State: "all"})); n != 2 { // danger without a pick, and the friend
		w.t.Errorf("the help desk has %d of two", n)
	}
	late := w.list(w.hana, referral.Filter{List: referral.ListLate})
	if !slices.ContainsFunc(late, func(r referral.Referral) bool { return r.Holder == shelter && r.Mode == "help" }) {
		w.t.Error("the help desk does not see that the shelter is late")
	}
	if n := len(w.list(w.ana, referral.Filter{State: "all"})); n != 2 { // the tip, and the child that the law names it for
		w.t.Errorf("child protection has %d of two", n)
	}
	for h, path := range map[*hand]string{&w.sue: "/staff/inbox.csv?state=all", &w.hana: "/staff/desk.csv?list=late", &w.ana: "/staff/inbox.csv?state=all"} {
		body := w.as(*h).GetDoc(path).Body
		for _, id := range w.help {
			if strings.Contains(body, id.String()) {
				w.t.Errorf("%s holds a help report", path)
			}
		}
	}
}

// difference shows the lines that only one of two texts has.
func difference(a, b string) string {
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out []string
	for _, line := range left {
		if !slices.Contains(right, line) {
			out = append(out, "- "+line)
		}
	}
	for _, line := range right {
		if !slices.Contains(left, line) {
			out = append(out, "+ "+line)
		}
	}
	return strings.Join(out, "\n")
}

// TestHelpThatNamesPolice: police see a help report only where the survivor
// picked them, and then in the inbox alone, with nobody else's part of it.
func TestHelpThatNamesPolice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := newPrecinct(t, db, clock, false)
		id := w.send(help(shelter, police))
		cal := w.police[0]
		if r := w.inbox(cal, id); r.Mode != "help" {
			t.Fatalf("police that were picked get %+v", r)
		}
		page := w.as(cal).GetDoc("/staff/report/" + id.String())
		if page.Status != 200 || strings.Contains(page.Body, w.ms.Offices[shelter].Name.In("en")) {
			t.Error("police learn which other office the survivor picked")
		}
		if strings.Contains(w.client.GetDoc("/staff/inbox.csv?state=all").Body, id.String()) {
			t.Error("a file holds a help report")
		}
		w.open(cal, id)
		_, err := w.referrals.ReferOn(t.Context(), cal.Member, id, w.wrapFor(cal, id, childCare))
		refused(t, err, referral.ErrOffice, "police sending help on")
		w.open(w.sue, id)
		onward := w.wrapFor(w.sue, id, local)
		_, err = w.referrals.ReferOn(t.Context(), w.sue.Member, id, onward)
		refused(t, err, referral.ErrOffice, "sending help on to police")
		onward.Basis = "ms-43-21-353"
		_, err = w.referrals.ReferOn(t.Context(), w.sue.Member, id, onward)
		refused(t, err, referral.ErrOffice, "sending help on to police with a law")
		toChild := w.wrapFor(w.sue, id, childCare)
		_, err = w.referrals.ReferOn(t.Context(), w.sue.Member, id, toChild)
		refused(t, err, referral.ErrBasis, "sending help on without consent or law")
		toChild.Basis = "ms-43-21-353"
		_, err = w.referrals.ReferOn(t.Context(), w.sue.Member, id, toChild)
		check(t, err)
		if r := w.inbox(w.ana, id); !slices.Equal(r.Basis, []string{"ms-43-21-353"}) {
			t.Errorf("the law it rests on is not kept: %+v", r.Basis)
		}
	})
}

var (
	random26 = regexp.MustCompile(`\b[a-z2-7]{26}\b`)
	dataKeys = regexp.MustCompile(`data-chain="[^"]*"`)
)
