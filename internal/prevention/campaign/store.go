// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
)

const columns = `program, id, slug, lead, state, version, title_en, title_es, text_en, text_es, first_day, last_day, notices, made_at, made_by, changed_at, changed_by`

func scanCampaign(row store.Scanner) (Campaign, error) {
	var c Campaign
	var titleEN, titleES, textEN, textES, notices string
	var made, changed int64
	err := row.Scan(&c.Program, &c.ID, &c.Slug, &c.Lead, &c.State, &c.Version, &titleEN, &titleES, &textEN, &textES, &c.First, &c.Last, &notices, &made, &c.MadeBy, &changed, &c.ChangedBy)
	c.Title, c.Text = both(titleEN, titleES), both(textEN, textES)
	c.Made, c.Changed = store.Time(made), store.Time(changed)
	if notices != "" {
		c.Notices = strings.Split(notices, ",")
	}
	return c, err
}

func both(en, es string) form.Text { return form.Text{"en": en, "es": es} }

func insertCampaign(tx *store.Tx, c Campaign) error {
	return tx.Insert("campaign", store.Row{"program": c.Program, "id": c.ID, "slug": c.Slug, "lead": c.Lead, "state": string(c.State), "version": 1,
		"title_en": c.Title["en"], "title_es": c.Title["es"], "text_en": c.Text["en"], "text_es": c.Text["es"], "first_day": c.First, "last_day": c.Last,
		"notices": strings.Join(c.Notices, ","), "made_at": c.Made, "made_by": c.MadeBy, "changed_at": c.Made, "changed_by": c.MadeBy})
}

// updateCampaign writes what may change, if nobody changed it since the version of c.
func updateCampaign(tx *store.Tx, c Campaign, by string) error {
	n, err := tx.Exec(`update campaign set slug = $1, state = $2, version = version + 1, title_en = $3, title_es = $4, text_en = $5, text_es = $6, first_day = $7, last_day = $8,
		notices = $9, changed_at = $10, changed_by = $11 where program = $12 and id = $13 and version = $14`,
		c.Slug, string(c.State), c.Title["en"], c.Title["es"], c.Text["en"], c.Text["es"], c.First, c.Last, strings.Join(c.Notices, ","), store.Micros(tx.Now()), by, c.Program, c.ID, c.Version)
	if err != nil {
		return err
	}
	if n == 0 {
		return errStale
	}
	return tx.Touch("campaign", c.Program, c.ID)
}

func byID(ctx context.Context, r store.Reader, programID string, id store.ID) (Campaign, error) {
	return found(scanCampaign(r.QueryRow(ctx, `select `+columns+` from campaign where program = $1 and id = $2`, programID, id)))
}

func bySlug(ctx context.Context, r store.Reader, programID, slug string) (Campaign, error) {
	return found(scanCampaign(r.QueryRow(ctx, `select `+columns+` from campaign where program = $1 and slug = $2`, programID, slug)))
}

func found(c Campaign, err error) (Campaign, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return c, ErrNotFound
	}
	return c, fault.Wrap(err, "reading a campaign")
}

// all lists a program's campaigns, the latest first; there are a few each year.
func all(ctx context.Context, r store.Reader, programID string) ([]Campaign, error) {
	return store.Collect(ctx, r, "listing campaigns", scanCampaign, `select `+columns+` from campaign where program = $1 order by first_day desc, id desc limit 1000`, programID)
}

// parts are what belongs to a campaign.
type parts struct {
	Partners []Partner
	Lines    []Line
	Events   []Event
	Pieces   []Piece
}

func partnersOf(ctx context.Context, r store.Reader, programID string, id store.ID) ([]Partner, error) {
	return store.Collect(ctx, r, "reading who takes part", func(row store.Scanner) (Partner, error) {
		var p Partner
		var office, name sql.NullString
		err := row.Scan(&p.ID, &office, &name)
		p.Office, p.Name = office.String, name.String
		return p, err
	}, `select id, office, name from campaign_partner where program = $1 and campaign = $2 and removed_at is null order by made_at, id`, programID, id)
}

