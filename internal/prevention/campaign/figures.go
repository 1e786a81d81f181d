// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/code"
)

// weeksShown is of how many weeks a campaign's counts tell at most: the latest of those
// that hold one of its days and are over.
const weeksShown = 26

// Figures are what a campaign can say of itself: counts, and nothing that they do
// not carry.
type Figures struct {
	Signs                    bool // the signs of its notices are counted here
	Planned, Placed          code.Shown
	Seen, Inspected          code.Shown
	Weeks                    []string
	Scans, Reports           []code.Total // by week
	AllScans, AllReports     code.Total   // of these weeks
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
	printed, err := s.Runs(ctx, r, c.Program, c.ID)
	if err != nil {
		return f, err
	}
	ids = append(ids, printed...)
	if s.Placements != nil {
		placed, err := s.Placements.Of(ctx, r, c.Program, c.Notices, c.First, c.Last)
		if err != nil {
			return f, err
		}
		f.Signs = true
		f.Planned, f.Placed, f.Seen, f.Inspected = show(placed.Planned), show(placed.Up), show(placed.Seen), show(placed.Inspected)
		ids = append(ids, placed.Codes...)
	}
	first, last, err := c.days()
	if err != nil {
		return f, err
	}
	scans, err := s.Codes.ScansBetween(ctx, r, c.Program, ids, first, last, weeksShown)
	if err != nil {
		return f, err
	}
	reports, err := s.Codes.ReportsBetween(ctx, r, c.Program, ids, first, last, weeksShown)
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

// days are the first and the last day of a campaign.
func (c Campaign) days() (first, last time.Time, err error) {
	if first, err = time.Parse(time.DateOnly, c.First); err != nil {
		return first, last, fault.Wrap(err, "reading the first day of a campaign")
	}
	last, err = time.Parse(time.DateOnly, c.Last)
	return first, last, fault.Wrap(err, "reading the last day of a campaign")
}

func show(n int) code.Shown { return code.Show(int64(n)) }
