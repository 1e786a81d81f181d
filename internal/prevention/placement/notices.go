// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
)

// NoticeFilter narrows the list of notices.
type NoticeFilter struct {
	Text, Show string // Show: of NoticeShows, "" for the first
	After      string // the notice before the first
	Limit      int
}

// What the list of notices shows.
const (
	ShowForce = "force" // those in force that concern the program
	ShowStale = "stale" // of these, those at which nobody looked for a year
	ShowAll   = "all"   // also those of other states, of the past and to come
)

// NoticeShows lists what the list can show.
func NoticeShows() []string { return []string{ShowForce, ShowStale, ShowAll} }

// Posted is a notice with what it rests on and what became of it.
type Posted struct {
	program.Notice
	Laws     []program.Law
	Where    []PostedAt // languages that it must also be in at some places
	InForce  bool
	Concerns bool // it is the nation's or the program's own state's
	Stale    bool // nobody looked at it for a year
	NoticeCount
}

// PostedAt are languages that are asked for at some places, with what that rests on.
type PostedAt struct {
	program.LanguagesAt
	Laws []program.Law
}

// NoticeCount says how many sheets carry a notice: on paper and not gone.
type NoticeCount struct {
	Present, Older int64 // in the version of today, in another one
	Planned        int64 // and not printed yet
	Open           int64 // tasks to replace one of them
}

// Notices lists notices, those of the nation first.
func (s *Service) Notices(ctx context.Context, m identity.Member, f NoticeFilter) ([]Posted, string, error) {
	if err := s.may(m, policy.ReadPlacements); err != nil {
		return nil, "", err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return nil, "", err
	}
	counts, err := noticeCounts(ctx, s.DB, m.Program, versionsOf(pack))
	if err != nil {
		return nil, "", err
	}
	var out []Posted
	for _, n := range ordered(pack.Notices) {
		p := posted(pack, n, s.Now())
		if p.NoticeCount = counts[n.ID]; p.fits(f) {
			out = append(out, p)
		}
	}
	if i := slices.IndexFunc(out, func(p Posted) bool { return p.ID == f.After }); i >= 0 {
		out = out[i+1:]
	}
	if len(out) <= f.Limit {
		return out, "", nil
	}
	return out[:f.Limit], out[f.Limit-1].ID, nil
}

// ordered are notices by jurisdiction, the nation's first, and by their ids.
func ordered(list []program.Notice) []program.Notice {
	return slices.SortedFunc(slices.Values(list), func(a, b program.Notice) int {
		switch {
		case a.Jurisdiction == b.Jurisdiction:
			return strings.Compare(a.ID, b.ID)
		case a.Jurisdiction == nation:
			return -1
		case b.Jurisdiction == nation:
			return 1
		}
		return strings.Compare(a.Jurisdiction, b.Jurisdiction)
	})
}

// posted says of a notice how it stands on the day of a moment.
func posted(pack *program.Program, n program.Notice, now time.Time) Posted {
	y, month, d := now.In(pack.Zone).Date()
	day := time.Date(y, month, d, 12, 0, 0, 0, time.UTC)
	p := Posted{Notice: n, InForce: n.InForce(day), Stale: n.Stale(day), Concerns: slices.ContainsFunc(relevant(pack), func(r program.Notice) bool { return r.ID == n.ID })}
	p.Laws = lawsOf(pack, n.Basis)
	for _, at := range n.LanguagesAt {
		p.Where = append(p.Where, PostedAt{at, lawsOf(pack, at.Basis)})
	}
	return p
}

func lawsOf(pack *program.Program, ids []string) (out []program.Law) {
	for _, id := range ids {
		if law, ok := pack.Laws[id]; ok {
			out = append(out, law)
		}
	}
	return out
}

// fits says whether a notice is among those that are asked for.
func (p Posted) fits(f NoticeFilter) bool {
	if f.Show != ShowAll && !(p.InForce && p.Concerns) || f.Show == ShowStale && !p.Stale {
		return false
	}
	said := []string{p.ID, p.Title.In("en"), p.Jurisdiction, p.CheckedBy}
	for _, law := range p.Laws {
		said = append(said, law.Citation, law.Title)
	}
	for _, kind := range p.Places {
		said = append(said, kindWords[kind])
	}
	return strings.Contains(strings.ToLower(strings.Join(said, "\n")), strings.ToLower(f.Text))
}
