// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/program"
)

// who is what a sender is shown about who will be told, ready for a page: the
// template and the script draw the same sections.
type who struct {
	Shown    string    `json:"shown"` // goes with the form; empty: not enough is answered yet
	Sections []section `json:"sections"`
}

type section struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Text  string `json:"text"`
	Items []item `json:"items,omitempty"`
	Boxes []box  `json:"boxes,omitempty"`
}

type item struct {
	Name  string   `json:"name"`
	Lines []string `json:"lines,omitempty"`
	Links []link   `json:"links,omitempty"`
	Why   []string `json:"why,omitempty"`
	Opens *opens   `json:"opens,omitempty"` // nil: nobody is told by it
}

// opens goes with what a sender reads of an office: the page's script seals to
// nobody whom it has not shown so.
type opens struct {
	Office string `json:"office"`
	Reader string `json:"reader"`          // the office whose key opens the words
	Named  string `json:"named,omitempty"` // the reader again where it may have the part about the sender
}

func opensFor(d program.Delivery) *opens {
	o := &opens{Office: d.Recipient, Reader: d.Holder}
	if d.Named || d.Relay {
		o.Named = d.Holder
	}
	return o
}

type link struct {
	Words string       `json:"words"`
	Href  template.URL `json:"href"`
}

type box struct {
	Field   string `json:"field"`
	Value   string `json:"value"`
	Label   string `json:"label"`
	Hint    string `json:"hint"`
	Checked bool   `json:"checked"`
	Opens   *opens `json:"opens,omitempty"` // nil: ticking it tells nobody
}

// speaker gives words in one language for one program.
type speaker struct {
	*Service
	p    *program.Program
	lang string
}

func (v speaker) t(key string, args ...any) string { return v.Site.Catalog.T(v.lang, key, args...) }

// notice gives the pack's own words for something, or the catalogue's where the
// pack has none.
func (v speaker) notice(name, key string, args ...any) string {
	words := v.p.Told[name].In(v.lang)
	if words == "" {
		return v.t(key, args...)
	}
	for i := 0; i+1 < len(args); i += 2 {
		words = strings.ReplaceAll(words, fmt.Sprintf("{%v}", args[i]), fmt.Sprint(args[i+1]))
	}
	return words
}

// whoFor shows who will be told of r: those that are, those the sender may agree
// to or leave out, and what stays the sender's own duty.
func (v speaker) whoFor(r routed) who {
	w := who{}
	if r.envelope.Danger {
		w.Sections = append(w.Sections, section{ID: "danger", Title: v.t("report.danger.title"), Text: v.notice("danger", "report.danger.text")})
	}
	shown := newShown(v.base(r))
	told := section{ID: "told", Title: v.t("report.who.told.title"), Text: v.notice(r.envelope.Mode, "report.who.told."+r.envelope.Mode)}
	for _, d := range r.plan.Deliveries {
		shown.add(d)
		told.Items = append(told.Items, v.told(d))
	}
	w.Sections = append(w.Sections, told)
	for _, s := range []section{v.ask(r, &shown), v.leave(r, &shown), v.own(r.plan)} {
		if s.ID != "" {
			w.Sections = append(w.Sections, s)
		}
	}
	w.Shown = shown.String()
	return w
}

// base is the plan as it is before any box is ticked: what the answers alone
// lead to.
func (v speaker) base(r routed) program.Plan {
	if len(r.envelope.Consents) == 0 && len(r.envelope.LeftOut) == 0 {
		return r.plan
	}
	e := r.envelope
	e.Consents, e.LeftOut = nil, nil
	return v.p.Route(e, v.Keyed(v.p.ID))
}

// ask lists the offices that a sender asking for help may agree to, each with
// what would happen.
func (v speaker) ask(r routed, shown *shown) section {
	if r.envelope.Mode != program.Help {
		return section{}
	}
	s := section{ID: "ask", Title: v.t("report.who.ask.title")}
	if !r.envelope.ConsentsCount() {
		s.Text = v.notice("help-other-adult", "report.who.ask.not_you")
		return s
	}
	s.Text = v.t("report.who.ask.text")
	keyed := v.Keyed(v.p.ID)
	base := v.base(r)
	for _, o := range v.p.HelpOffices(keyed) {
		e := r.envelope
		e.Consents = []string{o.ID}
		would, d := delivery(v.p.Route(e, keyed), o.ID)
		if already, _ := delivery(base, o.ID); already || !would {
			continue
		}
		shown.add(d)
		s.Boxes = append(s.Boxes, box{
			Field: consentsField, Value: o.ID, Label: v.office(o.ID), Checked: slices.Contains(r.envelope.Consents, o.ID),
			Hint: strings.Join(nonEmpty(o.About.In(v.lang), v.by(d)), " "), Opens: opensFor(d),
		})
	}
	if len(s.Boxes) == 0 {
		return section{}
	}
	return s
}

func delivery(plan program.Plan, office string) (bool, program.Delivery) {
	for _, d := range plan.Deliveries {
		if d.Recipient == office {
			return true, d
		}
	}
	return false, program.Delivery{}
}

