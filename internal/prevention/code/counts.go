// SPDX-License-Identifier: Apache-2.0

package code

import (
	"context"
	"strconv"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Least is the smallest count that anybody is shown.
const Least = 5

// Shown is a count as it may be shown: N from [Least] up, or that it is fewer.
type Shown struct {
	N   int64
	Few bool // fewer than Least, none included
}

// Show is a count as it may be shown.
func Show(n int64) Shown {
	if n < Least {
		return Shown{Few: true}
	}
	return Shown{N: n}
}

// String is the count in words for staff.
func (n Shown) String() string {
	if n.Few {
		return "fewer than " + strconv.Itoa(Least)
	}
	return strconv.FormatInt(n.N, 10)
}

// Total is a sum of those counts alone that are shown: every other count stays out of
// it, whatever it is. So no choice of things to add up tells, by itself or together
// with another choice, anything of a count that is not shown.
type Total int64

// String is the sum in words for staff.
func (t Total) String() string {
	if t == 0 {
		return "none from " + strconv.Itoa(Least) + " up"
	}
	return strconv.FormatInt(int64(t), 10)
}

// Counts are what may be shown of several things counted over several weeks.
type Counts struct {
	Weeks []string             // the Mondays, the latest first
	By    map[store.ID][]Shown // of each code, in the order of Weeks
	All   []Total              // of each week, over all codes
	Sum   Total                // over everything
}

// Scans are the scans of some codes in the last weeks that are over, by week.
func (s *Service) Scans(ctx context.Context, r store.Reader, programID string, ids []store.ID, weeks int) (Counts, error) {
	return count(ctx, r, scansOf, programID, ids, s.lately(programID, weeks))
}

// Reports are the reports whose senders let a code go along, as Scans counts scans.
func (s *Service) Reports(ctx context.Context, r store.Reader, programID string, ids []store.ID, weeks int) (Counts, error) {
	return count(ctx, r, toldOf, programID, ids, s.lately(programID, weeks))
}

// ScansBetween are the scans of some codes in the weeks that hold a day from first to
// last and are over: the latest of them, at most so many.
func (s *Service) ScansBetween(ctx context.Context, r store.Reader, programID string, ids []store.ID, first, last time.Time, most int) (Counts, error) {
	return count(ctx, r, scansOf, programID, ids, s.between(programID, first, last, most))
}

// ReportsBetween are the reports whose senders let a code go along, as ScansBetween
// counts scans.
func (s *Service) ReportsBetween(ctx context.Context, r store.Reader, programID string, ids []store.ID, first, last time.Time, most int) (Counts, error) {
	return count(ctx, r, toldOf, programID, ids, s.between(programID, first, last, most))
}

// counting reads what was counted of some codes from one day to another.
type counting func(ctx context.Context, r store.Reader, programID string, ids []store.ID, from, to string) ([]dayCount, error)

func count(ctx context.Context, r store.Reader, what counting, programID string, ids []store.ID, weeks []string) (Counts, error) {
	out := Counts{Weeks: weeks}
	found, err := what(ctx, r, programID, ids, out.from(), out.through())
	if err != nil {
		return out, err
	}
	return out.fill(ids, found)
}

// lately names the last weeks that are over in a program. The week that goes on is
// never shown: its count would grow before the eyes of whoever looks, scan by scan.
func (s *Service) lately(programID string, weeks int) []string {
	var out []string
	day := s.Now().In(s.zone(programID))
	for i := range weeks {
		out = append(out, weekOf(day.AddDate(0, 0, -7*(i+1))))
	}
	return out
}

// between names the weeks that hold a day from first to last and are over in a
// program, the latest first. They are whole weeks: a day more or less chosen tells
// nothing of that day.
func (s *Service) between(programID string, first, last time.Time, most int) []string {
	over := s.lately(programID, 1)[0]
	var out []string
	for at := last; weekOf(at) >= weekOf(first) && len(out) < most; at = at.AddDate(0, 0, -7) {
		if weekOf(at) <= over {
			out = append(out, weekOf(at))
		}
	}
	return out
}

func (c Counts) from() string {
	if len(c.Weeks) == 0 {
		return "9999"
	}
	return c.Weeks[len(c.Weeks)-1]
}

// through is the last day of the latest week.
func (c Counts) through() string {
	if len(c.Weeks) == 0 {
		return ""
	}
	monday, err := time.Parse(time.DateOnly, c.Weeks[0])
	if err != nil { // weekOf wrote it
		return ""
	}
	return monday.AddDate(0, 0, 6).Format(time.DateOnly)
}

func (c Counts) fill(ids []store.ID, found []dayCount) (Counts, error) {
	at := map[string]int{}
	for i, w := range c.Weeks {
		at[w] = i
	}
	sums := map[store.ID][]int64{}
	for _, id := range ids {
		sums[id] = make([]int64, len(c.Weeks))
	}
	for _, d := range found {
		day, err := time.Parse(time.DateOnly, d.day)
		if err != nil {
			return c, fault.Wrap(err, "reading the day of a count")
		}
		if i, ok := at[weekOf(day)]; ok {
			sums[d.code][i] += d.n
		}
	}
	c.By = map[store.ID][]Shown{}
	for i := range c.Weeks {
		var all Total
		for id := range sums {
			if c.By[id] == nil {
				c.By[id] = make([]Shown, len(c.Weeks))
			}
			n := Show(sums[id][i])
			c.By[id][i] = n
			all += Total(n.N)
		}
		c.All = append(c.All, all)
		c.Sum += all
	}
	return c, nil
}
