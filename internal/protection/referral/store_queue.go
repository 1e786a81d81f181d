// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"crypto/cipher"
	"encoding/base32"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
)

// The lists. The inbox and the tasks are an office's own; what is late and what
// is stuck is for desks only and crosses offices.
const (
	ListInbox = "inbox"
	ListTasks = "tasks"
	ListLate  = "late"
	ListStuck = "stuck" // cannot be opened, or recused: another holder or office is needed
	// ListLetters is what senders wrote and nobody answered: the desk's own, and what is late elsewhere.
	ListLetters = "letters"
	listAny     = "any" // whatever a desk may know of; counted, never listed
)

// Filter picks from a list.
type Filter struct {
	List    string
	State   string // "": what is not finished; "all"; or one state
	Danger  bool
	Child   bool
	Mine    bool     // owned or taken by the member
	Asks    bool     // inbox: another office asks for a new wrap
	Letters bool     // a message of the sender waits for an answer
	letters []Letter // which those are
	mask    cipher.Block
	Text    string // words of the envelope, or a report's number
	NoHelp  bool   // leave help reports out, as exports do
	After   string // cursor
	Limit   int    // rows; at most maxPage
}

const maxPage = 200

// Page is one part of a list.
type Page struct {
	Rows  []Referral
	Next  string // cursor of the next part, or ""
	Total int    // rows that the filter picks in all
	Over  bool   // there may be more: nothing is counted beyond maxCounted, or looked through beyond maxScanned
}

// query collects conditions and their numbered arguments; $1 is the program.
type query struct {
	conditions []string
	args       []any
}

// add appends a condition whose placeholders are written as "?".
func (q *query) add(condition string, args ...any) {
	for _, a := range args {
		q.args = append(q.args, a)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(q.args)+1), 1)
	}
	q.conditions = append(q.conditions, condition)
}

func (q *query) where() string { return strings.Join(q.conditions, " and ") }

// list reads one page of a list for a member.
func list(ctx context.Context, r store.Reader, p *program.Program, m identity.Member, f Filter, now time.Time) (Page, error) {
	w := f.walk(r, p, m, now)
	if err := w.behind(f.After); err != nil {
		return Page{}, err
	}
	reports, err := f.reports(ctx, r, p.ID, m)
	if err != nil {
		return Page{}, err
	}
	if reports != nil {
		return w.ofReports(ctx, reports)
	}
	return w.page(ctx)
}

// size counts a list for a member, as far as its first page would.
func size(ctx context.Context, r store.Reader, p *program.Program, m identity.Member, f Filter, now time.Time) (int, error) {
	w := f.walk(r, p, m, now)
	reports, err := f.reports(ctx, r, p.ID, m)
	if err != nil {
		return 0, err
	}
	if reports != nil {
		page, err := w.ofReports(ctx, reports)
		return page.Total, err
	}
	return w.size(ctx)
}

// walk goes through what the filter picks for a member.
func (f Filter) walk(r store.Reader, p *program.Program, m identity.Member, now time.Time) walk {
	q := scope(p, m, f.List, now)
	scoped := len(q.conditions)
	f.narrow(q, m)
	// SQLite asks in this order: what few rows meet comes first.
	q.conditions = slices.Concat(q.conditions[scoped:], q.conditions[:scoped])
	w := walk{r: r, program: p.ID, rest: q, limit: f.Limit, parts: f.parts(), danger: f.Danger, narrow: f.Text != "" || f.Mine,
		asked: f.asked(), once: f.Letters || f.List == ListLetters, mask: f.mask}
	if w.limit <= 0 || w.limit > maxPage {
		w.limit = 50
	}
	if f.List != ListLate && f.List != ListStuck {
		w.holder = m.Office
	}
	return w
}

// asked are the columns that scope and narrow ask for, and those of the order of a list.
func (f Filter) asked() string {
	asked := "program, urgency, order_at, id, holder, state, report, origin, mode, conflict, child, words"
	if f.List == ListLate {
		asked += ", due, opened_at, span"
	} else {
		asked += ", relay"
	}
	if f.Mine {
		asked += ", owner, taken_by"
	}
	return asked
}

// begins says whether the filter shows the beginning of another one's list.
func (f Filter) begins(other Filter) bool {
	f.Limit, other.Limit = 0, 0
	f.letters, other.letters = nil, nil
	f.mask, other.mask = nil, nil
	return reflect.DeepEqual(f, other)
}

// The parts of all referrals that have an index of their own in the order of the
// lists. An engine uses it for a condition that is written like the index's.
const (
	openPart     = "state not in ('closed', 'done')"
	finishedPart = "state in ('closed', 'done')"
	latePart     = "state in ('waiting', 'cannot_open', 'taken', 'recused', 'opened')"
	stuckPart    = "state in ('cannot_open', 'recused')"
)

// parts are those that the filter's rows stand in.
func (f Filter) parts() []string {
	switch {
	case f.List == ListLate:
		return []string{latePart}
	case f.List == ListStuck:
		return []string{stuckPart}
	case f.State == "all":
		return []string{openPart, finishedPart}
	case f.State == string(Closed), f.State == string(Done):
		return []string{finishedPart}
	}
	return []string{openPart}
}

