// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"bytes"
	"cmp"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// A list takes as long with a million referrals as with a thousand: a page looks
// through so many rows at most, in the order of the list, and what it did not get
// to is left to the next page.
const (
	maxScanned = 2000
	maxCounted = 1000
	maxReports = 1000 // of those that a filter names
)

// spot is where a referral stands in its list.
type spot struct {
	urgency, order int64
	id             store.ID
}

func spotOf(r Referral) spot { return spot{store.Flag(!r.Danger), store.Micros(orderOf(r)), r.ID} }

func (a spot) compare(b spot) int {
	return cmp.Or(cmp.Compare(a.urgency, b.urgency), cmp.Compare(a.order, b.order), bytes.Compare(a.id[:], b.id[:]))
}

// newMask is what ids in cursors are turned into something else with: a list is looked
// through beyond what the member may know of, and an id begins like its report's number.
func newMask(pepper []byte) (cipher.Block, error) {
	mac := hmac.New(sha256.New, pepper)
	mac.Write([]byte("waylight/referral/cursor/v1"))
	return aes.NewCipher(mac.Sum(nil))
}

// cursor leads to what stands behind a place, with what the first page of the list
// counted.
func (w walk) cursor(a spot, p Page) string {
	var masked store.ID
	w.mask.Encrypt(masked[:], a.id[:])
	return web.EncodeCursor(a.urgency, a.order, masked, p.Total, p.Over)
}

// behind begins the walk where a cursor leads.
func (w *walk) behind(cursor string) error {
	if cursor == "" {
		return nil
	}
	var at spot
	var masked store.ID
	if err := web.DecodeCursor(cursor, &at.urgency, &at.order, &masked, &w.counted.total, &w.counted.over); err != nil {
		return err
	}
	w.mask.Decrypt(at.id[:], masked[:])
	w.after, w.counted.total = &at, max(0, min(w.counted.total, maxCounted))
	return nil
}

// walk goes through a list.
type walk struct {
	r       store.Reader
	program string
	parts   []string
	holder  string // whose list it is; "" for one across offices
	danger  bool   // only the first urgency
	rest    *query // everything that a row must meet
	narrow  bool   // few rows meet it
	asked   string // if so: the columns that it asks for, which are an index's own where they can be
	after   *spot
	counted counted // by the first page
	once    bool    // of each report and holder only one
	mask    cipher.Block
	limit   int
}

// counted is how many rows a list has, or at least has.
type counted struct {
	total int
	over  bool
}

// base adds what an index finds in the order of the list.
func (w walk) base(q *query, part string, s stretch) *query {
	q.add(part)
	if w.holder != "" {
		q.add("holder = ?", w.holder)
	}
	s.bound(q)
	return q
}

// stretch is a run of a list: all of it, what stands behind a place, or what lies between
// two places of one urgency. Of several urgencies at once PostgreSQL would not stop at
// the second place, but look through everything behind it that is as urgent, nor begin
// at the first where the urgency is given too.
type stretch struct {
	urgency    int64
	whole      bool // of all urgencies: then there is no end
	after, end *spot
}

func (s stretch) bound(q *query) {
	switch {
	case !s.whole:
		q.add("urgency = ?", s.urgency)
		if s.after != nil {
			q.add("(order_at, id) > (?, ?)", s.after.order, s.after.id)
		}
		if s.end != nil {
			q.add("(order_at, id) <= (?, ?)", s.end.order, s.end.id)
		}
	case s.after != nil:
		q.add("(urgency, order_at, id) > (?, ?, ?)", s.after.urgency, s.after.order, s.after.id)
	}
}

// open is the run behind a place, or all of the list.
func (w walk) open(after *spot) stretch {
	if w.danger {
		return stretch{after: after}
	}
	return stretch{whole: true, after: after}
}

// between are the runs behind a place up to another, each of one urgency.
func (w walk) between(after, end *spot) []stretch {
	if end == nil {
		return []stretch{w.open(after)}
	}
	var runs []stretch
	for urgency := range end.urgency + 1 {
		s := stretch{urgency: urgency}
		switch {
		case after != nil && after.urgency > urgency:
			continue
		case after != nil && after.urgency == urgency:
			s.after = after
		}
		if end.urgency == urgency {
			s.end = end
		}
		runs = append(runs, s)
	}
	return runs
}

// page reads a page and counts the list.
func (w walk) page(ctx context.Context) (Page, error) {
	end, err := w.horizon(ctx)
	if err != nil {
		return Page{}, err
	}
	page := Page{Total: w.counted.total, Over: w.counted.over}
	rest := 0 // how many more there are up to the horizon than the page shows
	if w.narrow {
		rest, err = w.pick(ctx, &page, end)
	} else {
		rest, err = w.read(ctx, &page, end)
	}
	if err != nil {
		return Page{}, err
	}
	if w.after == nil {
		page.Total, page.Over = len(page.Rows)+rest, end != nil
		if page.Total > maxCounted {
			page.Total, page.Over = maxCounted, true
		}
	}
	switch at := len(page.Rows) - 1; {
	case rest > 0:
		page.Next = w.cursor(spotOf(page.Rows[at]), page)
	case end != nil:
		page.Next = w.cursor(*end, page)
	}
	return page, nil
}

