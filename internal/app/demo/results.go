// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/prosecution/operation"
	"waylight/internal/prosecution/result"
)

// surge enters what an invented surge of the invented week came to: a file from
// one person, confirmed by another, and a few rows by hand. Groups, numbers and
// amounts are made up and say so.
func (d *Demo) surge(ctx context.Context) error {
	r := d.App.Results
	admin, morgan, lee, dana := d.member("admin@program.invalid"), d.member("morgan@police.invalid"), d.member("lee@police.invalid"), d.member("dana@tipdesk.invalid")
	for _, g := range []result.Organization{{ID: "invented-one", Name: "Invented Group One"}, {ID: "invented-two", Name: "Invented Group Two"}} {
		if err := r.SetOrganization(ctx, admin, g); err != nil {
			return err
		}
	}
	known, err := d.App.Operations.Visible(ctx, d.App.DB, d.App.People.Subject(morgan), "", 100)
	if err != nil {
		return err
	}
	file, err := d.surgeFile(known)
	if err != nil {
		return err
	}
	im, err := r.Upload(ctx, morgan, "invented-surge.csv", strings.NewReader(file))
	if err != nil {
		return err
	}
	if im.State != result.Ready {
		return fmt.Errorf("the demo's file of results is %s", im.State)
	}
	if err := r.Commit(ctx, morgan, im.ID); err != nil {
		return err
	}
	if _, err := d.App.Runner.RunDue(ctx); err != nil {
		return err
	}
	if err := r.ConfirmImport(ctx, lee, im.ID); err != nil {
		return err
	}
	if _, err := d.App.Runner.RunDue(ctx); err != nil {
		return err
	}
	return d.byHand(ctx, morgan, dana)
}

// byHand enters what waits: a child's recovery to be confirmed, and an arrest that
// another office reports too.
func (d *Demo) byHand(ctx context.Context, morgan, dana identity.Member) error {
	day := d.day(-2)
	rows := []struct {
		by identity.Member
		of map[string]string
	}{
		{morgan, map[string]string{"kind": result.Recovery, "certainty": result.Potential, "age": result.Minor, "exploitation": "sex", "handed_to": "child_protection",
			"handed_on": day, "checked_on": day, "receipt": "DEMO-0001", "evidence": "report", "number": "DEMO-R-0001"}},
		{dana, map[string]string{"kind": result.Arrest, "role": "trafficker", "age": "adult", "booking": "DEMO-B-0001", "evidence": "report", "number": "DEMO-R-0002"}},
		{dana, map[string]string{"kind": result.Total, "covers": result.Weapon, "count": "20", "qualifier": "about", "evidence": "announcement", "number": "DEMO-A-0001"}},
	}
	for _, row := range rows {
		row.of["date"] = day
		if _, wrong, err := d.App.Results.Enter(ctx, row.by, []result.Line{result.Typed(row.of)}); err != nil {
			return fmt.Errorf("%v: %w", wrong, err)
		}
	}
	return nil
}

// surgeFile is a small file of invented results, of the operations of the surge.
func (d *Demo) surgeFile(known []operation.Known) (string, error) {
	known = slices.DeleteFunc(known, func(o operation.Known) bool { return o.Surge.IsZero() || !o.Over() })
	if len(known) == 0 {
		return "", errors.New("the demo's surge has no operations")
	}
	p, _ := d.App.Programs.Program(Program)
	at := func(i int) string { // date and operation
		o := known[i%len(known)]
		return o.From.In(p.Zone).Format("2006-01-02") + "," + o.ID.String()
	}
	var b strings.Builder
	b.WriteString("kind,date,operation,county,organization,role,age,offense,booking,item,count,amount,unit,qualifier,evidence,number\n")
	counties := []string{"MS-28049", "MS-28033", "MS-28047", "MS-28059"}
	for i := range 60 {
		group := []string{"invented-one", "invented-one", "invented-two", ""}[i%4]
		fmt.Fprintf(&b, "arrest,%s,%s,%s,%s,adult,64A,DEMO-B-%04d,,,,,,report,DEMO-%04d\n", at(i), counties[i%4], group, []string{"trafficker", "buyer"}[i%2], i+1, i+1)
	}
	fmt.Fprintf(&b, "weapon,%s,MS-28049,,,,,,handgun,14,,,,receipt,DEMO-W-1\n", at(1))
	fmt.Fprintf(&b, "currency,%s,MS-28049,,,,,,,,\"12,345.67\",,more_than,receipt,DEMO-C-1\n", at(1))
	fmt.Fprintf(&b, "narcotic,%s,MS-28049,,,,,,cocaine,,2.5,kg,,laboratory,DEMO-N-1\n", at(1))
	fmt.Fprintf(&b, "narcotic,%s,MS-28033,,,,,,heroin,,1.5,lb,,laboratory,DEMO-N-2\n", at(2))
	return b.String(), nil
}

// day is a date of the demo's week.
func (d *Demo) day(days int) string {
	p, _ := d.App.Programs.Program(Program)
	return d.clock.Now().In(p.Zone).AddDate(0, 0, days).Format("2006-01-02")
}
