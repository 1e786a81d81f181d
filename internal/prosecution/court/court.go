// SPDX-License-Identifier: Apache-2.0

// Package court is where criminal cases are followed: charges, pleas, verdicts,
// sentences, extraditions, forfeiture, restitution and appeals, each as the
// docket has it, and what the law says must happen by when.
//
// What it promises:
//
//   - It names nobody. A defendant is a number, a victim on a worksheet is a
//     label that cannot hold a name, and what is typed into a worksheet is not kept.
//   - A step stands only where the steps before it allow it: no verdict without a
//     charge, no sentence without a conviction, no restitution whose parts do not
//     add up. [fold] is the one place that knows; entering, withdrawing and
//     importing all ask it, in the transaction that writes. What does not fit is
//     refused in words, whole.
//   - Steps are added and never changed. What is reported becomes confirmed with a
//     number in the docket, or withdrawn with a reason, as one more row; each is an
//     entry in the custody log.
//   - Deadlines are rows with how they were computed, from the pack's law, and stay
//     as they were computed.
//   - An office sees the cases that it leads and those that it partners. Anything
//     else looks as if it were not there.
//   - The figures count each thing once, as their definitions say; what is not
//     confirmed with its evidence is counted apart.
package court

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

//go:embed migrations/*.sql templates/*.html strings/*.yaml
var files embed.FS

// What can be wrong besides a row's own contents.
var (
	ErrNone   = fault.New(fault.NotFound, "court_none", "There is no such case.")
	ErrExists = fault.New(fault.Conflict, "court_exists", "This docket number is there already at this court. If you cannot find it in your list, another office leads it: ask them to make yours a partner.")
	ErrLead   = fault.New(fault.Forbidden, "court_lead", "Only the office that leads a case adds partners to it.")
	ErrStood  = fault.New(fault.Conflict, "court_stood", "This step was withdrawn, or confirmed, already.")
)

// Case is a criminal case at a court.
type Case struct {
	Program      string
	ID           store.ID
	Docket       string
	Forum        string // one of Forums
	District     string // of the federal court; the county of another one
	State        string
	Jurisdiction string // whose law: US, or the state's
	Office       string // that leads it
	OpenedBy     string
	OpenedAt     time.Time
}

// Court says in words which court it is.
func (c Case) Court() string { return courtName(c.Forum, c.District) }

func (c Case) record() string { return "court:" + c.ID.String() }

// Mailer sends a message and returns when the receiving server has taken it.
type Mailer interface {
	Send(ctx context.Context, m mail.Message) error
}

// People knows who works where.
type People interface {
	Members(ctx context.Context, program, office string) ([]identity.Member, error)
	Member(ctx context.Context, program string, id store.ID) (identity.Member, error)
}

// Config is what the room stands on.
type Config struct {
	DB       *store.DB
	Programs *program.Set
	People   People
	Joined   func(program, office string) bool // whether an office takes part
	Mail     Mailer
	Origin   string
	Site     *web.Site // nil: the room has no pages
	Now      func() time.Time
}

// Service is the room. Make one with New.
type Service struct {
	Config
	pages *web.Templates
}

// New makes the room.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.People == nil || c.Joined == nil || c.Mail == nil || c.Now == nil {
		return nil, errors.New("court: a part of the configuration is missing")
	}
	if _, err := districts(); err != nil {
		return nil, err
	}
	for _, step := range program.CourtSteps() {
		if _, ok := formOf(Step(step)); !ok {
			return nil, fmt.Errorf("court: packs speak of a step %q that no case has", step)
		}
	}
	s := &Service{Config: c}
	if c.Site == nil {
		return s, nil
	}
	pages, err := c.Site.Templates(files)
	if err != nil {
		return nil, fault.Wrap(err, "court: reading the templates")
	}
	s.pages = pages
	return s, nil
}

// Schema is the room's tables.
func Schema() store.Schema { return store.Schema{Room: "court", FS: files} }

// Strings are the public words of the room's figures.
func Strings() fs.FS { return files }

// The room's jobs.
const (
	KindRemind = "court.remind" // looks for deadlines to remind of
	KindMail   = "court.mail"   // sends one reminder
	KindCheck  = "court.check"  // derives the figures anew and compares
)

// Room is what app plugs in.
func (s *Service) Room() room.Room {
	r := room.Room{
		Name: "court", Schema: Schema(), Measures: s.measures(), Strings: files,
		Jobs:      map[string]jobs.Handler{KindRemind: s.remind, KindMail: s.mailOne, KindCheck: s.check},
		Schedules: []jobs.Schedule{{Kind: KindRemind, Every: time.Hour}, {Kind: KindCheck, Every: 24 * time.Hour}},
	}
	if s.pages != nil {
		r.Routes = s.routes()
	}
	return r
}

func (s *Service) program(id string) (*program.Program, error) {
	p, ok := s.Programs.Program(id)
	if !ok {
		return nil, fault.New(fault.NotFound, "program_unknown", "There is no such program.")
	}
	return p, nil
}

// today is the date where the program is.
func (s *Service) today(programID string) Day { return dayOf(s.Now().In(s.zoneOf(programID))) }

// statutesFor lists the statutes under which a court tries.
func statutesFor(p *program.Program, jurisdiction string) []program.Statute {
	return slices.DeleteFunc(slices.Clone(p.Courts.Statutes), func(s program.Statute) bool { return s.Jurisdiction != jurisdiction })
}
