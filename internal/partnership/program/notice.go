// SPDX-License-Identifier: Apache-2.0

package program

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"waylight/internal/platform/form"
	"waylight/internal/platform/place"
)

// Notice is a text against trafficking for walls and screens, as a law wants it
// posted or as a program posts it by itself: what must stand on it, in which
// languages, how large, and where it must hang.
type Notice struct {
	ID, Jurisdiction string // jurisdiction: "US" or a state's code
	Title            form.Text
	Required         bool     // a law wants it; false: nobody is bound to post it
	Basis            []string // in laws.yaml
	Version          string   // of what is printed: placements that carry another one are to be replaced
	From, To         time.Time
	Places           []string // of [NoticePlaces]: where it belongs
	Spots            []string // of [NoticeSpots]: where in such a place
	Paper            Paper    // the least
	LeastPoints      float64  // the size of the smallest letter of the words
	Bold             bool     // the law wants bold letters
	Languages        []string // each of them must be on the wall
	LanguagesAt      []LanguagesAt
	MoreLanguages    string   // who else decides on languages, in words; "" for nobody
	Channels         []string // each must be printed
	Words            map[string]NoticeWords
	Model            string // address of the agency's own sheet
	Status           string // "unverified" or "checked"
	Unverified       []string
	CheckedOn        string
	CheckedBy        string
	Source           string
}

// LanguagesAt are languages that a notice must be in at some of its places, beside those
// that it must be in everywhere.
type LanguagesAt struct {
	Places     []string // kinds; none: all that the notice is for
	Counties   []string // FIPS codes; none: everywhere
	Languages  []string
	Basis      []string // in laws.yaml
	Status     string   // "unverified" or "checked"
	Unverified []string
}

// at says whether they are asked for at a kind of place in a county, "" for none.
func (l LanguagesAt) at(kind, county string) bool {
	return (len(l.Places) == 0 || slices.Contains(l.Places, kind)) && (len(l.Counties) == 0 || slices.Contains(l.Counties, county))
}

// At is the notice as it must be at a kind of place in a county, "" for none: in every
// language that is asked for there.
func (n Notice) At(kind, county string) Notice {
	for _, l := range n.LanguagesAt {
		if !l.at(kind, county) {
			continue
		}
		for _, lang := range l.Languages {
			if !slices.Contains(n.Languages, lang) {
				n.Languages = append(slices.Clip(n.Languages), lang)
			}
		}
	}
	return n
}

// Paper is a size in points, 72 to the inch.
type Paper struct{ Width, Height float64 }

// Fits says whether a sheet is at least as large, either way around.
func (p Paper) Fits(sheet Paper) bool {
	return sheet.Width >= p.Width && sheet.Height >= p.Height || sheet.Height >= p.Width && sheet.Width >= p.Height
}

// NoticeWords are a notice in one language. The lines of Body and Call may hold
// {phone:ID} and {sms:ID}, which stand for what a channel of the program is
// reached by; nothing else in them is replaced.
type NoticeWords struct {
	Heading string
	Body    []string
	Call    []string
	Scan    string // beside the code
	Status  string // of the wording in this language: "unverified" or "checked"
	By      string // who wrote or read it
}

// NoticePlaces are the kinds of places that a notice can be for.
func NoticePlaces() []string {
	return []string{
		"train_station", "train", "bus_station", "bus", "airport", "aircraft", "port_of_entry", "federal_building", "rest_area", "truck_stop",
		"lodging", "adult_entertainment", "bar", "salon", "massage", "hospital", "clinic", "farm_labor", "job_recruitment", "court",
		"school", "business", "free",
	}
}

// NoticeSpots are where in a place a notice hangs.
func NoticeSpots() []string {
	return []string{"restroom", "entrance", "platform", "waiting_room", "car", "employees", "counter", "screen", "other"}
}

// Notice finds a notice of the program.
func (p *Program) Notice(id string) (Notice, bool) {
	i := slices.IndexFunc(p.Notices, func(n Notice) bool { return n.ID == id })
	if i < 0 {
		return Notice{}, false
	}
	return p.Notices[i], true
}

