// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
)

// The levels of featured locations.
const (
	Federal = "federal"
	OfState = "state"
)

// Levels lists them.
func Levels() []string { return []string{Federal, OfState} }

// Location is a place that the program features. The announcements that this follows give how many there are (45 federal and 10 state) and name none, so a program
// begins with an empty list.
type Location struct {
	Program string
	ID      store.ID
	Level   string
	LocationDetails
	Added       time.Time
	AddedBy     string
	Withdrawn   time.Time // zero while it is featured
	WithdrawnBy string
}

// LocationDetails are encrypted at rest: where the program looks first is nobody else's business.
type LocationDetails struct {
	Name string
	Area place.Place // a county, or a state
}

var (
	errLocationName = fault.New(fault.Invalid, "operation.location_name", "Give the location a name of 1 to 100 letters, as it was announced or as you call it.").At("name")
	errLocationArea = fault.New(fault.Invalid, "operation.location_area", "Name the county or the state that the location is in.").At("area")
	errLevel        = fault.New(fault.Invalid, "operation.level", "Choose whether it is a federal or a state location.").At("level")
	errGone         = fault.New(fault.Conflict, "operation.location_gone", "This location was withdrawn already.")
)

func (l Location) record() string { return "location:" + l.ID.String() }
func (l Location) place() string  { return "location/body/" + l.ID.String() }

// AddLocation features a location.
func (s *Service) AddLocation(ctx context.Context, m identity.Member, level string, d LocationDetails) (Location, error) {
	d.Name = strings.TrimSpace(d.Name)
	l := Location{Program: m.Program, ID: store.NewID(), Level: level, LocationDetails: d, AddedBy: m.Actor()}
	if err := s.may(policy.ChangeLocation, m, policy.Object{Program: m.Program}); err != nil {
		return l, err
	}
	switch again, err := place.ParsePlace(d.Area.String()); {
	case !slices.Contains(Levels(), level):
		return l, errLevel
	case !named(d.Name, 100):
		return l, errLocationName
	case err != nil || again != d.Area || d.Area.IsZero():
		return l, errLocationArea
	}
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		l.Added = tx.Now()
		if err := s.insertLocation(tx, l); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: l.Program, Event: "location.added", Record: l.record(), Actor: m.Actor()})
		return nil
	})
	return l, err
}

// WithdrawLocation ends that a location is featured. What was planned there stays.
func (s *Service) WithdrawLocation(ctx context.Context, m identity.Member, id store.ID) error {
	if err := s.may(policy.ChangeLocation, m, policy.Object{Program: m.Program}); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		l, err := s.locationByID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		if !l.Withdrawn.IsZero() {
			return errGone
		}
		if err := withdrawLocation(tx, l, m.Actor()); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: l.Program, Event: "location.withdrawn", Record: l.record(), Actor: m.Actor()})
		return nil
	})
}
