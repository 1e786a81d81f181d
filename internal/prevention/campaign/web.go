// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/prevention/code"
)

const list = "/staff/campaigns"

func (s *Service) staffRoutes() []web.Route {
	act := func(name string, do act) web.Route {
		return web.Route{Pattern: "POST " + list + "/{campaign}/" + name, Access: policy.At(policy.ChangeCampaign), Handler: s.acting(do)}
	}
	pieces := act("pieces", s.piecePost)
	pieces.MaxBody = maxPicture + 64<<10
	return []web.Route{
		{Pattern: "GET " + list, Access: policy.At(policy.ReadCampaign), Handler: s.listPage},
		{Pattern: "POST " + list, Access: policy.At(policy.MakeCampaign), Handler: s.makePost},
		{Pattern: "GET " + list + "/{campaign}", Access: policy.At(policy.ReadCampaign), Handler: s.onePage},
		{Pattern: "GET " + list + "/{campaign}/code.svg", Access: policy.At(policy.ReadCampaign), Handler: s.codePicture(code.SVG)},
		{Pattern: "GET " + list + "/{campaign}/code.png", Access: policy.At(policy.ReadCampaign), Handler: s.codePicture(code.PNG)},
		act("change", s.changePost), act("advance", s.advancePost), act("partners", s.partnerPost), act("lines", s.linePost),
		act("money", s.moneyPost), act("events", s.eventPost), act("remove", s.removePost), pieces,
	}
}

func me(r *http.Request) identity.Member {
	m, _ := identity.From(r.Context())
	return m
}

func idOf(r *http.Request) (store.ID, error) {
	id, err := store.ParseID(r.PathValue("campaign"))
	if err != nil {
		return id, ErrNotFound.With(err)
	}
	return id, nil
}

// notices are the sentences for the "done" word of an address.
var notices = map[string]string{
	"made":     "The campaign is made. It is not public yet.",
	"change":   "The change is saved.",
	"advance":  "The campaign stands where the page says now.",
	"partners": "The partner is added.",
	"lines":    "The line is added to the budget.",
	"money":    "The amounts are saved.",
	"events":   "The day is added.",
	"pieces":   "The piece is added, with a short address of its own.",
	"remove":   "It is taken away.",
}

// act does what a posted form asks.
type act func(ctx context.Context, m identity.Member, id store.ID, r *http.Request) error

// acting does what the page of a campaign posts. Who may not is told so before
// anything of what was sent is read.
func (s *Service) acting(do act) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := idOf(r)
		if err != nil {
			return err
		}
		if _, err := s.mine(r.Context(), s.DB, me(r), id, policy.ChangeCampaign); err != nil {
			return err
		}
		of := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		if err := parse(r); err != nil {
			return err
		}
		if err := do(r.Context(), me(r), id, r); err != nil {
			t, status := web.Troubled(err, of, r.PostForm)
			if t == nil {
				return err
			}
			return s.showOne(w, r, status, t)
		}
		http.Redirect(w, r, list+"/"+id.String()+"?done="+of, http.StatusSeeOther)
		return nil
	}
}

var errForm = fault.New(fault.Invalid, "campaign.form", "What was sent could not be read as a form. Nothing was changed.")

// parse reads a posted form; one in parts stays in memory, since none is larger than what is let in.
func parse(r *http.Request) error {
	err := r.ParseMultipartForm(maxPicture + 128<<10)
	var large *http.MaxBytesError
	switch {
	case err == nil, errors.Is(err, http.ErrNotMultipart):
		return nil
	case errors.As(err, &large):
		return large
	}
	return errForm.With(err)
}

// words takes two languages of a field.
func words(q url.Values, name string) form.Text {
	clean := func(lang string) string {
		text, _ := form.Repair(strings.ReplaceAll(q.Get(name+"_"+lang), "\r\n", "\n"))
		return strings.TrimSpace(text)
	}
	return both(clean("en"), clean("es"))
}

func detailsOf(q url.Values) Details {
	var chosen []string
	for _, id := range q["notices"] {
		if id != "" && !slices.Contains(chosen, id) {
			chosen = append(chosen, id)
		}
	}
	return Details{Slug: strings.TrimSpace(q.Get("slug")), Title: words(q, "title"), Text: words(q, "text"), First: q.Get("first"), Last: q.Get("last"), Notices: chosen}
}

