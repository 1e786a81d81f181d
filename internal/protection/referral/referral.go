// SPDX-License-Identifier: Apache-2.0

// Package referral carries a report to every office that must act on it, and
// proves that it got there.
//
// A referral is one duty to tell one recipient about one report. Our own
// duties wait in an office's inbox, or, where the recipient has no key, as a
// task of the desk, whose operator opens the words and passes them on by
// telephone or form. The recipients' own duties stand beside them as reminders:
// shown with their clock and their law, never counted as ours.
//
// What it promises:
//
//   - A referral is "opened" only by proof: the opening token that nobody can
//     know who did not open the body, and a member's signature over what was
//     opened (see OpenedStatement). A task is "done" only with proof typed back.
//   - States change by the table in state.go and in no other way; every change
//     is a step in the history and an entry in the custody log, in one transaction.
//   - Nobody takes a task twice: taking is one conditional update.
//   - A clock that runs out climbs the ladder that the pack has for it, from the
//     person on duty to the program's named persons, and each rung is recorded. A
//     pack's new ladder leaves nobody out whom an old report had not told yet, and
//     makes none of them wait longer. Only a desk sees who is late.
//   - An office sees a report only while a referral names it as holder and none
//     of its kind is accused; a member who recused never sees it again. To
//     everybody else an existing report and a missing one are the same.
//   - A help report reaches no desk run by police, no list of theirs, no count,
//     no export, no mail and no list of work that failed; and it is never
//     referred on to police. Police that the sender picked, or that the law
//     names, hold it like any holder and learn of nobody else who does.
//   - Whoever holds a report is mailed about it, the helper a survivor picked
//     too; the desk comes in when time runs out or nobody is there. What its
//     holder cannot open is at once in the list of another desk, and mailed.
//   - What was read and then changed by somebody else is read and decided
//     again: every change is under the condition of the state it was read in.
//   - Mail carries no content, no topic and no number: only that something waits.
package referral

import (
	"context"
	"crypto/cipher"
	"embed"
	"errors"
	"io/fs"
	"strings"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/protection/report"
)

// Origin says where a referral comes from.
type Origin string

// The origins.
const (
	OriginDuty     Origin = "duty"     // a rule of the pack: ours to fulfil
	OriginOnward   Origin = "onward"   // an office referred the report on
	OriginReminder Origin = "reminder" // another's own duty: shown, never ours
	OriginCanary   Origin = "canary"   // a test that the program sent itself: it stands for the last step of the way, and nobody meets it
)

// Referral is one duty about one report.
type Referral struct {
	Program   string
	ID        store.ID
	Report    store.ID
	Origin    Origin
	Rule      string   // rules of the pack, joined by commas, or "onward"
	Recipient string   // office that must be told
	Holder    string   // office whose key opens it; for a reminder the office whose duty it is
	Relay     bool     // the holder is a desk that passes it on
	Obligor   string   // "program" or an office
	StandsFor string   // the accused office whose place the recipient takes, or ""
	Means     []string // inbox, phone, web ...
	Proofs    []string // what the rule counts as proof
	Basis     []string // ids of laws in the pack
	LimitBy   string   // "law" or "policy"
	Limit     time.Duration
	AtOnce    bool // the rule says "at once"; Limit is when we call that late
	Starts    program.Event
	Accepted  time.Time
	Started   time.Time // zero until the starting event
	Due       time.Time // zero until the starting event
	Courtesy  bool
	Mode      string // tip or help
	Danger    bool
	Child     bool     // under 18, or not known to be adult
	Test      bool     // a drill, not a person's report
	Conflict  []string // kinds of office that somebody reported on belongs to
	Place     string
	Age       string
	Kind      string // sex, labor, both, unsure
	State     State

	Owner          store.ID // member who works on it; zero when nobody does
	TakenBy        store.ID
	TakenUntil     time.Time
	RetryAt        time.Time
	Attempts       int
	OpenedAt       time.Time
	OpenedBy       store.ID
	AcknowledgedAt time.Time
	Outcome        Outcome
	DoneAt         time.Time
	Level          int    // rung of the ladder already climbed
	Told           string // the rungs up to there, as program.Ladder.Upto writes them
	NextAt         time.Time
	Matter         store.ID // other reports of this office with the same matter
	ReferredBy     string   // office that referred it on
}

// Outcome is what came of a referral: a closed list, never text.
type Outcome string

// The outcomes an office can record.
const (
	OutcomeNone       Outcome = ""
	OutcomeWorking    Outcome = "working"    // the office is acting on it
	OutcomeCase       Outcome = "case"       // a case was opened
	OutcomeIdentified Outcome = "identified" // a trafficked person was identified
	OutcomeSafe       Outcome = "safe"       // the person is safe or has what was asked for
	OutcomeKnown      Outcome = "known"      // already known to the office
	OutcomeElsewhere  Outcome = "elsewhere"  // for another office; referred on
	OutcomeTooLittle  Outcome = "too_little" // too little to act on, kept
	OutcomeNoConcern  Outcome = "no_concern" // looked into; no trafficking found
	OutcomeUnreached  Outcome = "unreached"  // the person could not be reached
	OutcomeTest       Outcome = "test"       // a test or a drill
	OutcomeMisuse     Outcome = "misuse"     // spam or abuse of the form, still counted
)

