// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// option is one entry of a choice.
type option struct {
	Value, Label string
	On           bool
}

// listPage is what the inbox and the desk's lists show.
type listPage struct {
	Office, Done string
	List         string
	Filter       Filter
	States       []option
	Rows         []row
	Paging       web.Paging
	CSV          string
	Asks         int // reports that another office asks us to make readable
	Letters      int // reports with a message that waits for an answer
	Desk         bool
	Filtered     bool
	Tabs         []option // the desk's lists
	Unmailed     int      // desk: people whom no mail reached
	recorded     func() error
}

// readFilter takes the filter from the address. Unknown states are the default.
func readFilter(r *http.Request, list string) Filter {
	q := r.URL.Query()
	f := Filter{List: list, State: q.Get("state"), Danger: q.Get("danger") == "1", Child: q.Get("child") == "1", Mine: q.Get("mine") == "1",
		Asks: q.Get("asks") == "1", Letters: q.Get("letters") == "1", Text: strings.TrimSpace(q.Get("q")), After: q.Get("after")}
	f.Text = typed(f.Text, 200)
	if _, known := stateTags[State(f.State)]; !known && f.State != "all" {
		f.State = ""
	}
	return f
}

// typed cuts a typed text after so many letters, and drops what is no letter in
// any language: PostgreSQL refuses broken UTF-8 and NUL.
func typed(text string, letters int) string {
	runes := []rune(strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", ""))
	return string(runes[:min(len(runes), letters)])
}

// query is the filter as an address, without the cursor.
func (f Filter) query() url.Values {
	v := url.Values{}
	for name, on := range map[string]bool{"danger": f.Danger, "child": f.Child, "mine": f.Mine, "asks": f.Asks, "letters": f.Letters} {
		if on {
			v.Set(name, "1")
		}
	}
	for name, text := range map[string]string{"state": f.State, "q": f.Text} {
		if text != "" {
			v.Set(name, text)
		}
	}
	return v
}

// record is the filter as the log may keep it: what was typed is left out,
// because somebody may type a name.
func (f Filter) record() string {
	v := f.query()
	if v.Has("q") {
		v.Set("q", "typed")
	}
	return web.WithQuery("", v)
}

// address is a page of the list.
func (f Filter) address(base, after string) string {
	v := f.query()
	if f.List == ListLate || f.List == ListStuck || f.List == ListLetters {
		v.Set("list", f.List)
	}
	if after != "" {
		v.Set("after", after)
	}
	return web.WithQuery(base, v)
}

func stateOptions(chosen string, states ...State) []option {
	out := []option{{"", "Not finished", chosen == ""}}
	for _, st := range states {
		out = append(out, option{string(st), stateTags[st].Word, chosen == string(st)})
	}
	return append(out, option{"all", "All", chosen == "all"})
}

// inboxPage shows the office's queue.
func (s *Service) inboxPage(w http.ResponseWriter, r *http.Request) error {
	f := readFilter(r, ListInbox)
	data, counts, err := s.listData(r, f, "/staff/inbox", Filter{Asks: true, State: "all"}, Filter{Letters: true, State: "all"})
	if err != nil {
		return err
	}
	data.States = stateOptions(f.State, Waiting, Opened, Acknowledged, CannotOpen, Closed)
	data.Asks, data.Letters = counts[0], counts[1]
	return s.pages.Staff(w, r, http.StatusOK, "inbox", web.View{Title: "Inbox", Data: data, Before: data.recorded})
}

// listData reads one page of a list, counts others, and begins to record the view.
func (s *Service) listData(r *http.Request, f Filter, base string, others ...Filter) (listPage, []int, error) {
	m := me(r)
	v, err := s.viewer(r.Context(), m)
	if err != nil {
		return listPage{}, nil, err
	}
	page, counts, err := s.lists(r.Context(), m, f, others...)
	if err != nil {
		return listPage{}, nil, err
	}
	recorded := s.looking(r.Context(), m, f.List+".viewed", "office:"+m.Office+f.record())
	data := listPage{Office: v.office(m.Office), Done: doneWords(r), List: f.List, Filter: f, Desk: v.desk, Filtered: len(f.query()) > 0,
		CSV: f.address(base+".csv", ""), recorded: recorded}
	letters, err := s.lettersOf(r.Context(), m.Program, m.Office)
	if err != nil {
		return listPage{}, nil, err
	}
	for _, x := range page.Rows {
		data.Rows = append(data.Rows, v.row(x).with(m, x, letters[x.Report]))
	}
	data.Paging.Found = found(page.Total, page.Over)
	if f.After != "" {
		data.Paging.First = f.address(base, "")
	}
	if page.Next != "" {
		data.Paging.Next = f.address(base, page.Next)
	}
	return data, counts, nil
}

// found says how many entries a list has. Beyond what is counted, or looked
// through at once, it says only that there are at least so many.
func found(n int, over bool) string {
	words := strconv.Itoa(n) + " entries"
	if n == 1 {
		words = "1 entry"
	}
	if over {
		return "At least " + words
	}
	return words
}

// inboxCSV gives the queue as a file. Help reports are never in it.
func (s *Service) inboxCSV(w http.ResponseWriter, r *http.Request) error {
	return s.csv(w, r, readFilter(r, ListInbox), "inbox.csv")
}

// csv writes a list whole, without help reports. Only a desk's file says what is late.
func (s *Service) csv(w http.ResponseWriter, r *http.Request, f Filter, name string) error {
	m := me(r)
	v, err := s.viewer(r.Context(), m)
	if err != nil {
		return err
	}
	f.NoHelp, f.Limit, f.After = true, maxPage, ""
	if _, err := s.List(r.Context(), m, f); err != nil {
		return err
	}
	if err := s.looked(r.Context(), m, f.List+".exported", "office:"+m.Office+f.record()); err != nil {
		return err
	}
	header := []string{"number", "office", "state", "danger", "child", "place", "kind", "owner", "accepted", "due", "basis", "outcome"}
	if v.desk {
		header = append(header, "late", "attempts")
	}
	return web.CSV(w, name, header, func(yield func([]string) error) error {
		for {
			page, err := s.List(r.Context(), m, f)
			if err != nil {
				return err
			}
			for _, x := range page.Rows {
				if err := yield(v.record(x)); err != nil {
					return err
				}
			}
			if f.After = page.Next; f.After == "" {
				return nil
			}
		}
	})
}

// record is a referral as a line of a file.
func (v viewer) record(r Referral) []string {
	yes := map[bool]string{true: "yes", false: "no"}
	exact := func(st *stamp) string {
		if st == nil {
			return ""
		}
		return st.Machine
	}
	if r.Holder != v.m.Office { // as in lists: not what the report is about
		r.Place, r.Kind, r.Owner, r.Outcome = "", "", store.ID{}, OutcomeNone
	}
	line := []string{r.Report.String(), r.Recipient, string(r.State), yes[r.Danger], yes[r.Child], where(r.Place), r.Kind, v.member(r.Owner),
		exact(v.stamp(r.Accepted)), exact(v.stamp(r.Due)), strings.Join(r.Basis, " "), string(r.Outcome)}
	if v.desk {
		line = append(line, yes[r.Overdue(v.p.Ladders, v.now)], strconv.Itoa(r.Attempts))
	}
	return line
}
