// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/campaign"
	"waylight/internal/prevention/code"
)

// places are where the invented signs hang, and how often each was scanned in the
// invented week: one of them too seldom to be shown.
var places = []struct {
	name, county string
	small        bool
	kind         string
	en, es       int
}{
	{"Demo Union Station (invented), platform", "28049", false, code.Placement, 23, 9},
	{"Demo bus depot (invented), restrooms", "28047", false, code.Placement, 14, 6},
	{"Demo rest stop (invented)", "28033", true, code.Placement, 2, 1},
	{"Demo salons of the coast (invented)", "28059", false, code.Batch, 8, 5},
}

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
	return d.hang(ctx, admin.Actor())
}

// hang issues the codes of the invented signs and counts their scans.
func (d *Demo) hang(ctx context.Context, by string) error {
	var drafts []code.Draft
	for _, p := range places {
		drafts = append(drafts, code.Draft{Program: Program, Kind: p.kind, Subject: store.NewID(), County: p.county, Place: p.name, Small: p.small, By: by})
	}
	err := d.App.DB.Write(ctx, func(tx *store.Tx) (err error) {
		d.signs, err = d.App.Codes.IssueAll(tx, drafts)
		tx.Log(custody.Entry{Program: Program, Event: "code.issued", Record: "demo:signs", Actor: by})
		return err
	})
	if err != nil {
		return err
	}
	for i, p := range places {
		for range p.en {
			d.App.Codes.Count(d.signs[i], "en")
		}
		for range p.es {
			d.App.Codes.Count(d.signs[i], "es")
		}
		for range p.en / 4 {
			d.App.Codes.Told(ctx, Program, d.signs[i].Text)
		}
	}
	return d.App.Codes.Flush(ctx)
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
