// SPDX-License-Identifier: Apache-2.0

package program

import (
	"encoding/json"
	"slices"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/place"
)

// Envelope is all that routing may know of a report. It is kept in clear, so it
// is a closed list, coarse in place and without time. Everything else is body.
type Envelope struct {
	Version  int         `json:"version"`
	Happened place.Place `json:"happened"` // where it happened
	Now      place.Place `json:"now"`      // where the person is now
	Lives    place.Place `json:"lives"`    // where the person lives
	Land     string      `json:"land"`     // ordinary, tribal, military, federal, unknown
	Age      string      `json:"age"`      // under18, adult, unsure
	Danger   bool        `json:"danger"`   // somebody is in danger now
	Kind     string      `json:"kind"`     // sex, labor, both, unsure
	Who      string      `json:"who"`      // me, known, saw, job
	Conflict []string    `json:"conflict"` // kinds of office that somebody reported on belongs to
	Missing  bool        `json:"missing"`  // a child is missing from foster care
	Mode     string      `json:"mode"`     // tip, help
	Consents []string    `json:"consents"` // help: offices the sender agreed to
	LeftOut  []string    `json:"left_out"` // tip: by-name-only offices the sender left out
	Language string      `json:"language"`
}

// The closed lists. Conflict is also the list of kinds that can be accused.
var (
	modes     = []string{Tip, Help}
	ages      = []string{"under18", "adult", "unsure"}
	kinds     = []string{"sex", "labor", "both", "unsure"}
	speakers  = []string{"me", "known", "saw", "job"}
	lands     = []string{"ordinary", "tribal", "military", "federal", "unknown"}
	conflicts = []string{"police", "child_protection", "foster_care", "court", "helper"}
)

// Child says whether the person counts as a child: under 18, not known to be
// adult, or missing from foster care.
func (e Envelope) Child() bool { return e.Age != "adult" || e.Missing }

// ConsentsCount says whether what the sender agreed to can count. Nobody
// consents for another adult, nor for somebody who may be one.
func (e Envelope) ConsentsCount() bool {
	return e.Mode == Help && (e.Who == "me" || e.Age == "under18")
}

// Marshal writes the envelope's one spelling as JSON: lists sorted and never
// null, every field present.
func (e Envelope) Marshal() ([]byte, error) {
	e.Conflict, e.Consents, e.LeftOut = sortedSet(e.Conflict), sortedSet(e.Consents), sortedSet(e.LeftOut)
	out, err := json.Marshal(e)
	return out, fault.Wrap(err, "writing an envelope")
}

// ParseEnvelope reads what Marshal wrote.
func ParseEnvelope(data []byte) (Envelope, error) {
	var e Envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return Envelope{}, fault.Wrap(err, "reading an envelope")
	}
	return e, nil
}

func sortedSet(list []string) []string {
	out := append([]string{}, list...)
	slices.Sort(out)
	return slices.Compact(out)
}

// Validate tells whether the envelope is one that this program can route. The
// fault names the field and never repeats its content.
func (e Envelope) Validate(p *Program) error {
	if e.Version != EnvelopeVersion {
		return refuse("version", "envelope_version", "This version of the envelope is not known.")
	}
	closed := []struct {
		field, value string
		list         []string
	}{
		{"mode", e.Mode, modes}, {"age", e.Age, ages}, {"kind", e.Kind, kinds},
		{"who", e.Who, speakers}, {"land", e.Land, lands}, {"language", e.Language, p.Languages},
	}
	for _, c := range closed {
		if !slices.Contains(c.list, c.value) {
			return refuse(c.field, "unknown_option", "This answer is not one of the choices.")
		}
	}
	for _, c := range e.Conflict {
		if !slices.Contains(conflicts, c) {
			return refuse("conflict", "unknown_option", "This answer is not one of the choices.")
		}
	}
	for _, at := range e.places() {
		if _, err := place.ParsePlace(at.place.String()); err != nil {
			return refuse(at.field, "unknown_place", "There is no such state or county.")
		}
	}
	return e.validateOffices(p)
}

// placeField is one of the envelope's places, by the name of its question.
type placeField struct {
	field string
	place *place.Place
}

func (e *Envelope) places() []placeField {
	return []placeField{{"happened", &e.Happened}, {"now", &e.Now}, {"lives", &e.Lives}}
}

func (e Envelope) validateOffices(p *Program) error {
	for _, id := range e.Consents {
		if o, ok := p.Offices[id]; !ok || !o.Pickable() {
			return refuse("consents", "unknown_office", "This office cannot be picked.")
		}
	}
	for _, id := range e.LeftOut {
		if o, ok := p.Offices[id]; !ok || !o.ByNameOnly {
			return refuse("left_out", "cannot_leave_out", "This office cannot be left out.")
		}
	}
	return nil
}

func refuse(field, code, message string) error {
	return fault.New(fault.Invalid, code, message).At(field)
}
