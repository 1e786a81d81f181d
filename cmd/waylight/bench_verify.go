// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"waylight/internal/app"
)

// runBenchVerify measures how long it takes to verify a log of invented leaves,
// in a folder that it removes or a PostgreSQL database that must be empty.
func runBenchVerify(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench verify", "")
	leaves := f.Int("leaves", 1_000_000, "leaves of the log")
	memory := f.Int64("memory", 256, "millions of bytes that may be held before a temporary file is used")
	folder := folderFlag(f)
	database := databaseFlag(f)
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if *leaves < 1 || *leaves > 1_000_000_000 || *memory < 1 {
		fmt.Fprintln(c.err, "waylight: a log to measure has 1 to 1,000,000,000 leaves, and needs a million bytes or more")
		return exitUsage
	}
	return measured(c, *folder, func(dir string) (app.Verified, error) {
		meter := newMeter(c.err)
		defer meter.end()
		return app.BenchVerify(ctx, databaseIn(dir, *database), *leaves, *memory*1_000_000, meter.say)
	}, func(r app.Verified) bool { return r.Problems > 0 })
}
