// SPDX-License-Identifier: Apache-2.0

package court

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// The measures of the picture, in its own units.
const (
	laneHeight = 44
	laneLeft   = 120
	laneWidth  = 760
)

// dot is a step on the picture of a case.
type dot struct {
	X, Y  int
	Class string
	Title string
}

type lane struct {
	Y    int
	Name string
}

type tick struct {
	X     int
	Label string
}

// chart is the picture of a case: a lane for the case and one for each defendant,
// time from left to right. The table beside it says the same in words.
type chart struct {
	Width, Height, Left, Right, TextY int
	Lanes                             []lane
	Dots                              []dot
	Ticks                             []tick
}

func chartOf(rows []stepRow) chart {
	c := chart{Width: laneLeft + laneWidth + 40, Left: laneLeft, Right: laneLeft + laneWidth}
	var who []int
	for _, r := range rows {
		if !slices.Contains(who, r.Defendant) {
			who = append(who, r.Defendant)
		}
	}
	slices.Sort(who)
	at := map[int]int{}
	for i, n := range who {
		at[n] = 24 + i*laneHeight
		name := "The case"
		if n > 0 {
			name = "Defendant " + strconv.Itoa(n)
		}
		c.Lanes = append(c.Lanes, lane{at[n], name})
	}
	c.Height = 24 + len(who)*laneHeight + 24
	c.TextY = c.Height - 12
	if len(rows) == 0 {
		return c
	}
	first, last := rows[0].Day.In(time.UTC), rows[len(rows)-1].Day.In(time.UTC)
	span := max(last.Sub(first), 24*time.Hour)
	x := func(d Day) int {
		return laneLeft + int(int64(laneWidth)*int64(d.In(time.UTC).Sub(first)/time.Hour)/int64(span/time.Hour))
	}
	for _, r := range rows {
		c.Dots = append(c.Dots, dot{x(r.Day), at[r.Defendant], string(r.Standing), r.Day.String() + ": " + r.Name})
	}
	c.Ticks = []tick{{laneLeft, rows[0].Day.String()}}
	if first != last {
		c.Ticks = append(c.Ticks, tick{laneLeft + laneWidth, rows[len(rows)-1].Day.String()})
	}
	return c
}

// history is one word about a step, for the table.
type history struct {
	Step, Day, Standing, Why, When string
	DocketEntry                    int
}

type timelineData struct {
	Case
	Chart   chart
	Steps   []stepRow
	History []history
}

func (s *Service) timelinePage(w http.ResponseWriter, r *http.Request) error {
	m, c, err := s.caseOf(r)
	if err != nil {
		return err
	}
	p, err := s.program(m.Program)
	if err != nil {
		return err
	}
	entries, err := entriesOf(r.Context(), s.DB, m.Program, c.ID)
	if err != nil {
		return err
	}
	said, err := standingsOf(r.Context(), s.DB, m.Program, c.ID)
	if err != nil {
		return err
	}
	if err := s.looked(r.Context(), m, "court.viewed", c.record()); err != nil {
		return err
	}
	data := timelineData{Case: c, Steps: s.stepRows(p, entries)}
	data.Chart = chartOf(data.Steps)
	of := map[store.ID]Entry{}
	for _, e := range entries {
		of[e.ID] = e
	}
	slices.SortFunc(said, func(a, b Word) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(of[a.Entry].Place, of[b.Entry].Place), cmp.Compare(a.Place, b.Place))
	})
	for _, word := range said {
		e := of[word.Entry]
		data.History = append(data.History, history{e.Step.String(), e.Day.String(), string(word.Standing), reasonWords(word.Why),
			time.UnixMicro(word.At).In(p.Zone).Format("Jan 2, 2006, 3:04 PM MST"), word.DocketEntry})
	}
	return s.pages.Staff(w, r, http.StatusOK, "court-timeline", web.View{Title: "Timeline of " + c.Docket, Path: casePath(c.ID) + "/timeline", Data: data})
}
