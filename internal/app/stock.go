// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/place"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
)

// What a filled database looks like: reports of five years, of which nearly all
// are finished, some are still worked on, and those of the last month stand in
// every state.
const (
	stockYears  = 5
	stockFresh  = 30 * 24 * time.Hour
	stockRound  = 2000 // reports between two checkpoints
	stockLines  = 8    // of a round's reports that are under way at once, times 32
	stockKept   = 4096 // receipts to look up afterwards
	stockModels = 96
)

// stock fills a database with reports. Each is a copy of one of a few that came in
// the ordinary way: its rows are those that intake makes, under a receipt, ids and
// times of its own, and its leaves commit to them. Its sealed parts are the
// model's, which only a reader could notice; and of what offices did with it there
// is one step for each referral.
type stock struct {
	app      *App
	clock    *Clock
	models   []model
	receipts []seal.Receipt
	progress io.Writer
}

// model is a report that came in the ordinary way: its rows, by table.
type model struct {
	report    store.Row
	referrals []store.Row
}

// fill opens an installation five years ago, lets the reports come in, and gives
// receipts of some of them.
func (b Bench) fill(ctx context.Context, c Config) ([]seal.Receipt, error) {
	clock, end := &Clock{}, time.Now().Add(-time.Minute)
	begin := end.AddDate(-stockYears, 0, 0)
	clock.Stand(begin)
	c.Now = clock.Now
	a, err := New(ctx, c)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	if err := a.keyBenchOffices(ctx); err != nil {
		return nil, err
	}
	// The clock's first round, as an installation has it when it opens: by that of a
	// full database, which never was through one, every clock would be set anew while
	// something else is measured.
	if err := a.Referrals.Room().Jobs[referral.KindClock](ctx, jobs.Job{Program: benchProgram}); err != nil {
		return nil, err
	}
	s := &stock{app: a, clock: clock, progress: b.Progress}
	for i := range stockModels {
		m, err := s.model(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("making a report to copy: %w", err)
		}
		s.models = append(s.models, m)
	}
	for done := 0; done < b.Stored; {
		n := min(stockRound, b.Stored-done)
		at := func(i int) time.Time {
			return begin.Add(time.Duration(float64(end.Sub(begin)) * float64(done+i+1) / float64(b.Stored)))
		}
		if err := s.round(ctx, n, at, end, max(b.Stored/stockKept, 1)); err != nil {
			return nil, err
		}
		done += n
		if done%(50*stockRound) == 0 || done == b.Stored {
			fmt.Fprintf(s.progress, "%d of %d reports stored\n", done, b.Stored)
		}
	}
	return s.receipts, a.settleStatistics(ctx)
}

// model accepts one report and reads its rows.
func (s *stock) model(ctx context.Context, i int) (model, error) {
	pick := func(from ...string) []string { return []string{from[below(len(from))]} }
	counties := place.Counties("MS")
	answers := form.Answers{
		"mode": {"tip"}, "age": pick("under18", "under18", "adult", "unsure"), "who": pick("saw", "known", "job"), "kind": pick("sex", "labor", "unsure"),
		"danger": pick("no", "no", "no", "no", "no", "no", "no", "yes"), "happened": {"MS-" + counties[below(len(counties))].FIPS}, "land": {"ordinary"},
		"story": {benchStory[:200+below(len(benchStory)-200)]},
	}
	accepted, err := s.app.Reports.Accept(ctx, report.Submission{
		Program: benchProgram, Language: "en", Via: report.ViaWeb, Key: []byte(store.NewID().String() + store.NewID().String()), Answers: answers,
	})
	if err != nil {
		return model{}, err
	}
	var m model
	for table, into := range map[string]func(store.Row){
		"report":   func(r store.Row) { m.report = r },
		"referral": func(r store.Row) { m.referrals = append(m.referrals, r) },
	} {
		if err := s.rows(ctx, table, accepted.Report, into); err != nil {
			return model{}, err
		}
	}
	return m, nil
}

// round stores some reports and publishes a checkpoint.
func (s *stock) round(ctx context.Context, n int, at func(int) time.Time, end time.Time, keepEach int) error {
	s.clock.Stand(at(0))
	next := make(chan copied)
	failures := make(chan error, 32*stockLines)
	var lines sync.WaitGroup
	for range 32 * stockLines {
		lines.Go(func() {
			for c := range next {
				if err := s.app.DB.Add(ctx, c.insert); err != nil {
					select {
					case failures <- err:
					default:
					}
				}
			}
		})
	}
	for i := range n {
		receipt := seal.Receipt{}
		rand.Read(receipt[:])
		if i%keepEach == 0 && len(s.receipts) < stockKept {
			s.receipts = append(s.receipts, receipt)
		}
		next <- s.copy(receipt, at(i), end)
	}
	close(next)
	lines.Wait()
	select {
	case err := <-failures:
		return err
	default:
	}
	return s.app.publish(ctx, jobs.Job{Program: benchProgram})
}