// Concerns says whether a notice is the nation's or the program's own state's: a pack
// may carry those of other states too.
func (p *Program) Concerns(n Notice) bool {
	return n.Jurisdiction == nation || n.Jurisdiction == p.State
}

// InForce says whether the notice is to be posted on a day, given as noon UTC.
func (n Notice) InForce(day time.Time) bool {
	return !n.From.After(day) && (n.To.IsZero() || !n.To.Before(day))
}

// Stale says whether nobody looked at the notice for a year before a day.
func (n Notice) Stale(day time.Time) bool {
	on, err := time.Parse(time.DateOnly, n.CheckedOn)
	return err != nil || on.AddDate(1, 0, 0).Before(day)
}

// Used lists the channels that the words in a language name, in their order.
func (w NoticeWords) Used() []string {
	var out []string
	for _, line := range slices.Concat(w.Body, w.Call) {
		for _, m := range channelMark.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(out, m[2]) {
				out = append(out, m[2])
			}
		}
	}
	return out
}

// Fill replaces the marks of a line; number tells what stands for one.
func Fill(line string, number func(means, channel string) string) string {
	return channelMark.ReplaceAllStringFunc(line, func(mark string) string {
		m := channelMark.FindStringSubmatch(mark)
		return number(m[1], m[2])
	})
}

var (
	channelMark = regexp.MustCompile(`\{(phone|sms):([a-z0-9-]+)\}`)
	tongue      = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3}|-[A-Z]{2})?$`)
	inches      = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)x([0-9]+(?:\.[0-9]+)?)$`)
)

type noticesFile struct {
	At      mark
	Notices []noticeRow           `pack:"notices!"`
	Reading map[string]readingRow `pack:"reading"`
}

type noticeRow struct {
	At            mark
	ID            string                    `pack:"id!"`
	Jurisdiction  string                    `pack:"jurisdiction!"`
	Title         form.Text                 `pack:"title!"`
	Required      bool                      `pack:"required"`
	Basis         []string                  `pack:"basis!"`
	Version       string                    `pack:"version!"`
	From          string                    `pack:"from!"`
	To            string                    `pack:"to"`
	Places        []string                  `pack:"places!"`
	Spots         []string                  `pack:"spots!"`
	Paper         string                    `pack:"paper!"`
	LeastPoints   string                    `pack:"least_points!"`
	Bold          bool                      `pack:"bold"`
	Languages     []string                  `pack:"languages!"`
	LanguagesAt   []languagesAtRow          `pack:"languages_at"`
	MoreLanguages string                    `pack:"more_languages"`
	Channels      []string                  `pack:"channels"`
	Words         map[string]noticeWordsRow `pack:"words!"`
	Model         string                    `pack:"model"`
	Status        string                    `pack:"status!"`
	Unverified    []string                  `pack:"unverified"`
	CheckedOn     string                    `pack:"checked_on!"`
	CheckedBy     string                    `pack:"checked_by!"`
	Source        string                    `pack:"source!"`
}

type languagesAtRow struct {
	At         mark
	Places     []string `pack:"places"`
	Counties   []string `pack:"counties"`
	Languages  []string `pack:"languages!"`
	Basis      []string `pack:"basis!"`
	Status     string   `pack:"status!"`
	Unverified []string `pack:"unverified"`
}

type noticeWordsRow struct {
	At      mark
	Heading string   `pack:"heading!"`
	Body    []string `pack:"body!"`
	Call    []string `pack:"call!"`
	Scan    string   `pack:"scan!"`
	Status  string   `pack:"status!"`
	By      string   `pack:"by!"`
}

const (
	leastLetter, largestLetter = 6, 400 // points
	leastPaper, largestPaper   = 2, 60  // inches
	longestLine                = 400    // bytes
)

// notices takes the pack's notices before its base's.
func (b *builder) notices() {
	for _, row := range slices.Concat(b.own.notices, b.base.notices) {
		if b.id("notice", row.ID, row.At) {
			b.p.Notices = append(b.p.Notices, b.notice(row))
		}
	}
}

