// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/web"
)

// channelRow is one channel in the list.
type channelRow struct {
	program.Channel
	Standing
	Label string // its name in English
	How   string // number or address
	Shown bool   // on the public page now
	Tag   string // class of the state's tag
	order string // for paging
}

type channelsView struct {
	frame
	Query, State string
	States       []program.ChannelState
	Rows         []channelRow
	Paging       web.Paging
	Export       string
}

func channelStates() []program.ChannelState {
	return []program.ChannelState{program.Draft, program.Printed, program.Verified, program.Expired, program.Contradicted, program.Withdrawn}
}

// channelRows lists the channels that a search finds: those for the public page
// first, then the program's own state, national ones, and the other states'.
func (s *Service) channelRows(v visit, query url.Values) []channelRow {
	shown := map[string]bool{}
	for _, c := range v.p.PublicLines(s.Channels(v.p.ID), s.cfg.Demo) {
		shown[c.ID] = true
	}
	wanted := strings.Fields(strings.ToLower(query.Get("q")))
	var rows []channelRow
	for _, id := range slices.Sorted(maps.Keys(v.p.Channels)) {
		row := s.channelRow(v.p, v.p.Channels[id], shown[id])
		text := strings.ToLower(strings.Join([]string{id, row.Label, row.Jurisdiction, row.Kind, row.Phone, row.Text, row.URL, row.Email}, " "))
		if state := query.Get("state"); state != "" && string(row.Standing.State) != state {
			continue
		}
		if slices.ContainsFunc(wanted, func(w string) bool { return !strings.Contains(text, w) }) {
			continue
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b channelRow) int { return strings.Compare(a.order, b.order) })
	return rows
}

// channelOrder sorts channels by how much this program has to do with them.
func channelOrder(p *program.Program, c program.Channel) string {
	group := "3"
	switch {
	case c.Public:
		group = "0"
	case c.Jurisdiction == p.State:
		group = "1"
	case c.Jurisdiction == "US":
		group = "2"
	}
	return group + c.Jurisdiction + " " + c.ID
}

func (s *Service) channelRow(p *program.Program, c program.Channel, shown bool) channelRow {
	st := s.standing(p, c, s.directory(p.ID), s.now())
	tag := map[program.ChannelState]string{
		program.Verified: "t-done", program.Expired: "t-late", program.Contradicted: "t-off", program.Withdrawn: "t-off", program.Printed: "t-wait",
	}[st.State]
	return channelRow{Channel: c, Standing: st, Label: c.Name.In("en"), How: strings.TrimPrefix(number(c), ", "), Shown: shown, Tag: tag, order: channelOrder(p, c)}
}

func (s *Service) channelsPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), v.Actor, "page:channels"); err != nil {
		return err
	}
	query := r.URL.Query()
	rows := s.channelRows(v, query)
	page, next, err := paged(rows, func(c channelRow) string { return c.order }, query.Get("after"))
	if err != nil {
		return err
	}
	export := url.Values{"q": query["q"], "state": query["state"]}
	return s.show(w, r, http.StatusOK, "channels", "Channels", "/staff/channels", nil, channelsView{
		frame: framed(r, nil), Query: query.Get("q"), State: query.Get("state"), States: channelStates(), Rows: page,
		Paging: paging("/staff/channels", query, fmt.Sprintf("%d found", len(rows)), next), Export: "/staff/channels.csv?" + export.Encode(),
	})
}

func (s *Service) channelsCSV(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), v.Actor, "export:channels"); err != nil {
		return err
	}
	header := []string{"channel", "name", "jurisdiction", "kind", "phone", "text", "url", "email", "state", "in doubt", "shown to the public", "verified on", "verify again by", "sources"}
	return web.CSV(w, "channels.csv", header, func(yield func([]string) error) error {
		for _, c := range s.channelRows(v, r.URL.Query()) {
			err := yield([]string{c.ID, c.Label, c.Jurisdiction, c.Kind, c.Phone, c.Text, c.URL, c.Email, string(c.Standing.State), yes(c.Doubt), yes(c.Shown),
				date(c.Checked, v.p), date(c.Expires, v.p), fmt.Sprint(len(c.Sources))})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// date is a day in the program's zone, or "" for none.
func date(t time.Time, p *program.Program) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone(p)).Format(time.DateOnly)
}

// checkView is one line of a channel's history.
type checkView struct {
	Check
	When, By, What string
	Stale          bool // about digits that the pack no longer has
}

type channelView struct {
	frame
	channelRow
	Verified, Again string
	Never           bool // 911
	Attests         bool
	Script          []string
	History         []checkView
	Name            string // of the signed-in member, to fill in
	Zone            string
}

func (s *Service) channelPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	if _, err := s.channel(v.p.ID, r.PathValue("channel")); err != nil {
		return err
	}
	if err := s.seen(r.Context(), v.Actor, "channel:"+r.PathValue("channel")); err != nil {
		return err
	}
	return s.showChannel(w, r, v, http.StatusOK, nil)
}

