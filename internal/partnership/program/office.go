// SPDX-License-Identifier: Apache-2.0

package program

import (
	"slices"

	"waylight/internal/platform/form"
)

// The kinds of office. The first five can be accused (Envelope.Conflict).
const (
	Police          = "police"
	ChildProtection = "child_protection"
	FosterCare      = "foster_care"
	Court           = "court"
	HelperKind      = "helper"
	Coordinator     = "coordinator"
	Prosecutor      = "prosecutor"
	National        = "national"
	Other           = "other"
)

var officeKinds = []string{Police, ChildProtection, FosterCare, Court, HelperKind, Coordinator, Prosecutor, National, Other}

// Office is an agency, or a part of one, that can be told of a report.
type Office struct {
	ID         string
	Name       form.Text
	About      form.Text // what it does with a report, in plain words for the sender
	Kind       string    // one of the kinds above; what Envelope.Conflict can accuse
	Police     bool      // run by police, or with police powers: no help report without consent or a duty
	ByNameOnly bool      // has powers over people's status: help only if picked by name, tips only named with a box to leave it out
	Desk       bool      // reads for others and passes on
	Helper     bool      // help reports can be sent to it
	Consent    bool      // may be picked in help mode although it is no helper
	Invented   bool      // exists in the demo only

	Alternates []string // who takes its place when it is accused, in order
	Channels   []string
	State      string   // the state it works for, "" for all
	Role       string   // what rules look it up by in other states: child-protection, trafficking
	Counties   []string // FIPS codes, when it works in some counties only
	Verified   string   // when a person last confirmed that it exists as described
	Withheld   string   // the law that keeps the reporter's name from it, or ""
}

// officeFacts is what routing asks of an office, at hand.
type officeFacts struct {
	rank           int   // place in OfficeOrder
	kind           uint8 // the bit of Envelope.Conflict that accuses it, 0 for none
	police, byName bool
	desk, pickable bool
	withheld       bool
	alternates     []string
}

func factsOf(o Office, rank int) *officeFacts {
	return &officeFacts{rank: rank, kind: accusedMask([]string{o.Kind}), police: o.Police, byName: o.ByNameOnly, desk: o.Desk,
		pickable: o.Pickable(), withheld: o.Withheld != "", alternates: o.Alternates}
}

// Pickable says whether a sender may pick the office in help mode.
func (o Office) Pickable() bool { return o.Helper || o.Consent || o.ByNameOnly }

// HelpOffices lists who a sender asking for help may agree to: helpers first,
// then others, in the pack's order. It is empty when help is not to be offered:
// no helper has a key, or no desk outside the police does.
func (p *Program) HelpOffices(keyed func(office string) bool) []Office {
	desk := slices.ContainsFunc(p.Desks, func(id string) bool { return !p.Offices[id].Police && keyed(id) })
	var helpers, others []Office
	onboard := false
	for _, id := range p.OfficeOrder {
		switch o := p.Offices[id]; {
		case o.Helper:
			helpers = append(helpers, o)
			onboard = onboard || keyed(id)
		case o.Pickable():
			others = append(others, o)
		}
	}
	if !onboard || !desk {
		return nil
	}
	return append(helpers, others...)
}