// Outcomes lists every outcome in the order pages show them.
func Outcomes() []Outcome {
	return []Outcome{OutcomeWorking, OutcomeCase, OutcomeIdentified, OutcomeSafe, OutcomeKnown, OutcomeElsewhere,
		OutcomeTooLittle, OutcomeNoConcern, OutcomeUnreached, OutcomeTest, OutcomeMisuse}
}

// Step is one entry of a referral's history.
type Step struct {
	Program  string
	Referral store.ID
	ID       store.ID
	Report   store.ID
	At       time.Time
	Act      Act
	Actor    string // "system" or "member:<id>"
	Office   string
	Before   State
	After    State
	Code     string // closed word: outcome, attempt result, office, law
	Level    int
}

// Evidence is one proof on record.
type Evidence struct {
	Referral  store.ID
	ID        store.ID
	At        time.Time
	Member    store.ID
	Office    string
	Kind      string // "opened", a kind of Proof, or "statement"
	Code      string // what the recipient said, typed back
	Channel   string // channel of the pack that was used
	Signature []byte // the member's, over OpenedStatement
	Answered  []byte // who answered, sealed to the desk's key
}

// Note is an office's own note, sealed to its key.
type Note struct {
	ID     store.ID
	At     time.Time
	Member store.ID
	KeyID  []byte
	Body   []byte
}

// Proof is what an operator brings back from passing a report on.
type Proof struct {
	Channel  string // id of the channel used
	Kind     string // one of the duty's proofs, such as "confirmation_code"
	Code     string // what the recipient said, typed back
	Answered []byte // who answered, sealed in the browser to the desk's key; optional
}

// Attempt is a call or form that did not get through.
type Attempt struct {
	Channel string
	Result  string    // no_answer, busy, voicemail, refused, wrong_number, form_failed
	RetryAt time.Time // when to try again; zero means at once
}

// Onward is a report referred on: the content key re-wrapped in the browser for another office.
type Onward struct {
	Office string
	KeyID  [16]byte
	Wrap   []byte
	Basis  string // law that allows it; needed in help mode without consent
	// Reporter is the key of the reporter's own part, wrapped for the office; nil
	// leaves that part out.
	Reporter []byte
}

// Mailer sends one message.
type Mailer interface {
	Send(ctx context.Context, m mail.Message) error
}

// Config is what the room stands on.
type Config struct {
	DB       *store.DB
	Programs *program.Set
	Agencies *agency.Service
	People   *identity.Service
	Reports  Reports
	Mail     Mailer
	Site     *web.Site
	Now      func() time.Time
	BaseURL  string // address members sign in at, "https://tips.example.gov"
	Pepper   []byte // the installation's; positions in lists are hidden with a key of it
}

// Service is the room. Make one with New.
type Service struct {
	db       *store.DB
	programs *program.Set
	agencies *agency.Service
	people   *identity.Service
	reports  Reports
	mail     Mailer
	site     *web.Site
	pages    *web.Templates
	now      func() time.Time
	base     string
	letters  Letters // nil where no room carries messages
	clock    jobs.Hindsight
	adopted  adopted
	mask     cipher.Block
}

var _ report.Referrals = (*Service)(nil)

var errNoParts = errors.New("referral: DB, Programs, Agencies, People, Mail and Site are needed")

//go:embed templates/*.html
var templates embed.FS

//go:embed assets/*.js
var assets embed.FS

//go:embed strings/*.yaml
var words embed.FS

// New makes the room. Reports may come later, with Attach: the room that keeps
// them needs this one first.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.Agencies == nil || c.People == nil || c.Mail == nil || c.Site == nil {
		return nil, errNoParts
	}
	s := &Service{db: c.DB, programs: c.Programs, agencies: c.Agencies, people: c.People, reports: c.Reports, mail: c.Mail,
		site: c.Site, now: c.Now, base: strings.TrimSuffix(c.BaseURL, "/")}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	if s.mask, err = newMask(c.Pepper); err != nil {
		return nil, fault.Wrap(err, "referral: making the key of cursors")
	}
	if err := c.Site.AddAssets(assets); err != nil {
		return nil, fault.Wrap(err, "referral: adding the assets")
	}
	if s.pages, err = c.Site.Templates(templates, "templates/*.html"); err != nil {
		return nil, fault.Wrap(err, "referral: reading the templates")
	}
	return s, nil
}

// Attach gives the room the reports. Call it before anything is served.
func (s *Service) Attach(r Reports) { s.reports = r }

// Schema is the room's tables. They are also part of Room.
func Schema() store.Schema { return store.Schema{Room: "referral", FS: migrations} }

// Strings are the room's words, for the catalog. They are also part of Room.
func Strings() fs.FS { return words }

// Room is what app mounts.
func (s *Service) Room() room.Room {
	return room.Room{
		Name: "referral", Routes: s.routes(), Schema: Schema(), Strings: words, Measures: s.Measures(),
		Jobs:      map[string]jobs.Handler{KindNotice: s.notify, KindClock: s.tick},
		Schedules: []jobs.Schedule{{Kind: KindClock, Every: time.Minute}},
	}
}
