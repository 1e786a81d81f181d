// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
)

// What somebody can find, and that they put a sheet up themselves.
const (
	FoundSeen = "seen"
	PutUp     = "put_up"
)

// Findings lists what somebody can find at a placement. That one puts a sheet up is none:
// figures count looks.
func Findings() []string {
	return []string{FoundSeen, string(Missing), string(Defaced), string(Stickered)}
}

// Opens lists the answers to whether the code opens the printed address.
func Opens() []string { return []string{"untried", "yes", "no"} }

// Entry is what somebody found, under a key of its own: sent again, it counts once.
type Entry struct {
	Key       string    `json:"key"`
	Placement store.ID  `json:"placement"`
	Found     string    `json:"found"`
	Opens     string    `json:"opens"`
	At        time.Time `json:"at"`
}

// Inspection is an entry that was taken.
type Inspection struct {
	ID, Placement, Round store.ID
	At, ReceivedAt       time.Time
	By, Found, Opens     string
	Effect               string // what followed, in words of those below
}

// What follows from an inspection. What became of its code stands before what became of
// the rest, where both did: "held taken".
const (
	effectCodeOff = "code_off" // the code was switched off
	effectHeld    = "held"     // the code stays on until a supervisor looks: see brakeAfter
	effectLate    = "late"     // a later look was known already, so that the state stays
	effectSame    = "same"     // of what was put up: it was up already, or is not in use any more
	effectTaken   = "taken"    // of what was put up: another sheet is at its spot
)

// Outcome says what became of an entry.
type Outcome struct {
	Key     string `json:"key"`
	State   State  `json:"state"`
	CodeOff bool   `json:"codeOff"` // switched off by this entry
	Held    bool   `json:"held"`    // it stays on: a supervisor must look
	Again   bool   `json:"again"`   // it had been counted before
	Late    bool   `json:"late"`    // a later look was known already
	Same    bool   `json:"same"`    // put up: it was up already, or is not in use any more
	Taken   bool   `json:"taken"`   // put up: another sheet is at its spot, so it does not count as put up
}

var entryKey = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)

// How far the time of an entry may lie from that of the server: a telephone's clock
// may be wrong, and may have been offline for a while.
const (
	clockAhead  = 10 * time.Minute
	offlineLong = 30 * 24 * time.Hour
)

// Whoever found so many codes to be switched off within a day switches none off any
// more: a telephone in wrong hands, or a link of the program that is down for a while, must not
// silence the codes of a whole state.
const (
	brakeAfter = 20
	brakeFor   = 24 * time.Hour
)

// Inspect takes one entry of a round.
func (s *Service) Inspect(ctx context.Context, m identity.Member, round store.ID, e Entry) (Outcome, error) {
	if err := s.may(m, policy.InspectPlacements); err != nil {
		return Outcome{}, err
	}
	if !entryKey.MatchString(e.Key) || e.Found != PutUp && !slices.Contains(Findings(), e.Found) || !slices.Contains(Opens(), e.Opens) {
		return Outcome{}, ErrEntry
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		out = Outcome{Key: e.Key}
		p, err := s.stop(ctx, tx, m.Program, round, e.Placement)
		if err != nil {
			return err
		}
		before, err := inspectionByEntry(ctx, tx, m.Program, e.Key)
		if err != nil {
			return err
		}
		if !before.ID.IsZero() {
			if before.Placement != e.Placement {
				return ErrEntry
			}
			out.State, out.Again = p.State, true
			out.followed(before.Effect)
			return nil
		}
		return s.take(ctx, tx, m, pack.Zone, round, p, e, &out)
	})
	return out, err
}

// followed says what followed from an entry.
func (o *Outcome) followed(effect string) {
	has := func(word string) bool { return slices.Contains(strings.Fields(effect), word) }
	o.CodeOff, o.Held, o.Late, o.Same, o.Taken = has(effectCodeOff), has(effectHeld), has(effectLate), has(effectSame), has(effectTaken)
}

// stop finds a placement of a round. One that is closed still takes what was found
// before: a telephone may have been offline.
func (s *Service) stop(ctx context.Context, tx *store.Tx, programID string, round, placement store.ID) (Placement, error) {
	ok, err := stopsAt(ctx, tx, programID, round, placement)
	if err != nil {
		return Placement{}, err
	}
	if !ok {
		return Placement{}, ErrNone
	}
	return placementByID(ctx, tx, programID, placement)
}

