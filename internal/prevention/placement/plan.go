// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/store"
)

// Draft is a placement to be made.
type Draft struct {
	Place        store.ID
	Notice, Spot string
	Label        string   // which one, where the place has several
	Languages    []string // none: those that the notice must be in at the place
	Paper        string   // "": what the notice is printed on as a rule
}

// settle checks a draft against the pack, for a place; a zero one is any.
func settle(pack *program.Program, d Draft, at Place) (Draft, program.Notice, []Problem) {
	var wrong []Problem
	n, ok := pack.Notice(d.Notice)
	n = n.At(at.Kind, at.County)
	if !ok {
		wrong = append(wrong, Problem{"notice", "is no notice of this program"})
		return d, n, wrong
	}
	if !slices.Contains(program.NoticeSpots(), d.Spot) {
		wrong = append(wrong, Problem{"spot", "is none of: " + strings.Join(program.NoticeSpots(), ", ")})
	}
	r := placeReader{}
	d.Label = r.which("label", d.Label)
	wrong = append(wrong, r.problems...)
	if d.Paper == "" {
		d.Paper = usualPaper(n)
	}
	switch {
	case !slices.Contains(Papers(), d.Paper):
		wrong = append(wrong, Problem{"paper", "is none of: " + strings.Join(Papers(), ", ")})
	case !large(d.Paper, n):
		wrong = append(wrong, Problem{"paper", fmt.Sprintf("is smaller than the notice asks for, at least %.3g × %.3g inches", n.Paper.Width/72, n.Paper.Height/72)})
	}
	if len(d.Languages) == 0 {
		d.Languages = n.Languages
	}
	d.Languages = slices.Clone(d.Languages)
	slices.Sort(d.Languages)
	d.Languages = slices.Compact(d.Languages)
	for _, lang := range d.Languages {
		if _, ok := n.Words[lang]; !ok {
			wrong = append(wrong, Problem{"languages", fmt.Sprintf("the notice has no words in %q", bulk.Cut(lang, 20))})
		}
	}
	return d, n, wrong
}

// Add plans a notice at a spot of a place.
func (s *Service) Add(ctx context.Context, m identity.Member, d Draft) (Placement, []Problem, error) {
	if err := s.may(m, policy.ChangePlacements); err != nil {
		return Placement{}, nil, err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return Placement{}, nil, err
	}
	var out Placement
	var wrong []Problem
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		at, err := placeByID(ctx, tx, m.Program, d.Place)
		if err != nil {
			return err
		}
		d, notice, bad := settle(pack, d, at)
		if wrong = bad; len(wrong) > 0 {
			return ErrTyped
		}
		if why := cannotHang(at, d.Spot); why != "" {
			wrong = []Problem{{"spot", why}}
			return ErrTyped
		}
		if at, d.Label, wrong, err = name(tx, at, d.Spot, d.Label, m.Actor()); err != nil {
			return err
		}
		p := Placement{Program: m.Program, ID: store.NewID(), Place: at, Spot: d.Spot, Label: d.Label, Notice: notice.ID, Version: notice.Version, Languages: d.Languages, Paper: d.Paper,
			State: Planned, MadeAt: tx.Now(), MadeBy: m.Actor(), Row: 1}
		p.Slot = p.slot()
		twin, err := bySlot(ctx, tx, m.Program, p.Slot)
		if err != nil {
			return err
		}
		if !twin.ID.IsZero() {
			wrong = []Problem{{"spot", twin.taken()}}
			return ErrTyped
		}
		if out, err = s.insert(ctx, tx, p); err != nil {
			return err
		}
		log(tx, m.Program, "placement.planned", recordOf(p.ID), m.Actor())
		return nil
	})
	return out, wrong, err
}

// cannotHang says why nothing can be planned at a spot, "" if it can.
func cannotHang(at Place, spot string) string {
	switch {
	case !at.Active:
		return "the place is not in use"
	case !hasSpot(at.Kind, spot):
		return "such a place has no such spot"
	case slices.Contains(at.Lacks, spot):
		return "the place has no such spot, as its entry says"
	}
	return ""
}

// taken says what is at a spot already.
func (p Placement) taken() string {
	return fmt.Sprintf("that notice in those languages is there already, %s (%s)", stateWords[p.State], short(p.ID))
}

// insert adds a placement with its code.
func (s *Service) insert(ctx context.Context, tx *store.Tx, p Placement) (Placement, error) {
	if s.Codes != nil {
		var err error
		p.Code, err = s.Codes.Issue(ctx, tx, NewCode{Program: p.Program, Subject: p.ID, County: p.Place.County, Place: p.Place.Label(), Small: p.Place.Small, By: p.MadeBy})
		if err != nil {
			return p, err
		}
		p.CodeOn = true
	}
	return p, tx.Insert("placement", placementRow(p))
}
