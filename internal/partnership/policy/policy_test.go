// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"waylight/internal/partnership/policy"
)

// actions reads the names of all acts from the source: an act without a row would be one that nobody may do, and nobody would notice why.
func actions(t *testing.T) []policy.Action {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "actions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []policy.Action
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.BasicLit); ok && v.Kind == token.STRING {
			s, err := strconv.Unquote(v.Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, policy.Action(s))
		}
		return true
	})
	return out
}

func TestEveryActionHasARow(t *testing.T) {
	t.Parallel()
	known := actions(t)
	if len(known) < 50 {
		t.Fatalf("only %d actions were found", len(known))
	}
	for i, a := range known {
		if slices.Contains(known[:i], a) {
			t.Errorf("%s is the name of two actions", a)
		}
		if !slices.ContainsFunc(policy.Rules(), func(r policy.Rule) bool { return r.Action == a }) {
			t.Errorf("%s has no row", a)
		}
	}
	for _, r := range policy.Rules() {
		if !slices.Contains(known, r.Action) {
			t.Errorf("%s has a row and is no action", r.Action)
		}
	}
}

// A row that says less than the table's readers need, or contradicts itself, is not a rule.
func TestEveryRowIsWhole(t *testing.T) {
	t.Parallel()
	for _, r := range policy.Rules() {
		open := r.Scope == policy.Public
		if len(r.Why) < 20 {
			t.Errorf("%s does not say why", r.Action)
		}
		if open != (r.Else == "") || open && (len(r.Roles) > 0 || len(r.Walls) > 0 || r.Second) {
			t.Errorf("%s: %+v", r.Action, r)
		}
		for _, role := range r.Roles {
			if !slices.Contains(policy.Roles(), role) || policy.About(role) == "" {
				t.Errorf("%s: there is no role %q", r.Action, role)
			}
		}
		for _, w := range r.Walls {
			if !slices.Contains(policy.AllWalls(), w) || w.About() == "" {
				t.Errorf("%s: there is no wall %q", r.Action, w)
			}
		}
		for _, other := range policy.Rules() {
			if other.Action == r.Action && (other.Scope == policy.Public) != open {
				t.Errorf("%s is open and is not", r.Action)
			}
		}
	}
}

const ms, tx = "ms", "tx"

// The offices of the cases below.
var (
	sheriff = policy.Subject{Program: ms, Office: "sheriff", Police: true, Kind: "police", Member: "a", Roles: []string{policy.RoleMember}}
	tipDesk = policy.Subject{Program: ms, Office: "tip-desk", Police: true, Desk: true, Kind: "national", Member: "b", Roles: policy.Roles()}
	shelter = policy.Subject{Program: ms, Office: "shelter", Kind: "helper", Member: "c", Roles: []string{policy.RoleMember}}
)

func with(s policy.Subject, roles ...policy.Role) policy.Subject {
	s.Roles = roles
	return s
}

func held(by policy.Subject, mode string, conflict ...string) policy.Object {
	return policy.Object{Program: by.Program, Holder: by.Office, Office: by.Office, Mode: mode, Conflict: conflict}
}

