// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"fmt"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/campaign"
	"waylight/internal/prevention/code"
)

// signs are campaigns of two offices in both programs, and codes of both.
func (m *matrix) signs() (campaigns, codes []thing) {
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
	return campaigns, codes
}
