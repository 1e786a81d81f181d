// SPDX-License-Identifier: Apache-2.0

package printrun

import (
	"net/http"
	"slices"
	"strconv"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/poster"
)

const (
	weeksShown  = 8
	printsShown = 50
)

type newData struct {
	web.Frame
	Counties, Notices, Languages, Papers, Campaigns []web.Choice
	Small, Each                                     bool
	Specimen                                        string
}

func (s *Service) newPage(w http.ResponseWriter, r *http.Request) error {
	return s.showNew(w, r, http.StatusOK, nil)
}

// showNew shows the form for a new run.
func (s *Service) showNew(w http.ResponseWriter, r *http.Request, status int, t *web.Trouble) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	if err := s.may(m, policy.ChangeRuns); err != nil {
		return err
	}
	reads, err := s.reader(r.Context(), m, pack)
	if err != nil {
		return err
	}
	data := newData{Frame: web.Framed(r, t, said)}
	was := func(field string) string { return data.Was("make", field) }
	data.Notices, data.Languages, data.Campaigns = notices(pack, was("notice")), languages(pack), reads.choices(was("campaign"))
	data.Papers = web.Choices(was("paper"), Papers(), func(v string) string { return paperWords[v] })
	for _, c := range place.Counties(pack.State) {
		data.Counties = append(data.Counties, web.Choice{Value: c.FIPS, Label: c.Name, On: c.FIPS == was("county")})
	}
	data.Small, data.Each = t == nil || was("small") == "yes", was("each") == "yes"
	if t != nil {
		web.Chosen(data.Languages, t.Typed["languages"]...)
	}
	if len(pack.Notices) > 0 {
		one, err := s.Sheet(r.Context(), pack.ID, pack.Notices[0])
		if err != nil {
			return err
		}
		data.Specimen = one.Specimen
	}
	return s.pages.Staff(w, r, status, "printrun.new", web.View{Title: "Make a print run", Path: base + "/new", Data: data, Problems: t.Problems()})
}

// languages are all that a program's notices have words in.
func languages(pack *program.Program) []web.Choice {
	var tags []string
	for _, n := range pack.Notices {
		if pack.Concerns(n) {
			tags = append(tags, poster.Languages(n)...)
		}
	}
	slices.Sort(tags)
	return web.Choices("", slices.Compact(tags), poster.LanguageName)
}

type fact struct{ Name, Value string }

type printLine struct{ Number, Copies, Version, At, By string }

type weekLine struct {
	Week           string
	Scans, Reports code.Shown
}

type runData struct {
	web.Frame
	listLine
	Facts         []fact
	Address, Link string
	MayChange     bool
	Prints        []printLine
	Weeks         []weekLine
	MayCount      bool
	CopiesNow     string
	Least         int
}

func (s *Service) runPage(w http.ResponseWriter, r *http.Request) error {
	return s.showRun(w, r, http.StatusOK, nil)
}

func (s *Service) showRun(w http.ResponseWriter, r *http.Request, status int, t *web.Trouble) error {
	m, run, err := s.asked(r, policy.ReadRuns)
	if err != nil {
		return err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return err
	}
	reads, err := s.reader(r.Context(), m, pack)
	if err != nil {
		return err
	}
	data := runData{Frame: web.Framed(r, t, said), Address: code.Address(s.Origin, run.Text), Link: code.Link(s.Origin, run.Text),
		MayChange: s.may(m, policy.ChangeRuns) == nil, MayCount: s.may(m, policy.ReadCodes) == nil, Least: code.Least, CopiesNow: strconv.Itoa(run.Copies)}
	if data.listLine, err = reads.line(r.Context(), run); err != nil {
		return err
	}
	made := run.Made.In(pack.Zone).Format("Jan 2, 2006")
	if name := s.Name(r.Context(), run.Program, run.MadeBy); name != "" {
		made += ", by " + name
	}
	data.Facts = slices.DeleteFunc([]fact{{"For", data.For}, {"Notice", data.Notice}, {"Version printed", data.Version}, {"Languages", data.Languages}, {"Size", data.Paper},
		{"Copies at a time", strconv.Itoa(run.Copies)}, {"Made", made}}, func(f fact) bool { return f.Value == "" })
	if err := s.past(r, m, pack, run, &data); err != nil {
		return err
	}
	return s.pages.Staff(w, r, status, "printrun", web.View{Title: "Print run", Path: base + "/" + run.ID.String(), Data: data, Problems: t.Problems()})
}

// past fills in when a run was printed, and what its code's counts may be told of.
func (s *Service) past(r *http.Request, m identity.Member, pack *program.Program, run Run, data *runData) error {
	ctx := r.Context()
	list, err := prints(ctx, s.DB, run, printsShown)
	if err != nil {
		return err
	}
	for _, p := range list {
		data.Prints = append(data.Prints, printLine{strconv.Itoa(p.Number), strconv.Itoa(p.Copies), p.Version, p.At.In(pack.Zone).Format("Jan 2, 2006, 3:04 PM"), s.Name(ctx, run.Program, p.By)})
	}
	if !data.MayCount {
		return nil
	}
	ids := []store.ID{run.Code}
	scans, err := s.Codes.Scans(ctx, s.DB, m.Program, ids, weeksShown)
	if err != nil {
		return err
	}
	reports, err := s.Codes.Reports(ctx, s.DB, m.Program, ids, weeksShown)
	if err != nil {
		return err
	}
	for i, week := range scans.Weeks {
		data.Weeks = append(data.Weeks, weekLine{week, scans.By[run.Code][i], reports.By[run.Code][i]})
	}
	return nil
}
