// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
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
	"waylight/internal/protection/report"
	"waylight/programs"
)

// The programs. The second is the first under another name, so that offices and rules are the same and only the tenant differs.
const (
	here  = "ms"
	there = "mz"
)

// seats are the offices whose people walk, police-run and not, accused and not.
var seats = []string{"mbi-desk", "mbi-coordinator", "help-desk", "mcaht", "mdcps"}

// rounds are what the two people of an office are by turns: one who holds its key and one who does not. Nil: that one is what they were and does not walk again.
var rounds = []struct{ keyed, keyless []string }{
	{[]string{policy.RoleMember}, []string{policy.RoleProgramAdmin}},
	{[]string{policy.RoleSupervisor}, []string{policy.RoleAuditor}},
	{[]string{policy.RoleDesk}, []string{policy.RoleFigures}},
	{[]string{policy.RoleAgencyAdmin}, []string{policy.RoleProgramAdmin, policy.RoleAuditor, policy.RoleFigures}},
	{nil, []string{policy.RoleInspector}},
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
	second   string        // what belongs to it, where the address has a second parameter
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
	dockets int
	second  map[string]bool // addresses with a second parameter of which somebody who may was told something
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{t: t, second: map[string]bool{}, clock: time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)}
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
		if roles == nil {
			continue
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
	reports, tasks, people, invitations, requests, holds, offices, cases := []thing{}, []thing{}, []thing{}, []thing{}, []thing{}, []thing{}, []thing{}, []thing{}
	operations, surges, locations := []thing{}, []thing{}, []thing{}
	for _, programID := range []string{here, there} {
		o, g, l := m.operations(programID)
		operations, surges, locations = append(operations, o...), append(surges, g...), append(locations, l...)
		for _, name := range slices.Sorted(maps.Keys(stories)) {
			sent, err := m.app.Reports.Accept(ctx, report.Submission{Program: programID, Language: "en", Key: []byte(store.NewID().String() + store.NewID().String()),
				Via: report.ViaWeb, Answers: stories[name]})
			m.fatal(err)
			if to, wrong := misplaced[name]; wrong {
				m.misplace(programID, sent.Report, to)
			}
			held, relayed := m.held(programID, sent.Report)
			th := thing{name: programID + ": " + name, id: sent.Report.String(), objects: held}
			th.second = m.attach(th, sent)
			reports = append(reports, th)
			tasks = append(tasks, relayed...)
		}
		for _, office := range seats {
			o := m.office(programID, office)
			invite := func() string { return m.invite(programID, office) }
			o.Member, o.Roles = invite(), []string{policy.RoleMember}
			invitations = append(invitations, thing{programID + " invited at " + office, o.Member, []policy.Object{o}, invite, ""})
		}
		requests = append(requests, m.request(programID)...)
		cases = append(cases, m.cases(programID)...)
		for _, office := range []string{"mcaht", "mbi-coordinator"} {
			holds = append(holds, m.hold(programID, office, ""), m.hold(programID, office, reports[len(reports)-1].id))
		}
	}
	for _, w := range m.targets {
		now, err := m.app.People.Member(ctx, w.Program, w.ID)
		m.fatal(err)
		person := m.person(now)
		if list, err := m.app.People.Ways(ctx, now); err == nil && len(list) > 0 {
			person.second = list[0].ID.String()
		}
		people = append(people, person)
	}
	for _, office := range seats { // of the same names in both programs
		offices = append(offices, thing{office, office, []policy.Object{m.office(here, office), m.office(there, office)}, nil, ""})
	}
	ways, links := m.own()
	rows, imports, pairs := m.results()
	campaigns, codes, runs := m.signs()
	m.things = map[string][]thing{
		"/staff/operations/{id}": operations, "/staff/surges/{id}": surges, "/staff/locations/{id}": locations,
		"/staff/report/{id}": reports, "/staff/desk/{id}": tasks, "/staff/people/{id}": people, "/staff/people/invitation/{id}": invitations,
		"/staff/approvals/{id}": requests, "/staff/releases/{release}": slices.Concat(m.releases(here), m.releases(there)), "/staff/ways/{id}": ways, "/staff/device-link/{id}": links, "/staff/holds/{hold}": holds, "/staff/court/{id}": cases,
		"/staff/channels/{channel}": m.anywhere("mdcps", "mdcps-line"), "/staff/offices/{office}": m.anywhere("family-advocacy", "family-advocacy"), "/staff/offices/{office}/close": offices,
		"/staff/results/{result}": rows, "/staff/results/import/{import}": imports, "/staff/results/match/{match}": pairs,
		"/staff/campaigns/{campaign}": campaigns, "/staff/codes/{code}": codes, "/staff/runs/{run}": runs,
	}
	for _, programID := range []string{here, there} {
		for prefix, th := range m.placements(programID) {
			m.things[prefix] = append(m.things[prefix], th)
		}
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
	return thing{name: p.Email + fmt.Sprint(p.Roles), id: o.Member, objects: []policy.Object{o}}
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
	return thing{programID + " hold at " + office + " on " + report, holds[at].ID.String(), []policy.Object{o}, nil, ""}
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
			tasks = append(tasks, thing{programID + " task at " + o.Holder, referral.String(), []policy.Object{o}, nil, ""})
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
		return []thing{{programID + " asked by " + w.Email, id.String(), []policy.Object{{Program: programID, Requester: w.ID.String()}}, nil, ""}}
	}
	return nil
}
