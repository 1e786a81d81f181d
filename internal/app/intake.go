// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// Bench says what `waylight bench intake` measures, and where.
type Bench struct {
	Folder   string // fresh, on the disk that matters
	Database string // address of a PostgreSQL database, in which it makes schemas and drops them; empty: SQLite in Folder
	Senders  int
	Length   time.Duration
	Sealed   bool      // measure reports that came sealed too
	Stored   int       // measure again, and look-ups and inboxes, with so many reports in the database
	Progress io.Writer // nil: nobody is told how far filling is
}

// Intake is what `waylight bench intake` measured.
type Intake struct {
	Engine    string  `json:"engine"`
	Stored    int     `json:"stored"`     // reports that were there before
	Accepted  int64   `json:"accepted"`   // answered with a receipt
	Refused   int64   `json:"refused"`    // answered with anything else, or not at all
	Lost      int64   `json:"lost"`       // answered with a receipt but not in the database afterwards
	PerSecond float64 `json:"per_second"` // accepted, over real HTTP on this machine
	Limits            // of the same sealing and durable commit with nothing else
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Senders   int     `json:"senders"`
	Seconds   float64 `json:"seconds"`
	// Of reports that the senders' browsers sealed: how many a second, and how many
	// times as many as of those that the server seals.
	Sealed *Sealed `json:"sealed_by_browsers,omitempty"`
	// Of a database that is full: what it kept of the empty one's rates, how fast it
	// was filled, and what looking takes.
	Full *Full `json:"full,omitempty"`
}

