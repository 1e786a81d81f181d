// SPDX-License-Identifier: Apache-2.0

// Package printrun is where many sheets of a notice are printed with one code: for truck
// stops of a county, salons of a coast, the stores of a partner. A sheet with a code
// of its own would tell there who was reading it.
//
// What it promises:
//
//   - A run has one code, for as long as it exists. Sheets that are printed later carry
//     the same one.
//   - What cannot be printed is refused before a code is made for it, and in the words
//     of the press: a number that nobody verified, a paper that the law does not take.
//   - Each sheet says in small print of which run it is, when it was printed, and which
//     version of the notice it carries.
//   - The list tells which runs hang with words, numbers or hours that are not those of
//     today ([State]), by what their sheets said, not by what somebody noted.
//   - Every act has its entry in the custody log: made, printed, switched off or on.
//   - Counts are those of the code, shown by the rules of package code and no other.
package printrun

import (
	"context"
	"embed"
	"errors"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/prevention/campaign"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/poster"
)

//go:embed migrations/*.sql templates/*.html
var files embed.FS

// Schema is the room's tables.
func Schema() store.Schema { return store.Schema{Room: "printrun", FS: files} }

// Draft is what a run is made of.
type Draft struct {
	Place     string // as senders read it: "a truck stop in Hinds County"
	County    string // FIPS; "" for none
	Small     bool   // so few come by that the place may tell who it was
	Notice    string
	Languages []string // none: those that the notice must be in whenever it is printed
	Each      bool     // a sheet for each language, instead of one with all
	Paper     string   // of Papers
	Copies    int
	Partner   string   // for whom, by name; "" for nobody else
	Campaign  store.ID // zero: none
}

// Run is many sheets with one code.
type Run struct {
	Program string
	ID      store.ID
	Code    store.ID
	Text    string // of the code: "7K3F9"
	Draft
	Latest Print // the zero value: it was never printed
	Made   time.Time
	MadeBy string
}

// Print is one time that sheets of a run were printed.
type Print struct {
	Number  int // from 1
	Copies  int
	Version string // of the notice
	Says    []byte // a hash of what its sheets say
	At      time.Time
	By      string
}

// State says whether what was printed is still what would be printed.
type State string

// The states. The first that is true is told.
const (
	Never   State = "never"   // it was never printed
	Refused State = "refused" // it cannot be printed now
	Older   State = "older"   // its notice has a newer version
	Changed State = "changed" // the same version says something else now: a number, the hours
	Stale   State = "stale"   // nobody looked at the notice for a year
	Current State = "current"
)

// Papers are what a run can be printed on.
func Papers() []string { return []string{"letter", "tabloid", "11x15", "a4", "card", "sticker"} }

// Faults of this room.
var (
	ErrNone      = fault.New(fault.NotFound, "printrun.none", "There is no such print run.")
	ErrRefused   = fault.New(fault.Conflict, "printrun.refused", "This cannot be printed")
	errForbidden = fault.New(fault.Forbidden, "role", "Your roles do not allow this.")
)

// Config is what the service stands on.
type Config struct {
	DB        *store.DB
	Programs  *program.Set
	Subject   func(identity.Member) policy.Subject
	Codes     *code.Service
	Campaigns *campaign.Service
	Press     *poster.Press
	Origin    string // "https://tip.ms.gov"
	// Sheet begins a sheet of a notice as the program prints it today: its numbers, the
	// hours in which a person reads, its day, and why it is not for posting.
	Sheet func(ctx context.Context, program string, n program.Notice) (poster.Sheet, error)
	// Name says in words who an actor is.
	Name func(ctx context.Context, program, actor string) string
	Site *web.Site
	Now  func() time.Time
}

// Service is the room. Make one with New.
type Service struct {
	Config
	pages *web.Templates
}

// New makes the room.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.Subject == nil || c.Codes == nil || c.Campaigns == nil || c.Press == nil || c.Sheet == nil || c.Name == nil || c.Site == nil || c.Now == nil {
		return nil, errors.New("printrun: a part of the configuration is missing")
	}
	pages, err := c.Site.Templates(files)
	if err != nil {
		return nil, fault.Wrap(err, "printrun: reading the templates")
	}
	return &Service{Config: c, pages: pages}, nil
}

// Room is what app plugs in.
func (s *Service) Room() room.Room {
	return room.Room{Name: "printrun", Schema: Schema(), Routes: s.routes()}
}

// may asks the table about the member's own program, whose things these all are.
func (s *Service) may(m identity.Member, does policy.Action) error {
	if policy.Decide(does, s.Subject(m), policy.Object{Program: m.Program}).Allowed {
		return nil
	}
	return errForbidden
}

func (s *Service) pack(programID string) (*program.Program, error) {
	p, ok := s.Programs.Program(programID)
	if !ok {
		return nil, errForbidden
	}
	return p, nil
}

func (r Run) record() string { return "print_run:" + r.ID.String() }

// log makes the entry of an act.
func (r Run) log(tx *store.Tx, event, actor string) {
	tx.Log(custody.Entry{Program: r.Program, Event: event, Record: r.record(), Actor: actor})
}
