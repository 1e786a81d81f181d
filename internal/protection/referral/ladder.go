// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
)

// ladder is the one that r stands on, as the pack in force has it.
func (s *Service) ladder(r Referral) program.Ladder { return s.ladders(r.Program).For(r.Danger) }

func (s *Service) ladders(programID string) program.Ladders {
	if p, ok := s.programs.Program(programID); ok {
		return p.Ladders
	}
	return program.Ladders{}
}

// wait is the present wait: when it began and when it is late. Until the report
// is opened (or done) that is the duty itself. Opened but not acknowledged is
// late at the same time, or so long after the opening as the pack says if that
// is later.
func (r Referral) wait(l program.Ladder) program.Wait {
	w := program.Wait{Began: r.Started, Late: r.Due, Limit: r.Limit}
	if r.State != Opened {
		return w
	}
	w.Began = r.OpenedAt
	if grace := r.OpenedAt.Add(l.Opened.Of(r.Limit)); grace.After(w.Late) {
		w.Late = grace
	}
	return w
}

// rungTime says when the rung is due for r as it stands, or zero when no clock runs.
func (r Referral) rungTime(l program.Ladder, rung int) time.Time {
	if r.Due.IsZero() || r.Origin == OriginReminder {
		return time.Time{}
	}
	return l.At(rung, r.wait(l))
}

// nextTime is when whoever comes after the rung is told: the next rung, or the last
// one again.
func (r Referral) nextTime(l program.Ladder, rung int, now time.Time) time.Time {
	if rung >= l.Last() {
		return now.Add(l.Repeat)
	}
	return r.rungTime(l, rung+1)
}

// Overdue reports whether somebody should have acted on r by now. Lateness is
// the same in SQL.
func (r Referral) Overdue(l program.Ladders, now time.Time) bool {
	if !r.Open() || r.Origin == OriginReminder || r.Origin == OriginCanary || r.Due.IsZero() {
		return false
	}
	return store.Micros(r.wait(l.For(r.Danger)).Late) < store.Micros(now)
}

// lateness is Overdue in SQL, with $2 as now in microseconds.
func lateness(l program.Ladders) string {
	return "origin not in ('reminder', 'canary') and due < $2 and (state in ('waiting', 'cannot_open', 'taken', 'recused') or (state = 'opened' and " +
		"opened_at + case when urgency = 0 then " + spanSQL(l.Danger.Opened) + " else " + spanSQL(l.Ordinary.Opened) + " end < $2))"
}

// spanSQL is program.Span.Of of a row's limit. The numbers are the pack's, which
// has only whole microseconds.
func spanSQL(s program.Span) string {
	if s.Percent == 0 {
		return fmt.Sprint(s.Fixed.Microseconds())
	}
	share := fmt.Sprintf("span * %d / 100", s.Percent)
	out := fmt.Sprintf("case when %s < %d then %d", share, s.Least.Microseconds(), s.Least.Microseconds())
	if s.Most > 0 {
		out += fmt.Sprintf(" when %s > %d then %d", share, s.Most.Microseconds(), s.Most.Microseconds())
	}
	return out + " else " + share + " end"
}

// firstRungs are the rungs that every program had before packs had ladders, by
// the number that stands in the database for them.
const firstRungs = "on_duty,stand_in,supervisor,desk,named"

// climbed is what r climbed, as program.Ladder.Upto writes it: what was written
// down, or, of a row that is older than the packs' ladders, what its number meant.
func climbed(told string, level int) string {
	if told != "" || level <= 0 {
		return told
	}
	all := strings.Split(firstRungs, ",")
	return strings.Join(all[:min(level, len(all))], ",")
}

// stands is the rung of the ladder on which r stands. Where r climbed another
// one, which the pack had before, it is the last rung up to which nobody is left
// out.
func (r Referral) stands(l program.Ladder) int { return l.Stand(climbed(r.Told, r.Level)) }

// onRung puts r on a rung.
func (r *Referral) onRung(l program.Ladder, rung int) { r.Level, r.Told = rung, l.Upto(rung) }

// belowDesk is the rung from which the ladder goes on with the desk.
func belowDesk(l program.Ladder) int { return l.Below(program.TheDesk, program.TheNamed) }

// beyondHolder is the rung from which the ladder goes on past those on duty and
// their stand-ins.
func beyondHolder(l program.Ladder) int {
	return l.Below(slices.DeleteFunc(program.Tellable(), func(who string) bool { return who == program.OnDuty || who == program.StandIn })...)
}

// toldWords says whom a rung told: "Supervisor, Desk".
func toldWords(rung string) string {
	var out []string
	for _, who := range strings.Split(rung, "+") {
		out = append(out, tellWords[who])
	}
	return strings.Join(out, ", ")
}

// lastTold is the last rung of those that were climbed, in words.
func lastTold(climbed string) string {
	return toldWords(climbed[strings.LastIndex(climbed, ",")+1:])
}

// told says whom an escalation told. A step that is older than the packs'
// ladders has only the number of its rung.
func (st Step) told() string {
	if st.Code == "" {
		return lastTold(climbed("", st.Level))
	}
	return toldWords(st.Code)
}
