// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"waylight/internal/app"
	"waylight/internal/app/demo"
	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/protection/report"
	"waylight/programs"
)

// The matrix: every address of the running site, asked as every role, at offices of every kind, in two programs, about things of one's own office, of others, of
// the other program, and about things that are not there. What is expected is derived from the table of package policy and from nothing else.

// The programs. The second is the first under another name, so that offices and rules are the same and only the tenant differs.
const (
	here  = "ms"
	there = "mz"
)

// seats are the offices whose people walk, police-run and not, accused and not.
var seats = []string{"mbi-desk", "mbi-coordinator", "help-desk", "mcaht", "mdcps"}

// rounds are what the two people of an office are by turns: one who holds its key and one who does not.
var rounds = []struct{ keyed, keyless []string }{
	{[]string{policy.RoleMember}, []string{policy.RoleProgramAdmin}},
	{[]string{policy.RoleSupervisor}, []string{policy.RoleAuditor}},
	{[]string{policy.RoleDesk}, []string{policy.RoleFigures}},
	{[]string{policy.RoleAgencyAdmin}, []string{policy.RoleProgramAdmin, policy.RoleAuditor, policy.RoleFigures}},
}

// twin is the first program's pack again, under the name of the second.
func twin(t *testing.T) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(programs.FS, here, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(programs.FS, path)
		if path == here+"/program.yaml" {
			data = bytes.Replace(data, []byte("id: "+here), []byte("id: "+there), 1)
		}
		out[there+strings.TrimPrefix(path, here)] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// walker is somebody who asks.
type walker struct {
	identity.Member
	cookie *http.Cookie
	who    policy.Subject
}

// thing is something that an address can be about, as the addresses name it and as policy does: one object for each way in which it is held.
type thing struct {
	name, id string
	objects  []policy.Object
	another  func() string // makes one more like it, where whoever may act uses it up
}

// matrix is the site that is walked.
type matrix struct {
	t       *testing.T
	app     *app.App
	clock   time.Time
	walkers []*walker
	targets []*walker          // people whom the walkers act on; they do not walk
	things  map[string][]thing // by the beginning of the address
	asked   int
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{t: t, clock: time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)}
	a, err := app.New(ctx, app.Config{Data: t.TempDir(), Demo: true, Origin: "http://127.0.0.1", Packs: []fs.FS{twin(t)}, Now: func() time.Time { return m.clock }, Every: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	m.app = a
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, programID := range []string{here, there} {
		for _, office := range seats {
			if err := a.Agencies.Join(ctx, agency.System(programID), office); err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				for _, roles := range [][]string{{policy.RoleMember}, {policy.RoleAuditor}} {
					w, target := m.enroll(programID, office, roles, "walker"), m.enroll(programID, office, roles, "target")
					mu.Lock()
					m.walkers, m.targets = append(m.walkers, w), append(m.targets, target)
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return m
}

func (m *matrix) fatal(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// enroll invites somebody, who joins and signs in.
func (m *matrix) enroll(programID, office string, roles []string, name string) *walker {
	email := fmt.Sprintf("%s-%s-%s@%s.invalid", name, roles[0], office, programID)
	token, err := m.app.People.Invite(ctx, programID, office, "Person "+email, email, roles)
	if err != nil {
		m.t.Error(err)
		return nil
	}
	holder, _, err := m.app.People.EnrollHolder(ctx, token, demo.Passphrase)
	if err != nil {
		m.t.Error(err)
		return nil
	}
	w := &walker{Member: holder.Member}
	if w.cookie, err = signedIn(m.app, holder); err != nil {
		m.t.Error(err)
	}
	return w
}

func signedIn(a *app.App, h *identity.Holder) (*http.Cookie, error) {
	value, _, err := a.People.SignIn(ctx, h.Member.Program, h.Member.Email, h.Auth())
	return &http.Cookie{Name: "waylight", Value: value}, err
}

// become gives everybody the roles of a round.
func (m *matrix) become(keyed, keyless []string) {
	m.t.Helper()
	for _, w := range m.walkers {
		roles := keyless
		if w.HoldsKey() {
			roles = keyed
		}
		p, _ := m.app.Programs.Program(w.Program)
		if slices.Equal(roles, []string{policy.RoleDesk}) && !p.Offices[w.Office].Desk {
			roles = []string{policy.RoleMember, policy.RoleSupervisor, policy.RoleAgencyAdmin}
		}
		m.fatal(m.app.People.SetRoles(ctx, w.Program, w.ID, roles))
		now, err := m.app.People.Member(ctx, w.Program, w.ID)
		m.fatal(err)
		w.Member, w.who = now, m.app.People.Subject(now)
	}
}

// stories are the reports of a round: a tip about a child, one that accuses police, one that accuses child protection; help that names a shelter, help that
// names nobody, and a child's, which child protection and police must be told of.
var stories = map[string]form.Answers{
	"tip":               {"mode": {"tip"}, "age": {"under18"}, "happened": {"MS-28055"}, "kind": {"sex"}, "story": {"words"}, "name": {"Invented"}},
	"tip on police":     {"mode": {"tip"}, "age": {"under18"}, "happened": {"MS-28055"}, "conflict": {"police"}, "story": {"words"}, "name": {"Invented"}},
	"tip on protection": {"mode": {"tip"}, "age": {"under18"}, "happened": {"MS-28055"}, "conflict": {"child_protection"}, "story": {"words"}, "name": {"Invented"}},
	"tip on a helper":   {"mode": {"tip"}, "age": {"adult"}, "happened": {"MS-28055"}, "conflict": {"helper"}, "story": {"words"}, "name": {"Invented"}},
	"help":              {"mode": {"help"}, "who": {"me"}, "age": {"adult"}, "happened": {"MS-28055"}, "consents": {"mcaht"}, "story": {"words"}, "name": {"Invented"}},
	"help of nobody":    {"mode": {"help"}, "who": {"me"}, "age": {"adult"}, "danger": {"yes"}, "happened": {"MS-28055"}, "story": {"words"}, "name": {"Invented"}},
	"help of a child":   {"mode": {"help"}, "who": {"me"}, "age": {"under18"}, "happened": {"MS-28047"}, "consents": {"mcaht"}, "story": {"words"}, "name": {"Invented"}},
}

// misplaced are reports of which a row is put where the rules of the pack never put one, or which an office gave up: the walls must hold by themselves.
var misplaced = map[string]string{
	"tip on police": "holder = 'mbi-coordinator'", "tip on protection": "holder = 'mdcps'", "tip on a helper": "holder = 'mcaht'",
	"help of nobody": "holder = 'mbi-desk', relay = 1", "tip": "state = 'recused'",
}

// misplace changes a report's first row, as nobody could through the site.
func (m *matrix) misplace(programID string, id store.ID, to string) {
	m.t.Helper()
	m.fatal(m.app.DB.Write(ctx, func(tx *store.Tx) error {
		var referral store.ID
		err := tx.QueryRow(ctx, `select id from referral where program = $1 and report = $2 and origin <> 'reminder' order by id`, programID, id).Scan(&referral)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`update referral set `+to+` where program = $1 and id = $2`, programID, referral); err != nil {
			return err
		}
		if err := tx.Touch("referral", programID, referral); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: "test.misplaced", Record: "referral:" + referral.String(), Actor: "system"})
		return nil
	}))
}

// fill makes the things of a round, in both programs.
func (m *matrix) fill() {
	m.t.Helper()
	reports, tasks, people, invitations, requests, holds, offices := []thing{}, []thing{}, []thing{}, []thing{}, []thing{}, []thing{}, []thing{}
	for _, programID := range []string{here, there} {
		for _, name := range slices.Sorted(maps.Keys(stories)) {
			sent, err := m.app.Reports.Accept(ctx, report.Submission{Program: programID, Language: "en", Key: []byte(store.NewID().String() + store.NewID().String()),
				Via: report.ViaWeb, Answers: stories[name]})
			m.fatal(err)
			if to, wrong := misplaced[name]; wrong {
				m.misplace(programID, sent.Report, to)
			}
			held, relayed := m.held(programID, sent.Report)
			reports = append(reports, thing{programID + ": " + name, sent.Report.String(), held, nil})
			tasks = append(tasks, relayed...)
		}
		for _, office := range seats {
			o := m.office(programID, office)
			invite := func() string { return m.invite(programID, office) }
			o.Member, o.Roles = invite(), []string{policy.RoleMember}
			invitations = append(invitations, thing{programID + " invited at " + office, o.Member, []policy.Object{o}, invite})
		}
		requests = append(requests, m.request(programID)...)
		for _, office := range []string{"mcaht", "mbi-coordinator"} {
			holds = append(holds, m.hold(programID, office, ""), m.hold(programID, office, reports[len(reports)-1].id))
		}
	}
	for _, w := range m.targets {
		now, err := m.app.People.Member(ctx, w.Program, w.ID)
		m.fatal(err)
		people = append(people, m.person(now))
	}
	for _, office := range seats { // of the same names in both programs
		offices = append(offices, thing{office, office, []policy.Object{m.office(here, office), m.office(there, office)}, nil})
	}
	m.things = map[string][]thing{
		"/staff/report/{id}": reports, "/staff/desk/{id}": tasks, "/staff/people/{id}": people, "/staff/people/invitation/{id}": invitations,
		"/staff/approvals/{id}": requests, "/staff/ways/{id}": nil, "/staff/device-link/{id}": nil, "/staff/holds/{hold}": holds, "/staff/words/{list}": nil,
		"/staff/channels/{channel}": nil, "/staff/offices/{office}": nil, "/staff/offices/{office}/close": offices,
	}
}

// invite makes an invitation and gives the id of whom it is for.
func (m *matrix) invite(programID, office string) string {
	m.t.Helper()
	token, err := m.app.People.Invite(ctx, programID, office, "Not Here Yet", store.NewID().String()+"@new.invalid", []string{policy.RoleMember})
	m.fatal(err)
	begun, err := m.app.People.Begin(ctx, token)
	m.fatal(err)
	return begun.Member.String()
}

// person is somebody as the object of an act.
func (m *matrix) person(p identity.Member) thing {
	o := m.office(p.Program, p.Office)
	o.Member, o.Roles = p.ID.String(), p.Roles
	return thing{p.Email + fmt.Sprint(p.Roles), o.Member, []policy.Object{o}, nil}
}

// hold places a legal hold on an office, or on a report of it. What is on one report is taken for help: the hold does not tell.
func (m *matrix) hold(programID, office, report string) thing {
	m.t.Helper()
	basis := "Order " + store.NewID().String()
	m.fatal(m.app.Agencies.PlaceHold(ctx, agency.System(programID), office, report, basis))
	holds, err := m.app.Agencies.Holds(ctx, programID, office)
	m.fatal(err)
	o := m.office(programID, office)
	if report != "" {
		o.Holder, o.Mode = office, "help"
	}
	at := slices.IndexFunc(holds, func(h agency.Hold) bool { return h.Basis == basis })
	return thing{programID + " hold at " + office + " on " + report, holds[at].ID.String(), []policy.Object{o}, nil}
}

// office is an office as the object of an act.
func (m *matrix) office(programID, office string) policy.Object {
	p, _ := m.app.Programs.Program(programID)
	o := p.Offices[office]
	return policy.Object{Program: programID, Office: office, Police: o.Police, Desk: o.Desk}
}

// held reads who holds a report, as the rows say: what the site says is compared with it.
func (m *matrix) held(programID string, id store.ID) (held []policy.Object, tasks []thing) {
	m.t.Helper()
	rows, err := m.app.DB.Query(ctx, `select id, holder, mode, relay, conflict, state from referral where program = $1 and report = $2 and origin <> 'reminder'`, programID, id)
	m.fatal(err)
	defer rows.Close()
	named := m.named(programID, id)
	for rows.Next() {
		var referral store.ID
		var relay int64
		var conflict, state string
		o := policy.Object{Program: programID}
		m.fatal(rows.Scan(&referral, &o.Holder, &o.Mode, &relay, &conflict, &state))
		o.Office, o.Relay, o.Gone = o.Holder, relay == 1, state == "recused" || state == "replaced"
		o.NoName = !named[o.Holder]
		o.Conflict = slices.DeleteFunc(strings.Split(conflict, ","), func(s string) bool { return s == "" })
		held = append(held, o)
		if o.Relay {
			tasks = append(tasks, thing{programID + " task at " + o.Holder, referral.String(), []policy.Object{o}, nil})
		}
	}
	m.fatal(rows.Err())
	return held, tasks
}

// named lists to whom the part about the reporter is sealed.
func (m *matrix) named(programID string, id store.ID) map[string]bool {
	m.t.Helper()
	rows, err := m.app.DB.Query(ctx, `select holder from report_reporter_wrap where program = $1 and report = $2`, programID, id)
	m.fatal(err)
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var holder string
		m.fatal(rows.Scan(&holder))
		out[holder] = true
	}
	m.fatal(rows.Err())
	return out
}

// request asks for a second person in the name of the first administrator there is.
func (m *matrix) request(programID string) []thing {
	m.t.Helper()
	for _, w := range m.walkers {
		if w.Program != programID || !w.Has(policy.RoleProgramAdmin) {
			continue
		}
		var id store.ID
		invited := m.invite(programID, seats[0]) // police-run, so that everybody's second person may be police
		err := m.app.DB.Write(ctx, func(tx *store.Tx) (err error) {
			id, err = m.app.Approvals.Ask(tx, approval.Request{Program: programID, Action: policy.GiveProgram, Subject: "member:" + invited, Detail: policy.RoleMember, By: w.Actor()})
			return err
		})
		m.fatal(err)
		return []thing{{programID + " asked by " + w.Email, id.String(), []policy.Object{{Program: programID, Requester: w.ID.String()}}, nil}}
	}
	return nil
}

// answer is what somebody meets.
type answer struct {
	status int
	body   string
}

func (m *matrix) ask(w *walker, method, address string) answer {
	m.asked++
	form := url.Values{"to": {nothing}, "sure": {"yes"}, "decision": {"kept"}, "answer": {"end"}, "link": {nothing}, "roles": {policy.RoleMember}, "reason": {"because"}, "why": {"because"}}
	if w != nil {
		form.Set("to", w.ID.String())
		form.Set("office", w.Office)
	}
	if office, found := strings.CutPrefix(address, "/staff/offices/"); found {
		form.Set("confirm", strings.TrimSuffix(office, "/close"))
	}
	r := httptest.NewRequest(method, "http://127.0.0.1"+address, strings.NewReader(form.Encode()))
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if w != nil {
		r.AddCookie(w.cookie)
	}
	out := httptest.NewRecorder()
	m.app.Handler().ServeHTTP(out, r)
	return answer{out.Code, out.Header().Get("Location") + "\n" + out.Body.String()}
}

// quiet are acts of which some change nothing that an auditor would ask about: a session that goes on, the first half of what the second half records.
var quiet = []policy.Action{policy.KeepSession, policy.ChangeKeys}

// logged asks, and holds that what was done, and what was refused for want of a role, stands in the custody log (CJIS AC-6(9), AU-2).
func (m *matrix) logged(w *walker, r web.Route, method, address string) answer {
	m.t.Helper()
	if method == http.MethodGet || slices.Contains(quiet, policy.Action(r.Access.Action)) {
		return m.ask(w, method, address)
	}
	before := m.leaves(w.Program)
	got := m.ask(w, method, address)
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

// fillIn puts an id where the address has its first parameter, and what is nothing where it has more.
func fillIn(path, id string) string {
	first := true
	return parameter.ReplaceAllStringFunc(path, func(string) string {
		if first {
			first = false
			return id
		}
		return store.NewID().String()
	})
}

// plain takes out of an answer what was asked for, so that two answers can be compared.
func plain(a answer, id string) string {
	body := strings.ReplaceAll(strings.ReplaceAll(a.body, id, "ID"), id[:min(8, len(id))], "SHORT")
	return fmt.Sprint(a.status, " ", randomPart.ReplaceAllString(body, "RANDOM"))
}

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
		got := m.ask(nil, method, strings.ReplaceAll(fillIn(path, store.NewID().String()), "{$}", ""))
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
			m.walk(w)
		}
		if t.Failed() {
			t.Fatalf("the round of %v and %v differs from the table", round.keyed, round.keyless)
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
	none := m.logged(w, r, method, fillIn(path, nothing))
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
		got := m.logged(w, r, method, fillIn(path, th.id))
		wrong := ""
		switch {
		case broken(got):
			wrong = "breaks"
		case d.Allowed && (got.status == http.StatusForbidden || got.status == http.StatusUnauthorized):
			wrong = "is refused"
		case d.Allowed && parameters == 1 && got.status == http.StatusNotFound && plain(got, th.id) == plain(none, nothing):
			wrong = "is told that there is nothing"
		case got.status == http.StatusBadRequest && plain(got, th.id) == plain(none, nothing): // what was posted says nothing: refused unread
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

// broken says whether an answer is the server's own failure. 503 is what is missing on purpose: there is no mail server here, nor an open form at first.
func broken(a answer) bool {
	return a.status >= http.StatusInternalServerError && a.status != http.StatusServiceUnavailable
}

// list looks through a page for what must not be on it: reports that this person may not know of, and anything of the other program.
func (m *matrix) list(w *walker, r web.Route, got answer) {
	m.t.Helper()
	for _, th := range slices.Concat(m.things["/staff/report/{id}"], m.things["/staff/desk/{id}"]) {
		read := decide(policy.ReadReport, w.who, th).Allowed || decide(policy.ReadLate, w.who, th).Allowed && strings.HasPrefix(r.Access.Action, "desk.")
		if policy.Action(r.Access.Action) == policy.ReadHolds { // a hold tells of its report to those who look after holds
			read = read || slices.ContainsFunc(m.things["/staff/holds/{hold}"], func(h thing) bool {
				return strings.HasSuffix(h.name, th.id) && decide(policy.ReadHolds, w.who, h).Allowed
			})
		}
		if !read && (strings.Contains(got.body, th.id) || strings.Contains(got.body, th.id[:8])) {
			m.t.Errorf("%s as %s shows %s", r.Pattern, w.name(), th.name)
		}
	}
	for _, th := range slices.Concat(m.things["/staff/people/{id}"], m.things["/staff/people/invitation/{id}"]) {
		seen := th.objects[0].Member == w.ID.String() || decide(policy.ReadPeople, w.who, th).Allowed
		if !seen && strings.Contains(got.body, th.id) {
			m.t.Errorf("%s as %s shows %s", r.Pattern, w.name(), th.name)
		}
	}
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