// read reads a page whose rows are most of those that are looked through, and
// counts what stands behind it. Behind a later page it only looks whether there is
// more: what the first one counted is carried on.
func (w walk) read(ctx context.Context, page *Page, end *spot) (rest int, err error) {
	for _, s := range w.within(w.after, end) {
		rows, err := referralsFrom(ctx, w.r, s.from, w.program, s.condition+fmt.Sprintf(" order by urgency, order_at, id limit %d", w.limit+1), s.args...)
		if err != nil {
			return 0, err
		}
		page.Rows = append(page.Rows, rows...)
	}
	slices.SortFunc(page.Rows, func(a, b Referral) int { return spotOf(a).compare(spotOf(b)) })
	if rest = len(page.Rows) - w.limit; rest <= 0 {
		return 0, nil
	}
	page.Rows = page.Rows[:w.limit]
	if w.after != nil {
		return rest, nil
	}
	last := spotOf(page.Rows[w.limit-1])
	rest = 0
	for _, s := range w.within(&last, end) {
		n, err := countUpTo(ctx, w.r, s.from, w.program, maxCounted+1-w.limit, s.condition, s.args...)
		if err != nil {
			return 0, err
		}
		rest += n
	}
	return rest, nil
}

// pick reads a page of few among those that are looked through: of these as much
// as says which they are, and only of those that it shows the rest.
func (w walk) pick(ctx context.Context, page *Page, end *spot) (rest int, err error) {
	most := maxCounted + 1
	if w.after != nil {
		most = w.limit + 1
	}
	var met []spot
	for _, s := range w.within(w.after, end) {
		spots, err := spotsFrom(ctx, w.r, s.from, w.program, s.condition+fmt.Sprintf(" order by urgency, order_at, id limit %d", most), s.args...)
		if err != nil {
			return 0, err
		}
		met = append(met, spots...)
	}
	slices.SortFunc(met, spot.compare)
	rest = max(0, len(met)-w.limit)
	page.Rows, err = referralsAt(ctx, w.r, w.program, met[:len(met)-rest])
	return rest, err
}

// size counts the list, as far as its first page would.
func (w walk) size(ctx context.Context) (int, error) {
	end, err := w.horizon(ctx)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, s := range w.within(nil, end) {
		n, err := countUpTo(ctx, w.r, s.from, w.program, maxCounted, s.condition, s.args...)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return min(total, maxCounted), nil
}

// horizon is the last place that is looked through for the page, or nil when
// that is the whole list: of several parts each is looked through for its share, up to
// the nearest place at which one of these ends. Only indexes are read.
func (w walk) horizon(ctx context.Context) (*spot, error) {
	var nearest *spot
	for _, part := range w.parts {
		q := w.base(&query{}, part, w.open(w.after))
		var end spot
		err := w.r.QueryRow(ctx, "select urgency, order_at, id from referral where program = $1 and "+q.where()+
			fmt.Sprintf(" order by urgency, order_at, id limit 1 offset %d", maxScanned/len(w.parts)-1), append([]any{w.program}, q.args...)...).Scan(&end.urgency, &end.order, &end.id)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return nil, fault.Wrap(err, "reading how far a list goes")
		case nearest == nil || end.compare(*nearest) < 0:
			nearest = &end
		}
	}
	return nearest, nil
}

// source is where rows are read from, and everything that they must meet.
type source struct {
	from, condition string
	args            []any
}

// within are the sources of what lies between two places: each part's runs.
func (w walk) within(after, end *spot) []source {
	var out []source
	for _, part := range w.parts {
		for _, s := range w.between(after, end) {
			out = append(out, w.source(part, s))
		}
	}
	return out
}

// source is that of a run. Where few rows meet everything, the run is cut off before
// anything else is asked: an engine that expects few would look through the whole table
// for them rather than go by the order of the list.
func (w walk) source(part string, s stretch) source {
	q := w.rest.and(part)
	if !w.narrow {
		s.bound(q)
		return source{"referral", q.where(), q.args}
	}
	cut := w.base(&query{args: slices.Clone(q.args)}, part, s)
	return source{"(select " + w.asked + " from referral where program = $1 and " + cut.where() +
		fmt.Sprintf(" order by urgency, order_at, id limit %d) as referral", maxScanned), q.where(), cut.args}
}

// and is a copy of the query with one more condition.
func (q *query) and(condition string) *query {
	out := &query{conditions: slices.Clone(q.conditions), args: slices.Clone(q.args)}
	out.add(condition)
	return out
}

