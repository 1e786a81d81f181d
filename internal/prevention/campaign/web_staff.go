// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/prevention/code"
)

// stateWords are the states in words for staff.
var stateWords = map[State]string{Planned: "Planned", Running: "Running, in public", Closed: "Closed"}

type listLine struct {
	ID, Title, Days, Lead, State string
	Open                         bool
}

type listView struct {
	web.Frame
	Query   string
	Lines   []listLine
	MayMake bool
	Leads   []web.Choice
	Notices []web.Choice
}

func (s *Service) listPage(w http.ResponseWriter, r *http.Request) error {
	return s.showList(w, r, http.StatusOK, nil)
}

// readable lists the campaigns that somebody may read, the latest first.
func (s *Service) readable(ctx context.Context, m identity.Member) ([]Campaign, error) {
	found, err := all(ctx, s.DB, m.Program)
	if err != nil {
		return nil, err
	}
	var out []Campaign
	for _, c := range found {
		partners, err := partnersOf(ctx, s.DB, m.Program, c.ID)
		if err != nil {
			return nil, err
		}
		if s.may(policy.ReadCampaign, m, c.object(m.Office, partners)) == nil {
			out = append(out, c)
		}
	}
	return out, nil
}

// Readable names the campaigns that somebody may read.
func (s *Service) Readable(ctx context.Context, m identity.Member) (map[store.ID]string, error) {
	list, err := s.readable(ctx, m)
	out := map[store.ID]string{}
	for _, c := range list {
		out[c.ID] = c.Title["en"]
	}
	return out, err
}

// showList shows the campaigns that somebody may read.
func (s *Service) showList(w http.ResponseWriter, r *http.Request, status int, t *web.Trouble) error {
	m := me(r)
	found, err := s.readable(r.Context(), m)
	if err != nil {
		return err
	}
	v := listView{Frame: web.Framed(r, t, notices), Query: strings.TrimSpace(r.URL.Query().Get("q")), MayMake: s.may(policy.MakeCampaign, m, policy.Object{Program: m.Program}) == nil}
	for _, c := range found {
		if strings.Contains(strings.ToLower(c.Title["en"]+" "+c.Title["es"]), strings.ToLower(v.Query)) {
			v.Lines = append(v.Lines, listLine{c.ID.String(), c.Title["en"], c.First + " to " + c.Last, s.office(c.Program, c.Lead), stateWords[c.State], c.State == Running})
		}
	}
	if v.MayMake {
		v.Leads, v.Notices = s.offices(m.Program), s.noticesOf(m.Program, nil)
		if t != nil {
			mark(v.Leads, t.Typed["lead"])
			mark(v.Notices, t.Typed["notices"])
		}
	}
	return s.pages.Staff(w, r, status, "campaigns", web.View{Title: "Campaigns", Path: list, Data: v, Problems: t.Problems()})
}

func mark(all []web.Choice, on []string) {
	for i := range all {
		all[i].On = slices.Contains(on, all[i].Value)
	}
}

// office is an office's name.
func (s *Service) office(programID, id string) string {
	if p, ok := s.Programs.Program(programID); ok && p.Offices[id].ID != "" {
		return p.Offices[id].Name.In("en")
	}
	return id
}

