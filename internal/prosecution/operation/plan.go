// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
)

// Plan is what is planned. All of it is encrypted at rest.
type Plan struct {
	Name     string
	Aim      string
	Areas    []place.Place // every county it reaches into
	District string        // federal judicial district, "" for none
	Point    *Point        // where exactly, if the planner gives it
	Radius   int           // meters around the point
	From, To time.Time
	Contact  string   // whom another agency calls: the contact of record
	Phone    string   // and where
	Location store.ID // the featured location that it is at; zero for none
}

// Draft is a plan with what is kept beside it.
type Draft struct {
	Plan
	Kind     string
	Partners []string
	Surge    store.ID
}

// What can be wrong with a plan. Each says what to put right; nothing is corrected for whoever typed it.
var (
	errName     = fault.New(fault.Invalid, "operation.name", "Give the operation a name of 1 to 100 letters. Never use a person's name.").At("name")
	errAim      = fault.New(fault.Invalid, "operation.aim", "The plan can have up to 4,000 letters.").At("aim")
	errKind     = fault.New(fault.Invalid, "operation.kind", "Choose what the operation is for.").At("kind")
	errPartner  = fault.New(fault.Invalid, "operation.partner", "Choose partners from the program's offices, each once, and not your own office.").At("partners")
	errAreas    = fault.New(fault.Invalid, "operation.areas", "Name at least one county, and at most 100.").At("areas")
	errDistrict = fault.New(fault.Invalid, "operation.district", "Choose a judicial district from the list, or none.").At("district")
	errPoint    = fault.New(fault.Invalid, "operation.point", "A point has a latitude from -60 to 80 and a longitude from -180 to 180, in degrees.").At("point")
	errRadius   = fault.New(fault.Invalid, "operation.radius", "A radius goes with a point and is at most 25 kilometers. For a larger area, name its counties.").At("radius")
	errOrder    = fault.New(fault.Invalid, "operation.order", "The operation must end after it begins.").At("to")
	errLong     = fault.New(fault.Invalid, "operation.long", "One operation lasts 31 days at most. For longer, plan several; a surge holds them together.").At("to")
	errFar      = fault.New(fault.Invalid, "operation.far", "Operations are planned for the next two years, and can be entered for the last ten.").At("from")
	errWide     = fault.New(fault.Invalid, "operation.wide", "So many counties for so many days cannot be compared at once. Plan several operations.").At("areas")
	errContact  = fault.New(fault.Invalid, "operation.contact", "Write whom another agency can call about this operation, in 1 to 100 letters.").At("contact")
	errPhone    = fault.New(fault.Invalid, "operation.phone", "Write a telephone number with 7 to 15 digits that is answered at any hour of the operation.").At("phone")
	errSurge    = fault.New(fault.Invalid, "operation.surge", "Choose a surge that your office takes part in and that is not over.").At("surge")
	errOutside  = fault.New(fault.Invalid, "operation.outside", "The operation begins outside the days of this surge. Change its time, or leave the surge out.").At("surge")
	errLocation = fault.New(fault.Invalid, "operation.location", "Choose a featured location from the list, or none.").At("location")
)

// letters counts what a person would.
func letters(s string) int { return utf8.RuneCountInString(s) }

// usable says whether a text can be stored and shown: PostgreSQL refuses what this refuses.
func usable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func named(s string, most int) bool { return usable(s) && s != "" && letters(s) <= most }

// check says what is wrong with a draft of an office, at a moment. It reads no database.
func (d Draft) check(p *program.Program, lead string, now time.Time) error {
	switch {
	case !named(d.Name, 100):
		return errName
	case !slices.Contains(Kinds(), d.Kind):
		return errKind
	case !usable(d.Aim) || letters(d.Aim) > 4000:
		return errAim
	case !named(d.Contact, 100):
		return errContact
	case !phone(d.Phone):
		return errPhone
	}
	for i, o := range d.Partners {
		if _, known := p.Offices[o]; !known || o == lead || slices.Contains(d.Partners[:i], o) {
			return errPartner
		}
	}
	if err := d.checkPlace(); err != nil {
		return err
	}
	return d.checkTime(now)
}

func (p Plan) checkPlace() error {
	if len(p.Areas) == 0 || len(p.Areas) > 100 {
		return errAreas
	}
	for _, a := range p.Areas {
		if again, err := place.ParsePlace(a.String()); err != nil || again != a || a.IsZero() || a.County == "" && len(place.Counties(a.State)) > 0 {
			return errAreas
		}
	}
	if _, known := districts()[p.District]; p.District != "" && !known {
		return errDistrict
	}
	if p.Point == nil {
		if p.Radius != 0 {
			return errRadius
		}
		return nil
	}
	// Beyond these latitudes nothing of the United States lies, and squares grow too narrow to hide in.
	if !(p.Point.Lat >= -60 && p.Point.Lat <= 80 && p.Point.Lon >= -180 && p.Point.Lon <= 180) || math.IsNaN(p.Point.Lat+p.Point.Lon) {
		return errPoint
	}
	if p.Radius < 0 || p.Radius > maxRadius {
		return errRadius
	}
	return nil
}

func (p Plan) checkTime(now time.Time) error {
	switch {
	case p.From.IsZero() || p.To.IsZero() || !p.From.Before(p.To):
		return errOrder
	case p.To.Sub(p.From) > longest:
		return errLong
	case p.From.After(now.AddDate(2, 0, 0)) || p.From.Before(now.AddDate(-10, 0, 0)):
		return errFar
	case len(reachOf("", p).cells()) > maxCells:
		return errWide
	}
	return nil
}

// phone says whether a number can be called: digits, and the signs that are written between them.
func phone(s string) bool {
	digits := 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case !strings.ContainsRune("+-(). x", c):
			return false
		}
	}
	return digits >= 7 && digits <= 15 && len(s) <= 40
}

// past says whether the whole of it is over, so that nobody can meet it any more.
func (p Plan) past(now time.Time) bool { return !p.To.After(now) }

// moved says whether another plan is somewhere else or at another time: what needs a new answer and a new approval.
func (p Plan) moved(to Plan) bool {
	same := p.From.Equal(to.From) && p.To.Equal(to.To) && slices.Equal(p.Areas, to.Areas) && (p.Point == nil) == (to.Point == nil) && p.Radius == to.Radius
	return !same || p.Point != nil && *p.Point != *to.Point
}
