// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// Faults that any act may answer.
var (
	errForbidden = fault.New(fault.Forbidden, "agency_forbidden", "Your role does not allow this.")
	errProgram   = fault.New(fault.NotFound, "agency_program", "There is no such program.")
	errRaced     = fault.New(fault.Conflict, "agency_raced", "Somebody else changed the same thing at the same moment. Look again, and try again.")
	errNoSuch    = fault.New(fault.NotFound, "agency_not_found", "There is no such entry.")
)

// Service is the room. Make one with New.
type Service struct {
	cfg       Config
	pages     *web.Templates
	refreshes sync.Mutex                // one load at a time, so that a later one never loses to an earlier
	pins      map[string]map[string]Key // by program and office, the key that last counted; guarded by refreshes
	all       atomic.Pointer[map[string]*directory]
	readings  readings
	closing   []func(ctx context.Context, tx *store.Tx, program, office, actor string) error
}

// directory is what the intake path needs of one program. It is never changed
// once it is reachable.
type directory struct {
	joined map[string]bool // active offices
	keys   map[string]Key  // what counts
	own    map[string]Key  // what the members hold: also what the directory key has not signed yet
	awaits []string        // active offices whose key the directory key is to sign
	doubts []string        // active offices whose keys in the database are not believed
	checks map[string][]Check
	opened bool
}

// New makes the service and reads the directory.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Programs == nil || c.Now == nil {
		return nil, errors.New("agency: a database, the programs and a clock are needed")
	}
	if c.Viewer == nil {
		c.Viewer = func(context.Context) (Actor, bool) { return Actor{}, false }
	}
	s := &Service{cfg: c, pins: map[string]map[string]Key{}}
	if c.Site != nil {
		pages, err := c.Site.Templates(pageFiles, "templates/*.html")
		if err != nil {
			return nil, fault.Wrap(err, "agency: reading the pages")
		}
		s.pages = pages
	}
	s.handleApprovals()
	return s, s.Refresh(context.Background())
}

func (s *Service) now() time.Time { return s.cfg.Now() }

func (s *Service) log() *slog.Logger {
	if s.cfg.Site != nil && s.cfg.Site.Log != nil {
		return s.cfg.Site.Log
	}
	return slog.Default()
}

func (s *Service) program(id string) (*program.Program, error) {
	p, ok := s.cfg.Programs.Program(id)
	if !ok {
		return nil, errProgram
	}
	return p, nil
}

// Refresh reads the directory of every program again. Each act of this room does
// so itself; call it after a transaction in which SetKey, AddWrap or EndWraps ran.
func (s *Service) Refresh(ctx context.Context) error {
	s.refreshes.Lock()
	defer s.refreshes.Unlock()
	all := map[string]*directory{}
	for _, id := range s.cfg.Programs.IDs() {
		d, err := s.load(ctx, id)
		if err != nil {
			return fault.Wrap(err, "reading the directory")
		}
		all[id] = d
	}
	s.all.Store(&all)
	s.readings.forget()
	return nil
}

func (s *Service) load(ctx context.Context, prog string) (*directory, error) {
	d := &directory{joined: map[string]bool{}, keys: map[string]Key{}, own: map[string]Key{}, checks: map[string][]Check{}}
	offices, err := readOffices(ctx, s.cfg.DB, prog)
	if err != nil {
		return nil, err
	}
	for _, o := range offices {
		d.joined[o.ID] = o.State == stateActive
	}
	if err := s.loadKeys(ctx, prog, d); err != nil {
		return nil, err
	}
	checks, err := readChecks(ctx, s.cfg.DB, prog, "")
	if err != nil {
		return nil, err
	}
	for _, c := range checks {
		d.checks[c.Channel] = append(d.checks[c.Channel], c)
	}
	state, _, err := readOpening(ctx, s.cfg.DB, prog)
	d.opened = state == stateOpen
	return d, err
}