// offices lists a program's, by name.
func (s *Service) offices(programID string) []web.Choice {
	p, ok := s.Programs.Program(programID)
	if !ok {
		return nil
	}
	var out []web.Choice
	for id, o := range p.Offices {
		out = append(out, web.Choice{Value: id, Label: o.Name.In("en"), On: false})
	}
	slices.SortFunc(out, func(a, b web.Choice) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	return out
}

// noticesOf lists a program's notices.
func (s *Service) noticesOf(programID string, on []string) []web.Choice {
	p, ok := s.Programs.Program(programID)
	if !ok {
		return nil
	}
	var out []web.Choice
	for _, n := range p.Notices {
		if p.Concerns(n) {
			out = append(out, web.Choice{Value: n.ID, Label: n.Title.In("en") + " (" + n.Jurisdiction + ")", On: slices.Contains(on, n.ID)})
		}
	}
	return out
}

type partLine struct {
	ID, Name string
	First    string // of a line of the budget: planned; of a day: the day
	Second   string // of a line of the budget: spent
	Third    string
}

type pieceLine struct {
	ID, Title, Size, Alt, AltES, Address, Picture string
	On                                            bool
	Scans                                         []code.Shown
}

type oneView struct {
	web.Frame
	Campaign
	Lead, State   string
	Next          State
	NextWords     string
	MayChange     bool
	Public        string // address of its page
	Address, Link string // its short address, as printed and as a QR code holds it
	On            bool
	Notices       []web.Choice
	Offices       []web.Choice
	Partners      []partLine
	Lines         []partLine
	Events        []partLine
	Pieces        []pieceLine
	Figures       Figures
	Planned       string
	Spent         string
	Least         int
}

func (s *Service) onePage(w http.ResponseWriter, r *http.Request) error {
	return s.showOne(w, r, http.StatusOK, nil)
}

func (s *Service) showOne(w http.ResponseWriter, r *http.Request, status int, t *web.Trouble) error {
	ctx, m := r.Context(), me(r)
	id, err := idOf(r)
	if err != nil {
		return err
	}
	c, err := s.mine(ctx, s.DB, m, id, policy.ReadCampaign)
	if err != nil {
		return err
	}
	p, err := partsOf(ctx, s.DB, c.Program, c.ID)
	if err != nil {
		return err
	}
	v := oneView{Frame: web.Framed(r, t, notices), Campaign: c, Lead: s.office(c.Program, c.Lead), State: stateWords[c.State], Next: c.State.next(), Least: code.Least,
		MayChange: s.may(policy.ChangeCampaign, m, c.object(m.Office, p.Partners)) == nil, Offices: s.offices(c.Program), Notices: s.noticesOf(c.Program, c.Notices)}
	v.NextWords = map[State]string{Running: "Begin: show it in public", Closed: "Close it: it is over"}[v.Next]
	if c.State != Planned {
		v.Public = base(c.Program, "en") + "/" + c.Slug
	}
	if t != nil && t.Form == "change" {
		mark(v.Notices, t.Typed["notices"])
	}
	if v.Figures, err = s.Figures(ctx, s.DB, c, p); err != nil {
		return err
	}
	v.Planned, v.Spent = Money(v.Figures.PlannedMoney), Money(v.Figures.SpentMoney)
	v.parts(s, c, p)
	if err := s.addresses(r, &v, c, p); err != nil {
		return err
	}
	return s.pages.Staff(w, r, status, "campaign", web.View{Title: "Campaign", Path: list + "/" + c.ID.String(), Data: v, Problems: t.Problems()})
}

func (v *oneView) parts(s *Service, c Campaign, p parts) {
	for _, x := range p.Partners {
		name := x.Name
		if x.Office != "" {
			name = s.office(c.Program, x.Office)
		}
		v.Partners = append(v.Partners, partLine{ID: x.ID.String(), Name: name})
	}
	for _, x := range p.Lines {
		v.Lines = append(v.Lines, partLine{ID: x.ID.String(), Name: x.What, First: Money(x.Planned), Second: Money(x.Spent)})
	}
	for _, x := range p.Events {
		v.Events = append(v.Events, partLine{ID: x.ID.String(), Name: x.What["en"], First: x.Day, Third: x.What["es"]})
	}
}

// addresses puts in the short addresses, of the campaign and of its pieces.
func (s *Service) addresses(r *http.Request, v *oneView, c Campaign, p parts) error {
	own, err := s.Codes.Of(r.Context(), s.DB, c.Program, c.ID)
	if err != nil {
		return err
	}
	for _, k := range own {
		v.Address, v.Link, v.On = code.Address(s.Origin, k.Text), code.Link(s.Origin, k.Text), k.On
	}
	for _, x := range p.Pieces {
		k, err := s.Codes.Get(r.Context(), s.DB, c.Program, x.Code)
		if err != nil {
			return err
		}
		l := pieceLine{ID: x.ID.String(), Title: x.Title, Size: size(x), Alt: x.Alt["en"], AltES: x.Alt["es"], Address: code.Address(s.Origin, k.Text), On: k.On, Scans: v.Figures.ScansOf[x.Code]}
		if x.Kind != "" && c.State != Planned {
			l.Picture = pictureAt(c.Program, x.ID)
		}
		v.Pieces = append(v.Pieces, l)
	}
	return nil
}

// codePicture sends a code by itself: of the piece that is named, or of the campaign.
func (s *Service) codePicture(form string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, m := r.Context(), me(r)
		id, err := idOf(r)
		if err != nil {
			return err
		}
		c, err := s.mine(ctx, s.DB, m, id, policy.ReadCampaign)
		if err != nil {
			return err
		}
		k, err := s.codeOf(ctx, c, r.URL.Query().Get("piece"))
		if err != nil {
			return err
		}
		return code.SendPicture(w, s.Origin, k, form)
	}
}

// codeOf is the code of a piece of a campaign; without one, that of the campaign itself.
func (s *Service) codeOf(ctx context.Context, c Campaign, piece string) (code.Code, error) {
	if piece == "" {
		own, err := s.Codes.Of(ctx, s.DB, c.Program, c.ID)
		if err != nil || len(own) == 0 {
			return code.Code{}, errors.Join(err, code.ErrNone)
		}
		return own[0], nil
	}
	p, err := partsOf(ctx, s.DB, c.Program, c.ID)
	if err != nil {
		return code.Code{}, err
	}
	at := slices.IndexFunc(p.Pieces, func(x Piece) bool { return x.ID.String() == piece })
	if at < 0 {
		return code.Code{}, code.ErrNone
	}
	return s.Codes.Get(ctx, s.DB, c.Program, p.Pieces[at].Code)
}

func pictureAt(programID string, id store.ID) string {
	return "/" + programID + "/signs/picture/" + id.String()
}

// away is the button that takes a part away.
type away struct {
	May                        bool
	Campaign, Kind, Part, Name string
}

// Away makes one.
func (v oneView) Away(kind, part, name string) away {
	return away{v.MayChange, v.ID.String(), kind, part, name}
}
