// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"fmt"
	"slices"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/campaign"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/printrun"
)

// signs are campaigns of two offices in both programs, and codes and print runs of both.
func (m *matrix) signs() (campaigns, codes, runs []thing) {
	m.t.Helper()
	both := form.Text{"en": "Invented", "es": "Inventado"}
	for _, programID := range []string{here, there} {
		admin := identity.Member{Program: programID, ID: store.NewID(), Office: seats[0], Roles: []string{policy.RoleProgramAdmin}}
		for _, office := range []string{"mcaht", "mbi-coordinator"} {
			another := func() string {
				m.dockets++
				c, err := m.app.Campaigns.Make(ctx, admin, office, campaign.Details{Slug: fmt.Sprintf("signs-%d", m.dockets), Title: both, Text: both, First: "2026-11-01", Last: "2026-12-01"})
				m.fatal(err)
				return c.ID.String()
			}
			campaigns = append(campaigns, thing{programID + " campaign of " + office, another(), []policy.Object{m.office(programID, office)}, another, ""})
		}
		runs = append(runs, thing{programID + " print run", m.run(admin), []policy.Object{{Program: programID}}, func() string { return m.run(admin) }, ""})
		m.fatal(m.app.DB.Write(ctx, func(tx *store.Tx) error {
			c, err := m.app.Codes.Issue(tx, code.Draft{Program: programID, Kind: code.Batch, Subject: store.NewID(), Place: "Invented", By: "system"})
			if err != nil {
				return err
			}
			codes = append(codes, thing{name: programID + " code", id: c.ID.String(), objects: []policy.Object{{Program: programID}}})
			tx.Log(custody.Entry{Program: programID, Event: "test.issued", Record: "test:code", Actor: "system"})
			return nil
		}))
	}
	return campaigns, codes, runs
}

// run makes a print run, of whichever notice in force the pack has first.
func (m *matrix) run(admin identity.Member) string {
	m.t.Helper()
	pack, _ := m.app.Programs.Program(admin.Program)
	first := slices.IndexFunc(pack.Notices, func(n program.Notice) bool { return n.InForce(m.clock) })
	r, err := m.app.Runs.Make(ctx, admin, printrun.Draft{Place: "Invented", Notice: pack.Notices[first].ID, Paper: "tabloid", Copies: 1})
	m.fatal(err)
	return r.ID.String()
}
