// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// fact is a name with its value.
type fact struct{ Name, Value string }

// citation is a law as a page cites it.
type citation struct {
	Citation, Title, URL, Text string
	Checked                    string // who checked it and when, or "" when nobody did
}

// dutyView is one duty with its clock and its law.
type dutyView struct {
	ID, Office, Through, Limit, Starts string
	Due                                *stamp
	State                              tag
	LimitBy                            string
	Basis                              []citation
	Means                              string
	Note, Instead                      string
	Proof                              string
	Mine, Late, CanMeet                bool
}

// stepView is one line of the history.
type stepView struct {
	At          *stamp
	Act, Who    string
	Code, Rung  string
	Office      string
	Before, Now string
}

// reportView is all that a page about one report shows.
type reportView struct {
	ID, Short, Done, Office                       string
	Reader                                        reader
	Named                                         reporterView
	Tags                                          []tag
	State                                         tag
	Envelope                                      []fact
	Owner                                         string
	Due                                           *stamp
	Opened                                        *stamp
	OpenedBy                                      string
	CanAcknowledge, CanOutcome, CanSay, AfterOpen bool
	Outcome                                       string
	Outcomes                                      []option
	Duties, Reminders                             []dutyView
	Colleagues                                    []option
	Receivers                                     []receiverView
	Stuck                                         []receiverView
	Laws                                          []option
	NeedBasis                                     bool
	Matter                                        []row
	History                                       []stepView
	Supervisor                                    bool
	Printer                                       string   // whose print it is
	Tasks                                         []option // of the desk, when the member works there
}

// receiverView is an office to which the content key can be wrapped.
type receiverView struct {
	ID, Name string
	Chain    string // its key with what the key rests on, for the page's script to check
	NoName   bool   // it may never be given the part about the reporter
}

// reader is what the page's script needs to open the words.
type reader struct{ Report, Program, Office, Member string }

func readerOf(m identity.Member, id store.ID) reader {
	return reader{Report: id.String(), Program: m.Program, Office: m.Office, Member: m.ID.String()}
}

// reportPage shows one report to a member of an office that holds it.
func (s *Service) reportPage(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	data, err := s.reportData(r.Context(), me(r), id)
	if err != nil {
		return err
	}
	data.Done = doneWords(r)
	if err := s.looked(r.Context(), me(r), "report.viewed", "report:"+id.String()); err != nil {
		return err
	}
	return s.pages.Staff(w, r, http.StatusOK, "report", web.View{Title: "One entry", Data: data, Secret: true, Scripts: []string{"inbox.js"}})
}

// reportData gathers a report's page.
func (s *Service) reportData(ctx context.Context, m identity.Member, id store.ID) (reportView, error) {
	mine, err := s.mine(ctx, s.db, m, id)
	if err != nil {
		return reportView{}, err
	}
	v, err := s.viewer(ctx, m)
	if err != nil {
		return reportView{}, err
	}
	body, err := s.reports.Body(ctx, m.Program, id, m.Office)
	if err != nil {
		return reportView{}, fault.Wrap(err, "reading the envelope")
	}
	all, err := referralsOf(ctx, s.db, m.Program, id)
	if err != nil {
		return reportView{}, err
	}
	first := mine[0]
	data := reportView{
		ID: id.String(), Short: Short(id), Office: v.office(m.Office), Reader: readerOf(m, id),
		Tags: v.tags(first), State: stateTags[first.State], Envelope: envelopeFacts(v, body.Envelope), Owner: v.member(first.Owner),
		Due: v.due(first), Opened: v.stamp(first.OpenedAt), OpenedBy: v.member(first.OpenedBy), Outcome: outcomeWords[first.Outcome],
		AfterOpen: can(mine, ActOpen) && !first.Relay, CanAcknowledge: can(mine, ActAcknowledge), CanOutcome: can(mine, ActOutcome), CanSay: can(mine, ActCannotOpen),
		Printer: m.Name, Outcomes: outcomeOptions(first.Outcome), Supervisor: s.may(m, policy.HandOver), NeedBasis: body.Envelope.Mode == program.Help,
	}
	for _, r := range mine {
		if r.Relay && s.isDesk(m) {
			data.Tasks = append(data.Tasks, option{Value: "/staff/desk/" + r.ID.String(), Label: "Tell " + v.office(r.Recipient)})
		}
	}
	proofs, err := evidenceOf(ctx, s.db, m.Program, id)
	if err != nil {
		return reportView{}, err
	}
	s.addDuties(&data, v, m, all, proofs, body.Envelope)
	if err := s.addOffices(&data, v, all, body.Envelope); err != nil {
		return reportView{}, err
	}
	data.Colleagues = colleagues(v, first)
	if data.Named, err = s.reporterView(ctx, v, id, body.Envelope, all); err != nil {
		return reportView{}, err
	}
	data.Matter, err = s.matterRows(ctx, v, m, first)
	if err != nil {
		return reportView{}, err
	}
	data.History, err = s.history(ctx, v, m, id, all)
	return data, err
}

