// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"waylight/internal/app"
)

// runBenchFigures measures how long figures over many results take, in a folder
// that it removes or a PostgreSQL database that must be empty.
func runBenchFigures(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench figures", "")
	rows := f.Int("rows", 1_000_000, "results to count")
	folder := folderFlag(f)
	database := databaseFlag(f)
	profile := profileFlag(f)
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if *rows < 1 || *rows > 100_000_000 {
		fmt.Fprintln(c.err, "waylight: figures are measured over 1 to 100,000,000 results")
		return exitUsage
	}
	return measured(c, *folder, func(dir string) (app.FigureTimes, error) {
		meter := newMeter(c.err)
		defer meter.end()
		return profiled(*profile, func() (app.FigureTimes, error) {
			return app.BenchFigures(ctx, dir, databaseIn(dir, *database), *rows, func(what string, done, total int64) { meter.say("%s: %d of %d", what, done, total) })
		})
	}, func(r app.FigureTimes) bool { return r.Differ > 0 })
}
