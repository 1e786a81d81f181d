// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/poster"
)

// State is where a placement stands.
type State string

// The states. A sheet in one of the last two is gone for good.
const (
	Planned   State = "planned"
	Printed   State = "printed"
	Up        State = "up"
	Missing   State = "missing"
	Defaced   State = "defaced"
	Stickered State = "stickered" // something was put over its code
	Replaced  State = "replaced"
	Removed   State = "removed"
)

// States lists the states in the order of a placement's life.
func States() []State {
	return []State{Planned, Printed, Up, Missing, Defaced, Stickered, Replaced, Removed}
}

// leads says which states a person can bring a placement into. Replaced is not among
// them: that happens when what takes its place is put up.
var leads = map[State][]State{
	Planned:   {Printed, Up, Removed},
	Printed:   {Up, Removed},
	Up:        {Missing, Defaced, Stickered, Removed},
	Missing:   {Up, Removed},
	Defaced:   {Up, Missing, Stickered, Removed},
	Stickered: {Up, Missing, Defaced, Removed},
}

// Gone says whether nothing hangs there any more, nor will.
func (s State) Gone() bool { return s == Replaced || s == Removed }

// hung says whether the sheet has been put up and not taken away on purpose.
func (s State) hung() bool { return s == Up || s == Missing || s == Defaced || s == Stickered }

// broken says whether a sheet that should hang there does not, or not as it should.
func (s State) broken() bool { return s == Missing || s == Defaced || s == Stickered }

// Placement is a notice at a spot of a place.
type Placement struct {
	Program         string
	ID              store.ID
	Place           Place
	Spot            string // of [program.NoticeSpots]
	Label           string // which one, where the place has several; "" where it has one
	Notice, Version string
	Languages       []string // sorted
	Paper           string   // of Papers
	Code            Code
	CodeOn          bool
	Held            bool // somebody doubts its code, and a supervisor must look; only pages ask
	State           State
	Slot            string   // what may be there once; "" when gone
	Replaces        store.ID // the sheet whose place it takes once it is put up
	PutUpOn         time.Time
	PutUpBy         string
	SeenAt          time.Time // when it was last seen as it should be
	LookedAt        time.Time // when somebody last looked for it
	MadeAt          time.Time
	MadeBy          string
	Row             int64 // the row's version
}

// Papers are the sizes that sheets are printed in.
func Papers() []string {
	return []string{"letter", "tabloid", "11x15", "a4", "card", "sticker", paperScreen}
}

// large says whether a paper is as large as a notice asks for.
func large(paper string, n program.Notice) bool {
	size, ok := poster.SizeOf(paper)
	return ok && n.Paper.Fits(size.Paper())
}

// usualPaper is what a notice is printed on unless somebody chooses: letter, and where that
// is too small the smallest paper that is not.
func usualPaper(n program.Notice) string {
	best, area := Papers()[0], math.Inf(1)
	if large(best, n) {
		return best
	}
	for _, name := range Papers() {
		size, ok := poster.SizeOf(name)
		if a := size.Width * size.Height; ok && size.Pixels == 0 && a < area && large(name, n) {
			best, area = name, a
		}
	}
	return best
}

// where is the spot in words.
func (p Placement) where() string { return spotName(p.Spot, p.Label) }

