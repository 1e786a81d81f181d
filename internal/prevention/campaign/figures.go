// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"

	"waylight/internal/platform/store"
	"waylight/internal/prevention/code"
)

// weeksShown is of how many weeks that are over a campaign's counts tell.
const weeksShown = 8

// Figures are what a campaign can say of itself: counts, and nothing that they do
// not carry.
type Figures struct {
	Signs                    bool // the signs of its notices are counted here
	Planned, Placed          code.Shown
	Seen, Inspected          code.Shown
	Weeks                    []string
	Scans, Reports           []code.Shown // by week
	AllScans, AllReports     code.Shown   // of these weeks, as far as they are shown
	PlannedMoney, SpentMoney int64        // cents
	ScansOf                  map[store.ID][]code.Shown
}

// Figures counts for a campaign.
func (s *Service) Figures(ctx context.Context, r store.Reader, c Campaign, p parts) (Figures, error) {
	var f Figures
	own, err := s.Codes.Of(ctx, r, c.Program, c.ID)
	if err != nil {
		return f, err
	}
	var ids []store.ID
	for _, k := range own {
		ids = append(ids, k.ID)
	}
	for _, piece := range p.Pieces {
		ids = append(ids, piece.Code)
	}
	if s.Placements != nil {
		placed, err := s.Placements.Of(ctx, r, c.Program, c.Notices, c.First, c.Last)
		if err != nil {
			return f, err
		}
		f.Signs = true
		f.Planned, f.Placed, f.Seen, f.Inspected = show(placed.Planned), show(placed.Up), show(placed.Seen), show(placed.Inspected)
		ids = append(ids, placed.Codes...)
	}
	scans, err := s.Codes.Scans(ctx, r, c.Program, ids, weeksShown)
	if err != nil {
		return f, err
	}
	reports, err := s.Codes.Reports(ctx, r, c.Program, ids, weeksShown)
	if err != nil {
		return f, err
	}
	f.Weeks, f.Scans, f.Reports, f.AllScans, f.AllReports, f.ScansOf = scans.Weeks, scans.All, reports.All, scans.Sum, reports.Sum, scans.By
	for _, l := range p.Lines {
		f.PlannedMoney += l.Planned
		f.SpentMoney += l.Spent
	}
	return f, nil
}

func show(n int) code.Shown { return code.Show(int64(n)) }
