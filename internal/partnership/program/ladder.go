// SPDX-License-Identifier: Apache-2.0

package program

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Whom a rung tells. What else may stand there is a role of the office that
// holds the report: see officeRoles.
const (
	OnDuty   = "on_duty"  // whoever the holder's roster says is on
	StandIn  = "stand_in" // their stand-ins
	TheDesk  = "desk"     // whoever is on at a desk that may know of the report
	TheNamed = "named"    // the program's named persons: there is always somebody
)

// officeRoles are the roles of one office's people; package policy gives them
// their meaning, and a test of referral holds the two together.
var officeRoles = []string{"member", "supervisor", "agency_admin"}

// Tellable lists whom a rung can tell.
func Tellable() []string { return append([]string{OnDuty, StandIn, TheDesk, TheNamed}, officeRoles...) }

// ByPolicy is the citation of what no law sets: the program decided it.
const ByPolicy = "policy of the program"

// Ladders say who is told, and when, of what waits too long.
type Ladders struct {
	Ordinary, Danger Ladder
	Reminder         Moment // when an office is reminded, once, of a duty of its own
}

// For is the ladder of a duty.
func (l Ladders) For(danger bool) Ladder {
	if danger {
		return l.Danger
	}
	return l.Ordinary
}

// Sum names the ladders' rungs and times.
func (l Ladders) Sum() string {
	h := sha256.New()
	for _, one := range []Ladder{l.Ordinary, l.Danger} {
		fmt.Fprintln(h, one.First, one.Rungs, one.Opened, one.Repeat)
	}
	return hex.EncodeToString(h.Sum(nil))[:20]
}

// Ladder is who is told of a duty that waits, rung by rung. Rungs are counted
// from 1; 0 is the first notice.
type Ladder struct {
	First  []string // told with the first notice, at once
	Rungs  []Rung
	Opened Span          // how much time there is, at least, from opening a report to taking it on
	Repeat time.Duration // how often the last rung is told again

	Citation, CheckedOn, CheckedBy string
	Basis                          []string // ids of laws
}

// Rung is one step of a ladder.
type Rung struct {
	Tell []string
	When Moment
}

// String is a rung as the database keeps it: "supervisor+desk".
func (r Rung) String() string { return strings.Join(r.Tell, "+") }

// The events that a rung's time is counted from.
const (
	FromStart = "start" // of the present wait
	FromLate  = "late"  // when the duty is late
	FromLast  = "last"  // when the rung before is told
)

// Moment is a time before or after an event.
type Moment struct {
	Span   Span
	Before bool
	From   string
}

// Span is a length of time: fixed, or a share of another one within bounds. It
// is always of whole microseconds, so that a database reckons it alike.
type Span struct {
	Percent     int // 0: fixed
	Fixed       time.Duration
	Least, Most time.Duration // of a share; 0: none
}

// Of is the span where its share is of whole.
func (s Span) Of(whole time.Duration) time.Duration {
	if s.Percent == 0 {
		return s.Fixed
	}
	d := time.Duration(whole.Microseconds()*int64(s.Percent)/100) * time.Microsecond
	if d = max(d, s.Least); s.Most > 0 {
		d = min(d, s.Most)
	}
	return d
}

// Wait is a duty that waits: since when, until when it is not late, and the
// limit that the pack gives it.
type Wait struct {
	Began, Late time.Time
	Limit       time.Duration
}

// in is the moment in a wait, where the rung before is told at last. What lies
// before late is a share of the wait, everything else one of the limit.
func (m Moment) in(w Wait, last time.Time) time.Time {
	switch {
	case m.Before:
		at := w.Late.Add(-m.Span.Of(w.Late.Sub(w.Began)))
		if at.Before(w.Began) {
			at = w.Began
		}
		return at
	case m.From == FromStart:
		return w.Began.Add(m.Span.Of(w.Limit))
	case m.From == FromLast:
		return last.Add(m.Span.Of(w.Limit))
	}
	return w.Late.Add(m.Span.Of(w.Limit))
}

// In is the moment in a wait.
func (m Moment) In(w Wait) time.Time { return m.in(w, w.Began) }

// At says when a rung is told. No rung is told before the one below it,
// whatever the limit.
func (l Ladder) At(rung int, w Wait) time.Time {
	at := w.Began
	for _, r := range l.Rungs[:min(max(rung, 0), len(l.Rungs))] {
		if next := r.When.in(w, at); next.After(at) {
			at = next
		}
	}
	return at
}

// Last is the number of the last rung.
func (l Ladder) Last() int { return len(l.Rungs) }

// Tells is whom a rung tells; 0 is the first notice, and what lies beyond the
// last rung is the last one again.
func (l Ladder) Tells(rung int) []string {
	switch {
	case rung <= 0:
		return l.First
	case len(l.Rungs) == 0:
		return []string{TheNamed}
	}
	return l.Rungs[min(rung, len(l.Rungs))-1].Tell
}

// Below is the rung under the first one that tells any of these: from it the
// ladder goes on with them.
func (l Ladder) Below(who ...string) int {
	i := slices.IndexFunc(l.Rungs, func(r Rung) bool {
		return slices.ContainsFunc(r.Tell, func(told string) bool { return slices.Contains(who, told) })
	})
	if i < 0 {
		i = len(l.Rungs) - 1
	}
	return max(i, 0)
}

// Upto writes down the rungs up to one, as Stand reads them.
func (l Ladder) Upto(rung int) string {
	var all []string
	for _, r := range l.Rungs[:min(max(rung, 0), len(l.Rungs))] {
		all = append(all, r.String())
	}
	return strings.Join(all, ",")
}

// Stand is the rung on which something stands that climbed the rungs written
// down, perhaps those of another ladder: the last one up to which nobody is left
// out. Whoever a rung names must have been told, and after those below.
func (l Ladder) Stand(climbed string) int {
	if climbed == "" {
		return 0
	}
	old := strings.Split(climbed, ",")
	for i, r := range l.Rungs {
		at := slices.IndexFunc(old, func(text string) bool {
			told := strings.Split(text, "+")
			return !slices.ContainsFunc(r.Tell, func(who string) bool { return !slices.Contains(told, who) })
		})
		if at < 0 {
			return i
		}
		old = old[at+1:]
	}
	return len(l.Rungs)
}

// built is the ladder of a pack that has none, nor its base.
//
//go:embed ladder.yaml
var built []byte
