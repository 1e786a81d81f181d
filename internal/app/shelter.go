// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/protection/report"
	"waylight/internal/protection/spool"
	"waylight/programs"
)

// againEvery is how often a server that started without its database looks for it.
const againEvery = time.Second

// errSheltered answers for everything that only the database could answer.
var errSheltered = fault.New(fault.Unavailable, "database_away", "The database does not answer right now.")

// shelter is a server that started while its database is away: it takes reports
// into the spool, for the offices whose keys the spool's copy of the directory
// holds, and answers everything else by saying what is the matter.
type shelter struct {
	Config
	programs *program.Set
	site     *web.Site
	spool    *spool.Spool
	logs     map[string]*custody.Log
	known    map[string]refuge
	handler  http.Handler
}

// refuge is what is known of a program.
type refuge struct {
	known
	keys map[string]agency.Key
}

// ErrNoShelter says that a server cannot start without its database, because it
// has never been there: nobody's keys are known.
var ErrNoShelter = errors.New("the database does not answer, and this server has no copy of the directory to take reports with")

// Shelter serves from the spool on l until the database answers, and returns the
// installation that then opened; nil when ctx ended first. The database may have
// gone again by then: that is store.Away, and Shelter is called once more.
func Shelter(ctx context.Context, c Config, l net.Listener, certificate *tls.Certificate) (*App, error) {
	c = c.withDefaults()
	release, err := lockFolder(c.Data)
	if err != nil {
		return nil, err
	}
	defer release()
	s, err := newShelter(ctx, c)
	if err != nil {
		return nil, err
	}
	c.Log.Error("the database is away at the start: the spool takes reports")
	h := newHall(l, s.handler, c.Connections, certificate)
	h.open()
	if err = s.awaitTelling(ctx, h.served); err == nil {
		err = h.finish(context.WithoutCancel(ctx)) // answers under way end first: the spool belongs to one at a time
	}
	if errors.Is(err, context.DeadlineExceeded) { // somebody who sends too slowly keeps nobody else from the database
		err = h.server.Close()
	}
	if err = errors.Join(err, s.spool.Close()); err != nil || ctx.Err() != nil {
		return nil, err
	}
	return New(ctx, c)
}

// awaitTelling waits for the database, and mails meanwhile.
func (s *shelter) awaitTelling(ctx context.Context, served <-chan error) error {
	telling, stop := context.WithCancel(ctx)
	var told sync.WaitGroup
	told.Go(func() { s.telling(telling) })
	defer told.Wait()
	defer stop()
	return s.await(ctx, served)
}

// await waits until the database takes writes, or ctx ends.
func (s *shelter) await(ctx context.Context, served <-chan error) error {
	tick := time.NewTicker(againEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-served:
			return fmt.Errorf("serving from the spool: %w", err)
		case <-tick.C:
		}
		if store.Probe(ctx, s.Database) == nil {
			return nil
		}
	}
}

func newShelter(ctx context.Context, c Config) (_ *shelter, err error) {
	s := &shelter{Config: c, known: map[string]refuge{}}
	ring, err := keyring.Open(c.Keyring)
	if err != nil {
		return nil, err
	}
	if s.programs, err = program.Load(programs.FS, c.Packs...); err != nil {
		return nil, err
	}
	if s.logs, err = openLogs(ring, s.programs.IDs(), c.Every); err != nil {
		return nil, err
	}
	if s.spool, err = c.openSpool(ctx, ring, s.programs.IDs()); err != nil {
		return nil, err
	}
	s.spool.SetAway(true)
	if err = s.remember(ctx); err == nil {
		err = s.furnish(ring)
	}
	if err != nil {
		return nil, errors.Join(err, s.spool.Close())
	}
	return s, nil
}