// The cases that law and design name, each with the wall that it meets.
func TestDecisions(t *testing.T) {
	t.Parallel()
	relayed := held(tipDesk, "help")
	relayed.Relay = true
	relayedTip := held(tipDesk, "tip")
	relayedTip.Relay = true
	nameless := held(shelter, "tip")
	nameless.NoName = true
	gone := held(sheriff, "tip")
	gone.Gone = true
	foreign := held(sheriff, "tip")
	foreign.Program = tx
	head := with(shelter, policy.RoleProgramAdmin)
	policeHead := with(sheriff, policy.RoleProgramAdmin)
	admin := with(shelter, policy.RoleAgencyAdmin)
	person := policy.Object{Program: ms, Office: "shelter", Member: "x", Roles: []string{policy.RoleMember}}
	auditor := policy.Object{Program: ms, Office: "shelter", Member: "x", Roles: []string{policy.RoleAuditor}}
	for _, c := range []struct {
		name string
		act  policy.Action
		by   policy.Subject
		on   policy.Object
		want policy.Decision
	}{
		{"a tip at its office", policy.ReadReport, sheriff, held(sheriff, "tip"), policy.Decision{Allowed: true, Rule: "report.read"}},
		{"another office's", policy.ReadReport, sheriff, held(shelter, "tip"), policy.Decision{As: policy.Hidden, Rule: "report.read"}},
		{"another program's", policy.ReadReport, sheriff, foreign, policy.Decision{As: policy.Hidden, Rule: "report.read"}},
		{"help that the sender gave to police", policy.ReadReport, sheriff, held(sheriff, "help"), policy.Decision{Allowed: true, Rule: "report.read"}},
		{"help at a police desk that would pass it on", policy.ReadReport, tipDesk, relayed, policy.Decision{As: policy.Hidden, Rule: "report.read", Wall: policy.WallHelp}},
		{"a tip at a police desk", policy.ReadReport, tipDesk, relayedTip, policy.Decision{Allowed: true, Rule: "report.read"}},
		{"help at a shelter, told to police", policy.HearOf, sheriff, held(shelter, "help"), policy.Decision{As: policy.Hidden, Rule: "report.hear", Wall: policy.WallHelp}},
		{"what is late elsewhere, of police, for a police desk", policy.ReadLate, tipDesk, held(sheriff, "tip", "police"), policy.Decision{As: policy.Hidden, Rule: "desk.late", Wall: policy.WallAccused}},
		{"police accused", policy.ReadReport, sheriff, held(sheriff, "tip", "police"), policy.Decision{As: policy.Hidden, Rule: "report.read", Wall: policy.WallAccused}},
		{"police accused, a national office with police powers", policy.ReadReport, tipDesk, held(tipDesk, "tip", "police"), policy.Decision{As: policy.Hidden, Rule: "report.read", Wall: policy.WallAccused}},
		{"a helper's staff accused", policy.OpenReport, shelter, held(shelter, "help", "court", "helper"), policy.Decision{As: policy.Hidden, Rule: "report.open", Wall: policy.WallAccused}},
		{"the reporter's name, for whom it is not", policy.OpenReporter, shelter, nameless, policy.Decision{As: policy.Refused, Rule: "reporter.open", Wall: policy.WallName}},
		{"police accused, a shelter reads", policy.OpenReport, shelter, held(shelter, "help", "police"), policy.Decision{Allowed: true, Rule: "report.open"}},
		{"stepped back", policy.ReadReport, sheriff, gone, policy.Decision{As: policy.Hidden, Rule: "report.read", Wall: policy.WallGone}},
		{"no role for it", policy.ReadReport, with(sheriff, policy.RoleAuditor), held(sheriff, "tip"), policy.Decision{As: policy.Refused, Rule: "report.read"}},
		{"figures only", policy.ReadInbox, with(shelter, policy.RoleFigures), policy.Object{Program: ms, Office: "shelter"}, policy.Decision{As: policy.Refused, Rule: "inbox.read"}},
		{"rounds only, a round", policy.InspectPlacements, with(shelter, policy.RoleInspector), policy.Object{Program: ms}, policy.Decision{Allowed: true, Rule: "placement.inspect/3"}},
		{"rounds only, what hangs", policy.ReadPlacements, with(shelter, policy.RoleInspector), policy.Object{Program: ms}, policy.Decision{As: policy.Refused, Rule: "placement.read"}},
		{"rounds only, another program's", policy.InspectPlacements, with(shelter, policy.RoleInspector), policy.Object{Program: "tx"}, policy.Decision{As: policy.Hidden, Rule: "placement.inspect/3"}},
		{"a desk's work elsewhere", policy.WorkDesk, with(shelter, policy.RoleDesk), policy.Object{Program: ms, Office: "shelter"}, policy.Decision{As: policy.Refused, Rule: "desk.work", Wall: policy.WallDesk}},
		{"an office's own people", policy.ChangePerson, admin, person, policy.Decision{Allowed: true, Rule: "people.change"}},
		{"who looks after the program", policy.ChangePerson, admin, auditor, policy.Decision{As: policy.Refused, Rule: "people.change", Wall: policy.WallHigher}},
		{"the same, by the program", policy.ChangePerson, head, auditor, policy.Decision{Allowed: true, Rule: "people.change/2"}},
		{"police at a shelter", policy.InvitePerson, policeHead, policy.Object{Program: ms, Office: "shelter"}, policy.Decision{As: policy.Refused, Rule: "people.invite/2", Wall: policy.WallPolice}},
		{"a new way in for a member", policy.RenewPerson, head, person, policy.Decision{Allowed: true, Rule: "people.renew/2"}},
		{"a new way in for an auditor", policy.RenewPerson, head, auditor, policy.Decision{Allowed: true, Second: true, Rule: "people.renew/3"}},
		{"the same, by the office", policy.RenewPerson, admin, auditor, policy.Decision{As: policy.Refused, Rule: "people.renew", Wall: policy.WallHigher}},
		{"oneself", policy.ChangeRoles, head, policy.Object{Program: ms, Office: "shelter", Member: "c"}, policy.Decision{As: policy.Refused, Rule: "people.roles/2", Wall: policy.WallSelf}},
		{"an auditor's role", policy.GiveProgram, head, person, policy.Decision{Allowed: true, Second: true, Rule: "role.program"}},
		{"an auditor's role, by the office", policy.GiveProgram, admin, person, policy.Decision{As: policy.Refused, Rule: "role.program"}},
		{"closing a shelter, by police", policy.CloseOffice, policeHead, policy.Object{Program: ms, Office: "shelter"}, policy.Decision{As: policy.Refused, Rule: "office.close", Wall: policy.WallPolice}},
		{"a hold on a shelter's report, seen by police", policy.ReadHolds, policeHead, held(shelter, "help"), policy.Decision{As: policy.Hidden, Rule: "hold.read", Wall: policy.WallHelp}},
		{"a hold on all of a shelter, seen by police", policy.ReadHolds, policeHead, policy.Object{Program: ms, Office: "shelter"}, policy.Decision{Allowed: true, Rule: "hold.read"}},
		{"closing an office", policy.CloseOffice, head, policy.Object{Program: ms, Office: "sheriff"}, policy.Decision{Allowed: true, Second: true, Rule: "office.close"}},
		{"one's own request", policy.Approve, head, policy.Object{Program: ms, Requester: "c"}, policy.Decision{As: policy.Refused, Rule: "approval.approve"}},
		{"another's request", policy.Approve, head, policy.Object{Program: ms, Requester: "d"}, policy.Decision{Allowed: true, Rule: "approval.approve"}},
		{"what nobody ever named", "unheard.of", head, policy.Object{Program: ms}, policy.Decision{As: policy.Refused}},
	} {
		if got := policy.Decide(c.act, c.by, c.on); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func drawSubject(t *rapid.T) policy.Subject {
	kinds := []string{"police", "child_protection", "foster_care", "court", "helper", "national", "other"}
	return policy.Subject{
		Program: rapid.SampledFrom([]string{ms, tx}).Draw(t, "program"), Office: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "office"),
		Police: rapid.Bool().Draw(t, "police"), Desk: rapid.Bool().Draw(t, "desk"), Kind: rapid.SampledFrom(kinds).Draw(t, "kind"),
		Roles: rapid.SliceOfDistinct(rapid.SampledFrom(policy.Roles()), rapid.ID[string]).Draw(t, "roles"), Member: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "member"),
	}
}

