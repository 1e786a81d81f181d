// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"slices"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Held is a report as one office holds it: what another room needs in order to
// follow something up there, with the people and by the clocks of this one.
type Held struct {
	Program  string
	Report   store.ID
	Office   string
	Mode     string // tip or help
	Danger   bool
	Test     bool
	Canary   bool // a test that the program sent itself: nobody is told of anything about it
	Relay    bool // the office is a desk that passes the report on
	Conflict []string
	Limit    time.Duration // the shortest time that the office has by its duties
	ladder   program.Ladder
}

// longestAnswer is how long anything that a sender wrote may wait, whatever the
// duties say.
const longestAnswer = 24 * time.Hour

// Holds says whether the member may see the report: nil, or ErrNotFound for one
// that is not there, is not the office's, accuses it, or from which the office
// or the member stepped back.
func (s *Service) Holds(ctx context.Context, m identity.Member, id store.ID) error {
	return s.HoldsIn(ctx, s.db, m, id)
}

// HoldsIn is Holds as a transaction sees it, for what must still be so when it
// is kept.
func (s *Service) HoldsIn(ctx context.Context, q store.Reader, m identity.Member, id store.ID) error {
	_, err := s.mine(ctx, q, m, id)
	return err
}

// Held gives a report as an office holds it now, or ErrNotFound.
func (s *Service) Held(ctx context.Context, programID string, id store.ID, office string) (Held, error) {
	return s.HeldIn(ctx, s.db, programID, id, office)
}

// HeldIn is Held as a transaction sees it.
func (s *Service) HeldIn(ctx context.Context, q store.Reader, programID string, id store.ID, office string) (Held, error) {
	p, ok := s.programs.Program(programID)
	if !ok {
		return Held{}, ErrNotFound
	}
	o, ok := p.Offices[office]
	if !ok {
		return Held{}, ErrNotFound
	}
	all, err := ofReport(ctx, q, programID, id, "holder = $3 and origin <> 'reminder' order by order_at, id", office)
	if err != nil {
		return Held{}, err
	}
	anybody := identity.Member{Program: programID, Office: office, Roles: []string{identity.RoleMember}}
	all = slices.DeleteFunc(all, func(r Referral) bool { return !sees(anybody, o, r) })
	if len(all) == 0 {
		return Held{}, ErrNotFound
	}
	h := Held{Program: programID, Report: id, Office: office, Mode: all[0].Mode, Test: all[0].Test, Canary: all[0].Origin == OriginCanary,
		Conflict: all[0].Conflict, Relay: true, Limit: longestAnswer}
	for _, r := range all {
		h.Danger, h.Relay = h.Danger || r.Danger, h.Relay && r.Relay
		if r.Limit > 0 {
			h.Limit = min(h.Limit, r.Limit)
		}
	}
	h.ladder = p.Ladders.For(h.Danger)
	return h, nil
}

// waits is something that waits at an office, as the ladder knows it.
func (h Held) waits(began, due time.Time) Referral {
	return Referral{Program: h.Program, Report: h.Report, Origin: OriginDuty, Recipient: h.Office, Holder: h.Office, Relay: h.Relay, Mode: h.Mode,
		Danger: h.Danger, Test: h.Test, Conflict: h.Conflict, Limit: h.Limit, State: Waiting, Started: began, Due: due}
}

// Begin is when the first rung is due for something that began to wait; the
// first notice has been told.
func (h Held) Begin(began, due time.Time) (next time.Time) {
	return h.waits(began, due).rungTime(h.ladder, 1)
}

// Next is when somebody is told again after a rung was told at a time: the next
// rung, or the last one once more.
func (h Held) Next(rung int, began, due, at time.Time) time.Time {
	return h.waits(began, due).nextTime(h.ladder, rung, at)
}

// Grace is how much more time there is once somebody looked.
func (h Held) Grace() time.Duration { return h.ladder.Opened.Of(h.Limit) }

// Stands is the rung on which something stands that climbed those that Upto
// wrote down, perhaps of a ladder that the pack had before. What is older than
// that has only the number of its rung.
func (h Held) Stands(told string, level int) int { return h.ladder.Stand(climbed(told, level)) }

// Upto writes down the rungs up to one.
func (h Held) Upto(rung int) string { return h.ladder.Upto(rung) }

// Repeats is the longest that whoever was told last waits before being told
// again: zero below the last rung.
func (h Held) Repeats(rung int) time.Duration {
	if rung < h.ladder.Last() {
		return 0
	}
	return h.ladder.Repeat
}

// Climb is the first rung from rung on that somebody stands on, and who. Nobody
// is among them who must not know of the report.
func (s *Service) Climb(ctx context.Context, h Held, rung int, at time.Time) (int, []identity.Member, error) {
	return s.climbFrom(ctx, h, rung, h.ladder.Tells(rung), at)
}

// OnDuty is who is on duty at the office, or else whoever comes next on its
// ladder, and on which rung.
func (s *Service) OnDuty(ctx context.Context, h Held, at time.Time) (int, []identity.Member, error) {
	rung, who, err := s.climbFrom(ctx, h, 0, []string{program.OnDuty}, at)
	return max(rung, 1), who, err
}

func (s *Service) climbFrom(ctx context.Context, h Held, rung int, tell []string, at time.Time) (int, []identity.Member, error) {
	r := h.waits(at, at)
	rung = min(rung, h.ladder.Last())
	who, err := s.reach(ctx, r, tell, at)
	if err != nil || len(who) > 0 {
		return rung, who, err
	}
	if rung, err = s.manned(ctx, r, rung+1, at); err != nil {
		return rung, nil, err
	}
	who, err = s.reach(ctx, r, h.ladder.Tells(rung), at)
	return rung, who, err
}

// Tell mails one person that something waits, in the words of every notice of
// this room: they name no report, no topic and no number.
func (s *Service) Tell(ctx context.Context, m identity.Member, rung int) error {
	return fault.Wrap(s.mail.Send(ctx, s.message(Referral{Origin: OriginDuty}, m, rung)), "mailing a notice")
}

// Letter is a report of which something that its sender wrote waits at an office.
type Letter struct {
	Report store.ID
	Office string
	New    int  // messages that nobody at the office opened
	Late   bool // somebody should have answered by now
}

// Letters is what this room needs from the room that carries messages: what
// waits at an office, or at every office for "", the oldest first.
type Letters interface {
	Waiting(ctx context.Context, programID, office string) ([]Letter, error)
}

// AttachLetters lets the lists show messages. Call it before anything is served.
func (s *Service) AttachLetters(l Letters) { s.letters = l }

// waitingFor lists what waits at the member's office and, for a desk that asks,
// what is late at the others.
func (s *Service) waitingFor(ctx context.Context, m identity.Member, elsewhere bool) ([]Letter, error) {
	if s.letters == nil {
		return nil, nil
	}
	office := m.Office
	if elsewhere {
		office = ""
	}
	all, err := s.letters.Waiting(ctx, m.Program, office)
	all = slices.DeleteFunc(all, func(l Letter) bool { return l.Office != m.Office && !l.Late })
	return all, fault.Wrap(err, "asking for messages")
}

// lettersOf counts, by report, what waits at an office.
func (s *Service) lettersOf(ctx context.Context, programID, office string) (map[store.ID]Letter, error) {
	if s.letters == nil {
		return nil, nil
	}
	all, err := s.letters.Waiting(ctx, programID, office)
	if err != nil {
		return nil, fault.Wrap(err, "asking for messages")
	}
	out := make(map[store.ID]Letter, len(all))
	for _, l := range all {
		out[l.Report] = l
	}
	return out, nil
}
