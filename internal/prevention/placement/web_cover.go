// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/place"
	"waylight/internal/platform/web"
)

var gapWords = map[string]string{"none": "no sheet", "coming": "planned or printed", "broken": "missing, defaced or under a sticker", "part": "a language is missing"}

// shownGaps is how many needs without their sheet stand on the page; the download has
// all of them.
const shownGaps = 50

type gapLine struct{ PlaceID, Place, County, Spot, Notice, What string }

type coverLine struct {
	CountyCover
	Share string
	Late  string // how much is due to be looked at
	Of    string // which county the list of its sheets is narrowed by
}

type coverData struct {
	Notices, Counties []web.Choice
	Chosen            string // which notices this is about, in words
	Rows              []coverLine
	Total             CountyCover
	Gaps              []gapLine
	More              int64
	Map               *countyMap
	State             string
	CSV, GapsCSV      string
	DueDays           int
}

var shareWords = map[string]string{"nothing": "nothing needed", "all": "all", "most": "three quarters or more", "some": "some", "none": "none"}

var dueWords = map[string]string{"": "none", "some": "some", "half": "half or more"}

// covering reads what is asked about from an address.
func covering(r *http.Request, pack *program.Program) Covering {
	c := Covering{Notice: r.URL.Query().Get("notice"), County: r.URL.Query().Get("county")}
	if _, ok := pack.Notice(c.Notice); !ok {
		c.Notice = ""
	}
	c.County = countyOr(c.County)
	return c
}

func (c Covering) address(base string) string {
	v := url.Values{}
	for name, text := range map[string]string{"notice": c.Notice, "county": c.County} {
		if text != "" {
			v.Set(name, text)
		}
	}
	return web.WithQuery(base, v)
}

func (s *Service) coverPage(w http.ResponseWriter, r *http.Request) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	c := covering(r, pack)
	data := coverData{Notices: s.notices(pack, c.Notice), Counties: whereabouts(pack.State, c.County), CSV: c.address("/staff/placements/coverage.csv"),
		GapsCSV: c.address("/staff/placements/gaps.csv"), DueDays: int(s.Due.Hours() / 24)}
	var titles []string
	for _, n := range c.asked(pack, s.Now()) {
		titles = append(titles, n.Title.In("en"))
	}
	data.Chosen = strings.Join(titles, "; ")
	list, err := s.Cover(r.Context(), m, c, func(g Gap) error {
		if data.More++; len(data.Gaps) < shownGaps {
			data.Gaps = append(data.Gaps, gapLine{g.Place.ID.String(), g.Place.Label(), g.Place.region(), spotName(g.Spot, g.Label), s.noticeName(m.Program, g.Notice), g.say()})
		}
		return nil
	})
	if err != nil {
		return err
	}
	data.More -= int64(len(data.Gaps))
	for _, x := range list {
		data.Total.add(x)
		data.Rows = append(data.Rows, coverLine{x, shareWords[x.share()], dueWords[x.overdue()], cmp.Or(x.County, noCounty)})
	}
	state, _ := place.StateByCode(pack.State)
	data.State, data.Map = state.Name, drawMap(pack.State, list)
	return s.pages.Staff(w, r, http.StatusOK, "placement.coverage", web.View{Title: "Coverage", Data: data})
}

func (g Gap) say() string {
	if g.What == "part" {
		return gapWords[g.What] + ": " + strings.Join(g.Languages, ", ")
	}
	return gapWords[g.What]
}

func (s *Service) coverCSV(w http.ResponseWriter, r *http.Request) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	list, err := s.Cover(r.Context(), m, covering(r, pack), nil)
	if err != nil {
		return err
	}
	if err := s.exported(r.Context(), m, "coverage"); err != nil {
		return err
	}
	total := CountyCover{Name: "All"}
	for _, c := range list {
		total.add(c)
	}
	head := []string{"county", "name", "places", "needs", "hang whole", "hang in part", "missing or damaged", "planned or printed", "none", "sheets that hang", "due to be looked at", "older version"}
	return web.CSV(w, "coverage.csv", head, func(yield func([]string) error) error {
		for _, c := range append(list, total) {
			row := []string{c.County, c.Name}
			for _, n := range []int64{c.Places, c.Needs, c.Full, c.Part, c.Broken, c.Coming, c.None, c.Up, c.Due, c.Old} {
				row = append(row, strconv.FormatInt(n, 10))
			}
			if err := yield(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// gapsCSV lists every need without its sheet.
func (s *Service) gapsCSV(w http.ResponseWriter, r *http.Request) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	if err := s.exported(r.Context(), m, "gaps"); err != nil {
		return err
	}
	return web.CSV(w, "gaps.csv", []string{"county", "place", "kind", "address", "city", "spot", "which", "notice", "what is missing", "languages"}, func(yield func([]string) error) error {
		_, err := s.Cover(r.Context(), m, covering(r, pack), func(g Gap) error {
			return yield([]string{g.Place.countyCode(), g.Place.Name, g.Place.Kind, g.Place.Address, g.Place.City, g.Spot, g.Label, g.Notice, gapWords[g.What],
				strings.Join(g.Languages, " ")})
		})
		return err
	})
}