func (s *Service) showChannel(w http.ResponseWriter, r *http.Request, v visit, status int, t *trouble) error {
	ch, err := s.channel(v.p.ID, r.PathValue("channel"))
	if err != nil {
		return err
	}
	checks, err := s.Checks(r.Context(), v.p.ID, ch.ID)
	if err != nil {
		return err
	}
	people, err := s.people(r.Context(), v.p.ID, "")
	if err != nil {
		return err
	}
	lines := v.p.PublicLines(s.Channels(v.p.ID), s.cfg.Demo)
	shown := slices.ContainsFunc(lines, func(c program.Channel) bool { return c.ID == ch.ID })
	data := channelView{frame: framed(r, t), channelRow: s.channelRow(v.p, ch, shown), Never: ch.Kind == program.KindEmergency,
		Attests: Attestable(ch), Script: script(v.p, ch), Zone: zone(v.p).String()}
	data.Verified, data.Again = date(data.Checked, v.p), date(data.Expires, v.p)
	if people.has(v.Member) && people.known {
		data.Name = people.name(v.Member)
	}
	for _, c := range slices.Backward(checks) {
		data.History = append(data.History, checkView{Check: c, When: c.At.In(zone(v.p)).Format("Jan 2, 2006, 3:04 PM"), By: people.actor(c.RecordedBy),
			What: resultWords(c.Result), Stale: c.Contact != contact(ch)})
	}
	return s.show(w, r, status, "channel", "Channel", "/staff/channels/"+ch.ID, t, data)
}

func resultWords(r Result) string {
	return map[Result]string{Works: "Works", Wrong: "Wrong number", NoAnswer: "No answer", Attested: "Attested", Withdrawn: "Withdrawn",
		Expired: "180 days passed"}[r]
}

// actor is the name behind a recorded actor.
func (r roll) actor(recorded string) string {
	for _, p := range r.list {
		if recorded == "member:"+p.ID.String() {
			return p.Name
		}
	}
	if recorded == "system" {
		return "Waylight"
	}
	return recorded
}

// script is what to say on a test call: to learn whether the number reaches whom
// the page says, without taking the line from anybody who needs it.
func script(p *program.Program, c program.Channel) []string {
	if c.Phone == "" && c.Text == "" {
		return []string{
			"Open the address exactly as it stands on this page, or write to it from a work account.",
			"Look: whose page or mailbox is it, and does it take what this program would send there?",
			"Send no report.",
			"Write down what you saw. Leave out names of people.",
		}
	}
	asks := map[string]string{
		program.KindTrafficking: "Ask: do you take tips about human trafficking, and from any place in the state?",
		program.KindChildAbuse:  "Ask: do you take reports about a child who is being harmed, from any county of the state?",
		program.KindMissing:     "Ask: do you take reports about a missing child?",
		program.KindLabor:       "Ask: do you take reports about people who are made to work, or not paid?",
		program.KindAdultCare:   "Ask: do you take reports about an adult who cannot protect themselves?",
		program.KindTipLine:     "Ask: do you take tips, and may callers stay unnamed?",
	}
	ask := asks[c.Kind]
	if ask == "" {
		ask = "Ask: what do you do, and whom do you serve?"
	}
	return []string{
		"Dial the digits exactly as they stand on this page. If there is a text number, text it from a work phone too.",
		"Say: I am testing this number for " + p.Name.In("en") + ". This is not a report. Is now a good moment?",
		"If the line is busy with callers, hang up and try later.",
		"Ask: which office have I reached?",
		ask,
		"Ask: at what hours does a person answer, and in which languages?",
		"Write down what you heard. Leave out the name of the person who answered.",
	}
}

func (s *Service) channelAct(do act) func(w http.ResponseWriter, r *http.Request) error {
	return s.acting(do, s.showChannel, func(r *http.Request) string { return "/staff/channels/" + r.PathValue("channel") })
}

func (s *Service) postCall(ctx context.Context, v visit, r *http.Request) (string, error) {
	at, err := localTime(r.PostForm.Get("at"), zone(v.p))
	if err != nil {
		return "", errCalledAt.At("at").With(err)
	}
	return "call", s.RecordCall(ctx, v.Actor, Call{Channel: r.PathValue("channel"), At: at, Caller: r.PostForm.Get("caller"),
		Answered: r.PostForm.Get("answered"), Heard: r.PostForm.Get("heard"), Result: Result(r.PostForm.Get("result"))})
}

// localTime reads what a field for date and time sends; "" is the zero time.
func localTime(text string, loc *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		return time.Time{}, err
	}
	return instant(t.Year(), t.Month(), t.Day(), t.Hour()*60+t.Minute(), loc, false), nil
}

func (s *Service) postAttest(ctx context.Context, v visit, r *http.Request) (string, error) {
	return "attest", s.Attest(ctx, v.Actor, r.PathValue("channel"), r.PostForm.Get("caller"), r.PostForm.Get("source"))
}

func (s *Service) postWithdraw(ctx context.Context, v visit, r *http.Request) (string, error) {
	return "withdraw", s.Withdraw(ctx, v.Actor, r.PathValue("channel"), r.PostForm.Get("caller"), r.PostForm.Get("reason"))
}
