// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/prosecution/operation"
)

// operations makes, in a program, an operation of each of two police offices at the same place and time, of which one has a partner that is not police, the surge that one of
// them is in, and a featured location. A plan's name is the last word of its thing's.
func (m *matrix) operations(programID string) (operations, surges, locations []thing) {
	m.t.Helper()
	at := func(office string, roles ...string) identity.Member {
		return identity.Member{Program: programID, ID: store.NewID(), Office: office, Roles: roles, Active: true}
	}
	lead, other, admin := at("mbi-desk", policy.RoleMember, policy.RoleSupervisor), at("mbi-coordinator", policy.RoleMember), at("help-desk", policy.RoleProgramAdmin)
	today := m.clock.Format("2006-01-02")
	name := store.NewID().String()
	g, err := m.app.Operations.MakeSurge(ctx, lead, operation.SurgeDetails{Name: name, First: today, Last: m.clock.AddDate(0, 0, 5).Format("2006-01-02")}, []string{"mcaht"})
	m.fatal(err)
	parts := func(planner identity.Member, partner string) []policy.Object {
		own := m.office(programID, planner.Office)
		own.Requester = planner.ID.String()
		out := []policy.Object{own}
		if partner != "" {
			with := m.office(programID, partner)
			with.Partner = true
			out = append(out, with)
		}
		return out
	}
	surges = append(surges, thing{programID + " surge " + name, g.ID.String(), parts(lead, "mcaht"), nil, ""})
	for _, planner := range []identity.Member{lead, other} {
		d := operation.Draft{Kind: "recovery", Plan: operation.Plan{Name: store.NewID().String(), Areas: []place.Place{{State: "MS", County: "28049"}},
			From: m.clock.Add(24 * time.Hour), To: m.clock.Add(27 * time.Hour), Contact: "Duty desk", Phone: "601-555-0100"}}
		partner := ""
		if planner.Office == lead.Office {
			partner, d.Partners, d.Surge = "mcaht", []string{"mcaht"}, g.ID
		}
		o, _, err := m.app.Operations.Plan(ctx, planner, d)
		m.fatal(err)
		told, err := m.app.Operations.Conflicts(ctx, o)
		m.fatal(err)
		th := thing{name: programID + " operation " + d.Name, id: o.ID.String(), objects: parts(planner, partner)}
		if len(told) > 0 {
			th.second = told[0].ID.String()
		}
		operations = append(operations, th)
	}
	feature := func() string {
		l, err := m.app.Operations.AddLocation(ctx, admin, operation.Federal, operation.LocationDetails{Name: "An invented place", Area: place.Place{State: "MS"}})
		m.fatal(err)
		return l.ID.String()
	}
	locations = append(locations, thing{programID + " location", feature(), []policy.Object{{Program: programID}}, feature, ""})
	return operations, surges, locations
}

// plans looks through an answer for plans and surges that this person may not know of, by their ids and by their names.
func (m *matrix) plans(w *walker, pattern, body string) {
	m.t.Helper()
	for prefix, act := range map[string]policy.Action{"/staff/operations/{id}": policy.ReadOperation, "/staff/surges/{id}": policy.ReadSurge} {
		for _, th := range m.things[prefix] {
			name := th.name[strings.LastIndex(th.name, " ")+1:]
			if !decide(act, w.who, th).Allowed && (strings.Contains(body, th.id) || strings.Contains(body, name)) {
				m.t.Errorf("%s as %s shows %s", pattern, w.name(), th.name)
			}
		}
	}
}
