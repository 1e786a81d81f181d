// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const (
	monthsShown = 24
	leastShown  = 11 // no smaller number is shown, or taken from another it could name a person
)

// month is one line of the figures: tips only, of a month that is over, in one
// list without a sum, so that no number can be got by taking two from each other.
type month struct {
	First time.Time
	Tips  string
}

// monthly counts the tips of the months that are over, the latest first.
func (a *App) monthly(ctx context.Context, programID string) ([]month, error) {
	p, ok := a.Programs.Program(programID)
	if !ok {
		return nil, fault.New(fault.NotFound, "program_unknown", "There is no such program.")
	}
	now := a.Now().In(p.Zone)
	end := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, p.Zone)
	counts := map[time.Time]int{}
	err := a.Reports.Tips(ctx, programID, end.AddDate(0, -monthsShown, 0), end, func(at time.Time) {
		at = at.In(p.Zone)
		counts[time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, p.Zone)]++
	})
	if err != nil {
		return nil, err
	}
	var months []month
	for i := 1; i <= monthsShown; i++ {
		first := end.AddDate(0, -i, 0)
		months = append(months, month{first, atLeast(counts[first])})
	}
	return months, nil
}

// atLeast hides a small number, and whether there was any at all.
func atLeast(n int) string {
	if n < leastShown {
		return "fewer than " + strconv.Itoa(leastShown)
	}
	return strconv.Itoa(n)
}

func (a *App) figures(w http.ResponseWriter, r *http.Request) error {
	months, err := a.counted(r, "figures.viewed")
	if err != nil {
		return err
	}
	return a.pages.Staff(w, r, http.StatusOK, "figures", web.View{Title: "Figures", Data: months})
}

func (a *App) figuresCSV(w http.ResponseWriter, r *http.Request) error {
	months, err := a.counted(r, "figures.exported")
	if err != nil {
		return err
	}
	return web.CSV(w, "figures.csv", []string{"month", "tips"}, func(yield func([]string) error) error {
		for _, m := range months {
			if err := yield([]string{m.First.Format("2006-01"), m.Tips}); err != nil {
				return err
			}
		}
		return nil
	})
}

// counted gives the figures and records that somebody looked.
func (a *App) counted(r *http.Request, event string) ([]month, error) {
	m, _ := identity.From(r.Context())
	months, err := a.monthly(r.Context(), m.Program)
	if err != nil {
		return nil, err
	}
	return months, a.DB.Write(r.Context(), func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: m.Program, Event: event, Record: "figures", Actor: m.Actor()})
		return nil
	})
}