// remember reads the spool's copy of the directory. A key whose signatures do not
// lead to the pinned directory key is left out.
func (s *shelter) remember(ctx context.Context) error {
	for _, id := range s.programs.IDs() {
		text, err := s.spool.Directory(ctx, id)
		if err != nil {
			return err
		}
		if text == "" {
			continue
		}
		r := refuge{keys: map[string]agency.Key{}}
		if err := json.Unmarshal([]byte(text), &r.known); err != nil {
			return fmt.Errorf("reading the spool's copy of the directory: %w", err)
		}
		for office, chain := range r.Chains {
			public, err := agency.VerifyChain(s.Directory, id, office, chain)
			if err != nil {
				s.Log.Error("a key in the spool's copy of the directory is not believed", "program", id, "office", office)
				delete(r.Chains, office)
				continue
			}
			r.keys[office] = agency.Key{Office: office, ID: public.ID(), Public: public, Links: chain.Links}
		}
		s.known[id] = r
	}
	if len(s.known) == 0 {
		return ErrNoShelter
	}
	return nil
}

// furnish makes the pages.
func (s *shelter) furnish(ring *keyring.Ring) error {
	site, err := newSite(s.Config, s.programs)
	if err != nil {
		return err
	}
	s.site = site
	behindGate(site, ring, s.Log)
	reports, err := report.New(report.Config{
		DB: s.spool.Store(), Programs: s.programs, Keys: s.keys, Keyed: s.keyed, Referrals: nobody{}, Log: func(p string) *custody.Log { return s.logs[p] },
		Pepper: ring.Pepper(), Site: site, Now: s.Now, Chains: s.chains, Directory: func(string) ed25519.PublicKey { return s.Directory },
		Open: func(_ context.Context, p string) bool { return s.known[p].Open }, Channels: s.channels, Spool: s.spool,
	})
	if err != nil {
		return err
	}
	routes := append(reports.Room().Routes,
		web.Route{Pattern: "GET /livez", Access: policy.At(policy.ReadHealth), Handler: live},
		web.Route{Pattern: "GET /readyz", Access: policy.At(policy.ReadHealth), Handler: live}, // it takes reports
		web.Route{Pattern: "GET /robots.txt", Access: policy.At(policy.ReadSite), Handler: robots},
		web.Route{Pattern: "GET /{$}", Access: policy.At(policy.ReadSite), Handler: s.front})
	for _, method := range []string{"GET", "POST"} {
		routes = append(routes, web.Route{Pattern: method + " /{path...}", Access: policy.At(policy.ReadSite),
			Handler: func(http.ResponseWriter, *http.Request) error { return errSheltered }})
	}
	for i, r := range routes {
		routes[i].Class = classOf(r)
	}
	mux := http.NewServeMux()
	site.Mount(mux, routes, nil)
	s.handler = mux
	return nil
}

func (s *shelter) front(w http.ResponseWriter, r *http.Request) error {
	for _, id := range s.programs.IDs() {
		if _, ok := s.known[id]; ok {
			http.Redirect(w, r, "/"+id+"/"+web.Lang(r), http.StatusSeeOther)
			return nil
		}
	}
	return errSheltered
}

func (s *shelter) keys(programID string) map[string]agency.Key { return s.known[programID].keys }

func (s *shelter) keyed(programID string) func(string) bool {
	r := s.known[programID]
	return func(office string) bool { return r.keys[office].Public != nil && slices.Contains(r.Usable, office) }
}

func (s *shelter) chains(programID string) map[string]agency.Chain { return s.known[programID].Chains }

// channels gives what was known of each line. One that nobody knew is not shown.
func (s *shelter) channels(programID string) func(string) program.ChannelState {
	r := s.known[programID]
	return func(channel string) program.ChannelState {
		if state, ok := r.Channels[channel]; ok {
			return program.ChannelState(state)
		}
		return program.Withdrawn
	}
}

// nobody stands for the referrals, which need the database. The reports room does
// not ask for them while the database is away.
type nobody struct{}

// Record keeps nothing.
func (nobody) Record(*store.Tx, report.Ref, program.Plan) error { return errSheltered }

// Progress knows nothing.
func (nobody) Progress(context.Context, string, store.ID) ([]report.Progress, error) {
	return nil, errSheltered
}
