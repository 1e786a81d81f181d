// SPDX-License-Identifier: Apache-2.0

// Package operation is where agencies plan what they do together: operations, surges of many of them, the locations a program features, and the answer to the
// question that keeps officers alive: does somebody else act there then?
//
// What it promises:
//
//   - A plan is known to the office that leads it, to its partners, and to nobody else: not to another office, not to who looks after the program, not to who reads
//     the database without the keyring. Who does what with one stands in package policy.
//   - Whoever plans, or changes time or place, is told in the same moment of every operation of another office that comes near, and so is that office. Each side is
//     told that there is a conflict and whom to call. It is told nothing else: not what, not where exactly, not whose.
//   - Of two who plan at once, on however many servers, both are told. An answer is given under a lock that is held until the plan is durable, in a
//     transaction that sees every plan before it: see takeTurn.
//   - What is compared is place and time rounded outward (grid.go). Nothing near is missed by it, and nobody who keeps asking learns more than the rounded values.
//   - Asking leaves traces with everybody: the plan is in the custody log, the conflict is in the log and before both sides, and who asks too often is stopped.
//   - An operation goes planned, approved, running, closed, reviewed, or is cancelled before it runs. Who plans does not approve; who closes does not review. A new time or
//     place needs a new approval.
//   - Figures count what is closed, never what is planned, and an operation once, however many offices take part.
package operation

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"slices"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

//go:embed migrations/*.sql templates/*.html strings/*.yaml
var files embed.FS

// Schema is the room's tables.
func Schema() store.Schema { return store.Schema{Room: "operation", FS: files} }

// Strings is the room's part of the catalog.
func Strings() fs.FS { return files }

// State says how far an operation is.
type State string

// The states, in their order. Cancelled is reached from planned and approved only.
const (
	Planned   State = "planned"
	Approved  State = "approved"
	Running   State = "running"
	Closed    State = "closed"
	Reviewed  State = "reviewed"
	Cancelled State = "cancelled"
)

// States lists them, in the order in which pages offer them.
func States() []State { return []State{Planned, Approved, Running, Closed, Reviewed, Cancelled} }

// ahead says whether the operation has not ended, so that others can still meet it.
func (s State) ahead() bool { return s == Planned || s == Approved || s == Running }

// Kinds lists what operations are for; the last is for what fits none.
func Kinds() []string {
	return []string{"recovery", "arrest", "search", "buyers", "undercover", "surveillance", "inspection", "outreach", "other"}
}

// Operation is one operation as those who may see it know it.
type Operation struct {
	Program  string
	ID       store.ID
	Lead     string
	Partners []string // other offices that take part
	Kind     string
	State    State
	Surge    store.ID // zero for none
	Version  int      // grows with every change; who approves names the one they read
	Level    string   // once closed: of the featured location that it was at; "" for none
	Details

	Made, PlannedAt, ApprovedAt, ClosedAt, ReviewedAt, CancelledAt time.Time
	MadeBy                                                         string
	PlannedBy                                                      string // who set time and place last: does not approve
	ApprovedBy, ClosedBy, ReviewedBy, CancelledBy                  string
}

// Details are the parts of an operation that are encrypted at rest.
type Details struct {
	Plan
	Began, Ended time.Time // as it went; zero before
	Outcome      string    // in the words of who closed it
	Review       string    // of who reviewed it
}

// Period is when the operation was or, before it has begun, is to be.
func (o Operation) Period() (from, to time.Time) {
	from, to = o.From, o.To
	if !o.Began.IsZero() {
		from = o.Began
	}
	if !o.Ended.IsZero() {
		to = o.Ended
	}
	return from, to
}

// Offices lists who takes part, the lead first.
func (o Operation) Offices() []string { return append([]string{o.Lead}, o.Partners...) }

func (o Operation) record() string { return "operation:" + o.ID.String() }

