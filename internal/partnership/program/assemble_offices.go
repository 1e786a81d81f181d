// SPDX-License-Identifier: Apache-2.0

package program

import (
	"slices"

	"waylight/internal/platform/place"
)

func (b *builder) offices() {
	rows := b.own.offices
	for _, o := range b.base.offices {
		if o.Desk {
			b.wrong.add(o.At, "desk: a base has no desk")
		}
		if o.State == "" || o.State != b.p.State {
			rows = append(rows[:len(rows):len(rows)], o)
		}
	}
	for _, o := range rows {
		if o.ID == ByProgram || o.ID == ByReporter {
			b.wrong.add(o.At, "id: %q means something else in rules", o.ID)
			continue
		}
		if !b.id("office", o.ID, o.At) {
			continue
		}
		office := Office{ID: o.ID, Name: o.Name, About: o.About, Kind: o.Kind, Police: o.Police, ByNameOnly: o.ByNameOnly,
			Desk: o.Desk, Helper: o.Helper, Consent: o.Consent, Invented: o.Invented, Alternates: o.Alternates, Channels: o.Channels,
			State: o.State, Role: o.Role, Counties: o.Counties, Verified: o.Verified,
			Withheld: b.withheld(o.At, o.Reporter, o.NameLaw)}
		b.p.Offices[o.ID] = office
		b.p.facts[o.ID] = factsOf(office, len(b.p.OfficeOrder))
		b.p.OfficeOrder = append(b.p.OfficeOrder, o.ID)
		b.office(o)
	}
	for _, o := range rows {
		b.officeReferences(o)
	}
}

// office looks at one row by itself.
func (b *builder) office(o officeRow) {
	b.words(o.At, "name", o.Name)
	if o.About != nil {
		b.words(o.At, "about", o.About)
	}
	b.among(o.At, "kind", o.Kind, officeKinds)
	if o.Police && o.Kind != Police && o.Kind != National {
		b.wrong.add(o.At, "police: an office run by police has the kind police or national, so that it can be accused")
	}
	if o.Kind == Police && !o.Police {
		b.wrong.add(o.At, "kind: police needs `police: true`")
	}
	if o.ByNameOnly && (o.Desk || o.Helper) {
		b.wrong.add(o.At, "by_name_only: such an office is neither a desk nor a helper")
	}
	if o.Reporter == withheldWord && o.Desk {
		b.wrong.add(o.At, "reporter: a desk may need to ask the reporter; the name cannot be kept from it")
	}
	if o.Helper && o.Police {
		b.wrong.add(o.At, "helper: police are no helpers; use `consent: true`")
	}
	if o.Invented && !b.p.Demo {
		b.wrong.add(o.At, "invented: only a demo has invented offices")
	}
	if o.Verified != "" {
		b.date(o.At, "verified", o.Verified)
	}
	if o.State != "" {
		if _, ok := place.StateByCode(o.State); !ok {
			b.wrong.add(o.At, "state: %q is not the code of a state", o.State)
		}
	}
	for _, fips := range o.Counties {
		c, ok := place.CountyByFIPS(fips)
		if !ok || o.State != "" && c.State().Code != o.State {
			b.wrong.add(o.At, "counties: there is no county %q there", fips)
		}
	}
	b.role(o)
}

func (b *builder) role(o officeRow) {
	if o.Role == "" {
		return
	}
	key := o.Role + "/" + o.State
	if !idShape.MatchString(o.Role) || o.State == "" {
		b.wrong.add(o.At, "role: a word of a-z, 0-9 and -, together with a state")
	}
	if other, ok := b.p.byRole[key]; ok {
		b.wrong.add(o.At, "role: %s already has the role %q in %s", other, o.Role, o.State)
	}
	b.p.byRole[key] = o.ID
}

// officeReferences looks at what a row says of others.
func (b *builder) officeReferences(o officeRow) {
	for _, id := range o.Alternates {
		alt, ok := b.p.Offices[id]
		switch {
		case !ok:
			b.wrong.add(o.At, "alternates: there is no office %q", id)
		case id == o.ID:
			b.wrong.add(o.At, "alternates: an office cannot take its own place")
		case alt.ByNameOnly:
			b.wrong.add(o.At, "alternates: %q may be told only where it is named", id)
		}
	}
	for _, id := range o.Channels {
		if _, ok := b.p.Channels[id]; !ok {
			b.wrong.add(o.At, "channels: there is no channel %q", id)
		}
	}
	if o.Desk && !slices.Contains(b.own.head.Desks, o.ID) {
		b.wrong.add(o.At, "desk: %q is not among the desks of program.yaml", o.ID)
	}
}

// desks resolves the order of the desks. One of them must be open whoever is
// accused and whatever the mode, or a report could end with nobody.
func (b *builder) desks() {
	h := b.own.head
	always := false
	for _, id := range h.Desks {
		o, ok := b.p.Offices[id]
		if !ok || !o.Desk {
			b.wrong.add(h.At, "desks: %q is not an office with `desk: true`", id)
			continue
		}
		if slices.Contains(b.p.Desks, id) {
			b.wrong.add(h.At, "desks: %q stands here twice", id)
			continue
		}
		b.p.Desks = append(b.p.Desks, id)
		always = always || !o.Police && !slices.Contains(conflicts, o.Kind)
	}
	if !always {
		b.wrong.add(h.At, "desks: one desk must be neither police nor of a kind that can be accused %v", conflicts)
	}
}