// heldReport is a report as an office holds it.
type heldReport struct {
	report store.ID
	holder string
}

// reports are the few reports that the filter asks for, nil when it is any: those
// with messages, those that another office asks for, or those of a number.
func (f Filter) reports(ctx context.Context, r store.Reader, programID string, m identity.Member) ([]heldReport, error) {
	var out []heldReport
	switch {
	case f.Letters || f.List == ListLetters:
		out = []heldReport{}
		for _, l := range f.letters {
			out = append(out, heldReport{l.Report, l.Office})
		}
	case f.Asks:
		out = []heldReport{}
		ids, err := reportIDs(ctx, r, "referral", programID, stuckPart+" and state = 'cannot_open' and holder <> $2 order by urgency, order_at, id", m.Office)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			out = append(out, heldReport{id, m.Office})
		}
	}
	for _, word := range strings.Fields(strings.ToLower(f.Text)) {
		low, high, short := shortRange(word)
		if id, err := store.ParseID(word); err == nil {
			low, high = near(id) // the list itself asks for this one
			short = true
		}
		if out != nil || !short || f.List == ListLate || f.List == ListStuck {
			continue
		}
		ids, err := reportIDs(ctx, r, nearPart(2), programID, "report >= $2 and report <= $3 order by report", low, high)
		if err != nil {
			return nil, err
		}
		if len(ids) == 0 && len(word) == shortLength {
			continue // a word of eight letters that is no number here
		}
		out = []heldReport{}
		for _, id := range ids {
			out = append(out, heldReport{id, m.Office})
		}
	}
	return out, nil
}

// scope is what a member may see in a list at all. Every list leaves out what
// the member recused from, and what accuses the member's kind of office.
func scope(p *program.Program, m identity.Member, name string, now time.Time) *query {
	o := p.Offices[m.Office]
	q := &query{}
	switch name {
	case ListLate:
		q.args = append(q.args, store.Micros(now)) // lateness takes it as $2
		q.conditions = append(q.conditions, lateness(p.Ladders))
	case ListStuck:
		q.add("origin not in ('reminder', 'canary') and " + stuckPart)
	case ListLetters:
		q.add("origin not in ('reminder', 'canary') and state not in ('recused', 'replaced')")
	case listAny:
		q.add("origin not in ('reminder', 'canary')")
	case ListTasks:
		q.add("holder = ? and relay = 1 and state not in ('recused', 'replaced')", o.ID)
	default:
		q.add("holder = ? and relay = 0 and origin not in ('reminder', 'canary') and state not in ('recused', 'replaced')", o.ID)
	}
	q.add("report not in (select report from referral_recusal where program = $1 and member = ?)", m.ID)
	// The patterns are put together by the engine: SQLite parses a statement anew whenever
	// one that is an argument itself changes.
	q.add("conflict not like '%,' || ? || ',%'", o.Kind)
	if o.Police {
		q.add("conflict not like '%,police,%'")
		if name != ListInbox {
			q.add("mode <> 'help'")
		}
	}
	return q
}

// narrow adds what the filter asks for.
func (f Filter) narrow(q *query, m identity.Member) {
	switch {
	case f.List == ListLate || f.List == ListStuck || f.List == ListLetters || f.State == "all":
	case f.State != "":
		q.add("state = ?", f.State)
	default:
		q.add(openPart)
	}
	if f.Danger {
		q.add("urgency = 0")
	}
	if f.Child {
		q.add("child = 1")
	}
	if f.NoHelp {
		q.add("mode <> 'help'")
	}
	if f.Mine {
		q.add("(owner = ? or taken_by = ?)", m.ID, m.ID)
	}
	if f.Asks {
		q.add("opened_at is not null and mode <> 'help'") // who else was picked for help is not for an inbox to know
	}
	for _, word := range strings.Fields(strings.ToLower(f.Text)) {
		if id, err := store.ParseID(word); err == nil {
			q.add("report = ?", id)
			continue
		}
		like := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(word)
		if low, high, ok := shortRange(word); ok {
			q.add(`(words like '%' || ? || '%' escape '\' or (report >= ? and report <= ?))`, like, low, high)
			continue
		}
		q.add(`words like '%' || ? || '%' escape '\'`, like)
	}
}

// shortLength is how much of a report's number lists show.
const shortLength = 8

// Short is the part of a report's number that lists show: its first eight letters.
func Short(id store.ID) string { return id.String()[:shortLength] }

var shortText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// shortRange is the range of numbers that begin with the eight letters.
func shortRange(word string) (low, high []byte, ok bool) {
	if len(word) != shortLength {
		return nil, nil, false
	}
	head, err := shortText.DecodeString(word)
	if err != nil || shortText.EncodeToString(head) != word { // the decoder takes more than it writes
		return nil, nil, false
	}
	low, high = make([]byte, 16), make([]byte, 16)
	copy(low, head)
	copy(high, head)
	for i := len(head); i < len(high); i++ {
		high[i] = 0xff
	}
	return low, high, true
}
