// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/placement"
)

// post lets the demo's people plan and put up sheets: at the state's train stations, and at
// an invented school, business and train. One was stickered over, one waits to be printed, and
// those of the train are printed and to be put up on a round.
func (d *Demo) post(ctx context.Context) error {
	p, head, walker := d.App.Placements, d.member("admin@program.invalid"), d.member("dana@tipdesk.invalid")
	if _, err := p.AddStations(ctx, head, "MS"); err != nil {
		return err
	}
	for _, t := range []placement.Typed{
		{"kind": "school", "name": "Demo school (invented)", "city": "Tupelo", "county": "MS-28081"},
		{"kind": "train", "name": "Demo train (invented)", "several": "restroom: car 1; restroom: car 2"},
		{"kind": "business", "name": "Demo diner (invented)", "city": "Jackson", "county": "MS-28049"},
	} {
		if _, wrong, err := p.AddPlace(ctx, head, t); err != nil {
			return fmt.Errorf("%v: %w", wrong, err)
		}
	}
	for _, b := range []struct {
		what string
		spec placement.Spec
	}{
		{placement.BatchPlan, placement.Spec{Notice: "us-station", Spots: []string{"restroom", "platform"}, Kind: "train_station"}},
		{placement.BatchPrinted, placement.Spec{Kind: "train_station"}},
		{placement.BatchUp, placement.Spec{Kind: "train_station", County: "28049"}},
		{placement.BatchPlan, placement.Spec{Notice: "us-station", Spots: []string{"restroom"}, Kind: "train"}},
		{placement.BatchPrinted, placement.Spec{Kind: "train"}},
		{placement.BatchPlan, placement.Spec{Notice: "ms-voluntary", Spots: []string{"entrance"}, Kind: "school"}},
	} {
		if _, wrong, err := p.Begin(ctx, head, b.what, b.spec); err != nil {
			return fmt.Errorf("%s: %v: %w", b.what, wrong, err)
		}
		if _, err := d.App.Runner.RunDue(ctx); err != nil {
			return err
		}
	}
	if err := d.round(ctx, walker); err != nil {
		return err
	}
	if _, err := p.MakeRound(ctx, walker, "Demo train (invented)", placement.Filter{County: "none", Pass: placement.PassPrinted}); err != nil {
		return err
	}
	for name, file := range map[string]string{
		"invented-clinics.csv": "kind,name,city,county\nclinic,Demo clinic (invented),Jackson,Hinds\n",
		"invented-broken.csv":  "kind,name,city,county\nclinic,Demo clinic without a county (invented),Jackson,\n",
	} {
		if _, err := p.Upload(ctx, head, name, strings.NewReader(file)); err != nil {
			return err
		}
	}
	return nil
}

// round looks at the sheets in Hinds County: the first is as it should be, and over the
// code of the second somebody put a sticker.
func (d *Demo) round(ctx context.Context, walker identity.Member) error {
	r, err := d.App.Placements.MakeRound(ctx, walker, "Demo round (invented)", placement.Filter{County: "28049"})
	if err != nil {
		return err
	}
	_, list, err := d.App.Placements.Stops(ctx, walker, r.ID)
	if err != nil {
		return err
	}
	for i, st := range list[:min(2, len(list))] {
		e := placement.Entry{Key: store.NewID().String(), Placement: st.ID, Found: []string{placement.FoundSeen, string(placement.Stickered)}[i], Opens: []string{"yes", "untried"}[i]}
		if _, err := d.App.Placements.Inspect(ctx, walker, r.ID, e); err != nil {
			return err
		}
	}
	return nil
}
