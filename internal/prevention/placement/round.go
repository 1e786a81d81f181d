// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
)

// Round is a walk past placements.
type Round struct {
	Program, Name string
	ID            store.ID
	MadeAt        time.Time
	MadeBy        string
	Stops, Looked int64 // how many there are, and at how many somebody looked
	ClosedAt      time.Time
}

// Stop is a placement of a round, with what was found there last in this round.
type Stop struct {
	Placement
	Found, Opens string
	Effect       string // what followed from it
	FoundAt      time.Time
}

// mostStops is how many placements a round has at most: what fits on a page that a
// telephone keeps open.
const mostStops = 300

// MakeRound makes a round past what hangs, or is to be put up, where the filter says: in the order of
// county and place.
func (s *Service) MakeRound(ctx context.Context, m identity.Member, name string, f Filter) (Round, error) {
	if err := s.may(m, policy.InspectPlacements); err != nil {
		return Round{}, err
	}
	r := Round{Program: m.Program, ID: store.NewID(), MadeBy: m.Actor(), Name: name}
	if r.Name == "" {
		r.Name = "Round"
	}
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		r.MadeAt = tx.Now()
		list, err := passed(ctx, tx, m.Program, s.narrowed(m.Program, f), mostStops)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrEmpty
		}
		r.Stops = int64(len(list))
		if err := insertRound(tx, r, list); err != nil {
			return err
		}
		log(tx, m.Program, "placement.round_made", "placement_round:"+r.ID.String(), m.Actor())
		return nil
	})
	return r, err
}

// narrowed fills in what a filter needs of the program.
func (s *Service) narrowed(programID string, f Filter) Filter {
	if pack, ok := s.Programs.Program(programID); ok && f.Old {
		f.versions = versionsOf(pack)
	}
	f.dueBefore = store.Micros(s.Now().Add(-s.Due))
	return f
}

// Stops gives a round and what it passes.
func (s *Service) Stops(ctx context.Context, m identity.Member, id store.ID) (Round, []Stop, error) {
	if err := s.may(m, policy.InspectPlacements); err != nil {
		return Round{}, nil, err
	}
	r, err := roundByID(ctx, s.DB, m.Program, id)
	if err != nil {
		return r, nil, err
	}
	list, err := stops(ctx, s.DB, m.Program, id)
	return r, list, err
}

// CloseRound ends a round.
func (s *Service) CloseRound(ctx context.Context, m identity.Member, id store.ID) error {
	if err := s.may(m, policy.InspectPlacements); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := roundByID(ctx, tx, m.Program, id); err != nil {
			return err
		}
		if err := closeRound(tx, m.Program, id); err != nil {
			return err
		}
		log(tx, m.Program, "placement.round_closed", "placement_round:"+id.String(), m.Actor())
		return nil
	})
}
