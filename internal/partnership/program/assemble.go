// SPDX-License-Identifier: Apache-2.0

package program

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"waylight/internal/platform/form"
	"waylight/internal/platform/place"
)

// builder puts a pack and its base together into a Program, resolving every
// reference, and collects all that is wrong on the way.
type builder struct {
	own, base *pack
	wrong     *faults
	p         *Program
	seen      map[string]mark // "office mdcps" -> where it stands
}

func assemble(own, base *pack, wrong *faults) *Program {
	b := &builder{own: own, base: base, wrong: wrong, seen: map[string]mark{}, p: &Program{
		ID: own.head.ID, State: own.head.State, Name: own.head.Name, Languages: own.head.Languages, Demo: own.head.Demo,
		Offices: map[string]Office{}, Laws: map[string]Law{}, Channels: map[string]Channel{}, Told: map[string]form.Text{},
		byRole: map[string]string{}, facts: map[string]*officeFacts{},
	}}
	if !b.head() {
		return b.p
	}
	b.laws()
	b.limits()
	b.figures()
	b.holidays()
	b.courts()
	b.channels()
	b.offices()
	b.desks()
	b.rules()
	b.ladders()
	b.notices()
	b.readings()
	b.told()
	b.form()
	return b.p
}

var idShape = regexp.MustCompile(`^[a-z][a-z0-9-]{0,59}$`)

// id admits an id once.
func (b *builder) id(sort, id string, at mark) bool {
	if !idShape.MatchString(id) {
		b.wrong.add(at, "id %q: a-z, 0-9 and -, beginning with a letter, at most 60", id)
		return false
	}
	if first, ok := b.seen[sort+" "+id]; ok {
		b.wrong.add(at, "the %s %q is already defined in %s:%d", sort, id, first.file, first.line)
		return false
	}
	b.seen[sort+" "+id] = at
	return true
}

// words asks for every language of the program.
func (b *builder) words(at mark, what string, t form.Text) {
	for _, lang := range b.p.Languages {
		if t[lang] == "" {
			b.wrong.add(at, "%s: no words for the language %q", what, lang)
		}
	}
	for _, lang := range sortedKeys(t) {
		if !slices.Contains(b.p.Languages, lang) && !slices.Contains(b.base.head.Languages, lang) {
			b.wrong.add(at, "%s: %q is not a language of this program", what, lang)
		}
	}
}

// among admits a word of a closed list.
func (b *builder) among(at mark, what, word string, list []string) bool {
	if slices.Contains(list, word) {
		return true
	}
	b.wrong.add(at, "%s: %q is not one of %v", what, word, list)
	return false
}

func (b *builder) date(at mark, what, day string) {
	_, err := time.Parse(time.DateOnly, day)
	if err != nil {
		b.wrong.add(at, "%s: %q is not a date such as 2026-11-22", what, day)
	}
}

// head reports false when there is no state: then nothing else makes sense.
func (b *builder) head() bool {
	h := b.own.head
	if len(h.Languages) == 0 || !slices.Contains(h.Languages, "en") {
		b.wrong.add(h.At, "languages: English (en) must be among them")
	}
	b.words(h.At, "name", h.Name)
	zone, err := place.Zone(h.Zone)
	if err != nil || h.Zone == "" || h.Zone == "Local" {
		b.wrong.add(h.At, "zone: %q is not a time zone such as America/Chicago", h.Zone)
		zone = time.UTC
	}
	b.p.Zone = zone
	_, ok := place.StateByCode(h.State)
	if !ok {
		b.wrong.add(h.At, "state: %q is not the code of a state", h.State)
	}
	return ok
}

func (b *builder) laws() {
	for _, l := range slices.Concat(b.own.laws, b.base.laws) {
		if !b.id("law", l.ID, l.At) {
			continue
		}
		b.among(l.At, "kind", l.Kind, []string{"law", "policy"})
		b.among(l.At, "status", l.Status, []string{"unverified", "checked"})
		b.date(l.At, "checked_on", l.CheckedOn)
		if l.CheckedBy == "" || l.Citation == "" {
			b.wrong.add(l.At, "law %q: citation and checked_by must not be empty", l.ID)
		}
		b.words(l.At, "text", l.Text)
		b.p.Laws[l.ID] = Law{ID: l.ID, Citation: l.Citation, Title: l.Title, URL: l.URL, Kind: l.Kind, Status: l.Status,
			CheckedOn: l.CheckedOn, CheckedBy: l.CheckedBy, Source: l.Source, Text: l.Text}
	}
}

func (b *builder) limits() {
	row := b.own.head.Limits
	if row == nil {
		b.wrong.add(b.own.head.At, "limits: the program's own clocks are missing")
		return
	}
	if b.p.Laws[row.Basis].Kind != "policy" {
		b.wrong.add(row.At, "basis: there is no policy %q in laws.yaml", row.Basis)
	}
	b.p.Limits = Limits{AtOnce: b.limit(row.At, "at_once", row.AtOnce), Consent: b.limit(row.At, "consent", row.Consent),
		ConsentDanger: b.limit(row.At, "consent_danger", row.ConsentDanger), Fallback: b.limit(row.At, "fallback", row.Fallback),
		Basis: row.Basis}
}

// leastShown is the smallest count of people that any program shows; it may ask for
// more, up to mostShown.
const leastShown, mostShown = 11, 1000

func (b *builder) figures() {
	b.p.Figures = Figures{Least: leastShown, Round: 1}
	row := b.own.head.Figures
	if row == nil {
		return
	}
	whole := func(what, text string, least, most int64) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if text != "" && (err != nil || n < least || n > most) {
			b.wrong.add(row.At, "%s: %q is not a whole number from %d to %d", what, text, least, most)
		}
		if text == "" || err != nil {
			return least
		}
		return n
	}
	b.p.Figures.Least = whole("least", row.Least, leastShown, mostShown)
	b.p.Figures.Round = whole("round", row.Round, 1, b.p.Figures.Least)
}

var limitShape = regexp.MustCompile(`^([1-9][0-9]{0,4})([mhd])$`)

// limit reads "30m", "24h" or "3d".
func (b *builder) limit(at mark, what, text string) time.Duration {
	m := limitShape.FindStringSubmatch(text)
	if m == nil {
		b.wrong.add(at, "%s: %q is not a limit such as 30m, 24h or 3d", what, text)
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // at most five digits, by its shape
	unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]]
	d := time.Duration(n) * unit
	if d > 366*24*time.Hour {
		b.wrong.add(at, "%s: %q is over a year", what, text)
	}
	return d
}
