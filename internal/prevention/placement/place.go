// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
)

// Place is where a sheet can hang.
type Place struct {
	Program             string
	ID                  store.ID
	Kind                string // of [program.NoticePlaces]
	Name, Address, City string
	State, County       string // postal code, FIPS code; what moves may have no county
	At                  *place.Point
	Contact             string   // an office, never a person
	Small               bool     // few people come there
	Active              bool     // sheets can hang there
	Lacks               []string // spots that it does not have
	Several             []Named  // spots that it has more than once
	Source              string   // where it is known from: "typed", "station", "file"
	Origin              store.ID // the import it came with
	MadeAt              time.Time
	MadeBy              string
	Version             int64
}

// CountyName is the county for people to read.
func (p Place) CountyName() string {
	c, _ := place.CountyByFIPS(p.County)
	return c.Name
}

// region is the county for people to read, also of what has none.
func (p Place) region() string {
	if p.County == "" {
		return noCountyWords
	}
	return p.CountyName()
}

// countyCode is the county as files have it: "MS-28049", "" for none.
func (p Place) countyCode() string {
	if p.County == "" {
		return ""
	}
	return p.State + "-" + p.County
}

// vehicles are the kinds of places that move. They have a car and none of the spots of a
// building, and no county where nobody says which.
var vehicles = []string{"train", "bus", "aircraft"}

func moves(kind string) bool { return slices.Contains(vehicles, kind) }

// noCounty stands for what has no county, where a county is asked for.
const (
	noCounty      = "none"
	noCountyWords = "no county: it moves"
)

// countyOr is a county's code, noCounty, or "" for what is neither.
func countyOr(text string) string {
	if _, ok := place.CountyByFIPS(text); !ok && text != noCounty {
		return ""
	}
	return text
}

// Label is the place as a sheet and a page name it.
func (p Place) Label() string {
	if p.City == "" || strings.Contains(p.Name, p.City) {
		return p.Name
	}
	return p.Name + ", " + p.City
}

// twin is what makes the place the same as another: the same kind in the same
// county under the same name at the same address, however that is written.
func (p Place) twin() []byte {
	sum := sha256.Sum256([]byte(strings.Join([]string{p.Kind, p.County, folded(p.Name), folded(p.Address), folded(p.City)}, "\x00")))
	return sum[:16]
}

// sought is what a search looks through, and by which lists are sorted.
func (p Place) sought() string {
	return strings.ToLower(strings.Join([]string{p.Name, p.City, p.Address, p.CountyName()}, " "))
}

// folded leaves of a text what tells two apart: letters, marks and numbers of any
// script, in lower case.
func folded(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(text))
}

// busyKinds are places to which many people come, unless somebody says otherwise. At
// every other kind few do: that a sheet there was scanned could tell who did.
var busyKinds = []string{"train_station", "bus_station", "airport", "port_of_entry", "hospital", "rest_area", "truck_stop", "court", "federal_building", "train", "bus", "aircraft"}

// usuallySmall says whether few people come to a place of which nobody says how many do. A
// station that has no room to wait in is a platform or a shelter.
func (p Place) usuallySmall() bool {
	return !slices.Contains(busyKinds, p.Kind) || slices.Contains(p.Lacks, "waiting_room") && (p.Kind == "train_station" || p.Kind == "bus_station")
}

// typed is the place as its form shows it.
func (p Place) typed() Typed {
	t := Typed{"kind": p.Kind, "name": p.Name, "address": p.Address, "city": p.City, "county": p.countyCode(), "state": p.State, "contact": p.Contact,
		"small": yesNo(p.Small), "lacks": strings.Join(p.Lacks, " "), "several": severalText(p.Several)}
	if p.At != nil {
		t["latitude"], t["longitude"] = degrees(p.At.Lat), degrees(p.At.Lon)
	}
	return t
}

func degrees(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

// short is as much of an id as tells two things apart for people. Ids of one file
// begin alike, so that it is the end.
func short(id store.ID) string {
	text := id.String()
	return text[len(text)-8:]
}

// twinProblem names the place that is there already.
func twinProblem(p Place) Problem {
	return Problem{"name", fmt.Sprintf("is there already: %s, %s (%s)", p.Label(), p.region(), short(p.ID))}
}

// AddPlace adds a place that somebody typed.
func (s *Service) AddPlace(ctx context.Context, m identity.Member, t Typed) (Place, []Problem, error) {
	if err := s.may(m, policy.ChangePlacements); err != nil {
		return Place{}, nil, err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return Place{}, nil, err
	}
	p, wrong := readPlace(t, pack.State)
	if len(wrong) > 0 {
		return p, wrong, ErrTyped
	}
	p.Program, p.ID, p.Source, p.MadeBy, p.Version = m.Program, store.NewID(), "typed", m.Actor(), 1
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		wrong = nil
		p.MadeAt = tx.Now()
		twin, err := placeByTwin(ctx, tx, m.Program, p.twin())
		if err != nil {
			return err
		}
		if !twin.ID.IsZero() {
			wrong = []Problem{twinProblem(twin)}
			return ErrTyped
		}
		if err := tx.Insert("place", placeRow(p)); err != nil {
			return err
		}
		log(tx, m.Program, "place.added", placeRecord(p.ID), m.Actor())
		return nil
	})
	return p, wrong, err
}

// ChangePlace writes what a place has become over the version that was read.
func (s *Service) ChangePlace(ctx context.Context, m identity.Member, id store.ID, version int64, t Typed, active bool) ([]Problem, error) {
	if err := s.may(m, policy.ChangePlacements); err != nil {
		return nil, err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return nil, err
	}
	now, wrong := readPlace(t, pack.State)
	if len(wrong) > 0 {
		return wrong, ErrTyped
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		wrong = nil
		p, err := placeByID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		twin, err := placeByTwin(ctx, tx, m.Program, now.twin())
		if err != nil {
			return err
		}
		if !twin.ID.IsZero() && twin.ID != id {
			wrong = []Problem{twinProblem(twin)}
			return ErrTyped
		}
		moved := p.County != now.County || p.Kind != now.Kind
		renamed := p.County != now.County || p.Label() != now.Label() || p.Small != now.Small
		now.Program, now.ID, now.Source, now.Origin, now.MadeAt, now.MadeBy = p.Program, p.ID, p.Source, p.Origin, p.MadeAt, p.MadeBy
		now.Version, now.Active = version+1, active
		if err := updatePlace(tx, now, version); err != nil {
			return err
		}
		if moved {
			if err := movePlacements(ctx, tx, now); err != nil {
				return err
			}
		}
		if renamed {
			if err := s.describe(ctx, tx, now); err != nil {
				return err
			}
		}
		log(tx, m.Program, "place.changed", placeRecord(id), m.Actor())
		return nil
	})
	return wrong, err
}

// describe tells the codes at a place what it is called now and whether few people come
// there: they are what whoever scans is shown, and asked about. Those of sheets that are gone
// keep what they said.
func (s *Service) describe(ctx context.Context, tx *store.Tx, at Place) error {
	if s.Codes == nil {
		return nil
	}
	ids, err := codesAt(ctx, tx, at)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.Codes.Describe(ctx, tx, at.Program, id, at.County, at.Label(), at.Small); err != nil {
			return err
		}
	}
	return nil
}

// Place finds a place.
func (s *Service) Place(ctx context.Context, m identity.Member, id store.ID) (Place, error) {
	if err := s.may(m, policy.ReadPlacements); err != nil {
		return Place{}, err
	}
	return placeByID(ctx, s.DB, m.Program, id)
}
