// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/prosecution/operation"
)

// BenchConflicts measures how long a planner waits until the plan is durable and both sides of every conflict are told.
type BenchConflicts struct {
	Folder, Database       string // Database empty: SQLite in Folder
	Events, Asks, Planners int
	Said                   func(format string, args ...any)
}

// Answered is how long answers took, in milliseconds.
type Answered struct {
	Engine   string  `json:"engine"`
	Events   int     `json:"events"`
	Cells    int     `json:"cells"` // rows of the index
	Filling  float64 `json:"filling_seconds"`
	Asks     int     `json:"asks"`
	Planners int     `json:"planners"`
	Found    int     `json:"found"` // conflicts that the answers told of
	P50      float64 `json:"p50_ms"`
	P90      float64 `json:"p90_ms"`
	P99      float64 `json:"p99_ms"`
	Longest  float64 `json:"longest_ms"`
}

// acting are the offices that plan, all run by police.
var acting = []string{"mbi-coordinator", "mbi-desk", "choctaw-police", "local-police", "fbi", "hsi", "dol-oig"}

// Run fills a database and asks.
func (b BenchConflicts) Run(ctx context.Context) (Answered, error) {
	a, err := New(ctx, Config{Data: b.Folder, Database: b.Database})
	if err != nil {
		return Answered{}, err
	}
	defer a.Close()
	ops, err := operation.New(operation.Config{DB: a.DB, Programs: a.Programs, People: a.People, Ring: a.Ring, Mail: postman{a}, Now: a.Now,
		Limits: operation.Limits{Member: 1 << 40, Finds: 1 << 40, Office: 1 << 40}})
	if err != nil {
		return Answered{}, err
	}
	out := Answered{Engine: a.DB.Engine(), Events: b.Events, Asks: b.Asks, Planners: b.Planners}
	began := time.Now()
	if err := b.fill(ctx, ops, a.Now()); err != nil {
		return out, err
	}
	out.Filling = time.Since(began).Seconds()
	if out.Cells, err = indexed(ctx, a.DB); err != nil {
		return out, err
	}
	times, found, err := b.ask(ctx, ops, a.Now())
	if err != nil {
		return out, err
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		return float64(times[min(len(times)-1, int(share*float64(len(times))))].Microseconds()) / 1000
	}
	out.Found, out.P50, out.P90, out.P99, out.Longest = found, at(0.5), at(0.9), at(0.99), at(1)
	return out, nil
}

func (b BenchConflicts) fill(ctx context.Context, ops *operation.Service, now time.Time) error {
	const atOnce = 500
	m := planner(acting[0])
	for n := 0; n < b.Events; n += atOnce {
		var drafts []operation.Draft
		for range min(atOnce, b.Events-n) {
			drafts = append(drafts, inventedPlan(now))
		}
		if err := ops.Fill(ctx, m, acting[n/atOnce%len(acting)], drafts); err != nil {
			return fmt.Errorf("planning what is looked among: %w", err)
		}
		b.Said("planning: %d of %d", n, b.Events)
	}
	return nil
}

// ask plans one operation after the other, several planners at once.
func (b BenchConflicts) ask(ctx context.Context, ops *operation.Service, now time.Time) (times []time.Duration, found int, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for p := range b.Planners {
		m := planner(acting[p%len(acting)])
		wg.Go(func() {
			for n := p; n < b.Asks; n += b.Planners {
				d := inventedPlan(now)
				began := time.Now()
				_, near, problem := ops.Plan(ctx, m, d)
				took := time.Since(began)
				mu.Lock()
				times, found = append(times, took), found+near
				if problem != nil {
					err = problem
				}
				stop := err != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	wg.Wait()
	return times, found, err
}

func planner(office string) identity.Member {
	return identity.Member{Program: benchProgram, ID: store.NewID(), Office: office, Roles: []string{policy.RoleMember}, Active: true}
}

// busy are five places where four of ten operations are.
var busy = []operation.Point{{Lat: 32.30, Lon: -90.18}, {Lat: 30.37, Lon: -89.09}, {Lat: 34.99, Lon: -90.02}, {Lat: 31.33, Lon: -89.29}, {Lat: 34.26, Lon: -88.70}}

// inventedPlan is an operation of some hours within a year, seven of ten at a point.
func inventedPlan(now time.Time) operation.Draft {
	counties := place.Counties("MS")
	from := now.Add(time.Duration(below(365*24*60)+60) * time.Minute)
	d := operation.Draft{Kind: "arrest", Plan: operation.Plan{Name: "Invented", Aim: "An invented plan, to measure with.", Contact: "Duty desk", Phone: "601-555-0100",
		Areas: []place.Place{{State: "MS", County: counties[below(len(counties))].FIPS}}, From: from, To: from.Add(time.Duration(2+below(11)) * time.Hour)}}
	switch n := below(10); {
	case n < 4:
		p := busy[below(len(busy))]
		p.Lat, p.Lon = p.Lat+float64(below(3000)-1500)/10_000, p.Lon+float64(below(3000)-1500)/10_000
		d.Point, d.Radius = &p, 200+below(2800)
	case n < 7:
		d.Point, d.Radius = &operation.Point{Lat: 30.2 + float64(below(48_000))/10_000, Lon: -91.6 + float64(below(35_000))/10_000}, 200+below(2800)
	}
	return d
}
