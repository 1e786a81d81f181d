// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
)

// StationPlace is a station of passenger trains as a place.
type StationPlace struct {
	Place
	Code     string
	Building string // "building", "shelter", "platform", "curbside"
	There    bool   // it is a place already
	Near     bool   // so near a border that somebody should look at its county
}

// everywhere stands for the stations of all states.
const everywhere = "all"

// Stations lists the train stations of a state, or of all, with the county of each by
// the outlines of the counties.
func (s *Service) Stations(ctx context.Context, m identity.Member, state string) ([]StationPlace, error) {
	if err := s.may(m, policy.ChangePlacements); err != nil {
		return nil, err
	}
	return stationsOf(ctx, s.DB, m.Program, state)
}

func stationsOf(ctx context.Context, q store.Reader, programID, state string) ([]StationPlace, error) {
	var list []StationPlace
	var places []Place
	for _, st := range place.Stations() {
		if state != everywhere && st.State != state {
			continue
		}
		p, ok := stationPlace(programID, st)
		if !ok {
			continue // the tests hold that there is none
		}
		list = append(list, StationPlace{Place: p, Code: st.Code, Building: st.Kind, Near: st.County == ""})
		places = append(places, p)
	}
	twins, err := placesByTwin(ctx, q, programID, places)
	if err != nil {
		return nil, err
	}
	for i, p := range places {
		_, list[i].There = twins[[16]byte(p.twin())]
	}
	return list, nil
}

func stationPlace(programID string, st place.Station) (Place, bool) {
	county, ok := place.CountyIn(st.State, st.Lat, st.Lon)
	name := st.Label()
	if st.Building == "" {
		name += " train station"
	}
	p := Place{Program: programID, Kind: "train_station", Name: name + " (" + st.Code + ")", City: st.City, State: st.State, County: county.FIPS,
		At: &place.Point{Lat: st.Lat, Lon: st.Lon}, Active: true, Source: "station", Version: 1}
	if st.Kind != "building" {
		p.Lacks = []string{"waiting_room"} // the list says of every other kind that it has none; it says nothing of restrooms
	}
	p.Small = p.usuallySmall()
	return p, ok
}

// AddStations adds the stations of a state, or of all, that are not there yet, and
// says how many.
func (s *Service) AddStations(ctx context.Context, m identity.Member, state string) (int, error) {
	if err := s.may(m, policy.ChangePlacements); err != nil {
		return 0, err
	}
	n := 0
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		n = 0
		list, err := stationsOf(ctx, tx, m.Program, state)
		if err != nil {
			return err
		}
		var rows []store.Row
		for _, st := range list {
			if st.There {
				continue
			}
			p := st.Place
			p.ID, p.MadeAt, p.MadeBy = store.NewID(), tx.Now(), m.Actor()
			rows = append(rows, placeRow(p))
		}
		if n = len(rows); n == 0 {
			return ErrEmpty
		}
		if err := tx.InsertAll("place", rows); err != nil {
			return err
		}
		log(tx, m.Program, "place.stations", "stations:"+state, m.Actor())
		return nil
	})
	return n, err
}
