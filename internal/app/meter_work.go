// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"waylight/internal/platform/jobs"
	"waylight/internal/platform/metric"
)

// declareWork adds how jobs stand: by room, since the kinds of one room could tell what a report asked for.
func (a *App) declareWork() {
	rooms := []metric.Label{{Name: "room", Values: a.workRooms()}}
	var standings []jobs.Standing
	asked := func(read func(jobs.Standing) int) func(context.Context) ([]metric.Value, error) {
		return func(context.Context) ([]metric.Value, error) {
			var list []metric.Value
			for _, room := range rooms[0].Values {
				list = append(list, metric.Value{Labels: []string{room}})
			}
			for _, st := range standings {
				list = append(list, metric.Value{V: float64(read(st)), Labels: []string{roomOf(st.Kind)}})
			}
			return list, nil
		}
	}
	s := a.meter.set
	s.Gauge(metric.Series{Name: "waylight_jobs_oldest_late_seconds", Help: "For how long the oldest late job has been due; 0 when none is.", Held: true, Step: 60, Up: true},
		func(ctx context.Context) (_ []metric.Value, err error) { // the first of these, so it reads for the others
			standings, err = a.standings(ctx)
			oldest := time.Duration(0)
			for _, st := range standings {
				if !st.Oldest.IsZero() {
					oldest = max(oldest, a.Now().Sub(st.Oldest))
				}
			}
			return metric.Single(oldest.Seconds()), err
		})
	s.Gauge(metric.Series{Name: "waylight_jobs_late", Help: "Jobs that have been due for five minutes and more, rounded up.", Held: true, Step: someWrong, Up: true, Labels: rooms},
		asked(func(st jobs.Standing) int { return st.Late }))
	s.Gauge(metric.Series{Name: "waylight_jobs_failing", Help: "Jobs that were tried in vain and will be tried again, rounded up.", Held: true, Step: someWrong, Up: true, Labels: rooms},
		asked(func(st jobs.Standing) int { return st.Failing }))
	s.Gauge(metric.Series{Name: "waylight_jobs_dead", Help: "Jobs that were given up and wait for a person, rounded up.", Held: true, Step: someWrong, Up: true, Labels: rooms},
		asked(func(st jobs.Standing) int { return st.Dead }))
}

func (a *App) standings(ctx context.Context) ([]jobs.Standing, error) {
	var all []jobs.Standing
	for _, program := range a.Programs.IDs() {
		list, err := jobs.Standings(ctx, a.DB, program, a.Now(), lateGrace)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// workRooms are the rooms that have jobs; "other" is what no room here does.
func (a *App) workRooms() []string {
	rooms := map[string]bool{roomOf(kindCheckpoint): true}
	for _, r := range a.rooms {
		for kind := range r.Jobs {
			rooms[roomOf(kind)] = true
		}
	}
	return append(slices.Sorted(maps.Keys(rooms)), "other")
}

func roomOf(kind string) string {
	room, _, _ := strings.Cut(kind, ".")
	return room
}
