// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/web"
)

// sources are where places are known from, to choose from.
var sourceWords = map[string]string{"typed": "typed by staff", "station": "from the list of stations", "file": "from a file"}

type batchLine struct{ ID, What, At, State, Tag, Progress string }

func batchLineOf(b Batch, pack *program.Program) batchLine {
	v := batchLine{ID: b.ID.String(), What: batchWords[b.What], At: moment(b.At, pack.Zone), State: "being done", Tag: "t-new", Progress: fmt.Sprintf("%d of %d", b.Done, b.Total)}
	if b.State == "done" {
		v.State, v.Tag = "done", "t-done"
		v.Progress = fmt.Sprintf("%d done, %d left out", b.Made, b.LeftOut)
	}
	return v
}

type batchesData struct {
	Trouble                                                     []string
	Rows                                                        []batchLine
	Notices, Spots, Languages, Papers, Kinds, Counties, Sources []web.Choice
	Acts                                                        []web.Choice
	Today, Text                                                 string
}

func (s *Service) batchesPage(w http.ResponseWriter, r *http.Request) error {
	return s.showBatches(w, r, http.StatusOK, BatchPlan, Spec{}, nil)
}

func (s *Service) showBatches(w http.ResponseWriter, r *http.Request, status int, what string, sp Spec, trouble []string) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	list, err := batchList(r.Context(), s.DB, m.Program, pageSize)
	if err != nil {
		return err
	}
	data := batchesData{Trouble: trouble, Today: dayText(s.Now(), pack.Zone), Text: sp.Text, Notices: s.notices(pack, sp.Notice), Languages: languagesOf(pack, sp.Languages),
		Papers: web.Choices(sp.Paper, Papers(), wordOf(paperWords)), Kinds: web.Choices(sp.Kind, program.NoticePlaces(), wordOf(kindWords)), Counties: whereabouts(pack.State, sp.County),
		Sources: web.Choices(sp.Source, []string{"typed", "station", "file"}, wordOf(sourceWords)),
		Acts:    web.Choices(what, []string{BatchPlan, BatchPrinted, BatchUp, BatchRenew, BatchRemove}, wordOf(batchWords))}
	for _, spot := range program.NoticeSpots() {
		data.Spots = append(data.Spots, web.Choice{Value: spot, Label: spotWords[spot], On: slices.Contains(sp.Spots, spot)})
	}
	for _, b := range list {
		data.Rows = append(data.Rows, batchLineOf(b, pack))
	}
	return s.pages.Staff(w, r, status, "placement.batches", web.View{Title: "Many at once", Data: data})
}

func (s *Service) batchPost(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	v := r.PostForm
	sp := Spec{Notice: v.Get("notice"), Spots: v["spot"], Languages: v["language"], Paper: v.Get("paper"), Day: v.Get("day"), Kind: v.Get("kind"), County: v.Get("county"),
		Source: v.Get("source"), Text: bulk.Cut(v.Get("q"), 100)}
	b, wrong, err := s.Begin(r.Context(), m, v.Get("what"), sp)
	switch f, ok := fault.As(err); {
	case errors.Is(err, ErrTyped):
		return s.showBatches(w, r, http.StatusBadRequest, v.Get("what"), sp, saidOf(wrong))
	case ok && f.Kind == fault.Invalid:
		return s.showBatches(w, r, http.StatusBadRequest, v.Get("what"), sp, []string{f.Message})
	case err != nil:
		return err
	}
	http.Redirect(w, r, "/staff/placements/batch/"+b.ID.String(), http.StatusSeeOther)
	return nil
}

type batchData struct {
	batchLine
	Facts []fact
	Plan  bool
}

func (s *Service) batchPage(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "batch", ErrBatch)
	if err != nil {
		return err
	}
	b, err := s.Batch(r.Context(), m, id)
	if err != nil {
		return err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return err
	}
	data := batchData{batchLine: batchLineOf(b, pack), Plan: b.What == BatchPlan}
	if b.Spec.Notice != "" {
		data.Facts = append(data.Facts, fact{"Notice", s.noticeName(m.Program, b.Spec.Notice)})
	}
	for _, spot := range b.Spec.Spots {
		data.Facts = append(data.Facts, fact{"Spot", spotWords[spot]})
	}
	refresh := 2
	if b.State == "done" {
		refresh = 0
	}
	return s.pages.Staff(w, r, http.StatusOK, "placement.batch", web.View{Title: "Many at once", Data: data, Refresh: refresh})
}
