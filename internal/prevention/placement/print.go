// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"iter"

	"waylight/internal/platform/store"
)

// Sheet is what printing needs of a placement.
type Sheet struct {
	Placement       store.ID
	Notice, Version string
	Languages       []string
	Paper           string   // of Papers
	Place, Spot     string   // in words
	at              store.ID // the place
	spot, label     string   // of [program.NoticeSpots], and which one
	kind            string   // of the place
	County          string   // FIPS code; "" for what moves
	Code            string   // "7K3F9"; "" where the sheet has none
	CodeID          store.ID
	CodeOff         bool // as this room noted it last; whether it is printed the codes decide
}

// Printing says which placements are to be printed.
type Printing struct {
	Program, Notice, County, Kind string
	State                         State      // "": planned ones
	Only                          []store.ID // none: all that fit
}

// ToPrint yields the sheets of a program that fit, in the order of their ids, so that
// a batch that broke off can go on behind the last one it printed.
func (s *Service) ToPrint(ctx context.Context, f Printing, after store.ID) iter.Seq2[Sheet, error] {
	return func(yield func(Sheet, error) bool) {
		if f.State == "" {
			f.State = Planned
		}
		if len(f.Only) > 0 {
			s.only(ctx, f, yield)
			return
		}
		filter := Filter{Notice: f.Notice, County: f.County, Kind: f.Kind, State: string(f.State)}
		for {
			list, err := placementsFrom(ctx, s.DB, f.Program, filter, after, partRows)
			if err != nil {
				yield(Sheet{}, err)
				return
			}
			for _, p := range list {
				if !yield(p.sheet(), nil) {
					return
				}
				after = p.ID
			}
			if len(list) < partRows {
				return
			}
		}
	}
}

func (s *Service) only(ctx context.Context, f Printing, yield func(Sheet, error) bool) {
	for _, id := range f.Only {
		p, err := placementByID(ctx, s.DB, f.Program, id)
		if !yield(p.sheet(), err) || err != nil {
			return
		}
	}
}

func (p Placement) sheet() Sheet {
	sh := Sheet{Placement: p.ID, Notice: p.Notice, Version: p.Version, Languages: p.Languages, Paper: p.Paper, Place: p.Place.Label(), Spot: p.where(),
		County: p.Place.County, Code: p.Code.Text, CodeID: p.Code.ID, at: p.Place.ID, spot: p.Spot, label: p.Label, kind: p.Place.Kind}
	sh.CodeOff = sh.Code != "" && !p.CodeOn
	return sh
}

// CountToPrint says how many sheets a printing has.
func (s *Service) CountToPrint(ctx context.Context, f Printing) (int64, error) {
	if len(f.Only) > 0 {
		return int64(len(f.Only)), nil
	}
	if f.State == "" {
		f.State = Planned
	}
	return countPlacements(ctx, s.DB, f.Program, Filter{Notice: f.Notice, County: f.County, Kind: f.Kind, State: string(f.State)})
}
