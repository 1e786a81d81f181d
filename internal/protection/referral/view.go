// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
)

// moment in words, for pages: to the minute in the program's zone, and how far away.
type stamp struct{ Exact, Away, Machine string }

// viewer turns referrals into words for one member's page.
type viewer struct {
	p     *program.Program
	m     identity.Member
	now   time.Time
	desk  bool
	names map[store.ID]string
}

// viewer reads what every page of a member needs.
func (s *Service) viewer(ctx context.Context, m identity.Member) (viewer, error) {
	p, _, err := s.office(m)
	if err != nil {
		return viewer{}, err
	}
	people, err := s.people.Members(ctx, m.Program, m.Office)
	if err != nil {
		return viewer{}, fault.Wrap(err, "listing members")
	}
	v := viewer{p: p, m: m, now: s.now(), desk: s.isDesk(m), names: map[store.ID]string{}}
	for _, c := range people {
		v.names[c.ID] = c.Name
	}
	return v, nil
}

func (v viewer) stamp(t time.Time) *stamp {
	if t.IsZero() {
		return nil
	}
	zone := v.p.Zone
	if zone == nil {
		zone = time.UTC
	}
	return &stamp{Exact: t.In(zone).Format("Jan 2, 3:04 PM MST"), Away: away(t.Sub(v.now)), Machine: t.UTC().Format(time.RFC3339)}
}

// away is a distance in words: "in 2 h 5 min", "3 days ago", "now".
func away(d time.Duration) string {
	past := d < 0
	words := span(d.Abs())
	switch {
	case words == "":
		return "now"
	case past:
		return words + " ago"
	}
	return "in " + words
}

// span is a length of time in words, empty below a minute.
func span(d time.Duration) string {
	minutes := int(d / time.Minute)
	hours := minutes / 60
	switch {
	case minutes == 0:
		return ""
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case hours <= 72 && (minutes%60 == 0 || hours >= 24):
		return fmt.Sprintf("%d h", hours)
	case hours < 24:
		return fmt.Sprintf("%d h %d min", hours, minutes%60)
	}
	return fmt.Sprintf("%d days", hours/24)
}

// tag is a word with the class of its color.
type tag struct{ Word, Class string }

var stateTags = map[State]tag{
	Waiting: {"New", "t-new"}, CannotOpen: {"Cannot be opened", "t-late"}, Opened: {"Opened", "t-wait"}, Acknowledged: {"In work", "t-wait"},
	Closed: {"Finished", "t-done"}, Recused: {"Stepped back", "t-off"}, Replaced: {"Replaced", "t-off"}, Taken: {"Taken", "t-wait"}, Done: {"Passed on", "t-done"},
	Running: {"Running", "t-wait"}, Met: {"Marked as met", "t-done"},
}

// row is one line of a list.
type row struct {
	ID, Report, Short, Link    string
	State                      tag
	Tags                       []tag
	Where, What, Office, Duty  string
	Owner                      string
	Due, Accepted, Retry, Held *stamp
	Late                       bool
	Attempts                   int
	Letters                    string // what the sender wrote and nobody answered
	Rung                       string
}

func (v viewer) row(r Referral) row {
	out := row{
		ID: r.ID.String(), Report: r.Report.String(), Short: Short(r.Report), Link: "/staff/report/" + r.Report.String(),
		State: stateTags[r.State], Tags: v.tags(r), Where: where(r.Place), What: kindWords[r.Kind], Office: v.office(r.Recipient),
		Duty: v.duty(r), Owner: v.member(r.Owner), Accepted: v.stamp(r.Accepted), Retry: v.stamp(r.RetryAt), Attempts: r.Attempts,
	}
	out.Due = v.due(r)
	out.Late = v.desk && r.Overdue(v.p.Ladders, v.now)
	out.Rung = v.told(r)
	if r.State == Taken {
		out.Held = v.stamp(r.TakenUntil)
	}
	if r.Holder != v.m.Office { // a desk sees that another office is late, not what the report is about
		out.Office = "Held by " + v.office(r.Holder)
		if r.State == Waiting {
			out.State.Word = "Not opened"
		}
		out.Link, out.Where, out.What, out.Owner, out.Tags = "", "", "", "", v.tags(Referral{Danger: r.Danger, Test: r.Test})
	}
	return out
}

// told says whom the ladder told last. The first notice counts where somebody is
// in danger: more people than usual get it.
func (v viewer) told(r Referral) string {
	if all := climbed(r.Told, r.Level); all != "" || !r.Danger {
		return lastTold(all)
	}
	return toldWords(program.Rung{Tell: v.p.Ladders.Danger.First}.String())
}

// with adds what its sender wrote to a row of the member's own office.
func (r row) with(m identity.Member, x Referral, l Letter) row {
	switch {
	case x.Holder != m.Office || l.Report.IsZero():
	case l.New == 0:
		r.Letters = "A message to answer"
	case l.New == 1:
		r.Letters = "1 new message"
	default:
		r.Letters = strconv.Itoa(l.New) + " new messages"
	}
	return r
}

// due is the time a referral is due, in the words of its reader: only a desk is
// told that something is late; to the office itself it is due now.
func (v viewer) due(r Referral) *stamp {
	st := v.stamp(r.Due)
	if st == nil || !r.Open() {
		return st
	}
	switch {
	case v.desk && r.Overdue(v.p.Ladders, v.now):
		st.Away = "late by " + span(v.now.Sub(r.Due))
	case v.now.After(r.Due):
		st.Away = "due now"
	}
	return st
}