func drawReport(t *rapid.T) policy.Object {
	office := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "holder")
	return policy.Object{
		Program: rapid.SampledFrom([]string{ms, tx}).Draw(t, "of"), Office: office, Holder: office, Relay: rapid.Bool().Draw(t, "relay"), Gone: rapid.Bool().Draw(t, "gone"),
		Mode:     rapid.SampledFrom([]string{"help", "tip"}).Draw(t, "mode"),
		Conflict: rapid.SliceOfDistinct(rapid.SampledFrom([]string{"police", "child_protection", "foster_care", "court", "helper"}), rapid.ID[string]).Draw(t, "conflict"),
	}
}

// aboutReports are the acts behind a report's walls.
func aboutReports() []policy.Action {
	var out []policy.Action
	for _, r := range policy.Rules() {
		if slices.Contains(r.Walls, policy.WallHelp) && slices.Contains(r.Walls, policy.WallAccused) {
			out = append(out, r.Action)
		}
	}
	return out
}

// Whatever roles and places meet whatever report: no help report for a police-run desk or beyond its holder, none for the accused, none across programs; and
// who may not know of it is answered as if it were not there.
func TestNoWayRoundTheWalls(t *testing.T) {
	t.Parallel()
	acts := aboutReports()
	if len(acts) < 15 {
		t.Fatalf("only %v", acts)
	}
	rapid.Check(t, func(t *rapid.T) {
		s, o := drawSubject(t), drawReport(t)
		a := rapid.SampledFrom(acts).Draw(t, "act")
		d := policy.Decide(a, s, o)
		walled := o.Program != s.Program || o.Mode == "help" && s.Police && (o.Relay || o.Holder != s.Office) ||
			slices.Contains(o.Conflict, s.Kind) || s.Police && slices.Contains(o.Conflict, "police")
		if walled && d.Allowed {
			t.Fatalf("%s: %+v may, with %+v", a, s, o)
		}
		if d.Allowed && !policy.Allow(a, s) {
			t.Fatalf("%s: %+v is let in where their role is not", a, s)
		}
		if walled && policy.Allow(a, s) && d.Wall != policy.WallDesk && d.As != policy.Hidden {
			t.Fatalf("%s: %+v notices a wall: %+v", a, s, d)
		}
	})
}

// Nobody reaches into another program, approves what they asked for, or lets police in among those who are not.
func TestNoWayRoundTheOthers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSubject(t)
		r := rapid.SampledFrom(policy.Rules()).Draw(t, "row")
		o := policy.Object{
			Program: rapid.SampledFrom([]string{ms, tx}).Draw(t, "of"), Office: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "at"), Police: rapid.Bool().Draw(t, "theirs"),
			Member: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "target"), Requester: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "asker"),
			Roles: rapid.SliceOf(rapid.SampledFrom(policy.Roles())).Draw(t, "target's roles"),
		}
		d := policy.Decide(r.Action, s, o)
		switch {
		case !d.Allowed:
			if d.Second || d.As == "" {
				t.Fatalf("%s: %+v", r.Action, d)
			}
		case r.Scope != policy.Public && r.Scope != policy.SignedIn && o.Program != s.Program:
			t.Fatalf("%s reaches another program: %+v %+v", r.Action, s, o)
		case r.NotOwnRequest && o.Requester == s.Member:
			t.Fatalf("%s: %+v decides their own request", r.Action, s)
		case slices.Contains(r.Walls, policy.WallPolice) && s.Police && !o.Police:
			t.Fatalf("%s: police at an office that is not: %+v", r.Action, s)
		case slices.Contains(r.Walls, policy.WallSelf) && o.Member == s.Member:
			t.Fatalf("%s: %+v on themselves", r.Action, s)
		}
	})
}
