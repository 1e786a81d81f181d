// SPDX-License-Identifier: Apache-2.0

// Package program holds what a state's program knows as data: its offices, the
// laws and policies it works under, its channels, its form, and the rules that
// say who must be told of a report, by when, and why.
//
// A pack is a folder of YAML files (docs/spec/pack.md). [Load] reads packs and
// refuses what it does not understand; [Check] also proves, by walking through
// every envelope there can be, what a pack must never do.
//
// What it promises:
//
//   - [Program.Route] is pure: the same envelope, pack and keys give the same
//     plan, in the same order. It sees the envelope alone, never the words.
//   - Every report has at least one delivery. Who holds it can open it, or is
//     the desk that passes it on.
//   - A help report goes only to offices the sender picked and to those that a
//     duty marked compelled names. An office that is accused neither receives,
//     relays nor holds. An office marked by-name-only never gets a help report
//     that did not pick it, and never a tip whose sender left it out.
//   - "Not sure" about age counts as a child.
//   - What a law says and what this program decided are kept apart, and a law
//     that no lawyer has read for us is marked unverified until one has.
package program

import (
	"time"

	"waylight/internal/platform/form"
)

// EnvelopeVersion is the version of the envelope's closed list of fields.
const EnvelopeVersion = 1

// The modes of a report.
const (
	Tip  = "tip"  // tell those who must act
	Help = "help" // the sender asks help for themselves
)

// Who can owe a duty besides an office.
const (
	ByProgram  = "program"  // ours to fulfil
	ByReporter = "reporter" // stays with the sender; we show it
)

// The names that Duty.Rule has when no rule of the pack made it.
const (
	RuleConsent  = "consent"  // the sender picked the office
	RuleFallback = "fallback" // nobody else was left: the desk reads it
)

// Program is one loaded pack, with what it builds on. It is not changed after
// loading and may be used from many goroutines.
type Program struct {
	ID        string
	State     string // postal code of the state the program is for, "MS"
	Name      form.Text
	Version   string // names the pack's exact content
	Zone      *time.Location
	Languages []string // in the order in which they are offered
	Demo      bool     // offices and people are invented

	Offices     map[string]Office
	OfficeOrder []string // as the pack lists them
	Laws        map[string]Law
	Rules       []Rule
	Form        form.Form
	Channels    map[string]Channel
	Desks       []string             // in order of preference
	Told        map[string]form.Text // what pages tell senders and staff
	Limits      Limits
	Figures     Figures
	Holidays    []Holiday // of the program's own state and of the nation
	Ladders     Ladders   // who is told of what waits too long
	Courts      CourtLaw
	Notices     []Notice                // the program's own first
	Reading     map[string]ReadingWords // beside the codes of sheets, by language

	channelOrder []string
	domain       *domain
	byRole       map[string]string // "role/STATE" -> office
	facts        map[string]*officeFacts
}

// Limits are the clocks this program sets itself.
type Limits struct {
	AtOnce        time.Duration // how late is late where a rule says "at once"
	Consent       time.Duration // to reach an office the sender picked
	ConsentDanger time.Duration // the same, when somebody is in danger now
	Fallback      time.Duration // for the desk to read what nobody else gets
	Basis         string        // the policy, in laws.yaml, that sets them
}

// Figures says what of people is too small to be told to the public.
type Figures struct {
	Least int64 // the smallest count that is shown
	Round int64 // what shown counts are rounded to; 1 is not at all
}

// Law is a statute, a regulation, or a policy of the program, as its duties
// cite it.
type Law struct {
	ID, Citation, Title, URL string
	Kind                     string // "law" or "policy"
	Status                   string // "unverified" or "checked"
	CheckedOn, CheckedBy     string // who last looked, and when
	Source                   string // what they looked at
	Text                     form.Text
}

// Set is all programs of an installation.
type Set struct {
	programs map[string]*Program
	ids      []string
}

// Program finds a program by its id.
func (s *Set) Program(id string) (*Program, bool) {
	p, ok := s.programs[id]
	return p, ok
}

// IDs lists the programs, sorted.
func (s *Set) IDs() []string { return append([]string(nil), s.ids...) }
