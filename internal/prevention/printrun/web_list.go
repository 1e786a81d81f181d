// SPDX-License-Identifier: Apache-2.0

package printrun

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/prevention/poster"
)

const (
	pageSize   = 50
	exportRows = 200 // that are read at once for a download
)

// What pages call things. Staff pages are in English.
var (
	stateWords = map[State]string{Never: "not printed yet", Refused: "cannot be printed now", Older: "older version of the notice: print it anew", Changed: "says something else now: print it anew",
		Stale: "nobody has looked at the notice for a year", Current: "as it would be printed today"}
	stateTags  = map[State]string{Never: "t-new", Refused: "t-late", Older: "t-late", Changed: "t-late", Stale: "t-wait", Current: "t-done"}
	paperWords = map[string]string{"letter": "Letter, 8.5 × 11 in", "tabloid": "Tabloid, 11 × 17 in", "11x15": "11 × 15 in", "a4": "A4", "card": "Card, 3.5 × 2 in", "sticker": "Sticker, 4 × 4 in"}
)

// listLine is a run as pages show it.
type listLine struct {
	ID, Place, Where, Code, For, Notice, Version, Paper, Languages, Printed, State, Tag, Why string
	Copies                                                                                   int
	Small, Off                                                                               bool
}

// reader shows runs to one member.
type reader struct {
	*Service
	pack      *program.Program
	campaigns map[store.ID]string // that they may read
}

func (s *Service) reader(ctx context.Context, m identity.Member, pack *program.Program) (reader, error) {
	mine, err := s.Campaigns.Readable(ctx, m)
	return reader{s, pack, mine}, err
}

func (s reader) line(ctx context.Context, r Run) (listLine, error) {
	k, err := s.Codes.Get(ctx, s.DB, r.Program, r.Code)
	if err != nil {
		return listLine{}, err
	}
	st, why, err := s.state(ctx, s.pack, r)
	if err != nil {
		return listLine{}, err
	}
	v := listLine{ID: r.ID.String(), Place: r.Place, Where: k.Where(), Code: r.Text, For: s.whom(r), Notice: s.notice(r.Notice), Version: r.Latest.Version, Paper: paperWords[r.Paper],
		Languages: s.spoken(r), State: stateWords[st], Tag: stateTags[st], Why: why, Copies: r.Copies, Small: r.Small, Off: !k.On}
	if !r.Latest.At.IsZero() {
		v.Printed = r.Latest.At.In(s.pack.Zone).Format("2006-01-02")
	}
	return v, nil
}

// whom a run is for. Of a campaign that somebody may not read they are not told which.
func (s reader) whom(r Run) string {
	var out []string
	if r.Partner != "" {
		out = append(out, r.Partner)
	}
	if !r.Campaign.IsZero() {
		title, ok := s.campaigns[r.Campaign]
		if !ok {
			title = "a campaign"
		}
		out = append(out, title)
	}
	return strings.Join(out, ", ")
}

func (s reader) notice(id string) string {
	if n, ok := s.pack.Notice(id); ok {
		return n.Title.In("en")
	}
	return id
}

// languages are those of a run's sheets today; none when none were chosen and the notice
// is not known any more.
func (s reader) languages(r Run) []string {
	n, _ := s.pack.Notice(r.Notice)
	return r.languages(n)
}

// spoken are the languages of a run's sheets in words.
func (s reader) spoken(r Run) string {
	langs := s.languages(r)
	names := make([]string, len(langs))
	for i, lang := range langs {
		names[i] = poster.LanguageName(lang)
	}
	if r.Each && len(names) > 1 {
		return strings.Join(names, ", ") + ", a sheet each"
	}
	return strings.Join(names, ", ")
}

func (s reader) lines(ctx context.Context, list []Run) ([]listLine, error) {
	var out []listLine
	for _, r := range list {
		l, err := s.line(ctx, r)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

type listData struct {
	Text, CSV          string
	Notices, Campaigns []web.Choice
	Rows               []listLine
	Filtered, MayMake  bool
	Paging             web.Paging
}

func (s *Service) listPage(w http.ResponseWriter, r *http.Request) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	f := filterOf(r)
	list, next, err := s.List(r.Context(), m, f)
	if err != nil {
		return err
	}
	reads, err := s.reader(r.Context(), m, pack)
	if err != nil {
		return err
	}
	data := listData{Text: f.Text, CSV: f.address(base+".csv", ""), Notices: notices(pack, f.Notice), Campaigns: reads.choices(f.Campaign.String()), Filtered: f.filtered(),
		MayMake: s.may(m, policy.ChangeRuns) == nil}
	if f.After != "" {
		data.Paging.First = f.address(base, "")
	}
	if next != "" {
		data.Paging.Next = f.address(base, next)
	}
	if data.Rows, err = reads.lines(r.Context(), list); err != nil {
		return err
	}
	return s.pages.Staff(w, r, http.StatusOK, "printruns", web.View{Title: "Print runs", Path: base, Data: data})
}

// choices are the campaigns that somebody may read, by title.
func (s reader) choices(chosen string) []web.Choice {
	var out []web.Choice
	for id, title := range s.campaigns {
		out = append(out, web.Choice{Value: id.String(), Label: title, On: id.String() == chosen})
	}
	slices.SortFunc(out, func(a, b web.Choice) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	return out
}

// notices are the notices that concern a program.
func notices(pack *program.Program, chosen string) []web.Choice {
	var out []web.Choice
	for _, n := range pack.Notices {
		if pack.Concerns(n) {
			out = append(out, web.Choice{Value: n.ID, Label: n.Title.In("en"), On: n.ID == chosen})
		}
	}
	return out
}

func (s *Service) listCSV(w http.ResponseWriter, r *http.Request) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	reads, err := s.reader(r.Context(), m, pack)
	if err != nil {
		return err
	}
	f := filterOf(r)
	f.Limit = exportRows
	err = s.DB.Write(r.Context(), func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: m.Program, Event: "print_run.exported", Record: "print_runs", Actor: m.Actor()})
		return nil
	})
	if err != nil {
		return err
	}
	head := []string{"run", "place", "county", "small", "code", "code on", "for", "notice", "version printed", "languages", "paper", "copies", "times printed", "last printed", "where it stands"}
	return web.CSVPages(w, "print-runs.csv", head, func(after string) (rows [][]string, next string, err error) {
		f.After = after
		list, next, err := s.List(r.Context(), m, f)
		for _, run := range list {
			l, wrong := reads.line(r.Context(), run)
			if wrong != nil {
				return nil, "", wrong
			}
			county, _ := place.CountyByFIPS(run.County)
			rows = append(rows, []string{l.ID, run.Place, county.Name, yesNo(run.Small), l.Code, yesNo(!l.Off), l.For, run.Notice, l.Version, strings.Join(reads.languages(run), " "), run.Paper,
				strconv.Itoa(run.Copies), strconv.Itoa(run.Latest.Number), l.Printed, l.State})
		}
		return rows, next, err
	})
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