func (b *builder) notice(row noticeRow) Notice {
	n := Notice{ID: row.ID, Jurisdiction: row.Jurisdiction, Title: row.Title, Required: row.Required, Basis: row.Basis, Version: row.Version,
		Places: row.Places, Spots: row.Spots, Bold: row.Bold, Languages: row.Languages, MoreLanguages: row.MoreLanguages, Channels: row.Channels,
		Words: map[string]NoticeWords{}, Model: row.Model, Status: row.Status, Unverified: row.Unverified, CheckedOn: row.CheckedOn,
		CheckedBy: row.CheckedBy, Source: row.Source}
	if _, ok := place.StateByCode(row.Jurisdiction); !ok && row.Jurisdiction != nation {
		b.wrong.add(row.At, "jurisdiction: %q is neither US nor a state's code", row.Jurisdiction)
	}
	b.words(row.At, "title", row.Title)
	b.citing(row.At, row.Basis)
	if row.Required && !slices.ContainsFunc(row.Basis, func(id string) bool { return b.p.Laws[id].Kind == "law" }) {
		b.wrong.add(row.At, "basis: a required notice rests on a law")
	}
	n.From, n.To = b.period(row)
	for what, list := range map[string][2][]string{"places": {row.Places, NoticePlaces()}, "spots": {row.Spots, NoticeSpots()}} {
		if len(list[0]) == 0 {
			b.wrong.add(row.At, "%s: where does it hang?", what)
		}
		for _, word := range list[0] {
			b.among(row.At, what, word, list[1])
		}
	}
	n.Paper, n.LeastPoints = b.paper(row), b.letter(row)
	b.among(row.At, "status", row.Status, []string{"unverified", "checked"})
	if row.Status == "unverified" && len(row.Unverified) == 0 {
		b.wrong.add(row.At, "unverified: what of it has nobody verified?")
	}
	b.date(row.At, "checked_on", row.CheckedOn)
	b.tongues(row, &n)
	for _, at := range row.LanguagesAt {
		n.LanguagesAt = append(n.LanguagesAt, b.languagesAt(row, at))
	}
	return n
}

// languagesAt takes the languages that are asked for at some places, and asks that the
// notice is for these places and has words in each.
func (b *builder) languagesAt(of noticeRow, row languagesAtRow) LanguagesAt {
	b.citing(row.At, row.Basis)
	b.among(row.At, "status", row.Status, []string{"unverified", "checked"})
	if row.Status == "unverified" && len(row.Unverified) == 0 {
		b.wrong.add(row.At, "unverified: what of it has nobody verified?")
	}
	if len(row.Places) == 0 && len(row.Counties) == 0 {
		b.wrong.add(row.At, "languages_at: at which places, or in which counties?")
	}
	for _, kind := range row.Places {
		b.among(row.At, "places", kind, of.Places)
	}
	for _, fips := range row.Counties {
		if c, ok := place.CountyByFIPS(fips); !ok || of.Jurisdiction != nation && c.State().Code != of.Jurisdiction {
			b.wrong.add(row.At, "counties: %q is not the code of a county of %s", fips, of.Jurisdiction)
		}
	}
	if len(row.Languages) == 0 {
		b.wrong.add(row.At, "languages: in which must it be there?")
	}
	for _, lang := range row.Languages {
		if _, ok := of.Words[lang]; !ok {
			b.wrong.add(row.At, "words: none in %q, which is required at some places", lang)
		}
	}
	return LanguagesAt{Places: row.Places, Counties: row.Counties, Languages: row.Languages, Basis: row.Basis, Status: row.Status, Unverified: row.Unverified}
}

func (b *builder) period(row noticeRow) (from, to time.Time) {
	b.date(row.At, "from", row.From)
	day := func(s string) time.Time {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil { // date said what is wrong with it
			return time.Time{}
		}
		return noon(t.Year(), t.Month(), t.Day())
	}
	from = day(row.From)
	if row.To == "" {
		return from, time.Time{}
	}
	b.date(row.At, "to", row.To)
	to = day(row.To)
	if to.Before(from) {
		b.wrong.add(row.At, "to: lies before from")
	}
	return from, to
}

