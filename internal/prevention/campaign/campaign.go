// SPDX-License-Identifier: Apache-2.0

// Package campaign is where a program looks after what it does in public under
// one name: the yearly month, an advertisement about a fund. A campaign has its
// words, its days, an office that leads it and partners, notices, digital pieces with
// short addresses, money, and figures; and a page for everybody.
//
// What it promises:
//
//   - The public page tells whose the signs are, what becomes of a report, and whom to
//     call, and shows no number that nobody has verified. It can be left in a moment,
//     works without a script, and neither its title nor its address names the topic.
//   - Figures are counts: what was placed, seen and inspected, how often codes were
//     opened, how many senders let their report carry one. Each is shown from
//     [code.Least] up, and beside them stands what they do not say. No effect is
//     claimed anywhere.
//   - A picture that somebody uploads is read, checked and written anew, so that
//     nothing of the camera, the place or the person who made it goes out with it.
//   - Money is kept in cents, planned and spent, line by line, each with what it was for.
package campaign

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
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/prevention/code"
)

//go:embed migrations/*.sql templates/*.html strings/*.yaml
var files embed.FS

// Schema is the room's tables.
func Schema() store.Schema { return store.Schema{Room: "campaign", FS: files} }

// Strings is the room's part of the catalog.
func Strings() fs.FS { return files }

// State says how far a campaign is. It only goes forward.
type State string

// The states, in their order.
const (
	Planned State = "planned"
	Running State = "running" // it stands in public
	Closed  State = "closed"  // it is over; its page stays, since signs do
)

// next is the state that follows; "" for the last.
func (s State) next() State {
	switch s {
	case Planned:
		return Running
	case Running:
		return Closed
	}
	return ""
}

// Campaign is a named effort.
type Campaign struct {
	Program string
	ID      store.ID
	Lead    string // office
	State   State
	Version int // grows with every change; who changes names the one they read
	Details

	Made, Changed     time.Time
	MadeBy, ChangedBy string
}

// Details are what the lead may change.
type Details struct {
	Slug        string    // in its address
	Title       form.Text // en and es
	Text        form.Text
	First, Last string   // days of the jurisdiction; both belong to it
	Notices     []string // of the program
}

// Partner takes part: an office of the program, or somebody else by name.
type Partner struct {
	ID           store.ID
	Office, Name string
}

// Line is one line of the budget.
type Line struct {
	ID             store.ID
	What           string
	Planned, Spent int64 // cents
}

// Event is a day of the campaign.
type Event struct {
	ID   store.ID
	Day  string
	What form.Text
}

// Piece is a picture or another thing for screens, with a short address of its own.
type Piece struct {
	ID            store.ID
	Title         string
	Width, Height int // pixels
	Alt           form.Text
	Code          store.ID
	Kind          string // "image/png", "image/jpeg"; "" while there is no file
	Size          int64  // bytes
}

func (c Campaign) record() string { return "campaign:" + c.ID.String() }

// The faults of this room.
var (
	ErrNotFound = fault.New(fault.NotFound, "campaign.none", "There is no such campaign.")
	errRefused  = fault.New(fault.Forbidden, "campaign.refused", "Your role, or your office's part in this, does not allow it.")
	errStale    = fault.New(fault.Conflict, "campaign.stale", "Somebody has changed this campaign since you opened it. Look at it again, then make your change.")
)

// Placed is what became of signs.
type Placed struct {
	Planned, Up, Seen, Inspected int
	Codes                        []store.ID // that stand on them
}

// Placements is what this room needs of the room that places signs.
type Placements interface {
	// Of counts the placements of some notices in a program that were up at some
	// time between two days, both included.
	Of(ctx context.Context, r store.Reader, program string, notices []string, first, last string) (Placed, error)
}

// Sheets are a notice in some languages, to print or to show, in several sizes.
type Sheets struct {
	Languages string // in their own words: "English · Español"
	Files     []File
}

// File is one of them, which the public may download.
type File struct {
	Title string // such as "letter (8.5 by 11 inches)"
	Href  string
}

// Materials is what this room needs of the room that lays notices out.
type Materials interface {
	// Sheets are the downloads of a notice; none where it may not be printed now.
	Sheets(ctx context.Context, program, notice, lang string) []Sheets
}

// Config is what the service stands on.
type Config struct {
	DB       *store.DB
	Programs *program.Set
	Subject  func(identity.Member) policy.Subject
	Codes    *code.Service
	Site     *web.Site
	Origin   string
	Now      func() time.Time
	// Channels tells what recorded calls say of a program's lines; nil: what its pack says.
	Channels func(program string) func(channel string) program.ChannelState
	// Open says whether a program's form takes reports.
	Open func(ctx context.Context, program string) bool
	// Placements and Materials are nil where there are none: then nothing of them is shown.
	Placements Placements
	Materials  Materials
	// Runs are the codes of what was printed for a campaign, many sheets to one code;
	// nil: nothing was.
	Runs func(ctx context.Context, r store.Reader, program string, campaign store.ID) ([]store.ID, error)
}

// Service is the room. Make one with New.
type Service struct {
	Config
	pages   *web.Templates
	drawing chan struct{} // full while a picture is read: one at a time, since each takes much memory
}

// New makes the room.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.Subject == nil || c.Codes == nil || c.Site == nil || c.Now == nil || c.Open == nil {
		return nil, errors.New("campaign: a part of the configuration is missing")
	}
	if c.Runs == nil {
		c.Runs = func(context.Context, store.Reader, string, store.ID) ([]store.ID, error) { return nil, nil }
	}
	if c.Channels == nil {
		c.Channels = func(string) func(string) program.ChannelState { return nil }
	}
	s := &Service{Config: c, drawing: make(chan struct{}, 1)}
	pages, err := c.Site.Templates(files)
	if err != nil {
		return nil, fault.Wrap(err, "campaign: reading the templates")
	}
	s.pages = pages
	return s, nil
}

// Room is what app plugs in.
func (s *Service) Room() room.Room {
	return room.Room{Name: "campaign", Schema: Schema(), Strings: files, Routes: append(s.staffRoutes(), s.publicRoutes()...)}
}

// object is a campaign as policy knows it, from where somebody at an office looks.
func (c Campaign) object(office string, partners []Partner) policy.Object {
	out := policy.Object{Program: c.Program, Office: c.Lead}
	takesPart := slices.ContainsFunc(partners, func(p Partner) bool { return p.Office == office })
	if office != c.Lead && takesPart {
		out.Office, out.Partner = office, true
	}
	return out
}

// may asks the table. Whoever may not read it is told that there is none.
func (s *Service) may(a policy.Action, m identity.Member, o policy.Object) error {
	d := policy.Decide(a, s.Subject(m), o)
	switch {
	case d.Allowed:
		return nil
	case d.As == policy.Hidden:
		return ErrNotFound
	}
	return errRefused
}

func (s *Service) zone(programID string) *time.Location {
	if p, ok := s.Programs.Program(programID); ok && p.Zone != nil {
		return p.Zone
	}
	return time.UTC
}
