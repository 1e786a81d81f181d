// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
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
	Text    string   // words of the envelope, or a report's number
	NoHelp  bool     // leave help reports out, as exports do
	After   string   // cursor
	Limit   int      // rows; at most maxPage
}

const maxPage = 200

// Page is one part of a list.
type Page struct {
	Rows  []Referral
	Next  string // cursor of the next part, or ""
	Total int    // rows that the filter picks in all
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
	q := scope(p, m, f.List, now)
	f.narrow(q, m)
	total, err := count(ctx, r, p.ID, q.where(), q.args...)
	if err != nil {
		return Page{}, err
	}
	limit := f.Limit
	if limit <= 0 || limit > maxPage {
		limit = 50
	}
	if f.After != "" {
		var urgency, order int64
		var id store.ID
		if err := web.DecodeCursor(f.After, &urgency, &order, &id); err != nil {
			return Page{}, err
		}
		q.add("(urgency, order_at, id) > (?, ?, ?)", urgency, order, id)
	}
	rows, err := referrals(ctx, r, p.ID, q.where()+fmt.Sprintf(" order by urgency, order_at, id limit %d", limit+1), q.args...)
	if err != nil {
		return Page{}, err
	}
	page := Page{Rows: rows, Total: total}
	if len(rows) > limit {
		page.Rows = rows[:limit]
		last := page.Rows[limit-1]
		page.Next = web.EncodeCursor(flag(!last.Danger), store.Micros(orderOf(last)), last.ID)
	}
	return page, nil
}

// scope is what a member may see in a list at all. Every list leaves out what
// the member recused from, and what accuses the member's kind of office.
func scope(p *program.Program, m identity.Member, name string, now time.Time) *query {
	o := p.Offices[m.Office]
	q := &query{}
	switch name {
	case ListLate:
		q.args = append(q.args, store.Micros(now)) // lateness takes it as $2
		q.conditions = append(q.conditions, lateness)
	case ListStuck:
		q.add("origin not in ('reminder', 'canary') and state in ('cannot_open', 'recused')")
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
	q.add("conflict not like ?", "%,"+o.Kind+",%")
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
		q.add("state not in ('closed', 'done')")
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
	if f.Letters || f.List == ListLetters {
		f.waiting(q)
	}
	if f.Asks {
		q.add("opened_at is not null and mode <> 'help'") // who else was picked for help is not for an inbox to know
		q.add(`exists (select 1 from referral stuck where stuck.program = referral.program and stuck.report = referral.report
			and stuck.state = 'cannot_open' and stuck.holder <> ?)`, m.Office)
	}
	for _, word := range strings.Fields(strings.ToLower(f.Text)) {
		if id, err := store.ParseID(word); err == nil {
			q.add("report = ?", id)
			continue
		}
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(word) + "%"
		if low, high, ok := shortRange(word); ok {
			q.add(`(words like ? escape '\' or (report >= ? and report <= ?))`, like, low, high)
			continue
		}
		q.add(`words like ? escape '\'`, like)
	}
}

// waiting picks the reports of f.letters, each once for the office that holds it.
func (f Filter) waiting(q *query) {
	if len(f.letters) == 0 {
		q.add("1 = 0")
		return
	}
	var offices []string
	var args []any
	for _, office := range officesOf(f.letters) {
		args = append(args, office)
		marks := ""
		for _, l := range f.letters {
			if l.Office == office {
				args = append(args, l.Report)
				marks += ", ?"
			}
		}
		offices = append(offices, "holder = ? and report in ("+marks[2:]+")")
	}
	q.add("("+strings.Join(offices, " or ")+")", args...)
	q.add(`not exists (select 1 from referral twin where twin.program = referral.program and twin.report = referral.report
		and twin.holder = referral.holder and twin.origin not in ('reminder', 'canary') and twin.id < referral.id)`)
}

// officesOf lists the offices at which letters wait, each once.
func officesOf(letters []Letter) []string {
	var out []string
	for _, l := range letters {
		if !slices.Contains(out, l.Office) {
			out = append(out, l.Office)
		}
	}
	return out
}

// Short is the part of a report's number that lists show: its first eight letters.
func Short(id store.ID) string { return id.String()[:8] }

var shortText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// shortRange is the range of numbers that begin with the eight letters.
func shortRange(word string) (low, high []byte, ok bool) {
	if len(word) != 8 {
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