// paper reads a size in inches, "8.5x11".
func (b *builder) paper(row noticeRow) Paper {
	m := inches.FindStringSubmatch(row.Paper)
	if m == nil {
		b.wrong.add(row.At, "paper: %q is not a size in inches, like 8.5x11", row.Paper)
		return Paper{}
	}
	w, _ := strconv.ParseFloat(m[1], 64) // the expression admits numbers only
	h, _ := strconv.ParseFloat(m[2], 64)
	if min(w, h) < leastPaper || max(w, h) > largestPaper {
		b.wrong.add(row.At, "paper: %q is smaller than %d inches or larger than %d", row.Paper, leastPaper, largestPaper)
	}
	return Paper{Width: w * 72, Height: h * 72}
}

func (b *builder) letter(row noticeRow) float64 {
	points, err := strconv.ParseFloat(row.LeastPoints, 64)
	if err != nil || !(points >= leastLetter && points <= largestLetter) {
		b.wrong.add(row.At, "least_points: %q is not a number from %d to %d", row.LeastPoints, leastLetter, largestLetter)
	}
	return points
}

// tongues takes the words of each language, and asks that every language that
// must be there has some and that each names every channel that must be printed.
func (b *builder) tongues(row noticeRow, n *Notice) {
	for _, lang := range row.Languages {
		if _, ok := row.Words[lang]; !ok {
			b.wrong.add(row.At, "words: none in %q, which is required", lang)
		}
	}
	if len(row.Languages) == 0 {
		b.wrong.add(row.At, "languages: in which must it be?")
	}
	for _, id := range row.Channels {
		if _, ok := b.p.Channels[id]; !ok {
			b.wrong.add(row.At, "channels: there is no channel %q", id)
		}
	}
	for _, lang := range sortedKeys(row.Words) {
		w := row.Words[lang]
		words := NoticeWords{Heading: w.Heading, Body: w.Body, Call: w.Call, Scan: w.Scan, Status: w.Status, By: w.By}
		n.Words[lang] = words
		if !tongue.MatchString(lang) {
			b.wrong.add(w.At, "words: %q is not the tag of a language, like en or zh-Hans", lang)
		}
		b.among(w.At, "status", w.Status, []string{"unverified", "checked"})
		b.lines(w)
		used := words.Used()
		for _, id := range row.Channels {
			if !slices.Contains(used, id) {
				b.wrong.add(w.At, "words in %q: the channel %q must be printed and is not named", lang, id)
			}
		}
	}
}

// lines asks that a line says something, is not too long, and that each mark in
// it stands for something that the program has.
func (b *builder) lines(w noticeWordsRow) {
	for _, line := range slices.Concat([]string{w.Heading, w.Scan}, w.Body, w.Call) {
		if strings.TrimSpace(line) == "" || len(line) > longestLine {
			b.wrong.add(w.At, "a line of a notice is empty or over %d bytes", longestLine)
		}
		for _, m := range channelMark.FindAllStringSubmatch(line, -1) {
			c, ok := b.p.Channels[m[2]]
			switch {
			case !ok:
				b.wrong.add(w.At, "%s: there is no channel %q", m[0], m[2])
			case m[1] == "phone" && c.Phone == "" || m[1] == "sms" && c.Text == "":
				b.wrong.add(w.At, "%s: the channel %q has no such number", m[0], m[2])
			}
		}
		if rest := channelMark.ReplaceAllString(line, ""); strings.ContainsAny(rest, "{}") {
			b.wrong.add(w.At, "a line holds a mark that is neither {phone:ID} nor {sms:ID}")
		}
	}
	if slices.ContainsFunc([]string{w.Heading, w.Scan}, channelMark.MatchString) {
		b.wrong.add(w.At, "heading and scan hold no numbers")
	}
}
