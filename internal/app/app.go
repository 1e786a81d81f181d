// SPDX-License-Identifier: Apache-2.0

// Package app puts the wings on the platform and serves them. It is the only
// package that knows all rooms: it opens the keyring, the packs and the
// database, makes each room, connects what one room needs of another, and
// hands their routes, jobs and tables to the platform.
package app

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/partnership/release"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/gate"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/replica"
	"waylight/internal/platform/room"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/platform/witness"
	"waylight/internal/prevention/campaign"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/placement"
	"waylight/internal/prevention/poster"
	"waylight/internal/prevention/printrun"
	"waylight/internal/prosecution/court"
	"waylight/internal/prosecution/operation"
	"waylight/internal/prosecution/result"
	"waylight/internal/protection/canary"
	"waylight/internal/protection/conversation"
	"waylight/internal/protection/file"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
	"waylight/internal/protection/spool"
	"waylight/programs"
)

// Config says how an installation runs.
type Config struct {
	Data     string        // folder of the database and, unless Keyring says otherwise, the keys
	Database string        // "sqlite:FILE" or "postgres://…"; empty: waylight.db in Data
	Keyring  string        // folder of the keyring; empty: keyring in Data
	Packs    []fs.FS       // folders of packs that override or add to the embedded ones
	Origin   string        // public address, such as https://tips.example.gov; empty: not known
	Mail     mail.Config   // Addr empty: no mail is sent, and the checklist says so
	Demo     bool          // invented people; every page says so
	CopyTo   string        // a folder or s3://…: where a second copy of the SQLite database is kept; empty: nowhere
	CopyWait bool          // nothing is answered before the second copy has it
	Every    time.Duration // schedule of public checkpoints; 0: ten minutes
	ExitURL  string        // where the quick exit leads; empty: the site's default
	Now      func() time.Time
	Log      *slog.Logger
	Build    Build         // which build runs, for the log and the metrics
	Drain    time.Duration // how long a server that stops says so before it takes nothing more
	// Connections is how many are let in at once; 0: 4,096. Others wait outside.
	Connections int
	Mailbox     func() []mail.Message // the demo's caught mail, shown at /demo/mail; nil otherwise
	Witnesses   []witness.Peer        // who is asked to sign each checkpoint
	// Copied says when the second copy of the database was last whole. Nil: none is kept.
	Copied func() time.Time
	// Directory is the public half of the directory key, which is kept offline. Nil:
	// none is pinned, and the checklist says so.
	Directory ed25519.PublicKey
	// SignDirectory signs with the directory key at once. Only a demonstration sets it.
	SignDirectory func(statement []byte) []byte
	// Patience is how long a report waits for a database that does not answer
	// before the spool keeps it; 0: ten seconds.
	Patience time.Duration
	// WaitForDatabase lets New wait for a PostgreSQL that does not answer yet, and say
	// so in the log. Who asks once and wants to know at once leaves it out.
	WaitForDatabase bool
	pinned          []byte // the script of another site's pinned keys, when only its scripts are checked
}

// Build says which build of the program runs.
type Build struct{ Version, Commit, Go, FIPS string }

// App is a running installation.
type App struct {
	Config
	meter      *meter
	stopping   atomic.Bool // requests should go elsewhere
	older      atomic.Bool // a newer release has changed the tables
	DB         *store.DB
	Programs   *program.Set
	Ring       *keyring.Ring
	Site       *web.Site
	Gate       *gate.Gate
	Approvals  *approval.Service
	Agencies   *agency.Service
	People     *identity.Service
	Reports    *report.Service
	Referrals  *referral.Service
	Messages   *conversation.Service
	Files      *file.Service
	Canaries   *canary.Service
	Operations *operation.Service
	Courts     *court.Service
	Releases   *release.Service
	Results    *result.Service
	Placements *placement.Service
	Press      *poster.Press
	Sheets     *poster.Service
	Codes      *code.Service
	Campaigns  *campaign.Service
	Runs       *printrun.Service
	Runner     *jobs.Runner
	Spool      *spool.Spool // nil where the database is this server's own
	logs       map[string]*custody.Log
	sender     *mail.Sender
	copier     *replica.Copier // nil: no second copy is kept
	audit      *auditor
	cried      *crier
	canaryLine atomic.Pointer[canary.Line] // nil while nothing is served here
	rooms      []room.Room
	pages      *web.Templates
	routes     []web.Route
	handler    http.Handler
}

