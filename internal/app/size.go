// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// Size is what `waylight bench size` measured: what reports take of a disk and of memory.
type Size struct {
	Reports   int     `json:"reports"`
	Story     int     `json:"story_bytes"` // of each, before it is sealed
	Offices   int     `json:"offices"`     // that each is sealed to
	Seconds   float64 `json:"seconds"`
	Empty     float64 `json:"empty_mb"`           // of the database
	PerReport int64   `json:"bytes_per_report"`   // in the database, everything that a report makes included
	Hundred   float64 `json:"mb_per_100000"`      // the same, for a hundred thousand
	Before    float64 `json:"resident_before_mb"` // memory of the process
	Peak      float64 `json:"resident_peak_mb"`   // the most it ever had; 0 where the system does not tell
}

// BenchSize accepts so many reports in a fresh folder and measures what they take.
func BenchSize(ctx context.Context, folder string, reports int) (Size, error) {
	result := Size{Reports: reports, Story: len(benchStory), Offices: len(benchOffices)}
	a, err := New(ctx, Config{Data: filepath.Join(folder, "app"), Demo: true, Every: time.Minute})
	if err != nil {
		return result, err
	}
	defer a.Close()
	for _, office := range append([]string{"help-desk"}, benchOffices...) {
		if err := a.KeyOffice(ctx, benchProgram, office); err != nil {
			return result, err
		}
	}
	before, err := a.DB.Size(ctx)
	if err != nil {
		return result, err
	}
	result.Before, _ = resident()
	began := time.Now()
	if err := a.fill(ctx, reports); err != nil {
		return result, err
	}
	result.Seconds = time.Since(began).Seconds()
	after, err := a.DB.Size(ctx)
	if err != nil {
		return result, err
	}
	_, result.Peak = resident()
	result.Empty = math.Round(float64(before)/1e5) / 10
	result.PerReport = (after - before) / int64(reports)
	result.Hundred = math.Round(float64(result.PerReport) * 100_000 / 1e6)
	return result, nil
}

// fill accepts reports from many senders at once, as fast as it goes.
func (a *App) fill(ctx context.Context, reports int) error {
	var left atomic.Int64
	left.Store(int64(reports))
	var all sync.WaitGroup
	failures := make([]error, 64)
	for i := range failures {
		all.Go(func() {
			for left.Add(-1) >= 0 && failures[i] == nil {
				_, failures[i] = a.Reports.Accept(ctx, report.Submission{Program: benchProgram, Language: "en", Via: report.ViaWeb,
					Key:     []byte(store.NewID().String() + store.NewID().String()),
					Answers: form.Answers{"mode": {"tip"}, "age": {"under18"}, "happened": {"MS-28049"}, "danger": {"no"}, "story": {benchStory}}})
			}
		})
	}
	all.Wait()
	return errors.Join(failures...)
}