// The faults of this room.
var (
	ErrNotFound = fault.New(fault.NotFound, "operation.none", "There is no such entry.")
	errRefused  = fault.New(fault.Forbidden, "operation.refused", "Your role, or your office's part in this, does not allow it.")
	errSignIn   = fault.New(fault.SignIn, "sign_in", "Please sign in first.")
	errStep     = fault.New(fault.Conflict, "operation.step", "This is not the next step for this operation any more. Look again at where it stands.")
)

// Mailer sends a message and returns when the receiving server has taken it.
type Mailer interface {
	Send(ctx context.Context, m mail.Message) error
}

// Limits say how often somebody may ask for conflicts within a day. The zero value of each stands for its default.
type Limits struct {
	Member int // questions of one member
	Finds  int // questions of one member that found something
	Office int // questions of all members of an office
}

// Config is what the service stands on.
type Config struct {
	DB       *store.DB
	Programs *program.Set
	People   *identity.Service
	Ring     *keyring.Ring
	Site     *web.Site // nil: the room has no pages
	Mail     Mailer
	Origin   string
	Now      func() time.Time
	Limits   Limits
}

// Service is the room. Make one with New.
type Service struct {
	Config
	tenants map[string]*keyring.Tenant
	pages   *web.Templates
}

// New makes the service.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.People == nil || c.Ring == nil || c.Now == nil {
		return nil, errors.New("operation: a part of the configuration is missing")
	}
	c.Limits = c.Limits.orDefault()
	s := &Service{Config: c, tenants: map[string]*keyring.Tenant{}}
	for _, id := range c.Programs.IDs() {
		t, err := c.Ring.Tenant(id)
		if err != nil {
			return nil, fault.Wrap(err, "operation")
		}
		s.tenants[id] = t
	}
	if c.Site == nil {
		return s, nil
	}
	pages, err := c.Site.Templates(files)
	if err != nil {
		return nil, fault.Wrap(err, "operation: reading the templates")
	}
	s.pages = pages
	return s, nil
}

// Room is what app plugs in.
func (s *Service) Room() room.Room {
	r := room.Room{Name: "operation", Schema: Schema(), Strings: files, Jobs: map[string]jobs.Handler{KindNotice: s.notify}, Measures: s.measures()}
	if s.pages != nil {
		r.Routes = s.routes()
	}
	return r
}

// object is an operation as policy knows it, from where somebody at an office looks.
func (o Operation) object(office, requester string) policy.Object {
	out := policy.Object{Program: o.Program, Office: o.Lead, Requester: memberOf(requester)}
	if office != o.Lead && slices.Contains(o.Partners, office) {
		out.Office, out.Partner = office, true
	}
	return out
}

// may asks the table about one thing. Whoever may not read it is told that there is none.
func (s *Service) may(a policy.Action, m identity.Member, o policy.Object) error {
	d := policy.Decide(a, s.People.Subject(m), o)
	switch {
	case d.Allowed:
		return nil
	case d.As == policy.Hidden:
		return ErrNotFound
	}
	return errRefused
}

// mayOperation asks whether somebody may act on an operation. requester is who asked for what is now decided, "" for none.
func (s *Service) mayOperation(a policy.Action, m identity.Member, o Operation, requester string) error {
	return s.may(a, m, o.object(m.Office, requester))
}

// looked records that somebody looked at something.
func (s *Service) looked(ctx context.Context, m identity.Member, event, record string) error {
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: m.Program, Event: "operation." + event, Record: record, Actor: m.Actor()})
		return nil
	})
	return fault.Wrap(err, "recording a look")
}

func (s *Service) zone(programID string) *time.Location {
	if p, ok := s.Programs.Program(programID); ok && p.Zone != nil {
		return p.Zone
	}
	return time.UTC
}

const asMember = "member:"

// memberOf is the id in an actor's name, "" where no member acted.
func memberOf(actor string) string {
	if len(actor) > len(asMember) && actor[:len(asMember)] == asMember {
		return actor[len(asMember):]
	}
	return ""
}