// leave names each office that is told of a tip only while the sender lets it.
func (v speaker) leave(r routed, shown *shown) section {
	base := v.base(r)
	if r.envelope.Mode != program.Tip || len(base.LeaveOut) == 0 {
		return section{}
	}
	s := section{ID: "leave", Title: v.t("report.who.leave.title")}
	for _, id := range base.LeaveOut {
		if ok, d := delivery(base, id); ok {
			shown.add(d)
		}
		hint := nonEmpty(v.p.Offices[id].About.In(v.lang), v.notice("by-name", "report.who.leave.text", "office", v.office(id)))
		s.Boxes = append(s.Boxes, box{
			Field: leftOutField, Value: id, Label: v.t("report.who.leave.box", "office", v.office(id)), Hint: strings.Join(hint, " "),
			Checked: slices.Contains(r.envelope.LeftOut, id),
		})
	}
	return s
}

// own shows the duties that stay with the sender.
func (v speaker) own(plan program.Plan) section {
	if len(plan.Reporter) == 0 {
		return section{}
	}
	s := section{ID: "own", Title: v.t("report.who.own.title"), Text: v.notice("reporter-duty", "report.who.own.text")}
	for _, d := range plan.Reporter {
		it := item{Name: v.office(d.Recipient), Lines: nonEmpty(d.Note.In(v.lang)), Links: v.officeLinks(d.Recipient), Why: v.why(d)}
		if len(it.Links) == 0 {
			it.Lines = append(it.Lines, v.t("report.who.own.no_number"))
		}
		s.Items = append(s.Items, it)
	}
	return s
}

func (v speaker) office(id string) string {
	if name := v.p.Offices[id].Name.In(v.lang); name != "" {
		return name
	}
	return id
}

// told says how an office is told, by when, and why.
func (v speaker) told(d program.Delivery) item {
	it := item{Name: v.office(d.Recipient), Lines: []string{v.by(d) + " " + v.deadline(d)}, Opens: opensFor(d)}
	if d.InPlaceOf != "" {
		it.Lines = append(it.Lines, v.t("report.who.in_place", "office", v.office(d.InPlaceOf)))
	}
	if !d.Named {
		it.Lines = append(it.Lines, v.t("report.who.unnamed"))
	}
	it.Lines = append(it.Lines, nonEmpty(d.Note.In(v.lang))...)
	it.Why = v.why(d.Duty)
	if d.Courtesy {
		it.Why = []string{v.t("report.who.courtesy")}
	}
	return it
}

// by says whose people read the words, and how an office without a key here
// hears of them.
func (v speaker) by(d program.Delivery) string {
	if !d.Relay {
		return v.t("report.who.inbox")
	}
	if slices.Equal(relayMeans(d.Means), []string{program.ByPhone}) {
		return v.notice("relay", "report.who.relay_call", "desk", v.office(d.Holder), "office", v.office(d.Recipient))
	}
	var means []string
	for _, m := range relayMeans(d.Means) {
		if words := v.t("report.means." + m); !slices.Contains(means, words) {
			means = append(means, words)
		}
	}
	return v.t("report.who.relay", "desk", v.office(d.Holder), "means", strings.Join(means, " "+v.t("report.who.or")+" "))
}

func (v speaker) deadline(d program.Delivery) string {
	key, limit := "report.who.inbox_by", d.Limit
	if d.Relay {
		key = "report.who.relay_by"
	}
	if d.AtOnce {
		limit = 0
	}
	return v.t(key, "within", v.within(limit))
}

// relayMeans are the means by which people of a desk pass a report on: by
// telephone where the rules name none.
func relayMeans(means []string) []string {
	var out []string
	for _, m := range means {
		if m == program.ByPhone || m == program.ByWeb || m == program.ByCyberTip {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		return []string{program.ByPhone}
	}
	return out
}

// why cites the laws and rules behind a duty in plain words.
func (v speaker) why(d program.Duty) []string {
	var lines []string
	for _, id := range d.Basis {
		law, ok := v.p.Laws[id]
		if !ok {
			continue
		}
		key := "report.why.policy"
		switch {
		case law.Kind != "policy" && law.Status == "checked":
			key = "report.why.law"
		case law.Kind != "policy":
			key = "report.why.law_unchecked"
		}
		lines = append(lines, v.t(key, "citation", law.Citation, "text", strings.TrimSpace(law.Text.In(v.lang))))
	}
	return lines
}

func (v speaker) within(limit time.Duration) string {
	switch {
	case limit <= 0:
		return v.t("report.within.once")
	case limit < 2*time.Hour:
		return v.t("report.within.minutes", "n", int(limit.Minutes()))
	case limit < 72*time.Hour:
		return v.t("report.within.hours", "n", int(limit.Hours()))
	}
	return v.t("report.within.days", "n", int(limit.Hours()/24))
}

func nonEmpty(words ...string) []string {
	return slices.DeleteFunc(words, func(s string) bool { return strings.TrimSpace(s) == "" })
}
