// SPDX-License-Identifier: Apache-2.0

// Package approval is where acts wait for a second person.
//
// What it promises:
//
//   - Nobody approves their own request, whatever their roles, in whichever way they ask.
//   - What was approved is done in the same transaction as the approval, or not at all: there is no approved act that did not happen.
//   - A request is decided once. One that nobody decides ends after seven days and cannot be approved any more.
//   - Who approves must be somebody who could have asked: the table of package policy decides about both.
//   - Asking, approving, declining and taking back are entries in the custody log.
package approval

import (
	"context"
	"embed"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

//go:embed migrations/*.sql templates/*.html
var files embed.FS

// Life is how long a request can be approved.
const Life = 7 * 24 * time.Hour

const (
	maxReason = 500
	maxDetail = 4000
)

// The decisions.
const (
	Approved  = "approved"
	Declined  = "declined"
	TakenBack = "taken back" // by the person who asked
	Ended     = "ended"      // by time
)

// What can be wrong with a decision.
var (
	ErrOwn     = fault.New(fault.Forbidden, "approval.own", "You asked for this yourself. Another person must decide it.")
	ErrRole    = fault.New(fault.Forbidden, "approval.role", "Your role does not allow you to decide this.")
	ErrNone    = fault.New(fault.NotFound, "approval.none", "There is no such request.")
	ErrDecided = fault.New(fault.Conflict, "approval.decided", "This was decided already, or its seven days are over.")
	ErrAsked   = fault.New(fault.Conflict, "approval.asked", "The same thing already waits for a second person.")
	ErrReason  = fault.New(fault.Invalid, "approval.reason", "Say why in a few words, up to 500 letters.")
	errSignIn  = fault.New(fault.SignIn, "sign_in", "Please sign in first.")
)

// Request is an act that waits for a second person, or did.
type Request struct {
	Program string
	ID      store.ID
	Action  policy.Action
	Subject string // what it is about: "member:…", "office:…"
	Detail  string // what exactly, as the act needs it and the second person reads it
	By      string // who asked, as custody entries name them

	At, Ends  time.Time
	DecidedBy string // "" while it waits
	Decided   time.Time
	Decision  string
	Reason    string
}

// Open says whether the request can still be decided.
func (r Request) Open(now time.Time) bool { return r.Decision == "" && now.Before(r.Ends) }

// Config is what the service stands on.
type Config struct {
	DB     *store.DB
	Site   *web.Site // nil: the room has no pages
	Now    func() time.Time
	Viewer func(ctx context.Context) (policy.Subject, bool)
	// About says what a request is about, as policy knows it: who may not know of that does not meet the request either. nil: nothing but the program.
	About func(ctx context.Context, q store.Reader, r Request) (policy.Object, error)
	// Name says in words what "member:…" or "office:…" is; nil or "" shows the text itself.
	Name func(ctx context.Context, program, ref string) string
}

// Act does what was approved, inside the transaction of the approval.
type Act func(ctx context.Context, tx *store.Tx, r Request) error

// Service is the room. Make one with New.
type Service struct {
	Config
	acts  map[policy.Action]Act
	after map[policy.Action][]func(ctx context.Context, r Request) error
	pages *web.Templates
}

// New makes the service.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Now == nil || c.Viewer == nil {
		return nil, errors.New("approval: a part of the configuration is missing")
	}
	s := &Service{Config: c, acts: map[policy.Action]Act{}, after: map[policy.Action][]func(context.Context, Request) error{}}
	if c.Site == nil {
		return s, nil
	}
	pages, err := c.Site.Templates(files)
	if err != nil {
		return nil, fault.Wrap(err, "approval: reading the templates")
	}
	s.pages = pages
	return s, nil
}

// Schema is the room's tables.
func Schema() store.Schema { return store.Schema{Room: "approval", FS: files} }

// Room is what app plugs in.
func (s *Service) Room() room.Room {
	r := room.Room{Name: "approval", Schema: Schema()}
	if s.pages != nil {
		r.Routes = s.routes()
	}
	return r
}

// Handle says how an action is done once a second person agreed, and what follows after the transaction, such as reading a directory anew. Call it before
// anything is served.
func (s *Service) Handle(a policy.Action, do Act, after ...func(ctx context.Context, r Request) error) {
	s.acts[a] = do
	s.after[a] = after
}