func (s *Service) makePost(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	if err := s.may(policy.MakeCampaign, m, policy.Object{Program: m.Program}); err != nil {
		return err
	}
	if err := parse(r); err != nil {
		return err
	}
	c, err := s.Make(r.Context(), m, r.PostForm.Get("lead"), detailsOf(r.PostForm))
	if err != nil {
		t, status := web.Troubled(err, "make", r.PostForm)
		if t == nil {
			return err
		}
		return s.showList(w, r, status, t)
	}
	http.Redirect(w, r, list+"/"+c.ID.String()+"?done=made", http.StatusSeeOther)
	return nil
}

func (s *Service) changePost(ctx context.Context, m identity.Member, id store.ID, r *http.Request) error {
	version, err := strconv.Atoi(r.PostForm.Get("version"))
	if err != nil {
		return errStale.With(err)
	}
	return s.Change(ctx, m, id, version, detailsOf(r.PostForm))
}

func (s *Service) advancePost(ctx context.Context, m identity.Member, id store.ID, r *http.Request) error {
	return s.Advance(ctx, m, id, State(r.PostForm.Get("to")))
}

func (s *Service) partnerPost(ctx context.Context, m identity.Member, id store.ID, r *http.Request) error {
	return s.AddPartner(ctx, m, id, r.PostForm.Get("office"), strings.TrimSpace(r.PostForm.Get("name")))
}

func moneyOf(q url.Values) (l Line, err error) {
	planned, good := ParseMoney(q.Get("planned"))
	spent, well := ParseMoney(q.Get("spent"))
	if !good || !well {
		return l, errMoney
	}
	return Line{What: strings.TrimSpace(q.Get("what")), Planned: planned, Spent: spent}, nil
}

func (s *Service) linePost(ctx context.Context, m identity.Member, id store.ID, r *http.Request) error {
	l, err := moneyOf(r.PostForm)
	if err != nil {
		return err
	}
	return s.AddLine(ctx, m, id, l)
}

func (s *Service) moneyPost(ctx context.Context, m identity.Member, id store.ID, r *http.Request) error {
	l, err := moneyOf(r.PostForm)
	if err != nil {
		return err
	}
	if l.ID, err = store.ParseID(r.PostForm.Get("part")); err != nil {
		return errGone.With(err)
	}
	return s.SetMoney(ctx, m, id, l)
}

func (s *Service) eventPost(ctx context.Context, m identity.Member, id store.ID, r *http.Request) error {
	return s.AddEvent(ctx, m, id, Event{Day: r.PostForm.Get("day"), What: words(r.PostForm, "what")})
}

func (s *Service) removePost(ctx context.Context, m identity.Member, id store.ID, r *http.Request) error {
	part, err := store.ParseID(r.PostForm.Get("part"))
	if err != nil {
		return errGone.With(err)
	}
	return s.Remove(ctx, m, id, r.PostForm.Get("kind"), part)
}

func (s *Service) piecePost(ctx context.Context, m identity.Member, id store.ID, r *http.Request) error {
	q := r.PostForm
	p := Piece{Title: strings.TrimSpace(q.Get("piece_title")), Alt: words(q, "alt")}
	p.Width, _ = strconv.Atoi(q.Get("width")) // what is no number is no size, which AddPiece refuses
	p.Height, _ = strconv.Atoi(q.Get("height"))
	body, err := fileOf(r, "file")
	if err != nil {
		return err
	}
	return s.AddPiece(ctx, m, id, p, body)
}

// fileOf reads a file of a posted form; nil for none.
func fileOf(r *http.Request, name string) ([]byte, error) {
	f, head, err := r.FormFile(name)
	switch {
	case errors.Is(err, http.ErrMissingFile), errors.Is(err, http.ErrNotMultipart), err == nil && head.Size == 0:
		return nil, nil
	case err != nil:
		return nil, errPicture.With(err)
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, maxPicture+1))
	if err != nil {
		return nil, errPicture.With(err)
	}
	return body, nil
}
