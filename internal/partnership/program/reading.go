// SPDX-License-Identifier: Apache-2.0

package program

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ReadingWords say in one language, beside the code of a sheet, when a person reads what
// is sent: in the words of a pack, with who wrote or read them, as those of a notice.
type ReadingWords struct {
	Always  string // at all hours
	Unknown string // the office keeps no hours: the page says
	Hours   string // "A person reads it {hours}."; "": this language says Unknown instead
	Days    []string
	Range   string // "{first}–{last}", of days
	Stretch string // "{days} {from}–{to}"
	Whole   string // "{days} all day"
	List    string // between stretches
	// Holidays are the days that have hours of their own; Except is said where none
	// are kept on them.
	Holidays, Except string
	Clock            string // "12" or "24"
	Status           string // "unverified" or "checked"
	By               string
}

// weekDays are the days as a pattern of hours names them, in the order of Days.
var weekDays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Say is the sentence for a pattern of hours, as an office keeps it:
// "mon-fri 08:00-17:00; holidays 09:00-12:00", "always", or "" for none.
func (w ReadingWords) Say(week string) string {
	switch {
	case week == "always":
		return w.Always
	case week == "" || w.Hours == "":
		return w.Unknown
	}
	var parts []string
	holidays := false
	for part := range strings.SplitSeq(week, "; ") {
		days, times, _ := strings.Cut(part, " ")
		holidays = holidays || days == "holidays"
		said, ok := w.stretch(days, times)
		if !ok { // no pattern: nothing is promised
			return w.Unknown
		}
		parts = append(parts, said)
	}
	if !holidays {
		parts = append(parts, w.Except)
	}
	return strings.ReplaceAll(w.Hours, "{hours}", strings.Join(parts, w.List))
}

func (w ReadingWords) stretch(days, times string) (string, bool) {
	first, last, several := strings.Cut(days, "-")
	named := w.Holidays
	if first != "holidays" {
		a := slices.Index(weekDays, first)
		if a < 0 {
			return "", false
		}
		if named = w.Days[a]; several {
			b := slices.Index(weekDays, last)
			if b < 0 {
				return "", false
			}
			named = strings.NewReplacer("{first}", named, "{last}", w.Days[b]).Replace(w.Range)
		}
	}
	from, to, ok := strings.Cut(times, "-")
	switch {
	case !ok:
		return "", false
	case from == "00:00" && (to == "24:00" || to == "00:00"):
		return strings.ReplaceAll(w.Whole, "{days}", named), true
	}
	return strings.NewReplacer("{days}", named, "{from}", w.clock(from), "{to}", w.clock(to)).Replace(w.Stretch), true
}

// clock writes a time of day as the language does. No line breaks within it.
func (w ReadingWords) clock(text string) string {
	if w.Clock != "12" {
		return text
	}
	h, m, _ := strings.Cut(text, ":")
	hour, err := strconv.Atoi(h)
	if err != nil { // whoever wrote the pattern wrote it with numbers
		return text
	}
	half := []string{"AM", "PM"}[hour/12%2]
	if hour = (hour+11)%12 + 1; m == "00" {
		return fmt.Sprintf("%d\u00a0%s", hour, half)
	}
	return fmt.Sprintf("%d:%s\u00a0%s", hour, m, half)
}

type readingRow struct {
	At       mark
	Always   string   `pack:"always!"`
	Unknown  string   `pack:"unknown!"`
	Hours    string   `pack:"hours"`
	Days     []string `pack:"days"`
	Range    string   `pack:"range"`
	Stretch  string   `pack:"stretch"`
	Whole    string   `pack:"whole"`
	List     string   `pack:"list"`
	Holidays string   `pack:"holidays"`
	Except   string   `pack:"except"`
	Clock    string   `pack:"clock"`
	Status   string   `pack:"status!"`
	By       string   `pack:"by!"`
}

// readings takes the pack's words of when a person reads before its base's.
func (b *builder) readings() {
	b.p.Reading = map[string]ReadingWords{}
	for _, all := range []map[string]readingRow{b.own.reading, b.base.reading} {
		for _, lang := range sortedKeys(all) {
			if _, ok := b.p.Reading[lang]; !ok {
				b.p.Reading[lang] = b.reading(lang, all[lang])
			}
		}
	}
}

func (b *builder) reading(lang string, r readingRow) ReadingWords {
	if !tongue.MatchString(lang) {
		b.wrong.add(r.At, "reading: %q is not the tag of a language, like en or zh-Hans", lang)
	}
	b.among(r.At, "status", r.Status, []string{"unverified", "checked"})
	if r.Hours == "" {
		return ReadingWords{Always: r.Always, Unknown: r.Unknown, Status: r.Status, By: r.By}
	}
	b.among(r.At, "clock", r.Clock, []string{"12", "24"})
	if len(r.Days) != len(weekDays) {
		b.wrong.add(r.At, "days: seven, from Sunday on")
	}
	for _, m := range []struct {
		name, text string
		marks      []string
	}{{"hours", r.Hours, []string{"{hours}"}}, {"range", r.Range, []string{"{first}", "{last}"}}, {"stretch", r.Stretch, []string{"{days}", "{from}", "{to}"}}, {"whole", r.Whole, []string{"{days}"}},
		{"list", r.List, nil}, {"holidays", r.Holidays, nil}, {"except", r.Except, nil}} {
		if m.text == "" {
			b.wrong.add(r.At, "%s: is missing, where hours are said", m.name)
		}
		for _, mark := range m.marks {
			if strings.Count(m.text, mark) != 1 {
				b.wrong.add(r.At, "%s: holds %s once", m.name, mark)
			}
		}
	}
	return ReadingWords{Always: r.Always, Unknown: r.Unknown, Hours: r.Hours, Days: r.Days, Range: r.Range, Stretch: r.Stretch, Whole: r.Whole, List: r.List, Holidays: r.Holidays, Except: r.Except,
		Clock: r.Clock, Status: r.Status, By: r.By}
}
