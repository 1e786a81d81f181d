// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"fmt"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/placement"
)

// placements are, in a program, a place, what hangs there, a round, a file of places
// and a batch. The notice is whichever the pack has first.
func (m *matrix) placements(programID string) map[string]thing {
	m.t.Helper()
	head := identity.Member{Program: programID, ID: store.NewID(), Office: seats[0], Roles: []string{policy.RoleSupervisor}}
	pack, _ := m.app.Programs.Program(programID)
	if len(pack.Notices) == 0 {
		pack.Notices = []program.Notice{{ID: "invented", Version: "1", Languages: []string{"en"}, Words: map[string]program.NoticeWords{"en": {}}}}
	}
	make := func(what string, id func() string) thing {
		return thing{name: programID + " " + what, id: id(), objects: []policy.Object{{Program: programID}}, another: id}
	}
	spot := func() string {
		p, _, err := m.app.Placements.AddPlace(ctx, head, placement.Typed{"kind": "school", "name": "School " + nameOnly(), "county": "MS-28049"})
		m.fatal(err)
		return p.ID.String()
	}
	sheet := func() string {
		at, err := store.ParseID(spot())
		m.fatal(err)
		p, _, err := m.app.Placements.Add(ctx, head, placement.Draft{Place: at, Notice: pack.Notices[0].ID, Spot: "entrance"})
		m.fatal(err)
		m.fatal(m.app.Placements.Step(ctx, head, p.ID, p.Row, placement.Up, ""))
		return p.ID.String()
	}
	sheet() // for the rounds to pass
	return map[string]thing{
		"/staff/places/{place}": make("place", spot), "/staff/placements/{placement}": make("placement", sheet), "/staff/placements/sheet/{placement}": make("placement", sheet),
		"/staff/rounds/{round}": make("round", func() string {
			r, err := m.app.Placements.MakeRound(ctx, head, "", placement.Filter{})
			m.fatal(err)
			return r.ID.String()
		}),
		"/staff/places/import/{import}": make("import of places", func() string {
			im, err := m.app.Placements.Upload(ctx, head, "some.csv", strings.NewReader(fmt.Sprintf("kind,name,county\nschool,%s,MS-28049\n", nameOnly())))
			m.fatal(err)
			return im.ID.String()
		}),
		"/staff/placements/batch/{batch}": make("batch", func() string {
			b, _, err := m.app.Placements.Begin(ctx, head, placement.BatchPlan, placement.Spec{Notice: pack.Notices[0].ID, Spots: []string{"entrance"}, Kind: "school"})
			m.fatal(err)
			return b.ID.String()
		}),
	}
}

// nameOnly is a name that nothing else has, of letters: seven digits of an id in a row would be a
// number to call.
func nameOnly() string {
	return strings.Map(func(c rune) rune {
		if c < 'a' {
			return c - '2' + 'A'
		}
		return c
	}, store.NewID().String())
}
