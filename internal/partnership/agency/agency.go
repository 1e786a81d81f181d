// SPDX-License-Identifier: Apache-2.0

// Package agency knows the offices of a program: which have joined, which key
// opens what is sent to them, which telephone numbers a person has tested, who
// is on shift, and whether the program is fit to go live.
//
// What it promises:
//
//   - A key is current only with two wraps or more, so that no single lost
//     passphrase locks a report away. Old wraps stay readable.
//   - A key counts only when the program's directory key, which is kept offline,
//     has signed it, or the office's key before it has. What the database says is
//     checked at each reading, with keys that do not come from the same row: see
//     VerifyChain.
//   - An office's recovery shares are tried once a year, and an office that
//     somebody left is asked for a new key, with a date.
//   - An office is closed by two people, never under a legal hold or with open
//     work. That something was deleted is attested, never called proven.
//   - A number counts as verified only after a named person recorded a test
//     call to exactly these digits, and for 180 days. 911 is never called: a
//     named person attests it. A number found wrong is removed at once; 911 and
//     the national hotline are never removed without a replacement.
//   - The page that tells a sender when a person reads reports promises no hour
//     that the roster does not cover.
//   - The public form opens by an act of a person, refused while anything on the
//     first-run checklist is missing. Later trouble raises an alarm and never
//     closes the form, except that it is closed without a usable key at a desk
//     that may read every report, whoever is accused.
//   - Every change, and every look by a member, is an entry in the custody log.
package agency

import (
	"context"
	"crypto/ed25519"
	"slices"
	"time"

	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// The roles of members that this room knows, as identity names them.
const (
	roleProgramAdmin = "program_admin"
	roleAgencyAdmin  = "agency_admin"
	roleSupervisor   = "supervisor"
)

// Actor is whoever acts. An Actor without a Member is the program itself
// (first run, demo, jobs) and may do everything.
type Actor struct {
	Program string
	Member  store.ID
	Office  string
	Roles   []string
}

// System is the actor for what the program does by itself.
func System(program string) Actor { return Actor{Program: program} }

// String is the actor as custody entries name it.
func (a Actor) String() string {
	if a.Member == (store.ID{}) {
		return "system"
	}
	return "member:" + a.Member.String()
}

// Has reports whether the actor holds one of the roles.
func (a Actor) Has(roles ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(a.Roles, r) })
}

func (a Actor) system() bool { return a.Member == (store.ID{}) }

// Viewer says who is signed in on a request's context.
type Viewer func(ctx context.Context) (Actor, bool)

// Person is what this room needs to know of a member.
type Person struct {
	ID     store.ID
	Office string
	Name   string
	Email  string
	Roles  []string
}

// People lists the active members of an office, or of all offices for "".
type People func(ctx context.Context, program, office string) ([]Person, error)

// Mailer sends a message and returns when the receiving server has taken it.
type Mailer interface {
	Send(ctx context.Context, m mail.Message) error
}

// Config is what the service stands on. Identity and the reports are floors
// above, so what is needed from them comes as functions that app sets; they are
// called on requests and jobs only, never from New.
type Config struct {
	DB       *store.DB
	Programs *program.Set
	Site     *web.Site
	Now      func() time.Time
	Viewer   Viewer
	// People may be nil: then rosters show no names and nobody is mailed.
	People People
	// Mail may be nil: then alarms stand on the setup page only.
	Mail Mailer
	// Origin is the site's address for mails, such as "https://tips.example.gov".
	Origin string
	// TestReport sends a test report through the real way in. Its
	// acknowledgement by the desk comes back through RecordDrill. May be nil.
	TestReport func(ctx context.Context, program string) error
	// Directory is the public half of the directory key that a program keeps
	// offline. Nil, or nil for a program: none is pinned, first keys are trusted
	// when they are first seen, and the checklist says that the key is missing.
	Directory func(program string) ed25519.PublicKey
	// SignDirectory signs with the directory key at once. Only a demonstration,
	// which has nothing to protect, sets it.
	SignDirectory func(program string, statement []byte) []byte
	// OpenWork counts what an office has open: while it has, it is not closed. Nil
	// knows of none.
	OpenWork func(ctx context.Context, r store.Reader, program, office string) (int, error)
	// Approvals is where closing an office and lifting a hold wait for a second
	// person. Nil: neither can be asked for.
	Approvals *approval.Service
	// Demo lets numbers that were only printed count, and opens the form as soon
	// as a desk that may read every report has a key.
	Demo bool
}