// loadKeys fills in the keys that count. Whoever can write into the database could
// put a key of their own there, so the rows are not simply taken: see judge.
func (s *Service) loadKeys(ctx context.Context, prog string, d *directory) error {
	keys, err := readKeys(ctx, s.cfg.DB, prog)
	if err != nil {
		return err
	}
	lost, err := readLost(ctx, s.cfg.DB, prog)
	if err != nil {
		return err
	}
	rows := map[string][]keyRow{}
	for _, r := range keys {
		rows[r.office] = append(rows[r.office], r)
	}
	if s.pins[prog] == nil {
		s.pins[prog] = map[string]Key{}
	}
	for _, office := range slices.Sorted(maps.Keys(d.joined)) {
		if !d.joined[office] {
			continue
		}
		st := judge(prog, rows[office], s.pins[prog][office], s.pinned(prog))
		if st.doubt != nil {
			// One bad key must not take the others away.
			s.log().ErrorContext(ctx, "agency: the keys of an office are not believed", "program", prog, "office", office, "error", st.doubt)
			d.doubts = append(d.doubts, office)
		}
		if st.awaits {
			d.awaits = append(d.awaits, office)
		}
		if st.own.Public != nil {
			st.own.Lost = lost[st.own.ID]
			d.own[office] = st.own
		}
		if st.counts.Public != nil {
			st.counts.Lost = lost[st.counts.ID]
			d.keys[office], s.pins[prog][office] = st.counts, st.counts
		}
	}
	return nil
}

// pinned is the program's directory key, or nil.
func (s *Service) pinned(prog string) ed25519.PublicKey {
	if s.cfg.Directory == nil {
		return nil
	}
	return s.cfg.Directory(prog)
}

func (s *Service) directory(prog string) *directory {
	if all := s.all.Load(); all != nil {
		if d, ok := (*all)[prog]; ok {
			return d
		}
	}
	return &directory{}
}

// write runs one act: its rows, its custody entry, and the directory after it.
func (s *Service) write(ctx context.Context, a Actor, event, record string, fn func(tx *store.Tx) error) error {
	p, err := s.program(a.Program)
	if err != nil {
		return err
	}
	err = s.cfg.DB.Write(ctx, func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: a.Program, Event: event, Record: record, Actor: a.String(), Rule: p.Version})
		return nil
	})
	if _, ours := fault.As(err); !ours && errors.Is(err, store.ErrExists) {
		return fault.Wrap(errRaced.With(err), event)
	}
	if err != nil {
		return fault.Wrap(err, event)
	}
	// The change is durable: a failed refresh is not the caller's failure, and the
	// hourly one repairs it.
	if err := s.Refresh(context.WithoutCancel(ctx)); err != nil {
		s.log().ErrorContext(ctx, "agency: the directory could not be read again", "error", err)
	}
	return nil
}

// seen records that a member looked at something.
func (s *Service) seen(ctx context.Context, a Actor, what string) error {
	err := s.cfg.DB.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: a.Program, Event: "agency.viewed", Record: what, Actor: a.String()})
		return nil
	})
	return fault.Wrap(err, "recording a view")
}

// roll is the members of an office, when they can be known.
type roll struct {
	known bool
	list  []Person
}

func (s *Service) people(ctx context.Context, prog, office string) (roll, error) {
	if s.cfg.People == nil {
		return roll{}, nil
	}
	list, err := s.cfg.People(ctx, prog, office)
	return roll{true, list}, fault.Wrap(err, "reading the members of an office")
}

// has says whether the member belongs to the office; without a list everybody does.
func (r roll) has(m store.ID) bool {
	return !r.known || slices.ContainsFunc(r.list, func(p Person) bool { return p.ID == m })
}

// name is the member's name, or the id of one who left.
func (r roll) name(m store.ID) string {
	for _, p := range r.list {
		if p.ID == m {
			return p.Name
		}
	}
	return m.String()
}

// with lists the members who hold any of the roles.
func (r roll) with(roles ...string) []store.ID {
	var out []store.ID
	for _, p := range r.list {
		if slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(p.Roles, role) }) {
			out = append(out, p.ID)
		}
	}
	return out
}

// readings keeps what Hours found for a minute.
type readings struct {
	mu   sync.Mutex
	kept map[string]keptReading
}

type keptReading struct {
	Reading
	at, until time.Time
}

func (k *readings) get(prog string, now time.Time) (Reading, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, ok := k.kept[prog]
	return r.Reading, ok && !now.Before(r.at) && now.Before(r.until)
}

func (k *readings) put(prog string, r Reading, now time.Time) {
	until := now.Add(time.Minute)
	for _, change := range []time.Time{r.Until, r.Next} {
		if !change.IsZero() {
			until = earlier(until, change)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil {
		k.kept = map[string]keptReading{}
	}
	k.kept[prog] = keptReading{r, now, until}
}

func (k *readings) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = nil
}
