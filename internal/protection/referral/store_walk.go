// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

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

func (a spot) cursor() string { return web.EncodeCursor(a.urgency, a.order, a.id) }

// walk goes through a list.
type walk struct {
	r       store.Reader
	program string
	parts   []string
	holder  string // whose list it is; "" for one across offices
	danger  bool   // only the first urgency
	rest    *query // everything that a row must meet
	narrow  bool   // few rows meet it
	after   *spot
	limit   int
}

// base adds what an index finds in the order of the list.
func (w walk) base(q *query, part string, after *spot) *query {
	q.add(part)
	if w.holder != "" {
		q.add("holder = ?", w.holder)
	}
	if w.danger {
		q.add("urgency = 0")
	}
	q.after(after)
	return q
}

// page reads a page and counts the list.
func (w walk) page(ctx context.Context) (Page, error) {
	end, err := w.horizon(ctx, w.after)
	if err != nil {
		return Page{}, err
	}
	var page Page
	for _, part := range w.parts {
		from, condition, args := w.within(part, w.after, end)
		rows, err := referralsFrom(ctx, w.r, from, w.program, condition+fmt.Sprintf(" order by urgency, order_at, id limit %d", w.limit+1), args...)
		if err != nil {
			return Page{}, err
		}
		page.Rows = append(page.Rows, rows...)
	}
	page.cut(nil, w.limit)
	if page.Next == "" && end != nil {
		page.Next = end.cursor()
	}
	if w.after == nil && page.Next == "" {
		page.Total = len(page.Rows)
		return page, nil
	}
	page.Total, page.Over, err = w.count(ctx, end)
	return page, err
}

// count counts the list from its beginning; end is the horizon of its first page.
func (w walk) count(ctx context.Context, end *spot) (total int, over bool, err error) {
	if w.after != nil {
		if end, err = w.horizon(ctx, nil); err != nil {
			return 0, false, err
		}
	}
	over = end != nil
	for _, part := range w.parts {
		from, condition, args := w.within(part, nil, end)
		n, err := countUpTo(ctx, w.r, from, w.program, maxCounted+1, condition, args...)
		if err != nil {
			return 0, false, err
		}
		total += n
	}
	if total > maxCounted {
		total, over = maxCounted, true
	}
	return total, over, nil
}

// horizon is the last place that is looked through from after on, or nil when
// that is the whole list. Only an index is read.
func (w walk) horizon(ctx context.Context, after *spot) (*spot, error) {
	var nearest *spot
	for _, part := range w.parts {
		q := w.base(&query{}, part, after)
		var p spot
		err := w.r.QueryRow(ctx, "select urgency, order_at, id from referral where program = $1 and "+q.where()+
			fmt.Sprintf(" order by urgency, order_at, id limit 1 offset %d", maxScanned-1), append([]any{w.program}, q.args...)...).Scan(&p.urgency, &p.order, &p.id)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return nil, fault.Wrap(err, "reading how far a list goes")
		case nearest == nil || p.compare(*nearest) < 0:
			nearest = &p
		}
	}
	return nearest, nil
}

// within is where rows of a part are read from, and everything that they must
// meet. Where few do, the part is cut off at the horizon before anything else is
// asked: an engine that expects few rows would look through the whole table for
// them rather than go by the order of the list.
func (w walk) within(part string, after, end *spot) (from, condition string, args []any) {
	q := w.rest.and(part)
	q.after(after)
	if end != nil {
		q.add("(urgency, order_at, id) <= (?, ?, ?)", end.urgency, end.order, end.id)
	}
	if !w.narrow {
		return "referral", q.where(), q.args
	}
	cut := w.base(&query{args: slices.Clone(q.args)}, part, after)
	return "(select program, words, order_at, " + columns + " from referral where program = $1 and " + cut.where() +
		fmt.Sprintf(" order by urgency, order_at, id limit %d) as referral", maxScanned), q.where(), cut.args
}

// and is a copy of the query with one more condition.
func (q *query) and(condition string) *query {
	out := &query{conditions: slices.Clone(q.conditions), args: slices.Clone(q.args)}
	out.add(condition)
	return out
}

func (q *query) after(p *spot) {
	if p != nil {
		q.add("(urgency, order_at, id) > (?, ?, ?)", p.urgency, p.order, p.id)
	}
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
		page.Rows = append(page.Rows, rows...)
	}
	page.Total = len(page.Rows)
	page.cut(w.after, w.limit)
	return page, nil
}

// cut sorts the rows and keeps so many of those after a place.
func (p *Page) cut(after *spot, limit int) {
	slices.SortFunc(p.Rows, func(a, b Referral) int { return spotOf(a).compare(spotOf(b)) })
	p.Rows = slices.DeleteFunc(p.Rows, func(r Referral) bool { return after != nil && spotOf(r).compare(*after) <= 0 })
	if len(p.Rows) > limit {
		p.Rows = p.Rows[:limit]
		p.Next = spotOf(p.Rows[limit-1]).cursor()
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
