// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// holdRow is one hold on the list and on its page.
type holdRow struct {
	Hold
	Label, ReportID, PlacedName, LiftedName, AskedName string
	Stands, Waits                                      bool
	Date, LiftedDate                                   string
	order                                              string
}

type holdsView struct {
	frame
	Query, State string
	Rows         []holdRow
	Offices      []officeChoice
	MayPlace     bool
	Paging       web.Paging
	Export       string
}

type officeChoice struct{ ID, Label string }

type holdView struct {
	frame
	holdRow
	MayLift bool
}

func (s *Service) holdRows(ctx context.Context, v visit, query url.Values) ([]holdRow, error) {
	all, err := s.Holds(ctx, v.p.ID, "")
	if err != nil {
		return nil, err
	}
	people, err := s.people(ctx, v.p.ID, "")
	if err != nil {
		return nil, err
	}
	wanted := strings.Fields(strings.ToLower(query.Get("q")))
	var rows []holdRow
	for _, h := range all {
		if s.may(v.Actor, policy.ReadHolds, s.objectOf(v.p.ID, h)) != nil {
			continue
		}
		row := s.holdRow(v, h, people)
		text := strings.ToLower(strings.Join([]string{row.Office, row.Label, row.Basis, row.ReportID}, " "))
		if state := query.Get("state"); state == "standing" && !row.Stands || state == "lifted" && row.Stands {
			continue
		}
		missing := false
		for _, word := range wanted {
			missing = missing || !strings.Contains(text, word)
		}
		if !missing {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (s *Service) holdRow(v visit, h Hold, people roll) holdRow {
	row := holdRow{Hold: h, Label: officeName(v.p, h.Office), Stands: h.Lifted.IsZero(), Date: date(h.Placed, v.p), LiftedDate: date(h.Lifted, v.p),
		PlacedName: people.actor(h.PlacedBy), LiftedName: people.actor(h.LiftedBy), AskedName: people.actor(h.LiftAskedBy),
		order: fmt.Sprintf("%019d %s", math.MaxInt64-store.Micros(h.Placed), h.ID)}
	if h.Report != (store.ID{}) {
		row.ReportID = h.Report.String()
	}
	return row
}

func (s *Service) holdsPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), v.Actor, "page:holds"); err != nil {
		return err
	}
	return s.showHolds(w, r, v, http.StatusOK, nil)
}

func (s *Service) showHolds(w http.ResponseWriter, r *http.Request, v visit, status int, t *trouble) error {
	query := r.URL.Query()
	rows, err := s.holdRows(r.Context(), v, query)
	if err != nil {
		return err
	}
	page, next, err := paged(rows, func(h holdRow) string { return h.order }, query.Get("after"))
	if err != nil {
		return err
	}
	joined, err := s.Offices(r.Context(), v.p.ID)
	if err != nil {
		return err
	}
	data := holdsView{frame: framed(r, t), Query: query.Get("q"), State: query.Get("state"), Rows: page, MayPlace: v.Has(roleProgramAdmin),
		Paging: paging("/staff/holds", query, fmt.Sprintf("%d found", len(rows)), next),
		Export: "/staff/holds.csv?" + url.Values{"q": query["q"], "state": query["state"]}.Encode()}
	for _, o := range joined {
		data.Offices = append(data.Offices, officeChoice{o.ID, officeName(v.p, o.ID)})
	}
	return s.show(w, r, status, "holds", "Legal holds", "/staff/holds", t, data)
}

func (s *Service) holdsCSV(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), v.Actor, "export:holds"); err != nil {
		return err
	}
	rows, err := s.holdRows(r.Context(), v, r.URL.Query())
	if err != nil {
		return err
	}
	header := []string{"office", "name", "report", "rests on", "placed", "placed by", "lifted", "lifted by", "asked by"}
	return web.CSV(w, "holds.csv", header, func(yield func([]string) error) error {
		for _, h := range rows {
			err := yield([]string{h.Office, h.Label, h.ReportID, h.Basis, h.Date, h.PlacedName, h.LiftedDate, h.LiftedName, h.AskedName})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) holdPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	id, err := store.ParseID(r.PathValue("hold"))
	if err != nil {
		return errNoSuch.With(err)
	}
	if err := s.seen(r.Context(), v.Actor, Hold{ID: id}.record()); err != nil {
		return err
	}
	return s.showHold(w, r, v, http.StatusOK, nil)
}

func (s *Service) showHold(w http.ResponseWriter, r *http.Request, v visit, status int, t *trouble) error {
	ctx := r.Context()
	id, err := store.ParseID(r.PathValue("hold"))
	if err != nil {
		return errNoSuch.With(err)
	}
	h, err := holdByID(ctx, s.cfg.DB, v.p.ID, id)
	if err != nil {
		return err
	}
	if err := s.may(v.Actor, policy.ReadHolds, s.objectOf(v.p.ID, h)); err != nil {
		return err
	}
	people, err := s.people(ctx, v.p.ID, "")
	if err != nil {
		return err
	}
	data := holdView{frame: framed(r, t), holdRow: s.holdRow(v, h, people), MayLift: v.Has(roleProgramAdmin) && s.cfg.Approvals != nil}
	if s.cfg.Approvals != nil {
		_, data.Waits, err = s.cfg.Approvals.Waiting(ctx, s.cfg.DB, v.p.ID, policy.LiftHold, h.record())
		if err != nil {
			return err
		}
	}
	return s.show(w, r, status, "hold", "Legal hold", "/staff/holds/"+id.String(), t, data)
}

func (s *Service) postHold(ctx context.Context, v visit, r *http.Request) (string, error) {
	return "hold", s.PlaceHold(ctx, v.Actor, r.PostForm.Get("office"), r.PostForm.Get("report"), r.PostForm.Get("basis"))
}

func (s *Service) postLift(ctx context.Context, v visit, r *http.Request) (string, error) {
	id, err := store.ParseID(r.PathValue("hold"))
	if err != nil {
		return "", errNoSuch.With(err)
	}
	return "lift", s.AskLift(ctx, v.Actor, id, r.PostForm.Get("why"))
}
