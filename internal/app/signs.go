// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/campaign"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/poster"
	"waylight/internal/prevention/printrun"
	"waylight/internal/protection/report"
)

// makeSigns makes the rooms of what is read on walls and screens.
func (a *App) makeSigns() (err error) {
	a.Codes, err = code.New(code.Config{
		DB: a.DB, Programs: a.Programs, Site: a.Site, Now: a.Now, Open: a.open, Form: report.FormAddress, Lines: a.codeLines,
		Failed: func(err error) { a.Log.Error("codes of signs", "error", err.Error()) },
	})
	if err != nil {
		return err
	}
	a.Press = poster.NewPress()
	a.Sheets, err = poster.New(poster.Config{Programs: a.Programs, Press: a.Press, Lines: a.sheetLines, Specimen: a.specimen, Site: a.Site, Now: a.Now})
	if err != nil {
		return err
	}
	err = a.makePlacements()
	if err != nil {
		return err
	}
	a.Campaigns, err = campaign.New(campaign.Config{
		DB: a.DB, Programs: a.Programs, Subject: a.People.Subject, Codes: a.Codes, Site: a.Site, Origin: a.Origin, Now: a.Now,
		Channels: a.Agencies.Channels, Open: a.open, Placements: hung{a.Placements}, Materials: materials{a.Sheets},
		Runs: func(ctx context.Context, r store.Reader, program string, id store.ID) ([]store.ID, error) {
			return a.Runs.CodesFor(ctx, r, program, id)
		},
	})
	if err != nil {
		return err
	}
	a.Runs, err = printrun.New(printrun.Config{DB: a.DB, Programs: a.Programs, Subject: a.People.Subject, Codes: a.Codes, Campaigns: a.Campaigns, Press: a.Press, Origin: a.Origin,
		Sheet: a.sheet, Name: a.nameOf, Site: a.Site, Now: a.Now})
	return err
}

// sheet begins a sheet of a notice as a program prints it today.
func (a *App) sheet(ctx context.Context, programID string, n program.Notice) (poster.Sheet, error) {
	now := a.Now().UTC()
	if p, ok := a.Programs.Program(programID); ok {
		now = now.In(p.Zone)
	}
	reads, err := a.reads(ctx, programID)
	return poster.Sheet{Notice: n, Lines: a.sheetLines(programID), Specimen: a.specimen(programID), Reads: reads, Day: time.Date(now.Year(), now.Month(), now.Day(), 12, 0, 0, 0, time.UTC)}, err
}

// signs tells the reports' room of the codes on signs.
type signs struct{ app *App }

// Sign finds a code that is in use in a program.
func (s signs) Sign(ctx context.Context, program, text string) (report.Sign, bool) {
	c, ok := s.app.Codes.Place(ctx, program, text)
	return report.Sign{Code: c.Text, Where: c.Where(), Small: c.Small}, ok
}

// Told hears that an accepted report carries a code.
func (s signs) Told(ctx context.Context, program, text string) { s.app.Codes.Told(ctx, program, text) }

// codeLines are the lines to call as the room of the codes shows them.
func (a *App) codeLines(program, lang string) []code.Line {
	var out []code.Line
	for _, l := range a.Reports.Lines(program, lang) {
		out = append(out, code.Line{Name: l.Name, Says: l.Says, Hours: l.Hours, Href: l.Href, Demo: l.Demo})
	}
	return out
}

// flushCounts adds what was counted and not added yet, when the program ends. A
// database that is away then takes its counts with it, and nothing else.
func (a *App) flushCounts() error {
	if a.Codes == nil || a.DB == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return a.Codes.Flush(ctx)
}
