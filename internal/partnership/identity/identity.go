// SPDX-License-Identifier: Apache-2.0

// Package identity knows the people who work with reports: who they are, which office they belong to, what they may do, and which keys only they hold.
//
// What it promises:
//
//   - Nobody becomes a member without an invitation, and an invitation works once, for seven days.
//   - The server never sees a passphrase, a passkey's secret, a member's root or an office's secret key. A root opens with a secret of the member's and a share
//     that stands in the keyring, outside the database: a copy of the database alone opens nothing, and destroying a share takes that way in away for good,
//     also in a backup that is restored later.
//   - Members sign in with a passkey that verified the person. Its challenge is answered once, within five minutes, on this site; a passkey whose counter goes
//     back is set aside. A passphrase alone signs in only where Config.PassphraseSignIn says so. A way in is added only by who has the member's root open.
//   - Every office key keeps at least two wraps. An action that would leave fewer is refused.
//   - A session ends after an hour without use and after twelve hours in any case. Five failed sign-ins within fifteen minutes lock the account until an
//     administrator releases it, or the server's console does. Strangers' failures do not lock out a browser in which the member signed in before. Nothing that the sign-in pages answer tells whether an address belongs to a member.
//   - Any member can be suspended at once, the only holder of an office's key too.
//   - Nobody gets power over the whole program, or a new way into an account that has it, unless a second person agreed.
//   - Nobody at a police-run office, whatever their roles, admits or changes people at an office that is not police-run.
//   - Every change, and every look at the list of people, is an entry in the custody log.
//
// The browser's half stands in assets: sealing.js and shares.js are the formats of docs/spec, keys.js keeps a member's keys for one tab, and each page has a
// module of its own.
package identity

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/openid"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

//go:embed migrations/*.sql templates/*.html assets/*.js strings/*.yaml
var files embed.FS

// Schema is the room's tables, for those who open the database before they can make the service.
func Schema() store.Schema { return store.Schema{Room: "identity", FS: files} }

// Strings is the room's part of the catalogue.
func Strings() fs.FS { return files }

const (
	jobSweep        = "identity.sweep"
	jobDestroyShare = "identity.destroy_share"
)

// Role says what a member may do. A member has one or more; what each may do stands in package policy.
type Role = policy.Role

// The roles. The first four belong to one office and hold its key; the next two look after the whole program and hold none; the last sees numbers only.
const (
	RoleMember       = policy.RoleMember
	RoleSupervisor   = policy.RoleSupervisor
	RoleDesk         = policy.RoleDesk
	RoleAgencyAdmin  = policy.RoleAgencyAdmin
	RoleProgramAdmin = policy.RoleProgramAdmin
	RoleAuditor      = policy.RoleAuditor
	RoleFigures      = policy.RoleFigures
	RoleInspector    = policy.RoleInspector
)

// Member is a person who has enrolled.
type Member struct {
	Program             string
	ID                  store.ID
	Office, Name, Email string
	Roles               []string
	KEM, Sign           []byte // public keys: X-Wing (1216 bytes) and Ed25519 (32 bytes)
	Active              bool   // false once suspended or gone
	Suspended           bool   // kept out until an administrator lets them in again
	Locked              bool   // after too many failed sign-ins
	Joined              time.Time
}

// Has reports whether the member has any of the roles.
func (m Member) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(m.Roles, r) })
}

// HoldsKey reports whether the member's roles call for the office's key.
func (m Member) HoldsKey() bool { return holdsKey(m.Roles) }

// Actor is how custody entries and office-key wraps name the member.
func (m Member) Actor() string { return "member:" + m.ID.String() }

func holdsKey(roles []string) bool {
	return Member{Roles: roles}.Has(RoleMember, RoleSupervisor, RoleDesk, RoleAgencyAdmin)
}

type memberKey struct{}

// From returns the signed-in member of a request that passed Guard.
func From(ctx context.Context) (Member, bool) {
	m, ok := ctx.Value(memberKey{}).(Member)
	return m, ok
}

