// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/campaign"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/placement"
	"waylight/internal/prevention/poster"
)

// makePlacements makes the room that knows where notices hang.
func (a *App) makePlacements() (err error) {
	a.Placements, err = placement.New(placement.Config{DB: a.DB, Programs: a.Programs, Subject: a.People.Subject, Codes: sheetCodes{a.Codes}, Name: a.nameOf, Site: a.Site, Now: a.Now,
		Printer: &placement.Printer{Press: a.Press, Origin: a.Origin, Lines: a.sheetLines, Specimen: a.specimen, Reads: a.reads}})
	return err
}

// sheetLines tells of a program's channels, and whether a sheet may show each: only
// one that somebody verified lately. What a page goes on to show when its check has run
// out would hang on a wall for years.
func (a *App) sheetLines(id string) func(string) (program.Channel, bool) {
	p, ok := a.Programs.Program(id)
	if !ok {
		return nil
	}
	states := a.Agencies.Channels(id)
	return func(channel string) (program.Channel, bool) {
		c, known := p.Channels[channel]
		if !known {
			return program.Channel{}, false
		}
		c.State = states(channel)
		return c, c.State == program.Verified
	}
}

// reads says in every language of a program's notices when a person reads what is sent:
// in the hours that its desk keeps.
func (a *App) reads(ctx context.Context, id string) (map[string]string, error) {
	p, ok := a.Programs.Program(id)
	if !ok {
		return nil, nil
	}
	week, err := a.Agencies.Week(ctx, id, a.Agencies.Desk(id))
	if err != nil {
		return nil, fmt.Errorf("asking when a person reads: %w", err)
	}
	out := map[string]string{}
	for lang, words := range p.Reading {
		out[lang] = words.Say(week.String())
	}
	return out, nil
}

// specimen says why a program's sheets are not for posting.
func (a *App) specimen(id string) string {
	if p, ok := a.Programs.Program(id); a.Demo || ok && p.Demo {
		return "made in the demo; people and offices are invented"
	}
	return ""
}

// sheetCodes are the codes on sheets, as the room of placements asks for them.
type sheetCodes struct{ codes *code.Service }

// Issue makes a code within the transaction.
func (s sheetCodes) Issue(_ context.Context, tx *store.Tx, n placement.NewCode) (placement.Code, error) {
	c, err := s.codes.Issue(tx, code.Draft{Program: n.Program, Kind: code.Placement, Subject: n.Subject, County: n.County, Place: n.Place, Small: n.Small, By: n.By})
	return placement.Code{ID: c.ID, Text: c.Text}, err
}

// Switch turns a code on or off within the transaction.
func (s sheetCodes) Switch(_ context.Context, tx *store.Tx, programID string, id store.ID, on bool, by string) error {
	_, err := s.codes.Switch(tx, programID, id, on, by)
	return err
}

// Describe says anew where the sheet of a code hangs.
func (s sheetCodes) Describe(_ context.Context, tx *store.Tx, programID string, id store.ID, county, place string, small bool) error {
	return s.codes.Describe(tx, programID, id, county, place, small)
}

// On says whether a code leads on.
func (s sheetCodes) On(ctx context.Context, q store.Reader, programID string, id store.ID) (bool, error) {
	c, err := s.codes.Get(ctx, q, programID, id)
	return c.On, err
}

// scanWeeks is over how many weeks the scans of a sheet are added up.
const scanWeeks = 13

// Counts says how often codes were scanned in the last weeks that are over, of those
// whose every week may be shown or adds up to enough.
func (s sheetCodes) Counts(ctx context.Context, q store.Reader, programID string, ids []store.ID) (map[store.ID]int64, error) {
	found, err := s.codes.Scans(ctx, q, programID, ids, scanWeeks)
	if err != nil {
		return nil, err
	}
	out := map[store.ID]int64{}
	for id, weeks := range found.By {
		for _, w := range weeks {
			if !w.Few {
				out[id] += w.N
			}
		}
	}
	return out, nil
}

// hung is what the room of campaigns asks of placements.
type hung struct{ placements *placement.Service }

// Of counts the placements of some notices between two days.
func (h hung) Of(ctx context.Context, r store.Reader, programID string, notices []string, first, last string) (campaign.Placed, error) {
	n, err := h.placements.HungBetween(ctx, r, programID, notices, first, last)
	return campaign.Placed{Planned: n.Planned, Up: n.Up, Seen: n.Seen, Inspected: n.Inspected, Codes: n.Codes}, err
}

// materials are the sheets that the public may download.
type materials struct{ sheets *poster.Service }

// Sheets are the downloads of a notice.
func (m materials) Sheets(ctx context.Context, programID, notice, lang string) []campaign.Sheets {
	var out []campaign.Sheets
	for _, o := range m.sheets.Offers(ctx, programID, notice, lang) {
		all := campaign.Sheets{Languages: o.Languages}
		for _, f := range o.Files {
			all.Files = append(all.Files, campaign.File{Title: f.Title, Href: f.Href})
		}
		out = append(out, all)
	}
	return out
}