// Schemas lists every room's tables in the order of the floors.
func Schemas() []store.Schema {
	return []store.Schema{jobs.Schema(), approval.Schema(), agency.Schema(), identity.Schema(), release.Schema(), report.Schema(), referral.Schema(), conversation.Schema(), file.Schema(), canary.Schema(), operation.Schema(), court.Schema(), result.Schema(), code.Schema(), placement.Schema(), campaign.Schema(), printrun.Schema()}
}

func catalog() (*web.Catalog, error) {
	return web.LoadCatalog([]string{"en", "es"}, identity.Strings(), figure.Strings(), release.Strings(), report.Strings(), referral.Strings(), conversation.Strings(), file.Strings(), operation.Strings(), court.Strings(), result.Strings(), code.Strings(), poster.Strings(), placement.Strings(), campaign.Strings(), words)
}

// New opens an installation, creating in Data whatever is not there yet.
func New(ctx context.Context, c Config) (_ *App, err error) {
	a := &App{Config: c.withDefaults(), meter: newMeter()}
	a.audit, a.cried = newAuditor(a.Now()), newCrier(a.Now)
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("creating the data folder: %w", err)
	}
	if a.Ring, err = keyring.Open(a.Keyring); err != nil {
		return nil, err
	}
	if err := a.markDemo(); err != nil {
		return nil, err
	}
	if a.Programs, err = program.Load(programs.FS, c.Packs...); err != nil {
		return nil, err
	}
	if err := a.openCopy(); err != nil {
		return nil, err
	}
	if a.DB, err = store.Open(ctx, a.Database, store.Options{Schemas: Schemas(), Now: a.Now, Copy: a.copier, Away: a.whileAway(), Committed: a.meter.committed}); err != nil {
		return nil, err
	}
	if a.logs, err = openLogs(a.Ring, a.Programs.IDs(), a.Every); err != nil {
		return nil, err
	}
	if err := a.pin(ctx); err != nil {
		return nil, err
	}
	if a.DB.Engine() != "postgres" {
		if err := refuseSpooled(ctx, a.Data); err != nil {
			return nil, err
		}
	} else {
		if a.Spool, err = a.openSpool(ctx, a.Ring, a.Programs.IDs()); err != nil {
			return nil, err
		}
	}
	if err := a.makeSite(); err != nil {
		return nil, err
	}
	a.Gate = behindGate(a.Site, a.Ring, a.Log)
	if err := a.makeRooms(); err != nil {
		return nil, err
	}
	if err := a.People.ApplyDestructions(ctx); err != nil {
		return nil, err
	}
	if err := a.mount(); err != nil {
		return nil, err
	}
	return a, a.recordScripts(ctx)
}

// whileAway is what is done while the database does not answer at the start; nil:
// it is not waited for.
func (a *App) whileAway() func(error) {
	if !a.WaitForDatabase {
		return nil
	}
	return func(err error) {
		a.Log.Warn("the database does not answer; waiting for it, nothing is served yet", "error", err.Error())
	}
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Database == "" {
		c.Database = "sqlite:" + filepath.Join(c.Data, "waylight.db")
	}
	if c.Keyring == "" {
		c.Keyring = filepath.Join(c.Data, "keyring")
	}
	if c.Connections == 0 {
		c.Connections = defaultConnections
	}
	if c.Every == 0 {
		c.Every = 10 * time.Minute
	}
	return c
}

func (a *App) makeSite() (err error) {
	if a.Site, err = newSite(a.Config, a.Programs); err != nil {
		return err
	}
	a.Site.Nav, a.Site.Who, a.Site.Served = a.nav, who, a.meter.served
	if a.pages, err = a.Site.Templates(templates, "templates/*.html"); err != nil {
		return fmt.Errorf("reading the templates: %w", err)
	}
	return nil
}

