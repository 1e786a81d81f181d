// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/place"
)

// Problem is something wrong with a field.
type Problem struct{ Field, Reason string }

// Typed are a place's fields as somebody typed them, by their names.
type Typed map[string]string

// fields are the names of a place's fields, in the order of a file and of the form.
var fields = []string{"kind", "name", "address", "city", "county", "state", "latitude", "longitude", "contact", "small", "lacks", "several"}

// The longest that may be typed, in letters.
const (
	longestName  = 120
	longestCell  = 200
	longestLabel = 240 // of name and city together, as a sheet and a code say them
)

// near is how far from its county's outline a place may lie, in kilometers: the
// outlines are drawn to some hundred meters.
const near = 3.0

// readPlace reads what was typed. state is the program's own, which a place lies in
// unless it says otherwise.
func readPlace(t Typed, state string) (Place, []Problem) {
	r := placeReader{typed: t}
	p := Place{Active: true}
	if p.Kind = r.text("kind", 40); !slices.Contains(program.NoticePlaces(), p.Kind) {
		r.wrong("kind", "is none of: "+strings.Join(program.NoticePlaces(), ", "))
	}
	if p.Name = r.named("name", longestName); p.Name == "" && r.fine("name") {
		r.wrong("name", "is missing")
	}
	p.Address, p.City = r.printed("address", longestCell), r.named("city", longestName)
	p.Contact = r.contact()
	p.At = r.point()
	if n := len([]rune(p.Label())); n > longestLabel {
		r.wrong("name", fmt.Sprintf("has %d letters with the city, and %d fit", n, longestLabel))
	}
	r.where(&p, state)
	for _, spot := range strings.Fields(strings.ReplaceAll(r.text("lacks", longestCell), ",", " ")) {
		if !slices.Contains(program.NoticeSpots(), spot) {
			r.wrong("lacks", fmt.Sprintf("%q is none of: %s", bulk.Cut(spot, 40), strings.Join(program.NoticeSpots(), ", ")))
			continue
		}
		if !slices.Contains(p.Lacks, spot) {
			p.Lacks = append(p.Lacks, spot)
		}
	}
	slices.Sort(p.Lacks)
	r.several(&p)
	p.Small = r.yes("small", p.usuallySmall())
	return p, r.problems
}

type placeReader struct {
	typed    Typed
	problems []Problem
}

func (r *placeReader) wrong(field, reason string) {
	r.problems = append(r.problems, Problem{field, reason})
}

func (r *placeReader) fine(field string) bool {
	return !slices.ContainsFunc(r.problems, func(p Problem) bool { return p.Field == field })
}

// text reads a text in any script: composed, with single spaces, and without what
// could make a sheet show something else than it says.
func (r *placeReader) text(field string, most int) string {
	raw := r.typed[field]
	if strings.ToValidUTF8(raw, "") != raw {
		r.wrong(field, "is not written in UTF-8")
		return ""
	}
	text := strings.Join(strings.Fields(norm.NFC.String(raw)), " ")
	for _, c := range text {
		if unicode.IsControl(c) || hidden(c) {
			r.wrong(field, fmt.Sprintf("has a sign that cannot be seen (U+%04X); take it out", c))
			return ""
		}
	}
	if n := len([]rune(text)); n > most {
		r.wrong(field, fmt.Sprintf("has %d letters, and %d fit", n, most))
		return bulk.Cut(text, most)
	}
	return text
}

// hidden says whether a sign changes the order or the look of others without being
// seen: no sheet is printed with one that turns the order. Joiners are letters' own in some
// scripts and stay.
func hidden(c rune) bool {
	return c == 0x061C || c == 0x200E || c == 0x200F || c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069 || c == 0xFEFF || c == 0xFFFD || c == 0x200B || c >= 0xE0000 && c <= 0xE0FFF
}

// printed reads a text that stands on sheets, or beside one that does: it must not lead
// anybody to another address than the sheet's own.
func (r *placeReader) printed(field string, most int) string {
	text := r.text(field, most)
	plain := strings.ToLower(norm.NFKC.String(text))
	if strings.Contains(plain, "://") || strings.Contains(plain, "www.") {
		r.wrong(field, "has an address of the web; take it out")
	}
	return text
}

// named reads a name that stands on sheets: no number to call either.
func (r *placeReader) named(field string, most int) string {
	text := r.printed(field, most)
	if digitsInARow(text) >= numberLong {
		r.wrong(field, "has a number like one to call; take it out")
	}
	return text
}

