// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// courtCases are the steps of a few invented cases: days before the end of the week, and what happened. Nobody in them exists.
const courtCases = `400 charged 1 indictment 1=us-18-1591;2=us-18-1594
400 charged 2 indictment 1=us-18-1591
310 plea 1 guilty 1
290 verdict 2 guilty 1
200 restitution_requested 1 - cents:184,250.75
200 restitution_requested 2 - cents:184,250.75
150 sentence 1 prison months:180 probation:60
148 sentence 2 prison months:292 probation:120
140 restitution_ordered - joint cents:184,250.75 item:1 shares:1=184250.75;2=184250.75
139 victims_notified -
138 appeal_noticed 2
60 restitution_paid - - cents:1,200.00 item:1
390 forfeiture_seized - vehicle cents:14,500.00 item:1 other:391
130 forfeiture_ordered - vehicle cents:12,000.00 item:1 other:131
`

const courtYoung = `45 charged 1 indictment 1=us-18-1591;2=us-18-2423
12 plea 1 guilty 1
`

const courtAbroad = `300 charged 1 indictment 1=us-18-1589;2=us-18-1343
280 extradition_requested 1 KH
90 extradition_granted 1
300 forfeiture_seized - digital_asset cents:2,750,000.00 item:1 other:301
`

const courtState = `75 charged 1 indictment 1=ms-97-3-54-1
20 plea 1 no_contest 1
6 sentence 1 prison months:96
`

// courts enters the invented cases as the state's police would from a file, all of it confirmed by a docket but the youngest case.
func (d *Demo) courts(ctx context.Context) error {
	p, _ := d.App.Programs.Program(Program)
	today := d.clock.Now().In(p.Zone)
	year := today.Year() % 100
	var file strings.Builder
	file.WriteString("docket,court,place,day,step,defendant,what,counts,months,probation,cents,item,other_day,shares,docket_entry,standing\n")
	for _, c := range []struct{ docket, court, place, steps, standing string }{
		{fmt.Sprintf("3:%02d-cr-00101", year-1), "federal", "MISSISSIPPI_NORTHERN", courtCases, "confirmed"},
		{fmt.Sprintf("1:%02d-cr-00117", year), "federal", "MISSISSIPPI_SOUTHERN", courtYoung, "reported"},
		{fmt.Sprintf("1:%02d-cr-00042", year), "federal", "MISSISSIPPI_SOUTHERN", courtAbroad, "confirmed"},
		{fmt.Sprintf("CR-20%02d-0555", year), "circuit", "28033", courtState, "confirmed"},
	} {
		for i, line := range strings.Split(strings.TrimSpace(c.steps), "\n") {
			file.WriteString(courtRow(today, line, []string{c.docket, c.court, c.place}, i+1, c.standing) + "\n")
		}
	}
	if _, err := d.App.Courts.Import(ctx, d.on(state, 0).holder.Member, []byte(file.String())); err != nil {
		return fmt.Errorf("entering the invented cases: %w", err)
	}
	return nil
}

// courtRow makes a line of the file of "DAYS STEP DEFENDANT WHAT COUNTS KEY:VALUE…", where - is nothing.
func courtRow(today time.Time, line string, head []string, entry int, standing string) string {
	fields := strings.Fields(line)
	ago := func(days string) string {
		var n int
		fmt.Sscan(days, &n)
		return today.AddDate(0, 0, -n).Format(time.DateOnly)
	}
	row := map[string]string{}
	for i, key := range []string{"day", "step", "defendant", "what"} {
		if i < len(fields) && fields[i] != "-" {
			row[key] = fields[i]
		}
	}
	row["day"] = ago(row["day"])
	for _, more := range fields[min(4, len(fields)):] {
		key, value, pair := strings.Cut(more, ":")
		switch {
		case !pair:
			row["counts"] = more
		case key == "other":
			row["other_day"] = ago(value)
		default:
			row[key] = value
		}
	}
	cells := slices.Clone(head)
	for _, key := range []string{"day", "step", "defendant", "what", "counts", "months", "probation", "cents", "item", "other_day", "shares"} {
		cells = append(cells, `"`+row[key]+`"`)
	}
	return strings.Join(append(cells, fmt.Sprint(entry), standing), ",")
}