// slot is what can hang somewhere once.
func (p Placement) slot() string {
	parts := []string{p.Place.ID.String(), p.Spot, p.Notice, strings.Join(p.Languages, " ")}
	if p.Label != "" {
		parts = append(parts, folded(p.Label))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// next is the slot of what is to take a sheet's place.
const next = "/next"

// Step brings a placement into another state. day is when a sheet was put up, ""
// for today.
func (s *Service) Step(ctx context.Context, m identity.Member, id store.ID, version int64, to State, day string) error {
	if err := s.may(m, policy.ChangePlacements); err != nil {
		return err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		on, err := dayOf(day, tx.Now(), pack.Zone)
		if err != nil {
			return err
		}
		p, err := placementByID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		if p.Row != version {
			return ErrMoved
		}
		if !slices.Contains(leads[p.State], to) {
			return ErrState
		}
		if err := s.move(ctx, tx, p, to, on, m.Actor()); err != nil {
			return err
		}
		log(tx, m.Program, "placement."+string(to), recordOf(id), m.Actor())
		return nil
	})
}

const longAgo = 2 * 366 * 24 * time.Hour

// dayOf reads a day of the program as its noon; it is kept as an instant.
func dayOf(text string, now time.Time, zone *time.Location) (time.Time, error) {
	today := now.In(zone)
	if text == "" {
		text = today.Format(time.DateOnly)
	}
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil || day.After(now) || now.Sub(day) > longAgo {
		return time.Time{}, ErrDay
	}
	return noonOf(day, zone), nil
}

// noonOf is the noon of the day that a moment falls on.
func noonOf(at time.Time, zone *time.Location) time.Time {
	y, m, d := at.In(zone).Date()
	return time.Date(y, m, d, 12, 0, 0, 0, zone)
}

// move makes a step with all that follows from it, within a transaction whose caller
// logs it.
func (s *Service) move(ctx context.Context, tx *store.Tx, p Placement, to State, on time.Time, by string) error {
	if to == Up {
		if err := s.putUp(ctx, tx, &p, on, tx.Now(), by); err != nil {
			return err
		}
		return updatePlacement(tx, p)
	}
	p.State = to
	switch to {
	case Removed:
		p.Slot = ""
		if _, err := s.codeOff(ctx, tx, &p, by); err != nil {
			return err
		}
		if err := closeTasks(ctx, tx, p, "dropped", by); err != nil {
			return err
		}
	case Stickered, Missing, Defaced:
		if to == Stickered {
			if _, err := s.codeOff(ctx, tx, &p, by); err != nil {
				return err
			}
		}
		if err := openTask(ctx, tx, p, string(to), "step:"+fmt.Sprint(p.Row)); err != nil {
			return err
		}
	}
	return updatePlacement(tx, p)
}

// putUp puts a sheet up, as it was seen at a moment. What could stand in its way is
// found before anything is written.
func (s *Service) putUp(ctx context.Context, tx *store.Tx, p *Placement, on, at time.Time, by string) error {
	now := *p
	now.State, now.PutUpOn, now.PutUpBy, now.SeenAt, now.LookedAt = Up, on, by, at, at
	if !p.Replaces.IsZero() && !p.State.hung() {
		if err := s.takeOver(ctx, tx, &now, by); err != nil {
			return err
		}
	}
	*p = now
	return closeBroken(ctx, tx, now, by)
}

// closeBroken closes what was to be done about a sheet that did not hang as it should.
func closeBroken(ctx context.Context, tx *store.Tx, p Placement, by string) error {
	for _, reason := range []string{string(Missing), string(Defaced), string(Stickered)} {
		if err := closeTask(ctx, tx, p, reason, "done", by); err != nil {
			return err
		}
	}
	return nil
}

// takeOver lets the old sheet be replaced by this one.
func (s *Service) takeOver(ctx context.Context, tx *store.Tx, p *Placement, by string) error {
	old, err := placementByID(ctx, tx, p.Program, p.Replaces)
	if err != nil {
		return err
	}
	p.Slot = p.slot()
	twin, err := bySlot(ctx, tx, p.Program, p.Slot)
	if err != nil {
		return err
	}
	if !twin.ID.IsZero() && twin.ID != old.ID {
		return ErrTwin // the old one was removed, and something else was planned there since
	}
	if old.State.Gone() {
		return nil
	}
	old.State, old.Slot = Replaced, ""
	if _, err := s.codeOff(ctx, tx, &old, by); err != nil {
		return err
	}
	if err := closeTasks(ctx, tx, old, "done", by); err != nil {
		return err
	}
	return updatePlacement(tx, old)
}

// codeOff switches the sheet's code off, if it has one, and says whether it was on. What
// this room remembers of it is no reason to leave it alone: somebody may have switched
// it on where codes are kept.
func (s *Service) codeOff(ctx context.Context, tx *store.Tx, p *Placement, by string) (was bool, err error) {
	if s.Codes == nil || p.Code.ID.IsZero() {
		return false, nil
	}
	on, err := s.Codes.On(ctx, tx, p.Program, p.Code.ID)
	if err != nil {
		return false, err
	}
	if err := closeTask(ctx, tx, *p, reasonHeld, "done", by); err != nil {
		return false, err
	}
	was, p.CodeOn = on || p.CodeOn, false
	return was, s.Codes.Switch(ctx, tx, p.Program, p.Code.ID, false, by)
}

// asCodesSay puts right whether the code of a placement is on, which the room of
// codes decides, and whether a supervisor must look at it. This room's own column is what it
// said last.
func (s *Service) asCodesSay(ctx context.Context, p *Placement) (err error) {
	if s.Codes != nil && !p.Code.ID.IsZero() {
		if p.CodeOn, err = s.Codes.On(ctx, s.DB, p.Program, p.Code.ID); err == nil {
			p.Held, err = held(ctx, s.DB, *p)
		}
	}
	return err
}

// SwitchCode turns a sheet's code on or off. That of a sheet that is gone, or under a
// sticker, stays off.
func (s *Service) SwitchCode(ctx context.Context, m identity.Member, id store.ID, on bool) error {
	if err := s.may(m, policy.ChangePlacements); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		p, err := placementByID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		if s.Codes == nil || p.Code.ID.IsZero() || on && (p.State.Gone() || p.State == Stickered) {
			return ErrState
		}
		p.CodeOn = on
		if err := s.Codes.Switch(ctx, tx, m.Program, p.Code.ID, on, m.Actor()); err != nil {
			return err
		}
		if err := closeTask(ctx, tx, p, reasonHeld, "done", m.Actor()); err != nil {
			return err
		}
		if on {
			if err := closeTask(ctx, tx, p, reasonCode, "done", m.Actor()); err != nil {
				return err
			}
		}
		if err := updatePlacement(tx, p); err != nil {
			return err
		}
		log(tx, m.Program, map[bool]string{true: "placement.code_on", false: "placement.code_off"}[on], recordOf(id), m.Actor())
		return nil
	})
}

