// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"waylight/internal/platform/store"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
)

// The offices of the cast that unusual things happen to.
const (
	children = "mdcps"
	state    = "mbi-coordinator"
	tipDesk  = "mbi-desk"
	helpDesk = "help-desk"
)

// twist is something unusual that happens to one report of the week.
type twist struct {
	number int    // of the report
	apart  string // the office that does not do the usual with it, or ""
	after  time.Duration
	do     func(ctx context.Context, a report.Accepted) error
}

// twists are all of the week. The first of a kind come on its second day and
// are settled; the last ones come on its last day and are still as they are.
func (d *Demo) twists() []twist {
	last := d.lastOf
	return []twist{
		{number: 12, after: 3 * time.Hour, do: d.sameMatter},
		{number: 13, after: 3 * time.Hour, do: d.sendToHelpers},
		{number: 14, after: 26 * time.Hour, do: d.closeReceipt},
		{number: 17, after: 4 * time.Hour, do: d.meetTwo},
		{number: 17, after: 5 * time.Hour, do: d.stepBack},
		{number: 21, apart: state, after: 40 * time.Minute, do: d.recuse},
		{number: 21, after: 3 * time.Hour, do: d.findAnother},
		{number: 22, apart: children, after: 20 * time.Minute, do: d.cannotOpen},
		{number: 22, after: 5 * time.Hour, do: d.canOpen},
		{number: last(0), after: 2 * time.Hour, do: d.closeReceipt},
		{number: last(4), apart: state, after: 40 * time.Minute, do: d.recuse},
		{number: last(10), apart: children, after: 20 * time.Minute, do: d.cannotOpen},
	}
}

// lastOf is the number of the last report with a story that people still work
// on before the week ends, or -1 in a demo too small for one.
func (d *Demo) lastOf(story int) int {
	n := d.Config.Reports - 7
	n -= ((n-story)%len(stories) + len(stories)) % len(stories)
	if n < 2*len(stories) {
		return -1
	}
	return n
}

// unusual plans what happens to the n-th report besides the usual.
func (d *Demo) unusual(n int, a report.Accepted) {
	for _, t := range d.twists() {
		if t.number != n {
			continue
		}
		d.plan(d.clock.Now().Add(t.after), func(ctx context.Context) error {
			if err := t.do(ctx, a); err != nil {
				return fmt.Errorf("what is unusual about report %d: %w", n+1, err)
			}
			return nil
		})
	}
}

// apart reports whether the office does something else than the usual with the n-th report.
func (d *Demo) apart(n int, office string) bool {
	return slices.ContainsFunc(d.twists(), func(t twist) bool { return t.number == n && t.apart == office })
}

// sameMatter marks that the truck stop was reported before.
func (d *Demo) sameMatter(ctx context.Context, a report.Accepted) error {
	return d.App.Referrals.SameMatter(ctx, d.on(state, 0).holder.Member, a.Report, d.reports[0])
}

// sendToHelpers lets child protection send a report on to the helpers, who
// take it on.
func (d *Demo) sendToHelpers(ctx context.Context, a report.Accepted) error {
	if err := d.referOn(ctx, d.on(children, 0), a.Report, helper); err != nil {
		return err
	}
	ana := d.on(helper, 0)
	d.plan(d.clock.Now().Add(25*time.Minute), func(ctx context.Context) error {
		if err := d.open(ctx, ana, a.Report); err != nil {
			return err
		}
		return d.App.Referrals.Acknowledge(ctx, ana.holder.Member, a.Report)
	})
	return nil
}

// referOn opens a report and wraps its key for another office, as a browser does.
func (d *Demo) referOn(ctx context.Context, who *person, id store.ID, office string) error {
	content, sealed, err := d.read(ctx, who, id)
	if err != nil {
		return err
	}
	key := d.App.Agencies.Keys(Program)[office]
	wrap, err := content.Wrap(key.Public, sealed.Record(), sealed.Hash, office)
	if err != nil {
		return err
	}
	_, err = d.App.Referrals.ReferOn(ctx, who.holder.Member, id, referral.Onward{Office: office, KeyID: key.ID, Wrap: wrap})
	return err
}

// closeReceipt lets the sender end the receipt.
func (d *Demo) closeReceipt(ctx context.Context, a report.Accepted) error {
	return d.App.Reports.Close(ctx, a.Receipt.Words("en"))
}

// meetTwo lets child protection say that it did the first two of its own duties.
func (d *Demo) meetTwo(ctx context.Context, a report.Accepted) error {
	m := d.on(children, 0).holder.Member
	owed, err := d.App.Referrals.Owed(ctx, m, a.Report)
	if err != nil {
		return err
	}
	for _, r := range owed[:min(2, len(owed))] {
		if err := d.App.Referrals.Meet(ctx, m, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// stepBack lets one member of child protection, who knows somebody in a
// report, leave it to the colleague.
func (d *Demo) stepBack(ctx context.Context, a report.Accepted) error {
	return d.App.Referrals.Recuse(ctx, d.on(children, 1).holder.Member, a.Report)
}

// recuse lets the whole office of the state's police step back.
func (d *Demo) recuse(ctx context.Context, a report.Accepted) error {
	return d.App.Referrals.RecuseOffice(ctx, d.on(state, 0).holder.Member, a.Report)
}

// findAnother lets the tip desk find another office for one that stepped back.
func (d *Demo) findAnother(ctx context.Context, a report.Accepted) error {
	return d.referOn(ctx, d.on(tipDesk, 0), a.Report, helpDesk)
}

// cannotOpen lets a member say that the browser does not open a report.
func (d *Demo) cannotOpen(ctx context.Context, a report.Accepted) error {
	return d.App.Referrals.CannotOpen(ctx, d.on(children, 1).holder.Member, a.Report)
}

// canOpen lets a colleague's browser open it after all.
func (d *Demo) canOpen(ctx context.Context, a report.Accepted) error {
	chris := d.on(children, 0)
	if err := d.open(ctx, chris, a.Report); err != nil {
		return err
	}
	return d.App.Referrals.Acknowledge(ctx, chris.holder.Member, a.Report)
}

// takeOne lets an operator of each desk be at work on a task when the week ends.
func (d *Demo) takeOne(ctx context.Context) error {
	for _, desk := range []string{tipDesk, helpDesk} {
		who := d.on(desk, 0)
		page, err := d.App.Referrals.List(ctx, who.holder.Member, referral.Filter{List: referral.ListTasks, State: string(referral.Waiting), Limit: 1})
		if err != nil {
			return err
		}
		for _, task := range page.Rows {
			if err := d.App.Referrals.Take(ctx, who.holder.Member, task.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