func partsOf(ctx context.Context, r store.Reader, programID string, id store.ID) (out parts, err error) {
	if out.Partners, err = partnersOf(ctx, r, programID, id); err != nil {
		return out, err
	}
	out.Lines, err = store.Collect(ctx, r, "reading a budget", func(row store.Scanner) (Line, error) {
		var l Line
		err := row.Scan(&l.ID, &l.What, &l.Planned, &l.Spent)
		return l, err
	}, `select id, what, planned_cents, spent_cents from campaign_line where program = $1 and campaign = $2 and removed_at is null order by made_at, id`, programID, id)
	if err != nil {
		return out, err
	}
	out.Events, err = store.Collect(ctx, r, "reading a campaign's days", func(row store.Scanner) (Event, error) {
		var e Event
		var en, es string
		err := row.Scan(&e.ID, &e.Day, &en, &es)
		e.What = both(en, es)
		return e, err
	}, `select id, day, what_en, what_es from campaign_event where program = $1 and campaign = $2 and removed_at is null order by day, id`, programID, id)
	if err != nil {
		return out, err
	}
	out.Pieces, err = store.Collect(ctx, r, "reading a campaign's pieces", scanPiece,
		`select `+pieceColumns+` from campaign_piece where program = $1 and campaign = $2 and removed_at is null order by made_at, id`, programID, id)
	return out, err
}

const pieceColumns = `id, title, width, height, alt_en, alt_es, code, file_kind, file_size`

func scanPiece(row store.Scanner) (Piece, error) {
	var p Piece
	var en, es string
	var kind sql.NullString
	var size sql.NullInt64
	err := row.Scan(&p.ID, &p.Title, &p.Width, &p.Height, &en, &es, &p.Code, &kind, &size)
	p.Alt, p.Kind, p.Size = both(en, es), kind.String, size.Int64
	return p, err
}

// added are the columns that every part has.
func added(c Campaign, id store.ID, at store.Row, tx *store.Tx, by string) store.Row {
	for name, value := range map[string]any{"program": c.Program, "id": id, "campaign": c.ID, "made_at": tx.Now(), "made_by": by, "removed_at": nil, "removed_by": nil} {
		at[name] = value
	}
	return at
}

func insertPiece(tx *store.Tx, c Campaign, p Piece, body []byte, hash [32]byte, by string) error {
	row := store.Row{"title": p.Title, "width": p.Width, "height": p.Height, "alt_en": p.Alt["en"], "alt_es": p.Alt["es"], "code": p.Code, "file_kind": nil, "file_size": nil, "file_hash": nil}
	if body != nil {
		row["file_kind"], row["file_size"], row["file_hash"] = p.Kind, len(body), hash
		if err := tx.Insert("campaign_file", store.Row{"program": c.Program, "piece": p.ID, "body": body}); err != nil {
			return err
		}
	}
	return tx.Insert("campaign_piece", added(c, p.ID, row, tx, by))
}

// tables are the parts that can be taken away again, by the word that a page uses.
var tables = map[string]string{"partner": "campaign_partner", "line": "campaign_line", "event": "campaign_event", "piece": "campaign_piece"}

// remove takes a part away; its row stays.
func remove(tx *store.Tx, c Campaign, kind string, id store.ID, by string) error {
	table, ok := tables[kind]
	if !ok {
		return ErrNotFound
	}
	n, err := tx.Exec(`update `+table+` set removed_at = $1, removed_by = $2 where program = $3 and id = $4 and campaign = $5 and removed_at is null`,
		store.Micros(tx.Now()), by, c.Program, id, c.ID)
	if err != nil {
		return fault.Wrap(err, "taking away a part of a campaign")
	}
	if n == 0 {
		return errGone
	}
	return tx.Touch(table, c.Program, id)
}

func setMoney(tx *store.Tx, c Campaign, l Line) error {
	n, err := tx.Exec(`update campaign_line set planned_cents = $1, spent_cents = $2 where program = $3 and id = $4 and campaign = $5 and removed_at is null`,
		l.Planned, l.Spent, c.Program, l.ID, c.ID)
	if err != nil {
		return fault.Wrap(err, "changing a line of a budget")
	}
	if n == 0 {
		return errGone
	}
	return tx.Touch("campaign_line", c.Program, l.ID)
}

// picture reads the file of a piece of a campaign that stands in public.
func picture(ctx context.Context, r store.Reader, programID string, id store.ID) (kind string, body []byte, err error) {
	err = r.QueryRow(ctx, `select p.file_kind, f.body from campaign_piece p join campaign_file f on f.program = p.program and f.piece = p.id
		join campaign c on c.program = p.program and c.id = p.campaign where p.program = $1 and p.id = $2 and p.removed_at is null and c.state <> 'planned'`, programID, id).Scan(&kind, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil, ErrNotFound
	}
	return kind, body, fault.Wrap(err, "reading a picture")
}
