// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"waylight/internal/app"
)

// runBenchScans measures how long somebody who scans a sign waits to be led to the form, in a folder that it removes or a PostgreSQL database that must be empty.
func runBenchScans(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench scans", "")
	rate := f.Int("rate", 2000, "scans a second")
	seconds := f.Float64("seconds", 10, "how long to scan")
	codes := f.Int("codes", 2124, "codes that are switched on")
	phones := f.Int("phones", 64, "connections at once")
	folder := folderFlag(f)
	database := databaseFlag(f)
	profile := profileFlag(f)
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if *rate < 1 || *rate > 100_000 || *seconds < 0.1 || *seconds > 3600 || *codes < 1 || *codes > 100_000 || *phones < 1 || *phones > 4000 {
		fmt.Fprintln(c.err, "waylight: scans are measured at 1 to 100,000 a second for 0.1 to 3,600 seconds, over 1 to 4,000 connections and 1 to 100,000 codes")
		return exitUsage
	}
	return measured(c, *folder, func(dir string) (app.Scanned, error) {
		return profiled(*profile, func() (app.Scanned, error) {
			return app.BenchScans{Folder: dir, Database: *database, Rate: *rate, Codes: *codes, Phones: *phones, Length: time.Duration(*seconds * float64(time.Second))}.Run(ctx)
		})
	}, func(r app.Scanned) bool { return r.Failed > 0 || r.Kept != r.Asked })
}