// can reports whether the table allows the act on any of the referrals.
func can(mine []Referral, act Act) bool {
	return slices.ContainsFunc(mine, func(r Referral) bool {
		_, err := r.next(act)
		return err == nil
	})
}

// visible reports whether a member's page may show another's referral of the
// same report. Of a help report each office sees its own alone: who else was
// chosen is the survivor's to say.
func visible(m identity.Member, r Referral) bool {
	return r.Mode != program.Help || r.Holder == m.Office || r.Recipient == m.Office
}

// shown are the referrals of a report that a member's page may show.
func shown(m identity.Member, all []Referral) []Referral {
	return slices.DeleteFunc(slices.Clone(all), func(r Referral) bool { return !visible(m, r) })
}

// envelopeFacts are the envelope's fields in words.
func envelopeFacts(v viewer, e program.Envelope) []fact {
	yes := map[bool]string{true: "Yes", false: "No"}
	at := func(p place.Place) string { return where(p.String()) }
	facts := []fact{
		{"In danger now", yes[e.Danger]}, {"Age", ageWords[e.Age]}, {"Kind", kindWords[e.Kind]}, {"Who speaks", whoWords[e.Who]},
		{"Happened in", at(e.Happened)}, {"The person is now in", at(e.Now)}, {"The person lives in", at(e.Lives)}, {"Land", landWords[e.Land]},
		{"Missing from foster care", yes[e.Missing]}, {"Mode", modeWords[e.Mode]}, {"Language", e.Language},
	}
	if len(e.Conflict) > 0 {
		words := map[string]string{"police": "police", "child_protection": "child protection", "foster_care": "foster care", "court": "a court", "helper": "a helper's staff"}
		list := ""
		for i, c := range e.Conflict {
			if i > 0 {
				list += ", "
			}
			list += words[c]
		}
		facts = append(facts, fact{"Somebody reported on belongs to", list})
	}
	return facts
}

// addDuties fills in the duties of this report, ours and the others' own.
func (s *Service) addDuties(data *reportView, v viewer, m identity.Member, all []Referral, proofs []Evidence, e program.Envelope) {
	for _, r := range all {
		if !visible(m, r) {
			continue
		}
		d := s.dutyView(v, m, r)
		d.Proof = codeOf(r, proofs)
		if r.Origin == OriginReminder {
			data.Reminders = append(data.Reminders, d)
			continue
		}
		data.Duties = append(data.Duties, d)
	}
	for _, d := range s.reminders(v.p, e) {
		stored := slices.ContainsFunc(all, func(r Referral) bool { return r.is(d) })
		shown := e.Mode != program.Help || d.Obligor == m.Office
		if stored || !shown {
			continue
		}
		data.Reminders = append(data.Reminders, dutyView{
			Office: v.office(d.Recipient), Through: v.office(d.Obligor), Limit: limitWords(d.AtOnce, d.Limit), Starts: v.startWords(d.Starts),
			State: tag{"Not started", "t-off"}, LimitBy: d.LimitBy, Basis: citations(v.p, d.Basis), Means: means(d.Means), Note: d.Note.In("en"),
		})
	}
}

func (s *Service) dutyView(v viewer, m identity.Member, r Referral) dutyView {
	d := dutyView{
		ID: r.ID.String(), Office: v.office(r.Recipient), Limit: limitWords(r.AtOnce, r.Limit), Starts: v.startWords(r.Starts), Due: v.due(r),
		State: stateTags[r.State], LimitBy: r.LimitBy, Basis: citations(v.p, r.Basis), Means: means(r.Means), Mine: r.Holder == m.Office,
		Late: v.desk && r.Overdue(v.p.Ladders, v.now), CanMeet: r.State == Running && r.Holder == m.Office,
	}
	switch {
	case r.Origin == OriginReminder:
		d.Through = v.office(r.Obligor)
	case r.Relay:
		d.Through = v.office(r.Holder)
	}
	if r.StandsFor != "" {
		d.Instead = v.office(r.StandsFor)
	}
	return d
}

// codeOf is the number that a task's recipient gave, or "".
func codeOf(r Referral, proofs []Evidence) string {
	for _, p := range proofs {
		if p.Referral == r.ID && p.Code != "" {
			return p.Code
		}
	}
	return ""
}

func limitWords(atOnce bool, limit time.Duration) string {
	if atOnce {
		return "at once (late after " + span(limit) + ")"
	}
	return "within " + span(limit)
}

func means(list []string) string {
	words := ""
	for i, w := range list {
		if i > 0 {
			words += ", "
		}
		words += meansWords[w]
	}
	return words
}

// citations are the laws of a duty, marked when no lawyer checked them.
func citations(p *program.Program, ids []string) []citation {
	var out []citation
	for _, id := range ids {
		l, ok := p.Laws[id]
		if !ok {
			continue
		}
		c := citation{Citation: l.Citation, Title: l.Title, URL: l.URL, Text: l.Text.In("en")}
		if l.Status == "checked" {
			c.Checked = l.CheckedBy + ", " + l.CheckedOn
		}
		out = append(out, c)
	}
	return out
}

