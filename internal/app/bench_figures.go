// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	results "waylight/internal/prosecution/result"
	"waylight/programs"
)

// FigureTime is how long a figure took.
type FigureTime struct {
	Measure string   `json:"measure"`
	By      []string `json:"by,omitempty"`
	Cells   int      `json:"cells"`
	Median  float64  `json:"median_ms"`
	Worst   float64  `json:"worst_ms"`
}

// FigureTimes are what was measured of figures over many results.
type FigureTimes struct {
	Engine    string       `json:"engine"`
	Rows      int          `json:"rows"`
	ReadFirst float64      `json:"import_read_seconds"` // of the first 100,000 rows, or all of fewer
	SaveFirst float64      `json:"import_saved_seconds"`
	Longest   float64      `json:"longest_stay_ms"` // of another writer, while the import is saved
	Figures   []FigureTime `json:"figures"`
	Slowest   float64      `json:"slowest_median_ms"`
	Recount   float64      `json:"recount_seconds"`
	Differ    int          `json:"sums_that_differ"`
}

// figureBatch is how many rows a file of the measurement has.
const figureBatch = 100_000

// BenchFigures imports so many invented results into an empty database, through
// the import that people use, and times the figures over them. The folder keeps the keys.
func BenchFigures(ctx context.Context, folder, url string, rows int, say func(what string, done, total int64)) (FigureTimes, error) {
	db, err := store.Open(ctx, url, store.Options{Schemas: []store.Schema{jobs.Schema(), results.Schema()}})
	if err != nil {
		return FigureTimes{}, err
	}
	defer db.Close()
	b, err := newFigureBench(folder, db)
	if err != nil {
		return FigureTimes{}, err
	}
	out := FigureTimes{Engine: db.Engine(), Rows: rows}
	for done := 0; done < rows; done += figureBatch {
		read, saved, longest, err := b.load(ctx, done, min(figureBatch, rows-done))
		if err != nil {
			return out, err
		}
		if done == 0 {
			out.ReadFirst, out.SaveFirst, out.Longest = read.Seconds(), saved.Seconds(), float64(longest.Microseconds())/1000
		}
		say("importing results", int64(min(rows, done+figureBatch)), int64(rows))
	}
	if out.Figures, err = b.times(ctx, say); err != nil {
		return out, err
	}
	for _, f := range out.Figures {
		out.Slowest = max(out.Slowest, f.Median)
	}
	began := time.Now()
	differ, err := results.Recount(ctx, db, b.who.Program)
	out.Recount, out.Differ = time.Since(began).Seconds(), len(differ)
	return out, err
}

type figureBench struct {
	db      *store.DB
	service *results.Service
	runner  *jobs.Runner
	who     identity.Member
}

