// SPDX-License-Identifier: Apache-2.0

package court

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/pgtest"
)

var factRows = flag.Int("court.rows", 20_000, "how many counted rows of each measure the benchmark of the figures fills in")

// BenchmarkFigures measures every figure of the room over very many rows, spread over ten years, all federal districts and all statutes. Of each way to ask it
// reports the slowest answer.
//
//	go test ./internal/prosecution/court -run '^$' -bench Figures -benchtime 20x -court.rows 1000000
func BenchmarkFigures(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			db := openBench(b, engine)
			set, err := packs()
			if err != nil {
				b.Fatal(err)
			}
			s := &Service{Config: Config{DB: db, Programs: set, Now: time.Now}}
			for _, m := range s.measures() {
				b.Run(m.Name, func(b *testing.B) {
					fill(b, db, m.Name, *factRows)
					analyze(b, db)
					for name, q := range asked(m) {
						b.Run(name, func(b *testing.B) { measureFigure(b, db, m, q) })
					}
				})
			}
		})
	}
}

func measureFigure(b *testing.B, db *store.DB, m figure.Measure, q figure.Query) {
	var slowest time.Duration
	for b.Loop() {
		began := time.Now()
		cells, err := m.Cells(ctx, db, q)
		if err != nil || len(cells) == 0 {
			b.Fatalf("%d cells: %v", len(cells), err)
		}
		slowest = max(slowest, time.Since(began))
	}
	b.ReportMetric(float64(slowest.Microseconds())/1000, "slowest-ms")
}

// asked are the ways in which a figure is asked for: the whole, a year, a stretch that begins and ends inside a month, and by each dimension.
func asked(m figure.Measure) map[string]figure.Query {
	odd := figure.Query{Program: here, From: time.Date(2017, 2, 14, 6, 0, 0, 0, time.UTC), To: time.Date(2025, 11, 20, 6, 0, 0, 0, time.UTC)}
	out := map[string]figure.Query{"whole": {Program: here}, "odd": odd}
	for _, d := range m.Dimensions {
		q := odd
		q.By = []string{d.Name}
		out["odd by "+d.Name] = q
	}
	q := odd
	q.By = []string{dimState, dimYear}
	out["odd by state and year"] = q
	return out
}

func openBench(b *testing.B, engine string) *store.DB {
	b.Helper()
	url := "sqlite:" + b.TempDir() + "/bench.db"
	if engine == "postgres" {
		s, err := pgtest.Start("", pgtest.Fast)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { s.Close() })
		name, err := s.Create(ctx)
		if err != nil {
			b.Fatal(err)
		}
		url = s.URL(name)
	}
	db, err := store.Open(ctx, url, store.Options{Schemas: schemas()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db
}

// fill makes rows of a measure by the engine's own means, and their sums.
func fill(b *testing.B, db *store.DB, measure string, n int) {
	b.Helper()
	id := `cast(printf('%016d', i) as blob)`
	if db.Engine() == "postgres" {
		id = `convert_to(lpad(cast(i as text), 16, '0'), 'UTF8')`
	}
	const numbers = ` with recursive n(i) as (select 1 union all select i + 1 from n where i < `
	// As cases are: a district lies in one state, only people are counted by statute, only property by kind.
	statute, kind := "'s' || (i / 11 % 25)", "''"
	switch measure {
	case mForfeiture:
		statute, kind = "''", "'k' || (i / 5 % 7)"
	case mOrdered, mPaid, mExtraditions:
		statute = "''"
	}
	facts := `insert into court_fact (program, measure, day, matter, part, state, district, statute, class, kind, amount, proven)` + numbers + fmt.Sprint(n) + `)
		select 'ms', '` + measure + `', (2016 + i % 10) * 10000 + (1 + i / 10 % 12) * 100 + 1 + i / 120 % 28, ` + id + `, 1, 'S' || (i / 7 % 94 % 56), 'D' || (i / 7 % 94), ` + statute + `,
		'c' || (i / 3 % 9), ` + kind + `, 1, case when i % 50 = 0 then 0 else 1 end from n`
	fill := []string{facts}
	for _, span := range []string{"100", "10000"} {
		for level, columns := range []string{"state, district, statute", "state, district, ''", "state, '', ''", "'', '', statute"} {
			fill = append(fill, fmt.Sprintf(`insert into court_tally (program, measure, level, span, state, district, statute, class, kind, amount, facts, unproven)
				select program, measure, %d, day / %s, %s, class, kind, sum(amount * proven), sum(proven), sum(1 - proven) from court_fact where program = 'ms' and measure = '%s'
				group by 1, 2, 3, 4, 5, 6, 7, 8, 9`, level, span, columns, measure))
		}
	}
	for _, q := range fill {
		if err := db.Accept(ctx, func(tx *store.Tx) error { _, err := tx.Exec(q); return err }); err != nil {
			b.Fatal(err)
		}
	}
}

func analyze(b *testing.B, db *store.DB) {
	b.Helper()
	if err := db.Write(ctx, func(tx *store.Tx) error { _, err := tx.Exec("analyze"); return err }); err != nil {
		b.Fatal(err)
	}
}
