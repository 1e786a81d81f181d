// SPDX-License-Identifier: Apache-2.0

// Package placement knows where notices hang: the places, what hangs at which spot
// of them, who saw it there when, and what is missing.
//
// What it promises:
//
//   - Every place has a county, but for what moves: a train crosses many. One without is
//     refused by name or resolved by its coordinates, never guessed from a city.
//   - The same notice in the same languages hangs at a spot once. A second one is
//     refused, and the answer names the one that is there.
//   - Every change is one transaction with its entry in the custody log.
//   - A new version of a notice opens one task for each placement that carries an
//     older one, once, however often it is looked for ([Service.Renew]). It closes
//     when the new sheet hangs.
//   - What an inspection says counts once, however often a browser that was offline
//     sends it. A code that does not open the printed address, or was stickered
//     over, is switched off in the same transaction.
//   - An import of places counts as a whole from one moment on, or not at all, and
//     names each bad row.
//   - No person's name is kept of a place, and no photograph: a camera has no
//     business in a restroom.
package placement

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed strings/*.yaml
var words embed.FS

//go:embed templates/*.html
var templates embed.FS

//go:embed assets/*.js
var assets embed.FS

// What can be wrong.
var (
	ErrNone      = fault.New(fault.NotFound, "placement.none", "There is no such placement.")
	ErrPlace     = fault.New(fault.NotFound, "placement.place_none", "There is no such place.")
	ErrRound     = fault.New(fault.NotFound, "placement.round_none", "There is no such round.")
	ErrImport    = fault.New(fault.NotFound, "placement.import_none", "There is no such import.")
	ErrBatch     = fault.New(fault.NotFound, "placement.batch_none", "There is no such batch.")
	ErrMoved     = fault.New(fault.Conflict, "placement.changed", "Somebody changed this meanwhile. Nothing of yours was saved. Load the page again and look.")
	ErrState     = fault.New(fault.Conflict, "placement.state", "This cannot be done to the placement as it is now. Load the page again and look.")
	ErrTwin      = fault.New(fault.Conflict, "placement.twin", "That is there already. Nothing was saved.")
	ErrUndecided = fault.New(fault.Conflict, "placement.import_state", "This cannot be done to the import as it is now. Load the page again and look.")
	ErrTyped     = fault.New(fault.Invalid, "placement.typed", "Something is not right. Nothing was saved.")
	ErrDay       = fault.New(fault.Invalid, "placement.day", "Give the day as YYYY-MM-DD, not in the future and not more than two years ago.")
	ErrEmpty     = fault.New(fault.Invalid, "placement.empty", "Nothing here fits what you chose. Nothing was saved.")
	ErrEntry     = fault.New(fault.Invalid, "placement.entry", "Something about this entry is not right. It was not counted.")
	errForbidden = fault.New(fault.Forbidden, "role", "Your roles do not allow this.")
	errUpload    = fault.New(fault.Invalid, "placement.upload", "No file arrived. Choose a file and send it again. Nothing was saved.")
	errTooLong   = fault.New(fault.TooLarge, "placement.import_size", "This file has more places than one import takes (250,000). Divide it. Nothing was saved.")
)

// NewCode is what a code is to stand for.
type NewCode struct {
	Program string
	Subject store.ID // the placement
	County  string   // FIPS code; "" for what moves
	Place   string   // as it is shown to whoever scans, in English
	Small   bool     // few people come there: the place alone could tell who they are
	By      string   // the actor
}

// Code is an address on a sheet.
type Code struct {
	ID   store.ID
	Text string // "7K3F9"
}

// Codes makes and switches the codes of sheets. The room of codes gives it.
type Codes interface {
	// Issue makes a code within the transaction.
	Issue(ctx context.Context, tx *store.Tx, c NewCode) (Code, error)
	// Switch turns a code on or off within the transaction. One that is as it should
	// be stays so.
	Switch(ctx context.Context, tx *store.Tx, program string, code store.ID, on bool, by string) error
	// Describe says anew, within the transaction, where the sheet of a code hangs.
	Describe(ctx context.Context, tx *store.Tx, program string, code store.ID, county, place string, small bool) error
	// On says whether a code leads on.
	On(ctx context.Context, q store.Reader, program string, code store.ID) (bool, error)
	// Counts says how often codes were scanned, as far as staff may know: a number that
	// is too small to be shown is left out.
	Counts(ctx context.Context, q store.Reader, program string, codes []store.ID) (map[store.ID]int64, error)
}

// Config is what the room stands on.
type Config struct {
	DB       *store.DB
	Programs *program.Set
	Subject  func(m identity.Member) policy.Subject
	Codes    Codes         // nil: sheets carry no code
	Due      time.Duration // how long after it was seen a sheet is due to be looked at; 0: 90 days
	// Name says in words who an actor is, for the pages; nil: they name nobody.
	Name    func(ctx context.Context, program, actor string) string
	Site    *web.Site // nil: the room has no pages
	Printer *Printer  // nil: nothing is printed
	Now     func() time.Time
}

// Service is the room. Make one with New.
type Service struct {
	Config
	pages *web.Templates
}

// New makes the room.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.Subject == nil {
		return nil, errors.New("placement: a part of the configuration is missing")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Due == 0 {
		c.Due = 90 * 24 * time.Hour
	}
	s := &Service{Config: c}
	if c.Site == nil {
		return s, nil
	}
	if err := c.Site.AddAssets(assets); err != nil {
		return nil, fault.Wrap(err, "placement: adding the script")
	}
	var err error
	s.pages, err = c.Site.Templates(templates)
	return s, fault.Wrap(err, "placement: reading the templates")
}

// Schema is the room's tables.
func Schema() store.Schema { return store.Schema{Room: "placement", FS: migrations} }

// Strings is the room's words.
func Strings() fs.FS { return words }

// The room's jobs.
const (
	KindRenew  = "placement.renew"
	KindCommit = "placement.commit"
	KindBatch  = "placement.batch"
)

// Room is what app plugs in.
func (s *Service) Room() room.Room {
	r := room.Room{
		Name: "placement", Schema: Schema(), Strings: Strings(), Measures: s.measures(),
		Jobs:      map[string]jobs.Handler{KindRenew: s.renewJob, KindCommit: s.commitJob, KindBatch: s.batchJob},
		Schedules: []jobs.Schedule{{Kind: KindRenew, Every: time.Hour}},
	}
	if s.pages != nil {
		r.Routes = s.routes()
	}
	return r
}

// may asks the table about the member's own program, whose things these all are.
func (s *Service) may(m identity.Member, does policy.Action) error {
	if policy.Decide(does, s.Subject(m), policy.Object{Program: m.Program}).Allowed {
		return nil
	}
	return errForbidden
}

// pack is a program's own.
func (s *Service) pack(programID string) (*program.Program, error) {
	p, ok := s.Programs.Program(programID)
	if !ok {
		return nil, errForbidden
	}
	return p, nil
}

// log makes the entry of a change.
func log(tx *store.Tx, programID, event, record, actor string) {
	tx.Log(custody.Entry{Program: programID, Event: event, Record: record, Actor: actor})
}

// recordOf is what the custody log calls a placement.
func recordOf(id store.ID) string { return "placement:" + id.String() }

func placeRecord(id store.ID) string { return "place:" + id.String() }
