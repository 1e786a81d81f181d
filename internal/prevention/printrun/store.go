// SPDX-License-Identifier: Apache-2.0

package printrun

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const columns = `program, id, code, code_text, place, county, small, notice, notice_version, languages, each_alone, paper, copies, partner, campaign, prints, printed_at, says, made_at, made_by`

func scanRun(row store.Scanner) (Run, error) {
	var r Run
	var county, version sql.NullString
	var languages string
	var small, each, made int64
	var printed sql.NullInt64
	err := row.Scan(&r.Program, &r.ID, &r.Code, &r.Text, &r.Place, &county, &small, &r.Notice, &version, &languages, &each, &r.Paper, &r.Copies, &r.Partner, &r.Campaign,
		&r.Latest.Number, &printed, &r.Latest.Says, &made, &r.MadeBy)
	r.County, r.Small, r.Each, r.Languages = county.String, small != 0, each != 0, strings.Fields(languages)
	r.Latest.Version, r.Made = version.String, store.Time(made)
	if printed.Valid {
		r.Latest.At = store.Time(printed.Int64)
	}
	return r, err
}

func insertRun(tx *store.Tx, r Run) error {
	row := store.Row{"program": r.Program, "id": r.ID, "code": r.Code, "code_text": r.Text, "place": r.Place, "county": nil, "small": r.Small, "notice": r.Notice, "notice_version": nil,
		"languages": strings.Join(r.Languages, " "), "each_alone": r.Each, "paper": r.Paper, "copies": r.Copies, "partner": r.Partner, "campaign": nil,
		"sought": strings.ToLower(r.Place + "\n" + r.Text + "\n" + r.Partner), "prints": 0, "printed_at": nil, "says": nil, "made_at": r.Made, "made_by": r.MadeBy}
	if r.County != "" {
		row["county"] = r.County
	}
	if !r.Campaign.IsZero() {
		row["campaign"] = r.Campaign
	}
	return fault.Wrap(tx.Insert("print_run", row), "writing a print run")
}

// addPrint writes that a run was printed once more.
func addPrint(ctx context.Context, tx *store.Tx, r Run, p Print) error {
	n, err := tx.Exec(`update print_run set prints = prints + 1, printed_at = $1, notice_version = $2, says = $3 where program = $4 and id = $5`,
		store.Micros(p.At), p.Version, p.Says, r.Program, r.ID)
	if err != nil {
		return fault.Wrap(err, "writing that a run was printed")
	}
	if n == 0 {
		return ErrNone
	}
	if err := tx.Touch("print_run", r.Program, r.ID); err != nil {
		return err
	}
	now, err := byID(ctx, tx, r.Program, r.ID)
	if err != nil {
		return err
	}
	return fault.Wrap(tx.Insert("print_run_print", store.Row{"program": r.Program, "run": r.ID, "number": now.Latest.Number, "copies": p.Copies, "notice_version": p.Version, "says": p.Says,
		"at": p.At, "by_member": p.By}), "writing that a run was printed")
}

func byID(ctx context.Context, q store.Reader, programID string, id store.ID) (Run, error) {
	r, err := scanRun(q.QueryRow(ctx, `select `+columns+` from print_run where program = $1 and id = $2`, programID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNone
	}
	return r, fault.Wrap(err, "reading a print run")
}

// Filter narrows the list of runs.
type Filter struct {
	Text     string // in place, code or partner
	Notice   string
	Campaign store.ID
	After    string
	Limit    int
}

// runs lists runs, the newest first, and says where to go on.
func runs(ctx context.Context, q store.Reader, programID string, f Filter) ([]Run, string, error) {
	var c store.Clauses
	c.And("program = %s", programID)
	if f.Text != "" {
		c.And(`sought like %s escape '\'`, store.Like(f.Text))
	}
	if f.Notice != "" {
		c.And("notice = %s", f.Notice)
	}
	if !f.Campaign.IsZero() {
		c.And("campaign = %s", f.Campaign)
	}
	if f.After != "" {
		var made int64
		var id store.ID
		if err := web.DecodeCursor(f.After, &made, &id); err != nil {
			return nil, "", err
		}
		c.And("(made_at < %s or made_at = %s and id < %s)", made, made, id)
	}
	list, err := store.Collect(ctx, q, "listing print runs", scanRun, `select `+columns+` from print_run where `+c.All()+` order by made_at desc, id desc limit `+c.Mark(f.Limit+1), c.Args...)
	if err != nil || len(list) <= f.Limit {
		return list, "", err
	}
	end := list[f.Limit-1]
	return list[:f.Limit], web.EncodeCursor(store.Micros(end.Made), end.ID), nil
}

// prints lists how often a run was printed, the latest first.
func prints(ctx context.Context, q store.Reader, r Run, limit int) ([]Print, error) {
	return store.Collect(ctx, q, "listing when a run was printed", func(row store.Scanner) (Print, error) {
		var p Print
		var at int64
		err := row.Scan(&p.Number, &p.Copies, &p.Version, &at, &p.By)
		p.At = store.Time(at)
		return p, err
	}, `select number, copies, notice_version, at, by_member from print_run_print where program = $1 and run = $2 order by number desc limit $3`, r.Program, r.ID, limit)
}

// codesOf are the codes of the runs that were made for a campaign.
func codesOf(ctx context.Context, q store.Reader, programID string, campaign store.ID) ([]store.ID, error) {
	return store.Collect(ctx, q, "reading the codes of a campaign's print runs", func(row store.Scanner) (id store.ID, err error) {
		return id, row.Scan(&id)
	}, `select code from print_run where program = $1 and campaign = $2 order by made_at, id`, programID, campaign)
}
