// SPDX-License-Identifier: Apache-2.0

package program

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The two kinds of duty that have a ladder each.
const (
	forOrdinary = "ordinary"
	forDanger   = "danger"
)

// What no ladder may go beyond: nobody is left alone with a report for longer
// than a week, and nobody is told so often that they stop reading it.
const (
	longestGap  = 7 * 24 * time.Hour
	shortRepeat = 15 * time.Minute
)

// aDay is how long an office has for what another one sent on and for what a
// sender wrote, whatever the duties say.
const aDay = 24 * time.Hour

// builtInFile stands for the file's name where the built-in ladder is at fault.
const builtInFile = "the built-in ladder"

// ladders takes the pack's ladders, or its base's, or the built-in ones.
func (b *builder) ladders() {
	file := b.own.ladder
	if file == nil {
		file = b.base.ladder
	}
	if file == nil {
		file = &ladderFile{}
		decode(built, builtInFile, file, b.wrong)
	}
	before := len(b.wrong.list)
	rows := map[string]ladderRow{}
	for _, row := range file.Ladders {
		if !b.among(row.At, "for", row.For, []string{forOrdinary, forDanger}) {
			continue
		}
		if first, ok := rows[row.For]; ok {
			b.wrong.add(row.At, "for: there is a ladder for %s already, in line %d", row.For, first.At.line)
			continue
		}
		rows[row.For] = row
		if row.For == forDanger {
			b.p.Ladders.Danger = b.ladder(row)
		} else {
			b.p.Ladders.Ordinary = b.ladder(row)
		}
	}
	for _, kind := range []string{forOrdinary, forDanger} {
		if _, ok := rows[kind]; !ok {
			b.wrong.add(file.At, "ladders: there is none for %s", kind)
		}
	}
	if m, ok := b.moment(file.At, "reminder", file.Reminder, "", ""); ok {
		if b.p.Ladders.Reminder = m; !m.Before {
			b.wrong.add(file.At, "reminder: an office is reminded before its duty is late, as in `25%% before late`")
		}
	}
	if len(b.wrong.list) == before {
		b.ordered(rows)
		b.faster(rows)
	}
}

// ladder resolves one ladder and refuses what no limit makes good.
func (b *builder) ladder(row ladderRow) Ladder {
	l := Ladder{First: row.First, Citation: row.Citation, CheckedOn: row.CheckedOn, CheckedBy: row.CheckedBy, Basis: row.Basis}
	b.ladderBasis(row)
	b.tell(row.At, "first", row.First)
	if !slices.Contains(row.First, OnDuty) {
		b.wrong.add(row.At, "first: whoever is on duty (on_duty) gets the first notice")
	}
	l.Opened, _ = b.span(row.Opened.At, "opened", row.Opened.Within, row.Opened.Least, row.Opened.Most)
	b.bounded(row.Opened.At, "opened", l.Opened)
	for _, r := range row.Rungs {
		b.tell(r.At, "tell", r.Tell)
		m, ok := b.moment(r.At, "when", r.When, r.Least, r.Most)
		if ok && !m.Before {
			b.bounded(r.At, "when", m.Span)
		}
		l.Rungs = append(l.Rungs, Rung{Tell: r.Tell, When: m})
	}
	switch n := len(row.Rungs); {
	case n == 0:
		b.wrong.add(row.At, "rungs: the ladder for %s has none", row.For)
	case !slices.Contains(row.Rungs[n-1].Tell, TheNamed):
		b.wrong.add(row.Rungs[n-1].At, "tell: the last rung tells the named persons (named): of all others there may be nobody")
	}
	l.Repeat = b.limit(row.At, "repeat", row.Repeat)
	if l.Repeat > 0 && (l.Repeat < shortRepeat || l.Repeat > longestGap) {
		b.wrong.add(row.At, "repeat: %s is not between %s and %s", row.Repeat, limitText(shortRepeat), limitText(longestGap))
	}
	return l
}

