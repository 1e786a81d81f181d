// SPDX-License-Identifier: Apache-2.0

// Package release turns figures into what the public is told, and keeps what it
// was told.
//
// What it promises:
//
//   - A release is a draft, then checked, then approved by a second person, then
//     published. What is published is frozen: its exact text, the definitions, and
//     the place in the custody log at which it was computed. No act changes it.
//   - Checking computes every table anew, hides what would let somebody be found,
//     and holds all tables that were ever published against these, as somebody who
//     wants to find a person would. What that leaves too narrow stops the release.
//   - A figure that turns out wrong is restated by a release of its own that names
//     the old one and shows old, new and why. The old one stays, and says so.
//   - When rows behind a published figure change, its page says so until a
//     restatement is out.
//   - Anybody can check that a document is the one that was published: its hash
//     stands in an entry of the public log.
//   - A headline's numbers stand in its tables.
package release

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"time"

	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// State is where a release stands.
type State string

// The states.
const (
	Draft     State = "draft"
	Checked   State = "checked"
	Approved  State = "approved"
	Published State = "published"
	Discarded State = "discarded"
)

// Release is a set of tables on its way to the public, or there.
type Release struct {
	Program        string
	ID             store.ID
	Number         int64 // its public name
	State          State
	Headline       map[string]string // by language: the finding, in one sentence
	From, Through  string            // days
	Specs          []figure.Spec
	Set            string   // the set of indicators that it fills, or ""
	Restates       store.ID // zero: none
	Why            map[string]string
	MadeBy         string
	Made           time.Time
	Findings       []Finding
	CheckedBy      string
	Checked        time.Time
	Computed       []figure.Table // with what is not shown; nil until checked
	Document       string         // the exact text; "" until checked
	DocumentHash   string         // SHA-256 of it, hexadecimal
	DefinitionHash string
	TreeSize       int64
	TreeRoot       string
	Weighed        int64 // how many published releases it was checked against
	ApprovedBy     string
	ApprovedAt     time.Time
	PublishedBy    string
	PublishedAt    time.Time
}

// Finding is something that checking found, in words for staff.
type Finding struct {
	Stops bool   `json:"stops"` // nothing is approved while it stands
	Table int    `json:"table"` // number of the table from 1, or 0 for the release
	Words string `json:"words"`
}

// stopped says whether something found keeps the release from being approved.
func (r Release) stopped() bool {
	for _, f := range r.Findings {
		if f.Stops {
			return true
		}
	}
	return false
}

// Config is what the room stands on.
type Config struct {
	DB        *store.DB
	Programs  *program.Set
	Approvals *approval.Service
	Log       func(program string) *custody.Log
	Site      *web.Site
	Now       func() time.Time
	Viewer    func(ctx context.Context) (policy.Subject, bool)
	// Name says in words who "member:…" is; "" shows the text itself.
	Name func(ctx context.Context, program, ref string) string
}

// Service is the room. Make one with New.
type Service struct {
	Config
	measures *figure.Registry
	pages    *web.Templates
	sets     []Set
}

//go:embed templates/*.html
var templates embed.FS

//go:embed strings/*.yaml
var words embed.FS

//go:embed migrations/*.sql
var migrations embed.FS

// New makes the room. Attach gives it the measures before anything is served.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.Approvals == nil || c.Log == nil || c.Site == nil || c.Viewer == nil || c.Name == nil {
		return nil, errors.New("release: a part of the configuration is missing")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Service{Config: c}
	var err error
	if s.pages, err = c.Site.Templates(templates); err != nil {
		return nil, fault.Wrap(err, "release: reading the templates")
	}
	if s.sets, err = loadSets(); err != nil {
		return nil, err
	}
	c.Approvals.Handle(policy.PublishRelease, s.approved)
	return s, nil
}

// Attach gives the room the measures of all rooms. Call it before anything is served.
func (s *Service) Attach(r *figure.Registry) { s.measures = r }

// Measures are what the rooms count.
func (s *Service) Measures() *figure.Registry { return s.measures }

// Schema is the room's tables.
func Schema() store.Schema { return store.Schema{Room: "release", FS: migrations} }

// Strings are the room's words, for the catalog.
func Strings() fs.FS { return words }

// KindCompare is the job that looks whether rows behind published figures changed.
const KindCompare = "release.compare"

// Room is what app plugs in.
func (s *Service) Room() room.Room {
	return room.Room{Name: "release", Routes: s.routes(), Schema: Schema(), Strings: words,
		Jobs:      map[string]jobs.Handler{KindCompare: s.compareJob},
		Schedules: []jobs.Schedule{{Kind: KindCompare, Every: 24 * time.Hour}}}
}

// Faults of this room. Their messages are safe to show.
var (
	ErrNone      = fault.New(fault.NotFound, "release.none", "There is no such release.")
	ErrState     = fault.New(fault.Conflict, "release.state", "The release does not stand where this can be done. Load the page again.")
	ErrHeadline  = fault.New(fault.Invalid, "release.headline", "Say the finding in one sentence of at most 140 characters, in every language.")
	ErrWhy       = fault.New(fault.Invalid, "release.why", "Say why the figures change, in at most 500 characters, in every language.")
	ErrNoTables  = fault.New(fault.Invalid, "release.tables", "A release needs at least one table, and has at most 40.")
	ErrTable     = fault.New(fault.Invalid, "release.table", "There is no such table in this release.")
	ErrSet       = fault.New(fault.Invalid, "release.set", "There is no such set of indicators.")
	ErrStale     = fault.New(fault.Conflict, "release.stale", "Another release was published since this one was checked, and together they could tell too much. It is a draft again: check it, and ask the second person once more.")
	ErrRestated  = fault.New(fault.Conflict, "release.restated", "A later release restates that one already. Restate the later one.")
	ErrStops     = fault.New(fault.Conflict, "release.stops", "Something that was found stops this release. Change its tables or its headline, and check it again.")
	ErrNoDrill   = fault.New(fault.Forbidden, "release.no_drill", "The rows behind this figure stand behind walls of their own. Nobody lists them here.")
	ErrNoLog     = fault.New(fault.Conflict, "release.no_log", "The public log has no checkpoint yet, so nobody could check these figures. It gets one within minutes: try again then.")
	ErrForbidden = fault.New(fault.Forbidden, "release.forbidden", "Your role does not allow this.")
	errSignIn    = fault.New(fault.SignIn, "sign_in", "Please sign in first.")
)

const maxTables = 40