// addOffices fills in to whom the member can send the report on, and who asks
// for a new wrap.
func (s *Service) addOffices(data *reportView, v viewer, all []Referral, e program.Envelope) error {
	chains := s.agencies.Directory(v.p.ID)
	mine := v.p.Offices[v.m.Office]
	for _, o := range s.receivers(v.p, mine, e, shown(v.m, all)) {
		x, err := receiverOf(o, chains)
		if err != nil {
			return err
		}
		if e.Mode == program.Help && mayReceive(v.p, mine, e, Onward{Office: o.ID}) == nil {
			x.Name += " (chosen by the person)"
		}
		x.NoName = !v.p.MayName(e, o.ID)
		data.Receivers = append(data.Receivers, x)
	}
	for _, r := range all {
		_, keyed := chains[r.Holder]
		if !keyed || !s.asks(v.m, r) || slices.ContainsFunc(data.Stuck, func(x receiverView) bool { return x.ID == r.Holder }) {
			continue
		}
		x, err := receiverOf(v.p.Offices[r.Holder], chains)
		if err != nil {
			return err
		}
		data.Stuck = append(data.Stuck, x)
	}
	for id, l := range v.p.Laws {
		if data.NeedBasis {
			data.Laws = append(data.Laws, option{Value: id, Label: l.Citation + ": " + l.Title})
		}
	}
	slices.SortFunc(data.Laws, func(a, b option) int {
		if a.Label < b.Label {
			return -1
		}
		return 1
	})
	return nil
}

// receiverOf is an office with its chain.
func receiverOf(o program.Office, chains map[string]agency.Chain) (receiverView, error) {
	text, err := chains[o.ID].Text()
	return receiverView{ID: o.ID, Name: o.Name.In("en"), Chain: text}, fault.Wrap(err, "writing a key's chain")
}

// colleagues are those to whom the report can be given.
func colleagues(v viewer, r Referral) []option {
	var out []option
	for id, name := range v.names {
		if id == v.m.ID || policy.Allow(policy.HandOver, whoIs(v.m, v.p.Offices[v.m.Office])) {
			out = append(out, option{Value: id.String(), Label: name, On: id == r.Owner})
		}
	}
	slices.SortFunc(out, func(a, b option) int {
		if a.Label+a.Value < b.Label+b.Value {
			return -1
		}
		return 1
	})
	return out
}

func outcomeOptions(chosen Outcome) []option {
	var out []option
	for _, o := range Outcomes() {
		out = append(out, option{string(o), outcomeWords[o], o == chosen})
	}
	return out
}

// matterRows are the other reports of the same matter that the member may see.
func (s *Service) matterRows(ctx context.Context, v viewer, m identity.Member, r Referral) ([]row, error) {
	if r.Matter.IsZero() {
		return nil, nil
	}
	q := scope(v.p, m, ListInbox, v.now)
	q.add("matter = ?", r.Matter)
	q.add("report <> ?", r.Report)
	same, err := referrals(ctx, s.db, m.Program, q.where()+" order by order_at, id limit 100", q.args...)
	if err != nil {
		return nil, err
	}
	var out []row
	for _, x := range same {
		out = append(out, v.row(x))
	}
	return out, nil
}

// history is what happened to the office's own referrals, and what a page may
// show of the others'.
func (s *Service) history(ctx context.Context, v viewer, m identity.Member, id store.ID, all []Referral) ([]stepView, error) {
	steps, err := stepsOf(ctx, s.db, m.Program, id)
	if err != nil {
		return nil, err
	}
	by := map[store.ID]Referral{}
	for _, r := range all {
		by[r.ID] = r
	}
	private := []Act{ActMatter, ActSeparate, ActNote, ActStepBack, ActAssign, ActEscalate, ActOpenReporter, ActGiveReporter}
	var out []stepView
	for _, st := range steps {
		r := by[st.Referral]
		if !visible(m, r) || r.Holder != m.Office && slices.Contains(private, st.Act) || st.Act == ActEscalate && !v.desk {
			continue
		}
		out = append(out, v.step(r, st))
	}
	return out, nil
}

func (v viewer) step(r Referral, st Step) stepView {
	out := stepView{At: v.stamp(st.At), Act: actWords[st.Act], Office: v.office(r.Recipient), Before: stateTags[st.Before].Word, Now: stateTags[st.After].Word,
		Who: "The program"}
	if st.Office != "" {
		out.Who = v.office(st.Office)
	}
	if id, err := store.ParseID(actorID(st.Actor)); err == nil && st.Office == v.m.Office {
		out.Who = v.member(id)
	}
	switch st.Act {
	case ActOutcome:
		out.Code = outcomeWords[Outcome(st.Code)]
	case ActAttempt:
		result, channel, _ := strings.Cut(st.Code, ":")
		out.Code = attemptWords[result]
		if c, ok := v.p.Channels[channel]; ok {
			out.Code += " (" + c.Name.In("en") + ")"
		}
	case ActOnward, ActReceive, ActRewrap, ActReplace, ActGiveReporter:
		out.Code = v.office(st.Code)
	case ActEscalate, ActRemind:
		out.Rung = st.told()
	case ActStart:
		out.Code = v.startWords(parseEvent(st.Code))
	}
	return out
}