// newSite is the site before any room has added to it.
func newSite(c Config, set *program.Set) (*web.Site, error) {
	words, err := catalog()
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue: %w", err)
	}
	site := &web.Site{
		Catalog: words, Demo: c.Demo, Now: c.Now, Log: c.Log, ExitURL: c.ExitURL, HTTPS: len(c.Origin) > 8 && c.Origin[:8] == "https://",
		SignIn: "/staff/sign-in", SignOut: "/staff/sign-out", Idle: identity.Idle(),
	}
	if err = site.AddAssets(seal.Assets()); err != nil {
		return nil, fmt.Errorf("adding the scripts that seal: %w", err)
	}
	if ids := set.IDs(); len(ids) > 0 {
		p, _ := set.Program(ids[0])
		site.Zone = p.Zone
	}
	return site, nil
}

// makeRooms builds the floors from the bottom; what a lower room needs of a
// higher one is a function that looks it up when it is called.
func (a *App) makeRooms() (err error) {
	var agencyMail agency.Mailer
	if a.Mail.Addr != "" {
		a.Mail.Failed = func() { a.meter.mail.Add(1) }
		a.sender = mail.NewSender(a.Mail)
		agencyMail = a.sender
	}
	a.Approvals, err = approval.New(approval.Config{DB: a.DB, Site: a.Site, Now: a.Now, Viewer: a.subject, About: a.objectOf, Name: a.nameOf})
	if err != nil {
		return err
	}
	a.Agencies, err = agency.New(agency.Config{
		Approvals: a.Approvals, Directory: a.directory, SignDirectory: a.signDirectory(),
		OpenWork: func(ctx context.Context, r store.Reader, program, office string) (int, error) {
			return a.openWork(ctx, r, program, office)
		},
		DB: a.DB, Programs: a.Programs, Site: a.Site, Now: a.Now, Demo: a.Demo,
		Viewer: viewer, People: a.people, Mail: agencyMail, Origin: a.Origin, TestReport: a.sendTestReport,
	})
	if err != nil {
		return err
	}
	a.People, err = identity.New(identity.Config{
		Approvals: a.Approvals,
		DB:        a.DB, Programs: a.Programs, Agencies: a.Agencies, Ring: a.Ring, Site: a.Site, Now: a.Now,
		Mail: a.sender, Origin: a.Origin, PassphraseSignIn: a.Demo,
		OnAway: func(tx *store.Tx, m identity.Member) error { return a.Referrals.Away(tx, m) },
	})
	if err != nil {
		return err
	}
	a.Referrals, err = referral.New(referral.Config{
		DB: a.DB, Programs: a.Programs, Agencies: a.Agencies, People: a.People,
		Mail: postman{a}, Site: a.Site, Now: a.Now, BaseURL: a.Origin, Pepper: a.Ring.Pepper(),
	})
	if err != nil {
		return err
	}
	a.Reports, err = report.New(report.Config{
		DB: a.DB, Programs: a.Programs, Keys: a.Agencies.Keys, Keyed: a.Agencies.Keyed, Referrals: a.Referrals,
		Log: a.LogOf, Pepper: a.Ring.Pepper(), Site: a.Site, Open: a.open, Hours: a.hours, Spool: a.intoSpool(), Patience: a.Patience,
		Channels: a.Agencies.Channels, Now: a.Now, Moved: a.DB.MovedTo,
		Chains: a.Agencies.Directory, Directory: a.directory, AllKeys: a.Agencies.AllKeys, Pinned: a.pinned,
		Scripts: []string{"messages.js", "filesend.js"}, Work: a.puzzle, Signs: signs{a}, About: campaign.Address,
	})
	if err != nil {
		return err
	}
	a.Referrals.Attach(a.Reports)
	a.Messages, err = conversation.New(conversation.Config{
		DB: a.DB, Programs: a.Programs, Agencies: a.Agencies, People: a.People, Reports: a.Reports, Referrals: a.Referrals,
		Site: a.Site, Now: a.Now,
	})
	if err != nil {
		return err
	}
	a.Referrals.AttachLetters(a.Messages)
	a.Files, err = file.New(file.Config{
		DB: a.DB, Programs: a.Programs, Keys: a.Agencies.Keys, Chains: a.Agencies.Directory, People: a.People, Receipts: a.Reports,
		Holders: a.Referrals, Site: a.Site, Now: a.Now, Log: a.Log,
	})
	if err != nil {
		return err
	}
	if err := a.makeCanaries(); err != nil {
		return err
	}
	if err := a.makeOperations(); err != nil {
		return err
	}
	a.Courts, err = court.New(court.Config{DB: a.DB, Programs: a.Programs, People: a.People, Joined: a.Agencies.Joined, Mail: postman{a}, Origin: a.Origin, Site: a.Site, Now: a.Now})
	if err != nil {
		return err
	}
	a.Results, err = result.New(result.Config{DB: a.DB, Programs: a.Programs, Subject: a.People.Subject, Operations: knownOperations{a}, Ring: a.Ring, Site: a.Site, Now: a.Now})
	if err != nil {
		return err
	}
	if err := a.makeSigns(); err != nil {
		return err
	}
	a.rooms = []room.Room{a.Approvals.Room(), a.Agencies.Room(), a.People.Room(), a.Reports.Room(), a.Referrals.Room(), a.Messages.Room(), a.Files.Room(), a.Canaries.Room(), a.Operations.Room(), a.Courts.Room(), a.Results.Room(), a.Codes.Room(), a.Sheets.Room(), a.Placements.Room(), a.Campaigns.Room(), a.Runs.Room()}
	return a.makeReleases()
}