// Sealed is what was measured of reports that came sealed.
type Sealed struct {
	PerSecond float64 `json:"per_second"`
	Limits            // of the same bytes and durable commit with nothing else
	Times     float64 `json:"times_the_server_sealed_rate"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
}

// Limits are what the machine reaches that does only what nothing can be left out of: called by as
// many callers, and posted over HTTP by as many senders to a server that does nothing else.
type Limits struct {
	LimitPerSecond float64 `json:"limit_per_second"`
	OfLimit        float64 `json:"of_limit"`
	HTTPPerSecond  float64 `json:"http_limit_per_second"`
	OfHTTP         float64 `json:"of_http_limit"`
}

func limitsOf(reached float64, called, posted measured) Limits {
	return Limits{called.rate(), reached / called.rate(), posted.rate(), reached / posted.rate()}
}

// Full is what was measured with many reports in the database.
type Full struct {
	Intake                    // with that many
	OfEmpty       float64     `json:"of_empty_rate"`
	SealedOfEmpty float64     `json:"of_empty_rate_sealed,omitempty"`
	FillSeconds   float64     `json:"fill_seconds"`
	Receipts      Looked      `json:"receipt_lookup"`
	Inboxes       []InboxPage `json:"inbox"`
}

// The measured report: a child in Hinds County, of whom child protection, the
// state coordinator and the local police must be told, each with a key.
var (
	benchProgram = "ms"
	benchOffices = []string{"mbi-desk", "mdcps", "mbi-coordinator"}
	benchStory   = strings.Repeat("An invented sentence that only measures. ", 48) // 2 KB
)

// Run measures how many reports a second this machine accepts from so many senders
// at once, and the bare limit of the same engine.
//
// With Sealed, reports that the senders sealed are measured too, in turns with
// those that the server seals. With Stored, all of it is measured a second time
// in a database that is full.
func (b Bench) Run(ctx context.Context) (result Intake, err error) {
	if b.Progress == nil {
		b.Progress = io.Discard
	}
	limit, drop, err := b.database(ctx, "limit")
	if err != nil {
		return Intake{}, err
	}
	defer drop(&err)
	bare, err := OpenBare(ctx, limit, len(benchOffices))
	if err != nil {
		return Intake{}, err
	}
	defer bare.Close()
	empty, dropEmpty, err := b.config(ctx, "empty")
	if err != nil {
		return Intake{}, err
	}
	defer dropEmpty(&err)
	if result, err = b.once(ctx, empty, bare); err != nil || b.Stored == 0 {
		return result, err
	}
	full, dropFull, err := b.config(ctx, "full")
	if err != nil {
		return result, err
	}
	defer dropFull(&err)
	result.Full, err = b.full(ctx, full, bare, result)
	return result, err
}

// database makes an empty database, and what drops it.
func (b Bench) database(ctx context.Context, name string) (address string, drop func(*error), err error) {
	if b.Database == "" {
		return "sqlite:" + filepath.Join(b.Folder, name+".db"), func(*error) {}, nil
	}
	schema := "waylight_bench_" + name + "_" + store.NewID().String()[:8]
	if err := inPostgres(ctx, b.Database, "create schema "+schema); err != nil {
		return "", nil, fmt.Errorf("making a schema to measure in: %w", err)
	}
	u, err := url.Parse(b.Database)
	if err != nil {
		return "", nil, errors.New("the database address is no address")
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String(), func(failed *error) {
		err := inPostgres(context.WithoutCancel(ctx), b.Database, "drop schema "+schema+" cascade")
		*failed = errors.Join(*failed, err)
	}, nil
}

// config is a fresh installation, whose directory key is there to sign with.
func (b Bench) config(ctx context.Context, name string) (Config, func(*error), error) {
	address, drop, err := b.database(ctx, name)
	if err != nil {
		return Config{}, nil, err
	}
	_, directory, err := ed25519.GenerateKey(rand.Reader)
	return Config{
		Data: filepath.Join(b.Folder, name), Database: address, Demo: true, Every: time.Minute, Directory: directory.Public().(ed25519.PublicKey),
		SignDirectory: func(statement []byte) []byte { return ed25519.Sign(directory, statement) },
	}, drop, err
}

// skipVerification keeps the daily verification, which a server that starts does at
// once, from running while something is measured.
func (a *App) skipVerification() {
	a.audit.mu.Lock()
	defer a.audit.mu.Unlock()
	for _, p := range a.Programs.IDs() {
		a.audit.verified[p] = a.Now()
	}
}

// keyBenchOffices gives every office of the measured report a key.
func (a *App) keyBenchOffices(ctx context.Context) error {
	keys := a.Agencies.Keys(benchProgram)
	for _, office := range append([]string{"help-desk"}, benchOffices...) {
		if keys[office].Public != nil {
			continue
		}
		if err := a.KeyOffice(ctx, benchProgram, office); err != nil {
			return err
		}
	}
	return nil
}

// once measures intake beside the bare limit.
func (b Bench) once(ctx context.Context, c Config, bare *Bare) (Intake, error) {
	result := Intake{Senders: b.Senders, Seconds: b.Length.Seconds()}
	a, err := New(ctx, c)
	if err != nil {
		return result, err
	}
	defer a.Close()
	if err := a.keyBenchOffices(ctx); err != nil {
		return result, err
	}
	a.skipVerification()
	result.Engine = a.DB.Engine()
	limit, err := openLimits(bare)
	if err != nil {
		return result, err
	}
	defer limit.site.close()
	if b.Sealed {
		result.Sealed = &Sealed{}
	}
	// Half of the bare limit is measured before, half after, so that a machine
	// whose speed drifts does not favor either.
	if err := limit.add(ctx, b.Senders, b.Length/4, b.Sealed); err != nil {
		return result, err
	}
	if err := a.intake(ctx, &result, b.Length); err != nil {
		return result, err
	}
	if err := limit.add(ctx, b.Senders, b.Length/4, b.Sealed); err != nil {
		return result, err
	}
	result.Limits = limitsOf(result.PerSecond, limit.clear, limit.httpClear)
	if s := result.Sealed; s != nil {
		s.Limits = limitsOf(s.PerSecond, limit.sealed, limit.httpRaw)
	}
	return result, nil
}

// full fills a database and measures there.
func (b Bench) full(ctx context.Context, c Config, bare *Bare, empty Intake) (*Full, error) {
	out := &Full{}
	began := time.Now()
	receipts, err := b.fill(ctx, c)
	if err != nil {
		return out, fmt.Errorf("filling the database: %w", err)
	}
	out.FillSeconds = time.Since(began).Seconds()
	if out.Receipts, out.Inboxes, err = look(ctx, c, receipts, b.Length); err != nil {
		return out, err
	}
	if out.Intake, err = b.once(ctx, c, bare); err != nil {
		return out, err
	}
	out.Stored = b.Stored
	out.OfEmpty = out.PerSecond / empty.PerSecond
	if b.Sealed {
		out.SealedOfEmpty = out.Sealed.PerSecond / empty.Sealed.PerSecond
	}
	return out, nil
}

func bareReport(ctx context.Context, b *Bare) error {
	id := store.NewID()
	return b.Do(ctx, []byte(benchStory), id[:])
}

// intake sends reports to the running program over HTTP and then looks every
// one up.
func (a *App) intake(ctx context.Context, result *Intake, length time.Duration) error {
	body, err := benchBody()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	stopped := make(chan error, 1)
	go func() { stopped <- a.Serve(serving, l, nil) }()
	var tolds told
	server, browsers := tolds.meter(ctx, result, l.Addr().String(), inClear(l.Addr().String(), body)), tolds.none
	if result.Sealed != nil {
		bodies, lookupAt, err := a.sealedBodies(l.Addr().String())
		if err != nil {
			return err
		}
		browsers = tolds.meter(ctx, result, l.Addr().String(), ready(l.Addr().String(), benchProgram, bodies, lookupAt))
	}
	// In turns, so that a machine whose speed drifts, and a database that grows,
	// favor neither.
	var clear, sealed measured
	for range turns {
		clear.add(server(length / turns))
		sealed.add(browsers(length / turns))
	}
	stop()
	if err := <-stopped; err != nil {
		return err
	}
	result.Accepted, result.Refused = clear.done+sealed.done, clear.failed+sealed.failed
	result.PerSecond = clear.rate()
	result.P50, result.P99 = clear.quantile(0.50), clear.quantile(0.99)
	if s := result.Sealed; s != nil {
		s.PerSecond = sealed.rate()
		s.Times, s.P50, s.P99 = s.PerSecond/result.PerSecond, sealed.quantile(0.50), sealed.quantile(0.99)
	}
	return a.lookUp(ctx, result, tolds.answers)
}

// turns is how often the two ways of sending take turns.
const turns = 16

// told keeps every answer that a sender was given.
type told struct {
	mu      sync.Mutex
	answers [][]byte
}

// none sends nothing.
func (t *told) none(time.Duration) measured { return measured{} }

// meter measures how many reports a second are taken of one way of sending.
func (t *told) meter(ctx context.Context, result *Intake, address string, request func() []byte) func(time.Duration) measured {
	line := newLine(address, result.Senders, request)
	return func(length time.Duration) measured {
		defer line.hangUp()
		return measure(ctx, result.Senders, length, func(context.Context) error {
			got, err := line.send()
			if err == nil {
				t.mu.Lock()
				t.answers = append(t.answers, got)
				t.mu.Unlock()
			}
			return err
		})
	}
}

// answered is what one sender was told.
type answered struct {
	Report     string
	Deliveries []any
	Promise    struct{ Commitment []byte }
}

// lookUp opens the database anew, as after a restart, and counts what was
// promised but is not there: the report with a wrap for every office, a
// referral for every office, and the leaf that names them.
func (a *App) lookUp(ctx context.Context, result *Intake, answers [][]byte) error {
	if err := a.Close(); err != nil {
		return err
	}
	again, err := New(ctx, a.Config)
	if err != nil {
		return err
	}
	defer again.Close()
	for _, answer := range answers {
		var got answered
		if err := json.Unmarshal(answer, &got); err != nil {
			return fmt.Errorf("reading an answer: %w", err)
		}
		kept, err := again.kept(ctx, got)
		if err != nil {
			return err
		}
		if !kept {
			result.Lost++
		}
	}
	return nil
}

func (a *App) kept(ctx context.Context, got answered) (bool, error) {
	id, err := store.ParseID(got.Report)
	if err != nil || len(got.Promise.Commitment) != 32 || len(got.Deliveries) != len(benchOffices) {
		return false, nil
	}
	for _, office := range benchOffices {
		sealed, err := a.Reports.Body(ctx, benchProgram, id, office)
		if errors.Is(err, report.ErrNoReport) || err == nil && len(sealed.Wrap) == 0 {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("looking a report up: %w", err)
		}
	}
	leaf, err := custody.Find(ctx, a.DB, benchProgram, [32]byte(got.Promise.Commitment))
	if errors.Is(err, custody.ErrNoLeaf) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	rows, err := custody.DecodeRows(leaf.Rows)
	referrals := 0
	for _, r := range rows {
		if r.Table == "referral" {
			referrals++
		}
	}
	return referrals == len(benchOffices) && strings.Contains(string(leaf.Opening), "report:"+got.Report), err
}

// benchBody is the measured report as a sender's program posts it.
func benchBody() ([]byte, error) {
	return json.Marshal(map[string]any{
		"program": benchProgram, "language": "en", "mode": "tip",
		"answers": map[string]any{"age": "under18", "who": "saw", "kind": "labor", "happened": "MS-28049", "land": "ordinary", "story": benchStory},
	})
}

// measured is what a crowd of callers did.
type measured struct {
	done, failed int64
	took         time.Duration
	latencies    []time.Duration
}

// measure lets so many callers do the same thing over and over for a time.
func measure(ctx context.Context, callers int, length time.Duration, fn func(context.Context) error) measured {
	var m measured
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	for range callers {
		wg.Go(func() {
			var mine measured
			for time.Since(start) < length && ctx.Err() == nil {
				began := time.Now()
				if err := fn(ctx); err != nil {
					mine.failed++
					continue
				}
				mine.done++
				mine.latencies = append(mine.latencies, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			m.done, m.failed = m.done+mine.done, m.failed+mine.failed
			m.latencies = append(m.latencies, mine.latencies...)
		})
	}
	wg.Wait()
	m.took = time.Since(start)
	slices.Sort(m.latencies)
	return m
}

func (m measured) rate() float64 { return float64(m.done) / m.took.Seconds() }

func (m *measured) add(other measured) {
	m.done, m.failed, m.took = m.done+other.done, m.failed+other.failed, m.took+other.took
	m.latencies = append(m.latencies, other.latencies...)
	slices.Sort(m.latencies)
}

// quantile is in milliseconds.
func (m measured) quantile(q float64) float64 {
	if len(m.latencies) == 0 {
		return 0
	}
	at := m.latencies[int(q*float64(len(m.latencies)-1))]
	return float64(at.Microseconds()) / 1000
}
