// SPDX-License-Identifier: Apache-2.0

package court

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"waylight/internal/partnership/program"
)

// The worksheet of 18 USC 1593: the full amount of a victim's losses, and besides
// the greater of what the labor earned the defendant and what it is worth by
// minimum wage and overtime. What is typed into it is computed and shown, to be
// printed, and kept nowhere.

// labelShape is a label of a victim. It cannot hold a name.
var labelShape = regexp.MustCompile(`^(?:(?:Adult |Minor )?Victim|AV|MV|V)[ -]?[A-Z0-9]{1,3}$`)

// Loss is one kind of loss of 18 USC 2259(c)(2), which 1593 refers to.
type Loss struct{ Key, Name string }

// losses are the kinds, in the order of the law.
func losses() []Loss {
	return []Loss{
		{"medical", "Medical, psychiatric or psychological care"}, {"therapy", "Physical and occupational therapy or rehabilitation"},
		{"housing", "Transport, temporary housing and child care"}, {"income", "Lost income"}, {"lawyer", "Lawyers' fees and other costs"}, {"other", "Other losses"},
	}
}

// Stretch is a time of labor: every week of it had as many hours.
type Stretch struct {
	From, To Day
	Weekly   int // minutes a week
	Weeks    int
	Wage     int64 // cents an hour
}

const (
	maxStretches = 6
	overtimeFrom = 40 * 60 // minutes a week
	weekMinutes  = 7 * 24 * 60
)

// value is what the stretch is worth, in 120ths of a cent: the hours up to 40 a
// week at the wage, those beyond at one and a half times it. In that unit nothing is
// rounded.
func (s Stretch) value() int64 {
	regular := int64(min(s.Weekly, overtimeFrom))
	over := int64(s.Weekly) - regular
	return s.Wage * int64(s.Weeks) * (2*regular + 3*over)
}

// Cents is the value, rounded up to a whole cent for its own line.
func (s Stretch) Cents() int64 { return up(s.value()) }

func up(parts int64) int64 { return (parts + 119) / 120 }

// Hours is the hours a week as they were typed.
func (s Stretch) Hours() string {
	text := strconv.Itoa(s.Weekly / 60)
	if m := s.Weekly % 60; m != 0 {
		text += ":" + strconv.Itoa(m/10) + strconv.Itoa(m%10)
	}
	return text
}

// Worksheet is one victim's sheet.
type Worksheet struct {
	Label     string
	Defendant int
	Losses    map[string]int64
	Gross     int64 // what the labor or services earned the defendant
	Labor     []Stretch
}

// LossTotal adds the losses up.
func (w Worksheet) LossTotal() (sum int64) {
	for _, c := range w.Losses {
		sum += c
	}
	return sum
}

// LaborValue is what the labor is worth, rounded once, up to a whole cent: the law
// asks for the full amount.
func (w Worksheet) LaborValue() int64 {
	var parts int64
	for _, s := range w.Labor {
		parts += s.value()
	}
	return up(parts)
}

// Greater is the greater of gross income and the value of the labor.
func (w Worksheet) Greater() int64 { return max(w.Gross, w.LaborValue()) }

// Total is the full amount of the losses, as 1593(b)(3) has it.
func (w Worksheet) Total() int64 { return w.LossTotal() + w.Greater() }

// read fills a sheet from named texts.
func (w *Worksheet) read(p *program.Program, get func(key string) string) error {
	w.Label = strings.Join(strings.Fields(get("label")), " ")
	if !labelShape.MatchString(w.Label) {
		return wrong("label", "Give the victim a label such as Victim 1, Minor Victim B or MV-2. No names, here or on the paper.")
	}
	var err error
	if w.Defendant, err = strconv.Atoi(strings.TrimSpace(get("defendant"))); err != nil || w.Defendant < 1 || w.Defendant > maxDefendants {
		return wrong("defendant", "Say which defendant: a number from 1 to %d.", maxDefendants)
	}
	w.Losses = map[string]int64{}
	for _, l := range losses() {
		if w.Losses[l.Key], err = readAmount(get("loss-"+l.Key), "loss-"+l.Key); err != nil {
			return err
		}
	}
	if w.Gross, err = readAmount(get("gross"), "gross"); err != nil {
		return err
	}
	for i := range maxStretches {
		n := strconv.Itoa(i + 1)
		from, weeks, hours := strings.TrimSpace(get("from-"+n)), strings.TrimSpace(get("weeks-"+n)), strings.TrimSpace(get("hours-"+n))
		if from == "" && weeks == "" && hours == "" {
			continue
		}
		s, err := readStretch(p, n, from, weeks, hours)
		if err != nil {
			return err
		}
		for _, o := range w.Labor {
			if s.From <= o.To && o.From <= s.To {
				return wrong("from-"+n, "The time from %s overlaps the one from %s: hours would be paid twice.", s.From, o.From)
			}
		}
		w.Labor = append(w.Labor, s)
	}
	return nil
}

