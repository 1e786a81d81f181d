// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

const surgeColumns = `g.program, g.id, g.lead, g.body, g.made_at, g.made_by, g.closed_at, g.closed_by`

func (s *Service) scanSurge(row store.Scanner) (Surge, error) {
	var g Surge
	var body []byte
	var made int64
	var closed sql.NullInt64
	var by sql.NullString
	err := row.Scan(&g.Program, &g.ID, &g.Lead, &body, &made, &g.MadeBy, &closed, &by)
	if err != nil {
		return g, err
	}
	g.Made, g.Closed, g.ClosedBy = store.Time(made), store.Time(closed.Int64), by.String
	return g, s.openBody(g.Program, g.place(), body, &g.SurgeDetails)
}

// surgeByID reads a surge with its offices, whoever asks.
func (s *Service) surgeByID(ctx context.Context, r store.Reader, programID string, id store.ID) (Surge, error) {
	g, err := s.scanSurge(r.QueryRow(ctx, `select `+surgeColumns+` from surge g where g.program = $1 and g.id = $2`, programID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return g, ErrNotFound
	}
	if err != nil {
		return g, fault.Wrap(err, "reading a surge")
	}
	g.Partners, err = store.Collect(ctx, r, "reading who takes part in a surge", func(row store.Scanner) (string, error) {
		var office string
		err := row.Scan(&office)
		return office, err
	}, `select office from surge_office where program = $1 and surge = $2 and part = $3 order by office`, programID, id, partPartner)
	return g, err
}

func (s *Service) insertSurge(tx *store.Tx, g Surge) error {
	body, err := s.sealBody(g.Program, g.place(), g.SurgeDetails)
	if err != nil {
		return err
	}
	err = tx.Insert("surge", store.Row{"program": g.Program, "id": g.ID, "lead": g.Lead, "body": body, "made_at": g.Made, "made_by": g.MadeBy, "closed_at": nil, "closed_by": nil,
		"name": nil, "first_day": nil, "last_day": nil, "starts": nil, "days": nil})
	if err != nil {
		return err
	}
	for i, office := range g.Offices() {
		part := partPartner
		if i == 0 {
			part = partLead
		}
		if err := tx.Insert("surge_office", store.Row{"program": g.Program, "office": office, "surge": g.ID, "part": part, "made_at": g.Made}); err != nil {
			return err
		}
	}
	return nil
}

func closeSurge(tx *store.Tx, g Surge, by string, starts time.Time) error {
	n, err := tx.Exec(`update surge set closed_at = $1, closed_by = $2, name = $3, first_day = $4, last_day = $5, starts = $6, days = $7 where program = $8 and id = $9 and closed_at is null`,
		store.Micros(tx.Now()), by, g.Name, g.First, g.Last, store.Micros(starts), g.Days(), g.Program, g.ID)
	if err != nil {
		return fault.Wrap(err, "closing a surge")
	}
	if n == 0 {
		return errSurgeOver
	}
	return tx.Touch("surge", g.Program, g.ID)
}

// unfinished counts the operations of a surge that are not reviewed yet and were not called off.
func unfinished(ctx context.Context, r store.Reader, programID string, id store.ID) (n int, err error) {
	err = r.QueryRow(ctx, `select count(*) from operation where program = $1 and surge = $2 and state in ('planned', 'approved', 'running', 'closed')`, programID, id).Scan(&n)
	return n, fault.Wrap(err, "counting the operations of a surge")
}

// surgesOf lists the surges that an office takes part in, the newest first, at most a thousand.
func (s *Service) surgesOf(ctx context.Context, r store.Reader, programID, office string) ([]Surge, error) {
	return store.Collect(ctx, r, "listing surges", s.scanSurge, `select `+surgeColumns+` from surge_office x join surge g on g.program = x.program and g.id = x.surge
		where x.program = $1 and x.office = $2 order by g.made_at desc, g.id desc limit 1000`, programID, office)
}

// tally is how many operations of a surge are in a state, of a kind.
type tally struct {
	State State
	Kind  string
	N     int
}

func tallies(ctx context.Context, r store.Reader, programID string, id store.ID) ([]tally, error) {
	return store.Collect(ctx, r, "counting the operations of a surge", func(row store.Scanner) (tally, error) {
		var t tally
		err := row.Scan(&t.State, &t.Kind, &t.N)
		return t, err
	}, `select state, kind, count(*) from operation where program = $1 and surge = $2 group by state, kind`, programID, id)
}

// --- featured locations

const locationColumns = `program, id, level, body, added_at, added_by, withdrawn_at, withdrawn_by`

func (s *Service) scanLocation(row store.Scanner) (Location, error) {
	var l Location
	var body []byte
	var added int64
	var withdrawn sql.NullInt64
	var by sql.NullString
	err := row.Scan(&l.Program, &l.ID, &l.Level, &body, &added, &l.AddedBy, &withdrawn, &by)
	if err != nil {
		return l, err
	}
	l.Added, l.Withdrawn, l.WithdrawnBy = store.Time(added), store.Time(withdrawn.Int64), by.String
	return l, s.openBody(l.Program, l.place(), body, &l.LocationDetails)
}

func (s *Service) locationByID(ctx context.Context, r store.Reader, programID string, id store.ID) (Location, error) {
	l, err := s.scanLocation(r.QueryRow(ctx, `select `+locationColumns+` from featured_location where program = $1 and id = $2`, programID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return l, ErrNotFound
	}
	return l, fault.Wrap(err, "reading a location")
}

func (s *Service) insertLocation(tx *store.Tx, l Location) error {
	body, err := s.sealBody(l.Program, l.place(), l.LocationDetails)
	if err != nil {
		return err
	}
	return tx.Insert("featured_location", store.Row{"program": l.Program, "id": l.ID, "level": l.Level, "body": body, "added_at": l.Added, "added_by": l.AddedBy,
		"withdrawn_at": nil, "withdrawn_by": nil})
}

func withdrawLocation(tx *store.Tx, l Location, by string) error {
	n, err := tx.Exec(`update featured_location set withdrawn_at = $1, withdrawn_by = $2 where program = $3 and id = $4 and withdrawn_at is null`, store.Micros(tx.Now()), by, l.Program, l.ID)
	if err != nil {
		return fault.Wrap(err, "withdrawing a location")
	}
	if n == 0 {
		return errGone
	}
	return tx.Touch("featured_location", l.Program, l.ID)
}

// locations lists a program's, the newest first; the number is small by its nature.
func (s *Service) locations(ctx context.Context, r store.Reader, programID string) ([]Location, error) {
	return store.Collect(ctx, r, "listing locations", s.scanLocation, `select `+locationColumns+` from featured_location where program = $1 order by added_at desc, id desc limit 2000`, programID)
}
