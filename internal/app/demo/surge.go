// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/prosecution/operation"
)

// surgeDays is how long the invented surge lasts; there is an operation for each day.
const surgeDays = 43

// trees name the operations, so that nobody takes one for a real operation.
var trees = []string{"Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Hazel", "Juniper", "Larch"}

// where are the counties that the invented operations are spread over.
var where = []string{"28049", "28047", "28033", "28035", "28081", "28121", "28059", "28075", "28151", "28067", "28089", "28045"}

// member finds somebody of the cast.
func (d *Demo) member(email string) identity.Member {
	for _, who := range d.people {
		if who.email == email {
			return who.holder.Member
		}
	}
	return identity.Member{}
}

// operate enters an invented surge of two offices that is over, and two operations of tomorrow that meet.
func (d *Demo) operate(ctx context.Context) error {
	planners := []identity.Member{d.member("lee@police.invalid"), d.member("rob@tipdesk.invalid")}
	seconds := []identity.Member{d.member("morgan@police.invalid"), d.member("dana@tipdesk.invalid")}
	for i, name := range []string{"Demo bus depot (invented)", "Demo truck stop (invented)", "Demo county fair (invented)"} {
		level := operation.Levels()[i%2]
		_, err := d.App.Operations.AddLocation(ctx, d.member("admin@program.invalid"), level, operation.LocationDetails{Name: name, Area: place.Place{State: "MS", County: where[i]}})
		if err != nil {
			return err
		}
	}
	p, _ := d.App.Programs.Program(Program)
	last := d.clock.Now().In(p.Zone).AddDate(0, 0, -2)
	first := last.AddDate(0, 0, 1-surgeDays)
	d.surgeFrom = first.Format("2006-01-02")
	g, err := d.App.Operations.MakeSurge(ctx, seconds[0], operation.SurgeDetails{Name: "Demo surge (invented)", First: first.Format("2006-01-02"), Last: last.Format("2006-01-02")}, []string{seconds[1].Office, helper})
	if err != nil {
		return err
	}
	// Side by side: the one writer of the database then commits many at once.
	err = together(surgeDays, func(i int) error {
		from := time.Date(first.Year(), first.Month(), first.Day()+i, 9, 0, 0, 0, p.Zone)
		return d.lived(ctx, planners[i%2], seconds[i%2], invented(i, from, g.ID), i)
	})
	if err != nil {
		return err
	}
	if err := d.App.Operations.CloseSurge(ctx, seconds[0], g.ID); err != nil {
		return err
	}
	for i, m := range planners {
		next := invented(i, d.clock.Now().Add(week+24*time.Hour).Truncate(time.Hour), store.ID{})
		next.Name, next.Areas, next.Contact, next.Phone = fmt.Sprint("Demo tomorrow ", i+1), []place.Place{{State: "MS", County: "28049"}}, fmt.Sprint("Invented duty desk ", i+1), fmt.Sprintf("601-555-01%02d", 30+i)
		if _, _, err := d.App.Operations.Plan(ctx, m, next); err != nil {
			return err
		}
	}
	return nil
}

// invented is the n-th plan.
func invented(n int, from time.Time, surge store.ID) operation.Draft {
	return operation.Draft{Kind: operation.Kinds()[n%len(operation.Kinds())], Surge: surge, Plan: operation.Plan{
		Name: fmt.Sprintf("Demo %s %d", trees[n%len(trees)], n+1), Aim: "[Demo] An invented plan.", Areas: []place.Place{{State: "MS", County: where[n%len(where)]}},
		From: from, To: from.Add(6 * time.Hour), Contact: "Invented duty desk", Phone: "601-555-0129",
	}}
}

// lived takes an operation through its life; every eleventh was called off.
func (d *Demo) lived(ctx context.Context, planner, second identity.Member, plan operation.Draft, n int) error {
	ops := d.App.Operations
	o, _, err := ops.Plan(ctx, planner, plan)
	if err != nil {
		return err
	}
	if n%11 == 10 {
		return ops.Cancel(ctx, planner, o.ID, "[Demo] Called off, as some are.")
	}
	for _, step := range []func() error{
		func() error { return ops.Approve(ctx, second, o.ID, 1) },
		func() error { return ops.Begin(ctx, planner, o.ID, plan.From) },
		func() error { return ops.Close(ctx, planner, o.ID, plan.To, "[Demo] Invented. It ended as planned.") },
		func() error { return ops.Review(ctx, second, o.ID, 4, "") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// together does something n times at once.
func together(n int, do func(i int) error) error {
	var wg sync.WaitGroup
	failures := make(chan error, n)
	for i := range n {
		wg.Go(func() { failures <- do(i) })
	}
	wg.Wait()
	for range n {
		if err := <-failures; err != nil {
			return err
		}
	}
	return nil
}