// numberLong is how many digits a number has at least that somebody could call.
const numberLong = 7

// digitsInARow is how many digits follow each other at most, in any script, with nothing
// between them but what people write into numbers.
func digitsInARow(text string) (most int) {
	n := 0
	for _, c := range norm.NFKC.String(text) {
		switch {
		case unicode.IsDigit(c):
			n++
			most = max(most, n)
		case !unicode.IsSpace(c) && !unicode.Is(unicode.Pd, c) && !unicode.Is(unicode.Cf, c) && !strings.ContainsRune(".()+/·_", c):
			n = 0
		}
	}
	return most
}

// contact is an office. What looks like a person's own address or number is not
// taken: staff look people up where people are kept.
func (r *placeReader) contact() string {
	text := r.text("contact", longestName)
	if strings.Contains(text, "@") {
		r.wrong("contact", "is the name of an office, without an address and without a person's name")
	}
	return text
}

func (r *placeReader) yes(field string, otherwise bool) bool {
	switch strings.ToLower(strings.TrimSpace(r.typed[field])) {
	case "":
		return otherwise
	case "yes", "y", "true", "1":
		return true
	case "no", "n", "false", "0":
		return false
	}
	r.wrong(field, "is neither yes nor no")
	return otherwise
}

// point reads coordinates: both or none.
func (r *placeReader) point() *place.Point {
	lat, lon := strings.TrimSpace(r.typed["latitude"]), strings.TrimSpace(r.typed["longitude"])
	if lat == "" && lon == "" {
		return nil
	}
	read := func(field, text string, most float64) float64 {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || v < -most || v > most {
			r.wrong(field, fmt.Sprintf("is not a number of degrees from -%.0f to %.0f", most, most))
		}
		return v
	}
	p := place.Point{Lat: read("latitude", lat, 90), Lon: read("longitude", lon, 180)}
	if !r.fine("latitude") || !r.fine("longitude") {
		return nil
	}
	return &place.Point{Lat: math.Round(p.Lat*1e6) / 1e6, Lon: math.Round(p.Lon*1e6) / 1e6}
}

// where finds state and county: as they are named, or by the coordinates.
func (r *placeReader) where(p *Place, home string) {
	named, state := r.text("county", longestName), strings.ToUpper(r.text("state", 40))
	if state != "" {
		if _, ok := place.StateByCode(state); !ok {
			r.wrong("state", "is not a state's code like MS")
			return
		}
	}
	switch county, why := findCounty(named, state, home); {
	case why != "":
		r.wrong("county", why)
	case county.FIPS != "":
		p.County, p.State = county.FIPS, county.State().Code
		if state != "" && state != p.State {
			r.wrong("county", county.Name+" lies in "+county.State().Name)
		}
		if outline, ok := place.Shape(county.FIPS); ok && p.At != nil && outline.Away(p.At.Lat, p.At.Lon) > near {
			r.wrong("latitude", "latitude and longitude lie outside of "+county.Name+", "+county.State().Name)
		}
	case p.At == nil && moves(p.Kind):
		p.State = state
		if _, ok := place.StateByCode(home); ok && state == "" {
			p.State = home
		}
	case p.At == nil:
		r.wrong("county", "is missing: give the county, or latitude and longitude. Only a train, a bus or an aircraft can be without")
	default:
		r.located(p, state)
	}
}

// located finds the county by the coordinates.
func (r *placeReader) located(p *Place, state string) {
	county, ok := place.CountyAt(p.At.Lat, p.At.Lon)
	if state != "" {
		county, ok = place.CountyIn(state, p.At.Lat, p.At.Lon)
	}
	if !ok {
		r.wrong("county", "is missing, and latitude and longitude lie in no county"+map[bool]string{true: " of " + state}[state != ""])
		return
	}
	p.County, p.State = county.FIPS, county.State().Code
}

// findCounty reads a county by code or name; why says what is wrong with one that
// is not there.
func findCounty(named, state, home string) (county place.County, why string) {
	if named == "" {
		return place.County{}, ""
	}
	if c, ok := place.CountyByFIPS(named); ok {
		return c, ""
	}
	if at, err := place.ParsePlace(named); err == nil && at.County != "" {
		c, _ := place.CountyByFIPS(at.County)
		return c, ""
	}
	if state == "" {
		state = home
	}
	if c, ok := place.CountyByName(state, named); ok {
		return c, ""
	}
	return place.County{}, "is not a county of " + state + ", or the name of two; give its code like MS-28049"
}