// ladderBasis asks what a ladder rests on, and who looked.
func (b *builder) ladderBasis(row ladderRow) {
	law := false
	for _, id := range row.Basis {
		l, ok := b.p.Laws[id]
		if !ok {
			b.wrong.add(row.At, "basis: there is no law or policy %q in laws.yaml", id)
		}
		law = law || l.Kind == "law"
	}
	if row.Citation != ByPolicy && !law {
		b.wrong.add(row.At, "citation: %q: either `%s`, or a law's, which then stands among `basis`", row.Citation, ByPolicy)
	}
	b.date(row.At, "checked_on", row.CheckedOn)
	if row.CheckedBy == "" {
		b.wrong.add(row.At, "checked_by must not be empty")
	}
}

// tell admits whom a rung tells.
func (b *builder) tell(at mark, what string, who []string) {
	if len(who) == 0 {
		b.wrong.add(at, "%s: nobody is told", what)
	}
	for i, role := range who {
		if b.among(at, what, role, Tellable()) && slices.Contains(who[:i], role) {
			b.wrong.add(at, "%s: %q stands here twice", what, role)
		}
	}
}

var momentShape = regexp.MustCompile(`^(?:(\S+) (before|after) )?(start|late|last)$`)

// moment reads "late", "25% before late", "6h after late", "5m after start" or
// "25% after last".
func (b *builder) moment(at mark, what, text, least, most string) (Moment, bool) {
	m := momentShape.FindStringSubmatch(text)
	if m == nil || m[1] == "" && m[3] != FromLate || m[2] == "before" && m[3] != FromLate {
		b.wrong.add(at, "%s: %q is not a moment such as `25%% before late`, `late`, `6h after late`, `5m after start` or `25%% after last`", what, text)
		return Moment{}, false
	}
	out := Moment{Before: m[2] == "before", From: m[3]}
	if m[1] == "" {
		if least != "" || most != "" {
			b.wrong.add(at, "least, most: only a share has bounds")
		}
		return out, true
	}
	var ok bool
	out.Span, ok = b.span(at, what, m[1], least, most)
	if out.Before && out.Span.Percent > 100 {
		b.wrong.add(at, "%s: %q is before the wait began", what, text)
	}
	return out, ok
}

var shareShape = regexp.MustCompile(`^([1-9][0-9]{0,2})%$`)

// span reads "25%" with its bounds, or "30m".
func (b *builder) span(at mark, what, text, least, most string) (Span, bool) {
	m := shareShape.FindStringSubmatch(text)
	if m == nil {
		if strings.HasSuffix(text, "%") {
			b.wrong.add(at, "%s: %q is not a share such as 25%%", what, text)
			return Span{}, false
		}
		if least != "" || most != "" {
			b.wrong.add(at, "least, most: only a share has bounds")
		}
		d := b.limit(at, what, text)
		return Span{Fixed: d}, d > 0
	}
	n, _ := strconv.Atoi(m[1]) // at most three digits, by its shape
	s := Span{Percent: n}
	if least != "" {
		s.Least = b.limit(at, "least", least)
	}
	if most != "" {
		s.Most = b.limit(at, "most", most)
	}
	if s.Most > 0 && s.Least > s.Most {
		b.wrong.add(at, "least: %s is more than most, %s", least, most)
	}
	return s, true
}

// bounded refuses a gap of which nobody can say how long it is, and one over a
// week.
func (b *builder) bounded(at mark, what string, s Span) {
	switch {
	case s.Percent > 0 && (s.Least == 0 || s.Most == 0):
		b.wrong.add(at, "%s: a share of a limit that may be a minute or a year needs its smallest and its largest gap, `least` and `most`", what)
	case max(s.Fixed, s.Most) > longestGap:
		b.wrong.add(at, "%s: a gap of %s is over %s", what, limitText(max(s.Fixed, s.Most)), limitText(longestGap))
	}
}

// ladderLimits are the limits that the program's duties can have, the shortest
// first.
func (b *builder) ladderLimits() []time.Duration {
	all := []time.Duration{aDay, b.p.Limits.AtOnce, b.p.Limits.Consent, b.p.Limits.ConsentDanger, b.p.Limits.Fallback}
	for _, r := range b.p.Rules {
		for _, d := range r.Duties {
			if d.Obligor == ByProgram {
				all = append(all, d.Limit)
			}
		}
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(d time.Duration) bool { return d <= 0 })
}