// WithMember returns a context that carries m as the signed-in member. Guard uses it, and so does whoever acts for a member in Go.
func WithMember(ctx context.Context, m Member) context.Context {
	return context.WithValue(ctx, memberKey{}, m)
}

// Config is what the service stands on.
type Config struct {
	DB       *store.DB
	Programs *program.Set
	Agencies *agency.Service
	Ring     *keyring.Ring
	Site     *web.Site // nil: the room has no pages
	Now      func() time.Time
	// Mail sends invitations when it and Origin are set; the inviter is shown the link in any case.
	Mail *mail.Sender
	// Origin is the address people reach this server at ("https://tips.example.gov").
	Origin string
	// PassphraseSignIn lets a passphrase alone sign in. Only a demonstration with invented people sets it.
	PassphraseSignIn bool
	// Approvals is where power over the whole program waits for a second person. Without it nobody but the program itself can give such roles.
	Approvals *approval.Service
	// Services speaks to agencies' own sign-in services. May be nil.
	Services *openid.Services
	// OnAway is called in the transaction that locks, suspends, disables or closes an account: what waits for its member goes to somebody else. May be nil.
	OnAway func(tx *store.Tx, m Member) error
}

// Service is the room. Make one with New.
type Service struct {
	db               *store.DB
	programs         *program.Set
	agencies         *agency.Service
	ring             *keyring.Ring
	site             *web.Site
	now              func() time.Time
	mail             *mail.Sender
	origin           string
	onAway           func(tx *store.Tx, m Member) error
	approvals        *approval.Service
	https            bool
	passphraseSignIn bool
	pepper           []byte
	sessionKey       []byte
	pages            *web.Templates
	words            lists
	signOns          *openid.Services
}

// New makes the service. It adds the room's scripts to the site.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.Agencies == nil || c.Ring == nil || c.Now == nil {
		return nil, errors.New("identity: a part of the configuration is missing")
	}
	s := &Service{
		db: c.DB, programs: c.Programs, agencies: c.Agencies, ring: c.Ring, site: c.Site, now: c.Now, mail: c.Mail,
		origin: strings.TrimSuffix(c.Origin, "/"), pepper: c.Ring.Pepper(), sessionKey: c.Ring.SessionKey(),
		words: newLists(), passphraseSignIn: c.PassphraseSignIn, onAway: c.OnAway, approvals: c.Approvals,
	}
	s.signOns = c.Services
	if s.signOns == nil {
		s.signOns = openid.New(nil, c.Now)
	}
	s.handleApprovals()
	s.agencies.WhenClosed(s.closeOfficeMembers)
	s.https = strings.HasPrefix(s.origin, "https://")
	if s.site == nil {
		return s, nil
	}
	s.https = s.https || s.site.HTTPS
	err := s.site.AddAssets(files)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	s.pages, err = s.site.Templates(files)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	return s, nil
}

// Room returns what the room offers.
func (s *Service) Room() room.Room {
	r := room.Room{
		Name:    "identity",
		Schema:  Schema(),
		Strings: files,
		Jobs: map[string]jobs.Handler{
			jobDestroyShare: s.destroyShare, jobStandings: s.standings, jobTellManagers: s.tellLeave, jobReviews: s.reviews,
			jobSweep: func(ctx context.Context, j jobs.Job) error {
				return s.db.Write(ctx, func(tx *store.Tx) error {
					err := sweep(tx, j.Program)
					if err != nil {
						return err
					}
					return sweepUnlock(tx, j.Program)
				})
			},
		},
		Schedules: []jobs.Schedule{{Kind: jobSweep, Every: 15 * time.Minute}, {Kind: jobStandings, Every: everyStand}, {Kind: jobReviews, Every: 24 * time.Hour}},
	}
	if s.site != nil {
		r.Routes = append(s.routes(), s.officeRoutes()...)
	}
	return r
}
