// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"waylight/internal/app"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// The matrix: every address of the running site, asked as every role, at offices of every kind, in two programs, about things of one's own office, of others, of
// the other program, and about things that are not there. What is expected is derived from the table of package policy and from nothing else.

// answer is what somebody meets.
type answer struct {
	status int
	body   string
}

func (m *matrix) ask(w *walker, pattern, address string) answer {
	m.asked++
	method, _, _ := strings.Cut(pattern, " ")
	form := url.Values{"to": {nothing}, "sure": {"yes"}, "decision": {"kept"}, "answer": {"end"}, "link": {nothing}, "roles": {policy.RoleMember}, "reason": {"because"}, "why": {"because"},
		"outcome": {"working"}, "minutes": {"5"}, "result": {"no_answer"}, "other": {store.NewID().String()}}
	if w != nil {
		form.Set("to", w.ID.String())
		form.Set("office", w.Office)
	}
	if office, found := strings.CutPrefix(address, "/staff/offices/"); found {
		form.Set("confirm", strings.TrimSuffix(office, "/close"))
	}
	kind, body := "application/x-www-form-urlencoded", form.Encode()
	if scripted := bodies(pattern); scripted != "" {
		kind, body = "application/json", scripted
	}
	r := httptest.NewRequest(method, "http://127.0.0.1"+address, strings.NewReader(body))
	if method != http.MethodGet {
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if w != nil {
		r.AddCookie(w.cookie)
	}
	out := httptest.NewRecorder()
	m.app.Handler().ServeHTTP(out, r)
	return answer{out.Code, out.Header().Get("Location") + "\n" + out.Body.String()}
}

// unmarked are addresses at which nothing was there to be marked: the message of every report here is the office's own.
var unmarked = []string{"POST /staff/report/{id}/messages/read", "POST /staff/report/{id}/messages/settle"}

// quiet are acts of which some change nothing that an auditor would ask about: a session that goes on, the first half of what the second half records.
var quiet = []policy.Action{policy.KeepSession, policy.ChangeKeys}

// logged asks, and holds that what was done, and what was refused for want of a role, stands in the custody log (CJIS AC-6(9), AU-2).
func (m *matrix) logged(w *walker, r web.Route, method, address string) answer {
	m.t.Helper()
	if method == http.MethodGet || slices.Contains(unmarked, r.Pattern) || slices.Contains(quiet, policy.Action(r.Access.Action)) {
		return m.ask(w, r.Pattern, address)
	}
	before := m.leaves(w.Program)
	got := m.ask(w, r.Pattern, address)
	if (got.status < 400 || got.status == http.StatusForbidden && !policy.Allow(policy.Action(r.Access.Action), w.who)) && m.leaves(w.Program) == before {
		m.t.Errorf("%s as %s: %d, and the log says nothing", r.Pattern, w.name(), got.status)
	}
	return got
}

func (m *matrix) leaves(programID string) (last int64) {
	m.t.Helper()
	m.fatal(m.app.DB.QueryRow(ctx, `select max(idx) from custody_leaf where program = $1`, programID).Scan(&last))
	return last
}

var parameter = regexp.MustCompile(`\{([a-z]+)(\.\.\.)?\}`)

// about finds what an address is about, by its beginning.
func (m *matrix) about(path string) (things []thing, named bool) {
	longest := ""
	for prefix := range m.things {
		if (path == prefix || strings.HasPrefix(path, prefix+"/")) && len(prefix) > len(longest) {
			longest = prefix
		}
	}
	return m.things[longest], longest != ""
}

// fillIn puts an id where the address has its first parameter, and what belongs to it where it has a second. The first part of every file is there.
func fillIn(path, id, second string) string {
	first := true
	return parameter.ReplaceAllStringFunc(strings.Replace(path, "{part}", "0", 1), func(string) string {
		if first {
			first = false
			return id
		}
		return second
	})
}

// plain takes out of an answer what was asked for, so that two answers can be compared.
func plain(a answer, id string) string {
	body := strings.ReplaceAll(strings.ReplaceAll(a.body, id, "ID"), id[:min(8, len(id))], "SHORT")
	body = counts.ReplaceAllString(body, "")
	return fmt.Sprint(a.status, " ", randomPart.ReplaceAllString(body, "RANDOM"))
}

// counts are the numbers beside the menu, of what waits for whoever asks: what was asked before about their own things changes them.
var counts = regexp.MustCompile(` <span class="count-dot">[0-9]+</span>`)

// randomPart is what differs from one page to the next of the same kind: ids and challenges.
var randomPart = regexp.MustCompile(`[A-Za-z0-9_-]{22,}`)

// decide is the table's answer about a thing: the best of all ways in which it is held.
func decide(a policy.Action, who policy.Subject, t thing) policy.Decision {
	best := policy.Decision{As: policy.Hidden}
	for _, o := range t.objects {
		if d := policy.Decide(a, who, o); d.Allowed || !best.Allowed && d.As == policy.Refused {
			best = d
		}
	}
	return best
}

// A route without a rule is for nobody, and a mistake.
func TestEveryRouteHasARule(t *testing.T) {
	t.Parallel()
	a, err := app.New(ctx, app.Config{Data: t.TempDir(), Demo: true, Packs: []fs.FS{twin(t)}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ruled := map[policy.Action]bool{}
	for _, r := range policy.Rules() {
		ruled[r.Action] = true
	}
	for _, route := range a.Routes() {
		act := policy.Action(route.Access.Action)
		if !ruled[act] {
			t.Errorf("%s: no row of the table is about %q", route.Pattern, act)
		}
		if route.Access.Public != policy.Open(act) {
			t.Errorf("%s: open to everybody is %v, the table says %v", route.Pattern, route.Access.Public, policy.Open(act))
		}
		_, path, _ := strings.Cut(route.Pattern, " ")
		if staff := path == "/staff" || strings.HasPrefix(path, "/staff/"); !staff && !route.Access.Public {
			t.Errorf("%s asks for a sign-in outside of /staff", route.Pattern)
		}
	}
}

// Whoever is not signed in meets the sign-in page, or what is open to everybody.
func TestNobodySignedIn(t *testing.T) {
	t.Parallel()
	a, err := app.New(ctx, app.Config{Data: t.TempDir(), Demo: true, Packs: []fs.FS{twin(t)}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	m := &matrix{t: t, app: a}
	for _, route := range m.app.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		got := m.ask(nil, route.Pattern, strings.ReplaceAll(fillIn(path, nothing, nothing), "{$}", ""))
		switch {
		case broken(got):
			t.Errorf("%s: %d", route.Pattern, got.status)
		case route.Access.Public:
		case method == http.MethodGet && got.status != http.StatusSeeOther && got.status != http.StatusUnauthorized,
			method != http.MethodGet && got.status != http.StatusUnauthorized:
			t.Errorf("%s: %d", route.Pattern, got.status)
		}
	}
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	for _, round := range rounds {
		m.become(round.keyed, round.keyless)
		m.fill()
		for _, w := range m.walkers {
			if round.keyed != nil || !w.HoldsKey() {
				m.walk(w)
			}
		}
		if t.Failed() {
			t.Fatalf("the round of %v and %v differs from the table", round.keyed, round.keyless)
		}
	}
	for _, r := range m.app.Routes() {
		if !r.Access.Public && len(parameter.FindAllString(r.Pattern, -1)) > 1 && !m.second[r.Pattern] {
			t.Errorf("%s: nobody who may was answered otherwise than about nothing", r.Pattern)
		}
	}
	if m.asked < 20000 {
		t.Errorf("only %d questions were asked", m.asked)
	}
	t.Logf("%d questions, %d routes, %d people", m.asked, len(m.app.Routes()), len(m.walkers))
}

// walk asks every address as one person: first what only reads, then what changes something.
func (m *matrix) walk(w *walker) {
	m.t.Helper()
	last := func(pattern string) int { // what takes the report itself away from who asks comes last
		switch {
		case strings.HasPrefix(pattern, "GET "):
			return 0
		case strings.HasSuffix(pattern, "/recuse"):
			return 2
		}
		return 1
	}
	routes := slices.SortedFunc(slices.Values(m.app.Routes()), func(a, b web.Route) int {
		if d := last(a.Pattern) - last(b.Pattern); d != 0 {
			return d
		}
		return strings.Compare(a.Pattern, b.Pattern)
	})
	for _, r := range routes {
		if r.Access.Public {
			continue // nobody is looked at there; see TestNobodySignedIn
		}
		m.step(w, r)
	}
}

// step asks one address as one person, about everything there is.
func (m *matrix) step(w *walker, r web.Route) {
	m.t.Helper()
	method, path, _ := strings.Cut(r.Pattern, " ")
	act := policy.Action(r.Access.Action)
	may := policy.Allow(act, w.who)
	parameters := len(parameter.FindAllString(path, -1))
	things, known := m.about(path)
	if parameters > 0 && !known {
		m.t.Errorf("%s: say in fill what it is about", r.Pattern)
		return
	}
	none := m.logged(w, r, method, fillIn(path, nothing, nothing))
	if (none.status == http.StatusForbidden) != !may {
		m.t.Errorf("%s as %s: %d, and the table says %v", r.Pattern, w.name(), none.status, may)
	}
	if broken(none) {
		m.t.Errorf("%s as %s: %d", r.Pattern, w.name(), none.status)
	}
	if !may {
		return
	}
	if parameters == 0 {
		m.list(w, r, none)
		return
	}
	if strings.HasPrefix(path, "/staff/people/{id}") {
		things = append(slices.Clone(things), m.person(w.Member)) // and oneself
	}
	for _, th := range things {
		d := decide(act, w.who, th)
		if d.Allowed && th.another != nil {
			th.id = th.another()
		}
		if th.second == "" {
			th.second = nothing
		}
		got := m.logged(w, r, method, fillIn(path, th.id, th.second))
		if parameters > 1 && d.Allowed && plain(got, th.id) != plain(none, nothing) {
			m.second[r.Pattern] = true
		}
		wrong := ""
		switch {
		case broken(got):
			wrong = "breaks"
		case d.Allowed && got.status == http.StatusForbidden && earned(got):
		case d.Allowed && (got.status == http.StatusForbidden || got.status == http.StatusUnauthorized):
			wrong = "is refused"
		case d.Allowed && parameters == 1 && !strings.HasSuffix(r.Pattern, "/matter") && got.status == http.StatusNotFound && plain(got, th.id) == plain(none, nothing):
			wrong = "is told that there is nothing"
		case !d.Allowed && got.status == http.StatusBadRequest: // refused unread, so nothing is known of the walls
			wrong = "is refused for what was posted"
		case !d.Allowed && d.As == policy.Refused && got.status != http.StatusForbidden:
			wrong = "is not refused"
		case !d.Allowed && d.As == policy.Hidden && plain(got, th.id) != plain(none, nothing):
			wrong = "can tell that it is there:\n" + plain(got, th.id) + "\n-- from --\n" + plain(none, nothing) + "\n"
		}
		if wrong != "" {
			m.t.Errorf("%s as %s about %s: %s (%d; %+v)", r.Pattern, w.name(), th.name, wrong, got.status, d)
		}
	}
}

// earned says whether an answer refuses what must be done or true first, whoever asks: a file that is passed on or fetched must have been opened, a part about
// the reporter has an audience of its own, and nobody gives access to themselves or without having it.
func earned(a answer) bool {
	return slices.ContainsFunc([]string{"Open the file first", "This report may not be sent to that office", "That office may not be given the part about the reporter", "Nobody can change their own account", "key can give access to it"},
		func(sentence string) bool { return strings.Contains(a.body, sentence) })
}

// broken says whether an answer is the server's own failure. 503 is what is missing on purpose: there is no mail server here, nor an open form at first.
func broken(a answer) bool {
	return a.status >= http.StatusInternalServerError && a.status != http.StatusServiceUnavailable
}

// list looks through a page for what must not be on it: reports that this person may not know of, and anything of the other program.
func (m *matrix) list(w *walker, r web.Route, got answer) {
	m.t.Helper()
	reports := m.things["/staff/report/{id}"]
	for i, th := range slices.Concat(reports, m.things["/staff/desk/{id}"]) {
		read := decide(policy.ReadReport, w.who, th).Allowed || decide(policy.ReadLate, w.who, th).Allowed && strings.HasPrefix(r.Access.Action, "desk.")
		if policy.Action(r.Access.Action) == policy.ReadHolds { // a hold tells of its report to those who look after holds
			read = read || slices.ContainsFunc(m.things["/staff/holds/{hold}"], func(h thing) bool {
				return strings.HasSuffix(h.name, th.id) && decide(policy.ReadHolds, w.who, h).Allowed
			})
		}
		short := i < len(reports) && strings.Contains(got.body, th.id[:8]) // a task's id begins like its report's number
		if !read && (short || strings.Contains(got.body, th.id)) {
			m.t.Errorf("%s as %s shows %s", r.Pattern, w.name(), th.name)
		}
	}
	for _, th := range slices.Concat(m.things["/staff/people/{id}"], m.things["/staff/people/invitation/{id}"]) {
		seen := th.objects[0].Member == w.ID.String() || decide(policy.ReadPeople, w.who, th).Allowed
		if !seen && strings.Contains(got.body, th.id) {
			m.t.Errorf("%s as %s shows %s", r.Pattern, w.name(), th.name)
		}
	}
	m.plans(w, r.Pattern, got.body)
	other := there
	if w.Program == there {
		other = here
	}
	if strings.Contains(got.body, "@"+other+".invalid") {
		m.t.Errorf("%s as %s shows people of %s", r.Pattern, w.name(), other)
	}
}

func (w *walker) name() string { return fmt.Sprintf("%v at %s in %s", w.Roles, w.Office, w.Program) }

// nothing is an id that nothing has.
var nothing = store.NewID().String()