// Prepare plans the sheet that is to take a placement's place: of the notice's
// version of today, with a code of its own. The old one stays what it is until the
// new one is put up.
func (s *Service) Prepare(ctx context.Context, m identity.Member, id store.ID) (Placement, error) {
	if err := s.may(m, policy.ChangePlacements); err != nil {
		return Placement{}, err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return Placement{}, err
	}
	var out Placement
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		old, err := placementByID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		if out, err = s.succeed(ctx, tx, pack, old, m.Actor()); err != nil {
			return err
		}
		log(tx, m.Program, "placement.planned", recordOf(out.ID), m.Actor())
		return nil
	})
	return out, err
}

// succeed plans what takes a sheet's place. One that is planned already is refused.
func (s *Service) succeed(ctx context.Context, tx *store.Tx, pack *program.Program, old Placement, by string) (Placement, error) {
	notice, ok := pack.Notice(old.Notice)
	if !ok || old.State == Planned || old.State.Gone() || !old.Place.Active {
		return Placement{}, ErrState
	}
	p := Placement{Program: old.Program, ID: store.NewID(), Place: old.Place, Spot: old.Spot, Label: old.Label, Notice: notice.ID, Version: notice.Version, Languages: old.Languages,
		Paper: old.Paper, State: Planned, Replaces: old.ID, MadeAt: tx.Now(), MadeBy: by, Row: 1}
	if !large(p.Paper, notice) { // the new version may ask for more
		p.Paper = usualPaper(notice)
	}
	p.Slot = p.slot() + next
	twin, err := bySlot(ctx, tx, old.Program, p.Slot)
	if err != nil {
		return Placement{}, err
	}
	if !twin.ID.IsZero() {
		return Placement{}, ErrTwin
	}
	return s.insert(ctx, tx, p)
}

// Get finds a placement.
func (s *Service) Get(ctx context.Context, m identity.Member, id store.ID) (Placement, error) {
	if err := s.may(m, policy.ReadPlacements); err != nil {
		return Placement{}, err
	}
	return placementByID(ctx, s.DB, m.Program, id)
}
