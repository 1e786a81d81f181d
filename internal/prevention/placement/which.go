// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"fmt"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
)

// name settles which of several a sheet is for: written as the place writes it, and made
// one of the place's own where it did not name it yet.
func name(tx *store.Tx, at Place, spot, label, by string) (Place, string, []Problem, error) {
	now, label, wrong := at.with(spot, label)
	if len(wrong) > 0 {
		return at, label, wrong, ErrTyped
	}
	if len(now.Several) == len(at.Several) {
		return at, label, nil, nil
	}
	now.Version++
	if err := updatePlace(tx, now, at.Version); err != nil {
		return at, label, nil, err
	}
	log(tx, at.Program, "place.changed", placeRecord(at.ID), by)
	return now, label, nil, nil
}

// Relabel says at which of several spots a sheet is, and so of the sheet that is to take its
// place; "" for a spot that the place has once.
func (s *Service) Relabel(ctx context.Context, m identity.Member, id store.ID, version int64, label string) ([]Problem, error) {
	if err := s.may(m, policy.ChangePlacements); err != nil {
		return nil, err
	}
	r := placeReader{}
	typed := r.which("label", label)
	wrong := r.problems
	if len(wrong) > 0 {
		return wrong, ErrTyped
	}
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		wrong = nil
		p, err := placementByID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		switch {
		case p.Row != version:
			return ErrMoved
		case p.Slot == "" || p.Slot != p.slot(): // it is gone, or goes where the sheet before it does
			return ErrState
		}
		label := typed
		if p.Place, label, wrong, err = name(tx, p.Place, p.Spot, label, m.Actor()); err != nil {
			return err
		}
		if wrong, err = relabel(ctx, tx, p, label); err != nil {
			return err
		}
		log(tx, m.Program, "placement.named", recordOf(id), m.Actor())
		return nil
	})
	return wrong, err
}

// relabel brings a sheet, and what is to take its place, to one of several spots; or says
// what is there already.
func relabel(ctx context.Context, tx *store.Tx, p Placement, label string) ([]Problem, error) {
	succ, err := follower(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	now := p
	now.Label = label
	now.Slot = now.slot()
	twin, err := bySlot(ctx, tx, p.Program, now.Slot)
	if err != nil {
		return nil, err
	}
	if !twin.ID.IsZero() && twin.ID != p.ID {
		return []Problem{{"label", twin.taken()}}, ErrTyped
	}
	if err := updatePlacement(tx, now); err != nil || succ.ID.IsZero() {
		return nil, err
	}
	waits, err := bySlot(ctx, tx, p.Program, now.Slot+next)
	if err != nil {
		return nil, err
	}
	if !waits.ID.IsZero() && waits.ID != succ.ID {
		return []Problem{{"label", waits.waiting()}}, ErrTyped
	}
	succ.Label, succ.Slot = label, now.Slot+next
	return nil, updatePlacement(tx, succ)
}

// follower is what is to take a sheet's place, a zero placement when nothing is. What waits
// at its spot may be to follow another one, which was removed.
func follower(ctx context.Context, tx *store.Tx, p Placement) (Placement, error) {
	succ, err := bySlot(ctx, tx, p.Program, p.Slot+next)
	if err != nil || succ.Replaces != p.ID {
		return Placement{}, err
	}
	return succ, nil
}

// waiting says what keeps another prepared sheet from waiting at a spot.
func (p Placement) waiting() string {
	return fmt.Sprintf("a sheet (%s) was prepared there for one that was removed since, and this one has a prepared sheet too: put that one up or remove it first", short(p.ID))
}