func (v viewer) tags(r Referral) []tag {
	var tags []tag
	if r.Danger {
		tags = append(tags, tag{"Danger now", "t-late"})
	}
	if r.Child {
		tags = append(tags, tag{ageWords[r.Age], "t-wait"})
	}
	if r.Mode == program.Help {
		tags = append(tags, tag{"Asks for help", "t-new"})
	}
	if r.Test {
		tags = append(tags, tag{"Test", "t-off"})
	}
	if r.Origin == OriginOnward {
		tags = append(tags, tag{"Sent on by " + v.office(r.ReferredBy), ""})
	}
	return tags
}

func (v viewer) office(id string) string {
	if o, ok := v.p.Offices[id]; ok {
		return o.Name.In("en")
	}
	return id
}

// member names a colleague; people of other offices are not named.
func (v viewer) member(id store.ID) string {
	switch {
	case id.IsZero():
		return ""
	case id == v.m.ID:
		return "You"
	}
	if name, ok := v.names[id]; ok {
		return name
	}
	return "A former colleague"
}

func (v viewer) duty(r Referral) string {
	switch {
	case r.Origin == OriginOnward:
		return "Sent on by " + v.office(r.ReferredBy)
	case r.Courtesy:
		return "Beyond any duty"
	case r.LimitBy == "law":
		return "Law"
	}
	return "Policy"
}

func where(text string) string {
	p, err := place.ParsePlace(text)
	if err != nil || text == "" {
		return "Not known"
	}
	return placeName(p)
}

// The envelope's answers in words.
var (
	ageWords   = map[string]string{"under18": "Under 18", "adult": "Adult", "unsure": "Perhaps under 18"}
	kindWords  = map[string]string{"sex": "Sex", "labor": "Labor", "both": "Sex and labor", "unsure": "Not sure"}
	whoWords   = map[string]string{"me": "About themselves", "known": "About somebody they know", "saw": "About something they saw", "job": "As part of their job"}
	landWords  = map[string]string{"ordinary": "Ordinary land", "tribal": "Tribal land", "military": "Military land", "federal": "Other federal land", "unknown": "Not known"}
	modeWords  = map[string]string{program.Tip: "A tip: tell everyone who must act", program.Help: "Asks for help: only who was chosen"}
	eventWords = map[string]string{program.Accepted: "the report came in", program.Delivered: "opened by", program.Acknowledged: "taken on by", program.Identified: "a trafficked person was found by"}
	tellWords  = map[string]string{program.OnDuty: "On duty", program.StandIn: "Stand-in", program.TheDesk: "Desk", program.TheNamed: "Named person",
		identity.RoleMember: "Members", identity.RoleSupervisor: "Supervisor", identity.RoleAgencyAdmin: "Office administrator"}
	meansWords = map[string]string{program.ByInbox: "Waylight inbox", program.ByEmail: "E-mail", program.ByPhone: "Telephone", program.ByWeb: "Web form", program.ByCyberTip: "CyberTipline"}
	actWords   = map[Act]string{
		ActOpen: "Opened, with proof", ActAcknowledge: "Taken on", ActOutcome: "Outcome recorded", ActCannotOpen: "Could not be opened",
		ActRewrap: "Made readable again", ActRecuse: "The office stepped back", ActReplace: "Another office was found", ActTake: "Task taken", ActExtend: "More time for the task",
		ActRelease: "Task given back", ActExpire: "Time for the task ran out", ActAttempt: "Not reached", ActComplete: "Passed on, with proof",
		ActMeet: "Marked as met", ActRead: "Read", ActAssign: "Owner changed", ActEscalate: "More people told", ActRemind: "Reminded", ActLadder: "The program's ladder changed",
		ActStart: "Clock started", ActOnward: "Sent on", ActReceive: "Came from another office", ActMatter: "Marked as same matter",
		ActSeparate: "Taken out of its matter", ActNote: "Note kept", ActStepBack: "Somebody stepped back",
		ActOpenReporter: "The part about the reporter was opened", ActGiveReporter: "The part about the reporter was given",
	}
	outcomeWords = map[Outcome]string{
		OutcomeWorking: "Acting on it", OutcomeCase: "Case opened", OutcomeIdentified: "A trafficked person was identified",
		OutcomeSafe: "The person is safe or has what was asked for", OutcomeKnown: "Already known to us",
		OutcomeElsewhere: "For another office", OutcomeTooLittle: "Too little to act on, kept",
		OutcomeNoConcern: "Looked into: no trafficking found", OutcomeUnreached: "The person could not be reached",
		OutcomeTest: "A test or drill", OutcomeMisuse: "Spam or misuse of the form",
	}
	proofWords   = map[string]string{ProofCode: "A number or code for the report", ProofReply: "A number in a written answer"}
	attemptWords = map[string]string{"no_answer": "No answer", "busy": "Busy", "voicemail": "Only voicemail", "wrong_number": "Wrong number",
		"refused": "Would not take it", "form_failed": "The form did not work"}
)

// startWords says what starts a clock: "opened by Child Protection".
func (v viewer) startWords(e program.Event) string {
	return strings.TrimSpace(eventWords[e.Kind] + " " + v.office(e.Office))
}
