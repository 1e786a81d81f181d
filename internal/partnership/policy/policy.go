// SPDX-License-Identifier: Apache-2.0

// Package policy is the one place that says who may do what.
//
// What it promises:
//
//   - Every act that the site offers has a name, an [Action], and at least one row in the table that [Rules] returns. What no row allows is not allowed.
//   - A row says which roles may act, on whose things, behind which walls, whether a second person is needed, and why. Every route asks the table before anything
//     else runs. Rooms ask it again about the thing in hand; where one still looks at a role itself, the walk in internal/app holds it to the table.
//   - [Allow] answers for a route: could this person do such a thing at all? [Decide] answers for one thing: may this person do it to this?
//   - A thing that a person may not know of is hidden: it is answered as one that does not exist. Everything else is refused and says so.
//   - The package reads and writes nothing. The same question gets the same answer, and the answer names the row it came from.
//
// docs/policy.md is this table, written out by the package's test.
package policy

import "waylight/internal/platform/web"

// Action names an act: "report.read".
type Action string

// Role says what a member may do. A member has one or more.
type Role = string

// The roles. The first four belong to one office and hold its key; the next two look after the whole program and hold none; the last two see numbers only, and rounds only.
const (
	RoleMember       Role = "member"        // opens and answers the office's reports
	RoleSupervisor   Role = "supervisor"    // also assigns and reviews them
	RoleDesk         Role = "desk"          // works the desk's tasks
	RoleAgencyAdmin  Role = "agency_admin"  // looks after the people of the office
	RoleProgramAdmin Role = "program_admin" // looks after the people of every office
	RoleAuditor      Role = "auditor"       // reads lists and logs, changes nothing
	RoleFigures      Role = "figures"       // reads the page of counts and nothing else
	RoleInspector    Role = "inspector"     // walks rounds past sheets and nothing else
)

// Roles lists every role, in the order in which pages offer them.
func Roles() []Role {
	return []Role{RoleMember, RoleSupervisor, RoleDesk, RoleAgencyAdmin, RoleProgramAdmin, RoleAuditor, RoleFigures, RoleInspector}
}

// About says what a role is for.
func About(role Role) string {
	return map[Role]string{
		RoleMember: "Opens and answers the office's reports.", RoleSupervisor: "Also assigns and reviews them.", RoleDesk: "Works the desk's tasks.",
		RoleAgencyAdmin: "Looks after the people of the office.", RoleProgramAdmin: "Looks after the offices of the program and their people. Holds no office's key.",
		RoleAuditor: "Reads lists and logs, changes nothing.", RoleFigures: "Reads the page of numbers and nothing else.",
		RoleInspector: "Walks rounds past sheets, hangs them and says what they found, and sees nothing else.",
	}[role]
}

// Scope says whose things a row is about.
type Scope string

// The scopes.
const (
	Public    Scope = "public"      // no sign-in is asked for, and none is looked at
	SignedIn  Scope = "signed in"   // pages that are about nothing but who looks at them
	Self      Scope = "self"        // the member's own account
	OwnOffice Scope = "own office"  // things that the member's office holds, people who work there
	Program   Scope = "the program" // things of every office of the member's program
)

// Wall is what keeps somebody out whose role and place would let them in.
type Wall string

// The walls. About says what each keeps.
const (
	WallHelp    Wall = "help"
	WallAccused Wall = "accused"
	WallGone    Wall = "gone"
	WallPolice  Wall = "police-run"
	WallHigher  Wall = "higher"
	WallSelf    Wall = "oneself"
	WallDesk    Wall = "desk"
	WallNumbers Wall = "numbers"
	WallName    Wall = "name"
	WallActs    Wall = "acts"
	WallPartner Wall = "partner"
)

// AllWalls lists the walls, in the order in which they are explained.
func AllWalls() []Wall {
	return []Wall{WallHelp, WallAccused, WallGone, WallPolice, WallHigher, WallSelf, WallDesk, WallName, WallNumbers, WallActs, WallPartner}
}

// About says what the wall keeps.
func (w Wall) About() string {
	return map[Wall]string{
		WallHelp: "Nobody at a police-run office meets a report of somebody asking for help, unless that office holds it itself because the sender chose it or a duty names it. " +
			"A desk that would only pass it on does not count as holding it.",
		WallAccused: "Nobody at an office of a kind that the report accuses knows of it; where police are accused, no police-run office of any kind.",
		WallGone:    "An office that stepped back from a report, or for which another was found, does not know of it any more.",
		WallPolice:  "Nobody at a police-run office admits or changes people at an office that is not police-run, closes such an office, or lifts a hold on what it has.",
		WallHigher:  "An office's administrator has no say over those who look after the program.",
		WallSelf:    "Never to one's own account.",
		WallDesk:    "The member's office must be a desk.",
		WallName:    "The part about the reporter is sealed to the offices that the pack gives it to, and to no office of a kind that the report accuses. The others read the report without it.",
		WallNumbers: "Tips only, and no number below eleven is shown: what the page leaves out tells nothing about help, nor about one person.",
		WallActs:    "Only offices that are run by police or have police powers plan operations: whoever could ask where others act, without acting, could sell the answer.",
		WallPartner: "Only the office that leads an operation or a surge changes it; its partners read it.",
	}[w]
}

// Else is how what lies outside a row's scope is answered. A missing role is always refused; a wall around a report always hides it, other walls refuse.
type Else string

// The two answers: hidden things are "not found", others are "forbidden".
const (
	Hidden  Else = "404"
	Refused Else = "403"
)

// Subject is who asks.
type Subject struct {
	Program, Office string
	Police          bool   // the office is run by police or has police powers
	Desk            bool   // the office is a desk
	Kind            string // the office's kind; what a report can accuse
	Roles           []Role
	Member          string
	System          bool // the program itself: first run, console
}

// Object is what is asked about. Parts that do not apply stay empty.
type Object struct {
	Program   string
	Office    string   // the office that it belongs to, or where the person works
	Police    bool     // that office is police-run
	Desk      bool     // that office is a desk
	Holder    string   // of a report: the office that holds it; "" for what is no report
	Mode      string   // of a report: "help" or "tip"
	Relay     bool     // held only to pass it on
	Gone      bool     // the office or the member stepped back from it, or was replaced
	Partner   bool     // of an operation or a surge: the office takes part and does not lead
	NoName    bool     // the part about its reporter is not for the office that holds it, or empty
	Conflict  []string // kinds of office that it accuses
	Member    string   // the person whose account, or who is asked about
	Roles     []Role   // that person's roles, or the role to be given
	Requester string   // who asked for what is now decided
}

// Decision is an answer.
type Decision struct {
	Allowed bool
	As      Else   // how to answer when it is not allowed
	Second  bool   // allowed, once a second person agrees
	Rule    string // the row that decided, "" when no row is about the action
	Wall    Wall   // the wall that stood in the way
}

// Rule is one row.
type Rule struct {
	Action        Action
	Roles         []Role // any one of them; empty: everybody within the scope
	Scope         Scope
	Walls         []Wall
	Second        bool // takes effect when a second person has agreed
	NotOwnRequest bool // never by the person who asked for it
	Else          Else
	Law           string // what it follows: a law, a standard's control, a section of the design
	Why           string // in one sentence, for who reads the table
}

// At is the access of a route that does the action.
func At(a Action) web.Access { return web.Access{Public: Open(a), Action: string(a)} }