// waits are the waits that a limit makes: until somebody opens the report, and
// the shortest one after that.
func (l Ladder) waits(limit time.Duration) (waiting, opened Wait) {
	began := time.Unix(0, 0)
	return Wait{Began: began, Late: began.Add(limit), Limit: limit}, Wait{Began: began, Late: began.Add(l.Opened.Of(limit)), Limit: limit}
}

// ordered refuses a rung that would be told before the one below it.
func (b *builder) ordered(rows map[string]ladderRow) {
	for _, kind := range []string{forOrdinary, forDanger} {
		l := b.p.Ladders.For(kind == forDanger)
		said := map[int]bool{}
		for _, limit := range b.ladderLimits() {
			waiting, opened := l.waits(limit)
			for _, w := range []Wait{waiting, opened} {
				last := w.Began
				for i, r := range l.Rungs {
					at := r.When.in(w, last)
					if at.Before(last) && !said[i] {
						said[i] = true
						b.wrong.add(rows[kind].Rungs[i].At, "when: %q comes %s before the rung above this line, for a limit of %s%s",
							rows[kind].Rungs[i].When, limitText(last.Sub(at)), limitText(limit), afterOpening(w, opened))
					}
					last = at
				}
			}
		}
	}
}

func afterOpening(w, opened Wait) string {
	if w == opened {
		return ", once it was opened"
	}
	return ""
}

// faster refuses a ladder for danger on which anybody hears later than on the
// ordinary one.
func (b *builder) faster(rows map[string]ladderRow) {
	at, ordinary, danger := rows[forDanger].At, b.p.Ladders.Ordinary, b.p.Ladders.Danger
	slow := func(format string, args ...any) { b.wrong.add(at, "the ladder for danger is slower: "+format, args...) }
	for _, role := range Tellable() {
		for _, limit := range b.ladderLimits() {
			waiting, _ := ordinary.waits(limit)
			usual, told := ordinary.firstTold(role, waiting)
			if !told {
				break
			}
			now, ok := danger.firstTold(role, waiting)
			if !ok {
				slow("it never tells %s, the ordinary one does", role)
				break
			}
			if now.After(usual) {
				slow("for a limit of %s it tells %s after %s, the ordinary one after %s", limitText(limit), role, limitText(now.Sub(waiting.Began)), limitText(usual.Sub(waiting.Began)))
				break
			}
		}
	}
	for _, limit := range b.ladderLimits() {
		if d, o := danger.Opened.Of(limit), ordinary.Opened.Of(limit); d > o {
			slow("for a limit of %s who opened a report has %s, on the ordinary one %s", limitText(limit), limitText(d), limitText(o))
			break
		}
		_, a := ordinary.waits(limit)
		_, c := danger.waits(limit)
		if d, o := danger.At(danger.Last(), c).Sub(c.Began), ordinary.At(ordinary.Last(), a).Sub(a.Began); d > o {
			slow("for a limit of %s its last rung comes %s after the opening, the ordinary one's after %s", limitText(limit), limitText(d), limitText(o))
			break
		}
	}
	if danger.Repeat > ordinary.Repeat {
		slow("it repeats every %s, the ordinary one every %s", limitText(danger.Repeat), limitText(ordinary.Repeat))
	}
}

// firstTold says when a role first hears of a wait.
func (l Ladder) firstTold(role string, w Wait) (time.Time, bool) {
	for rung := 0; rung <= len(l.Rungs); rung++ {
		if slices.Contains(l.Tells(rung), role) {
			return l.At(rung, w), true
		}
	}
	return time.Time{}, false
}

// limitText writes a limit as packs do.
func limitText(d time.Duration) string {
	switch {
	case d == 0:
		return "0m"
	case d%time.Minute != 0:
		return d.String()
	case d%aDay == 0:
		return strconv.Itoa(int(d/aDay)) + "d"
	case d%time.Hour == 0:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return strconv.Itoa(int(d/time.Minute)) + "m"
}