// Ask puts an act before a second person. The caller has checked that r.By may ask; Program, Action, Subject, Detail and By are read.
func (s *Service) Ask(tx *store.Tx, r Request) (store.ID, error) {
	if s.acts[r.Action] == nil || r.By == "" || r.Subject == "" || len(r.Detail) > maxDetail {
		return store.ID{}, errors.New("approval: asking for something that nobody can do")
	}
	if err := endOld(tx, r); err != nil {
		return store.ID{}, err
	}
	r.ID, r.At, r.Ends = store.NewID(), tx.Now(), tx.Now().Add(Life)
	err := insert(tx, r)
	if errors.Is(err, store.ErrExists) {
		return store.ID{}, ErrAsked
	}
	if err != nil {
		return store.ID{}, err
	}
	tx.Log(custody.Entry{Program: r.Program, Event: "approval.asked", Record: r.record(), Actor: r.By})
	return r.ID, nil
}

func (r Request) record() string { return "approval:" + r.ID.String() }

// Decide approves or declines a request in the name of the viewer of ctx. Who asked may decline only, which takes the request back.
func (s *Service) Decide(ctx context.Context, id store.ID, approve bool, reason string) error {
	who, ok := s.Viewer(ctx)
	if !ok {
		return errSignIn
	}
	reason, err := cleanReason(reason, !approve)
	if err != nil {
		return err
	}
	var done Request
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		r, err := byID(ctx, tx, who.Program, id)
		if err != nil {
			return err
		}
		if err := s.mayDecide(ctx, tx, who, r); err != nil {
			return err
		}
		if r, err = s.decide(tx, who, r, approve, reason); err != nil {
			return err
		}
		done = r
		if r.Decision != Approved {
			return nil
		}
		return s.acts[r.Action](ctx, tx, r)
	})
	if err != nil || done.Decision != Approved {
		return err
	}
	for _, fn := range s.after[done.Action] {
		if err := fn(ctx, done); err != nil {
			return fault.Wrap(err, "approval: after it was done")
		}
	}
	return nil
}

// sees says what the table answers to the viewer about the act that a request is for.
func (s *Service) sees(ctx context.Context, q store.Reader, who policy.Subject, r Request) (policy.Decision, error) {
	o := policy.Object{Program: r.Program}
	if s.About != nil {
		var err error
		if o, err = s.About(ctx, q, r); err != nil {
			return policy.Decision{As: policy.Hidden}, fault.Wrap(err, "looking up what a request is about")
		}
	}
	return policy.Decide(r.Action, who, o), nil
}

// mayDecide holds the second person to the rules of the first.
func (s *Service) mayDecide(ctx context.Context, q store.Reader, who policy.Subject, r Request) error {
	d, err := s.sees(ctx, q, who, r)
	switch {
	case err != nil:
		return err
	case d.Allowed:
		return nil
	case d.As == policy.Hidden:
		return ErrNone
	default:
		return ErrRole
	}
}

// decide writes the decision down.
func (s *Service) decide(tx *store.Tx, who policy.Subject, r Request, approve bool, reason string) (Request, error) {
	actor := "member:" + who.Member
	own := r.By == actor
	does := policy.TakeBack
	if approve {
		does = policy.Approve
	}
	switch {
	case own && approve:
		return r, ErrOwn
	case !policy.Decide(does, who, policy.Object{Program: r.Program, Requester: strings.TrimPrefix(r.By, "member:")}).Allowed:
		return r, ErrRole
	case !r.Open(tx.Now()), s.acts[r.Action] == nil:
		return r, ErrDecided
	}
	r.DecidedBy, r.Decided, r.Reason = actor, tx.Now(), reason
	switch {
	case approve:
		r.Decision = Approved
	case own:
		r.Decision = TakenBack
	default:
		r.Decision = Declined
	}
	if err := settle(tx, r); err != nil {
		return r, err
	}
	tx.Log(custody.Entry{Program: r.Program, Event: "approval." + strings.ReplaceAll(r.Decision, " ", "_"), Record: r.record(), Actor: actor})
	return r, nil
}

// Waiting returns the open request about a subject, if there is one.
func (s *Service) Waiting(ctx context.Context, q store.Reader, program string, a policy.Action, subject string) (Request, bool, error) {
	r, found, err := last(ctx, q, program, a, subject)
	return r, found && r.Open(s.Now()), err
}

// Last returns the latest request about a subject, decided or not.
func (s *Service) Last(ctx context.Context, q store.Reader, program string, a policy.Action, subject string) (Request, bool, error) {
	return last(ctx, q, program, a, subject)
}

func cleanReason(reason string, needed bool) (string, error) {
	reason = strings.TrimSpace(reason)
	if !utf8.ValidString(reason) || utf8.RuneCountInString(reason) > maxReason || needed && reason == "" || strings.ContainsRune(reason, 0) {
		return "", ErrReason.At("reason")
	}
	return reason, nil
}
