// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"io"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/campaign"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/printrun"
)

// places are where the invented signs hang, and how often each was scanned in the
// invented week: one of them too seldom to be shown.
var places = []struct {
	name, county string
	small        bool
	en, es       int
}{
	{"Demo Union Station (invented), platform", "28049", false, 23, 9},
	{"Demo bus depot (invented), restrooms", "28047", false, 14, 6},
	{"Demo rest stop (invented)", "28033", true, 2, 1},
}

// salons are where the sheets of the invented print run hang.
const salons = "Demo salons of the coast (invented)"

// campaign makes an invented campaign that runs, with signs that were scanned in a
// week that is over.
func (d *Demo) campaign(ctx context.Context) error {
	admin := d.member("admin@program.invalid")
	day := d.clock.Now()
	c, err := d.App.Campaigns.Make(ctx, admin, "mbi-coordinator", campaign.Details{
		Slug: "january-signs", Title: form.Text{"en": "Demo month of signs (invented)", "es": "Mes de letreros de prueba (inventado)"},
		Text: form.Text{
			"en": "This is a demonstration. In this invented month, signs hang in stations, and short films run on screens.",
			"es": "Esto es una demostración. En este mes inventado hay letreros en las estaciones y películas cortas en las pantallas.",
		},
		First: day.AddDate(0, 0, -14).Format(time.DateOnly), Last: day.AddDate(0, 0, 30).Format(time.DateOnly), Notices: []string{"us-station", "ms-voluntary"},
	})
	if err != nil {
		return err
	}
	for _, add := range []func() error{
		func() error { return d.App.Campaigns.AddPartner(ctx, admin, c.ID, helper, "") },
		func() error { return d.App.Campaigns.AddPartner(ctx, admin, c.ID, "", "Demo bus company (invented)") },
		func() error {
			return d.App.Campaigns.AddLine(ctx, admin, c.ID, campaign.Line{What: "Printing 400 signs", Planned: 96_000, Spent: 91_240})
		},
		func() error {
			return d.App.Campaigns.AddLine(ctx, admin, c.ID, campaign.Line{What: "Screens in two stations", Planned: 250_000})
		},
		func() error {
			return d.App.Campaigns.AddEvent(ctx, admin, c.ID, campaign.Event{Day: day.AddDate(0, 0, 11).Format(time.DateOnly),
				What: form.Text{"en": "Day to wear blue", "es": "Día de vestir de azul"}})
		},
		func() error {
			return d.App.Campaigns.AddPiece(ctx, admin, c.ID, campaign.Piece{Title: "Demo picture for screens",
				Alt: form.Text{"en": "A plain blue field with a light in the middle", "es": "Un campo azul con una luz en el centro"}}, drawn(600, 315))
		},
		func() error { return d.App.Campaigns.Advance(ctx, admin, c.ID, campaign.Running) },
	} {
		if err := add(); err != nil {
			return err
		}
	}
	return d.hang(ctx, admin, c.ID)
}

// hang issues the codes of the invented signs, prints a run of sheets with one code, and
// counts their scans.
func (d *Demo) hang(ctx context.Context, admin identity.Member, month store.ID) error {
	var drafts []code.Draft
	for _, p := range places {
		drafts = append(drafts, code.Draft{Program: Program, Kind: code.Placement, Subject: store.NewID(), County: p.county, Place: p.name, Small: p.small, By: admin.Actor()})
	}
	err := d.App.DB.Write(ctx, func(tx *store.Tx) (err error) {
		d.signs, err = d.App.Codes.IssueAll(tx, drafts)
		tx.Log(custody.Entry{Program: Program, Event: "code.issued", Record: "demo:signs", Actor: admin.Actor()})
		return err
	})
	if err != nil {
		return err
	}
	run, err := d.App.Runs.Make(ctx, admin, printrun.Draft{Place: salons, County: "28059", Notice: "us-station", Languages: []string{"en", "vi"}, Each: true, Paper: "letter", Copies: 40, Partner: "Demo board of salons (invented)", Campaign: month})
	if err != nil {
		return err
	}
	if err := d.App.Runs.Print(ctx, admin, run.ID, 2, func(printrun.Run) io.Writer { return io.Discard }); err != nil {
		return err
	}
	shared, err := d.App.Codes.Get(ctx, d.App.DB, Program, run.Code)
	if err != nil {
		return err
	}
	for i, p := range places {
		d.scan(ctx, d.signs[i], p.en, p.es)
	}
	d.signs = append(d.signs, shared)
	d.scan(ctx, shared, 8, 5)
	return d.App.Codes.Flush(ctx)
}

// scan counts the invented scans of a code in two languages, and that every fourth in
// English let it go along.
func (d *Demo) scan(ctx context.Context, c code.Code, en, es int) {
	for range en {
		d.App.Codes.Count(c, "en")
	}
	for range es {
		d.App.Codes.Count(c, "es")
	}
	for range en / 4 {
		d.App.Codes.Told(ctx, Program, c.Text)
	}
}

// drawn is an invented picture.
func drawn(width, height int) []byte {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			dx, dy := x-width/2, y-height/2
			light := uint8(max(0, 200-(dx*dx+dy*dy)/40))
			picture.Set(x, y, color.RGBA{20 + light, 50 + light, 110 + light/2, 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil { // into memory: it does not fail
		return nil
	}
	return out.Bytes()
}