// take keeps an entry and does what follows from it.
func (s *Service) take(ctx context.Context, tx *store.Tx, m identity.Member, zone *time.Location, round store.ID, p Placement, e Entry, out *Outcome) error {
	at := e.At
	if at.IsZero() || at.After(tx.Now()) && !at.After(tx.Now().Add(clockAhead)) {
		at = tx.Now()
	}
	if at.After(tx.Now()) || tx.Now().Sub(at) > offlineLong {
		return ErrEntry.At("at")
	}
	i := Inspection{ID: store.NewID(), Placement: p.ID, Round: round, At: at.UTC().Truncate(time.Microsecond), ReceivedAt: tx.Now(), By: m.Actor(), Found: e.Found, Opens: e.Opens}
	late := !at.After(p.LookedAt) && !p.LookedAt.IsZero()
	if late {
		i.Effect = effectLate
	}
	if e.Found == PutUp && !late {
		var err error
		if i.Effect, err = s.putUpOnRound(ctx, tx, &p, i, zone); err != nil {
			return err
		}
	}
	if e.Opens == "no" || e.Found == string(Stickered) {
		effect, err := s.doubt(ctx, tx, &p, i)
		if err != nil {
			return err
		}
		i.Effect = strings.TrimSpace(effect + " " + i.Effect)
	}
	out.followed(i.Effect)
	if err := tx.Insert("placement_inspection", inspectionRow(p, i, e.Key)); err != nil {
		return err
	}
	if err := follow(ctx, tx, &p, i, late, m.Actor()); err != nil {
		return err
	}
	out.State = p.State
	log(tx, m.Program, "placement.inspected", recordOf(p.ID), m.Actor())
	return nil
}

// putUpOnRound puts a sheet up that somebody says they hung, and says why not.
func (s *Service) putUpOnRound(ctx context.Context, tx *store.Tx, p *Placement, i Inspection, zone *time.Location) (effect string, err error) {
	if !slices.Contains(leads[p.State], Up) {
		return effectSame, nil
	}
	err = s.putUp(ctx, tx, p, noonOf(i.At, zone), i.At, i.By)
	if errors.Is(err, ErrTwin) {
		return effectTaken, nil
	}
	return "", err
}

// doubt switches off the code of a sheet that somebody doubts, or asks a supervisor to
// look, and says which of the two. A sheet that is gone has no code to be on: there is nothing
// to look at.
func (s *Service) doubt(ctx context.Context, tx *store.Tx, p *Placement, i Inspection) (effect string, err error) {
	many, err := switchedOff(ctx, tx, p.Program, i.By, tx.Now().Add(-brakeFor))
	if err != nil {
		return "", err
	}
	if many < brakeAfter || p.State.Gone() || s.Codes == nil || p.Code.ID.IsZero() {
		was, err := s.codeOff(ctx, tx, p, i.By)
		return map[bool]string{true: effectCodeOff}[was], err
	}
	on, err := s.Codes.On(ctx, tx, p.Program, p.Code.ID)
	if err != nil || !on {
		return "", err
	}
	return effectHeld, openTask(ctx, tx, *p, reasonHeld, "inspection:"+i.ID.String()+":held")
}

// follow does what follows from an inspection. Of one that a later look overtook only
// what protects people: a code under suspicion opens a task.
func follow(ctx context.Context, tx *store.Tx, p *Placement, i Inspection, late bool, by string) error {
	if p.State.Gone() {
		return nil
	}
	mark := "inspection:" + i.ID.String()
	if i.Opens == "no" {
		if err := openTask(ctx, tx, *p, reasonCode, mark+":code"); err != nil {
			return err
		}
	}
	if !late && i.Found != PutUp {
		if err := found(ctx, tx, p, i, by, mark); err != nil {
			return err
		}
	} else if i.Found == string(Stickered) {
		if err := openTask(ctx, tx, *p, i.Found, mark); err != nil {
			return err
		}
	}
	return updatePlacement(tx, *p)
}

// found brings a placement into the state that somebody found it in.
func found(ctx context.Context, tx *store.Tx, p *Placement, i Inspection, by, mark string) error {
	if !p.State.hung() { // what was never put up cannot be missing
		return nil
	}
	p.LookedAt = i.At
	if i.Found == FoundSeen {
		p.SeenAt = i.At
		if p.State.broken() { // it hangs there again; a code that was switched off stays off
			if err := closeBroken(ctx, tx, *p, by); err != nil {
				return err
			}
		}
		p.State = Up
		return nil
	}
	p.State = State(i.Found)
	return openTask(ctx, tx, *p, i.Found, mark)
}