// among is a copy of the query for rows that are one of those at some places, at
// most so many as are read together.
func (q *query) among(some []spot) *query {
	ids := make([]any, together)
	for i := range ids {
		ids[i] = some[min(i, len(some)-1)].id
	}
	out := &query{conditions: slices.Clone(q.conditions), args: slices.Clone(q.args)}
	out.add("id in (?"+strings.Repeat(", ?", together-1)+")", ids...)
	return out
}

// ofReports is a page of the list of a few reports.
func (w walk) ofReports(ctx context.Context, reports []heldReport) (Page, error) {
	page := Page{Over: len(reports) > maxReports}
	for _, h := range reports[:min(len(reports), maxReports)] {
		q := w.rest.and("1 = 1")
		q.add("report = ?", h.report)
		q.add("holder = ?", h.holder)
		low, high := near(h.report)
		rows, err := referralsFrom(ctx, w.r, nearPart(len(q.args)+2), w.program, q.where(), append(q.args, low, high)...)
		if err != nil {
			return Page{}, err
		}
		slices.SortFunc(rows, func(a, b Referral) int { return bytes.Compare(a.ID[:], b.ID[:]) })
		if w.once && len(rows) > 1 {
			rows = rows[:1]
		}
		page.Rows = append(page.Rows, rows...)
	}
	page.Total = len(page.Rows)
	w.cut(&page)
	return page, nil
}

// cut sorts the rows and keeps a page of those after the place where the walk begins.
func (w walk) cut(p *Page) {
	slices.SortFunc(p.Rows, func(a, b Referral) int { return spotOf(a).compare(spotOf(b)) })
	p.Rows = slices.DeleteFunc(p.Rows, func(r Referral) bool { return w.after != nil && spotOf(r).compare(*w.after) <= 0 })
	if len(p.Rows) > w.limit {
		p.Rows = p.Rows[:w.limit]
		p.Next = w.cursor(spotOf(p.Rows[w.limit-1]), *p)
	}
}

// countUpTo counts the referrals that a condition picks, and stops at most. The
// order only says which index to go by.
func countUpTo(ctx context.Context, q store.Reader, from, programID string, most int, condition string, args ...any) (int, error) {
	n := 0
	err := q.QueryRow(ctx, "select count(*) from (select 1 from "+from+" where program = $1 and "+condition+fmt.Sprintf(" order by urgency, order_at, id limit %d) as counted", most),
		append([]any{programID}, args...)...).Scan(&n)
	return n, fault.Wrap(err, "counting referrals")
}

// spotsFrom reads where the referrals that a condition picks stand in their list.
func spotsFrom(ctx context.Context, q store.Reader, from, programID, condition string, args ...any) ([]spot, error) {
	rows, err := q.Query(ctx, "select urgency, order_at, id from "+from+" where program = $1 and "+condition, append([]any{programID}, args...)...)
	if err != nil {
		return nil, fault.Wrap(err, "looking for referrals")
	}
	defer rows.Close()
	var all []spot
	for rows.Next() {
		var p spot
		if err := rows.Scan(&p.urgency, &p.order, &p.id); err != nil {
			return nil, fault.Wrap(err, "looking for referrals")
		}
		all = append(all, p)
	}
	return all, fault.Wrap(rows.Err(), "looking for referrals")
}

// together is how many referrals referralsAt reads with one question, which has
// the same text whatever they are.
const together = 50

// referralsAt reads the referrals that stand at some places, in that order.
func referralsAt(ctx context.Context, q store.Reader, programID string, at []spot) ([]Referral, error) {
	all := make([]Referral, 0, len(at))
	for some := range slices.Chunk(at, together) {
		in := (&query{}).among(some)
		rows, err := referrals(ctx, q, programID, in.where(), in.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	slices.SortFunc(all, func(a, b Referral) int { return spotOf(a).compare(spotOf(b)) })
	return all, nil
}

// reportIDs lists the reports of the referrals that a condition picks from a part of the table, each once.
func reportIDs(ctx context.Context, q store.Reader, from, programID, condition string, args ...any) ([]store.ID, error) {
	rows, err := q.Query(ctx, "select report from "+from+" where program = $1 and "+condition+fmt.Sprintf(" limit %d", 4*maxReports), append([]any{programID}, args...)...)
	if err != nil {
		return nil, fault.Wrap(err, "listing reports")
	}
	defer rows.Close()
	var ids []store.ID
	seen := map[store.ID]bool{}
	for rows.Next() {
		var id store.ID
		if err := rows.Scan(&id); err != nil {
			return nil, fault.Wrap(err, "listing reports")
		}
		if !seen[id] {
			seen[id], ids = true, append(ids, id)
		}
	}
	return ids, fault.Wrap(rows.Err(), "listing reports")
}