func readAmount(text, field string) (int64, error) {
	if strings.TrimSpace(text) == "" {
		return 0, nil
	}
	cents, ok := ParseDollars(text)
	switch {
	case !ok:
		return 0, wrong(field, "%q is not an amount such as 1,250.50.", clip(text))
	case cents > maxCents:
		return 0, wrong(field, "%s is more than we can take. Is a zero too many?", Dollars(cents))
	}
	return cents, nil
}

var hoursShape = regexp.MustCompile(`^(\d{1,3})(?::(\d\d)|\.(\d|\d[05]))?$`)

// readMinutes reads hours a week: 98, 98:30, 98.5, 98.25.
func readMinutes(text string) (int, bool) {
	m := hoursShape.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	hours, _ := strconv.Atoi(m[1]) // digits, by the shape
	minutes := 0
	switch {
	case m[2] != "":
		minutes, _ = strconv.Atoi(m[2])
		if minutes > 59 {
			return 0, false
		}
	case m[3] != "":
		hundredths, _ := strconv.Atoi((m[3] + "0")[:2])
		if hundredths*60%100 != 0 {
			return 0, false
		}
		minutes = hundredths * 60 / 100
	}
	return hours*60 + minutes, true
}

func readStretch(p *program.Program, n, from, weeks, hours string) (Stretch, error) {
	s := Stretch{}
	var ok bool
	if s.From, ok = ParseDay(from); !ok {
		return s, wrong("from-"+n, "Say on which day the time of labor began, like 2024-03-01.")
	}
	var err error
	if s.Weeks, err = strconv.Atoi(weeks); err != nil || s.Weeks < 1 || s.Weeks > 2600 {
		return s, wrong("weeks-"+n, "Say how many whole weeks, from 1 to 2,600. Put other weeks, with other hours, on a line of their own.")
	}
	if s.Weekly, ok = readMinutes(hours); !ok || s.Weekly < 1 || s.Weekly > weekMinutes {
		return s, wrong("hours-"+n, "Say the hours a week, like 84, 84:30 or 84.5. A week has 168.")
	}
	s.To = s.From.add(7*s.Weeks - 1)
	first, there := wageOn(p, s.From)
	last, _ := wageOn(p, s.To)
	switch {
	case !there:
		return s, wrong("from-"+n, "The pack has no minimum wage for %s.", s.From)
	case first != last:
		return s, wrong("weeks-"+n, "The minimum wage changed between %s and %s, last on %s. Use a line for each wage.", s.From, s.To, changed(p, s.To))
	}
	s.Wage = first.Cents
	return s, nil
}

type wage struct {
	Cents int64
	From  time.Time
}

func wageOn(p *program.Program, d Day) (wage, bool) {
	w, ok := p.WageOn(int(d/10000), time.Month(d/100%100), int(d%100))
	return wage{w.Cents, w.From}, ok
}

func changed(p *program.Program, d Day) Day {
	w, _ := wageOn(p, d)
	return dayOf(w.From)
}

// Loss is one kind of loss in words.
func (w Worksheet) Loss(key string) string { return Dollars(w.Losses[key]) }

// Text is one of the sheet's sums in words.
func (w Worksheet) Text(sum string) string {
	return Dollars(map[string]int64{"losses": w.LossTotal(), "labor": w.LaborValue(), "gross": w.Gross, "greater": w.Greater(), "total": w.Total()}[sum])
}

// Amount is the value of the stretch in words.
func (s Stretch) Amount() string { return Dollars(s.Cents()) }

// WageText is the wage in words.
func (s Stretch) WageText() string { return Dollars(s.Wage) + " an hour" }
