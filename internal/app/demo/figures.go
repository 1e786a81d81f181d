// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/release"
	"waylight/internal/platform/figure"
)

// by is a member of the cast, acting.
func (d *Demo) by(ctx context.Context, email string) context.Context {
	for _, who := range d.people {
		if who.email == email {
			return identity.WithMember(ctx, who.holder.Member)
		}
	}
	return ctx
}

// tellFigures lets the program tell the public about its week, and about the surge
// before it. A week too small to tell anything of leaves a draft.
func (d *Demo) tellFigures(ctx context.Context) error {
	p, _ := d.App.Programs.Program(Program)
	first, last := d.end.Add(-week).In(p.Zone).Format(figure.Day), d.end.In(p.Zone).Format(figure.Day)
	spec := func(measure, rows string) figure.Spec {
		return figure.Spec{Measure: measure, From: first, Through: last, Rows: rows}
	}
	surge := func(measure, rows, columns string) figure.Spec {
		return figure.Spec{Measure: measure, From: d.surgeFrom, Through: last, Rows: rows, Columns: columns}
	}
	alex, sidney := d.by(ctx, "admin@program.invalid"), d.by(ctx, "second@program.invalid")
	r, err := d.App.Releases.Make(alex, release.Plan{
		Headline: map[string]string{"en": "What the week brought", "es": "Lo que trajo la semana"}, From: first, Through: last,
		Specs: []figure.Spec{spec("tips", "channel"), spec("referrals", "clock"), spec("delivery_median", ""), spec("acknowledgement_median", ""),
			surge("operations", "surge", ""), surge("surge_days", "surge", ""), surge("arrests", "organization", "surge"),
			surge("weapons", "item", "surge"), surge("currency", "surge", ""), surge("narcotics", "item", "surge")},
	})
	if err != nil {
		return fmt.Errorf("drafting the demo's release: %w", err)
	}
	if r, err = d.App.Releases.Check(alex, r.ID); err != nil || r.State != release.Checked {
		return err
	}
	doc, err := figure.ParseDocument([]byte(r.Document))
	if err != nil {
		return err
	}
	tips := doc.Tables[0].Entries[len(doc.Tables[0].RowHeads)][0]
	if tips.Value == nil {
		return nil
	}
	n := figure.Number(figure.Things, *tips.Value)
	err = d.App.Releases.Word(alex, r.ID, map[string]string{"en": n + " tips reached the program in a week", "es": n + " avisos llegaron al programa en una semana"}, nil)
	if err != nil {
		return err
	}
	return d.letOut(alex, sidney, r)
}

// letOut checks a release once more, lets the second person agree, and publishes it.
func (d *Demo) letOut(alex, sidney context.Context, r release.Release) error {
	r, err := d.App.Releases.Check(alex, r.ID)
	if err != nil || r.State != release.Checked {
		return err
	}
	if err := d.App.Releases.Ask(alex, r.ID); err != nil {
		return err
	}
	q, open, err := d.App.Approvals.Waiting(alex, d.App.DB, Program, policy.PublishRelease, "release:"+r.ID.String())
	if err != nil || !open {
		return fmt.Errorf("the demo's release waits for nobody: %w", err)
	}
	if err := d.App.Approvals.Decide(sidney, q.ID, true, ""); err != nil {
		return err
	}
	return d.App.Releases.Publish(alex, r.ID)
}

// Figures is the text of the demo's latest release, "" where its week was too small.
func (d *Demo) Figures(ctx context.Context) (string, error) {
	return d.App.Releases.Latest(ctx, Program)
}
