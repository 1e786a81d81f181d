// SPDX-License-Identifier: Apache-2.0

// Package result keeps what operations and offices achieved, one row for each
// person or thing, each with the document that shows it, and counts it.
//
// What it promises:
//
//   - No row names a person. Of an arrest the room keeps, as keyed hashes, the
//     numbers that agencies agree to compare, and nothing to find anybody by.
//   - A person is counted once, however many agencies report the arrest. What
//     may be the same person is proposed to people on both sides and joined only
//     when they say so; they can take it back.
//   - A figure counts rows that a second person of the office confirmed and that
//     name a document. Others are told apart and never mixed in. What an
//     announcement says without rows is a kind of its own ("total").
//   - Amounts are exact: cents, and milligrams by rational arithmetic. What had to
//     be rounded says so and keeps what was typed.
//   - Whoever may be a minor cannot be entered as arrested for prostitution, and somebody who was
//     sold is in no figure of arrests.
//   - Nothing is deleted. A change, a withdrawal and taking either back are new
//     entries of the row's history, and of the custody log.
//   - An import counts as a whole from one moment on, or not at all.
//   - The sums that figures are read from stand in the same transaction as the
//     rows, and a recount gives the same ([Service.Recount]).
package result

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
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
	ErrNone       = fault.New(fault.NotFound, "result.none", "There is no such result.")
	ErrImport     = fault.New(fault.NotFound, "result.import_none", "There is no such import.")
	ErrMatch      = fault.New(fault.NotFound, "result.match_none", "There is no such pair.")
	ErrMoved      = fault.New(fault.Conflict, "result.changed", "Somebody changed this result meanwhile. Nothing of yours was saved. Load the page again and look.")
	ErrOwn        = fault.New(fault.Forbidden, "result.own", "You entered this yourself. Another person of your office must confirm it.")
	ErrState      = fault.New(fault.Conflict, "result.state", "This cannot be done to the result as it is now. Load the page again and look.")
	ErrEvidence   = fault.New(fault.Conflict, "result.evidence", "This result names no document yet. Add its kind and number first; then it can be confirmed.")
	ErrCounts     = fault.New(fault.Conflict, "result.counts", "This arrest counts for others of the same person. Take those pairs back first, under Same person.")
	ErrNothing    = fault.New(fault.Conflict, "result.nothing", "There is nothing to take back.")
	ErrUndecided  = fault.New(fault.Conflict, "result.import_state", "This cannot be done to the import as it is now. Load the page again and look.")
	ErrReason     = fault.New(fault.Invalid, "result.reason", "Say why in a few words, up to 300 letters. Name nobody.")
	errOrganized  = fault.New(fault.Invalid, "result.organization", "A group needs a short name in lower case (letters, digits and -) and a name of up to 80 letters.")
	errForbidden  = fault.New(fault.Forbidden, "role", "Your roles do not allow this.")
	errOverflow   = fault.New(fault.Internal, "result.overflow", "A sum is larger than can be counted.")
	errManyProbs  = fault.New(fault.Invalid, "result.rows", "Some rows are not right. Nothing was saved.")
	errNoRows     = fault.New(fault.Invalid, "result.no_rows", "There is nothing to save: every row is empty.")
	errUpload     = fault.New(fault.Invalid, "result.upload", "No file arrived. Choose a file and send it again. Nothing was saved.")
	errImportSize = fault.New(fault.TooLarge, "result.import_size", "This file has more rows than one import takes (250,000). Divide it. Nothing was saved.")
)

// Operation is what the room needs to know of an operation.
type Operation struct {
	ID, Name string
	From, To time.Time // its first and its last day; any time on them
	Offices  []string  // lead first
}

// Operations knows the operations. The room of operations gives it; nil: no
// result can name one.
type Operations interface {
	// Operation finds one that the member's office leads or takes part in; what a
	// member may not know of is not there.
	Operation(ctx context.Context, q store.Reader, who policy.Subject, id string) (Operation, bool, error)
	// Mine lists those to which the member may add results, the latest first.
	Mine(ctx context.Context, q store.Reader, who policy.Subject) ([]Operation, error)
	// Name says what an operation is called, "" for what is not there.
	Name(ctx context.Context, q store.Reader, program, id string) (string, error)
	// Surges gives the surge of each operation of one that is over. Of one that is not
	// nobody who reads figures learns.
	Surges(ctx context.Context, q store.Reader, program string) (map[string]string, error)
	// SurgeName says what a surge that is over is called, "" for any other.
	SurgeName(ctx context.Context, q store.Reader, program, id string) (string, error)
}

// Config is what the room stands on.
type Config struct {
	DB         *store.DB
	Programs   *program.Set
	Subject    func(m identity.Member) policy.Subject
	Operations Operations    // nil: no result names an operation
	Ring       *keyring.Ring // keys the hashes and seals the numbers of documents
	Site       *web.Site     // nil: the room has no pages
	Now        func() time.Time
}

// Service is the room. Make one with New.
type Service struct {
	Config
	pages *web.Templates
}

// New makes the room.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.Subject == nil || c.Ring == nil {
		return nil, errors.New("result: a part of the configuration is missing")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Service{Config: c}
	if c.Site == nil {
		return s, nil
	}
	if err := c.Site.AddAssets(assets); err != nil {
		return nil, fault.Wrap(err, "result: adding the script")
	}
	var err error
	s.pages, err = c.Site.Templates(templates)
	return s, fault.Wrap(err, "result: reading the templates")
}

// Schema is the room's tables.
func Schema() store.Schema { return store.Schema{Room: "result", FS: migrations} }

// Strings is the room's words.
func Strings() fs.FS { return words }

// Room is what app plugs in.
func (s *Service) Room() room.Room {
	r := room.Room{
		Name: "result", Schema: Schema(), Strings: Strings(), Measures: s.Measures(),
		Jobs: map[string]jobs.Handler{KindCommit: s.commitJob, KindConfirm: s.confirmJob},
	}
	if s.pages != nil {
		r.Routes = s.routes()
	}
	return r
}

// actor is somebody who acts, as the table of rules knows them.
type actor struct {
	identity.Member
	who policy.Subject
}

func (s *Service) actor(m identity.Member) actor { return actor{m, s.Subject(m)} }

// may asks the table about a result of an office, entered by somebody.
func (a actor) may(does policy.Action, office string, enteredBy store.ID) error {
	o := policy.Object{Program: a.Program, Office: office}
	if !enteredBy.IsZero() {
		o.Requester = enteredBy.String()
	}
	d := policy.Decide(does, a.who, o)
	switch {
	case d.Allowed:
		return nil
	case d.As == policy.Hidden:
		return ErrNone
	case !enteredBy.IsZero() && enteredBy == a.ID:
		return ErrOwn
	}
	return errForbidden
}
