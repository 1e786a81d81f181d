// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed assets/*.js
var assets embed.FS

//go:embed strings/*.yaml
var words embed.FS

// Reports is what this room needs of the room that keeps the reports.
type Reports interface {
	// Find and FindWords find the report of a receipt. One that does not exist and
	// one that was closed are the same fault, after the same work.
	Find(ctx context.Context, program string, lookup [32]byte) (report.Found, error)
	FindWords(ctx context.Context, words string) (report.Found, error)
	Reply(ctx context.Context, program string, id store.ID) (report.Reply, error)
	ReplyIn(ctx context.Context, q store.Reader, program string, id store.ID) (report.Reply, error)
}

// Config is what the room stands on.
type Config struct {
	DB        *store.DB
	Programs  *program.Set
	Agencies  *agency.Service
	People    *identity.Service
	Reports   Reports
	Referrals *referral.Service
	Site      *web.Site
	Now       func() time.Time
}

// Service is the room. Make one with New.
type Service struct {
	Config
	pages *web.Templates
	clock jobs.Hindsight
}

var _ referral.Letters = (*Service)(nil)

// New makes the room.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.Agencies == nil || c.People == nil || c.Reports == nil || c.Referrals == nil || c.Site == nil {
		return nil, errors.New("conversation: DB, Programs, Agencies, People, Reports, Referrals and Site are needed")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Service{Config: c}
	if err := c.Site.AddAssets(assets); err != nil {
		return nil, fault.Wrap(err, "conversation: adding the assets")
	}
	pages, err := c.Site.Templates(templates, "templates/*.html")
	if err != nil {
		return nil, fault.Wrap(err, "conversation: reading the templates")
	}
	s.pages = pages
	return s, nil
}

// Schema is the room's tables. They are also part of Room.
func Schema() store.Schema { return store.Schema{Room: "conversation", FS: migrations} }

// Strings are the room's words, for the catalog. They are also part of Room.
func Strings() fs.FS { return words }

// Room is what app mounts.
func (s *Service) Room() room.Room {
	return room.Room{
		Name: "conversation", Routes: s.routes(), Schema: Schema(), Strings: words,
		Jobs:      map[string]jobs.Handler{KindNotice: s.notify, KindClock: s.tick},
		Schedules: []jobs.Schedule{{Kind: KindClock, Every: time.Minute}},
	}
}

// entry writes one custody entry about a report's messages.
func (s *Service) entry(tx *store.Tx, programID, event string, report store.ID, actor string) {
	tx.Log(custody.Entry{Program: programID, Event: event, Record: "report:" + report.String(), Actor: actor, Rule: s.version(programID)})
}

const (
	sender = "sender"
	system = "system"
)

// version names the pack in force.
func (s *Service) version(programID string) string {
	if p, ok := s.Programs.Program(programID); ok {
		return p.Version
	}
	return ""
}

// log notes a failure of ours. Errors here never carry anybody's words.
func (s *Service) log(ctx context.Context, doing string, err error) {
	logger := s.Site.Log
	if logger == nil {
		logger = slog.Default()
	}
	logger.ErrorContext(ctx, "conversation: "+doing, "error", err.Error())
}

// errMoved says that what was read changed before it could be written: PostgreSQL
// lets others commit in between.
var errMoved = errors.New("conversation: it changed meanwhile")

const maxOvertaken = 32

// again runs a write until nobody overtakes it.
func again(write func() error) error {
	for range maxOvertaken {
		err := write()
		if !errors.Is(err, errMoved) && !errors.Is(err, store.ErrExists) {
			return err
		}
	}
	return fault.New(fault.Conflict, "conversation.busy", "Somebody else wrote here at the same moment. Please try again.")
}
