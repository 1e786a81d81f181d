// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/store"
)

// Fill enters plans for others to meet, all in one transaction, and looks for no conflicts among them. Only measurements use it: what is entered so was told to nobody.
func (s *Service) Fill(ctx context.Context, m identity.Member, lead string, drafts []Draft) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		for _, d := range drafts {
			o := Operation{Program: m.Program, ID: store.NewID(), Lead: lead, Partners: d.Partners, Kind: d.Kind, State: Planned, Version: 1, Details: Details{Plan: d.Plan},
				Made: now, MadeBy: m.Actor(), PlannedAt: now, PlannedBy: m.Actor()}
			if err := s.insertOperation(tx, o); err != nil {
				return err
			}
			logged(tx, "planned", o, m.Actor())
			mine := reachOf(lead, d.Plan)
			if err := putIndex(tx, o.Program, o.ID, s.tenants[o.Program].Seal(indexPlace(o.ID), mine.encode()), s.tokens(o.Program, mine)); err != nil {
				return err
			}
		}
		return nil
	})
}
