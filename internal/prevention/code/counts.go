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

// Week is what may be shown of a week that is over.
type Week struct {
	Monday string // "2026-11-16"
	Shown
}

// Counts are what may be shown of several things counted over several weeks.
type Counts struct {
	Weeks []string             // the Mondays, the latest first
	By    map[store.ID][]Shown // of each code, in the order of Weeks
	// All are the sums over all codes. A sum is left out where it would tell, together
	// with what is shown of its parts, what one of them is that is not shown.
	All []Shown
	// Sum adds up All as far as it is shown: it may be too low, and tells of no week
	// what All does not.
	Sum Shown
}

// Scans are the scans of some codes in the last weeks that are over, by week.
func (s *Service) Scans(ctx context.Context, r store.Reader, programID string, ids []store.ID, weeks int) (Counts, error) {
	out := s.lately(programID, weeks)
	found, err := scansOf(ctx, r, programID, ids, out.from(), out.through())
	if err != nil {
		return out, err
	}
	return out.fill(ids, found)
}

// Reports are the reports whose senders let a code go along, as Scans counts scans.
func (s *Service) Reports(ctx context.Context, r store.Reader, programID string, ids []store.ID, weeks int) (Counts, error) {
	out := s.lately(programID, weeks)
	found, err := toldOf(ctx, r, programID, ids, out.from(), out.through())
	if err != nil {
		return out, err
	}
	return out.fill(ids, found)
}

// lately names the last weeks that are over in a program. The week that goes on is
// never shown: its count would grow before the eyes of whoever looks, scan by scan.
func (s *Service) lately(programID string, weeks int) Counts {
	var out Counts
	day := s.Now().In(s.zone(programID))
	for i := range weeks {
		out.Weeks = append(out.Weeks, weekOf(day.AddDate(0, 0, -7*(i+1))))
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
		var parts []int64
		for id := range sums {
			parts = append(parts, sums[id][i])
			if c.By[id] == nil {
				c.By[id] = make([]Shown, len(c.Weeks))
			}
			c.By[id][i] = Show(sums[id][i])
		}
		c.All = append(c.All, whole(parts))
	}
	for _, n := range c.All {
		c.Sum.N += n.N
	}
	c.Sum = Show(c.Sum.N)
	return c, nil
}

// whole is a sum as it may be shown beside its parts. What is not shown of them
// must stay unknown: it must be several parts, together as many as may be shown, and
// not so many that each must be as large as it can be without being shown.
func whole(parts []int64) Shown {
	var shown, hidden, several int64
	for _, n := range parts {
		if n < Least {
			hidden += n
			several++
		} else {
			shown += n
		}
	}
	switch {
	case several == 0, several > 1 && hidden >= Least && hidden < several*(Least-1):
		return Show(shown + hidden)
	}
	return Show(shown)
}
