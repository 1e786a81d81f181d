// SPDX-License-Identifier: Apache-2.0

// Package canary tests every way in, over and over, the way a sender uses it, and
// says within the hour when one does not work any more.
//
// Twice an hour a marked test report with a file goes through the page, through
// the page's sealing script and through the program interface, over a real
// connection to this server's own listener. It must arrive at the last step that
// is ours: sealed to the program's desk, with its referral and its file, and with
// a leaf in the log that the public log holds when it was promised. Then its rows
// are deleted, which is a leaf of the log again.
//
// What it promises:
//
//   - No person is told of a canary, none waits in a list, none is a figure. It
//     goes to the program's own desk and to no office, no public line and no other
//     agency's form: those are tested by people, by drill, on record.
//   - An office may give an address for tests of the mail, and shows by a code that
//     it has it. Each hour a message goes there, and whether the mail server took it
//     is compared with what was sent.
//   - Only what this program marked is a canary (see report.CanaryMark), and only
//     what is one is deleted: it takes the receipt, which nobody else's has.
//   - What is broken is an alarm, mailed like every alarm, until it works again.
//   - Its leaves take the place of cover leaves on a fixed schedule. The growth of
//     the public log says as little as without them.
package canary

import (
	"context"
	"crypto/ed25519"
	"embed"
	"errors"
	"log/slog"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/protection/file"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed templates/*.html
var templates embed.FS

// The ways in.
const (
	WayPage   = "page"   // the form, posted as without a script
	WaySealed = "sealed" // the form, sealed as in a sender's browser
	WayAPI    = "api"    // the program interface
)

// ways are tested one after the other, so that few leaves fall into one checkpoint.
var ways = []string{WayPage, WaySealed, WayAPI}

// mailWay is the way of an office's test address.
func mailWay(office string) string { return "mail:" + office }

// How often, and how soon again after a failure. Together with the time that a
// promise takes, a way that broke is an alarm within the hour.
const (
	every    = 30 * time.Minute
	apart    = 10 * time.Minute
	soon     = time.Minute
	patience = 3 // tries before it is an alarm
)

// Ask is what a sender's machine asks of the site.
type Ask struct {
	Method, Path string
	Type         string // of the body
	Mark         string // see report.CanaryMark; "" where none belongs
	Key          string // Idempotency-Key
	Body         []byte
}

// Answer is what it is answered.
type Answer struct {
	Status int
	Body   []byte
}

// Line speaks to the site as a sender's machine does.
type Line func(ctx context.Context, a Ask) (Answer, error)

// Mailer sends a message and returns when the receiving server has taken it.
type Mailer interface {
	Send(ctx context.Context, m mail.Message) error
}

// People knows the members, whose own addresses are no test addresses.
type People interface {
	Members(ctx context.Context, program, office string) ([]identity.Member, error)
}

// Config is what the room stands on.
type Config struct {
	DB        *store.DB
	Programs  *program.Set
	Agencies  *agency.Service
	Reports   *report.Service
	Referrals *referral.Service
	Files     *file.Service
	Logs      func(program string) *custody.Log
	Directory func(program string) ed25519.PublicKey
	Line      func() Line // nil while nothing is served here
	Mail      Mailer      // nil: no test address can be given
	People    People      // nil: whose address one is cannot be known
	Site      *web.Site
	Now       func() time.Time
	Log       *slog.Logger
}

// Service is the room. Make one with New.
type Service struct {
	Config
	pages *web.Templates
	began time.Time // when this process began to test
}

// New makes the room.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.Agencies == nil || c.Reports == nil || c.Referrals == nil || c.Files == nil || c.Logs == nil || c.Line == nil || c.Site == nil {
		return nil, errors.New("canary: DB, Programs, Agencies, Reports, Referrals, Files, Logs, Line and Site are needed")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	pages, err := c.Site.Templates(templates, "templates/*.html")
	if err != nil {
		return nil, fault.Wrap(err, "canary: reading the templates")
	}
	return &Service{Config: c, pages: pages, began: c.Now()}, nil
}

// The room's jobs.
const (
	KindRound = "canary.round" // twice an hour: begins the others
	KindWay   = "canary.way"   // sends one test report
	KindKept  = "canary.kept"  // compares one with the log
	KindMail  = "canary.mail"  // sends one test message
)

// Schema is the room's tables. They are also part of Room.
func Schema() store.Schema { return store.Schema{Room: "canary", FS: migrations} }

// Room is what app mounts.
func (s *Service) Room() room.Room {
	return room.Room{
		Name: "canary", Routes: s.routes(), Schema: Schema(),
		Jobs:      map[string]jobs.Handler{KindRound: s.round, KindWay: s.way, KindKept: s.kept, KindMail: s.mailOne},
		Schedules: []jobs.Schedule{{Kind: KindRound, Every: every}},
	}
}
