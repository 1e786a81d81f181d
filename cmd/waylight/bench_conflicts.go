// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"waylight/internal/app"
)

// runBenchConflicts measures how long a planner waits for the answer whether somebody else acts nearby, in a folder that it removes or a PostgreSQL database that must be
// empty.
func runBenchConflicts(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench conflicts", "")
	events := f.Int("events", 350_000, "planned operations to look among, spread over a year and a state")
	asks := f.Int("asks", 2000, "plans to be answered")
	planners := f.Int("planners", 2, "planners at once")
	folder := folderFlag(f)
	database := databaseFlag(f)
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if *events < 1 || *events > 10_000_000 || *asks < 1 || *asks > 1_000_000 || *planners < 1 || *planners > 256 {
		fmt.Fprintln(c.err, "waylight: conflicts are measured among 1 to 10,000,000 operations, with 1 to 1,000,000 plans of 1 to 256 planners")
		return exitUsage
	}
	return measured(c, *folder, func(dir string) (app.Answered, error) {
		meter := newMeter(c.err)
		defer meter.end()
		return app.BenchConflicts{Folder: dir, Database: *database, Events: *events, Asks: *asks, Planners: *planners, Said: meter.say}.Run(ctx)
	}, nil)
}