// copied is a report that is about to be stored.
type copied struct {
	model
	id        store.ID
	steps     []store.Row
	rules     string
	finishing string // the event of the second leaf
}

// copy makes a report of a model.
func (s *stock) copy(receipt seal.Receipt, at, end time.Time) copied {
	m := s.models[below(len(s.models))]
	c := copied{rules: m.report["rules"].(string), finishing: "referral.outcome"}
	id, lookup := s.app.Reports.Called(benchProgram, receipt.Lookup())
	c.id, c.report = id, with(m.report, store.Row{"id": id, "accepted": at, "lookup": lookup})
	for _, r := range m.referrals {
		c.referral(r, s.state(at, end), at, end)
	}
	return c
}

func with(row, changed store.Row) store.Row {
	out := make(store.Row, len(row))
	for name, v := range row {
		out[name] = v
	}
	for name, v := range changed {
		out[name] = v
	}
	return out
}

// state is how far an office got with a report of that age.
func (s *stock) state(at, end time.Time) string {
	n := below(1000)
	switch fresh := end.Sub(at) < stockFresh; {
	case !fresh && n < 5, fresh && n < 300:
		return "acknowledged"
	case !fresh, n < 500:
		return "closed"
	case n < 800:
		return "opened"
	}
	return "waiting"
}

// referral adds a referral in a state and the step that took it there.
func (c *copied) referral(r store.Row, state string, at, end time.Time) {
	shift := func(v any) any { // the model's own times, as long after this report as they were after that one
		us, ok := v.(int64)
		if !ok {
			return nil
		}
		return us - r["accepted"].(int64) + store.Micros(at)
	}
	id := referral.NewID(c.id)
	out := with(r, store.Row{"id": id, "report": c.id, "accepted": at, "started": shift(r["started"]), "due": shift(r["due"]), "order_at": shift(r["order_at"])})
	later := at.Add(time.Duration(below(int(12 * time.Hour))))
	act := "open"
	switch state {
	case "waiting", "opened": // up to the last rung, which is told again every day
		out["level"], out["next_at"] = int64(5), end.Add(time.Duration(below(int(24*time.Hour))))
	case "acknowledged":
		act = "acknowledge"
	case "closed":
		act, out["done_at"], out["outcome"] = "outcome", later.Add(time.Hour), "no_concern"
		if r["relay"] == int64(1) {
			act, state, out["outcome"] = "complete", "done", ""
		}
	}
	if state != "opened" && state != "waiting" {
		out["next_at"] = nil
	}
	if state != "waiting" {
		out["opened_at"], out["opened_by"] = later, store.NewID()
		c.steps = append(c.steps, store.Row{
			"program": benchProgram, "referral": id, "id": store.NewID(), "report": c.id, "at": later, "act": act, "actor": "system", "office": r["holder"],
			"before": "waiting", "after": state, "code": "", "level": int64(0),
		})
	}
	if state == "acknowledged" || state == "closed" {
		out["acknowledged_at"] = later
	}
	out["state"] = state
	c.referrals = append(c.referrals, out)
}

// insert stores the report as intake does, and what became of it.
func (c copied) insert(tx *store.Tx) error {
	if err := tx.Insert("report", c.report); err != nil {
		return err
	}
	for _, r := range c.referrals {
		if err := tx.Insert("referral", r); err != nil {
			return err
		}
	}
	record := "report:" + c.id.String()
	leaf := tx.Log(custody.Entry{Program: benchProgram, Event: "report.accepted", Record: record, Actor: "sender", Rule: c.rules})
	err := tx.Insert("receipt_leaf", store.Row{"program": benchProgram, "accepted": c.report["accepted"], "report": c.id, "commitment": leaf.Commitment})
	if err != nil || len(c.steps) == 0 {
		return err
	}
	for _, step := range c.steps {
		if err := tx.Insert("referral_step", step); err != nil {
			return err
		}
	}
	tx.Log(custody.Entry{Program: benchProgram, Event: c.finishing, Record: record, Actor: "system", Rule: c.rules})
	return nil
}

// below is a random number from 0 to n-1.
func below(n int) int {
	var b [8]byte
	rand.Read(b[:])
	return int(binary.BigEndian.Uint64(b[:]) % uint64(n))
}