func newFigureBench(folder string, db *store.DB) (*figureBench, error) {
	set, err := program.Load(programs.FS)
	if err != nil {
		return nil, err
	}
	ring, err := keyring.Open(filepath.Join(folder, "keyring"))
	if err != nil {
		return nil, err
	}
	b := &figureBench{db: db, who: identity.Member{Program: "ms", ID: store.NewID(), Office: "mbi-coordinator", Roles: []string{policy.RoleMember, policy.RoleProgramAdmin}}}
	b.service, err = results.New(results.Config{DB: db, Programs: set, Ring: ring, Subject: func(m identity.Member) policy.Subject {
		return policy.Subject{Program: m.Program, Office: m.Office, Roles: m.Roles, Member: m.ID.String()}
	}})
	if err != nil {
		return nil, err
	}
	b.runner = jobs.New(db, []string{b.who.Program}, b.service.Room().Jobs, nil, time.Now, nil)
	for n := range 5 {
		if err := b.service.SetOrganization(context.Background(), b.who, results.Organization{ID: fmt.Sprintf("group-%d", n), Name: fmt.Sprintf("Group %d", n)}); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// load imports one file, and has somebody else write something all the while.
func (b *figureBench) load(ctx context.Context, from, n int) (read, saved, longest time.Duration, err error) {
	file, w := io.Pipe()
	go func() { w.CloseWithError(inventResults(w, from, n)) }()
	began := time.Now()
	im, err := b.service.Upload(ctx, b.who, "bench.csv", file)
	if err != nil || im.State != results.Ready {
		return 0, 0, 0, fmt.Errorf("reading the invented results (%s): %w", im.State, err)
	}
	read = time.Since(began)
	if err := b.service.Commit(ctx, b.who, im.ID); err != nil {
		return 0, 0, 0, err
	}
	began = time.Now()
	stop, other := make(chan struct{}), make(chan time.Duration)
	go b.disturb(ctx, stop, other)
	_, err = b.runner.RunDue(ctx)
	close(stop)
	longest, saved = <-other, time.Since(began)
	if err != nil {
		return 0, 0, 0, err
	}
	if im, err = b.service.Import(ctx, b.who, im.ID); err == nil && im.State != results.Done {
		err = fmt.Errorf("the invented results are %s", im.State)
	}
	return read, saved, longest, err
}

// disturb writes now and then, and tells the longest that a write took.
func (b *figureBench) disturb(ctx context.Context, stop <-chan struct{}, longest chan<- time.Duration) {
	var worst time.Duration
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	for {
		select {
		case <-stop:
			longest <- worst
			return
		case <-every.C:
		}
		began := time.Now()
		err := b.db.Write(ctx, func(tx *store.Tx) error {
			return jobs.Enqueue(tx, jobs.Job{Program: b.who.Program, Kind: "bench.other", Key: "one"})
		})
		if err == nil {
			worst = max(worst, time.Since(began))
		}
	}
}

// inventResults writes a file: most of it arrests, over three years, in every
// county.
func inventResults(w io.Writer, from, n int) error {
	counties := place.Counties("MS")
	if _, err := io.WriteString(w, "kind,date,county,organization,role,age,offense,booking,item,count,amount,unit,evidence,number\n"); err != nil {
		return err
	}
	first := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := from; i < from+n; i++ {
		x := uint64(i) * 0x9e3779b97f4a7c15 // spread evenly, the same each time
		pick := func(n int) int { x = x*6364136223846793005 + 1442695040888963407; return int(x>>33) % n }
		day, county := first.AddDate(0, 0, pick(1095)).Format(time.DateOnly), "MS-"+counties[pick(len(counties))].FIPS
		var rest string
		switch kind := pick(10); {
		case kind < 7:
			group := fmt.Sprintf("group-%d", pick(6))
			rest = fmt.Sprintf("%s,%s,adult,%s,B-%d,,,,", strings.TrimPrefix(group, "group-5"), []string{"trafficker", "buyer", "other"}[pick(3)], []string{"64A", "64B", "40B", "40C", "35A"}[pick(5)], i)
			rest = "arrest," + day + "," + county + "," + rest
		case kind == 7:
			rest = fmt.Sprintf("weapon,%s,%s,,,,,,%s,%d,,", day, county, []string{"handgun", "rifle", "knife"}[pick(3)], 1+pick(9))
		case kind == 8:
			rest = fmt.Sprintf("currency,%s,%s,,,,,,,,%d.%02d,", day, county, 1+pick(99999), pick(100))
		default:
			rest = fmt.Sprintf("narcotic,%s,%s,,,,,,%s,,%d.%03d,kg", day, county, []string{"heroin", "cocaine", "fentanyl"}[pick(3)], pick(20), 1+pick(999))
		}
		if _, err := fmt.Fprintf(w, "%s,report,R-%d\n", rest, i); err != nil {
			return err
		}
	}
	return nil
}

// divided are the ways in which each figure is asked for.
var divided = [][]string{nil, {"month"}, {"county"}, {"organization"}, {"item"}, {"organization", "month"}, {"role", "offense"}, {"county", "month"}, {"organization", "role", "offense", "month", "county", "office"}}

// times asks for each figure five times.
func (b *figureBench) times(ctx context.Context, say func(what string, done, total int64)) ([]FigureTime, error) {
	var out []FigureTime
	measures := b.service.Measures()
	for i, m := range measures {
		say("asking for figures", int64(i+1), int64(len(measures)))
		for _, by := range divided {
			if slices.ContainsFunc(by, func(name string) bool {
				return !slices.ContainsFunc(m.Dimensions, func(d figure.Dimension) bool { return d.Name == name })
			}) {
				continue
			}
			t := FigureTime{Measure: m.Name, By: by}
			var took []float64
			for range 5 {
				began := time.Now()
				cells, err := m.Cells(ctx, b.db, figure.Query{Program: b.who.Program, By: by})
				if err != nil {
					return nil, err
				}
				t.Cells = len(cells)
				took = append(took, float64(time.Since(began).Microseconds())/1000)
			}
			slices.Sort(took)
			if t.Median, t.Worst = took[2], took[4]; t.Cells > 0 {
				out = append(out, t)
			}
		}
	}
	return out, nil
}