// makeReleases gathers what every room counts, and makes the room that tells the public.
func (a *App) makeReleases() (err error) {
	a.Releases, err = release.New(release.Config{
		DB: a.DB, Programs: a.Programs, Approvals: a.Approvals, Log: a.LogOf, Site: a.Site, Now: a.Now, Viewer: a.subject, Name: a.nameOf,
	})
	if err != nil {
		return err
	}
	var measures [][]figure.Measure
	for _, r := range a.rooms {
		measures = append(measures, r.Measures)
	}
	registry, err := figure.NewRegistry(a.Site.Catalog, measures...)
	if err != nil {
		return fmt.Errorf("gathering what the rooms count: %w", err)
	}
	a.Releases.Attach(registry)
	a.rooms = append(a.rooms, a.Releases.Room())
	return nil
}

func (a *App) makeCanaries() (err error) {
	var post canary.Mailer
	if a.sender != nil {
		post = a.sender
	}
	a.Canaries, err = canary.New(canary.Config{
		DB: a.DB, Programs: a.Programs, Agencies: a.Agencies, Reports: a.Reports, Referrals: a.Referrals, Files: a.Files, People: a.People,
		Logs: a.LogOf, Directory: a.directory, Line: a.line, Mail: post, Site: a.Site, Now: a.Now, Log: a.Log,
	})
	return err
}

// mount puts every room's routes and jobs to work.
func (a *App) mount() error {
	routes := a.ownRoutes()
	handlers := map[string]jobs.Handler{kindCheckpoint: a.publish, kindWitness: a.witness}
	schedules := []jobs.Schedule{{Kind: kindCheckpoint, Every: a.Every}}
	for _, r := range a.rooms {
		routes = append(routes, r.Routes...)
		schedules = append(schedules, r.Schedules...)
		for kind, h := range r.Jobs {
			if handlers[kind] != nil {
				return fmt.Errorf("two rooms do %s jobs", kind)
			}
			handlers[kind] = h
		}
	}
	for i, r := range routes {
		routes[i].Class = classOf(r)
	}
	a.routes = routes
	mux := http.NewServeMux()
	a.Site.Mount(mux, routes, func(of web.Access, h web.Handler) web.Handler { return a.untilOlder(a.People.Guard(of, h)) })
	a.handler = mux
	a.Runner = jobs.New(a.DB, a.Programs.IDs(), handlers, schedules, a.Now, a.Log)
	a.declareGauges()
	return nil
}

// Routes lists every address of the site and who may use it.
func (a *App) Routes() []web.Route { return a.routes }

// Handler serves the whole site.
func (a *App) Handler() http.Handler { return a.handler }

// Close ends the installation's work and closes its database.
func (a *App) Close() error {
	var err error
	if a.Spool != nil {
		err = a.Spool.Close()
	}
	err = errors.Join(err, a.flushCounts())
	if a.DB != nil {
		err = errors.Join(err, a.DB.Close())
	}
	return err
}

// LogOf is a program's custody log.
func (a *App) LogOf(program string) *custody.Log { return a.logs[program] }

// errNoMail is what a notice meets where no mail server is configured; it
// stays in the outbox until one is.
var errNoMail = errors.New("no mail server is configured")
