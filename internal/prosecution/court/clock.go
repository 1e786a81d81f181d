// SPDX-License-Identifier: Apache-2.0

package court

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
)

// How a clock stands.
const (
	ClockOpen = "open"
	ClockDone = "done"
	ClockVoid = "void" // the step that began it was withdrawn
)

// Clock is a deadline of a case, as it was computed when it began.
type Clock struct {
	Matter    store.ID
	Entry     store.ID // the step that began it
	Deadline  string
	Defendant int
	Begins    Day
	Due       Day
	Computed  string // how, so that somebody can do it again
	Basis     []string
	LimitBy   string // law or policy
	Version   string // of the pack
	State     string
	EndedBy   store.ID
	EndedOn   Day
	Told      int // how often somebody was reminded: see remind.go
}

// Late says whether the day is over, or was when it was done.
func (c Clock) Late(today Day) bool {
	switch c.State {
	case ClockOpen:
		return c.Due < today
	case ClockDone:
		return c.EndedOn > c.Due
	}
	return false
}

// clocks are the deadlines that the steps of a case begin. A step that was
// withdrawn begins none.
func (p *Picture) clocks(c Case, law *program.Program) []Clock {
	var out []Clock
	for _, e := range p.entries {
		for _, d := range law.Courts.Deadlines {
			if d.Jurisdiction != c.Jurisdiction || !slices.Contains(d.Starts, string(e.Step)) || d.Trafficking && !p.charges(e, law) || d.Before && p.setBefore(e) {
				continue
			}
			out = append(out, p.clock(c, law, d, e))
		}
	}
	return out
}

// charges says whether the step is about somebody who was ever charged with trafficking.
func (p *Picture) charges(e *Entry, law *program.Program) bool {
	d := p.Defendants[e.Defendant]
	return d != nil && slices.ContainsFunc(d.Counts, func(c CountState) bool {
		s, _ := law.Statute(c.Statute)
		return s.Trafficking
	})
}

// setBefore says whether an earlier day had been set: the law counts from the first.
func (p *Picture) setBefore(e *Entry) bool {
	i := slices.IndexFunc(p.entries, func(o *Entry) bool { return o.Step == e.Step && o.Defendant == e.Defendant })
	return p.entries[i] != e
}

func (p *Picture) clock(c Case, law *program.Program, d program.Deadline, e *Entry) Clock {
	from, side := e.Day, "after"
	if d.Before {
		from, side = e.OtherDay, "before"
	}
	due, moved := law.Due(c.Jurisdiction, c.State, from.In(time.UTC), d.Days, d.Before)
	computed := fmt.Sprintf("%d days %s %s", d.Days, side, from.ISO())
	if len(moved) > 0 {
		computed += "; " + strings.Join(moved, "; ")
	}
	if c.State != law.State && c.Jurisdiction != law.State {
		computed += "; holidays of " + c.State + " are not in this pack"
	}
	clock := Clock{Matter: c.ID, Entry: e.ID, Deadline: d.ID, Defendant: e.Defendant, Begins: e.Day, Due: dayOf(due), Computed: computed, Basis: d.Basis,
		LimitBy: d.LimitBy, Version: law.Version, State: ClockOpen}
	for _, end := range p.entries {
		if slices.Contains(d.Ends, string(end.Step)) && (d.Before || end.Day >= e.Day) && end != e && end.concerns(e.Defendant) {
			clock.State, clock.EndedBy, clock.EndedOn = ClockDone, end.ID, end.Day
			break
		}
	}
	return clock
}

// concerns says whether a step is about a defendant, among others.
func (e *Entry) concerns(defendant int) bool {
	if len(e.Shares) > 0 {
		return defendant == 0 || slices.ContainsFunc(e.Shares, func(s Share) bool { return s.Defendant == defendant })
	}
	return e.Defendant == 0 || defendant == 0 || e.Defendant == defendant
}
