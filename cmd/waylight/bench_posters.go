// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"waylight/internal/app"
)

// runBenchPosters measures how fast posters are printed, in a folder that it removes.
func runBenchPosters(ctx context.Context, c *console, args []string) int {
	f := flags(c, "bench posters", "")
	count := f.Int("count", 2000, "letter sheets, each a document of its own")
	runs := f.Int("runs", 3, "runs, of which the medians are told")
	folder := folderFlag(f)
	if _, code := parse(f, args, 0); code >= 0 {
		return code
	}
	if *count < 1 || *count > 1_000_000 || *runs < 1 || *runs > 100 {
		fmt.Fprintln(c.err, "waylight: 1 to 1,000,000 sheets are measured, in 1 to 100 runs")
		return exitUsage
	}
	return measured(c, *folder, func(dir string) (app.Posted, error) {
		meter := newMeter(c.err)
		defer meter.end()
		return app.BenchPosters{Folder: dir, Count: *count, Runs: *runs, Said: meter.say}.Run(ctx)
	}, nil)
}
